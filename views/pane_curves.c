/* The panes that are curves: one row of a table each.
 *
 * A curve shows the committed steps; its number is the newest that is known. In one or two rows it
 * becomes a sparkline with the same number. The vertical range is that of the curves and marks;
 * a band is cut where it leaves it. */
#include <math.h>
#include <stdio.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/plot.h"

enum { LINES_MAX = 2 };

struct curve {
    enum pane_id pane;
    const char *title, *short_title;
    struct {
        int metric;             /* -1: none */
        const char *label;
    } line[LINES_MAX];
    int band;                   /* metric of a half width about the first line, -1 */
    int marks;                  /* -1 */
    const char *marks_label;
    int note;                   /* a further metric named in the foot, -1 */
    const char *note_label;
    int with_zero;
};

static const struct curve reward = {PANE_REWARD,  "reward", "reward", {{M_REWARD, "reward"}, {-1, NULL}},
                                    M_REWARD_STD, M_PASS_1, "pass@1", -1,
                                    NULL,         1};
static const struct curve length = {
    PANE_LENGTH, "response length", "length", {{M_LENGTH, "tokens"}, {-1, NULL}}, -1, -1, NULL, M_WAITS,
    "waits a trace", 0};
static const struct curve kl = {
    PANE_KL, "KL to the reference", "KL", {{M_KL, "kl"}, {-1, NULL}}, -1, -1, NULL, -1, NULL, 1};
static const struct curve entropy = {
    PANE_ENTROPY, "entropy", "entropy", {{M_ENTROPY, "entropy"}, {-1, NULL}}, -1, -1, NULL, -1, NULL, 1};
static const struct curve loss = {
    PANE_LOSS, "loss", "loss", {{M_LOSS, "loss"}, {M_MTP_LOSS, "two tokens ahead"}}, -1, -1, NULL, M_PASS_1,
    "pass@1", 0};
static const struct curve gradient = {
    PANE_GRADIENT, "gradient norm", "grad", {{M_GRAD_NORM, "norm"}, {-1, NULL}}, -1, -1, NULL, M_LR, "lr", 1};

static void draw_spark(struct canvas *c, struct rect r, const struct view *v, const struct curve *k)
{
    char text[FORMAT_BYTES], extra[64] = "", number[FORMAT_BYTES];
    int m = k->line[0].metric, end, w, col;
    double marks = k->marks >= 0 ? pane_metric(v, (enum metric)k->marks) : NAN;
    double note = k->note >= 0 ? pane_metric(v, (enum metric)k->note) : NAN;

    if (!isnan(marks))
        snprintf(extra, sizeof extra, " · %s %s", k->marks_label, format_number(number, marks));
    else if (!isnan(note))
        snprintf(extra, sizeof extra, " · %s %s", k->note_label, format_number(number, note));
    format_number(text, pane_metric(v, (enum metric)m));
    end = r.w - 1;
    w = canvas_width(c, extra, -1) + (int)sizeof("length ") + 12 + 4;
    if (*extra && w <= r.w)
        end = canvas_right(c, r, 0, end, STYLE_DIM, extra);
    end = canvas_right(c, r, 0, end, STYLE_STRONG, text);
    col = canvas_fit(c, r, 0, 1, end - 2, STYLE_TITLE, k->short_title) + 1;
    if (v->history && v->history->n && end - 1 - col >= 3)
        meter_spark(c, r, 0, col, end - 1 - col, history_metric(v->history, (enum metric)m), v->history->n,
                    STYLE_CURVE_A);
}

static int has_values(const struct history *h, int metric)
{
    return metric >= 0 && isfinite(history_last(h, (enum metric)metric, -1));
}

/* Which curve is which, where there are two. */
static void draw_legend(struct canvas *c, struct rect r, const struct history *h, const struct curve *k)
{
    static const enum style style[LINES_MAX] = {STYLE_CURVE_A, STYLE_CURVE_B};
    int i, col, width = 0;

    for (i = 0; i < LINES_MAX; i++) {
        if (!has_values(h, k->line[i].metric))
            return;
        width += canvas_width(c, k->line[i].label, -1) + 5;
    }
    if (!pane_is_boxed(c, r) || width + 44 > r.w)
        return;
    col = r.w - width - 10;
    canvas_put(c, r, r.h - 1, col++, STYLE_DIM, ' ');
    for (i = 0; i < LINES_MAX; i++) {
        canvas_put(c, r, r.h - 1, col, style[i], 0x2501);
        canvas_put(c, r, r.h - 1, col + 1, STYLE_DIM, ' ');
        col = canvas_text(c, r, r.h - 1, col + 2, STYLE_DIM, k->line[i].label, -1);
        canvas_put(c, r, r.h - 1, col++, STYLE_DIM, ' ');
        canvas_put(c, r, r.h - 1, col++, STYLE_DIM, ' ');
    }
}

/* The foot: first and last step at its ends, and what the second figure says between. */
static void draw_foot(struct canvas *c, struct rect r, const struct view *v, const struct curve *k)
{
    char left[96], right[32], number[FORMAT_BYTES];
    const struct history *h = v->history;
    double marks = k->marks >= 0 ? pane_metric(v, (enum metric)k->marks) : NAN;
    double note = k->note >= 0 ? pane_metric(v, (enum metric)k->note) : NAN;

    if (!isnan(marks))
        snprintf(left, sizeof left, "%.0f   ● %s %s", h->step[0], k->marks_label,
                 format_number(number, marks));
    else if (!isnan(note))
        snprintf(left, sizeof left, "%.0f   %s %s", h->step[0], k->note_label, format_number(number, note));
    else
        snprintf(left, sizeof left, "%.0f", h->step[0]);
    snprintf(right, sizeof right, "%.0f", h->step[h->n - 1]);
    pane_foot(c, r, left, right);
}

static int index_of_step(const struct history *h, int64_t step)
{
    int low = 0, high = h->n - 1;

    while (low < high) {
        int middle = (low + high) / 2;
        if (h->step[middle] < (double)step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void draw_curve(struct canvas *c, struct rect r, const struct view *v, const struct curve *k)
{
    static const enum style style[LINES_MAX] = {STYLE_CURVE_A, STYLE_CURVE_B};
    struct series series[LINES_MAX + 2];
    double low[HISTORY_ROWS], high[HISTORY_ROWS];
    const struct history *h = v->history;
    char right[64], number[FORMAT_BYTES];
    struct plot p;
    struct rect inner;
    int i, n = 0;

    if (r.h <= 2) {
        draw_spark(c, r, v, k);
        return;
    }
    format_number(right, pane_metric(v, (enum metric)k->line[0].metric));
    if (v->cursor >= 0 && h && h->n) {
        i = index_of_step(h, v->cursor);
        snprintf(right, sizeof right, "step %.0f: %s", h->step[i],
                 format_number(number, history_metric(h, (enum metric)k->line[0].metric)[i]));
    }
    inner = pane_frame(c, r, v, k->pane, r.w < 36 ? k->short_title : k->title, right);
    if (!h || !h->n) {
        pane_note(c, inner, "no step yet");
        return;
    }
    for (i = 0; i < LINES_MAX; i++)
        if (k->line[i].metric >= 0)
            series[n++] = (struct series){SERIES_LINE, style[i], k->line[i].label, h->n, h->step,
                                          history_metric(h, (enum metric)k->line[i].metric), NULL};
    if (k->marks >= 0)
        series[n++] = (struct series){SERIES_MARKS, STYLE_MARK, k->marks_label, h->n, h->step,
                                      history_metric(h, (enum metric)k->marks), NULL};
    p = plot_blank(series, n);
    p.with_zero = k->with_zero && !v->log_y;
    p.log_y = v->log_y;
    p.smoothing = v->smoothing;
    p.shadow = inner.h >= 5;
    p.cursor = v->cursor >= 0 ? (double)v->cursor : NAN;
    p.x_axis = !pane_is_boxed(c, r) || inner.h >= 12;
    if (k->band >= 0 && inner.h >= 6 && !v->log_y && plot_range_y(&p, &p.y_low, &p.y_high)) {
        const double *mean = series[0].y, *half = history_metric(h, (enum metric)k->band);
        p.y_low = p.with_zero && p.y_low > 0 ? 0 : p.y_low;
        p.y_high = p.y_high > p.y_low ? p.y_high * 1.05 : p.y_low + 1;
        for (i = 0; i < h->n; i++) {
            low[i] = mean[i] - half[i];
            high[i] = mean[i] + half[i];
        }
        series[n++] = (struct series){SERIES_BAND, STYLE_BAND, NULL, h->n, h->step, low, high};
        p.series_n = n;
    }
    plot_draw(c, inner, &p);
    draw_foot(c, r, v, k);
    draw_legend(c, r, h, k);
}

void pane_reward(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, &reward);
}

void pane_length(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, &length);
}

void pane_kl(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, &kl);
}

void pane_entropy(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, &entropy);
}

void pane_loss(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, &loss);
}

void pane_gradient(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, &gradient);
}
