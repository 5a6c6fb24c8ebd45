#ifndef GRPOLAB_VIEWS_OBJECTIVE_STATE_H
#define GRPOLAB_VIEWS_OBJECTIVE_STATE_H

#include <stdint.h>

#include "views/list.h"

/* The figures of the objective, in the order in which one follows from those before it. */
enum objective_term {
    TERM_REWARD, TERM_MEAN, TERM_STD, TERM_ADVANTAGE,
    TERM_LOGP, TERM_OLD, TERM_RATIO, TERM_CLIP, TERM_MIN,
    TERM_REF, TERM_K3, TERM_PENALTY,
    TERM_WEIGHT, TERM_TOKEN, TERM_GRADIENT, TERM_NO_CLIP, TERM_PULL,
    TERM_TRACE, TERM_BATCH,
    TERM_ENTROPY, TERM_BONUS,                                  /* where rl.entropy is not 0 */
    TERM_VALUE, TERM_RETURN, TERM_GAE, TERM_VALUE_LOSS,        /* ppo */
    TERM_CHOSEN, TERM_CHOSEN_REF, TERM_REJECTED, TERM_REJECTED_REF, TERM_MARGIN, TERM_SIGMA, TERM_PAIR, /* dpo */
    TERM_N
};

/* As the settings name them: grpo r1 dapo dr_grpo gspo bnpo reinforce rloo cispo dpo ppo; sample population
 * none; k3 k1 k2 unbiased; batch none running. */
enum shown_loss {
    SHOWN_GRPO, SHOWN_R1, SHOWN_DAPO, SHOWN_DR_GRPO, SHOWN_GSPO, SHOWN_BNPO, SHOWN_REINFORCE, SHOWN_RLOO,
    SHOWN_CISPO, SHOWN_DPO, SHOWN_PPO, SHOWN_LOSS_N
};
enum shown_std { SHOWN_SAMPLE, SHOWN_POPULATION, SHOWN_NONE };
enum shown_kl { SHOWN_K3, SHOWN_K1, SHOWN_K2, SHOWN_UNBIASED, SHOWN_KL_N };
enum shown_baseline { SHOWN_BATCH, SHOWN_NO_BASELINE, SHOWN_RUNNING };

enum { OBJECTIVE_WORDS = 25, OBJECTIVE_WORD = 24 };

/* A loss of weighted log-probabilities instead of clipped ratios. */
static inline int shown_is_log(enum shown_loss loss)
{
    return loss == SHOWN_REINFORCE || loss == SHOWN_RLOO || loss == SHOWN_CISPO;
}

/* What the objective screen shows: plain numbers; NaN: not known. */
struct objective_state {
    struct list list;            /* of the terms; the selected one is explained */
    int wants_update;            /* asked for: the numbers at the update, though those after it are known */

    const char *missing;         /* why there are no numbers, NULL: there are */
    int64_t step;                /* that sampled the trace */
    int group, index, G;         /* the trace, and its group's size */
    int token, tokens_n;         /* the token under the cursor, of the trace */
    int is_scored, is_flat, is_masked;
    int is_committed;            /* the step is on record; until then it cannot be taken once more */
    int is_found;                /* logp, ref are of the training forward; else the sampler's, no reference */
    int has_after;               /* the weights after the step are known, so there is something to choose */
    int is_after;                /* the numbers are of those weights */
    int updates;                 /* optimizer steps of a rollout: 1: the ratio at the update is exactly 1 */

    enum shown_loss loss;
    enum shown_std std;
    double eps_low, eps_high, beta, temperature;
    enum shown_kl kl;
    int kl_clamp;
    double ratio_cap, off_policy_delta, entropy;
    int is_off_policy;           /* off_policy_delta takes the trace's policy term away */
    int is_capped;               /* ratio_cap bounds this token's ratio */
    int max_length;
    enum shown_baseline against; /* reinforce: what a reward is compared with, */
    double baseline;             /* and its value: 0 where it is nothing */
    double running_decay;        /* of a running baseline */
    int mini_batches, epochs;    /* updates of a rollout: mini_batches in each of so many inner epochs */
    int mini_batch;              /* from 1: that of the trace, in the first epoch; of its update: */
    int sequences;               /* traces that its loss counts */
    double tokens;               /* of them, all together */
    int step_sequences;          /* of all the step's traces */
    double micro_tokens;         /* bnpo: tokens of the trace's micro-batch, and how many there are */
    int micro_batches;

    double value[TERM_N];
    double unclipped, clipped;   /* ratio * A, clip(ratio) * A */
    int clip;                    /* the clipped branch is chosen: -1 at 1 - eps_low, 1 at 1
                                  * + eps_high; 0: no */
    double policy_loss;          /* on record for the step */
    double scale;                /* the weight as 1 / scale, and within it, grpo and gspo: |o_i| */

    /* ppo. */
    double gae_lambda, gae_gamma, kl_reward, value_clip, value_weight;
    int normalises, is_warming;  /* rl.advantage_norm; a step of rl.critic_warmup */
    double advantage_mean, advantage_std;
    double token_reward;         /* r_t: the trace's at its last token, less kl_reward's part */
    double next_value, next_gae; /* of the token after this one, 0 after the last */
    double value_now;            /* V by the weights of the moment; TERM_VALUE: by those that sampled */
    int value_clipped;           /* the clipped square is the larger one: the critic gets no gradient here */

    /* dpo. The pairs of this trace; the numbers are of one of them. */
    double dpo_beta;
    int pairs_n, part_pairs_n;   /* of the whole step, of the trace's mini-batch */
    int own_pairs_n, pair;       /* that have this trace; which of them is shown, from 0; the one with the
                                  * greatest difference in reward first */
    int wants_pair;              /* asked for, counted on; back to 0 with another trace */
    int is_chosen, other_index;  /* in that pair; -1: there is none */
    int pairs_all;               /* rl.pairs is all */
    double margin, accuracy;     /* on record for the step */

    int words_n, word_at;        /* the text about the token: words, and which one is the token's */
    char word[OBJECTIVE_WORDS][OBJECTIVE_WORD];

    int64_t asked_run, asked_step;   /* about which trace the probe was asked unbidden */
    int asked_group, asked_index, asked_finished;
};

#endif
