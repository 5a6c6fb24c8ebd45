#ifndef GRPOLAB_APP_EXCHANGE_FILES_H
#define GRPOLAB_APP_EXCHANGE_FILES_H

#include "engine/run/trainer.h"

/* The JSON files of a checkpoint in Hugging Face's DeepseekV3ForCausalLM layout: config.json, tokenizer.json
 * (words between blanks), tokenizer_config.json and generation_config.json. config.json also holds, under the
 * key `grpolab`, the settings of the run that was exported; other programs pass over it. */

/* YaRN (arXiv 2309.00071) as V3 was extended with it: RoPE's slow frequencies divided by `factor`. */
struct exchange_yarn {
    int is_on;
    double factor, beta_fast, beta_slow, mscale, mscale_all_dim,
        original; /* original: positions trained at */
};

/* What config.json says. */
struct exchange_config {
    struct model_config model; /* vocab_n and positions_n as they stand there */
    int block_out, block_in;   /* of weight_scale_inv, 128 where nothing is said */
    struct exchange_yarn yarn; /* a run has no such setting: for a forward pass only */
    int has_run;               /* the rest is filled */
    char preset[NAME_BYTES], stage[STAGE_BYTES];
    uint64_t seed;
    struct str settings; /* lines as settings_print makes them */
};

/* exchange_config_read: Errors: ST_NOTFOUND (no such file), ST_USAGE names the key that is malformed or asks
 * for what this program does not have. Freed by exchange_config_free, after an error too. */
enum status exchange_config_read(const char *folder, struct exchange_config *out, struct err *e);
void exchange_config_free(struct exchange_config *c);

/* exchange_config_apply: the model's sizes as settings. Errors: ST_USAGE names the first that is out of
 * range. */
enum status exchange_config_apply(const struct exchange_config *c, struct settings *s, struct err *e);

/* exchange_yarn_apply: m->rope and the queries' weights in w as YaRN has them: its larger softmax scale goes
 * into the maps that make the queries, so that w is good for a forward pass only. Nothing where yarn is off.
 */
void exchange_yarn_apply(const struct exchange_yarn *y, struct model *m, real *w);

/* exchange_tokens_read: the words of tokenizer.json in the order of their ids. Errors: ST_NOTFOUND, ST_USAGE.
 */
enum status exchange_tokens_read(const char *folder, struct vocab *out, struct err *e);

/* exchange_files_write: all four for the run that t holds. config.json is the last, so that a folder that has
 * it is whole. Errors: ST_IO, ST_FULL, ST_NOMEM. */
enum status exchange_files_write(const char *folder, const struct trainer *t, struct err *e);

#endif
