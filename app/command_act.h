#ifndef GRPOLAB_APP_COMMAND_ACT_H
#define GRPOLAB_APP_COMMAND_ACT_H

#include "app/command.h"

/* What the commands do: on the run (command_control.c) and on what is seen (command_view.c). */
typedef enum status command_action(struct desk *d, const struct command_line *l, struct err *e);

command_action command_step, command_pause, command_resume, command_fork_run, command_rewind, command_set,
    command_pace, command_follow, command_open, command_new, command_rename, command_note, command_delete,
    command_eval;
command_action command_goto, command_live, command_back, command_plot, command_save_screen, command_theme,
    command_mouse, command_smooth, command_screen, command_settings, command_help, command_quit;

#endif
