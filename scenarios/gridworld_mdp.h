#ifndef GRPOLAB_SCENARIOS_GRIDWORLD_MDP_H
#define GRPOLAB_SCENARIOS_GRIDWORLD_MDP_H

/* The Markov decision process of a reinforcement-learning primer (Russell and Norvig, chapter 17; Sutton and
 * Barto, chapters 3 and 4): a grid of 4 x 4 cells with walls, a goal, a pit and a price for each move. Exact
 * values in double precision. Everything here is pure and needs no memory.
 *
 * Cell i stands in column i % 4 (a..d) and row i / 4 (1..4, upwards): a1 is 0, d4 is 15. Goal and pit are
 * terminal: their value is 0, the +1 or -1 is earned on entering. A wall is no state; its value is 0, too. */
enum { GRIDWORLD_SIDE = 4, GRIDWORLD_CELLS = 16 };
enum gridworld_move { GRIDWORLD_UP, GRIDWORLD_RIGHT, GRIDWORLD_DOWN, GRIDWORLD_LEFT, GRIDWORLD_MOVES_N };

struct gridworld_grid {
    int goal, pit;         /* cells; different */
    unsigned walls;        /* bit i: cell i is a wall; not the goal's or the pit's */
    double step_cost;      /* price of a move, 0 or more */
    double gamma;          /* discount, 0 <= gamma < 1 */
    double slip;           /* chance that a move goes to one of its two sides instead, half of it each */
};

/* gridworld_is_free: a cell one can stand on and move from. */
int gridworld_is_free(const struct gridworld_grid *g, int cell);
/* gridworld_next: where a move that does not slip leads: the cell itself where a wall or the edge is in the
 * way. */
int gridworld_next(const struct gridworld_grid *g, int cell, enum gridworld_move move);
/* gridworld_reward: of a move that ends at `next`: +1 goal, -1 pit, minus step_cost. */
double gridworld_reward(const struct gridworld_grid *g, int next);

/* gridworld_distance: fewest moves to the goal around walls and pit, [16]; -1 where there is no way. */
void gridworld_distance(const struct gridworld_grid *g, int distance[GRIDWORLD_CELLS]);

/* gridworld_action_value: Q(s, a) = sum_s' P(s' | s, a) (r(s') + gamma V(s')), value [16]. */
double gridworld_action_value(const struct gridworld_grid *g, const double value[GRIDWORLD_CELLS], int cell,
                              enum gridworld_move move);

/* gridworld_evaluate: policy evaluation. policy [16][4]: chances of the moves, sum 1 in each free cell.
 * value [16] out: V = sum_a pi(a | s) Q(s, a), by solving the linear equations, not by sweeps. */
void gridworld_evaluate(const struct gridworld_grid *g, double policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N],
                        double value[GRIDWORLD_CELLS]);
/* gridworld_improve: policy improvement: each free cell's move becomes one with the largest Q, unless the
 * present one is as good. move [16] in and out. How many changed. */
int gridworld_improve(const struct gridworld_grid *g, const double value[GRIDWORLD_CELLS],
                      int move[GRIDWORLD_CELLS]);
/* gridworld_policy_iteration: evaluation and improvement in turns from all moves up until none changes. move
 * and value [16] out. How many evaluations it took. */
int gridworld_policy_iteration(const struct gridworld_grid *g, int move[GRIDWORLD_CELLS],
                               double value[GRIDWORLD_CELLS]);
/* gridworld_value_iteration: V <- max_a Q(s, a) in sweeps from 0, until no value moves by more than
 * `tolerance`, then |V - V*| <= tolerance gamma / (1 - gamma). value [16] out. How many sweeps. */
int gridworld_value_iteration(const struct gridworld_grid *g, double tolerance,
                              double value[GRIDWORLD_CELLS]);
/* gridworld_best: the moves whose Q is within 1e-9 of the best, as bits 1 << move; 0 where the cell is not
 * free. */
unsigned gridworld_best(const struct gridworld_grid *g, const double value[GRIDWORLD_CELLS], int cell);

/* gridworld_only: the policy that always makes these moves. */
void gridworld_only(const int move[GRIDWORLD_CELLS], double policy[GRIDWORLD_CELLS][GRIDWORLD_MOVES_N]);

#endif
