#ifndef GRPOLAB_APP_CLI_PROGRESS_H
#define GRPOLAB_APP_CLI_PROGRESS_H

#include "app/session/session.h"

/* Progress on stderr: on a terminal one line that changes, elsewhere a line every two seconds. */
struct status_line {
    int is_quiet, is_terminal, shown;       /* shown: a line without its end stands on the terminal */
    double last;                            /* when a line was written, seconds */
};

void status_line_init(struct status_line *l, int is_quiet);
/* status_line_show: writes the text, where it is time for a line. */
void status_line_show(struct status_line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* status_line_clear: takes the line off the terminal again. */
void status_line_clear(struct status_line *l);

/* Of a run under way. */
struct progress {
    struct status_line line;
    double begin;                 /* when the run under way was first seen */
    int64_t run, first, steps;    /* that run, its step then; steps shown last */
};

void progress_init(struct progress *p);
/* progress_show: after a step. target: the step to stop at, -1: the settings'. */
void progress_show(struct progress *p, const struct session *s, int64_t target);
/* progress_end: leaves the cursor at the start of a line. */
void progress_end(struct progress *p);

#endif
