#ifndef GRPOLAB_TESTS_UNIT_TEST_TASK_H
#define GRPOLAB_TESTS_UNIT_TEST_TASK_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rl/scenario.h"

/* What the tests of a task share: opening it with changed settings, a table of verdicts, and properties that
 * hold for every task. */

struct change {
    const char *key;
    double value;
};

enum { TASK_CONFIG = 1024 };

static inline void task_set(const struct scenario *s, void *config, const char *key, double value)
{
    for (int i = 0; i < s->settings_n; i++) {
        const struct setting *row = &s->settings[i];
        if (key && strcmp(row->key, key) != 0)
            continue;
        if (row->kind == SET_REAL)
            *(double *)((char *)config + row->offset) = key ? value : row->initial;
        else
            *(int *)((char *)config + row->offset) = (int)(key ? value : row->initial);
        if (key)
            return;
    }
    cr_assert(!key, "no setting %s", key ? key : "");
}

static inline enum status task_try_open(const struct scenario *s, const struct change *change, int n,
                                        void **self,
                                        struct err *e)
{
    static _Alignas(8) unsigned char config[TASK_CONFIG];
    cr_assert_leq(s->config_bytes, sizeof config);
    memset(config, 0, sizeof config);
    task_set(s, config, NULL, 0);
    for (int i = 0; i < n; i++)
        task_set(s, config, change[i].key, change[i].value);
    return s->open(config, self, e);
}

static inline void *task_open(const struct scenario *s, const struct change *change, int n)
{
    struct err e = {0};
    void *self;
    cr_assert_eq(task_try_open(s, change, n, &self, &e), ST_OK, "%s", e.msg);
    return self;
}

/* Settings that contradict each other are refused, and named. */
static inline void task_refuses(const struct scenario *s, const struct change *change, int n,
                                const char *names)
{
    struct err e = {0};
    void *self = &e;
    cr_expect_eq(task_try_open(s, change, n, &self, &e), ST_USAGE, "%s", change->key);
    cr_expect_null(self);
    cr_expect(strstr(e.msg, names), "%s: %s", change->key, e.msg);
}

static inline struct problem task_problem(const struct scenario *s, const char *json)
{
    struct problem p;
    struct err e = {0};
    cr_assert_eq(s->parse(NULL, json, &p, &e), ST_OK, "%s: %s", json, e.msg);
    return p;
}

struct verdict {
    const char *text;
    double format, accuracy;
    int at;
    const char *why;
};

static inline void task_expect(const struct scenario *s, const struct problem *p, const struct verdict *v,
                               int n)
{
    for (int i = 0; i < n; i++) {
        struct score x;
        size_t bytes = strlen(v[i].text);
        char *exact = malloc(bytes ? bytes : 1);   /* not terminated: a read past the end is seen by ASan */
        cr_assert_not_null(exact);
        memcpy(exact, v[i].text, bytes);
        s->score(NULL, p, exact, bytes, &x);
        free(exact);
        cr_expect(x.format == v[i].format && x.accuracy == v[i].accuracy, "%s: format %g accuracy %g",
                  v[i].text,
                  x.format, x.accuracy);
        cr_expect_eq(x.at, v[i].at, "%s: at %d, not %d", v[i].text, x.at, v[i].at);
        cr_expect_str_eq(x.why, v[i].why, "%s: %s", v[i].text, x.why);
    }
}

struct bad_json {
    const char *json, *names;
};

static inline void task_expect_bad_json(const struct scenario *s, const struct bad_json *bad, int n)
{
    for (int i = 0; i < n; i++) {
        struct problem p;
        struct err e = {0};
        cr_expect_eq(s->parse(NULL, bad[i].json, &p, &e), ST_USAGE, "%s", bad[i].json);
        cr_expect(strstr(e.msg, bad[i].names), "%s: %s", bad[i].json, e.msg);
    }
}

/* Hostile bytes between pieces of real text: whatever they say, a verdict is whole and its place is in the
 * text. */
static inline void task_survives(const struct scenario *s, const void *self, const struct problem *p,
                                 const char *const *piece, int piece_n)
{
    static struct marks marks;
    char text[512];
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(5, RNG_TEST, i, 0, 0);
        size_t n = 0;
        int pieces = rng_below(&r, 24);
        char *exact;
        struct score x;
        for (int k = 0; k < pieces; k++) {
            const char *add = piece[rng_below(&r, piece_n)];
            char byte[2] = {(char)rng_below(&r, 256), 0};
            int raw = rng_chance(&r, 0.15);
            size_t m = raw ? 1 : strlen(add);
            memcpy(text + n, raw ? byte : add, m);
            n += m;
        }
        exact = malloc(n ? n : 1);
        cr_assert_not_null(exact);
        memcpy(exact, text, n);
        s->score(self, p, exact, n, &x);
        s->analyse(self, p, exact, n, x.accuracy, &marks);
        cr_assert(x.at >= -1 && x.at <= (int)n);
        cr_assert_eq(x.accuracy == 1, x.at == -1, "%.*s", (int)n, text);
        cr_assert_eq(x.at == -1, x.why[0] == 0);
        cr_assert(memchr(x.why, 0, sizeof x.why) && memchr(x.answer, 0, sizeof x.answer));
        cr_assert(x.accuracy <= x.format);
        for (int k = 0; k < marks.n; k++)
            cr_assert(marks.mark[k].begin >= 0 && marks.mark[k].begin < marks.mark[k].end &&
                      marks.mark[k].end <= (int)n &&
                          (k == 0 || marks.mark[k - 1].begin <= marks.mark[k].begin));
        free(exact);
    }
}

/* Every word of a document is a token. */
static inline void task_words(const struct scenario *s, const void *self, const struct document *d)
{
    const char *const *token;
    int n = s->tokens(self, &token), words = 0;
    const char *at = str_c(&d->text);
    cr_assert_not(d->text.failed);
    while (*at) {
        size_t m = strcspn(at, " ");
        int k = 0;
        while (k < n && (strlen(token[k]) != m || strncmp(token[k], at, m) != 0))
            k++;
        cr_assert_lt(k, n, "'%.*s' is no token: %s", (int)m, at, str_c(&d->text));
        words++;
        at += m + (at[m] == ' ');
    }
    cr_assert_eq(words, d->token_n);
}

static inline void task_settings_are_sound(const struct scenario *s)
{
    for (int i = 0; i < s->settings_n; i++) {
        const struct setting *x = &s->settings[i];
        cr_expect(x->initial >= x->low && x->initial <= x->high, "%s", x->key);
        cr_expect(x->meaning && x->meaning[0] && strlen(x->meaning) <= 110, "%s", x->key);
        for (int k = 0; k < i; k++)
            cr_expect(strcmp(x->key, s->settings[k].key) != 0 && x->offset != s->settings[k].offset, "%s",
                      x->key);
    }
}

/* Difficulty is in range and labelled; how many held-out problems each bucket has, and how many have any. */
static inline int task_difficulty(const struct scenario *s, const void *self, int used[DIFFICULTIES])
{
    int buckets = 0;
    memset(used, 0, DIFFICULTIES * sizeof *used);
    for (int i = 0; i < s->held_out_n(self); i++) {
        char label[LABEL_BYTES] = "";
        struct problem p;
        int bucket;
        s->held_out(self, i, &p);
        bucket = s->difficulty(self, &p, label);
        cr_assert(bucket >= 0 && bucket < DIFFICULTIES && label[0] && memchr(label, 0, sizeof label));
        buckets += used[bucket]++ == 0;
    }
    return buckets;
}

/* A problem's prompt, and its JSON as it is printed. */
static inline void task_texts(const struct scenario *s, const struct problem *p, const char *prompt,
                              const char *json)
{
    struct str text = {0};
    s->prompt(NULL, p, &text);
    cr_expect_str_eq(str_c(&text), prompt);
    str_clear(&text);
    s->print(NULL, p, &text);
    cr_expect_str_eq(str_c(&text), json);
    str_free(&text);
}

/* 200000 bytes, not to be changed: begin, the same byte over and over, </answer>. */
enum { TASK_DEEP = 200000 };
static inline const char *task_deep(const char *begin, char fill)
{
    static char deep[TASK_DEEP + 1];
    memset(deep, fill, TASK_DEEP);
    memcpy(deep, begin, strlen(begin));
    memcpy(deep + TASK_DEEP - 9, "</answer>", 9);
    return deep;
}

/* n documents, each handed to `each` with the tally. */
static inline void task_documents(const struct scenario *s, const struct change *change, int changes,
                                  int base, uint32_t n,
                                  void (*each)(const void *self, const struct document *d, void *tally),
                                  void *tally)
{
    void *self = task_open(s, change, changes);
    struct document d = {0};
    for (uint32_t i = 0; i < n; i++) {
        struct rng r = rng_at(11, base ? RNG_BASE : RNG_COLD, i, 0, 0);
        (base ? s->base : s->demonstrate)(self, &r, &d);
        if (i < 300)
            task_words(s, self, &d);
        cr_assert_eq(d.response_at > 0, !base);
        each(self, &d, tally);
    }
    document_free(&d);
    s->close(self);
}

/* n of so many is a share from low to high. */
static inline void task_share(const char *what, int n, int of, double low, double high)
{
    double share = of ? (double)n / of : 0;
    cr_expect(share >= low && share <= high, "%s: %.3f, not %.3f..%.3f", what, share, low, high);
}

/* What follows the prompt of a document, NULL where it has none. */
static inline const char *task_completion(const struct document *d)
{
    const char *think = strstr(str_c(&d->text), "<think> ");
    return think ? think + strlen("<think> ") : NULL;
}

#endif
