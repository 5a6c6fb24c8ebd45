/* The header: which run, where it stands, what it is doing.
 *
 * From the left: the run, its step and time; from the right its state, which never gives way.
 * The strip of phases takes what is left of the line, or the second one; where it does
 * not fit whole, only the phase under way is named. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"

enum { GAUGE = 7, SHORT_GAUGE = 5 };

static int is_grpo(const struct snapshot *s)
{
    return !strcmp(s->stage, "grpo");
}

/* Whether a phase belongs to the stage that the run is in. Evaluation is shown only while it lasts. */
static int has_phase(const struct snapshot *s, enum phase p)
{
    if (p == PHASE_EVALUATE)
        return s->phase == PHASE_EVALUATE;
    return is_grpo(s) || p == PHASE_DRAW || p == PHASE_UPDATE || p == PHASE_BALANCE || p == PHASE_COMMIT;
}

static int is_under_way(const struct snapshot *s)
{
    return s->is_live && (s->state == RUN_RUNNING || s->state == RUN_PAUSED || s->state == RUN_REPLAYING);
}

static int strip_width(const struct snapshot *s)
{
    int p, w = 0;

    for (p = 0; p < PHASE_N; p++)
        if (has_phase(s, (enum phase)p))
            w += (w ? 3 : 0) + (int)strlen(phase_name((enum phase)p));
    return w + GAUGE + 1;
}

static int draw_now(struct canvas *c, struct rect r, int row, int col, const struct snapshot *s, int gauge)
{
    const char *name = phase_name(s->phase);
    enum style style = s->state == RUN_PAUSED ? STYLE_WARNING : STYLE_ACCENT;

    for (; *name; name++)
        col += canvas_put(c, r, row, col, style, (uint32_t)toupper((unsigned char)*name));
    meter_gauge(c, r, row, col + 1, gauge, s->progress, style);
    return col + 1 + gauge;
}

static void draw_strip(struct canvas *c, struct rect r, int row, int col, const struct snapshot *s)
{
    int p, first = 1;

    for (p = 0; p < PHASE_N; p++) {
        if (!has_phase(s, (enum phase)p))
            continue;
        if (!first)
            col = canvas_text(c, r, row, col, STYLE_BORDER, " · ", -1);
        first = 0;
        if (p == (int)s->phase && is_under_way(s))
            col = draw_now(c, r, row, col, s, GAUGE);
        else
            col = canvas_text(c, r, row, col, STYLE_DIM, phase_name((enum phase)p), -1);
    }
}

/* The state at the right end; returns its first column. */
static int draw_state(struct canvas *c, struct rect r, const struct snapshot *s)
{
    static const enum style style[] = {
        [RUN_IDLE] = STYLE_DIM, [RUN_RUNNING] = STYLE_ACCENT, [RUN_PAUSED] = STYLE_PAUSED,
        [RUN_REPLAYING] = STYLE_REPLAYING, [RUN_DONE] = STYLE_STRONG, [RUN_FAILED] = STYLE_ERROR};
    char text[64];
    size_t i;

    if (!s->is_live)
        snprintf(text, sizeof text, "FROM THE STORE");
    else if (s->state == RUN_REPLAYING && s->head > s->committed)
        snprintf(text, sizeof text, " REPLAYING to %lld ", (long long)s->head);
    else if (s->state == RUN_RUNNING)
        snprintf(text, sizeof text, "▶ RUNNING");
    else if (s->state == RUN_DONE && r.w >= 80)
        snprintf(text, sizeof text, "DONE: space goes on");
    else {
        snprintf(text, sizeof text, " %s ", run_state_name(s->state));
        for (i = 0; text[i]; i++)
            text[i] = (char)toupper((unsigned char)text[i]);
    }
    return canvas_right(c, r, 0, r.w - 1,
                        !s->is_live ? STYLE_REPLAYING : style[s->state <= RUN_FAILED ? s->state : 0], text);
}

/* That there are breakpoints, or which of them has stopped the run where it stands; left of the state.
 * Returns its first column. */
static int draw_breaks(struct canvas *c, struct rect r, const struct view *v, int end)
{
    const struct snapshot *s = v->now;
    char text[32];
    int i, on = 0, hit = 0;

    for (i = 0; i < v->breaks_n; i++) {
        on += v->breaks[i].is_on;
        if (!hit && s->is_live && s->state == RUN_PAUSED && v->breaks[i].run == s->run_id &&
            v->breaks[i].step == s->committed)
            hit = v->breaks[i].number;
    }
    if (!v->breaks_n || r.w < 48)
        return end;
    if (hit)
        snprintf(text, sizeof text, r.w >= 72 ? "● break %d hit" : "●%d hit", hit);
    else
        snprintf(text, sizeof text, r.w >= 72 ? "● %d break%s" : "●%d", on, on == 1 ? "" : "s");
    return canvas_right(c, r, 0, end - 1, hit ? STYLE_WARNING : on ? STYLE_KEY : STYLE_DIM, text) - 1;
}

void pane_header(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snapshot *s = v->now;
    char clock[FORMAT_BYTES], text[160];
    int col, end, room;

    if (!s || !s->run[0]) {
        canvas_text(c, r, 0, 1, STYLE_TITLE, "grpolab", -1);
        canvas_text(c, r, 0, 10, STYLE_DIM, "no run is open", -1);
        return;
    }
    end = draw_breaks(c, r, v, draw_state(c, r, s) - 1);
    col = 1;
    if (r.w >= 64)
        col = canvas_text(c, rect_cut(r, 0, 0, end, r.h), 0, col, STYLE_TITLE, "grpolab", -1) + 2;
    room = end - col - 12;
    snprintf(text, sizeof text, "%s", s->run);
    col = canvas_fit(c, r, 0, col, room < 6 ? 6 : room > 32 ? 32 : room, STYLE_STRONG, text);
    if (strcmp(s->preset, s->run) && r.w >= 92)
        col = canvas_printf(c, rect_cut(r, 0, 0, end, r.h), 0, col, STYLE_DIM, " · %s", s->preset);
    if (r.w >= 64)
        col = canvas_printf(c, rect_cut(r, 0, 0, end, r.h), 0, col + 2, STYLE_TEXT, "%s", s->stage);
    col = canvas_printf(c, rect_cut(r, 0, 0, end, r.h), 0, col + (r.w >= 64 ? 2 : 1), STYLE_TEXT,
                        r.w >= 48 ? "step %lld" : "%lld", (long long)s->step);
    if (r.w >= 64)
        col =
            canvas_printf(c, rect_cut(r, 0, 0, end, r.h), 0, col + 2, STYLE_TEXT, is_grpo(s) ? "RL %s" : "%s",
                          format_clock(clock, is_grpo(s) ? s->rl_seconds : s->seconds));
    if (r.h > 1 && strip_width(s) + 1 <= r.w)
        draw_strip(c, r, 1, 1, s);
    else if (r.h > 1)
        draw_now(c, r, 1, 1, s, GAUGE);
    else if (col + 3 + strip_width(s) < end)
        draw_strip(c, r, 0, end - strip_width(s) - 1 > col + 6 ? col + 6 : col + 3, s);
    else if (is_under_way(s) && col + 2 + (int)strlen(phase_name(s->phase)) + SHORT_GAUGE + 1 < end)
        draw_now(c, r, 0, col + 2, s, SHORT_GAUGE);
}

void pane_too_small(struct canvas *c, struct rect r, const struct view *v)
{
    char need[64];

    (void)v;
    snprintf(need, sizeof need, "this needs %d by %d", LAYOUT_MIN_W, LAYOUT_MIN_H);
    canvas_printf(c, r, r.h / 2 > 0 ? r.h / 2 - 1 : 0, 0, STYLE_WARNING, "%d by %d: too small", c->w, c->h);
    if (r.h > 1)
        canvas_fit(c, r, r.h / 2 > 0 ? r.h / 2 : 1, 0, r.w, STYLE_TEXT, need);
}
