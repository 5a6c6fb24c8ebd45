/* The whole gradient of a learning step: from the objective's loss through log-probabilities, shards and
 * lanes to the weights, against finite differences over some hundred random elements. For each kind of GRPO
 * loss, and for the supervised step with its MTP loss. Tokens near the clip's kinks are looked out for: no
 * step may cross one. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "engine/rl/grpo.h"
#include "engine/rl/sft.h"
#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

enum { P = 2, G = 3, N = P * G, CAP = 8, ELEMENTS = 150, LANES = 3 };

struct grpo_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct objective objective;
    struct loss_scope scope;
    struct sequence sequence[N];
    uint16_t id[N][16];
    int target[N][16], prompt[N], clips, clips_at_start, frozen, weights_held;
    double advantage[N], old[N][CAP], ref[N][CAP], weight[N][CAP], lane[LANES];
};

/* CISPO's loss with its weights held, as its gradient takes them. */
static double weighed(struct grpo_case *c, int i, int n, const double *logp, const double *ratio,
                      const struct sequence_terms *out)
{
    double loss = out->loss - out->policy_loss;
    for (int t = 0; t < n; t++) {
        if (!c->weights_held)
            c->weight[i][t] = fmin(fmax(ratio[t], 1 - c->objective.eps_low), 1 + c->objective.eps_high);
        loss -= c->weight[i][t] * c->advantage[i] * logp[t] / c->scope.tokens;
    }
    return loss;
}

/* The callback of a pass: objective_sequence for each completion. Before the case is frozen it only notes the
 * log-probabilities, moved a little, as those of the sampling policy and of the reference. */
static enum status on_shard(void *ctx, struct shard *s)
{
    struct grpo_case *c = ctx;
    memset(s->dlogp, 0, (size_t)s->t->T * sizeof *s->dlogp);
    for (int q = 0; q < s->t->seq.n; q++) {
        int i = s->first + q, n = c->sequence[i].n - c->prompt[i] + 1,
            at = s->t->seq.begin[q] + c->prompt[i] - 1;
        double ratio[CAP], kl[CAP], grad[CAP], logp[CAP];
        unsigned char clipped[CAP];
        struct sequence_terms out = {.ratio = ratio, .clipped = clipped, .kl = kl, .grad = grad};
        struct rng r = rng_at(3, RNG_TEST, 9, (uint32_t)i, 0);
        for (int t = 0; t < n; t++) {
            logp[t] = s->logp[at + t];
            if (!c->frozen) {
                c->old[i][t] = logp[t] + 0.15 * rng_normal(&r);
                c->ref[i][t] = logp[t] + 0.4 * rng_normal(&r);
            }
        }
        objective_sequence(&c->objective, &c->scope, n, logp, c->old[i], c->ref[i], c->advantage[i], &out);
        for (int t = 0; t < n; t++)
            s->dlogp[at + t] = grad[t];
        for (int t = 0; t < out.ratio_n; t++)
            c->clips += clipped[t] << t % 8 << i % 4;
        c->lane[s->lane] += c->objective.loss == LOSS_CISPO ? weighed(c, i, n, logp, ratio, &out) : out.loss;
    }
    c->lane[s->lane] += s->balance * s->balance_weight;
    return ST_OK;
}

static double grpo_pass(struct grpo_case *c, int backward)
{
    struct pass p = {.sequence = c->sequence, .sequences_n = N, .inv_temperature = c->x.inv_temperature,
                     .backward = backward, .shard = on_shard, .ctx = c};
    struct err e;
    double loss = 0;
    c->clips = 0;
    memset(c->lane, 0, sizeof c->lane);
    cr_assert_eq(learner_pass(&c->l, &p, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < LANES; i++)
        loss += c->lane[i];
    return loss;
}

static double grpo_loss(void *ctx)
{
    struct grpo_case *c = ctx;
    double loss = grpo_pass(c, 0);
    cr_assert_eq(c->clips, c->clips_at_start, "a step crosses the edge of the clip range");
    return loss;
}

static void learner_of(struct tiny *x, struct pool **pool, struct learner *l)
{
    struct err e;
    cr_assert_eq(pool_init(pool, 1, &e), ST_OK);
    cr_assert_eq(learner_init(l, &x->m, *pool, LANES, 20, x->m.config.positions_n, 1, &x->arena, &e), ST_OK,
                 "%s", e.msg);
    learner_start(l, 1);
    memcpy(l->w, x->w, x->m.params.total * sizeof(real));
    memcpy(l->bias, x->bias, (size_t)l->bias_n * sizeof(real));
}

static void case_init(struct grpo_case *c, enum tiny_kind kind, enum loss_kind loss)
{
    struct model_config config = tiny_config(kind);
    struct rng r = rng_at(3, RNG_TEST, 8, 0, 0);
    memset(c, 0, sizeof *c);
    tiny_init(&c->x, &config, kernels_find("portable"));
    learner_of(&c->x, &c->pool, &c->l);
    c->objective = (struct objective){.loss = loss, .eps_low = 0.1, .eps_high = 0.15, .beta = 0.3,
                                      .max_length = CAP};
    if (loss == LOSS_GSPO)   /* a mean ratio moves less */
        c->objective.eps_low = c->objective.eps_high = 0.03;
    for (int i = 0; i < N; i++) {
        int completion = 2 + rng_below(&r, CAP - 1);
        c->prompt[i] = 3 + i / G;
        c->advantage[i] = i % G == 0 ? 1.4 : -0.7;
        c->sequence[i] = (struct sequence){c->prompt[i] + completion - 1, i, c->id[i], c->target[i]};
        for (int t = 0; t < c->sequence[i].n; t++) {
            c->id[i][t] = (uint16_t)rng_below(&r, config.vocab_n);
            c->target[i][t] = -1;
            if (t >= c->prompt[i])
                c->target[i][t - 1] = c->id[i][t];
        }
        c->target[i][c->sequence[i].n - 1] = rng_below(&r, config.vocab_n);
        c->scope.tokens += completion;
    }
    c->scope.sequences = N;
    grpo_pass(c, 0);
    c->frozen = 1;
    grpo_pass(c, 1);
    c->clips_at_start = c->clips;
}

static void case_release(struct grpo_case *c)
{
    pool_release(c->pool);
    tiny_release(&c->x);
}

/* Random elements of the whole block, in rows that are drawn alike often whatever their size. */
static void check_elements(struct learner *l, double (*loss)(void *), void *ctx, const char *what)
{
    const struct params *p = &l->m->params;
    struct rng r = rng_at(3, RNG_TEST, 10, 0, 0);
    struct err e;
    double norm;
    real *grad = l->lane[0];
    cr_assert_eq(optimizer_reduce(l->pool, l->m->k, p, l->lane, l->lanes_n, &norm, &e), ST_OK);
    cr_assert_gt(norm, 1e-3, "%s: no gradient", what);
    for (int i = 0; i < ELEMENTS; i++) {
        const struct param *row = &p->row[i % p->n];
        size_t j = row->offset + (size_t)rng_below(&r, (int)tiny_row_size(row));
        /* Before the loss is measured: it uses the lanes too. */
        double exact = grad[j], numeric = difference(&l->w[j], loss, ctx);
        cr_assert_leq(gradient_error(exact, numeric, 1e-3 * norm), GRADIENT_ERROR,
                      "%s: %s[%zu]: %.12g by hand, %.12g", what,
                      row->name, j - row->offset, exact, numeric);
    }
}

static void check_loss(enum loss_kind loss, const char *name)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_GROUPS};
    for (int i = 0; i < 2; i++) {
        struct grpo_case c;
        case_init(&c, kind[i], loss);
        c.weights_held = 1;
        cr_assert(c.clips_at_start || loss == LOSS_REINFORCE || loss == LOSS_RLOO,
                  "%s: nothing is clipped, so the clip is not tested", name);
        check_elements(&c.l, grpo_loss, &c, name);
        case_release(&c);
    }
}

Test(objective_gradient, grpo) { check_loss(LOSS_GRPO, "grpo"); }
Test(objective_gradient, r1) { check_loss(LOSS_R1, "r1"); }
Test(objective_gradient, dapo) { check_loss(LOSS_DAPO, "dapo"); }
Test(objective_gradient, dr_grpo) { check_loss(LOSS_DR_GRPO, "dr_grpo"); }
Test(objective_gradient, gspo) { check_loss(LOSS_GSPO, "gspo"); }
Test(objective_gradient, bnpo) { check_loss(LOSS_BNPO, "bnpo"); }
Test(objective_gradient, reinforce) { check_loss(LOSS_REINFORCE, "reinforce"); }
Test(objective_gradient, rloo) { check_loss(LOSS_RLOO, "rloo"); }
Test(objective_gradient, cispo) { check_loss(LOSS_CISPO, "cispo"); }

/* grpo_update builds the same gradient: its alignment of prompts, completions and targets is that of the
 * case. It keeps log-probabilities in single precision, hence the tolerance. */
Test(objective_gradient, grpo_update_has_the_same)
{
    for (int loss = 0; loss < LOSS_KIND_N; loss++) {
        struct grpo_case c;
        struct batch b;
        struct grpo g;
        struct grpo_settings s = {.adamw = {.lr = 0, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8},
                                  .inner_epochs = 1,
                                  .mini_batches = 1};
        struct grpo_stats stats;
        struct err e;
        real *want;
        double norm, mine, apart = 0;
        size_t total;
        case_init(&c, TINY_GROUPS, (enum loss_kind)loss);
        total = c.x.m.params.total;
        want = arena_alloc(&c.x.arena, total * sizeof(real));
        s.objective = c.objective;
        s.temperature = 1 / c.x.inv_temperature;
        tiny_fill(c.l.ref_w, total, 55, 0, 0.01);
        for (size_t j = 0; j < total; j++)
            c.l.ref_w[j] += c.l.w[j];
        cr_assert_eq(batch_init(&b, P, G, CAP, &c.x.arena, &e), ST_OK);
        cr_assert_eq(grpo_init(&g, P, G, CAP, &c.x.arena, &e), ST_OK);
        for (int i = 0; i < N; i++) {
            int completion = c.sequence[i].n - c.prompt[i] + 1;
            b.prompt_n[i / G] = c.prompt[i];
            /* A group shares one prompt. */
            memcpy(c.id[i], c.id[i / G * G], (size_t)c.prompt[i] * sizeof(uint16_t));
            memcpy(b.prompt[i / G], c.id[i], (size_t)c.prompt[i] * sizeof(uint16_t));
            b.n[i] = completion;
            b.advantage[i] = c.advantage[i];
            for (int t = 0; t < completion; t++)
                b.token[i * CAP + t] = (uint16_t)c.target[i][c.prompt[i] - 1 + t];
        }
        cr_assert_eq(grpo_update(&g, &c.l, &b, &s, NULL, &stats, &e), ST_OK, "%s", e.msg);
        memcpy(want, c.l.lane[0], total * sizeof(real));
        for (int i = 0; i < N; i++)
            for (int t = 0; t < b.n[i]; t++) {
                c.old[i][t] = (double)b.logp_old[i * CAP + t];
                c.ref[i][t] = (double)b.logp_ref[i * CAP + t];
            }
        mine = grpo_pass(&c, 1);
        cr_assert_leq(fabs(mine - stats.loss - stats.balance_loss), 1e-5 * (1 + fabs(mine)),
                      "loss kind %d: %.9g, grpo_update %.9g + %.9g", loss,
                      mine, stats.loss, stats.balance_loss);
        cr_assert_eq(optimizer_reduce(c.pool, c.x.m.k, &c.x.m.params, c.l.lane, LANES, &norm, &e), ST_OK);
        for (size_t j = 0; j < total; j++)
            apart = fmax(apart, fabs(want[j] - c.l.lane[0][j]));
        cr_assert_leq(apart, 1e-5 * norm, "loss kind %d: the gradients are %g apart of a norm of %g", loss,
                      apart, norm);
        case_release(&c);
    }
}

/* A task of nine words whose documents are random text; only what the supervised step calls is there. */
static void write_document(const void *self, struct rng *r, struct document *out)
{
    const char *const *word = self;
    int n = 8 + rng_below(r, 9);
    for (int i = 0; i < n; i++)
        document_word(out, word[rng_below(r, 9)], rng_chance(r, 0.5));
    out->response_at = rng_below(r, 2) * 4;
}

struct sft_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct sft sft;
    struct sft_settings set;
    struct task task;
};

static double sft_loss(void *ctx)
{
    struct sft_case *c = ctx;
    struct sft_stats stats;
    struct err e;
    cr_assert_eq(sft_step(&c->sft, &c->l, &c->task, &c->set, NULL, &stats, &e), ST_OK, "%s", e.msg);
    return stats.loss + c->set.mtp_lambda * stats.mtp_loss + stats.balance_loss;
}

/* Another model of the same vocabulary, with a workspace a lane. */
struct teacher {
    struct tiny x;
    struct distill d;
};

static void teacher_init(struct teacher *k, struct learner *l, double weight, double temperature)
{
    struct model_config config = tiny_config(TINY_MLA);
    struct err e;
    tiny_init(&k->x, &config, kernels_find("portable"));
    for (size_t i = 0; i < k->x.m.params.total; i++)
        k->x.w[i] *= 1.7;
    cr_assert_eq(distill_init(&k->d, l, &k->x.m, k->x.w, k->x.bias, &k->x.arena, &e), ST_OK, "%s", e.msg);
    k->d.weight = weight;
    k->d.temperature = temperature;
}

/* weight 0: no teacher. */
static void check_taught(enum tiny_kind kind, enum rng_stream stream, double weight, double temperature)
{
    static const char *const word[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    const struct scenario s = {.base = write_document, .demonstrate = write_document};
    struct model_config config = tiny_config(kind);
    struct sft_case c = {.set = {.adamw = {.lr = 0, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8}, .documents = 5,
                                 .context_weight = 0.3, .mtp_lambda = config.mtp_depth ? 0.3 : 0, .seed = 4,
                                     .step = 6,
                                 .stream = stream}};
    struct vocab v;
    struct teacher teacher;
    struct err e;
    real *grad;
    tiny_init(&c.x, &config, kernels_find("portable"));
    learner_of(&c.x, &c.pool, &c.l);
    cr_assert_eq(vocab_init(&v, word, 9, &e), ST_OK);
    cr_assert_eq(sft_init(&c.sft, 5, config.positions_n, &c.x.arena, &e), ST_OK);
    c.task = (struct task){&s, (void *)word, &v, 0};
    if (weight > 0) {
        teacher_init(&teacher, &c.l, weight, temperature);
        c.set.teacher = &teacher.d;
    }
    sft_loss(&c);
    /* The step has left its reduced gradient in lane 0; it stands there until the next one. */
    grad = arena_alloc(&c.x.arena, c.x.m.params.total * sizeof(real));
    memcpy(grad, c.l.lane[0], c.x.m.params.total * sizeof(real));
    for (int i = 0; i < ELEMENTS; i++) {
        const struct param *row = &c.x.m.params.row[i % c.x.m.params.n];
        struct rng r = rng_at(3, RNG_TEST, 11, (uint32_t)i, 0);
        size_t j = row->offset + (size_t)rng_below(&r, (int)tiny_row_size(row));
        double numeric = difference(&c.l.w[j], sft_loss, &c);
        cr_assert_leq(gradient_error(grad[j], numeric, 1e-3), GRADIENT_ERROR,
                      "kind %d: %s[%zu]: %.12g by hand, %.12g", kind,
                      row->name, j - row->offset, grad[j], numeric);
    }
    if (weight > 0)
        tiny_release(&teacher.x);
    sft_release(&c.sft);
    vocab_release(&v);
    pool_release(c.pool);
    tiny_release(&c.x);
}

static void check_sft(enum tiny_kind kind, enum rng_stream stream)
{
    check_taught(kind, stream, 0, 1);
}

Test(objective_gradient, supervised_dense) { check_sft(TINY_MHA, RNG_BASE); }
Test(objective_gradient, supervised_with_balance_loss) { check_sft(TINY_GROUPS, RNG_COLD); }
Test(objective_gradient, supervised_with_one_mtp_module) { check_sft(TINY_MTP1, RNG_COLD); }
Test(objective_gradient, supervised_by_a_teachers_logits)
{
    check_taught(TINY_MHA, RNG_COLD, 1, 1);
    check_taught(TINY_MLA, RNG_COLD, 0.7, 2.5);
    check_taught(TINY_MTP1, RNG_COLD, 0.4, 0.6);
}
Test(objective_gradient, supervised_with_two_mtp_modules) { check_sft(TINY_MTP2, RNG_COLD); }
