#ifndef GRPOLAB_RL_SCENARIO_H
#define GRPOLAB_RL_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/rng.h"
#include "engine/base/setting.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

/* What a task is to the engine: a generator, a verifier that says why,
 * demonstrations, base text and the analysis of a trace. Everything is text
 * over the scenario's own tokens, separated by blanks; the engine turns it into
 * ids. All functions are pure but for the rng that they are handed, and are safe to call
 * from several threads at once on one opened scenario. */

/* PROMPT_MAX: most tokens of a prompt, its template included. */
enum { PROMPT_MAX = 128 };
enum { PROBLEM_VALUES = 14, ANSWER_BYTES = 48, WHY_BYTES = 96, DIFFICULTIES = 8, LABEL_BYTES = 16 };

/* A problem is a few integers whose meaning is the scenario's. */
struct problem {
    int32_t n;
    int32_t value[PROBLEM_VALUES];
};

/* A training document: text, and for each of its tokens the loss weight, 1 or more, where it is one that
 * must be right, or 0 where it is context (then the weight is the stage's `context_weight`). response_at is
 * the index of the first token that the assistant writes, 0 where the whole document is text to learn. */
struct document {
    struct str text;
    unsigned char *strong;    /* [token_n] */
    int token_n, token_cap, response_at;
};

void document_free(struct document *d);
void document_clear(struct document *d);
/* document_word: appends one token; strong: its weight, 0..255. */
void document_word(struct document *d, const char *token, int strong);

/* What the verifier says of one completion (the text after the prompt). */
struct score {
    double accuracy, format;   /* 0..1 each, before weights */
    double language;           /* words of the target language / words (R1 v1 section 2.3.2); 1 on entry, left
                                * there by a task that has one language */
    int at;                    /* byte where the first failed check failed, -1 if none */
    char why[WHY_BYTES];       /* "" when everything held; else one short sentence */
    char answer[ANSWER_BYTES]; /* canonical value for voting, "" abstains */
};

/* What a trace contains, in the order in which it stands. */
enum mark_kind {
    MARK_STRUCTURE,      /* <think> </think> <answer> </answer> */
    MARK_EQUATION,       /* an equation; ok tells whether it is right */
    MARK_REFLECTION,     /* a reflection word of R1's list, or the task's own `no wait` */
    MARK_VERIFICATION,   /* a result compared with the goal (yes / no) ; ok: the judgement is true */
    MARK_BACKTRACK,      /* return to an earlier set of numbers */
    MARK_AHA             /* a reflection word that is an aha candidate (see trace_marks) */
};

struct mark {
    enum mark_kind kind;
    int begin, end;      /* byte range in the completion */
    int ok;              /* EQUATION, VERIFICATION: 1 right, 0 wrong; else 1 */
};

enum { MARKS_MAX = 512 };

struct marks {
    int n;               /* at most MARKS_MAX; later ones are counted but not kept */
    struct mark mark[MARKS_MAX];
    int equations, equations_right, reflections, verifications, verifications_right, backtracks;
    int waits;           /* times that the trace turns round: the word `wait` */
    int attempts, attempts_distinct, ahas;
    int false_yes;       /* a `yes` on a result that is not the goal */
};

/* What an annotator is asked about two completions (R1 v1 section 2.3.4): which summary (the text after
 * </think>) is more helpful, which whole completion does less harm. */
enum preference { PREFER_HELPFUL, PREFER_HARMLESS, PREFERENCES_N };

struct scenario {
    const char *name, *summary;
    size_t config_bytes;             /* of the struct that `settings` fills */
    const struct setting *settings;
    int settings_n;

    /* prepare: completes a configuration, once, when a new run is set up: what must be kept with the run of data
     * that lies outside the program. NULL: nothing is to be kept. Errors: ST_USAGE names the key. */
    enum status (*prepare)(void *config, struct err *e);
    /* open: checks the configuration and prepares tables. *self is owned by the
     * caller, given back by close. Errors: ST_USAGE names the key. */
    enum status (*open)(const void *config, void **self, struct err *e);
    void (*close)(void *self);

    /* tokens: the scenario's own tokens in a fixed order (strings borrowed from self). */
    int (*tokens)(const void *self, const char *const **token);

    /* draw: a random training problem; never one that is held out. */
    void (*draw)(const void *self, struct rng *r, struct problem *out);
    /* held_out: the held-out problems 0..held_out_n-1, in a fixed shuffled order, so that any
     * prefix is a fair sample. */
    int (*held_out_n)(const void *self);
    void (*held_out)(const void *self, int index, struct problem *out);

    /* prompt: the text before the completion, ending with `<think>`. */
    void (*prompt)(const void *self, const struct problem *p, struct str *out);
    /* parse / print: a problem as a JSON object, e.g. {"numbers":[11,8,7],"target":26}.
     * parse: ST_USAGE names the key. */
    enum status (*parse)(const void *self, const char *json, struct problem *out, struct err *e);
    void (*print)(const void *self, const struct problem *p, struct str *out);

    /* demonstrate: a whole cold-start document (prompt and completion) on a training problem
     * drawn from r. base: a document of base text; never shows a held-out problem. */
    void (*demonstrate)(const void *self, struct rng *r, struct document *out);
    void (*base)(const void *self, struct rng *r, struct document *out);

    /* score: completion is n bytes of hostile text (not necessarily terminated). */
    void (*score)(const void *self, const struct problem *p, const char *completion, size_t n,
                  struct score *out);
    /* analyse: marks of a completion; accuracy as score gave it. */
    void (*analyse)(const void *self, const struct problem *p, const char *completion, size_t n,
                    double accuracy, struct marks *out);

    /* difficulty: which bucket of the task's own scale a problem belongs to, 0 (easiest) .. DIFFICULTIES-1, and the
     * bucket's name in few letters; scale: what the buckets count, one word or two ("solutions"). May take
     * milliseconds. NULL: the task has no scale. */
    int (*difficulty)(const void *self, const struct problem *p, char label[LABEL_BYTES]);
    const char *scale;

    /* prefer: the task's rule-based annotator: which of two texts about problem p is better in the given respect,
     * < 0 the first, > 0 the second, 0 neither. Hostile text. NULL: preferences are not this task's matter. */
    int (*prefer)(const void *self, const struct problem *p, enum preference respect, const char *first,
                  size_t first_n, const char *second, size_t second_n);
    /* is_open: no rule decides this problem: a reward comes from a preference model where a run has one, and
     * accuracy is then only looked at. NULL: rules decide every problem. */
    int (*is_open)(const void *self, const struct problem *p);
};

#endif
