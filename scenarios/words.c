/* Words of hostile text: one pass, no memory, no recursion; nothing is read past the end. */
#include "scenarios/words.h"

#include <limits.h>
#include <string.h>

#include "scenarios/form.h"

struct words words_over(const char *text, size_t begin, size_t end)
{
    size_t last = end > INT_MAX ? INT_MAX : end;
    return (struct words){text, (int)(begin > last ? last : begin), (int)last};
}

int words_next(struct words *w, struct words_one *out)
{
    int begin = form_skip(w->text, w->at, w->end), i = begin;
    if (begin == w->end)
        return 0;
    if (w->text[i] == '<')
        while (i < w->end && w->text[i] != '>' && !form_is_blank(w->text[i]) &&
               (i == begin || w->text[i] != '<'))
            i++;
    else
        while (i < w->end && !form_is_blank(w->text[i]) && w->text[i] != ',' && w->text[i] != '<')
            i++;
    /* What stopped the word is part of it where it closes a tag or is the comma itself. */
    if (i < w->end && ((w->text[begin] == '<' && w->text[i] == '>') || i == begin))
        i++;
    *out = (struct words_one){w->text, begin, i};
    w->at = i;
    return 1;
}

int words_is(const struct words_one *x, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(x->end - x->begin) == n && memcmp(x->text + x->begin, word, n) == 0;
}

int words_find(const struct words_one *x, const char *const *word, int n)
{
    for (int i = 0; i < n; i++)
        if (words_is(x, word[i]))
            return i;
    return -1;
}

int words_is_tag(const struct words_one *x)
{
    static const char *const tag[] = {"<think>", "</think>", "<answer>", "</answer>"};
    return words_find(x, tag, 4) >= 0;
}

int words_thoughts(const char *text, size_t n)
{
    struct words w = words_over(text, 0, n);
    struct words_one x;
    while (words_next(&w, &x))
        if (words_is(&x, "</think>"))
            return x.begin;
    return w.end;
}

void words_clear(struct marks *out)
{
    /* The marks themselves are kilobytes that nobody reads beyond n. */
    out->n = out->equations = out->equations_right = out->reflections = out->verifications = 0;
    out->verifications_right = out->backtracks = out->waits = out->attempts = 0;
    out->attempts_distinct = out->ahas = out->false_yes = 0;
}

void words_mark_span(struct marks *out, enum mark_kind kind, int begin, int end, int ok)
{
    if (out->n < MARKS_MAX) {
        int at = out->n++;
        for (; at > 0 && out->mark[at - 1].begin > begin; at--)
            out->mark[at] = out->mark[at - 1];
        out->mark[at] = (struct mark){kind, begin, end, ok};
    }
    out->equations += kind == MARK_EQUATION;
    out->equations_right += kind == MARK_EQUATION && ok;
    out->reflections += kind == MARK_REFLECTION;
    out->verifications += kind == MARK_VERIFICATION;
    out->verifications_right += kind == MARK_VERIFICATION && ok;
    out->backtracks += kind == MARK_BACKTRACK;
    out->ahas += kind == MARK_AHA;
}

void words_mark(struct marks *out, enum mark_kind kind, const struct words_one *x, int ok)
{
    words_mark_span(out, kind, x->begin, x->end, ok);
}
