/* Router replay: experts that a sampler chose, and not this forward's own top K. With the choice held fixed
 * the gradient of every parameter agrees with finite differences, and no step on a parameter can change the
 * choice. */
#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

_Static_assert(sizeof(real) == sizeof(double), "finite differences need double precision");

/* Another set of experts than the forward's own, for each row and layer. */
struct replayed {
    struct tiny x;
    uint8_t route[2][TINY_ROWS][4];
};

static void give(struct replayed *p)
{
    const struct model_config *c = &p->x.m.config;
    int E = c->experts_n, K = c->top_k;
    for (int l = c->dense_layers; l < c->layers_n; l++) {
        struct block_state *s = &p->x.ws.block[l];
        for (int t = 0; t < p->x.t.T; t++)
            for (int j = 0; j < K; j++)
                p->route[l][t][j] = (uint8_t)((s->chosen[t * K] + 1 + j + t % 2) % E);
        s->route = p->route[l][0];
        s->route_stride = 4;
        s->replays = 1;
    }
}

static double loss(void *ctx)
{
    struct replayed *p = ctx;
    tiny_forward(&p->x);
    return tiny_loss(&p->x);
}

static void check_kind(enum tiny_kind kind)
{
    static struct replayed p;
    struct model_config c = tiny_config(kind);
    double own;
    c.balance_alpha = 0;     /* its frequencies are the top K of s: not held fixed */
    tiny_init(&p.x, &c, kernels_find("portable"));
    own = loss(&p);
    give(&p);
    cr_assert_gt(fabs(loss(&p) - own), 1e-3, "the routes that are given change nothing");
    for (int l = c.dense_layers; l < c.layers_n; l++) {
        const struct block_state *s = &p.x.ws.block[l];
        cr_assert_gt(s->moved, 0);
        for (int t = 0; t < p.x.t.T; t++)
            for (int j = 0; j < c.top_k; j++)
                cr_assert_eq(s->chosen[t * c.top_k + j], p.route[l][t][j]);
    }
    tiny_backward(&p.x);
    for (int r = 0; r < p.x.m.params.n; r++) {
        const struct param *row = &p.x.m.params.row[r];
        const real *exact = p.x.grad + row->offset;
        double most = 0;
        for (size_t j = 0; j < tiny_row_size(row); j++)
            most = fmax(most, fabs(exact[j]));
        for (size_t j = 0; j < tiny_row_size(row); j++)
            cr_assert_leq(
                gradient_error(exact[j], difference(&p.x.w[row->offset + j], loss, &p), 1e-3 * most),
                GRADIENT_ERROR, "%s[%zu]: %.12g by hand", row->name, j, exact[j]);
    }
    tiny_release(&p.x);
}

Test(replay_gradient, experts_with_a_shared_one) { check_kind(TINY_MLA); }
Test(replay_gradient, groups) { check_kind(TINY_GROUPS); }
