/* Settings as a text: INI files, which inih reads, and the lines that a run is stored with. */
#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "engine/run/settings.h"

struct reader {
    struct settings *s;
    const char *source;
    const struct scenario *(*find)(const char *);
    struct err *e;
    enum status st;
};

static enum status set_preset(struct reader *r, const char *key, const char *value)
{
    if (strcmp(key, "scenario") == 0) {
        const struct scenario *found = r->find(value);
        struct settings old = *r->s;
        if (!found)
            return err_set(r->e, ST_USAGE, "settings", "there is no scenario %s", value);
        settings_init(r->s, found);
        memcpy(r->s->preset, old.preset, sizeof old.preset);
        memcpy(r->s->summary, old.summary, sizeof old.summary);
    } else if (strcmp(key, "name") == 0) {
        snprintf(r->s->preset, sizeof r->s->preset, "%s", value);
    } else if (strcmp(key, "summary") == 0) {
        snprintf(r->s->summary, sizeof r->s->summary, "%s", value);
    } else {
        return err_set(r->e, ST_USAGE, "settings", "[preset] has name, summary and scenario, not %s", key);
    }
    return ST_OK;
}

static int on_line(void *user, const char *section, const char *key, const char *value)
{
    struct reader *r = user;
    char whole[160];
    if (r->st)
        return 0;
    snprintf(whole, sizeof whole, "%s.%s", section, key);
    if (strcmp(section, "preset") == 0)
        r->st = set_preset(r, key, value);
    else if (!r->s->scenario)
        r->st = err_set(r->e, ST_USAGE, "settings", "[preset] with its scenario must come first");
    else
        r->st = settings_set(r->s, STAGE_GRPO, whole, value, NULL, r->e);
    return r->st == ST_OK;
}

enum status settings_parse(struct settings *s, const char *source, const char *text,
                           const struct scenario *(*find)(const char *name), struct err *e)
{
    struct err inner = {0};
    struct reader r = {s, source, find, &inner, ST_OK};
    int line;
    memset(s, 0, sizeof *s);
    line = ini_parse_string(text, on_line, &r);
    if (r.st)
        return err_set(e, r.st, "settings", "%s:%d: %s", source, line, inner.msg);
    if (line)
        return err_set(e, ST_USAGE, "settings", "%s:%d: not a line of the form key = value", source, line);
    if (!s->scenario)
        return err_set(e, ST_USAGE, "settings", "%s: [preset] names no scenario", source);
    return settings_check(s, e);
}

void settings_print(const struct settings *s, struct str *out)
{
    char value[SETTING_TEXT];
    for (int i = 0; i < settings_rows(s); i++) {
        const char *section;
        const struct setting *row = settings_row(s, i, &section);
        settings_value(s, i, value, sizeof value);
        str_printf(out, "%s.%s = %s\n", section, row->key, value);
    }
}

enum status settings_restore(struct settings *s, const char *text,
                             const struct scenario *(*find)(const char *name), struct err *e)
{
    /* The scenario's name is the one section that is not ours. */
    char name[64] = "", line[128 + SETTING_TEXT];
    enum status st = ST_OK;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n"), dot = strcspn(p, ".");
        if (dot < n && dot < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)dot, p);
        }
        p += n + (p[n] == '\n');
    }
    if (!find(name))
        return err_set(e, ST_USAGE, "settings", "the run's scenario %s is not known to this program", name);
    settings_init(s, find(name));
    while (*text && !st) {
        size_t n = strcspn(text, "\n");
        char *eq;
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
        eq = strstr(line, " = ");
        if (!eq)
            continue;
        *eq = 0;
        st = settings_set(s, STAGE_GRPO, line, eq + 3, NULL, e);
    }
    return st;
}
