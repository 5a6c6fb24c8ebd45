#ifndef GRPOLAB_SCENARIOS_GRIDWORLD_H
#define GRPOLAB_SCENARIOS_GRIDWORLD_H

#include <stdint.h>

#include "scenarios/form.h"
#include "scenarios/gridworld_mdp.h"

/* Gridworld: a path from a cell to the goal, around walls and the pit. This header is shared by the
 * gridworld*.c files, and by the command that prints values and policies.
 *
 * A struct problem of this task has n = 6 values: the start, the goal, the pit and three walls, each a cell
 * of gridworld_mdp.h, a wall -1 where there is none; walls ascend, those that are none stand last. A
 * *layout* is a problem but for its start. In a sound layout the goal can be reached from every free cell. */

enum {
    GRIDWORLD_START,
    GRIDWORLD_GOAL,
    GRIDWORLD_PIT,
    GRIDWORLD_WALL,
    GRIDWORLD_WALLS = 3,
    GRIDWORLD_VALUES = 6
};

/* The [gridworld] section; the table in gridworld.c says what each field means. */
struct gridworld_config {
    int walls, held_out_every, held_out_cap, moves_max;
    double step_cost, gamma, slip, expert, hazard_a, hazard_a_share, hazard_b, malformed, walk_share,
        base_expert, base_stop, base_malformed;
};

struct gridworld {
    struct form_held held;   /* first: form_held_n */
    struct gridworld_config set;
};

/* gridworld_cell_name: "a1" .. "d4"; gridworld_move_name: "up", "right", "down", "left". Static. */
const char *gridworld_cell_name(int cell);
const char *gridworld_move_name(int move);

/* gridworld_layout_word: value i of a problem as its prompt has it, "wall-b2"; the start is a cell alone.
 * Not for a wall that is none. Static. */
const char *gridworld_layout_word(const struct problem *p, int i);

/* gridworld_grid: the process of a problem's layout. Pure. */
struct gridworld_grid gridworld_grid(const struct gridworld_config *set, const struct problem *p);
/* gridworld_is_sound: the cells differ, and the goal can be reached from every free cell. Pure. */
int gridworld_is_sound(const struct problem *p);
/* gridworld_is_held_out: by a hash of the layout, whatever the start. Pure. */
int gridworld_is_held_out(const struct gridworld *t, const struct problem *p);
/* gridworld_primer: the primer's layout: goal d4, pit d3, wall b2, from a1. */
struct problem gridworld_primer(void);

/* gridworld_draw: a random training problem. */
void gridworld_draw(const void *self, struct rng *r, struct problem *out);

/* gridworld_first_move: of a completion's answer, -1 where its form is broken or it has none.
 * Hostile text. */
int gridworld_first_move(const char *completion, size_t n);

/* The functions of the scenario's row that stand in files of their own. */
void gridworld_prompt(const void *self, const struct problem *p, struct str *out);
void gridworld_demonstrate(const void *self, struct rng *r, struct document *out);
void gridworld_base(const void *self, struct rng *r, struct document *out);
void gridworld_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out);
void gridworld_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out);

extern const struct scenario scenario_gridworld;

#endif
