/* A training document: words and, beside them, how much each counts. */
#include "engine/rl/scenario.h"

#include <stdlib.h>
#include <string.h>

void document_free(struct document *d)
{
    str_free(&d->text);
    free(d->strong);
    memset(d, 0, sizeof *d);
}

void document_clear(struct document *d)
{
    str_clear(&d->text);
    d->token_n = 0;
    d->response_at = 0;
}

void document_word(struct document *d, const char *token, int strong)
{
    if (d->token_n == d->token_cap) {
        int cap = d->token_cap ? 2 * d->token_cap : 128;
        unsigned char *grown = realloc(d->strong, (size_t)cap);
        if (!grown) {
            d->text.failed = 1;
            return;
        }
        d->strong = grown;
        d->token_cap = cap;
    }
    str_word(&d->text, token);
    d->strong[d->token_n++] = (unsigned char)(strong < 0 ? 0 : strong > 255 ? 255 : strong);
}
