/* Explanations over the screen: rows of an overlay, broken into lines that fit it. */
#include "app/desk/desk_explain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/command/command_act.h"
#include "views/explain.h"
#include "views/format.h"
#include "views/objective_text.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { KEYS = 10, WIDEST = 92, MARGIN = 7 }; /* columns: of the left words, of an overlay, of its borders */

static void open_overlay(struct desk *d, const char *title)
{
    snprintf(d->title, sizeof d->title, "%s", title);
    d->view.overlay = OVERLAY_HELP;
    d->view.rows_n = 0;
    d->view.overlay_list = (struct list){0, 0, 0};
}

static void add_row(struct desk *d, const char *key, const char *what, int n)
{
    struct view *v = &d->view;
    struct str *text = &d->texts[v->rows_n];

    if (v->rows_n == DESK_ROWS)
        return;
    str_clear(text);
    str_printf(text, "%.*s", n, what);
    d->rows[v->rows_n++] = (struct view_row){.key = key, .what = str_c(text)};
    v->overlay_list.n = v->rows_n;
}

/* A text in as many rows as it takes; only the first has the key. */
static void add_text(struct desk *d, const char *key, const char *what)
{
    int w = (d->canvas.w < WIDEST ? d->canvas.w : WIDEST) - KEYS - MARGIN, n;
    const char *next;

    for (; *what; what = next, key = "") {
        n = paragraph_break(&d->canvas, what, w < 16 ? 16 : w, &next);
        add_row(d, key, what, n);
    }
}

static void add_explanation(struct desk *d, const struct explanation *e, const char *value)
{
    add_text(d, "what", e->what);
    add_text(d, "now", value);
    add_text(d, "formula", e->formula);
    add_text(d, "source", e->source);
    add_text(d, "read it", e->reading);
}

/* The value that the screen shows, and of which step it is. */
static void describe_metric(struct desk *d, enum metric m, const char *unit, struct str *out)
{
    const struct snapshot *s = desk_shown(d);
    char number[FORMAT_BYTES];
    double v = s ? s->metric[m] : NAN, earlier = NAN;
    const struct history *h = d->view.history;

    if (isfinite(v)) {
        str_printf(out, "%s%s%s (%.17g), step %lld", format_number(number, v), *unit ? " " : "", unit, v,
                   (long long)s->step);
        return;
    }
    if (h && s)
        earlier = history_last(h, m, s->committed);
    if (isfinite(earlier))
        str_printf(out, "%s%s%s, when it was last measured", format_number(number, earlier), *unit ? " " : "",
                   unit);
    else
        str_add(out, "not measured in this run so far");
}

void desk_explain_metric(struct desk *d, enum metric m)
{
    struct explanation e;
    struct str value = {0};
    char title[120];

    desk_objective_refresh(d);
    explain_metric(m, d->view.objective, &e);
    describe_metric(d, m, e.unit, &value);
    snprintf(title, sizeof title, "explain: %s", e.name);
    open_overlay(d, title);
    add_explanation(d, &e, str_c(&value));
    if (metric_row(m)->alias)
        add_text(d, "also", metric_row(m)->alias);
    str_free(&value);
}

void desk_explain_term(struct desk *d, enum objective_term t)
{
    const struct objective_state *x = d->view.objective;
    struct explanation e;
    struct str value = {0};
    char title[120], figure[FIGURE_BYTES];

    desk_objective_refresh(d);
    explain_term(t, x, &e);
    if (x->missing) {
        str_add(&value, x->missing);
    } else {
        str_printf(&value, "%s%s%s = ", objective_figure(figure, x, t), *e.unit ? " " : "", e.unit);
        objective_working(&d->view, t, &value);
        if (*objective_remark(x, t))
            str_printf(&value, "\n%s", objective_remark(x, t));
        str_printf(&value, "\ngroup %d, completion %d, token %d '%s', %s", x->group + 1, x->index + 1,
                   x->token, x->words_n ? x->word[x->word_at] : "", objective_moment(x));
    }
    snprintf(title, sizeof title, "explain: %s", e.name);
    open_overlay(d, title);
    add_explanation(d, &e, str_c(&value));
    str_free(&value);
}

/* All names that `:explain` knows, with their values. */
static void explain_all(struct desk *d)
{
    struct view *v = &d->view;
    enum objective_term term[TERM_N];
    int i, n;

    desk_objective_refresh(d);
    open_overlay(d, "what :explain NAME explains");
    add_row(d, NULL, "metrics of the step", -1);
    for (i = 0; i < METRIC_N && v->rows_n < DESK_ROWS; i++) {
        const struct metric_row *row = metric_row(i);
        double value = pane_metric(v, (enum metric)i);
        char number[FORMAT_BYTES], text[160];
        if (i > M_MAX_VIO_LAYER_0 && i <= M_MAX_VIO_LAYER_LAST)
            continue;
        snprintf(text, sizeof text, "%s%s%s%s", isfinite(value) ? format_number(number, value) : "",
                 isfinite(value) ? "  " : "", row->meaning, "");
        add_row(d, row->name, text, -1);
    }
    add_row(d, NULL, "terms of the objective", -1);
    n = objective_terms(v->objective, term);
    for (i = 0; i < n; i++) {
        struct explanation e;
        explain_term(term[i], v->objective, &e);
        add_row(d, explain_term_word(term[i]), e.what, -1);
    }
}

/* The figure that a pane shows, -1 when there is not just one. */
static int metric_of(const struct history *h, enum pane_id pane)
{
    int metric[PANE_CURVE_METRICS];

    switch (pane) {
    case PANE_EXPERTS:
    case PANE_LOAD:
    case PANE_MAX_VIO:
    case PANE_BIAS: return M_MAX_VIO;
    case PANE_FLAT: return M_FLAT;
    case PANE_GROUP:
    case PANE_COMPLETIONS: return M_REWARD_STD;
    case PANE_EVALUATIONS: return M_PASS_1;
    default: return pane_curve_metrics(h, pane, metric) > 0 ? metric[0] : -1;
    }
}

void desk_explain(struct desk *d)
{
    enum pane_id pane = d->view.zoom != PANE_NONE ? d->view.zoom : d->view.focus;
    int m = metric_of(&d->history, pane);

    if (m >= 0)
        desk_explain_metric(d, (enum metric)m);
    else
        explain_all(d);
}

enum status command_explain(struct desk *d, const struct command_line *l, struct err *e)
{
    int m, t;

    if (!l->argc) {
        desk_explain(d);
        return ST_OK;
    }
    m = metric_find(l->argv[0]);
    t = explain_find_term(l->argv[0]);
    if (m < 0 && t < 0)
        return err_set(e, ST_USAGE, "explain", "there is no figure '%s'; explain alone lists them all",
                       l->argv[0]);
    if (m >= 0)
        desk_explain_metric(d, (enum metric)m);
    else
        desk_explain_term(d, (enum objective_term)t);
    return ST_OK;
}
