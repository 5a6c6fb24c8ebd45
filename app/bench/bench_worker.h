#ifndef GRPOLAB_APP_BENCH_WORKER_H
#define GRPOLAB_APP_BENCH_WORKER_H

#include <sys/types.h>

#include "app/bench/bench.h"

/* The program itself, as a process of its own that works on a run of a bench's store. */

enum { BENCH_WIDTH = 160, BENCH_HEIGHT = 45 };

struct worker {
    pid_t pid;
    int terminal;   /* the other end of its terminal, -1: it has none */
};

/* worker_start: argv as of main, NULL at its end; without a terminal its output is thrown away. Errors:
 * ST_FAILED. worker_stop: asks it to end, and waits until it has. */
enum status worker_start(struct worker *w, const struct bench_store *s, const char *const *argv,
                         int with_terminal, struct err *e);
void worker_stop(struct worker *w);

/* worker_is_gone: whether it has ended by itself. */
int worker_is_gone(const struct worker *w);

/* worker_open: the workbench on a terminal, with `run` open and training. */
enum status worker_open(struct worker *w, const struct bench_store *s, const char *run, struct err *e);

/* worker_listen: reads what the terminal is sent for `seconds`, or until `text` (NULL: none) comes; returns
 * whether it came. worker_drain: throws away what is there now. */
int worker_listen(const struct worker *w, const char *text, double seconds);
void worker_drain(const struct worker *w);
/* worker_press: types a key. ST_FAILED: the program has gone. */
enum status worker_press(const struct worker *w, char key, struct err *e);

#endif
