#ifndef GRPOLAB_APP_CRASH_H
#define GRPOLAB_APP_CRASH_H

#include <signal.h>

/* Signals of a program that has the terminal. */

/* crash_arm: after term_open. A fatal signal (SEGV, ABRT, BUS, FPE, ILL) puts the terminal back and kills the
 * program as it would have been killed; HUP, TERM and INT ask it to leave; TSTP stops it. The calling thread
 * keeps HUP, TERM, INT and WINCH blocked; threads that it starts inherit that. waiting  the mask for ppoll,
 * in which these four get through. */
void crash_arm(sigset_t *waiting);

/* crash_disarm: as it was before crash_arm. */
void crash_disarm(void);

/* crash_asked: the signal that asks the program to leave, 0: none. A second one kills it at once. */
int crash_asked(void);

#endif
