#ifndef GRPOLAB_APP_LOOP_H
#define GRPOLAB_APP_LOOP_H

#include <signal.h>

#include "app/desk/desk.h"

/* loop_run: keys in, frames out, until the user leaves, the terminal goes away or a signal asks for it. The
 * desk has a terminal and an engine. waiting: the signal mask of crash_arm. Returns 0 when the user left,
 * else the signal (SIGHUP for a lost terminal). */
int loop_run(struct desk *d, const sigset_t *waiting);

#endif
