/* A process on a terminal that is made for it. Whoever measures owns the other end, and reads it when it
 * suits the measurement: a process that is not read from waits, as on a slow line. */
#include "app/bench/bench_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: the other end of the terminal becomes its own; without one, what it says is not wanted. */
static int take_terminal(const char *name)
{
    int fd = open(name ? name : "/dev/null", O_RDWR);
    if (fd < 0 || (name && (setsid() < 0 || ioctl(fd, TIOCSCTTY, 0))))
        return 0;
    for (int i = 0; i < 3; i++)
        if (dup2(fd, i) < 0)
            return 0;
    if (fd > 2)
        close(fd);
    return 1;
}

enum status worker_start(struct worker *w, const struct bench_store *s, const char *const *argv,
                         int with_terminal, struct err *e)
{
    struct winsize size = {.ws_row = BENCH_HEIGHT, .ws_col = BENCH_WIDTH};
    char name[64] = "", path[sizeof s->folder + 16];
    w->terminal = with_terminal ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (with_terminal &&
        (w->terminal < 0 || grantpt(w->terminal) || unlockpt(w->terminal) ||
         ptsname_r(w->terminal, name, sizeof name) || ioctl(w->terminal, TIOCSWINSZ, &size))) {
        err_set(e, ST_FAILED, "bench", "no terminal to be had: %s", strerror(errno));
        if (w->terminal >= 0)
            close(w->terminal);
        return ST_FAILED;
    }
    snprintf(path, sizeof path, "%s/lab.db", s->folder);
    w->pid = fork();
    if (w->pid == 0) {
        if (!take_terminal(with_terminal ? name : NULL))
            _exit(127);
        setenv("GRPOLAB_STORE", path, 1);
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        setenv("XDG_DATA_HOME", s->folder, 1);
        setenv("XDG_CONFIG_HOME", s->folder, 1);
        execv("/proc/self/exe", (char *const *)argv);
        _exit(127);
    }
    if (w->pid < 0 && w->terminal >= 0)
        close(w->terminal);
    return w->pid < 0 ? err_set(e, ST_FAILED, "bench", "no process to be had: %s", strerror(errno)) : ST_OK;
}

void worker_stop(struct worker *w)
{
    char trash[4096];
    int status;
    kill(w->pid, SIGTERM);
    while (w->terminal >= 0 && read(w->terminal, trash, sizeof trash) > 0)
        ; /* it may have to say good-bye before it can end */
    waitpid(w->pid, &status, 0);
    if (w->terminal >= 0)
        close(w->terminal);
}

int worker_is_gone(const struct worker *w)
{
    siginfo_t how = {0};
    return waitid(P_PID, (id_t)w->pid, &how, WEXITED | WNOHANG | WNOWAIT) || how.si_pid == w->pid;
}

int worker_listen(const struct worker *w, const char *text, double seconds)
{
    char bytes[65536], last[16] = "";
    double end = bench_now() + seconds, left;
    size_t kept = 0;
    while ((left = end - bench_now()) > 0) {
        struct pollfd p = {.fd = w->terminal, .events = POLLIN};
        ssize_t n;
        if (poll(&p, 1, (int)(1e3 * left) + 1) <= 0)
            continue;
        memcpy(bytes, last, kept);
        n = read(w->terminal, bytes + kept, sizeof bytes - kept - 1);
        if (n <= 0)
            return 0;
        n += (ssize_t)kept;
        if (text && memmem(bytes, (size_t)n, text, strlen(text)))
            return 1;
        kept = (size_t)n < sizeof last ? (size_t)n : sizeof last;
        memcpy(last, bytes + n - kept, kept);
    }
    return 0;
}

void worker_drain(const struct worker *w)
{
    struct pollfd p = {.fd = w->terminal, .events = POLLIN};
    char trash[65536];
    while (poll(&p, 1, 0) > 0 && read(w->terminal, trash, sizeof trash) > 0)
        ;
}

enum status worker_press(const struct worker *w, char key, struct err *e)
{
    return write(w->terminal, &key, 1) == 1 ? ST_OK : err_set(e, ST_FAILED, "bench", "the program has gone");
}

enum status worker_open(struct worker *w, const struct bench_store *s, const char *run, struct err *e)
{
    const char *const argv[] = {"grpolab", "open", run, NULL};
    enum status st = worker_start(w, s, argv, 1, e);
    if (st)
        return st;
    if (!worker_listen(w, "PAUSED", 20)) {
        worker_stop(w);
        return err_set(e, ST_FAILED, "bench", "the workbench did not open within 20 seconds");
    }
    st = worker_press(w, ' ', e);
    if (st)
        worker_stop(w);
    return st;
}
