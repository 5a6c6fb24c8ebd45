/* The stack language: reading a program, and running it within bounds.
 *
 * Design: a program is an array of operations whose blocks are linked beforehand, so that running is one loop
 * with a count of steps: no recursion, no allocation, no pointer that a program could move. All that a
 * program can touch is a stack of PROGRAM_STACK values, and every operation checks it first.
 *
 * Invariant: |value| <= PROGRAM_VALUE on the stack, so that no sum or product overflows. */
#include <stdio.h>
#include <string.h>

#include "scenarios/program.h"

static const char *const word[] = {"",     "add",  "sub", "mul",    "dup", "swap",
                                   "over", "drop", "if",  "repeat", "end"};
enum { WORDS = sizeof word / sizeof *word };

const char *program_op_name(int32_t op, char room[16])
{
    if (op < 0)
        return op > -WORDS ? word[-op] : "?";
    snprintf(room, 16, "%d", (int)op);
    return room;
}

int program_op_find(const char *s, int n, int32_t *op)
{
    int v = 0;
    for (int i = 1; i < WORDS; i++)
        if ((int)strlen(word[i]) == n && memcmp(s, word[i], (size_t)n) == 0) {
            *op = -i;
            return 1;
        }
    for (int i = 0; i < n; i++) {
        if (!form_is_digit(s[i]))
            return 0;
        v = v > PROGRAM_PUSH ? v : v * 10 + (s[i] - '0');
    }
    *op = v;
    return n > 0 && v <= PROGRAM_PUSH;
}

const char *program_link(struct program *p, int *where)
{
    int open[PROGRAM_NESTED], depth = 0;
    for (int i = 0; i < p->n; i++) {
        *where = i;
        if (p->op[i] == PROGRAM_IF || p->op[i] == PROGRAM_REPEAT) {
            if (depth == PROGRAM_NESTED)
                return "too many blocks in each other";
            open[depth++] = i;
        } else if (p->op[i] == PROGRAM_END) {
            if (!depth)
                return "end of no block";
            p->other[i] = open[--depth];
            p->other[p->other[i]] = i;
        }
    }
    if (depth)
        *where = open[depth - 1];
    return depth ? "block without end" : NULL;
}

int program_read(struct program *p, const struct form_span *text, struct score *out)
{
    const char *why;
    int where = 0;
    p->n = 0;
    for (int i = form_skip(text->text, text->begin, text->end), end; i < text->end;
         i = form_skip(text->text, end, text->end)) {
        const char *s = text->text + i;
        for (end = i; end < text->end && !form_is_blank(text->text[end]);)
            end++;
        if (p->n == PROGRAM_OPS)
            return form_fail(out, i, "more than %d operations", PROGRAM_OPS);
        if (!program_op_find(s, end - i, &p->op[p->n])) {
            int is_plain = 1;
            for (int k = i; k < end; k++)
                is_plain &= text->text[k] > ' ' && text->text[k] < 127;
            return is_plain ? form_fail(out, i, "'%.*s' is no operation", end - i > 20 ? 20 : end - i, s)
                            : form_unexpected(out, i, *s, "a program");
        }
        p->at[p->n++] = i;
    }
    if (!p->n)
        return form_fail(out, text->begin, "the answer is empty");
    why = program_link(p, &where);
    return why ? form_fail(out, p->at[where], "%s", why) : 1;
}

static const char *binary(struct program_stack *s, int32_t op)
{
    int64_t x, y, v;
    if (s->n < 2)
        return "the stack has too few values";
    y = s->value[--s->n];
    x = s->value[s->n - 1];
    v = op == PROGRAM_ADD ? x + y : op == PROGRAM_SUB ? x - y : x * y;
    if (v > PROGRAM_VALUE || v < -PROGRAM_VALUE)
        return "the value is too large";
    s->value[s->n - 1] = (int32_t)v;
    return NULL;
}

/* An operation that is no block. */
static const char *apply(struct program_stack *s, int32_t op)
{
    int need = op == PROGRAM_SWAP || op == PROGRAM_OVER ? 2 : op == PROGRAM_DUP || op == PROGRAM_DROP ? 1 : 0;
    int32_t swap;
    if (op == PROGRAM_ADD || op == PROGRAM_SUB || op == PROGRAM_MUL)
        return binary(s, op);
    if (s->n < need)
        return "the stack has too few values";
    if (op == PROGRAM_DROP) {
        s->n--;
    } else if (op == PROGRAM_SWAP) {
        swap = s->value[s->n - 1];
        s->value[s->n - 1] = s->value[s->n - 2];
        s->value[s->n - 2] = swap;
    } else if (s->n == PROGRAM_STACK) {
        return "the stack is full";
    } else {
        s->value[s->n] = op >= 0 ? op : op == PROGRAM_DUP ? s->value[s->n - 1] : s->value[s->n - 2];
        s->n++;
    }
    return NULL;
}

const char *program_run(const struct program *p, struct program_stack *s, int *where)
{
    int32_t left[PROGRAM_NESTED];   /* rounds of the open blocks that are still to come */
    int depth = 0, i = 0;
    for (int steps = 0; i < p->n; steps++, i++) {
        int32_t op = p->op[i];
        const char *why;
        *where = i;
        if (steps == PROGRAM_STEPS)
            return "too many steps";
        if (op == PROGRAM_END) {
            if (--left[depth - 1] > 0)
                i = p->other[i];
            else
                depth--;
        } else if (op == PROGRAM_IF || op == PROGRAM_REPEAT) {
            int32_t x;
            if (!s->n)
                return "the stack has too few values";
            x = s->value[--s->n];
            x = op == PROGRAM_IF ? x != 0 : x;
            if (x < 1)
                i = p->other[i];
            else
                left[depth++] = x;
        } else if ((why = apply(s, op)) != NULL) {
            return why;
        }
    }
    return NULL;
}

const char *program_value(const struct program *p, int32_t a, int32_t b, int32_t *out, int *where)
{
    struct program_stack s = {2, {a, b}};
    const char *why = program_run(p, &s, where);
    *out = s.n ? s.value[s.n - 1] : 0;
    if (why || s.n == 1)
        return why;
    *where = p->n - 1;
    return s.n ? "more than one value is left" : "no value is left";
}
