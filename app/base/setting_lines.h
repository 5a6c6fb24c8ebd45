#ifndef GRPOLAB_APP_SETTING_LINES_H
#define GRPOLAB_APP_SETTING_LINES_H

#include <stddef.h>

#include "engine/base/setting.h"
#include "engine/base/str.h"

/* Settings as a run keeps them, lines "section.key = value": read and compared as text, so that runs of other
 * scenarios and versions can be compared, too. All pure. */
enum { SETTING_KEY = 96, SETTING_VALUE = SETTING_TEXT };

/* setting_line: the first line of text into key and value, shortened where they do not fit; returns what
 * stands after it, NULL when there was no line. A line of another form gives an empty key. */
const char *setting_line(const char *text, char key[SETTING_KEY], char value[SETTING_VALUE]);

/* setting_find: the value of a key; 0 when no line has it. */
int setting_find(const char *text, const char *key, char value[SETTING_VALUE]);

/* setting_short: a key without its section where that is `own` ("rl"); borrowed from key. */
const char *setting_short(const char *key, const char *own);

/* setting_changes: appends what `child` has otherwise than `parent`, as "beta 0.5, eps_low 0.1"; keys of the
 * section `own` are written short. Returns how many there are. */
int setting_changes(const char *parent, const char *child, const char *own, struct str *out);

#endif
