#ifndef GRPOLAB_RUN_RECIPE_H
#define GRPOLAB_RUN_RECIPE_H

#include "engine/run/collect.h"
#include "engine/run/settings.h"

/* A recipe: stages that follow one another, each a run of its own, as R1's pipeline is (R1 v1 section 2). A
 * stage starts from nothing or from the end of an earlier one, with the settings of a preset and changes to
 * them, and may learn from texts collected from earlier ones. Read from INI text:
 *
 *   [recipe]
 *   name = distill
 *   summary = one line
 *   [stage sft]
 *   summary = what it does
 *   run = cold                          base, cold, reward, dpo or grpo
 *   preset = countdown
 *   from = base                         an earlier stage of the same shapes; left out: fresh weights
 *   set = cold.lr=1e-3 model.layers=2   changes to the preset; may stand several times
 *   collect = traces rl problems=400 samples=8 keep=2 readable=0.9 accuracy=1 rewrite=1 temperature=1
 *                                       texts of stage rl that this one learns from; several times
 *   teacher = rl                        cold, with cold.distill > 0: the loss also learns from that stage's
 *                                       distributions; of any shapes, and the same vocabulary */
enum { RECIPE_STAGES = 16, RECIPE_SETS = 48, RECIPE_COLLECTS = 4, RECIPE_NAME = 24, RECIPE_SET_BYTES = 64 };

struct recipe_collect {
    char source[RECIPE_NAME];          /* the stage whose model writes */
    struct collect_settings s;
};

struct recipe_stage {
    char name[RECIPE_NAME], summary[128], preset[NAME_BYTES], from[RECIPE_NAME], reward[RECIPE_NAME],
        teacher[RECIPE_NAME];
    enum stage stage;
    double epochs;                     /* readings of the collected texts; 0: the settings' steps */
    int sets_n, collects_n;
    char set[RECIPE_SETS][RECIPE_SET_BYTES];   /* key=value */
    struct recipe_collect collect[RECIPE_COLLECTS];
};

struct recipe {
    char name[RECIPE_NAME], summary[160];
    int stages_n;
    struct recipe_stage stage[RECIPE_STAGES];
};

/* recipe_parse: Errors: ST_USAGE names source, line, key and what is allowed. */
enum status recipe_parse(struct recipe *r, const char *source, const char *text, struct err *e);
/* recipe_find: place of a stage, -1. */
int recipe_find(const struct recipe *r, const char *stage);
/* recipe_only: leaves a preset's settings the one stage that is this run's. */
void recipe_only(struct settings *s, enum stage stage);
/* recipe_key: what the end of stage i depends on: its settings' own key, where it starts from and what it
 * collects, by the keys of those. key [RECIPE_STAGES][KEY_HEX] holds those of the earlier stages; own:
 * session's key of the stage alone. */
void recipe_key(const struct recipe *r, int i, const char *own, char (*key)[KEY_HEX]);

#endif
