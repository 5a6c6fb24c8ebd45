/* Signals. A handler does what may be done in one: write, tcsetattr, set a flag.
 *
 * A step's commit is one transaction, so a program that dies loses the step under way and nothing else; what
 * is left to care for is the terminal. ncurses' own handlers of INT, TERM and TSTP, which call curses, are
 * replaced; that of WINCH stays. */
#include "app/crash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/term.h"

static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
static const int leaving[] = {SIGHUP, SIGTERM, SIGINT};
enum { FATAL_N = 5, LEAVING_N = 3, ALL_N = FATAL_N + LEAVING_N + 1, STACK_BYTES = 64 << 10 };

static volatile sig_atomic_t asked;
static struct {
    int armed;
    struct sigaction before[ALL_N];
    sigset_t mask;
    void *stack;
} saved;

static void die(int sig)
{
    static const char text[] = "grpolab was killed by a fatal signal; what it had committed is kept.\n";

    term_restore_raw();
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        asked = sig;
    raise(sig); /* its disposition is the default again: SA_RESETHAND */
}

static void ask(int sig)
{
    if (asked) {
        term_restore_raw();
        signal(sig, SIG_DFL);
        raise(sig);
    }
    asked = sig;
}

static void set(int i, int sig, void (*handler)(int), int flags)
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    a.sa_flags = flags;
    sigemptyset(&a.sa_mask);
    sigaction(sig, &a, &saved.before[i]);
}

void crash_arm(sigset_t *waiting)
{
    stack_t stack = {.ss_size = STACK_BYTES};
    sigset_t block;
    int i;

    asked = 0;
    saved.stack = stack.ss_sp = malloc(STACK_BYTES);
    if (stack.ss_sp)
        sigaltstack(&stack, NULL); /* an overflown stack can be told from, too */
    for (i = 0; i < FATAL_N; i++)
        set(i, fatal[i], die, (int)SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
    for (i = 0; i < LEAVING_N; i++)
        set(FATAL_N + i, leaving[i], ask, 0);
    set(ALL_N - 1, SIGTSTP, SIG_DFL, 0);
    sigemptyset(&block);
    sigaddset(&block, SIGWINCH);
    for (i = 0; i < LEAVING_N; i++)
        sigaddset(&block, leaving[i]);
    pthread_sigmask(SIG_BLOCK, &block, &saved.mask);
    *waiting = saved.mask;
    sigdelset(waiting, SIGWINCH);
    for (i = 0; i < LEAVING_N; i++)
        sigdelset(waiting, leaving[i]);
    saved.armed = 1;
}

void crash_disarm(void)
{
    stack_t off = {.ss_flags = SS_DISABLE};
    int i;

    if (!saved.armed)
        return;
    saved.armed = 0;
    for (i = 0; i < FATAL_N; i++)
        sigaction(fatal[i], &saved.before[i], NULL);
    for (i = 0; i < LEAVING_N; i++)
        sigaction(leaving[i], &saved.before[FATAL_N + i], NULL);
    sigaction(SIGTSTP, &saved.before[ALL_N - 1], NULL);
    pthread_sigmask(SIG_SETMASK, &saved.mask, NULL);
    sigaltstack(&off, NULL);
    free(saved.stack);
    saved.stack = NULL;
}

int crash_asked(void)
{
    return asked;
}
