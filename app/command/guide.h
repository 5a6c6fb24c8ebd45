#ifndef GRPOLAB_APP_GUIDE_H
#define GRPOLAB_APP_GUIDE_H

#include "app/script/lesson.h"

/* What drives a desk besides its user: a script, a lesson, keys with a meaning of the user's own. */

/* What the workbench is to begin with; NULL: none. */
struct guide {
    struct script *script;
    const char *lesson;
    int is_auto;            /* the lesson answers by itself */
};

/* guide_work: goes on with what can be done now; returns whether the screen should be drawn anew. A script
 * that has failed leaves its error in script->failure and ends the workbench. Called in a loop that holds a
 * desk, after desk_take. */
int guide_work(struct desk *d);
/* guide_deadline: when guide_work has something to do though nothing happened, by desk_clock; INFINITY:
 * never. */
double guide_deadline(const struct desk *d);

/* guide_key: a key as the config file, :map or the lesson has it. 1: it was carried out; else *k is the key
 * that is meant. */
int guide_key(struct desk *d, struct key_event *k);

/* guide_run: the loop where there is no terminal: until the script is at its end, the lesson through, or
 * one of them failed (then script->unmet tells whether by a condition). print gets what the lesson says.
 * The desk has an engine. Errors: those of the script; ST_FAILED (a page of the lesson). */
enum status guide_run(struct desk *d, int w, int h, void (*print)(const char *text), int with_screens,
                      struct err *e);

#endif
