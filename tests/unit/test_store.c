/* The store: what goes in comes out; runs, their order, names, states; deleting. */
#include "engine/store/store.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_data.h"

TestSuite(store, .fini = data_remove);

static struct store *open_store(void)
{
    struct store *s;
    struct err e = {0};
    cr_assert_eq(store_open(&s, data_path("sub/folder/lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    return s;
}

static struct query *open_query(void)
{
    struct query *q;
    struct err e = {0};
    cr_assert_eq(query_open(&q, data_path("sub/folder/lab.db"), &e), ST_OK, "%s", e.msg);
    return q;
}

Test(store, round_trip)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = data_run_make(s, "", &data_small, 3);
    cr_assert_str_eq(run.name, "countdown");
    data_run_commit(s, run.id, &data_small, 3, 1, 20);
    for (int64_t step = 1; step <= 20; step++)
        data_step_same(q, run.id, &data_small, 3, step);
    data_keyframe_same(q, run.id, &data_small, 3, 0);
    data_keyframe_same(q, run.id, &data_small, 3, 16);
    query_close(q);
    cr_assert_eq(store_check(s, NULL), ST_OK);
    store_close(s);
    q = open_query();
    data_step_same(q, run.id, &data_small, 3, 20);
    query_close(q);
}

/* Ids that need two bytes, traces without a token, values that are no finite numbers, a dense model. */
Test(store, round_trip_of_the_unusual)
{
    struct data_shape shape = {
        .groups_n = 2, .per_group = 2, .longest = 3, .vocabulary = 60000, .tensors_n = 1, .floats = 3};
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = data_run_make(s, "x", &shape, 9);
    struct sink sink;
    struct data_step d;
    struct query_step r;
    struct err e = {0};
    float logp[3] = {-INFINITY, NAN, -0.0f}, entropy[3] = {NAN, INFINITY, 0};
    uint16_t token[3] = {65535, 0, 256};
    struct record_trace t = {.n = 3,
                             .token = token,
                             .logp = logp,
                             .entropy = entropy,
                             .reward = NAN,
                             .advantage = -INFINITY,
                             .at = -1,
                             .why = "it\'s \"right\"; -- \xe2\x9c\x93"};
    struct record_group g = {.problem = "{}", .prompt = "a ' b", .mean = NAN, .std = INFINITY, .flat = 1};
    data_run_commit(s, run.id, &shape, 9, 1, 3);
    for (int64_t step = 1; step <= 3; step++)
        data_step_same(q, run.id, &shape, 9, step);
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_step_make(&d, &shape, 9, 4);
    d.record.groups_n = d.record.traces_n = 1;
    d.record.group = &g;
    d.record.trace = &t;
    d.metric[M_LOSS] = INFINITY;
    d.metric[M_KL] = -0.0;
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(query_step(q, run.id, 4, 1, &r, &e), ST_OK, "%s", e.msg);
    cr_assert(r.traces_n == 1 && isnan(r.trace[0].reward) && r.trace[0].advantage == -(double)INFINITY);
    cr_assert(!memcmp(r.trace[0].logp, logp, sizeof logp) && !memcmp(r.trace[0].token, token, sizeof token));
    cr_assert(isnan(r.trace[0].entropy[0]) && isinf(r.trace[0].entropy[1]) && r.trace[0].entropy[2] == 0);
    cr_assert_str_eq(r.trace[0].why, t.why);
    cr_assert(isnan(r.group[0].mean) && isinf(r.group[0].std) && r.group[0].flat == 1);
    cr_assert(isinf(r.metric[M_LOSS]) && r.metric[M_KL] == 0 && r.layers_n == 0 && !r.load);
    query_step_free(&r);
    data_step_free(&d);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    query_close(q);
    store_close(s);
}

Test(store, steps_follow_each_other_and_stay)
{
    struct store *s = open_store();
    struct record_run run = data_run_make(s, "x", &data_small, 1);
    struct sink sink;
    struct data_step d;
    struct digest got, expected = data_digest(1, 2);
    struct err e = {0};
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_run_commit(s, run.id, &data_small, 1, 1, 2);
    data_step_make(&d, &data_small, 1, 2);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "already on record"), "%s", e.msg);
    data_step_free(&d);
    data_step_make(&d, &data_small, 1, 4);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "cannot follow"), "%s", e.msg);
    data_step_free(&d);
    cr_assert_eq(sink.digest(sink.self, 2, &got, &e), ST_OK);
    cr_assert(digest_equal(&got, &expected));
    cr_assert_eq(sink.digest(sink.self, 3, &got, &e), ST_NOTFOUND);
    data_run_commit(s, run.id, &data_small, 1, 3, 3);
    store_close(s);
}

Test(store, malformed_steps_are_refused)
{
    struct store *s = open_store();
    struct record_run run = data_run_make(s, "x", &data_small, 1);
    struct record_keyframe none = {0};
    struct record_trace *trace;
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_step_make(&d, &data_small, 1, 1);
    trace = (struct record_trace *)d.record.trace;
    trace[2].group = 3;
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_USAGE);
    trace[2].group = 0;
    trace[5].index = trace[4].index;
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_FAILED);
    cr_assert(strstr(e.msg, "nothing of step 1"), "%s", e.msg);
    trace[5].index = 1;
    cr_assert_eq(sink.commit(sink.self, &d.record, &none, &e), ST_USAGE);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_sink(s, run.id + 7, &sink, &e), ST_NOTFOUND);
    data_step_free(&d);
    store_close(s);
}

Test(store, start_is_measured_once)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = data_run_make(s, "x", &data_small, 1);
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    data_step_make(&d, &data_small, 1, 0);
    d.record.seconds = 0;
    d.record.digest.byte[0] ^= 1;
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_CORRUPT);
    d.record.digest.byte[0] ^= 1;
    cr_assert_eq(sink.commit(sink.self, &d.record, &d.keyframe, &e), ST_USAGE);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_USAGE);
    data_step_free(&d);
    data_run_commit(s, run.id, &data_small, 1, 1, 1);
    data_step_same(q, run.id, &data_small, 1, 1);
    query_close(q);
    store_close(s);
}

Test(store, runs_and_what_they_are_made_with)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run a = data_run_make(s, "", &data_small, UINT64_MAX),
                      b = data_run_make(s, "", &data_small, 2), r;
    struct record_run child = {.parent = a.id,
                               .parent_step = 4,
                               .preset = "p",
                               .stage = "grpo",
                               .seconds = 12.5,
                               .rl_seconds = 3.25,
                               .key = "0123456789abcdef0123456789abcdef",
                               .note = "f\xc3\xbcr"};
    struct record_run *list;
    struct data_step d;
    struct str text = {0};
    struct err e = {0};
    int n;
    cr_assert_str_eq(b.name, "countdown-2");
    data_run_commit(s, a.id, &data_small, UINT64_MAX, 1, 5);
    data_step_make(&d, &data_small, 1, 0);
    child.parent_step = 6;
    cr_assert_eq(store_run_create(s, &child, "", "", "", &d.record.digest, &d.keyframe, &e), ST_NOTFOUND);
    child.parent_step = 4;
    cr_assert_eq(store_run_create(s, &child, "", "", "", &d.record.digest, &d.keyframe, &e), ST_OK, "%s",
                 e.msg);
    cr_assert_str_eq(child.name, "p");
    cr_assert_gt(child.created, 1600000000);
    cr_assert_eq(query_runs(q, &list, &n, &e), ST_OK);
    cr_assert_eq(n, 3);
    cr_assert(list[0].seed == UINT64_MAX && list[0].step == 5 && list[0].created == 1700000000);
    cr_assert_str_eq(list[0].state, "new");
    cr_assert(list[2].id == child.id && list[2].parent == a.id && list[2].parent_step == 4 && !list[2].step);
    cr_assert(list[2].seconds == 12.5 && list[2].rl_seconds == 3.25 && list[1].parent == 0);
    cr_assert_str_eq(list[2].key, child.key);
    cr_assert_str_eq(list[2].note, child.note);
    free(list);
    cr_assert_eq(query_settings(q, a.id, &text, &e), ST_OK);
    cr_assert_str_eq(str_c(&text), "lr = 0.0004\nbeta = 0\n");
    cr_assert_eq(query_environment(q, a.id, &text, &e), ST_OK);
    cr_assert_str_eq(str_c(&text), "version = 1\ncpu = some cpu = fast\n");
    cr_assert_eq(query_vocabulary(q, a.id, &text, &e), ST_OK);
    cr_assert_str_eq(str_c(&text), "<pad> <q> -> 1 2 3");
    cr_assert_eq(query_vocabulary(q, child.id, &text, &e), ST_OK);
    cr_assert_str_eq(str_c(&text), "");
    cr_assert_eq(query_settings(q, 99, &text, &e), ST_NOTFOUND);
    r = (struct record_run){.name = "bad"};
    cr_assert_eq(store_run_create(s, &r, "lr 3\n", "", "", &d.record.digest, &d.keyframe, &e), ST_USAGE);
    cr_assert_eq(query_run(q, "bad", &r, &e), ST_NOTFOUND);
    str_free(&text);
    data_step_free(&d);
    query_close(q);
    store_close(s);
}

Test(store, seconds_come_from_the_metrics_or_add_up)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = data_run_make(s, "x", &data_small, 1), r;
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    for (int step = 1; step <= 3; step++) {
        data_step_make(&d, &data_small, 1, step);
        d.record.seconds = 0.5;
        d.metric[M_SECONDS] = step == 2 ? 7 : (double)NAN;
        d.metric[M_RL_SECONDS] = step == 2 ? 6 : (double)NAN;
        cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK);
        data_step_free(&d);
        cr_assert_eq(query_run(q, "x", &r, &e), ST_OK);
        cr_assert(r.seconds == (step == 1   ? 0.5
                                : step == 2 ? 7
                                            : 7.5) &&
                  r.rl_seconds == (step == 1 ? 0 : 6));
    }
    query_close(q);
    store_close(s);
}

Test(store, names)
{
    static const char *const hostile[] = {"x'; DROP TABLE run; --",
                                          "%s%n",
                                          "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82",
                                          "../../etc",
                                          "a b",
                                          "-1",
                                          "\"\"",
                                          "NULL"};
    static const char *const refused[] = {"",         "12",       "a@3",      "a\nb",         "\x1b[2J",
                                          "\xff\xfe", "\xc0\xaf", "\xc2\x9b", "\xed\xa0\x80", "\xe2\x82"};
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = data_run_make(s, "x", &data_small, 1), r;
    char longest[NAME_BYTES + 1];
    struct err e = {0};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        cr_assert_eq(store_run_rename(s, run.id, hostile[i], &e), ST_OK, "%s", e.msg);
        cr_assert_eq(query_run(q, hostile[i], &r, &e), ST_OK, "%s", e.msg);
        cr_assert_eq(r.id, run.id);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        cr_assert_eq(store_run_rename(s, run.id, refused[i], &e), ST_USAGE, "%zu", i);
    memset(longest, 'a', sizeof longest);
    longest[NAME_BYTES] = 0;
    cr_assert_eq(store_run_rename(s, run.id, longest, &e), ST_USAGE);
    longest[NAME_BYTES - 1] = 0;
    cr_assert_eq(store_run_rename(s, run.id, longest, &e), ST_OK);
    r = data_run_make(s, longest, &data_small, 1);
    cr_assert_eq(strlen(r.name), NAME_BYTES - 1);
    cr_assert_str_eq(r.name + NAME_BYTES - 5, "aa-2");
    cr_assert_eq(store_run_rename(s, r.id, longest, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "already"), "%s", e.msg);
    cr_assert_eq(store_run_rename(s, 99, "z", &e), ST_NOTFOUND);
    cr_assert_eq(store_run_note(s, run.id, "it's \xe2\x9c\x93", &e), ST_OK);
    cr_assert_eq(query_run(q, longest, &r, &e), ST_OK);
    cr_assert_str_eq(r.note, "it's \xe2\x9c\x93");
    cr_assert_eq(store_run_note(s, run.id, "a\nb", &e), ST_USAGE);
    cr_assert_eq(store_run_note(s, 99, "a", &e), ST_NOTFOUND);
    query_close(q);
    store_close(s);
}

Test(store, state_log_and_last_run)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run a, b, r;
    struct sink sink;
    struct str text = {0};
    struct err e = {0};
    cr_assert_eq(query_last_run(q, &r, &e), ST_NOTFOUND);
    a = data_run_make(s, "a", &data_small, 1);
    b = data_run_make(s, "b", &data_small, 2);
    cr_assert(!query_last_run(q, &r, &e) && r.id == b.id);
    data_run_commit(s, a.id, &data_small, 1, 1, 1);
    cr_assert(!query_last_run(q, &r, &e) && r.id == a.id);
    cr_assert_eq(store_run_touch(s, b.id, &e), ST_OK);
    cr_assert(!query_last_run(q, &r, &e) && r.id == b.id);
    cr_assert_eq(store_run_touch(s, 99, &e), ST_NOTFOUND);
    cr_assert_eq(store_sink(s, a.id, &sink, &e), ST_OK);
    cr_assert_eq(sink.state(sink.self, "paused", &e), ST_OK);
    cr_assert(!query_run(q, "a", &r, &e) && !strcmp(r.state, "paused"));
    cr_assert(sink.due(sink.self, 32) && !sink.due(sink.self, 33));
    cr_assert_eq(sink.state(sink.self, "a state that is too long", &e), ST_USAGE);
    sink.log(sink.self, 1, 0, "one\ntwo \x1b[2J");
    sink.log(sink.self, 2, 1, "three");
    cr_assert_eq(store_sink(s, b.id, &sink, &e), ST_OK);
    sink.log(sink.self, 3, 2, "four");
    cr_assert_eq(query_log(q, a.id, 10, &text, &e), ST_OK, "%s", e.msg);
    cr_assert(strstr(str_c(&text), "step 1  one two  [2J\n"), "%s", str_c(&text));
    cr_assert(strstr(str_c(&text), "step 2  warning  three\n") && !strstr(str_c(&text), "four"));
    cr_assert_eq(query_log(q, 0, 2, &text, &e), ST_OK);
    cr_assert(!strstr(str_c(&text), "one") && strstr(str_c(&text), "a step 2") &&
              strstr(str_c(&text), "b step 3"));
    cr_assert_lt(strstr(str_c(&text), "three"), strstr(str_c(&text), "four"));
    str_free(&text);
    query_close(q);
    store_close(s);
}

Test(store, finished_stages_are_found_by_key)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = {.preset = "p", .key = "00112233445566778899aabbccddeeff"}, r;
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    data_step_make(&d, &data_small, 1, 0);
    cr_assert_eq(store_run_create(s, &run, "", "", "", &d.record.digest, &d.keyframe, &e), ST_OK, "%s",
                 e.msg);
    cr_assert_eq(query_find_stage(q, run.key, &r, &e), ST_NOTFOUND);
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    cr_assert_eq(sink.state(sink.self, "done", &e), ST_OK);
    cr_assert(!query_find_stage(q, run.key, &r, &e) && r.id == run.id);
    cr_assert_eq(query_find_stage(q, "00", &r, &e), ST_NOTFOUND);
    cr_assert_eq(query_find_stage(q, "", &r, &e), ST_NOTFOUND);
    data_step_free(&d);
    query_close(q);
    store_close(s);
}

Test(store, deleting)
{
    struct store *s = open_store(), *other;
    struct query *q = open_query();
    struct record_run a = data_run_make(s, "a", &data_small, 1), b = data_run_make(s, "b", &data_small, 2);
    struct record_run child = {.parent = a.id, .parent_step = 3, .name = "child"}, r, *list;
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    int n;
    data_run_commit(s, a.id, &data_small, 1, 1, 20);
    data_run_commit(s, b.id, &data_small, 2, 1, 20);
    cr_assert_eq(store_sink(s, a.id, &sink, &e), ST_OK);
    data_step_make(&d, &data_small, 1, 0);
    cr_assert_eq(store_run_create(s, &child, "", "", "", &d.record.digest, &d.keyframe, &e), ST_OK, "%s",
                 e.msg);
    data_step_free(&d);
    cr_assert_eq(store_run_delete(s, a.id, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "'child'"), "%s", e.msg);
    cr_assert_eq(store_run_delete(s, child.id, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_open(&other, data_path("sub/folder/lab.db"), NULL, &e), ST_OK);
    cr_assert_eq(store_run_lock(other, a.id, &e), ST_OK);
    cr_assert_eq(store_run_delete(s, a.id, &e), ST_BUSY);
    store_close(other);
    cr_assert_eq(store_run_delete(s, a.id, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(store_run_delete(s, a.id, &e), ST_NOTFOUND);
    cr_assert_eq(query_runs(q, &list, &n, &e), ST_OK);
    cr_assert(n == 1 && list[0].id == b.id);
    free(list);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    data_step_same(q, b.id, &data_small, 2, 20);
    /* A sink of a run that is gone says so; its id is not given out again. */
    data_step_make(&d, &data_small, 1, 21);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_NOTFOUND);
    data_step_free(&d);
    r = data_run_make(s, "new", &data_small, 4);
    cr_assert_gt(r.id, child.id);
    query_close(q);
    store_close(s);
}

/* A fork counts its steps on from its parent's; its start is where it begins, and its keyframe stays. */
Test(store, forks_start_at_the_step_of_their_parent)
{
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run a = data_run_make(s, "a", &data_small, 1);
    struct record_run fork = {.name = "f", .parent = a.id, .parent_step = 5, .step = 4};
    struct sink sink;
    struct data_step d;
    struct err e = {0};
    int64_t *step, at = -1;
    double *value;
    int n;
    data_run_commit(s, a.id, &data_small, 1, 1, 6);
    data_step_make(&d, &data_small, 1, 5);
    cr_assert_eq(store_run_create(s, &fork, "", "", "", &d.record.digest, &d.keyframe, &e), ST_USAGE);
    fork.step = 5;
    cr_assert_eq(store_run_create(s, &fork, "", "", "", &d.record.digest, &d.keyframe, &e), ST_OK, "%s",
                 e.msg);
    cr_assert_eq(fork.step, 5);
    data_run_commit(s, fork.id, &data_small, 1, 6, 70);
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    data_keyframe_same(q, fork.id, &data_small, 1, 5);
    data_step_same(q, fork.id, &data_small, 1, 70);
    cr_assert(!query_metrics(q, fork.id, 0, 7, &step, &value, &n, &e) && n == 2 && step[0] == 6);
    free(step);
    free(value);
    cr_assert(!query_keyframe_before(q, fork.id, 15, &at, &e) && at == 5);
    cr_assert_eq(query_digest(q, fork.id, 4, &d.record.digest, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "steps 5 to 70"), "%s", e.msg);
    /* What was measured of the start is added, once. */
    cr_assert_eq(store_sink(s, fork.id, &sink, &e), ST_OK);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, &e), ST_USAGE);
    cr_assert(!query_metrics(q, fork.id, 0, 7, &step, &value, &n, &e) && n == 3 && step[0] == 5);
    free(step);
    free(value);
    data_step_free(&d);
    query_close(q);
    store_close(s);
}

/* No row of any table is left of a deleted run. */
Test(store, deleting_leaves_nothing)
{
    struct store *s = open_store();
    struct query *q;
    struct record_run run = data_run_make(s, "a", &data_small, 1);
    struct query_evaluation *row;
    struct query_step step;
    struct err e = {0};
    int64_t *keyframe;
    int n;
    data_run_commit(s, run.id, &data_small, 1, 1, 6);
    cr_assert_eq(store_run_delete(s, run.id, &e), ST_OK);
    q = open_query();
    cr_assert(!query_evaluations(q, run.id, &row, &n, &e) && n == 0);
    cr_assert(!query_keyframes(q, run.id, &keyframe, &n, &e) && n == 0);
    cr_assert_eq(query_step(q, run.id, 3, 0, &step, &e), ST_NOTFOUND);
    query_close(q);
    /* The reference check finds rows whose run is gone. */
    cr_assert_eq(store_check(s, &e), ST_OK, "%s", e.msg);
    store_close(s);
}

Test(store, keyframes_are_thinned)
{
    struct data_shape shape = {
        .groups_n = 1, .per_group = 1, .longest = 2, .vocabulary = 9, .tensors_n = 1, .floats = 9};
    struct store *s = open_store();
    struct query *q = open_query();
    struct record_run run = data_run_make(s, "x", &shape, 1);
    struct sink sink;
    struct err e = {0};
    int64_t *step, at, expected = 0;
    int n;
    cr_assert_eq(store_sink(s, run.id, &sink, &e), ST_OK);
    for (int64_t i = 1; i <= 400; i++) {
        struct data_step d;
        data_step_make(&d, &shape, 1, i);
        d.keyframe.pinned = i == 37;
        cr_assert_eq(
            sink.commit(sink.self, &d.record, keyframe_due(i) || i == 37 || i == 51 ? &d.keyframe : NULL, &e),
            ST_OK, "%s", e.msg);
        data_step_free(&d);
    }
    cr_assert_eq(query_keyframes(q, run.id, &step, &n, &e), ST_OK);
    for (int i = 0; i < n; i++) {
        while (expected != 37 && !(keyframe_due(expected) && keyframe_keep(expected, 400)))
            expected++;
        cr_assert_eq(step[i], expected++);
        data_keyframe_same(q, run.id, &shape, 1, step[i]);
    }
    cr_assert(n >= 8 && n <= 12 && step[n - 1] == 400, "%d", n);
    free(step);
    cr_assert(!query_keyframe_before(q, run.id, 399, &at, &e) && at == 384);
    cr_assert(!query_keyframe_before(q, run.id, 40, &at, &e) && at == 37);
    cr_assert(!query_keyframe_before(q, run.id, 36, &at, &e) && at == 0);
    cr_assert_eq(query_keyframe_before(q, run.id, -1, &at, &e), ST_NOTFOUND);
    query_close(q);
    store_close(s);
}
