#ifndef GRPOLAB_APP_PRESETS_H
#define GRPOLAB_APP_PRESETS_H

#include "engine/run/settings.h"

/* presets_load: settings of a preset by name, or of an INI file by path, with n "key=value" texts applied
 * (seed=N sets *seed). A scenario's name gives the preset of that name. Errors: ST_USAGE (names what there is
 * that looks like it). */
enum status presets_load(const char *name_or_path, const char *const *assignment, int n, struct settings *out,
                         uint64_t *seed, struct err *e);

/* presets_read: the text of a file, a megabyte at most, behind *out. Errors: ST_USAGE. */
enum status presets_read(const char *path, struct str *out, struct err *e);

#endif
