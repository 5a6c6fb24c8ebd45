/* Multiply's verifier, its reading of a trace and its scale of difficulty.
 *
 * Checks, the first that fails gives `at` and `why`: the think/answer form; the answer is one whole number,
 * its digits with or without blanks between them (a token is a digit); it is the product. Products stay below
 * 10^18. The text is hostile: a number of any length is compared by its digits, never computed beyond 64
 * bits. */
#include <stdio.h>
#include <string.h>

#include "scenarios/multiply.h"

enum { KEPT = 24 };

/* The digits of the answer without leading zeros, the first KEPT of them; their number in *n, -1 where it is
 * none. */
static int read_answer(const struct form_span *a, char digit[KEPT + 1], int *n, struct score *out)
{
    *n = 0;
    if (a->begin == a->end)
        return form_fail(out, a->begin, "the answer is empty");
    for (int i = a->begin; i < a->end; i++) {
        char c = a->text[i];
        if (form_is_blank(c))
            continue;
        if (!form_is_digit(c))
            return form_unexpected(out, i, c, "a whole number");
        if (*n == 0 && c == '0')
            continue;
        if (*n < KEPT)
            digit[*n] = c;
        (*n)++;
    }
    if (*n == 0) {
        digit[0] = '0';
        *n = 1;
    }
    digit[*n < KEPT ? *n : KEPT] = 0;
    return 1;
}

void multiply_score(const void *self, const struct problem *p, const char *completion, size_t n,
                    struct score *out)
{
    struct form_span answer;
    char digit[KEPT + 1], want[KEPT + 1];
    int digit_n;
    (void)self;
    if (!form_check(completion, n, &answer, out) || !read_answer(&answer, digit, &digit_n, out))
        return;
    snprintf(want, sizeof want, "%llu",
             (unsigned long long)p->value[0] * (unsigned long long)p->value[1]);
    if (digit_n <= KEPT)
        memcpy(out->answer, digit, (size_t)digit_n + 1);
    if (strcmp(digit, want) == 0)
        out->accuracy = 1;
    else
        form_fail(out, answer.begin, "gives %.20s%s, wanted %s", digit, digit_n > 20 ? "..." : "", want);
}

/* A yes or no tells whether the equation before it is right. */
static int claim(const struct problem *p, const struct form_equation *eq, int n)
{
    (void)p;
    return eq[n - 1].ok;
}

static int reached(const struct problem *p, const struct form_equation *eq, int n)
{
    return eq[n - 1].c == (int64_t)p->value[0] * p->value[1];
}

static int returns(const struct form_equation *last, const struct form_equation *now)
{
    return last->op == now->op && last->a == now->a && last->b == now->b;
}

void multiply_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                      double accuracy, struct marks *out)
{
    static const struct form_rules rules = {1, claim, reached, returns};
    (void)self;
    form_analyse(&rules, p, completion, n, accuracy, out);
}

static int carries(uint64_t a, uint64_t b)
{
    int n = 0, carry = 0;
    for (; a || b; a /= 10, b /= 10) {
        carry = (int)(a % 10 + b % 10) + carry > 9;
        n += carry;
    }
    return n;
}

/* How often one carries when the partial products are added up. */
int multiply_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    struct multiply_partial partial[MULTIPLY_PARTIALS];
    int n = multiply_partials((uint64_t)p->value[0], (uint64_t)p->value[1], partial), count = 0;
    uint64_t sum = 0;
    (void)self;
    for (int i = 0; i < n; i++) {
        count += carries(sum, partial[i].a * partial[i].b);
        sum += partial[i].a * partial[i].b;
    }
    if (count >= DIFFICULTIES)
        count = DIFFICULTIES - 1;
    snprintf(label, LABEL_BYTES, count == DIFFICULTIES - 1 ? "%d or more" : "%d", count);
    return count;
}
