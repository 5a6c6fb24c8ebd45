/* The oracle screen: what it looks like at every size, its numbers against the engine's, and what it says of a
 * run that cannot be summed over. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "app/command/request.h"
#include "app/desk/desk_screen.h"
#include "app/desk/oracle_ask.h"
#include "tests/unit/golden.h"
#include "tests/unit/scene.h"
#include "tests/unit/tiny_desk.h"

static struct err e;

/* Invented, in the shape that an answer has: losses by token that lengthen, k2 biased. */
static void invent(struct oracle_known *k, struct oracle_state *s)
{
    static const char *const loss[] = {"grpo", "r1", "dapo", "dr_grpo", "gspo", "bnpo", "reinforce", "rloo", "cispo"};
    static const char *const kl[] = {"k3", "k1", "k2", "unbiased"};
    memset(k, 0, sizeof *k);
    memset(s, 0, sizeof *s);
    *k = (struct oracle_known){.run = 3, .step = 72, .problems = 8, .outcomes = 781, .group = 8, .batches = 64,
                               .probability = 1, .reward = 0.71234, .reward_sampled = 0.7085, .reward_error = 0.0041,
                               .accuracy = 0.6345, .mean_length = 3.8123, .kl = 0.23456, .gradient = 0.4321,
                               .length = 0.0812, .kls_n = 4, .losses_n = 18};
    for (int i = 0; i < k->losses_n; i++) {
        struct oracle_loss_row *x = &k->loss[i];
        snprintf(x->name, sizeof x->name, "%s", loss[i % 9]);
        snprintf(x->std, sizeof x->std, "%s", i < 9 ? "population" : "none");
        x->cosine = i % 9 == 7 ? 1 : 0.999 - 0.011 * (i % 5);
        x->length = i % 3 == 2 ? 0.0812 : i % 3 ? -0.12 : 0.19;
        x->scale = 0.2 + 1.3 * (i % 4);
        x->noise = 2.5 + i;
        x->sampled_cosine = 0.97;
        x->sampled_distance = 1.02;
    }
    for (int i = 0; i < k->kls_n; i++) {
        struct oracle_kl_row *x = &k->token[i];
        snprintf(x->name, sizeof x->name, "%s", kl[i]);
        *x = (struct oracle_kl_row){.mean = 0.2346 - (i == 2 ? 0.06 : 0), .bias = i == 2 ? -0.06 : 0,
                                    .deviation = 0.3 + 0.2 * i, .sampled = 0.231, .error = 0.004,
                                    .stale_bias = i == 3 ? 0 : 0.03 * i, .cosine = i == 1 ? 0 : 0.96 + 0.01 * i,
                                    .scale = i == 1 ? 0 : 1.2};
        snprintf(x->name, sizeof x->name, "%s", kl[i]);
        k->sequence[i] = *x;
        k->sequence[i].deviation *= 2;
    }
    s->known = k;
}

Test(golden_oracle, whole)
{
    struct scene *s = scene_new("grpo");
    static struct oracle_known k;
    static struct oracle_state x;
    invent(&k, &x);
    s->view.oracle = &x;
    scene_show(s, SCREEN_ORACLE);
    golden_three_sizes("oracle", &s->view);
    golden_sizes(&s->view, 7, 5);
    x.by_sequence = 1;
    x.list.selected = 17;
    golden_screen("oracle_sequence", &s->view, 80, 24, CHARS_BRAILLE, 0);
    k.loss[3].cosine = k.token[1].bias = NAN;
    k.loss[3].noise = 1e300;
    k.losses_n = 9;
    golden_sizes(&s->view, 9, 7);
    scene_free(s);
}

Test(golden_oracle, under_way_and_refused)
{
    struct scene *s = scene_new("grpo");
    static struct oracle_state x;
    x.doing = "summing over all completions";
    x.part = 0.375;
    s->view.oracle = &x;
    scene_show(s, SCREEN_ORACLE);
    golden_screen("oracle_under_way", &s->view, 80, 24, CHARS_BRAILLE, 0);
    x.doing = NULL;
    x.refused = "57 tokens at up to 96 positions make too many completions to list (at most 8192). :new tiny starts a "
                "run that is small enough; :oracle then shows its exact numbers.";
    golden_screen("oracle_refused", &s->view, 80, 24, CHARS_BRAILLE, 0);
    golden_sizes(&s->view, 7, 5);
    s->view.oracle = NULL;
    golden_sizes(&s->view, 7, 5);
    scene_free(s);
}

/* A desk on a run of the tiny task, a few steps long. */
static void summable_desk(struct tiny_desk *t)
{
    static const char *const small[] = {"cold.steps=30", "rl.steps=3", "rl.prompts=2", "rl.group=4", "eval.every=0",
                                        "eval.final_problems=2", "eval.k=2", "model.width=16"};
    tiny_desk_of(t, "tiny", small, (int)(sizeof small / sizeof *small));
}

static void wait_for(struct tiny_desk *t, struct str *text)
{
    do {
        usleep(1000);
        tiny_desk_draw(t, 120, 40, text);
        cr_assert_neq(t->desk.view.message_is_error, 1, "%s", t->desk.message);
    } while (t->desk.view.oracle->doing);
}

Test(oracle_screen, the_command_sums_over_a_step)
{
    static struct tiny_desk t;
    static struct oracle_known want;
    static struct oracle o;
    struct oracle_settings usual;
    struct str text = {0};
    double first;
    summable_desk(&t);
    cr_assert_eq(command_run(&t.desk, "oracle 4", &e), ST_USAGE);
    cr_assert_eq(command_run(&t.desk, "oracle", &e), ST_OK, "%s", e.msg);
    cr_assert_eq(t.desk.view.screen, SCREEN_ORACLE);
    wait_for(&t, &text);
    usual = oracle_usual(t.session.trainer);
    tiny_desk_must(oracle_run(t.session.trainer, &usual, NULL, NULL, &o, &e), &e);
    oracle_known_of(&o, &want);
    want.run = t.session.run.id;
    want.step = 3;
    cr_assert_not_null(t.desk.view.oracle->known);
    cr_assert_arr_eq(t.desk.view.oracle->known, &want, sizeof want, "numbers differ from the engine's");
    cr_assert(want.losses_n == 18 && want.outcomes > 100 && fabs(want.probability - 1) < 1e-5);
    cr_assert_str_eq(want.loss[17].name, "cispo");
    cr_assert_str_eq(want.loss[17].std, "none");
    cr_assert_str_eq(want.token[2].name, "k2");
    cr_assert_not_null(strstr(str_c(&text), "step 3, 2 problems"), "%s", str_c(&text));
    cr_assert_not_null(strstr(str_c(&text), "unbiased"), "%s", str_c(&text));
    first = want.reward;
    /* Another step has other numbers. */
    tiny_desk_must(desk_look(&t.desk, 1, &e), &e);
    request_do(&t.desk, REQUEST_ENTER, 0);
    wait_for(&t, &text);
    cr_assert_eq(t.desk.view.oracle->known->step, 1);
    cr_assert_neq(t.desk.view.oracle->known->reward, first);
    request_do(&t.desk, REQUEST_END, 0);
    cr_assert_eq(t.desk.view.oracle->list.selected, 17);
    request_do(&t.desk, REQUEST_RIGHT, 0);
    cr_assert_eq(t.desk.view.oracle->by_sequence, 1);
    /* It is let go in the middle of the work. */
    tiny_desk_must(desk_look(&t.desk, 2, &e), &e);
    request_do(&t.desk, REQUEST_ENTER, 0);
    str_free(&text);
    tiny_desk_release(&t);
}

Test(oracle_screen, a_task_that_cannot_be_listed_is_told_so_at_once)
{
    static struct tiny_desk t;
    struct str text = {0};
    tiny_desk_init(&t);
    cr_assert_eq(command_run(&t.desk, "oracle", &e), ST_OK, "%s", e.msg);
    tiny_desk_draw(&t, 120, 40, &text);
    cr_assert_null(t.desk.view.oracle->doing);
    cr_assert_not_null(strstr(str_c(&text), "too many completions"), "%s", str_c(&text));
    cr_assert_not_null(strstr(str_c(&text), ":new tiny"), "%s", str_c(&text));
    str_free(&text);
    tiny_desk_release(&t);
}

Test(oracle_screen, how_many_completions)
{
    /* 5 tokens of which one ends: 1 + 4 + 16 + 64 * 5 within 4 positions. */
    cr_assert_eq(oracle_completions(5, 4), 1 + 4 + 16 + 64 * 5);
    cr_assert_eq(oracle_completions(2, 1), 2);
    cr_assert_eq(oracle_completions(50, 64), 0);
    cr_assert_eq(oracle_completions(2, 64), 65);
    cr_assert_eq(oracle_completions(2, 65), 0, "longer than what is kept");
}
