/* Bilingual's verifier, its reading of a trace and its scale of difficulty.
 *
 * Checks, the first that fails gives `at` and `why`: the think/answer form; the answer is one whole number
 * in digits; it is the sum. Which language the thoughts are in is no check: it is `language`, a reward of
 * its own (R1 v1 section 2.3.2),
 *   language = words of the target language / words of either language, in the thoughts
 * and 0 where the thoughts have no word, lest saying nothing be rewarded. It is told whether or not the form
 * holds. */
#include <stdio.h>

#include "scenarios/bilingual.h"
#include "scenarios/words.h"

enum { CAP = 1000000000 };

/* The one whole number of the answer, saturated. */
static int read_answer(const struct form_span *a, int64_t *v, struct score *out)
{
    *v = 0;
    if (a->begin == a->end)
        return form_fail(out, a->begin, "the answer is empty");
    for (int i = a->begin; i < a->end; i++) {
        char c = a->text[i];
        if (form_is_blank(c))
            return form_fail(out, form_skip(a->text, i, a->end), "text after the answer's number");
        if (!form_is_digit(c))
            return form_unexpected(out, i, c, "a whole number in digits");
        *v = *v < CAP ? *v * 10 + (c - '0') : *v;
    }
    return 1;
}

static double consistency(const struct problem *p, const char *completion, size_t n)
{
    struct words w = words_over(completion, 0, (size_t)words_thoughts(completion, n));
    struct words_one x;
    int count[BILINGUAL_LANGUAGES_N] = {0}, all;
    while (words_next(&w, &x)) {
        int l = bilingual_read(x.text + x.begin, x.end - x.begin).language;
        if (l >= 0)
            count[l]++;
    }
    all = count[BILINGUAL_ENGLISH] + count[BILINGUAL_CHINESE];
    return all ? (double)count[p->value[0] ? BILINGUAL_CHINESE : BILINGUAL_ENGLISH] / all : 0;
}

void bilingual_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out)
{
    int want = bilingual_sum(p, bilingual_terms(p)), has_form;
    struct form_span answer;
    int64_t v;
    (void)self;
    has_form = form_check(completion, n, &answer, out);
    out->language = consistency(p, completion, n);
    if (!has_form || !read_answer(&answer, &v, out))
        return;
    if (v < CAP)
        snprintf(out->answer, sizeof out->answer, "%d", (int)v);
    if (v == want)
        out->accuracy = 1;
    else
        form_fail(out, answer.begin, v < CAP ? "gives %d, wanted %d" : "gives more than %d, wanted %d",
                  v < CAP ? (int)v : CAP, want);
}

/* The last five words of the thoughts, as far as they can be an equation. */
struct window {
    struct bilingual_meaning m[5];
    struct words_one x[5];
};

static int is_number(const struct bilingual_meaning *m)
{
    return m->language >= 0 && m->number >= 0;
}

static int is_word(const struct bilingual_meaning *m, enum bilingual_word word)
{
    return m->language >= 0 && m->number < 0 && m->word == word;
}

/* `a plus b equals c`, the languages mixed as they may be. */
static int is_equation(const struct window *v, int *ok, int *result)
{
    const struct bilingual_meaning *m = v->m;
    int minus = is_word(&m[1], BILINGUAL_MINUS);
    if (!is_number(&m[0]) || !is_number(&m[2]) || !is_number(&m[4]) || !is_word(&m[3], BILINGUAL_EQUALS) ||
        (!minus && !is_word(&m[1], BILINGUAL_PLUS)))
        return 0;
    *result = m[4].number;
    *ok = m[0].number + (minus ? -m[2].number : m[2].number) == m[4].number;
    return 1;
}

/* A trace is one attempt: nothing in it turns round. A number word that is of the other language is marked
 * as no more than its equation: what is mixed is told by `language`. */
void bilingual_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out)
{
    struct words w = words_over(completion, 0, n);
    struct window v = {.m = {{-1, -1, BILINGUAL_WORDS_N}}};
    struct words_one x;
    int ok, result;
    (void)self;
    (void)p;
    (void)accuracy;
    for (int i = 0; i < 5; i++)
        v.m[i].language = -1;
    words_clear(out);
    while (words_next(&w, &x)) {
        for (int i = 0; i < 4; i++) {
            v.m[i] = v.m[i + 1];
            v.x[i] = v.x[i + 1];
        }
        v.m[4] = bilingual_read(x.text + x.begin, x.end - x.begin);
        v.x[4] = x;
        if (words_is_tag(&x))
            words_mark(out, MARK_STRUCTURE, &x, 1);
        else if (is_equation(&v, &ok, &result))
            words_mark_span(out, MARK_EQUATION, v.x[0].begin, x.end, ok);
    }
    out->attempts = out->attempts_distinct = out->equations > 0;
}

/* How many steps, and in which language: 1 to 3 in English, then in Chinese. */
int bilingual_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    int steps = bilingual_terms(p) - 1;
    (void)self;
    snprintf(label, LABEL_BYTES, "%d %s", steps, p->value[0] ? "zh" : "en");
    return steps - 1 + (p->value[0] ? BILINGUAL_TERMS - 1 : 0);
}
