/* Countdown's settings, vocabulary, problems and what is held out. */
#include "scenarios/countdown.h"
#include "scenarios/registry.h"
#include "tests/unit/test_task.h"

#define S (&scenario_countdown)

Test(countdown, contradictions_are_named)
{
    task_refuses(S, &(struct change){"numbers_low", 4}, 1, "numbers_high");
    task_refuses(S, &(struct change){"taught_low", 5}, 1, "taught_high");
    task_refuses(S, &(struct change){"target_low", 61}, 1, "target_high");
    task_refuses(S, &(struct change){"target_high", 100}, 1, "value_max");
}

Test(countdown, settings_that_leave_nothing_are_refused)
{
    static const struct change no_draw[] = {
        {"target_low", 99}, {"target_high", 99}, {"range_1", 2}, {"range_2", 2}, {"range_3", 2}};
    static const struct change no_held[] = {
        {"number_max", 2}, {"target_low", 1}, {"target_high", 6}, {"held_out_every", 1000}};
    task_refuses(S, no_draw, 5, "target_low");
    task_refuses(S, no_held, 4, "held_out_every");
}

Test(countdown, every_setting_has_a_meaning_and_a_start_in_its_range)
{
    task_settings_are_sound(S);
}

Test(countdown, tokens_are_distinct_and_in_their_order)
{
    static const char *const first[] = {
        "<pad>", "User", ":", "->", "Assistant", "<think>", "</think>", "<answer>", "</answer>", "+", "-",
        "*",     "/",    "=", ",",  "no",        "wait",    "yes",      "(",        ")",         "0", "1"};
    void *self = task_open(S, NULL, 0);
    const char *const *token;
    int n = S->tokens(self, &token);
    cr_assert_eq(n, 120);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        cr_expect_str_eq(token[i], first[i]);
    cr_expect_str_eq(token[119], "99");
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            cr_expect(strcmp(token[i], token[k]) != 0);
    S->close(self);
}

/* Independent of the solver: all ways to combine a list, by plain recursion over every ordered pair. */
static int reachable(const int *v, int n, int value_max, int all_ops, int target)
{
    if (n == 1)
        return v[0] == target;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            int w[6], m = 0, result[4], results = 0;
            if (i == j)
                continue;
            for (int k = 0; k < n; k++)
                if (k != i && k != j)
                    w[m++] = v[k];
            result[results++] = v[i] + v[j];
            if (v[i] >= v[j])
                result[results++] = v[i] - v[j];
            if (all_ops)
                result[results++] = v[i] * v[j];
            if (all_ops && v[j] > 0 && v[i] % v[j] == 0)
                result[results++] = v[i] / v[j];
            for (int k = 0; k < results; k++) {
                w[m] = result[k];
                if (result[k] <= value_max && reachable(w, m + 1, value_max, all_ops, target))
                    return 1;
            }
        }
    return 0;
}

static void expect_sound_held_out(void *self, int count, int number_max, int all_ops)
{
    const struct countdown *c = self;
    for (int i = 0; i < S->held_out_n(self); i++) {
        struct problem p, q;
        S->held_out(self, i, &p);
        cr_assert_eq(p.n, count + 1);
        for (int k = 0; k < count; k++)
            cr_assert(p.value[k] >= 1 && p.value[k] <= number_max &&
                      (k == 0 || p.value[k - 1] >= p.value[k]));
        cr_assert(p.value[count] >= c->set.target_low && p.value[count] <= c->set.target_high);
        cr_assert(countdown_is_held_out(c, &p));
        cr_assert(reachable(p.value, count, c->set.value_max, all_ops, p.value[count]));
        for (int k = 0; k < i; k++) {
            S->held_out(self, k, &q);
            cr_assert(memcmp(&p, &q, sizeof p) != 0);
        }
    }
}

/* All problems of the held-out class, and only those that can be solved. */
Test(countdown, held_out_of_three_numbers_is_complete)
{
    void *self = task_open(S, NULL, 0);
    const struct countdown *c = self;
    int n = 0, trained = 0;
    for (int a = 1; a <= 12; a++)
        for (int b = 1; b <= a; b++)
            for (int d = 1; d <= b; d++)
                for (int t = 1; t <= 60; t++) {
                    struct problem p = {4, {a, b, d, t}};
                    int ok = reachable(p.value, 3, 99, 1, t);
                    n += ok && countdown_is_held_out(c, &p);
                    trained += ok && !countdown_is_held_out(c, &p);
                }
    cr_expect_eq(S->held_out_n(self), n);
    cr_expect(n >= 300 && trained > 9 * n, "%d held out, %d to train on", n, trained);
    expect_sound_held_out(self, 3, 12, 1);
    S->close(self);
}

Test(countdown, held_out_of_four_numbers_is_a_fixed_sample)
{
    static const struct change change[] = {{"eval_numbers", 4}, {"numbers_high", 4}, {"taught_high", 4}};
    void *self = task_open(S, change, 3), *again = task_open(S, change, 3);
    cr_assert_eq(S->held_out_n(self), 400);
    expect_sound_held_out(self, 4, 12, 1);
    for (int i = 0; i < 400; i++) {
        struct problem p, q;
        S->held_out(self, i, &p);
        S->held_out(again, i, &q);
        cr_assert(memcmp(&p, &q, sizeof p) == 0);
    }
    S->close(self);
    S->close(again);
}

Test(countdown, cap_keeps_the_front_of_the_same_order)
{
    static const struct change change[] = {{"held_out_cap", 50}};
    void *all = task_open(S, NULL, 0), *some = task_open(S, change, 1);
    int ascending = 0;
    cr_assert_eq(S->held_out_n(some), 50);
    for (int i = 0; i < 50; i++) {
        struct problem p, q, before = {0};
        S->held_out(all, i, &p);
        S->held_out(some, i, &q);
        cr_assert(memcmp(&p, &q, sizeof p) == 0);
        if (i)
            S->held_out(all, i - 1, &before);
        ascending += p.value[0] > before.value[0];
    }
    cr_expect(ascending > 10 && ascending < 40, "shuffled: %d of 50 ascend", ascending);
    S->close(all);
    S->close(some);
}

static void expect_sound_draws(const struct change *change, int changes, int low, int high, int all_ops)
{
    void *self = task_open(S, change, changes);
    const struct countdown *c = self;
    int seen[8] = {0}, above_first_range = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0), same = r;
        struct problem p, q;
        S->draw(self, &r, &p);
        S->draw(self, &same, &q);
        cr_assert(memcmp(&p, &q, sizeof p) == 0);
        cr_assert_not(countdown_is_held_out(c, &p));
        cr_assert(p.n - 1 >= low && p.n - 1 <= high);
        seen[p.n]++;
        for (int k = 0; k < p.n - 1; k++)
            cr_assert(p.value[k] >= 1 && p.value[k] <= 20 && (k == 0 || p.value[k - 1] >= p.value[k]));
        above_first_range += p.value[0] > 12;
        cr_assert(p.value[p.n - 1] >= 1 && p.value[p.n - 1] <= 60);
        if (i % 20 == 0)
            cr_assert(reachable(p.value, p.n - 1, 99, all_ops, p.value[p.n - 1]));
    }
    for (int n = low; n <= high; n++)
        cr_expect(seen[n + 1] > 20000 / (high - low + 1) * 9 / 10, "%d problems of %d numbers", seen[n + 1],
                  n);
    cr_expect(above_first_range > 5000 && above_first_range < 15000);
    S->close(self);
}

Test(countdown, draws_are_solvable_and_never_held_out)
{
    static const struct change four[] = {{"numbers_high", 4}, {"taught_high", 4}, {"eval_numbers", 4}};
    static const struct change plain[] = {{"ops", 0}};
    expect_sound_draws(NULL, 0, 3, 3, 1);
    expect_sound_draws(four, 3, 3, 4, 1);
    expect_sound_draws(plain, 1, 3, 3, 0);
}

Test(countdown, prompt_and_json_go_round)
{
    static const char json[] = "{\"numbers\":[11,8,7],\"target\":26}";
    struct problem p = task_problem(S, " { \"numbers\" : [ 8 , 11 ,7 ] , \"target\" : 26 } "), q;
    cr_expect(p.n == 4 && p.value[0] == 11 && p.value[1] == 8 && p.value[2] == 7 && p.value[3] == 26);
    task_texts(S, &p, "User : 11 8 7 -> 26 Assistant : <think>", json);
    q = task_problem(S, json);
    cr_expect(memcmp(&p, &q, sizeof p) == 0);
}

Test(countdown, bad_json_is_named)
{
    static const struct bad_json bad[] = {
        {"", "no object {\"numbers\":[..],\"target\":n}"},
        {"[1]", "object"},
        {"{}", "key"},
        {"{\"numbers\":[1]}", "\"target\" is missing"},
        {"{\"target\":1}", "\"numbers\" is missing"},
        {"{\"numbers\":[1,2],\"goal\":3}", "unknown key \"goal\"; known: numbers, target"},
        {"{\"numbers\":[],\"target\":3}", "\"numbers\""},
        {"{\"numbers\":[1,2.5],\"target\":3}", "\"numbers\""},
        {"{\"numbers\":[1,-2],\"target\":3}", "\"numbers\""},
        {"{\"numbers\":[1,1e3],\"target\":3}", "\"numbers\""},
        {"{\"numbers\":[1,2,3,4,5,6,7],\"target\":3}", "\"numbers\""},
        {"{\"numbers\":[10000],\"target\":3}", "\"numbers\""},
        {"{\"numbers\":5,\"target\":3}", "\"numbers\""},
        {"{\"numbers\":[1,2],\"target\":99999999999999999999}", "\"target\""},
        {"{\"numbers\":[1,2],\"target\":\"3\"}", "\"target\""},
        {"{\"numbers\":[1],\"target\":2.5}", "\"target\""},
        {"{\"numbers\":[1,2],\"target\":3", "end"},
        {"{\"numbers\":[1,2],\"target\":3} x", "end"},
        {"{\"numbers\" [1]", "numbers"},
        {"{\"numbersnumbersnumbersnumbers\":1}", "unknown"},
        {"{\"numbers", "unknown"},
    };
    task_expect_bad_json(S, bad, sizeof bad / sizeof *bad);
}

Test(countdown, registry_finds_tasks_and_presets)
{
    static const char *const preset[] = {"quick", "quick-dense", "countdown", "countdown-dense",
                                         "countdown-4"};
    cr_expect_eq(scenario_find("countdown"), &scenario_countdown);
    cr_expect_null(scenario_find("countdow"));
    cr_expect_eq(scenario_at(scenario_n() - 1), scenario_find(scenario_at(scenario_n() - 1)->name));
    for (size_t i = 0; i < sizeof preset / sizeof *preset; i++) {
        const struct preset *p = preset_find(preset[i]);
        cr_assert(p != NULL, "%s", preset[i]);
        cr_expect_str_eq(p->name, preset[i]);
        cr_expect_eq(p->text[p->bytes], 0);
        cr_expect_eq(strlen(p->text), p->bytes);
    }
    cr_expect_null(preset_find("quic"));
    cr_expect(preset_n() >= 5);
}
