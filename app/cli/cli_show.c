/* What is on record of a run: its settings and state, its metrics, its digests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/session/condition.h"
#include "scenarios/registry.h"

/* "key = value\n" lines as an object. Settings that are numbers are written as such where the run's scenario
 * is known. */
static void write_lines(struct json_writer *w, const char *text, int numbers)
{
    char key[128];
    write_begin(w, '{');
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        const char *eq = strstr(p, " = ");
        if (eq && eq < p + n) {
            char value[64], *end;
            double v;
            size_t length = (size_t)(p + n - eq - 3);
            snprintf(key, sizeof key, "%.*s", (int)(eq - p), p);
            snprintf(value, sizeof value, "%.*s", (int)length, eq + 3);
            v = strtod(value, &end);
            write_key(w, key);
            if (numbers && end != value && !*end && isfinite(v))
                write_number(w, v);
            else
                write_text(w, eq + 3, length);
        }
        p += n + (p[n] == '\n');
    }
    write_end(w, '}');
}

static void write_state(struct json_writer *w, const struct record_run *r, int64_t step, const char *digest)
{
    write_begin(w, '{');
    write_key(w, "run");
    write_word(w, r->name);
    write_key(w, "id");
    write_whole(w, r->id);
    write_key(w, "preset");
    write_word(w, r->preset);
    write_key(w, "stage");
    write_word(w, r->stage);
    write_key(w, "state");
    write_word(w, r->state);
    write_key(w, "step");
    write_whole(w, step);
    write_key(w, "last_step");
    write_whole(w, r->step);
    write_key(w, "digest");
    write_word(w, digest);
    write_key(w, "seed");
    str_printf(w->out, "%llu", (unsigned long long)r->seed);
    w->needs_comma = 1;
    cli_write_parent(w, r);
    write_key(w, "seconds");
    write_number(w, r->seconds);
    write_key(w, "rl_seconds");
    write_number(w, r->rl_seconds);
    write_key(w, "note");
    write_word(w, r->note);
    write_end(w, '}');
}

static void show_json(struct str *out, const struct record_run *r, int64_t step, const char *digest,
                      const char *settings, const char *environment, const struct measured *m)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    write_key(&w, "settings");
    write_lines(&w, settings, 1);
    write_key(&w, "environment");
    write_lines(&w, environment, 0);
    write_key(&w, "state");
    write_state(&w, r, step, digest);
    write_key(&w, "metrics");
    write_begin(&w, '{');
    for (int i = 0; i < METRIC_N; i++) {
        write_key(&w, metric_row(i)->name);
        write_number(&w, m->latest[i]);
    }
    write_end(&w, '}');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void add_lines(struct str *out, const char *title, const char *text)
{
    str_printf(out, "\n%s\n", title);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        str_add(out, "  ");
        cli_safe(out, p, n);
        str_add(out, "\n");
        p += n + (p[n] == '\n');
    }
}

static void show_text(struct str *out, const struct record_run *r, int64_t step, const char *digest,
                      const char *settings, const char *environment, const struct measured *m)
{
    cli_safe(out, r->name, strlen(r->name));
    str_printf(
        out,
        " (run %lld): step %lld of %lld, %s\n  preset %s, stage %s, seed %llu, %.1f s, of them RL %.1f s\n",
        (long long)r->id, (long long)step, (long long)r->step, r->state, r->preset, r->stage,
        (unsigned long long)r->seed, r->seconds, r->rl_seconds);
    if (r->parent)
        str_printf(out, "  from run %lld at step %lld\n", (long long)r->parent, (long long)r->parent_step);
    str_printf(out, "  digest %s\n", digest);
    if (r->note[0]) {
        str_add(out, "  ");
        cli_safe(out, r->note, strlen(r->note));
        str_add(out, "\n");
    }
    str_add(out, "\nlast metrics\n");
    for (int i = 0; i < METRIC_N; i++)
        if (!isnan(m->latest[i]))
            str_printf(out, "  %-28s %-12.6g %s\n", metric_row(i)->name, m->latest[i], metric_row(i)->unit);
    add_lines(out, "settings", settings);
    add_lines(out, "environment", environment);
}

enum status cli_show(struct cli *c, struct err *e)
{
    struct str text = {0}, settings = {0}, environment = {0};
    struct record_run run;
    struct digest d;
    struct measured m;
    struct query *q;
    char hex[DIGEST_HEX];
    int64_t step;
    enum status st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st)
        st = cli_query(c, &q, e);
    if (step < 0)
        step = run.step;
    if (!st)
        st = query_digest(q, run.id, step, &d, e);
    measured_init(&m);
    if (!st)
        st = measured_read(&m, q, &run, step, e);
    if (!st)
        st = query_settings(q, run.id, &settings, e);
    if (!st)
        st = query_environment(q, run.id, &environment, e);
    if (!st) {
        digest_hex(&d, hex);
        (args_has(&c->args, OPT_JSON) ? show_json : show_text)(&text, &run, step, hex, str_c(&settings),
                                                               str_c(&environment), &m);
        cli_print(&text);
    }
    str_free(&text);
    str_free(&settings);
    str_free(&environment);
    return st;
}

/* Rows of a run's metrics and which of them were ever measured. */
struct table {
    int64_t *step;
    double *value;
    int n, column_n, column[METRIC_N];
};

static void metrics_json(const struct table *t, struct str *out)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '[');
    for (int i = 0; i < t->n; i++) {
        write_begin(&w, '{');
        write_key(&w, "step");
        write_whole(&w, t->step[i]);
        for (int k = 0; k < t->column_n; k++) {
            write_key(&w, metric_row(t->column[k])->name);
            write_number(&w, t->value[(size_t)i * METRIC_N + (size_t)t->column[k]]);
        }
        write_end(&w, '}');
    }
    write_end(&w, ']');
    str_add(out, "\n");
}

static void metrics_csv(const struct table *t, struct str *out)
{
    char number[32];
    str_add(out, "step");
    for (int k = 0; k < t->column_n; k++)
        str_printf(out, ",%s", metric_row(t->column[k])->name);
    str_add(out, "\n");
    for (int i = 0; i < t->n; i++) {
        str_printf(out, "%lld", (long long)t->step[i]);
        for (int k = 0; k < t->column_n; k++) {
            double v = t->value[(size_t)i * METRIC_N + (size_t)t->column[k]];
            number[0] = 0;
            if (isfinite(v))
                number_text(v, number);
            str_printf(out, ",%s", number);
        }
        str_add(out, "\n");
    }
}

/* A few columns that fit a screen. */
static void metrics_text(const struct table *t, struct str *out)
{
    static const struct {
        int metric;
        const char *title;
    } shown[] = {
        {M_LOSS, "loss"},           {M_REWARD, "reward"},       {M_ACCURACY, "accuracy"},
        {M_PASS_1, "pass@1"},       {M_LENGTH, "length"},       {M_KL, "kl"},
        {M_ENTROPY, "entropy"},     {M_GRAD_NORM, "grad_norm"}, {M_MAX_VIO, "max_vio"},
        {M_STEP_TIME, "step_time"},
    };
    int has[METRIC_N] = {0};
    for (int k = 0; k < t->column_n; k++)
        has[t->column[k]] = 1;
    str_printf(out, "%6s", "step");
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
        if (has[shown[k].metric])
            str_printf(out, " %10s", shown[k].title);
    str_add(out, "\n");
    for (int i = 0; i < t->n; i++) {
        str_printf(out, "%6lld", (long long)t->step[i]);
        for (size_t k = 0; k < sizeof shown / sizeof *shown; k++) {
            double v = t->value[(size_t)i * METRIC_N + (size_t)shown[k].metric];
            if (!has[shown[k].metric])
                continue;
            if (isnan(v))
                str_printf(out, " %10s", "");
            else
                str_printf(out, " %10.4g", v);
        }
        str_add(out, "\n");
    }
}

enum status cli_metrics(struct cli *c, struct err *e)
{
    struct table t = {0};
    struct str text = {0};
    struct record_run run;
    struct query *q;
    int64_t step;
    enum status st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st && args_has(&c->args, OPT_CSV) && args_has(&c->args, OPT_JSON))
        st = err_set(e, ST_USAGE, "arguments", "--csv or --json, not both");
    if (!st)
        st = cli_query(c, &q, e);
    if (!st)
        st = query_metrics(q, run.id, 1, step < 0 ? run.step : step, &t.step, &t.value, &t.n, e);
    if (st)
        return st;
    for (int m = 0; m < METRIC_N; m++) {
        int measured = 0;
        for (int i = 0; i < t.n && !measured; i++)
            measured = !isnan(t.value[(size_t)i * METRIC_N + (size_t)m]);
        if (measured)
            t.column[t.column_n++] = m;
    }
    if (args_has(&c->args, OPT_JSON))
        metrics_json(&t, &text);
    else if (args_has(&c->args, OPT_CSV))
        metrics_csv(&t, &text);
    else
        metrics_text(&t, &text);
    if (text.failed)
        st = err_set(e, ST_NOMEM, "metrics", "no memory for %d rows", t.n);
    else
        cli_print(&text);
    str_free(&text);
    free(t.step);
    free(t.value);
    return st;
}

enum status cli_digest(struct cli *c, struct err *e)
{
    struct record_run run;
    struct query *q;
    struct digest d;
    char hex[DIGEST_HEX];
    int64_t step;
    enum status st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st)
        st = cli_query(c, &q, e);
    if (!st)
        st = query_digest(q, run.id, step < 0 ? run.step : step, &d, e);
    if (st)
        return st;
    digest_hex(&d, hex);
    if (args_has(&c->args, OPT_JSON))
        printf("{\"digest\":\"%s\",\"id\":%lld,\"step\":%lld}\n", hex, (long long)run.id,
               (long long)(step < 0 ? run.step : step));
    else
        printf("%s\n", hex);
    return ST_OK;
}
