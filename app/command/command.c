/* The command table, and what can be told from it alone: parsing, the nearest name. Completion: complete.c.
 * A new command is a row here and a function. */
#include "app/command/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_wait.h"

static const struct command_row rows[] = {
    {"step", "s", "[N] [token|phase|step]", "take N steps of the quantum, then hold", WAITS,
     "token phase step", 0, 2, command_step},
    {"pause", NULL, "", "hold, also in the middle of a step", WAITS, NULL, 0, 0, command_pause},
    {"resume", "run", "", "go on", WAITS, NULL, 0, 0, command_resume},
    {"fork", NULL, "[@RUN] [STEP] [key=value ...] [name]",
     "a child run from a step's beginning, with changed settings", TAKES_SETTING | TAKES_AT_RUN | WAITS, NULL,
     0, -1, command_fork_run},
    {"set", NULL, "key value|key=value ...", "change settings: makes a fork at the present step",
     TAKES_SETTING | WAITS, NULL, 1, -1, command_set},
    {"rewind", NULL, "STEP", "move the run back; going on replays what is committed", WAITS, NULL, 1, 1,
     command_rewind},
    {"goto", "g", "STEP|live", "look at a step; the run itself stays where it is", WAITS, "live", 1, 1,
     command_goto},
    {"back", NULL, "[N]", "look N steps further back", WAITS, NULL, 0, 1, command_back},
    {"live", NULL, "", "look at what happens now", 0, NULL, 0, 0, command_live},
    {"when", NULL, "CONDITION", "go back to the latest earlier step at which it held",
     TAKES_CONDITION | WAITS, NULL, 1, -1, command_when},
    {"break", "b", "CONDITION|list|delete N|disable N|enable N",
     "pause where it begins to hold: kl > 0.1, step 120, aha", TAKES_CONDITION | WAITS,
     "list delete disable enable", 0, -1, command_break},
    {"follow", NULL, "best|aha|GROUP/INDEX", "which trace is shown and paced", WAITS, "best aha", 1, 1,
     command_follow},
    {"overlay", NULL, "NAME [LAYER]", "what the colours of the trace's tokens tell", 0,
     "none probability entropy advantage ratio clipped kl expert draft", 1, 2, command_overlay},
    {"test-aha", "aha", "", "test aha candidates: resample with and without the word", 0, NULL, 0, 0,
     command_test_aha},
    {"value", NULL, "[TOKEN]", "success of 32 continuations from a token, or all along", 0, NULL, 0, 1,
     command_value},
    {"token", NULL, "N|end", "put the cursor of the trace on a token", 0, "end", 1, 1, command_token},
    {"find", NULL, "[TEXT]", "search the step's completions; n, N go on; no TEXT ends it", 0, NULL, 0, -1,
     command_find},
    {"sort", NULL, "index|advantage|reward|length", "the order of a group's completions", 0,
     "index advantage reward length", 1, 1, command_sort},
    {"filter", NULL, "all|right|wrong|aha", "which completions of a group are listed", 0,
     "all right wrong aha", 1, 1, command_filter},
    {"what-if", NULL, "[reward I VALUE|KEY VALUE|run|reset|off]",
     "try other rewards or settings on a copy of the group", 0,
     "reward loss std eps_low eps_high beta ratio run reset off " LOSS_CHOICES " " STD_CHOICES " start after",
     0, 3, command_what_if},
    {"pace", NULL, "N|slow|step|full", "tokens a second of the followed trace; or holds after a step", 0,
     "full slow step", 1, 1, command_pace},
    {"eval", NULL, "", "evaluate the open run on held-out problems, now", WAITS, NULL, 0, 0, command_eval},
    {"knock-out", NULL, "[LAYER EXPERT]", "pass@1 with and without an expert; by default the chosen one",
     WAITS, NULL, 0, 2, command_knock_out},
    {"compute", NULL, "[PROBLEMS [K]]|FILE.png|off",
     "accuracy over tokens spent: pass@k, maj@k, forced thinking", TAKES_FILE | WAITS, "off", 0, 2,
     command_compute},
    {"new", NULL, "[PRESET] [key=value ...] [name]",
     "start a preset, or what the scenarios screen's form has", TAKES_PRESET | TAKES_SETTING | WAITS, NULL, 0,
     -1, command_new},
    {"open", NULL, "RUN|PRESET", "open a run, by name or id; where none is, start the preset",
     TAKES_RUN | TAKES_PRESET | WAITS, NULL, 1, 1, command_open},
    {"rename", NULL, "[@RUN] NAME", "give the open run, or RUN, another name", TAKES_AT_RUN | WAITS, NULL, 1,
     2, command_rename},
    {"note", NULL, "[@RUN] TEXT", "write a note to the open run, or to RUN", TAKES_AT_RUN | WAITS, NULL, 0,
     -1, command_note},
    {"delete", NULL, "RUN", "delete a run with all it has; asks first", TAKES_RUN, NULL, 1, 1,
     command_delete},
    {"compare", NULL, "[RUN ...]", "runs over each other; alone: the open one and its parent",
     TAKES_RUN | WAITS, NULL, 0, -1, command_compare},
    {"turns", NULL, "RUN ...|off", "these runs and the open one take turns, the one behind first",
     TAKES_RUN | WAITS, "off", 1, 5, command_turns},
    {"race", NULL, "[STEP] key=A,B ...", "a fork of the open run for each value, in turns from STEP on",
     TAKES_SETTING | WAITS, NULL, 1, 7, command_race},
    {"change", NULL, "key=value ...", "change settings in the form of the scenarios screen", TAKES_SETTING,
     NULL, 1, -1, command_change},
    {"jump", NULL, "TEXT", "to the next setting in that form that speaks of TEXT", TAKES_SETTING, NULL, 1, -1,
     command_jump},
    {"settings", NULL, "", "the settings of the open run, with their meaning", 0, NULL, 0, 0,
     command_settings},
    {"recipe", NULL, "[NAME] [key=value ...] [review]",
     "start a recipe, or go on with it; review holds for verdicts", TAKES_SETTING | TAKES_RECIPE | WAITS,
     "review", 0, -1, command_recipe},
    {"texts", NULL, "[RUN]", "what a run learns from, text by text", TAKES_RUN, NULL, 0, 1, command_texts},
    {"judge", NULL, "accept|reject|swap|rule|edit TEXT", "a verdict on the text that is chosen there",
     TAKES_LINE, "accept reject swap rule edit", 1, 1, command_judge},
    {"schedule", NULL, "[KIND] [pp=8 micro=20 f=1 b=2 w=1 fb=3 a2a=on ...]",
     "pipeline schedules on a clock: 1f1b, zb1p, dualpipe", 0,
     "1f1b zb1p dualpipe pp= micro= f= b= w= fb= attention= dispatch= combine= send= a2a=on a2a=off", 0, -1,
     command_schedule},
    {"attention", NULL, "[LAYER HEAD]", "what a head looked at while it wrote the trace's token", 0, NULL, 0,
     2, command_attention},
    {"fp8", NULL, "", "a run's tensors in FP8: error, overflow, underflow, bytes", 0, NULL, 0, 0,
     command_fp8},
    {"oracle", NULL, "", "on `tiny`: true gradient and KL beside training's estimates", 0, NULL, 0, 0,
     command_oracle},
    {"runs", NULL, "", "the screen of runs and forks", 0, NULL, 0, 0, command_screen},
    {"log", NULL, "", "the screen of the log", 0, NULL, 0, 0, command_screen},
    {"dashboard", NULL, "", "the dashboard", 0, NULL, 0, 0, command_screen},
    {"plot", NULL, "[METRIC ...] [RUN ...] FILE.png",
     "write a chart: of metrics, or of the curve with the focus", TAKES_METRIC | TAKES_RUN | TAKES_FILE, NULL,
     1, -1, command_plot},
    {"save-screen", NULL, "FILE.txt|FILE.png", "write this screen as text, or as a picture", TAKES_FILE, NULL,
     1, 1, command_save_screen},
    {"record", NULL, "FILE.cast|off", "record the terminal for asciinema, until it is off", TAKES_FILE, "off",
     1, 1, command_record},
    {"explain", "x", "[METRIC|TERM]", "what a figure means: value, formula, source, how it is read",
     TAKES_METRIC,
     "rewards mean std advantage logp old ratio clip min ref k3 penalty weight token gradient no-clip pull trace batch "
     "entropy-here bonus value return gae critic chosen chosen-ref rejected rejected-ref margin sigma pair",
     0, 1, command_explain},
    {"smooth", NULL, "0..0.99", "smooth the curves, that much of the past", 0, NULL, 1, 1, command_smooth},
    {"theme", NULL, "NAME", "colours", TAKES_THEME, NULL, 1, 1, command_theme},
    {"mouse", NULL, "on|off", "whether the mouse chooses; off leaves it to the terminal", 0, "on off", 1, 1,
     command_mouse},
    {"lesson", NULL, "[NAME|next|back|off|tidy]",
     "a guided lesson, or the list; tidy deletes the lessons' runs", 0,
     "advantage clip-kl aha hacking flat collapse next back off tidy", 0, 1, command_lesson},
    {"map", NULL, "KEY [:COMMAND|KEY]", "what a key does, or give it another meaning until you leave", 0,
     NULL, 1, -1, command_map},
    {"help", "h", "[COMMAND]", "help of the screen, or of a command", TAKES_COMMAND, NULL, 0, 1,
     command_help},
    {"quit", "q", "", "leave; what is committed is kept", 0, NULL, 0, 0, command_quit},
};
enum { ROWS = sizeof rows / sizeof *rows };

const struct command_row *command_row(int i)
{
    return i >= 0 && i < ROWS ? &rows[i] : NULL;
}

const struct command_row *command_by_name(const char *name)
{
    const struct command_row *found = NULL;
    int i, count = 0;

    for (i = 0; i < ROWS; i++) {
        if (!strcmp(rows[i].name, name) || (rows[i].alias && !strcmp(rows[i].alias, name)))
            return &rows[i];
        if (*name && !strncmp(rows[i].name, name, strlen(name))) {
            found = &rows[i];
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

/* Letters to change, add, leave out or swap to make one word of the other. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 20 };
    int d[LONGEST + 1][LONGEST + 1], n = (int)strlen(a), m = (int)strlen(b), i, k, best;

    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (i = 0; i <= n; i++)
        for (k = 0; k <= m; k++) {
            if (!i || !k) {
                d[i][k] = i + k;
                continue;
            }
            best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            best = d[i - 1][k] + 1 < best ? d[i - 1][k] + 1 : best;
            best = d[i][k - 1] + 1 < best ? d[i][k - 1] + 1 : best;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && d[i - 2][k - 2] + 1 < best)
                best = d[i - 2][k - 2] + 1;
            d[i][k] = best;
        }
    return d[n][m];
}

const char *command_nearest(const char *name)
{
    const char *best = NULL;
    int i, least = 4;

    for (i = 0; i < ROWS; i++) {
        int far = distance(name, rows[i].name);
        if (!strncmp(rows[i].name, name, strlen(name)))
            far = 1;
        if (far < least && far < (int)strlen(rows[i].name)) {
            least = far;
            best = rows[i].name;
        }
    }
    return best;
}

/* Splits l->text in place. Errors: ST_USAGE: too many words, a quote that is not closed. */
static enum status split(struct command_line *l, char *s, struct err *e)
{
    char *out;
    int quoted;

    for (;;) {
        while (isspace((unsigned char)*s))
            s++;
        if (!*s)
            return ST_OK;
        if (l->argc == COMMAND_ARGUMENTS)
            return err_set(e, ST_USAGE, l->row->name, "more than %d arguments", COMMAND_ARGUMENTS);
        l->argv[l->argc++] = out = s;
        for (quoted = 0; *s && (quoted || !isspace((unsigned char)*s)); s++) {
            if (*s == '"')
                quoted = !quoted;
            else
                *out++ = *s;
        }
        if (quoted)
            return err_set(e, ST_USAGE, l->row->name, "a \" is not closed");
        s += *s != 0;
        *out = 0;
    }
}

enum status command_parse(const char *text, struct command_line *l, struct err *e)
{
    const char *near;
    char name[32];
    size_t n;

    memset(l, 0, sizeof *l);
    text += strspn(text, " \t:");
    if (strlen(text) >= COMMAND_BYTES)
        return err_set(e, ST_USAGE, "command", "a line has at most %d bytes", COMMAND_BYTES - 1);
    memcpy(l->whole, text, strlen(text) + 1);
    memcpy(l->text, text, strlen(text) + 1);
    n = strcspn(text, " \t");
    l->rest = l->whole + n + strspn(l->whole + n, " \t");
    if (!n)
        return ST_OK;
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), text);
    l->row = command_by_name(name);
    if (!l->row) {
        near = command_nearest(name);
        return near ? err_set(e, ST_USAGE, "command", "there is no command '%s'; did you mean '%s'?", name,
                              near)
                    : err_set(e, ST_USAGE, "command", "there is no command '%s'; :help lists them", name);
    }
    if (l->row->takes & TAKES_LINE) { /* what stands behind the first word is its own affair */
        char *first = l->text + n + strspn(l->text + n, " \t");
        first[strcspn(first, " \t")] = 0;
    }
    if (split(l, l->text + n, e))
        return ST_USAGE;
    if (l->argc < l->row->least || (l->row->most >= 0 && l->argc > l->row->most))
        return err_set(e, ST_USAGE, l->row->name,
                       l->row->arguments[0] ? "it is :%s %s" : "it is :%s, nothing more", l->row->name,
                       l->row->arguments);
    return ST_OK;
}

/* Whether this line acts on the open run; a row that also lists or shows does not where it does that. */
static int acts_on_run(const struct command_line *l)
{
    if (l->row->run == command_break)
        return l->argc && strcmp(l->argv[0], "list");
    return l->row->takes & WAITS && (l->row->run != command_recipe || l->argc);
}

enum status command_run(struct desk *d, const char *text, struct err *e)
{
    struct command_line l;
    enum status st = command_parse(text, &l, e);

    if (st || !l.row)
        return st;
    if (acts_on_run(&l) && desk_waits(d))
        return desk_wait_line(d, text, e);
    return l.row->run(d, &l, e);
}

enum status command_integer(const char *text, const char *what, long long least, long long *out,
                            struct err *e)
{
    char *end;
    long long v;

    errno = 0;
    v = strtoll(text, &end, 10);
    if (end == text || *end || errno || v < least)
        return err_set(e, ST_USAGE, "command", "%s is a whole number from %lld on, not '%s'", what, least,
                       text);
    *out = v;
    return ST_OK;
}

enum status command_fork(const struct command_line *l, int first, struct engine_message *m, struct err *e)
{
    long long step = -1;
    char *end;
    int i;

    m->step = -1;
    m->arguments_n = 0;
    m->text[0] = 0;
    for (i = first; i < l->argc; i++) {
        const char *a = l->argv[i];
        strtoll(a, &end, 10);
        if (strlen(a) >= ENGINE_TEXT)
            return err_set(e, ST_USAGE, l->row->name, "'%.20s...' is too long", a);
        if (strchr(a, '=')) {
            if (m->arguments_n == ENGINE_ARGUMENTS)
                return err_set(e, ST_USAGE, l->row->name, "more than %d settings", ENGINE_ARGUMENTS);
            snprintf(m->argument[m->arguments_n++], ENGINE_TEXT, "%s", a);
        } else if (!*end && m->step < 0) {
            if (command_integer(a, "a step", 0, &step, e))
                return ST_USAGE;
            m->step = step;
        } else if (m->text[0]) {
            return err_set(e, ST_USAGE, l->row->name,
                           "two names, '%s' and '%s'; a setting is written key=value", m->text, a);
        } else {
            snprintf(m->text, ENGINE_TEXT, "%s", a);
        }
    }
    return ST_OK;
}
