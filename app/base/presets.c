/* Presets: built in, or an INI file of the user's. */
#include "app/base/presets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/registry.h"

enum { FILE_MOST = 1 << 20 };

enum status presets_read(const char *path, struct str *out, struct err *e)
{
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "r");
    if (!f)
        return err_set(e, ST_USAGE, "preset", "cannot read %s: %s", path, strerror(errno));
    while (out->n < FILE_MOST && (n = fread(part, 1, sizeof part, f)) > 0)
        str_add_n(out, part, n);
    n = (size_t)ferror(f);
    fclose(f);
    return n ? err_set(e, ST_USAGE, "preset", "cannot read %s", path) : ST_OK;
}

/* What a preset's file calls by a relative path lies beside that file. */
static enum status paths_beside(const char *file, struct settings *s, struct err *e)
{
    char folder[PATH_MAX];
    char *slash;
    if (!realpath(file, folder))
        return err_set(e, ST_USAGE, "preset", "cannot read %s: %s", file, strerror(errno));
    slash = strrchr(folder, '/');
    *slash = 0;
    return settings_paths(s, folder, e);
}

static enum status unknown(const char *name, struct err *e)
{
    struct str names = {0};
    for (int i = 0; i < preset_n(); i++)
        str_printf(&names, "%s%s", i ? ", " : "", preset_at(i)->name);
    err_set(e, ST_USAGE, "preset", "there is no preset %s; there are %s", name, str_c(&names));
    str_free(&names);
    return ST_USAGE;
}

enum status presets_load(const char *name, const char *const *assignment, int n, struct settings *out,
                         uint64_t *seed, struct err *e)
{
    const struct preset *p = preset_find(name);
    struct str text = {0};
    enum status st = ST_OK;
    if (p)
        str_add_n(&text, p->text, p->bytes);
    else if (strchr(name, '/') || strstr(name, ".ini"))
        st = presets_read(name, &text, e);
    else
        st = unknown(name, e);
    if (!st)
        st = settings_parse(out, name, str_c(&text), scenario_find, e);
    if (!st && !out->preset[0])
        snprintf(out->preset, sizeof out->preset, "%s", name);
    str_free(&text);
    if (!st && !p)
        st = paths_beside(name, out, e);
    if (!st)
        st = settings_assign(out, STAGE_GRPO, assignment, n, seed, e);
    return st || !out->scenario->prepare ? st : out->scenario->prepare(out->task, e);
}
