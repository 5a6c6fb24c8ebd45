/* The desk's part of the attention pane: which head, and the question to the probe.
 *
 * A head costs one forward of one trace, so it is asked for when it comes on screen and not before. What is
 * known of another trace or head is not shown. */
#include "app/desk/desk_attention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "views/attention_state.h"
#include "views/trace_text.h"

enum status desk_attention_init(struct desk *d, struct err *e)
{
    d->view.attention = calloc(1, sizeof *d->view.attention);
    return d->view.attention ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a pane");
}

void desk_attention_release(struct desk *d)
{
    free(d->view.attention);
    d->view.attention = NULL;
}

static int is_seen(const struct desk *d)
{
    struct layout l;

    view_layout(&d->view, d->canvas.w, d->canvas.h, &l);
    return layout_find(&l, PANE_ATTENTION) != NULL;
}

/* The sizes of the open run's model; the head that is looked at is one of them. */
static void fit_to_model(struct desk *d, struct attention_state *s)
{
    const struct settings *set = desk_settings(d);

    s->layers_n = set ? set->model.layers_n : 0;
    s->heads_n = set ? set->model.heads_n : 0;
    if (s->layers_n && s->layer >= s->layers_n)
        s->layer = s->layers_n - 1;
    if (s->heads_n && s->head >= s->heads_n)
        s->head = s->heads_n - 1;
}

static int is_of(const struct attention_facts *f, const struct snapshot *now, const struct attention_state *s)
{
    return f->version && f->run == now->run_id && f->step == now->step && f->group == now->follow.group &&
           f->index == now->follow.index && f->n <= now->follow.tokens_n && f->layer == s->layer &&
           f->head == s->head;
}

/* Notes what is asked for; returns whether it is another thing than before. */
static int note(struct attention_state *s, const struct snapshot *now)
{
    int is_new = s->asked_run != now->run_id || s->asked_step != now->step ||
                 s->asked_group != now->follow.group || s->asked_index != now->follow.index ||
                 s->asked_n != now->follow.tokens_n || s->asked_layer != s->layer || s->asked_head != s->head;

    s->asked_run = now->run_id;
    s->asked_step = now->step;
    s->asked_group = now->follow.group;
    s->asked_index = now->follow.index;
    s->asked_n = now->follow.tokens_n;
    s->asked_layer = s->layer;
    s->asked_head = s->head;
    return is_new;
}

void desk_attention_refresh(struct desk *d)
{
    struct attention_state *s = d->view.attention;
    const struct snapshot *now = desk_shown(d);
    int is_racing = d->at < 0 && (d->live->state == RUN_RUNNING || d->live->state == RUN_REPLAYING);
    struct probe_question q;
    struct err e;

    s->facts = NULL;
    if (!now || !trace_text_follow(&d->view) || !is_seen(d))
        return;
    fit_to_model(d, s);
    if (is_of(d->attention, now, s))
        s->facts = d->attention;
    if (note(s, now))
        s->refused[0] = 0;
    if ((s->facts && s->facts->n == now->follow.tokens_n) || is_racing || s->refused[0] || d->probing[0] ||
        now->follow.tokens_n < 1)
        return;
    if (desk_question(d, PROBE_ATTENTION, &q, &e)) {
        snprintf(s->refused, sizeof s->refused, "%s", e.msg);
        return;
    }
    q.layer = s->layer;
    q.head = s->head;
    if (probe_ask(&d->probe, &q, &e))
        snprintf(s->refused, sizeof s->refused, "%s", e.msg);
}

static void show(struct desk *d)
{
    struct view *v = &d->view;

    v->zoom = v->zoom == PANE_ATTENTION ? PANE_NONE : PANE_ATTENTION;
    v->focus = v->zoom == PANE_ATTENTION || is_seen(d) ? PANE_ATTENTION : PANE_TEXT;
}

/* Brings the pane on screen where it is not. */
static void bring(struct desk *d)
{
    if (!is_seen(d))
        d->view.zoom = d->view.focus = PANE_ATTENTION;
}

int desk_attention_request(struct desk *d, enum request r, int argument)
{
    struct attention_state *s = d->view.attention;

    if (r != REQUEST_ATTENTION && r != REQUEST_HEAD && r != REQUEST_HEAD_LAYER)
        return 0;
    fit_to_model(d, s);
    if (r == REQUEST_ATTENTION) {
        show(d);
        return 1;
    }
    bring(d);
    if (r == REQUEST_HEAD && s->heads_n)
        s->head = (s->head + argument + s->heads_n) % s->heads_n;
    if (r == REQUEST_HEAD_LAYER && s->layers_n)
        s->layer = (s->layer + argument + s->layers_n) % s->layers_n;
    desk_say(d, "attention: layer %d, head %d", s->layer + 1, s->head + 1);
    return 1;
}

enum status command_attention(struct desk *d, const struct command_line *l, struct err *e)
{
    struct attention_state *s = d->view.attention;
    long long layer = s->layer + 1, head = s->head + 1;

    fit_to_model(d, s);
    if (l->argc > 0 && command_integer(l->argv[0], "a layer", 1, &layer, e))
        return ST_USAGE;
    if (l->argc > 1 && command_integer(l->argv[1], "a head", 1, &head, e))
        return ST_USAGE;
    if (s->layers_n && (layer > s->layers_n || head > s->heads_n))
        return err_set(e, ST_USAGE, "attention", "the model has layers 1 to %d and heads 1 to %d",
                       s->layers_n, s->heads_n);
    s->layer = (int)layer - 1;
    s->head = (int)head - 1;
    if (d->view.screen != SCREEN_TRACE)
        desk_show_screen(d, SCREEN_TRACE);
    d->view.zoom = d->view.focus = PANE_ATTENTION;
    return ST_OK;
}
