/* What kinds of attention cost: sizes of caches and parameters against the published numbers and the table of
 * parameters, and what a model's settings may not say. */
#include <stdlib.h>
#include <string.h>

#include "app/cli/attention_lab.h"
#include "tests/unit/tiny_model.h"

static struct err e;

/* V3: 512 + 64 numbers a token and layer, 70,272 bytes a token in BF16 over 61 layers. With V3's heads and
 * their 128 dimensions, V2's table 1: 2 n_h d_h, 2 n_g d_h, 2 d_h. */
Test(attention_kinds, cache_at_the_size_of_v3)
{
    static const int numbers[] = {2 * 128 * 128, 2 * 8 * 128, 2 * 128, 512 + 64,
                                  128 * (128 + 64 + 128), 512 + 64};
    struct way_facts way[WAY_N];
    attention_lab_v3(way);
    for (int i = 0; i < WAY_N; i++) {
        cr_assert_eq(config_cached(&way[i].config, way[i].every_head), numbers[i], "%s", way[i].name);
        cr_assert_eq(way[i].bytes, (int64_t)61 * 2 * numbers[i], "%s", way[i].name);
    }
    cr_assert_eq(way[WAY_MLA].bytes, 70272);
}

/* Parameters of attention as the table of parameters has them. */
static int counted(const struct model_config *c)
{
    struct params p;
    int n = 0;
    cr_assert_eq(params_init(&p, c, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < p.n; i++)
        if (strncmp(p.row[i].name, "layers.0.attn.", 14) == 0)
            n += p.row[i].count * p.row[i].rows * p.row[i].cols;
    params_release(&p);
    return n;
}

Test(attention_kinds, parameters_and_widths)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config c = tiny_config((enum tiny_kind)kind);
        cr_assert_eq(config_attention_n(&c), counted(&c), "kind %d", kind);
    }
    for (int heads = 2; heads <= 16; heads *= 2)
        for (int kv = 0; kv <= heads; kv = kv ? 2 * kv : 1) {
            struct model_config c = tiny_config(TINY_MLA), plain, wider;
            int want, got;
            c.heads_n = heads;
            c.width = 64;
            c.kv_rank = 32;
            want = config_attention_n(&c);
            plain = wider = config_plain(&c, kv);
            got = counted(&plain);
            cr_assert(plain.attention == ATTENTION_MHA && plain.kv_heads_n == kv && plain.head_dim % 2 == 0);
            for (int i = -2; i <= 2; i += 4)
                if (plain.head_dim + i >= 2) {
                    wider.head_dim = plain.head_dim + i;
                    cr_assert_leq(abs(got - want), abs(config_attention_n(&wider) - want), "%d heads on %d",
                                  heads, kv);
                }
        }
}

Test(attention_kinds, heads_that_cannot_share_are_refused)
{
    struct model_config c = tiny_config(TINY_GQA);
    cr_assert_eq(model_config_check(&c, &e), ST_OK, "%s", e.msg);
    c.kv_heads_n = 3;
    cr_assert_eq(model_config_check(&c, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "kv_heads = 3") && strstr(e.msg, "4 heads"), "%s", e.msg);
    c.kv_heads_n = 8;
    cr_assert_eq(model_config_check(&c, &e), ST_USAGE);
    c = tiny_config(TINY_MLA);
    c.kv_heads_n = 1;
    cr_assert_eq(model_config_check(&c, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "latent"), "%s", e.msg);
}

/* As many heads of keys and values as heads: the same bits as without the setting. */
Test(attention_kinds, all_heads_is_multi_head)
{
    struct model_config c = tiny_config(TINY_MHA);
    struct tiny x, y;
    tiny_init(&x, &c, kernels_best());
    c.kv_heads_n = c.heads_n;
    tiny_init(&y, &c, kernels_best());
    tiny_forward(&x);
    tiny_forward(&y);
    tiny_backward(&x);
    tiny_backward(&y);
    cr_assert_arr_eq(x.ws.logp, y.ws.logp, (size_t)x.t.T * sizeof(real));
    cr_assert_arr_eq(x.grad, y.grad, x.m.params.total * sizeof(real));
    tiny_release(&x);
    tiny_release(&y);
}

/* The lab: bytes as counted are those of the formula, and the three ways of MLA agree. */
Test(attention_kinds, the_lab_measures_what_it_says)
{
    static const int context[] = {40, 200};
    struct attention_lab *l = calloc(1, sizeof *l);
    struct model_config c = tiny_config(TINY_MLA);
    cr_assert_not_null(l);
    cr_assert_eq(attention_lab_init(l, &c, context, 2, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(attention_lab_run(l, 3, 1, 0.001, NULL, NULL, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < WAY_N; i++) {
        const struct way_facts *f = &l->way[i];
        double want = i == WAY_MLA_PAGED ? (double)f->bytes * 4 * PAGE_POSITIONS / 200 : (double)f->bytes;
        cr_assert_float_eq(f->measured, want, 1e-9, "%s: %g", f->name, f->measured);
        cr_assert(f->rate[0] > 0 && f->rate[1] > 0);
    }
    cr_assert(l->way[WAY_MLA_PLAIN].apart > 0 && l->way[WAY_MLA_PLAIN].apart < 1e-4 * l->largest);
    cr_assert(l->way[WAY_MLA_PAGED].apart < 1e-4 * l->largest);
    /* A prompt of 50, sequences that end at 50 + 150 s / 8: by hand. */
    cr_assert_eq(l->group.positions, 68 + 87 + 106 + 125 + 143 + 162 + 181 + 200);
    cr_assert_eq(l->group.pages, 2 + 2 + 2 + 2 + 3 + 3 + 3 + 4);
    cr_assert_eq(l->group.copied, 7);
    c = tiny_config(TINY_MHA);
    cr_assert_eq(attention_lab_init(l, &c, context, 2, &e), ST_USAGE);
    free(l);
}
