/* config.json and its companions. One table maps its keys to the fields of struct model_config; writing,
 * reading and the settings of an imported run go through it. What the layout can say and this program cannot
 * do (other activations, gates that are not normalised) is refused by name, never passed over.
 */
#include "app/session/exchange_files.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"

#define FIELD(name) offsetof(struct model_config, name)

enum row_kind { ROW_WHOLE, ROW_OR_NULL, ROW_REAL, ROW_BOOL };

static const struct row {
    const char *key;
    size_t field;
    enum row_kind kind;
    double missing;      /* value where the key is absent; NAN: it must be there */
    const char *setting; /* of section model; NULL: follows from elsewhere */
} rows[] = {
    {"vocab_size", FIELD(vocab_n), ROW_WHOLE, NAN, NULL},
    {"hidden_size", FIELD(width), ROW_WHOLE, NAN, "model.width"},
    {"intermediate_size", FIELD(ffn_width), ROW_WHOLE, NAN, "model.ffn_width"},
    {"moe_intermediate_size", FIELD(expert_width), ROW_WHOLE, NAN, "model.expert_width"},
    {"num_hidden_layers", FIELD(layers_n), ROW_WHOLE, NAN, "model.layers"},
    {"num_nextn_predict_layers", FIELD(mtp_depth), ROW_WHOLE, 0, "model.mtp_depth"},
    {"num_attention_heads", FIELD(heads_n), ROW_WHOLE, NAN, "model.heads"},
    {"n_shared_experts", FIELD(shared_n), ROW_OR_NULL, 0, "model.shared"},
    {"n_routed_experts", FIELD(experts_n), ROW_WHOLE, NAN, "model.experts"},
    {"routed_scaling_factor", FIELD(route_scale), ROW_REAL, 2.5, "model.route_scale"},
    {"kv_lora_rank", FIELD(kv_rank), ROW_WHOLE, NAN, "model.kv_rank"},
    {"q_lora_rank", FIELD(q_rank), ROW_OR_NULL, NAN, "model.q_rank"},
    {"qk_rope_head_dim", FIELD(rope_dim), ROW_WHOLE, NAN, "model.rope_dim"},
    {"v_head_dim", FIELD(v_dim), ROW_WHOLE, NAN, "model.v_dim"},
    {"qk_nope_head_dim", FIELD(nope_dim), ROW_WHOLE, NAN, "model.nope_dim"},
    {"n_group", FIELD(groups_n), ROW_WHOLE, NAN, "model.groups"},
    {"topk_group", FIELD(top_groups), ROW_WHOLE, NAN, "model.top_groups"},
    {"num_experts_per_tok", FIELD(top_k), ROW_WHOLE, NAN, "model.top_k"},
    {"first_k_dense_replace", FIELD(dense_layers), ROW_WHOLE, NAN, "model.dense_layers"},
    {"max_position_embeddings", FIELD(positions_n), ROW_WHOLE, 4096, NULL},
    {"rms_norm_eps", FIELD(norm_eps), ROW_REAL, 1e-6, "model.norm_eps"},
    {"rope_theta", FIELD(rope_theta), ROW_REAL, 10000, "model.rope_theta"},
    {"tie_word_embeddings", FIELD(tied), ROW_BOOL, 0, "model.tied"},
};

enum { ROWS = sizeof rows / sizeof *rows };

/* What is the same in every file that is written, and is refused when it says something else. */
static const struct {
    const char *key, *value;
} fixed[] = {
    {"model_type", "\"deepseek_v3\""}, {"hidden_act", "\"silu\""},      {"attention_bias", "false"},
    {"moe_layer_freq", "1"},           {"norm_topk_prob", "true"},      {"rope_interleave", "true"},
    {"rope_scaling", "null"},          {"scoring_func", "\"sigmoid\""}, {"topk_method", "\"noaux_tc\""},
};

static double field_value(const struct model_config *c, const struct row *r)
{
    const void *at = (const char *)c + r->field;
    return r->kind == ROW_REAL ? *(const double *)at : *(const int *)at;
}

static void set_field(struct model_config *c, const struct row *r, double v)
{
    void *at = (char *)c + r->field;
    if (r->kind == ROW_REAL)
        *(double *)at = v;
    else
        *(int *)at = (int)v;
}

static enum status load(const char *folder, const char *name, json_t **out, struct err *e)
{
    char path[4096];
    struct err why;
    enum status st;
    FILE *f;
    *out = NULL;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return err_set(e, ST_USAGE, "import", "a path of %zu bytes is too long", strlen(folder));
    f = fopen(path, "re");
    if (!f)
        return err_set(e, errno == ENOENT || errno == ENOTDIR ? ST_NOTFOUND : ST_IO, "import",
                       "cannot open %.160s: %s", path, strerror(errno));
    st = json_read(f, "import", out, &why);
    fclose(f);
    if (!st && !json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return err_set(e, ST_USAGE, "import", "%.160s: it must hold an object", path);
    }
    return st ? err_set(e, st, "import", "%.120s: %.120s", path, why.msg) : ST_OK;
}

/* rope_theta also stands inside rope_parameters, where newer programs write it. */
static const json_t *find(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v || strcmp(key, "rope_theta") ? v : json_object_get(json_object_get(o, "rope_parameters"), key);
}

static enum status read_row(const json_t *o, const struct row *r, struct model_config *c, struct err *e)
{
    const json_t *v = find(o, r->key);
    double x = 0;
    if (!v && isnan(r->missing))
        return err_set(e, ST_USAGE, "import", "config.json: the key \"%s\" is missing", r->key);
    if (!v)
        x = r->missing;
    else if (r->kind == ROW_BOOL && json_is_boolean(v))
        x = json_is_true(v);
    else if (r->kind == ROW_REAL && json_is_number(v))
        x = json_number_value(v);
    else if ((r->kind == ROW_WHOLE || r->kind == ROW_OR_NULL) && json_is_integer(v) &&
             json_integer_value(v) >= 0 && json_integer_value(v) <= INT_MAX)
        x = (double)json_integer_value(v);
    else if (r->kind != ROW_OR_NULL || !json_is_null(v))
        return err_set(e, ST_USAGE, "import", "config.json: \"%s\" must be %s", r->key,
                       r->kind == ROW_BOOL   ? "true or false"
                       : r->kind == ROW_REAL ? "a number"
                                             : "a whole number of 0 or more");
    set_field(c, r, x);
    return ST_OK;
}

static enum status read_fixed(const json_t *o, struct err *e)
{
    if (!json_object_get(o, "model_type"))
        return err_set(e, ST_USAGE, "import", "config.json: the key \"model_type\" is missing");
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const json_t *v = json_object_get(o, fixed[i].key);
        char *text = v && !json_is_object(v) ? json_dumps(v, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
        int is_rope = strcmp(fixed[i].key, "rope_scaling") == 0;
        int same = !v || (is_rope && json_is_object(v)) || (text && strcmp(text, fixed[i].value) == 0);
        if (!same)
            err_set(e, ST_USAGE, "import", "config.json: \"%s\" is %.60s; only %s is read", fixed[i].key,
                    text ? text : "an object", fixed[i].value);
        free(text);
        if (!same)
            return ST_USAGE;
    }
    return ST_OK;
}

/* rope_scaling, or rope_parameters where newer programs write it. */
static enum status read_rope(const json_t *o, struct exchange_yarn *y, struct err *e)
{
    const json_t *r = json_object_get(o, "rope_scaling"), *type;
    struct {
        const char *key;
        double *to, missing, low, high;
    } row[] = {
        {"factor", &y->factor, NAN, 1, 1e6},
        {"original_max_position_embeddings", &y->original, NAN, 1, 1e9},
        {"beta_fast", &y->beta_fast, 32, 1e-3, 1e6},
        {"beta_slow", &y->beta_slow, 1, 1e-3, 1e6},
        {"mscale", &y->mscale, 1, 0, 100},
        {"mscale_all_dim", &y->mscale_all_dim, 0, 0, 100},
    };
    if (!json_is_object(r))
        r = json_object_get(o, "rope_parameters");
    if (!r)
        return ST_OK;
    type = json_object_get(r, "rope_type") ? json_object_get(r, "rope_type") : json_object_get(r, "type");
    if (json_is_string(type) && strcmp(json_string_value(type), "default") == 0)
        return ST_OK;
    if (!json_is_string(type) || strcmp(json_string_value(type), "yarn"))
        return err_set(e, ST_USAGE, "import",
                       "config.json: \"rope_scaling\": only the types default and yarn are read");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const json_t *v = json_object_get(r, row[i].key);
        double x = json_is_number(v) ? json_number_value(v) : v ? NAN : row[i].missing;
        if (!(x >= row[i].low && x <= row[i].high))
            return err_set(e, ST_USAGE, "import",
                           "config.json: \"rope_scaling\": \"%s\" must be a number %g..%g", row[i].key,
                           row[i].low, row[i].high);
        *row[i].to = x;
    }
    y->is_on = 1;
    return ST_OK;
}

/* Dense layers may be counted past the last one; an MTP module's block is then dense as well, else a mixture.
 */
static enum status settle_layers(struct model_config *c, struct err *e)
{
    int dense = c->dense_layers;
    if (dense >= c->layers_n && c->mtp_depth > 0 && dense < c->layers_n + c->mtp_depth)
        return err_set(
            e, ST_USAGE, "import",
            "config.json: all layers are dense and the MTP module is not: there is no such model here");
    c->dense_layers = dense > c->layers_n ? c->layers_n : dense;
    return ST_OK;
}

static enum status read_blocks(const json_t *o, struct exchange_config *c, struct err *e)
{
    const json_t *q = json_object_get(o, "quantization_config"),
                 *size = json_object_get(q, "weight_block_size");
    int *to[2] = {&c->block_out, &c->block_in};
    c->block_out = c->block_in = 128;
    for (int i = 0; size && i < 2; i++) {
        const json_t *v = json_array_get(size, (size_t)i);
        if (json_array_size(size) != 2 || !json_is_integer(v) || json_integer_value(v) < 1 ||
            json_integer_value(v) > 65536)
            return err_set(e, ST_USAGE, "import",
                           "config.json: \"weight_block_size\" must be two whole numbers of 1 or more");
        *to[i] = (int)json_integer_value(v);
    }
    return ST_OK;
}

/* What an export of ours says of its run. */
static enum status read_run(const json_t *o, struct exchange_config *c, struct err *e)
{
    const json_t *run = json_object_get(o, "grpolab"), *lines = json_object_get(run, "settings"), *line;
    const char *preset = json_string_value(json_object_get(run, "preset"));
    const char *stage = json_string_value(json_object_get(run, "stage"));
    const char *seed = json_string_value(json_object_get(run, "seed"));
    char *end = NULL;
    size_t i;
    if (!run)
        return ST_OK;
    errno = 0;
    c->seed = seed && *seed >= '0' && *seed <= '9' ? strtoull(seed, &end, 10) : 0;
    if (!preset || !stage || stage_find(stage) < 0 || !end || *end || errno || !json_is_array(lines))
        return err_set(
            e, ST_USAGE, "import",
            "config.json: \"grpolab\" must hold preset, stage, seed and settings, as an export writes them");
    json_array_foreach(lines, i, line)
    {
        if (!json_is_string(line))
            return err_set(e, ST_USAGE, "import", "config.json: \"grpolab\": settings must be texts");
        str_printf(&c->settings, "%s\n", json_string_value(line));
    }
    snprintf(c->preset, sizeof c->preset, "%s", preset);
    snprintf(c->stage, sizeof c->stage, "%s", stage);
    c->has_run = 1;
    return c->settings.failed ? err_set(e, ST_NOMEM, "import", "no memory for settings") : ST_OK;
}

enum status exchange_config_read(const char *folder, struct exchange_config *out, struct err *e)
{
    json_t *o = NULL;
    enum status st;
    memset(out, 0, sizeof *out);
    out->model.attention = ATTENTION_MLA;
    out->model.init_gain = 1;
    st = load(folder, "config.json", &o, e);
    if (!st)
        st = read_fixed(o, e);
    if (!st)
        st = read_rope(o, &out->yarn, e);
    for (int i = 0; i < ROWS && !st; i++)
        st = read_row(o, &rows[i], &out->model, e);
    if (!st)
        st = settle_layers(&out->model, e);
    if (!st)
        st = read_blocks(o, out, e);
    if (!st)
        st = read_run(o, out, e);
    json_decref(o);
    return st;
}

void exchange_config_free(struct exchange_config *c)
{
    str_free(&c->settings);
    memset(c, 0, sizeof *c);
}

enum status exchange_config_apply(const struct exchange_config *c, struct settings *s, struct err *e)
{
    enum status st = settings_set(s, STAGE_GRPO, "model.attention", "mla", NULL, e);
    for (int i = 0; i < ROWS && !st; i++) {
        char value[32];
        if (!rows[i].setting)
            continue;
        number_text(field_value(&c->model, &rows[i]), value);
        st = settings_set(s, STAGE_GRPO, rows[i].setting, value, NULL, e);
    }
    return st ? st : settings_check(s, e);
}

/* The ids must be 0..n-1, each once. */
static enum status order_words(json_t *vocab, const char **word, size_t n, struct err *e)
{
    const char *key;
    json_t *id;
    json_object_foreach(vocab, key, id)
    {
        json_int_t at = json_is_integer(id) ? json_integer_value(id) : -1;
        if (at < 0 || (size_t)at >= n || word[at])
            return err_set(e, ST_USAGE, "import",
                           "tokenizer.json: the ids of %zu tokens must be 0 to %zu, each once", n, n - 1);
        if (!key[0] || strpbrk(key, " \t\r\n"))
            return err_set(e, ST_USAGE, "import", "tokenizer.json: token %lld is no word between blanks",
                           (long long)at);
        word[at] = key;
    }
    return ST_OK;
}

enum status exchange_tokens_read(const char *folder, struct vocab *out, struct err *e)
{
    json_t *o = NULL, *vocab;
    const char **word = NULL, *type;
    size_t n;
    enum status st = load(folder, "tokenizer.json", &o, e);
    memset(out, 0, sizeof *out);
    if (st)
        return st;
    vocab = json_object_get(json_object_get(o, "model"), "vocab");
    type = json_string_value(json_object_get(json_object_get(o, "model"), "type"));
    n = json_object_size(vocab);
    if (!type || strcmp(type, "WordLevel"))
        st = err_set(e, ST_USAGE, "import",
                     "tokenizer.json: a tokenizer of %.20s; only WordLevel, words between blanks, is read",
                     type ? "another kind" : "no known kind");
    else if (n < 1 || n > 65534)
        st = err_set(e, ST_USAGE, "import", "tokenizer.json: %zu tokens; 1 to 65534 can be read", n);
    else if (!(word = calloc(n, sizeof *word)))
        st = err_set(e, ST_NOMEM, "import", "no memory for %zu tokens", n);
    if (!st)
        st = order_words(vocab, word, n, e);
    if (!st)
        st = vocab_init(out, word, (int)n, e);
    free(word);
    json_decref(o);
    return st;
}

/* A file that is there whole or not at all. */
static enum status write_file(const char *folder, const char *name, const struct str *text, struct err *e)
{
    char path[4096], part[4096 + 8];
    enum status st;
    FILE *f;
    int ok;
    if (text->failed)
        return err_set(e, ST_NOMEM, "export", "no memory for %s", name);
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return err_set(e, ST_USAGE, "export", "a path of %zu bytes is too long", strlen(folder));
    snprintf(part, sizeof part, "%s.part", path);
    f = fopen(part, "we");
    ok = f && fwrite(str_c(text), 1, text->n, f) == text->n && !fflush(f) && !fsync(fileno(f));
    if (ok && !rename(part, path)) {
        fclose(f);
        return ST_OK;
    }
    st = errno == ENOSPC || errno == EDQUOT ? ST_FULL : ST_IO;
    err_set(e, st, "export", "cannot write %.160s: %s", path, strerror(errno));
    if (f) {
        fclose(f);
        unlink(part);
    }
    return st;
}

/* A text as JSON has it, with its quotes. */
static void quoted(struct str *out, const char *text)
{
    struct json_writer w = {.out = out};
    write_word(&w, text);
}

static void config_text(const struct trainer *t, struct str *out)
{
    struct model_config c = t->model.config;
    struct str lines = {0};
    if (c.dense_layers == c.layers_n)
        c.dense_layers += c.mtp_depth; /* so that the module's block counts as dense, which it is */
    str_add(out, "{\n  \"architectures\": [\"DeepseekV3ForCausalLM\"],\n");
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        str_printf(out, "  \"%s\": %s,\n", fixed[i].key, fixed[i].value);
    for (int i = 0; i < ROWS; i++) {
        double v = field_value(&c, &rows[i]);
        char number[32];
        number_text(v, number);
        if (rows[i].kind == ROW_BOOL)
            snprintf(number, sizeof number, "%s", v ? "true" : "false");
        else if (rows[i].kind == ROW_REAL && !strpbrk(number, ".e"))
            strcat(number, ".0");
        str_printf(out, "  \"%s\": %s,\n", rows[i].key,
                   v == 0 && strcmp(rows[i].key, "q_lora_rank") == 0 ? "null" : number);
    }
    str_printf(
        out,
        "  \"num_key_value_heads\": %d,\n  \"attention_dropout\": 0.0,\n  \"torch_dtype\": \"float32\",\n"
        "  \"use_cache\": true,\n  \"bos_token_id\": null,\n  \"eos_token_id\": %d,\n"
        "  \"grpolab\": {\n    \"preset\": ",
        c.heads_n, t->task.end_token);
    quoted(out, t->set.preset);
    str_printf(out, ",\n    \"stage\": \"%s\",\n    \"seed\": \"%llu\",\n    \"settings\": [",
               stage_name(t->stage), (unsigned long long)t->seed);
    settings_print(&t->set, &lines);
    for (const char *p = str_c(&lines); *p;) {
        size_t n = strcspn(p, "\n");
        str_printf(out, "%s\n      \"%.*s\"", p == str_c(&lines) ? "" : ",", (int)n, p);
        p += n + (p[n] == '\n');
    }
    str_add(out, "\n    ]\n  }\n}\n");
    out->failed |= lines.failed;
    str_free(&lines);
}

static void tokenizer_text(const struct vocab *v, struct str *out)
{
    str_add(
        out,
        "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [],\n"
        "  \"normalizer\": null,\n  \"pre_tokenizer\": {\"type\": \"WhitespaceSplit\"},\n"
        "  \"post_processor\": null,\n  \"decoder\": null,\n"
        "  \"model\": {\n    \"type\": \"WordLevel\",\n    \"vocab\": {");
    for (int i = 0; i < v->n; i++) {
        str_printf(out, "%s\n      ", i ? "," : "");
        quoted(out, v->token[i]);
        str_printf(out, ": %d", i);
    }
    str_add(out, "\n    },\n    \"unk_token\": \"<unk>\"\n  }\n}\n");
}

enum status exchange_files_write(const char *folder, const struct trainer *t, struct err *e)
{
    struct str text = {0};
    char temperature[32], top_p[32];
    enum status st;
    tokenizer_text(&t->vocab, &text);
    st = write_file(folder, "tokenizer.json", &text, e);
    str_clear(&text);
    str_printf(&text,
               "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n  \"model_max_length\": %d,\n"
               "  \"clean_up_tokenization_spaces\": false\n}\n",
               t->model.config.positions_n);
    if (!st)
        st = write_file(folder, "tokenizer_config.json", &text, e);
    str_clear(&text);
    number_text(t->set.eval.temperature, temperature);
    number_text(t->set.eval.top_p, top_p);
    str_printf(
        &text,
        "{\n  \"do_sample\": %s,\n  \"temperature\": %s,\n  \"top_p\": %s,\n  \"max_new_tokens\": %d,\n"
        "  \"eos_token_id\": %d\n}\n",
        t->set.eval.temperature > 0 ? "true" : "false", t->set.eval.temperature > 0 ? temperature : "1",
        top_p, t->set.rl.max_tokens, t->task.end_token);
    if (!st)
        st = write_file(folder, "generation_config.json", &text, e);
    str_clear(&text);
    config_text(t, &text);
    if (!st)
        st = write_file(folder, "config.json", &text, e);
    str_free(&text);
    return st;
}
