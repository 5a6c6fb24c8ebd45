/* Findings on record: written, read back, kept or replaced, deleted with their run; the migration that brings
 * their table. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/store/store_db.h"
#include "tests/unit/store_data.h"

TestSuite(finding, .fini = data_remove);

static struct record_finding aha(int64_t step, int group, int index, int right)
{
    return (struct record_finding){.step = step, .group = group, .index = index, .kind = FINDING_AHA,
                                   .token = 0, .right = right, .n = 32, .without_right = 7, .without_n = 32,
                                   .p = 0.03125, .verified = 1};
}

static struct record_finding value(int64_t step, int group, int index, int token, int right, int n)
{
    return (struct record_finding){.step = step, .group = group, .index = index, .kind = FINDING_VALUE,
                                   .token = token, .right = right, .n = n, .p = NAN};
}

static struct store *make(struct record_run *run)
{
    struct store *s;
    struct err e = {0};
    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    *run = data_run_make(s, "x", &data_small, 1);
    data_run_commit(s, run->id, &data_small, 1, 1, 3);
    return s;
}

static int count(const char *path, const char *sql)
{
    struct db d;
    int64_t n = -1;
    struct err e = {0};
    cr_assert_eq(db_open(&d, path, SQLITE_OPEN_READWRITE, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(db_number(&d, sql, &n, &e), ST_OK, "%s", e.msg);
    db_close(&d);
    return (int)n;
}

Test(finding, written_and_read_back)
{
    struct record_run run;
    struct store *s = make(&run);
    struct record_finding f[] = {value(2, 1, 3, 0, 5, 32), aha(2, 1, 2, 21), aha(3, 0, 0, 11)}, *got;
    struct query *q;
    struct err e = {0};
    int n;
    cr_assert_eq(store_findings(s, run.id, f, 3, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK);
    cr_assert_eq(query_findings(q, run.id, -1, -1, -1, &got, &n, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(n, 3);
    cr_assert(got[0].step == 2 && got[0].group == 1 && got[0].index == 2 && got[0].kind == FINDING_AHA &&
              got[0].token == 0 && got[0].right == 21 && got[0].n == 32 && got[0].without_right == 7 &&
              got[0].without_n == 32 && got[0].p == 0.03125 && got[0].verified == 1 &&
              got[0].created > 1000000);
    cr_assert(got[1].kind == FINDING_VALUE && got[1].index == 3 && got[1].right == 5 && isnan(got[1].p) &&
              !got[1].verified);
    cr_assert(got[2].step == 3 && got[2].right == 11);
    free(got);
    cr_assert(!query_findings(q, run.id, 2, 1, 3, &got, &n, &e) && n == 1 && got[0].kind == FINDING_VALUE);
    free(got);
    cr_assert(!query_findings(q, run.id, 2, 0, -1, &got, &n, &e) && n == 0 && !got);
    cr_assert(!query_findings(q, run.id, 3, -1, -1, &got, &n, &e) && n == 1);
    free(got);
    query_close(q);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
}

Test(finding, more_continuations_replace_fewer)
{
    struct record_run run;
    struct store *s = make(&run);
    struct record_finding f, *got;
    struct query *q;
    struct err e = {0};
    int n;
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK);
    f = value(1, 0, 0, 0, 8, 32);
    cr_assert(!store_findings(s, run.id, &f, 1, &e));
    f = value(1, 0, 0, 0, 3, 16);
    cr_assert(!store_findings(s, run.id, &f, 1, &e));
    cr_assert(!query_findings(q, run.id, 1, 0, 0, &got, &n, &e) && n == 1 && got[0].right == 8 &&
              got[0].n == 32);
    free(got);
    f = value(1, 0, 0, 0, 30, 64);
    cr_assert(!store_findings(s, run.id, &f, 1, &e));
    cr_assert(!query_findings(q, run.id, 1, 0, 0, &got, &n, &e) && n == 1 && got[0].right == 30 &&
              got[0].n == 64);
    free(got);
    query_close(q);
    store_close(s);
}

/* All or nothing, and the trace must be on record. */
Test(finding, what_belongs_to_no_trace_is_refused)
{
    struct record_run run;
    struct store *s = make(&run);
    struct record_finding f[] = {value(2, 0, 0, 0, 1, 4), value(4, 0, 0, 0, 1, 4)},
                          bad = value(1, 0, 0, 0, 5, 4);
    struct err e = {0};
    cr_assert_eq(store_findings(s, run.id, f, 2, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "step 4"), "%s", e.msg);
    f[1] = value(2, 0, 4, 0, 1, 4);
    cr_assert_eq(store_findings(s, run.id, f, 2, &e), ST_NOTFOUND);
    f[1] = value(2, 0, 1, 21, 1, 4);
    cr_assert_eq(store_findings(s, run.id, f, 2, &e), ST_NOTFOUND, "a token beyond the trace's end");
    cr_assert_eq(store_findings(s, run.id + 1, f, 1, &e), ST_NOTFOUND);
    cr_assert_eq(store_findings(s, run.id, &bad, 1, &e), ST_USAGE, "more right than there are");
    bad = value(1, 0, 0, -1, 1, 4);
    cr_assert_eq(store_findings(s, run.id, &bad, 1, &e), ST_USAGE);
    cr_assert_eq(store_findings(s, run.id, f, 0, &e), ST_OK);
    store_close(s);
    cr_assert_eq(count(data_path("lab.db"), "SELECT count(*) FROM finding"), 0);
}

Test(finding, goes_with_its_run)
{
    struct record_run run, other;
    struct store *s = make(&run);
    struct record_finding f = aha(2, 0, 1, 20);
    struct err e = {0};
    other = data_run_make(s, "y", &data_small, 2);
    data_run_commit(s, other.id, &data_small, 2, 1, 2);
    cr_assert(!store_findings(s, run.id, &f, 1, &e) && !store_findings(s, other.id, &f, 1, &e), "%s", e.msg);
    cr_assert_eq(store_run_delete(s, run.id, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
    cr_assert_eq(count(data_path("lab.db"), "SELECT count(*) FROM finding"), 1);
    cr_assert_eq(count(data_path("lab.db"), "SELECT count(*) FROM findings WHERE run = 'y'"), 1);
}

/* A store of the first version, with a step in it, is brought up to date where it is opened for writing. */
Test(finding, an_older_store_is_migrated)
{
    struct db d;
    struct store *s;
    struct query *q;
    struct err e = {0};
    struct record_run run;
    struct record_finding f = aha(2, 0, 1, 20);
    const char *path = data_path("lab.db");
    s = make(&run);
    store_close(s);
    cr_assert_eq(db_open(&d, path, SQLITE_OPEN_READWRITE, NULL, &e), ST_OK);
    cr_assert(!db_exec(&d, "DROP VIEW findings", &e) && !db_exec(&d, "DROP TABLE finding", &e));
    cr_assert(!db_exec(&d, "DROP VIEW examples", &e) && !db_exec(&d, "DROP TABLE example", &e));
    cr_assert(!db_exec(&d, "PRAGMA user_version = 1", &e));
    db_close(&d);
    cr_assert_eq(query_open(&q, path, &e), ST_FAILED, "reading alone does not change it");
    cr_assert(strstr(e.msg, "older"), "%s", e.msg);
    cr_assert_eq(store_open(&s, path, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_findings(s, run.id, &f, 1, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
    cr_assert_eq(count(path, "SELECT user_version FROM pragma_user_version"), schema_n);
    cr_assert_eq(query_open(&q, path, &e), ST_OK, "%s", e.msg);
    data_step_same(q, run.id, &data_small, 1, 3);
    query_close(q);
    cr_assert_eq(db_open(&d, path, SQLITE_OPEN_READWRITE, NULL, &e), ST_OK);
    cr_assert(!db_exec(&d, "PRAGMA user_version = 99", &e));
    db_close(&d);
    cr_assert_eq(store_open(&s, path, NULL, &e), ST_NEWER);
}

/* What was reported as written survives a kill. */
Test(finding, survives_a_kill)
{
    struct record_run run = {0};
    struct record_finding *got;
    struct query *q;
    struct err e = {0};
    int n = 0, status, channel[2];
    char seen;
    pid_t child;
    data_folder(); /* made here, not by the child */
    cr_assert_eq(pipe(channel), 0);
    child = fork();
    if (child == 0) {
        struct store *s = make(&run);
        struct record_finding f = aha(3, 2, 3, 28);
        if (store_findings(s, run.id, &f, 1, &e) == ST_OK && write(channel[1], "w", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    cr_assert_eq(read(channel[0], &seen, 1), 1);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
    cr_assert(!query_run(q, "x", &run, &e) && !query_findings(q, run.id, 3, 2, 3, &got, &n, &e));
    cr_assert(n == 1 && got[0].right == 28);
    free(got);
    query_close(q);
}
