/* Bytes of weights and activations in three formats, and what FP8 does to the loss and to the gradients. */
#include <stdio.h>

#include "views/fp8_state.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { LABEL_W = 11, BYTES_W = 9, NAME_W = 5, TALL = 10 };

static const char *const format_name[FP8_FORMATS] = {"fp32", "bf16", "fp8"};

static void bytes_text(char *out, size_t bytes, double n)
{
    double unit = n < 1024.0 * 1024 ? 1024 : 1024.0 * 1024;

    snprintf(out, bytes, n / unit < 99.95 ? "%.1f %s" : "%.0f %s", n / unit, unit > 1024 ? "MB" : "KB");
}

/* One line: what, then its bytes in each format. */
static void draw_line(struct canvas *c, struct rect r, int row, const char *what, const double *b)
{
    char text[32];
    int k;

    canvas_fit(c, r, row, 1, LABEL_W - 1, STYLE_TEXT, what);
    for (k = 0; k < FP8_FORMATS; k++) {
        bytes_text(text, sizeof text, b[k]);
        canvas_right(c, r, row, LABEL_W + (k + 1) * BYTES_W, k == FP8_FORMAT_FP8 ? STYLE_ACCENT : STYLE_TEXT,
                     text);
    }
}

/* A line a format, with a bar of its share of FP32. Returns the row after it. */
static int draw_bars(struct canvas *c, struct rect r, int row, const char *what, const double *b)
{
    char text[32];
    int k, from = 1 + NAME_W + BYTES_W + 1, w = r.w - from - 1;

    canvas_fit(c, r, row++, 1, r.w - 2, STYLE_STRONG, what);
    for (k = 0; k < FP8_FORMATS; k++, row++) {
        canvas_text(c, r, row, 1, STYLE_DIM, format_name[k], -1);
        bytes_text(text, sizeof text, b[k]);
        canvas_right(c, r, row, from - 1, STYLE_TEXT, text);
        if (w > 3 && b[0] > 0)
            meter_gauge(c, r, row, from, w, b[k] / b[0], k == FP8_FORMAT_FP8 ? STYLE_ACCENT : STYLE_TEXT);
    }
    return row;
}

/* What cannot be seen in the bytes. */
static void sentence(const struct fp8_measure *m, char *out, size_t bytes)
{
    int n = snprintf(out, bytes,
                     "Loss %.4f nats a token, %.4f in FP32 (%+.2f %%); cosine of the gradients %.4f. %s; ",
                     m->loss, m->loss_fp32, 100 * (m->loss / m->loss_fp32 - 1), m->cosine, m->scale);

    if (m->outlier != 1 && n > 0 && (size_t)n < bytes)
        n += snprintf(out + n, bytes - (size_t)n, "channel 0 of every map's input times %g; ", m->outlier);
    if (n > 0 && (size_t)n < bytes)
        snprintf(out + n, bytes - (size_t)n, "%s. %d tokens of demonstrations.",
                 m->is_on ? "the run is in FP8" : "the run is not in FP8: as it would be", m->tokens);
}

void pane_fp8_bytes(struct canvas *c, struct rect r, const struct view *v)
{
    const struct fp8_state *s = v->fp8;
    const struct fp8_measure *m = s ? s->known : NULL;
    char text[400], kept[32];
    const char *title = r.w >= 60 ? "bytes by format" : "bytes: fp32 bf16 fp8";
    struct rect inner = pane_frame(c, r, v, PANE_FP8_BYTES, title, NULL);
    int row = 0, k;

    if (!m || m->n < 1)
        return;
    if (inner.h >= TALL) {
        row = draw_bars(c, inner, 0, "weights of the linear maps", m->weights);
        row = draw_bars(c, inner, row, "their inputs, kept for the backward", m->activations);
    } else {
        for (k = 0; k < FP8_FORMATS && inner.h > 2; k++)
            canvas_right(c, inner, 0, LABEL_W + (k + 1) * BYTES_W, STYLE_DIM, format_name[k]);
        row = inner.h > 2;
        draw_line(c, inner, row++, "weights", m->weights);
        if (row < inner.h)
            draw_line(c, inner, row++, "inputs", m->activations);
    }
    bytes_text(kept, sizeof kept, m->high);
    if (row < inner.h) {
        snprintf(text, sizeof text, "other weights, kept: %s", kept);
        canvas_fit(c, inner, row++, 1, inner.w - 2, STYLE_DIM, text);
    }
    sentence(m, text, sizeof text);
    if (row < inner.h)
        paragraph_draw(c, inner, row + (inner.h > TALL), 1, STYLE_TEXT, text);
}
