/* Which tokens of a trace drafts of the model's MTP modules would have brought.
 *
 * The training forward has the modules' log-probabilities of the trace's own tokens, and what a cycle of
 * speculate.c drafts behind an accepted token is what the modules say of the true text: so one forward tells
 * all cycles. Module k (from 0) at row r speaks of the token k + 2 places on; a cycle whose last known token
 * is row `last` asks every module at row last - 1. Invariant: the replay goes from left to right and reads
 * nothing behind the token that it decides about. */
#include "engine/run/inspect.h"

#include <math.h>

/* Whether the draft of token i stands. */
static int stands(const struct trainer *t, const struct trace_facts *out, int i)
{
    struct rng place = rng_at(t->seed, RNG_DRAFT, (uint32_t)out->step, (uint32_t)out->group,
                              (uint32_t)out->index);
    place.position = (uint32_t)i;
    return rng_unit(&place) < (double)out->draft_chance[i];
}

/* One cycle that begins with token i; `last` is the row of the token before. Returns the next one's begin. */
static int replay_cycle(const struct trainer *t, int last, int i, int n, struct trace_facts *out)
{
    const struct workspace *ws = &t->learner.ws[0];
    int depth = t->model.config.mtp_depth, room = t->set.rl.max_tokens - i;
    for (int j = 0; i + j < n; j++) {
        /* As speculate.c: a cycle gives one token more than it drafts, and a module needs a row. */
        if (j >= depth || last < 1 || j + 1 >= room)
            return i + j + 1;
        out->draft_chance[i + j] =
            expf(fminf(0, (float)ws->mtp[j].logp[last - 1] - (float)ws->logp[last + j]));
        out->draft[i + j] = (uint8_t)(j + 1);
        if (!stands(t, out, i + j))
            return i + j + 1;
        out->draft[i + j] |= FACT_ACCEPTED;
    }
    return n;
}

enum status inspect_drafts(struct trainer *t, const struct inspect_trace *x, struct trace_facts *out,
                           struct err *e)
{
    struct learner *l = &t->learner;
    float logp[SNAP_TOKENS];
    enum status st;
    out->drafts_n = 0;
    if (t->model.config.mtp_depth < 1)
        return ST_OK;
    if (x->n > 0) {
        st = inspect_logp(t, x, logp, e);   /* lays the trace out; then once more, with the modules */
        if (!st)
            st = model_forward(l->m, l->w, l->bias, &l->packed[0].t, (real)(1 / t->set.rl.temperature), 1,
                               &l->ws[0], e);
        if (st)
            return st;
    }
    for (int i = 0; i < x->n; i++) {
        out->draft[i] = 0;
        out->draft_chance[i] = NAN;
    }
    for (int i = 0; i < x->n;)
        i = replay_cycle(t, x->prompt_n - 1 + i, i, x->n, out);
    out->drafts_n = t->model.config.mtp_depth;
    return ST_OK;
}
