/* Scripts: the table of verbs, and reading. All lines are parsed before the first is carried out, so that a
 * script with a wrong line does nothing. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/args.h"
#include "app/config.h"
#include "app/script/script.h"

enum { LINES_MOST = 4000, FILE_MOST = 1 << 20 };

static const struct {
    const char *name, *arguments, *what;
} verbs[] = {
    [VERB_WAIT] = {"wait", "CONDITION [timeout S]",
                   "until it holds; after S seconds (60) it fails with exit status 3"},
    [VERB_EXPECT] = {"expect", "CONDITION", "it must hold now; else exit status 3"},
    [VERB_TO] = {"to", "STEP", "the run goes on to that step and holds there; waits for it"},
    [VERB_KEY] = {"key", "KEY ...", "presses keys: x, space, enter, esc, tab, f1, ctrl-l, page-up, ..."},
    [VERB_KEYS] = {"keys", "TEXT", "presses a key for each character"},
    [VERB_SCREEN] = {"screen", "", "prints the screen as text, where there is no terminal"},
    [VERB_SAY] = {"say", "TEXT", "prints a line; {...} is filled in"},
    [VERB_REMEMBER] = {"remember", "NAME", "the open run is called that in later lines: open {run NAME}"},
    [VERB_QUIT] = {"quit", "", "ends the script and leaves"},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

const char *script_verb(int i, const char **arguments, const char **what)
{
    if (i < 0 || i >= VERBS)
        return NULL;
    *arguments = verbs[i].arguments;
    *what = verbs[i].what;
    return verbs[i].name;
}

void script_manual(struct str *out)
{
    const char *name, *what;
    int i;

    str_add(out, "A script has one command a line, as the workbench's ':' takes it (:help lists them),\n"
                 "with or without the ':'; # begins a comment. Further lines are:\n");
    for (i = 0; i < VERBS; i++)
        str_printf(out, "  %s%s%s: %s\n", verbs[i].name, verbs[i].arguments[0] ? " " : "", verbs[i].arguments,
                   verbs[i].what);
    str_add(
        out,
        "CONDITION is one of --until, or\n"
        "  idle: no step, request or question is under way\n"
        "  text \"...\": the screen shows it\n"
        "  screen NAME, preset NAME, stage base|cold|grpo, state running|paused|replaying|done|failed\n"
        "  setting KEY OPERATOR VALUE: of the open run\n"
        "  trace reward|advantage|accuracy|format|length|waits|aha|tested|verified|along OPERATOR NUMBER:\n"
        "  of the followed trace\n"
        "Several are joined by `and`; `not` before one turns it round. In commands and texts these are\n"
        "filled in:\n");
    for (i = 0; (name = fill_row(i, &what)); i++)
        str_printf(out, "  {%s}: %s\n", name, what);
}

void script_free(struct script *s)
{
    int i;

    for (i = 0; i < s->n; i++)
        free(s->line[i].rest);
    free(s->line);
    memset(s, 0, sizeof *s);
}

void script_rewind(struct script *s)
{
    s->at = s->is_begun = s->is_posted = s->is_stale = s->unmet = 0;
    s->deadline = INFINITY;
    memset(&s->watch, 0, sizeof s->watch);
}

static enum verb find_verb(const char *name)
{
    int i;

    for (i = 0; i < VERBS; i++)
        if (!strcmp(name, verbs[i].name))
            return (enum verb)i;
    return VERB_COMMAND;
}

/* Names for a mistyped first word: verbs, then commands. */
static const char *first_word(int i)
{
    const struct command_row *c = i >= VERBS ? command_row(i - VERBS) : NULL;

    return i < VERBS ? verbs[i].name : c ? c->name : NULL;
}

/* A command's name and shape; what has placeholders is only known when it is carried out. */
static enum status check_command(const char *text, struct err *e)
{
    struct command_line l;
    char name[32], hint[64];
    size_t n;

    text += strspn(text, " \t:");
    n = strcspn(text, " \t");
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    if (!command_by_name(name)) {
        near_hint(name, first_word, hint, sizeof hint);
        return err_set(e, ST_USAGE, "script", "there is no command '%.30s'%s", name,
                       hint[0] ? hint : "; `grpolab --man` lists what a script may say");
    }
    return strchr(text, '{') ? fill_check(text, e) : command_parse(text, &l, e);
}

static enum status check_keys(const char *text, struct err *e)
{
    char name[32];
    struct key_event k;

    text += strspn(text, " \t");
    if (!*text)
        return err_set(e, ST_USAGE, "script", "after `key` comes the name of a key");
    while (*text) {
        size_t n = strcspn(text, " \t");
        snprintf(name, sizeof name, "%.*s", (int)n, text);
        if (key_parse(name, &k, e))
            return ST_USAGE;
        text += n + strspn(text + n, " \t");
    }
    return ST_OK;
}

static enum status check_line(struct script_line *l, struct err *e)
{
    long long step;

    switch (l->verb) {
    case VERB_WAIT:
    case VERB_EXPECT: return demand_parse(&l->demand, l->rest, e);
    case VERB_TO: return command_integer(l->rest, "a step", 1, &step, e);
    case VERB_KEY: return check_keys(l->rest, e);
    case VERB_KEYS: return *l->rest ? ST_OK : err_set(e, ST_USAGE, "script", "after `keys` comes a text");
    case VERB_SAY: return fill_check(l->rest, e);
    case VERB_REMEMBER:
        return *l->rest && strlen(l->rest) < 32 && !strpbrk(l->rest, " {}")
                   ? ST_OK
                   : err_set(e, ST_USAGE, "script", "after `remember` comes one word of at most 31 bytes");
    case VERB_SCREEN:
    case VERB_QUIT:
        return *l->rest ? err_set(e, ST_USAGE, "script", "it is `%s`, nothing more", verbs[l->verb].name)
                        : ST_OK;
    default: return check_command(l->rest, e);
    }
}

/* One line of the file into *l; 0 when it is empty. */
static int split(struct script_line *l, const char *text, size_t n)
{
    char word[32];
    const char *s = text;
    size_t first;

    while (n && isspace((unsigned char)*s)) {
        s++;
        n--;
    }
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    if (!n || *s == '#')
        return 0;
    for (first = 0; first < n && !isspace((unsigned char)s[first]); first++)
        ;
    snprintf(word, sizeof word, "%.*s", (int)first, s);
    l->verb = *s == ':' ? VERB_COMMAND : find_verb(word);
    if (l->verb != VERB_COMMAND) {
        s += first;
        n -= first;
        while (n && isspace((unsigned char)*s)) {
            s++;
            n--;
        }
    }
    l->rest = strndup(s, n);
    return 1;
}

enum status script_read(struct script *s, const char *source, const char *text, struct err *e)
{
    int number = 0;

    memset(s, 0, sizeof *s);
    snprintf(s->source, sizeof s->source, "%.*s", (int)sizeof s->source - 1, source);
    s->names = &s->own_names;
    for (; *text; text += *text == '\n') {
        size_t n = strcspn(text, "\n");
        struct script_line l = {.number = number + 1};
        struct script_line *more;
        struct err inner = {0};
        int is_line = split(&l, text, n);
        text += n;
        number++;
        if (!is_line)
            continue;
        more = s->n < LINES_MOST ? realloc(s->line, (size_t)(s->n + 1) * sizeof *more) : NULL;
        if (more)
            s->line = more;
        if (!more || !l.rest) {
            free(l.rest);
            script_free(s);
            return err_set(e, more ? ST_NOMEM : ST_USAGE, "script", "%s has more than %d lines", source,
                           LINES_MOST);
        }
        s->line[s->n++] = l;
        if (check_line(&s->line[s->n - 1], &inner)) {
            err_set(e, ST_USAGE, "script", "%.100s:%d: %s", source, number, inner.msg);
            script_free(s);
            return ST_USAGE;
        }
    }
    script_rewind(s);
    return ST_OK;
}

enum status script_load(struct script *s, const char *path, struct err *e)
{
    struct str text = {0};
    char part[4096];
    enum status st;
    size_t n;
    FILE *f = fopen(path, "r");

    memset(s, 0, sizeof *s);
    if (!f)
        return err_set(e, ST_USAGE, "script", "cannot read %.160s: %s", path, strerror(errno));
    while (text.n < FILE_MOST && (n = fread(part, 1, sizeof part, f)) > 0)
        str_add_n(&text, part, n);
    n = (size_t)ferror(f);
    fclose(f);
    st = n ? err_set(e, ST_USAGE, "script", "cannot read %.160s", path)
           : script_read(s, path, str_c(&text), e);
    str_free(&text);
    return st;
}
