/* Settings as lines of text. */
#include "app/base/setting_lines.h"

#include <stdio.h>
#include <string.h>

const char *setting_line(const char *text, char key[SETTING_KEY], char value[SETTING_VALUE])
{
    size_t n = strcspn(text, "\n");
    const char *equals = memmem(text, n, " = ", 3);

    if (!*text)
        return NULL;
    key[0] = value[0] = 0;
    if (equals) {
        snprintf(key, SETTING_KEY, "%.*s", (int)(equals - text), text);
        snprintf(value, SETTING_VALUE, "%.*s", (int)(text + n - equals - 3), equals + 3);
    }
    return text + n + (text[n] == '\n');
}

int setting_find(const char *text, const char *key, char value[SETTING_VALUE])
{
    char name[SETTING_KEY];

    while ((text = setting_line(text, name, value)))
        if (*name && !strcmp(name, key))
            return 1;
    value[0] = 0;
    return 0;
}

const char *setting_short(const char *key, const char *own)
{
    size_t n = strlen(own);

    return !strncmp(key, own, n) && key[n] == '.' ? key + n + 1 : key;
}

int setting_changes(const char *parent, const char *child, const char *own, struct str *out)
{
    char key[SETTING_KEY], value[SETTING_VALUE], was[SETTING_VALUE];
    int n = 0;

    while ((child = setting_line(child, key, value))) {
        if (!*key || (setting_find(parent, key, was) && !strcmp(was, value)))
            continue;
        str_printf(out, "%s%s %s", n++ ? ", " : "", setting_short(key, own), value);
    }
    return n;
}
