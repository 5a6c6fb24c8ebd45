/* `oracle`: the true gradient and the true KL of a task that can be summed over, beside what training's
 * estimators make of samples. Writes nothing to the store. */
#include <stdio.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/desk/oracle_ask.h"

/* The n-th word of a blank-separated list. */
static const char *word(const char *list, int n, char out[32])
{
    while (n-- > 0)
        list += strcspn(list, " ") + 1;
    snprintf(out, 32, "%.*s", (int)strcspn(list, " "), list);
    return out;
}

static void put(struct json_writer *w, const char *key, double v)
{
    write_key(w, key);
    write_number(w, v);
}

static void json_kl(struct json_writer *w, const char *key, const struct oracle_kl *row)
{
    char name[32];
    write_key(w, key);
    write_begin(w, '[');
    for (int i = 0; i < KL_KIND_N; i++) {
        const struct oracle_kl *x = &row[i];
        write_begin(w, '{');
        write_key(w, "kl");
        write_word(w, word(KL_CHOICES, i, name));
        put(w, "mean", x->mean);
        put(w, "bias", x->bias);
        put(w, "deviation", x->deviation);
        put(w, "sampled", x->sampled);
        put(w, "error", x->error);
        put(w, "stale", x->stale);
        put(w, "stale_bias", x->stale_bias);
        put(w, "cosine", x->cosine);
        put(w, "scale", x->scale);
        write_end(w, '}');
    }
    write_end(w, ']');
}

static void json_losses(struct json_writer *w, const struct oracle *o)
{
    char name[32];
    write_key(w, "losses");
    write_begin(w, '[');
    for (int i = 0; i < ORACLE_STDS * LOSS_KIND_N; i++) {
        const struct oracle_loss *x = &o->loss[i / LOSS_KIND_N][i % LOSS_KIND_N];
        write_begin(w, '{');
        write_key(w, "loss");
        write_word(w, word(LOSS_CHOICES, i % LOSS_KIND_N, name));
        write_key(w, "std");
        write_word(w, word(STD_CHOICES, i / LOSS_KIND_N == ORACLE_STD_RUN ? o->std : (int)STD_NONE, name));
        put(w, "cosine", x->cosine);
        put(w, "scale", x->scale);
        put(w, "length", x->length);
        put(w, "noise", x->noise);
        put(w, "sampled_cosine", x->sampled_cosine);
        put(w, "sampled_distance", x->sampled_distance);
        write_end(w, '}');
    }
    write_end(w, ']');
}

static void print_json(const struct oracle *o, int64_t step, struct str *out)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    put(&w, "step", (double)step);
    put(&w, "problems", o->problems);
    put(&w, "outcomes", o->outcomes);
    put(&w, "group", o->group);
    put(&w, "batches", o->batches);
    put(&w, "probability", o->probability);
    put(&w, "reward", o->reward);
    put(&w, "reward_sampled", o->reward_sampled);
    put(&w, "reward_error", o->reward_error);
    put(&w, "accuracy", o->accuracy);
    put(&w, "mean_length", o->mean_length);
    put(&w, "kl", o->kl);
    put(&w, "gradient", o->gradient);
    put(&w, "length", o->length);
    json_kl(&w, "token", o->token);
    json_kl(&w, "sequence", o->sequence);
    json_losses(&w, o);
    write_end(&w, '}');
    str_add(out, "\n");
}

static void text_kl(const char *title, const struct oracle_kl *row, struct str *out)
{
    char name[32];
    str_printf(out, "\n%-22s %9s %9s %9s %9s %9s %9s %9s %7s %7s\n", title, "mean", "bias", "std", "sampled",
               "+-", "stale", "bias", "cosine", "scale");
    for (int i = 0; i < KL_KIND_N; i++) {
        const struct oracle_kl *x = &row[i];
        str_printf(out, "  %-20s %9.5f %9.5f %9.5f %9.5f %9.5f %9.5f %9.5f %7.3f %7.3f\n",
                   word(KL_CHOICES, i, name), x->mean, x->bias, x->deviation, x->sampled, x->error, x->stale,
                   x->stale_bias, x->cosine, x->scale);
    }
}

static void text_losses(const struct oracle *o, struct str *out)
{
    char name[32], std[32];
    str_printf(out, "\n%-22s %9s %9s %9s %9s %9s %9s\n", "loss, std", "cosine", "scale", "length", "noise",
               "sampled", "distance");
    for (int i = 0; i < ORACLE_STDS * LOSS_KIND_N; i++) {
        const struct oracle_loss *x = &o->loss[i / LOSS_KIND_N][i % LOSS_KIND_N];
        word(STD_CHOICES, i / LOSS_KIND_N == ORACLE_STD_RUN ? o->std : (int)STD_NONE, std);
        str_printf(out, "  %-10s%-10s %9.4f %9.4f %9.4f %9.3f %9.4f %9.3f\n",
                   word(LOSS_CHOICES, i % LOSS_KIND_N, name), std, x->cosine, x->scale, x->length, x->noise,
                   x->sampled_cosine, x->sampled_distance);
    }
}

static void print_text(const struct oracle *o, int64_t step, struct str *out)
{
    str_printf(out,
               "step %lld: %d problems, %d completions each (probability %.6f), %d batches of %d a problem\n"
               "expected reward %.6f (sampled %.6f +- %.6f), accuracy %.6f, mean length %.4f\n"
               "its gradient: norm %.6f, lengthens completions by %.4f tokens a unit\n"
               "KL to the reference %.6f nats a completion\n",
               (long long)step, o->problems, o->outcomes, o->probability, o->batches, o->group, o->reward,
               o->reward_sampled, o->reward_error, o->accuracy, o->mean_length, o->gradient, o->length,
               o->kl);
    text_kl("KL by token", o->token, out);
    text_kl("KL by sequence", o->sequence, out);
    text_losses(o, out);
}

enum status cli_oracle(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    struct oracle_settings set;
    struct oracle o;
    struct session *s;
    struct str text = {0};
    enum status st = cli_open(c, a->operand.word[0], &s, e);
    if (st)
        return st;
    set = oracle_usual(s->trainer);
    if (args_has(a, OPT_PROBLEMS))
        set.problems = (int)a->problems;
    if (args_has(a, OPT_N))
        set.batches = (int)a->n;
    if (args_has(a, OPT_SEED))
        set.seed = (uint64_t)a->seed;
    st = oracle_run(s->trainer, &set, NULL, NULL, &o, e);
    if (st)
        return st;
    if (args_has(a, OPT_JSON))
        print_json(&o, s->trainer->step, &text);
    else
        print_text(&o, s->trainer->step, &text);
    cli_print(&text);
    str_free(&text);
    return ST_OK;
}
