#ifndef GRPOLAB_APP_JSON_WRITE_H
#define GRPOLAB_APP_JSON_WRITE_H

#include <stdint.h>

#include "engine/base/str.h"

/* JSON as it is printed: compact, numbers as short as they read back the same, null for what is not finite. A
 * zeroed struct with `out` set is ready. Commas and colons are its own affair; brackets are the caller's to
 * balance. */
struct json_writer {
    struct str *out;
    int needs_comma;
};

/* write_begin, write_end: '{' or '[' and what closes it. */
void write_begin(struct json_writer *w, char bracket);
void write_end(struct json_writer *w, char bracket);
void write_key(struct json_writer *w, const char *key);

void write_number(struct json_writer *w, double v);
/* write_numbers: a list of n. */
void write_numbers(struct json_writer *w, const double *x, int n);
void write_whole(struct json_writer *w, int64_t v);
void write_bool(struct json_writer *w, int v);
void write_null(struct json_writer *w);
/* write_text: n bytes (write_word: to the terminator); bytes that are no UTF-8 become U+FFFD. */
void write_text(struct json_writer *w, const char *s, size_t n);
void write_word(struct json_writer *w, const char *s);

/* number_text: the shortest decimal form that reads back as v. */
void number_text(double v, char out[32]);

#endif
