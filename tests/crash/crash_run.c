/* A run that is killed at random moments and resumed ends with the digest of one that was left alone: base,
 * cold start and GRPO, evaluation and commits included. Plain main: [KILLS [SEED]]. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/session/session.h"
#include "engine/base/rng.h"

static const char *const tiny[] = {
    "model.width=32", "base.steps=20", "cold.steps=60", "base.documents=8", "cold.documents=8", "rl.steps=40",
    "rl.prompts=6", "rl.group=4", "rl.max_tokens=48", "eval.every=7", "eval.problems=10",
    "eval.final_problems=20",
    "rl.mini_batches=2", "rl.drop_flat=0", "rl.reference_every=11",
};
enum { TINY = sizeof tiny / sizeof *tiny };

static struct err e;

static int fail(const char *what)
{
    fprintf(stderr, "crash_run: %s: %s: %s\n", what, e.where, e.msg);
    return 1;
}

/* Goes on with what the store has until the chain is done. */
static int work(const char *path)
{
    struct session s;
    struct record_run last;
    if (session_init(&s, path, 2, &e))
        return fail("init");
    s.follow_chain = 1;
    if (query_last_run(s.query, &last, &e) == ST_OK) {
        if (session_open(&s, last.name, -1, 1, &e))
            return fail("open");
    } else {
        struct settings set;
        uint64_t seed = 0;
        if (presets_load("quick", tiny, TINY, &set, &seed, &e) || session_new(&s, &set, 5, "", &e))
            return fail("new");
    }
    while (!session_is_done(&s))
        if (session_step(&s, &e))
            return fail("step");
    session_release(&s);
    return 0;
}

/* One child; killed after `microseconds` (0: left alone). Returns 1 when it had come to its end. */
static int child(const char *path, unsigned microseconds, int *failed)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(work(path));
    if (microseconds) {
        usleep(microseconds);
        kill(pid, SIGKILL);
    }
    waitpid(pid, &status, 0);
    *failed = WIFEXITED(status) && WEXITSTATUS(status) != 0;
    return WIFEXITED(status);
}

static int last_digest(const char *path, struct digest *out, int64_t *step)
{
    struct query *q;
    struct record_run run;
    if (query_open(&q, path, &e) || query_run(q, "quick", &run, &e) ||
        query_digest(q, run.id, run.step, out, &e))
        return fail("digest");
    *step = run.step;
    query_close(q);
    return 0;
}

int main(int argc, char **argv)
{
    int kills = argc > 1 ? atoi(argv[1]) : 100, killed = 0, failed = 0, done = 0;
    struct rng r = rng_at(argc > 2 ? strtoull(argv[2], NULL, 10) : 1, RNG_TEST, 0, 0, 0);
    const char *dir = getenv("TMPDIR");
    char base[512], alone[600], torn[600];
    struct digest a, b;
    int64_t step_a, step_b;
    snprintf(base, sizeof base, "%s/crash-XXXXXX", dir ? dir : "/tmp");
    if (!mkdtemp(base))
        return fail("no folder");
    snprintf(alone, sizeof alone, "%s/alone.db", base);
    snprintf(torn, sizeof torn, "%s/torn.db", base);
    if (!child(alone, 0, &failed) || failed)
        return fail("the run left alone");
    while (!done && killed < kills && !failed) {
        done = child(torn, 20000u + (unsigned)rng_below(&r, 150000), &failed);
        killed += !done;
    }
    if (!done && !failed)
        child(torn, 0, &failed);
    if (failed || last_digest(alone, &a, &step_a) || last_digest(torn, &b, &step_b))
        return 1;
    if (step_a != step_b || !digest_equal(&a, &b) || killed < 3) {
        fprintf(stderr, "crash_run: steps %lld and %lld, %d kills: another digest, or killed too seldom\n",
                (long long)step_a, (long long)step_b, killed);
        return 1;
    }
    printf("crash_run: ok, %d kills\n", killed);
    return 0;
}
