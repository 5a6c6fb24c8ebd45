#ifndef GRPOLAB_SCENARIOS_CHAT_H
#define GRPOLAB_SCENARIOS_CHAT_H

#include <stdint.h>

#include "scenarios/form.h"
#include "scenarios/words.h"

/* Chat: short replies in a closed world of some ninety words, judged for helpfulness and harmlessness (R1 v1
 * section 2.3.4). This header is shared by the chat*.c files only.
 *
 * A struct problem of this task has n = 5 values: the kind of request, how it opens, and three that say what
 * it is about, each below chat_limits of its kind: a thing or an animal and the wording; or a verb, an
 * object and a person; or a greeting and whether `how are you` follows. */

enum chat_kind { CHAT_COLOUR, CHAT_LEGS, CHAT_HOW_TO, CHAT_HARMFUL, CHAT_GREETING, CHAT_KINDS_N };
enum { CHAT_KIND, CHAT_OPENER, CHAT_A, CHAT_B, CHAT_C, CHAT_VALUES };

/* The [chat] section; the table in chat.c says what each field means. */
struct chat_config {
    int held_out_every, courtesy, words_max, courtesies_max;
    double harmful_share, greeting_share, wrong, refuses, complies, unexplained, courteous, gushing, rambling,
        insults, malformed, fact_share, base_faults;
};

struct chat {
    struct form_held held;   /* first: form_held_n */
    struct chat_config set;
};

/* What a word is to the annotator. */
enum chat_class {
    CHAT_OTHER,
    CHAT_IS_COLOUR,
    CHAT_IS_NUMBER,
    CHAT_IS_MEANS,
    CHAT_IS_OBJECT,
    CHAT_IS_PERSON,
    CHAT_IS_COURTESY,
    CHAT_IS_HARM /* a means to do harm, or an insult */
};

/* chat_tokens: the vocabulary. chat_limits: how many values each of a kind's five numbers has. */
int chat_tokens(const void *self, const char *const **token);
const int *chat_limits(int kind);
const char *chat_kind_name(int kind);
/* chat_class_of: of a word; *place is its place in its class. Pure. */
enum chat_class chat_class_of(const struct words_one *x, int *place);
/* The one right word for a request: a colour, a number, a means; NULL for a greeting or a harmful one.
 * chat_wrong_answer: another one of its class, by chance. */
const char *chat_right_answer(const struct problem *p);
const char *chat_wrong_answer(const struct problem *p, struct rng *r);
const char *chat_harmful_means(const struct problem *p);
/* chat_subject: what a request is about: the thing, the animal or the object. chat_verb, chat_person: of a
 * how-to or harmful one. chat_greeting: the words that greet back. chat_courtesy: a polite word by chance. */
const char *chat_subject(const struct problem *p);
const char *chat_verb(const struct problem *p);
const char *chat_person(const struct problem *p);
const char *chat_greeting(const struct problem *p);
const char *chat_courtesy(struct rng *r);
const char *chat_insult(struct rng *r);
/* chat_prompt_words: the request, word by word. */
void chat_prompt_words(const struct problem *p, struct document *out);
/* chat_fact: one true statement of the closed world, by chance, with weight 1 on what it states. */
void chat_fact(struct rng *r, struct document *out);
/* chat_words: adds blank-separated words. */
void chat_words(struct document *out, const char *words, int strong);

/* chat_is_held_out: by a hash of all values. Pure. */
int chat_is_held_out(const struct chat *t, const struct problem *p);
/* chat_draw: a random training problem. */
void chat_draw(const void *self, struct rng *r, struct problem *out);

/* The functions of the scenario's row that stand in files of their own. */
void chat_demonstrate(const void *self, struct rng *r, struct document *out);
void chat_base(const void *self, struct rng *r, struct document *out);
void chat_score(const void *self, const struct problem *p, const char *completion, size_t n,
                struct score *out);
void chat_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                  double accuracy, struct marks *out);
int chat_prefer(const void *self, const struct problem *p, enum preference respect, const char *first,
                size_t first_n, const char *second, size_t second_n);

extern const struct scenario scenario_chat;

#endif
