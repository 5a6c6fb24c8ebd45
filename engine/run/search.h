#ifndef GRPOLAB_RUN_SEARCH_H
#define GRPOLAB_RUN_SEARCH_H

#include "engine/run/search_tree.h"
#include "engine/run/trainer.h"

/* Tree search at test time, the other thing that did not work for R1 (R1 v1 section 4.2): held-out problems
 * are searched by PUCT, segment by segment, and, for the same number of sampled tokens, answered by a
 * majority of independent traces.
 *
 * A segment ends with `wait`, with </think>, with the trace, or after so many tokens. Where a node is
 * expanded, a few segments are sampled from the policy, valued and backed up; a segment's probability under
 * the policy is its prior. The search's answer is the one whose traces have the largest sum of backed-up
 * values; malformed ones abstain, and a trace that is malformed or cut off is worth 0. */
enum search_value {
    SEARCH_HEAD,              /* PPO's critic: V after the segment's last token; of an ended trace before
                               * its end token, the last place that the critic was trained for */
    SEARCH_ROLLOUTS,          /* mean accuracy of continuations: here the search asks the task's verifier */
    SEARCH_ORACLE             /* what the caller says */
};

enum { SEARCH_BUDGETS = 8, SEARCH_BUDGET_MAX = 65536, SEARCH_BRANCHES_MAX = 16 };

struct search_settings {
    int problems;             /* the first so many held-out ones */
    int budgets_n, budget[SEARCH_BUDGETS];   /* sampled tokens a problem, ascending, 1..SEARCH_BUDGET_MAX */
    int segment, branches, rollouts;
    double explore, temperature;             /* temperature above 0; nothing is cut off the distribution */
    enum search_value value;
    uint64_t seed;
    /* ORACLE: the worth of a completion so far; ended: nothing comes after it. From any thread. */
    double (*oracle)(void *ctx, const struct problem *p, const char *text, size_t n, int ended);
    /* look: each problem's tree at the end, once a problem, from any thread; NULL: nobody looks. */
    void (*look)(void *ctx, int problem, const struct search_tree *tree, int spent);
    void *ctx;
};

/* Of one budget, means over problems. What would overrun the budget does not count, on either side. */
struct search_point {
    int budget;
    double tokens, plain_tokens;   /* sampled within it by the search, by independent sampling */
    double ended, traces;          /* completions by the search, independent ones */
    double puct;                   /* the search's answer is right */
    double found;                  /* any of its completions is */
    double majority, best;         /* majority of the independent ones; any of them (best@k, k = traces) */
    double ranked;                 /* the independent one of the highest value: the value without a tree */
};

/* search_usual: the settings of a run: its search.*, its evaluation's temperature, the critic where it has
 * one. */
void search_usual(const struct trainer *t, struct search_settings *s);

/* search_run: out [s->budgets_n]. With the trainer's present weights; nothing of it changes. The smaller
 * budgets of a call get what calls of their own would. Randomness: (seed, RNG_RESAMPLE, step, problem,
 * segment, position). progress (may be NULL) [0,1]. Errors: ST_USAGE, ST_CANCELLED, ST_NONFINITE, ST_NOMEM.
 * Threads: the trainer's pool, a problem each; no bit depends on them. */
enum status search_run(struct trainer *t, const struct search_settings *s, const struct gate *gate,
                       double *progress, struct search_point *out, struct err *e);

#endif
