/* DPO on a corpus of pairs: its gradient against finite differences of the loss that it tells, and the sums
 * that the loss is made of against the model's own log-probabilities. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "engine/rl/dpo.h"
#include "engine/rl/dpo_corpus.h"
#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

enum { ELEMENTS = 120, PAIRS = 3, LANES = 3 };

static struct err e;

struct corpus_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct vocab vocab;
    struct task task;
    struct corpus corpus;
    struct dpo_corpus d;
    struct dpo_corpus_stats stats;
};

static double loss(void *ctx)
{
    static const struct adamw_settings still = {.lr = 0, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8};
    struct corpus_case *c = ctx;
    cr_assert_eq(dpo_corpus_step(&c->d, &c->l, &c->task, &c->corpus, &still, 0.7, 5, 0, PAIRS, NULL, &c->stats,
                                 &e),
                 ST_OK, "%s", e.msg);
    return c->stats.loss;
}

/* Words are numbers: a word's id is its place among them. */
static void words(char *out, size_t bytes, int n, uint32_t row, int vocab_n)
{
    struct rng r = rng_at(3, RNG_TEST, 24, row, 0);
    size_t at = 0;
    *out = 0;
    for (int t = 0; t < n; t++)
        at += (size_t)snprintf(out + at, bytes - at, "%s%d", t ? " " : "", rng_below(&r, vocab_n));
}

static void case_init(struct corpus_case *c, enum tiny_kind kind)
{
    struct model_config config = tiny_config(kind);
    struct str list = {0};
    char prompt[64], text[64], other[64];
    memset(c, 0, sizeof *c);
    config.balance_alpha = 0;     /* the loss that is told is DPO's alone */
    tiny_init(&c->x, &config, kernels_find("portable"));
    cr_assert_eq(pool_init(&c->pool, 1, &e), ST_OK);
    cr_assert_eq(learner_init(&c->l, &c->x.m, c->pool, LANES, 20, config.positions_n, 1, &c->x.arena, &e),
                 ST_OK);
    learner_start(&c->l, 1);
    memcpy(c->l.w, c->x.w, c->x.m.params.total * sizeof(real));
    tiny_fill(c->l.ref_w, c->x.m.params.total, 56, 0, 0.05);
    for (size_t j = 0; j < c->x.m.params.total; j++)
        c->l.ref_w[j] += c->l.w[j];
    for (int i = 0; i < config.vocab_n; i++)
        str_printf(&list, "%d ", i);
    cr_assert_eq(vocab_parse(&c->vocab, str_c(&list), &e), ST_OK);
    str_free(&list);
    c->task.vocab = &c->vocab;
    for (uint32_t i = 0; i < PAIRS; i++) {
        words(prompt, sizeof prompt, 2 + (int)i, 3 * i, config.vocab_n);
        words(text, sizeof text, 3, 3 * i + 1, config.vocab_n);
        words(other, sizeof other, 2 + 2 * (int)i, 3 * i + 2, config.vocab_n);
        cr_assert_eq(corpus_add(&c->corpus, prompt, text, other, 0, &e), ST_OK);
    }
    cr_assert_eq(corpus_ready(&c->corpus, &e), ST_OK);
    cr_assert_eq(dpo_corpus_init(&c->d, PAIRS, config.positions_n, &c->x.arena, &e), ST_OK);
}

static void case_release(struct corpus_case *c)
{
    corpus_release(&c->corpus);
    vocab_release(&c->vocab);
    pool_release(c->pool);
    tiny_release(&c->x);
}

Test(dpo_corpus, gradient_against_finite_differences)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_GROUPS, TINY_MLA};
    for (int i = 0; i < 3; i++) {
        static struct corpus_case c;
        char name[16];
        real *grad;
        case_init(&c, kind[i]);
        loss(&c);
        cr_assert(fabs(c.stats.margin) > 1e-3 && fabs(c.stats.chosen - c.stats.rejected - c.stats.margin) < 1e-12);
        grad = arena_alloc(&c.x.arena, c.x.m.params.total * sizeof(real));
        memcpy(grad, c.l.lane[0], c.x.m.params.total * sizeof(real));
        snprintf(name, sizeof name, "kind %d", i);
        check_random_elements(&c.x.m.params, c.l.w, grad, loss, &c, ELEMENTS, 25, name);
        case_release(&c);
    }
}

/* The log-probability of a completion after its prompt, by a forward of its own. */
static double completion_logp(struct corpus_case *c, const real *w, const char *prompt, const char *text)
{
    uint16_t id[64];
    int target[64], position[64], begin[2] = {0}, prompt_n, n;
    double sum = 0;
    cr_assert_eq(vocab_encode(&c->vocab, prompt, id, 64, &prompt_n, &e), ST_OK);
    cr_assert_eq(vocab_encode(&c->vocab, text, id + prompt_n, 64 - prompt_n, &n, &e), ST_OK);
    begin[1] = prompt_n + n - 1;
    for (int t = 0; t < begin[1]; t++) {
        position[t] = t;
        target[t] = id[t + 1];
    }
    c->x.t = (struct tokens){.T = begin[1], .id = id, .target = target, .position = position,
                             .seq = {1, begin}};
    cr_assert_eq(model_forward(&c->x.m, w, c->l.bias, &c->x.t, 1, 0, &c->x.ws, &e), ST_OK);
    for (int t = prompt_n - 1; t < begin[1]; t++)
        sum += c->x.ws.logp[t];
    return sum;
}

Test(dpo_corpus, margins_are_of_whole_completions)
{
    static struct corpus_case c;
    double margin = 0, chosen = 0, all = 0, tokens = 0;
    case_init(&c, TINY_MHA);
    for (int i = 0; i < PAIRS; i++) {
        const struct example *x = &c.corpus.example[i];
        struct dpo_pair p = {completion_logp(&c, c.l.w, x->prompt, x->text),
                             completion_logp(&c, c.l.ref_w, x->prompt, x->text),
                             completion_logp(&c, c.l.w, x->prompt, x->other),
                             completion_logp(&c, c.l.ref_w, x->prompt, x->other)};
        struct dpo_terms terms = dpo_terms(&p, 0.7);
        margin += terms.margin / PAIRS;
        all += terms.loss / PAIRS;
        chosen += 0.7 * (p.chosen_logp - p.chosen_ref) / PAIRS;
        tokens += 3 + 2 + 2 * i;
    }
    loss(&c);
    cr_assert_float_eq(c.stats.margin, margin, 1e-10);
    cr_assert_float_eq(c.stats.loss, all, 1e-10);
    cr_assert_float_eq(c.stats.chosen, chosen, 1e-10);
    cr_assert_eq(c.stats.tokens, tokens);
    case_release(&c);
}
