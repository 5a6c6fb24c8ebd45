/* The desk's part of the group screen: which completion is chosen, in which order they stand, and the search.
 *
 * The chosen completion is the followed trace, which the trace and the objective screen show, too. A search
 * reads the step's texts from the store, once a step; of a step that is not on record it knows what the
 * screen knows: answers, what failed, and the followed text. */
#include "app/desk/desk_group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/vocab.h"
#include "engine/rl/objective.h"

enum { PAGE = 8, FAR = 100000 };

struct group_desk *group_desk(const struct desk *d)
{
    return (struct group_desk *)d->view.group_screen;
}

static enum status init(struct desk *d, struct err *e)
{
    struct group_desk *g = calloc(1, sizeof *g);

    if (!g)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    g->shown.hit_at = -1;
    d->view.group_screen = &g->shown;
    return ST_OK;
}

static void release(struct desk *d)
{
    struct group_desk *g = group_desk(d);

    if (g)
        str_free(&g->texts);
    free(g);
    d->view.group_screen = NULL;
}

/* Whether the step on screen can be read back: a step that is being made is not asked for time and again. */
static int is_on_record(const struct snapshot *s)
{
    return s->step > 0 && s->step <= s->committed &&
           (!s->is_live || (s->state != RUN_RUNNING && s->state != RUN_REPLAYING));
}

/* The texts of a step, decoded; returns whether they are there. */
static int read_texts(struct desk *d, const struct snapshot *s)
{
    struct group_desk *g = group_desk(d);
    struct query_step step;
    struct vocab vocab = {0};
    struct str words = {0};
    struct err e;
    int i, ok;

    if (g->texts_run == s->run_id && g->texts_step == s->step)
        return 1;
    g->texts_run = g->texts_step = 0;
    if (!is_on_record(s) || query_step(d->query, s->run_id, s->step, 1, &step, &e))
        return 0;
    str_clear(&g->texts);
    memset(g->text_at, 0, sizeof g->text_at);
    ok = !query_vocabulary(d->query, s->run_id, &words, &e) && !vocab_parse(&vocab, str_c(&words), &e);
    for (i = 0; ok && i < step.traces_n; i++) {
        const struct record_trace *t = &step.trace[i];
        long at = (long)t->group * s->group_size + t->index;
        if (!t->token || t->index >= s->group_size || at < 0 || at >= SNAP_TRACES)
            continue;
        g->text_at[at] = g->texts.n + 1;
        vocab_decode(&vocab, t->token, t->n, &g->texts);
        str_add_n(&g->texts, "", 1);
    }
    ok = ok && !g->texts.failed;
    if (ok) {
        g->texts_run = s->run_id;
        g->texts_step = s->step;
    }
    query_step_free(&step);
    vocab_release(&vocab);
    str_free(&words);
    return ok;
}

static int has(const struct desk *d, const struct snapshot *s, int at, const char *what)
{
    const struct group_desk *g = group_desk(d);
    const struct snap_follow *f = &s->follow;

    if (strcasestr(s->trace[at].why, what) || strcasestr(s->trace[at].answer, what))
        return 1;
    if (g->shown.has_texts && g->text_at[at])
        return strcasestr(str_c(&g->texts) + g->text_at[at] - 1, what) != NULL;
    return f->group >= 0 && f->group * s->group_size + f->index == at && f->prompt_n >= 0 &&
           f->prompt_n <= f->text_n && strcasestr(f->text + f->prompt_n, what) != NULL;
}

static int is_shown(const struct snapshot *s)
{
    return s && s->groups_n > 0 && s->group_size > 0 && s->groups_n * s->group_size <= SNAP_TRACES;
}

/* What a key or a command is about: it may come before the first frame. */
static void choose(struct desk *d)
{
    struct group_state *g = &group_desk(d)->shown;
    int group;

    d->view.now = desk_shown(d);
    group = view_group(&d->view);
    g->pinned =
        d->follow == FOLLOW_PINNED && group >= 0 && d->follow_group == group ? d->follow_index + 1 : 0;
}

/* Which completions have what is searched, and which of them, as they are listed, is the chosen one. */
static void mark_hits(struct desk *d)
{
    struct group_state *g = &group_desk(d)->shown;
    const struct snapshot *s = desk_shown(d);
    int order[SNAP_TRACES], group, i, n, here, chosen;

    choose(d);
    here = view_group(&d->view);
    chosen = group_chosen(&d->view);
    g->hits_n = 0;
    g->hit_at = -1;
    g->has_texts = 0;
    if (!g->find[0] || !is_shown(s))
        return;
    g->has_texts = read_texts(d, s);
    for (i = 0; i < s->groups_n * s->group_size; i++)
        g->hit[i] = (unsigned char)has(d, s, i, g->find);
    for (group = 0; group < s->groups_n; group++) {
        n = group_order(s, group, g->sort, g->filter, order);
        for (i = 0; i < n; i++) {
            if (!g->hit[group * s->group_size + order[i]])
                continue;
            if (group == here && order[i] == chosen)
                g->hit_at = g->hits_n;
            g->hits_n++;
        }
    }
}

void group_refresh(struct desk *d)
{
    struct group_desk *g = group_desk(d);
    const struct settings *set = desk_settings(d);
    const struct snapshot *s = desk_shown(d);
    int group, chosen;
    char value[sizeof g->shown.std] = "";

    choose(d);
    group = view_group(&d->view);
    g->shown.accuracy_weight = set ? set->rl.accuracy : NAN;
    g->shown.format_weight = set ? set->rl.format : NAN;
    if (set)
        snprintf(value, sizeof value, "%s",
                 set->rl.std == STD_NONE     ? "none"
                 : set->rl.std == STD_SAMPLE ? "sample"
                                             : "population");
    memcpy(g->shown.std, value, sizeof value);
    g->shown.has_critic = set && set->rl.loss == LOSS_PPO;
    chosen = group_chosen(&d->view);
    if (s && (s->step != g->scrolled_step || group != g->scrolled_group || chosen != g->scrolled_index)) {
        g->shown.scroll = 0;
        g->scrolled_step = s->step;
        g->scrolled_group = group;
        g->scrolled_index = chosen;
    }
    mark_hits(d);
}

static int refresh(struct desk *d)
{
    group_refresh(d);
    return 0;
}

static void follow(struct desk *d, int group, int index)
{
    desk_follow(d, FOLLOW_PINNED, group, index);
    group_refresh(d);
}

void group_move(struct desk *d, int by)
{
    const struct group_state *g = &group_desk(d)->shown;
    int order[SNAP_TRACES], group, chosen, at = -1, n, i;

    choose(d);
    group = view_group(&d->view);
    if (group < 0)
        return;
    chosen = group_chosen(&d->view);
    n = group_order(desk_shown(d), group, g->sort, g->filter, order);
    for (i = 0; i < n; i++)
        if (order[i] == chosen)
            at = i;
    if (!n)
        return;
    at = at < 0 ? 0 : at + by; /* what the filter hides is left for the first one shown */
    follow(d, group, order[at < 0 ? 0 : at >= n ? n - 1 : at]);
}

void group_turn(struct desk *d, int by)
{
    const struct group_state *g = &group_desk(d)->shown;
    const struct snapshot *s = desk_shown(d);
    int order[SNAP_TRACES], group, index, n, i;

    choose(d);
    group = view_group(&d->view);
    if (group < 0)
        return;
    index = group_chosen(&d->view);
    group = (group + by + s->groups_n) % s->groups_n;
    n = group_order(s, group, g->sort, g->filter, order);
    for (i = 0; i < n && order[i] != index; i++)
        ;
    if (i == n)
        index = n ? order[0] : 0;
    follow(d, group, index);
}

/* The places of what was found, as completions are listed from the first group on; returns how many. before:
 * how many of them stand before the chosen completion's group. */
static int list_hits(const struct group_state *g, const struct snapshot *s, int here, int hit[SNAP_TRACES],
                     int *before)
{
    int order[SNAP_TRACES], group, i, n, count = 0;

    *before = 0;
    for (group = 0; group < s->groups_n; group++) {
        if (group == here)
            *before = count;
        n = group_order(s, group, g->sort, g->filter, order);
        for (i = 0; i < n; i++)
            if (g->hit[group * s->group_size + order[i]])
                hit[count++] = group * s->group_size + order[i];
    }
    return count;
}

enum status group_find_next(struct desk *d, int by, struct err *e)
{
    const struct group_state *g = &group_desk(d)->shown;
    const struct snapshot *s = desk_shown(d);
    int hit[SNAP_TRACES], n, to, before;

    if (!g->find[0])
        return err_set(e, ST_USAGE, "find", "nothing is searched yet: / and a text");
    if (!is_shown(s))
        return err_set(e, ST_NOTFOUND, "find", "there is no group yet");
    mark_hits(d);
    n = list_hits(g, s, view_group(&d->view), hit, &before);
    if (!n)
        return err_set(e, ST_NOTFOUND, "find", "no completion of step %lld%s has '%s'%s", (long long)s->step,
                       g->filter == FILTER_ALL ? "" : " that is listed", g->find,
                       g->has_texts ? ""
                                    : "; its texts can be searched once it is committed and the run holds");
    to = g->hit_at >= 0 ? g->hit_at + by : by > 0 ? before : before - 1;
    to = (to % n + n) % n;
    follow(d, hit[to] / s->group_size, hit[to] % s->group_size);
    return ST_OK;
}

enum status group_find(struct desk *d, const char *text, struct err *e)
{
    struct group_state *g = &group_desk(d)->shown;
    const struct snapshot *s = desk_shown(d);
    enum status st;

    if (strlen(text) >= sizeof g->find)
        return err_set(e, ST_USAGE, "find", "a text of at most %zu bytes", sizeof g->find - 1);
    if (text[0] && s && s->committed > 0 && d->at < 0 &&
        (s->state == RUN_RUNNING || s->state == RUN_REPLAYING)) {
        st = desk_look(d, s->committed, e); /* what goes by cannot be searched */
        if (st)
            return st;
        desk_say(d, "step %lld, from the store; the run goes on, l looks at it again", (long long)d->at);
    }
    snprintf(g->find, sizeof g->find, "%s", text);
    mark_hits(d);
    if (!text[0] || g->hit_at >= 0)
        return ST_OK;
    st = group_find_next(d, 1, e);
    if (st)
        g->find[0] = 0;
    return st;
}

static void next_sort(struct desk *d)
{
    struct group_state *g = &group_desk(d)->shown;

    g->sort = (enum group_sort)((g->sort + 1) % SORT_N);
    desk_say(d, "completions by %s", group_sort_name(g->sort));
}

/* A filter that hides the chosen completion moves on to the first one that it shows. */
static void next_filter(struct desk *d)
{
    struct group_state *g = &group_desk(d)->shown;

    g->filter = (enum group_filter)((g->filter + 1) % FILTER_N);
    desk_say(d, g->filter == FILTER_ALL ? "all completions" : "only completions: %s",
             group_filter_name(g->filter));
    group_move(d, 0);
}

static void complain(struct desk *d, enum status st, const struct err *e)
{
    if (st)
        desk_fail(d, e);
}

static void move(struct desk *d, int by)
{
    struct group_state *g = &group_desk(d)->shown;

    if (d->view.focus == PANE_COMPLETION) {
        g->scroll += by;
        g->scroll = g->scroll < -FAR ? -FAR : g->scroll > FAR ? FAR : g->scroll;
    } else {
        group_move(d, by);
    }
}

static int request(struct desk *d, enum request r, int argument)
{
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
    case REQUEST_ENTER: desk_show_screen(d, SCREEN_TRACE); return 1;
    case REQUEST_SORT: next_sort(d); return 1;
    case REQUEST_FILTER: next_filter(d); return 1;
    case REQUEST_FIND: desk_prompt(d, "find "); return 1;
    case REQUEST_FIND_NEXT: complain(d, group_find_next(d, 1, &e), &e); return 1;
    case REQUEST_FIND_PREVIOUS: complain(d, group_find_next(d, -1, &e), &e); return 1;
    case REQUEST_WHAT_IF: complain(d, what_if_enter(d, &e), &e); return 1;
    case REQUEST_ZOOM:
        if (d->view.focus == PANE_NONE)
            d->view.focus = PANE_COMPLETIONS;
        return 0;
    default: return 0;
    }
}

const struct desk_screen desk_group = {init, release, refresh, request};
