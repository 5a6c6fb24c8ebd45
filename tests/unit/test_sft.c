/* The supervised step: which tokens count and how much, against sums made here from the model's own
 * log-probabilities; and what happens to documents that are too long or not in the vocabulary. */
#include <math.h>

#include "engine/rl/sft.h"
#include "tests/unit/tiny_model.h"

enum { DOCUMENTS = 7, LONGEST = 14, LANES = 3 };

static const char *const word[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};

/* Random text; some documents are longer than the model's positions. */
static void write_document(const void *self, struct rng *r, struct document *out)
{
    int n = 3 + rng_below(r, LONGEST + 3);
    (void)self;
    for (int i = 0; i < n; i++)
        document_word(out, word[rng_below(r, 9)], rng_chance(r, 0.5));
    out->response_at = rng_below(r, 2) * 2;
}

static void write_stranger(const void *self, struct rng *r, struct document *out)
{
    write_document(self, r, out);
    document_word(out, "zebra", 1);
}

static const struct scenario text = {.base = write_document, .demonstrate = write_document};
static const struct scenario strange = {.base = write_document, .demonstrate = write_stranger};

struct step_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct sft sft;
    struct vocab v;
    struct sft_settings set;
    struct sft_stats stats;
};

static void case_init(struct step_case *c, enum tiny_kind kind, int threads)
{
    struct model_config config = tiny_config(kind);
    struct err e;
    memset(c, 0, sizeof *c);
    config.positions_n = LONGEST;
    tiny_init(&c->x, &config, kernels_best());
    cr_assert_eq(pool_init(&c->pool, threads, &e), ST_OK);
    cr_assert_eq(learner_init(&c->l, &c->x.m, c->pool, LANES, 30, LONGEST, 0, &c->x.arena, &e), ST_OK, "%s",
                 e.msg);
    cr_assert_eq(sft_init(&c->sft, DOCUMENTS, LONGEST, &c->x.arena, &e), ST_OK);
    cr_assert_eq(vocab_init(&c->v, word, 9, &e), ST_OK);
    learner_start(&c->l, 5);
    c->set = (struct sft_settings){.adamw = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .clip = 1},
                                   .documents = DOCUMENTS, .context_weight = 0.3,
                                       .mtp_lambda = config.mtp_depth ? 0.3 : 0,
                                   .seed = 4, .step = 6, .stream = RNG_COLD};
}

static void case_release(struct step_case *c)
{
    sft_release(&c->sft);
    vocab_release(&c->v);
    pool_release(c->pool);
    tiny_release(&c->x);
}

static enum status step(struct step_case *c, const struct scenario *s, struct err *e)
{
    struct task k = {s, NULL, &c->v, 0};
    return sft_step(&c->sft, &c->l, &k, &c->set, NULL, &c->stats, e);
}

/* What the step should report, from a forward over each document alone; weights before the step. */
struct sums {
    double loss, mtp, entropy, weight;
    int tokens, cut;
};

static void add_document(struct step_case *c, int i, struct sums *s)
{
    struct rng r = rng_at(c->set.seed, c->set.stream, c->set.step, (uint32_t)i, 0);
    struct document d = {0};
    double w[LONGEST + 8] = {0};
    int n, depth = c->x.m.config.mtp_depth;
    struct err e;
    uint16_t id[64];
    write_document(NULL, &r, &d);
    cr_assert_eq(vocab_encode(&c->v, str_c(&d.text), id, 64, &n, &e), ST_OK);
    s->cut += n > LONGEST + 1;
    n = n > LONGEST + 1 ? LONGEST : n - 1;
    for (int t = 0; t < n; t++) {
        w[t] = t + 1 < d.response_at ? 0 : d.strong[t + 1] ? 1 : 0.3;
        c->x.id[t] = id[t];
        c->x.position[t] = t;
        c->x.target[t] = id[t + 1];
    }
    c->x.begin[1] = n;
    c->x.t = (struct tokens){n, {1, c->x.begin}, c->x.id, c->x.target, c->x.position};
    tiny_forward(&c->x);
    for (int t = 0; t < n; t++) {
        s->weight += w[t];
        s->loss -= w[t] * (double)c->x.ws.logp[t];
        s->entropy += w[t] * (double)c->x.ws.entropy[t];
        /* Depth k at row t predicts token t + k + 2, whose weight stands in row t + k + 1. */
        for (int k = 0; k < depth && t + k + 1 < n; k++)
            s->mtp -= w[t + k + 1] * (double)c->x.ws.mtp[k].logp[t] / depth;
    }
    s->tokens += n;
    document_free(&d);
}

static void check(enum tiny_kind kind)
{
    struct step_case c;
    struct sums s = {0};
    struct err e;
    case_init(&c, kind, 2);
    memcpy(c.x.w, c.l.w, c.x.m.params.total * sizeof(real));
    memcpy(c.x.bias, c.l.bias, (size_t)c.l.bias_n * sizeof(real));
    c.x.inv_temperature = 1;
    for (int i = 0; i < DOCUMENTS; i++)
        add_document(&c, i, &s);
    cr_assert_gt(s.cut, 0, "no document is too long");
    cr_assert_eq(step(&c, &text, &e), ST_OK, "%s", e.msg);
    cr_assert_float_eq(c.stats.loss, s.loss / s.weight, 1e-5, "kind %d: loss %g, not %g", kind, c.stats.loss,
                       s.loss / s.weight);
    cr_assert_float_eq(c.stats.mtp_loss, s.mtp / s.weight, 1e-5, "kind %d: MTP loss %g, not %g", kind,
                       c.stats.mtp_loss,
                       s.mtp / s.weight);
    cr_assert_float_eq(c.stats.entropy, s.entropy / s.weight, 1e-5);
    cr_assert_eq(c.stats.tokens, s.tokens);
    cr_assert_eq(c.l.updates, 1);
    case_release(&c);
}

Test(sft, dense) { check(TINY_MHA); }
Test(sft, experts) { check(TINY_MLA); }
Test(sft, one_mtp_module) { check(TINY_MTP1); }
Test(sft, two_mtp_modules) { check(TINY_MTP2); }

Test(sft, threads_do_not_change_bits)
{
    struct digest first = {{0}};
    double loss = 0;
    for (int threads = 1; threads <= 3; threads++) {
        struct step_case c;
        struct err e;
        struct digest d;
        case_init(&c, TINY_MTP2, threads);
        for (c.set.step = 1; c.set.step <= 3; c.set.step++)
            cr_assert_eq(step(&c, &text, &e), ST_OK, "%s", e.msg);
        d = learner_digest(&c.l, 3);
        if (threads == 1) {
            first = d;
            loss = c.stats.loss;
        }
        cr_assert(digest_equal(&d, &first) && loss == c.stats.loss);
        case_release(&c);
    }
}

/* The same documents again and again: they are learned. */
Test(sft, loss_falls)
{
    struct step_case c;
    struct err e;
    double first;
    case_init(&c, TINY_MLA, 1);
    cr_assert_eq(step(&c, &text, &e), ST_OK);
    first = c.stats.loss;
    for (int i = 0; i < 60; i++)
        cr_assert_eq(step(&c, &text, &e), ST_OK);
    cr_assert_lt(c.stats.loss, 0.7 * first);
    case_release(&c);
}

Test(sft, strange_words_are_named_and_nothing_changes)
{
    struct step_case c;
    struct err e;
    struct digest before, after;
    case_init(&c, TINY_MHA, 1);
    before = learner_digest(&c.l, 0);
    cr_assert_eq(step(&c, &strange, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "zebra"), "%s", e.msg);
    after = learner_digest(&c.l, 0);
    cr_assert(digest_equal(&before, &after));
    case_release(&c);
}
