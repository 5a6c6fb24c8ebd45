/* Parsing of the command line. Every option is known to the parser, whatever the command, so that it can tell
 * an option's value from an operand wherever the option stands; whether a command takes an option is checked
 * by the one who knows the commands. */
#include "app/base/args.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/record.h"

#define AT(field) offsetof(struct args, field)
#define FLAG(name, letter, meaning) {name, letter, OPTION_FLAG, NULL, 0, 0, 0, meaning}
#define TEXT(name, letter, value, field, meaning) \
    {name, letter, OPTION_TEXT, value, AT(field), 0, 0, meaning}
#define LIST(name, value, field, meaning) {name, 0, OPTION_LIST, value, AT(field), 0, 0, meaning}
#define WHOLE(name, value, field, low, high, meaning) \
    {name, 0, OPTION_WHOLE, value, AT(field), low, high, meaning}
#define REAL(name, value, field, low, high, meaning) \
    {name, 0, OPTION_REAL, value, AT(field), low, high, meaning}

static const struct option_row rows[OPTION_N] = {
    [OPT_STORE] = TEXT("store", 0, "FILE", store,
                       "the database (default: GRPOLAB_STORE, else grpolab/lab.db in the XDG data folder)"),
    [OPT_THREADS] = WHOLE("threads", "N", threads, 1, 64,
                          "worker threads (default: all cores); no bit depends on it"),
    [OPT_SEED] = WHOLE("seed", "N", seed, 0, 9007199254740992.0,
                       "seed of all randomness (default: 1, or the run's)"),
    [OPT_JSON] = FLAG("json", 0, "one JSON document on stdout and nothing else there"),
    [OPT_QUIET] = FLAG("quiet", 'q', "no progress on stderr"),
    [OPT_SET] = LIST("set", "KEY=VALUE", set,
                     "changes a setting (`grpolab settings` lists them); may be repeated"),
    [OPT_STEPS] = WHOLE("steps", "N", steps, 0, 16777215,
                        "goes on to step N of the run (default: its settings' steps)"),
    [OPT_NAME] = TEXT("name", 0, "NAME", name, "name of the new run"),
    [OPT_UNTIL] = TEXT("until", 0, "CONDITION", until,
                       "stops at the first step where it holds; exit status 3 if none"),
    [OPT_EXPECT] = TEXT("expect", 0, "CONDITION", expect,
                        "tested at the end; exit status 3 if it does not hold"),
    [OPT_CSV] = FLAG("csv", 0, "comma-separated values with a header"),
    [OPT_GROUP] = WHOLE("group", "I", group, 0, 1023, "only the I-th group of the step, from 0"),
    [OPT_TRACE] = WHOLE("trace", "I", trace, 0, 1048575,
                        "only the I-th trace of the step, from 0: group * group size + index"),
    [OPT_K] = WHOLE("k", "K", k, 1, 64, "samples a problem (default 16)"),
    [OPT_PROBLEMS] = WHOLE("problems", "N", problems, 1, 1000000,
                           "held-out problems (default: the settings' final ones)"),
    [OPT_TEMPERATURE] = REAL("temperature", "T", temperature, 0, 100,
                             "sampling temperature, 0: greedy (default: the settings')"),
    [OPT_TOP_P] = REAL("top-p", "P", top_p, 0.001, 1, "nucleus (default: the settings')"),
    [OPT_PROMPT] = TEXT("prompt", 0, "TEXT", prompt,
                        "what to complete: `11 8 7 -> 26`, a problem as JSON, or a whole prompt"),
    [OPT_N] = WHOLE("n", "N", n, 1, 512, "how many completions (default 4)"),
    [OPT_METRIC] = LIST("metric", "NAME...", metric,
                        "metrics to draw; several names, or the option repeated"),
    [OPT_OUTPUT] = TEXT("output", 'o', "FILE", output, "the file to write"),
    [OPT_QUICK] = FLAG("quick", 0, "shorter and less exact"),
    [OPT_SNAPSHOT] = {"snapshot", 0, OPTION_SIZE, "WxH", AT(snapshot), 0, 0,
                      "prints a screen as text of W columns and H rows; needs no terminal"},
    [OPT_SCREEN] = TEXT("screen", 0, "NAME", screen,
                        "which screen that is: dashboard (default), group, trace, ..."),
    [OPT_THEME] = TEXT("theme", 0, "NAME", theme, "its colours in a PNG: default, projector, mono"),
    [OPT_RECORD] = TEXT("record", 0, "FILE", record, "records what the terminal is shown, for asciinema"),
    [OPT_SMOOTH] = REAL("smooth", "S", smooth, 0, 0.99, "smooths curves, that much of the past (default 0)"),
    [OPT_LOG] = FLAG("log", 0, "logarithmic axes"),
    [OPT_SCRIPT] = TEXT(
        "script", 0, "FILE", script,
        "commands and waits from a file, with a terminal or without; --snapshot sizes the screen"),
    [OPT_AUTO] = FLAG("auto", 0, "the lesson answers its questions by itself; needs no terminal"),
    [OPT_TOKENS] = TEXT("tokens", 0, "1,2,3", tokens,
                        "ids of the tokens that the model reads, from 0; search: budgets; attention: contexts"),
    [OPT_HELP] = FLAG("help", 'h', "help of the program, or of the command"),
    [OPT_VERSION] = FLAG("version", 0, "version, compiler, BLAS, CPU"),
    [OPT_KNOCK_OUT] = TEXT("knock-out", 0, "LAYER:EXPERT,...", knock_out,
                           "also without these experts, counted from 1 over the MoE layers"),
    [OPT_MAN] = FLAG("man", 0, "the manual page, made from the tables, as roff"),
};

const struct option_row *option_row(enum option_id id)
{
    return &rows[id];
}

static const char *option_name(int i)
{
    return i < OPTION_N ? rows[i].name : NULL;
}

static int find_option(const char *name, size_t n)
{
    for (int i = 0; i < OPTION_N; i++)
        if (strncmp(rows[i].name, name, n) == 0 && !rows[i].name[n])
            return i;
    return -1;
}

static int find_letter(char letter)
{
    for (int i = 0; i < OPTION_N; i++)
        if (rows[i].letter && rows[i].letter == letter)
            return i;
    return -1;
}

static enum status add_word(struct words *w, const char *word, const char *what, struct err *e)
{
    if (w->n == WORDS_MAX)
        return err_set(e, ST_USAGE, "arguments", "more than %d %s", WORDS_MAX, what);
    w->word[w->n++] = word;
    return ST_OK;
}

static enum status put_whole(const struct option_row *o, const char *value, int64_t *out, struct err *e)
{
    char *end;
    long long v;
    errno = 0;
    v = strtoll(value, &end, 10);
    if (end == value || *end || errno || (double)v < o->low || (double)v > o->high)
        return err_set(e, ST_USAGE, "arguments", "--%s takes a whole number %.0f..%.0f, not '%.60s'", o->name,
                       o->low, o->high, value);
    *out = v;
    return ST_OK;
}

static enum status put_real(const struct option_row *o, const char *value, double *out, struct err *e)
{
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end || !isfinite(v) || v < o->low || v > o->high)
        return err_set(e, ST_USAGE, "arguments", "--%s takes a number %g..%g, not '%.60s'", o->name, o->low,
                       o->high, value);
    *out = v;
    return ST_OK;
}

static enum status put_size(const struct option_row *o, const char *value, struct size *out, struct err *e)
{
    char *end, *last;
    long w = strtol(value, &end, 10), h = *end == 'x' ? strtol(end + 1, &last, 10) : 0;
    if (*end != 'x' || *last || w < 1 || h < 1 || w > 1000 || h > 1000)
        return err_set(e, ST_USAGE, "arguments",
                       "--%s takes a size such as 160x45 (1..1000 each), not '%.60s'", o->name, value);
    *out = (struct size){(int)w, (int)h};
    return ST_OK;
}

static enum status put(struct args *a, int id, const char *value, struct err *e)
{
    const struct option_row *o = &rows[id];
    void *at = (char *)a + o->offset;
    a->given |= OPTION_BIT(id);
    switch (o->kind) {
    case OPTION_TEXT:
        if (!value[0])
            return err_set(e, ST_USAGE, "arguments", "--%s needs %s, not an empty word", o->name, o->value);
        *(const char **)at = value;
        return ST_OK;
    case OPTION_LIST:
        return add_word(at, value, o->name, e);
    case OPTION_WHOLE:
        return put_whole(o, value, at, e);
    case OPTION_REAL:
        return put_real(o, value, at, e);
    case OPTION_SIZE:
        return put_size(o, value, at, e);
    default:
        return ST_OK;
    }
}

static enum status unknown(const char *word, struct err *e)
{
    char name[48];
    const char *like;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    like = near_word(name, option_name);
    return err_set(e, ST_USAGE, "arguments",
                   like ? "there is no option '%.48s'; did you mean `--%s`?" : "there is no option '%.48s'",
                   word, like);
}

/* Takes the option at argv[*i], and its value, which may be the next word. */
static enum status take_option(struct args *a, int argc, char *const *argv, int *i, struct err *e)
{
    const char *word = argv[*i], *value = NULL;
    int id;
    if (word[1] == '-') {
        size_t n = strcspn(word + 2, "=");
        id = find_option(word + 2, n);
        value = word[2 + n] ? word + 2 + n + 1 : NULL;
    } else {
        id = word[2] ? -1 : find_letter(word[1]);
    }
    if (id < 0)
        return word[1] == '-' ? unknown(word, e)
                              : err_set(e, ST_USAGE, "arguments", "there is no option '%.48s'", word);
    if (rows[id].kind == OPTION_FLAG && value)
        return err_set(e, ST_USAGE, "arguments", "--%s takes no value", rows[id].name);
    if (rows[id].kind != OPTION_FLAG && !value) {
        if (*i + 1 >= argc)
            return err_set(e, ST_USAGE, "arguments", "--%s needs %s", rows[id].name, rows[id].value);
        value = argv[++*i];
    }
    return put(a, id, value, e);
}

enum status args_parse(struct args *a, int argc, char *const *argv, struct err *e)
{
    int only_operands = 0, in_metrics = 0;
    enum status st = ST_OK;
    memset(a, 0, sizeof *a);
    for (int i = 1; i < argc && !st; i++) {
        const char *word = argv[i];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = 1;
        } else if (!only_operands && word[0] == '-' && word[1]) {
            st = take_option(a, argc, argv, &i, e);
            in_metrics = strncmp(word, "--metric", 8) == 0;
        } else if (!a->command) {
            a->command = word;
        } else if (in_metrics && metric_find(word) >= 0) {
            st = add_word(&a->metric, word, "metrics", e);
        } else {
            st = add_word(&a->operand, word, "arguments", e);
        }
    }
    return st;
}

/* Edit distance with transpositions of neighbours, by dynamic programming over three rows. */
static int distance(const char *a, const char *b)
{
    enum { MOST = 48 };
    int row[3][MOST + 1], n = (int)strlen(a), m = (int)strlen(b);
    if (n > MOST || m > MOST)
        return MOST;
    for (int j = 0; j <= m; j++)
        row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *near_word(const char *word, const char *(*at)(int i))
{
    const char *best = NULL, *have;
    int least = 3;
    size_t n = strlen(word);
    for (int i = 0; (have = at(i)) != NULL; i++) {
        int d = distance(word, have);
        /* The beginning of a longer word is as good as one mistake. */
        if (n >= 2 && strncmp(word, have, n) == 0)
            d = d < 1 ? d : 1;
        if (d < least && d < (int)strlen(have)) {
            least = d;
            best = have;
        }
    }
    return best;
}

void near_hint(const char *word, const char *(*at)(int i), char *out, size_t bytes)
{
    const char *like = near_word(word, at);
    out[0] = 0;
    if (like)
        snprintf(out, bytes, "; did you mean `%.40s`?", like);
}
