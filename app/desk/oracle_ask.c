/* What the oracle screen asks, and the engine's numbers as it shows them. */
#include "app/desk/oracle_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES_USUAL = 64 };

struct oracle_settings oracle_usual(const struct trainer *t)
{
    const struct rl_stage *rl = &t->set.rl;

    return (struct oracle_settings){
        .problems = rl->prompts,
        .group = rl->group > ORACLE_GROUP ? ORACLE_GROUP : rl->group < 2 ? 2 : rl->group,
        .batches = BATCHES_USUAL,
        .seed = t->seed,
    };
}

/* The n-th word of a blank-separated list. */
static void word(const char *list, int n, char out[ORACLE_NAME])
{
    while (n-- > 0)
        list += strcspn(list, " ") + 1;
    snprintf(out, ORACLE_NAME, "%.*s", (int)strcspn(list, " "), list);
}

static void known_kl(const struct oracle_kl *x, int kind, struct oracle_kl_row *out)
{
    *out = (struct oracle_kl_row){.mean = x->mean, .bias = x->bias, .deviation = x->deviation,
                                  .sampled = x->sampled, .error = x->error, .stale_bias = x->stale_bias,
                                  .cosine = x->cosine, .scale = x->scale};
    word(KL_CHOICES, kind, out->name);
}

_Static_assert((int)KL_KIND_N <= (int)ORACLE_KL_ROWS, "the screen has room for every estimator");
_Static_assert((int)ORACLE_STDS * (int)LOSS_KIND_N <= (int)ORACLE_LOSS_ROWS, "and for every loss");

void oracle_known_of(const struct oracle *o, struct oracle_known *out)
{
    int stds = o->std == (int)STD_NONE ? 1 : ORACLE_STDS;

    memset(out, 0, sizeof *out);
    out->problems = o->problems;
    out->outcomes = o->outcomes;
    out->group = o->group;
    out->batches = o->batches;
    out->probability = o->probability;
    out->reward = o->reward;
    out->reward_sampled = o->reward_sampled;
    out->reward_error = o->reward_error;
    out->accuracy = o->accuracy;
    out->mean_length = o->mean_length;
    out->kl = o->kl;
    out->gradient = o->gradient;
    out->length = o->length;
    for (int i = 0; i < KL_KIND_N; i++) {
        known_kl(&o->token[i], i, &out->token[i]);
        known_kl(&o->sequence[i], i, &out->sequence[i]);
    }
    out->kls_n = KL_KIND_N;
    for (int s = 0; s < stds; s++)
        for (int i = 0; i < LOSS_KIND_N; i++) {
            const struct oracle_loss *x = &o->loss[s][i];
            struct oracle_loss_row *row = &out->loss[out->losses_n++];
            *row = (struct oracle_loss_row){.cosine = x->cosine, .scale = x->scale, .length = x->length,
                                            .noise = x->noise, .sampled_cosine = x->sampled_cosine,
                                            .sampled_distance = x->sampled_distance};
            word(LOSS_CHOICES, i, row->name);
            word(STD_CHOICES, s == ORACLE_STD_RUN ? o->std : (int)STD_NONE, row->std);
        }
}

static void told(void *ctx, double part)
{
    aside_tell(ctx, "summing over all completions", part);
}

static enum status sum(struct aside *a, struct trainer *t, const void *question, void *answer, struct err *e)
{
    struct oracle_settings s = oracle_usual(t);
    struct oracle *o = calloc(1, sizeof *o);
    enum status st;

    (void)question;
    if (!o)
        return err_set(e, ST_NOMEM, "oracle", "no memory for the answer");
    s.told = told;
    s.ctx = a;
    told(a, 0);
    st = oracle_run(t, &s, aside_gate(a), NULL, o, e);
    if (!st)
        oracle_known_of(o, answer);
    free(o);
    return st;
}

const struct aside_kind oracle_ask = {
    .name = "oracle", .answer_bytes = sizeof(struct oracle_known), .keeps = 1, .answer = sum};
