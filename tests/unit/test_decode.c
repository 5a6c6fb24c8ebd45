/* Decoding against the full forward: at every position of every sequence the decoder's logits are those of
 * the training form. Both forms of the cache, plain attention and MLA, experts, groups, shared prompts, on
 * every kernel table. */
#include <math.h>

#include "engine/nn/decode.h"
#include "tests/unit/tiny_model.h"

/* Largest difference of a logit, where logits are of the order of 1 to 10. */
static const double TOLERANCE = 1e-4;

enum { SLOTS = 6, TABLES = 3 };

static const char *const table[TABLES] = {"portable", "avx2", "avx512"};

struct decode_case {
    struct tiny x;
    struct decoder d;
    real *want;               /* [T,V] logits of the full forward */
    double most;              /* largest difference that was met */
};

/* A size at which whole vector tiles are used, with remainders. */
static struct model_config wide(enum tiny_kind kind)
{
    struct model_config c = tiny_config(kind);
    c.vocab_n = 37;
    c.width = 40;
    c.layers_n = 3;
    c.heads_n = c.kv_heads_n == 2 ? 6 : 3;
    c.q_rank = c.q_rank ? 24 : 0;
    c.kv_rank = 20;
    c.nope_dim = 12;
    c.rope_dim = 8;
    c.v_dim = 14;
    c.head_dim = 10;
    c.ffn_width = 50;
    c.expert_width = 18;
    c.dense_layers = c.dense_layers == 2 ? 3 : c.dense_layers;
    return c;
}

static void case_init(struct decode_case *c, const struct model_config *config, enum decode_form form,
                      const struct kernels *k)
{
    struct err e;
    size_t n;
    memset(c, 0, sizeof *c);
    tiny_init(&c->x, config, k);
    c->x.with_mtp = 0;
    tiny_forward(&c->x);
    n = (size_t)(c->x.t.T * config->vocab_n);
    c->want = arena_alloc(&c->x.arena, n * sizeof(real));
    cr_assert_not_null(c->want);
    head_forward(&c->x.m, c->x.w, c->x.t.T, c->x.ws.normed, c->want);
    cr_assert_eq(decoder_init(&c->d, &c->x.m, form, SLOTS, config->positions_n, 32, &c->x.arena, &e), ST_OK,
                 "%s", e.msg);
    decoder_load(&c->d, c->x.w, c->x.bias);
}

static void case_release(struct decode_case *c)
{
    tiny_release(&c->x);
}

static void compare(struct decode_case *c, const real *logits, int row, const char *what)
{
    int V = c->x.m.config.vocab_n;
    for (int v = 0; v < V; v++) {
        double apart = fabs((double)logits[v] - (double)c->want[row * V + v]);
        c->most = fmax(c->most, apart);
        cr_assert_leq(apart, TOLERANCE, "%s, %s: row %d, token %d: %.7g, the full forward %.7g",
                      c->x.m.k->name, what, row, v,
                      (double)logits[v], (double)c->want[row * V + v]);
    }
}

/* All sequences side by side, one token each a call; short ones leave. */
static void token_by_token(struct decode_case *c)
{
    const struct tokens *t = &c->x.t;
    for (int i = 0; i < c->x.m.config.positions_n; i++) {
        int slot[SLOTS], position[SLOTS], row[SLOTS], n = 0;
        uint16_t token[SLOTS];
        const real *logits;
        for (int q = 0; q < t->seq.n; q++)
            if (t->seq.begin[q] + i < t->seq.begin[q + 1]) {
                row[n] = t->seq.begin[q] + i;
                slot[n] = SLOTS - 1 - q;
                position[n] = i;
                token[n] = t->id[row[n]];
                n++;
            }
        if (n == 0)
            return;
        logits = decoder_step(&c->d, n, slot, token, position);
        for (int r = 0; r < n; r++)
            compare(c, logits + r * c->x.m.config.vocab_n, row[r], "token by token");
    }
}

/* Everything in one call: several rows of a slot at consecutive positions. */
static void all_at_once(struct decode_case *c)
{
    const struct tokens *t = &c->x.t;
    int slot[32];
    const real *logits;
    for (int q = 0; q < t->seq.n; q++)
        for (int i = t->seq.begin[q]; i < t->seq.begin[q + 1]; i++)
            slot[i] = q;
    logits = decoder_step(&c->d, t->T, slot, t->id, t->position);
    for (int r = 0; r < t->T; r++)
        compare(c, logits + r * c->x.m.config.vocab_n, r, "all at once");
}

/* A prompt in one slot, shared by two others that go on with the same tokens. */
static void shared_prompt(struct decode_case *c, int prompt)
{
    const struct tokens *t = &c->x.t;
    int from = t->seq.begin[2], n = t->seq.begin[3] - from, slot[32];
    for (int i = 0; i < n; i++)
        slot[i] = 4;
    decoder_step(&c->d, prompt, slot, t->id + from, t->position + from);
    decoder_share(&c->d, 4, 0, prompt);
    decoder_share(&c->d, 4, 3, prompt);
    /* The slot that was shared from goes its own way first. */
    decoder_step(&c->d, 1, slot, t->id, &t->position[from + prompt]);
    for (int i = prompt; i < n; i++) {
        int two[2] = {0, 3}, position[2] = {i, i};
        uint16_t token[2] = {t->id[from + i], t->id[from + i]};
        const real *logits = decoder_step(&c->d, 2, two, token, position);
        compare(c, logits, from + i, "shared prompt, slot 0");
        compare(c, logits + c->x.m.config.vocab_n, from + i, "shared prompt, slot 3");
    }
}

static void check(const struct model_config *config, enum decode_form form)
{
    for (int i = 0; i < TABLES; i++) {
        const struct kernels *k = kernels_find(table[i]);
        struct decode_case c;
        if (!k)
            continue;
        case_init(&c, config, form, k);
        token_by_token(&c);
        all_at_once(&c);
        for (int prompt = 1; prompt < 12; prompt += 5)
            shared_prompt(&c, prompt);
        case_release(&c);
    }
}

static void check_kind(enum tiny_kind kind, enum decode_form form)
{
    struct model_config small = tiny_config(kind), large = wide(kind);
    check(&small, form);
    check(&large, form);
}

Test(decode, multi_head) { check_kind(TINY_MHA, DECODE_PLAIN); }
Test(decode, grouped_query) { check_kind(TINY_GQA, DECODE_PLAIN); }
Test(decode, multi_query) { check_kind(TINY_MQA, DECODE_PLAIN); }
Test(decode, latent_absorbed) { check_kind(TINY_MLA, DECODE_ABSORBED); }
Test(decode, latent_plain) { check_kind(TINY_MLA, DECODE_PLAIN); }
Test(decode, no_query_latent_absorbed) { check_kind(TINY_GROUPS, DECODE_ABSORBED); }
Test(decode, no_query_latent_plain) { check_kind(TINY_GROUPS, DECODE_PLAIN); }
Test(decode, mtp_modules_do_not_matter) { check_kind(TINY_MTP2, DECODE_ABSORBED); }

/* A sequence's bits do not depend on who shares the call, nor on the slot, nor on how its prompt was fed. */
Test(decode, rows_do_not_depend_on_company)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_MLA, TINY_GROUPS};
    for (int i = 0; i < TABLES * 3 * 2; i++) {
        const struct kernels *k = kernels_find(table[i % TABLES]);
        struct model_config config = wide(kind[i / TABLES % 3]);
        struct decode_case c;
        const struct tokens *t = &c.x.t;
        int V = config.vocab_n, from, n, slot[32];
        real alone[32 * 37];
        const real *logits;
        if (!k)
            continue;
        case_init(&c, &config, i / (3 * TABLES) ? DECODE_PLAIN : DECODE_ABSORBED, k);
        from = t->seq.begin[2];
        n = t->seq.begin[3] - from;
        for (int r = 0; r < n; r++) {
            int five = 5;
            memcpy(alone + r * V, decoder_step(&c.d, 1, &five, &t->id[from + r], &r),
                   (size_t)V * sizeof(real));
        }
        for (int r = 0; r < t->T; r++)
            slot[r] = r < t->seq.begin[1] ? 0 : r < from ? 1 : 2;
        logits = decoder_step(&c.d, t->T, slot, t->id, t->position);
        cr_assert_arr_eq(logits + from * V, alone, (size_t)(n * V) * sizeof(real),
                         "%s, kind %d: bits depend on the company", k->name,
                         kind[i / TABLES % 3]);
        case_release(&c);
    }
}

/* MLA caches its latent and the turned key only: kv_rank + rope_dim numbers a token and layer. */
Test(decode, latent_cache_is_small)
{
    struct model_config config = tiny_config(TINY_MLA);
    struct decode_case c;
    size_t absorbed, plain;
    case_init(&c, &config, DECODE_ABSORBED, kernels_find("portable"));
    absorbed = decoder_bytes_per_token(&c.d);
    case_release(&c);
    case_init(&c, &config, DECODE_PLAIN, kernels_find("portable"));
    plain = decoder_bytes_per_token(&c.d);
    case_release(&c);
    cr_assert_eq(absorbed, (5 + 4) * 2 * sizeof(real));
    cr_assert_eq(plain, 2 * (3 + 4 + 3) * 2 * sizeof(real));
}

Test(decode, too_small_an_arena_is_said)
{
    struct model_config config = tiny_config(TINY_MLA);
    struct tiny x;
    struct arena small;
    struct decoder d;
    struct err e;
    tiny_init(&x, &config, kernels_best());
    cr_assert_eq(arena_init(&small, "small", 4096, &e), ST_OK);
    cr_assert_eq(decoder_init(&d, &x.m, DECODE_ABSORBED, 64, 24, 64, &small, &e), ST_NOMEM);
    cr_assert(strstr(e.msg, "64 sequences"), "%s", e.msg);
    arena_release(&small);
    tiny_release(&x);
}
