/* The panes that are curves: one row of a table each.
 *
 * A curve shows the committed steps; its number is the newest that is known, or with a cursor that of the
 * cursor's step. In one or two rows it becomes a sparkline with the same number. The vertical range is that
 * of the curves and marks; a band is cut where it leaves it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/plot.h"

enum { LINES_MAX = 2, MARKS_KINDS = 2, NONE = -1 };

struct curve {
    enum pane_id pane;
    const char *title, *short_title;
    struct curve_line {
        int metric;             /* NONE: none */
        const char *label;
    } line[LINES_MAX];
    int band;                   /* metric of a half width about the first line, or NONE */
    const char *band_label;
    struct curve_line mark[MARKS_KINDS];
    struct curve_line note;     /* a further metric named in the foot */
    int with_zero;
};

#define NO_LINE {NONE, NULL}
#define NO_MARKS {NO_LINE, NO_LINE}
#define ONE(metric, label) {{metric, label}, NO_LINE}

static const struct curve curves[] = {
    {PANE_REWARD, "reward", "reward", ONE(M_REWARD, "reward"), M_REWARD_STD, "± std in a group",
     {{M_PASS_1, "pass@1"}, {M_MAJ_K, "maj@k"}}, NO_LINE, 1},
    {PANE_LENGTH, "response length, tokens", "length", ONE(M_LENGTH, "tokens"), NONE, NULL, NO_MARKS,
     {M_WAITS, "waits a trace"}, 0},
    {PANE_KL, "KL to the reference", "KL", ONE(M_KL, "kl"), NONE, NULL, NO_MARKS, NO_LINE, 1},
    {PANE_ENTROPY, "entropy", "entropy", ONE(M_ENTROPY, "entropy"), NONE, NULL, NO_MARKS, NO_LINE, 1},
    {PANE_CLIP, "clipped tokens", "clip", {{M_CLIP_LOW, "low"}, {M_CLIP_HIGH, "high"}}, NONE, NULL, NO_MARKS,
     NO_LINE, 1},
    {PANE_FLAT, "frac_reward_zero_std", "flat groups", ONE(M_FLAT, "flat"), NONE, NULL, NO_MARKS,
     NO_LINE, 1},
    {PANE_SPEED, "tokens a second", "tokens/s", ONE(M_TOKENS_PER_SECOND, "tokens/s"), NONE, NULL, NO_MARKS,
     {M_STEP_TIME, "seconds a step"}, 1},
    {PANE_LOSS, "loss", "loss", {{M_LOSS, "loss"}, {M_MTP_LOSS, "two tokens ahead"}}, NONE, NULL, NO_MARKS,
     {M_PASS_1, "pass@1"}, 0},
    {PANE_PAIRS, "pairs ranked right", "pairs", ONE(M_REWARD_ACCURACY, "right"), NONE, NULL, NO_MARKS,
     {M_REWARD_MARGIN, "margin"}, 1},
    {PANE_PAIRS, "implicit rewards", "pairs", {{M_DPO_CHOSEN, "preferred"}, {M_DPO_REJECTED, "other"}}, NONE,
     NULL, NO_MARKS, {M_DPO_ACCURACY, "ranked right"}, 1},
    {PANE_GRADIENT, "gradient norm", "grad", ONE(M_GRAD_NORM, "norm"), NONE, NULL, NO_MARKS, {M_LR, "lr"}, 1},
};

static const enum style line_style[LINES_MAX] = {STYLE_CURVE_A, STYLE_CURVE_B};
static const enum style mark_style[MARKS_KINDS] = {STYLE_MARK, STYLE_CURVE_C};
static const uint32_t mark_glyph[MARKS_KINDS] = {0x25CF, 0x25C6};

static int has_values(const struct history *h, int metric)
{
    return metric != NONE && isfinite(history_last(h, (enum metric)metric, -1));
}

/* A pane's curve: of several the first that the run has values of, else the first. */
static const struct curve *find_curve(const struct history *h, enum pane_id pane)
{
    const struct curve *first = NULL;
    size_t i;

    for (i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (curves[i].pane != pane)
            continue;
        if (h && h->n && has_values(h, curves[i].line[0].metric))
            return &curves[i];
        first = first ? first : &curves[i];
    }
    return first;
}

int pane_curve_metrics(const struct history *h, enum pane_id pane, int metric[PANE_CURVE_METRICS])
{
    const struct curve *k = find_curve(h, pane);
    int i, n = 0;

    for (i = 0; k && i < LINES_MAX; i++)
        if (k->line[i].metric != NONE)
            metric[n++] = k->line[i].metric;
    for (i = 0; k && i < MARKS_KINDS; i++)
        if (k->mark[i].metric != NONE)
            metric[n++] = k->mark[i].metric;
    return n;
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

static int has_cursor(const struct view *v)
{
    return v->cursor >= 0 && v->history && v->history->n;
}

/* A metric at the cursor's step, without a cursor the newest. What is measured now and then: as it was last
 * measured before. */
static double value_of(const struct view *v, int metric, int now_and_then)
{
    int at;

    if (metric == NONE)
        return NAN;
    if (!has_cursor(v))
        return pane_metric(v, (enum metric)metric);
    at = index_of_step(v->history, v->cursor);
    return now_and_then ? history_last(v->history, (enum metric)metric, (int64_t)v->history->step[at])
                        : history_metric(v->history, (enum metric)metric)[at];
}

/* The number in the title, in the longest form of at most `most` columns: with a cursor its step too; of two
 * lines both. */
static void title_value(const struct view *v, const struct curve *k, int most, char *out, size_t bytes)
{
    char a[FORMAT_BYTES], b[FORMAT_BYTES], step[2][32] = {"", ""};
    double second = value_of(v, k->line[1].metric, 0);
    int i;

    format_number(a, value_of(v, k->line[0].metric, 0));
    format_number(b, second);
    if (has_cursor(v)) {
        double at = v->history->step[index_of_step(v->history, v->cursor)];
        snprintf(step[0], sizeof step[0], "step %.0f: ", at);
        snprintf(step[1], sizeof step[1], "@%.0f ", at);
    }
    for (i = isnan(second) ? 4 : 0; i < 6; i++) {
        const char *one = k->line[0].label, *two = k->line[1].label;
        int n = i < 2   ? snprintf(out, bytes, "%s%s %s  %s %s", step[i], one, a, two, b)
                : i < 4 ? snprintf(out, bytes, "%s%s / %s", step[i - 2], a, b)
                        : snprintf(out, bytes, "%s%s", step[i - 4], a);
        if (n <= most)
            return;
    }
}

static void draw_spark(struct canvas *c, struct rect r, const struct view *v, const struct curve *k)
{
    char text[64], extra[64] = "", number[FORMAT_BYTES];
    int m = k->line[0].metric, end, w, col;
    double mark = value_of(v, k->mark[0].metric, 1), note = value_of(v, k->note.metric, 1);

    if (!isnan(mark))
        snprintf(extra, sizeof extra, " · %s %s", k->mark[0].label, format_number(number, mark));
    else if (!isnan(note))
        snprintf(extra, sizeof extra, " · %s %s", k->note.label, format_number(number, note));
    title_value(v, k, 0, text, sizeof text);
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

/* A word of the foot with its sign before it, where there is room up to `end`. Returns the next column. */
static int foot_word(struct canvas *c, struct rect r, int col, int end, enum style style, uint32_t sign,
                     const char *text)
{
    int w = canvas_width(c, text, -1) + (sign ? 2 : 0);

    if (col + w + 2 > end)
        return col;
    canvas_put(c, r, r.h - 1, col++, STYLE_DIM, ' ');
    if (sign) {
        canvas_put(c, r, r.h - 1, col++, style, sign);
        canvas_put(c, r, r.h - 1, col++, STYLE_DIM, ' ');
    }
    col = canvas_text(c, r, r.h - 1, col, STYLE_DIM, text, -1);
    canvas_put(c, r, r.h - 1, col++, STYLE_DIM, ' ');
    return col;
}

/* The foot: first and last step at its ends; between them what the marks are, the second figure, and which
 * line is which. */
static void draw_foot(struct canvas *c, struct rect r, const struct view *v, const struct curve *k,
                      int has_band)
{
    char text[64], number[FORMAT_BYTES];
    const struct history *h = v->history;
    int i, col, end;

    if (!pane_is_boxed(c, r))
        return;
    snprintf(text, sizeof text, "%.0f", h->step[h->n - 1]);
    end = r.w - 3 - (int)strlen(text);
    pane_foot(c, r, "", text);
    snprintf(text, sizeof text, "%.0f", h->step[0]);
    col = foot_word(c, r, 1, end, STYLE_DIM, 0, text);
    for (i = 0; i < MARKS_KINDS; i++) {
        double value = value_of(v, k->mark[i].metric, 1);
        if (isnan(value))
            continue;
        snprintf(text, sizeof text, "%s %s", k->mark[i].label, format_number(number, value));
        col = foot_word(c, r, col, end, mark_style[i], mark_glyph[i], text);
    }
    if (has_values(h, k->line[1].metric))
        for (i = 0; i < LINES_MAX; i++)
            col = foot_word(c, r, col, end, line_style[i], 0x2501, k->line[i].label);
    if (!isnan(value_of(v, k->note.metric, 1))) {
        snprintf(text, sizeof text, "%s %s", k->note.label,
                 format_number(number, value_of(v, k->note.metric, 1)));
        col = foot_word(c, r, col, end, STYLE_DIM, 0, text);
    }
    if (has_band)
        foot_word(c, r, col, end, STYLE_BAND, 0x2591, k->band_label);
}

/* Why there is no curve, NULL when there is one. */
static const char *missing(const struct view *v, const struct curve *k)
{
    const struct history *h = v->history;
    const double *y;
    int i;

    if (!h || !h->n)
        return "no step yet";
    if (!has_values(h, k->line[0].metric) && !has_values(h, k->line[1].metric))
        return "not measured in this run";
    y = history_metric(h, (enum metric)k->line[0].metric);
    for (i = 0; v->log_y && i < h->n && !(y[i] > 0); i++)
        ;
    return v->log_y && i == h->n ? "never above 0: L for a linear axis" : NULL;
}

static void draw_plot(struct canvas *c, struct rect r, struct rect inner, const struct view *v,
                      const struct curve *k)
{
    const struct history *h = v->history;
    struct series series[LINES_MAX + MARKS_KINDS + 1] = {0};
    double low[HISTORY_ROWS], high[HISTORY_ROWS];
    int i, n = 0, has_band;
    struct plot p;

    for (i = 0; i < LINES_MAX; i++) {
        if (!has_values(h, k->line[i].metric))
            continue;
        series[n] = (struct series){.kind = SERIES_LINE, .style = line_style[i], .label = k->line[i].label,
                                    .n = h->n, .x = h->step};
        series[n++].y = history_metric(h, (enum metric)k->line[i].metric);
    }
    for (i = 0; i < MARKS_KINDS; i++) {
        if (!has_values(h, k->mark[i].metric))
            continue;
        series[n] = (struct series){.kind = SERIES_MARKS, .style = mark_style[i], .glyph = mark_glyph[i],
                                    .n = h->n, .x = h->step};
        series[n++].y = history_metric(h, (enum metric)k->mark[i].metric);
    }
    p = plot_blank(series, n);
    p.with_zero = k->with_zero && !v->log_y;
    p.log_y = v->log_y;
    p.smoothing = v->smoothing;
    p.shadow = inner.h >= 5;
    p.tags = has_values(h, k->line[1].metric);
    p.cursor = v->cursor >= 0 ? (double)v->cursor : NAN;
    p.x_axis = !pane_is_boxed(c, r) || inner.h >= 12;
    has_band = k->band != NONE && inner.h >= 6 && !v->log_y && has_values(h, k->band) &&
               plot_range_y(&p, &p.y_low, &p.y_high);
    if (has_band) {
        const double *mean = series[0].y, *half = history_metric(h, (enum metric)k->band);
        p.y_low = p.with_zero && p.y_low > 0 ? 0 : p.y_low;
        p.y_high = p.y_high > p.y_low ? p.y_high * 1.05 : p.y_low + 1;
        for (i = 0; i < h->n; i++) {
            low[i] = mean[i] - half[i];
            high[i] = mean[i] + half[i];
        }
        series[n] = (struct series){
            .kind = SERIES_BAND, .style = STYLE_BAND, .n = h->n, .x = h->step, .y = low, .y2 = high};
        p.series_n = n + 1;
    }
    plot_draw(c, inner, &p);
    draw_foot(c, r, v, k, has_band && c->chars != CHARS_ASCII);
}

static void draw_curve(struct canvas *c, struct rect r, const struct view *v, enum pane_id pane)
{
    const struct curve *k = find_curve(v->history, pane);
    char value[96], title[64];
    const char *why;
    struct rect inner;
    int most;

    if (r.h <= 2) {
        draw_spark(c, r, v, k);
        return;
    }
    most = (r.w - 4) * 2 / 3 - 2;
    if (most > r.w - 8 - (int)strlen(k->short_title))
        most = r.w - 8 - (int)strlen(k->short_title);
    title_value(v, k, most, value, sizeof value);
    snprintf(title, sizeof title, "%s%s",
             (int)strlen(k->title) + (int)strlen(value) + 8 > r.w ? k->short_title : k->title,
             v->log_y ? " (log)" : "");
    inner = pane_frame(c, r, v, k->pane, title, value);
    why = missing(v, k);
    if (why)
        pane_note(c, inner, why);
    else
        draw_plot(c, r, inner, v, k);
}

void pane_reward(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_REWARD);
}

void pane_pairs(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_PAIRS);
}

void pane_length(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_LENGTH);
}

void pane_kl(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_KL);
}

void pane_entropy(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_ENTROPY);
}

void pane_clip(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_CLIP);
}

void pane_flat(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_FLAT);
}

void pane_speed(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_SPEED);
}

void pane_loss(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_LOSS);
}

void pane_gradient(struct canvas *c, struct rect r, const struct view *v)
{
    draw_curve(c, r, v, PANE_GRADIENT);
}
