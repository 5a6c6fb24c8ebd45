#ifndef GRPOLAB_RUN_SETTINGS_TABLE_H
#define GRPOLAB_RUN_SETTINGS_TABLE_H

#include "engine/run/settings.h"

/* The fixed sections of the settings, their offsets within struct settings. The scenario's own section
 * follows them, with offsets within settings.task. */
struct settings_section {
    const char *name;
    const struct setting *row;
    int n;
};

int settings_sections(void);
const struct settings_section *settings_section(int i);

#endif
