#ifndef GRPOLAB_RUN_FACTS_H
#define GRPOLAB_RUN_FACTS_H

#include "engine/run/snapshot.h"

/* What is known of one trace beyond what a step records: found again from the weights that sampled it. Plain
 * data with stated maxima, as snapshot.h. Token i is the completion's i-th, as in snap_follow. */

enum {
    FACT_ALTERNATIVES = 6,   /* the sampler's likeliest tokens at a place */
    FACT_WORD = 16,          /* bytes of a token's spelling, cut where it is longer */
    FACT_TOP_K = 8,          /* experts of a token that are kept */
    FACT_VALUES = 64,        /* places of a trace that are resampled */
    FACT_TESTS = 16,         /* aha candidates of a trace that are tested */
    FACT_GROUP = 64,         /* completions of a group whose sums are kept */
    FACT_ACCEPTED = 128      /* of trace_facts.draft */
};

/* Continuations sampled from before token `token` (token n: after the last): how many of n were right. */
struct value_point {
    int token, right, n;
};

/* An aha candidate, tested: continuations from before the reflection word, with it and with it banned. p: of
 * Fisher's exact test, two-sided. verified: the rates differ by more than 0.2 in the word's
 * favour, p < 0.05. */
struct aha_test {
    int token;
    int with_right, with_n, without_right, without_n;
    double p;
    int verified;
};

struct trace_facts {
    uint64_t version;            /* grows with each change; 0: nothing is known */
    int64_t run, step;           /* of the trace; step: the one that sampled it */
    int group, index, n;         /* n: tokens */

    int has_tokens;              /* the next fields are filled */
    float logp[SNAP_TOKENS], entropy[SNAP_TOKENS];   /* training forward, weights at the
                                                      * step's beginning, nats */
    float ref_logp[SNAP_TOKENS]; /* of the reference policy */
    float new_logp[SNAP_TOKENS], new_entropy[SNAP_TOKENS]; /* weights after the step; NaN where it is not
                                                            * finished */
    int alternatives_n;
    char word[SNAP_TOKENS][FACT_ALTERNATIVES][FACT_WORD];   /* likeliest first */
    float word_logp[SNAP_TOKENS][FACT_ALTERNATIVES];
    int layers_n, experts_n, top_k;                  /* MoE layers; 0: dense */
    uint8_t expert[SNAP_LAYERS][SNAP_TOKENS][FACT_TOP_K];   /* that the position predicting token i used */
    float gate[SNAP_LAYERS][SNAP_TOKENS][FACT_TOP_K];
    /* How drafts of the MTP modules would have come to the tokens (inspect_drafts). */
    int drafts_n;                /* modules; 0: the model has none */
    uint8_t draft[SNAP_TOKENS];  /* module from 1 whose draft was examined, 0: none; FACT_ACCEPTED: stood */
    float draft_chance[SNAP_TOKENS];                 /* min(1, q/p) of what was examined, else NaN */

    /* ppo, of a step that is on record: what its update had of each token. expected: V before it, by the
     * weights that sampled; came: its return R; advantage = (R - V - mean) / (std + 1e-8), R - V where the step
     * does not normalise (std 0); new_expected: V by the weights after the step. */
    int has_critic;
    float expected[SNAP_TOKENS], came[SNAP_TOKENS], advantage[SNAP_TOKENS], new_expected[SNAP_TOKENS];
    double advantage_mean, advantage_std;
    /* dpo, of a step that is on record: sums over the tokens of each of the group's completions, nats, by the
     * weights that sampled, the reference, and the weights after the step. */
    int group_n;                                     /* 0: not known */
    double group_logp[FACT_GROUP], group_ref[FACT_GROUP], group_new[FACT_GROUP];

    int values_n, tests_n;
    struct value_point value[FACT_VALUES];           /* ascending by token */
    struct aha_test test[FACT_TESTS];
};

/* What one head of one layer looked at while it wrote a trace. Row i is the position whose input is token i
 * of prompt and completion; it reads the tokens 0..i and writes token i + 1, so that the completion's token k
 * was written by row prompt_n - 1 + k. Rows lie packed: row i's begins at i (i + 1) / 2, i + 1 numbers. */
enum { ATTENTION_ROWS = SNAP_TOKENS + 128, ATTENTION_PAIRS = ATTENTION_ROWS * (ATTENTION_ROWS + 1) / 2 };
struct attention_facts {
    uint64_t version;            /* 0: nothing is known */
    int64_t run, step;
    int group, index, n;         /* n: completion tokens */
    int layers_n, heads_n, layer, head;  /* from 0 */
    int prompt_n, rows;          /* rows = prompt_n - 1 + n */
    int has_parts;               /* MLA: a score is a sum of two */
    char word[ATTENTION_ROWS][FACT_WORD];        /* the token that a row has as its input */
    float weight[ATTENTION_PAIRS];               /* a row's sum is 1 */
    float content[ATTENTION_PAIRS], place[ATTENTION_PAIRS]; /* scaled scores before the softmax: what tokens
                                  * mean, q~ . c (V3's absorbed part), and where they stand, q_R . k_R; without
                                  * parts content has the whole score */
};

/* Where the tokens of a step went: shares of each expert's assignments. */
enum { SERVED_WORDS = 8 };
struct routing_facts {
    uint64_t version;
    int64_t run, step;
    int layers_n, experts_n;
    long tokens;                 /* completion tokens that were routed */
    struct served {
        float share;             /* of the layer's assignments */
        float affinity;          /* mean s = sigmoid(u . e) of all tokens, sent to it or not */
        float numbers, operators, structure, words;  /* shares of this expert's own, sum 1 */
        int words_n;             /* the tokens it got most of, by how much more than chance */
        char word[SERVED_WORDS][FACT_WORD];
        float part[SERVED_WORDS];/* of the token's assignments, the share that this expert has */
    } served[SNAP_LAYERS * SNAP_EXPERTS];
};

/* What one update on one group would bring, nothing being touched: for trace i of the group. */
enum { WHAT_IF_GROUP = 64 };
struct what_if_facts {
    uint64_t version;
    int64_t run, step;
    int group, n;                /* n: completions G */
    int is_flat;
    double reward[WHAT_IF_GROUP], advantage[WHAT_IF_GROUP];
    double change[WHAT_IF_GROUP];        /* of the trace's log-probability, nats, one
                                          * update at lr */
    double change_per_token[WHAT_IF_GROUP];
    double loss, kl, grad_norm;
    double lr;                   /* that the step's schedule has */
};

/* What accuracy costs in sampled tokens (see engine/run/compute.h). A curve is one way to spend them. */
enum { COMPUTE_SETTINGS = 2, COMPUTE_POINTS = 9, COMPUTE_K_MAX = 64, COMPUTE_WORDS_MAX = 8 };
enum compute_kind {
    COMPUTE_BEST,                /* the best of k samples by the verifier: pass@k */
    COMPUTE_LIKELIEST,           /* of k samples the one with the greatest mean log-probability a token */
    COMPUTE_MAJORITY,            /* the answer that most of k samples give */
    COMPUTE_FORCED,              /* one sample that may end its thoughts only after n forced words */
    COMPUTE_FORCED_NO,           /* the same, where it judged its last attempt wrong (`no`) */
    COMPUTE_KINDS
};
enum { COMPUTE_CURVES = COMPUTE_SETTINGS * COMPUTE_KINDS };

/* Means over the problems. error: standard error of accuracy; gain, gain_error: against the curve's first
 * point, problem by problem. */
struct compute_point {
    int n;                       /* samples k, or words forced at most */
    double tokens, accuracy, error, gain, gain_error;
    double words, cut_off;       /* words forced in fact a sample; share of samples that meet the length limit */
};

struct compute_curve {
    enum compute_kind kind;
    int setting;                 /* 0, 1: temperature[setting], top_p[setting] */
    char name[24];               /* "pass@k", "wait forced" */
    int n;
    struct compute_point point[COMPUTE_POINTS];
};

struct compute_facts {
    uint64_t version;            /* grows with each change; 0: nothing is known */
    int64_t run, step;           /* weights after that step */
    int problems, done;          /* asked for; sampled so far: what the curves are means of */
    int k, forced_k;             /* samples a problem; those of them that are forced to go on */
    double temperature[COMPUTE_SETTINGS], top_p[COMPUTE_SETTINGS];
    char word[FACT_WORD];        /* that is forced; "": the task has none */
    int curves_n;
    struct compute_curve curve[COMPUTE_CURVES];
};

#endif
