/* Countdown's verifier: what a completion is worth, and which check failed where.
 *
 * Checks run in a fixed order and the first that fails gives `at` and `why`:
 *   1. format: THOUGHTS </think> <answer> EXPRESSION </answer>, each tag once, <think> never, only white
 *      space between </think> and <answer> and after </answer>;
 *   2. grammar: numbers, + - * / and parentheses, no signs, nothing else;
 *   3. numbers: exactly the given ones, each used once;
 *   4. value: the exact rational value is the target; no division by zero.
 *
 * The text is hostile: any bytes, not terminated, of any length. Nothing recurses and nothing is
 * allocated. A value is computed only once check 3 holds, so at most COUNTDOWN_NUMBERS numbers of at most
 * COUNTDOWN_LARGEST take part: numerators and denominators stay below 2^5 * 9999^6 < 2^85,
 * far from the 127 bits that they have. Parentheses may be nested without limit: a run of them is a count. */
#include "scenarios/countdown.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 wide;

/* num / den in lowest terms, den > 0. */
struct rational {
    wide num, den;
};

enum tag { TAG_NONE, THINK, THINK_END, ANSWER, ANSWER_END };

static const char *const tag_text[] = {"", "<think>", "</think>", "<answer>", "</answer>"};

/* A region of the completion: the expression, once the format is known to hold. */
struct span {
    const char *text;
    int begin, end;
};

static int fail(struct score *out, int at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct score *out, int at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out->why, sizeof out->why, fmt, ap);
    va_end(ap);
    out->at = at;
    return 0;
}

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int skip_blank(const char *s, int i, int end)
{
    while (i < end && is_blank(s[i]))
        i++;
    return i;
}

static enum tag tag_at(const char *s, int i, int n)
{
    for (int t = THINK; t <= ANSWER_END; t++) {
        int len = (int)strlen(tag_text[t]);
        if (n - i >= len && memcmp(s + i, tag_text[t], (size_t)len) == 0)
            return (enum tag)t;
    }
    return TAG_NONE;
}

/* The next tag at or after i; *at is where it stands, n if there is none. */
static enum tag next_tag(const char *s, int i, int n, int *at)
{
    while (i < n) {
        const char *p = memchr(s + i, '<', (size_t)(n - i));
        enum tag t;
        if (!p)
            break;
        i = (int)(p - s);
        t = tag_at(s, i, n);
        if (t != TAG_NONE) {
            *at = i;
            return t;
        }
        i++;
    }
    *at = n;
    return TAG_NONE;
}

static int check_format(const char *s, int n, struct span *expr, struct score *out)
{
    int at;
    enum tag t = next_tag(s, 0, n, &at);
    if (t == TAG_NONE)
        return fail(out, n, "cut off: no </think>");
    if (t == THINK)
        return fail(out, at, "<think> again in the thoughts");
    if (t != THINK_END)
        return fail(out, at, "%s before </think>", tag_text[t]);
    at = skip_blank(s, at + (int)strlen(tag_text[t]), n);
    if (at == n)
        return fail(out, n, "cut off: no <answer>");
    t = tag_at(s, at, n);
    if (t == TAG_NONE)
        return fail(out, at, "text between </think> and <answer>");
    if (t != ANSWER)
        return fail(out, at, t == THINK_END ? "%s twice" : "%s where <answer> should be", tag_text[t]);
    expr->text = s;
    expr->begin = at + (int)strlen(tag_text[t]);
    t = next_tag(s, expr->begin, n, &at);
    if (t == TAG_NONE)
        return fail(out, n, "</answer> missing");
    if (t != ANSWER_END)
        return fail(out, at, t == THINK ? "%s in the answer" : "%s twice", tag_text[t]);
    expr->end = at;
    at = skip_blank(s, at + (int)strlen(tag_text[t]), n);
    if (at == n)
        return 1;
    t = tag_at(s, at, n);
    if (t == TAG_NONE)
        return fail(out, at, "text after </answer>");
    return fail(out, at, t == THINK ? "%s after </answer>" : "%s twice", tag_text[t]);
}

/* A whole number at *i; saturates just above what a problem may hold. */
static int read_number(const struct span *e, int *i)
{
    int v = 0;
    for (; *i < e->end && is_digit(e->text[*i]); (*i)++)
        if (v <= COUNTDOWN_LARGEST)
            v = v * 10 + (e->text[*i] - '0');
    return v;
}

static int unexpected(struct score *out, int at, char c)
{
    if (c > ' ' && c < 127)
        return fail(out, at, "'%c' is not part of an expression", c);
    return fail(out, at, "byte 0x%02x is not part of an expression", (unsigned)(unsigned char)c);
}

/* operand ( operator operand )*, with balanced parentheses; trims blanks at the end of *e. */
static int check_grammar(struct span *e, struct score *out)
{
    const char *s = e->text;
    int want_operand = 1, depth = 0, i;
    while (e->end > e->begin && is_blank(s[e->end - 1]))
        e->end--;
    i = e->begin = skip_blank(s, e->begin, e->end);
    if (i == e->end)
        return fail(out, i, "the answer is empty");
    for (; i < e->end; i = skip_blank(s, i, e->end)) {
        char c = s[i];
        if (is_digit(c) || c == '(') {
            if (!want_operand)
                return fail(out, i, "an operator is missing before '%c'", c);
            if (c == '(') {
                depth++;
                i++;
            } else {
                read_number(e, &i);
                want_operand = 0;
            }
        } else if (c == ')' || c == '+' || c == '-' || c == '*' || c == '/') {
            if (want_operand)
                return fail(out, i, "a number is missing before '%c'", c);
            if (c == ')' && depth-- == 0)
                return fail(out, i, "')' without its '('");
            want_operand = c != ')';
            i++;
        } else {
            return unexpected(out, i, c);
        }
    }
    if (want_operand)
        return fail(out, e->end, "a number is missing at the end");
    return depth ? fail(out, e->end, "a '(' is never closed") : 1;
}

static int too_often(const struct problem *p, int v, const struct span *e, int at, int end, struct score *out)
{
    static const char *const times[] = {"",           "",           "twice",    "three times",
                                        "four times", "five times", "six times"};
    int given = 0;
    for (int k = 0; k < p->n - 1; k++)
        given += p->value[k] == v;
    if (!given)
        return fail(out, at, "%.*s%s is not given", end - at > 12 ? 12 : end - at, e->text + at,
                    end - at > 12 ? "..." : "");
    return given + 1 <= 6 ? fail(out, at, "uses %d %s", v, times[given + 1])
                          : fail(out, at, "uses %d too often", v);
}

static int check_numbers(const struct problem *p, const struct span *e, struct score *out)
{
    unsigned char used[PROBLEM_VALUES] = {0};
    int count = p->n - 1;
    for (int i = e->begin; i < e->end;) {
        int at = i, v, k = 0;
        if (!is_digit(e->text[i])) {
            i++;
            continue;
        }
        v = read_number(e, &i);
        while (k < count && (used[k] || p->value[k] != v))
            k++;
        if (k == count)
            return too_often(p, v, e, at, i, out);
        used[k] = 1;
    }
    for (int k = 0; k < count; k++)
        if (!used[k])
            return fail(out, e->end, "%d is not used", p->value[k]);
    return 1;
}

static wide gcd(wide a, wide b)
{
    while (b) {
        wide t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static void reduce(struct rational *x)
{
    wide g;
    if (x->den < 0) {
        x->num = -x->num;
        x->den = -x->den;
    }
    if (x->den == 1)
        return;
    g = gcd(x->num < 0 ? -x->num : x->num, x->den);
    x->num /= g;
    x->den /= g;
}

/* *a = *a op *b; 0 for a division by zero. */
static int apply(char op, struct rational *a, const struct rational *b)
{
    switch (op) {
    case '+':
        a->num = a->num * b->den + b->num * a->den;
        a->den *= b->den;
        break;
    case '-':
        a->num = a->num * b->den - b->num * a->den;
        a->den *= b->den;
        break;
    case '*':
        a->num *= b->num;
        a->den *= b->den;
        break;
    default: {
        wide num = a->num * b->den;
        if (!b->num)
            return 0;
        a->den *= b->num;
        a->num = num;
    }
    }
    reduce(a);
    return 1;
}

/* Operators that wait for their right operand. `open` counts the parentheses opened since the
 * operator below, so the stack is never higher than the operators, whatever the nesting. */
struct pending {
    char op;
    int at, open;
};

struct machine {
    struct rational value[PROBLEM_VALUES];
    struct pending pending[PROBLEM_VALUES];
    int value_n, pending_n, open;
};

static int rank(char op)
{
    return op == '*' || op == '/';
}

/* Applies what binds at least as tightly as `least`, back to the last open parenthesis. */
static int settle(struct machine *m, int least, struct score *out)
{
    while (m->pending_n && !m->open && rank(m->pending[m->pending_n - 1].op) >= least) {
        const struct pending *p = &m->pending[--m->pending_n];
        m->value_n--;
        if (!apply(p->op, &m->value[m->value_n - 1], &m->value[m->value_n]))
            return fail(out, p->at, "division by zero");
        m->open = p->open;
    }
    return 1;
}

/* Precedence climbing by two stacks. The grammar and the numbers have been checked. */
static int evaluate(const struct span *e, struct rational *result, struct score *out)
{
    struct machine m;
    m.value_n = m.pending_n = m.open = 0;
    for (int i = skip_blank(e->text, e->begin, e->end); i < e->end; i = skip_blank(e->text, i, e->end)) {
        char c = e->text[i];
        if (is_digit(c)) {
            m.value[m.value_n++] = (struct rational){read_number(e, &i), 1};
            continue;
        }
        if (c == '(') {
            m.open++;
        } else if (c == ')') {
            if (!settle(&m, 0, out))
                return 0;
            m.open--;
        } else {
            if (!settle(&m, rank(c), out))
                return 0;
            m.pending[m.pending_n++] = (struct pending){c, i, m.open};
            m.open = 0;
        }
        i++;
    }
    if (!settle(&m, 0, out))
        return 0;
    *result = m.value[0];
    return 1;
}

static char *print_wide(wide v, char *end)
{
    int negative = v < 0;
    *--end = 0;
    do {
        int digit = (int)(v % 10);
        *--end = (char)('0' + (negative ? -digit : digit));
        v /= 10;
    } while (v);
    if (negative)
        *--end = '-';
    return end;
}

/* "26" or "7/2". With the stated limits it needs at most 42 bytes. */
static void print_rational(const struct rational *x, char out[ANSWER_BYTES])
{
    char num[48], den[48];
    if (x->den == 1)
        snprintf(out, ANSWER_BYTES, "%s", print_wide(x->num, num + sizeof num));
    else
        snprintf(out, ANSWER_BYTES, "%.23s/%.23s", print_wide(x->num, num + sizeof num),
                 print_wide(x->den, den + sizeof den));
}

void countdown_score_strict(const struct problem *p, const char *completion, size_t n, struct score *out)
{
    struct span expr = {0};
    struct rational value;
    int target = p->value[p->n - 1];
    out->accuracy = out->format = 0;
    out->at = -1;
    out->why[0] = out->answer[0] = 0;
    if (n > INT_MAX)
        n = INT_MAX;
    if (!check_format(completion, (int)n, &expr, out))
        return;
    out->format = 1;
    if (!check_grammar(&expr, out) || !check_numbers(p, &expr, out) || !evaluate(&expr, &value, out))
        return;
    print_rational(&value, out->answer);
    if (value.den == 1 && value.num == target)
        out->accuracy = 1;
    else
        fail(out, expr.begin, "gives %s, wanted %d", out->answer, target);
}
