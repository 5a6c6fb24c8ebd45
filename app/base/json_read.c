/* Reading JSON, by jansson. */
#include "app/base/json_read.h"

#include <stdlib.h>
#include <string.h>

static const size_t FLAGS = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;

enum status json_read(FILE *in, const char *where, json_t **out, struct err *e)
{
    json_error_t at;
    *out = json_loadf(in, FLAGS, &at);
    if (ferror(in))
        return err_set(e, ST_IO, where, "cannot read the input");
    return *out ? ST_OK : err_set(e, ST_USAGE, where, "line %d, column %d: %s", at.line, at.column, at.text);
}

enum status json_parse_line(const char *s, size_t n, const char *where, json_t **out, struct err *e)
{
    json_error_t at;
    *out = json_loadb(s, n, FLAGS, &at);
    return *out ? ST_OK : err_set(e, ST_USAGE, where, "column %d: %s", at.column, at.text);
}

static int in_list(const char *word, const char *list, int *index)
{
    size_t n = strlen(word);
    *index = 0;
    for (const char *p = list; *p; p += strcspn(p, " "), p += *p == ' ', (*index)++)
        if (strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]))
            return 1;
    return 0;
}

enum status json_only(const json_t *o, const char *where, const char *keys, struct err *e)
{
    const char *key;
    json_t *value;
    int index;
    if (!json_is_object(o))
        return err_set(e, ST_USAGE, where, "the input must be an object with the keys %s", keys);
    json_object_foreach((json_t *)o, key, value) if (!in_list(key, keys, &index)) return err_set(
        e, ST_USAGE, where, "unknown key \"%.40s\"; known: %s", key, keys);
    return ST_OK;
}

static enum status get(const json_t *o, const char *where, const char *key, const json_t **out, struct err *e)
{
    *out = json_object_get(o, key);
    return *out ? ST_OK : err_set(e, ST_USAGE, where, "the key \"%s\" is missing", key);
}

enum status json_get_number(const json_t *o, const char *where, const char *key, double *out, struct err *e)
{
    const json_t *v;
    enum status st = get(o, where, key, &v, e);
    if (st)
        return st;
    if (!json_is_number(v))
        return err_set(e, ST_USAGE, where, "\"%s\" must be a number", key);
    *out = json_number_value(v);
    return ST_OK;
}

enum status json_get_whole(const json_t *o, const char *where, const char *key, int low, int high, int *out,
                           struct err *e)
{
    double v = 0;
    enum status st = json_get_number(o, where, key, &v, e);
    if (st)
        return st;
    if (!(v >= low && v <= high) || v != (int)v)
        return err_set(e, ST_USAGE, where, "\"%s\" must be a whole number from %d to %d", key, low, high);
    *out = (int)v;
    return ST_OK;
}

enum status json_get_choice(const json_t *o, const char *where, const char *key, const char *choices,
                            int *out, struct err *e)
{
    const json_t *v;
    enum status st = get(o, where, key, &v, e);
    if (st)
        return st;
    if (!json_is_string(v) || !in_list(json_string_value(v), choices, out))
        return err_set(e, ST_USAGE, where, "\"%s\" must be one of: %s", key, choices);
    return ST_OK;
}

enum status json_numbers(const json_t *list, const char *where, const char *key, double **out, int *n,
                         struct err *e)
{
    *out = NULL;
    *n = 0;
    if (!list)
        return err_set(e, ST_USAGE, where, "the key \"%s\" is missing", key);
    if (!json_is_array(list) || json_array_size(list) == 0)
        return err_set(e, ST_USAGE, where, "\"%s\" must be a list of numbers, not empty", key);
    *out = malloc(json_array_size(list) * sizeof **out);
    if (!*out)
        return err_set(e, ST_NOMEM, where, "no memory for \"%s\"", key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_number(v)) {
            free(*out);
            *out = NULL;
            return err_set(e, ST_USAGE, where, "\"%s\": element %zu is not a number", key, i);
        }
        (*out)[(*n)++] = json_number_value(v);
    }
    return ST_OK;
}
