/* Which tokens the experts serve: one forward a trace, counted by token, expert and layer. */
#include <stdlib.h>
#include <string.h>

#include "engine/run/inspect.h"

static int moe_layers(const struct trainer *t)
{
    int n = 0;
    for (int l = 0; l < t->model.config.layers_n; l++)
        n += t->model.params.layer[l].moe_index >= 0;
    return n < SNAP_LAYERS ? n : SNAP_LAYERS;
}

enum status inspect_routing_init(struct inspect_routing *r, const struct trainer *t, struct err *e)
{
    size_t cells;
    memset(r, 0, sizeof *r);
    r->layers_n = moe_layers(t);
    r->experts_n = r->layers_n ? t->model.config.experts_n : 0;
    r->vocab_n = t->model.config.vocab_n;
    cells = (size_t)r->layers_n * (size_t)r->experts_n * (size_t)r->vocab_n;
    r->count = calloc(cells + 1, sizeof *r->count);
    r->seen = calloc((size_t)r->vocab_n + 1, sizeof *r->seen);
    r->affinity = calloc((size_t)r->layers_n * (size_t)r->experts_n + 1, sizeof *r->affinity);
    if (r->count && r->seen && r->affinity)
        return ST_OK;
    inspect_routing_free(r);
    return err_set(e, ST_NOMEM, "inspect", "no memory to count %zu places", cells);
}

void inspect_routing_free(struct inspect_routing *r)
{
    free(r->count);
    free(r->seen);
    free(r->affinity);
    memset(r, 0, sizeof *r);
}

enum status inspect_routing_add(struct inspect_routing *r, struct trainer *t, const struct inspect_trace *x,
                                struct err *e)
{
    const struct model *m = &t->model;
    int K = m->config.top_k, layer = 0;
    float logp[SNAP_TOKENS];
    enum status st;
    if (r->layers_n == 0 || x->n < 2)
        return ST_OK;
    st = inspect_logp(t, x, logp, e);
    if (st)
        return st;
    for (int l = 0; l < m->config.layers_n && layer < r->layers_n; l++) {
        const struct block_state *s = &t->learner.ws[0].block[l];
        if (m->params.layer[l].moe_index < 0)
            continue;
        for (int i = 0; i + 1 < x->n; i++) {
            const real *affinity = s->affinity + (size_t)(x->prompt_n + i) * (size_t)r->experts_n;
            for (int j = 0; j < K; j++) {
                int expert = s->chosen[(size_t)(x->prompt_n + i) * K + j];
                r->count[((size_t)layer * r->experts_n + expert) * r->vocab_n + x->token[i]]++;
            }
            for (int n = 0; n < r->experts_n; n++)
                r->affinity[layer * r->experts_n + n] += (double)affinity[n];
        }
        layer++;
    }
    for (int i = 0; i + 1 < x->n; i++)
        r->seen[x->token[i]]++;
    r->tokens += x->n - 1;
    return ST_OK;
}

enum kind { KIND_NUMBER, KIND_OPERATOR, KIND_STRUCTURE, KIND_WORD };

/* Tags and the words that name the roles are structure; what is neither digits nor letters is an operator. */
static enum kind kind_of(const char *word)
{
    char c = word[0];
    if (c >= '0' && c <= '9')
        return KIND_NUMBER;
    if ((c == '<' && word[1]) || strcmp(word, "User") == 0 || strcmp(word, "Assistant") == 0 ||
        strcmp(word, ":") == 0)
        return KIND_STRUCTURE;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80)
        return KIND_WORD;
    return KIND_OPERATOR;
}

/* The tokens that come to the expert most above its share of all; of equal ones the more frequent first. */
static void best_tokens(const struct inspect_routing *r, const struct vocab *v, const uint32_t *count,
                        int top_k, struct served *out)
{
    int taken[SERVED_WORDS] = {0};
    out->words_n = 0;
    while (out->words_n < SERVED_WORDS) {
        int best = -1;
        double part = 0;
        for (int id = 0; id < r->vocab_n && id < v->n; id++) {
            double own = r->seen[id] ? (double)count[id] / ((double)r->seen[id] * top_k) : 0;
            int is_free = r->seen[id] >= ROUTING_SEEN && own > (double)out->share;
            for (int j = 0; j < out->words_n && is_free; j++)
                is_free = taken[j] != id;
            if (is_free && (best < 0 || own > part || (own >= part && r->seen[id] > r->seen[best]))) {
                best = id;
                part = own;
            }
        }
        if (best < 0)
            return;
        taken[out->words_n] = best;
        out->part[out->words_n] = (float)part;
        inspect_spell(v, best, out->word[out->words_n++]);
    }
}

void inspect_routing_facts(const struct inspect_routing *r, const struct vocab *v, struct routing_facts *out)
{
    out->layers_n = r->layers_n;
    out->experts_n = r->experts_n;
    out->tokens = r->tokens;
    for (int at = 0; at < r->layers_n * r->experts_n; at++) {
        const uint32_t *count = r->count + (size_t)at * (size_t)r->vocab_n;
        const uint32_t *layer =
            r->count + (size_t)(at / r->experts_n) * (size_t)r->experts_n * (size_t)r->vocab_n;
        struct served *s = &out->served[at];
        double kind[4] = {0}, own = 0, all = 0;
        memset(s, 0, sizeof *s);
        for (int id = 0; id < r->vocab_n && id < v->n; id++) {
            kind[kind_of(v->token[id])] += count[id];
            own += count[id];
        }
        for (size_t i = 0; i < (size_t)r->experts_n * (size_t)r->vocab_n; i++)
            all += layer[i];
        s->share = all > 0 ? (float)(own / all) : 0;
        s->affinity = r->tokens > 0 ? (float)(r->affinity[at] / (double)r->tokens) : 0;
        if (own > 0) {
            s->numbers = (float)(kind[KIND_NUMBER] / own);
            s->operators = (float)(kind[KIND_OPERATOR] / own);
            s->structure = (float)(kind[KIND_STRUCTURE] / own);
            s->words = (float)(kind[KIND_WORD] / own);
        }
        best_tokens(r, v, count, r->tokens > 0 ? (int)(all / (double)r->tokens + 0.5) : 1, s);
    }
}
