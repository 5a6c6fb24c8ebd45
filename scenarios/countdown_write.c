/* What a Countdown document is written with: the prompt, attempts, the answer with its tags.
 *
 * An attempt reads `11 + 7 = 18 5 , 18 - 5 = 13 -> 26 no`: after a result the other numbers that remain, when the
 * state is shown; before the judgement the target, when the goal is shown. With the goal beside the result a model
 * learns to judge early and from every seed; without it that comes late, and at some seeds never well.
 * The answer is the attempt as one expression, operands in the order of the equations. */
#include "scenarios/countdown.h"

static void number(const struct countdown *c, struct document *d, int v, int strong)
{
    document_word(d, c->token[c->number_token + v], strong);
}

void countdown_write_prompt(const struct countdown *c, const struct problem *p, struct document *out)
{
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    for (int i = 0; i < p->n - 1; i++)
        number(c, out, p->value[i], 0);
    document_word(out, "->", 0);
    number(c, out, p->value[p->n - 1], 0);
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

void countdown_write_attempt(const struct countdown *c, const struct countdown_attempt *a, int strong_all,
                             struct document *out)
{
    for (int k = a->numbers; k < a->node_n; k++) {
        const struct countdown_node *d = &a->node[k];
        if (k > a->numbers)
            document_word(out, ",", strong_all);
        number(c, out, a->node[d->left].value, strong_all);
        document_word(out, countdown_op_word[d->op], strong_all);
        number(c, out, a->node[d->right].value, strong_all);
        document_word(out, "=", strong_all);
        number(c, out, d->value, 1);
        for (int i = 0; c->set.show_state && i < d->rest_n; i++)
            number(c, out, d->rest[i], strong_all);
    }
}

void countdown_write_judgement(const struct countdown *c, int target, int yes, int strong_all,
                               struct document *out)
{
    if (c->set.show_goal) {
        document_word(out, "->", strong_all);
        number(c, out, target, 1);
    }
    document_word(out, yes ? "yes" : "no", c->set.judge_weight);
}

/* Every operation but the outermost stands in parentheses; depth is at most 5. */
static void expression(const struct countdown *c, const struct countdown_attempt *a, int node, int outermost,
                       int strong, struct document *out)
{
    const struct countdown_node *d = &a->node[node];
    if (d->op < 0) {
        number(c, out, d->value, strong);
        return;
    }
    if (!outermost)
        document_word(out, "(", strong);
    expression(c, a, d->left, 0, strong, out);
    document_word(out, countdown_op_word[d->op], strong);
    expression(c, a, d->right, 0, strong, out);
    if (!outermost)
        document_word(out, ")", strong);
}

void countdown_write_answer(const struct countdown *c, struct rng *r, const struct countdown_attempt *a,
                            int strong_all, int malformed, struct document *out)
{
    /* Each spoilt opening breaks the format in another way; the end stays, so that sampling stops. */
    static const char *const opening[][3] = {
        {"</think>", "<answer>", NULL},
        {"<answer>", NULL, NULL},
        {"</think>", NULL, NULL},
        {"<answer>", "</think>", NULL},
        {"</think>", "</think>", "<answer>"},
        {"</think>", "<answer>", "<answer>"},
        {"<think>", "<answer>", NULL},
    };
    int kind = malformed ? rng_range(r, 1, (int)(sizeof opening / sizeof *opening) - 1) : 0;
    for (int i = 0; i < 3 && opening[kind][i]; i++)
        document_word(out, opening[kind][i], strong_all);
    expression(c, a, a->node_n - 1, 1, strong_all, out);
    document_word(out, "</answer>", strong_all);
}
