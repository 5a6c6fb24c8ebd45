/* Rows of texts, copied whole: they outlive the sampler's memory and the query that read them. */
#include "app/session/session_examples.h"

#include <stdlib.h>
#include <string.h>

enum { TEXTS = 5 };

static void texts_of(struct record_example *row, const char **text[TEXTS])
{
    text[0] = &row->source;
    text[1] = &row->prompt;
    text[2] = &row->text;
    text[3] = &row->other;
    text[4] = &row->why;
}

static void free_row(struct record_example *row)
{
    const char **text[TEXTS];
    texts_of(row, text);
    for (int i = 0; i < TEXTS; i++)
        free((char *)*text[i]);
}

enum status examples_add(struct examples *x, const struct record_example *row, struct err *e)
{
    struct record_example own = *row;
    const char **text[TEXTS];
    int missing = 0;
    texts_of(&own, text);
    for (int i = 0; i < TEXTS; i++) {
        *text[i] = strdup(*text[i] ? *text[i] : "");
        missing += !*text[i];
    }
    if (x->n == x->cap && !missing) {
        int cap = x->cap ? 2 * x->cap : 256;
        struct record_example *grown = realloc(x->row, (size_t)cap * sizeof *grown);
        if (grown) {
            x->row = grown;
            x->cap = cap;
        }
    }
    if (missing || x->n == x->cap) {
        free_row(&own);
        return err_set(e, ST_NOMEM, "collect", "no memory for %d texts", x->n + 1);
    }
    x->row[x->n++] = own;
    x->kept_n += own.kept;
    return ST_OK;
}

void examples_release(struct examples *x)
{
    for (int i = 0; i < x->n; i++)
        free_row(&x->row[i]);
    free(x->row);
    memset(x, 0, sizeof *x);
}

static enum status take(void *ctx, int place, const struct record_example *row, struct err *e)
{
    (void)place;
    return examples_add(ctx, row, e);
}

enum status examples_read(struct query *q, int64_t run, struct examples *x, struct err *e)
{
    return query_examples(q, run, 0, -1, 0, take, x, e);
}

enum status examples_corpus(const struct examples *x, struct corpus *c, struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < x->n && !st; i++) {
        const struct record_example *row = &x->row[i];
        if (row->kept)
            st = corpus_add(c, row->prompt, row->text, row->kind == EXAMPLE_PAIR ? row->other : NULL,
                            row->kind == EXAMPLE_PAIR ? row->respect : 0, e);
    }
    return st;
}
