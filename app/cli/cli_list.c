/* Lists: what there is to run, what there is to set, what has been run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "scenarios/registry.h"
#include "views/tree.h"

static void one_scenario(struct cli *c, struct json_writer *w, const char *name, const char *kind,
                         const char *summary)
{
    if (!args_has(&c->args, OPT_JSON)) {
        str_printf(w->out, "%-20s %-9s %s\n", name, kind, summary);
        return;
    }
    write_begin(w, '{');
    write_key(w, "name");
    write_word(w, name);
    write_key(w, "kind");
    write_word(w, kind);
    write_key(w, "summary");
    write_word(w, summary);
    write_end(w, '}');
}

enum status cli_scenarios(struct cli *c, struct err *e)
{
    struct str text = {0};
    struct json_writer w = {.out = &text};
    struct settings set;
    enum status st = ST_OK;
    int json = args_has(&c->args, OPT_JSON);
    if (json)
        write_begin(&w, '[');
    for (int i = 0; i < scenario_n(); i++)
        one_scenario(c, &w, scenario_at(i)->name, "scenario", scenario_at(i)->summary);
    for (int i = 0; i < preset_n() && !st; i++) {
        const struct preset *p = preset_at(i);
        st = settings_parse(&set, p->name, p->text, scenario_find, e);
        one_scenario(c, &w, p->name, "preset", st ? "" : set.summary);
    }
    if (json) {
        write_end(&w, ']');
        str_add(&text, "\n");
    }
    if (!st)
        cli_print(&text);
    str_free(&text);
    return st;
}

/* A value as JSON: a choice is a word, as is a text; the rest are numbers. */
static void write_value(struct json_writer *w, const struct setting *row, const char *value)
{
    if (row->kind == SET_CHOICE || row->kind == SET_TEXT)
        write_word(w, value);
    else
        write_number(w, strtod(value, NULL));
}

static void one_setting(struct json_writer *w, int json, const struct settings *set,
                        const struct settings *initial, int i)
{
    const char *section;
    const struct setting *row = settings_row(set, i, &section);
    char key[96], value[SETTING_TEXT], normal[SETTING_TEXT], range[128];
    snprintf(key, sizeof key, "%s.%s", section, row->key);
    settings_value(set, i, value, sizeof value);
    settings_value(initial, i, normal, sizeof normal);
    setting_range(row, range, sizeof range);
    if (!json) {
        str_printf(w->out, "%-28s %-10s %-24s %s\n", key, value, range, row->meaning);
        return;
    }
    write_begin(w, '{');
    write_key(w, "key");
    write_word(w, key);
    write_key(w, "value");
    write_value(w, row, value);
    write_key(w, "default");
    write_value(w, row, normal);
    write_key(w, "range");
    write_word(w, range);
    write_key(w, "meaning");
    write_word(w, row->meaning);
    write_key(w, "kind");
    write_word(w, "setting");
    write_end(w, '}');
}

/* A row for what conditions and plots can name, in the form of a setting without a value. */
static void one_quantity(struct json_writer *w, int json, const char *name, const char *kind,
                         const char *unit, const char *meaning)
{
    if (!json) {
        str_printf(w->out, "%-28s %-10s %-24s %s\n", name, "", unit, meaning);
        return;
    }
    write_begin(w, '{');
    write_key(w, "key");
    write_word(w, name);
    write_key(w, "value");
    write_null(w);
    write_key(w, "default");
    write_null(w);
    write_key(w, "range");
    write_null(w);
    write_key(w, "meaning");
    write_word(w, meaning);
    write_key(w, "kind");
    write_word(w, kind);
    write_key(w, "unit");
    write_word(w, unit);
    write_end(w, '}');
}

static void quantities(struct json_writer *w, int json)
{
    if (!json)
        str_add(w->out, "\nMetrics, for --until, --expect and plot:\n");
    one_quantity(w, json, "step", "metric", "", "the step of the run");
    for (int i = 0; i < METRIC_N; i++)
        one_quantity(w, json, metric_row(i)->name, "metric", metric_row(i)->unit, metric_row(i)->meaning);
    if (!json)
        str_add(w->out, "\nEvents, for --until and --expect:\n");
    one_quantity(w, json, "aha", "event", "", "a trace of the step holds an aha candidate");
    one_quantity(w, json, "group.flat", "event", "", "a group of the step has equal rewards");
    one_quantity(w, json, "nonfinite", "event", "", "the run stopped at a number that is not finite");
}

enum status cli_show_settings(struct cli *c, struct err *e)
{
    const char *what = c->args.operand.n ? c->args.operand.word[0] : NULL;
    struct str text = {0};
    struct json_writer w = {.out = &text};
    struct settings set, initial;
    uint64_t seed;
    int json = args_has(&c->args, OPT_JSON);
    enum status st = ST_OK;
    settings_init(&set,
                  what && scenario_find(what) && !preset_find(what) ? scenario_find(what) : scenario_at(0));
    if (what && !(scenario_find(what) && !preset_find(what)))
        st = cli_settings(c, what, &set, &seed, e);
    else if (c->args.set.n)
        st = err_set(e, ST_USAGE, "settings", "--set changes the settings of a preset; name one");
    if (st)
        return st;
    settings_init(&initial, set.scenario);
    if (json)
        write_begin(&w, '[');
    for (int i = 0; i < settings_rows(&set); i++)
        one_setting(&w, json, &set, &initial, i);
    quantities(&w, json);
    if (json) {
        write_end(&w, ']');
        str_add(&text, "\n");
    }
    cli_print(&text);
    str_free(&text);
    return ST_OK;
}

void cli_write_parent(struct json_writer *w, const struct record_run *r)
{
    write_key(w, "parent");
    if (r->parent)
        write_whole(w, r->parent);
    else
        write_null(w);
    write_key(w, "parent_step");
    if (r->parent)
        write_whole(w, r->parent_step);
    else
        write_null(w);
}

static void run_json(struct json_writer *w, const struct record_run *runs, int n, int i)
{
    const struct record_run *r = &runs[i];
    const char *parent = NULL;
    for (int k = 0; k < n; k++)
        if (runs[k].id == r->parent)
            parent = runs[k].name;
    write_begin(w, '{');
    write_key(w, "name");
    write_word(w, r->name);
    write_key(w, "id");
    write_whole(w, r->id);
    cli_write_parent(w, r);
    write_key(w, "preset");
    write_word(w, r->preset);
    write_key(w, "step");
    write_whole(w, r->step);
    write_key(w, "state");
    write_word(w, r->state);
    write_key(w, "parent_name");
    if (parent)
        write_word(w, parent);
    else
        write_null(w);
    write_key(w, "stage");
    write_word(w, r->stage);
    write_key(w, "seed");
    str_printf(w->out, "%llu", (unsigned long long)r->seed);
    w->needs_comma = 1;
    write_key(w, "seconds");
    write_number(w, r->seconds);
    write_key(w, "rl_seconds");
    write_number(w, r->rl_seconds);
    write_key(w, "created");
    write_whole(w, r->created);
    write_key(w, "note");
    write_word(w, r->note);
    write_end(w, '}');
}

static void run_line(struct str *out, const struct record_run *r, int depth)
{
    struct str name = {0};
    char made[32] = "";
    struct tm t;
    time_t created = (time_t)r->created;
    str_printf(&name, "%*s", 2 * depth, "");
    cli_safe(&name, r->name, strlen(r->name));
    if (localtime_r(&created, &t))
        strftime(made, sizeof made, "%Y-%m-%d %H:%M", &t);
    str_printf(out, "%4lld  %-28s %-16s %-5s %6lld  %-8s %7.0f s  %s", (long long)r->id, str_c(&name),
               r->preset, r->stage, (long long)r->step, r->state, r->seconds, made);
    if (r->note[0]) {
        str_add(out, "  ");
        cli_safe(out, r->note, strlen(r->note));
    }
    str_add(out, "\n");
    str_free(&name);
}

/* As a tree; runs beyond the tree's room come first, as they are older. */
static enum status run_lines(struct str *out, const struct record_run *runs, int n, struct err *e)
{
    struct tree_line *line = calloc(TREE_MAX, sizeof *line);
    int lines;
    if (!line)
        return err_set(e, ST_NOMEM, "runs", "no memory for the lineage");
    if (n)
        str_printf(out, "%4s  %-28s %-16s %-5s %6s  %-8s %9s  %s\n", "id", "name", "preset", "stage", "step",
                   "state", "time", "created");
    for (int i = 0; i < n - TREE_MAX; i++)
        run_line(out, &runs[i], 0);
    lines = tree_order(runs, n, line);
    for (int i = 0; i < lines; i++)
        run_line(out, &runs[line[i].run], line[i].depth);
    free(line);
    return ST_OK;
}

enum status cli_runs(struct cli *c, struct err *e)
{
    struct str text = {0};
    struct json_writer w = {.out = &text};
    struct record_run *runs = NULL;
    struct query *q;
    int n = 0, json = args_has(&c->args, OPT_JSON);
    enum status st = cli_query(c, &q, e);
    if (!st)
        st = query_runs(q, &runs, &n, e);
    else if (st == ST_NOTFOUND) {
        /* A store that nobody has made yet has no runs: that is an answer. */
        cli_note(c, "%s", e->msg);
        st = ST_OK;
    }
    if (st)
        return st;
    if (json) {
        write_begin(&w, '[');
        for (int i = 0; i < n; i++)
            run_json(&w, runs, n, i);
        write_end(&w, ']');
        str_add(&text, "\n");
    } else {
        st = run_lines(&text, runs, n, e);
    }
    if (!st)
        cli_print(&text);
    str_free(&text);
    free(runs);
    return st;
}
