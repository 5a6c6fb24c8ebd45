/* The task of walking a grid: its settings and vocabulary, its layouts and which of them are held out, and
 * its row for the registry.
 *
 * A layout is held out with all its starts, so that an unseen problem is an unseen map. One start of each is
 * asked in evaluation.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/gridworld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/hash.h"

enum { TRIAL_DRAWS = 20000, HELD_CAP = 400, NO_CELL = 31 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct gridworld_config, field), initial, low, high, NULL, flags, meaning}
#define REAL(field, initial, low, high, flags, meaning) \
    {#field, SET_REAL, offsetof(struct gridworld_config, field), initial, low, high, NULL, flags, meaning}
#define SHARE(field, initial, meaning) REAL(field, initial, 0, 1, SET_START, meaning)

static const struct setting settings[] = {
    INT(walls, 2, 0, GRIDWORLD_WALLS, SET_START, "walls of a layout"),
    INT(held_out_every, 20, 2, 1000, SET_START, "1 layout in this many is held out, by a hash of it"),
    INT(held_out_cap, 0, 0, 10000, 0, "held-out problems at most; 0: 400"),
    REAL(step_cost, 0.04, 0, 0.5, 0, "price of a move; the goal is worth 1, the pit -1"),
    REAL(gamma, 0.95, 0.5, 0.999, 0, "discount of a return, each move"),
    REAL(slip, 0, 0, 0.9, 0,
         "chance to slip sideways in the values that `grpolab gridworld` prints; paths never do"),
    INT(moves_max, 12, 2, 24, SET_START, "most moves of a path that is written"),
    SHARE(expert, 0.75, "demonstrations: chance that a move is a best one; else it is any"),
    SHARE(hazard_a, 0.35, "demonstrations: chance to give up after a move, in some traces"),
    SHARE(hazard_a_share, 0.5, "demonstrations: share of the traces that have hazard_a"),
    SHARE(hazard_b, 0.03, "demonstrations: chance to give up after a move, in the other traces"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(walk_share, 0.4, "base text: share of walks without goal; the rest are think/answer documents"),
    SHARE(base_expert, 0.5, "base text: chance that a move of a document is a best one; else it is any"),
    SHARE(base_stop, 0.1, "base text: chance to give up after a move"),
    SHARE(base_malformed, 0.24, "base text: share of think/answer documents with spoilt tags"),
};

/* The cells thrice more, with what stands in them: that a layout says it in one word lets a small model find
 * at once what a cell holds. */
#define CELLS(with) \
    with "a1", with "b1", with "c1", with "d1", with "a2", with "b2", with "c2", with "d2", with "a3", \
        with "b3", with "c3", with "d3", with "a4", with "b4", with "c4", with "d4"

static const char *const token[] = {
    "<pad>", "User", ":",    "Assistant", "<think>", "</think>", "<answer>", "</answer>", "from", "goal",
    "pit",   "wall", "edge", "no",        "wait",    "yes",      "up",       "right",     "down", "left",
    CELLS(""), CELLS("goal-"), CELLS("pit-"), CELLS("wall-"),
};
enum { FIRST_MOVE = 16, FIRST_CELL = 20 };

static const struct form_key key[GRIDWORLD_VALUES] = {
    {"start", 0, GRIDWORLD_CELLS - 1},   {"goal", 0, GRIDWORLD_CELLS - 1},
    {"pit", 0, GRIDWORLD_CELLS - 1},     {"wall_1", -1, GRIDWORLD_CELLS - 1},
    {"wall_2", -1, GRIDWORLD_CELLS - 1}, {"wall_3", -1, GRIDWORLD_CELLS - 1},
};

const char *gridworld_cell_name(int cell)
{
    return token[FIRST_CELL + cell];
}

const char *gridworld_move_name(int move)
{
    return token[FIRST_MOVE + move];
}

const char *gridworld_layout_word(const struct problem *p, int i)
{
    int kind = i < GRIDWORLD_WALL ? i : GRIDWORLD_WALL;
    return token[FIRST_CELL + kind * GRIDWORLD_CELLS + p->value[i]];
}

struct gridworld_grid gridworld_grid(const struct gridworld_config *set, const struct problem *p)
{
    struct gridworld_grid g = {.goal = p->value[GRIDWORLD_GOAL], .pit = p->value[GRIDWORLD_PIT],
                               .step_cost = set->step_cost, .gamma = set->gamma, .slip = set->slip};
    for (int i = 0; i < GRIDWORLD_WALLS; i++)
        if (p->value[GRIDWORLD_WALL + i] >= 0)
            g.walls |= 1u << p->value[GRIDWORLD_WALL + i];
    return g;
}

int gridworld_is_sound(const struct problem *p)
{
    struct gridworld_grid g = gridworld_grid(&(struct gridworld_config){0}, p);
    int distance[GRIDWORLD_CELLS];
    unsigned seen = 0;
    for (int i = 0; i < GRIDWORLD_VALUES; i++) {
        int cell = p->value[i];
        if (cell >= 0 && (seen >> cell & 1))
            return 0;
        if (cell >= 0)
            seen |= 1u << cell;
    }
    gridworld_distance(&g, distance);
    for (int i = 0; i < GRIDWORLD_CELLS; i++)
        if (gridworld_is_free(&g, i) && distance[i] < 0)
            return 0;
    return 1;
}

/* The layout as a number, 5 bits a cell. */
static uint64_t pack(const struct problem *p)
{
    uint64_t k = 0;
    for (int i = GRIDWORLD_GOAL; i < GRIDWORLD_VALUES; i++)
        k = k << 5 | (uint64_t)(p->value[i] < 0 ? NO_CELL : p->value[i]);
    return k;
}

static void unpack(uint64_t k, struct problem *out)
{
    *out = (struct problem){.n = GRIDWORLD_VALUES};
    for (int i = GRIDWORLD_VALUES - 1; i >= GRIDWORLD_GOAL; i--, k >>= 5)
        out->value[i] = (k & NO_CELL) == NO_CELL ? -1 : (int32_t)(k & NO_CELL);
}

int gridworld_is_held_out(const struct gridworld *t, const struct problem *p)
{
    return form_is_held(pack(p), t->set.held_out_every);
}

struct problem gridworld_primer(void)
{
    return (struct problem){GRIDWORLD_VALUES, {0, 15, 11, 5, -1, -1}};
}

/* Walls in ascending order, so that one layout is one problem. */
static void sort_walls(struct problem *p)
{
    int32_t *w = p->value + GRIDWORLD_WALL;
    for (int i = 1; i < GRIDWORLD_WALLS; i++)
        for (int k = i; k > 0 && w[k] >= 0 && (w[k - 1] > w[k] || w[k - 1] < 0); k--) {
            int32_t swap = w[k];
            w[k] = w[k - 1];
            w[k - 1] = swap;
        }
}

static int try_draw(const struct gridworld *t, struct rng *r, struct problem *out)
{
    *out = (struct problem){.n = GRIDWORLD_VALUES};
    for (int i = 0; i < GRIDWORLD_VALUES; i++)
        out->value[i] = i < GRIDWORLD_WALL + t->set.walls ? rng_below(r, GRIDWORLD_CELLS) : -1;
    sort_walls(out);
    return gridworld_is_sound(out) && !gridworld_is_held_out(t, out);
}

/* open() has seen that some try succeeds, so the loop ends. */
void gridworld_draw(const void *self, struct rng *r, struct problem *out)
{
    while (!try_draw(self, r, out))
        ;
}

/* A start that depends on the layout alone. */
static void choose_start(struct problem *p)
{
    struct gridworld_grid g = gridworld_grid(&(struct gridworld_config){0}, p);
    uint64_t at = hash_u64(pack(p)) % GRIDWORLD_CELLS;
    while (!gridworld_is_free(&g, (int)at))
        at = (at + 1) % GRIDWORLD_CELLS;
    p->value[GRIDWORLD_START] = (int32_t)at;
}

/* The walls still to place, in ascending order; every held-out layout that is sound. */
static enum status find_from(struct gridworld *t, struct problem *p, int placed, struct err *e)
{
    enum status st = ST_OK;
    if (placed == t->set.walls) {
        if (!gridworld_is_held_out(t, p))
            return ST_OK;
        choose_start(p);
        return gridworld_is_sound(p) ? form_keep(&t->held, pack(p), "gridworld", e) : ST_OK;
    }
    for (int cell = placed ? p->value[GRIDWORLD_WALL + placed - 1] + 1 : 0; cell < GRIDWORLD_CELLS && !st;
         cell++) {
        if (cell == p->value[GRIDWORLD_GOAL] || cell == p->value[GRIDWORLD_PIT])
            continue;
        p->value[GRIDWORLD_WALL + placed] = cell;
        st = find_from(t, p, placed + 1, e);
    }
    p->value[GRIDWORLD_WALL + placed] = -1;
    return st;
}

static enum status find_held_out(struct gridworld *t, struct err *e)
{
    struct rng r = rng_at(0x67726964u, RNG_PROBLEM, 0, 0, 0);
    enum status st = ST_OK;
    struct problem p;
    int tries = 0;
    for (int goal = 0; goal < GRIDWORLD_CELLS; goal++)
        for (int pit = 0; pit < GRIDWORLD_CELLS && !st; pit++) {
            p = (struct problem){GRIDWORLD_VALUES, {0, goal, pit, -1, -1, -1}};
            if (goal != pit)
                st = find_from(t, &p, 0, e);
        }
    if (!st && !t->held.n)
        st = err_set(e, ST_USAGE, "gridworld", "held_out_every %d leaves no held-out problem; lower it",
                     t->set.held_out_every);
    while (!st && !try_draw(t, &r, &p))
        if (++tries == TRIAL_DRAWS)
            st = err_set(e, ST_USAGE, "gridworld", "held_out_every %d leaves no problem to train on",
                         t->set.held_out_every);
    form_shuffle(&t->held, t->set.held_out_cap ? t->set.held_out_cap : HELD_CAP);
    return st;
}

static void close_scenario(void *self)
{
    if (!self)
        return;
    form_held_free(&((struct gridworld *)self)->held);
    free(self);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct gridworld *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "gridworld", "no memory for the scenario");
    t->set = *(const struct gridworld_config *)config;
    if ((st = find_held_out(t, e)) != ST_OK) {
        close_scenario(t);
        return st;
    }
    *self = t;
    return ST_OK;
}

static int tokens(const void *self, const char *const **out)
{
    (void)self;
    *out = token;
    return (int)(sizeof token / sizeof *token);
}

static void held_out(const void *self, int index, struct problem *out)
{
    unpack(((const struct gridworld *)self)->held.key[index], out);
    choose_start(out);
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    enum status st;
    (void)self;
    *out = (struct problem){.n = GRIDWORLD_VALUES};
    st = form_parse("gridworld", json, key, GRIDWORLD_VALUES, out->value, e);
    if (st)
        return st;
    sort_walls(out);
    if (!gridworld_is_sound(out))
        st = err_set(e, ST_USAGE, "gridworld",
                     "problem: start, goal, pit and walls must be different cells, and the goal in reach of "
                     "all others");
    return st;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, GRIDWORLD_VALUES, p->value, out);
}

/* Fewest moves from the start to the goal. */
static int difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    struct gridworld_grid g = gridworld_grid(&(struct gridworld_config){0}, p);
    int distance[GRIDWORLD_CELLS], n;
    (void)self;
    gridworld_distance(&g, distance);
    n = distance[p->value[GRIDWORLD_START]];
    n = n < 1 ? 1 : n > DIFFICULTIES ? DIFFICULTIES : n;
    snprintf(label, LABEL_BYTES, n == DIFFICULTIES ? "%d or more" : "%d", n);
    return n - 1;
}

const struct scenario scenario_gridworld = {
    .name = "gridworld",
    .summary = "a path to the goal of a small grid, around walls and a pit",
    .config_bytes = sizeof(struct gridworld_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = gridworld_draw,
    .held_out_n = form_held_n,
    .held_out = held_out,
    .prompt = gridworld_prompt,
    .parse = parse,
    .print = print,
    .demonstrate = gridworld_demonstrate,
    .base = gridworld_base,
    .score = gridworld_score,
    .analyse = gridworld_analyse,
    .difficulty = difficulty,
    .scale = "moves",
};
