#ifndef GRPOLAB_APP_CHECKPOINT_H
#define GRPOLAB_APP_CHECKPOINT_H

#include <jansson.h>

#include "app/session/exchange_files.h"
#include "engine/run/exchange.h"
#include "engine/store/safetensors.h"

/* A folder that holds a model in the DeepseekV3ForCausalLM layout: config.json and model.safetensors, or the
 * shards that model.safetensors.index.json names. */
struct checkpoint {
    char folder[3072];
    struct exchange_config config; /* mtp_depth: the modules that are there */
    struct model model;            /* of two positions: for its table */
    struct exchange exchange;      /* of that model */
    struct safetensors *file;      /* [files_n] */
    int files_n;
    json_t *index;      /* tensor to file; NULL: one file */
    int64_t parameters; /* copies left out */
};

/* checkpoint_open: everything but the weights is read and checked: that each tensor is there once, has the
 * shape that config.json gives it and a type that is a weight's, that there is no other, and that it fits in
 * memory. Freed by checkpoint_close, after an error too. Errors: ST_NOTFOUND, ST_IO, ST_NOMEM, ST_USAGE names
 * file and tensor. */
enum status checkpoint_open(struct checkpoint *k, const char *folder, struct err *e);
void checkpoint_close(struct checkpoint *k);

/* checkpoint_read: the weights into w [params.total] and bias [moe_layers, E]; gaps of w are left alone.
 * Errors: ST_IO, ST_NOMEM, ST_USAGE (a number that is not finite, copies that differ). */
enum status checkpoint_read(const struct checkpoint *k, real *w, real *bias, struct err *e);

/* checkpoint_write: model.safetensors of float32 and the JSON files for the run that t holds; the folder is
 * made where it is missing. A folder with a checkpoint that is not ours is left alone. *tensors: how many
 * were written. Errors: ST_USAGE, ST_IO, ST_FULL, ST_NOMEM. */
enum status checkpoint_write(const char *folder, const struct trainer *t, int *tensors, struct err *e);

#endif
