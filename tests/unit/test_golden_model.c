/* The model against an independent PyTorch reference: tests/golden/model_CASE.json, made by make_model.py.
 *
 * Weights, biases and the gradient's weights are filled by the formula that the script uses, exact in single
 * precision too. Values, loads, losses and every row's gradient (sum, norm, a sum that notices permutations,
 * and single elements) are compared, on every kernel table that runs here. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/model.h"

/* Rows of unit() that are no parameter; the most tokens of a case. */
enum { BIAS_ROW = 1000, DLOGP_ROW = 2000, MTP_DLOGP_ROW = 2001, DVALUE_ROW = 2010, PROBE_ROW = 3000,
       HIDDEN_ROW = 4000 };
enum { ROWS = 64 };

static const double TOLERANCE = sizeof(real) == sizeof(double) ? 1e-12 : 3e-5;

/* A multiple of 2^-16 in [-0.5, 0.5), as the script's unit(). */
static double unit(uint32_t row, uint32_t j)
{
    uint32_t x = row * 2654435761u + j * 2246822519u + 374761393u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    x *= 3266489917u;
    x ^= x >> 16;
    return (x >> 16) / 65536.0 - 0.5;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    cr_assert(json_is_number(v), "no number %s", key);
    return json_number_value(v);
}

static int integer(const json_t *o, const char *key)
{
    return (int)number(o, key);
}

static void close_to(double got, double want, double scale, const char *what, const char *which, int i)
{
    cr_assert(fabs(got - want) <= TOLERANCE * fmax(1, scale), "%s %s %d: %.12g, expected %.12g", what, which,
              i, got, want);
}

static void list_close(const json_t *want, const real *got, const char *what)
{
    for (size_t i = 0; i < json_array_size(want); i++) {
        double v = json_number_value(json_array_get(want, i));
        close_to(got[i], v, fabs(v), what, "at", (int)i);
    }
}

static struct model_config config_of(const json_t *o)
{
    struct model_config c = {
        .vocab_n = integer(o, "vocab_n"), .width = integer(o, "width"), .layers_n = integer(o, "layers_n"),
        .heads_n = integer(o, "heads_n"), .positions_n = integer(o, "positions_n"),
        .attention = integer(o, "attention"), .q_rank = integer(o, "q_rank"),
        .kv_rank = integer(o, "kv_rank"),
        .nope_dim = integer(o, "nope_dim"), .rope_dim = integer(o, "rope_dim"), .v_dim = integer(o, "v_dim"),
        .head_dim = integer(o, "head_dim"), .ffn_width = integer(o, "ffn_width"),
        .dense_layers = integer(o, "dense_layers"), .experts_n = integer(o, "experts_n"),
        .shared_n = integer(o, "shared_n"), .top_k = integer(o, "top_k"),
        .expert_width = integer(o, "expert_width"), .groups_n = integer(o, "groups_n"),
        .top_groups = integer(o, "top_groups"), .route_scale = number(o, "route_scale"),
        .balance_alpha = number(o, "balance_alpha"), .tied = integer(o, "tied"),
        .mtp_depth = integer(o, "mtp_depth"), .mtp_lambda = number(o, "mtp_lambda"),
        .rope_theta = number(o, "rope_theta"), .norm_eps = number(o, "norm_eps"),
        .value_head = json_object_get(o, "value_head") != NULL, .embed_std = 1, .init_gain = 1,
    };
    if (json_object_get(o, "kv_heads_n"))
        c.kv_heads_n = integer(o, "kv_heads_n");
    return c;
}

/* Everything of one case. */
struct golden {
    json_t *root;
    struct model m;
    struct arena arena;
    struct workspace ws;
    struct tokens t;
    real *w, *grad, bias[8 * 64];
    int begin[ROWS], target[ROWS], position[ROWS];
    uint16_t id[ROWS];
};

static void check_table(const struct golden *g)
{
    const json_t *rows = json_object_get(g->root, "params");
    cr_assert_eq((int)json_array_size(rows), g->m.params.n);
    cr_assert_eq((size_t)integer(g->root, "total"), g->m.params.total);
    for (int r = 0; r < g->m.params.n; r++) {
        const json_t *o = json_array_get(rows, (size_t)r);
        const struct param *p = &g->m.params.row[r];
        cr_assert_str_eq(json_string_value(json_object_get(o, "name")), p->name);
        cr_assert(integer(o, "count") == p->count && integer(o, "rows") == p->rows &&
                  integer(o, "cols") == p->cols && (size_t)integer(o, "offset") == p->offset,
                  "shape or place of %s", p->name);
    }
}

static size_t row_size(const struct param *p)
{
    return (size_t)p->count * (size_t)p->rows * (size_t)p->cols;
}

static void fill(struct golden *g)
{
    uint32_t base = 100u * (uint32_t)integer(g->root, "seed");
    int E = g->m.config.experts_n;
    double gain = number(json_object_get(g->root, "config"), "gain");
    for (int r = 0; r < g->m.params.n; r++) {
        const struct param *p = &g->m.params.row[r];
        for (uint32_t j = 0; j < row_size(p); j++) {
            double v = unit((uint32_t)r + base, j);
            v = p->init == INIT_ONES ? 1 + v / 2 : r == g->m.params.embed ? 2 * v : v * gain;
            g->w[p->offset + j] = (real)v;
        }
    }
    for (int l = 0; l < g->m.params.moe_layers; l++)
        for (int i = 0; i < E; i++)
            g->bias[l * E + i] = (real)(unit(BIAS_ROW + (uint32_t)l, (uint32_t)i) / 2);
}

static int integers(const json_t *list, int *out)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        out[i] = (int)json_integer_value(json_array_get(list, i));
    return (int)json_array_size(list);
}

static void load_case(struct golden *g, const char *name, const struct kernels *k)
{
    char path[128];
    json_error_t at;
    struct err e;
    struct model_config c;
    int ids[ROWS];
    const json_t *tokens;
    memset(g, 0, sizeof *g);
    snprintf(path, sizeof path, "tests/golden/model_%s.json", name);
    g->root = json_load_file(path, 0, &at);
    cr_assert(g->root, "%s: %s", path, at.text);
    c = config_of(json_object_get(g->root, "config"));
    cr_assert_eq(model_init(&g->m, &c, k, &e), ST_OK, "%s", e.msg);
    tokens = json_object_get(g->root, "tokens");
    g->t.T = integers(json_object_get(tokens, "id"), ids);
    for (int i = 0; i < g->t.T; i++)
        g->id[i] = (uint16_t)ids[i];
    integers(json_object_get(tokens, "target"), g->target);
    integers(json_object_get(tokens, "position"), g->position);
    g->t.seq.n = integers(json_object_get(tokens, "begin"), g->begin) - 1;
    g->t.seq.begin = g->begin;
    g->t.id = g->id;
    g->t.target = g->target;
    g->t.position = g->position;
    cr_assert_eq(arena_init(&g->arena, "golden", (size_t)64 << 20, &e), ST_OK);
    cr_assert_eq(workspace_init(&g->ws, &g->m, g->t.T, c.positions_n, &g->arena, &e), ST_OK, "%s", e.msg);
    g->w = arena_alloc(&g->arena, g->m.params.total * sizeof(real));
    g->grad = arena_alloc(&g->arena, g->m.params.total * sizeof(real));
    memset(g->w, 0, g->m.params.total * sizeof(real));
    fill(g);
}

static void release_case(struct golden *g)
{
    model_release(&g->m);
    arena_release(&g->arena);
    json_decref(g->root);
}

static void check_values(struct golden *g, const json_t *pass, int with_mtp)
{
    const struct model_config *c = &g->m.config;
    const json_t *hidden = json_object_get(pass, "hidden"), *load = json_object_get(pass, "load");
    const json_t *balance = json_object_get(pass, "balance");
    for (int l = 0; l <= c->layers_n; l++) {
        const real *x = model_hidden(&g->m, &g->ws, l);
        double sum = 0, squares = 0;
        for (int j = 0; j < g->t.T * c->width; j++) {
            sum += x[j] * unit(HIDDEN_ROW + (uint32_t)l, (uint32_t)j);
            squares += (double)x[j] * x[j];
        }
        double l2 = number(json_array_get(hidden, (size_t)l), "l2");
        close_to(sqrt(squares), l2, l2, "hidden norm", "layer", l);
        close_to(sum, number(json_array_get(hidden, (size_t)l), "probe"), l2, "hidden probe", "layer", l);
    }
    list_close(json_object_get(pass, "logp"), g->ws.logp, "logp");
    cr_assert_eq(g->ws.value != NULL, json_object_get(pass, "value") != NULL);
    if (g->ws.value)
        list_close(json_object_get(pass, "value"), g->ws.value, "value");
    list_close(json_object_get(pass, "entropy"), g->ws.entropy, "entropy");
    for (int k = 0; k < (with_mtp ? c->mtp_depth : 0); k++)
        list_close(json_array_get(json_object_get(pass, "mtp_logp"), (size_t)k), g->ws.mtp[k].logp,
                   "mtp_logp");
    for (int l = 0; l < g->m.params.moe_layers; l++) {
        int block = c->dense_layers + l;
        list_close(json_array_get(load, (size_t)l), g->ws.load + (size_t)l * c->experts_n, "load");
        if (block < c->layers_n || with_mtp)
            close_to(g->ws.block[block].balance, json_number_value(json_array_get(balance, (size_t)l)), 1,
                     "balance", "MoE layer", l);
    }
}

static void check_gradients(struct golden *g, const json_t *pass)
{
    const json_t *rows = json_object_get(pass, "grad");
    for (int r = 0; r < g->m.params.n; r++) {
        const struct param *p = &g->m.params.row[r];
        const json_t *o = json_array_get(rows, (size_t)r), *index = json_object_get(o, "index");
        const real *d = g->grad + p->offset;
        double sum = 0, squares = 0, probe = 0, l2 = number(o, "l2");
        size_t end;
        for (uint32_t j = 0; j < row_size(p); j++) {
            sum += d[j];
            squares += (double)d[j] * d[j];
            probe += d[j] * unit(PROBE_ROW + (uint32_t)r, j);
        }
        close_to(sqrt(squares), l2, l2, "gradient norm", p->name, r);
        close_to(sum, number(o, "sum"), l2, "gradient sum", p->name, r);
        close_to(probe, number(o, "probe"), l2, "gradient probe", p->name, r);
        for (size_t i = 0; i < json_array_size(index); i++) {
            int j = (int)json_integer_value(json_array_get(index, i));
            close_to(d[j], json_number_value(json_array_get(json_object_get(o, "value"), i)), l2, "gradient",
                     p->name, j);
        }
        end = r + 1 < g->m.params.n ? p[1].offset : g->m.params.total;
        for (size_t j = p->offset + row_size(p); j < end; j++)
            cr_assert_eq(g->grad[j], 0, "the gap behind %s", p->name);
    }
}

static void check_pass(struct golden *g, const json_t *pass)
{
    real dlogp[ROWS], dvalue[ROWS], mtp_dlogp[MTP_MAX * ROWS];
    int with_mtp = integer(pass, "with_mtp"), T = g->t.T;
    real inv = (real)number(pass, "inv_temperature");
    struct err e;
    for (int i = 0; i < T; i++)
        dlogp[i] = (real)(2 * unit(DLOGP_ROW, (uint32_t)i));
    for (int i = 0; i < T; i++)
        dvalue[i] = (real)(2 * unit(DVALUE_ROW, (uint32_t)i));
    for (int k = 0; k < MTP_MAX; k++)
        for (int i = 0; i < T; i++)
            mtp_dlogp[k * T + i] = (real)unit(MTP_DLOGP_ROW + (uint32_t)k, (uint32_t)i);
    memset(g->ws.load, 0, (size_t)(g->m.params.moe_layers * g->m.config.experts_n) * sizeof(real));
    memset(g->grad, 0, g->m.params.total * sizeof(real));
    cr_assert_eq(model_forward(&g->m, g->w, g->bias, &g->t, inv, with_mtp, &g->ws, &e), ST_OK, "%s", e.msg);
    check_values(g, pass, with_mtp);
    model_backward(&g->m, g->w, &g->t, inv, dlogp, with_mtp ? mtp_dlogp : NULL,
                   g->ws.value ? dvalue : NULL, (real)number(pass, "balance_weight"), &g->ws, g->grad);
    check_gradients(g, pass);
}

static void check_case(const char *name)
{
    static const char *const TABLES[] = {"portable", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++) {
        const struct kernels *k = kernels_find(TABLES[i]);
        struct golden g;
        if (!k)
            continue;
        load_case(&g, name, k);
        check_table(&g);
        check_pass(&g, json_array_get(json_object_get(g.root, "passes"), 0));
        check_pass(&g, json_array_get(json_object_get(g.root, "passes"), 1));
        release_case(&g);
    }
}

Test(golden_model, multi_head_dense_tied) { check_case("mha_dense_tied"); }
Test(golden_model, multi_head_dense_tied_mtp) { check_case("mha_dense_tied_mtp1"); }
Test(golden_model, latent_attention_and_experts) { check_case("mla_moe"); }
Test(golden_model, value_head) { check_case("mla_moe_value"); }
Test(golden_model, groups_and_balance_loss) { check_case("mla_groups_balance"); }
Test(golden_model, one_mtp_module) { check_case("mla_moe_mtp1"); }
Test(golden_model, two_mtp_modules) { check_case("mla_moe_mtp2"); }
Test(golden_model, grouped_query_attention_and_experts) { check_case("gqa_moe"); }
Test(golden_model, multi_query_attention_with_mtp) { check_case("mqa_dense_mtp1"); }
Test(golden_model, whole_vector_tiles) { check_case("wide"); }
