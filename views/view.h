#ifndef GRPOLAB_VIEWS_VIEW_H
#define GRPOLAB_VIEWS_VIEW_H

#include "engine/run/facts.h"
#include "engine/run/record.h"
#include "engine/run/snapshot.h"
#include "views/canvas.h"
#include "views/history.h"
#include "views/layout.h"
#include "views/list.h"

/* All that a frame shows, and the one function that draws it. A view is read, never
 * changed, by what draws: the application changes it in answer to keys. */

enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_SETTINGS, OVERLAY_BREAKS };

/* A row of a table that the caller has: key hints, help, settings. */
struct view_row {
    const char *key, *value, *what;   /* value: of a setting, else NULL; key NULL: `what` is a heading */
    int marked;                       /* a setting that differs from its default */
};

/* A breakpoint of the open run. */
struct view_break {
    int number, is_on;
    const char *text, *why;           /* the condition; the numbers of the last hit, "" */
    long hits;
    int64_t run, step;                /* of the last hit; run 0: none */
};

struct runs_state;
struct group_state;
struct trace_state;
struct experts_state;
struct objective_state;
struct compare_state;
struct evaluation_state;
struct scenarios_state;
struct lesson_state;
struct recipe_state;
struct texts_state;
struct schedule_state;
struct attention_state;
struct fp8_state;
struct oracle_state;

struct view {
    /* What there is. Borrowed for the frame; NULL or 0 where there is none. */
    const struct snapshot *now;
    const struct history *history;
    const struct record_run *runs;    /* ascending by id */
    int runs_n;
    const double *runs_reward;        /* [runs_n] last reward, NaN: none; or NULL */
    const char *run_settings;         /* "key = value\n" lines of the selected run */
    const char *log;                  /* lines, oldest first */
    const struct view_row *hints;     /* of the status line */
    int hints_n;
    const struct view_row *rows;      /* of the overlay */
    int rows_n;
    const char *overlay_title;
    const struct trace_facts *facts;  /* of the followed trace where its run, step and place are the same */
    const struct routing_facts *routing;
    const struct what_if_facts *what_if;
    const struct view_break *breaks;  /* [breaks_n] */
    int breaks_n;
    const char *probing;              /* what is being found out in the background, NULL: nothing */
    double probing_progress;          /* 0..1 */

    /* What single screens have of their own; allocated for the life of the view by the application. */
    struct runs_state *runs_screen;
    struct group_state *group_screen;
    struct trace_state *trace_screen;
    struct experts_state *experts;
    struct objective_state *objective;
    struct compare_state *compare;
    struct evaluation_state *evaluation;
    struct scenarios_state *scenarios;
    struct recipe_state *recipe;
    struct texts_state *texts;
    struct schedule_state *schedule;
    struct attention_state *attention;   /* a pane of the trace screen */
    struct fp8_state *fp8;
    struct oracle_state *oracle;
    const struct lesson_state *lesson;   /* the lesson that goes on beside any screen, NULL: none */

    /* What is looked at. */
    enum screen_id screen;
    enum pane_id focus, zoom;         /* PANE_NONE: none */
    enum overlay overlay;
    struct list overlay_list;
    struct list runs_list;            /* in the order of tree_order */
    struct list group_list;           /* the completions of the group on screen */
    int group;                        /* which group; -1: that of the followed trace */
    int token;                        /* of the followed trace, under the cursor; -1: none */
    int trace_up, log_up;             /* lines scrolled back from the end */
    int64_t cursor;                   /* a step marked in all curves, -1: none */
    int steering;                     /* the cursor has the keys of movement */
    double smoothing;                 /* of curves: 0 .. <1 */
    int log_y;

    /* The last line. The first of these that is set is shown; else message of `now`, else hints. */
    const char *command;              /* a command line under way, with its ':' */
    int command_point;                /* bytes before the cursor */
    const char *command_hint;         /* completions or help of it, shown above it */
    const char *question;             /* "quit while the run is active? y/n" */
    const char *message;
    int message_is_error;
};

/* view_init: nothing to show, the dashboard. */
void view_init(struct view *v);

/* view_screen: the screen as it will be drawn: the dashboard of a stage that samples nothing is SCREEN_LEARNING. */
enum screen_id view_screen(const struct view *v);

/* view_layout: where the panes of a frame of w by h cells stand. */
void view_layout(const struct view *v, int w, int h, struct layout *l);

/* view_draw: one frame on *c, whose size is the screen's. The terminal's cursor belongs at *row, *col, or
 * nowhere: -1. Pure but for the canvas. */
void view_draw(struct canvas *c, const struct view *v, int *row, int *col);

/* view_rows: how many rows of a list its pane shows on a screen of w by h, for paging and list_clamp; 0 when
 * the pane is not there. view_overlay_rows: the same for the overlay. */
int view_rows(const struct view *v, int w, int h, enum pane_id pane);
int view_overlay_rows(const struct view *v, int w, int h);

/* view_row_at: the index in the pane's list of what stands at a cell, for the mouse; -1 when none. */
int view_row_at(const struct view *v, int w, int h, int row, int col);

/* view_group: the group that is on screen, -1 when there is none. */
int view_group(const struct view *v);

/* pane_name: the word by which help and commands know a pane. */
const char *pane_name(enum pane_id pane);

#endif
