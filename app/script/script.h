#ifndef GRPOLAB_APP_SCRIPT_H
#define GRPOLAB_APP_SCRIPT_H

#include "app/desk/desk.h"
#include "app/session/condition.h"

/* A script: the workbench's own commands, one a line, and lines that wait for something, press keys or ask
 * that something holds. It drives a desk, with a terminal or without one, and never a run directly: what a
 * run computes does not depend on when a script looks. Without a terminal nobody presses a key, so that a
 * wait fails as soon as all stands still. */

/* What a line may wait for or expect. A demand holds when all its clauses do. */
enum clause_kind {
    CLAUSE_CONDITION,   /* of metrics and events, as --until has it */
    CLAUSE_TEXT,        /* on the screen */
    CLAUSE_IDLE,        /* nothing is under way: no step, no request, no question to the probe */
    CLAUSE_STAGE, CLAUSE_STATE, CLAUSE_SCREEN, CLAUSE_PRESET,
    CLAUSE_SETTING,     /* of the open run */
    CLAUSE_TRACE        /* a number of the followed trace */
};

enum { DEMAND_CLAUSES = 6, CLAUSE_BYTES = 128 };

struct clause {
    enum clause_kind kind;
    int is_not;
    struct condition condition;
    char text[CLAUSE_BYTES];    /* TEXT, STAGE, STATE, SCREEN, PRESET; SETTING: its key */
    int quantity;               /* TRACE: a row of the table */
    enum condition_op op;       /* SETTING, TRACE */
    char value[32];             /* SETTING: a word, where number is NaN */
    double number;
};

struct demand {
    int n;                      /* 0: none */
    struct clause clause[DEMAND_CLAUSES];
    double timeout;             /* seconds, NaN: none is given */
};

/* demand_parse: `kl > 0.1 and stage grpo timeout 20`. Errors: ST_USAGE names the word and what would be
 * right. */
enum status demand_parse(struct demand *w, const char *text, struct err *e);
/* demand_needs_screen: some clause looks at what is drawn. */
int demand_needs_screen(const struct demand *w);

/* What a watcher knows of the open run: the metrics of every step up to the last committed one. */
struct watch {
    struct measured measured;
    int64_t run, step;          /* that it has read; run 0: none */
    uint64_t kick, kick_version;/* the order after which a snapshot must have come; 0: none was given */
};

/* watch_met: reads the steps that are new (all of a run that has become the open one since the last call)
 * and tests *w after each of them, so that none is missed at any speed; 1 when it held. Without a new step
 * it tests once. w NULL: only reads. The screen is d->canvas as it was last drawn. */
int watch_met(struct watch *x, struct desk *d, const struct demand *w);
/* watch_fresh: what is shown came after the last order to the control; asks for a snapshot where it cannot
 * tell yet. watch_settled: and nothing is under way. */
int watch_fresh(struct watch *x, struct desk *d);
int watch_settled(struct watch *x, struct desk *d);
/* watch_say: what there is instead of what was wanted, for a message: "reward is 0.54 at step 20". */
void watch_say(struct watch *x, struct desk *d, const struct demand *w, char *out, size_t bytes);

/* Runs that lines have given a name; {run NAME} and `of NAME` find them. */
enum { SCRIPT_NAMES = 8 };
struct remembered {
    int n;
    struct {
        char name[32];
        int64_t run;
    } row[SCRIPT_NAMES];
};

/* fill_text: text with its {placeholders} replaced by what the open run measured; appended to *out. The
 * list of placeholders is fill_row's. Errors: ST_USAGE (an unknown one), ST_NOTFOUND (nothing was
 * measured). */
enum status fill_text(struct desk *d, const struct remembered *names, const char *text, struct str *out,
                      struct err *e);
/* fill_check: ST_USAGE where fill_text would not know a placeholder, whatever the run. */
enum status fill_check(const char *text, struct err *e);
/* fill_row: a placeholder and what it becomes, for help; NULL after the last. */
const char *fill_row(int i, const char **what);

enum script_state { SCRIPT_WAITS, SCRIPT_ENDED, SCRIPT_FAILED };

/* The lines that are no commands. */
enum verb {
    VERB_COMMAND = -1,
    VERB_WAIT, VERB_EXPECT, VERB_TO, VERB_KEY, VERB_KEYS, VERB_SCREEN, VERB_SAY, VERB_REMEMBER, VERB_QUIT
};

struct script_line {
    int number;                 /* in the file, from 1 */
    enum verb verb;
    char *rest;                 /* the command, or what follows the verb */
    struct demand demand;       /* of wait and expect */
};

struct script {
    char source[128];
    struct script_line *line;
    int n, at;                  /* lines; the next one */
    int is_begun, is_posted;    /* the line at `at` waits; the last command's request is on its way */
    int is_stale;               /* the last line gave the control an order that no snapshot shows yet */
    double deadline;            /* of the wait under way, by desk_clock; INFINITY: none */
    struct watch watch;
    struct remembered *names;   /* borrowed, or own_names */
    struct remembered own_names;
    void (*print)(const char *text);   /* `say` and `screen` where there is no terminal; NULL: nowhere */
    int unmet;                  /* it failed because a demand did not hold */
    struct err failure;         /* of a script that drives the workbench; code ST_OK: none */
};

/* script_read: parses all lines, so that nothing begins when one of them is wrong. Errors: ST_USAGE
 * "FILE:LINE". Memory: owned, script_free. */
enum status script_read(struct script *s, const char *source, const char *text, struct err *e);
/* script_load: the same from a file. */
enum status script_load(struct script *s, const char *path, struct err *e);
void script_free(struct script *s);
/* script_rewind: to be run from its first line. */
void script_rewind(struct script *s);

/* script_go: carries out lines until one has to wait, all are done, or one fails: *e then names file and
 * line. */
enum script_state script_go(struct script *s, struct desk *d, struct err *e);

/* script_verb: a verb of the table for help, NULL after the last. */
const char *script_verb(int i, const char **arguments, const char **what);
/* script_manual: the grammar as text, from the tables. */
void script_manual(struct str *out);

/* script_press: one key, named as help names it ("space", "f1", "ctrl-l", "x"). Errors: ST_USAGE. */
enum status script_press(struct desk *d, const char *name, struct err *e);

#endif
