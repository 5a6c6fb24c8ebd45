#ifndef GRPOLAB_APP_COMMAND_ACT_H
#define GRPOLAB_APP_COMMAND_ACT_H

#include "app/command/command.h"

/* What the commands do: on the run (command_control.c) and on what is seen (command_view.c). */
typedef enum status command_action(struct desk *d, const struct command_line *l, struct err *e);

command_action command_step, command_pause, command_resume, command_fork_run, command_rewind, command_set,
    command_pace, command_follow, command_open, command_new, command_rename, command_note, command_delete,
    command_eval, command_knock_out;
command_action command_break, command_when;
command_action command_goto, command_live, command_back, command_plot, command_save_screen, command_theme,
    command_mouse, command_record, command_smooth, command_screen, command_settings, command_help,
    command_quit;

/* Lessons and keys (command_script.c). */
command_action command_lesson, command_map;

/* The trace on screen, token by token (command_trace.c). */
command_action command_overlay, command_test_aha, command_value, command_token;

/* What a figure means (desk_explain.c). */
command_action command_explain;

/* Several runs (command_compare.c), and the form of the scenarios screen (desk_scenarios.c). */
command_action command_compare, command_turns, command_race, command_change, command_jump;

/* command_about: the run that a command is about: that of a first argument `@RUN`, else the open one.
 * *used: how many arguments that took. Errors: ST_USAGE (no run is open), those of query_run. */
enum status command_about(struct desk *d, const struct command_line *l, int64_t *run, int *used,
                          struct err *e);

/* Recipes, and what their stages learn from (command_recipe.c). */
command_action command_recipe, command_texts, command_judge;

/* Test-time compute (desk_compute.c). */
command_action command_compute;

/* The schedule screen (desk_schedule.c); the attention pane (desk_attention.c); the FP8 screen (desk_fp8.c). */
command_action command_schedule, command_attention, command_fp8;

/* The oracle screen (desk_oracle.c). */
command_action command_oracle;

/* The group screen (command_group.c). */
command_action command_find, command_sort, command_filter, command_what_if;

#endif
