/* `fp8`: what FP8 does to the tensors of a run. Writes nothing to the store. */
#include <stdio.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "engine/run/fp8_stats.h"

static const char *const role_name[FP8_ROLE_N] = {"weight", "activation", "gradient"};
static const char *const scale_name[] = {"tile", "tensor", "none"};

static void put(struct json_writer *w, const char *key, double v)
{
    write_key(w, key);
    write_number(w, v);
}

static void json_bytes(struct json_writer *w, const char *key, const struct fp8_bytes *b)
{
    write_key(w, key);
    write_begin(w, '{');
    put(w, "fp32", (double)b->fp32);
    put(w, "bf16", (double)b->bf16);
    put(w, "fp8", (double)b->fp8);
    write_end(w, '}');
}

static void print_json(const struct fp8_stats *s, int64_t step, struct str *out)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    put(&w, "step", (double)step);
    write_key(&w, "fp8");
    write_bool(&w, s->config.on);
    write_key(&w, "scale");
    write_word(&w, scale_name[s->config.scale]);
    put(&w, "tile", s->config.tile);
    put(&w, "block", s->config.block);
    put(&w, "tokens", s->tokens);
    put(&w, "loss", s->loss);
    put(&w, "loss_fp32", s->loss_fp32);
    put(&w, "gradient_cosine", s->cosine);
    json_bytes(&w, "weight_bytes", &s->weights);
    json_bytes(&w, "activation_bytes", &s->activations);
    put(&w, "high_precision_bytes", (double)s->high);
    write_key(&w, "tensors");
    write_begin(&w, '[');
    for (int i = 0; i < s->tensors_n; i++) {
        const struct fp8_tensor *t = &s->tensor[i];
        write_begin(&w, '{');
        write_key(&w, "name");
        write_word(&w, t->name);
        write_key(&w, "kind");
        write_word(&w, role_name[t->role]);
        put(&w, "values", (double)t->n);
        put(&w, "error", t->error);
        put(&w, "saturated", t->saturated);
        put(&w, "flushed", t->flushed);
        write_end(&w, '}');
    }
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void text_bytes(struct str *out, const char *what, const struct fp8_bytes *b)
{
    str_printf(out, "  %-24s %10.1f %10.1f %10.1f\n", what, (double)b->fp32 / 1024, (double)b->bf16 / 1024,
               (double)b->fp8 / 1024);
}

static void print_text(const struct fp8_stats *s, int64_t step, struct str *out)
{
    const struct fp8_config *c = &s->config;
    str_printf(out, "step %lld, %d tokens of demonstrations; the run is %s FP8; ", (long long)step, s->tokens,
               c->on ? "in" : "not in");
    if (c->scale == FP8_SCALE_TILE)
        str_printf(out, "tiles 1x%d, blocks %dx%d%s\n", c->tile, c->block, c->block,
                   c->tile == 128 && c->block == 128 ? "" : " (toy width; V3: 128)");
    else
        str_printf(out, c->scale == FP8_SCALE_TENSOR ? "one scale a tensor\n" : "no scales\n");
    if (c->outlier != 1)
        str_printf(out, "channel 0 of every map is multiplied by %g before it is quantised\n", c->outlier);
    str_printf(out, "loss %.5f nats a token, %.5f in FP32 (%+.2f %%); gradients' cosine %.5f\n\n", s->loss,
               s->loss_fp32, 100 * (s->loss / s->loss_fp32 - 1), s->cosine);
    str_printf(out, "  %-24s %10s %10s %10s\n", "KB", "fp32", "bf16", "fp8");
    text_bytes(out, "weights of linear maps", &s->weights);
    text_bytes(out, "their inputs", &s->activations);
    str_printf(out, "  %-24s %10.1f\n\n", "other weights, kept", (double)s->high / 1024);
    str_printf(out, "  %-28s %-10s %10s %9s %9s %9s\n", "tensor", "kind", "values", "error %", "satur. %",
               "flushed %");
    for (int i = 0; i < s->tensors_n; i++) {
        const struct fp8_tensor *t = &s->tensor[i];
        str_printf(out, "  %-28s %-10s %10llu %9.2f %9.3f %9.3f\n", t->role == FP8_WEIGHT ? t->name : "",
                   role_name[t->role], (unsigned long long)t->n, 100 * t->error, 100 * t->saturated,
                   100 * t->flushed);
    }
}

enum status cli_fp8(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    struct fp8_stats stats;
    struct session *s;
    struct str text = {0};
    enum status st = cli_open(c, a->operand.word[0], &s, e);
    if (st)
        return st;
    st = fp8_stats_run(s->trainer, &stats, e);
    if (!st && args_has(a, OPT_JSON))
        print_json(&stats, s->trainer->step, &text);
    else if (!st)
        print_text(&stats, s->trainer->step, &text);
    if (!st)
        cli_print(&text);
    fp8_stats_free(&stats);
    str_free(&text);
    return st;
}
