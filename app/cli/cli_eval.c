/* `eval` and `sample`: what a run can do at a step, by its own weights. Neither writes anything. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/session/condition.h"
#include "engine/run/experts.h"

/* The whole model beside what is left without the experts that are knocked out. */
struct without {
    const char *what;           /* NULL: nothing is left out */
    struct evaluation whole;
    struct knock_out_effect effect;
};

static void write_without(struct json_writer *w, const struct without *x)
{
    write_key(w, "knock_out");
    write_word(w, x->what);
    write_key(w, "whole");
    write_begin(w, '{');
    write_key(w, "pass@1");
    write_number(w, x->whole.pass_1);
    write_key(w, "pass@k");
    write_number(w, x->whole.pass_k);
    write_key(w, "maj@k");
    write_number(w, x->whole.maj_k);
    write_end(w, '}');
    write_key(w, "change");
    write_number(w, x->effect.change);
    write_key(w, "error");
    write_number(w, x->effect.error);
}

static void print_evaluation(const struct cli *c, const struct evaluation *o, const struct without *x)
{
    struct str text = {0};
    struct json_writer w = {.out = &text};
    const struct {
        const char *key;
        double value;
    } row[] = {
        {"pass@1", o->pass_1}, {"pass@k", o->pass_k},           {"maj@k", o->maj_k},
        {"k", o->k},           {"problems", o->problems},       {"mean_length", o->mean_length},
        {"waits", o->waits},   {"temperature", o->temperature}, {"top_p", o->top_p},
    };
    if (!args_has(&c->args, OPT_JSON)) {
        printf("pass@1 %.4f  pass@%d %.4f  maj@%d %.4f  mean length %.1f  (%d problems, T %g, top-p %g)\n",
               o->pass_1, o->k, o->pass_k, o->k, o->maj_k, o->mean_length, o->problems, o->temperature,
               o->top_p);
        if (x->what)
            printf("without %s: pass@1 %.4f, with all experts %.4f: %+.4f +- %.4f\n", x->what, o->pass_1,
                   x->whole.pass_1, x->effect.change, x->effect.error);
        return;
    }
    write_begin(&w, '{');
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        write_key(&w, row[i].key);
        write_number(&w, row[i].value);
    }
    if (x->what)
        write_without(&w, x);
    write_end(&w, '}');
    str_add(&text, "\n");
    cli_print(&text);
    str_free(&text);
}

static void test_expectation(struct cli *c, const struct condition *expect, const struct evaluation *o,
                             int64_t step)
{
    struct measured m;
    double metric[METRIC_N];
    for (int i = 0; i < METRIC_N; i++)
        metric[i] = NAN;
    metric[M_PASS_1] = o->pass_1;
    metric[M_PASS_K] = o->pass_k;
    metric[M_MAJ_K] = o->maj_k;
    metric[M_EVAL_LENGTH] = metric[M_LENGTH] = o->mean_length;
    metric[M_EVAL_WAITS] = metric[M_WAITS] = o->waits;
    measured_init(&m);
    measured_add(&m, step, metric);
    if (!condition_holds(expect, &m))
        cli_unmet(c, "--expect", c->args.expect, "does not hold");
}

/* Both evaluations, by the same random numbers; *o is what is left. */
static enum status evaluate_without(struct trainer *t, const struct knock_out *k, struct evaluation *o,
                                    struct without *x, struct err *e)
{
    uint8_t *right = calloc(2 * ((size_t)t->held_out_n + 1), 1);
    enum status st;
    if (!right)
        return err_set(e, ST_NOMEM, "eval", "no memory for %d problems", t->held_out_n);
    x->whole = *o;
    o->right = right;
    x->whole.right = right + t->held_out_n + 1;
    st = knock_out_evaluate(t, k, o, NULL, e);
    if (!st)
        st = trainer_evaluate(t, &x->whole, NULL, e);
    if (!st)
        x->effect = knock_out_effect(o->right, x->whole.right, o->problems, o->k);
    o->right = x->whole.right = NULL;
    free(right);
    return st;
}

enum status cli_eval(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    struct condition expect = {0};
    struct without without = {.what = args_has(a, OPT_KNOCK_OUT) ? a->knock_out : NULL};
    struct knock_out off = {0};
    struct evaluation o;
    struct session *s;
    struct trainer *t;
    enum status st = args_has(a, OPT_EXPECT) ? condition_parse(&expect, a->expect, e) : ST_OK;
    if (!st && without.what)
        st = knock_out_parse(&off, without.what, e);
    if (!st)
        st = cli_open(c, a->operand.word[0], &s, e);
    if (st)
        return st;
    t = s->trainer;
    o = (struct evaluation){
        .k = args_has(a, OPT_K) ? (int)a->k : 16,
        .problems = args_has(a, OPT_PROBLEMS) ? (int)a->problems : t->set.eval.final_problems,
        .temperature = args_has(a, OPT_TEMPERATURE) ? a->temperature : t->set.eval.temperature,
        .top_p = args_has(a, OPT_TOP_P) ? a->top_p : t->set.eval.top_p,
        .seed = args_has(a, OPT_SEED) ? (uint64_t)a->seed : t->seed,
        .step = (uint32_t)t->step,
    };
    st = without.what ? evaluate_without(t, &off, &o, &without, e) : trainer_evaluate(t, &o, NULL, e);
    if (st)
        return st;
    print_evaluation(c, &o, &without);
    if (expect.n)
        test_expectation(c, &expect, &o, t->step);
    return ST_OK;
}

/* The prompt as the model reads it: as it is where it holds the whole template, from a problem's JSON, or
 * what the user says put into the template. */
static enum status prompt_text(const struct task *k, const char *given, struct str *out, struct err *e)
{
    struct problem p;
    enum status st = ST_OK;
    if (given[strspn(given, " ")] == '{') {
        st = k->scenario->parse(k->self, given, &p, e);
        if (!st)
            k->scenario->prompt(k->self, &p, out);
    } else if (strstr(given, "<think>") || strstr(given, "Assistant")) {
        str_add(out, given);
    } else {
        str_printf(out, "User : %s Assistant : <think>", given);
    }
    return st;
}

/* Each sample is a group of its own. */
static enum status fill_prompts(const struct cli *c, const struct trainer *t, struct batch *b, struct err *e)
{
    struct str text = {0};
    enum status st = ST_OK;
    for (int p = 0; p < b->P && !st; p++) {
        str_clear(&text);
        if (args_has(&c->args, OPT_PROMPT)) {
            st = prompt_text(&t->task, c->args.prompt, &text, e);
        } else {
            t->task.scenario->held_out(t->task.self, p % t->held_out_n, &b->problem[p]);
            t->task.scenario->prompt(t->task.self, &b->problem[p], &text);
        }
        if (!st)
            st = vocab_encode(&t->vocab, str_c(&text), b->prompt[p], PROMPT_MAX, &b->prompt_n[p], e);
        if (!st && b->prompt_n[p] == 0)
            st = err_set(e, ST_USAGE, "sample", "the prompt is empty");
        b->draw[p] = (uint32_t)p;
        atomic_store(&b->n[p], 0);
        atomic_store(&b->done[p], 0);
        b->cut_off[p] = 0;
    }
    str_free(&text);
    return st;
}

static void print_samples(const struct cli *c, const struct trainer *t, const struct batch *b)
{
    struct str out = {0}, text = {0}, prompt = {0};
    struct json_writer w = {.out = &out};
    int json = args_has(&c->args, OPT_JSON);
    if (json)
        write_begin(&w, '[');
    for (int i = 0; i < b->N; i++) {
        int n = atomic_load(&b->n[i]);
        size_t at = (size_t)i * (size_t)b->cap;
        str_clear(&text);
        str_clear(&prompt);
        vocab_decode(&t->vocab, b->token + at, n, &text);
        vocab_decode(&t->vocab, b->prompt[i], b->prompt_n[i], &prompt);
        if (!json) {
            cli_safe(&out, str_c(&prompt), prompt.n);
            str_add(&out, "\n  ");
            cli_safe(&out, str_c(&text), text.n);
            str_printf(&out, "%s\n", b->cut_off[i] ? " ..." : "");
            continue;
        }
        write_begin(&w, '{');
        write_key(&w, "text");
        write_text(&w, str_c(&text), text.n);
        write_key(&w, "tokens");
        write_begin(&w, '[');
        for (int k = 0; k < n; k++)
            write_whole(&w, b->token[at + (size_t)k]);
        write_end(&w, ']');
        write_key(&w, "logp");
        write_begin(&w, '[');
        for (int k = 0; k < n; k++)
            write_number(&w, (double)b->logp[at + (size_t)k]);
        write_end(&w, ']');
        write_key(&w, "prompt");
        write_text(&w, str_c(&prompt), prompt.n);
        write_key(&w, "cut_off");
        write_bool(&w, b->cut_off[i]);
        write_end(&w, '}');
    }
    if (json) {
        write_end(&w, ']');
        str_add(&out, "\n");
    }
    cli_print(&out);
    str_free(&out);
    str_free(&text);
    str_free(&prompt);
}

enum status cli_sample(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    int n = args_has(a, OPT_N) ? (int)a->n : 4;
    struct arena arena = {0};
    struct batch b;
    struct session *s;
    struct trainer *t;
    struct sampling how;
    enum status st = cli_open(c, a->operand.word[0], &s, e);
    if (st)
        return st;
    t = s->trainer;
    if (!args_has(a, OPT_PROMPT) && n > t->held_out_n)
        n = t->held_out_n;
    how = (struct sampling){
        .temperature = args_has(a, OPT_TEMPERATURE) ? a->temperature : t->set.eval.temperature,
        .top_p = args_has(a, OPT_TOP_P) ? a->top_p : t->set.eval.top_p,
        .max_tokens = t->set.rl.max_tokens,
        .end_token = t->task.end_token,
        .seed = args_has(a, OPT_SEED) ? (uint64_t)a->seed : t->seed,
        .stream = RNG_RESAMPLE,
        .step = (uint32_t)t->step,
    };
    st = arena_init(&arena, "samples", (size_t)256 << 20, e);
    if (!st)
        st = batch_init(&b, n, 1, t->set.rl.max_tokens, &arena, e);
    if (!st)
        st = fill_prompts(c, t, &b, e);
    if (!st)
        st = rollout_run(&t->rollout, t->learner.w, t->learner.bias, &how, &b, 0, n, NULL, e);
    if (!st)
        print_samples(c, t, &b);
    arena_release(&arena);
    return st;
}
