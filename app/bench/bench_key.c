/* Keys, measured from outside: the program itself on a terminal of its own, training at full speed. A key is
 * written to the terminal, and what comes back is read as a terminal reads it. Ctrl-L is the key, because its
 * answer cannot be mistaken for a frame that would have come anyway: it begins by clearing the screen; and no
 * key costs more. */
#include <math.h>

#include "app/bench/bench_worker.h"

enum { KEYS_MAX = 400 };
static const char clear[] = "\033[2J";

static enum status keys(struct bench *b, struct bench_store *s, struct err *e)
{
    double wait[KEYS_MAX];
    int n = b->quick ? 60 : KEYS_MAX, missed = 0;
    struct worker w;
    enum status st = worker_open(&w, s, "bench", e);
    if (st)
        return st;
    worker_listen(&w, NULL, 1);
    for (int i = 0; i < n && !st; i++) {
        /* At no fixed place between two frames. */
        worker_listen(&w, NULL, 0.03 + 0.001 * (i * 37 % 41));
        wait[i] = bench_now();
        st = worker_press(&w, 'L' - '@', e);
        missed += !st && !worker_listen(&w, clear, 2);
        wait[i] = bench_now() - wait[i];
    }
    worker_stop(&w);
    if (!st && missed)
        return err_set(e, ST_FAILED, "bench", "%d of %d keys had no answer", missed, n);
    if (!st) {
        bench_add(b, 1e3 * bench_median(wait, n), "ms", NAN, "ui, a key is answered, median");
        bench_add(b, 1e3 * wait[(n * 99 + 99) / 100 - 1], "ms", NAN, "ui, a key is answered, 99 of 100");
    }
    return st;
}

enum status bench_keys(struct bench *b, struct bench_store *s, struct err *e)
{
    enum status st = session_step(&s->session, e);
    if (st)
        return st;
    bench_store_give(s);
    return keys(b, s, e);
}
