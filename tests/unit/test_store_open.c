/* Opening what is there: nothing, folders, foreign, newer, older, truncated and damaged files, read-only
 * places. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/rng.h"
#include "engine/store/store_db.h"
#include "tests/unit/store_data.h"

TestSuite(store_open, .fini = data_remove);

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *h;
    char *why = NULL;
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h, sql, NULL, NULL, &why), SQLITE_OK, "%s", why);
    cr_assert_eq(sqlite3_close(h), SQLITE_OK);
}

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *data;
    long size;
    cr_assert(f);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    data = malloc((size_t)size + 1);
    cr_assert(data && fread(data, 1, (size_t)size, f) == (size_t)size);
    fclose(f);
    *n = (size_t)size;
    return data;
}

static void spill(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    cr_assert(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
}

/* Both sides refuse the file with this status and words, and leave every byte as it was. */
static void expect_refused(const char *path, enum status expected, const char *words)
{
    struct store *s = (struct store *)1;
    struct query *q = (struct query *)1;
    struct err e = {0};
    size_t before_n, after_n;
    char *before = slurp(path, &before_n), *after;
    cr_assert_eq(store_open(&s, path, NULL, &e), expected, "%s: %s", status_name(e.code), e.msg);
    cr_assert(!s && strstr(e.msg, words) && strstr(e.msg, strrchr(path, '/') + 1), "%s", e.msg);
    cr_assert_eq(query_open(&q, path, &e), expected, "%s: %s", status_name(e.code), e.msg);
    cr_assert(!q && strstr(e.msg, words), "%s", e.msg);
    after = slurp(path, &after_n);
    cr_assert(before_n == after_n && !memcmp(before, after, after_n));
    free(before);
    free(after);
}

static void make_store(const char *path, int steps)
{
    struct store *s;
    struct record_run run;
    struct err e = {0};
    cr_assert_eq(store_open(&s, path, NULL, &e), ST_OK, "%s", e.msg);
    run = data_run_make(s, "x", &data_small, 1);
    data_run_commit(s, run.id, &data_small, 1, 1, steps);
    store_close(s);
}

Test(store_open, places_that_cannot_be)
{
    struct store *s;
    struct query *q;
    struct err e = {0};
    cr_assert_eq(query_open(&q, data_path("none.db"), &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "none.db"), "%s", e.msg);
    cr_assert_neq(access(data_path("none.db"), F_OK), 0);
    cr_assert_eq(store_open(&s, data_folder(), NULL, &e), ST_IO, "%s", e.msg);
    spill(data_path("file"), "x", 1);
    cr_assert_eq(store_open(&s, data_path("file/lab.db"), NULL, &e), ST_IO, "%s", e.msg);
    cr_assert_eq(store_open(&s, "", NULL, &e), ST_USAGE);
    cr_assert_eq(query_open(&q, "", &e), ST_USAGE);
}

/* Names that SQLite would take for something else are files like any other. */
Test(store_open, odd_names)
{
    static const char *const name[] = {":memory:", "file:x?mode=memory", "a?b#c%20d", "\xc3\xa4.db"};
    struct store *s;
    struct query *q;
    struct err e = {0};
    cr_assert_eq(chdir(data_folder()), 0);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        cr_assert_eq(store_open(&s, name[i], NULL, &e), ST_OK, "%s", e.msg);
        store_close(s);
        cr_assert_eq(access(name[i], F_OK), 0, "%s", name[i]);
        cr_assert_eq(query_open(&q, name[i], &e), ST_OK, "%s", e.msg);
        query_close(q);
    }
}

Test(store_open, long_paths_are_named_by_their_end)
{
    char name[400];
    struct err e = {0};
    struct store *s;
    memset(name, 'd', sizeof name);
    snprintf(name + 200, 200, "/the_end.db");
    spill(data_path("text"), "x", 1);
    cr_assert_eq(mkdir(data_path("long"), 0755), 0);
    cr_assert_eq(store_open(&s, data_path(name), NULL, &e), ST_OK, "%s", e.msg);
    store_close(s);
    spill(data_path(name), "not a database at all, but long enough to look at", 49);
    cr_assert_eq(store_open(&s, data_path(name), NULL, &e), ST_CORRUPT);
    cr_assert(strstr(e.msg, "the_end.db") && strstr(e.msg, "is not a grpolab store"), "%s", e.msg);
}

Test(store_open, foreign_files)
{
    char noise[5000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)hash_u64(i);
    spill(data_path("noise"), noise, sizeof noise);
    expect_refused(data_path("noise"), ST_CORRUPT, "is not a grpolab store");
    spill(data_path("text"), "[countdown]\nlr = 3\n", 19);
    expect_refused(data_path("text"), ST_CORRUPT, "is not a grpolab store");
    run_sql(data_path("other"), "CREATE TABLE run (id); INSERT INTO run VALUES (1)");
    expect_refused(data_path("other"), ST_CORRUPT, "is not a grpolab store");
    run_sql(data_path("wal"), "PRAGMA journal_mode = WAL; PRAGMA user_version = 1; CREATE TABLE t (x)");
    expect_refused(data_path("wal"), ST_CORRUPT, "is not a grpolab store");
    run_sql(data_path("app"), "PRAGMA application_id = 7; PRAGMA user_version = 3");
    expect_refused(data_path("app"), ST_CORRUPT, "is not a grpolab store");
}

Test(store_open, newer_files)
{
    make_store(data_path("lab.db"), 2);
    run_sql(data_path("lab.db"), "PRAGMA user_version = 7");
    expect_refused(data_path("lab.db"), ST_NEWER, "newer grpolab (schema 7, this program knows 3)");
    run_sql(data_path("lab.db"), "PRAGMA user_version = -1");
    expect_refused(data_path("lab.db"), ST_CORRUPT, "damaged");
}

Test(store_open, empty_files_become_stores)
{
    struct store *s;
    struct query *q;
    struct err e = {0};
    spill(data_path("empty"), "", 0);
    cr_assert_eq(query_open(&q, data_path("empty"), &e), ST_CORRUPT);
    cr_assert_eq(store_open(&s, data_path("empty"), NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
    run_sql(data_path("blank"), "PRAGMA user_version = 0; VACUUM");
    cr_assert_eq(store_open(&s, data_path("blank"), NULL, &e), ST_OK, "%s", e.msg);
    store_close(s);
}

/* From version 3 to a made-up version 5, all or nothing, with what was in it. */
Test(store_open, migrations)
{
    static const char *const two[] = {"ALTER TABLE run ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'", NULL};
    static const char *const broken[] = {"CREATE TABLE extra (x INTEGER) STRICT",
                                         "SELECT no_such_column FROM extra", NULL};
    static const char *const three[] = {"CREATE TABLE extra (x INTEGER) STRICT",
                                        "INSERT INTO extra VALUES (3)", NULL};
    struct migration list[] = {
        schema_migration[0], schema_migration[1], schema_migration[2], {two}, {broken}};
    struct db d;
    struct store *s;
    struct query *q;
    struct err e = {0};
    int64_t n;
    int version;
    const char *path = data_path("lab.db");
    make_store(path, 3);
    cr_assert_eq(db_open(&d, path, SQLITE_OPEN_READWRITE, NULL, &e), ST_OK);
    cr_assert_neq(schema_migrate(&d, list, 5, &e), ST_OK);
    cr_assert(!schema_identify(&d, 5, &version, &e) && version == 3);
    cr_assert(!db_number(&d, "SELECT count(*) FROM pragma_table_info('run') WHERE name = 'colour'", &n, &e) &&
              !n);
    list[4].sql = three;
    cr_assert_eq(schema_migrate(&d, list, 5, &e), ST_OK, "%s", e.msg);
    cr_assert(!schema_identify(&d, 5, &version, &e) && version == 5);
    cr_assert(!db_number(&d, "SELECT count(*) FROM run, extra WHERE colour = 'blue' AND x = 3", &n, &e) &&
              n == 1);
    cr_assert_eq(schema_migrate(&d, list, 5, &e), ST_OK, "nothing left to do: %s", e.msg);
    cr_assert_eq(schema_migrate(&d, list, 4, &e), ST_NEWER);
    db_close(&d);
    cr_assert_eq(store_open(&s, path, NULL, &e), ST_NEWER);
    /* A file from before the first version is an empty one; the whole history runs. */
    cr_assert_eq(db_open(&d, data_path("old.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, &e),
                 ST_OK);
    cr_assert_eq(schema_migrate(&d, list, 5, &e), ST_OK, "%s", e.msg);
    cr_assert(!schema_identify(&d, 5, &version, &e) && version == 5);
    db_close(&d);
    cr_assert_eq(query_open(&q, data_path("old.db"), &e), ST_NEWER);
}

Test(store_open, truncated_files)
{
    size_t n;
    char *data;
    make_store(data_path("lab.db"), 18);
    data = slurp(data_path("lab.db"), &n);
    for (int i = 1; i < 12; i++) {
        struct store *s;
        struct err e = {0};
        enum status st;
        spill(data_path("cut.db"), data, n * (size_t)i / 12 / (i % 2 ? 1 : 8192) * (i % 2 ? 1 : 8192));
        st = store_open(&s, data_path("cut.db"), NULL, &e);
        if (!st) {
            st = store_check(s, &e);
            store_close(s);
        }
        cr_assert_eq(st, ST_CORRUPT, "%s: %s", status_name(st), e.msg);
        cr_assert(strstr(e.msg, "cut.db"), "%s", e.msg);
        cr_assert(!unlink(data_path("cut.db")) && (unlink(data_path("cut.db-wal")) || 1));
        unlink(data_path("cut.db-shm"));
    }
    free(data);
}

static enum status keep_tensor(void *ctx, const char *kind, const char *name, const void *data, size_t bytes,
                               struct err *e)
{
    const struct record_keyframe *k = ctx;
    for (int i = 0; i < k->tensors_n; i++)
        if (!strcmp(k->tensor[i].kind, kind) && !strcmp(k->tensor[i].name, name))
            return k->tensor[i].bytes == bytes && !memcmp(k->tensor[i].data, data, bytes)
                       ? ST_OK
                       : err_set(e, ST_FAILED, "test", "wrong bytes of %s %s", kind, name);
    return err_set(e, ST_FAILED, "test", "unknown tensor %s %s", kind, name);
}

/* Whatever byte is damaged: no crash, and never a wrong weight or token that passes for a right one. */
Test(store_open, flipped_bytes)
{
    struct rng rng = rng_at(11, RNG_TEST, 0, 0, 0);
    struct data_step d;
    size_t n;
    char *data;
    int seen = 0;
    make_store(data_path("lab.db"), 18);
    data = slurp(data_path("lab.db"), &n);
    data_step_make(&d, &data_small, 1, 16);
    for (int i = 0; i < 120; i++) {
        size_t at, length = (size_t)rng_range(&rng, 1, 40);
        struct store *s;
        struct query *q;
        struct query_step step;
        struct err e = {0};
        char *copy = malloc(n);
        /* Half of the time in the first pages, where the schema is; where something stands: what pages keep
         * free is zero. */
        do
            at = (size_t)rng_below(&rng, i % 2 ? (int)n : 100000);
        while (!data[at]);
        memcpy(copy, data, n);
        for (size_t j = at; j < at + length && j < n; j++)
            copy[j] ^= (char)rng_range(&rng, 1, 255);
        spill(data_path("bad.db"), copy, n);
        free(copy);
        if (!store_open(&s, data_path("bad.db"), NULL, &e)) {
            seen += store_check(s, &e) != ST_OK;
            store_close(s);
        }
        if (!query_open(&q, data_path("bad.db"), &e)) {
            enum status st = query_keyframe(q, 1, 16, keep_tensor, &d.keyframe, &e);
            cr_assert(st == ST_OK || st == ST_CORRUPT || st == ST_NOTFOUND, "%s: %s", status_name(st), e.msg);
            st = query_step(q, 1, 7, 1, &step, &e);
            cr_assert(st || step.traces_n <= 12);
            query_step_free(&step);
            query_close(q);
        }
        unlink(data_path("bad.db"));
        unlink(data_path("bad.db-wal"));
        unlink(data_path("bad.db-shm"));
    }
    cr_assert_gt(seen, 60, "%d of 120", seen);
    data_step_free(&d);
    free(data);
}

/* Reads lab.db of an unwritable folder as somebody who owns nothing; returns a number that tells where it
 * failed. */
static int read_as_nobody(int wait_for)
{
    struct query *q;
    struct store *s;
    struct record_run run;
    struct query_step step;
    struct err e = {0};
    char go;
    const char *path = data_path("closed/lab.db");
    if (wait_for >= 0 && read(wait_for, &go, 1) != 1)
        return 1;
    if (geteuid() == 0 && setresuid(65534, 65534, 65534))
        return 2;
    if (access(path, R_OK))
        return 77; /* the test's folder cannot be reached by others */
    if (store_open(&s, path, NULL, &e) != ST_READONLY || !strstr(e.msg, "lab.db"))
        return fprintf(stderr, "%s\n", e.msg), 3;
    if (query_open(&q, path, &e))
        return fprintf(stderr, "%s\n", e.msg), 4;
    if (query_run(q, "x", &run, &e) || run.step != 5 || query_step(q, run.id, 5, 1, &step, &e))
        return fprintf(stderr, "%s\n", e.msg), 5;
    query_step_free(&step);
    query_close(q);
    return 0;
}

static void expect_read(pid_t child)
{
    int how;
    cr_assert_eq(waitpid(child, &how, 0), child);
    chmod(data_path("closed"), 0755);
    if (WIFEXITED(how) && WEXITSTATUS(how) == 77)
        cr_skip_test("the temporary folder cannot be reached by an unprivileged user");
    cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0, "failed at %d", WEXITSTATUS(how));
}

/* No process has the store open: there is no -wal, nothing can be created, the file alone is read. */
Test(store_open, read_only_folder)
{
    pid_t child;
    make_store(data_path("closed/lab.db"), 5);
    cr_assert(!chmod(data_path("closed/lab.db"), 0444) && !chmod(data_path("closed"), 0555));
    cr_assert_geq(child = fork(), 0);
    if (child == 0)
        _exit(read_as_nobody(-1));
    expect_read(child);
}

/* Another process is writing: its -wal and -shm are read. The child is forked before anything is opened. */
Test(store_open, read_only_folder_of_a_live_store)
{
    struct store *s;
    struct record_run run;
    struct err e = {0};
    int go[2];
    pid_t child;
    make_store(data_path("closed/other.db"), 1);
    cr_assert_eq(pipe(go), 0);
    cr_assert_geq(child = fork(), 0);
    if (child == 0)
        _exit(read_as_nobody(go[0]));
    cr_assert_eq(store_open(&s, data_path("closed/lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    run = data_run_make(s, "x", &data_small, 1);
    data_run_commit(s, run.id, &data_small, 1, 1, 5);
    cr_assert(!chmod(data_path("closed/lab.db"), 0444) && !chmod(data_path("closed"), 0555));
    cr_assert_eq(write(go[1], "!", 1), 1);
    expect_read(child);
    store_close(s);
}
