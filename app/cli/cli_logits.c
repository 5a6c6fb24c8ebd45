/* `logits`: one forward pass of a checkpoint or of a run over given tokens, before any softmax or
 * temperature. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/session/checkpoint.h"
#include "engine/nn/block.h"

enum { TOKENS_MOST = 65536, BEST = 5 };

/* "1,2,3" into ids below V. */
static enum status parse_tokens(const char *text, int vocab_n, uint16_t **id, int *n, struct err *e)
{
    char *end;
    *n = 0;
    *id = malloc(TOKENS_MOST * sizeof **id);
    if (!*id)
        return err_set(e, ST_NOMEM, "logits", "no memory for tokens");
    for (;; text = end + 1) {
        long v;
        errno = 0;
        v = strtol(text, &end, 10);
        if (*text < '0' || *text > '9' || errno || (*end && *end != ','))
            return err_set(e, ST_USAGE, "logits",
                           "--tokens takes whole numbers with commas between, not '%.40s'", text);
        if (v >= vocab_n)
            return err_set(e, ST_USAGE, "logits", "--tokens: %ld is none of the %d tokens 0..%d", v, vocab_n,
                           vocab_n - 1);
        if (*n == TOKENS_MOST)
            return err_set(e, ST_USAGE, "logits", "--tokens: more than %d", TOKENS_MOST);
        (*id)[(*n)++] = (uint16_t)v;
        if (!*end)
            return ST_OK;
    }
}

/* The shortest decimal that reads back as this float. */
static double short_number(float x)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        if (strtof(text, NULL) == x)
            break;
    }
    return strtod(text, NULL);
}

static void print_json(const real *logits, int T, int V, struct str *out)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    write_key(&w, "logits");
    write_begin(&w, '[');
    for (int t = 0; t < T; t++) {
        write_begin(&w, '[');
        for (int v = 0; v < V; v++)
            write_number(&w, short_number((float)logits[(size_t)t * (size_t)V + (size_t)v]));
        write_end(&w, ']');
    }
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void print_token(const struct vocab *words, int id, struct str *out)
{
    if (id < words->n)
        cli_safe(out, words->token[id], strlen(words->token[id]));
    else
        str_printf(out, "#%d", id);
}

/* A line a position: the token read, then the largest logits. */
static void print_text(const real *logits, const uint16_t *id, int T, int V, const struct vocab *words,
                       struct str *out)
{
    for (int t = 0; t < T; t++) {
        const real *row = logits + (size_t)t * (size_t)V;
        int best[BEST], n = V < BEST ? V : BEST;
        str_printf(out, "%4d  ", t);
        print_token(words, id[t], out);
        str_add(out, "  ->");
        for (int j = 0; j < n; j++) {
            best[j] = -1;
            for (int v = 0; v < V; v++) {
                int taken = 0;
                for (int i = 0; i < j; i++)
                    taken |= best[i] == v;
                if (!taken && (best[j] < 0 || row[v] > row[best[j]]))
                    best[j] = v;
            }
            str_add(out, "  ");
            print_token(words, best[j], out);
            str_printf(out, " %.4f", (double)row[best[j]]);
        }
        str_add(out, "\n");
    }
}

/* The pass itself; the head runs once more, as the softmax took its first answer's place. */
static enum status forward(struct cli *c, const struct model *m, const real *w, const real *bias,
                           const struct vocab *words, struct err *e)
{
    uint16_t *id = NULL;
    int T = 0, *target = NULL, begin[2] = {0};
    struct arena a = {0};
    struct workspace ws;
    struct str out = {0};
    enum status st = parse_tokens(c->args.tokens, m->config.vocab_n, &id, &T, e);
    if (!st && T > m->config.positions_n)
        st = err_set(e, ST_USAGE, "logits", "%d tokens are more than the model's %d positions", T,
                     m->config.positions_n);
    if (!st)
        st = arena_init(&a, "logits", workspace_bytes(m, T, T) + (1 << 20), e);
    if (!st)
        st = workspace_init(&ws, m, T, T, &a, e);
    if (!st && !(target = malloc(2 * (size_t)T * sizeof *target)))
        st = err_set(e, ST_NOMEM, "logits", "no memory for tokens");
    if (!st) {
        struct tokens t = {T, {1, begin}, id, target, target + T};
        begin[1] = T;
        for (int i = 0; i < T; i++) {
            target[i] = -1;
            target[T + i] = i;
        }
        memset(ws.load, 0, (size_t)(m->params.moe_layers * m->config.experts_n) * sizeof *ws.load);
        st = model_forward(m, w, bias, &t, 1, 0, &ws, e);
    }
    if (!st) {
        head_forward(m, w, T, ws.normed, ws.probs);
        if (args_has(&c->args, OPT_JSON))
            print_json(ws.probs, T, m->config.vocab_n, &out);
        else
            print_text(ws.probs, id, T, m->config.vocab_n, words, &out);
        if (out.failed)
            st = err_set(e, ST_NOMEM, "logits", "no memory for the result");
        else
            cli_print(&out);
    }
    str_free(&out);
    arena_release(&a);
    free(target);
    free(id);
    return st;
}

/* A model of as many positions as are asked for: RoPE's angles do not depend on how many there are. */
static enum status of_folder(struct cli *c, const char *folder, struct err *e)
{
    struct checkpoint *k = calloc(1, sizeof *k);
    struct model_config shape;
    struct model m = {0};
    struct vocab words = {0};
    struct err none;
    real *w = NULL, *bias = NULL;
    enum status st = k ? checkpoint_open(k, folder, e) : err_set(e, ST_NOMEM, "logits", "no memory");
    if (!st) {
        shape = k->config.model;
        if (shape.positions_n < 2 || shape.positions_n > TOKENS_MOST)
            shape.positions_n = shape.positions_n < 2 ? 2 : TOKENS_MOST;
        st = model_init(&m, &shape, kernels_best(), e);
    }
    if (!st) {
        size_t biases = (size_t)m.params.moe_layers * (size_t)m.config.experts_n;
        w = calloc(m.params.total, sizeof *w);
        bias = calloc(biases + 1, sizeof *bias);
        st = w && bias ? checkpoint_read(k, w, bias, e)
                       : err_set(e, ST_NOMEM, "logits", "no memory for %zu weights", m.params.total);
    }
    if (!st) {
        exchange_yarn_apply(&k->config.yarn, &m, w);
        if (exchange_tokens_read(folder, &words, &none)) /* another tokenizer: ids are shown */
            memset(&words, 0, sizeof words);
        st = forward(c, &m, w, bias, &words, e);
    }
    vocab_release(&words);
    free(w);
    free(bias);
    if (m.params.row)
        model_release(&m);
    if (k)
        checkpoint_close(k);
    free(k);
    return st;
}

enum status cli_logits(struct cli *c, struct err *e)
{
    const char *what = c->args.operand.word[0];
    struct session *s;
    struct stat at;
    enum status st;
    if (!args_has(&c->args, OPT_TOKENS))
        return err_set(e, ST_USAGE, "logits", "which tokens: --tokens 1,2,3");
    if (stat(what, &at) == 0 && S_ISDIR(at.st_mode))
        return of_folder(c, what, e);
    if (strchr(what, '/'))
        return err_set(e, ST_NOTFOUND, "logits", "there is no folder %.160s", what);
    st = cli_open(c, what, &s, e);
    return st ? st
              : forward(c, &s->trainer->model, s->trainer->learner.w, s->trainer->learner.bias,
                        &s->trainer->vocab, e);
}
