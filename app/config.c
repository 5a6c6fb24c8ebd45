/* The config file. Its rows are a table; key names are those of help. The workbench reads it once, before it
 * takes the terminal, and refuses to start on a line that it does not understand: a setting that is silently
 * left out would be looked for in the wrong place. */
#include "app/config.h"

#include <errno.h>
#include <ini.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/args.h"
#include "app/command/command.h"
#include "app/theme.h"

static const struct row {
    const char *key, *takes, *what;
} rows[] = {
    {"theme", "NAME", "colours, as `:theme` names them"},
    {"mouse", "on|off", "whether the mouse chooses"},
    {"smoothing", "0..0.99", "of curves, that much of the past"},
    {"slow", "N", "tokens a second of slow motion"},
    {"chars", "ascii|block|braille", "what curves are drawn with; GRPOLAB_CHARS goes before it"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct {
    const char *name;
    enum input input;
    uint32_t code;
} names[] = {
    {"space", INPUT_CHAR, ' '},          {"enter", INPUT_CHAR, '\r'},   {"esc", INPUT_CHAR, 27},
    {"tab", INPUT_CHAR, '\t'},           {"shift-tab", INPUT_BACK_TAB, 0}, {"up", INPUT_UP, 0},
    {"down", INPUT_DOWN, 0},             {"left", INPUT_LEFT, 0},       {"right", INPUT_RIGHT, 0},
    {"page-up", INPUT_PAGE_UP, 0},       {"page-down", INPUT_PAGE_DOWN, 0}, {"home", INPUT_HOME, 0},
    {"end", INPUT_END, 0},               {"backspace", INPUT_BACKSPACE, 0}, {"delete", INPUT_DELETE, 0},
    {"insert", INPUT_INSERT, 0},         {"hash", INPUT_CHAR, '#'},     {"semicolon", INPUT_CHAR, ';'},
    {"equals", INPUT_CHAR, '='},         {"colon", INPUT_CHAR, ':'},
};

static const char *key_name(int i)
{
    return i < (int)(sizeof names / sizeof *names) ? names[i].name : NULL;
}

enum status key_parse(const char *name, struct key_event *k, struct err *e)
{
    char hint[64], *end;
    uint32_t code;
    size_t i, n = strlen(name);
    int used;
    long f;

    memset(k, 0, sizeof *k);
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i].name)) {
            k->key = names[i].input;
            k->code = names[i].code;
            return ST_OK;
        }
    if ((name[0] == 'f' || name[0] == 'F') && n > 1) {
        f = strtol(name + 1, &end, 10);
        if (!*end && f >= 1 && f <= 12) {
            k->key = (enum input)(INPUT_F1 + f - 1);
            return ST_OK;
        }
    }
    if (!strncasecmp(name, "ctrl-", 5) && n == 6 && ((name[5] | 32) >= 'a' && (name[5] | 32) <= 'z')) {
        k->code = (uint32_t)(name[5] & 31);
        return ST_OK;
    }
    code = n ? utf8_next(name, n, &used) : 0;
    if (n && (size_t)used == n && code > ' ' && code != 127) {
        k->code = code;
        return ST_OK;
    }
    near_hint(name, key_name, hint, sizeof hint);
    return err_set(e, ST_USAGE, "keys", "there is no key '%.40s'%s", name,
                   hint[0] ? hint : "; keys are x, space, enter, f5, ctrl-g, page-up, ...");
}

void config_init(struct config *c)
{
    memset(c, 0, sizeof *c);
    c->mouse = -1;
    c->smoothing = c->slow = NAN;
}

static int is_same(const struct key_event *a, const struct key_event *b)
{
    return a->key == b->key && (a->key != INPUT_CHAR || a->code == b->code);
}

const struct binding *config_binding(const struct config *c, const struct key_event *k)
{
    int i;

    for (i = 0; i < c->bindings_n; i++)
        if (is_same(&c->binding[i].on, k))
            return &c->binding[i];
    return NULL;
}

enum status config_bind(struct config *c, const char *key, const char *what, struct err *e)
{
    struct binding b = {0};
    struct command_line l = {0};
    int i;
    enum status st = key_parse(key, &b.on, e);

    b.is_command = what[0] == ':';
    if (!st && strlen(what) >= sizeof b.command)
        st = err_set(e, ST_USAGE, "keys", "a command of at most %zu bytes", sizeof b.command - 1);
    if (!st && b.is_command)
        st = command_parse(what, &l, e);
    if (!st && b.is_command && !l.row)
        st = err_set(e, ST_USAGE, "keys", "after ':' comes a command");
    if (!st && !b.is_command)
        st = key_parse(what, &b.as, e);
    if (st)
        return st;
    snprintf(b.command, sizeof b.command, "%s", what);
    for (i = 0; i < c->bindings_n && !is_same(&c->binding[i].on, &b.on); i++)
        ;
    if (i == BINDINGS)
        return err_set(e, ST_USAGE, "keys", "at most %d keys can be given another meaning", BINDINGS);
    c->binding[i] = b;
    c->bindings_n += i == c->bindings_n;
    return ST_OK;
}

static const char *row_name(int i)
{
    return i < ROWS ? rows[i].key : NULL;
}

static enum status put_number(const char *key, const char *value, double low, double high, double *out,
                              struct err *e)
{
    char *end;
    double v = strtod(value, &end);

    if (end == value || *end || !(v >= low) || v > high)
        return err_set(e, ST_USAGE, "config", "%s is a number from %g to %g, not '%.40s'", key, low, high,
                       value);
    *out = v;
    return ST_OK;
}

static enum status put(struct config *c, const char *key, const char *value, struct err *e)
{
    struct str themes = {0};
    char hint[64];
    int i;

    if (!strcmp(key, "smoothing"))
        return put_number(key, value, 0, 0.99, &c->smoothing, e);
    if (!strcmp(key, "slow"))
        return put_number(key, value, 0.01, 1e6, &c->slow, e);
    if (!strcmp(key, "mouse")) {
        c->mouse = !strcmp(value, "on");
        return c->mouse || !strcmp(value, "off")
                   ? ST_OK
                   : err_set(e, ST_USAGE, "config", "mouse is on or off, not '%.40s'", value);
    }
    if (!strcmp(key, "chars")) {
        snprintf(c->chars, sizeof c->chars, "%s", value);
        return !strcmp(value, "ascii") || !strcmp(value, "block") || !strcmp(value, "braille")
                   ? ST_OK
                   : err_set(e, ST_USAGE, "config", "chars is ascii, block or braille, not '%.40s'", value);
    }
    if (!strcmp(key, "theme")) {
        snprintf(c->theme, sizeof c->theme, "%s", value);
        if (theme_find(value))
            return ST_OK;
        for (i = 0; theme_at(i); i++)
            str_word(&themes, theme_at(i)->name);
        err_set(e, ST_USAGE, "config", "there is no theme '%.40s', but: %s", value, str_c(&themes));
        str_free(&themes);
        return ST_USAGE;
    }
    near_hint(key, row_name, hint, sizeof hint);
    return err_set(e, ST_USAGE, "config",
                   "[workbench] has theme, mouse, smoothing, slow and chars, not '%.40s'%s", key, hint);
}

struct reader {
    struct config *c;
    struct err *e;
    enum status st;
};

static int on_line(void *user, const char *section, const char *key, const char *value)
{
    struct reader *r = user;

    if (r->st)
        return 0;
    if (!strcmp(section, "keys"))
        r->st = config_bind(r->c, key, value, r->e);
    else if (!strcmp(section, "workbench"))
        r->st = put(r->c, key, value, r->e);
    else
        r->st = err_set(r->e, ST_USAGE, "config", "there is no section [%.40s], but [workbench] and [keys]",
                        section);
    return r->st == ST_OK;
}

enum status config_parse(struct config *c, const char *source, const char *text, struct err *e)
{
    struct err inner = {0};
    struct reader r = {c, &inner, ST_OK};
    int line;

    config_init(c);
    line = ini_parse_string(text, on_line, &r);
    if (r.st)
        return err_set(e, ST_USAGE, "config", "%s:%d: %s", source, line, inner.msg);
    if (line)
        return err_set(e, ST_USAGE, "config", "%s:%d: not a line of the form key = value", source, line);
    return ST_OK;
}

int config_path(char *out, size_t bytes)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct passwd *user;

    if (folder && folder[0] == '/')
        return snprintf(out, bytes, "%s/grpolab/config.ini", folder) < (int)bytes;
    user = home && home[0] ? NULL : getpwuid(getuid());
    if (user)
        home = user->pw_dir;
    return home && home[0] && snprintf(out, bytes, "%s/.config/grpolab/config.ini", home) < (int)bytes;
}

enum status config_load(struct config *c, struct err *e)
{
    enum { MOST = 1 << 16 };
    char path[4096], part[4096];
    struct str text = {0};
    enum status st;
    size_t n;
    FILE *f;

    config_init(c);
    if (!config_path(path, sizeof path))
        return ST_OK;
    f = fopen(path, "r");
    if (!f)
        return errno == ENOENT || errno == ENOTDIR
                   ? ST_OK
                   : err_set(e, ST_IO, "config", "cannot read %.180s: %s", path, strerror(errno));
    while (text.n < MOST && (n = fread(part, 1, sizeof part, f)) > 0)
        str_add_n(&text, part, n);
    fclose(f);
    st = config_parse(c, path, str_c(&text), e);
    str_free(&text);
    return st;
}

void config_manual(struct str *out)
{
    int i;

    str_add(out,
            "grpolab/config.ini in XDG_CONFIG_HOME (default ~/.config) has two sections.\n[workbench]\n");
    for (i = 0; i < ROWS; i++)
        str_printf(out, "  %s = %s: %s\n", rows[i].key, rows[i].takes, rows[i].what);
    str_add(
        out,
        "[keys]\n  KEY = :COMMAND, or KEY = KEY: it carries out a command, or does what another key does.\n"
        "  Keys are written as help writes them, with - for a blank: x, space, enter, esc, f5, ctrl-g,\n"
        "  page-up; hash, semicolon, equals and colon are the signs that the file keeps for itself.\n");
}
