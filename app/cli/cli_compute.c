/* `compute`: what accuracy on held-out problems costs in sampled tokens: pass@k, maj@k and budget forcing,
 * as a table, as JSON and as a chart. Writes nothing into the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/cli/cli_progress.h"
#include "app/desk/compute_chart.h"
#include "engine/run/compute.h"

static void told(void *ctx, const struct compute_facts *f)
{
    status_line_show(ctx, "%d of %d problems", f->done, f->problems);
}

static void write_point(struct json_writer *w, const struct compute_curve *c, const struct compute_point *p)
{
    int is_forced = c->kind >= COMPUTE_FORCED;
    const struct {
        const char *key;
        double value;
    } row[] = {
        {is_forced ? "n" : "k", p->n}, {"tokens", p->tokens},         {"accuracy", p->accuracy},
        {"error", p->error},           {"gain", p->gain},             {"gain_error", p->gain_error},
        {"words", p->words},           {"cut_off", p->cut_off},
    };
    write_begin(w, '{');
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        write_key(w, row[i].key);
        write_number(w, row[i].value);
    }
    write_end(w, '}');
}

static void write_facts(struct str *out, const char *run, const struct compute_facts *f)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    write_key(&w, "run");
    write_word(&w, run);
    write_key(&w, "step");
    write_whole(&w, f->step);
    write_key(&w, "problems");
    write_whole(&w, f->done);
    write_key(&w, "k");
    write_whole(&w, f->k);
    write_key(&w, "forced_samples");
    write_whole(&w, f->forced_k);
    write_key(&w, "word");
    write_word(&w, f->word);
    write_key(&w, "curves");
    write_begin(&w, '[');
    for (int i = 0; i < f->curves_n; i++) {
        const struct compute_curve *c = &f->curve[i];
        write_begin(&w, '{');
        write_key(&w, "name");
        write_word(&w, c->name);
        write_key(&w, "temperature");
        write_number(&w, f->temperature[c->setting]);
        write_key(&w, "top_p");
        write_number(&w, f->top_p[c->setting]);
        write_key(&w, "points");
        write_begin(&w, '[');
        for (int k = 0; k < c->n; k++)
            write_point(&w, c, &c->point[k]);
        write_end(&w, ']');
        write_end(&w, '}');
    }
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void table_samples(struct str *out, const struct compute_facts *f, int setting)
{
    const struct compute_curve *kind[COMPUTE_KINDS] = {NULL};
    for (int i = 0; i < f->curves_n; i++)
        if (f->curve[i].setting == setting)
            kind[f->curve[i].kind] = &f->curve[i];
    str_printf(out, "  %5s  %8s  %-16s %-16s %-16s\n", "k", "tokens", "pass@k", "likeliest of k", "maj@k");
    for (int i = 0; i < kind[COMPUTE_BEST]->n; i++) {
        const struct compute_point *p = &kind[COMPUTE_BEST]->point[i];
        str_printf(out, "  %5d  %8.1f ", p->n, p->tokens);
        for (int k = COMPUTE_BEST; k <= COMPUTE_MAJORITY; k++)
            str_printf(out, " %.4f +- %.4f ", kind[k]->point[i].accuracy, kind[k]->point[i].error);
        str_add(out, "\n");
    }
}

static void table_forced(struct str *out, const struct compute_facts *f, int setting)
{
    for (int i = 0; i < f->curves_n; i++) {
        const struct compute_curve *c = &f->curve[i];
        if (c->setting != setting || c->kind < COMPUTE_FORCED)
            continue;
        str_printf(out, "  `%s` in place of the end of thinking%s (%d samples a problem)\n", f->word,
                   c->kind == COMPUTE_FORCED_NO ? ", only after `no`" : "", f->forced_k);
        str_printf(out, "  %5s  %8s  %-16s %-20s %-6s %s\n", "n", "tokens", "accuracy", "against n = 0",
                   "forced", "cut off");
        for (int k = 0; k < c->n; k++) {
            const struct compute_point *p = &c->point[k];
            str_printf(out, "  %5d  %8.1f  %.4f +- %.4f %+.4f +- %.4f    %6.2f %.3f\n", p->n, p->tokens,
                       p->accuracy, p->error, p->gain, p->gain_error, p->words, p->cut_off);
        }
    }
}

static void write_table(struct str *out, const char *run, const struct compute_facts *f)
{
    char setting[48];
    str_printf(out,
               "%s, weights after step %lld: %d held-out problems, %d samples each; +- is a standard error\n",
               run, (long long)f->step, f->done, f->k);
    for (int s = 0; s < COMPUTE_SETTINGS; s++) {
        compute_setting(f, s, setting, sizeof setting);
        str_printf(out, "%s\n", setting);
        table_samples(out, f, s);
        table_forced(out, f, s);
    }
}

enum status cli_compute(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    struct status_line line;
    struct compute_hooks hooks = {.told = told, .ctx = &line};
    struct compute_question q = {.k = args_has(a, OPT_K) ? (int)a->k : COMPUTE_K_MAX,
                                 .problems = args_has(a, OPT_PROBLEMS) ? (int)a->problems
                                                                       : COMPUTE_PROBLEMS_USUAL,
                                 .words = COMPUTE_WORDS_USUAL,
                                 .forced_k = COMPUTE_FORCED_USUAL};
    struct compute_facts f = {0};
    struct str out = {0};
    struct session *s;
    char title[NAME_BYTES + 64];
    enum status st = cli_open(c, a->operand.word[0], &s, e);
    status_line_init(&line, args_has(a, OPT_QUIET));
    if (!st)
        st = compute_run(s->trainer, &q, &hooks, &f, e);
    status_line_clear(&line);
    if (st)
        return st;
    if (args_has(a, OPT_OUTPUT)) {
        snprintf(title, sizeof title, "%s@%lld: accuracy over tokens", s->run.name, (long long)f.step);
        st = compute_chart_write(a->output, title, &f, e);
    }
    if (args_has(a, OPT_JSON))
        write_facts(&out, s->run.name, &f);
    else
        write_table(&out, s->run.name, &f);
    if (!st && out.failed)
        st = err_set(e, ST_NOMEM, "compute", "no memory for the result");
    if (!st)
        cli_print(&out);
    if (!st && args_has(a, OPT_OUTPUT))
        cli_note(c, "%s is written", a->output);
    str_free(&out);
    return st;
}
