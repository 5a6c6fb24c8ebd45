/* A recipe of tiny stages in a session: to its end, interrupted and gone on with, its texts on record, to
 * the bit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/session/session_chain.h"
#include "app/session/session_recipe.h"
#include "tests/unit/store_data.h"

static struct err e;

static const char text[] =
    "[recipe]\nname = mini\n"
    "[stage base]\nrun = base\npreset = r1\n"
    "[stage teach]\nrun = cold\npreset = r1\nfrom = base\nepochs = 2\ncollect = templates base problems=20\n"
    "[stage reward]\nrun = reward\npreset = r1\nfrom = teach\nepochs = 1\n"
    "collect = pairs teach problems=24 samples=4 keep=2\n"
    "[stage prefer]\nrun = dpo\npreset = r1\nfrom = teach\nepochs = 1\n"
    "collect = pairs teach problems=24 samples=4 keep=2\n"
    "[stage all]\nrun = grpo\npreset = r1\nfrom = teach\nreward = reward\nset = rl.preference=1 rl.steps=3\n";

/* The teacher is wider than its student, and written by GRPO. */
static const char taught[] =
    "[recipe]\nname = mini\n"
    "[stage base]\nrun = base\npreset = r1\n"
    "[stage teacher]\nrun = grpo\npreset = r1\nfrom = base\n"
    "set = rl.steps=2 rl.drop_flat=0 rl.entropy=0.01\n"
    "[stage student]\nrun = cold\npreset = r1\nepochs = 2\ncollect = templates teacher problems=12\n"
    "teacher = teacher\nset = cold.distill=0.5 cold.distill_temperature=2 cold.warmup=0\n";

static const char *const small[] = {
    "model.width=16",     "model.layers=2",   "model.heads=2",        "model.q_rank=8",
    "model.kv_rank=8",    "model.nope_dim=4", "model.rope_dim=4",     "model.v_dim=4",
    "model.ffn_width=24", "model.experts=4",  "model.expert_width=8", "base.steps=4",
    "base.documents=4",   "cold.documents=4", "reward.documents=4",   "dpo.documents=2",   "rl.prompts=6",
    "rl.group=4",         "rl.max_tokens=32", "eval.every=0",         "eval.final_problems=4",
    "eval.k=2",           "mixture.chat=1",
};

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

/* A recipe in a store, at most `steps` steps of it; the digest of where it stands. */
static int drive_recipe(const char *recipe, const char *path, int threads, int steps, char hex[DIGEST_HEX])
{
    struct session s;
    struct course *c = calloc(1, sizeof *c);
    struct digest d;
    int taken = 0;
    must(session_init(&s, path, threads, &e));
    s.follow_chain = 1;
    must(recipe_parse(&c->recipe, "mini", recipe, &e));
    must(course_plan(c, s.query, small, sizeof small / sizeof *small, 7, &e));
    must(session_recipe(&s, c, &e));
    for (; taken < steps && !session_is_done(&s); taken++)
        must(session_step(&s, &e));
    d = trainer_digest(s.trainer);
    digest_hex(&d, hex);
    session_release(&s);
    return taken;
}

static int drive(const char *path, int threads, int steps, char hex[DIGEST_HEX])
{
    return drive_recipe(text, path, threads, steps, hex);
}

Test(session_recipe, goes_to_its_end_and_on_after_an_interruption_to_the_bit)
{
    char whole[DIGEST_HEX], parts[DIGEST_HEX];
    int taken = drive(data_path("whole.db"), 1, 1000, whole);
    cr_assert_gt(taken, 10);
    for (int i = 0; i < taken; i++)
        drive(data_path("parts.db"), 2, i % 3 + 1, parts);
    cr_assert_eq(drive(data_path("parts.db"), 1, 1000, parts), 0, "the parts did not arrive at the end");
    cr_assert_str_eq(whole, parts);
    data_remove();
}

static enum status judge_first(struct session *s, int64_t run, enum example_verdict v, const char *words)
{
    return store_example_judge(s->store, run, 0, v, words, &e);
}

Test(session_recipe, a_hands_verdict_counts_before_the_first_step_and_not_after)
{
    struct session s;
    char hex[DIGEST_HEX];
    int n, kept;
    /* Four steps of base, and the run that is taught is made. */
    drive(data_path("hand.db"), 1, 4, hex);
    must(session_init(&s, data_path("hand.db"), 1, &e));
    must(session_open(&s, "mini-teach", -1, 1, &e));
    must(query_examples_n(s.query, s.run.id, &n, &kept, &e));
    cr_assert_eq(n, 20);
    cr_assert_eq(kept, 20);
    must(judge_first(&s, s.run.id, VERDICT_REJECTED, NULL));
    must(query_examples_n(s.query, s.run.id, &n, &kept, &e));
    cr_assert_eq(kept, 19);
    must(judge_first(&s, s.run.id, VERDICT_EDITED, "</think> <answer> 1 </answer>"));
    must(session_open(&s, "mini-teach", -1, 1, &e));
    cr_assert_eq(s.trainer->corpus.n, 20);
    cr_assert_str_eq(s.trainer->corpus.example[0].text, "</think> <answer> 1 </answer>");
    must(session_step(&s, &e));
    cr_assert_eq(judge_first(&s, s.run.id, VERDICT_REJECTED, NULL), ST_USAGE, "it was learned from already");
    session_release(&s);
    data_remove();
}

Test(session_recipe, a_fork_learns_from_its_parents_texts)
{
    struct session s;
    char hex[DIGEST_HEX];
    drive(data_path("fork.db"), 1, 6, hex);
    must(session_init(&s, data_path("fork.db"), 1, &e));
    must(session_fork(&s, "mini-teach", 1, NULL, 0, "", &e));
    cr_assert_eq(s.trainer->corpus.n, 20);
    must(session_step(&s, &e));
    cr_assert_not(s.message_is_error, "%s", s.message);
    cr_assert_not_null(strstr(s.message, "equals its parent"));
    session_release(&s);
    data_remove();
}

Test(session_recipe, a_preference_needs_its_model)
{
    struct session s;
    struct settings set;
    uint64_t seed = 1;
    const char *more[32];
    int n = sizeof small / sizeof *small;
    memcpy(more, small, sizeof small);
    more[n] = "rl.preference=1";
    more[n + 1] = "base.steps=0";
    more[n + 2] = "cold.steps=0";
    must(session_init(&s, data_path("none.db"), 1, &e));
    must(presets_load("r1", more, n + 3, &set, &seed, &e));
    must(session_new(&s, &set, 1, "", &e));
    cr_assert_eq(session_step(&s, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "preference model"));
    session_release(&s);
    data_remove();
}

/* The teacher is found again, at the step that it had, whenever the student is opened: also where it has gone
 * on since. */
Test(session_recipe, a_student_of_logits_is_the_same_to_the_bit_however_it_is_driven)
{
    char whole[DIGEST_HEX], parts[DIGEST_HEX];
    struct record_run teacher;
    struct settings set;
    struct trainer *other;
    struct session s;
    int taken = drive_recipe(taught, data_path("logits.db"), 1, 1000, whole);
    cr_assert_eq(taken, 4 + 2 + 6);
    for (int i = 0; i < 7; i++)
        drive_recipe(taught, data_path("parts.db"), 2, 1, parts);
    must(session_init(&s, data_path("parts.db"), 1, &e));
    must(session_open(&s, "mini-teacher", -1, 1, &e));
    for (int i = 0; i < 3; i++)
        must(session_step(&s, &e));
    session_release(&s);
    drive_recipe(taught, data_path("parts.db"), 2, 2, parts);
    cr_assert_eq(drive_recipe(taught, data_path("parts.db"), 1, 1000, parts), 3);
    cr_assert_str_eq(whole, parts);
    must(session_init(&s, data_path("parts.db"), 1, &e));
    must(session_open(&s, "mini-student", 6, 1, &e));
    cr_assert_eq(s.trainer->has_teacher, 1);
    must(query_run(s.query, "mini-teacher", &teacher, &e));
    cr_assert_eq(s.trainer->set.cold.teacher, teacher.id);
    cr_assert_eq(s.trainer->set.cold.teacher_step, 2, "the last of its stage, not of all that it has since");
    must(session_rewind(&s, 2, &e));
    for (int i = 0; i < 3; i++)
        must(session_step(&s, &e));
    cr_assert_gt(s.trainer->metric[M_DIVERGENCE], 0);
    /* Any step of the teacher's, one without a keyframe too. */
    set = s.trainer->set;
    for (int step = 0; step <= 5; step++) {
        struct trainer *student;
        set.cold.teacher_step = step;
        must(session_trainer(&s, &set, STAGE_COLD, 7, &student, &e));
        must(session_open(&s, "mini-teacher", step, 0, &e));
        cr_assert_arr_eq(student->teacher_w, s.trainer->learner.w, s.trainer->model.params.total * sizeof(real),
                         "step %d", step);
        if (step < 5) {   /* which tells steps apart only where the weights have moved */
            must(session_open(&s, "mini-teacher", step + 1, 0, &e));
            cr_assert_arr_neq(student->teacher_w, s.trainer->learner.w,
                              s.trainer->model.params.total * sizeof(real), "step %d", step + 1);
        }
        trainer_release(student);
        free(student);
    }
    set.cold.teacher_step = 6;
    cr_assert_eq(session_trainer(&s, &set, STAGE_COLD, 7, &other, &e), ST_USAGE, "it has five steps");
    session_release(&s);
    data_remove();
}

/* What is missing or does not fit is told, by the step, the teacher's coming, and the plan. */
Test(session_recipe, a_student_needs_its_teacher_and_its_words)
{
    struct session s;
    struct settings set;
    struct trainer *student, *other;
    uint64_t seed = 1;
    struct course *c = calloc(1, sizeof *c);
    char hex[DIGEST_HEX], alone[sizeof taught];
    snprintf(alone, sizeof alone, "%.*s", (int)(strstr(taught, "teacher = teacher") - taught), taught);
    drive_recipe(taught, data_path("words.db"), 1, 12, hex);
    must(session_init(&s, data_path("words.db"), 1, &e));
    must(session_open(&s, "mini-student", 0, 1, &e));
    set = s.trainer->set;
    set.cold.teacher = 99;
    must(session_trainer(&s, &set, STAGE_COLD, 7, &student, &e));
    trainer_start(student);
    cr_assert_eq(trainer_step(student, &(struct trainer_hooks){0}, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "run 99"), "%s", e.msg);
    must(presets_load("quick", NULL, 0, &set, &seed, &e));
    must(session_trainer(&s, &set, STAGE_BASE, 7, &other, &e));
    cr_assert_eq(trainer_teacher(student, other, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "vocabulary"), "%s", e.msg);
    trainer_release(student);
    trainer_release(other);
    free(student);
    free(other);
    must(recipe_parse(&c->recipe, "mini", alone, &e));
    snprintf(c->recipe.stage[2].teacher, RECIPE_NAME, "teacher");
    cr_assert_eq(course_plan(c, s.query, small, sizeof small / sizeof *small, 7, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "cold.distill"), "%s", e.msg);
    free(c);
    session_release(&s);
    data_remove();
}
