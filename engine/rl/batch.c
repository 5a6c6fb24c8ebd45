/* The batch's memory. */
#include "engine/rl/batch.h"

#include <string.h>

enum status batch_init(struct batch *b, int P, int G, int cap, struct arena *a, struct err *e)
{
    size_t p = (size_t)P, n = (size_t)P * (size_t)G, t = n * (size_t)cap;
    struct {
        void *pointer;
        size_t bytes;
    } want[] = {
        {&b->problem, p * sizeof *b->problem}, {&b->prompt, p * sizeof *b->prompt},
        {&b->prompt_n, p * sizeof(int)},       {&b->draw, p * sizeof *b->draw},
        {&b->token, t * sizeof *b->token},     {&b->logp, t * sizeof(float)},
        {&b->entropy, t * sizeof(float)},      {&b->n, n * sizeof *b->n},
        {&b->done, n * sizeof *b->done},       {&b->cut_off, n * sizeof(int)},
        {&b->score, n * sizeof *b->score},     {&b->counts, n * sizeof *b->counts},
        {&b->reward, n * sizeof(double)},      {&b->preference, n * sizeof(double)},
        {&b->mean, p * sizeof(double)},        {&b->std, p * sizeof(double)},
        {&b->flat, p * sizeof(int)},           {&b->advantage, n * sizeof(double)},
        {&b->masked, n * sizeof(int)},         {&b->logp_old, t * sizeof(float)},
        {&b->logp_ref, t * sizeof(float)},     {&b->logp_new, t * sizeof(float)},
    };
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        void *m = arena_alloc(a, want[i].bytes);
        if (!m)
            return err_set(e, ST_NOMEM, a->name,
                           "a batch of %d x %d traces of %d tokens does not fit in %zu MB", P, G, cap,
                           a->cap >> 20);
        memset(m, 0, want[i].bytes);
        memcpy(want[i].pointer, &m, sizeof m);
    }
    b->P = P;
    b->G = G;
    b->N = P * G;
    b->cap = cap;
    return ST_OK;
}

enum status batch_keep_routes(struct batch *b, int route_n, struct arena *a, struct err *e)
{
    size_t n = (size_t)route_n, of_traces = (size_t)b->N * (size_t)b->cap * n;
    size_t of_prompts = (size_t)b->P * PROMPT_MAX * n;
    b->route_n = route_n;
    b->route = arena_alloc(a, of_traces);
    b->prompt_route = arena_alloc(a, of_prompts);
    if (!b->route || !b->prompt_route)
        return err_set(e, ST_NOMEM, a->name, "no room for the experts of %d x %d tokens", b->N, b->cap);
    memset(b->route, 0, of_traces);
    memset(b->prompt_route, 0, of_prompts);
    return ST_OK;
}
