/* Several processes on one store: who trains a run, and writing side by side. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_data.h"

TestSuite(store_lock, .fini = data_remove);

/* A child that is forked while nothing is open: it locks run 1, says so, and waits to be let go or killed. */
static int hold_run_one(int go, int said)
{
    struct store *s;
    struct err e = {0};
    char c;
    if (read(go, &c, 1) != 1)
        return 1;
    if (store_open(&s, data_path("lab.db"), NULL, &e) || store_run_lock(s, 1, &e))
        return fprintf(stderr, "%s\n", e.msg), 2;
    if (write(said, "!", 1) != 1)
        return 3;
    if (read(go, &c, 1) != 1)
        return 4;
    store_close(s);
    return 0;
}

Test(store_lock, one_process_trains_a_run)
{
    struct store *s, *second;
    struct err e = {0};
    int go[2], said[2], how;
    char c;
    pid_t child;
    cr_assert(!pipe(go) && !pipe(said) && data_folder());
    cr_assert_geq(child = fork(), 0);
    if (child == 0)
        _exit(hold_run_one(go[0], said[1]));
    /* If the child dies, reading ends instead of waiting for ever. */
    close(said[1]);
    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    data_run_make(s, "first", &data_small, 1);
    data_run_make(s, "second", &data_small, 1);
    cr_assert(write(go[1], "!", 1) == 1 && read(said[0], &c, 1) == 1);
    cr_assert_eq(store_run_lock(s, 1, &e), ST_BUSY);
    cr_assert(strstr(e.msg, "another process is training run 'first'"), "%s", e.msg);
    cr_assert_eq(store_run_delete(s, 1, &e), ST_BUSY);
    cr_assert_eq(store_run_lock(s, 2, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_run_lock(s, 2, &e), ST_OK, "again: %s", e.msg);
    cr_assert_eq(store_run_lock(s, 3, &e), ST_NOTFOUND);
    /* Killed, it leaves no lock behind. */
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, &how, 0), child);
    cr_assert_eq(store_run_lock(s, 1, &e), ST_OK, "%s", e.msg);
    /* Another handle of the same process counts as another one. */
    cr_assert_eq(store_open(&second, data_path("lab.db"), NULL, &e), ST_OK);
    cr_assert_eq(store_run_lock(second, 1, &e), ST_BUSY);
    store_run_unlock(s, 1);
    cr_assert_eq(store_run_lock(second, 1, &e), ST_OK);
    store_close(second);
    cr_assert_eq(store_run_lock(s, 1, &e), ST_OK);
    cr_assert_eq(access(data_path("lab.db-lock"), F_OK), 0);
    store_close(s);
}

static int train(const char *name, uint64_t seed, int go)
{
    struct store *s;
    struct record_run run = {.preset = "p"};
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    char c;
    if (read(go, &c, 1) != 1 || store_open(&s, data_path("lab.db"), NULL, &e))
        return fprintf(stderr, "%s\n", e.msg), 1;
    snprintf(run.name, sizeof run.name, "%s", name);
    data_step_make(&d, &data_small, seed, 0);
    if (store_run_create(s, &run, "", "", "", &d.record.digest, &d.keyframe, &e) ||
        store_run_lock(s, run.id, &e) || store_sink(s, run.id, &sink, &e))
        return fprintf(stderr, "%s\n", e.msg), 2;
    data_step_free(&d);
    for (int step = 1; step <= 60; step++) {
        enum status st;
        data_step_make(&d, &data_small, seed, step);
        st = sink.commit(sink.self, &d.record, keyframe_due(step) ? &d.keyframe : NULL, &e);
        data_step_free(&d);
        if (st)
            return fprintf(stderr, "%s\n", e.msg), 3;
    }
    store_close(s);
    return 0;
}

/* Both make the store, too: neither is first. */
Test(store_lock, two_processes_write_two_runs)
{
    static const char *const name[] = {"one", "two"};
    struct store *s;
    struct query *q;
    struct err e = {0};
    pid_t child[2];
    int go[2], how;
    cr_assert(!pipe(go) && data_folder());
    for (int i = 0; i < 2; i++) {
        cr_assert_geq(child[i] = fork(), 0);
        if (child[i] == 0)
            _exit(train(name[i], (uint64_t)i + 1, go[0]));
    }
    cr_assert_eq(write(go[1], "!!", 2), 2);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(waitpid(child[i], &how, 0), child[i]);
        cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0, "process %d failed at %d", i, WEXITSTATUS(how));
    }
    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < 2; i++) {
        struct record_run run;
        cr_assert(!query_run(q, name[i], &run, &e) && run.step == 60);
        for (int64_t step = 1; step <= 60; step++)
            data_step_same(q, run.id, &data_small, (uint64_t)i + 1, step);
    }
    query_close(q);
    store_close(s);
}
