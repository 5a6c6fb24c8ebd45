/* The figures of a recipe's stages, and what a stage changed. */
#include "views/recipe_state.h"

#include <math.h>
#include <string.h>

static const struct recipe_figure figures[RECIPE_FIGURES] = {
    {M_PASS_1, "pass@1", "pass@1", 1},
    {M_MAJ_K, "maj@k", "maj@k", 1},
    {M_EVAL_LENGTH, "mean_length", "length", 0},
    {M_EVAL_WAITS, "waits", "waits", 0},
    {M_EVAL_FORMAT, "format", "format", 1},
    {M_EVAL_LANGUAGE, "language", "language", 1},
    {M_EVAL_READABLE, "readability", "readable", 1},
};

const struct recipe_figure *recipe_figure(int i)
{
    return &figures[i];
}

void recipe_row_init(struct recipe_row *r)
{
    int i;

    memset(r, 0, sizeof *r);
    r->from_row = -1;
    r->evaluated = -1;
    for (i = 0; i < RECIPE_FIGURES; i++)
        r->figure[i] = NAN;
}

static const struct recipe_row *before(const struct recipe_state *s, int k)
{
    int from = s->row[k].from_row;

    return from >= 0 && from < s->n ? &s->row[from] : NULL;
}

double recipe_change(const struct recipe_state *s, int k, int i)
{
    const struct recipe_row *b = before(s, k);

    return b ? s->row[k].figure[i] - b->figure[i] : NAN;
}

double recipe_task_change(const struct recipe_state *s, int k, int t)
{
    const struct recipe_row *b = before(s, k);
    int i;

    for (i = 0; b && i < b->tasks_n; i++)
        if (!strcmp(b->task[i], s->row[k].task[t]))
            return s->row[k].right[t] - b->right[i];
    return NAN;
}
