/* `experts`: what every routed expert of a run gets, serves and is worth, as a table and as JSON; and the
 * evaluation without some of them, for `eval --knock-out`. Writes nothing into the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/cli/cli_progress.h"
#include "engine/run/experts.h"

static void told(void *ctx, int done, int all)
{
    status_line_show(ctx, "%d of %d evaluations", done, all);
}

struct pair {
    const char *key;
    double value;
};

static void write_pairs(struct json_writer *w, const struct pair *pair, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        write_key(w, pair[i].key);
        write_number(w, pair[i].value);
    }
}

static void write_tokens(struct json_writer *w, const struct served *s)
{
    write_key(w, "tokens");
    write_begin(w, '[');
    for (int i = 0; i < s->words_n; i++) {
        write_begin(w, '{');
        write_key(w, "token");
        write_word(w, s->word[i]);
        write_pairs(w, &(struct pair){"share", (double)s->part[i]}, 1);
        write_end(w, '}');
    }
    write_end(w, ']');
}

static void write_expert(struct json_writer *w, const struct experts_facts *f, int at)
{
    const struct served *s = &f->routing.served[at];
    const struct expert_facts *x = &f->expert[at];
    int layer = at / f->experts_n + 1, expert = at % f->experts_n + 1;
    const struct pair pair[] = {
        {"layer", layer},                 {"expert", expert},
        {"load", (double)s->share},       {"load_average", x->average},
        {"bias", x->bias},                {"affinity", (double)s->affinity},
        {"numbers", (double)s->numbers},  {"operators", (double)s->operators},
        {"tags", (double)s->structure},   {"words", (double)s->words},
        {"pass@1", x->off.pass_1},        {"change", x->off.change},
        {"error", x->off.error},
    };
    write_begin(w, '{');
    write_pairs(w, pair, sizeof pair / sizeof *pair);
    write_tokens(w, s);
    write_end(w, '}');
}

static void write_facts(struct str *out, const char *run, const struct experts_facts *f)
{
    struct json_writer w = {.out = out};
    const struct pair pair[] = {
        {"step", (double)f->step},   {"layers", f->layers_n},         {"experts", f->experts_n},
        {"top_k", f->top_k},         {"shared", f->shared_n},         {"groups", f->groups_n},
        {"top_groups", f->top_groups}, {"parameters", f->total},      {"active_parameters", f->active},
        {"problems", f->problems},   {"k", f->k},                     {"pass@1", f->pass_1},
        {"routed_tokens", (double)f->routing.tokens},
    };
    write_begin(&w, '{');
    write_key(&w, "run");
    write_word(&w, run);
    write_pairs(&w, pair, sizeof pair / sizeof *pair);
    write_key(&w, "max_vio");
    write_begin(&w, '[');
    for (int l = 0; l < f->layers_n; l++)
        write_number(&w, f->max_vio[l]);
    write_end(&w, ']');
    write_key(&w, "table");
    write_begin(&w, '[');
    for (int i = 0; i < f->layers_n * f->experts_n; i++)
        write_expert(&w, f, i);
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void table_row(struct str *out, const struct experts_facts *f, int at)
{
    const struct served *s = &f->routing.served[at];
    const struct expert_facts *x = &f->expert[at];
    str_printf(
        out,
        "%3d:%-3d %5.1f%% %5.1f%%  %+.3f  %.3f   %3.0f%% %3.0f%% %3.0f%% %3.0f%%   %.4f  %+.4f +- %.4f  ",
        at / f->experts_n + 1, at % f->experts_n + 1, 100 * (double)s->share, 100 * x->average, x->bias,
        (double)s->affinity, 100 * (double)s->numbers, 100 * (double)s->operators, 100 * (double)s->structure,
        100 * (double)s->words, x->off.pass_1, x->off.change, x->off.error);
    for (int i = 0; i < s->words_n && i < 5; i++) {
        cli_safe(out, s->word[i], strlen(s->word[i]));
        str_printf(out, " %.0f%% ", 100 * (double)s->part[i]);
    }
    str_add(out, "\n");
}

static void write_table(struct str *out, const char *run, const struct experts_facts *f)
{
    str_printf(
        out,
        "%s, weights after step %lld: a token uses %d of %d experts%s in each of %d layers: %.0f of %.0f "
        "parameters (%.0f%%)\n",
        run, (long long)f->step, f->top_k, f->experts_n, f->shared_n ? " and the shared one" : "",
        f->layers_n, f->active, f->total, f->total > 0 ? 100 * f->active / f->total : 0);
    str_printf(out, "pass@1 %.4f on %d held-out problems x %d; ", f->pass_1, f->problems, f->k);
    str_printf(out, "load, affinity and kinds: of %ld tokens of %d completions\n", f->routing.tokens,
               f->traces);
    str_add(
        out,
        "expert   load  average    bias  affin.   num  oper tags words  pass@1 without            most beyond "
        "chance\n");
    for (int i = 0; i < f->layers_n * f->experts_n; i++) {
        if (i % f->experts_n == 0)
            str_printf(out, "layer %d, MaxVio %.3f\n", i / f->experts_n + 1, f->max_vio[i / f->experts_n]);
        table_row(out, f, i);
    }
}

enum status cli_experts(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    struct status_line line;
    struct experts_hooks hooks = {.told = told, .ctx = &line};
    struct experts_facts *f = calloc(1, sizeof *f);
    struct str out = {0};
    struct session *s;
    enum status st = f ? cli_open(c, a->operand.word[0], &s, e)
                       : err_set(e, ST_NOMEM, "experts", "no memory");
    status_line_init(&line, args_has(a, OPT_QUIET));
    if (!st)
        st = experts_run(s->trainer,
                         args_has(a, OPT_PROBLEMS) ? (int)a->problems : s->trainer->set.eval.problems,
                         args_has(a, OPT_K) ? (int)a->k : s->trainer->set.eval.k, &hooks, f, e);
    status_line_clear(&line);
    if (st)
        goto out;
    if (args_has(a, OPT_JSON))
        write_facts(&out, s->run.name, f);
    else
        write_table(&out, s->run.name, f);
    if (out.failed)
        st = err_set(e, ST_NOMEM, "experts", "no memory for the result");
    else
        cli_print(&out);
out:
    str_free(&out);
    free(f);
    return st;
}
