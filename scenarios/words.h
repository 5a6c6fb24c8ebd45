#ifndef GRPOLAB_SCENARIOS_WORDS_H
#define GRPOLAB_SCENARIOS_WORDS_H

#include <stddef.h>

#include "engine/rl/scenario.h"

/* A completion read word by word, for tasks whose traces are words and not equations of digits. For the
 * scenarios/ files only. */

/* A word, a tag or a comma: bytes begin..end-1 of text. */
struct words_one {
    const char *text;
    int begin, end;
};

struct words {
    const char *text;
    int at, end;
};

/* words_over: bytes begin..end-1 of text, which stays the caller's; end is cut to 2^31 - 1. Any bytes, not
 * terminated. */
struct words words_over(const char *text, size_t begin, size_t end);
/* words_next: the next word; 0 at the end. A word ends at white space, before a comma and before a `<`, which
 * begins one of its own that ends behind the next `>`. Pure but for *w. */
int words_next(struct words *w, struct words_one *out);
/* words_is: the word is this one, to the byte. */
int words_is(const struct words_one *x, const char *word);
/* words_find: its place in a table of n words, -1 where it is none. */
int words_find(const struct words_one *x, const char *const *word, int n);
/* words_is_tag: <think>, </think>, <answer> or </answer>. */
int words_is_tag(const struct words_one *x);

/* words_thoughts: where the thoughts end: the byte at which </think> begins, n where it is missing. */
int words_thoughts(const char *text, size_t n);

/* words_clear: no marks. */
void words_clear(struct marks *out);
/* words_mark: one more mark, not kept beyond MARKS_MAX; its bytes are those of the word, or from one word to
 * another. Marks stand in the order of their beginnings. */
void words_mark(struct marks *out, enum mark_kind kind, const struct words_one *x, int ok);
void words_mark_span(struct marks *out, enum mark_kind kind, int begin, int end, int ok);

#endif
