/* Countdown's arithmetic: legal operations, what they reach, and the canonical order of trying them.
 *
 * Design: sets are tiny (2..6 numbers of at most value_max), so everything is direct enumeration
 * with an early exit. For three numbers a full search is about fifty operations. */
#include "scenarios/countdown.h"

#include <stdlib.h>

#include "engine/base/hash.h"

const char *const countdown_op_word[4] = {"+", "-", "*", "/"};

int countdown_legal(const struct countdown *c, int op, int a, int b)
{
    int r = -1;
    switch (op) {
    case COUNTDOWN_ADD:
        r = a + b;
        break;
    case COUNTDOWN_SUB:
        r = a - b;
        break;
    case COUNTDOWN_MUL:
        r = a * b;
        break;
    case COUNTDOWN_DIV:
        if (b && a % b == 0)
            r = a / b;
        break;
    }
    return r <= c->set.value_max ? r : -1;
}

/* The numbers after a move as one key; ten bits hold any value. */
static uint64_t key_after(const struct countdown_set *s, const struct countdown_move *m)
{
    uint64_t key = 0;
    int placed = 0;
    for (int k = 0; k < s->n; k++) {
        if (k == m->i || k == m->j)
            continue;
        if (!placed && m->result >= s->value[k]) {
            key = key << 10 | (uint64_t)m->result;
            placed = 1;
        }
        key = key << 10 | (uint64_t)s->value[k];
    }
    return placed ? key : key << 10 | (uint64_t)m->result;
}

int countdown_moves(const struct countdown *c, const struct countdown_set *s,
                    struct countdown_move out[COUNTDOWN_MOVES])
{
    uint64_t seen[COUNTDOWN_MOVES];
    int n = 0;
    for (int i = 0; i < s->n; i++)
        for (int j = i + 1; j < s->n; j++)
            for (int op = 0; op < c->op_n; op++) {
                struct countdown_move m = {op, i, j, countdown_legal(c, op, s->value[i], s->value[j])};
                int k = 0;
                if (m.result < 0)
                    continue;
                seen[n] = key_after(s, &m);
                while (seen[k] != seen[n])
                    k++;
                if (k == n)
                    out[n++] = m;
            }
    return n;
}

void countdown_apply(struct countdown_set *s, const struct countdown_move *m, int node)
{
    struct countdown_set t = {0};
    int placed = 0;
    for (int k = 0; k <= s->n; k++) {
        if (!placed && (k == s->n || (k != m->i && k != m->j && m->result >= s->value[k]))) {
            t.value[t.n] = m->result;
            t.node[t.n++] = node;
            placed = 1;
        }
        if (k < s->n && k != m->i && k != m->j) {
            t.value[t.n] = s->value[k];
            t.node[t.n++] = s->node[k];
        }
    }
    *s = t;
}

/* All of v[0..n-1] but i and j from w[1] on, where w[0] is for the result of the two; how many w has then. */
static int leave(const int *v, int n, int i, int j, int *w)
{
    int m = 1;
    for (int k = 0; k < n; k++)
        if (k != i && k != j)
            w[m++] = v[k];
    return m;
}

/* v[0..n-1] in any order. */
static int reaches(const struct countdown *c, const int *v, int n, int target)
{
    int w[COUNTDOWN_NUMBERS];
    if (n == 1)
        return v[0] == target;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            int a = v[i] > v[j] ? v[i] : v[j], b = v[i] > v[j] ? v[j] : v[i], m = leave(v, n, i, j, w);
            for (int op = 0; op < c->op_n; op++) {
                w[0] = countdown_legal(c, op, a, b);
                if (w[0] >= 0 && (m == 1 ? w[0] == target : reaches(c, w, m, target)))
                    return 1;
            }
        }
    return 0;
}

int countdown_reaches(const struct countdown *c, const struct countdown_set *s, int target)
{
    return reaches(c, s->value, s->n, target);
}

static void values(const struct countdown *c, const int *v, int n, unsigned char *hit)
{
    int w[COUNTDOWN_NUMBERS];
    if (n == 1) {
        hit[v[0]] = 1;
        return;
    }
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            int a = v[i] > v[j] ? v[i] : v[j], b = v[i] > v[j] ? v[j] : v[i], m = leave(v, n, i, j, w);
            for (int op = 0; op < c->op_n; op++) {
                w[0] = countdown_legal(c, op, a, b);
                if (w[0] >= 0)
                    values(c, w, m, hit);
            }
        }
}

void countdown_values(const struct countdown *c, const struct countdown_set *s,
                      unsigned char hit[COUNTDOWN_VALUES])
{
    values(c, s->value, s->n, hit);
}

/* A search for solutions: a number and how it was made, as a hash that does not tell the operands of + and *
 * apart. */
struct term {
    int value;
    uint64_t made;
};

struct search {
    const struct countdown *c;
    int target, most, n;
    uint64_t found[COUNTDOWN_SOLUTIONS];
};

static uint64_t combine(int op, uint64_t a, uint64_t b)
{
    if ((op == COUNTDOWN_ADD || op == COUNTDOWN_MUL) && a > b) {
        uint64_t swap = a;
        a = b;
        b = swap;
    }
    return hash_u64(hash_u64(a + (uint64_t)op) ^ b * 0x9e3779b97f4a7c15u);
}

static void note(struct search *f, uint64_t made)
{
    for (int i = 0; i < f->n; i++)
        if (f->found[i] == made)
            return;
    f->found[f->n++] = made;
}

static void search(struct search *f, const struct term *v, int n)
{
    struct term w[COUNTDOWN_NUMBERS];
    if (n == 1) {
        if (v[0].value == f->target)
            note(f, v[0].made);
        return;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n && f->n < f->most; j++) {
            const struct term *a = &v[i], *b = &v[j];
            int m = 1;
            /* Of equal numbers that were made differently either may stand first. */
            if (i == j || a->value < b->value || (a->value == b->value && a->made == b->made && i > j))
                continue;
            for (int k = 0; k < n; k++)
                if (k != i && k != j)
                    w[m++] = v[k];
            for (int op = 0; op < f->c->op_n && f->n < f->most; op++) {
                w[0].value = countdown_legal(f->c, op, a->value, b->value);
                w[0].made = combine(op, a->made, b->made);
                if (w[0].value >= 0)
                    search(f, w, m);
            }
        }
}

int countdown_solutions(const struct countdown *c, const struct countdown_set *s, int target, int most)
{
    struct search f = {.c = c, .target = target};
    struct term v[COUNTDOWN_NUMBERS];
    f.most = most < COUNTDOWN_SOLUTIONS ? most : COUNTDOWN_SOLUTIONS;
    for (int i = 0; i < s->n; i++)
        v[i] = (struct term){s->value[i], hash_u64((uint64_t)s->value[i] + 1)};
    search(&f, v, s->n);
    return f.n;
}

/* Many solutions are easy to come upon; one alone is hard to find. */
int countdown_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    static const struct {
        int least;
        const char *label;
    } bucket[DIFFICULTIES] = {{64, "64 or more"}, {32, "32 to 63"}, {16, "16 to 31"}, {8, "8 to 15"},
                              {4, "4 to 7"},      {2, "2 or 3"},    {1, "one"},       {0, "none"}};
    struct countdown_set s = {.n = p->n - 1 < COUNTDOWN_NUMBERS ? p->n - 1 : COUNTDOWN_NUMBERS};
    int n, i = 0;
    for (int k = 0; k < s.n; k++)
        s.value[k] = p->value[k];
    n = s.n > 0 ? countdown_solutions(self, &s, p->value[p->n - 1], bucket[0].least) : 0;
    while (bucket[i].least > n)
        i++;
    for (n = 0; bucket[i].label[n]; n++)
        label[n] = bucket[i].label[n];
    label[n] = 0;
    return i;
}

void countdown_closest(const struct countdown *c, const struct countdown_set *s, int target,
                       struct countdown_move *out)
{
    int best = -1;
    for (int op = 0; op < c->op_n; op++) {
        int r = countdown_legal(c, op, s->value[0], s->value[1]);
        if (r >= 0 && (best < 0 || abs(r - target) < best)) {
            best = abs(r - target);
            *out = (struct countdown_move){op, 0, 1, r};
        }
    }
}

void countdown_random_move(const struct countdown *c, struct rng *r, const struct countdown_set *s,
                           struct countdown_move *out)
{
    struct countdown_move legal[4];
    int i = rng_below(r, s->n), j = rng_below(r, s->n - 1), n = 0;
    if (j >= i)
        j++;
    if (i > j) {
        int swap = i;
        i = j;
        j = swap;
    }
    for (int op = 0; op < c->op_n; op++) {
        int result = countdown_legal(c, op, s->value[i], s->value[j]);
        if (result >= 0)
            legal[n++] = (struct countdown_move){op, i, j, result};
    }
    *out = legal[rng_below(r, n)];
}

void countdown_begin(struct countdown_attempt *a, const struct countdown_set *s)
{
    a->numbers = a->node_n = s->n;
    for (int i = 0; i < s->n; i++)
        a->node[i] = (struct countdown_node){.op = -1, .value = s->value[i]};
}

void countdown_take(struct countdown_attempt *a, struct countdown_set *s, const struct countdown_move *m)
{
    struct countdown_node *d = &a->node[a->node_n];
    *d = (struct countdown_node){.op = m->op, .left = s->node[m->i], .right = s->node[m->j],
                                 .value = m->result};
    for (int k = 0; k < s->n; k++)
        if (k != m->i && k != m->j)
            d->rest[d->rest_n++] = s->value[k];
    countdown_apply(s, m, a->node_n++);
}

int countdown_value(const struct countdown_attempt *a)
{
    return a->node[a->node_n - 1].value;
}

void countdown_random(const struct countdown *c, struct rng *r, const struct countdown_set *start,
                      struct countdown_attempt *out)
{
    struct countdown_set s = *start;
    struct countdown_move m;
    countdown_begin(out, start);
    while (s.n > 1) {
        countdown_random_move(c, r, &s, &m);
        countdown_take(out, &s, &m);
    }
}
