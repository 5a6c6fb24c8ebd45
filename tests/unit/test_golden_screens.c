/* Golden screens: every screen of an invented run, as text, at three sizes in braille and in ASCII.
 *
 * `make golden` writes them anew instead of comparing; look at the difference before it is kept. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/golden.h"
#include "tests/unit/scene.h"

/* with_styles: of the braille screen at 80x24, also what its cells mean. */
static void golden(const char *which, enum screen_id screen, const char *name)
{
    struct scene *s = scene_new(which);

    scene_show(s, screen);
    golden_three_sizes(name, &s->view);
    scene_free(s);
}

static void golden_dashboard(const char *which, const char *name)
{
    struct scene *s = scene_new(which);
    char styles[64];

    golden_three_sizes(name, &s->view);
    golden_screen(name, &s->view, 160, 45, CHARS_BRAILLE, 0);
    golden_screen(name, &s->view, 160, 45, CHARS_ASCII, 0);
    snprintf(styles, sizeof styles, "%s_styles", name);
    golden_screen(styles, &s->view, 80, 24, CHARS_BRAILLE, 1);
    scene_free(s);
}

Test(golden, grpo_under_way)
{
    golden_dashboard("grpo", "dashboard_grpo");
}

Test(golden, cold_start)
{
    golden_dashboard("cold", "dashboard_cold");
}

Test(golden, paused_in_a_rollout)
{
    golden_dashboard("paused", "dashboard_paused");
}

Test(golden, group)
{
    golden("grpo", SCREEN_GROUP, "group");
}

Test(golden, group_in_a_rollout)
{
    golden("paused", SCREEN_GROUP, "group_paused");
}

Test(golden, what_if)
{
    golden("grpo", SCREEN_WHAT_IF, "what_if");
}

Test(golden, trace)
{
    golden("grpo", SCREEN_TRACE, "trace");
}

Test(golden, trace_in_a_rollout)
{
    golden("paused", SCREEN_TRACE, "trace_paused");
}

Test(golden, experts)
{
    golden("grpo", SCREEN_EXPERTS, "experts");
}

Test(golden, objective)
{
    golden("grpo", SCREEN_OBJECTIVE, "objective");
}

Test(golden, runs)
{
    golden("grpo", SCREEN_RUNS, "runs");
}

Test(golden, compare)
{
    golden("grpo", SCREEN_COMPARE, "compare");
}

Test(golden, evaluation)
{
    golden("grpo", SCREEN_EVALUATION, "evaluation");
}

Test(golden, scenarios)
{
    golden("grpo", SCREEN_SCENARIOS, "scenarios");
}

Test(golden, log)
{
    golden("grpo", SCREEN_LOG, "log");
}

Test(golden, help)
{
    struct scene *s = scene_new("grpo");

    scene_help(s);
    golden_three_sizes("help", &s->view);
    scene_show(s, SCREEN_TRACE);
    scene_help(s);
    golden_three_sizes("help_trace", &s->view);
    scene_free(s);
}

Test(golden, lesson)
{
    struct scene *s = scene_new("grpo");

    s->view.lesson = &s->lesson;
    golden_three_sizes("lesson", &s->view);
    scene_free(s);
}

Test(golden, zoom_and_blocks)
{
    struct scene *s = scene_new("grpo");

    golden_screen("dashboard_blocks", &s->view, 100, 32, CHARS_BLOCK, 0);
    s->view.focus = s->view.zoom = PANE_REWARD;
    s->view.cursor = 40;
    golden_screen("zoom_reward", &s->view, 100, 32, CHARS_BRAILLE, 0);
    scene_free(s);
}
