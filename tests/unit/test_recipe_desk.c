/* A recipe in the workbench: started by a command, held for a hand's verdicts, judged, and gone on with. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_texts.h"
#include "app/session/session_examples.h"
#include "app/session/session_judge.h"
#include "app/session/session_recipe.h"
#include "tests/unit/store_data.h"
#include "views/recipe_state.h"
#include "views/texts_state.h"

static struct err e;

static const char text[] =
    "[recipe]\nname = mini\n"
    "[stage base]\nrun = base\npreset = r1\n"
    "[stage teach]\nrun = cold\npreset = r1\nfrom = base\nepochs = 2\ncollect = templates base problems=6\n"
    "[stage reward]\nrun = reward\npreset = r1\nfrom = teach\nepochs = 1\n"
    "collect = pairs teach problems=24 samples=4 keep=2\n";

static const char small[] =
    "model.width=16 model.layers=2 model.heads=2 model.q_rank=8 model.kv_rank=8 model.nope_dim=4 "
    "model.rope_dim=4 model.v_dim=4 model.ffn_width=24 model.experts=4 model.expert_width=8 "
    "base.steps=2 base.documents=4 cold.documents=4 reward.documents=4 rl.prompts=6 rl.group=4 "
    "rl.max_tokens=32 eval.every=0 eval.final_problems=4 eval.k=2";

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

struct bench {
    struct session session;
    struct desk desk;
};

static void begin(struct bench *b, const char *more)
{
    const char *path = data_path("mini.ini");
    char line[COMMAND_BYTES];
    FILE *f = fopen(path, "w");

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
    snprintf(line, sizeof line, "recipe %s %s %s", path, small, more);
    must(session_init(&b->session, data_path("lab.db"), 1, &e));
    must(desk_init(&b->desk, &b->session, &e));
    must(engine_start(&b->desk.engine, &b->session, &e));
    b->desk.has_engine = 1;
    must(command_run(&b->desk, line, &e));
}

/* Until the run of a stage holds, and what was asked is answered. */
static void wait_for(struct bench *b, const char *run, enum run_state state)
{
    struct desk *d = &b->desk;

    while (strcmp(d->live->run, run) || d->live->state != state || d->awaited) {
        desk_take(d);
        cr_assert(!d->view.message_is_error, "%s", d->message);
    }
}

static void answered(struct bench *b)
{
    while (b->desk.awaited)
        desk_take(&b->desk);
}

static void frame(struct bench *b)
{
    int row, col;

    while (desk_frame(&b->desk, 80, 24, &row, &col))
        ;
}

static void end(struct bench *b)
{
    engine_stop(&b->desk.engine);
    desk_release(&b->desk);
    session_release(&b->session);
    data_remove();
}

Test(recipe_desk, review_holds_takes_verdicts_and_goes_on)
{
    static struct bench b;
    struct desk *d = &b.desk;
    const struct texts_state *s;
    struct examples x = {0};

    begin(&b, "review");
    cr_assert_eq(d->view.screen, SCREEN_RECIPE);
    wait_for(&b, "mini-teach", RUN_PAUSED);
    cr_assert(strstr(d->message, ":texts"), "%s", d->message);
    frame(&b);
    cr_assert_eq(d->view.recipe->n, 3);
    cr_assert_eq(d->view.recipe->at, 1);
    cr_assert(d->view.recipe->holds);
    cr_assert_eq(d->view.recipe->row[0].state, RECIPE_DONE);
    cr_assert_eq(d->view.recipe->row[1].texts_kept, 6);
    cr_assert(isfinite(d->view.recipe->row[0].figure[0]));
    request_do(d, REQUEST_TEXTS, 0);
    frame(&b);
    s = d->view.texts;
    cr_assert_eq(s->n, 6);
    request_do(d, REQUEST_VERDICT, VERDICT_REJECTED);
    answered(&b);
    frame(&b);
    cr_assert_eq(s->kept_n, 5);
    cr_assert_eq(s->row[0].verdict, VERDICT_REJECTED);
    request_do(d, REQUEST_DOWN, 0);
    request_do(d, REQUEST_EDIT, 0);
    cr_assert_eq(strncmp(d->prefill, "judge edit ", 11), 0);
    cr_assert_str_eq(d->prefill + 11, s->row[1].text);
    must(command_run(d, "judge edit </think> <answer> 1 </answer>", &e));
    answered(&b);
    frame(&b);
    cr_assert_str_eq(s->row[1].text, "</think> <answer> 1 </answer>");
    must(command_run(d, "resume", &e));
    wait_for(&b, "mini-reward", RUN_PAUSED);
    must(command_run(d, "texts mini-teach", &e));
    frame(&b);
    cr_assert_eq(s->step, 3, "two readings of six texts, four at a time");
    cr_assert_eq(command_run(d, "judge accept", &e), ST_USAGE);
    cr_assert(strstr(e.msg, "has taken 3 steps"), "%s", e.msg);
    must(command_run(d, "recipe", &e));
    must(command_run(d, "resume", &e));
    wait_for(&b, "mini-reward", RUN_DONE);
    must(examples_read(d->query, desk_run_id(d), &x, &e));
    cr_assert_gt(x.n, 0);
    examples_release(&x);
    end(&b);
}

Test(recipe_desk, a_pair_is_turned_round_by_s)
{
    static struct bench b;
    struct desk *d = &b.desk;
    char first[4096];

    begin(&b, "review");
    wait_for(&b, "mini-teach", RUN_PAUSED);
    must(command_run(d, "resume", &e));
    wait_for(&b, "mini-reward", RUN_PAUSED);
    must(command_run(d, "texts", &e));
    frame(&b);
    snprintf(first, sizeof first, "%s", d->view.texts->row[0].text);
    request_do(d, REQUEST_EDIT, 0);
    cr_assert_null(d->prefill, "a pair is not edited");
    request_do(d, REQUEST_VERDICT, VERDICT_EDITED);
    answered(&b);
    frame(&b);
    cr_assert_str_eq(d->view.texts->row[0].other, first);
    cr_assert_eq(command_run(d, "judge edit 1", &e), ST_USAGE);
    end(&b);
}

/* Nothing holds it, and `recipe NAME` alone opens what is done. */
Test(recipe_desk, without_review_it_runs_to_its_end)
{
    static struct bench b;
    struct desk *d = &b.desk;

    begin(&b, "");
    wait_for(&b, "mini-reward", RUN_DONE);
    must(command_run(d, "open mini-base", &e));
    wait_for(&b, "mini-base", RUN_DONE);
    frame(&b);
    cr_assert_eq(d->view.recipe->at, -1);
    cr_assert_eq(d->view.recipe->row[1].state, RECIPE_DONE);
    end(&b);
}

Test(recipe_desk, wrong_commands_change_nothing)
{
    static struct bench b;
    struct desk *d = &b.desk;

    begin(&b, "review");
    wait_for(&b, "mini-teach", RUN_PAUSED);
    cr_assert_eq(command_run(d, "recipe r9", &e), ST_USAGE);
    cr_assert(strstr(e.msg, "r1-zero"), "%s", e.msg);
    cr_assert_eq(command_run(d, "recipe r1 quickly", &e), ST_USAGE);
    cr_assert_eq(command_run(d, "texts nosuch", &e), ST_NOTFOUND);
    must(command_run(d, "texts", &e));
    frame(&b);
    cr_assert_eq(command_run(d, "judge perhaps", &e), ST_USAGE);
    cr_assert_eq(command_run(d, "judge swap", &e), ST_USAGE, "a trace has no other side");
    cr_assert_eq(command_run(d, "judge edit", &e), ST_USAGE);
    must(command_run(d, "judge edit xyzzy </answer>", &e));
    answered(&b);
    cr_assert(d->view.message_is_error && strstr(d->message, "xyzzy"), "%s", d->message);
    frame(&b);
    cr_assert_eq(d->view.texts->by_hand_n, 0);
    end(&b);
}

Test(session_judge, what_could_not_be_learned_from_is_refused)
{
    static struct session s;
    struct course *c = calloc(1, sizeof *c);
    const char *argument[64];
    char words[sizeof small], *end;
    int64_t run;
    int n = 0, i;

    memcpy(words, small, sizeof small);
    for (char *w = strtok_r(words, " ", &end); w; w = strtok_r(NULL, " ", &end))
        argument[n++] = w;
    must(session_init(&s, data_path("judge.db"), 1, &e));
    s.follow_chain = 1;
    must(recipe_parse(&c->recipe, "mini", text, &e));
    must(course_plan(c, s.query, argument, n, 7, &e));
    must(session_recipe(&s, c, &e));
    while (s.trainer->stage != STAGE_COLD)
        must(session_step(&s, &e));
    run = s.run.id;
    cr_assert_eq(s.trainer->corpus.n, 6);
    must(session_judge(&s, run, 5, VERDICT_EDITED, "</think> <answer> 1 </answer>", &e));
    cr_assert_str_eq(s.trainer->corpus.example[5].text, "</think> <answer> 1 </answer>", "it is read again");
    cr_assert_eq(session_judge(&s, run, 5, VERDICT_RULE, NULL, &e), ST_USAGE, "no rule has seen it");
    for (i = 0; i < 5; i++)
        must(session_judge(&s, run, i, VERDICT_REJECTED, NULL, &e));
    cr_assert_eq(s.trainer->corpus.n, 1);
    cr_assert_eq(session_judge(&s, run, 5, VERDICT_REJECTED, NULL, &e), ST_USAGE, "the last one");
    cr_assert_eq(session_judge(&s, run, 6, VERDICT_ACCEPTED, NULL, &e), ST_NOTFOUND);
    must(session_judge(&s, run, 2, VERDICT_RULE, NULL, &e));
    cr_assert_eq(s.trainer->corpus.n, 2, "the rules had kept it");
    must(session_open(&s, "mini-base", -1, 1, &e));
    must(session_judge(&s, run, 0, VERDICT_ACCEPTED, NULL, &e));
    cr_assert_eq(session_judge(&s, s.run.id, 0, VERDICT_ACCEPTED, NULL, &e), ST_USAGE, "a base has none");
    session_release(&s);
    data_remove();
}

Test(session_judge, seed_belongs_to_the_recipe)
{
    static struct session s;
    struct course *c = calloc(1, sizeof *c);
    const char *argument[] = {"seed=9"}, *wrong[] = {"seed=x"};

    must(session_init(&s, data_path("seed.db"), 1, &e));
    must(recipe_parse(&c->recipe, "mini", text, &e));
    must(course_plan(c, s.query, argument, 1, 7, &e));
    cr_assert_eq(c->seed, 9);
    cr_assert_eq(course_plan(c, s.query, wrong, 1, 7, &e), ST_USAGE);
    free(c);
    session_release(&s);
    data_remove();
}
