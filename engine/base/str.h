#ifndef GRPOLAB_BASE_STR_H
#define GRPOLAB_BASE_STR_H

#include <stddef.h>

/* A growing text, always terminated. A zeroed one is empty and valid; memory
 * that cannot be had sets failed and leaves the text as it was. */
struct str {
    char *s;  /* NULL while nothing was ever appended; use str_c */
    size_t n, cap;
    int failed;
};

void str_free(struct str *t);
void str_clear(struct str *t);                       /* empties, keeps the memory */
void str_add(struct str *t, const char *s);
void str_add_n(struct str *t, const char *s, size_t n);
void str_printf(struct str *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* str_word: appends one blank between words, then s. */
void str_word(struct str *t, const char *s);
const char *str_c(const struct str *t);              /* never NULL; borrowed until the next append */

#endif
