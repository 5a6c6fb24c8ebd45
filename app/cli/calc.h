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
 * objective.h). clip_low, clip_high: shares of all ratios. kl is null without logp_ref. The group is the
 * batch: reinforce's baseline (batch, none, running) is its mean by default, and bnpo's micro_batch so many
 * of its sequences. */
enum status calc_grpo(const json_t *in, struct str *out, struct err *e);
/* calc_dpo: margin and loss of one pair, and d loss / d chosen_logp, rejected_logp (dpo.h). */
enum status calc_dpo(const json_t *in, struct str *out, struct err *e);
/* calc_gae: advantages and returns of one trace (gae.h); gamma and lambda from 0 to 1. */
enum status calc_gae(const json_t *in, struct str *out, struct err *e);
/* calc_fp8: E4M3 codes, scales and what they stand for, in tiles of a row of values (fp8.h). */
enum status calc_fp8(const json_t *in, struct str *out, struct err *e);
/* calc_schedule: bubble, makespan, activations, parameters of a pipeline schedule by the published
 * formulas, and, under
 * "simulated", of the schedule played on a clock (pipeline.h); null where it cannot be: dualpipe with an
 * odd number of micro-batches. With "timeline": true also its pieces by rank. */
enum status calc_schedule(const json_t *in, struct str *out, struct err *e);
/* calc_balance: V3's bias update. */
enum status calc_balance(const json_t *in, struct str *out, struct err *e);

#endif
