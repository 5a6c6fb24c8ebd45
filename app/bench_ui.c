/* `bench ui`: how long a frame of the dashboard takes to draw, on a run of a few steps. The terminal is not
 * in it. */
#include <math.h>
#include <stdlib.h>

#include "app/bench.h"
#include "app/moment.h"
#include "views/view.h"

enum { WIDTH = 160, HEIGHT = 45, STEPS = 8 };

/* What the frame shows: the latest step as it is on record, the curves, the lineage. */
struct scene {
    struct moment moment;
    struct snapshot *now;
    struct history history;
    struct record_run *runs;
    int runs_n;
    struct canvas canvas;
};

static enum status read_scene(struct scene *s, struct session *of, struct err *e)
{
    int more = 1;
    enum status st = history_init(&s->history, e);
    s->now = calloc(1, sizeof *s->now);
    if (!st && !s->now)
        st = err_set(e, ST_NOMEM, "bench", "no memory for a snapshot");
    if (!st)
        st = moment_read(&s->moment, of->query, &of->run, -1, FOLLOW_BEST, 0, 0, s->now, e);
    while (!st && more)
        st = history_update(&s->history, of->query, of->run.id, of->run.step, &more, e);
    if (!st)
        st = query_runs(of->query, &s->runs, &s->runs_n, e);
    if (!st)
        st = canvas_resize(&s->canvas, WIDTH, HEIGHT, e);
    return st;
}

static void measure(struct bench *b, struct scene *s)
{
    struct view v;
    double frame[4096], end = bench_now() + (b->quick ? 0.5 : 2), longest = 0;
    int n = 0, row, col;
    view_init(&v);
    v.now = s->now;
    v.history = &s->history;
    v.runs = s->runs;
    v.runs_n = s->runs_n;
    while (n < 4096 && (n < 10 || bench_now() < end)) {
        double begin = bench_now();
        view_draw(&s->canvas, &v, &row, &col);
        frame[n] = bench_now() - begin;
        longest = fmax(longest, frame[n++]);
    }
    bench_add(b, 1e3 * bench_median(frame, n), "ms", NAN, "ui, a frame of %dx%d", WIDTH, HEIGHT);
    bench_add(b, 1e3 * longest, "ms", NAN, "ui, the longest frame");
}

enum status bench_ui(struct bench *b, struct err *e)
{
    struct bench_store *store = calloc(1, sizeof *store);
    struct scene s = {0};
    enum status st;
    if (!store)
        return err_set(e, ST_NOMEM, "bench", "no memory for a session");
    st = bench_store_open(store, b->cores, e);
    if (st) {
        free(store);
        return st;
    }
    moment_init(&s.moment);
    for (int i = 0; i < STEPS && !st; i++)
        st = session_step(&store->session, e);
    if (!st)
        st = read_scene(&s, &store->session, e);
    if (!st)
        measure(b, &s);
    moment_release(&s.moment);
    history_release(&s.history);
    canvas_release(&s.canvas);
    free(s.runs);
    free(s.now);
    bench_store_close(store);
    free(store);
    return st;
}
