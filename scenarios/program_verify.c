/* The verifier of a program, the reading of a trace, and the scale of difficulty.
 *
 * Checks, the first that fails gives `at` and `why`: the think/answer form; each word of the answer is an
 * operation and blocks are closed; then test by test, the two examples first: it runs within its limits,
 * leaves one value, and that is the wanted one. A run that stops is told by the byte of the operation where
 * it did.
 *
 * In a trace the stack after an operation is an equation, right when the operation makes it out of the stack
 * that was written before. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/hash.h"
#include "scenarios/form.h"
#include "scenarios/program.h"

enum { DISTINCT_MAX = 64, NUMBER_CAP = 1000000000 };

static void answer_text(const struct program *p, char out[ANSWER_BYTES])
{
    struct program_stack tests = {0};
    uint64_t h = 0;
    /* Votes go to what a program does, told by its values on a few inputs, not to how it is written. */
    for (int32_t i = 0; i < 12; i++) {
        int where;
        if (program_value(p, i * 7 % 11 - 2, i * 5 % 13, &tests.value[i], &where))
            return;
        h = hash_u64(h ^ (uint32_t)tests.value[i]);
    }
    snprintf(out, ANSWER_BYTES, "#%016llx", (unsigned long long)h);
}

void program_score(const void *self, const struct problem *p, const char *completion, size_t n,
                   struct score *out)
{
    struct program_problem x;
    struct form_span answer;
    struct program program;
    (void)self;
    if (!form_check(completion, n, &answer, out) || !program_read(&program, &answer, out))
        return;
    answer_text(&program, out->answer);
    program_problem(p, &x);
    for (int i = 0; i < PROGRAM_TESTS; i++) {
        const char *kind = i < PROGRAM_EXAMPLES ? "example" : "test";
        int number = i < PROGRAM_EXAMPLES ? i + 1 : i + 1 - PROGRAM_EXAMPLES, where = 0;
        int32_t v;
        const char *why = program_value(&program, x.input[i][0], x.input[i][1], &v, &where);
        if (!why && v == x.output[i])
            continue;
        if (why)
            form_fail(out, program.at[where], "%s %d, %d %d: %s", kind, number, (int)x.input[i][0],
                      (int)x.input[i][1], why);
        else
            form_fail(out, answer.begin, "%s %d: %d %d gives %d, wanted %d", kind, number, (int)x.input[i][0],
                      (int)x.input[i][1], (int)v, (int)x.output[i]);
        return;
    }
    out->accuracy = 1;
}

struct word {
    int begin, end;
    enum { NOTHING, NUMBER, WORD, TAG } kind;
    int32_t value;
};

/* Everything that one analysis knows on its way. */
struct reader {
    const struct program_problem *x;
    struct marks *out;
    const char *s;
    int n, at;

    struct program_stack start, before, now;   /* of the run under way; before and after its last operation */
    int op_n, has_op, op_begin, op_end;        /* operations of the run; one is open */
    int32_t op;
    int goal_n;                                /* 1: after ->, 2: its number was read */
    struct program made;                       /* the attempt's program */
    uint64_t earlier[DISTINCT_MAX];
    int earlier_n, runs, failed, reached, is_thinking;
    int turn_begin, turn_end, wait_begin, wait_end, aha_begin, aha_end;
};

static struct word next_word(struct reader *r)
{
    struct word w = {.kind = NOTHING};
    int i;
    r->at = w.begin = form_skip(r->s, r->at, r->n);
    while (r->at < r->n && !form_is_blank(r->s[r->at]))
        r->at++;
    w.end = r->at;
    if (w.begin == w.end)
        return w;
    w.kind = WORD;
    if (r->s[w.begin] == '<' && r->s[w.end - 1] == '>')
        w.kind = TAG;
    i = w.begin + (r->s[w.begin] == '-');
    if (i < w.end && form_is_digit(r->s[i])) {
        w.kind = NUMBER;
        for (; i < w.end; i++) {
            if (!form_is_digit(r->s[i]))
                w.kind = WORD;
            else if (w.value < NUMBER_CAP / 10)
                w.value = w.value * 10 + (r->s[i] - '0');
            else
                w.value = NUMBER_CAP;
        }
        if (r->s[w.begin] == '-')
            w.value = -w.value;
    }
    return w;
}

static int is(const struct reader *r, const struct word *w, const char *text)
{
    size_t n = strlen(text);
    return w->kind != NOTHING && (size_t)(w->end - w->begin) == n &&
           strncasecmp(r->s + w->begin, text, n) == 0;
}

static void mark(struct reader *r, enum mark_kind kind, int begin, int end, int ok)
{
    if (r->out->n < MARKS_MAX)
        r->out->mark[r->out->n++] = (struct mark){kind, begin, end, ok};
}

static void push(struct program_stack *s, int32_t v)
{
    if (s->n < PROGRAM_STACK)
        s->value[s->n++] = v;
}

static int same_stack(const struct program_stack *a, const struct program_stack *b)
{
    return a->n == b->n && memcmp(a->value, b->value, (size_t)a->n * sizeof *a->value) == 0;
}

/* The open operation is over: is the stack that follows it the one that it makes? */
static void end_operation(struct reader *r)
{
    struct program one = {.n = 1, .op = {r->op}};
    struct program_stack want = r->before;
    int where, ok;
    if (!r->has_op)
        return;
    r->has_op = 0;
    for (int i = 0; i < want.n; i++)   /* what stands there may be larger than a run allows */
        if (want.value[i] > PROGRAM_VALUE || want.value[i] < -PROGRAM_VALUE)
            want.n = 0;
    ok = r->op > PROGRAM_IF && !program_run(&one, &want, &where) && same_stack(&want, &r->now);
    mark(r, MARK_EQUATION, r->op_begin, r->op_end, ok);
    r->out->equations++;
    r->out->equations_right += ok;
}

static void begin_operation(struct reader *r, const struct word *w)
{
    if (r->op_n == 0)
        r->start = r->now;
    r->before = r->now;
    r->now.n = 0;
    r->has_op = 1;
    r->op_begin = w->begin;
    r->op_end = w->end;
    r->op_n++;
    /* The first run of an attempt is its program; the second repeats it. */
    if (r->runs == 0 && r->made.n < PROGRAM_OPS)
        r->made.op[r->made.n++] = r->op;
}

static uint64_t hash_made(const struct program *p)
{
    uint64_t h = (uint64_t)p->n;
    for (int i = 0; i < p->n; i++)
        h = hash_u64(h ^ (uint32_t)p->op[i]);
    return h;
}

static void end_run(struct reader *r)
{
    end_operation(r);
    r->runs += r->op_n > 0;
    r->op_n = r->goal_n = 0;
    r->now.n = 0;
}

static void end_attempt(struct reader *r)
{
    uint64_t made = hash_made(&r->made);
    int is_new = 1, where;
    end_run(r);
    r->runs = 0;
    if (!r->made.n)
        return;
    for (int i = 0; i < r->earlier_n && is_new; i++)
        is_new = r->earlier[i] != made;
    if (is_new && r->earlier_n < DISTINCT_MAX) {
        r->earlier[r->earlier_n++] = made;
        r->out->attempts_distinct++;
    }
    r->out->attempts++;
    if (!program_link(&r->made, &where) && program_passes(&r->made, r->x, PROGRAM_EXAMPLES)) {
        if (is_new && r->failed && !r->reached && r->turn_begin >= 0) {
            r->aha_begin = r->turn_begin;
            r->aha_end = r->turn_end;
        }
        r->reached = 1;
    } else {
        r->failed++;
    }
    r->turn_begin = -1;
    r->made.n = 0;
}

/* A yes says that the run began with an example's inputs and left its output. */
static void judgement(struct reader *r, const struct word *w, int yes)
{
    int holds = 0;
    end_operation(r);
    if (!r->op_n)
        return;
    for (int i = 0; i < PROGRAM_EXAMPLES; i++)
        holds |= r->start.n == 2 && r->start.value[0] == r->x->input[i][0] &&
                 r->start.value[1] == r->x->input[i][1] && r->now.n == 1 &&
                 r->now.value[0] == r->x->output[i];
    mark(r, MARK_VERIFICATION, w->begin, w->end, yes == holds);
    r->out->verifications++;
    r->out->verifications_right += yes == holds;
    r->out->false_yes += yes && !holds;
    if (yes)
        end_run(r);
    else
        end_attempt(r);
}

static void reflection(struct reader *r, const struct word *w)
{
    mark(r, MARK_REFLECTION, w->begin, w->end, 1);
    r->out->reflections++;
    if (is(r, w, "wait")) {
        r->out->waits++;
        end_attempt(r);
        if (r->out->attempts) {
            r->wait_begin = w->begin;
            r->wait_end = w->end;
        }
    }
    if (r->turn_begin < 0 && !r->made.n) {
        r->turn_begin = w->begin;
        r->turn_end = w->end;
    }
}

static void number(struct reader *r, const struct word *w)
{
    if (r->goal_n == 1) {
        r->goal_n = 2;
        return;
    }
    push(&r->now, w->value);
    if (r->has_op)
        r->op_end = w->end;
}

/* After a wait, the first example again. */
static void look_for_backtrack(struct reader *r)
{
    if (r->wait_begin < 0 || r->op_n)
        return;
    if (r->now.n == 2 && r->now.value[0] == r->x->input[0][0] && r->now.value[1] == r->x->input[0][1]) {
        mark(r, MARK_BACKTRACK, r->wait_begin, r->wait_end, 1);
        r->out->backtracks++;
    }
    r->wait_begin = -1;
}

static void read_thought(struct reader *r, const struct word *w)
{
    if (is(r, w, "|")) {
        struct word op;
        end_operation(r);
        look_for_backtrack(r);
        op = next_word(r);
        if (op.kind != NOTHING && program_op_find(r->s + op.begin, op.end - op.begin, &r->op))
            begin_operation(r, &op);
        else
            r->at = op.begin;
    } else if (w->kind == NUMBER) {
        number(r, w);
    } else if (is(r, w, "->")) {
        end_operation(r);
        r->goal_n = 1;
    } else if (is(r, w, "yes") || is(r, w, "no")) {
        judgement(r, w, is(r, w, "yes"));
    } else if (w->kind != NOTHING && form_is_reflection(r->s + w->begin, w->end - w->begin)) {
        reflection(r, w);
    }
}

static void put_in_order(struct marks *m)
{
    for (int i = 1; i < m->n; i++) {
        struct mark x = m->mark[i];
        int j = i;
        for (; j > 0 && m->mark[j - 1].begin > x.begin; j--)
            m->mark[j] = m->mark[j - 1];
        m->mark[j] = x;
    }
}

static void clear(struct marks *m)
{
    memset((char *)m + offsetof(struct marks, equations), 0, sizeof *m - offsetof(struct marks, equations));
    m->n = 0;
}

void program_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                     double accuracy, struct marks *out)
{
    struct program_problem x;
    struct reader r = {.x = &x,
                       .out = out,
                       .s = completion,
                       .n = n > INT_MAX ? INT_MAX : (int)n,
                       .is_thinking = 1,
                       .turn_begin = -1,
                       .wait_begin = -1,
                       .aha_begin = -1};
    struct word w;
    (void)self;
    program_problem(p, &x);
    clear(out);
    for (w = next_word(&r); w.kind != NOTHING; w = next_word(&r)) {
        if (w.kind == TAG && (is(&r, &w, "<think>") || is(&r, &w, "</think>") || is(&r, &w, "<answer>") ||
                              is(&r, &w, "</answer>"))) {
            mark(&r, MARK_STRUCTURE, w.begin, w.end, 1);
            if (r.is_thinking && is(&r, &w, "</think>"))
                end_attempt(&r);
            r.is_thinking &= !is(&r, &w, "</think>");
        } else if (r.is_thinking) {
            read_thought(&r, &w);
        }
    }
    end_attempt(&r);
    if (accuracy >= 1 && r.aha_begin >= 0) {
        mark(&r, MARK_AHA, r.aha_begin, r.aha_end, 1);
        out->ahas = 1;
    }
    put_in_order(out);
}

/* How many candidates the canonical order tries until one fits both examples. */
int program_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    struct program_candidate c[PROGRAM_CANDIDATES];
    struct program_problem x;
    int n, i = 0;
    program_problem(p, &x);
    n = program_candidates(self, &x, c);
    while (i < n - 1 && i < DIFFICULTIES - 1 && !program_passes(&c[i].program, &x, PROGRAM_EXAMPLES))
        i++;
    snprintf(label, LABEL_BYTES, i == DIFFICULTIES - 1 ? "%d or more" : "%d", i + 1);
    return i;
}
