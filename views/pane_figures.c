/* The figures of the schedules: what the published formulas (V3 table 2) say beside what the schedule that
 * was played has, and a sentence on the chosen one: that they agree, or why not. */
#include <math.h>
#include <stdio.h>

#include "views/pane.h"
#include "views/paragraph.h"
#include "views/schedule_state.h"

enum { NAME_W = 10, COLUMN_W = 16, NARROW_W = 12, COLUMNS = 4 };

static const char *const heads[COLUMNS] = {"bubble", "makespan", "activations", "parameters"};

static void figure(char *out, size_t bytes, double formula, double played)
{
    int is_same = fabs(formula - played) <= 1e-9 * (1 + fabs(formula));

    snprintf(out, bytes, "%.5g %s %.5g", formula, is_same ? "=" : "!=", played);
}

static int columns_of(int w, int *each)
{
    int n = (w - NAME_W) / (*each = w >= NAME_W + COLUMNS * COLUMN_W ? COLUMN_W : NARROW_W);

    return n < 1 ? 1 : n > COLUMNS ? COLUMNS : n;
}

static void draw_row(struct canvas *c, struct rect r, int row, const struct schedule_kind *k, int is_chosen)
{
    const double formula[] = {k->published.bubble, k->published.makespan, k->published.activations,
                              k->published.parameters};
    const double played[] = {k->played.bubble, k->played.makespan, k->played.activations,
                             k->played.parameters};
    int i, each, n = columns_of(r.w, &each);
    char text[64];

    canvas_put(c, r, row, 0, STYLE_ACCENT, is_chosen ? '>' : ' ');
    canvas_text(c, r, row, 1, is_chosen ? STYLE_ACCENT : STYLE_TEXT, k->name, -1);
    if (!k->is_played) {
        canvas_fit(c, r, row, NAME_W + 1, r.w - NAME_W - 1, STYLE_WARNING, "not possible with these numbers");
        return;
    }
    for (i = 0; i < n; i++) {
        int is_same = fabs(formula[i] - played[i]) <= 1e-9 * (1 + fabs(formula[i]));
        figure(text, sizeof text, formula[i], played[i]);
        canvas_right(c, r, row, NAME_W + (i + 1) * each, is_same ? STYLE_TEXT : STYLE_WARNING, text);
    }
}

void pane_figures(struct canvas *c, struct rect r, const struct view *v)
{
    const struct schedule_state *s = v->schedule;
    struct rect inner =
        pane_frame(c, r, v, PANE_FIGURES, "V3 table 2 and the schedule", "formula = or != played");
    int i, each, n, row = 0;

    if (!s) {
        pane_note(c, inner, ":schedule draws pipeline schedules");
        return;
    }
    n = columns_of(inner.w, &each);
    for (i = 0; i < n; i++)
        canvas_right(c, inner, row, NAME_W + (i + 1) * each, STYLE_DIM, heads[i]);
    row++;
    for (i = 0; i < SCHEDULE_KINDS; i++)
        draw_row(c, inner, row++, &s->kind[i], i == s->chosen);
    if (row < inner.h)
        row = paragraph_draw(c, inner, row, 1, s->kind[s->chosen].agrees ? STYLE_TEXT : STYLE_WARNING,
                             s->kind[s->chosen].why);
    if (row < inner.h)
        paragraph_draw(c, inner, row, 1, STYLE_DIM,
                       "up, down choose a schedule. B is the whole backward, W its weight part. Activations: "
                       "micro-batches "
                       "that the fullest device holds.");
}
