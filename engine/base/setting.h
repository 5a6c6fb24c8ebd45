#ifndef GRPOLAB_BASE_SETTING_H
#define GRPOLAB_BASE_SETTING_H

#include <stddef.h>

/* One row per setting: the same table parses INI files and `--set`, prints
 * `grpolab settings`, and fills the fields of a struct. */
enum setting_kind { SET_INT, SET_REAL, SET_BOOL, SET_CHOICE };

enum setting_flag {
    SET_SHAPE = 1,   /* changes shapes or the vocabulary: a fork may not change it */
    SET_START = 2    /* belongs to the data of an earlier stage: fixed once that stage has run */
};

struct setting {
    const char *key;          /* within its section, e.g. "numbers" of [countdown] */
    enum setting_kind kind;
    size_t offset;            /* of an int (INT, BOOL, CHOICE) or a double (REAL) */
    double initial, low, high;
    const char *choices;      /* CHOICE: "grpo r1 dapo", the value is the index */
    int flags;
    const char *meaning;      /* one line: what it does, its unit */
};

#endif
