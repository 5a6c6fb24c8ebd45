/* Commits on a disk that fails: at every single write and sync, when full, and in the checkpoint. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fault_vfs.h"
#include "tests/unit/store_data.h"

TestSuite(store_fault, .fini = data_remove);

enum { SEED = 5 };

static struct store *open_faulty(void)
{
    struct store *s;
    struct err e = {0};
    fault_register();
    cr_assert_eq(store_open(&s, data_path("lab.db"), "fault", &e), ST_OK, "%s", e.msg);
    return s;
}

/* Steps 0..head are on record to the bit, and nothing else. */
static void expect_head(struct store *s, int64_t run, int64_t head)
{
    struct query *q;
    struct record_run r;
    struct err e = {0};
    char id[24];
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
    snprintf(id, sizeof id, "%d", (int)run);
    cr_assert_eq(query_run(q, id, &r, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(r.step, head);
    for (int64_t step = head > 2 ? head - 1 : 1; step <= head; step++)
        data_step_same(q, run, &data_small, SEED, step);
    query_close(q);
}

/* The nth operation fails, for n = 1, 2, ... until the commit gets through; after each failure nothing of the
 * step is there, what was there still is, and the next attempt finds the connection usable. */
static void each_fault(int ops, int code, enum status expected)
{
    struct store *s = open_faulty();
    struct record_run run = data_run_make(s, "", &data_small, SEED);
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    enum status st = ST_OK;
    long n = 0;
    data_run_commit(s, run.id, &data_small, SEED, 1, 15);
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_step_make(&d, &data_small, SEED, 16);
    do {
        fault_arm(ops, ++n, code, 0);
        st = sink.commit(sink.self, &d.record, &d.keyframe, &e);
        fault_clear();
        cr_assert_eq(st != ST_OK, fault_hits() > 0);
        if (st) {
            cr_assert_eq(st, expected, "%s: %s", status_name(st), e.msg);
            cr_assert(strstr(e.msg, "nothing of step 16 was written"), "%s", e.msg);
            cr_assert(strstr(e.msg, "lab.db"), "%s", e.msg);
        }
        expect_head(s, run.id, st ? 15 : 16);
        cr_assert_lt(n, 1000);
    } while (st);
    cr_assert_gt(n, 20);
    data_step_free(&d);
    data_run_commit(s, run.id, &data_small, SEED, 17, 18);
    expect_head(s, run.id, 18);
    store_close(s);
}

Test(store_fault, full_at_each_write)
{
    each_fault(FAULT_WRITE | FAULT_WAL, SQLITE_FULL, ST_FULL);
}

Test(store_fault, io_error_at_each_write)
{
    each_fault(FAULT_WRITE | FAULT_WAL, SQLITE_IOERR_WRITE, ST_IO);
}

Test(store_fault, full_disk_then_room)
{
    struct store *s = open_faulty();
    struct record_run run = data_run_make(s, "x", &data_small, SEED);
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    data_run_commit(s, run.id, &data_small, SEED, 1, 3);
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_step_make(&d, &data_small, SEED, 4);
    fault_arm(FAULT_WRITE | FAULT_MAIN | FAULT_WAL, 1, SQLITE_FULL, 1);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_FULL, "%s", e.msg);
        cr_assert(strstr(e.msg, "disk full") && strstr(e.msg, "room"), "%s", e.msg);
        cr_assert_eq(sink.state(sink.self, "paused", &e), ST_FULL);
        cr_assert_eq(store_run_rename(s, run.id, "y", &e), ST_FULL);
        sink.log(sink.self, 4, 2, "disk full");
    }
    fault_clear();
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK, "%s", e.msg);
    data_step_free(&d);
    expect_head(s, run.id, 4);
    store_close(s);
}

/* What cannot be moved into the main file stays in the log and is read from there. */
static void failing_checkpoints(int ops, int code)
{
    struct data_shape shape = data_small;
    struct store *s = open_faulty();
    struct record_run run;
    struct query *q;
    struct err e = {0};
    shape.floats = 120000; /* a keyframe of 4 MB: two of them are past the limit where checkpoints begin */
    run = data_run_make(s, "x", &shape, SEED);
    fault_arm(ops, 1, code, 1);
    data_run_commit(s, run.id, &shape, SEED, 1, 49);
    cr_assert_gt(fault_hits(), 0);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
    data_step_same(q, run.id, &shape, SEED, 49);
    query_close(q);
    fault_clear();
    data_run_commit(s, run.id, &shape, SEED, 50, 64);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
    for (int64_t step = 1; step <= 64; step++)
        data_step_same(q, run.id, &shape, SEED, step);
    data_keyframe_same(q, run.id, &shape, SEED, 48);
    data_keyframe_same(q, run.id, &shape, SEED, 64);
    query_close(q);
}

Test(store_fault, checkpoint_full)
{
    failing_checkpoints(FAULT_WRITE | FAULT_MAIN, SQLITE_FULL);
}

Test(store_fault, checkpoint_sync)
{
    failing_checkpoints(FAULT_SYNC | FAULT_WAL | FAULT_MAIN, SQLITE_IOERR_FSYNC);
}

/* A run is made whole or not at all. */
Test(store_fault, create_at_each_write)
{
    struct store *s = open_faulty();
    struct query *q;
    struct record_run *list, run;
    struct data_step d;
    struct err e = {0};
    enum status st;
    int n, count = 0;
    data_step_make(&d, &data_small, SEED, 0);
    do {
        run = (struct record_run){.name = "born", .preset = "quick"};
        fault_arm(FAULT_WRITE | FAULT_WAL, ++count, SQLITE_FULL, 0);
        st = store_run_create(s, &run, "a = 1\n", "b = 2\n", "x y", &d.record.digest, &d.keyframe, &e);
        fault_clear();
        cr_assert_eq(store_check(s, NULL), ST_OK);
        cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
        cr_assert_eq(query_runs(q, &list, &n, &e), ST_OK);
        cr_assert_eq(n, st ? 0 : 1);
        free(list);
        query_close(q);
        cr_assert(!st || (st == ST_FULL && strstr(e.msg, "'born' was not made")), "%s", e.msg);
        cr_assert_lt(count, 1000);
    } while (st);
    cr_assert_gt(count, 10);
    cr_assert_str_eq(run.name, "born");
    data_step_free(&d);
    store_close(s);
}

/* Opening fails at each write of the schema, and leaves a file that can be opened when the disk works again.
 */
Test(store_fault, open_at_each_write)
{
    struct store *s;
    struct err e = {0};
    enum status st;
    long n = 0;
    fault_register();
    do {
        fault_arm(FAULT_WRITE | FAULT_MAIN | FAULT_WAL, ++n, SQLITE_FULL, 1);
        st = store_open(&s, data_path("new.db"), "fault", &e);
        cr_assert(st == ST_OK || st == ST_FULL, "%s", e.msg);
        fault_clear();
        cr_assert_lt(n, 1000);
    } while (st);
    cr_assert_gt(n, 3);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
}

Test(store_fault, read_errors_are_said)
{
    struct store *s = open_faulty();
    struct record_run run = data_run_make(s, "x", &data_small, SEED);
    struct err e = {0};
    data_run_commit(s, run.id, &data_small, SEED, 1, 3);
    store_close(s);
    for (long n = 1; n < 40; n++) {
        fault_arm(FAULT_READ | FAULT_MAIN, n, SQLITE_IOERR_READ, 0);
        if (!store_open(&s, data_path("lab.db"), "fault", &e)) {
            enum status st = store_check(s, &e);
            cr_assert(fault_hits() ? st == ST_IO || st == ST_CORRUPT : st == ST_OK, "%s", e.msg);
            store_close(s);
        } else {
            cr_assert_eq(e.code, ST_IO, "%s", e.msg);
        }
        fault_clear();
    }
    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK);
    expect_head(s, run.id, 3);
    store_close(s);
}

Test(store_fault, read_only_medium)
{
    struct store *s = open_faulty();
    struct err e = {0};
    store_close(s);
    fault_readonly(1);
    cr_assert_eq(store_open(&s, data_path("lab.db"), "fault", &e), ST_READONLY, "%s", e.msg);
    cr_assert(!s && strstr(e.msg, "lab.db") && strstr(e.msg, "may not be written"), "%s", e.msg);
    fault_readonly(0);
    cr_assert_eq(store_open(&s, data_path("lab.db"), "fault", &e), ST_OK);
    store_close(s);
}

Test(store_fault, refused_writes)
{
    struct store *s = open_faulty();
    struct record_run run = data_run_make(s, "x", &data_small, SEED);
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_step_make(&d, &data_small, SEED, 1);
    fault_arm(FAULT_WRITE | FAULT_WAL, 1, SQLITE_READONLY, 1);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_READONLY, "%s", e.msg);
    fault_clear();
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK, "%s", e.msg);
    data_step_free(&d);
    expect_head(s, run.id, 1);
    store_close(s);
}
