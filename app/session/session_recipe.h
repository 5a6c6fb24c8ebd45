#ifndef GRPOLAB_APP_SESSION_RECIPE_H
#define GRPOLAB_APP_SESSION_RECIPE_H

#include "app/session/session.h"
#include "engine/run/recipe.h"

/* A recipe under way in a session: its stages become runs one after the other, as a preset's do. A stage
 * that is on record as done under the same key (settings, seed, engine, machine, and the keys of what it
 * rests on) is reused, one that is half done goes on. */
struct course {
    struct recipe recipe;
    int at;                              /* the open run's stage; stages_n: all are done */
    int64_t run[RECIPE_STAGES];          /* on record, 0: not yet */
    char key[RECIPE_STAGES][KEY_HEX];
    uint64_t seed;
    int reviews;                         /* collected texts wait for a hand's verdicts before they are learned from */
    struct settings set[RECIPE_STAGES];
};

/* recipe_load: a recipe that is built in, or an INI file by path. Errors: ST_USAGE names what there is. */
enum status recipe_load(struct recipe *r, const char *name_or_path, struct err *e);

/* course_plan: settings and keys of every stage (n "key=value" go to each stage where they can), and which
 * are on record. seed: where none of them is "seed=N".
 * Errors: ST_USAGE names stage and key. */
enum status course_plan(struct course *c, struct query *q, const char *const *assignment, int n,
                        uint64_t seed, struct err *e);

/* session_recipe: opens the first stage that is not done; all done: the last one. The session takes c
 * (allocated by malloc) in any case. */
enum status session_recipe(struct session *s, struct course *c, struct err *e);

/* course_start: recipe_load, course_plan and session_recipe. Without assignments the recipe of that name
 * which is under way goes on with the settings that it has. Errors: theirs; the open run is left alone
 * where nothing could be planned. */
enum status course_start(struct session *s, const char *name, const char *const *assignment, int n,
                         uint64_t seed, int reviews, struct err *e);
/* course_holds: the open stage waits for a hand's verdicts before its first step. */
int course_holds(const struct session *s);

/* course_open: whether the open run is the stage of the recipe that is under way; course_next: whether a
 * stage follows it; course_advance: makes and opens that stage's run, after collecting what it learns
 * from. */
int course_open(const struct session *s);
int course_next(const struct session *s);
enum status course_advance(struct session *s, struct err *e);
/* course_stages: the recipe as a snapshot shows a chain. */
void course_stages(const struct session *s, struct snapshot *x);

#endif
