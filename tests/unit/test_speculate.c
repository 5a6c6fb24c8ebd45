/* Speculative decoding: greedy is plain greedy to the bit, sampling has the model's distribution, and what is
 * counted is what happened. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "engine/nn/speculate.h"
#include "engine/rl/rollout.h"
#include "tests/unit/tiny_model.h"

enum { PROMPTS = 40, CAP = 24, END = 3, SLOTS = 5, POSITIONS = PROMPT_MAX + CAP };

static const char *const table[] = {"avx512", "avx2", "portable"};
enum { TABLES = sizeof table / sizeof *table };

struct spec_case {
    struct tiny x;
    struct speculator s;
    uint16_t prompt[PROMPTS][8], token[PROMPTS][CAP];
    float logp[PROMPTS][CAP];
    uint8_t mark[PROMPTS][CAP];
    struct speculate_text text[PROMPTS];
};

static void draw_prompts(struct spec_case *c)
{
    struct rng r = rng_at(4, RNG_TEST, 1, 0, 0);
    for (int p = 0; p < PROMPTS; p++) {
        int n = p == 3 ? 1 : 2 + rng_below(&r, 7);
        for (int i = 0; i < n; i++)
            c->prompt[p][i] = (uint16_t)rng_below(&r, c->x.m.config.vocab_n);
        c->text[p] = (struct speculate_text){.prompt = c->prompt[p], .prompt_n = n, .draw = 100 + (uint32_t)p,
                                             .token = c->token[p], .logp = c->logp[p], .mark = c->mark[p]};
    }
}

/* A module that is right now and then, as a trained one is: it goes by the token it reads more than by h. */
static void make_module_good(struct tiny *x)
{
    const struct params *p = &x->m.params;
    int D = x->m.config.width;
    for (int k = 0; k < x->m.config.mtp_depth; k++) {
        real *project = x->w + p->row[p->mtp[k].project].offset;
        for (int i = 0; i < 2 * D; i++)
            for (int j = 0; j < D; j++)
                project[i * D + j] = (real)(0.05 * (double)project[i * D + j] + (i == D + j ? 1 : 0));
    }
}

static void case_init(struct spec_case *c, struct model_config config, enum decode_form form,
                      const struct kernels *k)
{
    struct err e;
    memset(c, 0, sizeof *c);
    config.positions_n = POSITIONS;
    tiny_init(&c->x, &config, k);
    make_module_good(&c->x);
    cr_assert_eq(speculator_init(&c->s, &c->x.m, form, SLOTS, POSITIONS, &c->x.arena, &e), ST_OK, "%s",
                 e.msg);
    speculator_load(&c->s, c->x.w, c->x.bias);
    draw_prompts(c);
}

static struct speculate_settings plain(double temperature)
{
    return (struct speculate_settings){.width = 1, .temperature = temperature, .max_tokens = CAP,
        .end_token = END,
                                       .seed = 9, .stream = RNG_SAMPLE, .step = 2};
}

static void run(struct spec_case *c, const struct speculate_settings *how, struct speculate_stats *stats)
{
    struct err e;
    cr_assert_eq(speculate_run(&c->s, how, PROMPTS, c->text, stats, &e), ST_OK, "%s", e.msg);
}

/* The same prompts by the rollout that training uses. */
static void check_against_rollout(struct spec_case *c, const struct speculate_settings *how,
                                  enum decode_form form, const char *what)
{
    struct pool *pool;
    struct rollout r;
    struct batch b;
    struct err e;
    size_t mark = arena_mark(&c->x.arena);
    struct sampling s = {.temperature = how->temperature, .top_p = 1, .max_tokens = CAP, .end_token = END,
                         .seed = how->seed, .stream = how->stream, .step = how->step};
    cr_assert_eq(pool_init(&pool, 1, &e), ST_OK);
    cr_assert_eq(rollout_init(&r, &c->x.m, form, pool, 8, POSITIONS, &c->x.arena, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(batch_init(&b, PROMPTS, 1, CAP, &c->x.arena, &e), ST_OK, "%s", e.msg);
    for (int p = 0; p < PROMPTS; p++) {
        memcpy(b.prompt[p], c->prompt[p], sizeof c->prompt[p]);
        b.prompt_n[p] = c->text[p].prompt_n;
        b.draw[p] = c->text[p].draw;
        atomic_store(&b.n[p], 0);
        atomic_store(&b.done[p], 0);
    }
    cr_assert_eq(rollout_run(&r, c->x.w, c->x.bias, &s, &b, 0, PROMPTS, NULL, &e), ST_OK, "%s", e.msg);
    for (int p = 0; p < PROMPTS; p++) {
        size_t at = (size_t)p * (size_t)b.cap, n = (size_t)atomic_load(&b.n[p]);
        cr_assert_eq(n, (size_t)c->text[p].n, "%s: length of text %d", what, p);
        cr_assert_eq(b.cut_off[p], c->text[p].cut_off, "%s: text %d", what, p);
        cr_assert_arr_eq(b.token + at, c->token[p], n * sizeof *b.token, "%s: tokens of text %d", what, p);
        cr_assert_arr_eq(b.logp + at, c->logp[p], n * sizeof *b.logp, "%s: logp of text %d", what, p);
    }
    pool_release(pool);
    arena_reset(&c->x.arena, mark);
}

static void check_greedy(enum tiny_kind kind, enum decode_form form)
{
    static const struct {
        int draft_n, width;
        double confidence;
    } way[] = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {4, 1, 0}, {1, 3, 0}, {3, 2, 0.3}, {2, 1, 0.5}, {2, 1, 2}};
    for (int t = 0; t < TABLES; t++) {
        const struct kernels *k = kernels_find(table[t]);
        struct speculate_settings how = plain(0);
        static struct spec_case c;
        int64_t accepted = 0, fell = 0, others = 0;
        if (!k)
            continue;
        case_init(&c, tiny_config(kind), form, k);
        for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
            struct speculate_stats stats = {0};
            char what[80];
            snprintf(what, sizeof what, "%s, kind %d, %d drafts, width %d, confidence %g", table[t], kind,
                     way[i].draft_n, way[i].width, way[i].confidence);
            how.draft_n = way[i].draft_n;
            how.width = way[i].width;
            how.confidence = way[i].confidence;
            run(&c, &how, &stats);
            check_against_rollout(&c, &how, form, what);
            accepted += stats.accepted[0] + stats.accepted[1];
            fell += stats.examined[0] - stats.accepted[0];
            others += stats.others;
        }
        cr_assert(accepted > 200 && fell > 200 && others > 10, "%s, kind %d: %d accepted, %d fell, %d others",
                  table[t], kind, (int)accepted, (int)fell, (int)others);
        tiny_release(&c.x);
    }
}

Test(speculate, greedy_one_module) { check_greedy(TINY_MTP1, DECODE_ABSORBED); }
Test(speculate, greedy_two_modules) { check_greedy(TINY_MTP2, DECODE_ABSORBED); }
Test(speculate, greedy_two_modules_plain_cache) { check_greedy(TINY_MTP2, DECODE_PLAIN); }
Test(speculate, greedy_multi_head) { check_greedy(TINY_MTP_DENSE, DECODE_PLAIN); }

/* Without drafts the random numbers are the rollout's too. */
Test(speculate, plain_sampling_is_the_rollout)
{
    static struct spec_case c;
    struct speculate_settings how = plain(0.9);
    case_init(&c, tiny_config(TINY_MTP1), DECODE_ABSORBED, kernels_best());
    run(&c, &how, NULL);
    check_against_rollout(&c, &how, DECODE_ABSORBED, "sampled");
    tiny_release(&c.x);
}

/* A text's tokens do not depend on who is decoded beside it. */
Test(speculate, company_does_not_matter)
{
    static struct spec_case c, alone;
    struct speculate_settings how = plain(1.1);
    how.draft_n = 3;
    how.width = 2;
    how.confidence = 0.2;
    case_init(&c, tiny_config(TINY_MTP2), DECODE_ABSORBED, kernels_best());
    case_init(&alone, tiny_config(TINY_MTP2), DECODE_ABSORBED, kernels_best());
    run(&c, &how, NULL);
    for (int p = PROMPTS - 1; p >= 0; p--) {
        struct err e;
        cr_assert_eq(speculate_run(&alone.s, &how, 1, &alone.text[p], NULL, &e), ST_OK);
        cr_assert_eq(alone.text[p].n, c.text[p].n);
        cr_assert_arr_eq(alone.token[p], c.token[p], (size_t)c.text[p].n * sizeof(uint16_t), "text %d", p);
        cr_assert_arr_eq(alone.mark[p], c.mark[p], (size_t)c.text[p].n, "text %d", p);
    }
    tiny_release(&c.x);
    tiny_release(&alone.x);
}

/* The modules with their caches say what the training forward says. */
static void check_modules(enum tiny_kind kind, enum decode_form form)
{
    static struct spec_case c;
    struct decoder *d;
    const struct tokens *t = &c.x.t;
    int V, D, n, slot[32] = {0}, row[32];
    real h[32 * 8];
    case_init(&c, tiny_config(kind), form, kernels_best());
    d = &c.s.decoder;
    V = c.x.m.config.vocab_n;
    D = c.x.m.config.width;
    tiny_forward(&c.x);
    n = t->seq.begin[1];
    decoder_step(d, n, slot, t->id, t->position);
    memcpy(h, decoder_hidden(d), (size_t)(n * D) * sizeof *h);
    for (int k = 0; k < c.x.m.config.mtp_depth; k++) {
        int rows = n - 1 - k, none[32];
        real *p, skip[32];
        memset(none, 0xff, sizeof none);
        for (int i = 0; i < rows; i++)
            row[i] = i;
        /* In two calls, so that the cache is read. */
        decoder_module(d, k, rows / 2, slot, t->id + k + 1, t->position, h, 0, row);
        p = (real *)decoder_module(d, k, rows, slot, t->id + k + 1, t->position, h, rows, row);
        c.x.m.k->softmax(rows, V, p, c.x.inv_temperature, none, skip, NULL);
        for (int i = 0; i < rows * V; i++)
            cr_assert_float_eq(p[i], c.x.ws.mtp[k].probs[i], 2e-5,
                               "module %d, row %d: %g, the full forward %g", k,
                               i / V, (double)p[i], (double)c.x.ws.mtp[k].probs[i]);
        memcpy(h, decoder_hidden(d), (size_t)(rows * D) * sizeof *h);
    }
    tiny_release(&c.x);
}

Test(speculate, modules_are_those_of_training)
{
    check_modules(TINY_MTP1, DECODE_ABSORBED);
    check_modules(TINY_MTP2, DECODE_ABSORBED);
    check_modules(TINY_MTP2, DECODE_PLAIN);
    check_modules(TINY_MTP_DENSE, DECODE_PLAIN);
}

/* 1 where probs [V] clearly has one best token; *best: which. */
static int has_best(const real *probs, int V, int *best)
{
    *best = speculate_best(V, probs);
    for (int v = 0; v < V; v++)
        if (v != *best && (double)probs[*best] - (double)probs[v] < 1e-4)
            return 0;
    return 1;
}

/* Whatever was accepted or fell before: a cycle's drafts are what the training forward says of the finished
 * text. */
static void check_drafts(enum tiny_kind kind, double confidence)
{
    static struct spec_case c;
    struct speculate_settings how = plain(0);
    int compared[2] = {0}, V, modules;
    case_init(&c, tiny_config(kind), DECODE_ABSORBED, kernels_best());
    V = c.x.m.config.vocab_n;
    how.draft_n = modules = c.x.m.config.mtp_depth;
    how.confidence = confidence;
    run(&c, &how, NULL);
    c.x.inv_temperature = 1;
    for (int p = 0; p < PROMPTS; p++) {
        struct speculate_text *t = &c.text[p];
        int T = t->prompt_n + t->n;
        for (int i = 0; i < T; i++) {
            c.x.id[i] = i < t->prompt_n ? t->prompt[i] : t->token[i - t->prompt_n];
            c.x.position[i] = i;
            c.x.target[i] = 0;
        }
        c.x.begin[1] = T;
        c.x.t.T = T;
        c.x.t.seq.n = 1;
        tiny_forward(&c.x);
        for (int i = 0; i < t->n; i++) {
            int j = t->mark[i] & SPECULATE_MARK_DRAFT, at = t->prompt_n + i - j - 1, best;
            if (j == 0 || !has_best(c.x.ws.mtp[j - 1].probs + at * V, V, &best))
                continue;
            cr_assert_eq(best == t->token[i], (t->mark[i] & SPECULATE_MARK_ACCEPTED) != 0,
                         "text %d, token %d, draft %d", p, i, j);
            compared[j - 1]++;
        }
    }
    for (int k = 0; k < modules; k++)
        cr_assert(compared[k] > 40, "module %d: %d compared", k, compared[k]);
    tiny_release(&c.x);
}

Test(speculate, drafts_are_those_of_training)
{
    check_drafts(TINY_MTP1, 0);
    check_drafts(TINY_MTP2, 0);
    check_drafts(TINY_MTP2, 0.35);
    check_drafts(TINY_MTP_DENSE, 0);
}

enum { SYMBOLS = 5, LENGTH = 4, OUTCOMES = 625, SAMPLES = 25000 };

/* The exact probability of each of the OUTCOMES completions, by plain forwards of every prefix. */
static void exact(struct spec_case *c, const uint16_t *prompt, int prompt_n, double temperature,
                  double out[OUTCOMES])
{
    uint16_t token[16];
    int slot[16] = {0}, position[16], none[16];
    real skip[16];
    memset(none, 0xff, sizeof none);
    memcpy(token, prompt, (size_t)prompt_n * sizeof *token);
    for (int i = 0; i < 16; i++)
        position[i] = i;
    for (int o = 0; o < OUTCOMES; o++) {
        int n = prompt_n + LENGTH - 1, rest = o;
        real *p;
        for (int i = LENGTH - 1; i >= 0; i--, rest /= SYMBOLS)
            token[prompt_n + i] = (uint16_t)(rest % SYMBOLS);
        p = (real *)decoder_step(&c->s.decoder, n, slot, token, position);
        c->x.m.k->softmax(n, SYMBOLS, p, (real)(1 / temperature), none, skip, NULL);
        out[o] = 1;
        for (int i = 0; i < LENGTH; i++)
            out[o] *= (double)p[(prompt_n - 1 + i) * SYMBOLS + token[prompt_n + i]];
    }
}

/* Pearson's statistic of all completions; rare ones are counted together. */
static double joint_p(const double *p, const int *seen, double *chi_squared, int *dof)
{
    double rare = 0, rare_seen = 0, sum = 0;
    int cells = 0;
    for (int o = 0; o < OUTCOMES; o++) {
        double want = p[o] * SAMPLES;
        if (want < 8) {
            rare += want;
            rare_seen += seen[o];
            continue;
        }
        sum += (seen[o] - want) * (seen[o] - want) / want;
        cells++;
    }
    if (rare >= 8) {
        sum += (rare_seen - rare) * (rare_seen - rare) / rare;
        cells++;
    }
    *chi_squared = sum;
    *dof = cells - 1;
    return chi_squared_tail(sum, cells - 1);
}

/* 1e5 tokens: completions of four tokens of one prompt against their exact probabilities. */
static void check_distribution(int draft_n, int width, double confidence)
{
    static struct spec_case c;
    static double p[OUTCOMES];
    static int seen[OUTCOMES];
    struct model_config config = tiny_config(TINY_MTP2);
    struct speculate_settings how = plain(2.5);
    struct speculate_stats stats = {.with_check = 1};
    double chi_squared, tail;
    int dof;
    config.vocab_n = SYMBOLS;
    case_init(&c, config, DECODE_ABSORBED, kernels_best());
    exact(&c, c.prompt[0], 4, how.temperature, p);
    memset(seen, 0, sizeof seen);
    how.draft_n = draft_n;
    how.width = width;
    how.confidence = confidence;
    how.max_tokens = LENGTH;
    how.end_token = -1;
    for (int i = 0; i < SAMPLES; i += PROMPTS) {
        struct err e;
        for (int t = 0; t < PROMPTS; t++) {
            c.text[t].prompt = c.prompt[0];
            c.text[t].prompt_n = 4;
            c.text[t].draw = 0;
            c.text[t].index = (uint32_t)(i + t);
        }
        cr_assert_eq(speculate_run(&c.s, &how, PROMPTS, c.text, &stats, &e), ST_OK, "%s", e.msg);
        for (int t = 0; t < PROMPTS; t++) {
            int o = 0;
            for (int k = 0; k < LENGTH; k++)
                o = o * SYMBOLS + c.token[t][k];
            seen[o]++;
        }
    }
    cr_assert_eq(stats.tokens, (int64_t)SAMPLES * LENGTH);
    tail = joint_p(p, seen, &chi_squared, &dof);
    cr_assert_gt(tail, 1e-3, "%d drafts, width %d, confidence %g: chi-squared %g of %d, p %g", draft_n, width,
                 confidence, chi_squared, dof, tail);
    tail = speculate_check_p(&stats.check, &chi_squared, &dof);
    cr_assert(tail > 1e-3 && dof >= 2,
              "%d drafts, width %d, confidence %g: ranks: chi-squared %g of %d, p %g", draft_n,
              width, confidence, chi_squared, dof, tail);
    cr_assert(stats.accepted[0] > SAMPLES / 20 && stats.examined[0] - stats.accepted[0] > SAMPLES / 20);
    tiny_release(&c.x);
}

Test(speculate, distribution_one_draft) { check_distribution(1, 1, 0); }
Test(speculate, distribution_two_drafts) { check_distribution(2, 1, 0); }
Test(speculate, distribution_further_drafts) { check_distribution(3, 1, 0); }
Test(speculate, distribution_by_confidence) { check_distribution(2, 1, 0.45); }
Test(speculate, distribution_of_candidates) { check_distribution(2, 3, 0); }

/* Counts, marks and tokens tell the same. */
Test(speculate, counts_are_what_happened)
{
    static struct spec_case c;
    struct speculate_settings how = plain(1);
    struct speculate_stats stats = {0};
    int64_t tokens = 0, own = 0, accepted[SPECULATE_DRAFTS] = {0}, examined[SPECULATE_DRAFTS] = {0},
        others = 0;
    how.draft_n = 3;
    how.width = 2;
    case_init(&c, tiny_config(TINY_MTP2), DECODE_ABSORBED, kernels_best());
    run(&c, &how, &stats);
    for (int p = 0; p < PROMPTS; p++)
        for (int i = 0; i < c.text[p].n; i++) {
            int mark = c.mark[p][i], j = mark & SPECULATE_MARK_DRAFT, stands = mark & SPECULATE_MARK_ACCEPTED;
            tokens++;
            own += !stands;
            others += (mark & SPECULATE_MARK_OTHER) != 0;
            cr_assert(j <= 3 && (j || !stands));
            if (j) {
                examined[j - 1]++;
                accepted[j - 1] += stands && !(mark & SPECULATE_MARK_OTHER);
            }
        }
    cr_assert_eq(tokens, stats.tokens);
    cr_assert_eq(others, stats.others);
    cr_assert_arr_eq(examined, stats.examined, sizeof examined);
    cr_assert_arr_eq(accepted, stats.accepted, sizeof accepted);
    /* A cycle gives one token of the model's own, but where the text ended with a draft. */
    cr_assert(own <= stats.cycles && own >= stats.cycles - PROMPTS);
    for (int j = 0; j + 1 < how.draft_n; j++)
        cr_assert(examined[j + 1] <= accepted[j] && examined[j] <= stats.drafted[j]);
    tiny_release(&c.x);
}

/* The rule by itself, on distributions far apart: token frequencies are p's. */
Test(speculate, rule_is_exact)
{
    enum { V = 6, DRAWS = 200000 };
    static const real p[V] = {0.05, 0.3, 0, 0.25, 0.1, 0.3}, q[V] = {0.5, 0.1, 0.2, 0.15, 0.05, 0};
    for (int n = 1; n <= 3; n++) {
        struct rng r = rng_at(5, RNG_TEST, (uint32_t)n, 0, 0);
        double seen[V] = {0}, chi_squared = 0;
        real left[V];
        for (int i = 0; i < DRAWS; i++) {
            uint16_t candidate[3];
            double coin[3];
            int which;
            for (int k = 0; k < n; k++) {
                double u = rng_unit(&r);
                candidate[k] = (uint16_t)(k ? speculate_other(V, q, k, candidate, u) : speculate_draw(V, q,
                                                                                                      u));
                coin[k] = rng_unit(&r);
            }
            seen[speculate_choose(V, p, q, n, candidate, coin, rng_unit(&r), left, &which)] += 1;
        }
        for (int v = 0; v < V; v++)
            if (p[v] > 0)
                chi_squared += (seen[v] - DRAWS * (double)p[v]) * (seen[v] - DRAWS * (double)p[v]) /
                               (DRAWS * (double)p[v]);
        cr_assert_eq(seen[2], 0);
        cr_assert_gt(chi_squared_tail(chi_squared, V - 2), 1e-3, "%d candidates: chi-squared %g", n,
                     chi_squared);
    }
}

Test(speculate, chi_squared_of_the_tables)
{
    cr_assert_float_eq(chi_squared_tail(3.841459, 1), 0.05, 1e-6);
    cr_assert_float_eq(chi_squared_tail(7.814728, 3), 0.05, 1e-6);
    cr_assert_float_eq(chi_squared_tail(9.487729, 4), 0.05, 1e-6);
    cr_assert_float_eq(chi_squared_tail(149.4493, 100), 0.001, 1e-6);
    cr_assert_float_eq(chi_squared_tail(654.49, 625), 0.2, 0.01);
    cr_assert_eq(chi_squared_tail(0, 4), 1);
}

Test(speculate, what_cannot_be_is_said)
{
    static struct spec_case c;
    struct speculate_settings how = plain(0);
    struct speculator s;
    struct err e;
    case_init(&c, tiny_config(TINY_MLA), DECODE_ABSORBED, kernels_best());
    run(&c, &how, NULL);
    how.draft_n = 1;
    cr_assert_eq(speculate_run(&c.s, &how, 1, c.text, NULL, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "mtp_depth"), "%s", e.msg);
    how.draft_n = SPECULATE_DRAFTS + 1;
    cr_assert_eq(speculate_run(&c.s, &how, 1, c.text, NULL, &e), ST_USAGE);
    how = plain(0);
    how.max_tokens = POSITIONS;
    cr_assert_eq(speculate_run(&c.s, &how, 1, c.text, NULL, &e), ST_USAGE);
    arena_reset(&c.x.arena, 0);
    cr_assert_eq(speculator_init(&s, &c.x.m, DECODE_ABSORBED, 512, 65536, &c.x.arena, &e), ST_NOMEM);
    tiny_release(&c.x);
}
