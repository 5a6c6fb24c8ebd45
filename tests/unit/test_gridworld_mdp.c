/* The grid's exact values: policy iteration, value iteration, policy evaluation and brute force agree. */
#include <criterion/criterion.h>
#include <math.h>

#include "engine/base/rng.h"
#include "scenarios/gridworld_mdp.h"

static struct gridworld_grid random_grid(struct rng *r, int walls, double slip)
{
    struct gridworld_grid g = {.step_cost = 0.1 * rng_unit(r),
                               .gamma = 0.6 + 0.39 * rng_unit(r),
                               .slip = slip};
    g.goal = rng_below(r, GRIDWORLD_CELLS);
    do
        g.pit = rng_below(r, GRIDWORLD_CELLS);
    while (g.pit == g.goal);
    while (walls > 0) {
        int cell = rng_below(r, GRIDWORLD_CELLS);
        if (gridworld_is_free(&g, cell)) {
            g.walls |= 1u << cell;
            walls--;
        }
    }
    return g;
}

/* Russell and Norvig's 4 x 3 grid with its walls above: utilities of figure 17.3, gamma next to 1. */
Test(gridworld_mdp, the_primer_s_utilities)
{
    struct gridworld_grid g = {.goal = 11,
                               .pit = 7,
                               .walls = 1u << 5 | 0xf000u,
                               .step_cost = 0.04,
                               .gamma = 0.9999999,
                               .slip = 0.2};
    static const double want[12] = {0.705, 0.655, 0.611, 0.388, 0.762, 0, 0.660, 0, 0.812, 0.868, 0.918, 0};
    double value[GRIDWORLD_CELLS];
    int move[GRIDWORLD_CELLS];
    gridworld_policy_iteration(&g, move, value);
    for (int i = 0; i < 12; i++)
        if (gridworld_is_free(&g, i))
            cr_expect_float_eq(value[i], want[i], 6e-4, "cell %d: %g", i, value[i]);
    cr_expect(move[0] == GRIDWORLD_UP && move[1] == GRIDWORLD_LEFT && move[2] == GRIDWORLD_LEFT &&
              move[3] == GRIDWORLD_LEFT);
}

Test(gridworld_mdp, policy_and_value_iteration_agree)
{
    for (uint32_t i = 0; i < 500; i++) {
        struct rng r = rng_at(1, RNG_TEST, i, 0, 0);
        struct gridworld_grid g = random_grid(&r, (int)(i % 6), i % 3 * 0.15);
        double exact[GRIDWORLD_CELLS], swept[GRIDWORLD_CELLS];
        int move[GRIDWORLD_CELLS], n = gridworld_policy_iteration(&g, move, exact);
        gridworld_value_iteration(&g, 1e-13, swept);
        cr_assert(n >= 1 && n < 20);
        for (int s = 0; s < GRIDWORLD_CELLS; s++) {
            cr_assert_float_eq(exact[s], swept[s], 1e-10, "grid %u cell %d: %g %g", i, s, exact[s], swept[s]);
            cr_assert(!gridworld_is_free(&g, s) || (gridworld_best(&g, exact, s) >> move[s] & 1));
        }
    }
}

/* Without slipping V* is the best return over all paths of up to 8 moves that end at the goal, where there
 * is one. */
static double best_path(const struct gridworld_grid *g, int cell, int left)
{
    double best = -INFINITY;
    if (left == 0)
        return best;
    for (int m = 0; m < GRIDWORLD_MOVES_N; m++) {
        int next = gridworld_next(g, cell, (enum gridworld_move)m);
        double v = gridworld_reward(g, next);
        if (gridworld_is_free(g, next))
            v += g->gamma * best_path(g, next, left - 1);
        if (next != g->pit)
            best = fmax(best, v);
    }
    return best;
}

Test(gridworld_mdp, the_best_of_all_paths)
{
    for (uint32_t i = 0; i < 12; i++) {
        struct rng r = rng_at(2, RNG_TEST, i, 0, 0);
        struct gridworld_grid g = random_grid(&r, 2, 0);
        double value[GRIDWORLD_CELLS];
        int move[GRIDWORLD_CELLS], distance[GRIDWORLD_CELLS];
        gridworld_policy_iteration(&g, move, value);
        gridworld_distance(&g, distance);
        for (int s = 0; s < GRIDWORLD_CELLS; s++)
            if (gridworld_is_free(&g, s) && distance[s] > 0 && distance[s] <= 7) {
                double steps = (1 - pow(g.gamma, distance[s])) / (1 - g.gamma);
                cr_assert_float_eq(value[s], best_path(&g, s, 7), 1e-10, "grid %u cell %d", i, s);
                cr_assert_float_eq(value[s], pow(g.gamma, distance[s] - 1) - g.step_cost * steps, 1e-10,
                                   "a shortest path is a best one");
            }
    }
}

/* With slipping: no deterministic policy of a grid with six free cells is better anywhere. */
Test(gridworld_mdp, the_best_of_all_policies)
{
    for (uint32_t i = 0; i < 4; i++) {
        struct rng r = rng_at(3, RNG_TEST, i, 0, 0);
        struct gridworld_grid g = random_grid(&r, 9, 0.25);
        double value[GRIDWORLD_CELLS], best[GRIDWORLD_CELLS], policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N];
        int move[GRIDWORLD_CELLS], cell[GRIDWORLD_CELLS], n = 0;
        for (int s = 0; s < GRIDWORLD_CELLS; s++) {
            best[s] = -INFINITY;
            move[s] = 0;
            if (gridworld_is_free(&g, s))
                cell[n++] = s;
        }
        cr_assert_eq(n, 5);
        for (int code = 0; code < 1 << 2 * n; code++) {
            for (int k = 0; k < n; k++)
                move[cell[k]] = code >> 2 * k & 3;
            gridworld_only(move, policy);
            gridworld_evaluate(&g, policy, value);
            for (int k = 0; k < n; k++)
                best[cell[k]] = fmax(best[cell[k]], value[cell[k]]);
        }
        gridworld_policy_iteration(&g, move, value);
        for (int k = 0; k < n; k++)
            cr_assert_float_eq(value[cell[k]], best[cell[k]], 1e-10, "grid %u cell %d", i, cell[k]);
    }
}

/* Evaluation solves Bellman's equation of a random policy, and improvement never makes a value worse. */
Test(gridworld_mdp, evaluation_and_improvement)
{
    for (uint32_t i = 0; i < 200; i++) {
        struct rng r = rng_at(4, RNG_TEST, i, 0, 0);
        struct gridworld_grid g = random_grid(&r, 3, 0.2);
        double policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N], value[GRIDWORLD_CELLS], better[GRIDWORLD_CELLS];
        int move[GRIDWORLD_CELLS];
        for (int s = 0; s < GRIDWORLD_CELLS; s++) {
            double sum = 0;
            for (int m = 0; m < GRIDWORLD_MOVES_N; m++)
                sum += policy[s][m] = 0.01 + rng_unit(&r);
            for (int m = 0; m < GRIDWORLD_MOVES_N; m++)
                policy[s][m] /= sum;
            move[s] = rng_below(&r, GRIDWORLD_MOVES_N);
        }
        gridworld_evaluate(&g, policy, value);
        for (int s = 0; s < GRIDWORLD_CELLS; s++) {
            double sum = 0;
            for (int m = 0; m < GRIDWORLD_MOVES_N && gridworld_is_free(&g, s); m++)
                sum += policy[s][m] * gridworld_action_value(&g, value, s, (enum gridworld_move)m);
            cr_assert_float_eq(value[s], sum, 1e-12);
        }
        gridworld_only(move, policy);
        gridworld_evaluate(&g, policy, value);
        gridworld_improve(&g, value, move);
        gridworld_only(move, policy);
        gridworld_evaluate(&g, policy, better);
        for (int s = 0; s < GRIDWORLD_CELLS; s++)
            cr_assert_geq(better[s], value[s] - 1e-12);
    }
}

Test(gridworld_mdp, moves_stop_at_walls_and_edges)
{
    struct gridworld_grid g = {.goal = 15, .pit = 11, .walls = 1u << 5, .step_cost = 0.04, .gamma = 0.9};
    cr_expect_eq(gridworld_next(&g, 0, GRIDWORLD_LEFT), 0);
    cr_expect_eq(gridworld_next(&g, 0, GRIDWORLD_DOWN), 0);
    cr_expect_eq(gridworld_next(&g, 0, GRIDWORLD_UP), 4);
    cr_expect_eq(gridworld_next(&g, 4, GRIDWORLD_RIGHT), 4);
    cr_expect_eq(gridworld_next(&g, 3, GRIDWORLD_RIGHT), 3);
    cr_expect_float_eq(gridworld_reward(&g, 15), 0.96, 1e-15);
    cr_expect_float_eq(gridworld_reward(&g, 11), -1.04, 1e-15);
    cr_expect_float_eq(gridworld_reward(&g, 0), -0.04, 1e-15);
}
