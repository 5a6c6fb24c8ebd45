#ifndef GRPOLAB_APP_KEYMAP_H
#define GRPOLAB_APP_KEYMAP_H

#include <stdint.h>

#include "app/command/request.h"
#include "app/term.h"
#include "views/layout.h"

/* What each key does, one row a request. Help and the hints of the status line are made from these rows. */

enum {
    KEY_INPUTS = 3,
    ON_DASHBOARD = 1 << SCREEN_DASHBOARD,
    ON_LEARNING = 1 << SCREEN_LEARNING,
    ON_GROUP = 1 << SCREEN_GROUP,
    ON_WHAT_IF = 1 << SCREEN_WHAT_IF,
    ON_TRACE = 1 << SCREEN_TRACE,
    ON_EXPERTS = 1 << SCREEN_EXPERTS,
    ON_OBJECTIVE = 1 << SCREEN_OBJECTIVE,
    ON_RUNS = 1 << SCREEN_RUNS,
    ON_COMPARE = 1 << SCREEN_COMPARE,
    ON_EVALUATION = 1 << SCREEN_EVALUATION,
    ON_SCENARIOS = 1 << SCREEN_SCENARIOS,
    ON_LOG = 1 << SCREEN_LOG,
    ON_RECIPE = 1 << SCREEN_RECIPE,
    ON_TEXTS = 1 << SCREEN_TEXTS,
    ON_SCHEDULE = 1 << SCREEN_SCHEDULE,
    ON_FP8 = 1 << SCREEN_FP8,
    ON_ORACLE = 1 << SCREEN_ORACLE,
    ON_ALL = (1 << SCREEN_N) - 1
};

/* When a row is worth a hint. */
enum hint { HINT_RUNNING = 1, HINT_PAUSED = 2, HINT_STORED = 4, HINT_LIST = 8, HINT_IDLE = 16 };

struct key_row {
    struct {
        enum input input;
        uint32_t code; /* where input is INPUT_CHAR */
    } on[KEY_INPUTS];  /* code 0 of an INPUT_CHAR: no further key */
    const char *key;   /* as help writes it */
    enum request request;
    int argument;
    unsigned screens; /* where it does something */
    const char *what; /* one line of help */
    const char *hint; /* one word for the status line, NULL: none */
    unsigned hints;
};

/* keymap_row: row i, NULL after the last. keymap_find: the row of a key on a screen, NULL: it does nothing
 * there. */
const struct key_row *keymap_row(int i);
const struct key_row *keymap_find(const struct key_event *k, enum screen_id screen);

#endif
