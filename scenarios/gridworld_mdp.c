/* Policy evaluation, policy improvement, policy iteration and value iteration on the grid.
 *
 * Policies are evaluated by elimination on 16 equations: for gamma < 1 the matrix 1 - gamma P is diagonally
 * dominant, so that it can always be solved, with a bounded loss of digits. */
#include "scenarios/gridworld_mdp.h"

#include <math.h>

/* Q differs by more than this where a move is really better. */
static const double tie = 1e-9;

int gridworld_is_free(const struct gridworld_grid *g, int cell)
{
    return cell != g->goal && cell != g->pit && !(g->walls >> cell & 1);
}

int gridworld_next(const struct gridworld_grid *g, int cell, enum gridworld_move move)
{
    static const int across[] = {0, 1, 0, -1}, along[] = {1, 0, -1, 0};
    int x = cell % GRIDWORLD_SIDE + across[move], y = cell / GRIDWORLD_SIDE + along[move];
    int next = y * GRIDWORLD_SIDE + x;
    if (x < 0 || x >= GRIDWORLD_SIDE || y < 0 || y >= GRIDWORLD_SIDE || (g->walls >> next & 1))
        return cell;
    return next;
}

double gridworld_reward(const struct gridworld_grid *g, int next)
{
    return (next == g->goal) - (next == g->pit) - g->step_cost;
}

void gridworld_distance(const struct gridworld_grid *g, int distance[GRIDWORLD_CELLS])
{
    int queue[GRIDWORLD_CELLS], n = 0;
    for (int i = 0; i < GRIDWORLD_CELLS; i++)
        distance[i] = -1;
    distance[g->goal] = 0;
    queue[n++] = g->goal;
    /* Ways back from the goal: a move can be undone by the opposite one. */
    for (int at = 0; at < n; at++)
        for (int m = 0; m < GRIDWORLD_MOVES_N; m++) {
            int cell = gridworld_next(g, queue[at], (enum gridworld_move)m);
            if (distance[cell] < 0 && gridworld_is_free(g, cell)) {
                distance[cell] = distance[queue[at]] + 1;
                queue[n++] = cell;
            }
        }
}

/* The chances of where a move ends. */
static void outcomes(const struct gridworld_grid *g, int cell, int move, int next[3], double chance[3])
{
    static const int turn[3] = {0, 1, GRIDWORLD_MOVES_N - 1};
    for (int i = 0; i < 3; i++) {
        next[i] = gridworld_next(g, cell, (enum gridworld_move)((move + turn[i]) % GRIDWORLD_MOVES_N));
        chance[i] = i ? g->slip / 2 : 1 - g->slip;
    }
}

double gridworld_action_value(const struct gridworld_grid *g, const double value[GRIDWORLD_CELLS], int cell,
                              enum gridworld_move move)
{
    double chance[3], q = 0;
    int next[3];
    outcomes(g, cell, (int)move, next, chance);
    for (int i = 0; i < 3; i++)
        q += chance[i] * (gridworld_reward(g, next[i]) +
                          (gridworld_is_free(g, next[i]) ? g->gamma * value[next[i]] : 0));
    return q;
}

/* Solves a x = b for the 16 unknowns; the pivots of a dominant matrix need no search. */
static void eliminate(double a[GRIDWORLD_CELLS][GRIDWORLD_CELLS + 1], double x[GRIDWORLD_CELLS])
{
    enum { N = GRIDWORLD_CELLS };
    for (int k = 0; k < N; k++)
        for (int i = k + 1; i < N; i++) {
            double f = a[i][k] / a[k][k];
            for (int j = k; j <= N && f != 0; j++)
                a[i][j] -= f * a[k][j];
        }
    for (int k = N - 1; k >= 0; k--) {
        x[k] = a[k][N];
        for (int j = k + 1; j < N; j++)
            x[k] -= a[k][j] * x[j];
        x[k] /= a[k][k];
    }
}

void gridworld_evaluate(const struct gridworld_grid *g, double policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N],
                        double value[GRIDWORLD_CELLS])
{
    double a[GRIDWORLD_CELLS][GRIDWORLD_CELLS + 1] = {{0}}, chance[3];
    int next[3];
    for (int s = 0; s < GRIDWORLD_CELLS; s++) {
        a[s][s] = 1;
        for (int m = 0; m < GRIDWORLD_MOVES_N && gridworld_is_free(g, s); m++) {
            outcomes(g, s, m, next, chance);
            for (int i = 0; i < 3; i++) {
                double p = policy[s][m] * chance[i];
                a[s][GRIDWORLD_CELLS] += p * gridworld_reward(g, next[i]);
                if (gridworld_is_free(g, next[i]))
                    a[s][next[i]] -= p * g->gamma;
            }
        }
    }
    eliminate(a, value);
}

int gridworld_improve(const struct gridworld_grid *g, const double value[GRIDWORLD_CELLS],
                      int move[GRIDWORLD_CELLS])
{
    int changed = 0;
    for (int s = 0; s < GRIDWORLD_CELLS; s++) {
        double best;
        int to = move[s];
        if (!gridworld_is_free(g, s))
            continue;
        best = gridworld_action_value(g, value, s, (enum gridworld_move)to);
        for (int m = 0; m < GRIDWORLD_MOVES_N; m++) {
            double q = gridworld_action_value(g, value, s, (enum gridworld_move)m);
            if (q > best + tie) {
                best = q;
                to = m;
            }
        }
        changed += to != move[s];
        move[s] = to;
    }
    return changed;
}

void gridworld_only(const int move[GRIDWORLD_CELLS], double policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N])
{
    for (int s = 0; s < GRIDWORLD_CELLS; s++)
        for (int m = 0; m < GRIDWORLD_MOVES_N; m++)
            policy[s][m] = m == move[s];
}

int gridworld_policy_iteration(const struct gridworld_grid *g, int move[GRIDWORLD_CELLS],
                               double value[GRIDWORLD_CELLS])
{
    double policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N];
    int n = 0;
    for (int s = 0; s < GRIDWORLD_CELLS; s++)
        move[s] = GRIDWORLD_UP;
    do {
        gridworld_only(move, policy);
        gridworld_evaluate(g, policy, value);
        n++;
    } while (gridworld_improve(g, value, move));
    return n;
}

int gridworld_value_iteration(const struct gridworld_grid *g, double tolerance, double value[GRIDWORLD_CELLS])
{
    double old[GRIDWORLD_CELLS], moved;
    int n = 0;
    for (int s = 0; s < GRIDWORLD_CELLS; s++)
        value[s] = 0;
    do {
        moved = 0;
        for (int s = 0; s < GRIDWORLD_CELLS; s++)
            old[s] = value[s];
        for (int s = 0; s < GRIDWORLD_CELLS; s++) {
            if (!gridworld_is_free(g, s))
                continue;
            value[s] = gridworld_action_value(g, old, s, GRIDWORLD_UP);
            for (int m = 1; m < GRIDWORLD_MOVES_N; m++)
                value[s] = fmax(value[s], gridworld_action_value(g, old, s, (enum gridworld_move)m));
            moved = fmax(moved, fabs(value[s] - old[s]));
        }
        n++;
    } while (moved > tolerance);
    return n;
}

unsigned gridworld_best(const struct gridworld_grid *g, const double value[GRIDWORLD_CELLS], int cell)
{
    double best = -INFINITY;
    unsigned bits = 0;
    for (int m = 0; m < GRIDWORLD_MOVES_N && gridworld_is_free(g, cell); m++)
        best = fmax(best, gridworld_action_value(g, value, cell, (enum gridworld_move)m));
    for (int m = 0; m < GRIDWORLD_MOVES_N && gridworld_is_free(g, cell); m++)
        if (gridworld_action_value(g, value, cell, (enum gridworld_move)m) >= best - tie)
            bits |= 1u << m;
    return bits;
}
