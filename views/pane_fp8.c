/* What FP8 does to each tensor: error, overflow and underflow of weights, activations and gradients, a row a
 * linear map; where there is no room for all three kinds, one of them. Beside it what the formats cost in
 * bytes, and what it does to the loss. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/fp8_state.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { NAME_LEAST = 20, CELL_W = 6, GAP = 1, PARTS = 3, ONE_W = 8 };
enum { ALL_W = NAME_LEAST + PARTS * (FP8_KINDS * CELL_W + GAP) };

static const char *const kind_name[FP8_KINDS] = {"weights", "activations", "gradients"};
static const char *const kind_brief[FP8_KINDS] = {"weight", "activ", "grad"};
static const char *const part_name[PARTS] = {"error %", "overflow %", "underflow %"};
static const char *const part_brief[PARTS] = {"error %", "over %", "under %"};
static const double part_limit[PARTS] = {0.05, 0, 0.01};

static double part_of(const struct fp8_cell *x, int part)
{
    return part == 0 ? x->error : part == 1 ? x->overflow : x->underflow;
}

int fp8_is_off(const struct fp8_cell *c)
{
    int part, off = 0;

    for (part = 0; part < PARTS && c->n > 0; part++)
        off |= part_of(c, part) > part_limit[part];
    return off;
}

void fp8_order(const struct fp8_measure *m, enum fp8_kind kind, int is_sorted, int order[FP8_TENSORS])
{
    int i, k;

    for (i = 0; i < m->n; i++) {
        for (k = i; k > 0 && is_sorted; k--) {
            const struct fp8_cell *x = &m->row[i].kind[kind], *before = &m->row[order[k - 1]].kind[kind];
            if (x->n <= 0 || (before->n > 0 && before->error >= x->error))
                break;
            order[k] = order[k - 1];
        }
        order[k] = i;
    }
}

/* A share as percent in five columns: "." is none at all, "<.01" less than is shown. */
static void percent(char *out, size_t bytes, double share)
{
    double v = 100 * share;

    if (!isfinite(v))
        snprintf(out, bytes, "-");
    else if (v == 0)
        snprintf(out, bytes, ".");
    else if (v < 0.005)
        snprintf(out, bytes, "<.01");
    else
        snprintf(out, bytes, "%.*f", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v > 9999 ? 9999 : v);
}

static void draw_cell(struct canvas *c, struct rect r, int row, int end, const struct fp8_cell *x, int part)
{
    double value = part_of(x, part);
    char text[32];

    percent(text, sizeof text, x->n > 0 ? value : NAN);
    canvas_right(c, r, row, end, x->n > 0 && value > part_limit[part] ? STYLE_WARNING
                                 : x->n > 0 && value > 0             ? STYLE_TEXT
                                                                     : STYLE_DIM,
                 text);
}

/* Without the word that most names begin with: the layer's number stands first. */
static const char *brief_name(const char *name)
{
    static const char word[] = "layers.";

    return strncmp(name, word, sizeof word - 1) ? name : name + sizeof word - 1;
}

/* The column after part `part` of kind `kind`, all kinds being shown. */
static int end_of(int name_w, int part, int kind)
{
    return name_w + part * (FP8_KINDS * CELL_W + GAP) + GAP + (kind + 1) * CELL_W;
}

static void draw_all(struct canvas *c, struct rect r, const struct fp8_state *s, const int *order, int rows)
{
    int name_w = r.w - PARTS * (FP8_KINDS * CELL_W + GAP), part, kind, i;

    for (part = 0; part < PARTS; part++) {
        canvas_right(c, r, 0, end_of(name_w, part, FP8_KINDS - 1), STYLE_DIM, part_name[part]);
        for (kind = 0; kind < FP8_KINDS; kind++)
            canvas_right(c, r, 1, end_of(name_w, part, kind),
                         kind == (int)s->kind ? STYLE_ACCENT : STYLE_DIM, kind_brief[kind]);
    }
    canvas_text(c, r, 1, 1, STYLE_DIM, "layer and map", -1);
    for (i = 0; i < rows; i++) {
        const struct fp8_row *x = &s->known->row[order[s->list.top + i]];
        canvas_fit(c, r, 2 + i, 1, name_w - 1, STYLE_TEXT, brief_name(x->name));
        for (part = 0; part < PARTS; part++)
            for (kind = 0; kind < FP8_KINDS; kind++)
                draw_cell(c, r, 2 + i, end_of(name_w, part, kind), &x->kind[kind], part);
    }
}

static void draw_one(struct canvas *c, struct rect r, const struct fp8_state *s, const int *order, int rows)
{
    int name_w = r.w - PARTS * ONE_W, part, i;

    canvas_fit(c, r, 0, 1, name_w - 1, STYLE_ACCENT, kind_name[s->kind]);
    for (part = 0; part < PARTS; part++)
        canvas_right(c, r, 0, name_w + (part + 1) * ONE_W, STYLE_DIM, part_brief[part]);
    for (i = 0; i < rows; i++) {
        const struct fp8_row *x = &s->known->row[order[s->list.top + i]];
        canvas_fit(c, r, 1 + i, 1, name_w - 1, STYLE_TEXT, brief_name(x->name));
        for (part = 0; part < PARTS; part++)
            draw_cell(c, r, 1 + i, name_w + (part + 1) * ONE_W, &x->kind[s->kind], part);
    }
}

/* What there is instead of numbers. */
static void note(struct canvas *c, struct rect r, const struct fp8_state *s)
{
    char text[160];

    if (!s || !s->doing) {
        pane_note(c, r, ":fp8 measures the run's tensors");
        return;
    }
    snprintf(text, sizeof text, s->part > 0 ? "%s, %.0f %%" : "%s", s->doing, 100 * s->part);
    pane_note(c, r, text);
}

static int off_n(const struct fp8_measure *m)
{
    int i, kind, n = 0;

    for (i = 0; i < m->n; i++)
        for (kind = 0; kind < FP8_KINDS; kind++)
            n += fp8_is_off(&m->row[i].kind[kind]);
    return n;
}

void pane_fp8(struct canvas *c, struct rect r, const struct view *v)
{
    const struct fp8_state *s = v->fp8;
    const struct fp8_measure *m = s ? s->known : NULL;
    struct fp8_state at;
    int order[FP8_TENSORS], head, rows, is_known = m && m->n > 0;
    char right[96] = "";
    struct rect inner;

    if (is_known)
        snprintf(right, sizeof right, "step %lld, %d of %d %s", (long long)m->step, off_n(m),
                 m->n * FP8_KINDS, r.w >= 60 ? "beyond rounding" : "off");
    inner = pane_frame(c, r, v, PANE_FP8, r.w >= 60 ? "tensors in FP8 (E4M3)" : "FP8", right);
    if (!is_known || inner.h < 1) {
        note(c, inner, s);
        return;
    }
    inner.w -= inner.w > 1; /* the scrollbar's, where there is no border */
    head = inner.w >= ALL_W ? 2 : 1;
    rows = inner.h > head ? inner.h - head : 0;
    at = *s;
    at.list.n = m->n;
    list_clamp(&at.list, rows);
    fp8_order(m, at.kind, at.is_sorted, order);
    rows = rows < m->n - at.list.top ? rows : m->n - at.list.top;
    if (inner.w >= ALL_W)
        draw_all(c, inner, &at, order, rows);
    else
        draw_one(c, inner, &at, order, rows);
    if (rows > 0)
        canvas_select(c, inner, head + at.list.selected - at.list.top);
    list_scrollbar(c, r, rect_cut(inner, 0, head, inner.w, inner.h - head), &at.list);
    pane_foot(c, r, at.is_sorted ? "largest error first" : "",
              "marked: error > 5, overflow > 0, underflow > 1 %");
}
