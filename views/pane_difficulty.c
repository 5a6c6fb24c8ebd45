/* How problems of each difficulty do: a row a bucket of the task's own scale, the easiest first. */
#include <math.h>
#include <stdio.h>

#include "views/evaluation_state.h"
#include "views/format.h"
#include "views/heat.h"
#include "views/meter.h"
#include "views/pane.h"

/* Columns; -1 where there is no room. */
struct columns {
    int problems, rate, change, gauge, gauge_w, many, spark, spark_w;
};

static struct columns place(int w, int evaluations)
{
    struct columns k = {.problems = 12, .rate = 22, .change = 28, .gauge = -1, .many = -1, .spark = -1};
    int at = 36;

    if (w < 40)
        k = (struct columns){.problems = -1, .rate = 12, .change = 18, .gauge = -1, .many = -1, .spark = -1};
    if (w >= 46) {
        k.many = at;
        at += 8;
    }
    k.gauge_w = w - at - 1 > 30 ? 14 : 8;
    if (w - at - 1 >= k.gauge_w) {
        k.gauge = at;
        at += k.gauge_w + 2;
    }
    if (w - at - 1 >= 4) {
        k.spark = at;
        k.spark_w = w - at - 1 < evaluations ? w - at - 1 : evaluations;
    }
    return k;
}

static void draw_heading(struct canvas *c, struct rect r, const struct evaluation_state *e,
                         const struct columns *k)
{
    char text[32];

    canvas_fit(c, r, 0, 1, 11, STYLE_DIM, e->scale);
    if (k->problems >= 0)
        canvas_right(c, r, 0, k->problems + 8, STYLE_DIM, "problems");
    canvas_right(c, r, 0, k->rate + 6, STYLE_DIM, "pass@1");
    canvas_right(c, r, 0, k->change + 6, STYLE_DIM, "+/-");
    if (k->many >= 0) {
        snprintf(text, sizeof text, "pass@%d", e->k[e->at]);
        canvas_right(c, r, 0, k->many + 6, STYLE_DIM, text);
    }
    if (k->spark >= 0 && k->spark_w >= 4)
        canvas_fit(c, r, 0, k->spark, r.w - k->spark, STYLE_DIM,
                   r.w - k->spark > 10 ? "over steps" : "steps");
}

static void draw_bucket(struct canvas *c, struct rect r, int row, const struct evaluation_state *e, int b,
                        const struct columns *k)
{
    const double *rate = e->bucket_pass_1 + b * EVALUATIONS_KEPT,
                 *many = e->bucket_pass_k + b * EVALUATIONS_KEPT;
    double now = rate[e->at], before = e->before >= 0 ? rate[e->before] : NAN;
    char text[FORMAT_BYTES];
    int i;

    canvas_fit(c, r, row, 1, 11, STYLE_TEXT, e->bucket[b]);
    if (k->problems >= 0) {
        snprintf(text, sizeof text, "%d", e->bucket_problems[b]);
        canvas_right(c, r, row, k->problems + 8, STYLE_TEXT, text);
    }
    canvas_right(c, r, row, k->rate + 6, STYLE_STRONG, format_number(text, now));
    if (isfinite(before) && isfinite(now)) {
        snprintf(text, sizeof text, "%+.2f", now - before);
        canvas_right(c, r, row, k->change + 6,
                     now > before + 0.005 ? STYLE_GOOD : now < before - 0.005 ? STYLE_BAD : STYLE_DIM, text);
    }
    if (k->many >= 0)
        canvas_right(c, r, row, k->many + 6, STYLE_TEXT, format_number(text, many[e->at]));
    if (k->gauge >= 0)
        meter_gauge(c, r, row, k->gauge, k->gauge_w, now, STYLE_CURVE_A);
    for (i = 0; k->spark >= 0 && i < k->spark_w; i++) {
        double y = rate[e->n - k->spark_w + i];
        canvas_put(c, r, row, k->spark + i, e->n - k->spark_w + i == e->at ? STYLE_ACCENT : STYLE_CURVE_A,
                   heat_glyph(y, 0, 1));
    }
}

void pane_difficulty(struct canvas *c, struct rect r, const struct view *v)
{
    const struct evaluation_state *e = v->evaluation;
    struct rect inner;
    struct columns k;
    char note[96];
    int b, row = 1;

    inner = pane_frame(c, r, v, PANE_DIFFICULTY, "by difficulty", "");
    if (!e || e->n < 1 || e->at < 0) {
        pane_note(c, inner, "no evaluation yet");
        return;
    }
    if (!e->scale[0]) {
        pane_note(c, inner, "this task has no scale of difficulty");
        return;
    }
    if (e->weighed_n < e->problems_n) {
        snprintf(note, sizeof note, "counting the %s of problem %d of %d", e->scale, e->weighed_n + 1,
                 e->problems_n);
        pane_note(c, inner, note);
        return;
    }
    k = place(inner.w, e->n);
    draw_heading(c, inner, e, &k);
    for (b = 0; b < e->buckets_n; b++)
        if (e->bucket_problems[b] > 0 && row < inner.h)
            draw_bucket(c, inner, row++, e, b, &k);
    snprintf(note, sizeof note, "easiest first, by the number of %s", e->scale);
    pane_foot(c, r, note, "");
}
