#ifndef GRPOLAB_RL_SFT_H
#define GRPOLAB_RL_SFT_H

#include "engine/rl/corpus.h"
#include "engine/rl/distill.h"
#include "engine/rl/learner.h"
#include "engine/rl/score.h"

/* Supervised steps: base text and cold-start demonstrations. loss = sum_t weight_t * -log p(token_t) / sum
 * weight, plus lambda/D sum_k of the same for each MTP depth (V3 eq. 24-25). With a teacher the term of a
 * token is distill.h's; the MTP modules learn from the tokens alone. */
struct sft_settings {
    struct adamw_settings adamw;
    int documents;            /* a step */
    double context_weight;    /* of tokens that are not marked strong */
    double mtp_lambda;        /* 0: no MTP loss */
    uint64_t seed;
    uint32_t step;
    enum rng_stream stream;   /* RNG_BASE: the scenario's base text; RNG_COLD: its demonstrations */
    struct corpus *corpus;    /* what to read in place of demonstrations, in its own order; NULL: none */
    struct distill *teacher;  /* whose distributions are learned from, too; NULL: none */
};

struct sft_stats {
    double loss, mtp_loss, balance_loss, grad_norm, entropy;
    double tokens;            /* all that were fed */
    double divergence;        /* KL(teacher || student) at the teacher's temperature, nats, weighed as the loss */
};

struct sft {
    struct sequence *sequence;
    uint16_t *id;             /* [documents, row] */
    int *target;
    float *weight;            /* [documents, row] of the target in the row */
    int row, documents;
    struct document document; /* reused */
};

/* sft_init: for at most `documents` of at most `longest` tokens. Errors: ST_NOMEM. sft_release frees the
 * document. */
enum status sft_init(struct sft *s, int documents, int longest, struct arena *a, struct err *e);
void sft_release(struct sft *s);

/* sft_step: draws the documents of the step, one pass, one optimizer step. Documents longer than the model's
 * positions are cut. Errors: ST_CANCELLED (nothing changed), ST_NONFINITE, ST_USAGE (a token that the
 * vocabulary lacks). */
enum status sft_step(struct sft *s, struct learner *l, const struct task *k, const struct sft_settings *set,
                     const struct gate *gate, struct sft_stats *stats, struct err *e);

#endif
