/* PyTorch beside us: the scripts of tests/bench as children, told what to measure by arguments and stdin,
 * their lines read from a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/bench/bench.h"

extern char **environ;

static const char SHAPES[] = "tests/bench/torch_peer.py", STEP[] = "tests/bench/torch_grpo_step.py",
                  PYTHON[] = "/usr/bin/python3";
enum { WORDS = 8 };

/* A script at work. */
struct child {
    pid_t id;
    FILE *out; /* what it prints */
};

/* The script beside the current folder, or beside the program. 0 when it is nowhere. */
static int find_script(const char *script, char *out, size_t bytes)
{
    char self[512];
    ssize_t n;
    snprintf(out, bytes, "%s", script);
    if (access(out, R_OK) == 0)
        return 1;
    n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return 0;
    self[n] = 0;
    *strrchr(self, '/') = 0;
    return snprintf(out, bytes, "%s/%s", self, script) < (int)bytes && access(out, R_OK) == 0;
}

static int spawn(char *const argv[], int in, int out, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipe_signal;
    int failed;
    posix_spawn_file_actions_init(&actions);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    /* We ignore SIGPIPE; the child shall not. */
    posix_spawnattr_init(&attributes);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawnp(child, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static void close_ends(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

/* All of it; a child that has gone will say so by its exit status. */
static void feed(int to, const char *text)
{
    size_t left = strlen(text);
    while (left) {
        ssize_t n = write(to, text, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

/* Starts it with the arguments word (NULL after the last) and feeds it input (NULL: none). 0 when it starts,
 * else *why. */
static int start(struct child *c, const char *script, const char *const *word, const char *input,
                 const char **why)
{
    char path[768], *argv[WORDS + 3];
    int in[2] = {-1, -1}, out[2] = {-1, -1}, n = 0;
    if (!find_script(script, path, sizeof path)) {
        *why = script == STEP ? "tests/bench/torch_grpo_step.py is not found from here"
                              : "tests/bench/torch_peer.py is not found from here";
        return -1;
    }
    argv[n++] = (char *)(access(PYTHON, X_OK) == 0 ? PYTHON : "python3");
    argv[n++] = path;
    for (int i = 0; word[i] && i < WORDS; i++)
        argv[n++] = (char *)word[i];
    argv[n] = NULL;
    if (pipe2(out, O_CLOEXEC) || (input && pipe2(in, O_CLOEXEC)) || spawn(argv, in[0], out[1], &c->id)) {
        close_ends(in);
        close_ends(out);
        *why = "python3 does not start";
        return -1;
    }
    close(out[1]);
    if (input) {
        close(in[0]);
        feed(in[1], input);
        close(in[1]);
    }
    c->out = fdopen(out[0], "r");
    if (!c->out)
        close(out[0]);
    return 0;
}

/* The next line as a JSON object; NULL at the end. */
static json_t *next_line(struct child *c)
{
    char line[1024];
    return c->out && fgets(line, sizeof line, c->out) ? json_loads(line, 0, NULL) : NULL;
}

/* Waits for its end; what went wrong goes into *why. */
static void finish(struct child *c, const char *script, const char **why)
{
    int status = 0;
    if (c->out)
        fclose(c->out);
    while (waitpid(c->id, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
        *why = "PyTorch is missing (apt-get install python3-torch libopenblas0-pthread)";
    else if (!WIFEXITED(status) || WEXITSTATUS(status))
        *why = script == STEP ? "tests/bench/torch_grpo_step.py failed" : "tests/bench/torch_peer.py failed";
}

void bench_peer(const char *what, int threads, double rate[BENCH_SHAPES], const char **why)
{
    char count[16], want[32];
    const char *const word[] = {"--quick", "--what", what, "--threads", count, NULL};
    struct child c;
    json_t *o;
    for (int i = 0; i < BENCH_SHAPES; i++)
        rate[i] = NAN;
    snprintf(count, sizeof count, "%d", threads);
    if (start(&c, SHAPES, word, NULL, why))
        return;
    while ((o = next_line(&c))) {
        const char *name = json_string_value(json_object_get(o, "name"));
        for (int i = 0; name && i < BENCH_SHAPES; i++) {
            snprintf(want, sizeof want, "%s %s", what, bench_shape[i].name);
            if (strcmp(name, want) == 0)
                rate[i] = json_number_value(json_object_get(o, "tokens_per_second"));
        }
        json_decref(o);
    }
    finish(&c, SHAPES, why);
    for (int i = 0; i < BENCH_SHAPES && !*why; i++)
        if (!(rate[i] > 0))
            *why = "tests/bench/torch_peer.py did not tell its figures";
}

static double figure(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) && json_number_value(v) > 0 ? json_number_value(v) : NAN;
}

void bench_peer_step(const char *request, int threads, int64_t parameters, struct bench_rates *out,
                     const char **why)
{
    char count[16];
    const char *const word[] = {"--threads", count, NULL};
    struct child c;
    json_t *o;
    *out = (struct bench_rates){NAN, NAN, NAN};
    snprintf(count, sizeof count, "%d", threads);
    if (start(&c, STEP, word, request, why))
        return;
    o = next_line(&c);
    finish(&c, STEP, why);
    if (!*why && json_integer_value(json_object_get(o, "parameters")) != parameters)
        *why = "tests/bench/torch_grpo_step.py has another model";
    if (!*why)
        *out = (struct bench_rates){figure(o, "step"), figure(o, "rollout"), figure(o, "update")};
    if (!*why && isnan(out->step + out->rollout + out->update))
        *why = "tests/bench/torch_grpo_step.py did not tell its figures";
    json_decref(o);
}
