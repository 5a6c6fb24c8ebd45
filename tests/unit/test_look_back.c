/* Looking back for where a condition held: the same step that a walk through the whole run finds, and no
 * more of the run read than that takes. */
#include "app/desk/look_back.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_data.h"

TestSuite(look_back, .fini = data_remove);

static const struct data_shape thin = {.groups_n = 1, .per_group = 1, .longest = 1, .vocabulary = 4,
                                       .tensors_n = 1, .floats = 1, .layers_n = 0, .experts_n = 0};
static struct err e;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

/* Steps first..last: KL and reward are noise, pass@1 is measured now and then and rises, entropy never. */
static void commit(struct store *s, int64_t run, uint64_t seed, int64_t first, int64_t last)
{
    struct sink sink;
    must(store_sink(s, run, &sink, &e));
    for (int64_t step = first; step <= last; step++) {
        struct data_step d;
        data_step_make(&d, &thin, seed, step);
        d.metric[M_PASS_1] = step % 25 ? (double)NAN : (double)step / 1000;
        d.metric[M_ENTROPY] = NAN;
        must(sink.commit(sink.self, &d.record, NULL, &e));
        data_step_free(&d);
    }
}

static struct record_run fork_at(struct store *s, const char *name, int64_t parent, int64_t step,
                                 uint64_t seed)
{
    struct record_run run = {.seed = seed, .preset = "countdown", .stage = "grpo", .created = 1700000000,
                             .parent = parent, .parent_step = step, .step = step};
    struct data_step d;
    snprintf(run.name, sizeof run.name, "%s", name);
    data_step_make(&d, &thin, seed, step);
    must(store_run_create(s, &run, "lr = 0.0004\n", "version = 1\n", "<pad> <q>", &d.record.digest,
                          &d.keyframe, &e));
    data_step_free(&d);
    return run;
}

struct hit {
    const struct condition *c;
    int64_t run, step;
    char why[96];
};

static void each(void *ctx, const struct record_run *run, int64_t step, const double *metric,
                 const struct measured *m)
{
    struct hit *h = ctx;
    if (!condition_measures(h->c, metric) || !condition_holds(h->c, m))
        return;
    h->run = run->id;
    h->step = step;
    condition_why(h->c, m, h->why, sizeof h->why);
}

/* Both ways; returns how many steps looking back has read. */
static int compare(struct query *q, const struct record_run *run, const char *text, int64_t last)
{
    static struct look_back b;
    struct condition c;
    struct measured m;
    struct hit hit = {.c = &c};
    enum look_state state;
    char why[96];
    int rows;
    must(condition_parse(&c, text, &e));
    measured_init(&m);
    must(measured_walk(&m, q, run, last, each, &hit, &e));
    must(look_back_begin(&b, q, &c, run, last, &e));
    do
        must(look_back_go(&b, q, &state, &e));
    while (state == LOOK_GOES_ON);
    if (hit.run) {
        cr_assert_eq(state, LOOK_FOUND, "%s before %d", text, (int)last);
        cr_assert(b.step == hit.step && b.run->id == hit.run, "%s before %d: step %d, not %d", text,
                  (int)last, (int)b.step, (int)hit.step);
        condition_why(&c, &b.measured, why, sizeof why);
        cr_assert_str_eq(why, hit.why);
    } else {
        cr_assert_eq(state, LOOK_NOT_FOUND, "%s before %d", text, (int)last);
    }
    rows = b.rows_n;
    look_back_release(&b);
    return rows;
}

Test(look_back, finds_what_a_walk_finds)
{
    static const char *const text[] = {
        "kl > 2.5",
        "kl > 1 and reward > 1.5",
        "reward crosses 2",
        "pass@1 >= 0.2",
        "pass@1 < 0.06",
        "pass@1 crosses 0.12",
        "entropy > 0",
        "entropy > 0 or kl > 3",
        "entropy crosses 0 and kl > 0",
        "kl > 2 and pass@1 < 0.11",
        "step 77",
        "step < 3",
        "nonfinite",
        "nonfinite or kl > 3.2",
        "aha.verified",
        "aha.verified and kl > 0",
        "kl > 2 or aha.verified",
        "step crosses 40",
        "kl crosses 2.2 and pass@1 > 0.05",
    };
    struct record_finding finding[] = {
        {.step = 31, .kind = FINDING_AHA, .n = 32, .without_n = 32, .verified = 0, .p = 1},
        {.step = 57, .kind = FINDING_AHA, .right = 30, .n = 32, .without_n = 32, .verified = 1, .p = 0.01},
        {.step = 60, .kind = FINDING_VALUE, .n = 32, .p = NAN},
    };
    struct store *s;
    struct query *q;
    struct record_run a, b, c;
    must(store_open(&s, data_path("lab.db"), NULL, &e));
    must(query_open(&q, data_path("lab.db"), &e));
    a = data_run_make(s, "a", &thin, 1);
    commit(s, a.id, 1, 1, 230);
    b = fork_at(s, "b", a.id, 140, 2);
    commit(s, b.id, 2, 141, 215);
    c = fork_at(s, "c", b.id, 210, 3);
    commit(s, c.id, 3, 211, 290);
    must(store_findings(s, a.id, finding, 3, &e));
    finding[1].step = 150;
    must(store_findings(s, b.id, finding + 1, 1, &e));
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        for (int64_t last = 0; last <= 230; last += 23)
            compare(q, &a, text[i], last);
        compare(q, &b, text[i], 100); /* before the fork itself begins */
        compare(q, &b, text[i], 215);
        for (int64_t last = 211; last <= 290; last += 7)
            compare(q, &c, text[i], last);
    }
    query_close(q);
    store_close(s);
}

Test(look_back, reads_no_further_than_the_hit)
{
    struct store *s;
    struct query *q;
    struct record_run run;
    must(store_open(&s, data_path("lab.db"), NULL, &e));
    must(query_open(&q, data_path("lab.db"), &e));
    run = data_run_make(s, "long", &thin, 1);
    commit(s, run.id, 1, 1, 1000);
    cr_assert_leq(compare(q, &run, "kl > 0", 1000), LOOK_BACK_BLOCK);
    cr_assert_leq(compare(q, &run, "pass@1 > 0.9", 1000), LOOK_BACK_BLOCK);
    cr_assert_leq(compare(q, &run, "step 850", 1000), 151 + LOOK_BACK_BLOCK);
    cr_assert_eq(compare(q, &run, "kl > 100", 1000), 1000);
    query_close(q);
    store_close(s);
}

/* What a breakpoint that is set asks: does it hold as things stand? */
Test(look_back, tells_the_newest_step)
{
    static struct look_back b;
    struct store *s;
    struct query *q;
    struct record_run run;
    struct condition c;
    int known, holds;
    must(store_open(&s, data_path("lab.db"), NULL, &e));
    must(query_open(&q, data_path("lab.db"), &e));
    run = data_run_make(s, "a", &thin, 1);
    commit(s, run.id, 1, 1, 190);
    must(condition_parse(&c, "pass@1 > 0.17", &e));
    must(look_back_begin(&b, q, &c, &run, 190, &e));
    must(look_back_newest(&b, q, 1, &known, &holds, &e));
    cr_assert(known && holds && fabs(b.measured.latest[M_PASS_1] - 0.175) < 1e-12);
    look_back_release(&b);
    must(condition_parse(&c, "pass@1 > 0.18", &e));
    must(look_back_begin(&b, q, &c, &run, 190, &e));
    must(look_back_newest(&b, q, 1, &known, &holds, &e));
    cr_assert(known && !holds);
    look_back_release(&b);
    must(condition_parse(&c, "entropy < 1", &e));
    must(look_back_begin(&b, q, &c, &run, 190, &e));
    must(look_back_newest(&b, q, 2, &known, &holds, &e));
    cr_assert(!known, "not within two blocks");
    must(look_back_newest(&b, q, 9, &known, &holds, &e));
    cr_assert(known && !holds, "never measured");
    look_back_release(&b);
    query_close(q);
    store_close(s);
}
