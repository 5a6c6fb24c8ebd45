/* Which update a trace's numbers are of: its own mini-batch, its own pairs; and what is not known before the
 * step has come to its end. */
#include <locale.h>
#include <math.h>

#include "app/desk/desk_explain.h"
#include "app/desk/desk_screen.h"
#include "tests/unit/tiny_desk.h"
#include "views/objective_text.h"

static struct tiny_desk t;
static struct err e;
static struct objective_state *x;

TestSuite(objective_scope, .timeout = 120);

/* A learning rate that moves nothing: every update of a rollout finds the ratio 1. */
static void set_up(const char *loss, const char *more)
{
    const char *tiny[] = {
        "model.width=32",  "base.steps=2",     "cold.steps=120", "base.documents=4",       "cold.documents=8",
        "rl.steps=3",      "rl.prompts=5",     "rl.group=4",     "rl.max_tokens=48",       "eval.every=8",
        "eval.problems=4", "rl.drop_flat=1",   "eval.k=2",       "eval.final_problems=4",  loss,
        "rl.lr=1e-12",     "rl.mini_batches=2", more,
    };
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_of(&t, "quick", tiny, (int)(sizeof tiny / sizeof *tiny));
    desk_show_screen(&t.desk, SCREEN_OBJECTIVE);
    x = t.desk.view.objective;
    cr_assert_not_null(desk_settings(&t.desk));
}

static const char *working(enum objective_term term)
{
    static struct str s;

    str_clear(&s);
    objective_working(&t.desk.view, term, &s);
    return str_c(&s);
}

/* What is on record is the mean of the updates' losses; each divides by its own mini-batch. */
static void check(const char *loss, const char *more)
{
    int step, group, seen = 0, uneven = 0;

    set_up(loss, more);
    for (step = 1; step <= 3; step++) {
        int sequences[2] = {0};
        double tokens[2] = {0};
        tiny_desk_must(desk_look(&t.desk, step, &e), &e);
        for (group = 0; group < desk_shown(&t.desk)->groups_n; group++) {
            desk_follow(&t.desk, FOLLOW_PINNED, group, 0);
            desk_objective_refresh(&t.desk);
            cr_assert(x->mini_batch == 1 || x->mini_batch == 2);
            sequences[x->mini_batch - 1] = x->sequences;
            tokens[x->mini_batch - 1] = x->tokens;
            cr_assert_float_eq(x->value[TERM_BATCH], desk_shown(&t.desk)->metric[M_POLICY_LOSS], 1e-6,
                               "%s, step %d: %g against %g", loss, step, x->value[TERM_BATCH],
                               desk_shown(&t.desk)->metric[M_POLICY_LOSS]);
        }
        cr_assert_eq(sequences[0] + sequences[1], x->step_sequences);
        seen += x->step_sequences > 0;
        uneven += tokens[0] != tokens[1];
    }
    cr_assert(seen && uneven, "every group was flat, or all are as long: the test shows nothing");
    cr_assert(strstr(working(TERM_WEIGHT), x->is_masked ? "left out" : "; of mini-batch "), "%s",
              working(TERM_WEIGHT));
    cr_assert(strstr(working(TERM_BATCH), ", mean of 2 updates"), "%s", working(TERM_BATCH));
    tiny_desk_release(&t);
}

Test(objective_scope, tokens_are_those_of_the_mini_batch)
{
    check("rl.loss=dapo", "rl.micro_prompts=0");
}

Test(objective_scope, traces_are_those_of_the_mini_batch)
{
    check("rl.loss=dr_grpo", "rl.micro_prompts=0"); /* of grpo the advantages of a group add up to 0 */
}

Test(objective_scope, micro_batches_are_cut_from_the_mini_batch)
{
    check("rl.loss=bnpo", "rl.micro_prompts=2");
}

/* Four rewards of which three differ: the best completion is in three pairs, each has its turn. */
Test(objective_scope, every_pair_of_a_trace_can_be_seen)
{
    static const float reward[4] = {1, 0.5f, 0, 0};
    static const int other[4] = {2, 3, 1, 2};
    struct snapshot *s;
    double gradient = 0;
    char place[24];
    int i;

    set_up("rl.loss=dpo", "rl.pairs=all");
    s = t.desk.stored;
    for (i = 0; i < 4; i++)
        s->trace[i] = (struct snap_trace){.n = 6, .done = 1, .scored = 1, .at = -1, .reward = reward[i]};
    for (i = 1; i < s->groups_n; i++)
        s->group[i].flat = 1;
    s->group[0].flat = 0;
    desk_follow(&t.desk, FOLLOW_PINNED, 0, 0);
    for (i = 0; i < 4; i++)
        s->trace[i].n = 6;
    *t.desk.facts = (struct trace_facts){.version = 1, .has_tokens = 1, .n = s->follow.tokens_n,
                                         .run = s->run_id, .step = s->step, .group_n = 4};
    t.desk.facts->new_logp[0] = NAN;
    for (i = 0; i < 4; i++) {
        t.desk.facts->group_logp[i] = -3 - i;
        t.desk.facts->group_ref[i] = -4;
    }
    t.desk.view.facts = t.desk.facts;
    for (i = 0; i < 4; i++) {
        struct str screen = {0};
        desk_objective_refresh(&t.desk);
        cr_assert_eq(x->own_pairs_n, 3);
        cr_assert_eq(x->part_pairs_n, 5, "%d", x->part_pairs_n);
        cr_assert(x->is_chosen && x->other_index == other[i], "pair %d: %d", i, x->other_index);
        cr_assert_float_eq(x->value[TERM_MARGIN],
                           x->dpo_beta * ((-3 + 4) - (-3 - other[i] + 4)), 1e-9);
        gradient = i ? gradient : x->value[TERM_GRADIENT];
        cr_assert_float_eq(x->value[TERM_GRADIENT], gradient, 1e-12, "it is the sum over all pairs");
        snprintf(place, sizeof place, "pair %d/3", i % 3 + 1);
        cr_assert(strstr(working(TERM_PAIR), place), "%s", working(TERM_PAIR));
        tiny_desk_draw(&t, 80, 24, &screen);
        snprintf(place, sizeof place, ", pair %d/3 (w), ", i % 3 + 1); /* in the title */
        cr_assert(strstr(str_c(&screen), place), "no %s in\n%s", place, str_c(&screen));
        str_free(&screen);
        request_do(&t.desk, REQUEST_PAIR, 0);
    }
    desk_follow(&t.desk, FOLLOW_PINNED, 0, 1);
    desk_objective_refresh(&t.desk);
    cr_assert_eq(x->pair, 0, "another trace begins with its first pair");
    tiny_desk_release(&t);
}

/* A critic's numbers of a step that is under way. */
Test(objective_scope, a_critics_numbers_wait_for_the_end_of_the_step)
{
    struct str screen = {0};
    struct snapshot *s;
    int i;

    set_up("rl.loss=grpo", "rl.micro_prompts=0");
    s = t.desk.stored;
    t.desk.set.rl.loss = LOSS_PPO;
    s->committed = s->head = s->step - 1;
    s->follow.has_critic = 0;
    for (i = 0; i < s->groups_n * s->group_size; i++)
        s->trace[i].advantage = NAN;
    t.desk.view.facts = NULL;
    desk_objective_refresh(&t.desk);
    cr_assert_str_eq(working(TERM_ADVANTAGE), "the critic's: after the update");
    cr_assert_str_eq(working(TERM_VALUE), "the critic's: after the update");
    cr_assert_str_eq(working(TERM_RETURN), "after the step's end");
    cr_assert_str_eq(working(TERM_GAE), "after the step's end");
    desk_show_screen(&t.desk, SCREEN_TRACE);
    tiny_desk_draw(&t, 160, 45, &screen);
    cr_assert(strstr(str_c(&screen), "advantage after the update"), "%s", str_c(&screen));
    cr_assert(strstr(str_c(&screen), "advantage       after the update"), "%s", str_c(&screen));
    desk_show_screen(&t.desk, SCREEN_GROUP);
    tiny_desk_draw(&t, 160, 45, &screen);
    cr_assert(strstr(str_c(&screen), "the critic's, after the update"), "%s", str_c(&screen));
    cr_assert(!strstr(str_c(&screen), "nan"), "%s", str_c(&screen));
    s->committed = s->head = s->step;
    desk_objective_refresh(&t.desk);
    cr_assert(strstr(working(TERM_RETURN), "replaying"), "%s", working(TERM_RETURN));
    str_free(&screen);
    tiny_desk_release(&t);
}
