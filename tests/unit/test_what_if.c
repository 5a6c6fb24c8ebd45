/* What if: a copy of a group is edited, and the engine's arithmetic is applied to both. */
#include <locale.h>
#include <math.h>
#include <poll.h>

#include "app/desk/desk_group.h"
#include "engine/rl/objective.h"
#include "tests/unit/tiny_desk.h"

static struct tiny_desk t;
static struct err e;

static struct what_if *w(void)
{
    return &t.desk.view.group_screen->what_if;
}

static void run(const char *command)
{
    cr_assert_eq(command_run(&t.desk, command, &e), ST_OK, "%s: %s", command, e.msg);
    what_if_refresh(&t.desk);
}

static void set_up(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_init(&t);
    desk_follow(&t.desk, FOLLOW_PINNED, 1, 0);
    run("what-if");
}

static void tear_down(void)
{
    tiny_desk_release(&t);
}

static void near(double got, double want, const char *what)
{
    cr_assert(fabs(got - want) < 1e-5, "%s: %.7g, not %.7g", what, got, want);
}

/* The golden advantages of rewards 1 0 0 0. */
static void one_right(void)
{
    run("what-if reward 1 1");
    run("what-if reward 2 0");
    run("what-if reward 3 0");
    run("what-if reward 4 0");
}

Test(what_if, begins_as_the_run_has_it, .init = set_up, .fini = tear_down)
{
    const struct snapshot *s = desk_shown(&t.desk);
    int i;

    cr_assert_eq(t.desk.view.screen, SCREEN_WHAT_IF);
    cr_assert(w()->n == 4 && w()->group == 1 && w()->step == 3 && !what_if_is_edited(w(), -1));
    for (i = 0; i < 4; i++) {
        near(w()->advantage[WHAT_IF_REAL][i], (double)s->trace[4 + i].advantage, "the recorded advantage");
        cr_assert_eq(w()->advantage[WHAT_IF_REAL][i], w()->advantage[WHAT_IF_EDITED][i]);
    }
    near(w()->mean[WHAT_IF_REAL], (double)s->group[1].mean, "mean");
}

Test(what_if, advantages_follow_rewards_and_the_kind_of_std, .init = set_up, .fini = tear_down)
{
    double own = w()->advantage[WHAT_IF_REAL][0];

    one_right();
    near(w()->advantage[WHAT_IF_EDITED][0], 1.49970, "sample");
    near(w()->advantage[WHAT_IF_EDITED][1], -0.49990, "sample");
    run("what-if std population");
    near(w()->advantage[WHAT_IF_EDITED][0], 1.73165, "population");
    run("what-if std none");
    near(w()->advantage[WHAT_IF_EDITED][0], 0.75, "none");
    cr_assert_eq(w()->flat[WHAT_IF_EDITED], 0);
    run("what-if reward 1 0");
    cr_assert_eq(w()->flat[WHAT_IF_EDITED], 1);
    cr_assert(w()->advantage[WHAT_IF_EDITED][0] == 0 && w()->push[WHAT_IF_EDITED][0] == 0);
    cr_assert_eq(w()->advantage[WHAT_IF_REAL][0], own, "the run's side stays");
    run("what-if reset");
    cr_assert_not(what_if_is_edited(w(), -1));
    cr_assert_eq(w()->advantage[WHAT_IF_EDITED][0], own);
}

/* Push of a token: A over what the kind of loss divides by. */
Test(what_if, pushes_are_those_of_the_objective, .init = set_up, .fini = tear_down)
{
    const struct snapshot *s = desk_shown(&t.desk);
    double A, tokens = 0;
    int i;

    one_right();
    A = w()->advantage[WHAT_IF_EDITED][0];
    for (i = 0; i < 4; i++)
        tokens += s->trace[4 + i].n;
    run("what-if loss grpo");
    near(w()->push[WHAT_IF_EDITED][0], A / 4 / s->trace[4].n, "grpo");
    run("what-if loss dapo");
    near(w()->push[WHAT_IF_EDITED][0], A / tokens, "dapo");
    run("what-if loss dr_grpo");
    near(w()->push[WHAT_IF_EDITED][0], A / 4 / 48, "dr_grpo");
    run("what-if loss r1");
    near(w()->push[WHAT_IF_EDITED][0], A / 4, "r1");
    run("what-if loss gspo");
    near(w()->push[WHAT_IF_EDITED][0], A / 4 / s->trace[4].n, "gspo");
    cr_assert_lt(w()->push[WHAT_IF_EDITED][1], 0);
}

/* Facts of the followed trace: the step has made its first token likelier than eps_high allows, and drifted
 * from the reference at its second. */
static void know_tokens(void)
{
    const struct snap_follow *f = &desk_shown(&t.desk)->follow;
    struct trace_facts *facts = t.desk.facts;
    int i, row, col;

    memset(facts, 0, sizeof *facts);
    facts->version = 1;
    facts->run = desk_shown(&t.desk)->run_id;
    facts->step = 3;
    facts->group = f->group;
    facts->index = f->index;
    facts->n = f->tokens_n;
    facts->has_tokens = 1;
    for (i = 0; i < facts->n; i++)
        facts->logp[i] = facts->ref_logp[i] = facts->new_logp[i] = -1;
    facts->new_logp[0] = -0.5f;
    facts->ref_logp[1] = -9;
    desk_frame(&t.desk, 120, 40, &row, &col);
}

Test(what_if, tokens_are_clipped_and_held_by_the_reference, .init = set_up, .fini = tear_down)
{
    const struct what_if_tokens *k = &w()->tokens;

    one_right();
    run("what-if loss grpo");
    run("what-if beta 0");
    cr_assert_eq(k->has_kl, 0, "nothing is known of the reference yet");
    know_tokens();
    cr_assert(k->has_kl && k->has_ratio && k->n > 4);
    cr_assert_eq(k->up[WHAT_IF_EDITED], k->n, "at ratio 1 all go the advantage's way");
    run("what-if ratio after");
    cr_assert(k->clipped[WHAT_IF_EDITED][0] && k->sign[WHAT_IF_EDITED][0] == 0 &&
              k->none[WHAT_IF_EDITED] == 1);
    run("what-if eps_high 0.9");
    cr_assert(!k->clipped[WHAT_IF_EDITED][0] && k->sign[WHAT_IF_EDITED][0] == 1);
    run("what-if beta 5");
    cr_assert(k->sign[WHAT_IF_EDITED][1] == -1 && k->sign[WHAT_IF_EDITED][2] == 1,
              "the KL term pulls the second back");
    cr_assert_eq(k->down[WHAT_IF_EDITED], 1);
}

Test(what_if, errors_name_what_would_be_right, .init = set_up, .fini = tear_down)
{
    static const struct {
        const char *line, *says;
    } row[] = {{"what-if reward 9 1", "1 to 4"},
               {"what-if reward 1", "reward I VALUE"},
               {"what-if reward 1 much", "a number"},
               {"what-if reward 1 inf", "-1000 to 1000"},
               {"what-if loss ppo", "grpo"},
               {"what-if gamma 1", "eps_low"},
               {"what-if ratio now", "start or after"},
               {"what-if beta", "KEY VALUE"}};
    size_t i;

    for (i = 0; i < sizeof row / sizeof *row; i++) {
        cr_assert_eq(command_run(&t.desk, row[i].line, &e), ST_USAGE, "%s", row[i].line);
        cr_assert_not_null(strstr(e.msg, row[i].says), "%s: %s", row[i].line, e.msg);
    }
    what_if_refresh(&t.desk);
    cr_assert_not(what_if_is_edited(w(), -1), "a request that was wrong changes nothing");
}

Test(what_if, keys_edit_and_leave, .init = set_up, .fini = tear_down)
{
    struct str s = {0};
    double reward = w()->reward[WHAT_IF_REAL][1];
    int i, width, height;

    request_do(&t.desk, REQUEST_DOWN, 0);
    cr_assert(w()->cursor == 1 && desk_shown(&t.desk)->follow.index == 1);
    request_do(&t.desk, REQUEST_RAISE, 0);
    request_do(&t.desk, REQUEST_RAISE, 0);
    near(w()->reward[WHAT_IF_EDITED][1], reward + 0.2, "two notches");
    request_do(&t.desk, REQUEST_TYPE, 0);
    cr_assert_str_eq(t.desk.prefill, "what-if reward 2 ");
    tiny_desk_draw(&t, 120, 40, &s);
    cr_assert(strstr(str_c(&s), "what if   group 2   step 3") &&
              strstr(str_c(&s), "nothing of the run is touched"));
    request_do(&t.desk, REQUEST_RESET, 0);
    cr_assert_eq(w()->reward[WHAT_IF_EDITED][1], reward);
    for (i = 0; i < 12; i++) {
        request_do(&t.desk, REQUEST_DOWN, 0);
        if (w()->cursor != w()->n + FIELD_RATIO)
            request_do(&t.desk, i % 2 ? REQUEST_RAISE : REQUEST_LOWER, 0);
        for (width = 38; width <= 180; width += 47)
            for (height = 9; height <= 50; height += 20)
                tiny_desk_draw(&t, width, height, &s);
    }
    cr_assert_eq(w()->cursor, w()->n + FIELD_N - 1);
    cr_assert(what_if_is_edited(w(), -1));
    request_do(&t.desk, REQUEST_NEXT_GROUP, 0);
    what_if_refresh(&t.desk);
    cr_assert(w()->group == 2 && w()->reward[0][0] == w()->reward[1][0]);
    cr_assert(what_if_is_edited(w(), w()->n + FIELD_BETA), "settings are kept from group to group");
    request_do(&t.desk, REQUEST_BACK_OUT, 0);
    cr_assert_eq(t.desk.view.screen, SCREEN_GROUP);
    str_free(&s);
}

/* Waits for the background until both sides are known. */
static void wait_for_answers(void)
{
    struct pollfd p = {.fd = t.session.box.wake, .events = POLLIN};
    uint64_t rung;
    int i;

    for (i = 0; i < 600 && w()->known[WHAT_IF_EDITED] != WHAT_IF_KNOWN; i++) {
        if (poll(&p, 1, 100) > 0)
            (void)!read(p.fd, &rung, sizeof rung);
        desk_take(&t.desk);
        cr_assert_not(t.desk.view.message_is_error, "%s", t.desk.message);
        what_if_refresh(&t.desk);
    }
}

Test(what_if, one_update_moves_what_is_rewarded, .init = set_up, .fini = tear_down)
{
    struct digest before, after;
    int i;

    tiny_desk_must(query_digest(t.desk.query, w()->run, 3, &before, &e), &e);
    one_right();
    run("what-if run");
    wait_for_answers();
    cr_assert(w()->known[WHAT_IF_REAL] == WHAT_IF_KNOWN && w()->known[WHAT_IF_EDITED] == WHAT_IF_KNOWN);
    cr_assert_gt(w()->change[WHAT_IF_EDITED][0], 0, "%g", w()->change[WHAT_IF_EDITED][0]);
    for (i = 0; i < 4; i++)
        cr_assert(isfinite(w()->change[WHAT_IF_REAL][i]) && isfinite(w()->change[WHAT_IF_EDITED][i]));
    run("what-if reward 2 1");
    cr_assert_eq(w()->known[WHAT_IF_EDITED], WHAT_IF_STALE);
    run("what-if reward 2 0");
    cr_assert_eq(w()->known[WHAT_IF_EDITED], WHAT_IF_KNOWN, "the same again");
    run("what-if reset");
    cr_assert_eq(w()->known[WHAT_IF_EDITED], WHAT_IF_STALE);
    run("what-if run");
    cr_assert_eq(w()->known[WHAT_IF_EDITED], WHAT_IF_KNOWN, "what the run's values bring is known");
    cr_assert_eq(w()->change[WHAT_IF_EDITED][0], w()->change[WHAT_IF_REAL][0]);
    tiny_desk_must(query_digest(t.desk.query, w()->run, 3, &after, &e), &e);
    cr_assert(!memcmp(&before, &after, sizeof before));
}
