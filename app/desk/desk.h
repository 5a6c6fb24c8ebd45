#ifndef GRPOLAB_APP_DESK_H
#define GRPOLAB_APP_DESK_H

#include "app/command/command.h"
#include "app/command/request.h"
#include "app/desk/desk_finding.h"
#include "app/desk/moment.h"
#include "app/session/engine.h"
#include "app/session/probe.h"
#include "app/term.h"
#include "views/view.h"

/* Everything that the UI's thread owns: what is known of the runs, what is looked at, and the way to the
 * engine. It works without a terminal, too: commands then change what the next frame shows. */

enum { DESK_ROWS = 256, DESK_HINTS = 24, DESK_LOG_LINES = 1000 };

/* What has to be read from the store again before the next frame. */
enum stale { STALE_RUNS = 1, STALE_LOG = 2, STALE_HISTORY = 4, STALE_ALL = 7 };

struct desk {
    struct session *session;
    struct engine engine;
    int has_engine;
    struct query *query; /* a read-only connection of its own */
    struct term *term;   /* NULL: none */
    struct recording *recording; /* of what the terminal is shown, NULL: none */
    struct lesson *lesson; /* that is open, NULL: none; owned */
    struct script *script; /* that drives it, NULL: none */
    struct desk_wait *wait; /* commands for a run that is on its way; owned */
    struct desk_back *back; /* a search back in time, NULL: none is under way; owned */
    struct config *config; /* the user's keys, NULL: none */
    struct desk_compute *compute; /* what `:compute` finds out; owned */
    struct canvas canvas;
    struct view view;
    struct history history;
    struct snapshot *live, *stored; /* what happens now; the step that is looked at */
    struct moment moment;
    struct probe probe;            /* finds out what needs the weights of an old step */
    struct desk_findings *findings; /* what of that goes on record, or was there before */
    struct trace_facts *facts;     /* what it knows of the last trace that was asked about */
    struct routing_facts *routing;
    struct what_if_facts *what_if;
    struct attention_facts *attention;
    char probing[96];
    double probing_progress;
    struct snapshot *held; /* the groups that are shown while steps go by faster than one can read */
    double held_since, step_time;
    int64_t at;                      /* the stored step that is looked at, -1: what happens now */
    int64_t filled_run, filled_step; /* of which `live` shows the groups although none is in memory */
    enum follow follow;              /* of a stored step */
    int follow_group, follow_index;
    unsigned stale;

    struct record_run *runs;
    double *runs_reward;
    int runs_n;
    struct str run_settings, log;
    int64_t run_settings_of;
    struct settings set; /* of the open run */
    uint64_t seed;       /* its */
    int64_t set_of;      /* 0: none was read */
    struct view_row hints[DESK_HINTS], rows[DESK_ROWS];
    char hint_keys[DESK_HINTS][8];
    struct str texts[DESK_ROWS]; /* what rows point to where it is made here */
    char title[160];

    char message[320];
    double message_until; /* CLOCK_MONOTONIC, seconds; 0: none is shown */
    double said;          /* when the message was */
    char heard[256];      /* the engine's last message that was shown */
    uint64_t awaited;     /* number of the last request that is not acknowledged, 0: none */
    enum question question;
    char question_text[160];
    int64_t question_run;
    struct breakpoint breaks[BREAKS_MAX]; /* as they stood before this frame */
    struct view_break view_breaks[BREAKS_MAX];
    double slow; /* tokens a second of slow motion */
    int mouse;
    const char *prefill; /* the command line is to be opened with that; NULL: no */
    struct str prefill_text;
    int quit, suspend, redraw; /* asked of the loop */
};

/* desk_init: opens its connection; no engine, no terminal yet. Errors: those of query_open, ST_NOMEM. */
enum status desk_init(struct desk *d, struct session *s, struct err *e);
void desk_release(struct desk *d);

/* desk_take: the engine's latest snapshot and what it says; returns whether there was a new one. */
int desk_take(struct desk *d);

/* desk_frame: reads what is stale, and draws w by h cells on d->canvas. The terminal's cursor: *row, *col, or
 * -1. Returns whether there is more to read: another frame is wanted at once. */
int desk_frame(struct desk *d, int w, int h, int *row, int *col);

/* desk_shown: the snapshot that is looked at, NULL while there is none. desk_run_id: of the open run, 0 none.
 */
const struct snapshot *desk_shown(const struct desk *d);
int64_t desk_run_id(const struct desk *d);

/* desk_say: a line in the status line for some seconds. desk_fail: an error there, until a key is pressed. */
void desk_say(struct desk *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void desk_fail(struct desk *d, const struct err *e);
double desk_clock(void);

/* desk_post: a request to the engine. Errors: ST_BUSY when its queue is full. */
enum status desk_post(struct desk *d, const struct engine_message *m, struct err *e);

/* desk_look: looks at a step that is on record (-1: the last). desk_look_live: at what happens now. */
enum status desk_look(struct desk *d, int64_t step, struct err *e);
void desk_look_live(struct desk *d);
/* desk_follow: which trace is shown, of the live run or of the stored step. */
void desk_follow(struct desk *d, enum follow why, int group, int index);

/* desk_probe: asks about the trace that is looked at; `at`: a token, -1: none; `samples` 0: the usual 32.
 * What is known already is not asked again. Errors: ST_NOTFOUND (no trace), those of probe_ask. */
enum status desk_probe(struct desk *d, enum probe_what what, int at, int samples, struct err *e);
/* desk_question: a question about what is looked at, for probe_ask: run, step and trace are filled in; at
 * -1, samples, and for WHAT_IF rewards and objective are the caller's. Errors: ST_NOTFOUND (no trace),
 * ST_BUSY (steps go by too fast). */
enum status desk_question(const struct desk *d, enum probe_what what, struct probe_question *q,
                          struct err *e);

/* desk_settings: of the open run, NULL when there is none or it cannot be read. */
const struct settings *desk_settings(struct desk *d);
/* desk_find_run: in the list of runs, by name or id; NULL. desk_selected_run: the one chosen in the list;
 * NULL. */
const struct record_run *desk_find_run(struct desk *d, const char *name);
const struct record_run *desk_selected_run(const struct desk *d);

/* desk_ask: a question that is answered by y or n. */
void desk_ask(struct desk *d, enum question q, int64_t run, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* desk_prompt: the command line is to be opened with that text. */
void desk_prompt(struct desk *d, const char *text);

/* desk_show_help, desk_show_command, desk_show_settings: overlays, from the tables. desk_close_overlay. */
void desk_show_help(struct desk *d);
void desk_show_command(struct desk *d, const struct command_row *row);
enum status desk_show_settings(struct desk *d, struct err *e);
void desk_close_overlay(struct desk *d);

/* desk_breaks: brings what the view shows of the breakpoints up to date, their list among it. */
void desk_breaks(struct desk *d);

/* desk_hints: the status line's, by what the run is doing. */
void desk_hints(struct desk *d);
/* desk_show_screen: one of the screens; the focus and zoom of the old one are left. */
void desk_show_screen(struct desk *d, enum screen_id s);

#endif
