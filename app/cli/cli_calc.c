/* `calc` and `score`: the engine's arithmetic and its verifiers on what stands at standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"
#include "app/base/presets.h"
#include "app/cli/calc.h"
#include "app/cli/cli.h"
#include "scenarios/registry.h"

static enum status no_calculation(const char *name, struct err *e)
{
    struct str names = {0};
    for (int i = 0; calc_row(i); i++)
        str_printf(&names, "%s%s", i ? ", " : "", calc_row(i)->name);
    err_set(e, ST_USAGE, "calc", "there is no '%.40s'; there is %s", name, str_c(&names));
    str_free(&names);
    return ST_USAGE;
}

enum status cli_calc(struct cli *c, struct err *e)
{
    const char *name = c->args.operand.word[0];
    const struct calc_row *row = calc_find(name);
    struct str text = {0};
    char where[32];
    json_t *in = NULL;
    enum status st;
    if (!row)
        return no_calculation(name, e);
    snprintf(where, sizeof where, "calc %s", name);
    st = json_read(stdin, where, &in, e);
    if (!st)
        st = json_only(in, where, row->keys, e);
    if (!st)
        st = row->run(in, &text, e);
    if (!st) {
        str_add(&text, "\n");
        cli_print(&text);
    }
    json_decref(in);
    str_free(&text);
    return st;
}

/* What scores: a task with the settings of its preset, or its defaults. */
struct scorer {
    const struct scenario *scenario;
    void *self;
    double accuracy, format;
};

static int print_score(const struct scorer *s, const struct score *x)
{
    int arrived;
    struct str text = {0};
    struct json_writer w = {.out = &text};
    write_begin(&w, '{');
    write_key(&w, "reward");
    write_number(&w, s->accuracy * x->accuracy + s->format * x->format);
    write_key(&w, "accuracy");
    write_number(&w, x->accuracy);
    write_key(&w, "format");
    write_number(&w, x->format);
    write_key(&w, "why");
    write_word(&w, x->why);
    write_key(&w, "at");
    write_whole(&w, x->at);
    write_end(&w, '}');
    str_add(&text, "\n");
    /* Whoever feeds lines one by one gets the answers one by one. */
    arrived = cli_print(&text);
    str_free(&text);
    return arrived;
}

static enum status score_line(const struct scorer *s, const char *line, size_t n, int *arrived, struct err *e)
{
    json_t *in = NULL;
    const json_t *problem, *completion;
    struct problem p;
    struct score x;
    char *text;
    enum status st = json_parse_line(line, n, "score", &in, e);
    if (st)
        return st;
    problem = json_object_get(in, "problem");
    completion = json_object_get(in, "completion");
    if (!json_is_object(problem) || !json_is_string(completion)) {
        st = err_set(e, ST_USAGE, "score",
                     "a line is {\"problem\":{..},\"completion\":\"..\"}; the key \"%s\" is wrong or missing",
                     json_is_object(problem) ? "completion" : "problem");
    } else if ((text = json_dumps(problem, JSON_COMPACT)) == NULL) {
        st = err_set(e, ST_NOMEM, "score", "no memory for a problem");
    } else {
        st = s->scenario->parse(s->self, text, &p, e);
        free(text);
    }
    if (!st) {
        s->scenario->score(s->self, &p, json_string_value(completion), json_string_length(completion), &x);
        *arrived = print_score(s, &x);
    }
    json_decref(in);
    return st;
}

static enum status score_lines(const struct scorer *s, struct err *e)
{
    struct err inner;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    long number = 0;
    int arrived = 1;
    enum status st = ST_OK;
    while (!st && arrived && (n = getline(&line, &cap, stdin)) > 0) {
        number++;
        if (strspn(line, " \t\r\n") == (size_t)n)
            continue;
        st = score_line(s, line, (size_t)n, &arrived, &inner);
    }
    free(line);
    if (st)
        return err_set(e, st, "score", "line %ld: %s", number, inner.msg);
    return ferror(stdin) ? err_set(e, ST_IO, "score", "cannot read the input") : ST_OK;
}

enum status cli_score(struct cli *c, struct err *e)
{
    const char *name = c->args.operand.word[0];
    const struct scenario *scenario = scenario_find(name);
    struct scorer s = {.scenario = scenario};
    struct settings set;
    enum status st = ST_OK;
    if (!scenario) {
        struct str names = {0};
        for (int i = 0; i < scenario_n(); i++)
            str_printf(&names, "%s%s", i ? ", " : "", scenario_at(i)->name);
        err_set(e, ST_USAGE, "score", "there is no scenario '%.40s'; there is %s", name, str_c(&names));
        str_free(&names);
        return ST_USAGE;
    }
    settings_init(&set, scenario);
    for (int i = 0; i < c->args.set.n && !st; i++) {
        char key[96];
        size_t n = strcspn(c->args.set.word[i], "=");
        if (!c->args.set.word[i][n] || n >= sizeof key)
            return err_set(e, ST_USAGE, "arguments", "--set %.60s is not KEY=VALUE", c->args.set.word[i]);
        snprintf(key, sizeof key, "%.*s", (int)n, c->args.set.word[i]);
        st = settings_set(&set, STAGE_GRPO, key, c->args.set.word[i] + n + 1, NULL, e);
    }
    s.accuracy = set.rl.accuracy;
    s.format = set.rl.format;
    if (!st)
        st = scenario->open(set.task, &s.self, e);
    if (st)
        return st;
    st = score_lines(&s, e);
    scenario->close(s.self);
    return st;
}
