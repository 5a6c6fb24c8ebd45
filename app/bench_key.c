/* Keys, measured from outside: the program itself on a terminal of its own, training at full speed. A key is
 * written to the terminal, and what comes back is read as a terminal reads it. Ctrl-L is the key, because its
 * answer cannot be mistaken for a frame that would have come anyway: it begins by clearing the screen; and no
 * key costs more.
 *
 * What training loses to the screen: the same run goes on without a terminal and with one, in turns, and the
 * tokens that are committed meanwhile are compared. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/bench.h"

enum { WIDTH = 160, HEIGHT = 45, KEYS_MAX = 400, ROUNDS_MAX = 5 };
static const char clear[] = "\033[2J";

/* A process that works on a run; terminal: its other end, -1 when it has none. */
struct worker {
    pid_t pid;
    int terminal;
};

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

static enum status start(struct worker *w, struct bench_store *s, const char *const *argv, int with_terminal,
                         struct err *e)
{
    struct winsize size = {.ws_row = HEIGHT, .ws_col = WIDTH};
    char name[64] = "", path[sizeof s->folder + 16];
    w->terminal = with_terminal ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (with_terminal && (w->terminal < 0 || grantpt(w->terminal) || unlockpt(w->terminal) ||
                          ptsname_r(w->terminal, name, sizeof name) || ioctl(w->terminal, TIOCSWINSZ, &size)))
        return err_set(e, ST_FAILED, "bench", "no terminal to be had: %s", strerror(errno));
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

static void stop(struct worker *w)
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

/* Reads what the terminal is sent for `seconds`, or until `text` comes; returns whether it came. */
static int listen_for(const struct worker *w, const char *text, double seconds)
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

static enum status press(const struct worker *w, char key, struct err *e)
{
    return write(w->terminal, &key, 1) == 1 ? ST_OK : err_set(e, ST_FAILED, "bench", "the program has gone");
}

/* The program on a terminal, training. */
static enum status start_workbench(struct worker *w, struct bench_store *s, struct err *e)
{
    static const char *const argv[] = {"grpolab", "open", "bench", NULL};
    enum status st = start(w, s, argv, 1, e);
    if (st)
        return st;
    if (!listen_for(w, "PAUSED", 20)) {
        stop(w);
        return err_set(e, ST_FAILED, "bench", "the workbench did not open within 20 seconds");
    }
    st = press(w, ' ', e);
    listen_for(w, NULL, 1);
    if (st)
        stop(w);
    return st;
}

static enum status keys(struct bench *b, struct bench_store *s, struct err *e)
{
    double wait[KEYS_MAX];
    int n = b->quick ? 60 : KEYS_MAX, missed = 0;
    struct worker w;
    enum status st = start_workbench(&w, s, e);
    if (st)
        return st;
    for (int i = 0; i < n && !st; i++) {
        /* At no fixed place between two frames. */
        listen_for(&w, NULL, 0.03 + 0.001 * (i * 37 % 41));
        wait[i] = bench_now();
        st = press(&w, 'L' - '@', e);
        missed += !st && !listen_for(&w, clear, 2);
        wait[i] = bench_now() - wait[i];
    }
    stop(&w);
    if (!st && missed)
        return err_set(e, ST_FAILED, "bench", "%d of %d keys had no answer", missed, n);
    if (!st) {
        bench_add(b, 1e3 * bench_median(wait, n), "ms", NAN, "ui, a key is answered, median");
        bench_add(b, 1e3 * wait[(n * 99 + 99) / 100 - 1], "ms", NAN, "ui, a key is answered, 99 of 100");
    }
    return st;
}

/* Processor time of the program's first thread, which has the screen, in seconds. */
static double screen_time(pid_t pid)
{
    char path[64], line[1024], *p;
    unsigned long user = 0, kernel = 0;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
    f = fopen(path, "re");
    if (!f)
        return NAN;
    p = fgets(line, sizeof line, f);
    fclose(f);
    p = p ? strrchr(line, ')') : NULL;
    if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        return NAN;
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* Tokens that the run has sampled up to its last commit. */
static enum status count(struct bench_store *s, int64_t from, int64_t *step, double *tokens, struct err *e)
{
    struct record_run run;
    int64_t *steps = NULL;
    double *value = NULL;
    int n = 0;
    enum status st = query_run(s->session.query, "bench", &run, e);
    if (!st)
        st = query_metrics(s->session.query, run.id, from + 1, run.step, &steps, &value, &n, e);
    *tokens = 0;
    for (int i = 0; i < n && !st; i++)
        *tokens += value[(size_t)i * METRIC_N + M_TOKENS];
    *step = run.step;
    free(steps);
    free(value);
    return st;
}

/* Waits for the next commit, so that whole steps are counted. */
static enum status next_commit(const struct worker *w, struct bench_store *s, int64_t *step, struct err *e)
{
    struct record_run run;
    enum status st = query_run(s->session.query, "bench", &run, e);
    double end = bench_now() + 20;
    *step = run.step;
    while (!st && run.step == *step && bench_now() < end) {
        if (w->terminal >= 0)
            listen_for(w, NULL, 0.002);
        else
            usleep(2000);
        st = query_run(s->session.query, "bench", &run, e);
    }
    if (!st && run.step == *step)
        return err_set(e, ST_FAILED, "bench", "no step was committed within 20 seconds");
    *step = run.step;
    return st;
}

/* Tokens a second of a worker over `seconds`, from commit to commit; *share: of one processor, for the screen. */
static enum status rate(const struct worker *w, struct bench_store *s, double seconds, double *tokens_a_second,
                        double *share, struct err *e)
{
    double begin, end, tokens, screen = screen_time(w->pid);
    int64_t first, last;
    enum status st = next_commit(w, s, &first, e);
    begin = bench_now();
    if (st)
        return st;
    if (w->terminal >= 0)
        listen_for(w, NULL, seconds);
    else
        usleep((useconds_t)(1e6 * seconds));
    st = next_commit(w, s, &last, e);
    end = bench_now();
    if (!st)
        st = count(s, first, &last, &tokens, e);
    *tokens_a_second = tokens / (end - begin);
    *share = (screen_time(w->pid) - screen) / (end - begin);
    return st;
}

static enum status loss(struct bench *b, struct bench_store *s, struct err *e)
{
    static const char *const argv[] = {"grpolab", "resume", "bench", "--quiet", "--steps", "10000000", NULL};
    double with[ROUNDS_MAX], without[ROUNDS_MAX], share[ROUNDS_MAX], ignored, seconds = b->quick ? 2 : 5;
    int rounds = b->quick ? 2 : ROUNDS_MAX;
    struct worker w;
    enum status st = ST_OK;
    for (int i = 0; i < rounds && !st; i++) {
        st = start(&w, s, argv, 0, e);
        if (st)
            break;
        st = rate(&w, s, seconds, &without[i], &ignored, e);
        stop(&w);
        if (!st)
            st = start_workbench(&w, s, e);
        if (st)
            break;
        st = rate(&w, s, seconds, &with[i], &share[i], e);
        stop(&w);
    }
    if (!st) {
        double a = bench_median(without, rounds), c = bench_median(with, rounds);
        bench_add(b, a, "tokens/s", NAN, "ui, training without a screen");
        bench_add(b, c, "tokens/s", NAN, "ui, training with one");
        bench_add(b, 100 * (1 - c / a), "%", NAN, "ui, lost to the screen");
        bench_add(b, 100 * bench_median(share, rounds) / b->cores, "%", NAN, "ui, processor time of the screen");
    }
    return st;
}

enum status bench_keys(struct bench *b, struct bench_store *s, struct err *e)
{
    enum status st = session_step(&s->session, e);
    if (st)
        return st;
    store_run_unlock(s->session.store, s->session.run.id); /* the program takes it */
    st = keys(b, s, e);
    return st ? st : loss(b, s, e);
}
