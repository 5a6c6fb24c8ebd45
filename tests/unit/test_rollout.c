/* Rollouts: the same tokens and the same bits whatever the threads, the sub-batches or the interruptions;
 * what they say of each token is what the full forward says of it. */
#include <math.h>
#include <stdatomic.h>

#include "engine/rl/rollout.h"
#include "tests/unit/tiny_model.h"

enum { P = 7, G = 4, N = P * G, CAP = 16, END = 3, POSITIONS = PROMPT_MAX + CAP };

struct roll_case {
    struct tiny x;
    struct pool *pool;
    struct rollout r;
    struct batch b;
};

static struct sampling plain(void)
{
    return (struct sampling){.temperature = 0.9, .top_p = 1, .max_tokens = CAP, .end_token = END, .seed = 9,
                             .stream = RNG_SAMPLE, .step = 2};
}

static void draw(struct roll_case *c)
{
    struct rng r = rng_at(4, RNG_TEST, 1, 0, 0);
    for (int p = 0; p < P; p++) {
        c->b.prompt_n[p] = p == 3 ? 1 : 2 + rng_below(&r, 6);
        c->b.draw[p] = (uint32_t)(100 + p);
        for (int i = 0; i < c->b.prompt_n[p]; i++)
            c->b.prompt[p][i] = (uint16_t)rng_below(&r, c->x.m.config.vocab_n);
    }
    for (int i = 0; i < N; i++) {
        atomic_store(&c->b.n[i], 0);
        atomic_store(&c->b.done[i], 0);
    }
}

static void case_init(struct roll_case *c, enum tiny_kind kind, enum decode_form form, int threads, int slots)
{
    struct model_config config = tiny_config(kind);
    struct err e;
    memset(c, 0, sizeof *c);
    config.positions_n = POSITIONS;
    tiny_init(&c->x, &config, kernels_best());
    c->x.with_mtp = 0;
    cr_assert_eq(pool_init(&c->pool, threads, &e), ST_OK);
    cr_assert_eq(rollout_init(&c->r, &c->x.m, form, c->pool, slots, POSITIONS, &c->x.arena, &e), ST_OK, "%s",
                 e.msg);
    cr_assert_eq(batch_init(&c->b, P, G, CAP, &c->x.arena, &e), ST_OK, "%s", e.msg);
    draw(c);
}

static void case_release(struct roll_case *c)
{
    pool_release(c->pool);
    tiny_release(&c->x);
}

static void run(struct roll_case *c, const struct sampling *s)
{
    struct err e;
    cr_assert_eq(rollout_run(&c->r, c->x.w, c->x.bias, s, &c->b, 0, P, NULL, &e), ST_OK, "%s", e.msg);
}

static void same(const struct batch *a, const struct batch *b, const char *what)
{
    for (int i = 0; i < N; i++) {
        size_t at = (size_t)i * CAP, n = (size_t)atomic_load(&a->n[i]);
        cr_assert_eq(n, (size_t)atomic_load(&b->n[i]), "%s: trace %d", what, i);
        cr_assert(atomic_load(&a->done[i]) && atomic_load(&b->done[i]), "%s: trace %d is not done", what, i);
        cr_assert_eq(a->cut_off[i], b->cut_off[i]);
        cr_assert_arr_eq(a->token + at, b->token + at, n * sizeof *a->token, "%s: tokens of trace %d", what,
                         i);
        cr_assert_arr_eq(a->logp + at, b->logp + at, n * sizeof *a->logp, "%s: logp of trace %d", what, i);
        cr_assert_arr_eq(a->entropy + at, b->entropy + at, n * sizeof *a->entropy, "%s: entropy of trace %d",
                         what, i);
    }
}

Test(rollout, same_bits_with_any_threads_and_sub_batches)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_MLA, TINY_GROUPS};
    static const int slots[] = {4, 8, 13, 32};
    struct sampling s = plain();
    for (int i = 0; i < 6; i++) {
        enum decode_form form = i < 3 ? DECODE_ABSORBED : DECODE_PLAIN;
        struct roll_case first;
        case_init(&first, kind[i % 3], form, 1, 8);
        run(&first, &s);
        for (int threads = 1; threads <= 3; threads++)
            for (int j = 0; j < 4; j++) {
                struct roll_case c;
                case_init(&c, kind[i % 3], form, threads, slots[j]);
                run(&c, &s);
                same(&first.b, &c.b, "other threads or slots");
                case_release(&c);
            }
        case_release(&first);
    }
}

/* Lengths differ and both ends are met, or the tests here would say little. */
Test(rollout, traces_end_at_the_end_token_or_the_limit)
{
    struct sampling s = plain();
    struct roll_case c;
    int ended = 0, cut = 0;
    case_init(&c, TINY_MLA, DECODE_ABSORBED, 2, 8);
    s.max_tokens = CAP / 2;
    run(&c, &s);
    for (int i = 0; i < N; i++) {
        int n = c.b.n[i], at_end = c.b.token[i * CAP + n - 1] == END;
        cr_assert(n >= 1 && n <= CAP / 2);
        for (int t = 0; t + 1 < n; t++)
            cr_assert_neq(c.b.token[i * CAP + t], END, "trace %d goes on behind its end", i);
        cr_assert_eq(c.b.cut_off[i], !at_end);
        cr_assert(at_end || n == CAP / 2);
        ended += at_end;
        cut += !at_end;
    }
    cr_assert(ended > 3 && cut > 3, "%d ended, %d cut off", ended, cut);
    case_release(&c);
}

/* logp and entropy as sampled, against the full forward at the same temperature. */
Test(rollout, says_of_its_tokens_what_the_forward_says)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_MLA, TINY_GROUPS};
    for (int i = 0; i < 6; i++) {
        struct sampling s = plain();
        struct roll_case c;
        case_init(&c, kind[i % 3], i < 3 ? DECODE_ABSORBED : DECODE_PLAIN, 1, 8);
        run(&c, &s);
        c.x.inv_temperature = (real)(1 / s.temperature);
        for (int trace = 0; trace < N; trace++) {
            int n = c.b.n[trace], p = c.b.prompt_n[trace / G], T = p + n - 1;
            const uint16_t *token = c.b.token + trace * CAP;
            memcpy(c.x.id, c.b.prompt[trace / G], (size_t)p * sizeof *c.x.id);
            memcpy(c.x.id + p, token, (size_t)(n - 1) * sizeof *token);
            for (int t = 0; t < T; t++) {
                c.x.position[t] = t;
                c.x.target[t] = t < p - 1 ? -1 : token[t - p + 1];
            }
            c.x.begin[1] = T;
            c.x.t.T = T;
            c.x.t.seq.n = 1;
            tiny_forward(&c.x);
            for (int t = 0; t < n; t++) {
                cr_assert_float_eq(c.b.logp[trace * CAP + t], c.x.ws.logp[p - 1 + t], 1e-4,
                                   "kind %d, trace %d, token %d", kind[i % 3],
                                   trace, t);
                cr_assert_float_eq(c.b.entropy[trace * CAP + t], c.x.ws.entropy[p - 1 + t], 1e-4);
            }
        }
        case_release(&c);
    }
}

/* Two prompts that are alike are still two draws; a group's completions differ. */
Test(rollout, randomness_is_keyed_by_draw_and_index)
{
    struct sampling s = plain();
    struct roll_case c;
    int differ = 0;
    case_init(&c, TINY_MLA, DECODE_ABSORBED, 1, 8);
    memcpy(c.b.prompt[1], c.b.prompt[0], sizeof c.b.prompt[0]);
    memcpy(c.b.prompt[2], c.b.prompt[0], sizeof c.b.prompt[0]);
    c.b.prompt_n[1] = c.b.prompt_n[2] = c.b.prompt_n[0];
    c.b.draw[2] = c.b.draw[0];
    run(&c, &s);
    cr_assert_arr_eq(c.b.token, c.b.token + 2 * G * CAP, (size_t)atomic_load(&c.b.n[0]) * sizeof(uint16_t),
                     "one draw, one completion");
    for (int g = 0; g < G; g++)
        differ += memcmp(c.b.token + g * CAP, c.b.token + (G + g) * CAP, 4 * sizeof(uint16_t)) != 0;
    cr_assert_gt(differ, G / 2, "another draw has other completions");
    for (int g = 1; g < G; g++)
        differ += memcmp(c.b.token, c.b.token + g * CAP, 4 * sizeof(uint16_t)) != 0;
    cr_assert_gt(differ, G);
    case_release(&c);
}

/* Gives up at call number `at`. */
struct counter {
    atomic_int calls;
    int at;
};

static enum status give_up(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct counter *c = ctx;
    cr_assert(kind == GATE_TOKEN || kind == GATE_BEGIN || kind == GATE_END);
    (void)unit, (void)worker;
    return atomic_fetch_add(&c->calls, 1) == c->at ? ST_CANCELLED : ST_OK;
}

Test(rollout, given_up_and_taken_again)
{
    struct sampling s = plain();
    struct roll_case whole;
    case_init(&whole, TINY_MLA, DECODE_ABSORBED, 1, 8);
    run(&whole, &s);
    for (int at = 0; at < 40; at += 3) {
        struct roll_case c;
        struct counter count = {.at = at};
        struct gate g = {&count, give_up};
        struct err e = {0};
        case_init(&c, TINY_MLA, DECODE_ABSORBED, 1 + at % 2, 8);
        cr_assert_eq(rollout_run(&c.r, c.x.w, c.x.bias, &s, &c.b, 0, P, &g, &e), ST_CANCELLED);
        cr_assert_eq(e.code, ST_CANCELLED);
        draw(&c);
        run(&c, &s);
        same(&whole.b, &c.b, "after giving up");
        case_release(&c);
    }
    case_release(&whole);
}

/* Only what is not done is sampled; the rest stays as it is. */
Test(rollout, finished_traces_are_left_alone)
{
    struct sampling s = plain();
    struct roll_case c;
    case_init(&c, TINY_GROUPS, DECODE_ABSORBED, 2, 8);
    run(&c, &s);
    for (int i = 0; i < N; i++)
        c.b.token[i * CAP] = 99;
    for (int i = 2 * G; i < 3 * G; i++) {
        atomic_store(&c.b.n[i], 0);
        atomic_store(&c.b.done[i], 0);
    }
    run(&c, &s);
    for (int i = 0; i < N; i++)
        cr_assert_eq(c.b.token[i * CAP] == 99, i / G != 2, "trace %d", i);
    case_release(&c);
}

Test(rollout, nonfinite_weights_are_said)
{
    struct sampling s = plain();
    struct roll_case c;
    struct err e;
    case_init(&c, TINY_MLA, DECODE_ABSORBED, 2, 8);
    c.x.w[c.x.m.params.row[c.x.m.params.final_norm].offset] = (real)NAN;
    cr_assert_eq(rollout_run(&c.r, c.x.w, c.x.bias, &s, &c.b, 0, P, NULL, &e), ST_NONFINITE);
    case_release(&c);
}

Test(rollout, groups_that_do_not_fit_are_said)
{
    struct sampling s = plain();
    struct roll_case c;
    struct err e;
    case_init(&c, TINY_MLA, DECODE_ABSORBED, 1, 3);
    cr_assert_eq(rollout_groups(&c.r, G), 0);
    cr_assert_eq(rollout_run(&c.r, c.x.w, c.x.bias, &s, &c.b, 0, P, NULL, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "group of 4"), "%s", e.msg);
    case_release(&c);
}
