/* `search`: tree search at test time beside a majority of independent traces, at equal sampled tokens. Writes
 * nothing to the store. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "engine/run/search.h"

static const char *const value_name[] = {"head", "rollouts", "oracle"};

static void put(struct json_writer *w, const char *key, double v)
{
    write_key(w, key);
    write_number(w, v);
}

/* Budgets in the order given, which must ascend. */
static enum status read_budgets(const char *text, struct search_settings *s, struct err *e)
{
    const char *at = text;
    s->budgets_n = 0;
    do {
        char *end;
        long v;
        errno = 0;
        v = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',') || errno || v < 1 || v > SEARCH_BUDGET_MAX ||
            s->budgets_n == SEARCH_BUDGETS || (s->budgets_n && v <= s->budget[s->budgets_n - 1]))
            return err_set(e, ST_USAGE, "search", "--tokens %.60s: at most %d ascending budgets of 1..%d "
                           "tokens, such as 128,256,512", text, SEARCH_BUDGETS, SEARCH_BUDGET_MAX);
        s->budget[s->budgets_n++] = (int)v;
        at = *end ? end + 1 : NULL;
    } while (at);
    return ST_OK;
}

static void print_json(const struct trainer *t, const struct search_settings *s, const struct search_point *p,
                       struct str *out)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    put(&w, "step", (double)t->step);
    put(&w, "problems", s->problems);
    write_key(&w, "value");
    write_word(&w, value_name[s->value]);
    put(&w, "segment", s->segment);
    put(&w, "branches", s->branches);
    put(&w, "explore", s->explore);
    put(&w, "rollouts", s->rollouts);
    put(&w, "temperature", s->temperature);
    write_key(&w, "budgets");
    write_begin(&w, '[');
    for (int i = 0; i < s->budgets_n; i++) {
        write_begin(&w, '{');
        put(&w, "budget", p[i].budget);
        put(&w, "tokens", p[i].tokens);
        put(&w, "plain_tokens", p[i].plain_tokens);
        put(&w, "ended", p[i].ended);
        put(&w, "traces", p[i].traces);
        put(&w, "puct", p[i].puct);
        put(&w, "found", p[i].found);
        put(&w, "majority", p[i].majority);
        put(&w, "ranked", p[i].ranked);
        put(&w, "best", p[i].best);
        write_end(&w, '}');
    }
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void print_text(const struct trainer *t, const struct search_settings *s, const struct search_point *p,
                       struct str *out)
{
    str_printf(out, "step %lld: %d held-out problems, T %g; segments of at most %d tokens, %d a node, "
                    "explore %g\n",
               (long long)t->step, s->problems, s->temperature, s->segment, s->branches, s->explore);
    if (s->value == SEARCH_HEAD)
        str_add(out, "value: the critic's; no verifier is asked: majority and ranked are the peers\n");
    else
        str_printf(out, "value: accuracy of %d continuation%s, for the run has no critic. The search asks "
                   "the\ntask's verifier: its peer is best@k, which asks it too; majority does without\n",
                   s->rollouts, s->rollouts > 1 ? "s" : "");
    str_printf(out, "\n%8s | %-30s | %-40s\n", "tokens", "tree search", "independent traces");
    str_printf(out, "%8s | %8s %6s %6s %6s | %8s %6s %8s %8s %6s\n", "budget", "sampled", "ended", "PUCT",
               "found",                "sampled", "k", "majority", "ranked", "best@k");
    for (int i = 0; i < s->budgets_n; i++)
        str_printf(out, "%8d | %8.0f %6.1f %6.3f %6.3f | %8.0f %6.1f %8.3f %8.3f %6.3f\n", p[i].budget,
                   p[i].tokens, p[i].ended, p[i].puct, p[i].found, p[i].plain_tokens, p[i].traces,
                   p[i].majority, p[i].ranked, p[i].best);
}

enum status cli_search(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    struct search_point point[SEARCH_BUDGETS];
    struct search_settings set;
    struct session *s;
    struct trainer *t;
    struct str text = {0};
    enum status st = cli_open(c, a->operand.word[0], &s, e);
    if (st)
        return st;
    t = s->trainer;
    for (int i = 0; i < a->set.n && !st; i++)
        if (strncmp(a->set.word[i], "search.", 7) != 0)
            st = err_set(e, ST_USAGE, "search", "--set %.60s: only search.* can be changed here",
                         a->set.word[i]);
    if (!st && args_has(a, OPT_SET))
        st = settings_assign(&t->set, t->stage, a->set.word, a->set.n, &t->seed, e);
    if (st)
        return st;
    search_usual(t, &set);
    if (args_has(a, OPT_PROBLEMS))
        set.problems = (int)a->problems;
    if (set.problems > t->held_out_n)
        set.problems = t->held_out_n;
    if (args_has(a, OPT_TEMPERATURE))
        set.temperature = a->temperature;
    if (args_has(a, OPT_SEED))
        set.seed = (uint64_t)a->seed;
    st = read_budgets(args_has(a, OPT_TOKENS) ? a->tokens : "64,128,256,512,1024", &set, e);
    if (!st)
        st = search_run(t, &set, NULL, NULL, point, e);
    if (st)
        return st;
    if (args_has(a, OPT_JSON))
        print_json(t, &set, point, &text);
    else
        print_text(t, &set, point, &text);
    if (text.failed)
        st = err_set(e, ST_NOMEM, "search", "no memory for the result");
    else
        cli_print(&text);
    str_free(&text);
    return st;
}
