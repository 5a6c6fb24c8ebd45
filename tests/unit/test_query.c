/* The reading side: ranges, what is not there, live reading, the views for the sqlite3 shell. */
#include "engine/store/query.h"

#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_data.h"

TestSuite(query, .fini = data_remove);

static struct store *open_both(struct query **q)
{
    struct store *s;
    struct err e = {0};
    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(query_open(q, data_path("lab.db"), &e), ST_OK, "%s", e.msg);
    return s;
}

/* The reader sees each step as soon as it is committed; ranges are exact; two runs do not mix. */
Test(query, metrics_of_a_range)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run a = data_run_make(s, "a", &data_small, 1), b = data_run_make(s, "b", &data_small, 2);
    struct err e = {0};
    int64_t *step;
    double *value;
    int n;
    for (int64_t i = 1; i <= 30; i++) {
        data_run_commit(s, b.id, &data_small, 2, i, i);
        data_run_commit(s, a.id, &data_small, 1, i, i);
        cr_assert_eq(query_metrics(q, a.id, i, INT64_MAX, &step, &value, &n, &e), ST_OK, "%s", e.msg);
        cr_assert(n == 1 && step[0] == i);
        free(step);
        free(value);
    }
    cr_assert_eq(query_metrics(q, a.id, 7, 20, &step, &value, &n, &e), ST_OK);
    cr_assert_eq(n, 14);
    for (int i = 0; i < n; i++) {
        struct data_step d;
        data_step_make(&d, &data_small, 1, 7 + i);
        cr_assert_eq(step[i], 7 + i);
        for (int m = 0; m < METRIC_N; m++) {
            double v = value[i * METRIC_N + m];
            cr_assert(isnan(v) ? isnan(d.metric[m]) : v == d.metric[m], "step %d metric %d", 7 + i, m);
        }
        data_step_free(&d);
    }
    free(step);
    free(value);
    /* Step 0 counts only once something of it was measured. */
    cr_assert(!query_metrics(q, a.id, 0, 2, &step, &value, &n, &e) && n == 2 && step[0] == 1);
    free(step);
    free(value);
    cr_assert(!query_metrics(q, a.id, 31, 40, &step, &value, &n, &e) && n == 0 && !step && !value);
    cr_assert(!query_metrics(q, 99, 0, 40, &step, &value, &n, &e) && n == 0);
    query_close(q);
    store_close(s);
}

/* A range of metrics is found by the primary key, not by looking at all. */
Test(query, metrics_use_the_key)
{
    struct query *q;
    struct store *s = open_both(&q);
    sqlite3 *h;
    sqlite3_stmt *st;
    cr_assert_eq(sqlite3_open(data_path("lab.db"), &h), SQLITE_OK);
    cr_assert_eq(
        sqlite3_prepare_v2(h,
                           "EXPLAIN QUERY PLAN SELECT step, metric, value FROM metric WHERE run = ?1 AND"
                           " step BETWEEN ?2 AND ?3 ORDER BY step",
                           -1, &st, NULL),
        SQLITE_OK);
    cr_assert_eq(sqlite3_step(st), SQLITE_ROW);
    cr_assert_str_eq((const char *)sqlite3_column_text(st, 3),
                     "SEARCH metric USING PRIMARY KEY (run=? AND step>? AND step<?)");
    cr_assert_eq(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(h);
    query_close(q);
    store_close(s);
}

Test(query, what_is_not_there_is_named)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run, r;
    struct query_step step;
    struct digest digest;
    struct err e = {0};
    cr_assert_eq(query_run(q, "x", &r, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "none yet"), "%s", e.msg);
    run = data_run_make(s, "countdown", &data_small, 1);
    data_run_make(s, "quick", &data_small, 1);
    data_run_commit(s, run.id, &data_small, 1, 1, 3);
    cr_assert_eq(query_run(q, "contdown", &r, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "'contdown'") && strstr(e.msg, "'countdown'") && !strstr(e.msg, "'quick'"), "%s",
              e.msg);
    cr_assert_eq(query_run(q, "zzzzzz", &r, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "'countdown'") && strstr(e.msg, "'quick'"), "%s", e.msg);
    cr_assert(!query_run(q, "2", &r, &e) && !strcmp(r.name, "quick"));
    cr_assert_eq(query_run(q, "02", &r, &e), ST_NOTFOUND);
    cr_assert_eq(query_run(q, "", &r, &e), ST_NOTFOUND);
    cr_assert_eq(query_step(q, run.id, 4, 0, &step, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "'countdown' has no step 4; it has steps 0 to 3"), "%s", e.msg);
    cr_assert_eq(query_digest(q, run.id, -1, &digest, &e), ST_NOTFOUND);
    cr_assert_eq(query_digest(q, 99, 1, &digest, &e), ST_NOTFOUND);
    cr_assert(!query_digest(q, run.id, 0, &digest, &e));
    cr_assert_eq(query_keyframe(q, run.id, 2, NULL, NULL, &e), ST_NOTFOUND);
    query_close(q);
    store_close(s);
}

Test(query, step_without_tokens)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run = data_run_make(s, "x", &data_small, 1);
    struct query_step step;
    struct data_step d;
    struct err e = {0};
    data_run_commit(s, run.id, &data_small, 1, 1, 1);
    data_step_make(&d, &data_small, 1, 1);
    cr_assert_eq(query_step(q, run.id, 1, 0, &step, &e), ST_OK);
    for (int i = 0; i < step.traces_n; i++)
        cr_assert(step.trace[i].n == d.record.trace[i].n && !step.trace[i].token && !step.trace[i].logp);
    query_step_free(&step);
    query_step_free(&step);
    data_step_free(&d);
    query_close(q);
    store_close(s);
}

static enum status stop_at_second(void *ctx, const char *kind, const char *name, const void *data,
                                  size_t bytes, struct err *e)
{
    (void)kind;
    (void)name;
    (void)data;
    (void)bytes;
    return ++*(int *)ctx == 2 ? err_set(e, ST_CANCELLED, "test", "enough") : ST_OK;
}

Test(query, keyframe_stops_where_told)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run = data_run_make(s, "x", &data_small, 1);
    struct err e = {0};
    int calls = 0;
    cr_assert_eq(query_keyframe(q, run.id, 0, stop_at_second, &calls, &e), ST_CANCELLED);
    cr_assert_eq(calls, 2);
    data_keyframe_same(q, run.id, &data_small, 1, 0);
    query_close(q);
    store_close(s);
}

Test(query, evaluations)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run = data_run_make(s, "x", &data_small, 1);
    struct query_evaluation *row;
    struct err e = {0};
    int n;
    data_run_commit(s, run.id, &data_small, 1, 1, 11);
    cr_assert_eq(query_evaluations(q, run.id, &row, &n, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(n, 4);
    for (int i = 0; i < n; i++) {
        struct data_step d;
        const struct record_evaluation *a, *b = &row[i].e;
        data_step_make(&d, &data_small, 1, i < 2 ? 5 : 10);
        a = &d.record.evaluation[i % 2];
        cr_assert_eq(row[i].step, d.record.step);
        cr_assert(a->k == b->k && a->problems == b->problems && a->temperature == b->temperature &&
                  a->top_p == b->top_p && a->pass_1 == b->pass_1 && a->pass_k == b->pass_k &&
                  a->maj_k == b->maj_k && a->mean_length == b->mean_length && isnan(b->waits));
        cr_assert(!memcmp(a->right, b->right, (size_t)a->problems));
        data_step_free(&d);
    }
    query_evaluations_free(row, n);
    query_close(q);
    store_close(s);
}

static char *shell(const char *sql)
{
    static char out[1 << 16];
    sqlite3 *h;
    sqlite3_stmt *st;
    cr_assert_eq(sqlite3_open_v2(data_path("lab.db"), &h, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK, "%s", sqlite3_errmsg(h));
    out[0] = 0;
    while (sqlite3_step(st) == SQLITE_ROW) {
        size_t n = strlen(out);
        const char *text = (const char *)sqlite3_column_text(st, 0);
        snprintf(out + n, sizeof out - n, "%s\n", text ? text : "NULL");
    }
    sqlite3_finalize(st);
    sqlite3_close(h);
    return out;
}

/* What README promises to users of the sqlite3 shell. */
Test(query, views_for_the_shell)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run = data_run_make(s, "countdown", &data_small, 1);
    uint16_t narrow[] = {1, 4, 255, 0}, wide[] = {5, 300, 2, 65535, 3};
    float zero[5] = {0};
    struct record_group g = {.problem = "{}", .prompt = "p"};
    struct record_trace t[] = {
        {.n = 4, .token = narrow, .logp = zero, .entropy = zero, .reward = 1.5},
        {.index = 1, .n = 5, .token = wide, .logp = zero, .entropy = zero, .why = "late"},
        {.index = 2}};
    double metric[METRIC_N];
    struct record_step step = {
        .step = 1, .metric = metric, .groups_n = 1, .traces_n = 3, .group = &g, .trace = t};
    struct sink sink;
    struct err e = {0};
    for (int m = 0; m < METRIC_N; m++)
        metric[m] = m == M_REWARD ? 0.75 : (double)NAN;
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    cr_assert_eq(sink.commit(sink.self, &step, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_str_eq(
        shell("SELECT step || ' ' || value FROM metrics WHERE run = 'countdown' AND name = 'reward'"),
        "1 0.75\n");
    cr_assert_str_eq(
        shell("SELECT text FROM traces WHERE run = 'countdown' AND step = 1 ORDER BY group_no, index_no"),
        "<q> 2 ? <pad>\n3 ? -> ? 1\nNULL\n");
    cr_assert_str_eq(shell("SELECT why FROM traces WHERE index_no = 1"), "late\n");
    cr_assert_str_eq(shell("SELECT count(*) FROM evaluations"), "0\n");
    cr_assert_str_eq(shell("SELECT count(*) FROM metric_name"),
                     shell("SELECT count(DISTINCT name) FROM metric_name"));
    query_close(q);
    store_close(s);
}

/* A file whose table of metrics has other numbers and names that this program does not know. */
Test(query, metrics_go_by_name)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run;
    struct err e = {0};
    sqlite3 *h;
    query_close(q);
    store_close(s);
    cr_assert_eq(sqlite3_open(data_path("lab.db"), &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h,
                              "UPDATE metric_name SET id = 1000 - id;"
                              "DELETE FROM metric_name WHERE name IN ('kl', 'reward');"
                              "INSERT INTO metric_name VALUES (7, 'from the future', '', '')",
                              0, 0, 0),
                 SQLITE_OK);
    sqlite3_close(h);
    s = open_both(&q);
    run = data_run_make(s, "x", &data_small, 1);
    data_run_commit(s, run.id, &data_small, 1, 1, 2);
    data_step_same(q, run.id, &data_small, 1, 2);
    cr_assert_eq(sqlite3_open(data_path("lab.db"), &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h, "INSERT INTO metric VALUES (1, 1, 7, 0.5)", 0, 0, 0), SQLITE_OK);
    sqlite3_close(h);
    data_step_same(q, run.id, &data_small, 1, 1);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    query_close(q);
    store_close(s);
}
