/* `bench ui`: what a user waits for. In this process: a frame, the opening of a long run and a walk through
 * it, a pause, a fork. In a process of its own on a terminal made for it: keys (bench_key.c), and what
 * training loses to the screen (bench_loss.c). */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/bench/bench.h"
#include "app/desk/desk.h"

enum { WIDTH = 160, HEIGHT = 45, STEPS = 8, FRAMES = 2000, LONG_RUN = 10000, TRACES = 16, TOKENS = 32 };

/* A step that looks like one of a small run: two groups of eight short traces. */
static enum status commit_step(const struct sink *sink, int64_t step, struct err *e)
{
    static const float logp[TOKENS], entropy[TOKENS];
    static const uint16_t token[TOKENS];
    struct record_group group[2];
    struct record_trace trace[TRACES];
    double metric[METRIC_N];
    struct record_step s = {.step = step, .seconds = 0.1, .metric = metric, .groups_n = 2, .traces_n = TRACES,
                            .group = group, .trace = trace};
    for (int i = 0; i < METRIC_N; i++)
        metric[i] = 1 + 0.1 * sin(0.01 * (double)step + i);
    metric[M_PASS_1] = step % 25 ? NAN : 0.5;
    memset(&s.digest, (int)(step % 251), sizeof s.digest);
    for (int i = 0; i < 2; i++)
        group[i] = (struct record_group){.problem = "{}", .prompt = "User : 11 8 7 -> 26 Assistant : <think>",
                                         .mean = 0.5, .std = 0.5};
    for (int i = 0; i < TRACES; i++)
        trace[i] = (struct record_trace){.group = i / 8,
                                         .index = i % 8,
                                         .n = TOKENS,
                                         .token = token,
                                         .logp = logp,
                                         .entropy = entropy,
                                         .reward = i % 2,
                                         .advantage = i % 2 ? 1 : -1,
                                         .at = -1,
                                         .why = ""};
    return sink->commit(sink->self, &s, NULL, e);
}

/* The desk as the workbench opens it, until the whole first screen is drawn. */
static enum status open_desk(struct desk *d, struct session *of, const struct record_run *run, struct err *e)
{
    int row, col;
    enum status st = desk_init(d, of, e);
    if (st)
        return st;
    st = moment_read(&d->moment, d->query, run, -1, FOLLOW_BEST, -1, -1, d->live, e);
    d->live->version = 1;
    while (!st && desk_frame(d, WIDTH, HEIGHT, &row, &col))
        ;
    if (st)
        desk_release(d);
    return st;
}

/* Frames of the desk, with nothing new in them and after a look at another step. */
static enum status walk(struct bench *b, struct desk *d, int64_t last, int looks, const char *name,
                        struct err *e)
{
    static double spent[FRAMES];
    double most = 0;
    int row, col, n = looks ? looks : b->quick ? 100 : 400;
    enum status st = ST_OK;
    for (int i = 0; i < n && !st; i++) {
        double begin = bench_now();
        if (looks)
            st = desk_look(d, 1 + (int64_t)((uint64_t)i * 7919u % (uint64_t)last), e);
        desk_frame(d, WIDTH, HEIGHT, &row, &col);
        spent[i] = bench_now() - begin;
        most = fmax(most, spent[i]);
    }
    if (!st) {
        bench_add(b, 1e3 * bench_median(spent, n), "ms", NAN, "ui, %s", name);
        bench_add(b, 1e3 * most, "ms", NAN, "ui, %s, the longest", name);
    }
    return st;
}

static enum status long_run(struct bench *b, struct bench_store *store, struct err *e)
{
    struct session *s = &store->session;
    struct desk *d = calloc(1, sizeof *d);
    int steps = b->quick ? LONG_RUN / 5 : LONG_RUN;
    double begin;
    struct record_run run;
    enum status st = d ? ST_OK : err_set(e, ST_NOMEM, "bench", "no memory for a desk");
    for (int64_t i = 1; i <= steps && !st; i++)
        st = commit_step(&s->sink, i, e);
    if (!st)
        st = query_run(s->query, s->run.name, &run, e);
    begin = bench_now();
    if (!st)
        st = open_desk(d, s, &run, e);
    if (!st) {
        bench_add(b, 1e3 * (bench_now() - begin), "ms", NAN, "ui, a run of %d steps is opened", steps);
        st = walk(b, d, run.step, 0, "a frame of 160x45", e);
        if (!st)
            st = walk(b, d, run.step, 100, "a look at another step", e);
        desk_release(d);
    }
    free(d);
    return st;
}

/* Snapshots until done(ctx) says so; at most 20 seconds. */
static enum status await(struct session *s, struct snapshot *now,
                         int (*done)(const struct snapshot *now, int64_t run), int64_t run, struct err *e)
{
    double end = bench_now() + 20;
    while (bench_now() < end) {
        struct pollfd p = {.fd = s->box.wake, .events = POLLIN};
        poll(&p, 1, 100);
        if (snapshot_take(&s->box, now) && done(now, run))
            return ST_OK;
    }
    return err_set(e, ST_FAILED, "bench", "the engine did not answer within 20 seconds");
}

static int is_paused(const struct snapshot *s, int64_t run)
{
    (void)run;
    return s->state == RUN_PAUSED;
}

static int is_sampling(const struct snapshot *s, int64_t run)
{
    int i, any = 0;
    for (i = 0; i < s->groups_n * s->group_size; i++)
        any |= s->trace[i].n > 0;
    return s->run_id != run && s->state == RUN_RUNNING && s->phase == PHASE_ROLLOUT && any;
}

static int is_under_way(const struct snapshot *s, int64_t run)
{
    (void)run;
    return s->state == RUN_RUNNING;
}

/* The times from a pause at some moment of a step to a run that stands still, and from a fork to its first
 * token, the parent being at full speed. */
static enum status orders(struct bench *b, struct bench_store *store, struct snapshot *now, struct err *e)
{
    struct session *s = &store->session;
    struct engine engine;
    double pause[64], fork[16];
    int pauses = b->quick ? 10 : 40, forks = b->quick ? 3 : 8;
    enum status st = engine_start(&engine, s, e);
    if (st)
        return st;
    for (int i = 0; i < pauses && !st; i++) {
        control_resume(&s->control);
        st = await(s, now, is_under_way, 0, e);
        usleep((useconds_t)(20000 + i * 37 % 97 * 2000));
        snapshot_take(&s->box, now);
        pause[i] = bench_now();
        control_pause(&s->control);
        if (!st)
            st = await(s, now, is_paused, 0, e);
        pause[i] = bench_now() - pause[i];
    }
    for (int i = 0; i < forks && !st; i++) {
        struct engine_message m = {.what = ENGINE_FORK, .step = 0, .arguments_n = 1};
        int64_t parent;
        snprintf(m.argument[0], ENGINE_TEXT, "beta=%g", 0.01 * (i + 1));
        control_resume(&s->control);
        st = await(s, now, is_under_way, 0, e);
        usleep(100000);
        parent = now->run_id;
        fork[i] = bench_now();
        engine_post(&engine, &m);
        if (!st)
            st = await(s, now, is_sampling, parent, e);
        fork[i] = bench_now() - fork[i];
    }
    engine_stop(&engine);
    if (!st) {
        bench_add(b, 1e3 * bench_median(pause, pauses), "ms", NAN, "ui, a pause takes effect");
        bench_add(b, 1e3 * pause[pauses - 1], "ms", NAN, "ui, a pause, the longest of %d", pauses);
        bench_add(b, 1e3 * bench_median(fork, forks), "ms", NAN, "ui, from a fork to its first token");
        bench_add(b, 1e3 * fork[forks - 1], "ms", NAN, "ui, a fork, the longest of %d", forks);
    }
    return st;
}

typedef enum status part(struct bench *b, struct bench_store *s, struct err *e);

static enum status with_store(struct bench *b, part *run, struct err *e)
{
    struct bench_store *store = calloc(1, sizeof *store);
    enum status st;
    if (!store)
        return err_set(e, ST_NOMEM, "bench", "no memory for a session");
    st = bench_store_open(store, b->cores, e);
    if (!st) {
        st = run(b, store, e);
        bench_store_close(store);
    }
    free(store);
    return st;
}

static enum status real_run(struct bench *b, struct bench_store *store, struct err *e)
{
    struct snapshot *now = calloc(1, sizeof *now);
    enum status st = now ? ST_OK : err_set(e, ST_NOMEM, "bench", "no memory for a snapshot");
    for (int i = 0; i < STEPS && !st; i++)
        st = session_step(&store->session, e);
    if (!st)
        st = orders(b, store, now, e);
    free(now);
    return st;
}

enum status bench_ui(struct bench *b, struct err *e)
{
    enum status st = with_store(b, long_run, e);
    if (!st)
        st = with_store(b, real_run, e);
    if (!st)
        st = with_store(b, bench_keys, e);
    if (!st)
        st = with_store(b, bench_loss, e);
    return st;
}
