/* What is written about a line of data, and how traces on it are read.
 *
 * A demonstration is the line's prompt, its reasoning as the thoughts where it has one (else they are empty),
 * and its answer. Base text is the same, learned as a whole.
 *
 * Invariant: no line whose prompt is held out is ever shown. */
#include <stdio.h>
#include <string.h>

#include "scenarios/data.h"

static void write_words(const char *words, int strong, struct document *out)
{
    char word[DATA_WORD + 1];
    while (*words) {
        size_t n = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        document_word(out, word, strong);
        words += n + (words[n] == ' ');
    }
}

static void write_line(const struct data *t, struct rng *r, int is_base, struct document *out)
{
    const struct data_item *item = &t->item[t->train[rng_below(r, t->train_n)]];
    int thinks = rng_chance(r, t->set.reason_share), malformed = rng_chance(r, t->set.malformed),
        strong = !is_base;
    document_clear(out);
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    write_words(item->prompt, 0, out);
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
    out->response_at = is_base ? 0 : out->token_n;
    if (thinks && item->reason)
        write_words(item->reason, strong, out);
    form_open_answer(out, r, malformed, strong);
    write_words(item->answer, 1, out);
    document_word(out, "</answer>", strong);
}

void data_demonstrate(const void *self, struct rng *r, struct document *out)
{
    write_line(self, r, 0, out);
}

void data_base(const void *self, struct rng *r, struct document *out)
{
    write_line(self, r, 1, out);
}

void data_prompt(const void *self, const struct problem *p, struct str *out)
{
    const struct data *t = self;
    str_printf(out, "User : %s Assistant : <think>", t->item[p->value[0]].prompt);
}

/* A yes or no tells whether the equation before it is right: the task itself claims nothing. */
static int claim(const struct problem *p, const struct form_equation *eq, int n)
{
    (void)p;
    return eq[n - 1].ok;
}

static int reached(const struct problem *p, const struct form_equation *eq, int n)
{
    return p->value[1] && eq[n - 1].c == p->value[2];
}

static int returns(const struct form_equation *last, const struct form_equation *now)
{
    return last->a == now->a && last->b == now->b;
}

void data_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                  double accuracy, struct marks *out)
{
    static const struct form_rules words = {0, claim, reached, returns}, bytes = {1, claim, reached, returns};
    const struct data *t = self;
    form_analyse(t->set.tokenizer == DATA_BYTES ? &bytes : &words, p, completion, n, accuracy, out);
}

/* Prompts by their length, in equal steps from the shortest to the longest. */
int data_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    const struct data *t = self;
    int width = (t->longest - t->shortest) / DIFFICULTIES + 1;
    int bucket = (t->item[p->value[0]].prompt_n - t->shortest) / width, low = t->shortest + bucket * width;
    if (width == 1)
        snprintf(label, LABEL_BYTES, "%d", low);
    else
        snprintf(label, LABEL_BYTES, "%d-%d", low, low + width - 1);
    return bucket;
}
