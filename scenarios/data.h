#ifndef GRPOLAB_SCENARIOS_DATA_H
#define GRPOLAB_SCENARIOS_DATA_H

#include <stdint.h>

#include "engine/base/hash.h"
#include "scenarios/form.h"

/* Data: a task from a file of lines {"prompt":..,"answer":..,"reasoning":..}. This header is shared by the
 * data*.c files only.
 *
 * A struct problem of this task has n = 3 values: the line's place among the items, 1 where its answer is a
 * whole number of 32 bits, and that number. */

enum data_tokenizer { DATA_WORDS, DATA_BYTES };
enum data_match { DATA_EXACT, DATA_NUMERIC, DATA_SET };

enum {
    DATA_FILE_BYTES = 16 << 20,   /* most bytes of a file */
    DATA_LINES = 65536,           /* most lines */
    DATA_VOCABULARY = 8192,       /* most different tokens */
    DATA_ANSWER = 256,            /* most bytes of an answer, blanks not counted */
    DATA_WORD = 63,               /* most bytes of a token */
    DATA_REASON = 1000,           /* most tokens of a reasoning */
    DATA_ELEMENTS = 32,           /* most elements of a set */
    DATA_DIGITS = 64,             /* most digits of a number, leading and trailing zeros not counted */
    DATA_TEMPLATE = 5             /* tokens of a prompt that are not the line's */
};

/* The [data] section; the table in data.c says what each field means. */
struct data_config {
    char file[SETTING_TEXT], digest[DIGEST_HEX];
    int tokenizer, match, held_out_every, held_out_cap;
    double reason_share, malformed;
};

/* One line of the file; the texts are tokens with single blanks between, owned. */
struct data_item {
    char *prompt, *answer, *reason;   /* reason: NULL where the line has none */
    char *plain_prompt, *plain_answer; /* as the file has them */
    int prompt_n, line;               /* tokens of the prompt; number of the line */
    uint64_t key;                     /* of the prompt's tokens */
};

struct data {
    struct data_config set;
    int item_n, item_cap;
    struct data_item *item;   /* [item_n] in the file's order */
    int *train, train_n;      /* items that are not held out */
    int *held, held_n;        /* held-out items, one a prompt, shuffled */
    int token_n, shortest, longest; /* of the prompts, tokens */
    const char **token;       /* [token_n], borrowed from word or static */
    char **word;              /* [token_n], owned; NULL: a static one */
};

/* One line, read. Texts are UTF-8 without NUL; an answer that is a list has its elements joined by commas. */
struct data_line {
    struct str prompt, answer, reason;
    int has_prompt, has_answer, has_reason;
};

void data_line_free(struct data_line *l);
/* data_line_read: a line of n bytes, without its end. match: whether a list is an answer. Errors: ST_USAGE
 * says which key or column, and what is allowed. Hostile bytes are safe. */
enum status data_line_read(struct data_line *l, const char *s, size_t n, enum data_match match,
                           struct err *e);

/* data_utf8: bytes of the whole UTF-8 character at s, of which n are there; 0: it is none. */
int data_utf8(const char *s, size_t n);

/* data_load: the file's bytes, terminated, to be freed, and their digest. A name without `/` and `.` is one
 * of the examples that are built in. Errors: ST_USAGE, ST_NOMEM; names the file. */
enum status data_load(const char *file, char **text, size_t *n, struct digest *digest, struct err *e);
/* data_read: fills t->item from the file that t->set names. Errors: ST_USAGE names file, line and key. */
enum status data_read(struct data *t, struct err *e);
/* data_file_path: the file's name for a message, its end where it is long. */
const char *data_file_path(const char *file);

/* data_words: appends the tokens of a text of n bytes, with blanks between; returns how many.
 *   words: a run of letters, digits, _ and bytes from 128 on is one token, another character each one;
 *   bytes: each byte is one, <hh> where it is a blank or not a printing ASCII character. */
int data_words(enum data_tokenizer by, const char *s, size_t n, struct str *out);
/* data_is_word: c is one that words are made of. */
int data_is_word(char c);
/* data_vocabulary: t->token from the items. Errors: ST_USAGE (too many), ST_NOMEM. */
enum status data_vocabulary(struct data *t, struct err *e);
void data_vocabulary_free(struct data *t);

/* An answer as it is compared: its tokens without the blanks between (bytes) or with single ones (words), and
 * where in the text each byte of it stands. */
struct data_flat {
    int n, is_longer;         /* is_longer: the text has more than fits */
    char text[2 * DATA_ANSWER + 1];
    int at[2 * DATA_ANSWER + 1];  /* at[n] is the end of the text */
};
void data_flatten(enum data_tokenizer by, const struct form_span *span, struct data_flat *out);
/* data_answer_check: whether an answer of the file can be matched. Errors: ST_USAGE says what is allowed. */
enum status data_answer_check(const struct data_config *set, const char *answer, struct err *e);
/* data_whole: the answer as a whole number of 32 bits; 0: it is none. */
int data_whole(enum data_tokenizer by, const char *answer, int32_t *out);

/* The functions of the scenario's row that stand in files of their own. */
void data_prompt(const void *self, const struct problem *p, struct str *out);
void data_demonstrate(const void *self, struct rng *r, struct document *out);
void data_base(const void *self, struct rng *r, struct document *out);
void data_score(const void *self, const struct problem *p, const char *completion, size_t n,
                struct score *out);
void data_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                  double accuracy, struct marks *out);
int data_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES]);

extern const struct scenario scenario_data;

#endif
