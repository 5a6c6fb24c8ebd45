/* Resampling: the right distribution, the same answer whatever the threads, the ban, and the statistics on
 * top. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/resample.h"
#include "tests/unit/tiny_run.h"

static struct err e;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

/* A scorer that looks at one place: right where the words from number `look_at` on begin with those of
 * `look_for`; "": where there are none. */
static int look_at;
static char look_for[64];

static void score_word(const void *self, const struct problem *p, const char *text, size_t n,
                       struct score *out)
{
    size_t at = 0, want = strlen(look_for);
    int word = 0;
    (void)self, (void)p;
    memset(out, 0, sizeof *out);
    out->at = -1;
    while (word < look_at && at < n)
        word += text[at++] == ' ';
    out->accuracy = want ? word == look_at && n - at >= want && memcmp(text + at, look_for, want) == 0 &&
                               (n - at == want || text[at + want] == ' ')
                         : at == n;
}

struct bench {
    struct tiny_run r;
    struct scenario scenario;
    struct problem problem;
    struct inspect_trace trace;
    struct resample_place place;
};

/* A run after one step, its first trace of at least `least` tokens, and a place in it. */
static void set_up(struct bench *b, int threads, int least, const char *const *more)
{
    struct settings s;
    const struct batch *batch = &b->r.t.batch;
    int i = 0;
    tiny_settings(&s, more);
    tiny_run_init(&b->r, &s, STAGE_GRPO, 11, threads);
    tiny_run_step(&b->r, NULL);
    while (i < batch->N && batch->n[i] < least)
        i++;
    cr_assert_lt(i, batch->N, "no trace of %d tokens", least);
    b->problem = batch->problem[i / batch->G];
    b->trace = (struct inspect_trace){batch->prompt[i / batch->G], batch->token + (size_t)i * batch->cap,
                                      batch->prompt_n[i / batch->G], batch->n[i]};
    b->scenario = *b->r.t.task.scenario;
    b->scenario.score = score_word;
    b->r.t.task.scenario = &b->scenario;
    b->place = (struct resample_place){.problem = &b->problem,
                                       .trace = &b->trace,
                                       .group = i / batch->G,
                                       .index = i % batch->G,
                                       .at = 5,
                                       .banned = -1,
                                       .samples = 40};
}

static int right_of(struct bench *b)
{
    int right;
    must(resample_run(&b->r.t, &b->place, NULL, &right, &e));
    return right;
}

/* The probability of token `id` at a place, by the training forward. */
static double probability(struct bench *b, int at, int id)
{
    uint16_t token[SNAP_TOKENS];
    struct inspect_trace x = b->trace;
    float logp[SNAP_TOKENS];
    memcpy(token, b->trace.token, (size_t)at * sizeof *token);
    token[at] = (uint16_t)id;
    x.token = token;
    x.n = at + 1;
    must(inspect_logp(&b->r.t, &x, logp, &e));
    return exp((double)logp[at]);
}

static int likeliest(struct bench *b, int at, int but)
{
    int best = -1;
    double p = -1;
    for (int id = 0; id < b->r.t.vocab.n; id++)
        if (id != but && probability(b, at, id) > p) {
            p = probability(b, at, id);
            best = id;
        }
    return best;
}

static void expect_share(int right, int n, double p, const char *what)
{
    double sigma = sqrt(p * (1 - p) / n);
    cr_assert_float_eq((double)right / n, p, 4 * sigma + 1e-3, "%s: %d of %d, expected a share of %.4f", what,
                       right, n, p);
}

Test(resample, the_first_token_has_the_policys_distribution)
{
    static const char *const sharp[] = {"rl.temperature", "0.5", "model.embed_std", "1", NULL};
    struct bench b;
    int first, second;
    set_up(&b, 1, 12, sharp);
    b.place.samples = RESAMPLE_MOST;
    for (int at = 0; at <= 10; at += 5) {
        b.place.at = look_at = at;
        b.place.banned = -1;
        first = likeliest(&b, at, -1);
        second = likeliest(&b, at, first);
        strcpy(look_for, b.r.t.vocab.token[first]);
        expect_share(right_of(&b), b.place.samples, probability(&b, at, first), "likeliest token");
        b.place.banned = first;
        cr_assert_eq(right_of(&b), 0, "a banned token is never sampled first");
        strcpy(look_for, b.r.t.vocab.token[second]);
        expect_share(right_of(&b), b.place.samples,
                     probability(&b, at, second) / (1 - probability(&b, at, first)),
                     "the next one, with the likeliest banned");
    }
    tiny_run_release(&b.r);
}

/* Every token of a sample has a random number of its own: else two in a row would come together too often. */
Test(resample, tokens_in_a_row_have_the_policys_distribution)
{
    static const char *const sharp[] = {"rl.temperature", "0.5", "model.embed_std", "1", NULL};
    struct bench b;
    uint16_t token[SNAP_TOKENS];
    double p = 1;
    set_up(&b, 1, 12, sharp);
    b.place.samples = RESAMPLE_MOST;
    look_at = b.place.at;
    memcpy(token, b.trace.token, 12 * sizeof *token);
    b.trace.token = token;
    look_for[0] = 0;
    for (int i = 0; i < 3; i++) {
        int at = b.place.at + i, id = likeliest(&b, at, -1);
        p *= probability(&b, at, id);
        token[at] = (uint16_t)id;
        snprintf(look_for + strlen(look_for), 16, "%s%s", i ? " " : "", b.r.t.vocab.token[id]);
        expect_share(right_of(&b), b.place.samples, p, look_for);
    }
    tiny_run_release(&b.r);
}

/* A prefix that is fed in several calls. */
Test(resample, a_long_prefix_is_heeded)
{
    static const char *const lengthy[] = {"rl.max_tokens",
                                          "300",
                                          "rl.overlong_cache",
                                          "280",
                                          "rl.temperature",
                                          "0.3",
                                          "model.embed_std",
                                          "1",
                                          NULL};
    struct bench b;
    int id;
    set_up(&b, 2, 200, lengthy);
    b.place.samples = 512;
    b.place.at = 0;
    right_of(&b); /* what the decoders hold is of other completions now */
    b.place.at = look_at = 190;
    id = likeliest(&b, 190, -1);
    strcpy(look_for, b.r.t.vocab.token[id]);
    expect_share(right_of(&b), 512, probability(&b, 190, id), "after 190 tokens");
    look_at = 189;
    strcpy(look_for, b.r.t.vocab.token[b.trace.token[189]]);
    cr_assert_eq(right_of(&b), 512, "the prefix stands");
    tiny_run_release(&b.r);
}

Test(resample, answers_depend_on_the_question_alone)
{
    int want[8] = {0};
    for (int threads = 1; threads <= 3; threads++) {
        struct bench b;
        set_up(&b, threads, 12, NULL);
        for (int again = 0; again < 2; again++)
            for (int k = 7; k >= 0; k--) {
                int right;
                b.place.at = k;
                look_at = k;
                strcpy(look_for, b.r.t.vocab.token[likeliest(&b, k, -1)]);
                right = right_of(&b);
                cr_assert(right == want[k] || (threads == 1 && !again), "%d threads, place %d: %d, not %d",
                          threads, k, right, want[k]);
                want[k] = right;
            }
        tiny_run_release(&b.r);
    }
}

/* More samples begin with the same ones, other places and traces have others. */
Test(resample, every_sample_has_randomness_of_its_own)
{
    struct bench b;
    int all, part, other = 0;
    set_up(&b, 1, 12, NULL);
    look_at = 6;
    strcpy(look_for, b.r.t.vocab.token[likeliest(&b, 6, -1)]);
    b.place.samples = 64;
    all = right_of(&b);
    b.place.samples = 32;
    part = right_of(&b);
    cr_assert(part <= all && all - part <= 32, "%d of 32, %d of 64", part, all);
    b.place.samples = 64;
    for (int i = 0; i < 6; i++) {
        b.place.group = i;
        other += right_of(&b) != all;
    }
    cr_assert_gt(other, 0, "other groups, the same counts: the key leaves the group out");
    tiny_run_release(&b.r);
}

Test(resample, a_whole_completion_is_scored_as_it_is)
{
    struct bench b;
    uint16_t token[24];
    set_up(&b, 1, 12, NULL);
    memcpy(token, b.trace.token, sizeof token / 2);
    token[7] = (uint16_t)b.r.t.task.end_token;
    b.trace.token = token;
    b.trace.n = b.place.at = 8;
    look_at = 7;
    strcpy(look_for, "</answer>");
    cr_assert_eq(right_of(&b), 40);
    strcpy(look_for, "wait");
    cr_assert_eq(right_of(&b), 0);
    look_at = 8;
    look_for[0] = 0;
    cr_assert_eq(right_of(&b), 40, "nothing is sampled after its end");
    tiny_run_release(&b.r);
}

/* The run goes on as if nothing had been asked. */
Test(resample, the_run_does_not_notice)
{
    struct bench a, b;
    struct digest x, y;
    set_up(&a, 1, 12, NULL);
    set_up(&b, 1, 12, NULL);
    right_of(&a);
    a.r.t.task.scenario = b.r.t.task.scenario = a.r.t.set.scenario;
    tiny_run_step(&a.r, NULL);
    tiny_run_step(&b.r, NULL);
    x = trainer_digest(&a.r.t);
    y = trainer_digest(&b.r.t);
    tiny_same(&x, &y, "the next step");
    tiny_run_release(&a.r);
    tiny_run_release(&b.r);
}

static enum status give_up(void *ctx, enum gate_kind kind, int unit, int worker)
{
    (void)unit, (void)worker;
    cr_assert_eq(kind, GATE_TOKEN);
    return atomic_fetch_add((atomic_int *)ctx, 1) < 3 ? ST_OK : ST_CANCELLED;
}

Test(resample, the_gate_stops_it)
{
    struct bench b;
    atomic_int calls = 0;
    struct gate g = {.ctx = &calls, .point = give_up};
    int right;
    set_up(&b, 2, 12, NULL);
    b.place.samples = 512;
    cr_assert_eq(resample_run(&b.r.t, &b.place, &g, &right, &e), ST_CANCELLED);
    cr_assert_lt(calls, 8, "it goes on for %d tokens", calls);
    b.place.at = b.trace.n + 1;
    cr_assert_eq(resample_run(&b.r.t, &b.place, NULL, &right, &e), ST_USAGE);
    tiny_run_release(&b.r);
}

/* The word itself decides: with it always right, with it banned never. */
Test(resample, a_decisive_word_is_verified)
{
    struct bench b;
    struct aha_test a;
    set_up(&b, 1, 12, NULL);
    look_at = b.place.at;
    strcpy(look_for, b.r.t.vocab.token[b.trace.token[b.place.at]]);
    b.place.samples = 32;
    must(resample_aha(&b.r.t, &b.place, NULL, &a, &e));
    cr_assert(a.token == b.place.at && a.with_right == 32 && a.without_right == 0 && a.with_n == 32 &&
              a.without_n == 32);
    cr_assert(a.verified && a.p < 1e-17);
    look_at = 0;
    strcpy(look_for, b.r.t.vocab.token[b.trace.token[0]]);
    must(resample_aha(&b.r.t, &b.place, NULL, &a, &e));
    cr_assert(a.with_right == 32 && a.without_right == 32 && !a.verified && a.p == 1,
              "a word that changes nothing");
    tiny_run_release(&b.r);
}

Test(resample, verified_needs_both_a_difference_and_certainty)
{
    static const struct {
        int with, without, n, verified;
    } row[] = {{20, 8, 32, 1}, {32, 26, 32, 0},     {8, 20, 32, 0},
               {4, 1, 8, 0},   {600, 500, 1000, 0}, {16, 9, 32, 0}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct aha_test a = {0, row[i].with, row[i].n, row[i].without, row[i].n, 0, 0};
        a.p = fisher_exact(a.with_right, a.with_n, a.without_right, a.without_n);
        cr_assert_eq(aha_is_verified(&a), row[i].verified, "%d and %d of %d, p %g", row[i].with,
                     row[i].without, row[i].n, a.p);
    }
}

/* Exact sums of binomials; the first is the lady tasting tea. */
Test(resample, fisher_golden)
{
    static const struct {
        int a, an, b, bn;
        double p;
    } row[] = {
        {3, 4, 1, 4, 0.4857142857142857},
        {1, 10, 11, 14, 0.002759456185220083},
        {8, 10, 1, 6, 0.03496503496503497},
        {32, 32, 0, 32, 1.0913312529929468e-18},
        {0, 5, 0, 7, 1},
        {5, 5, 7, 7, 1},
        {20, 32, 8, 32, 0.00513731708242392},
        {600, 1000, 500, 1000, 8.453719674485643e-06},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double p = fisher_exact(row[i].a, row[i].an, row[i].b, row[i].bn);
        cr_assert_float_eq(p, row[i].p, 1e-9 * row[i].p, "row %zu: %.15g, not %.15g", i, p, row[i].p);
        cr_assert_float_eq(p, fisher_exact(row[i].b, row[i].bn, row[i].a, row[i].an), 1e-9 * p, "exchanged");
    }
}
