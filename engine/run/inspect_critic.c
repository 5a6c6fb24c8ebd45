/* What a critic said of a trace: read off the batch of the step that a trainer has just taken again.
 *
 * Values, returns and advantages of all traces belong together, because a step may normalise its advantages
 * over them; so they are not found out trace by trace but taken from the update itself. Invariant: nothing of
 * the trainer is written. */
#include <math.h>
#include <string.h>

#include "engine/run/inspect.h"

static size_t row_of(const struct batch *b, int trace)
{
    return (size_t)trace * (size_t)b->cap;
}

/* Mean and deviation of R - V over the tokens that the loss counts; 0 and 0 where nothing is normalised. */
static void spread_of(const struct trainer *t, double *mean, double *std)
{
    const struct batch *b = &t->batch;
    const struct ppo *p = &t->grpo.ppo;
    double n = 0, sum = 0, squares = 0;
    *mean = *std = 0;
    if (!t->set.rl.advantage_norm)
        return;
    for (int i = 0; i < b->N; i++)
        for (int k = 0; k < b->n[i] && !b->masked[i]; k++, n++)
            sum += p->ret[row_of(b, i) + (size_t)k] - p->value[row_of(b, i) + (size_t)k];
    *mean = n > 0 ? sum / n : 0;
    for (int i = 0; i < b->N; i++)
        for (int k = 0; k < b->n[i] && !b->masked[i]; k++) {
            double d = p->ret[row_of(b, i) + (size_t)k] - p->value[row_of(b, i) + (size_t)k] - *mean;
            squares += d * d;
        }
    *std = n > 0 ? sqrt(squares / n) : 0;
}

enum status inspect_critic(const struct trainer *t, const struct inspect_trace *x, int group, int index,
                           struct trace_facts *out, struct err *e)
{
    const struct batch *b = &t->batch;
    int trace = group * b->G + index;
    size_t at;
    out->has_critic = 0;
    if (!b->token_advantage || t->set.rl.loss != LOSS_PPO)
        return ST_OK;
    if (group < 0 || group >= b->P || index < 0 || index >= b->G || b->n[trace] != x->n ||
        memcmp(b->token + row_of(b, trace), x->token, (size_t)x->n * sizeof *x->token) != 0)
        return err_set(e, ST_CORRUPT, "inspect", "the step taken again has another completion %d in group %d",
                       index + 1, group + 1);
    at = row_of(b, trace);
    for (int k = 0; k < x->n; k++) {
        out->expected[k] = (float)t->grpo.ppo.value[at + (size_t)k];
        out->came[k] = (float)t->grpo.ppo.ret[at + (size_t)k];
        out->advantage[k] = (float)b->token_advantage[at + (size_t)k];
    }
    spread_of(t, &out->advantage_mean, &out->advantage_std);
    out->has_critic = 1;
    return ST_OK;
}
