/* What holds for every screen at every size: all cells can be shown, whatever stands in texts and numbers,
 * whatever is missing. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/golden.h"
#include "tests/unit/scene.h"

/* Steps that have no factor in common with each other or with what layouts are made of: in time many widths
 * meet many heights. */
enum { DW = 17, DH = 7 };

static void every_screen(struct scene *s)
{
    int screen;

    for (screen = 0; screen < SCREEN_N; screen++) {
        scene_show(s, (enum screen_id)screen);
        golden_sizes(&s->view, DW, DH);
    }
}

Test(hostile, every_size_draws_cells_that_can_be_shown)
{
    static const char *const which[] = {"grpo", "cold", "paused"};
    int i;

    for (i = 0; i < 3; i++) {
        struct scene *s = scene_new(which[i]);
        every_screen(s);
        scene_free(s);
    }
}

Test(hostile, nothing_at_all_can_be_drawn)
{
    struct view v;
    int screen;

    setlocale(LC_ALL, "C.UTF-8");
    view_init(&v);
    for (screen = 0; screen < SCREEN_N; screen++) {
        v.screen = (enum screen_id)screen;
        golden_sizes(&v, DW, DH);
    }
}

Test(hostile, every_pane_can_be_zoomed_at_every_size)
{
    struct scene *s = scene_new("grpo");
    struct layout l;
    int screen, i;

    for (screen = 0; screen < SCREEN_N; screen++) {
        scene_show(s, (enum screen_id)screen);
        view_layout(&s->view, 160, 45, &l);
        for (i = 0; i < l.n; i++) {
            if (l.place[i].pane <= PANE_TOO_SMALL)
                continue;
            s->view.focus = s->view.zoom = l.place[i].pane;
            golden_sizes(&s->view, 5 * DW, 3 * DH);
        }
    }
    scene_free(s);
}

/* Escape sequences that would clear the screen, set its title and colours, read the clipboard; C1 controls;
 * wide and combining characters, one of them without a base; characters that turn the direction of text or
 * have no width; bytes that are no UTF-8. */
#define HOSTILE                                                                                              \
    "\033[31m\033[2J\033]0;x\007\033]52;c;?\033\\\xC2\x9B"                                                   \
    "1m\xE6\xBC\xA2\xCC\x81z\xE2\x80\xAE\xE2\x81\xA6"                                                        \
    "\xE2\x80\x8B\xE2\x80\xA8\xFF\xC3\x28\r\n\t\x7F\xF0\x9F\x98\x80"

static void hostile(char *text, size_t bytes)
{
    size_t n;

    for (n = 0; n + sizeof HOSTILE < bytes; n += sizeof HOSTILE - 1)
        memcpy(text + n, HOSTILE, sizeof HOSTILE);
    memcpy(text + n, HOSTILE, bytes - n - 1);
    text[bytes - 1] = 0;
}

#define SET_HOSTILE(a) hostile((a), sizeof(a))

static void hostile_snapshot(struct snapshot *s)
{
    int i;

    SET_HOSTILE(s->run);
    SET_HOSTILE(s->preset);
    SET_HOSTILE(s->message);
    for (i = 0; i < s->groups_n; i++)
        SET_HOSTILE(s->group[i].prompt);
    for (i = 0; i < s->groups_n * s->group_size; i++) {
        SET_HOSTILE(s->trace[i].why);
        SET_HOSTILE(s->trace[i].answer);
        s->trace[i].at = i * 7;
        s->trace[i].accuracy = 0;
    }
}

static void hostile_runs(struct scene *s)
{
    int i;

    for (i = 0; i < s->view.runs_n; i++) {
        SET_HOSTILE(s->run[i].name);
        SET_HOSTILE(s->run[i].note);
        SET_HOSTILE(s->run[i].preset);
        SET_HOSTILE(s->run_facts[i].changed);
    }
    for (i = 0; i < 2; i++) {
        struct compare_text *t = &s->compare.text[i];
        SET_HOSTILE(s->compare.run[i].name);
        SET_HOSTILE(s->compare.setting[0].value[i]);
        SET_HOSTILE(t->prompt);
        SET_HOSTILE(t->why);
        memcpy(t->text, HOSTILE, sizeof HOSTILE);
    }
    SET_HOSTILE(s->compare.setting[0].key);
    for (i = 0; i < SCENE_PROBLEMS; i++)
        SET_HOSTILE(s->problem[i].text);
    SET_HOSTILE(s->evaluation.start);
    SET_HOSTILE(s->evaluation.note);
    for (i = 0; i < s->scenarios.form_list.n; i++)
        SET_HOSTILE(s->scenarios.form[i].value);
    SET_HOSTILE(s->scenarios.problem);
}

static void hostile_facts(struct scene *s)
{
    int i, k;

    for (i = 0; i < s->facts.n; i++)
        for (k = 0; k < FACT_ALTERNATIVES; k++)
            SET_HOSTILE(s->facts.word[i][k]);
    for (i = 0; i < SCENE_CELLS; i++)
        for (k = 0; k < SERVED_WORDS; k++)
            SET_HOSTILE(s->routing.served[i].word[k]);
    for (i = 0; i < s->objective.words_n; i++)
        SET_HOSTILE(s->objective.word[i]);
    SET_HOSTILE(s->group.find);
    s->group.hits_n = 3;
    SET_HOSTILE(s->trace.refused);
    SET_HOSTILE(s->lesson.note);
    SET_HOSTILE(s->lesson.title);
}

static void hostile_numbers(struct scene *s)
{
    s->now->trace[32].advantage = NAN;
    s->now->trace[33].reward = INFINITY;
    s->now->metric[M_REWARD] = -1e300;
    s->now->metric[M_KL] = INFINITY;
    s->now->load[3] = NAN;
    s->now->progress = NAN;
    s->now->pace = 1e300;
    s->evaluation.pass_1[2] = NAN;
    s->objective.value[TERM_RATIO] = INFINITY;
    s->facts.logp[5] = -INFINITY;
    s->trace.ratio[6] = NAN;
    s->group.what_if.change[1][1] = INFINITY;
}

Test(hostile, text_and_numbers_cannot_break_a_screen)
{
    struct scene *s = scene_new("grpo");

    hostile_snapshot(s->now);
    hostile_runs(s);
    hostile_facts(s);
    hostile_numbers(s);
    s->view.log = HOSTILE "\n" HOSTILE "error" HOSTILE;
    s->view.run_settings = HOSTILE " = " HOSTILE "\n" HOSTILE;
    s->view.message = HOSTILE HOSTILE;
    scene_follow(s, HOSTILE, HOSTILE " " HOSTILE " 8 * 7 = 56 \033[2J " HOSTILE " " HOSTILE HOSTILE);
    every_screen(s);
    s->view.message = NULL;
    s->view.question = HOSTILE;
    s->view.lesson = &s->lesson;
    scene_show(s, SCREEN_TRACE);
    golden_sizes(&s->view, DW, DH);
    s->view.command = ":" HOSTILE HOSTILE;
    s->view.command_point = 20;
    s->view.command_hint = HOSTILE;
    golden_sizes(&s->view, DW, DH);
    scene_free(s);
}

Test(hostile, help_of_every_screen_at_every_size)
{
    struct scene *s = scene_new("grpo");
    int screen;

    for (screen = 0; screen < SCREEN_N; screen++) {
        scene_show(s, (enum screen_id)screen);
        scene_help(s);
        golden_sizes(&s->view, 3 * DW, 2 * DH);
    }
    scene_free(s);
}

Test(hostile, a_follow_with_wrong_offsets_is_survived)
{
    struct scene *s = scene_new("grpo");
    struct snap_follow *f = &s->now->follow;
    struct canvas c = {0};

    /* Beyond the text's end lie other bytes, which are nobody's business. */
    memset(f->text + f->text_n, 'Z', 100);
    f->begin[6] = f->text_n + 50;
    golden_draw(&c, &s->view, 120, 40, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "8 * 7 = 56") && !golden_contains(&c, "ZZ"));
    f->begin[9] = -7;
    f->mark[0].begin = 90000;
    f->mark[1].end = -3;
    f->mark[2] = (struct mark){MARK_AHA, -5, 1 << 30, 1};
    f->index = 4000;
    every_screen(s);
    f->prompt_n = 1 << 30;
    f->tokens_n = 1 << 30;
    every_screen(s);
    canvas_release(&c);
    scene_free(s);
}
