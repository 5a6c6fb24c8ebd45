/* What the loss divides by: the traces and tokens of the update that a trace is learned from in.
 *
 * With several mini-batches a rollout is cut into as many parts, shuffled, and each update divides by its own
 * part alone. Which groups are in which part follows from seed, step and epoch, as the trainer has it
 * (grpo_shuffle), so that the numbers of the trace's own update need not be guessed from the mean of all.
 * Further epochs are cut anew: the numbers are those of the first. */
#include "app/desk/objective_work.h"

#include <math.h>

#include "engine/rl/grpo.h"

/* Of one part; loss: its policy part at ratio 1, where it is - w |o_i| A_i. */
struct part {
    int sequences, micro_batches;
    double tokens, by_trace, by_token, micro;
};

static int first_of(int part, const struct objective_parts *p)
{
    return (int)((int64_t)p->groups_n * part / p->parts_n);
}

void objective_parts(const struct snapshot *s, const struct settings *set, uint64_t seed,
                     struct objective_state *x, struct objective_parts *p)
{
    struct grpo_settings g = {.mini_batches = set->rl.mini_batches, .seed = seed, .step = (uint32_t)s->step};
    struct grpo order = {.order = p->order};
    int i;

    p->groups_n = s->groups_n;
    p->parts_n = g.mini_batches > 0 ? g.mini_batches : 1;
    grpo_shuffle(&order, p->groups_n, &g, 0);
    for (i = 0; i < p->groups_n && p->order[i] != x->group; i++)
        ;
    for (x->mini_batch = 1; x->mini_batch < p->parts_n && i >= first_of(x->mini_batch, p); x->mini_batch++)
        ;
    p->from = first_of(x->mini_batch - 1, p);
    p->to = first_of(x->mini_batch, p);
}

/* bnpo's micro-batch, groups order[from..to-1]. */
static void add_micro(const struct snapshot *s, const struct settings *set, const struct objective_parts *p,
                      int from, int to, struct part *out, struct objective_state *x)
{
    double tokens = 0, sum = 0;
    int i, k, has_trace = 0;

    for (k = from; k < to; k++) {
        has_trace |= p->order[k] == x->group;
        for (i = p->order[k] * s->group_size; i < (p->order[k] + 1) * s->group_size; i++) {
            int n = objective_is_masked(s, set, i) ? 0 : s->trace[i].n;
            tokens += n;
            sum += n * (double)s->trace[i].advantage;
        }
    }
    out->micro_batches += tokens > 0;
    out->micro -= tokens > 0 ? sum / tokens : 0;
    if (has_trace)
        x->micro_tokens = tokens;
}

static struct part read_part(const struct snapshot *s, const struct settings *set,
                             const struct objective_parts *p, int from, int to, struct objective_state *x)
{
    int size = set->rl.micro_prompts > 0 ? set->rl.micro_prompts : p->groups_n, at, i, k;
    struct part out = {0};

    for (k = from; k < to; k++)
        for (i = p->order[k] * s->group_size; i < (p->order[k] + 1) * s->group_size; i++) {
            if (objective_is_masked(s, set, i))
                continue;
            out.sequences++;
            out.tokens += s->trace[i].n;
            out.by_trace += (double)s->trace[i].advantage;
            out.by_token += (double)s->trace[i].advantage * s->trace[i].n;
        }
    for (at = from; at < to; at += size)
        add_micro(s, set, p, at, at + size < to ? at + size : to, &out, x);
    return out;
}

static double loss_of(const struct part *p, const struct objective_state *x)
{
    return x->loss == SHOWN_BNPO                              ? p->micro / p->micro_batches
           : x->loss == SHOWN_DAPO || x->loss == SHOWN_PPO ? -p->by_token / p->tokens
           : x->loss == SHOWN_DR_GRPO ? -p->by_token / ((double)p->sequences * x->max_length)
           : shown_is_log(x->loss)    ? NAN
                                      : -p->by_trace / p->sequences;
}

void objective_scope(const struct snapshot *s, const struct settings *set, struct objective_state *x,
                     const struct objective_parts *p)
{
    double loss = 0;
    int i, used = 0;

    x->step_sequences = 0;
    for (i = 0; i < p->parts_n; i++) {
        struct part part = read_part(s, set, p, first_of(i, p), first_of(i + 1, p), x);
        if (i + 1 == x->mini_batch) {
            x->sequences = part.sequences;
            x->tokens = part.tokens;
            x->micro_batches = part.micro_batches;
        }
        x->step_sequences += part.sequences;
        used += part.sequences > 0; /* the trainer passes over an empty one */
        loss += part.sequences > 0 ? loss_of(&part, x) : 0;
    }
    if (used && x->loss != SHOWN_DPO)
        x->value[TERM_BATCH] = loss / used;
}
