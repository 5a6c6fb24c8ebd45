#ifndef GRPOLAB_APP_CLI_ATTENTION_LAB_H
#define GRPOLAB_APP_CLI_ATTENTION_LAB_H

#include "engine/nn/decode.h"

/* What `attention` measures: one size with each kind of attention and each way of decoding it, on weights
 * drawn at random; speed and memory do not depend on what a model has learned. */
enum attention_way {
    WAY_MHA,
    WAY_GQA,
    WAY_MQA,
    WAY_MLA,        /* absorbed: the latent is cached, queries move into its space */
    WAY_MLA_PLAIN,  /* keys and values of every head are cached */
    WAY_MLA_PAGED,  /* absorbed, the latents in pages, online softmax over them */
    WAY_N
};

enum { CONTEXTS_MOST = 8, CONTEXT_MOST = 65536, STREAMS = 8 };

struct way_facts {
    const char *name;
    struct model_config config;
    int every_head;               /* MLA in plain form */
    int64_t parameters;           /* of attention, all layers */
    int64_t bytes;                /* of cache a token, all layers, by the formula */
    double measured;              /* the same, counted in the cache after `fed` tokens; in whole pages */
    double rate[CONTEXTS_MOST];   /* tokens a second of STREAMS sequences that each see so many positions */
    double apart;                 /* largest difference of a logit from WAY_MLA's, `fed` positions; or NaN */
    int apart_at;                 /* where */
};

/* Memory of STREAMS completions of one prompt, which end at different lengths. */
struct group_facts {
    int prompt, longest;
    int64_t positions;            /* in all sequences, the prompt counted in each */
    int64_t reserved, filled, paged; /* bytes: contiguous at full length; filled of it; pages in use */
    int pages, copied;
};

struct attention_lab {
    int contexts_n, context[CONTEXTS_MOST];
    int fed;                      /* positions fed one by one, for `measured` and `apart` */
    double largest;               /* logit of WAY_MLA among them, by size */
    struct way_facts way[WAY_N];
    struct group_facts group;
};

/* attention_lab_init: the models of c, which has latent attention, for the given contexts (ascending).
 * attention_lab_run: measures; rounds: of each speed, of which the best counts, at least `seconds` each. told
 * (may be NULL) is called after each of `all` measurements of speed.
 * Errors: ST_USAGE, no latent attention; ST_NOMEM. */
enum status attention_lab_init(struct attention_lab *l, const struct model_config *c, const int *context,
                               int contexts_n, struct err *e);
enum status attention_lab_run(struct attention_lab *l, uint64_t seed, int rounds, double seconds,
                              void (*told)(void *ctx, int done, int all), void *ctx, struct err *e);

/* attention_lab_v3: the same kinds at the size of V3, cached in BF16: 61 layers, 128 heads of 128, a latent
 * of 512 + 64. Fills name, config and bytes. */
void attention_lab_v3(struct way_facts way[WAY_N]);

#endif
