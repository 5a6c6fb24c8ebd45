/* Breakpoints: where they stop, what they say, and that they can be taken back; conditions
 * written for people. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "app/session/breakpoint.h"

static struct record_run run = {.id = 3, .name = "x", .stage = "grpo"};

static int add(struct breakpoints *b, const char *text)
{
    struct err e = {0};
    int number = 0;
    cr_assert_eq(breakpoints_add(b, text, &number, &e), ST_OK, "%s", e.msg);
    return number;
}

/* One step; returns the breakpoint that was hit. */
static int step(struct breakpoints *b, int64_t at, double reward, double kl, double aha, int verified,
                char *why)
{
    double metric[METRIC_N];
    struct break_step now = {.run = &run, .step = at, .metric = metric, .verified = verified, .tested = 2,
                             .tokens = 100, .seconds = 0.5, .note = verified > 0 ? "`wait` it was" : ""};
    for (int i = 0; i < METRIC_N; i++)
        metric[i] = NAN;
    metric[M_REWARD] = reward;
    metric[M_KL] = kl;
    metric[M_AHA] = aha;
    metric[M_FLAT] = 0.25;
    return breakpoints_test(b, NULL, &now, why);
}

Test(breakpoint, a_comparison_stops_where_it_begins_to_hold)
{
    struct breakpoints b;
    char why[BREAK_WHY] = "";
    int n;
    breakpoints_init(&b);
    n = add(&b, "kl > 0.1");
    cr_assert_eq(step(&b, 1, 0, 0.05, 0, -1, why), 0);
    cr_assert_eq(step(&b, 2, 0, 0.1043, 0, -1, why), n);
    cr_assert_str_eq(why, "kl > 0.1: 0.1043 at step 2");
    cr_assert_eq(step(&b, 3, 0, 0.2, 0, -1, why), 0, "it went on holding");
    cr_assert_eq(step(&b, 4, 0, 0.05, 0, -1, why), 0);
    cr_assert_eq(step(&b, 5, 0, 0.15, 0, -1, why), n, "again");
    breakpoints_release(&b);
}

/* One that is made while its condition holds waits for the next time. */
Test(breakpoint, what_holds_already_does_not_stop)
{
    struct breakpoints b;
    char why[BREAK_WHY] = "";
    int first, n;
    breakpoints_init(&b);
    first = add(&b, "step 99");
    cr_assert_eq(step(&b, 1, 0, 0.3, 0, -1, why), 0);
    n = add(&b, "kl > 0.1");
    cr_assert(n != first);
    cr_assert_eq(step(&b, 2, 0, 0.3, 0, -1, why), 0);
    cr_assert_eq(step(&b, 3, 0, 0.0, 0, -1, why), 0);
    cr_assert_eq(step(&b, 4, 0, 0.3, 0, -1, why), n);
    breakpoints_release(&b);
}

Test(breakpoint, steps_and_crossings)
{
    struct breakpoints b;
    char why[BREAK_WHY] = "";
    int at, crossing;
    breakpoints_init(&b);
    at = add(&b, "step 3");
    crossing = add(&b, "reward crosses 0.5");
    cr_assert_eq(step(&b, 1, 0.4, 0, 0, -1, why), 0);
    cr_assert_eq(step(&b, 2, 0.52, 0, 0, -1, why), crossing);
    cr_assert_str_eq(why, "reward crosses 0.5: 0.4 to 0.52 at step 2");
    cr_assert_eq(step(&b, 3, 0.52, 0, 0, -1, why), at);
    cr_assert_str_eq(why, "step 3: reached at step 3");
    breakpoints_release(&b);
}

Test(breakpoint, events_stop_in_every_step)
{
    struct breakpoints b;
    struct breakpoint copy[BREAKS_MAX];
    char why[BREAK_WHY] = "";
    int n;
    breakpoints_init(&b);
    n = add(&b, "aha");
    cr_assert_eq(step(&b, 1, 0, 0, 0, -1, why), 0);
    cr_assert_eq(step(&b, 2, 0, 0, 0.0156, -1, why), n);
    cr_assert_str_eq(why, "aha: 0.0156 of the traces at step 2");
    cr_assert_eq(step(&b, 3, 0, 0, 0.0156, -1, why), n);
    cr_assert_eq(step(&b, 4, 0, 0, 0, -1, why), 0);
    cr_assert_eq(breakpoints_copy(&b, copy), 1);
    cr_assert(copy[0].hits == 2 && copy[0].run == run.id && copy[0].step == 3);
    breakpoints_release(&b);
}

Test(breakpoint, verified_ahas_say_what_they_cost)
{
    struct breakpoints b;
    struct breakpoint copy[BREAKS_MAX];
    char why[BREAK_WHY] = "";
    int n;
    breakpoints_init(&b);
    cr_assert(!breakpoints_use(&b, Q_AHA_VERIFIED));
    n = add(&b, "aha.verified");
    cr_assert(breakpoints_use(&b, Q_AHA_VERIFIED));
    cr_assert_eq(step(&b, 1, 0, 0, 0.1, 0, why), 0, "all of them decorative");
    cr_assert_eq(step(&b, 2, 0, 0, 0.1, 1, why), n);
    cr_assert_str_eq(why, "aha.verified at step 2: `wait` it was");
    cr_assert_eq(step(&b, 3, 0, 0, 0, -1, why), 0, "a step without a test has none");
    breakpoints_copy(&b, copy);
    cr_assert(copy[0].tested == 4 && copy[0].tokens == 200 && copy[0].seconds == 1);
    breakpoints_release(&b);
}

Test(breakpoint, several_at_one_step)
{
    struct breakpoints b;
    char why[BREAK_WHY] = "";
    int n;
    breakpoints_init(&b);
    n = add(&b, "kl > 0.1 and reward > 0.4 or step 7");
    add(&b, "reward > 0.5");
    cr_assert_eq(step(&b, 1, 0.6, 0.2, 0, -1, why), n);
    cr_assert_str_eq(why, "kl > 0.1 and reward > 0.4 or step 7: kl 0.2, reward 0.6 at step 1 (and 1 more)");
    breakpoints_release(&b);
}

Test(breakpoint, off_and_gone)
{
    struct breakpoints b;
    struct err e = {0};
    char why[BREAK_WHY] = "";
    int n, m;
    breakpoints_init(&b);
    n = add(&b, "reward > 0.5");
    m = add(&b, "group.flat");
    cr_assert_eq(breakpoints_switch(&b, m, 0, &e), ST_OK);
    cr_assert_eq(step(&b, 1, 0.2, 0, 0, -1, why), 0);
    cr_assert_eq(breakpoints_switch(&b, m, 1, &e), ST_OK);
    cr_assert_eq(step(&b, 2, 0.2, 0, 0, -1, why), m);
    cr_assert_str_eq(why, "group.flat: 0.25 of the groups at step 2");
    cr_assert_eq(breakpoints_delete(&b, m, &e), ST_OK);
    cr_assert_eq(step(&b, 3, 0.7, 0, 0, -1, why), n);
    cr_assert_eq(breakpoints_delete(&b, m, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, "there is no breakpoint 2, but 1"), "%s", e.msg);
    cr_assert_eq(breakpoints_switch(&b, 9, 1, &e), ST_NOTFOUND);
    cr_assert_eq(breakpoints_delete(&b, 0, &e), ST_OK);
    cr_assert_eq(breakpoints_switch(&b, n, 0, &e), ST_NOTFOUND);
    cr_assert(strstr(e.msg, ":break CONDITION"), "%s", e.msg);
    cr_assert_eq(add(&b, "kl > 9"), 3, "numbers are not used again");
    breakpoints_release(&b);
}

Test(breakpoint, another_place_is_another_past)
{
    struct breakpoints b;
    char why[BREAK_WHY] = "";
    int n;
    breakpoints_init(&b);
    n = add(&b, "reward > 0.5");
    cr_assert_eq(step(&b, 8, 0.6, 0, 0, -1, why), n);
    cr_assert_eq(step(&b, 9, 0.7, 0, 0, -1, why), 0);
    cr_assert_eq(step(&b, 4, 0.6, 0, 0, -1, why), n, "after a rewind it begins to hold anew");
    run.id = 5;
    cr_assert_eq(step(&b, 5, 0.6, 0, 0, -1, why), n, "and so in another run");
    breakpoints_release(&b);
}

Test(breakpoint, nonfinite)
{
    struct breakpoints b;
    char why[BREAK_WHY] = "";
    int n;
    breakpoints_init(&b);
    add(&b, "group.flat and step > 5");
    cr_assert_eq(breakpoints_failed(&b, &run, 5, why), 0);
    n = add(&b, "nonfinite");
    cr_assert_eq(step(&b, 4, 0.6, 0, 0, -1, why), 0);
    cr_assert_eq(breakpoints_failed(&b, &run, 5, why), n);
    cr_assert_str_eq(why, "nonfinite: a number is not finite at step 5");
    breakpoints_release(&b);
}

Test(breakpoint, what_is_wrong_is_named)
{
    struct breakpoints b;
    struct err e = {0};
    int n;
    breakpoints_init(&b);
    cr_assert_eq(breakpoints_add(&b, "kll > 1", &n, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "`kl`"), "%s", e.msg);
    for (int i = 0; i < BREAKS_MAX; i++)
        add(&b, "kl > 1");
    cr_assert_eq(breakpoints_add(&b, "kl > 1", &n, &e), ST_USAGE);
    cr_assert(strstr(e.msg, ":break delete"), "%s", e.msg);
    breakpoints_release(&b);
}

static int offers(const char *before, const char *prefix, const char *word)
{
    struct str out = {0}, line = {0};
    int found;
    condition_complete(before, prefix, &out);
    str_printf(&line, "\n%s\n", word);
    found = strncmp(str_c(&out), str_c(&line) + 1, strlen(word) + 1) == 0 ||
            strstr(str_c(&out), str_c(&line)) != NULL;
    str_free(&out);
    str_free(&line);
    return found;
}

Test(breakpoint, completion_knows_what_may_follow)
{
    cr_assert(offers("", "re", "reward") && offers("", "aha", "aha.verified") &&
              offers("", "", "group.flat"));
    cr_assert(offers("", "actor/kl", "actor/kl_loss") && !offers("", "kl", "reward"));
    cr_assert(offers("reward", "", "crosses") && !offers("reward", "", "and") && !offers("reward", "", "kl"));
    cr_assert(offers("group.flat", "", "or") && !offers("group.flat", "", ">"));
    cr_assert(offers("aha", "", "and") && offers("aha", "", ">"));
    cr_assert(!offers("reward >", "", "and") && !offers("reward >", "", "kl"));
    cr_assert(offers("reward > 0.5", "a", "and") && !offers("reward > 0.5", "", "kl"));
    cr_assert(offers("reward > 0.5 and", "k", "kl"));
    cr_assert(offers("step", "", ">=") && offers("step 120", "", "or"));
}
