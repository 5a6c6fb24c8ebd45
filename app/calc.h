#ifndef GRPOLAB_APP_CALC_H
#define GRPOLAB_APP_CALC_H

#include <jansson.h>

#include "engine/base/status.h"
#include "engine/base/str.h"

/* The engine's own arithmetic on numbers that a user gives: one JSON document in, one out. In double
 * precision, by the functions that the trainer calls. Errors: ST_USAGE names the key that is wrong or
 * missing. */
struct calc_row {
    const char *name, *keys; /* keys: of the input */
    enum status (*run)(const json_t *in, struct str *out, struct err *e);
};

/* calc_find: NULL when there is none; calc_row: NULL after the last. */
const struct calc_row *calc_find(const char *name);
const struct calc_row *calc_row(int i);

/* calc_grpo: advantages, ratios, clips, KL, loss = -J and its gradient of one group (R1 eq. 1-3; see
 * objective.h). clip_low, clip_high: shares of all ratios. kl is null without logp_ref. */
enum status calc_grpo(const json_t *in, struct str *out, struct err *e);
/* calc_balance: V3's bias update. */
enum status calc_balance(const json_t *in, struct str *out, struct err *e);

#endif
