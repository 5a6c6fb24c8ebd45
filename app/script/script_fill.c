/* Placeholders of scripts and lessons: what a run has measured, put into a text. A number that is not known
 * is an error, not a blank: a lesson that names a wrong metric must not be taught. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/args.h"
#include "app/script/script.h"
#include "views/format.h"

enum what { FILL_METRIC, FILL_MOST, FILL_LEAST, FILL_SETTING, FILL_RUN, FILL_STEP, FILL_GROUP, FILL_TRACE };

static const struct {
    const char *name, *form, *what;
} rows[] = {
    [FILL_METRIC] = {"metric", "metric NAME [at STEP] [of RUN]",
                     "its newest value, at the step that is looked at"},
    [FILL_MOST] = {"most", "most NAME [at STEP] [of RUN]", "its greatest value up to there"},
    [FILL_LEAST] = {"least", "least NAME [at STEP] [of RUN]", "its least value up to there"},
    [FILL_SETTING] = {"setting", "setting KEY", "of the open run"},
    [FILL_RUN] = {"run", "run [NAME]", "the open run's name, or that of one that is remembered"},
    [FILL_STEP] = {"step", "step", "the last committed one of the open run"},
    [FILL_GROUP] = {"group", "group prompt|rewards|advantages|right|size|mean|std|flat",
                    "of the group on the screen; flat: how many groups are"},
    [FILL_TRACE] = {"trace", "trace reward|advantage|length|waits|answer|why|with|without|p|verdict",
                    "of the followed trace; from `with` on: its first aha test"},
};
enum { ROWS = sizeof rows / sizeof *rows, WORDS = 8 };

const char *fill_row(int i, const char **what)
{
    if (i < 0 || i >= ROWS)
        return NULL;
    *what = rows[i].what;
    return rows[i].form;
}

/* A placeholder in words; `at` and `of` are taken out. */
struct hole {
    int row, n;
    char text[160];
    char *word[WORDS];
    int64_t at;       /* -1: the step that is looked at */
    const char *of;   /* NULL: the run that is looked at */
};

static const char *hole_name(int i)
{
    return i < ROWS ? rows[i].name : NULL;
}

static const char *metric_name(int i)
{
    return i < METRIC_N ? metric_row(i)->name : NULL;
}

static enum status wrong(struct err *e, const struct hole *h)
{
    return err_set(e, ST_USAGE, "script", "it is {%s}", rows[h->row].form);
}

/* What can be told without a run. */
static enum status check(const struct hole *h, struct err *e)
{
    static const char *const group[] = {"prompt", "rewards", "advantages", "right", "size",
                                        "mean",   "std",     "flat",       NULL},
                             *const trace[] = {"reward",  "advantage", "length", "waits", "answer", "why",
                                               "with",    "without",   "p",      "verdict", NULL};
    const char *const *list = h->row == FILL_GROUP ? group : h->row == FILL_TRACE ? trace : NULL;
    char hint[64];
    int i;

    if (h->row <= FILL_LEAST) {
        if (h->n != 2)
            return wrong(e, h);
        near_hint(h->word[1], metric_name, hint, sizeof hint);
        return metric_find(h->word[1]) >= 0
                   ? ST_OK
                   : err_set(e, ST_USAGE, "script", "there is no metric '%.40s'%s", h->word[1], hint);
    }
    if (h->at >= 0 || (h->of && h->row != FILL_SETTING))
        return wrong(e, h);
    for (i = 0; list && h->n == 2 && list[i]; i++)
        if (!strcmp(h->word[1], list[i]))
            return ST_OK;
    if (list)
        return wrong(e, h);
    return h->n == (h->row == FILL_SETTING ? 2 : 1) || (h->row == FILL_RUN && h->n == 2) ? ST_OK
                                                                                         : wrong(e, h);
}

/* Reads {...} at *p, which stands on the brace, and moves behind it. */
static enum status parse(const char **p, struct hole *h, struct err *e)
{
    size_t n = strcspn(*p + 1, "}");
    char *s, hint[64], *end;

    memset(h, 0, sizeof *h);
    h->at = -1;
    if ((*p)[n + 1] != '}' || n >= sizeof h->text)
        return err_set(e, ST_USAGE, "script", "a { is not closed");
    snprintf(h->text, sizeof h->text, "%.*s", (int)n, *p + 1);
    *p += n + 2;
    for (s = strtok_r(h->text, " ", &end); s && h->n < WORDS; s = strtok_r(NULL, " ", &end))
        h->word[h->n++] = s;
    for (h->row = 0; h->n && h->row < ROWS && strcmp(h->word[0], rows[h->row].name); h->row++)
        ;
    if (!h->n || h->row == ROWS) {
        near_hint(h->n ? h->word[0] : "", hole_name, hint, sizeof hint);
        return err_set(e, ST_USAGE, "script", "there is no {%.40s}%s", h->n ? h->word[0] : "",
                       hint[0] ? hint
                               : "; {metric NAME}, {setting KEY}, {run}, {group ...}, ... are filled in");
    }
    while (h->n >= 3 && (!strcmp(h->word[h->n - 2], "of") || !strcmp(h->word[h->n - 2], "at"))) {
        const char *value = h->word[h->n - 1];
        if (h->word[h->n - 2][0] == 'o') {
            h->of = value;
        } else {
            h->at = strtoll(value, &end, 10);
            if (*end || h->at < 0)
                return err_set(e, ST_USAGE, "script", "after `at` comes a step, not '%.20s'", value);
        }
        h->n -= 2;
    }
    return check(h, e);
}

enum status fill_check(const char *text, struct err *e)
{
    struct hole h;

    for (text = strchr(text, '{'); text; text = strchr(text, '{'))
        if (parse(&text, &h, e))
            return ST_USAGE;
    return ST_OK;
}

static enum status find_run(struct desk *d, const struct remembered *names, const char *name,
                            struct record_run *run, struct err *e)
{
    char id[24];
    int i;

    for (i = 0; name && i < names->n; i++)
        if (!strcmp(name, names->row[i].name)) {
            snprintf(id, sizeof id, "%lld", (long long)names->row[i].run);
            return query_run(d->query, id, run, e);
        }
    if (name)
        return query_run(d->query, name, run, e);
    if (!desk_run_id(d))
        return err_set(e, ST_USAGE, "script", "no run is open");
    snprintf(id, sizeof id, "%lld", (long long)desk_run_id(d));
    return query_run(d->query, id, run, e);
}

static void put_number(struct str *out, double v)
{
    char text[FORMAT_BYTES];

    str_add(out, format_number(text, v));
}

static enum status fill_metric(struct desk *d, const struct remembered *names, const struct hole *h,
                               struct str *out, struct err *e)
{
    int m = metric_find(h->word[1]);
    int64_t last, *step = NULL;
    double *value = NULL, found = NAN;
    struct record_run run;
    struct measured all;
    int n = 0, i;
    enum status st = find_run(d, names, h->of, &run, e);

    if (st)
        return st;
    last = h->at >= 0 ? h->at : h->of ? run.step : d->at >= 0 ? d->at : d->live->committed;
    if (last > run.step)
        return err_set(e, ST_NOTFOUND, "script", "%s has steps up to %lld, not %lld", run.name,
                       (long long)run.step, (long long)last);
    if (h->row == FILL_METRIC) {
        measured_init(&all);
        st = measured_read(&all, d->query, &run, last, e);
        found = all.latest[m];
    } else {
        st = query_metrics(d->query, run.id, 0, last, &step, &value, &n, e);
        for (i = 0; !st && i < n; i++) {
            double v = value[(size_t)i * METRIC_N + (size_t)m];
            if (isfinite(v) && (isnan(found) || (h->row == FILL_MOST ? v > found : v < found)))
                found = v;
        }
        free(step);
        free(value);
    }
    if (st)
        return st;
    if (isnan(found))
        return err_set(e, ST_NOTFOUND, "script", "%s was not measured by %s up to step %lld",
                       metric_row(m)->name, run.name, (long long)last);
    put_number(out, found);
    return ST_OK;
}

static enum status fill_setting(struct desk *d, const struct hole *h, struct str *out, struct err *e)
{
    const struct settings *set = desk_settings(d);
    char whole[96], value[64];
    int i;

    for (i = 0; set && i < settings_rows(set); i++) {
        const char *section;
        const struct setting *row = settings_row(set, i, &section);
        snprintf(whole, sizeof whole, "%s.%s", section, row->key);
        if (!strcmp(whole, h->word[1])) {
            settings_value(set, i, value, sizeof value);
            str_add(out, value);
            return ST_OK;
        }
    }
    return set ? err_set(e, ST_USAGE, "script", "there is no setting '%.60s'", h->word[1])
               : err_set(e, ST_USAGE, "script", "no run is open");
}

static enum status fill_group(struct desk *d, const struct hole *h, struct str *out, struct err *e)
{
    const struct snapshot *s = desk_shown(d);
    const char *word = h->word[1];
    int g = -1, i, right = 0, flat = 0;

    d->view.now = s;
    g = s ? view_group(&d->view) : -1;
    if (g < 0)
        return err_set(e, ST_NOTFOUND, "script", "there is no group to be seen");
    for (i = 0; i < s->group_size; i++)
        right += s->trace[g * s->group_size + i].accuracy > 0;
    for (i = 0; i < s->groups_n; i++)
        flat += s->group[i].flat;
    if (!strcmp(word, "prompt"))
        str_add(out, s->group[g].prompt);
    else if (!strcmp(word, "right"))
        str_printf(out, "%d", right);
    else if (!strcmp(word, "size"))
        str_printf(out, "%d", s->group_size);
    else if (!strcmp(word, "flat"))
        str_printf(out, "%d", flat);
    else if (!strcmp(word, "mean"))
        str_printf(out, "%.3f", (double)s->group[g].mean);
    else if (!strcmp(word, "std"))
        str_printf(out, "%.3f", (double)s->group[g].std);
    for (i = 0; i < s->group_size && (!strcmp(word, "rewards") || !strcmp(word, "advantages")); i++) {
        const struct snap_trace *t = &s->trace[g * s->group_size + i];
        str_add(out, i ? " " : "");
        str_printf(out, *word == 'r' ? "%.3g" : "%+.2f", (double)(*word == 'r' ? t->reward : t->advantage));
    }
    return ST_OK;
}

static enum status fill_trace(struct desk *d, const struct hole *h, struct str *out, struct err *e)
{
    const struct snapshot *s = desk_shown(d);
    const struct trace_facts *f = d->facts;
    const char *word = h->word[1];
    const struct snap_trace *t;

    if (!s || s->follow.group < 0 || s->follow.index < 0 || s->follow.group >= s->groups_n)
        return err_set(e, ST_NOTFOUND, "script", "no trace is followed");
    t = &s->trace[s->follow.group * s->group_size + s->follow.index];
    if (!strcmp(word, "with") || !strcmp(word, "without") || !strcmp(word, "p") || !strcmp(word, "verdict")) {
        if (f->run != s->run_id || f->step != s->step || f->group != s->follow.group ||
            f->index != s->follow.index || !f->tests_n)
            return err_set(e, ST_NOTFOUND, "script", "the followed trace's aha candidate was not tested");
        if (*word == 'p')
            put_number(out, f->test[0].p);
        else if (*word == 'v')
            str_add(out, f->test[0].verified ? "verified" : "decorative");
        else
            str_printf(out, "%d of %d", word[4] ? f->test[0].without_right : f->test[0].with_right,
                       word[4] ? f->test[0].without_n : f->test[0].with_n);
        return ST_OK;
    }
    if (!strcmp(word, "reward"))
        str_printf(out, "%.3g", (double)t->reward);
    else if (!strcmp(word, "advantage"))
        str_printf(out, "%+.2f", (double)t->advantage);
    else if (!strcmp(word, "length"))
        str_printf(out, "%d", t->n);
    else if (!strcmp(word, "waits"))
        str_printf(out, "%d", t->waits);
    else
        str_add(out, !strcmp(word, "answer") ? t->answer : t->why);
    return ST_OK;
}

enum status fill_text(struct desk *d, const struct remembered *names, const char *text, struct str *out,
                      struct err *e)
{
    enum status st = ST_OK;

    while (*text && !st) {
        size_t n = strcspn(text, "{");
        struct record_run run;
        struct hole h;
        str_add_n(out, text, n);
        text += n;
        if (!*text)
            break;
        st = parse(&text, &h, e);
        if (st)
            break;
        switch ((enum what)h.row) {
        case FILL_METRIC:
        case FILL_MOST:
        case FILL_LEAST: st = fill_metric(d, names, &h, out, e); break;
        case FILL_SETTING: st = fill_setting(d, &h, out, e); break;
        case FILL_GROUP: st = fill_group(d, &h, out, e); break;
        case FILL_TRACE: st = fill_trace(d, &h, out, e); break;
        case FILL_STEP: str_printf(out, "%lld", (long long)d->live->committed); break;
        case FILL_RUN:
            st = find_run(d, names, h.n == 2 ? h.word[1] : NULL, &run, e);
            if (!st)
                str_add(out, run.name);
            break;
        }
    }
    return !st && out->failed ? err_set(e, ST_NOMEM, "script", "no memory") : st;
}
