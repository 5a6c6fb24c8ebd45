/* The samples of a problem, decoded in chunks of a fixed size: traces share their prompt, and finished ones
 * leave the call. */
#include <math.h>
#include <string.h>

#include "engine/run/compute_work.h"

enum { FEED = 128 };

/* Rows of a decoder's call. */
struct rows {
    int n, slot[FEED], position[FEED], none[FEED];
    uint16_t token[FEED];
};

static void add_row(struct decoder *d, struct rows *r, int slot, int position, uint16_t token)
{
    if (r->n == FEED || r->n == d->rows_n) {
        decoder_step(d, r->n, r->slot, r->token, r->position);
        r->n = 0;
    }
    r->slot[r->n] = slot;
    r->position[r->n] = position;
    r->token[r->n++] = token;
}

/* The prompt once, shared by the slots, then what each trace holds already, but for each one's last token. */
static void feed(struct work *w, const struct traces *x, const int *which, int count, struct rows *r)
{
    struct decoder *d = w->d;
    int n = w->prompt_n - 1;
    r->n = 0;
    for (int i = 0; i < n; i++)
        add_row(d, r, 0, i, w->prompt[i]);
    if (r->n)
        decoder_step(d, r->n, r->slot, r->token, r->position);
    r->n = 0;
    for (int s = 1; s < count; s++)
        decoder_share(d, 0, s, n);
    for (int s = 0; s < count; s++) {
        const uint16_t *token = x->token + (size_t)which[s] * (size_t)w->j->cap;
        for (int i = 0; i < x->n[which[s]]; i++)
            add_row(d, r, s, n + i, i ? token[i - 1] : w->prompt[n]);
    }
    if (r->n)
        decoder_step(d, r->n, r->slot, r->token, r->position);
    r->n = 0;
    for (int s = 0; s < count; s++) {
        int have = x->n[which[s]];
        r->slot[r->n] = s;
        r->position[r->n] = n + have;
        r->token[r->n++] = have ? x->token[(size_t)which[s] * (size_t)w->j->cap + (size_t)have - 1]
                                : w->prompt[n];
    }
}

/* One token for every row; finished traces leave. */
static enum status next_tokens(struct work *w, struct traces *x, const int *which, struct rows *r)
{
    struct job *j = w->j;
    const struct trainer *t = j->t;
    struct sampling how = {.temperature = j->f->temperature[w->setting],
                           .top_p = j->f->top_p[w->setting],
                           .seed = t->seed,
                           .stream = RNG_COMPUTE,
                           .step = (uint32_t)t->step};
    int V = t->model.config.vocab_n, kept = 0;
    real *p = (real *)decoder_step(w->d, r->n, r->slot, r->token, r->position), skip[COMPUTE_CHUNK], h[COMPUTE_CHUNK];
    w->d->m->k->softmax(r->n, V, p, (real)(1 / how.temperature), r->none, skip, h);
    for (int i = 0; i < r->n; i++) {
        int at = which[r->slot[i]], id;
        uint32_t key = (uint32_t)w->setting << 16 | (uint32_t)w->pass << 8 | (uint32_t)at;
        float logp, entropy;
        id = sample_token(V, p + (size_t)i * (size_t)V, &how, (uint32_t)w->index, key, (uint32_t)x->n[at],
                          &logp, &entropy);
        if (!isfinite(logp))
            return ST_NONFINITE;
        x->logp[(size_t)at * (size_t)j->cap + (size_t)x->n[at]] = logp;
        x->token[(size_t)at * (size_t)j->cap + (size_t)x->n[at]++] = (uint16_t)id;
        x->cut_off[at] = id != t->task.end_token && x->n[at] >= j->cap;
        if (id == t->task.end_token || x->n[at] >= j->cap)
            continue;
        r->slot[kept] = r->slot[i];
        r->position[kept] = r->position[i] + 1;
        r->token[kept++] = (uint16_t)id;
    }
    r->n = kept;
    return ST_OK;
}

enum status compute_sample(struct work *w, struct traces *x, const int *which, int many)
{
    struct rows r;
    enum status st = ST_OK;
    memset(r.none, 0xff, sizeof r.none);
    for (int first = 0; first < many && !st; first += w->j->chunk) {
        int count = many - first < w->j->chunk ? many - first : w->j->chunk;
        feed(w, x, which + first, count, &r);
        while (r.n && !st) {
            st = gate_point(w->j->h->gate, GATE_TOKEN, w->index, w->worker);
            if (!st)
                st = next_tokens(w, x, which + first, &r);
            if (!st)
                st = (enum status)atomic_load(&w->j->status);
        }
    }
    return st;
}
