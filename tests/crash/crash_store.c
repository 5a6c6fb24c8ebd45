/* Kills a process that is committing steps, again and again, and looks whether anything that was committed is
 * lost.
 *
 * A child opens the store (the first of each store makes it), and commits step after step; whenever a commit
 * has returned, it writes the step's number into a pipe. The parent kills it at a seeded moment, which may
 * lie in the making of the store, a commit, a keyframe or a checkpoint. Then it opens the store itself: every
 * step that was reported is there, whole and with its digest; at most one more is, and the run's lock is
 * free.
 *
 * The parent holds no connection while it forks. Usage: crash_store [ROUNDS [SEED]] */
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/rng.h"
#include "engine/store/query.h"
#include "engine/store/store.h"

enum { ROUNDS = 100, ROUNDS_PER_STORE = 10, TRACES = 8, TOKENS = 50, FLOATS = 120000, LONGEST_US = 90000 };

static char folder[512], path[640];

struct made {
    double metric[METRIC_N];
    uint16_t token[TRACES][TOKENS];
    float logp[TRACES][TOKENS];
    struct record_group group;
    struct record_trace trace[TRACES];
    float *weight;
    struct record_tensor tensor;
    struct record_keyframe keyframe;
    struct record_step step;
};

/* A step whose every number follows from its own. */
static void make_step(struct made *m, int64_t step)
{
    struct hash h;
    hash_init(&h);
    hash_add(&h, &step, sizeof step);
    for (int i = 0; i < METRIC_N; i++)
        m->metric[i] = (double)step + i / 128.0;
    for (int i = 0; i < TRACES; i++) {
        for (int t = 0; t < TOKENS; t++) {
            m->token[i][t] = (uint16_t)hash_u64((uint64_t)step * 1000 + (uint64_t)(i * TOKENS + t));
            m->logp[i][t] = -(float)m->token[i][t] / 65536;
        }
        m->trace[i] = (struct record_trace){.index = i,
                                            .n = TOKENS,
                                            .token = m->token[i],
                                            .logp = m->logp[i],
                                            .entropy = m->logp[i],
                                            .reward = (double)step,
                                            .why = "because"};
    }
    for (int i = 0; i < FLOATS; i++)
        m->weight[i] = (float)step + (float)i;
    m->group = (struct record_group){.problem = "{}", .prompt = "1 2 3"};
    m->tensor = (struct record_tensor){"weight", "w", m->weight, FLOATS * sizeof(float)};
    m->keyframe = (struct record_keyframe){.tensors_n = 1, .tensor = &m->tensor};
    m->step = (struct record_step){.step = step,
                                   .digest = hash_end(&h),
                                   .seconds = 1,
                                   .metric = m->metric,
                                   .groups_n = 1,
                                   .traces_n = TRACES,
                                   .group = &m->group,
                                   .trace = m->trace};
}

static int complain(const char *what, const struct err *e)
{
    fprintf(stderr, "crash_store: %s: %s\n", what, e->msg);
    return 1;
}

/* The child: commits until it is killed. */
static int work(int said)
{
    static struct made m;
    struct store *s;
    struct query *q;
    struct record_run run;
    struct sink sink;
    struct err e = {0};
    m.weight = malloc(FLOATS * sizeof *m.weight);
    if (!m.weight || store_open(&s, path, NULL, &e) || query_open(&q, path, &e))
        return complain("open", &e);
    if (query_run(q, "x", &run, &e)) {
        run = (struct record_run){.name = "x", .preset = "p"};
        make_step(&m, 0);
        if (store_run_create(s, &run, "a = 1\n", "", "x y", &m.step.digest, &m.keyframe, &e))
            return complain("create", &e);
    }
    query_close(q);
    if (store_run_lock(s, run.id, &e) || store_sink(s, run.id, &sink, &e))
        return complain("lock", &e);
    for (int64_t step = run.step + 1;; step++) {
        make_step(&m, step);
        if (sink.commit(sink.self, &m.step, keyframe_due(step) ? &m.keyframe : NULL, &e))
            return complain("commit", &e);
        if (write(said, &step, sizeof step) != sizeof step)
            return 1;
    }
}

static enum status expect_weight(void *ctx, const char *kind, const char *name, const void *data,
                                 size_t bytes, struct err *e)
{
    (void)kind;
    (void)name;
    if (bytes != FLOATS * sizeof(float) || memcmp(data, ctx, bytes))
        return err_set(e, ST_FAILED, "test", "a keyframe has wrong bytes");
    return ST_OK;
}

static int check_step(struct query *q, int64_t run, int64_t step, struct made *m, struct err *e)
{
    struct query_step got;
    int same;
    make_step(m, step);
    if (query_step(q, run, step, 1, &got, e))
        return complain("read a step", e);
    same = digest_equal(&got.digest, &m->step.digest) && got.traces_n == TRACES && got.groups_n == 1 &&
           !memcmp(got.metric, m->metric, sizeof m->metric);
    for (int i = 0; same && i < TRACES; i++)
        same = got.trace[i].n == TOKENS && !memcmp(got.trace[i].token, m->token[i], sizeof m->token[i]) &&
               !memcmp(got.trace[i].logp, m->logp[i], sizeof m->logp[i]);
    query_step_free(&got);
    return same ? 0
                : (fprintf(stderr, "crash_store: step %lld is not what was committed\n", (long long)step), 1);
}

/* After a kill: all steps up to `reported` are there. *head is what there is. */
static int check(int64_t reported, int64_t seen, int64_t *head)
{
    static struct made m;
    struct store *s = NULL;
    struct query *q = NULL;
    struct record_run run;
    struct err e = {0};
    int64_t at;
    int bad = 1;
    if (!m.weight && !(m.weight = malloc(FLOATS * sizeof *m.weight)))
        return 1;
    if (access(path, F_OK) && !reported)
        return 0;
    if (store_open(&s, path, NULL, &e) || store_check(s, &e) || query_open(&q, path, &e)) {
        complain("reopen", &e);
        goto out;
    }
    if (query_run(q, "x", &run, &e)) {
        bad = reported > 0 || seen > 0;
        goto out;
    }
    if (run.step < reported || run.step > reported + 1) {
        fprintf(stderr, "crash_store: %lld was reported, %lld is there\n", (long long)reported,
                (long long)run.step);
        goto out;
    }
    for (int64_t step = seen + 1; step <= run.step; step++)
        if (check_step(q, run.id, step, &m, &e))
            goto out;
    if (query_keyframe_before(q, run.id, run.step, &at, &e) || run.step - at >= 16) {
        complain("keyframe", &e);
        goto out;
    }
    make_step(&m, at);
    if (query_keyframe(q, run.id, at, expect_weight, m.weight, &e) || store_run_lock(s, run.id, &e)) {
        complain("keyframe or lock", &e);
        goto out;
    }
    *head = run.step;
    bad = 0;
out:
    query_close(q);
    store_close(s);
    return bad;
}

static void remove_files(void)
{
    char name[1024];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        unlink(name);
    }
    if (dir)
        closedir(dir);
}

/* One round: *head is what the run has before and after. */
static int kill_once(struct rng *rng, int64_t *head)
{
    int said[2], how;
    int64_t step, reported = *head;
    struct timespec wait = {0, rng_range(rng, 0, LONGEST_US) * 1000L};
    pid_t child;
    if (pipe(said) || (child = fork()) < 0)
        return 1;
    if (child == 0) {
        close(said[0]);
        _exit(work(said[1]));
    }
    close(said[1]);
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    waitpid(child, &how, 0);
    while (read(said[0], &step, sizeof step) == sizeof step)
        reported = step;
    close(said[0]);
    if (!WIFSIGNALED(how)) {
        fprintf(stderr, "crash_store: the child ended by itself\n");
        return 1;
    }
    return check(reported, *head, head);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS, bad = 0;
    struct rng rng = rng_at(argc > 2 ? (uint64_t)atoll(argv[2]) : 1, RNG_TEST, 0, 0, 0);
    const char *base = getenv("TMPDIR");
    int64_t head = 0, total = 0;
    snprintf(folder, sizeof folder, "%s/grpolab-crash-XXXXXX", base && base[0] ? base : "/tmp");
    if (!mkdtemp(folder))
        return perror("crash_store: mkdtemp"), 1;
    snprintf(path, sizeof path, "%s/lab.db", folder);
    for (int i = 0; i < rounds && !bad; i++) {
        if (i % ROUNDS_PER_STORE == 0) {
            total += head;
            head = 0;
            remove_files();
        }
        bad = kill_once(&rng, &head);
        if (bad)
            fprintf(stderr, "crash_store: round %d failed\n", i + 1);
    }
    remove_files();
    rmdir(folder);
    printf("crash_store: %d kills, %lld steps committed, %s\n", rounds, (long long)(total + head),
           bad ? "FAILED" : "none lost");
    return bad;
}
