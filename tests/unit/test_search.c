/* Tree search: selection and backup by hand, budgets, a perfect value that leads to the solution, the same
 * bits whatever the threads, and that the critic is read right. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rl/values.h"
#include "engine/run/search.h"
#include "tests/unit/tiny_run.h"

static struct err e;

Test(search, a_child_is_chosen_by_value_prior_and_visits)
{
    static const uint16_t a[] = {1, 2}, b[] = {3}, c[] = {4, 5, 6};
    struct search_tree t;
    int first, second, third, below;
    uint16_t path[8];
    cr_assert_eq(search_tree_init(&t, 16, &e), ST_OK);
    cr_assert_eq(search_tree_select(&t, 2, 1), 0, "an empty root is due");
    first = search_tree_add(&t, 0, a, 2, log(0.6), 0, 0.5);
    second = search_tree_add(&t, 0, b, 1, log(0.2), 1, 0.25);
    search_tree_widened(&t, 0, 1);
    cr_assert_eq(t.node[0].batches, 1);
    cr_assert_eq(t.node[0].visits, 2);
    cr_assert_float_eq(search_tree_score(&t, first, 2), 0.5 + 2 * 0.75 * sqrt(2) / 2, 1e-12);
    cr_assert_float_eq(search_tree_score(&t, second, 2), 0.25 + 2 * 0.25 * sqrt(2) / 2, 1e-12);
    cr_assert_eq(search_tree_select(&t, 2, 1), first, "it has no segments of its own yet");
    below = search_tree_add(&t, first, c, 3, log(0.5), 0, -0.5);
    search_tree_widened(&t, first, 1);
    cr_assert_eq(t.node[first].visits, 2);
    cr_assert_float_eq(t.node[first].sum, 0, 1e-12);
    cr_assert_float_eq(t.node[0].sum, 0.25, 1e-12);
    cr_assert_eq(search_tree_select(&t, 2, 0), second, "without a prior the mean decides");
    third = search_tree_add(&t, 0, b, 1, log(0.2), 1, 0.25);
    cr_assert_eq(third, second, "the same segment is a visit");
    cr_assert_eq(t.node[second].visits, 2);
    cr_assert_eq(t.nodes_n, 4);
    cr_assert_eq(search_tree_path(&t, below, path), 5);
    cr_assert_eq(path[0], 1);
    cr_assert_eq(path[2], 4);
    for (int i = 0; i < 4; i++)
        search_tree_back(&t, second, 0.25);
    cr_assert_eq(search_tree_select(&t, 2, 0), 0, "8 = 2 (1 + 1)^2 visits: the root is due once more");
    search_tree_widened(&t, 0, 1);
    search_tree_widened(&t, 0, 0);
    cr_assert_eq(t.node[0].batches, 4, "a batch of repeats doubles");
    search_tree_release(&t);
}

/* Right is a trace that begins with four numbers of one digit, some 1 in 20,000 by chance; the oracle tells
 * how many are there. */
enum { WORDS_N = 4 };

static int words_right(const char *text, size_t n)
{
    size_t right = 0;
    while (right < WORDS_N && 2 * right < n && text[2 * right] >= '0' && text[2 * right] <= '9' &&
           (2 * right + 1 == n || text[2 * right + 1] == ' '))
        right++;
    return (int)right;
}

static double oracle(void *ctx, const struct problem *p, const char *text, size_t n, int ended)
{
    (void)ctx, (void)p, (void)ended;
    return words_right(text, n) / (double)WORDS_N;
}

static void score_words(const void *self, const struct problem *p, const char *text, size_t n,
                        struct score *out)
{
    (void)self, (void)p;
    memset(out, 0, sizeof *out);
    out->at = -1;
    out->format = 1;
    out->accuracy = words_right(text, n) == WORDS_N;
    strcpy(out->answer, out->accuracy > 0 ? "right" : "wrong");
}

struct seen {
    int looks, most;
};

static void look(void *ctx, int problem, const struct search_tree *t, int spent)
{
    struct seen *s = ctx;
    (void)problem;
    s->looks++;
    cr_assert_leq(spent, s->most);
    cr_assert_leq(t->tokens_n, spent);
    cr_assert_eq(t->nodes_n > 1, t->node[0].visits > 0);
    for (int i = 1; i < t->nodes_n; i++) {
        const struct search_node *x = &t->node[i];
        int below = 0;
        cr_assert_lt(x->parent, i);
        cr_assert_eq(x->depth, t->node[x->parent].depth + x->n);
        cr_assert_leq(x->logp, 0);
        for (int k = x->child; k >= 0; k = t->node[k].next)
            below += t->node[k].visits;
        cr_assert_geq(x->visits, below + 1);
    }
}

struct hunt {
    struct tiny_run r;
    struct scenario scenario;
    struct search_settings s;
    struct seen seen;
};

static void set_up(struct hunt *h, int threads, const char *const *more)
{
    struct settings set;
    tiny_settings(&set, more);
    set.run.slots = 16;
    tiny_run_init(&h->r, &set, STAGE_GRPO, 3, threads);
    tiny_run_step(&h->r, NULL);
    h->scenario = *h->r.t.task.scenario;
    h->scenario.score = score_words;
    h->r.t.task.scenario = &h->scenario;
    h->seen = (struct seen){.most = 7995};
    h->s = (struct search_settings){.problems = 4, .budgets_n = 3, .budget = {20, 400, 7995}, .segment = 1,
                                    .branches = 16, .rollouts = 1, .explore = 0.3, .temperature = 1,
                                    .value = SEARCH_ORACLE, .seed = 9, .oracle = oracle, .look = look,
                                    .ctx = &h->seen};
}

static void run(struct hunt *h, struct search_point *out)
{
    cr_assert_eq(search_run(&h->r.t, &h->s, NULL, NULL, out, &e), ST_OK, "%s: %s", e.where, e.msg);
}

/* Traces that end soon: where all that follows is worth the same, a search goes wide. */
static const char *const brief[] = {"rl.max_tokens", "6", "rl.overlong_cache", "2", NULL};

Test(search, a_perfect_value_finds_what_sampling_does_not)
{
    struct search_point p[SEARCH_BUDGETS];
    struct hunt h;
    set_up(&h, 1, brief);
    run(&h, p);
    cr_assert_eq(h.seen.looks, 4);
    cr_assert_eq(p[2].found, 1, "found in %g of the problems", p[2].found);
    cr_assert_eq(p[2].puct, 1);
    cr_assert_lt(p[2].best, 0.5, "by chance it is hardly ever there: %g", p[2].best);
    for (int i = 0; i < 3; i++) {
        cr_assert_leq(p[i].tokens, p[i].budget);
        cr_assert_leq(p[i].plain_tokens, p[i].budget);
        cr_assert_leq(p[i].puct, p[i].found);
    }
    cr_assert_gt(p[2].tokens, 7900, "the budget is used");
    tiny_run_release(&h.r);
}

Test(search, a_smaller_budget_gets_what_a_call_of_its_own_does)
{
    struct search_point all[SEARCH_BUDGETS], one[SEARCH_BUDGETS];
    struct hunt h;
    for (int value = SEARCH_ROLLOUTS; value <= SEARCH_ORACLE; value++) {
        set_up(&h, 1, NULL);
        h.s.value = (enum search_value)value;
        h.s.budget[2] = 1500;
        run(&h, all);
        for (int i = 0; i < 3; i++) {
            struct hunt alone = h;
            alone.s.budgets_n = 1;
            alone.s.budget[0] = h.s.budget[i];
            alone.s.ctx = &alone.seen;
            run(&alone, one);
            cr_assert_eq(memcmp(one, &all[i], sizeof *one), 0, "value %d, budget %d", value, h.s.budget[i]);
        }
        tiny_run_release(&h.r);
    }
}

static const char *const critic[] = {"model.value_head", "1", "rl.loss", "ppo", NULL};

Test(search, threads_change_no_bit)
{
    struct search_point p[2][SEARCH_BUDGETS];
    for (int value = SEARCH_HEAD; value <= SEARCH_ROLLOUTS; value++) {
        for (int threads = 1; threads <= 2; threads++) {
            struct hunt h;
            memset(p[threads - 1], 0, sizeof p[0]);
            set_up(&h, threads, critic);
            h.s.budget[2] = 1500;
            h.s.value = (enum search_value)value;
            h.s.segment = 3;
            h.s.branches = 4;
            h.s.look = NULL;
            run(&h, p[threads - 1]);
            tiny_run_release(&h.r);
        }
        cr_assert_eq(memcmp(p[0], p[1], sizeof p[0]), 0, "value %d", value);
        cr_assert_gt(p[0][2].traces, 10);
    }
}

/* Each open node's value against the training forward's. */
static void compare_values(void *ctx, int problem, const struct search_tree *t, int spent)
{
    struct trainer *x = ctx;
    uint16_t id[PROMPT_MAX + SNAP_TOKENS];
    int target[PROMPT_MAX + SNAP_TOKENS], prompt_n, open = 0;
    float value[PROMPT_MAX + SNAP_TOKENS];
    struct problem p;
    (void)spent;
    x->task.scenario->held_out(x->task.self, problem, &p);
    cr_assert_eq(task_prompt(&x->task, &p, id, &prompt_n, &e), ST_OK);
    memset(target, 0xff, sizeof target);
    for (int i = 1; i < t->nodes_n && open < 20; i++) {
        struct sequence q = {.id = id, .target = target};
        if (t->node[i].ended)
            continue;
        q.n = prompt_n + search_tree_path(t, i, id + prompt_n);
        cr_assert_eq(values_of(&x->learner, x->learner.w, x->learner.bias, &q, 1, PROMPT_MAX + SNAP_TOKENS,
                               value, NULL, &e),
                     ST_OK, "%s", e.msg);
        cr_assert_float_eq(t->node[i].value, (double)value[q.n - 1], 1e-4, "node %d", i);
        cr_assert_neq(t->node[i].value, 0);
        open++;
    }
    cr_assert_eq(open, 20);
}

Test(search, the_critic_is_read_after_the_segment)
{
    struct search_point p[SEARCH_BUDGETS];
    const struct params *rows;
    struct hunt h;
    set_up(&h, 1, critic);
    rows = &h.r.t.model.params;
    for (int i = 0; i < h.r.t.model.config.width; i++)
        h.r.t.learner.w[rows->row[rows->value_weight].offset + (size_t)i] = (real)(i % 3 - 1);
    search_usual(&h.r.t, &h.s);
    cr_assert_eq(h.s.value, SEARCH_HEAD);
    h.s.problems = 1;
    h.s.budgets_n = 1;
    h.s.budget[0] = 600;
    h.s.look = compare_values;
    h.s.ctx = &h.r.t;
    run(&h, p);
    tiny_run_release(&h.r);
}

Test(search, what_cannot_be_searched_is_said)
{
    struct search_point p[SEARCH_BUDGETS];
    struct hunt h;
    set_up(&h, 1, NULL);
    h.s.value = SEARCH_HEAD;
    cr_assert_eq(search_run(&h.r.t, &h.s, NULL, NULL, p, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "value head"));
    h.s.value = SEARCH_ORACLE;
    h.s.budget[1] = 20;
    cr_assert_eq(search_run(&h.r.t, &h.s, NULL, NULL, p, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "ascend"));
    h.s.budget[1] = 400;
    h.s.branches = 17;
    cr_assert_eq(search_run(&h.r.t, &h.s, NULL, NULL, p, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "run.slots"));
    tiny_run_release(&h.r);
}
