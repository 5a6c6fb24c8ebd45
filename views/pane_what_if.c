/* The what-if pane: a group with other rewards or another objective, beside what it was.
 *
 * One list of lines scrolls: a line a completion, one that sums them up, a line a setting. Below it, where
 * there is room, the tokens of the chosen completion with the direction in which each would be pushed; and
 * last what is known of the update. Everything is worked out before; the pane shows pairs, the run's value
 * and the edited one, and a star stands where they differ. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/group_state.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { WIDE = 98, MIDDLE = 70, STRIP = 3 };
enum { UP = 0x25B2, DOWN = 0x25BC, NONE = 0xB7 };

static const struct {
    const char *name, *what;
} fields[FIELD_N] = {
    [FIELD_LOSS] = {"loss",
                    "how the terms are put together: grpo r1 dapo dr_grpo gspo bnpo reinforce rloo cispo"},
    [FIELD_STD] = {"std", "what an advantage is divided by: sample population none"},
    [FIELD_EPS_LOW] = {"eps_low", "ratios below 1 - eps_low are clipped where A < 0"},
    [FIELD_EPS_HIGH] = {"eps_high", "ratios above 1 + eps_high are clipped where A > 0"},
    [FIELD_BETA] = {"beta", "weight of the KL to the reference"},
    [FIELD_RATIO] = {"ratio", "of the tokens below: start, all 1; after, as the step left them"},
};

/* Where the columns begin; 0: there is none. */
struct columns {
    int reward[WHAT_IF_SIDES], advantage[WHAT_IF_SIDES], push[WHAT_IF_SIDES], change[WHAT_IF_SIDES], bar,
        bar_w, numbers;
};

static struct columns place_columns(int width)
{
    if (width >= WIDE)
        return (struct columns){{4, 11}, {20, 27}, {55, 65}, {78, 87}, 34, 19, 1};
    if (width >= MIDDLE)
        return (struct columns){{4, 10}, {18, 24}, {46, 48}, {54, 62}, 31, 13, 0};
    return (struct columns){{4, 9}, {15, 21}, {27, 29}, {0, 32}, 0, 0, 0};
}

static enum style sign_style(double v)
{
    return v > 0 ? STYLE_GOOD : v < 0 ? STYLE_BAD : STYLE_DIM;
}

/* One row, or two: what the pairs are, and which of each is which. */
static void draw_head(struct canvas *c, struct rect r, const struct columns *k, int rows)
{
    const int *col[] = {k->reward, k->advantage, k->push, k->change};
    static const char *const wide[] = {"reward", "advantage", "push on each token",
                                       "change of log-probability"};
    static const char *const narrow[] = {"reward", "advantage", "push", "change of logp"};
    int i;

    canvas_text(c, r, rows - 1, 2, STYLE_DIM, "#", -1);
    for (i = 0; i < 4; i++) {
        int at = col[i][0] ? col[i][0] : col[i][1];
        canvas_text(c, r, 0, at, STYLE_DIM,
                    k->numbers                ? wide[i]
                    : i == 3 && !k->change[0] ? "change"
                                              : narrow[i],
                    -1);
        if (rows > 1 && (k->numbers || i != 2)) {
            canvas_text(c, r, 1, col[i][0] + 2 * (i == 1), STYLE_DIM, "run", -1);
            canvas_text(c, r, 1, col[i][1], STYLE_DIM, "edited", -1);
        }
    }
}

static void draw_push(struct canvas *c, struct rect r, int row, int col, double push, int numbers)
{
    char text[FORMAT_BYTES];

    canvas_put(c, r, row, col, sign_style(push), push > 0 ? UP : push < 0 ? DOWN : NONE);
    if (numbers && push != 0)
        canvas_text(c, r, row, col + 2, STYLE_TEXT, format_number(text, fabs(push)), -1);
}

static void draw_change(struct canvas *c, struct rect r, int row, int col, const struct what_if *w, int side,
                        int i)
{
    enum style style;

    if (w->known[side] < WHAT_IF_KNOWN)
        return;
    style = w->known[side] == WHAT_IF_STALE ? STYLE_DIM : sign_style(w->change[side][i]);
    canvas_printf(c, r, row, col, style, fabs(w->change[side][i]) < 5e-4 ? "  0.000" : "%+7.3f",
                  w->change[side][i]);
}

static void draw_reward(struct canvas *c, struct rect r, int row, const struct what_if *w,
                        const struct columns *k, int i)
{
    double limit = 1;
    int side, n;

    for (side = 0; side < WHAT_IF_SIDES; side++)
        for (n = 0; n < w->n; n++)
            limit = fabs(w->advantage[side][n]) > limit ? fabs(w->advantage[side][n]) : limit;
    canvas_printf(c, r, row, 1, i == w->cursor ? STYLE_STRONG : STYLE_DIM, "%2d", i + 1);
    for (side = 0; side < WHAT_IF_SIDES; side++) {
        double a = w->advantage[side][i];
        int edited = side == WHAT_IF_EDITED && what_if_is_edited(w, i), end;
        end = canvas_printf(c, r, row, k->reward[side], edited ? STYLE_STRONG : STYLE_TEXT, "%4.2f",
                            w->reward[side][i]);
        if (edited)
            canvas_put(c, r, row, end, STYLE_MARK, '*');
        canvas_printf(c, r, row, k->advantage[side], sign_style(a), a == 0 ? "    0" : "%+5.2f", a);
        draw_push(c, r, row, k->push[side], w->push[side][i], k->numbers);
        if (k->change[side])
            draw_change(c, r, row, k->change[side], w, side, i);
    }
    if (k->bar)
        meter_bar(c, r, row, k->bar, k->bar_w, w->advantage[1][i], limit, sign_style(w->advantage[1][i]));
}

static void draw_total(struct canvas *c, struct rect r, int row, const struct what_if *w)
{
    int i, col = 4;

    for (i = 0; i < WHAT_IF_SIDES; i++) {
        if (i && !what_if_is_edited(w, -1))
            break;
        col = canvas_printf(c, r, row, col, STYLE_DIM, i ? "  edited: " : "");
        col = canvas_printf(c, r, row, col, STYLE_STRONG, "mean %.3f  std %.3f  ", w->mean[i], w->std[i]);
        col = canvas_text(c, r, row, col, w->flat[i] ? STYLE_WARNING : STYLE_DIM,
                          w->flat[i] ? "FLAT" : "not flat", -1);
    }
}

static void field_value(const struct what_if *w, int field, int side, char *out, size_t size)
{
    const struct what_if_objective *o = &w->objective[side];
    char number[FORMAT_BYTES];

    snprintf(out, size, "%s",
             field == FIELD_LOSS       ? o->loss_name
             : field == FIELD_STD      ? o->std_name
             : field == FIELD_EPS_LOW  ? format_number(number, o->eps_low)
             : field == FIELD_EPS_HIGH ? format_number(number, o->eps_high)
             : field == FIELD_BETA     ? format_number(number, o->beta)
             : side == WHAT_IF_REAL    ? ""
             : w->after                ? "after"
                                       : "start");
}

static void draw_field(struct canvas *c, struct rect r, int row, const struct what_if *w, int field)
{
    int edited = what_if_is_edited(w, w->n + field), end, gap = r.w >= MIDDLE ? 12 : 11;
    char value[24];

    canvas_text(c, r, row, 4, STYLE_TEXT, fields[field].name, -1);
    field_value(w, field, WHAT_IF_REAL, value, sizeof value);
    canvas_text(c, r, row, 14, STYLE_TEXT, value, -1);
    field_value(w, field, WHAT_IF_EDITED, value, sizeof value);
    end = canvas_text(c, r, row, 14 + gap, edited ? STYLE_STRONG : STYLE_TEXT, value, -1);
    if (edited)
        canvas_put(c, r, row, end, STYLE_MARK, '*');
    if (r.w >= MIDDLE)
        canvas_fit(c, r, row, 16 + 2 * gap, r.w - 16 - 2 * gap, STYLE_DIM, fields[field].what);
}

/* The direction in which each token of the chosen completion is pushed, the run's and the edited one. */
static void draw_strip(struct canvas *c, struct rect r, const struct what_if *w)
{
    const struct what_if_tokens *t = &w->tokens;
    static const char *const side_name[] = {"run", "edited"};
    static const char legend[] = "   ▲ likelier  ▼ less likely  c clipped  · no gradient";
    int i, side, col, room = r.w - 9;

    col = canvas_printf(c, r, 0, 1, STYLE_DIM, "completion %d: its %d tokens%s%s", t->index + 1, t->n,
                        r.w < MIDDLE               ? ""
                        : w->after && t->has_ratio ? " after the step"
                                                   : ", ratio 1",
                        r.w < MIDDLE ? ""
                        : t->has_kl  ? ", KL term included"
                                     : ", KL term unknown");
    if (col + canvas_width(c, legend, -1) < r.w)
        canvas_text(c, r, 0, col, STYLE_DIM, legend, -1);
    for (side = 0; side < WHAT_IF_SIDES; side++) {
        canvas_text(c, r, 1 + side, 1, STYLE_DIM, side_name[side], -1);
        for (i = 0; i < t->n && i < room; i++) {
            int s = t->sign[side][i];
            canvas_put(c, r, 1 + side, 8 + i, sign_style(s),
                       i == room - 1 && t->n > room ? 0x2026
                       : s > 0                      ? UP
                       : s < 0                      ? DOWN
                       : t->clipped[side][i]        ? 'c'
                                                    : NONE);
        }
    }
}

/* The last line: what is known of the update, or how to find it out. */
static void draw_news(struct canvas *c, struct rect r, int row, const struct view *v, const struct what_if *w)
{
    char text[192], norm[FORMAT_BYTES];
    enum style style = STYLE_DIM;

    if (w->why_not) {
        snprintf(text, sizeof text, "%s", w->why_not);
        style = STYLE_WARNING;
    } else if (v->probing) {
        snprintf(text, sizeof text, "finding out: %s  %.0f%%", v->probing,
                 100 * (v->probing_progress > 0 && v->probing_progress <= 1 ? v->probing_progress : 0));
        style = STYLE_ACCENT;
    } else if (w->known[WHAT_IF_EDITED] == WHAT_IF_STALE) {
        snprintf(text, sizeof text,
                 r.w >= MIDDLE ? "edited since: enter finds out anew what one update would bring"
                               : "edited since: enter asks anew");
        style = STYLE_WARNING;
    } else if (w->known[WHAT_IF_EDITED] == WHAT_IF_KNOWN) {
        snprintf(text, sizeof text,
                 r.w >= MIDDLE
                     ? "one update on this group alone, at the run's learning rate: gradient norm %s"
                     : "one update: gradient norm %s",
                 format_number(norm, w->grad_norm[WHAT_IF_EDITED]));
        style = STYLE_TEXT;
    } else if (r.w >= MIDDLE) {
        snprintf(text, sizeof text,
                 "enter: find out how one update on this group would change each log-probability");
    } else {
        snprintf(text, sizeof text, "enter: what would one update change?");
    }
    canvas_fit(c, r, row, 1, r.w - 2, style, text);
}

static void draw_lines(struct canvas *c, struct rect r, const struct what_if *w, const struct columns *k,
                       struct list *list)
{
    int i;

    list->n = w->n + 1 + FIELD_N;
    list->selected = w->cursor + (w->cursor >= w->n);
    list->top = list->selected - r.h / 2;
    list_clamp(list, r.h);
    for (i = 0; i < r.h && list->top + i < list->n; i++) {
        int line = list->top + i;
        if (line < w->n)
            draw_reward(c, r, i, w, k, line);
        else if (line == w->n)
            draw_total(c, r, i, w);
        else
            draw_field(c, r, i, w, line - w->n - 1);
        if (line == list->selected) {
            canvas_put(c, r, i, 0, STYLE_ACCENT, 0x25B8);
            canvas_select(c, r, i);
        }
    }
}

void pane_what_if(struct canvas *c, struct rect r, const struct view *v)
{
    const struct what_if *w = v->group_screen ? &v->group_screen->what_if : NULL;
    struct columns k;
    struct list list;
    struct rect inner, body;
    char title[160];
    int head, strip;

    if (!w || w->n < 1 || w->n > WHAT_IF_GROUP) {
        inner = pane_frame(c, r, v, PANE_WHAT_IF, "what if", "");
        paragraph_draw(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), inner.h > 3, 0, STYLE_DIM,
                       w && w->why_not ? w->why_not : "a group with rewards can be edited here");
        return;
    }
    snprintf(title, sizeof title, "what if   group %d   step %lld", w->group + 1, (long long)w->step);
    inner = pane_frame(c, r, v, PANE_WHAT_IF, title,
                       r.w >= 76 ? "a copy: nothing of the run is touched" : "a copy");
    k = place_columns(inner.w);
    head = inner.h >= w->n + FIELD_N + STRIP + 5 ? 2 : inner.h >= 7;
    strip = w->tokens.n > 0 && inner.h >= head + w->n + 1 + FIELD_N + 1 + STRIP;
    if (head)
        draw_head(c, inner, &k, head);
    body = rect_cut(inner, 0, head, inner.w, inner.h - head - 1 - (strip ? STRIP : 0));
    if (body.h > w->n + 1 + FIELD_N)
        body.h = w->n + 1 + FIELD_N;
    draw_lines(c, body, w, &k, &list);
    list_scrollbar(c, r, body, &list);
    if (strip) {
        int row = head + body.h, spare = inner.h - row - STRIP - 1;
        draw_strip(c, rect_cut(inner, 0, row + (spare > 0), inner.w, STRIP), w);
        draw_news(c, inner, row + STRIP + (spare > 0) + (spare > 1), v, w);
    } else {
        draw_news(c, inner, inner.h - 1, v, w);
    }
    pane_foot(c, r, "+ - change  e type a value  u the run's own", "enter one update  w back");
}
