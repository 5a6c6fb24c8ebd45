/* The oracle: in which direction each loss moves the weights, beside the true gradient of the expected
 * reward; and how far each estimator of KL is off. What is biased is marked. */
#include <math.h>
#include <stdio.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/oracle_state.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { NAME_W = 11, STD_W = 11, BRIEF_STD_W = 6, CELL_W = 9, BRIEF_W = 7, BAR_W = 21, SUMMARY = 3 };
enum { MOST_CELLS = 8 };

/* A number and the heading of its column. */
struct column {
    const char *title;
    double value;
    int is_off;                  /* marked */
};

static int width_of(struct rect r)
{
    return r.w >= 72 ? CELL_W : BRIEF_W;
}

/* Columns that fit between `from` and the right end; the first ones. */
static int fitting(struct rect r, int from, int n)
{
    int room = (r.w - from - 1) / width_of(r);

    return room < 0 ? 0 : room < n ? room : n;
}

static void number(char out[FORMAT_BYTES], double v, int places)
{
    if (!isfinite(v))
        snprintf(out, FORMAT_BYTES, "-");
    else if (fabs(v) < 999.95)
        snprintf(out, FORMAT_BYTES, "%.*f", fabs(v) < 9.9995 ? places : places - 2, v);
    else
        snprintf(out, FORMAT_BYTES, "%.0e", v);
}

static void draw_heads(struct canvas *c, struct rect r, int from, const struct column *x, int n)
{
    int i;

    for (i = 0; i < n; i++)
        canvas_right(c, r, 0, from + (i + 1) * width_of(r), STYLE_DIM, x[i].title);
}

static void draw_numbers(struct canvas *c, struct rect r, int row, int from, const struct column *x, int n)
{
    char text[FORMAT_BYTES];
    int i;

    for (i = 0; i < n; i++) {
        number(text, x[i].value, width_of(r) == CELL_W ? 4 : 3);
        canvas_right(c, r, row, from + (i + 1) * width_of(r), x[i].is_off ? STYLE_WARNING : STYLE_TEXT, text);
    }
}

/* A direction is off where it leaves the true gradient, a push on length where that one's is another. */
static int loss_columns(const struct oracle_known *k, const struct oracle_loss_row *x, struct column *out)
{
    int n = 0;

    out[n++] = (struct column){"cosine", x->cosine, x->cosine < 0.99};
    out[n++] = (struct column){"length", x->length, fabs(x->length - k->length) > 0.1 * fabs(k->length)};
    out[n++] = (struct column){"scale", x->scale, 0};
    out[n++] = (struct column){"noise", x->noise, 0};
    out[n++] = (struct column){"sampled", x->sampled_cosine, 0};
    out[n++] = (struct column){"distance", x->sampled_distance, 0};
    return n;
}

static int kl_columns(const struct oracle_known *k, const struct oracle_kl_row *x, struct column *out)
{
    double least = 1e-3 * fabs(k->kl) + 1e-9;
    int n = 0;

    out[n++] = (struct column){"bias", x->bias, fabs(x->bias) > least};
    out[n++] = (struct column){"std", x->deviation, 0};
    out[n++] = (struct column){"cosine", x->cosine, x->cosine < 0.99};
    out[n++] = (struct column){"mean", x->mean, 0};
    out[n++] = (struct column){"sampled", x->sampled, 0};
    out[n++] = (struct column){"+-", x->error, 0};
    out[n++] = (struct column){"stale", x->stale_bias, fabs(x->stale_bias) > least};
    out[n++] = (struct column){"scale", x->scale, 0};
    return n;
}

/* What there is instead of numbers. */
static void note(struct canvas *c, struct rect r, const struct oracle_state *s)
{
    char text[160];

    if (s && s->refused) {
        paragraph_draw(c, r, 0, 1, STYLE_WARNING, s->refused);
        return;
    }
    if (!s || !s->doing) {
        pane_note(c, r, ":oracle sums over all completions of a run on `tiny`");
        return;
    }
    snprintf(text, sizeof text, s->part > 0 ? "%s, %.0f %%" : "%s", s->doing, 100 * s->part);
    pane_note(c, r, text);
}

/* What was summed over, in two lines and a blank one. Returns the rows that it took. */
static int draw_summary(struct canvas *c, struct rect r, const struct oracle_known *k)
{
    char text[200];

    snprintf(text, sizeof text, "expected reward %.4f, %s%.4f +- %.4f; accuracy %.3f, length %.2f",
             k->reward, r.w >= 100 ? "of the groups that were sampled " : "sampled ", k->reward_sampled,
             k->reward_error, k->accuracy, k->mean_length);
    canvas_fit(c, r, 0, 1, r.w - 2, STYLE_TEXT, text);
    snprintf(text, sizeof text, "each loss by %d groups of %d a problem; length: tokens a unit step adds",
             k->batches, k->group);
    canvas_fit(c, r, 1, 1, r.w - 2, STYLE_DIM, text);
    return SUMMARY;
}

static double longest_push(const struct oracle_known *k)
{
    double most = fabs(k->length);
    int i;

    for (i = 0; i < k->losses_n; i++)
        most = fmax(most, fabs(k->loss[i].length));
    return most;
}

/* The true gradient as a row of its own: what the others are held against. */
static void draw_true(struct canvas *c, struct rect r, int from, int shown, int bar,
                      const struct oracle_known *k)
{
    struct oracle_loss_row row = {.cosine = 1, .scale = 1, .length = k->length, .noise = NAN,
                                  .sampled_cosine = NAN, .sampled_distance = NAN};
    struct column x[MOST_CELLS];
    char text[48];

    loss_columns(k, &row, x);
    snprintf(text, sizeof text, from >= NAME_W + STD_W ? "true, norm %.4f" : "true", k->gradient);
    canvas_fit(c, r, 1, 1, from - 2, STYLE_STRONG, text);
    draw_numbers(c, r, 1, from, x, shown);
    if (bar)
        meter_bar(c, r, 1, bar, BAR_W, k->length, longest_push(k), STYLE_TEXT);
}

/* rows: of the losses from the list's top on, beginning in row `first`: 1, or 2 below the true gradient. */
static void draw_losses(struct canvas *c, struct rect r, const struct oracle_known *k,
                        const struct list *list, int first, int rows)
{
    struct column x[MOST_CELLS];
    int brief = r.w < 60, from = NAME_W + (brief ? BRIEF_STD_W : STD_W), shown, i,
        n = loss_columns(k, &k->loss[0], x), bar;

    shown = fitting(r, from, n);
    bar = r.w - from - n * width_of(r) > BAR_W + 2 ? from + n * width_of(r) + 2 : 0;
    canvas_text(c, r, 0, 1, STYLE_DIM, "loss", -1);
    canvas_text(c, r, 0, NAME_W, STYLE_DIM, "std", -1);
    draw_heads(c, r, from, x, shown);
    if (bar)
        canvas_text(c, r, 0, bar + BAR_W / 2 - 7, STYLE_DIM, "shorter|longer", -1);
    if (first > 1)
        draw_true(c, r, from, shown, bar, k);
    for (i = 0; i < rows; i++) {
        const struct oracle_loss_row *row = &k->loss[list->top + i];
        canvas_fit(c, r, first + i, 1, NAME_W - 2, STYLE_TEXT, row->name);
        canvas_fit(c, r, first + i, NAME_W, from - NAME_W - 1, STYLE_DIM, row->std);
        loss_columns(k, row, x);
        draw_numbers(c, r, first + i, from, x, shown);
        if (bar)
            meter_bar(c, r, first + i, bar, BAR_W, row->length, longest_push(k),
                      x[1].is_off ? STYLE_WARNING : STYLE_ACCENT);
    }
}

void pane_oracle(struct canvas *c, struct rect r, const struct view *v)
{
    const struct oracle_state *s = v->oracle;
    const struct oracle_known *k = s ? s->known : NULL;
    struct rect inner, body;
    struct list list;
    char right[96] = "";
    int rows, summary = 0, first;

    if (k)
        snprintf(right, sizeof right, r.w >= 60 ? "step %lld, %d problems, %d completions each" : "step %lld",
                 (long long)k->step, k->problems, k->outcomes);
    inner = pane_frame(c, r, v, PANE_ORACLE, r.w >= 60 ? "losses against the true gradient" : "losses", right);
    if (!k || inner.h < 1) {
        note(c, inner, s);
        return;
    }
    inner.w -= inner.w > 1; /* the scrollbar's, where there is no border */
    if (inner.h >= 9 && inner.w >= 56)
        summary = draw_summary(c, inner, k);
    body = rect_cut(inner, 0, summary, inner.w, inner.h - summary);
    first = body.h >= 5 ? 2 : 1;
    rows = body.h > first ? body.h - first : 0;
    list = s->list;
    list.n = k->losses_n;
    list_clamp(&list, rows);
    rows = rows < list.n - list.top ? rows : list.n - list.top;
    draw_losses(c, body, k, &list, first, rows);
    if (rows > 0)
        canvas_select(c, body, first + list.selected - list.top);
    list_scrollbar(c, r, rect_cut(body, 0, first, body.w, body.h - first), &list);
    pane_foot(c, r, r.w >= 118 ? "scale: norm, of the true one; distance: in standard errors" : "",
              "marked: cosine < 0.99, length off by > 10 %");
}

static void draw_kls(struct canvas *c, struct rect r, const struct oracle_known *k, int by_sequence)
{
    const struct oracle_kl_row *row = by_sequence ? k->sequence : k->token;
    struct column x[MOST_CELLS];
    int n = kl_columns(k, &row[0], x), shown = fitting(r, NAME_W, n), i;

    canvas_text(c, r, 0, 1, STYLE_DIM, by_sequence ? "sequence" : "token", -1);
    draw_heads(c, r, NAME_W, x, shown);
    for (i = 0; i < k->kls_n && 1 + i < r.h; i++) {
        canvas_fit(c, r, 1 + i, 1, NAME_W - 1, STYLE_TEXT, row[i].name);
        kl_columns(k, &row[i], x);
        draw_numbers(c, r, 1 + i, NAME_W, x, shown);
    }
}

void pane_oracle_kl(struct canvas *c, struct rect r, const struct view *v)
{
    const struct oracle_state *s = v->oracle;
    const struct oracle_known *k = s ? s->known : NULL;
    struct rect inner;
    char right[64] = "";
    int half;

    if (k)
        snprintf(right, sizeof right, r.w >= 60 ? "true KL %.5f nats a completion" : "true %.5f", k->kl);
    inner = pane_frame(c, r, v, PANE_ORACLE_KL, r.w >= 60 ? "estimators of KL to the reference" : "KL", right);
    if (!k || inner.h < 1) {
        pane_note(c, inner, "");
        return;
    }
    half = k->kls_n + 1;
    if (inner.h >= 2 * half) {
        draw_kls(c, rect_cut(inner, 0, 0, inner.w, half), k, 0);
        draw_kls(c, rect_cut(inner, 0, half, inner.w, inner.h - half), k, 1);
    } else {
        draw_kls(c, inner, k, s->by_sequence);
    }
    pane_foot(c, r,
              inner.h >= 2 * half ? ""
              : s->by_sequence    ? "left, right: by token"
                                  : "left, right: by sequence",
              "stale: bias over the reference's samples");
}
