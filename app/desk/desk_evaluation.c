/* The desk's part of the evaluation screen: evaluations from the store, problems from the task,
 * difficulties from the task's own scale.
 *
 * A run's evaluations are few and are read whole when it has moved on. Those before a fork are its
 * parent's, and the last one of the stage before shows where the run began; both count only where the
 * task's settings are the same, for a problem's number means the same problem only then. Weighing
 * difficulties can take the task a while, so it is done in slices between frames. Invariant: `shown` is of
 * run shown.run, and task is of its settings. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_compute.h"
#include "app/desk/desk_read.h"
#include "app/desk/desk_screen.h"
#include "views/evaluation_state.h"

enum { LINE_MAX = 64 };
#define SLICE_SECONDS 0.008

/* The view points at `shown`, the first member. */
struct evaluation_desk {
    struct evaluation_state shown;
    struct settings set;
    void *task;             /* opened; NULL: none */
    int64_t task_of;        /* the run that it is of */
};

static struct evaluation_desk *own(const struct desk *d)
{
    return (struct evaluation_desk *)(void *)d->view.evaluation;
}

static enum status init(struct desk *d, struct err *e)
{
    struct evaluation_desk *x = calloc(1, sizeof *x);
    struct evaluation_state *s;

    if (!x)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    d->view.evaluation = s = &x->shown;
    s->at = s->before = -1;
    s->bucket_pass_1 = calloc((size_t)BUCKETS_KEPT * EVALUATIONS_KEPT, sizeof *s->bucket_pass_1);
    s->bucket_pass_k = calloc((size_t)BUCKETS_KEPT * EVALUATIONS_KEPT, sizeof *s->bucket_pass_k);
    s->step = calloc((size_t)6 * EVALUATIONS_KEPT + EVALUATIONS_KEPT, sizeof *s->step);
    s->k = calloc((size_t)2 * EVALUATIONS_KEPT, sizeof *s->k);
    if (!s->bucket_pass_1 || !s->bucket_pass_k || !s->step || !s->k)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    s->sampled = s->k + EVALUATIONS_KEPT;
    s->pass_1 = s->step + EVALUATIONS_KEPT;
    s->pass_k = s->pass_1 + EVALUATIONS_KEPT;
    s->maj_k = s->pass_k + EVALUATIONS_KEPT;
    s->length = s->maj_k + EVALUATIONS_KEPT;
    s->r1_pass_1 = s->length + EVALUATIONS_KEPT;
    s->r1_maj_k = s->r1_pass_1 + EVALUATIONS_KEPT;
    return desk_compute_init(&d->compute, d->session->store_path, d->session->box.wake, e);
}

static void close_task(struct evaluation_desk *x)
{
    if (x->task)
        x->set.scenario->close(x->task);
    x->task = NULL;
    x->task_of = 0;
}

static void release(struct desk *d)
{
    struct evaluation_desk *x = own(d);

    desk_compute_release(d->compute);
    d->compute = NULL;
    if (!x)
        return;
    close_task(x);
    free(x->shown.bucket_pass_1);
    free(x->shown.bucket_pass_k);
    free(x->shown.step);
    free(x->shown.k);
    free(x->shown.right);
    free(x->shown.problem);
    free(x->shown.order);
    free(x);
    d->view.evaluation = NULL;
}

/* Evaluations that are to be shown, with the run that each is of. */
struct rows {
    int n;
    struct query_evaluation *row[LINE_MAX];
    int rows_n[LINE_MAX];
    int64_t until[LINE_MAX];          /* of that run: its evaluations up to there count */
    int is_start[LINE_MAX];           /* of the stage before: only its last one */
    int parts;
    char start[NAME_BYTES];
};

static int same_task(const struct settings *a, const struct settings *b)
{
    return a->scenario == b->scenario && !memcmp(a->task, b->task, a->scenario->config_bytes);
}

/* The run itself, what it was forked from, and the stage before; oldest last. */
static enum status read_rows(struct desk *d, const struct record_run *run, const struct settings *set,
                             struct rows *out, struct err *e)
{
    struct record_run at = *run, parent;
    struct settings other;
    int64_t until = run->step;
    char id[24];
    enum status st;

    memset(out, 0, sizeof *out);
    for (;;) {
        st = query_evaluations(d->query, at.id, &out->row[out->parts], &out->rows_n[out->parts], e);
        if (st)
            return st;
        out->until[out->parts] = until;
        out->parts++;
        if (!at.parent || out->parts == LINE_MAX || out->is_start[out->parts - 1])
            return ST_OK;
        snprintf(id, sizeof id, "%lld", (long long)at.parent);
        if (query_run(d->query, id, &parent, e) || session_settings(d->query, parent.id, &other, e) ||
            !same_task(set, &other))
            return ST_OK;
        out->is_start[out->parts] = strcmp(parent.stage, at.stage) != 0;
        if (out->is_start[out->parts])
            snprintf(out->start, sizeof out->start, "%s", parent.name);
        until = out->is_start[out->parts] ? parent.step : at.parent_step < until ? at.parent_step : until;
        at = parent;
    }
}

static void free_rows(struct rows *r)
{
    int i;

    for (i = 0; i < r->parts; i++)
        query_evaluations_free(r->row[i], r->rows_n[i]);
}

/* The evaluations in order of their steps: the first of a step is the usual one, a second one R1's. */
static void put_row(struct evaluation_state *s, const struct query_evaluation *q, double step, int is_start,
                    const uint8_t **right)
{
    int i = s->n;

    if (i > 0 && s->step[i - 1] == step && is_start == (s->has_start && i == 1)) {
        s->r1_pass_1[i - 1] = q->e.pass_1;
        s->r1_maj_k[i - 1] = q->e.maj_k;
        return;
    }
    if (i == EVALUATIONS_KEPT) { /* the oldest gives way */
        double *column[] = {s->step, s->pass_1, s->pass_k, s->maj_k, s->length, s->r1_pass_1, s->r1_maj_k};
        size_t c;
        i--;
        for (c = 0; c < sizeof column / sizeof *column; c++)
            memmove(column[c], column[c] + 1, (size_t)i * sizeof **column);
        memmove(s->k, s->k + 1, (size_t)i * sizeof *s->k);
        memmove(s->sampled, s->sampled + 1, (size_t)i * sizeof *s->sampled);
        memmove(right, right + 1, (size_t)i * sizeof *right);
        s->has_start = 0;
    }
    s->has_start |= is_start;
    s->step[i] = step;
    s->pass_1[i] = q->e.pass_1;
    s->pass_k[i] = q->e.pass_k;
    s->maj_k[i] = q->e.maj_k;
    s->length[i] = q->e.mean_length;
    s->r1_pass_1[i] = s->r1_maj_k[i] = NAN;
    s->k[i] = q->e.k > 0 ? q->e.k : 1;
    s->sampled[i] = q->e.right ? q->e.problems : 0;
    right[i] = q->e.right;
    s->n = i + 1;
}

static void put_rows(struct evaluation_state *s, const struct rows *r, const uint8_t **right)
{
    int part, i;

    s->n = s->has_start = 0;
    for (part = r->parts - 1; part >= 0; part--) {
        int64_t last = r->rows_n[part] ? r->row[part][r->rows_n[part] - 1].step : 0;
        for (i = 0; i < r->rows_n[part]; i++) {
            const struct query_evaluation *q = &r->row[part][i];
            if (q->step > r->until[part] || (r->is_start[part] && q->step != last))
                continue;
            put_row(s, q, r->is_start[part] ? 0 : (double)q->step, r->is_start[part], right);
        }
    }
}

/* Problems by their numbers, and what each evaluation found of them. */
static enum status put_problems(struct evaluation_desk *x, const uint8_t *const *right, struct err *e)
{
    struct evaluation_state *s = &x->shown;
    const struct scenario *k = x->set.scenario;
    struct str prompt = {0};
    struct problem p;
    int i, j, n = 0, held = k->held_out_n(x->task), known = s->problems_n;
    struct held_problem *problem;

    for (i = 0; i < s->n; i++)
        n = s->sampled[i] > n ? s->sampled[i] : n;
    n = n < held ? n : held;
    n = n < PROBLEMS_KEPT ? n : PROBLEMS_KEPT;
    free(s->right);
    s->right = malloc((size_t)(s->n * n) + 1);
    free(s->order);
    s->order = calloc((size_t)n + 1, sizeof *s->order);
    problem = realloc(s->problem, ((size_t)n + 1) * sizeof *problem);
    if (problem)
        s->problem = problem;
    if (!s->right || !s->order || !problem) {
        s->n = s->problems_n = s->list.n = 0;
        return err_set(e, ST_NOMEM, "evaluation", "no memory for %d problems", n);
    }
    for (i = known; i < n; i++) {
        k->held_out(x->task, i, &p);
        str_clear(&prompt);
        k->prompt(x->task, &p, &prompt);
        memset(&s->problem[i], 0, sizeof s->problem[i]);
        moment_prompt(str_c(&prompt), s->problem[i].text, sizeof s->problem[i].text);
        s->problem[i].bucket = -1;
    }
    for (i = 0; i < s->n; i++)
        for (j = 0; j < n; j++)
            s->right[(size_t)i * (size_t)n + (size_t)j] = right[i] && j < s->sampled[i] ? right[i][j]
                                                                                        : NOT_SAMPLED;
    s->problems_n = n;
    s->weighed_n = s->weighed_n < n ? s->weighed_n : n;
    s->list.n = s->list.n < n ? s->list.n : 0; /* order is new */
    str_free(&prompt);
    return ST_OK;
}

static enum status open_task(struct desk *d, const struct record_run *run, struct err *e)
{
    struct evaluation_desk *x = own(d);
    struct evaluation_state *s = &x->shown;
    enum status st;

    if (x->task_of == run->id)
        return ST_OK;
    close_task(x);
    st = session_settings(d->query, run->id, &x->set, e);
    if (!st)
        st = x->set.scenario->open(x->set.task, &x->task, e);
    if (st)
        return st;
    x->task_of = run->id;
    s->problems_n = s->weighed_n = s->buckets_n = s->list.n = s->list.selected = 0;
    memset(s->bucket, 0, sizeof s->bucket);
    snprintf(s->scale, sizeof s->scale, "%s", x->set.scenario->difficulty ? x->set.scenario->scale : "");
    return ST_OK;
}

static void note_next(struct evaluation_desk *x, const struct record_run *run)
{
    struct evaluation_state *s = &x->shown;
    int every = x->set.eval.every, stage = stage_find(run->stage);
    long long last = stage < 0 ? 0 : settings_steps(&x->set, (enum stage)stage);
    long long next = every > 0 && !strcmp(run->stage, "grpo") ? (run->step / every + 1) * every : last;

    if (next > run->step)
        snprintf(s->note, sizeof s->note, "no evaluation yet; the next is at step %lld", next);
    else
        snprintf(s->note, sizeof s->note, "no evaluation is on record; :eval makes one now");
}

static enum status read(struct desk *d, int64_t id, struct err *e)
{
    const uint8_t *right[EVALUATIONS_KEPT];
    struct evaluation_desk *x = own(d);
    struct record_run run;
    struct rows rows = {0};
    char name[24];
    enum status st;

    snprintf(name, sizeof name, "%lld", (long long)id);
    st = query_run(d->query, name, &run, e);
    if (!st)
        st = open_task(d, &run, e);
    if (st)
        return st;
    st = read_rows(d, &run, &x->set, &rows, e);
    if (!st) {
        put_rows(&x->shown, &rows, right);
        snprintf(x->shown.start, sizeof x->shown.start, "%s", rows.start);
        st = put_problems(x, right, e);
        note_next(x, &run);
    }
    free_rows(&rows);
    return st;
}

/* The evaluation in view: the last one up to the step under the cursor. */
static int in_view(const struct desk *d)
{
    const struct evaluation_state *s = d->view.evaluation;
    int i = s->n - 1;

    while (i >= 0 && d->view.cursor >= 0 && s->step[i] > (double)d->view.cursor)
        i--;
    return i;
}

/* Some more problems' difficulties; 1 while there are more to come. */
static int weigh(struct desk *d)
{
    struct evaluation_desk *x = own(d);
    struct evaluation_state *s = &x->shown;
    double until = desk_clock() + SLICE_SECONDS;
    struct problem p;
    char label[LABEL_BYTES];

    if (!x->set.scenario->difficulty)
        s->weighed_n = s->problems_n;
    while (s->weighed_n < s->problems_n && desk_clock() < until) {
        struct held_problem *h = &s->problem[s->weighed_n++];
        int bucket;
        x->set.scenario->held_out(x->task, (int)(h - s->problem), &p);
        bucket = x->set.scenario->difficulty(x->task, &p, label);
        if (bucket < 0 || bucket >= BUCKETS_KEPT)
            continue;
        h->bucket = bucket;
        snprintf(s->bucket[bucket], sizeof s->bucket[bucket], "%s", label);
        s->buckets_n = bucket + 1 > s->buckets_n ? bucket + 1 : s->buckets_n;
    }
    return s->weighed_n < s->problems_n;
}

/* What test-time compute has found out of the open run. */
static void look_compute(struct desk *d, int64_t run)
{
    struct evaluation_state *s = d->view.evaluation;
    struct compute_look look;

    desk_compute_look(d->compute, &look);
    s->compute = run && look.facts->run == run ? look.facts : NULL;
    s->computing = look.doing;
    s->computing_part = look.part;
    if (look.error.code)
        desk_fail(d, &look.error);
}

static int refresh(struct desk *d)
{
    const struct snapshot *now = desk_shown(d);
    struct evaluation_state *s = d->view.evaluation;
    int64_t head = now ? now->head > now->committed ? now->head : now->committed : 0;
    int is_new = 0, more;
    struct err e;

    look_compute(d, now ? now->run_id : 0);
    if (!now || !now->run_id) {
        s->run = s->n = s->problems_n = s->list.n = 0;
        s->at = s->before = -1;
        return 0;
    }
    if (s->run != now->run_id || s->head != head) {
        if (s->run != now->run_id)
            s->at = -1;
        s->run = now->run_id;
        s->head = head;
        is_new = 1;
        if (read(d, now->run_id, &e)) {
            desk_fail(d, &e);
            s->n = s->problems_n = s->list.n = 0;
            own(d)->task_of = 0;
        }
    }
    if (!own(d)->task_of)
        return 0;
    is_new |= s->weighed_n < s->problems_n;
    more = weigh(d);
    if (is_new || in_view(d) != s->at) {
        if (!more)
            evaluation_buckets(s);
        evaluation_look(s, in_view(d));
        evaluation_order(s);
    }
    list_clamp(&s->list, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_PROBLEMS));
    return more;
}

/* To the evaluation before or after; behind the last one the newest is followed again. */
static void move(struct desk *d, int by)
{
    const struct evaluation_state *s = d->view.evaluation;
    int to = s->at + by;

    if (!s->n)
        return;
    if (to >= s->n - 1 && d->at < 0)
        d->view.cursor = -1;
    else
        d->view.cursor = (int64_t)s->step[to < 0 ? 0 : to >= s->n ? s->n - 1 : to];
}

static void look(struct desk *d)
{
    const struct evaluation_state *s = d->view.evaluation;
    struct err e;

    if (s->at < 0)
        return;
    if (s->has_start && s->at == 0)
        desk_say(d, "that evaluation is of the end of %s: :open %s shows it", s->start, s->start);
    else if (desk_look(d, (int64_t)s->step[s->at], &e))
        desk_fail(d, &e);
    else
        desk_say(d, "step %.0f, from the store; screens 1 to 5 show it, l goes back to live", s->step[s->at]);
}

static int request(struct desk *d, enum request r, int argument)
{
    struct evaluation_state *s = d->view.evaluation;
    int rows = view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_PROBLEMS), page = rows > 2 ? rows - 1 : 1;
    int by = desk_motion(r, page);

    (void)argument;
    if (by) {
        list_move(&s->list, by, rows);
        return 1;
    }
    switch (r) {
    case REQUEST_PREVIOUS_GROUP:
    case REQUEST_LEFT: move(d, -1); return 1;
    case REQUEST_NEXT_GROUP:
    case REQUEST_RIGHT: move(d, 1); return 1;
    case REQUEST_ENTER: look(d); return 1;
    case REQUEST_SORT:
        s->sort = (enum problem_sort)((s->sort + 1) % BY_N);
        s->list.n = s->list.selected = 0;
        evaluation_order(s);
        return 1;
    case REQUEST_FILTER:
        s->filter = (enum problem_filter)((s->filter + 1) % SHOW_N);
        evaluation_order(s);
        return 1;
    default: return 0;
    }
}

const struct desk_screen desk_evaluation = {init, release, refresh, request};
