/* Evaluation on held-out problems: the same figures whatever the threads and sub-batches, and consistent with
 * each other. The formulas of pass@k and majority votes are compared with golden vectors elsewhere. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

enum { PROBLEMS = 40 };

/* An untrained model is never right. So here a completion is right when its length is a multiple of three
 * bytes, and its answer is the remainder, or none at all. */
static void by_length(const void *self, const struct problem *p, const char *completion, size_t n,
                      struct score *out)
{
    (void)self, (void)p, (void)completion;
    *out = (struct score){.accuracy = n % 3 == 0, .format = 1, .at = -1};
    if (n % 7)
        snprintf(out->answer, sizeof out->answer, "%zu", n % 3 ? n % 3 : 0);
}

static struct scenario lenient;

static void start(struct tiny_run *r, int threads, const char *slots)
{
    const char *more[] = {"run.slots", slots, "rl.max_tokens", "40", "rl.group", "2", "eval.every", "0",
                          NULL};
    struct settings s;
    tiny_settings(&s, more);
    tiny_run_init(r, &s, STAGE_COLD, 5, threads);
    lenient = *r->t.task.scenario;
    lenient.score = by_length;
    r->t.task.scenario = &lenient;
}

static struct evaluation some(uint8_t *right)
{
    return (struct evaluation){.k = 4, .problems = PROBLEMS, .temperature = 1, .top_p = 1, .seed = 3,
                               .step = 7, .right = right};
}

static void run(struct tiny_run *r, struct evaluation *o)
{
    struct err e;
    cr_assert_eq(trainer_evaluate(&r->t, o, NULL, &e), ST_OK, "%s", e.msg);
}

Test(evaluate, same_figures_with_any_threads_and_sub_batches)
{
    static const char *const slots[] = {"8", "4", "2", "5", "32"};
    struct evaluation first = {0};
    for (int i = 0; i < 5; i++) {
        struct tiny_run r;
        struct evaluation o = some(NULL);
        start(&r, 1 + i % 3, slots[i]);
        run(&r, &o);
        /* Where k samples fill several groups of the decoder, their randomness is keyed another way. */
        if (i == 0)
            first = o;
        else if (strcmp(slots[i], "2"))
            cr_assert(o.mean_length == first.mean_length && o.pass_1 == first.pass_1 &&
                      o.waits == first.waits,
                      "slots %s: length %g, not %g", slots[i], o.mean_length, first.mean_length);
        tiny_run_release(&r);
    }
}

Test(evaluate, figures_hang_together)
{
    struct tiny_run r;
    uint8_t right[PROBLEMS];
    double sum = 0, some_right = 0;
    struct evaluation o = some(right), again = some(NULL), other = some(NULL);
    start(&r, 2, "8");
    run(&r, &o);
    for (int i = 0; i < PROBLEMS; i++) {
        cr_assert_leq(right[i], 4);
        sum += right[i] / 4.0;
        some_right += right[i] > 0;
    }
    cr_assert(sum > 2 && sum < PROBLEMS - 2, "%g right of %d: too few or too many to tell", sum, PROBLEMS);
    cr_assert_float_eq(o.pass_1, sum / PROBLEMS, 1e-12);
    cr_assert_float_eq(o.pass_k, some_right / PROBLEMS, 1e-12);
    cr_assert(o.maj_k > 0 && o.maj_k < o.pass_k && o.pass_1 < o.pass_k);
    cr_assert(o.mean_length > 1 && o.mean_length <= 40);
    run(&r, &again);
    cr_assert_eq(o.mean_length, again.mean_length, "the same evaluation again");
    other.step = 8;
    run(&r, &other);
    cr_assert_neq(o.mean_length, other.mean_length, "another step draws other samples");
    tiny_run_release(&r);
}

/* Problems of a later batch have randomness of their own, not that of the first. */
Test(evaluate, randomness_is_keyed_by_problem)
{
    struct tiny_run r;
    struct evaluation o = some(NULL);
    uint32_t first;
    start(&r, 1, "8");
    o.k = 8;
    run(&r, &o);
    first = r.t.evaluator.batch.draw[0];
    o.problems = 70;
    run(&r, &o);
    cr_assert_neq(r.t.evaluator.batch.draw[0], first);
    tiny_run_release(&r);
}

/* Evaluating leaves what training will do alone. */
Test(evaluate, does_not_touch_the_run)
{
    struct tiny_run a, b;
    struct evaluation o = some(NULL);
    struct digest x, y;
    start(&a, 2, "8");
    start(&b, 2, "8");
    for (int i = 0; i < 2; i++) {
        tiny_run_step(&a, NULL);
        tiny_run_step(&b, NULL);
        run(&b, &o);
    }
    x = trainer_digest(&a.t);
    y = trainer_digest(&b.t);
    tiny_same(&x, &y, "evaluated on the way");
    tiny_run_release(&a);
    tiny_run_release(&b);
}

/* Greedy: k samples of a problem are alike, so a majority is the answer itself. */
Test(evaluate, greedy_samples_are_alike)
{
    struct tiny_run r;
    uint8_t right[PROBLEMS];
    struct evaluation o = some(right);
    start(&r, 1, "8");
    o.temperature = 0;
    run(&r, &o);
    for (int i = 0; i < PROBLEMS; i++)
        cr_assert(right[i] == 0 || right[i] == 4);
    cr_assert_float_eq(o.pass_1, o.pass_k, 1e-12);
    tiny_run_release(&r);
}

Test(evaluate, asks_for_what_there_is)
{
    struct tiny_run r;
    struct evaluation o = some(NULL);
    struct err e;
    start(&r, 1, "8");
    o.k = 0;
    cr_assert_eq(trainer_evaluate(&r.t, &o, NULL, &e), ST_USAGE);
    o.k = 65;
    cr_assert_eq(trainer_evaluate(&r.t, &o, NULL, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "1..64"), "%s", e.msg);
    o.k = 9;
    cr_assert_eq(trainer_evaluate(&r.t, &o, NULL, &e), ST_USAGE,
                 "9 samples cannot be halved into groups of at most 8");
    o.k = 1;
    o.problems = 0;
    cr_assert_eq(trainer_evaluate(&r.t, &o, NULL, &e), ST_USAGE);
    o.problems = 1000000;
    run(&r, &o);
    cr_assert_eq(o.problems, r.t.held_out_n, "all that are held out");
    tiny_run_release(&r);
}
