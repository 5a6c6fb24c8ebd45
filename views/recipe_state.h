#ifndef GRPOLAB_VIEWS_RECIPE_STATE_H
#define GRPOLAB_VIEWS_RECIPE_STATE_H

#include <stdint.h>

#include "engine/run/record.h"
#include "views/list.h"

/* What the recipe screen shows: the stages of a recipe, what is on record of each, and where it stands. The
 * application fills it; the panes, and the table that the command line prints, are made from it alone. */

enum { RECIPE_ROWS = 16, RECIPE_FIGURES = 7, RECIPE_WORD = 24, RECIPE_CHOICES = 16, RECIPE_TASKS = 8,
       RECIPE_TASK_NAME = 16 };

/* A figure by which stages are compared; its metric is held out, at temperature 1. */
struct recipe_figure {
    enum metric metric;
    const char *key, *head;              /* as JSON and as a table's head name it */
    int better;                          /* 1: more is better; 0: it is only looked at */
};
/* recipe_figure: 0 <= i < RECIPE_FIGURES; pass@1 is the first. */
const struct recipe_figure *recipe_figure(int i);

enum recipe_mark { RECIPE_TO_COME, RECIPE_BEGUN, RECIPE_NOW, RECIPE_DONE };

struct recipe_row {
    char stage[RECIPE_WORD], from[RECIPE_WORD], kind[STAGE_BYTES], summary[128];
    int from_row;                        /* the stage it starts from, -1: fresh weights */
    int collects;                        /* it learns from collected texts */
    enum recipe_mark state;
    int64_t run;                         /* 0: none yet; what follows is of that run */
    char name[NAME_BYTES];
    int64_t step, steps;                 /* steps: planned; 0: not known yet */
    double seconds;
    int texts_n, texts_kept;
    int64_t evaluated;                   /* the step that the figures are of, -1: none was evaluated */
    double figure[RECIPE_FIGURES];       /* NaN: not measured */
    int tasks_n;                         /* of a mixture of tasks: pass@1 by task */
    char task[RECIPE_TASKS][RECIPE_TASK_NAME];
    double right[RECIPE_TASKS];
};

struct recipe_choice {
    char name[RECIPE_WORD], summary[160];
};

struct recipe_state {
    char name[RECIPE_WORD], summary[160];
    int n;                               /* 0: no recipe is under way, and `choice` is shown */
    struct recipe_row row[RECIPE_ROWS];
    int at;                              /* the stage that is open, -1: none is */
    int holds;                           /* it waits for a hand's verdicts */
    int is_found;                        /* made out from the open run and from what is on record */
    int choices_n;
    struct recipe_choice choice[RECIPE_CHOICES];
    struct list list;
};

/* recipe_row_init: nothing is on record. */
void recipe_row_init(struct recipe_row *r);
/* recipe_change: figure i of row k less that of the stage that it starts from; NaN where either is not
 * known. */
double recipe_change(const struct recipe_state *s, int k, int i);
/* recipe_task_change: the same of pass@1 on task t of row k. */
double recipe_task_change(const struct recipe_state *s, int k, int t);

#endif
