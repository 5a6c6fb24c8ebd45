/* What the FP8 screen asks, and the engine's statistics as it shows them. */
#include "app/desk/fp8_ask.h"

#include <stdio.h>
#include <string.h>

void fp8_measure_of(const struct fp8_stats *s, struct fp8_measure *out)
{
    const struct fp8_config *c = &s->config;

    memset(out, 0, sizeof *out);
    out->is_on = c->on;
    if (c->scale == FP8_SCALE_TILE)
        snprintf(out->scale, sizeof out->scale, "tiles 1x%d, blocks %dx%d%s", c->tile, c->block, c->block,
                 c->tile == 128 && c->block == 128 ? "" : " (toy width; V3: 128)");
    else
        snprintf(out->scale, sizeof out->scale,
                 c->scale == FP8_SCALE_TENSOR ? "one scale a tensor" : "no scales");
    out->outlier = c->outlier;
    out->tokens = s->tokens;
    out->loss = s->loss;
    out->loss_fp32 = s->loss_fp32;
    out->cosine = s->cosine;
    out->high = (double)s->high;
    for (int k = 0; k < 2; k++) {
        const struct fp8_bytes *b = k ? &s->activations : &s->weights;
        double *to = k ? out->activations : out->weights;
        to[FP8_FORMAT_FP32] = (double)b->fp32;
        to[FP8_FORMAT_BF16] = (double)b->bf16;
        to[FP8_FORMAT_FP8] = (double)b->fp8;
    }
    for (int i = 0; i < s->tensors_n && i / FP8_ROLE_N < FP8_TENSORS; i++) {
        const struct fp8_tensor *t = &s->tensor[i];
        struct fp8_row *row = &out->row[i / FP8_ROLE_N];
        snprintf(row->name, sizeof row->name, "%s", t->name);
        row->kind[t->role] = (struct fp8_cell){(double)t->n, t->error, t->saturated, t->flushed};
        out->n = i / FP8_ROLE_N + 1;
    }
}

static enum status measure(struct aside *a, struct trainer *t, const void *question, void *answer,
                           struct err *e)
{
    struct fp8_stats stats = {0};
    enum status st;

    (void)question;
    aside_tell(a, "a forward and a backward in FP8", 0);
    st = fp8_stats_run(t, &stats, e);
    if (!st)
        fp8_measure_of(&stats, answer);
    fp8_stats_free(&stats);
    return st;
}

const struct aside_kind fp8_ask = {
    .name = "fp8", .answer_bytes = sizeof(struct fp8_measure), .keeps = 1, .answer = measure};
