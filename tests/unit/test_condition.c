/* Conditions of --until and --expect. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "app/session/condition.h"

/* One step with reward, KL and pass@1 as given, the rest not measured. */
static void add(struct measured *m, int64_t step, double reward, double kl, double pass)
{
    double metric[METRIC_N];
    for (int i = 0; i < METRIC_N; i++)
        metric[i] = NAN;
    metric[M_REWARD] = reward;
    metric[M_KL] = kl;
    metric[M_PASS_1] = pass;
    measured_add(m, step, metric);
}

static int holds(const char *text, const struct measured *m)
{
    struct condition c;
    struct err e = {0};
    cr_assert_eq(condition_parse(&c, text, &e), ST_OK, "%s: %s", text, e.msg);
    return condition_holds(&c, m);
}

Test(condition, operators)
{
    struct measured m;
    measured_init(&m);
    add(&m, 3, 0.5, 0.25, NAN);
    cr_assert(holds("reward < 0.6", &m) && !holds("reward < 0.5", &m));
    cr_assert(holds("reward <= 0.5", &m) && !holds("reward <= 0.4", &m));
    cr_assert(holds("reward > 0.4", &m) && !holds("reward > 0.5", &m));
    cr_assert(holds("reward >= 0.5", &m) && !holds("reward >= 0.6", &m));
    cr_assert(holds("reward == 0.5", &m) && !holds("reward == 0.4", &m));
    cr_assert(holds("step==3", &m) && holds("reward>=5e-1", &m) && holds("kl > -1", &m));
    cr_assert(holds("actor/kl_loss == 0.25", &m), "an alias");
}

Test(condition, what_was_never_measured_does_not_hold)
{
    struct measured m;
    measured_init(&m);
    add(&m, 1, 0.5, NAN, NAN);
    cr_assert(!holds("pass@1 < 1", &m) && !holds("pass@1 > 0", &m) && !holds("pass@1 crosses 0", &m));
    cr_assert(!holds("aha", &m) && !holds("nonfinite", &m));
}

Test(condition, the_latest_value_counts)
{
    struct measured m;
    measured_init(&m);
    add(&m, 25, 0.5, 0, 0.75);
    add(&m, 26, 0.6, 0, NAN);
    cr_assert(holds("pass@1 >= 0.7 and step >= 26", &m));
}

Test(condition, crosses_either_way)
{
    struct measured m;
    measured_init(&m);
    add(&m, 1, 0.2, 0, NAN);
    cr_assert(!holds("reward crosses 0.5", &m), "one value crosses nothing");
    add(&m, 2, 0.4, 0, NAN);
    cr_assert(!holds("reward crosses 0.5", &m));
    add(&m, 3, 0.5, 0, NAN);
    cr_assert(holds("reward crosses 0.5", &m), "up, onto it");
    add(&m, 4, 0.6, 0, NAN);
    cr_assert(!holds("reward crosses 0.5", &m));
    add(&m, 5, 0.1, 0, NAN);
    cr_assert(holds("reward crosses 0.5", &m), "down");
}

Test(condition, and_binds_tighter_than_or)
{
    struct measured m;
    measured_init(&m);
    add(&m, 1, 0.5, 0.1, NAN);
    cr_assert(holds("reward > 0 or reward > 1 and kl > 1", &m));
    cr_assert(holds("reward > 1 and kl > 1 or reward > 0", &m));
    cr_assert(!holds("reward > 1 or reward > 0 and kl > 1", &m));
    cr_assert(!holds("reward > 0 and kl > 1 or reward > 1", &m));
    cr_assert(holds("reward > 1 or kl > 1 or step == 1", &m));
}

Test(condition, events)
{
    struct measured m;
    double metric[METRIC_N];
    measured_init(&m);
    for (int i = 0; i < METRIC_N; i++)
        metric[i] = NAN;
    metric[M_AHA] = 0;
    metric[M_FLAT] = 0.25;
    measured_add(&m, 1, metric);
    cr_assert(!holds("aha", &m) && holds("group.flat", &m) && !holds("nonfinite", &m));
    metric[M_AHA] = 0.01;
    measured_add(&m, 2, metric);
    cr_assert(holds("aha", &m) && holds("aha and step == 2", &m));
    cr_assert(holds("aha > 0.005", &m) && !holds("aha > 0.5", &m), "the metric of the same name");
    cr_assert(!holds("aha.verified", &m), "not tested");
    measured_verified(&m, 1);
    cr_assert(holds("aha.verified", &m) && holds("aha.verified and step 2", &m));
    measured_add(&m, 3, metric);
    cr_assert(!holds("aha.verified", &m), "an event is of its step");
    measured_nonfinite(&m);
    cr_assert(holds("nonfinite", &m));
}

Test(condition, a_step_alone)
{
    struct measured m;
    measured_init(&m);
    add(&m, 3, 0.5, 0.25, NAN);
    cr_assert(holds("step 3", &m) && !holds("step 4", &m) && holds("step 4 or step 3 and kl > 0", &m));
}

Test(condition, what_a_step_bears_on)
{
    struct condition c;
    struct err e;
    double metric[METRIC_N];
    for (int i = 0; i < METRIC_N; i++)
        metric[i] = NAN;
    metric[M_REWARD] = 1;
    cr_assert(!condition_parse(&c, "pass@1 > 0.5 and step > 3", &e) && !condition_measures(&c, metric));
    cr_assert(condition_uses(&c, M_PASS_1) && !condition_uses(&c, M_REWARD) && !condition_has_event(&c));
    cr_assert(!condition_parse(&c, "pass@1 > 0.5 or reward > 0", &e) && condition_measures(&c, metric));
    cr_assert(!condition_parse(&c, "step > 3", &e) && condition_measures(&c, metric));
    cr_assert(!condition_parse(&c, "kl > 1 or aha", &e) && condition_has_event(&c));
}

static void refuses(const char *text, const char *named)
{
    struct condition c;
    struct err e = {0};
    cr_assert_eq(condition_parse(&c, text, &e), ST_USAGE, "taken: %s", text);
    cr_assert(strstr(e.msg, named), "%s: %s", text, e.msg);
}

Test(condition, what_is_wrong_is_named)
{
    refuses("", "missing");
    refuses("rewrd > 1", "`reward`");
    refuses("reward", "operator");
    refuses("reward >", "number");
    refuses("reward > high", "high");
    refuses("reward > nan", "nan");
    refuses("reward = 1", "'='");
    refuses("reward >> 1", ">>");
    refuses("reward > 1 and", "missing");
    refuses("and reward > 1", "missing");
    refuses("reward > 1 kl > 2", "kl");
    refuses("reward > 1 or or kl > 2", "missing");
    refuses("group.flat > 1", "event");
    refuses("aha.verified > 1", "event");
    refuses("step 12x", "12x");
    refuses("kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or kl>0 or "
            "kl>0 or kl>0 or "
            "kl>0 or kl>0 or kl>0",
            "16");
}
