#ifndef GRPOLAB_SCENARIOS_BILINGUAL_H
#define GRPOLAB_SCENARIOS_BILINGUAL_H

#include <stdint.h>

#include "scenarios/form.h"

/* Bilingual: sums and differences in number words of English or Chinese, and how much of a trace keeps to the
 * language that the prompt asks for. This header is shared by the bilingual*.c files only.
 *
 * A struct problem of this task has n = 5 values: the language, and four terms with their signs. The first
 * term is 1 or more, 0 stands for no term and only further 0s follow it. A *step* adds one term to the sum so
 * far, which stays in 0..BILINGUAL_LARGEST. */

enum { BILINGUAL_TERMS = 4, BILINGUAL_LARGEST = 99 };
enum bilingual_language { BILINGUAL_ENGLISH, BILINGUAL_CHINESE, BILINGUAL_LANGUAGES_N };

/* What a word says, the numbers aside. */
enum bilingual_word { BILINGUAL_PLUS, BILINGUAL_MINUS, BILINGUAL_EQUALS, BILINGUAL_WORDS_N };

/* The [bilingual] section; the table in bilingual.c says what each field means. */
struct bilingual_config {
    int number_max, value_max, terms_low, terms_high, held_out_every, held_out_cap, equation_row;
    double english, switched, base_switched, hazard_a, hazard_a_share, hazard_b, malformed, equation_share,
        base_english, base_stop, base_malformed;
};

enum { BILINGUAL_BYTES = 20 };

struct bilingual {
    struct form_held held;                  /* first: form_held_n */
    struct bilingual_config set;
    int token_n;
    const char **token;                     /* [token_n], borrowed from `number`, `digits` or static */
    char (*number)[BILINGUAL_BYTES];        /* [LANGUAGES_N * (value_max + 1)] words */
    char (*digits)[4];                      /* [value_max + 1] */
};

/* bilingual_name: the word of a number 0..BILINGUAL_LARGEST in a language: `seven`, `twenty-one`; 七, 二十一.
 * Pure. */
void bilingual_name(enum bilingual_language language, int v, char out[BILINGUAL_BYTES]);
/* bilingual_spoken: the word of an operation. */
const char *bilingual_spoken(enum bilingual_language language, enum bilingual_word word);

/* What a word of a trace is; language -1: it belongs to none, and the rest is not set. number -1: not one. */
struct bilingual_meaning {
    int language, number;
    enum bilingual_word word;
};
/* bilingual_read: n bytes. Pure. */
struct bilingual_meaning bilingual_read(const char *s, int n);

/* bilingual_terms: how many terms a problem has; bilingual_sum: of its first n. Pure. */
int bilingual_terms(const struct problem *p);
int bilingual_sum(const struct problem *p, int n);

/* bilingual_is_held_out: by a hash of the terms, the same in both languages; only where there are three terms
 * or more, for those with two are the equations that all traces are made of. Pure. */
int bilingual_is_held_out(const struct bilingual *t, const struct problem *p);

/* bilingual_draw: a random training problem. */
void bilingual_draw(const void *self, struct rng *r, struct problem *out);

/* The functions of the scenario's row that stand in files of their own. */
void bilingual_prompt(const void *self, const struct problem *p, struct str *out);
void bilingual_demonstrate(const void *self, struct rng *r, struct document *out);
void bilingual_base(const void *self, struct rng *r, struct document *out);
void bilingual_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out);
void bilingual_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out);
int bilingual_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES]);

extern const struct scenario scenario_bilingual;

#endif
