/* What a past step's weights say of its traces is what training saw: to the bit. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/inspect.h"
#include "tests/unit/tiny_run.h"

static const char *const dense[] = {"model.attention", "mha", "model.dense_layers", "2", NULL};
static const char *const warm[] = {"model.mtp_depth", "1", "rl.temperature", "0.7", NULL};
static const char *const *const variant[] = {NULL, dense, warm};
enum { VARIANTS = 3 };

static struct err e;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

static struct inspect_trace trace_of(const struct trainer *t, int i)
{
    const struct batch *b = &t->batch;
    return (struct inspect_trace){b->prompt[i / b->G], b->token + (size_t)i * b->cap, b->prompt_n[i / b->G],
                                  b->n[i]};
}

/* Two steps; *before is the state that the second one began with, its batch is in memory. */
static void second_step(struct tiny_run *r, const char *const *more, struct inspect_state *before)
{
    struct settings s;
    tiny_settings(&s, more);
    tiny_run_init(r, &s, STAGE_GRPO, 11, 2);
    tiny_run_step(r, NULL);
    memset(before, 0, sizeof *before);
    must(inspect_save(before, &r->t, &e));
    tiny_run_step(r, NULL);
}

Test(inspect, tokens_are_what_training_saw)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    for (int v = 0; v < VARIANTS; v++) {
        struct inspect_state before;
        struct tiny_run r;
        const struct batch *b = &r.t.batch;
        float *old, *ref;
        int differs = 0;
        second_step(&r, variant[v], &before);
        old = malloc((size_t)b->N * b->cap * sizeof *old);
        ref = malloc((size_t)b->N * b->cap * sizeof *ref);
        memcpy(old, b->logp_old, (size_t)b->N * b->cap * sizeof *old);
        memcpy(ref, b->logp_ref, (size_t)b->N * b->cap * sizeof *ref);
        inspect_restore(&before, &r.t);
        for (int i = 0; i < b->N; i++) {
            struct inspect_trace x = trace_of(&r.t, i);
            must(inspect_tokens(&r.t, &x, f, &e));
            cr_assert(f->has_tokens && f->n == b->n[i]);
            for (int k = 0; k < f->n; k++) {
                size_t at = (size_t)i * b->cap + k;
                cr_assert_eq(f->logp[k], old[at], "variant %d, trace %d, token %d: %.9g, training had %.9g",
                             v, i, k, (double)f->logp[k], (double)old[at]);
                cr_assert_eq(f->ref_logp[k], ref[at], "reference");
                cr_assert(isnan(f->new_logp[k]));
                cr_assert_float_eq(f->entropy[k], b->entropy[at], 1e-3, "entropy");
                differs += f->logp[k] != f->ref_logp[k];
            }
        }
        cr_assert_gt(differs, 0, "the policy has left its reference");
        free(old);
        free(ref);
        inspect_state_free(&before);
        tiny_run_release(&r);
    }
    free(f);
}

/* After the step: better traces have become likelier, to first order. */
Test(inspect, weights_after_the_step_have_moved_along_the_advantages)
{
    /* Dense: where tokens change their experts a small step is not small. */
    static const char *const slow[] = {
        "rl.lr", "1e-4", "rl.beta", "0", "model.attention", "mha", "model.dense_layers", "2", NULL};
    struct inspect_state before;
    struct tiny_run r;
    const struct batch *b = &r.t.batch;
    float logp[64];
    double along = 0, largest = 0;
    second_step(&r, slow, &before);
    for (int i = 0; i < b->N; i++) {
        struct inspect_trace x = trace_of(&r.t, i);
        must(inspect_logp(&r.t, &x, logp, &e));
        for (int k = 0; k < x.n; k++) {
            double log_ratio = (double)logp[k] - (double)b->logp_old[(size_t)i * b->cap + k];
            along += b->advantage[i] * log_ratio / x.n;
            largest = fmax(largest, fabs(log_ratio));
        }
    }
    cr_assert_gt(along, 0, "the step has climbed its own objective");
    cr_assert(largest > 0 && largest < 0.1, "one small step: the largest log-ratio is %g", largest);
    inspect_state_free(&before);
    tiny_run_release(&r);
}

Test(inspect, alternatives_and_experts)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    struct inspect_state before;
    struct tiny_run r;
    second_step(&r, NULL, &before);
    inspect_restore(&before, &r.t);
    for (int i = 0; i < r.t.batch.N; i++) {
        struct inspect_trace x = trace_of(&r.t, i);
        must(inspect_tokens(&r.t, &x, f, &e));
        cr_assert_eq(f->alternatives_n, FACT_ALTERNATIVES);
        cr_assert(f->layers_n == 1 && f->experts_n == 4 && f->top_k == 2, "%d layers", f->layers_n);
        for (int k = 0; k < f->n; k++) {
            double mass = 0, gates = 0;
            char word[FACT_WORD];
            inspect_spell(&r.t.vocab, x.token[k], word);
            for (int a = 0; a < FACT_ALTERNATIVES; a++) {
                mass += exp((double)f->word_logp[k][a]);
                cr_assert(a == 0 || f->word_logp[k][a] <= f->word_logp[k][a - 1], "likeliest first");
                if (strcmp(word, f->word[k][a]) == 0)
                    cr_assert_float_eq(f->word_logp[k][a], f->logp[k], 1e-5, "the sampled one among them");
            }
            cr_assert_leq(mass, 1.0001);
            for (int j = 0; j < 2; j++)
                gates += (double)f->gate[0][k][j];
            cr_assert_neq(f->expert[0][k][0], f->expert[0][k][1]);
            cr_assert_float_eq(gates, r.t.set.model.route_scale, 1e-5, "gates are normalised: %g", gates);
        }
    }
    free(f);
    inspect_state_free(&before);
    tiny_run_release(&r);
}

Test(inspect, a_long_spelling_is_cut_between_characters)
{
    static const char *const words[] = {"short", "exactly-15-bytes", "0123456789abc\xe2\x9c\x93x"};
    struct vocab v;
    char out[FACT_WORD];
    must(vocab_init(&v, words, 3, &e));
    inspect_spell(&v, 0, out);
    cr_assert_str_eq(out, "short");
    inspect_spell(&v, 1, out);
    cr_assert_str_eq(out, "exactly-15-byte");
    inspect_spell(&v, 2, out);
    cr_assert_str_eq(out, "0123456789abc");
    inspect_spell(&v, 9, out);
    cr_assert_str_eq(out, "<?>");
    vocab_release(&v);
}

Test(inspect, a_copy_brings_the_whole_state_back)
{
    struct inspect_state before;
    struct tiny_run r;
    struct digest want, now;
    second_step(&r, NULL, &before);
    want = trainer_digest(&r.t);
    inspect_restore(&before, &r.t);
    cr_assert_eq(r.t.step, 1);
    now = trainer_digest(&r.t);
    cr_assert_not(digest_equal(&want, &now));
    tiny_run_step(&r, NULL);
    now = trainer_digest(&r.t);
    tiny_same(&want, &now, "the step taken again from the copy");
    inspect_state_free(&before);
    tiny_run_release(&r);
}

Test(inspect, routing_counts_tokens_at_their_own_position)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    struct routing_facts *out = calloc(1, sizeof *out);
    struct inspect_routing count;
    struct inspect_state before;
    struct tiny_run r;
    long want[4][256] = {{0}}, tokens = 0;
    double share = 0;
    second_step(&r, NULL, &before);
    must(inspect_routing_init(&count, &r.t, &e));
    for (int i = 0; i < r.t.batch.N; i++) {
        struct inspect_trace x = trace_of(&r.t, i);
        must(inspect_routing_add(&count, &r.t, &x, &e));
        must(inspect_tokens(&r.t, &x, f, &e));
        /* Token k + 1 is predicted where token k is the input. */
        for (int k = 0; k + 1 < x.n; k++, tokens++)
            for (int j = 0; j < 2; j++)
                want[f->expert[0][k + 1][j]][x.token[k]]++;
    }
    inspect_routing_facts(&count, &r.t.vocab, out);
    cr_assert_eq(out->tokens, tokens);
    for (int x = 0; x < 4; x++) {
        const struct served *s = &out->served[x];
        long own = 0;
        for (int id = 0; id < r.t.vocab.n; id++) {
            own += want[x][id];
            cr_assert_eq(count.count[(size_t)x * count.vocab_n + id], (uint32_t)want[x][id]);
        }
        cr_assert_float_eq(s->share, (double)own / (2 * tokens), 1e-6);
        cr_assert_float_eq(s->numbers + s->operators + s->structure + s->words, own ? 1 : 0, 1e-5);
        share += (double)s->share;
        for (int w = 0; w < s->words_n; w++) {
            cr_assert(s->part[w] > s->share && s->part[w] <= 0.50001f, "more than chance, at most 1 / top_k");
            cr_assert(w == 0 || s->part[w] <= s->part[w - 1]);
        }
    }
    cr_assert_float_eq(share, 1, 1e-5);
    inspect_routing_free(&count);
    inspect_state_free(&before);
    tiny_run_release(&r);
    free(out);
    free(f);
}

/* One update on the second group of a step. */
static void what_if(struct tiny_run *r, const struct inspect_state *before, const double *reward,
                    enum std_kind std, struct what_if_facts *out)
{
    struct inspect_trace trace[4];
    struct inspect_what_if w = {
        .trace = trace, .reward = reward, .lr = 1e-3, .objective = {LOSS_GRPO, std, 0.2, 0.2, 0, 24}};
    struct digest was, is;
    for (int i = 0; i < 4; i++)
        trace[i] = trace_of(&r->t, 4 + i);
    inspect_restore(before, &r->t);
    was = trainer_digest(&r->t);
    must(inspect_update(&r->t, &w, before, NULL, out, &e));
    is = trainer_digest(&r->t);
    tiny_same(&was, &is, "nothing is touched");
    cr_assert_eq(r->t.batch.P, 4);
    cr_assert_eq(r->t.batch.N, 16);
}

Test(inspect, one_update_follows_the_rewards)
{
    static const double first[4] = {1, 0, 0, 0}, last[4] = {0, 1, 1, 1}, flat[4] = {0.1, 0.1, 0.1, 0.1};
    static const char *const drop[] = {"rl.drop_flat", "1", NULL};
    struct what_if_facts a = {0}, b = {0}, c = {0};
    struct inspect_state before;
    struct tiny_run r;
    second_step(&r, drop, &before);
    what_if(&r, &before, first, STD_SAMPLE, &a);
    cr_assert(a.n == 4 && !a.is_flat);
    cr_assert_float_eq(a.advantage[0], 1.49970, 1e-5);
    cr_assert_float_eq(a.advantage[1], -0.49990, 1e-5);
    cr_assert_gt(a.change[0], 0, "the rewarded completion becomes likelier");
    cr_assert_gt(a.grad_norm, 0);
    cr_assert_float_eq(a.change_per_token[0] * r.t.batch.n[4], a.change[0], 1e-9);
    what_if(&r, &before, last, STD_SAMPLE, &b);
    cr_assert_float_eq(b.advantage[0], -a.advantage[0], 1e-9);
    cr_assert_lt(b.change[0], 0,
                 "and less likely where the others are rewarded: no momentum of earlier steps");
    cr_assert_float_eq(b.change[0], -a.change[0], 0.2 * fabs(a.change[0]), "%g, %g", b.change[0],
                       a.change[0]);
    what_if(&r, &before, flat, STD_SAMPLE, &c);
    cr_assert(c.is_flat && c.advantage[0] == 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(c.change[i], 0, "a flat group is left out in this run");
    what_if(&r, &before, first, STD_NONE, &c);
    cr_assert_float_eq(c.advantage[0], 0.75, 1e-9);
    inspect_state_free(&before);
    tiny_run_release(&r);
}

/* Without a gradient nothing moves: the momentum of earlier steps is not this group's doing. */
Test(inspect, a_flat_group_that_counts_changes_nothing)
{
    static const double flat[4] = {1, 1, 1, 1};
    static const char *const keep[] = {"rl.drop_flat", "0", "model.balance_alpha", "0", NULL};
    struct what_if_facts a = {0};
    struct inspect_state before;
    struct tiny_run r;
    second_step(&r, keep, &before);
    what_if(&r, &before, flat, STD_SAMPLE, &a);
    cr_assert(a.is_flat && a.grad_norm == 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(a.change[i], 0, "completion %d: %g", i, a.change[i]);
    inspect_state_free(&before);
    tiny_run_release(&r);
}

Test(inspect, what_does_not_fit_is_refused)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    struct inspect_state before;
    struct tiny_run r;
    struct inspect_trace x;
    uint16_t many[SNAP_TOKENS] = {0};
    second_step(&r, NULL, &before);
    x = trace_of(&r.t, 0);
    x.token = many;
    x.n = 200;
    cr_assert_eq(inspect_tokens(&r.t, &x, f, &e), ST_USAGE);
    x.n = 0;
    must(inspect_tokens(&r.t, &x, f, &e));
    cr_assert(f->has_tokens && f->n == 0, "a trace of which nothing is sampled yet");
    free(f);
    inspect_state_free(&before);
    tiny_run_release(&r);
}
