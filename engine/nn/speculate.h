#ifndef GRPOLAB_NN_SPECULATE_H
#define GRPOLAB_NN_SPECULATE_H

#include "engine/base/rng.h"
#include "engine/nn/decode.h"
#include "engine/nn/speculate_rule.h"

/* Decoding with drafts of the model's own MTP modules (V3 section 2.2.3 and eq. 21-25): a cycle drafts a
 * few tokens with the modules, verifies them in one forward of the model, and keeps as many as the rule of
 * speculate_rule.h lets stand, and one token more that is the model's own. The distribution is the model's;
 * greedy decoding is equal to plain greedy decoding to the bit, as the rows of a call do not depend on each
 * other. */
enum { SPECULATE_DRAFTS = 4, SPECULATE_WIDTH = 4 };

struct speculate_settings {
    int draft_n;          /* drafts of a cycle, 0 (plain decoding) .. SPECULATE_DRAFTS. More than there are
                           * modules: the last one goes on with its own output (not in V3) */
    double confidence;    /* not in V3: drafting stops where the largest probability of the draft's
                           * distribution is below this; 0: never */
    int width;            /* not in V3: candidates for the first draft, 1 .. SPECULATE_WIDTH, of which the
                           * model takes one that stands; later drafts follow the first candidate */
    double temperature;   /* 0: greedy */
    int max_tokens;       /* of a completion */
    int end_token;
    uint64_t seed;        /* a token's randomness: seed, stream, step, text.draw, text.index, its position.
                           * With draft_n 0 it is the rollout's */
    enum rng_stream stream;
    uint32_t step;
};

/* One sequence. token, logp, mark are the caller's, [max_tokens]. */
struct speculate_text {
    const uint16_t *prompt;
    int prompt_n;          /* at least 1 */
    uint32_t draw, index;
    int n, cut_off;        /* out: tokens, the end token included; stopped by max_tokens */
    uint16_t *token;       /* out */
    float *logp;           /* out: under the model's distribution at the temperature, nats */
    uint8_t *mark;         /* out: how the token came, see below */
};

/* mark: which draft of its cycle was examined for the token (1.., 0: none), whether it was accepted, and
 * whether it was not the first of several candidates. */
enum { SPECULATE_MARK_DRAFT = 15, SPECULATE_MARK_ACCEPTED = 128, SPECULATE_MARK_OTHER = 64 };

/* What was done; added to. */
struct speculate_stats {
    int64_t tokens, cycles;                       /* cycles: forwards of the model, a sequence each */
    int64_t drafted[SPECULATE_DRAFTS];            /* by position in the cycle */
    int64_t examined[SPECULATE_DRAFTS];           /* those before them were accepted */
    int64_t accepted[SPECULATE_DRAFTS];
    int64_t others;                               /* accepted candidates that were not the first */
    struct speculate_check check;                 /* with_check: of the sampled tokens that had a draft */
    int with_check;
};

struct speculate_slot;

struct speculator {
    struct decoder decoder;
    int modules_n, rows_n;
    struct speculate_slot *slot;      /* [slots_n] */
    real *hidden;                     /* [1 + modules][slots_n][positions_n][D]: the model's residual stream,
                                       * and what each module made of it */
    real *q;                          /* [slots_n][SPECULATE_DRAFTS][V] what the drafts were drawn from */
    real *input, *left, *logp;        /* [rows, D], [V], [rows] */
    int *row_slot, *position, *head_row, *none;   /* [rows] */
    uint16_t *token;                  /* [rows] */
};

/* speculator_init: memory from the arena for slots_n sequences of up to positions_n tokens, prompt
 * included. A model without modules decodes plainly. Errors: ST_NOMEM. */
enum status speculator_init(struct speculator *s, const struct model *m, enum decode_form form, int slots_n,
                            int positions_n, struct arena *a, struct err *e);

/* speculator_load: weights and expert biases, borrowed until the next load. */
void speculator_load(struct speculator *s, const real *w, const real *bias);

/* speculate_run: completes n texts, slots_n of them at a time, side by side. stats may be NULL. What a text
 * becomes does not depend on which others are decoded with it. Threads: one a speculator. Errors: ST_USAGE
 * (settings, a prompt that does not fit, drafts from a model without modules), ST_NONFINITE. */
enum status speculate_run(struct speculator *s, const struct speculate_settings *how, int n,
                          struct speculate_text *text, struct speculate_stats *stats, struct err *e);

#endif
