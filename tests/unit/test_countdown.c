/* Countdown's settings, vocabulary, problems and what is held out. */
#include "tests/unit/test_countdown.h"

#include "scenarios/registry.h"

static void usage(struct change change, const char *names)
{
    struct countdown_config config = countdown_fixture_config(&change, 1);
    struct err e = {0};
    void *self = &e;
    cr_expect_eq(scenario_countdown.open(&config, &self, &e), ST_USAGE, "%s", change.key);
    cr_expect_null(self);
    cr_expect(strstr(e.msg, names), "%s: %s", change.key, e.msg);
}

Test(countdown, contradictions_are_named)
{
    usage((struct change){"numbers_low", 4}, "numbers_high");
    usage((struct change){"taught_low", 5}, "taught_high");
    usage((struct change){"target_low", 61}, "target_high");
    usage((struct change){"target_high", 100}, "value_max");
}

Test(countdown, settings_that_leave_nothing_are_refused)
{
    static const struct change no_draw[] = {
        {"target_low", 99}, {"target_high", 99}, {"range_1", 2}, {"range_2", 2}, {"range_3", 2}};
    static const struct change no_held[] = {
        {"number_max", 2}, {"target_low", 1}, {"target_high", 6}, {"held_out_every", 1000}};
    struct countdown_config config = countdown_fixture_config(no_draw, 5);
    struct err e = {0};
    void *self;
    cr_expect_eq(scenario_countdown.open(&config, &self, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "target_low"), "%s", e.msg);
    config = countdown_fixture_config(no_held, 4);
    cr_expect_eq(scenario_countdown.open(&config, &self, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "held_out_every"), "%s", e.msg);
}

Test(countdown, every_setting_has_a_meaning_and_a_start_in_its_range)
{
    for (int i = 0; i < scenario_countdown.settings_n; i++) {
        const struct setting *s = &scenario_countdown.settings[i];
        cr_expect(s->initial >= s->low && s->initial <= s->high, "%s", s->key);
        cr_expect(s->meaning && s->meaning[0] && strlen(s->meaning) <= 100, "%s", s->key);
        for (int k = 0; k < i; k++)
            cr_expect(strcmp(s->key, scenario_countdown.settings[k].key) != 0 &&
                          s->offset != scenario_countdown.settings[k].offset,
                      "%s", s->key);
    }
}

Test(countdown, tokens_are_distinct_and_in_their_order)
{
    static const char *const first[] = {
        "<pad>", "User", ":", "->", "Assistant", "<think>", "</think>", "<answer>", "</answer>", "+", "-",
        "*",     "/",    "=", ",",  "no",        "wait",    "yes",      "(",        ")",         "0", "1"};
    void *self = countdown_fixture_open(NULL, 0);
    const char *const *token;
    int n = scenario_countdown.tokens(self, &token);
    cr_assert_eq(n, 120);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        cr_expect_str_eq(token[i], first[i]);
    cr_expect_str_eq(token[119], "99");
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            cr_expect(strcmp(token[i], token[k]) != 0);
    scenario_countdown.close(self);
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
    for (int i = 0; i < scenario_countdown.held_out_n(self); i++) {
        struct problem p, q;
        scenario_countdown.held_out(self, i, &p);
        cr_assert_eq(p.n, count + 1);
        for (int k = 0; k < count; k++)
            cr_assert(p.value[k] >= 1 && p.value[k] <= number_max &&
                      (k == 0 || p.value[k - 1] >= p.value[k]));
        cr_assert(p.value[count] >= c->set.target_low && p.value[count] <= c->set.target_high);
        cr_assert(countdown_is_held_out(c, &p));
        cr_assert(reachable(p.value, count, c->set.value_max, all_ops, p.value[count]));
        for (int k = 0; k < i; k++) {
            scenario_countdown.held_out(self, k, &q);
            cr_assert(memcmp(&p, &q, sizeof p) != 0);
        }
    }
}

/* All problems of the held-out class, and only those that can be solved. */
Test(countdown, held_out_of_three_numbers_is_complete)
{
    void *self = countdown_fixture_open(NULL, 0);
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
    cr_expect_eq(scenario_countdown.held_out_n(self), n);
    cr_expect(n >= 300 && trained > 9 * n, "%d held out, %d to train on", n, trained);
    expect_sound_held_out(self, 3, 12, 1);
    scenario_countdown.close(self);
}

Test(countdown, held_out_of_four_numbers_is_a_fixed_sample)
{
    static const struct change change[] = {{"eval_numbers", 4}, {"numbers_high", 4}, {"taught_high", 4}};
    void *self = countdown_fixture_open(change, 3), *again = countdown_fixture_open(change, 3);
    cr_assert_eq(scenario_countdown.held_out_n(self), 400);
    expect_sound_held_out(self, 4, 12, 1);
    for (int i = 0; i < 400; i++) {
        struct problem p, q;
        scenario_countdown.held_out(self, i, &p);
        scenario_countdown.held_out(again, i, &q);
        cr_assert(memcmp(&p, &q, sizeof p) == 0);
    }
    scenario_countdown.close(self);
    scenario_countdown.close(again);
}

Test(countdown, cap_keeps_the_front_of_the_same_order)
{
    static const struct change change[] = {{"held_out_cap", 50}};
    void *all = countdown_fixture_open(NULL, 0), *some = countdown_fixture_open(change, 1);
    int ascending = 0;
    cr_assert_eq(scenario_countdown.held_out_n(some), 50);
    for (int i = 0; i < 50; i++) {
        struct problem p, q, before = {0};
        scenario_countdown.held_out(all, i, &p);
        scenario_countdown.held_out(some, i, &q);
        cr_assert(memcmp(&p, &q, sizeof p) == 0);
        if (i)
            scenario_countdown.held_out(all, i - 1, &before);
        ascending += p.value[0] > before.value[0];
    }
    cr_expect(ascending > 10 && ascending < 40, "shuffled: %d of 50 ascend", ascending);
    scenario_countdown.close(all);
    scenario_countdown.close(some);
}

static void expect_sound_draws(const struct change *change, int changes, int low, int high, int all_ops)
{
    void *self = countdown_fixture_open(change, changes);
    const struct countdown *c = self;
    int seen[8] = {0}, above_first_range = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0), same = r;
        struct problem p, q;
        scenario_countdown.draw(self, &r, &p);
        scenario_countdown.draw(self, &same, &q);
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
    scenario_countdown.close(self);
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
    struct problem p = countdown_fixture_problem(" { \"numbers\" : [ 8 , 11 ,7 ] , \"target\" : 26 } "), q;
    struct str text = {0};
    cr_expect(p.n == 4 && p.value[0] == 11 && p.value[1] == 8 && p.value[2] == 7 && p.value[3] == 26);
    scenario_countdown.prompt(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), "User : 11 8 7 -> 26 Assistant : <think>");
    str_clear(&text);
    scenario_countdown.print(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), "{\"numbers\":[11,8,7],\"target\":26}");
    q = countdown_fixture_problem(str_c(&text));
    cr_expect(memcmp(&p, &q, sizeof p) == 0);
    str_free(&text);
}

Test(countdown, bad_json_is_named)
{
    static const struct {
        const char *json, *names;
    } bad[] = {
        {"", "object"},
        {"[1]", "object"},
        {"{}", "key"},
        {"{\"numbers\":[1]}", "\"target\" is missing"},
        {"{\"target\":1}", "\"numbers\" is missing"},
        {"{\"numbers\":[1,2],\"goal\":3}", "goal"},
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
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct problem p;
        struct err e = {0};
        cr_expect_eq(scenario_countdown.parse(NULL, bad[i].json, &p, &e), ST_USAGE, "%s", bad[i].json);
        cr_expect(strstr(e.msg, bad[i].names), "%s: %s", bad[i].json, e.msg);
    }
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
