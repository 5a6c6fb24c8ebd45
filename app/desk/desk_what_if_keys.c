/* The what-if screen on the desk: its keys, and what is typed. Only the edited side of the copy is written
 * to. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_group.h"
#include "engine/rl/objective.h"

static const char *const field_names[FIELD_N] = {"loss", "std", "eps_low", "eps_high", "beta", "ratio"};

static struct what_if *edited(const struct desk *d)
{
    return &group_desk(d)->shown.what_if;
}

static int refresh(struct desk *d)
{
    group_refresh(d);
    what_if_refresh(d);
    return 0;
}

enum status what_if_enter(struct desk *d, struct err *e)
{
    const struct snapshot *s = desk_shown(d);
    enum status st;

    if (!s || strcmp(s->stage, "grpo"))
        return err_set(e, ST_NOTFOUND, "what-if", "there is no group: nothing is sampled in this stage");
    if (d->at < 0 && (s->state == RUN_RUNNING || s->state == RUN_REPLAYING)) {
        st = desk_look(d, s->committed, e); /* what goes by cannot be edited */
        if (st)
            return st;
        desk_say(d, "step %lld, from the store; the run goes on, l looks at it again", (long long)d->at);
    }
    desk_show_screen(d, SCREEN_WHAT_IF);
    d->view.focus = PANE_WHAT_IF;
    group_refresh(d);
    what_if_refresh(d);
    return ST_OK;
}

void what_if_leave(struct desk *d)
{
    desk_show_screen(d, SCREEN_GROUP);
}

enum status what_if_reward(struct desk *d, int i, double value, struct err *e)
{
    struct what_if *w = edited(d);

    if (!w->n && w->why_not)
        return err_set(e, ST_USAGE, "what-if", "%s", w->why_not);
    if (i < 0 || i >= w->n)
        return err_set(e, ST_USAGE, "what-if", "the group has completions 1 to %d, not %d", w->n, i + 1);
    if (!isfinite(value) || fabs(value) > 1000)
        return err_set(e, ST_USAGE, "what-if", "a reward is a number from -1000 to 1000");
    w->reward[WHAT_IF_EDITED][i] = round(value * 1e6) / 1e6;
    return ST_OK;
}

static enum status set_ratio(struct desk *d, int after, struct err *e)
{
    struct what_if *w = edited(d);

    w->after = after;
    if (after && !w->tokens.has_ratio)
        return desk_probe(d, PROBE_TOKENS, -1, 0, e);
    return ST_OK;
}

/* The settings' own table checks what is typed. */
enum status what_if_set(struct desk *d, const char *key, const char *value, struct err *e)
{
    struct what_if_objective *o = &edited(d)->objective[WHAT_IF_EDITED];
    const struct settings *set = desk_settings(d);
    struct settings *copy;
    enum status st;
    char whole[32];
    int i;

    for (i = 0; i < FIELD_N && strcmp(key, field_names[i]); i++)
        ;
    if (!edited(d)->n && edited(d)->why_not)
        return err_set(e, ST_USAGE, "what-if", "%s", edited(d)->why_not);
    if (i == FIELD_N || !set)
        return err_set(e, ST_USAGE, "what-if",
                       "it is reward, loss, std, eps_low, eps_high, beta or ratio, not '%s'", key);
    if (i == FIELD_RATIO) {
        if (strcmp(value, "start") && strcmp(value, "after"))
            return err_set(e, ST_USAGE, "what-if", "ratio is start or after, not '%s'", value);
        return set_ratio(d, value[0] == 'a', e);
    }
    copy = malloc(sizeof *copy);
    if (!copy)
        return err_set(e, ST_NOMEM, "what-if", "no memory for settings");
    *copy = *set;
    snprintf(whole, sizeof whole, "rl.%s", key);
    st = settings_set(copy, STAGE_GRPO, whole, value, NULL, e);
    if (!st && i == FIELD_LOSS && copy->rl.loss >= LOSS_KIND_N)
        st = err_set(e, ST_USAGE, "what-if", "loss is one of: %s", LOSS_CHOICES);
    if (!st) {
        switch ((enum what_if_field)i) {
        case FIELD_LOSS: o->loss = copy->rl.loss; break;
        case FIELD_STD: o->std = copy->rl.std; break;
        case FIELD_EPS_LOW: o->eps_low = copy->rl.eps_low; break;
        case FIELD_EPS_HIGH: o->eps_high = copy->rl.eps_high; break;
        default: o->beta = copy->rl.beta; break;
        }
        what_if_name(o);
    }
    free(copy);
    return st;
}

void what_if_reset(struct desk *d)
{
    struct what_if *w = edited(d);

    memcpy(w->reward[WHAT_IF_EDITED], w->reward[WHAT_IF_REAL], sizeof w->reward[0]);
    w->objective[WHAT_IF_EDITED] = w->objective[WHAT_IF_REAL];
    w->after = 0;
}

/* 0, then 1 2 5 in each power of ten: what one tries for a beta. */
static double next_beta(double v, int up)
{
    static const double step[] = {0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10};
    int i, n = (int)(sizeof step / sizeof *step);

    if (up) {
        for (i = 0; i < n - 1 && step[i] <= v + 1e-12; i++)
            ;
        return step[i];
    }
    for (i = n - 1; i > 0 && step[i] >= v - 1e-12; i--)
        ;
    return step[i];
}

static double clamp(double v, double low, double high)
{
    v = round(v * 1e6) / 1e6;
    return v < low ? low : v > high ? high : v;
}

/* The row under the cursor, one notch up or down. */
static void notch(struct desk *d, int by)
{
    struct what_if *w = edited(d);
    struct what_if_objective *o = &w->objective[WHAT_IF_EDITED];
    struct err e;

    if (w->cursor < w->n) {
        double *reward = &w->reward[WHAT_IF_EDITED][w->cursor];
        *reward = clamp(*reward + 0.1 * by, -1000, 1000);
        return;
    }
    switch ((enum what_if_field)(w->cursor - w->n)) {
    case FIELD_LOSS: o->loss = (o->loss + by + LOSS_KIND_N) % LOSS_KIND_N; break;
    case FIELD_STD: o->std = (o->std + by + 3) % 3; break;
    case FIELD_EPS_LOW: o->eps_low = clamp(o->eps_low + 0.05 * by, 0, 1); break;
    case FIELD_EPS_HIGH: o->eps_high = clamp(o->eps_high + 0.05 * by, 0, 100); break;
    case FIELD_BETA: o->beta = next_beta(o->beta, by > 0); break;
    default:
        if (set_ratio(d, !w->after, &e))
            desk_fail(d, &e);
    }
    what_if_name(o);
}

static void back_to_the_run(struct desk *d)
{
    struct what_if *w = edited(d);
    struct what_if_objective *o = &w->objective[WHAT_IF_EDITED], *own = &w->objective[WHAT_IF_REAL];

    if (w->cursor < w->n) {
        w->reward[WHAT_IF_EDITED][w->cursor] = w->reward[WHAT_IF_REAL][w->cursor];
        return;
    }
    switch ((enum what_if_field)(w->cursor - w->n)) {
    case FIELD_LOSS: o->loss = own->loss; break;
    case FIELD_STD: o->std = own->std; break;
    case FIELD_EPS_LOW: o->eps_low = own->eps_low; break;
    case FIELD_EPS_HIGH: o->eps_high = own->eps_high; break;
    case FIELD_BETA: o->beta = own->beta; break;
    default: w->after = 0;
    }
    what_if_name(o);
}

static void type_value(struct desk *d)
{
    const struct what_if *w = edited(d);
    char text[64];

    if (w->cursor < w->n)
        snprintf(text, sizeof text, "what-if reward %d ", w->cursor + 1);
    else
        snprintf(text, sizeof text, "what-if %s ", field_names[w->cursor - w->n]);
    desk_prompt(d, text);
}

/* The cursor; on a reward it chooses that completion. */
static void move(struct desk *d, int by)
{
    struct what_if *w = edited(d);
    int last = w->n + FIELD_N - 1, to = w->cursor + by;

    if (!w->n)
        return;
    w->cursor = to < 0 ? 0 : to > last ? last : to;
    if (w->cursor < w->n)
        desk_follow(d, FOLLOW_PINNED, w->group, w->cursor);
}

static int request(struct desk *d, enum request r, int argument)
{
    enum { PAGE = 8 };
    struct err e;
    int by = desk_motion(r, PAGE);

    (void)argument;
    if (by) {
        move(d, by);
        return 1;
    }
    switch (r) {
    case REQUEST_LEFT:
    case REQUEST_PREVIOUS_GROUP: group_turn(d, -1); return 1;
    case REQUEST_RIGHT:
    case REQUEST_NEXT_GROUP: group_turn(d, 1); return 1;
    case REQUEST_RAISE: notch(d, 1); return 1;
    case REQUEST_LOWER: notch(d, -1); return 1;
    case REQUEST_TYPE: type_value(d); return 1;
    case REQUEST_RESET: back_to_the_run(d); return 1;
    case REQUEST_ENTER:
        if (what_if_run(d, &e))
            desk_fail(d, &e);
        return 1;
    case REQUEST_CLOSE:
    case REQUEST_BACK_OUT:
        if (d->view.zoom != PANE_NONE)
            return 0;
        what_if_leave(d);
        return 1;
    case REQUEST_WHAT_IF: what_if_leave(d); return 1;
    case REQUEST_ZOOM:
        if (d->view.focus == PANE_NONE)
            d->view.focus = PANE_WHAT_IF;
        return 0;
    default: return 0;
    }
}

const struct desk_screen desk_what_if = {NULL, NULL, refresh, request};
