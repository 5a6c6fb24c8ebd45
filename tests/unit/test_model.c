/* The model in the program's own precision: packing, non-finite tensors, temperature, initial weights. Values
 * and gradients are compared with golden vectors elsewhere. */
#include <math.h>

#include "tests/unit/tiny_model.h"

enum { TABLES = 3 };

static const char *const table[TABLES] = {"portable", "avx2", "avx512"};

/* A sequence does not see its neighbours in the packing: alone, it has the same bits. */
Test(model, packed_sequences_do_not_see_each_other)
{
    for (int i = 0; i < TABLES * TINY_KINDS; i++) {
        const struct kernels *k = kernels_find(table[i % TABLES]);
        struct model_config c = tiny_config((enum tiny_kind)(i / TABLES));
        struct tiny x;
        real logp[TINY_ROWS], entropy[TINY_ROWS];
        int begin[TINY_SEQUENCES + 1], T;
        if (!k)
            continue;
        tiny_init(&x, &c, k);
        tiny_forward(&x);
        T = x.t.T;
        memcpy(logp, x.ws.logp, (size_t)T * sizeof(real));
        memcpy(entropy, x.ws.entropy, (size_t)T * sizeof(real));
        memcpy(begin, x.begin, sizeof begin);
        for (int q = 0; q < 3; q++) {
            int n = begin[q + 1] - begin[q];
            x.t = (struct tokens){n, {1, x.begin}, x.id + begin[q], x.target + begin[q],
                                  x.position + begin[q]};
            x.begin[0] = 0;
            x.begin[1] = n;
            tiny_forward(&x);
            cr_assert_arr_eq(x.ws.logp, logp + begin[q], (size_t)n * sizeof(real), "%s, kind %d, sequence %d",
                             k->name, i / TABLES, q);
            cr_assert_arr_eq(x.ws.entropy, entropy + begin[q], (size_t)n * sizeof(real));
        }
        tiny_release(&x);
    }
}

/* A later token never changes an earlier row. */
Test(model, is_causal)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config c = tiny_config((enum tiny_kind)kind);
        struct tiny x;
        real entropy[TINY_ROWS];
        int last;
        tiny_init(&x, &c, kernels_best());
        x.with_mtp = 0;
        tiny_forward(&x);
        memcpy(entropy, x.ws.entropy, sizeof entropy);
        last = x.begin[3] - 1;
        x.id[last] = (uint16_t)((x.id[last] + 1) % c.vocab_n);
        tiny_forward(&x);
        for (int t = 0; t < last; t++)
            cr_assert_eq(x.ws.entropy[t], entropy[t], "kind %d: row %d sees the last token", kind, t);
        cr_assert_neq(x.ws.entropy[last], entropy[last]);
        tiny_release(&x);
    }
}

/* Log-probabilities and entropy are those of softmax(logits / T). */
Test(model, temperature_divides_the_logits)
{
    struct model_config c = tiny_config(TINY_MLA);
    struct tiny x;
    double h[2];
    tiny_init(&x, &c, kernels_best());
    for (int i = 0; i < 2; i++) {
        double p[16];
        x.inv_temperature = i ? 4 : (real)0.25;
        tiny_forward(&x);
        h[i] = 0;
        for (int t = 0; t < x.t.T; t++) {
            double sum = 0, entropy = 0;
            for (int v = 0; v < c.vocab_n; v++)
                sum += p[v] = (double)x.ws.probs[t * c.vocab_n + v];
            for (int v = 0; v < c.vocab_n; v++)
                entropy -= p[v] > 0 ? p[v] * log(p[v]) : 0;
            cr_assert_float_eq(sum, 1, 1e-5);
            cr_assert_float_eq(x.ws.entropy[t], entropy, 1e-4);
            cr_assert_float_eq(x.ws.logp[t], x.target[t] < 0 ? 0 : log(p[x.target[t]]), 1e-4);
            h[i] += entropy;
        }
    }
    cr_assert_gt(h[0], 2 * h[1]);
    tiny_release(&x);
}

/* Each weight in turn: a NaN in it stops the forward, and is named by its row. */
Test(model, nonfinite_weights_are_named)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config c = tiny_config((enum tiny_kind)kind);
        struct tiny x;
        struct err e;
        tiny_init(&x, &c, kernels_best());
        x.with_mtp = 0;
        for (int r = 0; r < x.m.params.n; r++) {
            const struct param *row = &x.m.params.row[r];
            size_t size = tiny_row_size(row);
            real *at = x.w + row->offset, kept[512];
            if (strncmp(row->name, "mtp", 3) == 0)
                continue;
            cr_assert_leq(size, sizeof kept / sizeof *kept);
            memcpy(kept, at, size * sizeof *at);
            for (size_t j = 0; j < size; j++)
                at[j] = (real)NAN;
            cr_assert_eq(model_forward(&x.m, x.w, x.bias, &x.t, 1, 0, &x.ws, &e), ST_NONFINITE,
                         "kind %d: NaN in %s is not noticed",
                         kind, row->name);
            cr_assert(strstr(e.msg, row->name), "NaN in %s: %s", row->name, e.msg);
            memcpy(at, kept, size * sizeof *at);
        }
        cr_assert_eq(model_forward(&x.m, x.w, x.bias, &x.t, 1, 0, &x.ws, &e), ST_OK);
        tiny_release(&x);
    }
}

/* Finite weights whose products overflow: the tensor is named. */
Test(model, overflow_is_named)
{
    struct model_config c = tiny_config(TINY_MHA);
    struct tiny x;
    struct err e;
    tiny_init(&x, &c, kernels_best());
    for (size_t j = 0; j < tiny_row_size(&x.m.params.row[x.m.params.layer[0].out]); j++)
        x.w[x.m.params.row[x.m.params.layer[0].out].offset + j] = (real)3e38;
    cr_assert_eq(model_forward(&x.m, x.w, x.bias, &x.t, 1, 0, &x.ws, &e), ST_NONFINITE);
    cr_assert(strstr(e.msg, "attention of layer 0"), "%s", e.msg);
    tiny_release(&x);
}

/* Loads are added to; the bias decides the choice but not the gate. */
Test(model, expert_bias_moves_the_choice_only)
{
    struct model_config c = tiny_config(TINY_MLA);
    struct tiny x;
    const struct block_state *s;
    struct err e;
    tiny_init(&x, &c, kernels_best());
    s = &x.ws.block[1];
    for (int i = 0; i < c.experts_n; i++)
        x.bias[i] = i == 2 ? 10 : i == 0 ? 5 : 0;
    tiny_forward(&x);
    for (int t = 0; t < x.t.T; t++) {
        double a = (double)s->affinity[t * 4 + 2], b = (double)s->affinity[t * 4];
        cr_assert(s->chosen[2 * t] == 2 && s->chosen[2 * t + 1] == 0);
        cr_assert_float_eq(s->gate[2 * t], 1.5 * a / (a + b), 1e-5);
        cr_assert_float_eq(s->gate[2 * t] + s->gate[2 * t + 1], 1.5, 1e-5);
    }
    cr_assert(x.ws.load[0] == x.t.T && x.ws.load[1] == 0 && x.ws.load[2] == x.t.T && x.ws.load[3] == 0);
    cr_assert_eq(model_forward(&x.m, x.w, x.bias, &x.t, 1, 0, &x.ws, &e), ST_OK);
    cr_assert(x.ws.load[0] == 2 * x.t.T && x.ws.load[1] == 0, "loads are added to what stands there");
    tiny_release(&x);
}

/* The table: rows follow each other without overlap, aligned; names are distinct; initial weights are what it
 * says. */
Test(model, parameter_table_and_initial_weights)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config c = tiny_config((enum tiny_kind)kind);
        struct tiny x;
        size_t end = 0;
        tiny_init(&x, &c, kernels_best());
        params_fill(&x.m.params, 99, x.w);
        for (int r = 0; r < x.m.params.n; r++) {
            const struct param *row = &x.m.params.row[r];
            size_t n = tiny_row_size(row);
            double sum = 0, squares = 0;
            cr_assert(row->offset >= end && row->offset % 16 == 0 && row->offset - end < 16, "%s", row->name);
            end = row->offset + n;
            for (int q = 0; q < r; q++)
                cr_assert_str_neq(row->name, x.m.params.row[q].name);
            for (size_t j = 0; j < n; j++) {
                sum += (double)x.w[row->offset + j];
                squares += (double)x.w[row->offset + j] * (double)x.w[row->offset + j];
            }
            if (row->init == INIT_ZEROS)
                cr_assert_eq(squares, 0, "%s does not start at 0", row->name);
            else if (row->init == INIT_ONES)
                cr_assert(sum == n && squares == n, "%s does not start at 1", row->name);
            else
                cr_assert(squares / n > 0.4 * row->std * row->std && squares / n < 2 * row->std * row->std &&
                          fabs(sum) < 4 * row->std * sqrt((double)n), "%s: %g, %g", row->name, sum, squares);
        }
        cr_assert(x.m.params.total >= end && x.m.params.total - end < 16);
        tiny_release(&x);
    }
}

Test(model, impossible_sizes_are_named)
{
    static const struct {
        size_t field;
        int value;
        const char *says;
    } wrong[] = {
        {offsetof(struct model_config, width), 1, "width = 1"},
            {offsetof(struct model_config, layers_n), 33, "layers = 33"},
        {offsetof(struct model_config, heads_n), 0, "heads = 0"},
            {offsetof(struct model_config, rope_dim), 3, "rope_dim = 3"},
        {offsetof(struct model_config, kv_rank), 0, "kv_rank"},
            {offsetof(struct model_config, ffn_width), 0, "ffn_width = 0"},
        {offsetof(struct model_config, experts_n), 65, "experts"},
            {offsetof(struct model_config, top_k), 5, "top_k = 5"},
        {offsetof(struct model_config, groups_n), 3, "3 groups"},
            {offsetof(struct model_config, mtp_depth), 3, "mtp_depth = 3"},
        {offsetof(struct model_config, dense_layers), 3, "dense_layers = 3"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct model_config c = tiny_config(TINY_MLA);
        struct err e = {0};
        cr_assert_eq(model_config_check(&c, &e), ST_OK, "%s", e.msg);
        memcpy((char *)&c + wrong[i].field, &wrong[i].value, sizeof(int));
        cr_assert_eq(model_config_check(&c, &e), ST_USAGE, "%s is accepted", wrong[i].says);
        cr_assert(strstr(e.msg, wrong[i].says), "%s", e.msg);
    }
}
