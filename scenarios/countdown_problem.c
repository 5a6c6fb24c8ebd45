/* Countdown's problems: how they are made, and which of them are held out.
 *
 * A problem is held out by a hash of its sorted numbers and target, so that whatever range or stage
 * draws it, the answer is the same: prompts, demonstrations and base text are all filtered by
 * countdown_is_held_out(). Problems of three numbers are enumerated for evaluation; of more, a fixed
 * sample is drawn. */
#include "scenarios/countdown.h"

#include <string.h>

enum { SAMPLE_CAP = 400, SAMPLE_TRIES = 1000000, TRIAL_DRAWS = 4096 };

/* Seven bits a number and ten the target: the same problem has the same key in every stage. */
static uint64_t pack(const struct problem *p)
{
    uint64_t key = (uint64_t)p->n;
    for (int i = 0; i < p->n - 1; i++)
        key = key << 7 | (uint64_t)p->value[i];
    return key << 10 | (uint64_t)p->value[p->n - 1];
}

void countdown_unpack(uint64_t key, int count, struct problem *out)
{
    memset(out, 0, sizeof *out);
    out->n = count + 1;
    out->value[count] = (int32_t)(key & 1023);
    key >>= 10;
    for (int i = count - 1; i >= 0; i--, key >>= 7)
        out->value[i] = (int32_t)(key & 127);
}

int countdown_is_held_out(const struct countdown *c, const struct problem *p)
{
    return form_is_held(pack(p), c->set.held_out_every);
}

void countdown_problem(const struct countdown_set *s, int target, struct problem *out)
{
    memset(out, 0, sizeof *out);
    out->n = s->n + 1;
    for (int i = 0; i < s->n; i++)
        out->value[i] = s->value[i];
    out->value[s->n] = target;
}

static void uniform_numbers(struct rng *r, int n, int high, struct countdown_set *out)
{
    out->n = n;
    for (int i = 0; i < n; i++) {
        int v = rng_range(r, 1, high), k = i;
        for (; k > 0 && out->value[k - 1] < v; k--)
            out->value[k] = out->value[k - 1];
        out->value[k] = v;
    }
    for (int i = 0; i < n; i++)
        out->node[i] = i;
}

void countdown_numbers(const struct countdown *c, struct rng *r, int n, struct countdown_set *out)
{
    const int range[3] = {c->set.range_1, c->set.range_2, c->set.range_3};
    uniform_numbers(r, n, range[rng_below(r, 3)], out);
}

/* Where random legal steps from the numbers end. */
static int random_target(const struct countdown *c, struct rng *r, const struct countdown_set *start)
{
    struct countdown_set s = *start;
    struct countdown_move m;
    while (s.n > 1) {
        countdown_random_move(c, r, &s, &m);
        countdown_apply(&s, &m, 0);
    }
    return s.value[0];
}

static int in_range(const struct countdown *c, int target)
{
    return target >= c->set.target_low && target <= c->set.target_high;
}

/* One of the targets in range that the numbers reach, each as likely; -1 when there is none. */
static int even_target(const struct countdown *c, struct rng *r, const struct countdown_set *s)
{
    unsigned char hit[COUNTDOWN_VALUES] = {0};
    int n = 0, pick, t;
    countdown_values(c, s, hit);
    for (t = c->set.target_low; t <= c->set.target_high; t++)
        n += hit[t];
    if (!n)
        return -1;
    pick = rng_below(r, n);
    for (t = c->set.target_low; !hit[t] || pick-- > 0; t++)
        ;
    return t;
}

/* One try at a training problem; 0 when the target is out of range or the problem held out. */
static int try_make(const struct countdown *c, struct rng *r, int n, struct problem *out)
{
    struct countdown_set s;
    int target;
    countdown_numbers(c, r, n, &s);
    target = c->set.even_targets > 0 && rng_chance(r, c->set.even_targets) ? even_target(c, r, &s)
                                                                           : random_target(c, r, &s);
    if (!in_range(c, target))
        return 0;
    countdown_problem(&s, target, out);
    return !countdown_is_held_out(c, out);
}

/* open() has seen that some try succeeds, so the loop ends. */
void countdown_make(const struct countdown *c, struct rng *r, int n, struct problem *out)
{
    while (!try_make(c, r, n, out))
        ;
}

/* Every problem of three numbers within 1..number_max whose target can be reached. */
static enum status enumerate(struct countdown *c, struct err *e)
{
    struct countdown_set s = {.n = 3};
    struct problem p;
    enum status st;
    for (s.value[0] = 1; s.value[0] <= c->set.number_max; s.value[0]++)
        for (s.value[1] = 1; s.value[1] <= s.value[0]; s.value[1]++)
            for (s.value[2] = 1; s.value[2] <= s.value[1]; s.value[2]++) {
                unsigned char hit[COUNTDOWN_VALUES] = {0};
                countdown_values(c, &s, hit);
                for (int t = c->set.target_low; t <= c->set.target_high; t++) {
                    if (!hit[t])
                        continue;
                    countdown_problem(&s, t, &p);
                    if (countdown_is_held_out(c, &p) &&
                        (st = form_keep(&c->held, pack(&p), "countdown", e)) != ST_OK)
                        return st;
                }
            }
    return ST_OK;
}

/* A fixed sample for more numbers; a seed of its own, so that no run's seed changes it. */
static enum status sample(struct countdown *c, struct err *e)
{
    struct rng r = rng_at(0x636f756e74646f77u, RNG_EVAL, 0, 0, 0);
    int cap = c->set.held_out_cap ? c->set.held_out_cap : SAMPLE_CAP, k;
    enum status st;
    for (int i = 0; i < SAMPLE_TRIES && c->held.n < cap; i++) {
        struct countdown_set s;
        struct problem p;
        uint64_t key;
        uniform_numbers(&r, c->set.eval_numbers, c->set.number_max, &s);
        countdown_problem(&s, random_target(c, &r, &s), &p);
        if (!in_range(c, p.value[s.n]) || !countdown_is_held_out(c, &p))
            continue;
        key = pack(&p);
        for (k = 0; k < c->held.n && c->held.key[k] != key; k++)
            ;
        if (k == c->held.n && (st = form_keep(&c->held, key, "countdown", e)) != ST_OK)
            return st;
    }
    return ST_OK;
}

enum status countdown_find_held_out(struct countdown *c, struct err *e)
{
    enum status st = c->set.eval_numbers == 3 ? enumerate(c, e) : sample(c, e);
    if (!st && !c->held.n)
        st = err_set(e, ST_USAGE, "countdown",
                     "held_out_every %d leaves no held-out problem; lower it, or raise number_max",
                     c->set.held_out_every);
    form_shuffle(&c->held, c->set.held_out_cap);
    return st;
}

/* Training problems of every count that is asked for must exist, or drawing one would never end. */
enum status countdown_check_draws(const struct countdown *c, struct err *e)
{
    const struct countdown_config *s = &c->set;
    for (int n = 3; n <= COUNTDOWN_NUMBERS; n++) {
        struct rng r = rng_at(0x74726961u, RNG_PROBLEM, 0, (uint32_t)n, 0);
        struct problem p;
        int tries = 0;
        if ((n < s->numbers_low || n > s->numbers_high) && (n < s->taught_low || n > s->taught_high))
            continue;
        while (!try_make(c, &r, n, &p))
            if (++tries == TRIAL_DRAWS)
                return err_set(e, ST_USAGE, "countdown",
                               "target_low %d, target_high %d: no problem of %d numbers in %d draws",
                               s->target_low, s->target_high, n, TRIAL_DRAWS);
    }
    return ST_OK;
}
