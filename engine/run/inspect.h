#ifndef GRPOLAB_RUN_INSPECT_H
#define GRPOLAB_RUN_INSPECT_H

#include "engine/run/facts.h"
#include "engine/run/trainer.h"

/* What a trainer's present weights say of traces that are given: the numbers that a training step sees and
 * does not keep. Everything here is for a trainer of the caller's own, between steps: its scratch memory is
 * used, its state is as before when a call returns. Used by one thread; what the trainer's pool does stays
 * inside the calls. */

/* A prompt and a completion. prompt_n in 1..PROMPT_MAX, n in 0..the settings' max_tokens. */
struct inspect_trace {
    const uint16_t *prompt, *token;
    int prompt_n, n;
};

/* inspect_tokens: fills out's n, has_tokens and the fields of each token by the training forward at the run's
 * rl temperature, under the policy and, where the trainer has one, the reference (ref_logp NaN without). A
 * token's experts are those of the position that predicts it, the one whose input is the token before.
 * new_logp is NaN. With the weights of the step's beginning logp is the step's logp_old to the bit: a row of
 * the forward does not depend on which sequences share the pass, unless the head is tied to the embedding
 * (then within 1e-4). Errors: ST_USAGE (too long), ST_NONFINITE; out's fields are then undefined. */
enum status inspect_tokens(struct trainer *t, const struct inspect_trace *x, struct trace_facts *out,
                           struct err *e);

/* inspect_drafts: how speculative sampling with the model's own MTP modules, a draft each a cycle (V3 section
 * 2.2.3; not more than the settings' max_tokens leave room for), would have come to the trace's tokens.
 * Written with the probability p, a token stands as the draft of a module that gives it q with min(p, q): so,
 * given that it was written, with min(1, q/p), decided by a number that belongs to run, step, group, index
 * and token. Fills out's drafts_n, draft and draft_chance; out's step, group and index are read. What a token
 * got does not change while the trace grows. A model without modules: drafts_n 0. Errors as above. */
enum status inspect_drafts(struct trainer *t, const struct inspect_trace *x, struct trace_facts *out,
                           struct err *e);

/* inspect_logp: log-probabilities of the completion's tokens alone, logp [n], nats. Errors as above. */
enum status inspect_logp(struct trainer *t, const struct inspect_trace *x, float *logp, struct err *e);
/* inspect_after: out's new_logp, new_entropy and, where the model has a value head, new_expected by the present
 * weights, which are those after the step. Errors as above. */
enum status inspect_after(struct trainer *t, const struct inspect_trace *x, struct trace_facts *out,
                          struct err *e);
/* inspect_sum: the sum of the tokens' log-probabilities, nats, under the policy or the reference, added in
 * double precision as dpo_update adds them; 0 for no token. Errors as above; ST_USAGE (no reference). */
enum status inspect_sum(struct trainer *t, const struct inspect_trace *x, int of_reference, double *sum,
                        struct err *e);
/* inspect_critic: out's critic fields but new_value, of completion `index` of `group`, from the batch of the
 * step that the trainer has just taken. Nothing is filled where its loss is not ppo. Errors: ST_CORRUPT: the
 * batch has another completion there. */
enum status inspect_critic(const struct trainer *t, const struct inspect_trace *x, int group, int index,
                           struct trace_facts *out, struct err *e);

/* inspect_spell: a token's spelling, cut to FACT_WORD bytes but never inside a character of several bytes. */
void inspect_spell(const struct vocab *v, int id, char out[FACT_WORD]);

/* A copy of what learns (weights, moments, biases, averages, reference) and its step. A
 * zeroed one is empty. */
struct inspect_state {
    real *block;               /* all of it, one after the other; NULL: empty */
    size_t reals, averages;
    double *load_average;
    double running_mean[2];
    int64_t updates, step, reference_step;
};

/* inspect_save: copies the trainer's state; memory is taken at the first use, and again when the shapes
 * differ. Errors: ST_NOMEM, the copy is then empty. inspect_restore: puts it back; a trainer of the same
 * shapes. */
enum status inspect_save(struct inspect_state *s, const struct trainer *t, struct err *e);
void inspect_restore(const struct inspect_state *s, struct trainer *t);
void inspect_state_free(struct inspect_state *s);

/* inspect_attention: what head `head` of layer `layer` (both from 0) looks at along the trace, by the
 * training forward under the policy. Fills all of out but version, run, step, group and index.
 *   weight  P = softmax(q k^T / sqrt(d_k)), V3 eq. 10, from the forward's own q, k and log-sum-exp
 *   content, place  with MLA the two terms of the scaled score: q_C . k_C, which is q~ . c_KV of the absorbed
 *           form (V2 section 2.1.2), and q_R . k_R; with multi-head attention content is all, place 0
 * inspect_attention_output: the largest difference between the head's output in the forward and the sum of
 * weight times value, over all rows; directly after inspect_attention. Errors: ST_USAGE (no such layer or
 * head, too long), ST_NONFINITE. */
enum status inspect_attention(struct trainer *t, const struct inspect_trace *x, int layer, int head,
                              struct attention_facts *out, struct err *e);
double inspect_attention_output(const struct trainer *t, const struct attention_facts *f);
/* inspect_attention_copy: the parts that are filled, not all of the struct. */
void inspect_attention_copy(struct attention_facts *to, const struct attention_facts *from);

/* Counts of where tokens went, filled trace by trace. */
struct inspect_routing {
    int layers_n, experts_n, vocab_n;
    long tokens;
    uint32_t *count;           /* [layers_n, experts_n, vocab_n] assignments */
    uint32_t *seen;            /* [vocab_n] how often the token was routed */
    double *affinity;          /* [layers_n, experts_n] sums of s over the tokens */
};

/* inspect_routing_init: nothing is counted; layers_n 0 for a dense model. Errors: ST_NOMEM. */
enum status inspect_routing_init(struct inspect_routing *r, const struct trainer *t, struct err *e);
void inspect_routing_free(struct inspect_routing *r);
/* inspect_routing_add: a trace's completion tokens, each at its own position, where it is the layer's input
 * (the last one is never read and does not count). Errors as inspect_tokens. */
enum status inspect_routing_add(struct inspect_routing *r, struct trainer *t, const struct inspect_trace *x,
                                struct err *e);
/* inspect_routing_facts: shares, kinds and the tokens that go to an expert more often than chance, by
 * lift = (its share of the token's assignments) / (its share of all), tokens seen at least ROUTING_SEEN
 * times. out's run and step are the caller's. */
enum { ROUTING_SEEN = 8 };
void inspect_routing_facts(const struct inspect_routing *r, const struct vocab *v, struct routing_facts *out);

/* What one update is asked about: a group of G = batch.G completions, rewards [G]. */
struct inspect_what_if {
    const struct inspect_trace *trace;   /* [G], of one prompt */
    const int *cut_off;                  /* [G] stopped by the length limit; NULL: none was */
    const double *reward;                /* [G] */
    struct objective objective;
    double lr;
};

/* inspect_update: one optimizer step on that group alone, at the learning rate, with the run's AdamW (its
 * second moments, its clipping) but without momentum, beta1 0, so that what moves is the group's own doing;
 * the run's rules for flat and cut-off traces hold. Fills out's n, is_flat, reward, advantage, change = sum
 * over the trace's tokens of the new log-probability minus the old, change_per_token, loss, kl, grad_norm
 * (before clipping). The state is put back from `before`, which must hold it. Errors: ST_USAGE (sizes),
 * ST_CANCELLED, ST_NONFINITE. */
enum status inspect_update(struct trainer *t, const struct inspect_what_if *w,
                           const struct inspect_state *before, const struct gate *gate,
                           struct what_if_facts *out, struct err *e);

#endif
