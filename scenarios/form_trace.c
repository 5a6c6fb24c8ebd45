/* What a trace of think/answer text contains, read from its characters by a task's rules.
 *
 * One pass over a tolerant stream of tokens (tags, words, whole numbers with or without a minus sign, single
 * characters), so that text which no vocabulary could have made is read as well. Marks are put in the order
 * in which they stand at the end, because backtracks and ahas are known late. */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "engine/base/hash.h"
#include "scenarios/form.h"

enum { NUMBER_CAP = 1000000000, DISTINCT_MAX = 1024 };

enum kind { NOTHING, TAG, WORD, NUMBER, SYMBOL };

struct token {
    enum kind kind;
    int begin, end;
    int64_t value;   /* NUMBER, saturated; SYMBOL: the character; TAG: 1 for </think> */
};

/* Everything that one analysis knows on its way. */
struct reader {
    const struct form_rules *rules;
    const struct problem *problem;
    struct marks *out;
    const char *s;
    int n, at;
    struct token last[5];            /* the tokens before the one in hand, oldest first */

    struct form_equation eq[FORM_EQUATIONS];   /* of the attempt under way */
    struct form_equation before;               /* the last one of the attempt before */
    int eq_n, right;
    uint64_t made;                   /* hash of its operations */
    uint64_t earlier[DISTINCT_MAX];  /* those of the attempts before */
    int earlier_n;

    int failed, reached;             /* attempts that failed; one arrived */
    int turn_begin, turn_end;        /* first reflection word since the last attempt, or -1 */
    int wait_begin, wait_end;        /* a wait that may turn out to be a backtrack, or -1 */
    int aha_begin, aha_end;          /* the candidate, or -1 */
};

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_word(const struct reader *r, const struct token *t, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(t->end - t->begin) == n && strncasecmp(r->s + t->begin, word, n) == 0;
}

static int tag_length(const char *s, int n, int64_t *ends_thoughts)
{
    static const char *const tag[] = {"</think>", "<think>", "<answer>", "</answer>"};
    for (int i = 0; i < 4; i++) {
        int len = (int)strlen(tag[i]);
        if (n >= len && memcmp(s, tag[i], (size_t)len) == 0) {
            *ends_thoughts = i == 0;
            return len;
        }
    }
    return 0;
}

static void read_number(struct reader *r, struct token *t)
{
    int negative = r->s[t->end] == '-', next;
    t->kind = NUMBER;
    for (next = t->end + negative; next < r->n && form_is_digit(r->s[next]);) {
        if (t->value < NUMBER_CAP)
            t->value = t->value * 10 + (r->s[next] - '0');
        t->end = ++next;
        if (r->rules->join_digits)
            next = form_skip(r->s, next, r->n);
    }
    if (negative)
        t->value = -t->value;
}

/* A minus is a sign where a digit follows at once and no number stands before. */
static int is_sign(const struct reader *r)
{
    return r->s[r->at] == '-' && r->at + 1 < r->n && form_is_digit(r->s[r->at + 1]) &&
        r->last[4].kind != NUMBER && !r->rules->unsigned_numbers;
}

static struct token next_token(struct reader *r)
{
    struct token t = {NOTHING, 0, 0, 0};
    r->at = form_skip(r->s, r->at, r->n);
    t.begin = t.end = r->at;
    if (r->at == r->n)
        return t;
    if (is_letter(r->s[t.end])) {
        t.kind = WORD;
        while (t.end < r->n && is_letter(r->s[t.end]))
            t.end++;
    } else if (form_is_digit(r->s[t.end]) || is_sign(r)) {
        read_number(r, &t);
    } else {
        int len = r->s[t.end] == '<' ? tag_length(r->s + t.end, r->n - t.end, &t.value) : 0;
        t.kind = len ? TAG : SYMBOL;
        if (!len)
            t.value = r->s[t.end];
        t.end += len ? len : 1;
    }
    r->at = t.end;
    return t;
}

static void mark(struct reader *r, enum mark_kind kind, int begin, int end, int ok)
{
    if (r->out->n < MARKS_MAX)
        r->out->mark[r->out->n++] = (struct mark){kind, begin, end, ok};
}

static int is_symbol(const struct token *t, char c)
{
    return t->kind == SYMBOL && t->value == c;
}

static int is_operator(const struct token *t)
{
    return is_symbol(t, '+') || is_symbol(t, '-') || is_symbol(t, '*') || is_symbol(t, '/');
}

static int known(int64_t v)
{
    return v > -NUMBER_CAP && v < NUMBER_CAP;
}

static int holds(const struct form_equation *e)
{
    if (!known(e->a) || !known(e->b) || !known(e->c))
        return 0;
    switch (e->op) {
    case '+':
        return e->a + e->b == e->c;
    case '-':
        return e->a - e->b == e->c;
    case '*':
        return e->a * e->b == e->c;
    default:
        return e->b != 0 && e->b * e->c == e->a;
    }
}

/* Which operations an attempt is made of; a + b and b + a are the same. */
static uint64_t add_operation(uint64_t made, const struct form_equation *e)
{
    int swap = (e->op == '+' || e->op == '*') && e->a < e->b;
    made = hash_u64(made + (uint64_t)e->op);
    made = hash_u64(made + (uint64_t)(swap ? e->b : e->a));
    return hash_u64(made + (uint64_t)(swap ? e->a : e->b));
}

static int goes_back(const struct reader *r, const struct form_equation *now)
{
    const struct form_rules *rules = r->rules;
    return (rules->returns && rules->returns(&r->before, now)) ||
           (rules->starts && rules->starts(r->problem, now));
}

static void equation(struct reader *r, const struct token *c)
{
    const struct token *a = &r->last[1];
    struct form_equation e = {(char)r->last[2].value, 0, a->value, r->last[3].value, c->value};
    e.ok = holds(&e);
    if (!r->eq_n) {
        r->made = 0;
        r->right = 1;
        if (r->wait_begin >= 0 && goes_back(r, &e)) {
            mark(r, MARK_BACKTRACK, r->wait_begin, r->wait_end, 1);
            r->out->backtracks++;
        }
        r->wait_begin = -1;
    }
    if (r->eq_n == FORM_EQUATIONS)
        memmove(r->eq, r->eq + 1, (size_t)--r->eq_n * sizeof *r->eq);
    r->eq[r->eq_n++] = e;
    r->right &= e.ok;
    r->made = add_operation(r->made, &e);
    mark(r, MARK_EQUATION, a->begin, c->end, e.ok);
    r->out->equations++;
    r->out->equations_right += e.ok;
}

/* The attempt under way is over. */
static void end_attempt(struct reader *r)
{
    int is_new = 1;
    if (!r->eq_n)
        return;
    for (int i = 0; i < r->earlier_n && is_new; i++)
        is_new = r->earlier[i] != r->made;
    if (is_new && r->earlier_n < DISTINCT_MAX) {
        r->earlier[r->earlier_n++] = r->made;
        r->out->attempts_distinct++;
    }
    r->out->attempts++;
    if (r->right && r->rules->reached(r->problem, r->eq, r->eq_n)) {
        if (is_new && r->failed && !r->reached && r->turn_begin >= 0) {
            r->aha_begin = r->turn_begin;
            r->aha_end = r->turn_end;
        }
        r->reached = 1;
    } else {
        r->failed++;
    }
    r->before = r->eq[r->eq_n - 1];
    r->turn_begin = -1;
    r->eq_n = 0;
}

int form_is_reflection(const char *word, int n)
{
    static const char *const list[] = {"wait",   "mistake", "however",  "but",   "retry", "error",
                                       "verify", "wrong",   "evaluate", "check"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strlen(list[i]) == (size_t)n && strncasecmp(word, list[i], (size_t)n) == 0)
            return 1;
    return 0;
}

static void judgement(struct reader *r, const struct token *t, int yes)
{
    int holds_true;
    if (!r->eq_n)
        return;
    holds_true = r->rules->claim(r->problem, r->eq, r->eq_n);
    mark(r, MARK_VERIFICATION, t->begin, t->end, yes == holds_true);
    r->out->verifications++;
    r->out->verifications_right += yes == holds_true;
    r->out->false_yes += yes && !holds_true;
    end_attempt(r);
}

static void word(struct reader *r, const struct token *t)
{
    if (is_word(r, t, "yes") || is_word(r, t, "no")) {
        judgement(r, t, is_word(r, t, "yes"));
        return;
    }
    if (!form_is_reflection(r->s + t->begin, t->end - t->begin))
        return;
    mark(r, MARK_REFLECTION, t->begin, t->end, 1);
    r->out->reflections++;
    if (is_word(r, t, "wait")) {
        r->out->waits++;
        end_attempt(r);
        if (r->out->attempts) {
            r->wait_begin = t->begin;
            r->wait_end = t->end;
        }
    }
    if (r->turn_begin < 0 && !r->eq_n) {
        r->turn_begin = t->begin;
        r->turn_end = t->end;
    }
}

/* Nearly sorted already: insertion moves little, and keeps the order of equals. */
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

static void clear(struct reader *r, const char *s, size_t n, struct marks *out)
{
    memset(r, 0, offsetof(struct reader, earlier));
    r->s = s;
    r->n = n > INT_MAX ? INT_MAX : (int)n;
    r->out = out;
    r->earlier_n = r->failed = r->reached = 0;
    r->turn_begin = r->wait_begin = r->aha_begin = -1;
    out->n = out->equations = out->equations_right = out->reflections = out->verifications = 0;
    out->verifications_right = out->backtracks = out->waits = out->attempts = 0;
    out->attempts_distinct = out->ahas = out->false_yes = 0;
}

void form_analyse(const struct form_rules *rules, const struct problem *p, const char *completion, size_t n,
                  double accuracy, struct marks *out)
{
    struct reader r;
    struct token t;
    clear(&r, completion, n, out);
    r.rules = rules;
    r.problem = p;
    for (t = next_token(&r); t.kind != NOTHING; t = next_token(&r)) {
        const struct token *last = r.last;
        if (t.kind == NUMBER && is_symbol(&last[4], '=') && last[3].kind == NUMBER && is_operator(&last[2]) &&
            last[1].kind == NUMBER && !is_operator(&last[0]) && !is_symbol(&last[0], ')')) {
            equation(&r, &t);
        } else if (t.kind == WORD) {
            word(&r, &t);
        } else if (t.kind == TAG) {
            mark(&r, MARK_STRUCTURE, t.begin, t.end, 1);
            if (t.value)
                end_attempt(&r);
        }
        memmove(r.last, r.last + 1, 4 * sizeof *r.last);
        r.last[4] = t;
    }
    end_attempt(&r);
    if (accuracy >= 1 && r.aha_begin >= 0) {
        mark(&r, MARK_AHA, r.aha_begin, r.aha_end, 1);
        out->ahas = 1;
    }
    put_in_order(out);
}
