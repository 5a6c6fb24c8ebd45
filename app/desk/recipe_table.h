#ifndef GRPOLAB_APP_RECIPE_TABLE_H
#define GRPOLAB_APP_RECIPE_TABLE_H

#include "engine/run/recipe.h"
#include "engine/store/query.h"
#include "views/recipe_state.h"

/* The stages of a recipe as a table: for the command line and for the recipe screen. */

/* recipe_table_plan: the stages' words, in their order; nothing on record. */
void recipe_table_plan(const struct recipe *r, struct recipe_state *s);

/* recipe_table_read: what is on record of a stage's run: its steps, seconds and texts, and the figures of
 * its last evaluation with pass@1 by task. A row that holds that run at the same step already keeps its
 * figures. Errors: those of the store. */
enum status recipe_table_read(struct query *q, int64_t run, struct recipe_row *row, struct err *e);

/* recipe_table_tasks: "countdown 0.590, chat 0.410"; "" where there is but one task. */
void recipe_table_tasks(const struct recipe_row *row, struct str *out);

/* recipe_table_print: all stages that have a run: JSON, or lines with a head and the sum of their seconds. */
void recipe_table_print(const struct recipe_state *s, int json, struct str *out);

#endif
