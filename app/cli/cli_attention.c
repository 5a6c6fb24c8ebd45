/* `attention`: latent attention beside multi-head, grouped-query and multi-query attention of a given size.
 * Writes nothing to the store. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/attention_lab.h"
#include "app/cli/cli.h"
#include "app/cli/cli_progress.h"

static const char *const form_name[WAY_N] = {"plain",    "plain", "plain",
                                             "absorbed", "plain", "paged"};

static enum status read_contexts(const char *text, int *context, int *n, struct err *e)
{
    const char *at = text;
    long before = 0;
    *n = 0;
    for (;;) {
        char *end;
        long v;
        errno = 0;
        v = strtol(at, &end, 10);
        if (end == at || errno || v <= before || v > CONTEXT_MOST || *n == CONTEXTS_MOST ||
            (*end && *end != ','))
            return err_set(e, ST_USAGE, "attention",
                           "--tokens %.60s: at most %d ascending contexts of 1..%d tokens, such as 128,1024",
                           text, CONTEXTS_MOST, CONTEXT_MOST);
        context[(*n)++] = (int)v;
        before = v;
        if (!*end)
            return ST_OK;
        at = end + 1;
    }
}

static void put(struct json_writer *w, const char *key, double v)
{
    write_key(w, key);
    write_number(w, v);
}

static void json_way(struct json_writer *w, const struct way_facts *f, int form, int contexts_n)
{
    const struct model_config *c = &f->config;
    int is_latent = c->attention == ATTENTION_MLA;
    write_begin(w, '{');
    write_key(w, "name");
    write_word(w, f->name);
    write_key(w, "form");
    write_word(w, form_name[form]);
    put(w, "kv_heads", is_latent ? NAN : config_kv_heads(c));
    put(w, "head_dim", is_latent ? NAN : c->head_dim);
    put(w, "parameters", (double)f->parameters);
    put(w, "cached", config_cached(c, f->every_head));
    put(w, "bytes", (double)f->bytes);
    put(w, "bytes_measured", f->measured);
    if (contexts_n) {
        write_key(w, "tokens_a_second");
        write_numbers(w, f->rate, contexts_n);
    }
    if (isfinite(f->apart)) {
        put(w, "largest_difference", f->apart);
        put(w, "at", f->apart_at);
    }
    write_end(w, '}');
}

static void print_json(const struct attention_lab *l, const char *preset, struct str *out)
{
    struct json_writer w = {.out = out};
    const struct model_config *c = &l->way[WAY_MLA].config;
    const struct group_facts *g = &l->group;
    struct way_facts v3[WAY_N];
    write_begin(&w, '{');
    write_key(&w, "preset");
    write_word(&w, preset);
    put(&w, "width", c->width);
    put(&w, "layers", c->layers_n);
    put(&w, "heads", c->heads_n);
    put(&w, "streams", STREAMS);
    write_key(&w, "contexts");
    write_begin(&w, '[');
    for (int i = 0; i < l->contexts_n; i++)
        write_whole(&w, l->context[i]);
    write_end(&w, ']');
    put(&w, "fed", l->fed);
    put(&w, "largest_logit", l->largest);
    write_key(&w, "ways");
    write_begin(&w, '[');
    for (int i = 0; i < WAY_N; i++)
        json_way(&w, &l->way[i], i, l->contexts_n);
    write_end(&w, ']');
    write_key(&w, "group");
    write_begin(&w, '{');
    put(&w, "prompt", g->prompt);
    put(&w, "longest", g->longest);
    put(&w, "positions", (double)g->positions);
    put(&w, "reserved_bytes", (double)g->reserved);
    put(&w, "filled_bytes", (double)g->filled);
    put(&w, "paged_bytes", (double)g->paged);
    put(&w, "pages", g->pages);
    put(&w, "copied", g->copied);
    write_end(&w, '}');
    attention_lab_v3(v3);
    write_key(&w, "v3");
    write_begin(&w, '[');
    for (int i = 0; i <= WAY_MLA; i++)
        json_way(&w, &v3[i], i, 0);
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

/* "4 heads of 2 x 20", or "latent 32 + 16". */
static void what_is_cached(const struct way_facts *f, char *out, size_t bytes)
{
    const struct model_config *c = &f->config;
    if (c->attention == ATTENTION_MHA)
        snprintf(out, bytes, "%d heads of 2 x %d", config_kv_heads(c), c->head_dim);
    else if (f->every_head)
        snprintf(out, bytes, "%d heads of %d + %d", c->heads_n, config_key_dim(c), c->v_dim);
    else
        snprintf(out, bytes, "latent %d + %d", c->kv_rank, c->rope_dim);
}

static void text_ways(const struct attention_lab *l, struct str *out)
{
    str_printf(out, "  %-10s %10s  %-20s %8s %9s %9s   tokens/s at", "", "parameters", "cached a layer",
               "numbers", "bytes", "measured");
    for (int n = 0; n < l->contexts_n; n++)
        str_printf(out, " %13d", l->context[n]);
    str_add(out, "\n");
    for (int i = 0; i < WAY_N; i++) {
        const struct way_facts *f = &l->way[i];
        char cached[48];
        what_is_cached(f, cached, sizeof cached);
        str_printf(out, "  %-10s %10lld  %-20s %8d %9lld %9.1f              ", f->name,
                   (long long)f->parameters, cached, config_cached(&f->config, f->every_head),
                   (long long)f->bytes, f->measured);
        for (int n = 0; n < l->contexts_n; n++)
            str_printf(out, " %7.0f %4.2fx", f->rate[n], f->rate[n] / l->way[WAY_MHA].rate[n]);
        str_add(out, "\n");
    }
}

static void text_against(const struct attention_lab *l, int way, const char *what, struct str *out)
{
    const struct way_facts *f = &l->way[way];
    str_printf(out, "%s: largest difference of a logit %.2g, at position %d; speed", what, f->apart,
               f->apart_at);
    for (int n = 0; n < l->contexts_n; n++) {
        double ratio = f->rate[n] / l->way[WAY_MLA].rate[n];
        str_printf(out, "%s %.2fx", n ? "," : "", way == WAY_MLA_PAGED ? ratio : 1 / ratio);
    }
    str_add(out, "\n");
}

static void print_text(const struct attention_lab *l, const char *preset, struct str *out)
{
    const struct model_config *c = &l->way[WAY_MLA].config;
    const struct group_facts *g = &l->group;
    struct way_facts v3[WAY_N];
    str_printf(out,
               "%s: width %d, %d layers, %d heads; attention's parameters as near as even heads allow\n"
               "%d sequences together, one core, float32, weights at random; the best of several rounds;\n"
               "x: against mha. Cache a token, all layers: by the formula, and counted after %d tokens\n\n",
               preset, c->width, c->layers_n, c->heads_n, STREAMS, l->fed);
    text_ways(l, out);
    str_printf(out, "\nover %d positions, logits of up to %.1f\n", l->fed, l->largest);
    text_against(l, WAY_MLA_PLAIN, "  absorbed against plain", out);
    text_against(l, WAY_MLA_PAGED, "  paged against contiguous", out);
    str_printf(out,
               "\n%d completions of one prompt of %d tokens, which end evenly up to %d, in pages of %d:\n"
               "  reserved contiguously %.1f KB, filled of it %.1f KB; %d pages, %.1f KB: %.2f of what is\n"
               "  reserved, %.2f of what is filled, as the prompt is held once; %d pages were copied\n",
               STREAMS, g->prompt, g->longest, PAGE_POSITIONS, (double)g->reserved / 1024,
               (double)g->filled / 1024, g->pages, (double)g->paged / 1024,
               (double)g->paged / (double)g->reserved, (double)g->paged / (double)g->filled, g->copied);
    attention_lab_v3(v3);
    str_add(out, "\nat V3's size (61 layers, 128 heads of 128, BF16), by the formula\n");
    for (int i = 0; i <= WAY_MLA; i++) {
        char cached[48];
        what_is_cached(&v3[i], cached, sizeof cached);
        str_printf(out, "  %-10s %-22s %6d numbers a layer %10lld bytes a token  %6.2fx\n", v3[i].name,
                   cached, config_cached(&v3[i].config, 0), (long long)v3[i].bytes,
                   (double)v3[i].bytes / (double)v3[WAY_MLA].bytes);
    }
}

static void told(void *ctx, int done, int all)
{
    status_line_show(ctx, "%d of %d measurements", done, all);
}

enum status cli_attention(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    const char *preset = a->operand.n ? a->operand.word[0] : "quick";
    int is_quick = args_has(a, OPT_QUICK), context[CONTEXTS_MOST], n = 0;
    const char *text = args_has(a, OPT_TOKENS) ? a->tokens : is_quick ? "128,1024" : "128,1024,4096,16384";
    uint64_t seed = 1;
    struct attention_lab *l = calloc(1, sizeof *l);
    struct settings set;
    struct status_line line;
    struct str out = {0};
    enum status st =
        l ? cli_settings(c, preset, &set, &seed, e) : err_set(e, ST_NOMEM, "attention", "no memory");
    status_line_init(&line, args_has(a, OPT_QUIET));
    if (!st)
        st = read_contexts(text, context, &n, e);
    if (!st)
        st = attention_lab_init(l, &set.model, context, n, e);
    if (!st)
        st = attention_lab_run(l, seed, is_quick ? 2 : 5, is_quick ? 0.01 : 0.1, told, &line, e);
    status_line_clear(&line);
    if (st)
        goto out;
    if (args_has(a, OPT_JSON))
        print_json(l, preset, &out);
    else
        print_text(l, preset, &out);
    if (out.failed)
        st = err_set(e, ST_NOMEM, "attention", "no memory for the result");
    else
        cli_print(&out);
out:
    str_free(&out);
    free(l);
    return st;
}
