/* Drafting replayed along a trace that is given: as the decoder with drafts does it, as often, and whatever
 * comes after a token. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/speculate.h"
#include "engine/run/inspect.h"
#include "tests/unit/tiny_run.h"

enum { TEXTS = 48, CAP = 24 };

static struct err e;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

struct drafts_case {
    struct tiny_run r;
    struct arena arena;
    struct speculator s;
    uint16_t prompt[TEXTS][PROMPT_MAX], token[TEXTS][CAP];
    float logp[TEXTS][CAP];
    uint8_t mark[TEXTS][CAP];
    struct speculate_text text[TEXTS];
};

/* Modules that are right now and then: they go by the token that they read more than by h. */
static void make_modules_good(struct trainer *t)
{
    int D = t->model.config.width;
    for (int k = 0; k < t->model.config.mtp_depth; k++) {
        real *project = t->learner.w + t->model.params.row[t->model.params.mtp[k].project].offset;
        for (int i = 0; i < 2 * D; i++)
            for (int j = 0; j < D; j++)
                project[i * D + j] = (real)(0.05 * (double)project[i * D + j] + (i == D + j ? 1 : 0));
    }
}

static void case_init(struct drafts_case *c, const char *depth, const char *temperature)
{
    const char *const more[] = {"model.mtp_depth", depth, "rl.temperature", temperature, NULL};
    struct settings set;
    memset(c, 0, sizeof *c);
    tiny_settings(&set, more);
    tiny_run_init(&c->r, &set, STAGE_GRPO, 5, 1);
    make_modules_good(&c->r.t);
    must(arena_init(&c->arena, "drafts", (size_t)256 << 20, &e));
    must(speculator_init(&c->s, &c->r.t.model, DECODE_ABSORBED, 8, c->r.t.model.config.positions_n, &c->arena,
                         &e));
    speculator_load(&c->s, c->r.t.learner.w, c->r.t.learner.bias);
    for (int i = 0; i < TEXTS; i++) {
        struct problem p;
        struct speculate_text *x = &c->text[i];
        c->r.t.task.scenario->held_out(c->r.t.task.self, i % c->r.t.held_out_n, &p);
        *x = (struct speculate_text){.prompt = c->prompt[i], .draw = (uint32_t)i, .token = c->token[i],
                                     .logp = c->logp[i], .mark = c->mark[i]};
        must(task_prompt(&c->r.t.task, &p, c->prompt[i], &x->prompt_n, &e));
    }
}

static void case_release(struct drafts_case *c)
{
    arena_release(&c->arena);
    tiny_run_release(&c->r);
}

static void decode(struct drafts_case *c, double temperature, uint32_t step)
{
    struct speculate_settings how = {.draft_n = c->r.t.model.config.mtp_depth, .width = 1,
                                     .temperature = temperature, .max_tokens = CAP,
                                     .end_token = c->r.t.task.end_token, .seed = 3, .stream = RNG_TEST,
                                     .step = step};
    must(speculate_run(&c->s, &how, TEXTS, c->text, NULL, &e));
}

static struct inspect_trace trace_of(const struct speculate_text *x)
{
    return (struct inspect_trace){x->prompt, x->token, x->prompt_n, x->n};
}

/* Next to no temperature: nearly all chances are 0 or 1, and then the marks must be the greedy decoder's. */
static void check_greedy(const char *depth)
{
    static struct drafts_case c;
    struct trace_facts *f = calloc(1, sizeof *f);
    int compared = 0, stood = 0, fell = 0, second = 0;
    case_init(&c, depth, "0.01");
    decode(&c, 0, 1);
    for (int i = 0; i < TEXTS; i++) {
        struct inspect_trace x = trace_of(&c.text[i]);
        int is_clear = 1;
        must(inspect_drafts(&c.r.t, &x, f, &e));
        for (int k = 0; k < x.n && is_clear; k++) {
            float chance = f->draft_chance[k];
            cr_assert_eq(isnan(chance), f->draft[k] == 0);
            is_clear = isnan(chance) || chance < 1e-6F || chance > 1 - 1e-6F;
            if (!is_clear)
                break;
            cr_assert_eq(f->draft[k], c.mark[i][k], "text %d, token %d: %d, the decoder had %d", i, k,
                         f->draft[k], c.mark[i][k]);
            compared++;
            stood += (f->draft[k] & FACT_ACCEPTED) != 0;
            fell += f->draft[k] && !(f->draft[k] & FACT_ACCEPTED);
            second += (f->draft[k] & ~FACT_ACCEPTED) == 2;
        }
    }
    cr_assert(compared > 100 && stood > 20 && fell > 20, "%d compared, %d stood, %d fell", compared, stood,
              fell);
    cr_assert_eq(second > 0, *depth == '2');
    free(f);
    case_release(&c);
}

Test(inspect_drafts, greedily_the_decoders_own_one_module) { check_greedy("1"); }
Test(inspect_drafts, greedily_the_decoders_own_two_modules) { check_greedy("2"); }

/* Sampled: a draft that the decoder examined stood with the chance that the replay gives it. Tokens at which
 * both examined the same module's draft: the sum of what stood minus the chances has mean 0. */
Test(inspect_drafts, chances_are_the_decoders_shares)
{
    static struct drafts_case c;
    struct trace_facts *f = calloc(1, sizeof *f);
    double sum[2] = {0}, variance[2] = {0}, half[2][2] = {{0}};
    case_init(&c, "2", "1");
    for (uint32_t pass = 1; pass <= 40; pass++) {
        decode(&c, 1, pass);
        for (int i = 0; i < TEXTS; i++) {
            struct inspect_trace x = trace_of(&c.text[i]);
            f->step = pass;
            f->index = i;
            must(inspect_drafts(&c.r.t, &x, f, &e));
            for (int k = 0; k < x.n; k++) {
                int j = c.mark[i][k] & SPECULATE_MARK_DRAFT, is_sure = f->draft_chance[k] > 0.5F;
                double chance = (double)f->draft_chance[k];
                if (!j || j != (f->draft[k] & ~FACT_ACCEPTED))
                    continue;
                sum[is_sure] += ((c.mark[i][k] & SPECULATE_MARK_ACCEPTED) != 0) - chance;
                variance[is_sure] += chance * (1 - chance);
                half[is_sure][0] += 1;
                half[is_sure][1] += (f->draft[k] & FACT_ACCEPTED) != 0;
            }
        }
    }
    for (int k = 0; k < 2; k++) {
        cr_assert(half[k][0] > 500 && half[k][1] > 50, "%g examined, %g stood", half[k][0], half[k][1]);
        cr_assert_lt(fabs(sum[k]), 4 * sqrt(variance[k]), "off by %g, standard deviation %g", sum[k],
                     sqrt(variance[k]));
    }
    free(f);
    case_release(&c);
}

/* A trace that grows keeps its marks, but for the last tokens that the limit leaves no room to draft. */
Test(inspect_drafts, what_came_after_changes_nothing)
{
    static struct drafts_case c;
    struct trace_facts *whole = calloc(1, sizeof *whole), *part = calloc(1, sizeof *part);
    int stood = 0;
    case_init(&c, "2", "1");
    decode(&c, 1, 1);
    for (int i = 0; i < 8; i++) {
        struct inspect_trace x = trace_of(&c.text[i]);
        whole->index = part->index = i;
        must(inspect_drafts(&c.r.t, &x, whole, &e));
        cr_assert_eq(whole->drafts_n, 2);
        if (c.text[i].cut_off)
            cr_assert_eq(whole->draft[x.n - 1] & FACT_ACCEPTED, 0, "the last token is the model's own");
        for (int n = x.n; n > 0; n--) {
            x.n = n;
            must(inspect_drafts(&c.r.t, &x, part, &e));
            cr_assert_arr_eq(part->draft, whole->draft, (size_t)n, "text %d, %d tokens", i, n);
            stood += (whole->draft[n - 1] & FACT_ACCEPTED) != 0;
        }
    }
    cr_assert_gt(stood, 8);
    free(whole);
    free(part);
    case_release(&c);
}

Test(inspect_drafts, without_a_module_there_are_none)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    uint16_t token = 0;
    struct inspect_trace x = {&token, &token, 1, 1};
    struct settings set;
    struct tiny_run r;
    tiny_settings(&set, NULL);
    tiny_run_init(&r, &set, STAGE_GRPO, 5, 1);
    f->drafts_n = 3;
    must(inspect_drafts(&r.t, &x, f, &e));
    cr_assert_eq(f->drafts_n, 0);
    tiny_run_release(&r);
    free(f);
}
