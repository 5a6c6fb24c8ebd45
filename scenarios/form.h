#ifndef GRPOLAB_SCENARIOS_FORM_H
#define GRPOLAB_SCENARIOS_FORM_H

#include <stddef.h>
#include <stdint.h>

#include "engine/rl/scenario.h"

/* What tasks have in common: the think/answer form and its verdicts, problems as small JSON objects, held-out
 * sets, the words of a document, and the reading of a trace. For the scenarios/ files only. */

/* A region of a completion, bytes begin..end-1 of text. */
struct form_span {
    const char *text;
    int begin, end;
};

int form_is_blank(char c);
int form_is_digit(char c);
/* form_skip: the first byte at or after i that is no white space, `end` if there is none. */
int form_skip(const char *s, int i, int end);

/* form_begin: a verdict on which nothing is said yet, all 0; `language` is left as it is. */
void form_begin(struct score *out);
/* form_trim: leaves out the blanks at both ends. */
void form_trim(struct form_span *x);

/* form_fail: sets at and why; always 0, so that a check reads `return form_fail(out, i, "...")`. */
int form_fail(struct score *out, int at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* form_unexpected: the same for a byte that is no part of `what`; control bytes are shown as numbers. */
int form_unexpected(struct score *out, int at, char c, const char *what);

/* form_check: whether the n bytes are THOUGHTS </think> <answer> ANSWER </answer>: each tag once, <think>
 * never, only white space between </think> and <answer> and after </answer>. Begins *out; where it holds,
 * format is 1 and *answer is what stands between the answer's tags, blanks at its ends left out. Else 0, and
 * *out says what failed where. Pure; hostile text is safe: any bytes, not terminated; only the first 2^31 - 1
 * are read. */
int form_check(const char *s, size_t n, struct form_span *answer, struct score *out);

/* A key of a problem's JSON object, and what its whole number may be. `most`: it has a list of 1..most such
 * numbers; 0: one number. */
struct form_key {
    const char *name;
    int32_t low, high;
    int most;
};

/* form_parse: {"name":n,"list":[n,..],...} with exactly the key_n <= 8 keys, in any order, into value: for
 * each key, in the order of `key`, its number, or most + 1 values: how many numbers its list has, then these.
 * Where a key stands twice the last one counts. Errors: ST_USAGE names the key and what is allowed. */
enum status form_parse(const char *task, const char *json, const struct form_key *key, int key_n,
                       int32_t *value, struct err *e);
/* form_print: the same object from such values, keys in their order. */
void form_print(const struct form_key *key, int key_n, const int32_t *value, struct str *out);

/* A set of problems that are kept for evaluation, each as a number that stands for it. */
struct form_held {
    uint64_t *key;   /* [n], owned */
    int n, cap;
};

/* form_is_held: 1 problem in `every`, by a hash of its key: the same answer wherever it is asked. Pure. */
int form_is_held(uint64_t key, int every);
/* form_pair: two values as one key. form_unpair: the problem of these two values. Pure. */
uint64_t form_pair(int32_t a, int32_t b);
void form_unpair(uint64_t key, struct problem *out);
/* form_keep: adds a key. Errors: ST_NOMEM. */
enum status form_keep(struct form_held *h, uint64_t key, const char *task, struct err *e);
/* form_shuffle: puts the keys in an order that depends on nothing but themselves and leaves the first `most`
 * (0: all). */
void form_shuffle(struct form_held *h, int most);
void form_held_free(struct form_held *h);
/* form_held_n, form_held_pair: held_out_n and held_out of a scenario's row, for a task whose struct begins
 * with its struct form_held; the latter where the keys are form_pair's. */
int form_held_n(const void *self);
void form_held_pair(const void *self, int index, struct problem *out);

/* form_digits: a number >= 0 as a token a digit, highest first. */
void form_digits(struct document *out, uint64_t v, int strong);
/* form_open_answer: `</think> <answer>`; malformed draws a way to spoil it, such that the format never
 * holds. */
void form_open_answer(struct document *out, struct rng *r, int malformed, int strong);
/* form_prompt: the words that `write` writes of a problem, as text. */
void form_prompt(void (*write)(const struct problem *p, struct document *out), const struct problem *p,
                 struct str *out);

/* form_is_reflection: whether these n bytes are one of the reflection words, small or capital. Pure. */
int form_is_reflection(const char *word, int n);

/* An equation a op b = c of a trace; ok: it is right. */
struct form_equation {
    char op;
    int ok;
    int64_t a, b, c;
};

enum { FORM_EQUATIONS = 64 };   /* of one attempt that are looked at; the last of more are kept */

/* How a task reads its traces. An *attempt* is a run of equations up to yes, no, wait, the end of the
 * thoughts or of the text; eq[n] are its equations. */
struct form_rules {
    int join_digits;   /* `1 6 9 2` is one number */
    /* claim: what a `yes` after these equations says, and whether it is so. */
    int (*claim)(const struct problem *p, const struct form_equation *eq, int n);
    /* reached: they arrive at the answer; asked only where all are right. */
    int (*reached)(const struct problem *p, const struct form_equation *eq, int n);
    /* Whether the first equation after a wait is a way back; either may be NULL.
     * returns: it goes back to before `last`, the one that stood before it. */
    int (*returns)(const struct form_equation *last, const struct form_equation *now);
    /* starts: it begins again with what the problem gives. */
    int (*starts)(const struct problem *p, const struct form_equation *now);
    int unsigned_numbers;   /* a minus is never a sign: `-3 + 4 = 1` is no equation */
};

/* form_analyse: marks of a completion by the rules:
 *   - equation: `a op b = c` where no operator or parenthesis stands before a; right when exact;
 *   - verification: yes or no after an attempt, true when it tells what `claim` does;
 *   - backtrack: a wait after an attempt, when the next equation `returns` or `starts`;
 *   - aha candidate: the first reflection word between a failed attempt and the first one that reaches the
 *     answer and was not made before, in a completion whose answer is right.
 * Numbers from 10^9 on never make a right equation. Pure; hostile text is safe. */
void form_analyse(const struct form_rules *rules, const struct problem *p, const char *completion, size_t n,
                  double accuracy, struct marks *out);

#endif
