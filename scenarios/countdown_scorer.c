/* Countdown as other programs score it, each as published, quirks included: TinyZero, nano-aha-moment and
 * GRPO-Zero.
 *
 * They search the text by regular expressions and hand the answer to Python's eval; both are done here by
 * hand, for the patterns that they use. One response earns three different rewards, which is the point: what
 * the format check lets through is what a policy learns. accuracy is the equation's part of a reward, format
 * the rest; countdown_scorer_weights gives the published weights of the two.
 *
 * Hostile text: the evaluator descends at most DEPTH levels, as Python's parser gives up on nesting too; it
 * computes in double, which differs from Python's whole numbers only beyond 2^53. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scenarios/countdown.h"

enum { DEPTH = 100 };

struct text {
    const char *s;
    int n;
};

/* Where the word stands at or after i; -1 if nowhere. */
static int find(struct text t, int i, const char *word)
{
    const char *p = i <= t.n ? memmem(t.s + i, (size_t)(t.n - i), word, strlen(word)) : NULL;
    return p ? (int)(p - t.s) : -1;
}

static int ends_with(struct text t, const char *word)
{
    int m = (int)strlen(word);
    return t.n >= m && memcmp(t.s + t.n - m, word, (size_t)m) == 0;
}

/* `$` also matches before one newline at the end. */
static struct text without_last_newline(struct text t)
{
    t.n -= ends_with(t, "\n");
    return t;
}

/* The next <answer>...</answer> at or after *i; one_line: without a newline in it. *i moves behind it. */
static int next_answer(struct text t, int *i, int one_line, struct form_span *out)
{
    static const int open = sizeof "<answer>" - 1, close = sizeof "</answer>" - 1;
    for (int at = find(t, *i, "<answer>"); at >= 0; at = find(t, at + 1, "<answer>")) {
        int end = find(t, at + open, "</answer>");
        if (end < 0)
            return 0;
        if (one_line && memchr(t.s + at + open, '\n', (size_t)(end - at - open)))
            continue;
        *out = (struct form_span){t.s, at + open, end};
        *i = end + close;
        return 1;
    }
    return 0;
}

/* At least one character, and all of them of the arithmetic ones; point and blanks: what else is allowed. */
static int allowed(const struct form_span *a, const char *also)
{
    for (int i = a->begin; i < a->end; i++)
        if (!form_is_digit(a->text[i]) && (a->text[i] == 0 || !strchr("+-*/()", a->text[i])) &&
            (a->text[i] == 0 || !strchr(also, a->text[i])))
            return 0;
    return a->end > a->begin;
}

/* The runs of digits are the given numbers, in any order. */
static int same_numbers(const struct problem *p, const struct form_span *a)
{
    unsigned char used[PROBLEM_VALUES] = {0};
    int n = 0;
    for (int i = a->begin; i < a->end; n++) {
        int k = 0, v = 0;
        if (!form_is_digit(a->text[i])) {
            i++;
            n--;
            continue;
        }
        for (; i < a->end && form_is_digit(a->text[i]); i++)
            v = v > COUNTDOWN_LARGEST ? v : v * 10 + (a->text[i] - '0');
        while (k < p->n - 1 && (used[k] || p->value[k] != v))
            k++;
        if (k == p->n - 1)
            return 0;
        used[k] = 1;
    }
    return n == p->n - 1;
}

/* Python's arithmetic: + - * / // ** with signs and parentheses; failed: it would raise an exception. */
struct python {
    struct form_span a;
    int at, depth, failed;
};

static double sum(struct python *y);

static void pass_blanks(struct python *y)
{
    while (y->at < y->a.end && strchr(" \t\f", y->a.text[y->at]) && y->a.text[y->at])
        y->at++;
}

static int taken(struct python *y, const char *word)
{
    int m = (int)strlen(word);
    pass_blanks(y);
    if (y->a.end - y->at < m || memcmp(y->a.text + y->at, word, (size_t)m) != 0)
        return 0;
    y->at += m;
    return 1;
}

static int digit_at(const struct python *y)
{
    return y->at < y->a.end && form_is_digit(y->a.text[y->at]);
}

static double number(struct python *y)
{
    double v = 0, place = 1;
    int begin = y->at, digits = 0, nonzero = 0, leading = digit_at(y) && y->a.text[y->at] == '0';
    for (; digit_at(y); y->at++, digits++) {
        v = v * 10 + (y->a.text[y->at] - '0');
        nonzero |= y->a.text[y->at] != '0';
    }
    if (y->at < y->a.end && y->a.text[y->at] == '.') {
        for (y->at++; digit_at(y); y->at++, digits++)
            v += (y->a.text[y->at] - '0') * (place /= 10);
    } else if (leading && nonzero) {
        y->failed = 1;   /* 007 is a syntax error */
    }
    if (!digits || y->at == begin)
        y->failed = 1;
    return v;
}

static double signed_power(struct python *y)
{
    double v;
    if (y->failed || ++y->depth > DEPTH) {
        y->failed = 1;
        return 0;
    }
    if (taken(y, "-")) {
        v = -signed_power(y);
    } else if (taken(y, "+")) {
        v = signed_power(y);
    } else {
        if (taken(y, "(")) {
            v = sum(y);
            y->failed |= !taken(y, ")");
        } else {
            v = number(y);
        }
        if (!y->failed && taken(y, "**"))
            v = pow(v, signed_power(y));
    }
    y->depth--;
    return v;
}

static double product(struct python *y)
{
    double v = signed_power(y);
    while (!y->failed) {
        int whole = taken(y, "//"), divide = whole || taken(y, "/");
        double w;
        if (!divide && !taken(y, "*"))
            break;
        w = signed_power(y);
        if (divide && w == 0)
            y->failed = 1;
        else
            v = whole ? floor(v / w) : divide ? v / w : v * w;
    }
    return v;
}

static double sum(struct python *y)
{
    double v = product(y);
    while (!y->failed) {
        if (taken(y, "+"))
            v += product(y);
        else if (taken(y, "-"))
            v -= product(y);
        else
            break;
    }
    return v;
}

static int evaluate(const struct form_span *a, double *v)
{
    struct python y = {*a, a->begin, 0, 0};
    *v = sum(&y);
    pass_blanks(&y);
    return !y.failed && y.at == a->end && isfinite(*v);
}

/* The equation's part, the same three checks everywhere; `also` as in allowed. */
static void equation(const struct problem *p, const struct form_span *a, const char *also, struct score *out)
{
    int target = p->value[p->n - 1];
    double v;
    if (!allowed(a, also))
        form_fail(out, a->begin, "not only digits, operators and parentheses");
    else if (!same_numbers(p, a))
        form_fail(out, a->begin, "the numbers are not the given ones, each once");
    else if (!evaluate(a, &v))
        form_fail(out, a->begin, "eval raises an exception");
    else {
        snprintf(out->answer, ANSWER_BYTES, "%.12g", v);
        if (fabs(v - target) < 1e-5)
            out->accuracy = 1;
        else
            form_fail(out, a->begin, "gives %s, wanted %d", out->answer, target);
    }
}

/* The last answer of the last line; format: there is one. */
static void tinyzero(const struct problem *p, struct text t, struct score *out)
{
    struct form_span a, last = {0};
    int i = t.n;
    while (i > 0 && t.s[i - 1] != '\n')
        i--;
    while (next_answer(t, &i, 1, &a))
        last = a;
    if (!last.text) {
        form_fail(out, t.n, "no <answer> in the last line");
        return;
    }
    form_trim(&last);
    out->format = 1;
    equation(p, &last, ". \t\n\r\f\v", out);
}

/* format 1: thoughts without think tags, </think>, one newline, <answer>, at the end </answer>; 0.5 where
 * more than arithmetic stands in it. */
static double nano_format(struct text t, struct score *out)
{
    static const char middle[] = "</think>\n<answer>";
    int close = find(t, 0, "</think>"), open = find(t, 0, "<think>"), at;
    struct text whole = without_last_newline(t);
    struct form_span a;
    if (close < 0 || (open >= 0 && open < close)) {
        form_fail(out, close < 0 ? t.n : open, close < 0 ? "no </think>" : "<think> again in the thoughts");
        return 0;
    }
    at = close + (int)sizeof middle - 1;
    if (t.n < at || memcmp(t.s + close, middle, sizeof middle - 1) != 0) {
        form_fail(out, close, "</think>, newline, <answer> should follow each other");
        return 0;
    }
    if (!ends_with(whole, "</answer>") || whole.n - (int)strlen("</answer>") < at) {
        form_fail(out, t.n, "</answer> should be the end");
        return 0;
    }
    a = (struct form_span){t.s, at, whole.n - (int)strlen("</answer>")};
    form_trim(&a);
    if (allowed(&a, ". \t\n\r\f\v"))
        return 1;
    form_fail(out, a.begin, "not only digits, operators and parentheses up to the end");
    return 0.5;
}

/* The equation's verdict beside the format's; of two failures the equation's is told. */
static void add_equation(const struct score *eq, double format, struct score *out)
{
    out->format = format;
    out->accuracy = eq->accuracy;
    memcpy(out->answer, eq->answer, sizeof out->answer);
    if (!eq->accuracy) {
        out->at = eq->at;
        memcpy(out->why, eq->why, sizeof out->why);
    }
}

static void nano_aha(const struct problem *p, struct text t, struct score *out)
{
    struct form_span a;
    int i = 0;
    double format = nano_format(t, out);
    struct score eq = {.at = -1};
    if (next_answer(t, &i, 1, &a)) {
        form_trim(&a);
        equation(p, &a, ". \t\n\r\f\v", &eq);
    } else {
        form_fail(&eq, t.n, "no <answer> in one line");
    }
    add_equation(&eq, format, out);
}

/* format 1 for the whole form, else 0.1 for </think> and 0.5 for an answer. */
static double grpo_format(struct text t, struct score *out)
{
    static const char middle[] = "</think>\n<answer>";
    int at = find(t, 0, middle), answer = find(t, 0, "<answer>");
    struct text whole = without_last_newline(t);
    if (at >= 0 && ends_with(whole, "</answer>") &&
        whole.n - (int)strlen("</answer>") >= at + (int)sizeof middle - 1)
        return 1;
    form_fail(out, at < 0 ? 0 : t.n, at < 0 ? "</think>, newline, <answer> nowhere follow each other"
                                            : "</answer> should be the end");
    return (find(t, 0, "</think>") >= 0 ? 0.1 : 0) +
           (answer >= 0 && find(t, answer, "</answer>") >= 0 ? 0.5 : 0);
}

static void grpo_zero(const struct problem *p, struct text t, struct score *out)
{
    struct form_span a;
    int i = 0;
    double format = grpo_format(t, out);
    struct score eq = {.at = -1};
    if (next_answer(t, &i, 0, &a)) {
        if (a.end > a.begin + 1 && a.text[a.end - 1] == '\n')
            a.end--;
        equation(p, &a, " ", &eq);
    } else {
        form_fail(&eq, t.n, "no <answer>");
    }
    add_equation(&eq, format, out);
}

void countdown_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out)
{
    const struct countdown *c = self;
    struct text t = {completion, n > INT_MAX ? INT_MAX : (int)n};
    int scorer = c ? c->set.scorer : SCORER_STRICT;
    if (scorer == SCORER_STRICT) {
        countdown_score_strict(p, completion, n, out);
        return;
    }
    form_begin(out);
    if (scorer == SCORER_TINYZERO)
        tinyzero(p, t, out);
    else if (scorer == SCORER_NANO_AHA)
        nano_aha(p, t, out);
    else
        grpo_zero(p, t, out);
}

void countdown_scorer_weights(enum countdown_scorer scorer, double *accuracy, double *format)
{
    *accuracy = scorer == SCORER_TINYZERO ? 0.9 : 1;
    *format = scorer == SCORER_NANO_AHA ? 1 : 0.1;
}
