/* Each layer apart: the gradients of its input and of its weights against finite differences of sum r *
 * output, r random. A fault in a layer is named here by its layer; that the layers fit together is
 * test_gradients.c's. */
#include <criterion/criterion.h>

#include "engine/nn/block.h"
#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

enum part { ATTENTION, FEED_FORWARD, EXPERTS, HEAD, BLOCK };

struct layer {
    struct tiny x;
    enum part part;
    int l, chosen[2 * TINY_ROWS], moved;
    real *in, *out, *weight;      /* [T,D], [T,D|V], and the random weights of the output */
    int in_n, out_n;
};

static const struct block_params *params_of(const struct layer *y)
{
    return &y->x.m.params.layer[y->l];
}

/* Where a part reads from: the place in the block's state that its forward starts at. */
static real *input_of(struct layer *y)
{
    struct block_state *s = &y->x.ws.block[y->l];
    return y->part == FEED_FORWARD ? s->mid : y->part == EXPERTS ? s->ffn_in : y->part == HEAD ?
        y->x.ws.normed : s->x;
}

static void forward(struct layer *y)
{
    struct tiny *x = &y->x;
    struct block_state *s = &x->ws.block[y->l];
    const struct block_params *b = params_of(y);
    real load[64] = {0};
    memcpy(input_of(y), y->in, (size_t)y->in_n * sizeof(real));
    if (y->part == ATTENTION) {
        attention_block_forward(&x->m, b, x->w, &x->t, s, x->ws.scratch);
        memcpy(y->out, s->mid, (size_t)y->out_n * sizeof(real));
    } else if (y->part == FEED_FORWARD) {
        ffn_block_forward(&x->m, b, x->w, x->bias, &x->t, s, y->out, load);
    } else if (y->part == EXPERTS) {
        memset(y->out, 0, (size_t)y->out_n * sizeof(real));
        moe_forward(&x->m, b, x->w, x->bias, &x->t, s, y->out, load);
    } else if (y->part == HEAD) {
        head_forward(&x->m, x->w, x->t.T, x->ws.normed, y->out);
    } else {
        block_forward(&x->m, b, x->w, x->bias, &x->t, s, y->out, x->ws.load, x->ws.scratch);
    }
}

static int routes(const struct layer *y)
{
    return y->part != ATTENTION && y->part != HEAD && params_of(y)->router >= 0;
}

static double loss(void *ctx)
{
    struct layer *y = ctx;
    const struct block_state *s = &y->x.ws.block[y->l];
    double sum = 0;
    forward(y);
    for (int i = 0; i < y->out_n; i++)
        sum += y->weight[i] * y->out[i];
    if (routes(y)) {
        sum += y->x.balance_weight * s->balance;
        y->moved |= memcmp(y->chosen, s->chosen, (size_t)(y->x.t.T * y->x.m.config.top_k) * sizeof(int)) != 0;
    }
    return sum;
}

/* d loss / d input, the residual path included where the part has one. */
static void backward(struct layer *y, real *dx)
{
    struct tiny *x = &y->x;
    struct block_state *s = &x->ws.block[y->l];
    const struct block_params *b = params_of(y);
    size_t bytes = (size_t)y->in_n * sizeof(real);
    memset(x->grad, 0, x->m.params.total * sizeof(real));
    memset(dx, 0, bytes);
    if (y->part == ATTENTION) {
        memcpy(dx, y->weight, bytes);
        attention_block_backward(&x->m, b, x->w, &x->t, s, y->weight, dx, &x->ws, x->grad);
    } else if (y->part == FEED_FORWARD) {
        memcpy(dx, y->weight, bytes);
        ffn_block_backward(&x->m, b, x->w, &x->t, s, y->weight, x->balance_weight, dx, &x->ws, x->grad);
    } else if (y->part == EXPERTS) {
        moe_backward(&x->m, b, x->w, &x->t, s, y->weight, x->balance_weight, dx, &x->ws, x->grad);
    } else if (y->part == HEAD) {
        head_backward(&x->m, x->w, x->t.T, x->ws.normed, y->weight, dx, x->grad);
    } else {
        memcpy(dx, y->weight, bytes);
        block_backward(&x->m, b, x->w, &x->t, s, x->balance_weight, dx, &x->ws, x->grad);
    }
}

static void layer_init(struct layer *y, enum tiny_kind kind, enum part part, int l)
{
    struct model_config c = tiny_config(kind);
    memset(y, 0, sizeof *y);
    tiny_init(&y->x, &c, kernels_find("portable"));
    y->part = part;
    y->l = l;
    y->in_n = y->x.t.T * c.width;
    y->out_n = part == HEAD ? y->x.t.T * c.vocab_n : y->in_n;
    y->in = arena_alloc(&y->x.arena, (size_t)y->in_n * sizeof(real));
    y->out = arena_alloc(&y->x.arena, (size_t)y->out_n * sizeof(real));
    y->weight = arena_alloc(&y->x.arena, (size_t)y->out_n * sizeof(real));
    cr_assert(y->in && y->out && y->weight);
    tiny_fill(y->in, (size_t)y->in_n, 200 + (uint32_t)part, 0, 1);
    tiny_fill(y->weight, (size_t)y->out_n, 300 + (uint32_t)part, 0, 1);
    forward(y);
    if (routes(y))
        memcpy(y->chosen, y->x.ws.block[l].chosen, (size_t)(y->x.t.T * c.top_k) * sizeof(int));
}

/* Rows whose gradient is nonzero must be exactly the part's own; returns how many. */
static int rows_touched(const struct layer *y)
{
    int n = 0;
    for (int r = 0; r < y->x.m.params.n; r++) {
        const struct param *row = &y->x.m.params.row[r];
        double most = 0;
        for (size_t j = 0; j < tiny_row_size(row); j++)
            most = fmax(most, fabs(y->x.grad[row->offset + j]));
        n += most > 0;
    }
    return n;
}

static void check(enum tiny_kind kind, enum part part, int l, int rows)
{
    struct layer y;
    real *dx;
    layer_init(&y, kind, part, l);
    dx = arena_alloc(&y.x.arena, (size_t)y.in_n * sizeof(real));
    cr_assert_not_null(dx);
    backward(&y, dx);
    cr_assert_eq(rows_touched(&y), rows, "kind %d part %d: %d rows have a gradient", kind, part,
                 rows_touched(&y));
    for (int i = 0; i < y.in_n; i++) {
        double numeric = difference(&y.in[i], loss, &y);
        cr_assert_leq(gradient_error(dx[i], numeric, 1e-2), GRADIENT_ERROR,
                      "kind %d part %d: input %d: %.12g by hand, %.12g", kind,
                      part, i, dx[i], numeric);
    }
    for (int r = 0; r < y.x.m.params.n; r++) {
        const struct param *row = &y.x.m.params.row[r];
        for (size_t j = 0; j < tiny_row_size(row); j++) {
            double exact = y.x.grad[row->offset + j], numeric;
            /* A row without a gradient is not the part's; one element of it is enough. */
            if (exact == 0 && j > 0)
                continue;
            numeric = difference(&y.x.w[row->offset + j], loss, &y);
            cr_assert_leq(gradient_error(exact, numeric, 1e-2), GRADIENT_ERROR,
                          "kind %d part %d: %s[%zu]: %.12g by hand, %.12g",
                          kind, part, row->name, j, exact, numeric);
        }
    }
    cr_assert_not(y.moved, "a step changes which experts are chosen");
    tiny_release(&y.x);
}

Test(layers, multi_head_attention) { check(TINY_MHA, ATTENTION, 0, 3); }
Test(layers, latent_attention) { check(TINY_MLA, ATTENTION, 0, 7); }
Test(layers, latent_attention_without_query_latent) { check(TINY_GROUPS, ATTENTION, 0, 5); }
Test(layers, dense_feed_forward) { check(TINY_MHA, FEED_FORWARD, 1, 3); }
Test(layers, experts_with_a_shared_one) { check(TINY_MLA, FEED_FORWARD, 1, 6); }
Test(layers, experts_in_groups_with_balance_loss) { check(TINY_GROUPS, FEED_FORWARD, 1, 4); }
Test(layers, routed_experts_alone) { check(TINY_GROUPS, EXPERTS, 0, 3); }
Test(layers, routed_experts_beside_a_shared_one) { check(TINY_MLA, EXPERTS, 1, 3); }
Test(layers, head) { check(TINY_MLA, HEAD, 0, 1); }
Test(layers, tied_head) { check(TINY_MHA, HEAD, 0, 1); }
Test(layers, whole_dense_block) { check(TINY_MLA, BLOCK, 0, 10); }
Test(layers, whole_block_of_experts) { check(TINY_MTP1, BLOCK, 1, 13); }
