#ifndef GRPOLAB_SCENARIOS_REGISTRY_H
#define GRPOLAB_SCENARIOS_REGISTRY_H

#include "engine/rl/scenario.h"

/* The tasks, one row each; a new task is one C file and one line in registry.c. */
int scenario_n(void);
const struct scenario *scenario_at(int i);
const struct scenario *scenario_find(const char *name);  /* NULL if there is none */

/* The presets, INI text built into the program. */
struct preset {
    const char *name, *text;
    size_t bytes;
};
int preset_n(void);
const struct preset *preset_at(int i);
const struct preset *preset_find(const char *name);

/* The recipes, likewise. */
int recipe_n(void);
const struct preset *recipe_at(int i);

#endif
