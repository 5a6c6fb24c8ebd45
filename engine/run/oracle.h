#ifndef GRPOLAB_RUN_ORACLE_H
#define GRPOLAB_RUN_ORACLE_H

#include "engine/run/trainer.h"

/* Exact oracles of a task so small that every completion can be listed: the true expected reward, its true
 * gradient, the true KL to the reference; and beside them what the estimators of training make of samples. */
enum { ORACLE_OUTCOMES = 8192, ORACLE_GROUP = 16, ORACLE_BATCHES = 4096 };

struct oracle_settings {
    int problems;              /* of the step that would come next: its first ones; 1..rl.prompts */
    int group, batches;        /* sampled batches of one group each, a problem; group 2..ORACLE_GROUP */
    uint64_t seed;
    void (*told)(void *ctx, double part);  /* after each problem, what is done of all; NULL: nobody asks */
    void *ctx;
};

/* oracle_completions: how many completions a vocabulary of that many tokens, one of which ends them, makes
 * within the length limit; 0: more than ORACLE_OUTCOMES, which is too many to sum over. Pure. */
int oracle_completions(int vocab_n, int max_tokens);

/* An estimator of KL(pi || ref), summed over a completion, nats. */
struct oracle_kl {
    double mean, bias, deviation;  /* exact, of one sample of pi */
    double sampled, error;         /* mean of the samples that were drawn, and its standard error */
    double stale, stale_bias;      /* exact mean over samples of the reference in pi's place (pi_old = ref) */
    double cosine, scale;          /* its expected gradient as a loss, against the true gradient of KL */
};

/* A loss without clip and KL, at the policy that sampled (ratio 1): the direction in which it moves the
 * weights. */
struct oracle_loss {
    double cosine, scale;          /* its exact expectation against the true gradient of the expected reward */
    double length;                 /* tokens by which that direction lengthens completions, a unit of it */
    double noise;                  /* one batch: root mean square distance from its expectation, in its norms */
    double sampled_cosine;         /* mean of the batches drawn, against the exact expectation */
    double sampled_distance;       /* distance of the two in standard errors: about 1 where unbiased */
};

/* Rows of the losses: with the run's own rl.std, and with none. */
enum { ORACLE_STD_RUN, ORACLE_STD_NONE, ORACLE_STDS };

/* Means over the problems. A gradient is of the mean over the problems, too. */
struct oracle {
    int problems, outcomes, group, batches, std; /* std: enum std_kind of the run */
    double probability;            /* of all outcomes together: 1 but for rounding */
    double reward, accuracy, mean_length;
    double kl;                     /* to the reference, nats a completion */
    double gradient;               /* norm of the expected reward's gradient */
    double length;                 /* tokens by which it lengthens completions, a unit of it */
    double reward_sampled, reward_error;
    struct oracle_kl token[KL_KIND_N];     /* as the losses by token have it: a sum of the tokens' estimates */
    struct oracle_kl sequence[KL_KIND_N];  /* as r1 has it: of the sums of log-probabilities */
    struct oracle_loss loss[ORACLE_STDS][LOSS_KIND_N];
};

/* The true gradients themselves, [params.total] each; any may be NULL. */
struct oracle_gradients {
    double *reward, *kl, *mean_length;
};

/* oracle_run: everything of struct oracle under the trainer's weights and reference, at its sampling
 * temperature.
 *   reward        sum_o p(o) r(o);                 gradient  sum_o p(o) (r(o) - mean) grad log p(o)
 *   KL            sum_o p(o) log(p(o) / ref(o));   gradient  sum_o p(o) log(p(o) / ref(o)) grad log p(o)
 *   a loss        sum over the outcome of one member and, for the others, over how often each pair of reward and
 *                 length occurs (multinomial): the expectation of objective_sequence's own gradient
 * p(o) is of the training forward, a completion one of all sequences over the vocabulary that end at the
 * end token or the length limit. reinforce has the run's baseline, the running mean being the learner's.
 * The trainer's state stays as it is, gradients and loads in its learner's lanes do not (no step may be
 * under way). Errors: ST_USAGE (too many completions or rewards to sum over, no GRPO stage), ST_NOMEM,
 * ST_CANCELLED, ST_NONFINITE. Memory: its own, given back. Threads: the trainer's. */
enum status oracle_run(struct trainer *t, const struct oracle_settings *s, const struct gate *gate,
                       const struct oracle_gradients *gradients, struct oracle *out, struct err *e);

#endif
