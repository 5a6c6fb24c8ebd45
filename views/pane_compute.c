/* Test-time compute: accuracy over the tokens that are spent on a problem, by ways to spend them. R1's own
 * temperature is drawn as lines, T 1 as letters beside them; below, what each curve is and where it ends. */
#include <math.h>
#include <stdio.h>

#include "views/evaluation_state.h"
#include "views/format.h"
#include "views/pane.h"
#include "views/plot.h"

enum { VALUES_W = 15, NAME_W = 15, LEAST_PLOT = 5 };

static const struct way {
    char letter[2];
    const char *what, *brief;    /* brief: where there is little room */
    enum style style;
} ways[COMPUTE_KINDS] = {
    [COMPUTE_BEST] = {"p", "the best of k samples, as the verifier sees them", "the best, by the verifier",
                      STYLE_CURVE_C},
    [COMPUTE_LIKELIEST] = {"l", "of k samples the one that the model finds likeliest",
                           "by the model's own odds", STYLE_CURVE_D},
    [COMPUTE_MAJORITY] = {"m", "the answer that most of k samples give", "what most samples answer",
                          STYLE_CURVE_B},
    [COMPUTE_FORCED] = {"f", "one sample whose thoughts must go on, once and more", "thoughts must go on",
                        STYLE_REFLECTION},
    [COMPUTE_FORCED_NO] = {"n", "the same, only where the last word was `no`", "the same, only after `no`",
                           STYLE_CURVE_A},
};

static const struct compute_curve *find(const struct compute_facts *f, int setting, int kind)
{
    int i;

    for (i = 0; i < f->curves_n; i++)
        if (f->curve[i].setting == setting && (int)f->curve[i].kind == kind && f->curve[i].n > 0)
            return &f->curve[i];
    return NULL;
}

static int kinds(const struct compute_facts *f)
{
    int kind, n = 0;

    for (kind = 0; kind < COMPUTE_KINDS; kind++)
        n += find(f, 1, kind) != NULL;
    return n;
}

static void draw_curves(struct canvas *c, struct rect r, const struct compute_facts *f)
{
    double x[COMPUTE_CURVES][COMPUTE_POINTS], y[COMPUTE_CURVES][COMPUTE_POINTS];
    struct series series[COMPUTE_CURVES];
    struct plot p;
    int setting, kind, i, n = 0;

    for (setting = COMPUTE_SETTINGS - 1; setting >= 0; setting--)
        for (kind = 0; kind < COMPUTE_KINDS; kind++) {
            const struct compute_curve *curve = find(f, setting, kind);
            if (!curve)
                continue;
            for (i = 0; i < curve->n; i++) {
                x[n][i] = log10(curve->point[i].tokens);
                y[n][i] = curve->point[i].accuracy;
            }
            series[n] = (struct series){setting ? SERIES_LINE : SERIES_MARKS,
                                        ways[kind].style,
                                        ways[kind].letter,
                                        curve->n,
                                        x[n],
                                        y[n],
                                        NULL,
                                        (uint32_t)ways[kind].letter[0]};
            n++;
        }
    p = plot_blank(series, n);
    p.x_axis = p.x_is_log = p.tags = 1;
    plot_draw(c, r, &p);
}

/* "0.97 > 1.00": at the first point and at the last. */
static void values(const struct compute_curve *curve, char *out, size_t bytes)
{
    char from[FORMAT_BYTES], to[FORMAT_BYTES];

    *out = 0;
    if (curve)
        snprintf(out, bytes, "%s > %s", format_number(from, curve->point[0].accuracy),
                 format_number(to, curve->point[curve->n - 1].accuracy));
}

static void draw_legend(struct canvas *c, struct rect r, const struct compute_facts *f)
{
    int both = r.w >= 60, kind, row = 0, end = r.w - 1 - VALUES_W * (1 + both);
    char text[96];

    if (both) {
        canvas_right(c, r, 0, r.w - 1, STYLE_DIM, "T 1 (letters)");
        canvas_right(c, r, 0, r.w - 1 - VALUES_W, STYLE_DIM, "R1's (lines)");
    }
    canvas_fit(c, r, row++, 1, end - 1, STYLE_DIM,
               r.w >= 96 ? "from the first point to the last; R1's: T 0.6, top-p 0.95"
                         : "first > last point");
    for (kind = 0; kind < COMPUTE_KINDS; kind++) {
        const struct compute_curve *curve = find(f, 1, kind);
        if (!curve || row >= r.h)
            continue;
        canvas_text(c, r, row, 1, ways[kind].style, ways[kind].letter, 1);
        canvas_fit(c, r, row, 3, end - 3 < NAME_W ? end - 3 : NAME_W, STYLE_TEXT, curve->name);
        if (end - NAME_W - 4 >= 20)
            canvas_fit(c, r, row, 3 + NAME_W + 1, end - NAME_W - 5, STYLE_DIM,
                       end - NAME_W - 5 >= 52 ? ways[kind].what : ways[kind].brief);
        values(find(f, 1, kind), text, sizeof text);
        canvas_right(c, r, row, r.w - 1 - VALUES_W * both, STYLE_TEXT, text);
        values(find(f, 0, kind), text, sizeof text);
        if (both)
            canvas_right(c, r, row, r.w - 1, STYLE_TEXT, text);
        row++;
    }
}

static void draw_names(struct canvas *c, struct rect r, const struct compute_facts *f)
{
    int kind, col = 1;

    for (kind = 0; kind < COMPUTE_KINDS && col < r.w - 3; kind++) {
        const struct compute_curve *curve = find(f, 1, kind);
        if (!curve)
            continue;
        col = canvas_text(c, r, 0, col, ways[kind].style, ways[kind].letter, 1) + 1;
        col = canvas_fit(c, r, 0, col, r.w - col - 1, STYLE_DIM, curve->name) + 2;
    }
}

void pane_compute(struct canvas *c, struct rect r, const struct view *v)
{
    const struct evaluation_state *e = v->evaluation;
    const struct compute_facts *f = e ? e->compute : NULL;
    char right[96] = "", text[128];
    struct rect inner;
    int legend;

    if (e && e->computing && f && f->done)
        snprintf(right, sizeof right, "%d of %d problems", f->done, f->problems);
    else if (f && f->done)
        snprintf(right, sizeof right, "step %lld", (long long)f->step);
    inner = pane_frame(c, r, v, PANE_COMPUTE,
                       r.w >= 60 ? "accuracy over tokens spent on a problem" : "tokens spent", right);
    if (inner.h < 1)
        return;
    if (!f || !f->done) {
        snprintf(text, sizeof text, "%s",
                 e && e->computing ? e->computing : ":compute samples held-out problems");
        if (e && e->computing && e->computing_part > 0)
            snprintf(text, sizeof text, "%s, %.0f %%", e->computing, 100 * e->computing_part);
        pane_note(c, inner, text);
        return;
    }
    legend = kinds(f) + 1;
    if (inner.h - legend >= LEAST_PLOT) {
        draw_curves(c, rect_cut(inner, 0, 0, inner.w, inner.h - legend), f);
        draw_legend(c, rect_cut(inner, 0, inner.h - legend, inner.w, legend), f);
    } else if (inner.h >= 4) {
        draw_curves(c, rect_cut(inner, 0, 0, inner.w, inner.h - 1), f);
        draw_names(c, rect_cut(inner, 0, inner.h - 1, inner.w, 1), f);
    } else {
        draw_names(c, inner, f);
    }
    snprintf(text, sizeof text, "%d held-out problems, %d samples each, %d forced", f->done, f->k,
             f->forced_k);
    pane_foot(c, r, text, "x: sampled tokens");
}
