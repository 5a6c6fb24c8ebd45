/* `race` as it is typed: which forks are made, of which step, with which settings; what is refused. */
#include "app/command/command.h"
#include "tests/unit/tiny_desk.h"

static struct err e;

static const char *const small[] = {
    "model.width=16", "base.steps=2",    "cold.steps=4", "base.documents=4", "cold.documents=8",
    "rl.steps=3",     "rl.prompts=2",    "rl.group=4",   "rl.max_tokens=24", "eval.every=0",
    "eval.k=2",       "eval.problems=4", "eval.final_problems=4",
};

static void refuses(struct desk *d, const char *line, const char *with)
{
    cr_assert_eq(command_run(d, line, &e), ST_USAGE, "%s was taken", line);
    cr_assert_not_null(strstr(e.msg, with), "%s: '%s' does not say '%s'", line, e.msg, with);
}

/* Without an engine a race that could begin is not carried out. */
Test(race, what_is_typed)
{
    static struct tiny_desk t;
    tiny_desk_of(&t, "quick", small, (int)(sizeof small / sizeof *small));
    refuses(&t.desk, "race 1", "two runs");
    refuses(&t.desk, "race beta=0.5", "two runs");
    refuses(&t.desk, "race 1 beta", "key=VALUE");
    refuses(&t.desk, "race -1 beta=0.5,0.6", "step");
    refuses(&t.desk, "race beta=0.5,many", "many");
    refuses(&t.desk, "race beta=0.5,", "beta");
    refuses(&t.desk, "race beta=0.1,0.2,0.3,0.4,0.5,0.6,0.7", "at most 6");
    refuses(&t.desk, "race beta=0.1,0.2,0.3,0.4 lr=0.1,0.2,0.3", "at most 6");
    cr_assert_eq(command_run(&t.desk, "race beta=0.1,0.2,0.3,0.4,0.5,0.6", &e), ST_BUSY, "%s", e.msg);
    cr_assert_eq(command_run(&t.desk, "race 2 beta=0.1 lr=0.1", &e), ST_BUSY, "%s", e.msg);
    tiny_desk_release(&t);
}

/* Carries a race out, to the end of all its runs. */
static void race(struct desk *d, const char *line)
{
    tiny_desk_must(command_run(d, line, &e), &e);
    while (d->live->command < d->awaited || d->live->state != RUN_DONE)
        desk_take(d);
    cr_assert_not(d->live->message_is_error, "%s", d->live->message);
}

static void is_fork(struct desk *d, const char *name, int64_t parent, int64_t step, struct settings *set)
{
    struct record_run run;
    tiny_desk_must(query_run(d->query, name, &run, &e), &e);
    cr_assert(run.parent == parent && run.parent_step == step && run.step == 3,
              "%s: of run %d, step %d to %d", name, (int)run.parent, (int)run.parent_step, (int)run.step);
    tiny_desk_must(session_settings(d->query, run.id, set, &e), &e);
}

Test(race, which_forks_are_made, .timeout = 60)
{
    static const char *const more[] = {"quick-rloo-0.01", "quick-rloo-0.02", "quick-rloo-0.03",
                                       "quick-rloo-0.04", "quick-rloo-0.05", "quick-rloo-0.06"};
    static struct tiny_desk t;
    static struct settings set;
    struct desk *d = &t.desk;
    struct engine_turns turns;
    struct record_run rloo;
    int64_t parent;
    tiny_desk_of(&t, "quick", small, (int)(sizeof small / sizeof *small));
    parent = t.session.run.id;
    tiny_desk_must(engine_start(&d->engine, &t.session, &e), &e);
    d->has_engine = 1;
    race(d, "race 2 rl.beta=0.5,0.25 loss=rloo");
    engine_turns(&d->engine, &turns);
    cr_assert_eq(turns.n, 2);
    is_fork(d, "quick-0.5", parent, 2, &set);
    cr_assert_eq(set.rl.beta, 0.5);
    is_fork(d, "quick-0.25", parent, 2, &set);
    cr_assert_eq(set.rl.beta, 0.25);
    is_fork(d, "quick-rloo", parent, 2, &set);
    cr_assert_eq(set.rl.loss, LOSS_RLOO);
    /* Without a step from the first on record, which of a fork is where it began. */
    tiny_desk_must(query_run(d->query, "quick-rloo", &rloo, &e), &e);
    race(d, "race lr=0.01,0.02,0.03,0.04,0.05,0.06");
    engine_turns(&d->engine, &turns);
    cr_assert_eq(turns.n, 5);
    for (int i = 0; i < 6; i++) {
        is_fork(d, more[i], rloo.id, 2, &set);
        cr_assert_float_eq(set.rl.lr, 0.01 * (i + 1), 1e-12);
    }
    engine_stop(&d->engine);
    d->has_engine = 0;
    tiny_desk_release(&t);
}
