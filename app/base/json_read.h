#ifndef GRPOLAB_APP_JSON_READ_H
#define GRPOLAB_APP_JSON_READ_H

#include <jansson.h>
#include <stdio.h>

#include "engine/base/status.h"

/* Reading JSON that a user gives: every fault is ST_USAGE and names the key. */

/* json_read: one whole document. *out is the caller's, for json_decref. Errors: ST_USAGE tells line and
 * column, ST_IO. */
enum status json_read(FILE *in, const char *where, json_t **out, struct err *e);
/* json_parse_line: the same from n bytes. */
enum status json_parse_line(const char *s, size_t n, const char *where, json_t **out, struct err *e);

/* json_only: that o is an object and has no key but these (blank-separated). */
enum status json_only(const json_t *o, const char *where, const char *keys, struct err *e);

/* json_get_number: a number at key. json_get_choice: the index of a word in a blank-separated list. */
enum status json_get_number(const json_t *o, const char *where, const char *key, double *out, struct err *e);
/* json_get_whole: a whole number from low to high. */
enum status json_get_whole(const json_t *o, const char *where, const char *key, int low, int high, int *out,
                           struct err *e);
enum status json_get_choice(const json_t *o, const char *where, const char *key, const char *choices,
                            int *out, struct err *e);

/* json_numbers: a list of numbers, in memory that the caller frees. key: what errors call it. */
enum status json_numbers(const json_t *list, const char *where, const char *key, double **out, int *n,
                         struct err *e);

#endif
