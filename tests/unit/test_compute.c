/* Test-time compute: the estimators against brute force over all sub-samples, forcing that really puts
 * words in the place of the end of thinking and goes on from there, and figures that depend on the question
 * alone. */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/run/compute.h"
#include "engine/run/inspect.h"
#include "tests/unit/tiny_run.h"

static struct err e;

static int bits(unsigned set)
{
    return __builtin_popcount(set);
}

/* Values, keys and answers from a hash, so that keys tie and answers repeat. */
static int some(int of, int i, int salt)
{
    return (int)(hash_u64((uint64_t)(1000 * salt + i)) % (unsigned)of);
}

Test(compute, the_chosen_of_k_is_the_mean_over_all_subsets)
{
    for (int n = 1; n <= 9; n++)
        for (int k = 1; k <= n; k++)
            for (int salt = 0; salt < 6; salt++) {
                double key[9], value[9], sum = 0, got;
                int sets = 0, right = 0;
                for (int i = 0; i < n; i++) {
                    key[i] = some(salt < 3 ? 4 : 1000, i, salt);
                    value[i] = some(2, i, salt + 50);
                    right += value[i] > 0;
                }
                for (unsigned set = 0; set < 1u << n; set++) {
                    int best = -1;
                    if (bits(set) != k)
                        continue;
                    for (int i = 0; i < n; i++)
                        if (set >> i & 1 && (best < 0 || key[i] > key[best]))
                            best = i;
                    sum += value[best];
                    sets++;
                }
                got = compute_chosen(n, key, value, k);
                cr_assert_float_eq(got, sum / sets, 1e-12, "n %d k %d: %g, not %g", n, k, got, sum / sets);
                got = compute_chosen(n, value, value, k);
                cr_assert_float_eq(got, pass_at_k(n, right, k), 1e-12, "pass@%d of %d", k, n);
            }
}

/* The share of right answers in a vote, written another way than the engine's. */
static double vote(int n, char (*answer)[ANSWER_BYTES], const unsigned char *right, unsigned set)
{
    int votes[9] = {0}, most = 0, leaders = 0, right_leaders = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            votes[i] += set >> i & set >> j & 1 && answer[i][0] && !strcmp(answer[i], answer[j]);
    for (int i = 0; i < n; i++)
        most = votes[i] > most ? votes[i] : most;
    for (int i = 0; i < n; i++)
        if (most && votes[i] == most) {
            leaders++; /* each leading answer is counted as often as it has votes */
            right_leaders += right[i];
        }
    return leaders ? (double)right_leaders / leaders : 0;
}

Test(compute, the_majority_of_k_is_the_mean_over_all_subsets)
{
    for (int n = 1; n <= 9; n++)
        for (int k = 1; k <= n; k++)
            for (int salt = 0; salt < 4; salt++) {
                char answer[9][ANSWER_BYTES] = {{0}};
                unsigned char right[9];
                struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
                double sum = 0, got;
                int sets = 0;
                for (int i = 0; i < n; i++) {
                    int a = some(4, i, salt);
                    right[i] = a == 1;
                    if (a)
                        snprintf(answer[i], ANSWER_BYTES, "%d", a);
                }
                for (unsigned set = 0; set < 1u << n; set++)
                    if (bits(set) == k) {
                        sum += vote(n, answer, right, set);
                        sets++;
                    }
                got = compute_majority(n, (const char (*)[ANSWER_BYTES])answer, right, k, 126, &r);
                cr_assert_float_eq(got, sum / sets, 1e-12, "n %d k %d: %g, not %g", n, k, got, sum / sets);
                cr_assert_eq(r.position, 0, "nothing is drawn where all can be gone through");
                got = compute_majority(n, (const char(*)[ANSWER_BYTES])answer, right, k,
                                       sets > 1 ? sets - 1 : 1, &r);
                cr_assert(sets == 1 || r.position > 0);
            }
}

Test(compute, drawn_subsets_come_near_the_mean)
{
    char answer[12][ANSWER_BYTES] = {{0}};
    unsigned char right[12];
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    double all, drawn;
    for (int i = 0; i < 12; i++) {
        right[i] = i % 3 == 0;
        snprintf(answer[i], ANSWER_BYTES, "%d", right[i] ? 0 : 1 + i % 2);
    }
    all = compute_majority(12, (const char (*)[ANSWER_BYTES])answer, right, 5, 792, &r);
    drawn = compute_majority(12, (const char (*)[ANSWER_BYTES])answer, right, 5, 700, &r);
    cr_assert_neq(all, drawn);
    cr_assert_float_eq(all, drawn, 4 * 0.5 / sqrt(700), "%g and %g", all, drawn);
}

Test(compute, sizes_are_powers_of_two_and_the_last)
{
    int size[COMPUTE_POINTS];
    cr_assert(compute_sizes(1, size) == 1 && size[0] == 1);
    cr_assert(compute_sizes(64, size) == 7 && size[6] == 64);
    cr_assert(compute_sizes(63, size) == 7 && size[5] == 32 && size[6] == 63);
}

enum { PROBLEMS = 10, K = 6, FORCED = 4, WORDS = 3, SEEN = 4096, CAP = 64 };

struct seen {
    struct compute_trace x;
    uint16_t token[CAP];
    float logp[CAP];
};

struct bench {
    struct tiny_run r;
    struct scenario scenario;
    struct compute_facts f;
    pthread_mutex_t lock;
    int n, told;
    struct seen seen[SEEN];
};

static struct bench b;

/* An untrained model is never right: here every third length is. */
static void by_length(const void *self, const struct problem *p, const char *text, size_t n,
                      struct score *out)
{
    (void)self, (void)p, (void)text;
    cr_assert_eq(out->language, 1, "as the engine's other callers have it");
    *out = (struct score){.accuracy = n % 3 == 0, .at = -1};
    snprintf(out->answer, sizeof out->answer, "%zu", n % 3);
}

static void keep(void *ctx, const struct compute_trace *x)
{
    struct bench *to = ctx;
    pthread_mutex_lock(&to->lock);
    cr_assert_lt(to->n, SEEN);
    cr_assert_leq(x->n, CAP);
    to->seen[to->n].x = *x;
    memcpy(to->seen[to->n].token, x->token, (size_t)x->n * sizeof *x->token);
    memcpy(to->seen[to->n].logp, x->logp, (size_t)x->n * sizeof *x->logp);
    to->n++;
    pthread_mutex_unlock(&to->lock);
}

static void told(void *ctx, const struct compute_facts *f)
{
    struct bench *to = ctx;
    cr_assert_gt(f->done, to->told);
    to->told = f->done;
}

static void ask(int threads, int problems, const char *const *more)
{
    const struct compute_question q = {K, problems, WORDS, FORCED};
    const struct compute_hooks h = {.told = told, .trace = keep, .ctx = &b};
    struct settings s;
    tiny_settings(&s, more);
    memset(&b, 0, sizeof b);
    pthread_mutex_init(&b.lock, NULL);
    tiny_run_init(&b.r, &s, STAGE_GRPO, 11, threads);
    b.scenario = *b.r.t.task.scenario;
    b.scenario.score = by_length;
    b.r.t.task.scenario = &b.scenario;
    cr_assert_eq(compute_run(&b.r.t, &q, &h, &b.f, &e), ST_OK, "%s: %s", e.where, e.msg);
    cr_assert_eq(b.told, problems);
}

static const struct seen *find(int problem, int setting, enum compute_kind kind, int level, int sample)
{
    for (int i = 0; i < b.n; i++) {
        const struct compute_trace *x = &b.seen[i].x;
        if (x->problem == problem && x->setting == setting && x->kind == kind && x->level == level &&
            x->sample == sample)
            return &b.seen[i];
    }
    cr_assert_fail("no such trace");
    return NULL;
}

static int id_of(const char *word)
{
    int id = vocab_find(&b.r.t.vocab, word, strlen(word));
    cr_assert_geq(id, 0);
    return id;
}

/* Where the thoughts end, n where they do not. */
static int end_of(const struct seen *s)
{
    for (int i = 0; i < s->x.n; i++)
        if (s->token[i] == id_of("</think>") || s->token[i] == id_of("<answer>") ||
            s->token[i] == id_of("</answer>"))
            return i;
    return s->x.n;
}

/* Many traces that end their thoughts: with small vocabularies the tags come often. */
static const char *const lengthy[] = {"rl.max_tokens",
                                      "64",
                                      "countdown.range_1",
                                      "2",
                                      "countdown.range_2",
                                      "2",
                                      "countdown.range_3",
                                      "2",
                                      "countdown.value_max",
                                      "30",
                                      "countdown.target_high",
                                      "30",
                                      NULL};

Test(compute, words_stand_where_thoughts_would_have_ended)
{
    int forced[WORDS + 1] = {0}, cut = 0, after_no = 0;
    ask(2, PROBLEMS, lengthy);
    for (int i = 0; i < b.n; i++) {
        const struct seen *s = &b.seen[i], *before;
        const struct compute_trace *x = &s->x;
        int end, is_no = x->kind == COMPUTE_FORCED_NO;
        if (x->kind == COMPUTE_BEST) {
            cr_assert_eq(x->words, 0);
            continue;
        }
        before = x->level > 1 ? find(x->problem, x->setting, x->kind, x->level - 1, x->sample)
                              : find(x->problem, x->setting, COMPUTE_BEST, 0, x->sample);
        end = end_of(before);
        if (end == before->x.n || (is_no && (!end || before->token[end - 1] != id_of("no")))) {
            cr_assert(x->n == before->x.n && x->words == before->x.words,
                      "it had no end that may be suppressed");
            cr_assert_arr_eq(s->token, before->token, (size_t)x->n * sizeof *s->token);
            continue;
        }
        cr_assert_eq(x->words, before->x.words + 1);
        cr_assert_eq(x->at[x->words - 1], end);
        cr_assert_arr_eq(s->token, before->token, (size_t)end * sizeof *s->token, "what stood before stays");
        for (int k = 0; k < x->words; k++)
            cr_assert_eq(s->token[x->at[k]], id_of("wait"), "word %d", k);
        cr_assert_gt(end_of(s), end, "the end is gone");
        cr_assert(x->n > end + 1 || x->cut_off);
        cr_assert_eq(x->cut_off, s->token[x->n - 1] != id_of("</answer>"));
        forced[x->words]++;
        cut += x->cut_off;
        after_no += is_no;
    }
    cr_assert(forced[1] > 50 && forced[2] > 20 && forced[3] > 5 && after_no > 0 && cut > 0,
              "too few to tell: %d %d %d, %d after no, %d cut off", forced[1], forced[2], forced[3], after_no,
              cut);
    tiny_run_release(&b.r);
}

/* The points are means over what was sampled. */
Test(compute, points_count_what_was_sampled)
{
    ask(1, PROBLEMS, lengthy);
    cr_assert_eq(b.f.curves_n, COMPUTE_CURVES);
    for (int c = 0; c < b.f.curves_n; c++) {
        const struct compute_curve *curve = &b.f.curve[c];
        int is_forced = curve->kind >= COMPUTE_FORCED;
        cr_assert_eq(curve->n, is_forced ? WORDS + 1 : 4);
        for (int i = 0; i < curve->n; i++) {
            const struct compute_point *p = &curve->point[i];
            double tokens = 0, right = 0, words = 0, cut = 0;
            int n = 0;
            for (int t = 0; t < b.n; t++) {
                const struct compute_trace *x = &b.seen[t].x;
                if (x->setting != curve->setting || (is_forced && x->sample >= FORCED) ||
                    x->kind != (is_forced && i ? curve->kind : COMPUTE_BEST) ||
                    x->level != (is_forced ? i : 0))
                    continue;
                n++;
                tokens += x->n, right += x->is_right, words += x->words, cut += x->cut_off;
            }
            cr_assert_eq(n, PROBLEMS * (is_forced ? FORCED : K));
            cr_assert_float_eq(p->tokens, tokens / n * (is_forced ? 1 : p->n), 1e-9);
            cr_assert_float_eq(p->words, words / n, 1e-12);
            cr_assert_float_eq(p->cut_off, cut / n, 1e-12);
            if (is_forced || p->n == 1)
                cr_assert_float_eq(p->accuracy, right / n, 1e-12, "%s, point %d", curve->name, i);
        }
        cr_assert_float_eq(curve->point[0].gain, 0, 1e-15);
        cr_assert_float_eq(curve->point[2].gain, curve->point[2].accuracy - curve->point[0].accuracy, 1e-12);
    }
    tiny_run_release(&b.r);
}

Test(compute, figures_depend_on_the_question_alone)
{
    struct compute_facts first = {0};
    struct digest before, after;
    for (int threads = 1; threads <= 3; threads++) {
        ask(threads, PROBLEMS, NULL);
        if (threads == 1)
            first = b.f;
        cr_assert_eq(memcmp(&first, &b.f, sizeof first), 0, "%d threads", threads);
        tiny_run_release(&b.r);
    }
    ask(2, 3, NULL);
    cr_assert_neq(memcmp(&first, &b.f, sizeof first), 0);
    for (int i = 0; i < b.n; i++)
        cr_assert_lt(b.seen[i].x.problem, 3);
    /* The run goes on as if nothing had been asked. */
    b.r.t.task.scenario = b.r.t.set.scenario;
    tiny_run_step(&b.r, NULL);
    after = trainer_digest(&b.r.t);
    tiny_run_release(&b.r);
    {
        struct settings s;
        tiny_settings(&s, NULL);
        tiny_run_init(&b.r, &s, STAGE_GRPO, 11, 1);
        tiny_run_step(&b.r, NULL);
        before = trainer_digest(&b.r.t);
        tiny_same(&before, &after, "the next step");
        tiny_run_release(&b.r);
    }
}

/* Every token has the log-probability that the training forward gives it after all that stands before it:
 * prompt and prefix were fed as they stand. */
Test(compute, thoughts_go_on_from_the_forced_word)
{
    int forced = 0, after = 0;
    ask(1, PROBLEMS, lengthy);
    b.r.t.task.scenario = b.r.t.set.scenario;
    for (int i = 0; i < b.n; i++) {
        const struct seen *s = &b.seen[i];
        struct problem problem;
        uint16_t prompt[PROMPT_MAX];
        float logp[CAP];
        struct inspect_trace x;
        int prompt_n;
        if (s->x.setting)
            continue; /* at another temperature */
        b.r.t.task.scenario->held_out(b.r.t.task.self, s->x.problem, &problem);
        cr_assert_eq(task_prompt(&b.r.t.task, &problem, prompt, &prompt_n, &e), ST_OK);
        x = (struct inspect_trace){prompt, s->token, prompt_n, s->x.n};
        cr_assert_eq(inspect_logp(&b.r.t, &x, logp, &e), ST_OK);
        for (int at = 0, k = 0; at < s->x.n; at++) {
            if (k < s->x.words && s->x.at[k] == at) {
                cr_assert(isnan(s->logp[at]), "nobody sampled the forced word");
                forced++, k++;
                continue;
            }
            after += k > 0;
            cr_assert_float_eq(s->logp[at], logp[at], 2e-4, "token %d of %d, %d words: %g, not %g", at,
                               s->x.n, k, (double)s->logp[at], (double)logp[at]);
        }
    }
    cr_assert(forced > 100 && after > 200, "too few to tell: %d words, %d tokens after them", forced, after);
    tiny_run_release(&b.r);
}

static enum status give_up(void *ctx, enum gate_kind kind, int unit, int worker)
{
    (void)kind, (void)unit, (void)worker;
    return atomic_fetch_add((atomic_int *)ctx, 1) < 5 ? ST_OK : ST_CANCELLED;
}

Test(compute, it_stops_and_says_what_it_takes)
{
    struct compute_question q = {K, PROBLEMS, WORDS, FORCED};
    atomic_int calls = 0;
    const struct gate gate = {.ctx = &calls, .point = give_up};
    const struct compute_hooks h = {.gate = &gate};
    struct settings s;
    tiny_settings(&s, NULL);
    tiny_run_init(&b.r, &s, STAGE_GRPO, 11, 2);
    cr_assert_eq(compute_run(&b.r.t, &q, &h, &b.f, &e), ST_CANCELLED);
    cr_assert_lt(calls, 10);
    q.k = COMPUTE_K_MAX + 1;
    cr_assert_eq(compute_run(&b.r.t, &q, NULL, &b.f, &e), ST_USAGE);
    q = (struct compute_question){K, PROBLEMS, COMPUTE_WORDS_MAX + 1, FORCED};
    cr_assert_eq(compute_run(&b.r.t, &q, NULL, &b.f, &e), ST_USAGE);
    q = (struct compute_question){K, 0, WORDS, FORCED};
    cr_assert_eq(compute_run(&b.r.t, &q, NULL, &b.f, &e), ST_USAGE);
    q = (struct compute_question){1, 1000000, 0, FORCED};
    cr_assert_eq(compute_run(&b.r.t, &q, NULL, &b.f, &e), ST_OK);
    cr_assert(b.f.done == b.r.t.held_out_n && b.f.curves_n == 6, "all problems, no curve of forcing");
    tiny_run_release(&b.r);
}
