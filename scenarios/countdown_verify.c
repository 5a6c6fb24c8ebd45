/* Countdown's verifier, what a completion is worth and which check failed where, and its reading of a trace.
 *
 * Checks run in a fixed order and the first that fails gives `at` and `why`:
 *   1. format: the think/answer form;
 *   2. grammar: numbers, + - * / and parentheses, no signs, nothing else;
 *   3. numbers: exactly the given ones, each used once;
 *   4. value: the exact rational value is the target; no division by zero.
 *
 * The text is hostile: any bytes, not terminated, of any length. Nothing recurses and nothing is
 * allocated. A value is computed only once check 3 holds, so at most COUNTDOWN_NUMBERS numbers of at most
 * COUNTDOWN_LARGEST take part: numerators and denominators stay below 2^5 * 9999^6 < 2^85,
 * far from the 127 bits that they have. Parentheses may be nested without limit: a run of them is a count. */
#include "scenarios/countdown.h"

#include <stdio.h>

__extension__ typedef __int128 wide;

/* num / den in lowest terms, den > 0. */
struct rational {
    wide num, den;
};

/* A whole number at *i; saturates just above what a problem may hold. */
static int read_number(const struct form_span *e, int *i)
{
    int v = 0;
    for (; *i < e->end && form_is_digit(e->text[*i]); (*i)++)
        if (v <= COUNTDOWN_LARGEST)
            v = v * 10 + (e->text[*i] - '0');
    return v;
}

/* operand ( operator operand )*, with balanced parentheses. */
static int check_grammar(const struct form_span *e, struct score *out)
{
    const char *s = e->text;
    int want_operand = 1, depth = 0, i = e->begin;
    if (i == e->end)
        return form_fail(out, i, "the answer is empty");
    for (; i < e->end; i = form_skip(s, i, e->end)) {
        char c = s[i];
        if (form_is_digit(c) || c == '(') {
            if (!want_operand)
                return form_fail(out, i, "an operator is missing before '%c'", c);
            if (c == '(') {
                depth++;
                i++;
            } else {
                read_number(e, &i);
                want_operand = 0;
            }
        } else if (c == ')' || c == '+' || c == '-' || c == '*' || c == '/') {
            if (want_operand)
                return form_fail(out, i, "a number is missing before '%c'", c);
            if (c == ')' && depth-- == 0)
                return form_fail(out, i, "')' without its '('");
            want_operand = c != ')';
            i++;
        } else {
            return form_unexpected(out, i, c, "an expression");
        }
    }
    if (want_operand)
        return form_fail(out, e->end, "a number is missing at the end");
    return depth ? form_fail(out, e->end, "a '(' is never closed") : 1;
}

static int too_often(const struct problem *p, int v, const struct form_span *e, int at, int end,
                     struct score *out)
{
    static const char *const times[] = {"",           "",           "twice",    "three times",
                                        "four times", "five times", "six times"};
    int given = 0;
    for (int k = 0; k < p->n - 1; k++)
        given += p->value[k] == v;
    if (!given)
        return form_fail(out, at, "%.*s%s is not given", end - at > 12 ? 12 : end - at, e->text + at,
                    end - at > 12 ? "..." : "");
    return given + 1 <= 6 ? form_fail(out, at, "uses %d %s", v, times[given + 1])
                          : form_fail(out, at, "uses %d too often", v);
}

static int check_numbers(const struct problem *p, const struct form_span *e, struct score *out)
{
    unsigned char used[PROBLEM_VALUES] = {0};
    int count = p->n - 1;
    for (int i = e->begin; i < e->end;) {
        int at = i, v, k = 0;
        if (!form_is_digit(e->text[i])) {
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
            return form_fail(out, e->end, "%d is not used", p->value[k]);
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
            return form_fail(out, p->at, "division by zero");
        m->open = p->open;
    }
    return 1;
}

/* Precedence climbing by two stacks. The grammar and the numbers have been checked. */
static int evaluate(const struct form_span *e, struct rational *result, struct score *out)
{
    struct machine m;
    m.value_n = m.pending_n = m.open = 0;
    for (int i = form_skip(e->text, e->begin, e->end); i < e->end; i = form_skip(e->text, i, e->end)) {
        char c = e->text[i];
        if (form_is_digit(c)) {
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
    struct form_span expr;
    struct rational value;
    int target = p->value[p->n - 1];
    if (!form_check(completion, n, &expr, out))
        return;
    if (!check_grammar(&expr, out) || !check_numbers(p, &expr, out) || !evaluate(&expr, &value, out))
        return;
    print_rational(&value, out->answer);
    if (value.den == 1 && value.num == target)
        out->accuracy = 1;
    else
        form_fail(out, expr.begin, "gives %s, wanted %d", out->answer, target);
}

/* The last result is the target: what a yes claims, and what an attempt is to reach. */
static int hits(const struct problem *p, const struct form_equation *eq, int n)
{
    return eq[n - 1].c == p->value[p->n - 1];
}

/* It takes two of the given numbers, not the same one twice. */
static int starts(const struct problem *p, const struct form_equation *now)
{
    int at = -1;
    for (int i = 0; i < p->n - 1 && at < 0; i++)
        if (p->value[i] == now->a)
            at = i;
    for (int i = 0; at >= 0 && i < p->n - 1; i++)
        if (i != at && p->value[i] == now->b)
            return 1;
    return 0;
}

void countdown_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out)
{
    static const struct form_rules rules = {
        .claim = hits, .reached = hits, .starts = starts, .unsigned_numbers = 1};
    (void)self;
    form_analyse(&rules, p, completion, n, accuracy, out);
}
