#ifndef GRPOLAB_RUN_SEARCH_SAMPLE_H
#define GRPOLAB_RUN_SEARCH_SAMPLE_H

#include <stdatomic.h>

#include "engine/run/search.h"

/* Continuations of a prefix for a search, by one decoder: to the end of a segment or of the trace. */
struct search_piece {
    int n, ended, cut_off;       /* tokens; nothing comes after it; because of the length limit */
    double logp;                 /* nats */
    double value;                /* with_value: the critic's, as enum search_value has it; else 0 */
    uint16_t *token;             /* [max_tokens], the caller's */
};

struct search_sampler {
    const struct trainer *t;
    struct decoder *d;           /* weights loaded */
    const struct gate *gate;
    const atomic_int *stop;      /* not ST_OK: somebody has failed, give up with that */
    int with_value, segment;     /* most tokens of one */
    int wait, think_end;         /* tokens that end a segment too, -1: the vocabulary has none */
    double temperature;
    uint64_t seed;
    int number, worker;          /* of the problem; of the pool */
    uint32_t serial;             /* of the next piece: with number the key of its randomness */
    int spent;                   /* tokens sampled so far */
    int prompt_n;
    uint16_t prompt[PROMPT_MAX];
    uint16_t *prefix;            /* [max_tokens] what a piece comes after */
};

/* search_extend: `count` pieces (1..SEARCH_BRANCHES_MAX, at most the decoder's slots) after the first
 * prefix_n tokens of s->prefix. *over: more than `left` tokens would be needed; the pieces are then of no
 * use, and no more than `left` were sampled. Errors: ST_CANCELLED, ST_NONFINITE, without a message. */
enum status search_extend(struct search_sampler *s, int prefix_n, int count, int to_end, int left,
                          struct search_piece *piece, int *over);

#endif
