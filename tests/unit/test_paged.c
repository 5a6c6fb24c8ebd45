/* The paged latent cache: at every position of several pages the logits are those of the contiguous cache, in
 * absorbed and in plain form; pages are shared, copied where a holder writes, given back and counted. */
#include <math.h>
#include <stdlib.h>

#include "engine/nn/decode.h"
#include "tests/unit/tiny_model.h"

/* Largest difference of a logit of the order of 1 to 10: from the absorbed form, which differs by the softmax
 * alone, and from the plain form. */
static const double ABSORBED_TOLERANCE = 2e-5, PLAIN_TOLERANCE = 1e-4;

enum { TABLES = 3, POSITIONS = 3 * PAGE_POSITIONS + 2, SEQUENCES = 4, PAGES = 12, VOCAB = 9 };

static const char *const table[TABLES] = {"portable", "avx2", "avx512"};

struct paged_case {
    struct model m;
    struct arena arena;
    struct paged pages;
    struct decoder paged, absorbed, plain;
    real *w, *bias;
    uint16_t token[SEQUENCES][POSITIONS];
};

static void case_init(struct paged_case *c, enum tiny_kind kind, const struct kernels *k)
{
    struct model_config config = tiny_config(kind);
    struct rng r = rng_at(2024, RNG_TEST, 5, 0, 0);
    struct err e;
    memset(c, 0, sizeof *c);
    config.positions_n = POSITIONS;
    config.heads_n = 6;   /* a whole group of heads and a part of one */
    cr_assert_eq(model_init(&c->m, &config, k, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(arena_init(&c->arena, "paged", (size_t)64 << 20, &e), ST_OK);
    c->w = arena_alloc(&c->arena, c->m.params.total * sizeof(real));
    c->bias = arena_alloc(&c->arena, 64 * LAYERS_MAX * sizeof(real));
    cr_assert(c->w && c->bias);
    params_fill(&c->m.params, TINY_SEED, c->w);
    tiny_fill(c->bias, 64 * LAYERS_MAX, 1, 0, 0.2);
    cr_assert_eq(paged_init(&c->pages, &config, PAGES, SEQUENCES, POSITIONS, &c->arena, &e), ST_OK, "%s",
                 e.msg);
    /* Of memory that nobody has written nothing may reach a result. */
    memset(c->pages.memory, 0xff, PAGES * paged_page_bytes(&c->pages));
    cr_assert_eq(decoder_init_paged(&c->paged, &c->m, &c->pages, 4, &c->arena, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(decoder_init(&c->absorbed, &c->m, DECODE_ABSORBED, SEQUENCES, POSITIONS, 4, &c->arena, &e),
                 ST_OK);
    cr_assert_eq(decoder_init(&c->plain, &c->m, DECODE_PLAIN, SEQUENCES, POSITIONS, 4, &c->arena, &e), ST_OK);
    decoder_load(&c->paged, c->w, c->bias);
    decoder_load(&c->absorbed, c->w, c->bias);
    decoder_load(&c->plain, c->w, c->bias);
    for (int s = 0; s < SEQUENCES; s++)
        for (int i = 0; i < POSITIONS; i++)
            c->token[s][i] = (uint16_t)rng_below(&r, VOCAB);
}

static void case_release(struct paged_case *c)
{
    model_release(&c->m);
    arena_release(&c->arena);
}

static void near_to(const real *got, const real *want, double tolerance, const char *form, int position)
{
    for (int v = 0; v < VOCAB; v++)
        cr_assert(fabs((double)got[v] - (double)want[v]) <= tolerance, "position %d, token %d: %.8g, %s %.8g",
                  position, v, (double)got[v], form, (double)want[v]);
}

/* One token of a sequence in all three. */
static void step(struct paged_case *c, int sequence, int position)
{
    const uint16_t *token = &c->token[sequence][position];
    const real *got;
    struct err e;
    cr_assert_eq(paged_claim(&c->pages, 1, &sequence, &position, &e), ST_OK, "%s", e.msg);
    got = decoder_step(&c->paged, 1, &sequence, token, &position);
    near_to(got, decoder_step(&c->absorbed, 1, &sequence, token, &position), ABSORBED_TOLERANCE, "absorbed",
            position);
    near_to(got, decoder_step(&c->plain, 1, &sequence, token, &position), PLAIN_TOLERANCE, "plain", position);
}

static int pages_of(int positions)
{
    return (positions + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
}

/* Every page is on the stack or has as many references as tables have it. */
static void check_books(const struct paged *p)
{
    int count[PAGES] = {0}, vacant = 0;
    for (int s = 0; s < p->sequences_n; s++)
        for (int i = 0; i < p->held[s]; i++)
            count[p->table[s * p->table_n + i]]++;
    for (int i = 0; i < p->pages_n; i++) {
        cr_assert_eq(p->references[i], count[i], "page %d", i);
        vacant += count[i] == 0;
    }
    cr_assert_eq(vacant, p->vacant_n);
    for (int i = 0; i < p->vacant_n; i++)
        cr_assert_eq(count[p->vacant[i]], 0, "page %d is free and in use", p->vacant[i]);
}

Test(paged, every_position_as_the_contiguous_cache)
{
    static const enum tiny_kind kind[] = {TINY_MLA, TINY_GROUPS};
    for (int i = 0; i < 2 * TABLES; i++) {
        const struct kernels *k = kernels_find(table[i % TABLES]);
        struct paged_case c;
        if (!k)
            continue;
        case_init(&c, kind[i / TABLES], k);
        /* Interleaved, so that a sequence's pages do not lie side by side. */
        for (int at = 0; at < POSITIONS; at++)
            for (int s = 0; s < 2; s++) {
                step(&c, s, at);
                cr_assert_eq(paged_used(&c.pages), pages_of(at + 1) + pages_of(at + s));
            }
        check_books(&c.pages);
        case_release(&c);
    }
}

/* A group: a prompt of one page and a part of another; each completion writes at once. */
Test(paged, a_group_holds_its_prompt_together)
{
    static const int prompt[] = {PAGE_POSITIONS + 6, PAGE_POSITIONS, PAGE_POSITIONS - 1};
    for (int i = 0; i < 3; i++) {
        int n = prompt[i], is_open = n % PAGE_POSITIONS != 0, more = n + PAGE_POSITIONS + 3;
        struct paged_case c;
        case_init(&c, TINY_MLA, kernels_best());
        for (int s = 1; s < SEQUENCES; s++)
            memcpy(c.token[s], c.token[0], (size_t)n * sizeof c.token[0][0]);
        for (int at = 0; at < n; at++)
            step(&c, 0, at);
        for (int s = 1; s < SEQUENCES; s++) {
            decoder_share(&c.paged, 0, s, n);
            decoder_share(&c.absorbed, 0, s, n);
            decoder_share(&c.plain, 0, s, n);
        }
        cr_assert_eq(paged_used(&c.pages), pages_of(n), "sharing takes no page");
        check_books(&c.pages);
        for (int at = n; at < more && paged_used(&c.pages) + SEQUENCES <= PAGES; at++)
            for (int s = 0; s < SEQUENCES; s++)
                step(&c, s, at);
        /* The open page is copied for all but its last holder. */
        cr_assert_eq(c.pages.copied_n, is_open ? SEQUENCES - 1 : 0, "%d", n);
        check_books(&c.pages);
        for (int s = 0; s < SEQUENCES; s++) {
            paged_drop(&c.pages, s);
            check_books(&c.pages);
        }
        cr_assert(paged_used(&c.pages) == 0 && c.pages.peak_n > SEQUENCES);
        case_release(&c);
    }
}

/* What is taken back by feeding others in its place does not disturb another holder. */
Test(paged, a_shared_position_can_be_written_again)
{
    struct paged_case c;
    int other = 2, at = 10;
    case_init(&c, TINY_MLA, kernels_best());
    for (int i = 0; i < 20; i++)
        step(&c, 0, i);
    for (int s = 1; s < 3; s++) {
        decoder_share(&c.paged, 0, s, 20);
        decoder_share(&c.absorbed, 0, s, 20);
        decoder_share(&c.plain, 0, s, 20);
    }
    step(&c, other, at);
    step(&c, other, at + 1);
    cr_assert_eq(paged_used(&c.pages), 2);
    for (int i = 20; i < 25; i++)
        for (int s = 0; s < 2; s++)
            step(&c, s, i);
    check_books(&c.pages);
    case_release(&c);
}

Test(paged, an_empty_pool_and_a_hole_are_said)
{
    struct paged_case c;
    struct err e;
    int s = 0, at = 0;
    case_init(&c, TINY_MLA, kernels_best());
    at = PAGE_POSITIONS;
    cr_assert_eq(paged_claim(&c.pages, 1, &s, &at, &e), ST_USAGE, "a hole");
    for (s = 0; s < 3; s++)
        for (at = 0; at < POSITIONS; at += PAGE_POSITIONS)
            cr_assert_eq(paged_claim(&c.pages, 1, &s, &at, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(paged_used(&c.pages), PAGES);
    at = 0;
    cr_assert_eq(paged_claim(&c.pages, 1, &s, &at, &e), ST_NOMEM);
    cr_assert(strstr(e.msg, "none of 12 pages"), "%s", e.msg);
    s = 0;
    at = 4 * PAGE_POSITIONS;
    cr_assert_eq(paged_claim(&c.pages, 1, &s, &at, &e), ST_USAGE, "beyond the table");
    check_books(&c.pages);
    paged_drop(&c.pages, 1);
    s = 3;
    at = 0;
    cr_assert_eq(paged_claim(&c.pages, 1, &s, &at, &e), ST_OK, "%s", e.msg);
    check_books(&c.pages);
    case_release(&c);
}

Test(paged, only_latent_attention)
{
    struct model_config config = tiny_config(TINY_MHA);
    struct arena a;
    struct paged p;
    struct err e;
    cr_assert_eq(arena_init(&a, "small", 1 << 12, &e), ST_OK);
    cr_assert_eq(paged_init(&p, &config, 4, 1, 100, &a, &e), ST_USAGE);
    config = tiny_config(TINY_MLA);
    cr_assert_eq(paged_init(&p, &config, 100, 1, 100, &a, &e), ST_NOMEM);
    arena_release(&a);
}

/* Softmax and value of head q [DK] over keys [n][DK] in double. */
enum { N = 2 * PAGE_POSITIONS + 5, HEADS = 6, DK = 7, DV = 5 };

static void softmax_value(const real *q, real (*key)[DK], double scale, double *value)
{
    double s[N], top = -INFINITY, total = 0;
    for (int t = 0; t < N; t++) {
        s[t] = 0;
        for (int d = 0; d < DK; d++)
            s[t] += scale * (double)q[d] * (double)key[t][d];
        top = fmax(top, s[t]);
    }
    for (int t = 0; t < N; t++)
        total += exp(s[t] - top);
    for (int d = 0; d < DV; d++) {
        value[d] = 0;
        for (int t = 0; t < N; t++)
            value[d] += exp(s[t] - top) / total * (double)key[t][d];
    }
}

/* The kernel alone: maxima that rise from page to page, fall, or lie so far apart that all but one page
 * vanish; pages in any order in memory. */
Test(paged, running_maximum_and_sum)
{
    static const double slope[] = {0, 1, -1, 40, -40};
    static const int at[] = {3, 0, 2};
    static real memory[4 * PAGE_POSITIONS * DK], q[HEADS * DK], key[N][DK];
    real *scratch = calloc(attend_pages_scratch(PAGE_POSITIONS, DV), sizeof *scratch);
    cr_assert_not_null(scratch);
    for (int i = 0; i < 5 * TABLES; i++) {
        const struct kernels *k = kernels_find(table[i % TABLES]);
        size_t page = cache_reals(PAGE_POSITIONS, 1, DK, DV, 1);
        real out[HEADS * DV];
        if (!k)
            continue;
        tiny_fill(q, HEADS * DK, 1, 0, 1);
        tiny_fill(&key[0][0], N * DK, 2, 0, 1);
        memset(memory, 0xff, sizeof memory);
        for (int t = 0; t < N; t++) {
            key[t][0] += (real)(slope[i / TABLES] * (t / PAGE_POSITIONS));
            k->cache_put(t % PAGE_POSITIONS, 1, DK, DV, 1, memory + (size_t)at[t / PAGE_POSITIONS] * page,
                         key[t], NULL);
        }
        for (int h = 0; h < HEADS; h++)
            q[h * DK] = (real)(1 + 0.1 * h);
        k->attend_pages(N, PAGE_POSITIONS, at, memory, (ptrdiff_t)page, HEADS, DK, DV, q, (real)0.7, out,
                        scratch);
        for (int h = 0; h < HEADS; h++) {
            double want[DV];
            softmax_value(q + h * DK, key, 0.7, want);
            for (int d = 0; d < DV; d++)
                cr_assert(fabs((double)out[h * DV + d] - want[d]) < 2e-5 * fmax(1, fabs(want[d])),
                          "%s, slope %g, head %d: %.8g, expected %.8g", k->name, slope[i / TABLES], h,
                          (double)out[h * DV + d], want[d]);
        }
    }
    free(scratch);
}
