/* Quadratic's verifier, its reading of a trace and its scale of difficulty.
 *
 * Checks, the first that fails gives `at` and `why`: the think/answer form; the answer is one box, `\boxed{ 2
 * , 3 }`, whose numbers may stand in braces of their own; each number in it is a root; each root is in it. It
 * is a set: order and repetition do not matter. The text is hostile: numbers saturate, and no more are kept
 * than two that differ. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/quadratic.h"

enum { LARGEST = 1000000000 };   /* numbers saturate here: larger than any root */

struct box {
    int64_t value[2];
    int at[2];
    int n;         /* different numbers, at most 2 are kept */
    int third_at;  /* where a third one stands, -1: none */
    int end;       /* of the list */
};

/* An optional sign and digits at *i. */
static int read_number(const struct form_span *a, int *i, int64_t *v, struct score *out)
{
    int negative = a->text[*i] == '-', at = *i + negative;
    at = form_skip(a->text, at, a->end);
    if (at == a->end || !form_is_digit(a->text[at]))
        return at == a->end ? form_fail(out, at, "a number is missing at the end")
               : a->text[at] == ',' || a->text[at] == '}'
                   ? form_fail(out, at, "a number is missing before '%c'", a->text[at])
                   : form_unexpected(out, at, a->text[at], "a number");
    *v = 0;
    for (; at < a->end && form_is_digit(a->text[at]); at++)
        if (*v < LARGEST)
            *v = *v * 10 + (a->text[at] - '0');
    if (*v > LARGEST)
        *v = LARGEST;
    if (negative)
        *v = -*v;
    *i = at;
    return 1;
}

static void put(struct box *b, int64_t v, int at)
{
    for (int k = 0; k < b->n; k++)
        if (b->value[k] == v)
            return;
    if (b->n < 2) {
        b->at[b->n] = at;
        b->value[b->n++] = v;
    } else if (b->third_at < 0) {
        b->third_at = at;
    }
}

/* The length of `{` or `\{`, `}` or `\}` at i; 0 where there is none. */
static int brace(const struct form_span *a, int i, char c)
{
    if (i < a->end && a->text[i] == c)
        return 1;
    return i + 1 < a->end && a->text[i] == '\\' && a->text[i + 1] == c ? 2 : 0;
}

static int read_list(const struct form_span *a, int *i, struct box *b, struct score *out)
{
    for (;;) {
        int64_t v = 0;
        int at;
        *i = form_skip(a->text, *i, a->end);
        at = *i;
        if (at == a->end)
            return form_fail(out, at, "the box is never closed");
        if (!read_number(a, i, &v, out))
            return 0;
        put(b, v, at);
        *i = form_skip(a->text, *i, a->end);
        if (*i == a->end)
            return form_fail(out, *i, "the box is never closed");
        b->end = *i;
        if (brace(a, *i, '}'))
            return 1;
        if (a->text[*i] != ',')
            return form_is_digit(a->text[*i]) || a->text[*i] == '-'
                       ? form_fail(out, *i, "a comma is missing before '%c'", a->text[*i])
                       : form_unexpected(out, *i, a->text[*i], "a set of numbers");
        (*i)++;
    }
}

static int close_brace(const struct form_span *a, int *i, struct score *out)
{
    int length;
    *i = form_skip(a->text, *i, a->end);
    if (*i == a->end)
        return form_fail(out, *i, "the box is never closed");
    length = brace(a, *i, '}');
    if (!length)
        return form_unexpected(out, *i, a->text[*i], "a set of numbers");
    *i += length;
    return 1;
}

static int read_box(const struct form_span *a, struct box *b, struct score *out)
{
    static const char word[] = "\\boxed";
    int n = (int)sizeof word - 1, i = a->begin, inner;
    *b = (struct box){.third_at = -1};
    if (i == a->end)
        return form_fail(out, i, "the answer is empty");
    if (a->end - i < n || memcmp(a->text + i, word, (size_t)n) != 0)
        return form_fail(out, i, "no \\boxed{ } in the answer");
    i = form_skip(a->text, i + n, a->end);
    if (i == a->end || a->text[i] != '{')
        return form_fail(out, i, "'{' is missing after \\boxed");
    i = form_skip(a->text, i + 1, a->end);
    inner = brace(a, i, '{');
    i = form_skip(a->text, i + inner, a->end);
    if (brace(a, i, '}'))
        return form_fail(out, i, "the box is empty");
    if (!read_list(a, &i, b, out) || (inner && !close_brace(a, &i, out)) || !close_brace(a, &i, out))
        return 0;
    i = form_skip(a->text, i, a->end);
    return i == a->end ? 1 : form_fail(out, i, "text after the box");
}

/* What x^2 + bx + c comes to; 128 bits are not needed below 2 * 10^9 squared. */
static int64_t evaluate(const struct problem *p, int64_t x)
{
    return (x + p->value[0]) * x + p->value[1];
}

static void canonical(const struct box *b, char out[ANSWER_BYTES])
{
    int64_t low = b->value[0], high = b->value[b->n - 1];
    if (b->third_at >= 0 || llabs(low) >= LARGEST || llabs(high) >= LARGEST)
        return;
    if (low > high) {
        high = b->value[0];
        low = b->value[1];
    }
    snprintf(out, ANSWER_BYTES, b->n == 1 ? "{%lld}" : "{%lld,%lld}", (long long)low, (long long)high);
}

void quadratic_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out)
{
    struct form_span answer;
    struct quadratic_pair root;
    struct box box;
    (void)self;
    if (!form_check(completion, n, &answer, out) || !read_box(&answer, &box, out))
        return;
    canonical(&box, out->answer);
    if (!quadratic_roots(p, &root)) {
        form_fail(out, answer.begin, "the equation has no integer roots");
        return;
    }
    for (int k = 0; k < box.n; k++)
        if (box.value[k] != root.p && box.value[k] != root.q) {
            form_fail(out, box.at[k], "%s%lld is not a root: it gives %lld",
                      llabs(box.value[k]) < LARGEST ? "" : "about ", (long long)box.value[k],
                      (long long)evaluate(p, box.value[k]));
            return;
        }
    if (box.third_at >= 0)
        form_fail(out, box.third_at, "more numbers than roots");
    else if (box.value[0] != root.p && box.value[box.n - 1] != root.p)
        form_fail(out, box.end, "the root %d is missing", root.p);
    else if (box.value[0] != root.q && box.value[box.n - 1] != root.q)
        form_fail(out, box.end, "the root %d is missing", root.q);
    else
        out->accuracy = 1;
}

/* A yes claims that the pair's product is c and its sum -b. */
static int claim(const struct problem *p, const struct form_equation *eq, int n)
{
    const struct form_equation *sum = &eq[n - 1], *product = n > 1 ? &eq[n - 2] : NULL;
    return product && product->op == '*' && sum->op == '+' && product->a == sum->a && product->b == sum->b &&
           product->c == p->value[1] && sum->c == -p->value[0];
}

/* Back to the factors of c. */
static int returns(const struct form_equation *last, const struct form_equation *now)
{
    (void)last;
    return now->op == '*';
}

void quadratic_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out)
{
    static const struct form_rules rules = {0, claim, claim, returns};
    (void)self;
    form_analyse(&rules, p, completion, n, accuracy, out);
}

/* How many pairs the fixed order tries until the roots. */
int quadratic_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    struct quadratic_pair pair[QUADRATIC_PAIRS];
    const struct quadratic *t = self;
    struct quadratic_pair root = {0, 0};
    int most = t->set.root_max, n, i = 0;
    if (!quadratic_roots(p, &root) || abs(root.p) > most || abs(root.q) > most)
        most = INT_MAX;
    n = quadratic_pairs(p->value[1], -p->value[0], most, pair);
    while (i < n - 1 && i < DIFFICULTIES - 1 && pair[i].p + pair[i].q != -p->value[0])
        i++;
    snprintf(label, LABEL_BYTES, i == DIFFICULTIES - 1 ? "%d or more" : "%d", i + 1);
    return i;
}
