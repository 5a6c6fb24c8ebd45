/* Checkpoints in Hugging Face's DeepseekV3ForCausalLM layout: names, places, whole folders, and what is wrong
 * with them. hf_logits.json is an independent forward pass (tests/golden/README.md). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/session/checkpoint.h"
#include "engine/nn/block.h"
#include "tests/unit/tiny_model.h"
#include "tests/unit/tiny_run.h"

/* README.md's formula. */
static double unit(uint32_t row, uint32_t j)
{
    uint32_t x = row * 2654435761u + j * 2246822519u + 374761393u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    x *= 3266489917u;
    x ^= x >> 16;
    return (double)(x >> 16) / 65536 - 0.5;
}

static const struct exchange_tensor *named(const struct exchange *x, const char *name)
{
    for (int i = 0; i < x->n; i++)
        if (strcmp(x->tensor[i].name, name) == 0)
            return &x->tensor[i];
    cr_assert_fail("there is no %s", name);
    return NULL;
}

/* One element as it is published, beside its place in our row. */
static void same_place(const struct tiny *t, const struct exchange *x, const char *name, int o, int i,
                       int row, int our_row, int our_column)
{
    const struct exchange_tensor *p = named(x, name);
    const struct param *r = &t->m.params.row[row];
    float *value = malloc((size_t)exchange_elements(p) * sizeof *value);
    real want = t->w[r->offset + (size_t)our_row * (size_t)r->cols + (size_t)our_column];
    exchange_get(x, p, t->w, t->bias, value);
    cr_assert_eq(value[(int64_t)o * p->shape[1] + i], (float)want, "%s[%d,%d]", name, o, i);
    free(value);
}

Test(exchange, elements_stand_where_the_published_code_looks_for_them)
{
    struct model_config c = tiny_config(TINY_MTP1);
    struct tiny t;
    struct exchange x;
    struct err e;
    int H = c.heads_n, N = c.nope_dim, V = c.v_dim, D = c.width;
    const struct block_params *b;
    tiny_init(&t, &c, kernels_best());
    b = &t.m.params.layer[1];
    cr_assert_eq(exchange_init(&x, &t.m, &e), ST_OK);
    same_place(&t, &x, "model.embed_tokens.weight", 3, 2, t.m.params.embed, 3, 2);
    same_place(&t, &x, "lm_head.weight", 3, 2, t.m.params.head, 2, 3);
    same_place(&t, &x, "model.layers.1.self_attn.q_a_proj.weight", 5, 1, b->down, 1, 5);
    same_place(&t, &x, "model.layers.1.self_attn.kv_a_proj_with_mqa.weight", 0, 1, b->down, 1, c.q_rank);
    same_place(&t, &x, "model.layers.1.self_attn.kv_a_proj_with_mqa.weight", c.kv_rank, 1, b->down, 1,
               c.q_rank + c.kv_rank);
    same_place(&t, &x, "model.layers.1.self_attn.q_b_proj.weight", N + c.rope_dim, 4, b->q_up, 4,
               N + c.rope_dim);
    /* kv_b_proj: the second head's keys follow the first one's values. */
    same_place(&t, &x, "model.layers.1.self_attn.kv_b_proj.weight", N, 2, b->kv_up, 2, H * N);
    same_place(&t, &x, "model.layers.1.self_attn.kv_b_proj.weight", N + V, 2, b->kv_up, 2, N);
    same_place(&t, &x, "model.layers.1.self_attn.kv_b_proj.weight", 2 * N + V + 1, 2, b->kv_up, 2,
               H * N + V + 1);
    same_place(&t, &x, "model.layers.1.self_attn.o_proj.weight", 6, 5, b->out, 5, 6);
    same_place(&t, &x, "model.layers.0.mlp.up_proj.weight", 2, 3, t.m.params.layer[0].ffn_gate_up, 3,
               c.ffn_width + 2);
    same_place(&t, &x, "model.layers.1.mlp.gate.weight", 3, 1, b->router, 1, 3);
    same_place(&t, &x, "model.layers.1.mlp.experts.2.up_proj.weight", 1, 3, b->experts_gate_up, 2 * D + 3,
               c.expert_width + 1);
    same_place(&t, &x, "model.layers.1.mlp.experts.3.down_proj.weight", 5, 2, b->experts_down,
               3 * c.expert_width + 2, 5);
    same_place(&t, &x, "model.layers.1.mlp.shared_experts.gate_proj.weight", 2, 4, b->shared_gate_up, 4, 2);
    /* eh_proj reads the embedding first. */
    same_place(&t, &x, "model.layers.2.eh_proj.weight", 5, 0, t.m.params.mtp[0].project, D, 5);
    same_place(&t, &x, "model.layers.2.eh_proj.weight", 5, D + 1, t.m.params.mtp[0].project, 1, 5);
    same_place(&t, &x, "model.layers.2.shared_head.head.weight", 3, 2, t.m.params.head, 2, 3);
    {
        float bias[64];
        exchange_get(&x, named(&x, "model.layers.2.mlp.gate.e_score_correction_bias"), t.w, t.bias, bias);
        cr_assert_eq(bias[1], (float)t.bias[t.m.params.mtp[0].block.moe_index * c.experts_n + 1]);
    }
    exchange_release(&x);
    tiny_release(&t);
}

Test(exchange, there_and_back_is_every_element_once)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config c = tiny_config((enum tiny_kind)kind);
        struct tiny t;
        struct exchange x;
        struct err e;
        real *w, *bias;
        size_t biases, want = 0, got = 0;
        tiny_init(&t, &c, kernels_best());
        /* Hugging Face's layout has no value head: it stays here. */
        for (int r = t.m.params.n - 2; c.value_head && r < t.m.params.n; r++)
            memset(t.w + t.m.params.row[r].offset, 0, tiny_row_size(&t.m.params.row[r]) * sizeof *t.w);
        if (c.attention != ATTENTION_MLA) {
            cr_assert_eq(exchange_init(&x, &t.m, &e), ST_USAGE);
            cr_assert(strstr(e.msg, "not latent"));
            tiny_release(&t);
            continue;
        }
        cr_assert_eq(exchange_init(&x, &t.m, &e), ST_OK);
        biases = (size_t)(t.m.params.moe_layers * c.experts_n);
        w = calloc(t.m.params.total, sizeof *w);
        bias = calloc(biases, sizeof *bias);
        for (int i = 0; i < x.n; i++) {
            float *value = malloc((size_t)exchange_elements(&x.tensor[i]) * sizeof *value);
            exchange_get(&x, &x.tensor[i], t.w, t.bias, value);
            cr_assert(exchange_equal(&x, &x.tensor[i], t.w, t.bias, value));
            if (!x.tensor[i].is_copy) {
                exchange_put(&x, &x.tensor[i], value, w, bias);
                got += (size_t)exchange_elements(&x.tensor[i]);
            }
            value[exchange_elements(&x.tensor[i]) - 1] += 1;
            cr_assert_not(exchange_equal(&x, &x.tensor[i], t.w, t.bias, value));
            free(value);
        }
        for (int r = 0; r < t.m.params.n - 2 * c.value_head; r++)
            want += tiny_row_size(&t.m.params.row[r]);
        cr_assert_eq(got, want + biases, "%zu elements, not %zu", got, want + biases);
        cr_assert_eq(memcmp(w, t.w, t.m.params.total * sizeof *w), 0);
        cr_assert_eq(memcmp(bias, t.bias, biases * sizeof *bias), 0);
        free(w);
        free(bias);
        exchange_release(&x);
        tiny_release(&t);
    }
}

Test(exchange, scales_of_blocks)
{
    float value[3 * 5], scale[2 * 3] = {1, 2, 3, 4, 5, 6};
    for (int i = 0; i < 15; i++)
        value[i] = 1;
    exchange_scale(value, 3, 5, scale, 2, 2);
    cr_assert(value[0] == 1 && value[2] == 2 && value[4] == 3 && value[5 + 1] == 1);
    cr_assert(value[10] == 4 && value[10 + 3] == 5 && value[14] == 6);
}

/* A folder of its own for each test. */
static json_t *golden_file;
static char folder[512];

static void open_folder(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/exchange-XXXXXX", base && base[0] ? base : "/tmp");
    cr_assert_not_null(mkdtemp(folder));
}

static const char *in_folder(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void close_folder(void)
{
    static const char *const name[] = {"config.json",           "tokenizer.json",
                                       "tokenizer_config.json", "model.safetensors",
                                       "all.safetensors",       "model.safetensors.index.json",
                                       "generation_config.json"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        unlink(in_folder(name[i]));
    cr_assert_eq(rmdir(folder), 0, "something was left in %s", folder);
    json_decref(golden_file);
}

/* The independent script's cases, read once a test. */
static json_t *golden(void)
{
    json_error_t at;
    if (!golden_file)
        golden_file = json_load_file("tests/golden/hf_logits.json", 0, &at);
    cr_assert(golden_file, "%s", at.text);
    return json_object_get(golden_file, "cases");
}

static void write_config(json_t *config)
{
    cr_assert_eq(json_dump_file(config, in_folder("config.json"), 0), 0);
}

/* How one tensor differs from a good one. */
struct change {
    const char *name;
    int drop, rank; /* rank 0: as it is */
    int64_t shape[2];
    const char *rename;
    float first; /* its first element; NAN counts, 0: as it is */
    int has_first;
};

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct exchange_tensor *const *)a)->name,
                  (*(const struct exchange_tensor *const *)b)->name);
}

/* Tensors by the formula, as hf_logits.py makes them. Copies are left out, as there. */
static void write_tensors(const struct exchange *x, const struct change *change, json_t *names)
{
    const struct exchange_tensor **order = calloc((size_t)x->n, sizeof *order);
    struct safetensors_tensor *t = calloc((size_t)x->n, sizeof *t);
    struct safetensors_writer w;
    struct err e;
    float *value = calloc(1 << 16, sizeof *value);
    int n = 0, k = 0;
    for (int i = 0; i < x->n; i++)
        if (!x->tensor[i].is_copy)
            order[n++] = &x->tensor[i];
    qsort(order, (size_t)n, sizeof *order, by_name);
    for (int i = 0; names && i < n; i++)
        cr_assert_str_eq(order[i]->name, json_string_value(json_array_get(names, (size_t)i)));
    cr_assert(!names || json_array_size(names) == (size_t)n);
    for (int i = 0; i < n; i++) {
        int is_changed = change && change->name && strcmp(change->name, order[i]->name) == 0;
        if (is_changed && change->drop)
            continue;
        t[k] = (struct safetensors_tensor){.name = (char *)order[i]->name, .rank = order[i]->rank};
        memcpy(t[k].shape, order[i]->shape, sizeof order[i]->shape);
        if (is_changed && change->rename)
            t[k].name = (char *)change->rename;
        if (is_changed && change->rank) {
            t[k].rank = change->rank;
            memcpy(t[k].shape, change->shape, sizeof change->shape);
        }
        k++;
    }
    cr_assert_eq(safetensors_create(&w, in_folder("model.safetensors"), t, k, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < n; i++) {
        int is_changed = change && change->name && strcmp(change->name, order[i]->name) == 0;
        int norm = strstr(order[i]->name, "norm") != NULL, bias = strstr(order[i]->name, "_bias") != NULL;
        for (int64_t j = 0; j < exchange_elements(order[i]); j++) {
            double u = unit((uint32_t)i, (uint32_t)j);
            value[j] = (float)(norm ? 1 + u / 2 : bias ? u / 2 : u);
        }
        if (is_changed && change->has_first)
            value[0] = change->first;
        if (!is_changed || !change->drop)
            cr_assert_eq(safetensors_put(&w, value, &e), ST_OK, "%s", e.msg);
    }
    cr_assert_eq(safetensors_finish(&w, &e), ST_OK, "%s", e.msg);
    free(order);
    free(t);
    free(value);
}

/* A whole folder for a golden case. */
static void write_case(json_t *c, const struct change *change)
{
    struct exchange_config config;
    struct exchange x;
    struct model m;
    struct err e;
    write_config(json_object_get(c, "config"));
    cr_assert_eq(exchange_config_read(folder, &config, &e), ST_OK, "%s", e.msg);
    config.model.positions_n = 2;
    cr_assert_eq(model_init(&m, &config.model, kernels_best(), &e), ST_OK, "%s", e.msg);
    cr_assert_eq(exchange_init(&x, &m, &e), ST_OK);
    write_tensors(&x, change, change ? NULL : json_object_get(c, "names"));
    exchange_release(&x);
    model_release(&m);
    exchange_config_free(&config);
}

static void compare_logits(const struct checkpoint *k, const real *w, const real *bias, json_t *c)
{
    json_t *ids = json_object_get(c, "tokens"), *want = json_object_get(c, "logits");
    struct model_config shape = k->config.model;
    struct model m;
    struct arena a;
    struct workspace ws;
    struct err e;
    uint16_t id[32];
    int T = (int)json_array_size(ids), target[32], position[32], begin[2] = {0, T};
    struct tokens t = {T, {1, begin}, id, target, position};
    double worst = 0;
    shape.positions_n = 32;
    cr_assert(T > 4 && T <= 32);
    for (int i = 0; i < T; i++) {
        id[i] = (uint16_t)json_integer_value(json_array_get(ids, (size_t)i));
        target[i] = -1;
        position[i] = i;
    }
    cr_assert_eq(model_init(&m, &shape, kernels_best(), &e), ST_OK);
    cr_assert_eq(arena_init(&a, "logits", (size_t)64 << 20, &e), ST_OK);
    cr_assert_eq(workspace_init(&ws, &m, T, T, &a, &e), ST_OK);
    memset(ws.load, 0, (size_t)(m.params.moe_layers * shape.experts_n) * sizeof *ws.load);
    cr_assert_eq(model_forward(&m, w, bias, &t, 1, 0, &ws, &e), ST_OK, "%s", e.msg);
    head_forward(&m, w, T, ws.normed, ws.probs);
    for (int i = 0; i < T; i++)
        for (int v = 0; v < shape.vocab_n; v++) {
            const json_t *x = json_array_get(json_array_get(want, (size_t)i), (size_t)v);
            worst = fmax(worst, fabs((double)ws.probs[i * shape.vocab_n + v] - json_real_value(x)));
        }
    cr_assert_lt(worst, 1e-4, "%s: differs by %g", json_string_value(json_object_get(c, "name")), worst);
    arena_release(&a);
    model_release(&m);
}

Test(exchange, logits_agree_with_an_independent_forward_pass, .init = open_folder, .fini = close_folder)
{
    json_t *cases = golden(), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        struct checkpoint k;
        struct err e;
        real *w, *bias;
        write_case(c, NULL);
        cr_assert_eq(checkpoint_open(&k, folder, &e), ST_OK, "%s", e.msg);
        w = calloc(k.model.params.total, sizeof *w);
        bias = calloc(1024, sizeof *bias);
        cr_assert_eq(checkpoint_read(&k, w, bias, &e), ST_OK, "%s", e.msg);
        compare_logits(&k, w, bias, c);
        free(w);
        free(bias);
        checkpoint_close(&k);
    }
    cr_assert_geq(i, 3);
}

/* Opens and reads the folder, which must be refused. */
static void refused(enum status want, const char *says, const char *about)
{
    struct checkpoint k;
    struct err e = {0};
    enum status st = checkpoint_open(&k, folder, &e);
    if (!st) {
        real *w = calloc(k.model.params.total, sizeof *w), *bias = calloc(1024, sizeof *bias);
        st = checkpoint_read(&k, w, bias, &e);
        free(w);
        free(bias);
    }
    checkpoint_close(&k);
    cr_assert_eq(st, want, "%s: status %d: %s", about, (int)st, e.msg);
    cr_assert(strstr(e.msg, says), "%s: says '%s', not '%s'", about, e.msg, says);
}

Test(exchange, tensors_that_do_not_fit_are_named, .init = open_folder, .fini = close_folder)
{
    static const struct {
        struct change change;
        const char *says;
    } row[] = {
        {{.name = "model.norm.weight", .drop = 1}, "model.safetensors: tensor model.norm.weight is missing"},
        {{.name = "model.layers.3.eh_proj.weight", .drop = 1},
         "tensor model.layers.3.eh_proj.weight is missing"},
        {{.name = "lm_head.weight", .rename = "lm_head.weigth"}, "tensor lm_head.weight is missing"},
        {{.name = "model.norm.weight", .rank = 2, .shape = {4, 5}},
         "model.norm.weight is [4,5]; config.json makes it [20]"},
        {{.name = "model.layers.0.mlp.down_proj.weight", .rank = 2, .shape = {26, 20}},
         "model.layers.0.mlp.down_proj.weight is [26,20]; config.json makes it [20,26]"},
        {{.name = "model.layers.1.mlp.gate.weight", .has_first = 1, .first = NAN},
         "tensor model.layers.1.mlp.gate.weight: element 0 is not finite"},
        {{.name = "lm_head.weight", .has_first = 1, .first = INFINITY},
         "lm_head.weight: element 0 is not finite"},
    };
    json_t *c = json_array_get(golden(), 0);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        write_case(c, &row[i].change);
        refused(ST_USAGE, row[i].says, row[i].change.name);
    }
}

Test(exchange, keys_of_config_json_are_checked, .init = open_folder, .fini = close_folder)
{
    static const struct {
        const char *key, *value; /* NULL: without the key */
        const char *says;
    } row[] = {
        {"model_type", "\"llama\"", "\"model_type\" is \"llama\"; only \"deepseek_v3\""},
        {"model_type", NULL, "\"model_type\" is missing"},
        {"hidden_size", NULL, "\"hidden_size\" is missing"},
        {"hidden_size", "\"20\"", "\"hidden_size\" must be a whole number"},
        {"hidden_size", "20.5", "\"hidden_size\" must be a whole number"},
        {"hidden_size", "-20", "\"hidden_size\" must be a whole number"},
        {"hidden_size", "9223372036854775807", "\"hidden_size\" must be a whole number"},
        {"hidden_size", "null", "\"hidden_size\" must be a whole number"},
        {"hidden_size", "5000", "width = 5000 is outside"},
        {"hidden_size", "22", "; config.json makes it [37,22]"},
        {"num_hidden_layers", "0", "layers = 0 is outside"},
        {"num_hidden_layers", "1000000000", "layers = 1000000000 is outside"},
        {"num_hidden_layers", "4", "tensor model.layers.3.eh_proj.weight is not one of the model"},
        {"num_hidden_layers", "2", "is not one of the model in config.json"},
        {"num_nextn_predict_layers", "0", "tensor model.layers.3."},
        {"q_lora_rank", "null", "tensor model.layers.0.self_attn.q_proj.weight is missing"},
        {"n_group", "3", "do not fall into 3 groups"},
        {"qk_rope_head_dim", "5", "must be even"},
        {"vocab_size", "129280", "vocab = 129280 is outside"},
        {"attention_bias", "true", "\"attention_bias\" is true; only false"},
        {"rope_scaling", "{\"type\":\"yarn\"}", "\"factor\" must be a number"},
        {"rope_scaling", "{\"type\":\"linear\"}", "only the types default and yarn"},
        {"rope_scaling", "1", "\"rope_scaling\" is 1; only null"},
        {"norm_topk_prob", "false", "\"norm_topk_prob\" is false"},
        {"scoring_func", "\"softmax\"", "\"scoring_func\" is \"softmax\""},
        {"rms_norm_eps", "\"x\"", "\"rms_norm_eps\" must be a number"},
        {"tie_word_embeddings", "1", "\"tie_word_embeddings\" must be true or false"},
        {"tie_word_embeddings", "true", "tensor lm_head.weight is not one of the model"},
        {"first_k_dense_replace", "3", "all layers are dense and the MTP module is not"},
        {"quantization_config", "{\"weight_block_size\":[0,128]}", "\"weight_block_size\" must be"},
        {"quantization_config", "{\"weight_block_size\":[128]}", "\"weight_block_size\" must be"},
        {"grpolab", "{}", "\"grpolab\" must hold"},
        {"grpolab", "{\"preset\":\"x\",\"stage\":\"grpo\",\"seed\":\"-1\",\"settings\":[]}",
         "\"grpolab\" must hold"},
    };
    json_t *c = json_array_get(golden(), 0);
    FILE *f;
    write_case(c, NULL);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        json_t *config = json_deep_copy(json_object_get(c, "config"));
        if (row[i].value)
            json_object_set_new(config, row[i].key, json_loads(row[i].value, JSON_DECODE_ANY, NULL));
        else
            json_object_del(config, row[i].key);
        write_config(config);
        refused(ST_USAGE, row[i].says, row[i].key);
        json_decref(config);
    }
    f = fopen(in_folder("config.json"), "w");
    cr_assert(f && fputs("{\"model_type\": ", f) >= 0 && fclose(f) == 0);
    refused(ST_USAGE, "config.json: line 1", "half a file");
    unlink(in_folder("config.json"));
    refused(ST_NOTFOUND, "cannot open", "no config.json");
}

Test(exchange, shards_are_found_by_their_index, .init = open_folder, .fini = close_folder)
{
    static const struct {
        const char *index, *says;
        enum status st;
    } row[] = {
        {"[]", "must hold", ST_USAGE},
        {"{", "model.safetensors.index.json: line 1", ST_USAGE},
        {"{}", "\"weight_map\" must be an object", ST_USAGE},
        {"{\"weight_map\":{}}", "\"weight_map\" must be an object", ST_USAGE},
        {"{\"weight_map\":{\"a\":1}}", "must be a file's name", ST_USAGE},
        {"{\"weight_map\":{\"a\":\"../x\"}}", "must be a file's name", ST_USAGE},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "must be a file's name", ST_USAGE},
        {"{\"weight_map\":{\"a\":\"..\"}}", "must be a file's name", ST_USAGE},
        {"{\"weight_map\":{\"a\":\"gone.safetensors\"}}", "cannot open", ST_NOTFOUND},
        {"{\"weight_map\":{\"a\":\"config.json\"}}", "config.json: a header of", ST_USAGE},
        {"{\"weight_map\":{\"a\":\"all.safetensors\"}}", "tensor model.embed_tokens.weight is missing",
         ST_USAGE},
    };
    char whole[600];
    write_case(json_array_get(golden(), 0), NULL);
    snprintf(whole, sizeof whole, "%s", in_folder("model.safetensors"));
    cr_assert_eq(rename(whole, in_folder("all.safetensors")), 0);
    refused(ST_NOTFOUND, "has no model.safetensors and no", "neither");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        FILE *f = fopen(in_folder("model.safetensors.index.json"), "w");
        cr_assert(f && fputs(row[i].index, f) >= 0 && fclose(f) == 0);
        refused(row[i].st, i ? row[i].says : "weight_map", row[i].index);
    }
}

/* An export, read back: to the bit, words and settings too. */
Test(exchange, a_run_goes_out_and_comes_back, .init = open_folder, .fini = close_folder)
{
    static const char *const more[] = {"model.mtp_depth", "1", NULL};
    struct settings set, back;
    struct tiny_run r, other;
    struct checkpoint k;
    struct vocab words;
    struct err e;
    struct str a = {0}, b = {0};
    int tensors;
    size_t block;
    tiny_settings(&set, more);
    tiny_run_init(&r, &set, STAGE_BASE, 7, 1);
    tiny_run_step(&r, NULL);
    for (int i = 0; i < r.t.learner.bias_n; i++)
        r.t.learner.bias[i] = (real)(0.125 * i - 0.25);
    cr_assert_eq(checkpoint_write(folder, &r.t, &tensors, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(checkpoint_open(&k, folder, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(tensors, k.exchange.n);
    cr_assert(k.config.has_run && k.config.seed == 7 && strcmp(k.config.stage, "base") == 0);
    cr_assert_eq(k.model.params.total, r.t.model.params.total);
    settings_print(&set, &a);
    cr_assert_str_eq(str_c(&k.config.settings), str_c(&a));
    back = set;
    back.model.width = 48;
    back.model.route_scale = 1;
    cr_assert_eq(exchange_config_apply(&k.config, &back, &e), ST_OK, "%s", e.msg);
    settings_print(&back, &b);
    cr_assert_str_eq(str_c(&b), str_c(&a));
    cr_assert_eq(exchange_tokens_read(folder, &words, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(words.n, r.t.vocab.n);
    for (int i = 0; i < words.n; i++)
        cr_assert_str_eq(words.token[i], r.t.vocab.token[i]);
    tiny_run_init(&other, &set, STAGE_BASE, 8, 1);
    cr_assert_eq(checkpoint_read(&k, other.t.learner.w, other.t.learner.bias, &e), ST_OK, "%s", e.msg);
    block = r.t.model.params.total * sizeof(real);
    cr_assert_eq(memcmp(other.t.learner.w, r.t.learner.w, block), 0);
    cr_assert_eq(memcmp(other.t.learner.bias, r.t.learner.bias, (size_t)r.t.learner.bias_n * sizeof(real)),
                 0);
    /* Its own it may write again, another's it may not. */
    cr_assert_eq(checkpoint_write(folder, &r.t, &tensors, &e), ST_OK, "%s", e.msg);
    write_config(json_object_get(json_array_get(golden(), 0), "config"));
    cr_assert_eq(checkpoint_write(folder, &r.t, &tensors, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "did not write"));
    checkpoint_close(&k);
    vocab_release(&words);
    str_free(&a);
    str_free(&b);
    tiny_run_release(&r);
    tiny_run_release(&other);
}
