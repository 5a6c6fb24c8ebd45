/* The pool of pages: who holds which, and attention over them.
 *
 * Invariants: a page is on the stack of free pages exactly when its references are 0, else they are the
 * number of tables that have it; a table has no holes; who writes to a page is its only holder. A page holds
 * all layers of its positions, so that one table serves them all; its inner layout is the kernels' own. */
#include "engine/nn/paged.h"

#include <string.h>

static int *table_of(const struct paged *p, int sequence)
{
    return p->table + (size_t)sequence * (size_t)p->table_n;
}

static real *page_of(const struct paged *p, int layer, int page)
{
    return p->memory + ((size_t)page * (size_t)p->layers_n + (size_t)layer) * p->page_reals;
}

enum status paged_init(struct paged *p, const struct model_config *c, int pages_n, int sequences_n,
                       int positions_n, struct arena *a, struct err *e)
{
    size_t pages = (size_t)pages_n, sequences = (size_t)sequences_n;
    memset(p, 0, sizeof *p);
    if (c->attention != ATTENTION_MLA)
        return err_set(e, ST_USAGE, "paged",
                       "a paged latent cache needs latent attention: model.attention = mla");
    p->layers_n = c->layers_n;
    p->dk = c->kv_rank + c->rope_dim;
    p->dv = c->kv_rank;
    p->pages_n = p->vacant_n = pages_n;
    p->sequences_n = sequences_n;
    p->table_n = (positions_n + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
    p->page_reals = cache_reals(PAGE_POSITIONS, 1, p->dk, p->dv, 1);
    p->memory = arena_alloc(a, pages * (size_t)p->layers_n * p->page_reals * sizeof(real));
    p->references = arena_alloc(a, pages * sizeof(int));
    p->vacant = arena_alloc(a, pages * sizeof(int));
    p->table = arena_alloc(a, sequences * (size_t)p->table_n * sizeof(int));
    p->held = arena_alloc(a, sequences * sizeof(int));
    if (!p->memory || !p->references || !p->vacant || !p->table || !p->held)
        return err_set(e, ST_NOMEM, a->name, "a cache of %d pages does not fit in %zu MB", pages_n,
                       a->cap >> 20);
    memset(p->references, 0, pages * sizeof(int));
    memset(p->held, 0, sequences * sizeof(int));
    for (int i = 0; i < pages_n; i++)
        p->vacant[i] = pages_n - 1 - i;
    return ST_OK;
}

/* A free page, or -1. */
static int take_page(struct paged *p)
{
    int page;
    if (p->vacant_n == 0)
        return -1;
    page = p->vacant[--p->vacant_n];
    p->references[page] = 1;
    if (paged_used(p) > p->peak_n)
        p->peak_n = paged_used(p);
    return page;
}

static void give_back(struct paged *p, int page)
{
    if (--p->references[page] == 0)
        p->vacant[p->vacant_n++] = page;
}

static enum status claim(struct paged *p, int sequence, int position, struct err *e)
{
    int *table = table_of(p, sequence), at = position / PAGE_POSITIONS, page;
    if (position < 0 || at > p->held[sequence] || at >= p->table_n)
        return err_set(e, ST_USAGE, "paged", "position %d of sequence %d, which has %d of at most %d pages",
                       position, sequence, p->held[sequence], p->table_n);
    if (at < p->held[sequence] && p->references[table[at]] == 1)
        return ST_OK;
    page = take_page(p);
    if (page < 0)
        return err_set(e, ST_NOMEM, "paged", "none of %d pages is left for position %d of sequence %d",
                       p->pages_n, position, sequence);
    if (at == p->held[sequence]) {
        p->held[sequence]++;
    } else {
        memcpy(page_of(p, 0, page), page_of(p, 0, table[at]), paged_page_bytes(p));
        p->copied_n++;
        give_back(p, table[at]);
    }
    table[at] = page;
    return ST_OK;
}

enum status paged_claim(struct paged *p, int n, const int *sequence, const int *position, struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < n && !st; i++)
        st = claim(p, sequence[i], position[i], e);
    return st;
}

void paged_drop(struct paged *p, int sequence)
{
    while (p->held[sequence] > 0)
        give_back(p, table_of(p, sequence)[--p->held[sequence]]);
}

void paged_share(struct paged *p, int from, int to, int n)
{
    int pages = (n + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
    if (from == to)
        return;
    paged_drop(p, to);
    for (int i = 0; i < pages && i < p->held[from]; i++) {
        int page = table_of(p, from)[i];
        p->references[page]++;
        table_of(p, to)[p->held[to]++] = page;
    }
}

void paged_put(struct paged *p, const struct kernels *k, int layer, int sequence, int position,
               const real *key)
{
    int page = table_of(p, sequence)[position / PAGE_POSITIONS];
    k->cache_put(position % PAGE_POSITIONS, 1, p->dk, p->dv, 1, page_of(p, layer, page), key, NULL);
}

void paged_attend(const struct paged *p, const struct kernels *k, int layer, int sequence, int n, int H,
                  const real *q, real scale, real *out, real *scratch)
{
    ptrdiff_t stride = (ptrdiff_t)p->layers_n * (ptrdiff_t)p->page_reals;
    k->attend_pages(n, PAGE_POSITIONS, table_of(p, sequence), page_of(p, layer, 0), stride, H, p->dk, p->dv,
                    q, scale, out, scratch);
}

size_t paged_page_bytes(const struct paged *p)
{
    return (size_t)p->layers_n * p->page_reals * sizeof(real);
}

int paged_used(const struct paged *p)
{
    return p->pages_n - p->vacant_n;
}
