/* The whole model's gradient against finite differences: every element of every row of the parameter table,
 * for each kind of model. The discrete choices (experts, and the counts of the balance loss) are held fixed:
 * the inputs are such that no step of a difference changes one, which is asserted. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

_Static_assert(sizeof(real) == sizeof(double), "these tests are for the build in double precision");

/* A model and the expert choices of its undisturbed forward: sets of experts as bits. */
struct probe {
    struct tiny x;
    uint64_t *chosen;             /* [blocks, T, 2]: as routed, and the top K of s without the bias */
    int blocks, moved;
};

static int is_moe(const struct probe *p, int block)
{
    const struct model_config *c = &p->x.m.config;
    return config_is_moe(c, block < c->layers_n ? block : c->layers_n - 1);
}

/* The K highest affinities of a token: what the balance loss counts. */
static uint64_t top_of(const real *s, int E, int K)
{
    uint64_t set = 0;
    for (int e = 0; e < E; e++) {
        int better = 0;
        for (int i = 0; i < E; i++)
            better += s[i] > s[e] || (s[i] == s[e] && i < e);
        if (better < K)
            set |= (uint64_t)1 << e;
    }
    return set;
}

static void choices(const struct probe *p, uint64_t *out)
{
    int T = p->x.t.T, K = p->x.m.config.top_k, E = p->x.m.config.experts_n;
    memset(out, 0, (size_t)(p->blocks * T * 2) * sizeof *out);
    for (int b = 0; b < p->blocks; b++)
        for (int t = 0; t < T && is_moe(p, b); t++) {
            const struct block_state *s = &p->x.ws.block[b];
            uint64_t *pair = out + 2 * (b * T + t);
            for (int j = 0; j < K; j++)
                pair[0] |= (uint64_t)1 << s->chosen[t * K + j];
            pair[1] = top_of(s->affinity + (size_t)t * E, E, K);
        }
}

static double loss(void *ctx)
{
    struct probe *p = ctx;
    size_t n = (size_t)(p->blocks * p->x.t.T * 2);
    uint64_t now[4 * TINY_ROWS * 2];
    tiny_forward(&p->x);
    choices(p, now);
    p->moved |= memcmp(now, p->chosen, n * sizeof *now) != 0;
    return tiny_loss(&p->x);
}

static void probe_init(struct probe *p, enum tiny_kind kind)
{
    struct model_config c = tiny_config(kind);
    memset(p, 0, sizeof *p);
    tiny_init(&p->x, &c, kernels_find("portable"));
    p->blocks = c.layers_n + c.mtp_depth;
    cr_assert_leq(p->blocks, 4);
    p->chosen = calloc((size_t)(p->blocks * p->x.t.T * 2), sizeof *p->chosen);
    cr_assert_not_null(p->chosen);
    tiny_forward(&p->x);
    choices(p, p->chosen);
    tiny_backward(&p->x);
}

static void probe_release(struct probe *p)
{
    free(p->chosen);
    tiny_release(&p->x);
}

/* Every element of one row; the floor is a thousandth of the row's largest gradient. */
static void check_row(struct probe *p, const struct param *row)
{
    size_t n = tiny_row_size(row);
    const real *exact = p->x.grad + row->offset;
    double most = 0;
    for (size_t j = 0; j < n; j++)
        most = fmax(most, fabs(exact[j]));
    cr_assert_gt(most, 1e-4, "%s is left out: no element has a gradient", row->name);
    for (size_t j = 0; j < n; j++) {
        double numeric = difference(&p->x.w[row->offset + j], loss, p);
        cr_assert_not(p->moved, "a step on %s[%zu] changes which experts are chosen", row->name, j);
        cr_assert_leq(gradient_error(exact[j], numeric, 1e-3 * most), GRADIENT_ERROR,
                      "%s[%zu]: %.12g by hand, %.12g by difference",
                      row->name, j, exact[j], numeric);
    }
}

static void check_kind(enum tiny_kind kind)
{
    struct probe p;
    probe_init(&p, kind);
    for (int r = 0; r < p.x.m.params.n; r++)
        check_row(&p, &p.x.m.params.row[r]);
    probe_release(&p);
}

Test(gradients, multi_head_dense_tied) { check_kind(TINY_MHA); }
Test(gradients, latent_attention_and_experts) { check_kind(TINY_MLA); }
Test(gradients, groups_and_balance_loss) { check_kind(TINY_GROUPS); }
Test(gradients, one_mtp_module) { check_kind(TINY_MTP1); }
Test(gradients, two_mtp_modules) { check_kind(TINY_MTP2); }
Test(gradients, mtp_on_dense_blocks) { check_kind(TINY_MTP_DENSE); }
Test(gradients, value_head) { check_kind(TINY_VALUE); }
Test(gradients, grouped_query_attention) { check_kind(TINY_GQA); }
Test(gradients, multi_query_attention) { check_kind(TINY_MQA); }

/* Every expert of every layer is used by these inputs, so that "some element of the row" above is not one
 * expert's. */
Test(gradients, every_expert_learns)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct probe p;
        probe_init(&p, (enum tiny_kind)kind);
        for (int r = 0; r < p.x.m.params.n; r++) {
            const struct param *row = &p.x.m.params.row[r];
            size_t each = (size_t)row->rows * (size_t)row->cols;
            for (int i = 0; i < row->count; i++) {
                double sum = 0;
                for (size_t j = 0; j < each; j++)
                    sum += fabs(p.x.grad[row->offset + (size_t)i * each + j]);
                cr_assert_gt(sum, 1e-4, "kind %d: %s has no gradient in matrix %d", kind, row->name, i);
            }
        }
        probe_release(&p);
    }
}

/* The gaps between rows belong to no tensor. */
Test(gradients, gaps_stay_zero)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct probe p;
        probe_init(&p, (enum tiny_kind)kind);
        for (int r = 0; r < p.x.m.params.n; r++) {
            const struct param *row = &p.x.m.params.row[r];
            size_t end = r + 1 < p.x.m.params.n ? row[1].offset : p.x.m.params.total;
            for (size_t j = row->offset + tiny_row_size(row); j < end; j++)
                cr_assert_eq(p.x.grad[j], 0, "kind %d: the gap behind %s has a gradient", kind, row->name);
        }
        probe_release(&p);
    }
}

/* model_backward adds: a second call doubles what stands there. */
Test(gradients, backward_adds)
{
    struct model_config c = tiny_config(TINY_MTP2);
    struct tiny x;
    real *once;
    tiny_init(&x, &c, kernels_find("portable"));
    tiny_forward(&x);
    tiny_backward(&x);
    once = arena_alloc(&x.arena, x.m.params.total * sizeof(real));
    cr_assert_not_null(once);
    memcpy(once, x.grad, x.m.params.total * sizeof(real));
    tiny_forward(&x);
    model_backward(&x.m, x.w, &x.t, x.inv_temperature, x.dlogp, x.mtp_dlogp, NULL, x.balance_weight, &x.ws,
                   x.grad);
    for (size_t j = 0; j < x.m.params.total; j++)
        cr_assert(fabs(x.grad[j] - 2 * once[j]) <= 1e-12 * (1 + fabs(once[j])),
                  "element %zu: %.15g after %.15g", j, x.grad[j],
                  once[j]);
    tiny_release(&x);
}
