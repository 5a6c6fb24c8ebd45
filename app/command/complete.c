/* What may come next on the command line, from the command table and what its rows say they take. */
#include <stdio.h>
#include <string.h>

#include "app/command/command.h"
#include "app/session/condition.h"
#include "app/term.h"
#include "scenarios/registry.h"

/* The first word of a line, behind its ':'. Returns what stands after it. */
static const char *first_word(const char *line, char *out, size_t bytes)
{
    size_t n;

    line += strspn(line, " \t:");
    n = strcspn(line, " \t");
    snprintf(out, bytes, "%s", line);
    if (n < bytes)
        out[n] = 0;
    return line + n;
}

/* Adds a candidate when it begins with what stands there. */
static int offer(struct str *out, const char *prefix, const char *candidate)
{
    if (strncmp(candidate, prefix, strlen(prefix)))
        return 0;
    str_printf(out, "%s\n", candidate);
    return 1;
}

static int offer_words(struct str *out, const char *prefix, const char *words)
{
    char word[64];
    int n = 0;

    while (words && *words) {
        size_t len = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)len, words);
        n += offer(out, prefix, word);
        words += len + (words[len] == ' ');
    }
    return n;
}

/* Keys that begin with the word; where none does, those whose last part does. After '=': the words that it
 * takes. */
static void offer_settings(struct str *out, const char *prefix, const struct settings *set)
{
    const char *equals = strchr(prefix, '='), *section;
    char whole[160], word[64];
    int i, found = 0, pass;

    for (pass = 0; pass < 2 && !found; pass++)
        for (i = 0; i < settings_rows(set); i++) {
            const struct setting *row = settings_row(set, i, &section);
            snprintf(whole, sizeof whole, "%s.%s=", section, row->key);
            if (equals) {
                const char *key = pass ? row->key : whole;
                size_t n = (size_t)(equals - prefix);
                const char *choices = row->kind == SET_CHOICE ? row->choices : "";
                if (strncmp(key, prefix, n) || (key[n] && key[n] != '='))
                    continue;
                for (; *choices; choices += strcspn(choices, " "), choices += *choices == ' ') {
                    snprintf(word, sizeof word, "%.*s%.*s", (int)n + 1, prefix, (int)strcspn(choices, " "),
                             choices);
                    found += offer(out, prefix, word);
                }
            } else if (!strncmp(pass ? row->key : whole, prefix, strlen(prefix))) {
                str_printf(out, "%s\n", whole);
                found++;
            }
        }
    if (!equals)
        offer(out, prefix, "seed=");
}

static void offer_arguments(const struct command_source *s, const struct command_row *row, int position,
                            const char *prefix, struct str *out, int *files)
{
    int i;

    offer_words(out, prefix, row->words);
    if (row->takes & TAKES_PRESET && position == 1)
        for (i = 0; i < preset_n(); i++)
            offer(out, prefix, preset_at(i)->name);
    if (row->takes & TAKES_RECIPE && position == 1)
        for (i = 0; i < recipe_n(); i++)
            offer(out, prefix, recipe_at(i)->name);
    if (row->takes & TAKES_RUN)
        for (i = 0; s->runs && i < s->runs_n; i++)
            offer(out, prefix, s->runs[i].name);
    for (i = 0; row->takes & TAKES_AT_RUN && position == 1 && *prefix == '@' && i < s->runs_n; i++) {
        char name[NAME_BYTES + 1];
        snprintf(name, sizeof name, "@%s", s->runs[i].name);
        offer(out, prefix, name);
    }
    if (row->takes & TAKES_SETTING && s->set && !(row->takes & (TAKES_PRESET | TAKES_RECIPE) && position == 1))
        offer_settings(out, prefix, s->set);
    if (row->takes & TAKES_METRIC)
        for (i = 0; *prefix && i < METRIC_N; i++) {
            offer(out, prefix, metric_row(i)->name);
            if (metric_row(i)->alias)
                offer(out, prefix, metric_row(i)->alias);
        }
    if (row->takes & TAKES_COMMAND)
        for (i = 0; command_row(i); i++)
            offer(out, prefix, command_row(i)->name);
    if (row->takes & TAKES_THEME)
        for (i = 0; term_theme_name(i); i++)
            offer(out, prefix, term_theme_name(i));
    *files = row->takes & TAKES_FILE && !out->n;
}

void command_complete(const struct command_source *s, const char *line, int begin, int end, struct str *out,
                      int *files)
{
    char prefix[256], name[32];
    int i, position = 0;
    const struct command_row *row;

    *files = 0;
    end = end - begin < (int)sizeof prefix ? end : begin + (int)sizeof prefix - 1;
    memcpy(prefix, line + begin, (size_t)(end - begin));
    prefix[end - begin] = 0;
    for (i = 0; i < begin; i++)
        position += line[i] != ' ' && line[i] != ':' && (line[i + 1] == ' ' || i + 1 == begin);
    if (!position) {
        for (i = 0; command_row(i); i++)
            offer(out, prefix, command_row(i)->name);
        return;
    }
    first_word(line, name, sizeof name);
    row = command_by_name(name);
    if (row && row->takes & TAKES_CONDITION) {
        char before[COMMAND_BYTES];
        const char *rest = first_word(line, name, sizeof name);
        int length = (int)(line + begin - rest);
        snprintf(before, sizeof before, "%.*s", length > 0 ? length : 0, rest);
        condition_complete(before, prefix, out);
        if (position > 1)
            return;
    }
    if (row)
        offer_arguments(s, row, position, prefix, out, files);
}

void command_usage(const char *line, char *out, size_t bytes)
{
    char name[32];
    const char *after = first_word(line, name, sizeof name);
    const struct command_row *row = *after ? command_by_name(name) : NULL;

    out[0] = 0;
    if (row)
        snprintf(out, bytes, "%s %s  %s", row->name, row->arguments, row->what);
}
