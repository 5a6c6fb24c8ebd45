#ifndef GRPOLAB_BASE_SETTING_H
#define GRPOLAB_BASE_SETTING_H

#include <stddef.h>

/* One row per setting: the same table parses INI files and `--set`, prints
 * `grpolab settings`, and fills the fields of a struct. */
enum setting_kind { SET_INT, SET_REAL, SET_BOOL, SET_CHOICE, SET_TEXT };

enum { SETTING_TEXT = 240 };   /* most bytes of any value as text, the terminator included */

enum setting_flag {
    SET_SHAPE = 1,   /* changes shapes or the vocabulary: a fork may not change it */
    SET_START = 2,   /* belongs to the data of an earlier stage: fixed once that stage has run */
    SET_PATH = 4     /* TEXT: a value with a `/` or `.` in it is a file's path, kept as an absolute one */
};

struct setting {
    const char *key;          /* within its section, e.g. "numbers" of [countdown] */
    enum setting_kind kind;
    size_t offset;            /* of an int (INT, BOOL, CHOICE), a double (REAL) or a char array (TEXT) */
    double initial, low, high; /* TEXT: high is the array's bytes, at most SETTING_TEXT, the
                                * terminator included */
    const char *choices;      /* CHOICE: "grpo r1 dapo", the value is the index; TEXT: the initial text */
    int flags;
    const char *meaning;      /* one line: what it does, its unit */
};

#endif
