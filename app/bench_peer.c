/* PyTorch beside us: the script tests/bench/torch_peer.py as a child, its lines read from a pipe. */
#include <jansson.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/bench.h"

extern char **environ;

static const char SCRIPT[] = "tests/bench/torch_peer.py", PYTHON[] = "/usr/bin/python3";

/* The script beside the current folder, or beside the program. 0 when it is nowhere. */
static int find_script(char *out, size_t bytes)
{
    char self[512];
    ssize_t n;
    snprintf(out, bytes, "%s", SCRIPT);
    if (access(out, R_OK) == 0)
        return 1;
    n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return 0;
    self[n] = 0;
    *strrchr(self, '/') = 0;
    return snprintf(out, bytes, "%s/%s", self, SCRIPT) < (int)bytes && access(out, R_OK) == 0;
}

/* Starts it; its output is to be read from the result, -1 when it does not start. */
static int start(const char *script, const char *what, int threads, pid_t *child)
{
    char count[16];
    const char *python = access(PYTHON, X_OK) == 0 ? PYTHON : "python3";
    char *const argv[] = {(char *)python, (char *)script, "--quick", "--what",
                          (char *)what,   "--threads",    count,     NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipe_signal;
    int ends[2], failed;
    if (pipe(ends))
        return -1;
    snprintf(count, sizeof count, "%d", threads);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    /* We ignore SIGPIPE; the child shall not. */
    posix_spawnattr_init(&attributes);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawnp(child, python, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (failed)
        close(ends[0]);
    return failed ? -1 : ends[0];
}

static void take_line(const char *line, const char *what, double rate[BENCH_SHAPES])
{
    json_t *o = json_loads(line, 0, NULL);
    const char *name = json_string_value(json_object_get(o, "name"));
    char want[32];
    for (int i = 0; name && i < BENCH_SHAPES; i++) {
        snprintf(want, sizeof want, "%s %s", what, bench_shape[i].name);
        if (strcmp(name, want) == 0)
            rate[i] = json_number_value(json_object_get(o, "tokens_per_second"));
    }
    json_decref(o);
}

void bench_peer(const char *what, int threads, double rate[BENCH_SHAPES], const char **why)
{
    char script[768], line[512];
    pid_t child;
    FILE *f;
    int out, status = 0;
    for (int i = 0; i < BENCH_SHAPES; i++)
        rate[i] = NAN;
    if (!find_script(script, sizeof script)) {
        *why = "tests/bench/torch_peer.py is not found from here";
        return;
    }
    out = start(script, what, threads, &child);
    f = out >= 0 ? fdopen(out, "r") : NULL;
    if (!f) {
        *why = "python3 does not start";
        return;
    }
    while (fgets(line, sizeof line, f))
        take_line(line, what, rate);
    fclose(f);
    while (waitpid(child, &status, 0) < 0)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
        *why = "PyTorch is missing (apt-get install python3-torch libopenblas0-pthread)";
    else if (!WIFEXITED(status) || WEXITSTATUS(status))
        *why = "tests/bench/torch_peer.py failed";
    for (int i = 0; i < BENCH_SHAPES && !*why; i++)
        if (!(rate[i] > 0))
            *why = "tests/bench/torch_peer.py did not tell its figures";
}
