#ifndef GRPOLAB_RUN_RECORD_H
#define GRPOLAB_RUN_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/hash.h"

/* What a run leaves behind: plain data between the trainer, the store and the
 * views. All pointers are borrowed for the length of the call that takes them. */

/* Every metric that a step can have, one row in the table of metric.c. A value that was
 * not measured is NaN. */
enum metric {
    /* reward, reward_std, rewards/../mean, frac_reward_zero_std */
    M_REWARD, M_REWARD_STD, M_ACCURACY, M_FORMAT, M_LANGUAGE, M_PROCESS, M_PREFERENCE, M_REWARD_ACCURACY,
    M_REWARD_MARGIN, M_READABLE, M_FLAT,
    /* completions/{mean,min,max}_length, completions/clipped_ratio */
    M_LENGTH, M_LENGTH_MIN, M_LENGTH_MAX, M_CUT_OFF,
    M_KL, M_ENTROPY, M_CLIP_LOW, M_CLIP_HIGH, M_CLIP_REGION,
    M_CAPPED, M_OFF_POLICY,                          /* stale ratios truncated, stale sequences masked */
    M_DPO_MARGIN, M_DPO_ACCURACY, M_DPO_CHOSEN, M_DPO_REJECTED,  /* of pairs */
    M_VALUE_LOSS, M_VALUE, M_EXPLAINED_VARIANCE,     /* of a critic */
    M_LOSS, M_DIVERGENCE, M_POLICY_LOSS, M_MTP_LOSS, M_BALANCE_LOSS, M_GRAD_NORM, M_LR,
    M_LOGP_DIFFERENCE, M_LOGP_DIFFERENCE_MAX, /* sampling/logp_difference: decode against training forward */
    M_WAITS, M_ATTEMPTS, M_ATTEMPTS_DISTINCT, M_EQUATIONS, M_EQUATIONS_RIGHT,
    M_REFLECTIONS, M_VERIFICATIONS, M_VERIFICATIONS_RIGHT, M_BACKTRACKS, M_FALSE_YES, M_AHA,
    /* shares of all traces */
    M_FAIL_CUT, M_FAIL_FORMAT, M_FAIL_NUMBERS, M_FAIL_FALSE_YES, M_FAIL_GAVE_UP, M_FAIL_OTHER,
    /* held out, T 1, top-p 1 */
    M_PASS_1, M_PASS_K, M_MAJ_K, M_EVAL_LENGTH, M_EVAL_WAITS, M_EVAL_FORMAT, M_EVAL_LANGUAGE, M_EVAL_READABLE,
    M_R1_PASS_1, M_R1_MAJ_K,                                         /* held out, T 0.6, top-p 0.95 */
    M_ROUTE_DIFFERENCE, /* moe/route_difference: the sampler's experts against those of the update's forward */
    M_MAX_VIO, M_MAX_VIO_AVERAGE, /* mean over MoE layers; of the batch, of the moving average */
    M_MAX_VIO_LAYER_0, M_MAX_VIO_LAYER_LAST = M_MAX_VIO_LAYER_0 + 15,
    M_TOKENS, M_TOKENS_PER_SECOND, M_STEP_TIME, M_SECONDS, M_RL_SECONDS,
    M_TIME_ROLLOUT, M_TIME_UPDATE, M_TIME_EVALUATE,
    METRIC_N
};

struct metric_row {
    const char *name, *alias;   /* TRL's name; verl's or a short one, or NULL */
    const char *unit, *meaning;
    int is_time;                /* measured time: differs between equal runs */
};

const struct metric_row *metric_row(int m);   /* 0 <= m < METRIC_N */
int metric_find(const char *name);            /* by name or alias; -1 */

struct record_group {
    const char *problem;        /* JSON of the scenario */
    const char *prompt;         /* text before the completion */
    double mean, std;           /* of the rewards */
    int flat;                   /* all rewards equal */
};

struct record_trace {
    int group, index;           /* which of the group's completions */
    int n;                      /* tokens of the completion */
    const uint16_t *token;      /* [n] */
    const float *logp, *entropy;/* [n] of the sampler, nats */
    double reward, advantage, accuracy, format;
    int at;                     /* byte where a check failed, -1 */
    const char *why;
    int cut_off;                /* stopped by the length limit */
    int aha;                    /* aha candidates */
};

struct record_evaluation {
    int k, problems;
    double temperature, top_p;
    double pass_1, pass_k, maj_k, mean_length, waits;
    const uint8_t *right;       /* [problems] how many of the k samples were right */
};

/* What resampling has found out about a token of a trace on record. Unlike a step's own rows a finding is
 * made later, when somebody asks. */
enum finding_kind {
    FINDING_AHA,                /* an aha candidate, tested: continuations with its word,
                                 * and with it banned */
    FINDING_VALUE,              /* continuations from before the token: the value of what stands before it */
    FINDING_KINDS
};

struct record_finding {
    int64_t step;               /* that sampled the trace */
    int group, index;           /* of the step */
    enum finding_kind kind;
    int token;                  /* of the completion; VALUE: its length means after the last one */
    int right, n;               /* of n continuations so many were right */
    int without_right, without_n; /* AHA: with the word banned; else 0 */
    double p;                   /* AHA: Fisher's exact test, two-sided; else NaN */
    int verified;               /* AHA: it passed */
    int64_t created;            /* Unix time, seconds; the store writes it */
};

struct record_tensor {
    const char *kind;           /* "weight", "adam_m", "adam_v", "bias", "state" */
    const char *name;
    const void *data;
    size_t bytes;
};

struct record_keyframe {
    int pinned;                 /* never thinned: step 0, a replaced reference */
    int tensors_n;
    const struct record_tensor *tensor;
};

struct record_step {
    int64_t step;
    struct digest digest;       /* of the state after the step */
    double seconds;             /* this step's own, evaluation left out */
    const double *metric;       /* [METRIC_N] */
    int groups_n, traces_n, evaluations_n;
    const struct record_group *group;
    const struct record_trace *trace;
    const struct record_evaluation *evaluation;
    int layers_n, experts_n;    /* MoE layers; 0 when dense */
    const float *load;          /* [layers_n, experts_n] shares of the assignments, sum 1 a layer */
    const float *bias;          /* [layers_n, experts_n] */
};

/* A text that a run learns from, collected from another run; the store keeps it with the learner. */
enum example_kind { EXAMPLE_TRACE, EXAMPLE_PAIR };
enum example_verdict {
    VERDICT_RULE,               /* kept or not by the rules */
    VERDICT_ACCEPTED, VERDICT_REJECTED, VERDICT_EDITED  /* by hand */
};

struct record_example {
    enum example_kind kind;
    int kept;                   /* it is learned from */
    enum example_verdict verdict;
    int respect;                /* PAIR: enum preference */
    const char *source;         /* name of the run that wrote it, "" where it is a template */
    const char *prompt, *text;  /* PAIR: text is the preferred one */
    const char *other;          /* PAIR; else "" */
    const char *why;            /* why it is not kept, "" */
    double accuracy, format, language, readable;
};

/* A run as the lineage shows it. */
enum { NAME_BYTES = 64, STAGE_BYTES = 16, STATE_BYTES = 16, KEY_HEX = 33 };

struct record_run {
    int64_t id;
    char name[NAME_BYTES];
    int64_t parent, parent_step;  /* 0 when there is none */
    char preset[NAME_BYTES];
    char stage[STAGE_BYTES];      /* "base", "cold", "grpo" */
    char state[STATE_BYTES];      /* "new", "running", "paused", "done", "failed" */
    char key[KEY_HEX];            /* of a reusable stage: settings, seed, version, environment; "" */
    uint64_t seed;
    int64_t step;                 /* last committed; 0: only its start */
    double seconds, rl_seconds;
    int64_t created;              /* Unix time, seconds */
    char note[256];               /* the user's annotation */
};

#endif
