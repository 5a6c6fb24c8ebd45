#ifndef GRPOLAB_RL_BATCH_H
#define GRPOLAB_RL_BATCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/rl/scenario.h"

/* One GRPO step's data: P prompts, G completions each, N = P*G traces of at most `cap` tokens. Each stage
 * reads the fields of earlier stages and writes only its own.
 *
 *   field                     shape      written by   read by
 *   problem, prompt, prompt_n P          draw         rollout, score, update, views
 *   token, logp, entropy      N x cap    rollout      score, update, views
 *   n, done, cut_off          N          rollout      score, update, views
 *   route, prompt_route       N x cap, P x PROMPT_MAX  rollout  update    only where routing is kept
 *   score, marks, reward      N          score        advantage, views
 *   preference                N          score        metrics
 *   mean, std, flat           P          advantage    update, views
 *   advantage, masked         N          advantage    update, views
 *   logp_old, logp_ref, ratio N x cap    update       metrics, views
 *   token_advantage           N x cap    update       update, views    ppo's: advantage is then its mean over a trace
 * / */

/* Counts of a trace's marks, without the marks. */
struct trace_counts {
    int equations, equations_right, reflections, verifications, verifications_right, backtracks, waits,
        attempts, attempts_distinct, ahas, false_yes;
};

struct batch {
    int P, G, N, cap;
    struct problem *problem;      /* [P] */
    uint16_t (*prompt)[PROMPT_MAX]; /* [P] ids */
    int *prompt_n;                /* [P] */
    uint32_t *draw;               /* [P] number of the draw within the step: the key of its randomness */

    uint16_t *token;              /* [N,cap] completion ids, the end token included */
    float *logp, *entropy;        /* [N,cap] of the sampling distribution, nats */
    atomic_int *n;                /* [N] tokens so far; tokens below it never change */
    atomic_int *done;             /* [N] */
    int *cut_off;                 /* [N] stopped by the length limit */
    /* Experts of the row that predicts token t of a trace, and of a prompt's rows before its last; NULL: not kept. */
    uint8_t *route;               /* [N,cap,route_n] by MoE layer, then as the router ranks them */
    uint8_t *prompt_route;        /* [P,PROMPT_MAX,route_n] */
    int route_n;                  /* config_route of the model */

    struct score *score;          /* [N] */
    struct trace_counts *counts;  /* [N] */
    double *reward;               /* [N] accuracy and format, weighted */
    double *preference;           /* [N] 0..1 of a preference model; NaN where rules decide or there is none */

    double *mean, *std;           /* [P] of the group's rewards */
    int *flat;                    /* [P] all rewards equal */
    double *advantage;            /* [N] */
    double *token_advantage;      /* [N,cap] where a critic makes one for each token, else NULL */
    int *masked;                  /* [N] left out of the loss */

    float *logp_old, *logp_ref, *logp_new; /* [N,cap] training forward before the update; reference; last forward */
    int stage;                    /* how far it is: enum batch_stage */
};

enum batch_stage { BATCH_EMPTY, BATCH_DRAWN, BATCH_SAMPLED, BATCH_SCORED, BATCH_WEIGHED, BATCH_UPDATED };

/* batch_init: all fields from the arena. Errors: ST_NOMEM. */
enum status batch_init(struct batch *b, int P, int G, int cap, struct arena *a, struct err *e);
/* batch_keep_routes: memory for the sampler's experts, route_n a token. Errors: ST_NOMEM. */
enum status batch_keep_routes(struct batch *b, int route_n, struct arena *a, struct err *e);

#endif
