/* Sampling for a search: the prefix is fed once and shared by the pieces' slots, which are decoded in step.
 * The critic's value is read off the decoder's last normed state: of a piece that ends with the trace before
 * its last token, of one that goes on after one more step. */
#include "engine/run/search_sample.h"

#include <math.h>
#include <string.h>

enum { FEED = 128 };  /* rows of a prefix a call */

/* Feeds prompt and prefix but for the last token, which is returned, and gives every slot its share. */
static uint16_t feed(struct search_sampler *s, int prefix_n, int count)
{
    int n = s->prompt_n + prefix_n - 1, fed = 0, slot[FEED] = {0}, position[FEED];
    uint16_t token[FEED];
    while (fed < n) {
        int rows = n - fed < FEED ? n - fed : FEED;
        for (int i = 0; i < rows; i++) {
            position[i] = fed + i;
            token[i] = fed + i < s->prompt_n ? s->prompt[fed + i] : s->prefix[fed + i - s->prompt_n];
        }
        decoder_step(s->d, rows, slot, token, position);
        fed += rows;
    }
    for (int i = 1; i < count; i++)
        decoder_share(s->d, 0, i, n);
    return prefix_n ? s->prefix[prefix_n - 1] : s->prompt[s->prompt_n - 1];
}

/* The value head on row r of the decoder's last call. */
static double head_value(const struct decoder *d, int r)
{
    const struct params *p = &d->m->params;
    int D = d->m->config.width;
    const real *w = d->w + p->row[p->value_weight].offset, *x = d->normed + (size_t)r * (size_t)D;
    double sum = (double)d->w[p->row[p->value_bias].offset];
    for (int i = 0; i < D; i++)
        sum += (double)x[i] * (double)w[i];
    return sum;
}

/* Rows of one decoder call: row r goes on with piece slot[r]. */
struct rows {
    int n, slot[SEARCH_BRANCHES_MAX], position[SEARCH_BRANCHES_MAX], none[SEARCH_BRANCHES_MAX];
    uint16_t token[SEARCH_BRANCHES_MAX];
};

/* One token for every row; pieces that end leave, those whose segment ends go to `last` for their value. */
static enum status next_tokens(struct search_sampler *s, struct search_piece *piece, int prefix_n, int to_end,
                               struct rows *rows, struct rows *last)
{
    const struct trainer *t = s->t;
    struct sampling how = {.temperature = s->temperature, .top_p = 1, .seed = s->seed, .stream = RNG_RESAMPLE,
                           .step = (uint32_t)t->step};
    int V = t->model.config.vocab_n, kept = 0;
    real skip[SEARCH_BRANCHES_MAX], entropy[SEARCH_BRANCHES_MAX];
    real *p = (real *)decoder_step(s->d, rows->n, rows->slot, rows->token, rows->position);
    double before[SEARCH_BRANCHES_MAX] = {0};
    for (int r = 0; r < rows->n && s->with_value; r++)
        before[r] = head_value(s->d, r);
    s->d->m->k->softmax(rows->n, V, p, (real)(1 / how.temperature), rows->none, skip, entropy);
    for (int r = 0; r < rows->n; r++) {
        struct search_piece *x = &piece[rows->slot[r]];
        struct rows *to = rows;
        float logp, unused;
        uint32_t key = s->serial + (uint32_t)rows->slot[r], place = (uint32_t)(prefix_n + x->n);
        int id = sample_token(V, p + (size_t)r * (size_t)V, &how, (uint32_t)s->number, key, place, &logp,
                              &unused);
        int at;
        if (!isfinite(logp))
            return ST_NONFINITE;
        x->token[x->n++] = (uint16_t)id;
        x->logp += (double)logp;
        s->spent++;
        x->cut_off = id != t->task.end_token && prefix_n + x->n >= t->set.rl.max_tokens;
        x->ended = id == t->task.end_token || x->cut_off;
        if (x->ended) {
            x->value = before[r];
            continue;
        }
        if (!to_end && (id == s->wait || id == s->think_end || x->n >= s->segment))
            to = last;
        at = to == rows ? kept++ : last->n++;
        to->slot[at] = rows->slot[r];
        to->position[at] = rows->position[r] + 1;
        to->token[at] = (uint16_t)id;
    }
    rows->n = kept;
    return ST_OK;
}

enum status search_extend(struct search_sampler *s, int prefix_n, int count, int to_end, int left,
                          struct search_piece *piece, int *over)
{
    struct rows rows = {.n = count}, last = {0};
    uint16_t token = feed(s, prefix_n, count);
    int begin = s->spent;
    enum status st = ST_OK;
    memset(rows.none, 0xff, sizeof rows.none);
    for (int i = 0; i < count; i++) {
        uint16_t *keep = piece[i].token;
        piece[i] = (struct search_piece){.token = keep};
        rows.slot[i] = i;
        rows.position[i] = s->prompt_n + prefix_n - 1;
        rows.token[i] = token;
    }
    *over = 0;
    while (rows.n && !st && !*over) {
        *over = s->spent - begin + rows.n > left;
        if (!*over)
            st = gate_point(s->gate, GATE_TOKEN, s->number, s->worker);
        if (!st && !*over)
            st = next_tokens(s, piece, prefix_n, to_end, &rows, &last);
        if (!st)
            st = (enum status)atomic_load(s->stop);
    }
    s->serial += (uint32_t)count;
    if (!st && !*over && last.n && s->with_value) {
        decoder_step(s->d, last.n, last.slot, last.token, last.position);
        for (int r = 0; r < last.n; r++)
            piece[last.slot[r]].value = head_value(s->d, r);
    }
    return st;
}
