/* The recipe screen and the texts screen: their arithmetic, their lists, and what they look like. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/golden.h"
#include "tests/unit/scene.h"
#include "views/recipe_state.h"
#include "views/texts_state.h"

static struct recipe_state recipe;
static struct texts_state texts;
static struct snap_follow chosen, other;

static void stage(int i, const char *name, const char *kind, int from, enum recipe_mark state, int64_t steps,
                  const double figure[RECIPE_FIGURES], const char *summary)
{
    struct recipe_row *x = &recipe.row[i];
    int k;

    recipe_row_init(x);
    snprintf(x->stage, sizeof x->stage, "%s", name);
    snprintf(x->kind, sizeof x->kind, "%s", kind);
    snprintf(x->summary, sizeof x->summary, "%s", summary);
    snprintf(x->from, sizeof x->from, "%s", from >= 0 ? recipe.row[from].stage : "");
    x->from_row = from;
    x->state = state;
    x->steps = steps;
    if (state == RECIPE_TO_COME)
        return;
    x->run = i + 1;
    snprintf(x->name, sizeof x->name, "r1-%s", name);
    x->step = state == RECIPE_NOW ? steps / 3 : steps;
    x->evaluated = figure ? state == RECIPE_NOW ? x->step - 3 : x->step : -1;
    x->seconds = 12.5 + 40 * i;
    for (k = 0; figure && k < RECIPE_FIGURES; k++)
        x->figure[k] = figure[k];
}

static void tasks(int i, double countdown, double chat)
{
    struct recipe_row *x = &recipe.row[i];

    x->tasks_n = 2;
    snprintf(x->task[0], LABEL_BYTES, "countdown");
    snprintf(x->task[1], LABEL_BYTES, "chat");
    x->right[0] = countdown;
    x->right[1] = chat;
}

static void make_recipe(struct scene *s)
{
    static const double at[5][RECIPE_FIGURES] = {{0.08, 0.10, 31.2, 0.1, 0.41, 0.62, 0.55},
                                                 {0.61, 0.70, 58.4, 1.9, 0.93, 0.58, 0.47},
                                                 {0.33, 0.41, 44.0, 1.1, 0.97, 0.96, 0.92},
                                                 {0.72, 0.79, 61.5, 2.2, 0.99, 0.97, 0.90},
                                                 {0.5, 0.55, 52.5, 1.5, 0.98, 0.97, 0.95}};

    memset(&recipe, 0, sizeof recipe);
    snprintf(recipe.name, sizeof recipe.name, "r1");
    snprintf(recipe.summary, sizeof recipe.summary,
             "the whole pipeline: cold start, RL, rejection sampling, RL again");
    stage(0, "base", "base", -1, RECIPE_DONE, 1400, at[0], "learns the language from mixed text");
    stage(1, "zero", "grpo", 0, RECIPE_DONE, 300, at[1], "RL alone, right from the base");
    stage(2, "cold", "cold", 0, RECIPE_DONE, 90, at[2], "SFT on readable traces of r1-zero");
    stage(3, "rl", "grpo", 2, RECIPE_DONE, 300, at[3], "reasoning RL with language consistency");
    stage(4, "sft", "cold", 0, RECIPE_NOW, 120, at[4],
          "SFT of the base on the kept traces of that model and on samples of other kinds, two readings");
    stage(5, "reward", "reward", 4, RECIPE_TO_COME, 0, NULL, "learns which of two replies is better");
    stage(6, "all", "grpo", 4, RECIPE_TO_COME, 0, NULL, "RL for all scenarios");
    recipe.row[2].texts_n = 5600;
    recipe.row[2].texts_kept = 1312;
    recipe.row[4].texts_n = 9600;
    recipe.row[4].texts_kept = 2210;
    recipe.row[4].collects = recipe.row[5].collects = 1;
    tasks(0, 0.11, 0.05);
    tasks(4, 0.62, 0.38);
    recipe.n = recipe.list.n = 7;
    recipe.at = recipe.list.selected = 4;
    s->view.recipe = &recipe;
}

static void make_choices(struct scene *s)
{
    memset(&recipe, 0, sizeof recipe);
    snprintf(recipe.choice[0].name, RECIPE_WORD, "r1-zero");
    snprintf(recipe.choice[0].summary, sizeof recipe.choice[0].summary, "a base model, then RL alone");
    snprintf(recipe.choice[1].name, RECIPE_WORD, "distill");
    snprintf(recipe.choice[1].summary, sizeof recipe.choice[1].summary,
             "a smaller dense student on the teacher's kept traces, against the same student under RL alone");
    recipe.choices_n = recipe.list.n = 2;
    recipe.list.selected = 1;
    recipe.at = -1;
    s->view.recipe = &recipe;
}

enum { TEXTS_N = 9 };
static struct record_example example[TEXTS_N];
static char label[TEXTS_N][TEXTS_LABEL];
static int order[TEXTS_N];

static void make_texts(struct scene *s, int is_pairs)
{
    static const char *const why[] = {"", "", "wrong: 25 is not 26", "cut off", "",
                                      "readability 0.62 < 0.80", "", "", ""};
    static const char *const prompt = "User : 11 8 7 -> 26 Assistant : <think>";
    static const char *const text = "11 + 8 = 19 7 , 19 + 7 = 26 -> 26 yes </think> "
                                    "<answer> ( 11 + 8 ) + 7 </answer>";
    int i;

    memset(&texts, 0, sizeof texts);
    for (i = 0; i < TEXTS_N; i++) {
        struct record_example *x = &example[i];
        *x = (struct record_example){.kind = is_pairs ? EXAMPLE_PAIR : EXAMPLE_TRACE, .kept = !why[i][0],
                                     .source = "r1-rl",
                                     .prompt = prompt, .text = text, .other = is_pairs
                                         ? "8 - 7 = 1 wait no" : "",
                                     .why = why[i], .accuracy = i != 2, .format = i != 3, .language = 1,
                                     .readable = 1 - 0.05 * i, .respect = i & 1};
        snprintf(label[i], TEXTS_LABEL, "11 8 7 -> 26");
        texts.kept_n += x->kept;
    }
    example[1].verdict = VERDICT_ACCEPTED;
    example[4].verdict = VERDICT_EDITED;
    texts.by_hand_n = 2;
    texts.run = 5;
    snprintf(texts.name, sizeof texts.name, "r1-sft");
    texts.n = TEXTS_N;
    texts.row = example;
    texts.label = label;
    texts.order = order;
    texts_order(&texts);
    texts.list.selected = 2;
    texts.chosen_at = 2;
    texts.chosen = &chosen;
    texts.other = &other;
    scene_follow(s, prompt, text);
    chosen = s->now->follow;
    if (is_pairs) {
        scene_follow(s, "", "8 - 7 = 1 wait no");
        other = s->now->follow;
    }
    s->view.texts = &texts;
}

static void sizes(const char *name, struct scene *s, enum screen_id screen)
{
    static const int size[][2] = {{160, 45}, {80, 24}, {40, 10}};
    size_t i;

    scene_show(s, screen);
    for (i = 0; i < sizeof size / sizeof *size; i++) {
        golden_screen(name, &s->view, size[i][0], size[i][1], CHARS_BRAILLE, 0);
        golden_screen(name, &s->view, size[i][0], size[i][1], CHARS_ASCII, 0);
    }
    golden_sizes(&s->view, 7, 5);
    scene_free(s);
}

Test(golden_recipe, under_way)
{
    struct scene *s = scene_new("cold");

    make_recipe(s);
    sizes("recipe", s, SCREEN_RECIPE);
}

Test(golden_recipe, choices)
{
    struct scene *s = scene_new("cold");

    make_choices(s);
    sizes("recipe_choices", s, SCREEN_RECIPE);
}

Test(golden_recipe, texts)
{
    struct scene *s = scene_new("grpo");

    make_texts(s, 0);
    sizes("texts", s, SCREEN_TEXTS);
}

Test(golden_recipe, pairs)
{
    struct scene *s = scene_new("grpo");

    make_texts(s, 1);
    sizes("texts_pairs", s, SCREEN_TEXTS);
}

/* Nothing read yet: a sentence, on every size. */
Test(golden_recipe, nothing)
{
    struct scene *s = scene_new("grpo");

    s->view.recipe = NULL;
    s->view.texts = NULL;
    scene_show(s, SCREEN_RECIPE);
    golden_sizes(&s->view, 7, 5);
    scene_show(s, SCREEN_TEXTS);
    golden_sizes(&s->view, 7, 5);
    scene_free(s);
}

Test(recipe_state, a_change_is_against_the_stage_it_starts_from)
{
    struct scene *s = scene_new("cold");

    make_recipe(s);
    cr_assert_float_eq(recipe_change(&recipe, 3, 0), 0.72 - 0.33, 1e-12);
    cr_assert_float_eq(recipe_change(&recipe, 4, 2), 52.5 - 31.2, 1e-12,
                       "of the base, not of the stage before");
    cr_assert(isnan(recipe_change(&recipe, 0, 0)), "from nothing");
    cr_assert(isnan(recipe_change(&recipe, 5, 0)), "not there yet");
    cr_assert_float_eq(recipe_task_change(&recipe, 4, 1), 0.38 - 0.05, 1e-12);
    recipe.row[0].tasks_n = 1;
    cr_assert(isnan(recipe_task_change(&recipe, 4, 1)));
    scene_free(s);
}

Test(texts_state, a_filter_keeps_the_choice_or_takes_the_next)
{
    struct scene *s = scene_new("grpo");

    make_texts(s, 0); /* 2, 3 and 5 are dropped; 1 and 4 judged by hand */
    texts.list.selected = 4;
    texts.filter = TEXTS_KEPT;
    texts_order(&texts);
    cr_assert_eq(texts.list.n, 6);
    cr_assert_eq(texts_place(&texts), 4);
    texts.filter = TEXTS_DROPPED;
    texts_order(&texts);
    cr_assert_eq(texts.list.n, 3);
    cr_assert_eq(texts_place(&texts), 5, "4 is not among them: the one after");
    texts.filter = TEXTS_BY_HAND;
    texts_order(&texts);
    cr_assert_eq(texts_place(&texts), 4, "nothing after 5: the last");
    example[1].verdict = example[4].verdict = VERDICT_RULE;
    texts_order(&texts);
    cr_assert_eq(texts_place(&texts), -1);
    cr_assert_eq(texts_find(&texts, 1), -1);
    scene_free(s);
}

Test(texts_state, a_search_goes_round)
{
    struct scene *s = scene_new("grpo");

    make_texts(s, 0);
    snprintf(texts.find, sizeof texts.find, "CUT off");
    texts.list.selected = 5;
    cr_assert_eq(texts_find(&texts, 1), 3);
    cr_assert_eq(texts_find(&texts, -1), 3);
    snprintf(texts.find, sizeof texts.find, "answer");
    cr_assert_eq(texts_find(&texts, 1), 6);
    cr_assert_eq(texts_find(&texts, -1), 4);
    texts.list.selected = 8;
    cr_assert_eq(texts_find(&texts, 1), 0);
    snprintf(texts.find, sizeof texts.find, "nowhere");
    cr_assert_eq(texts_find(&texts, 1), -1);
    scene_free(s);
}
