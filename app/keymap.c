/* The keys, as a table. A new key is a row here and, where it asks for something new, a case in request.c. */
#include "app/keymap.h"

#include <stddef.h>

#define CHAR(c)                                                                                              \
    {                                                                                                        \
        INPUT_CHAR, c                                                                                        \
    }
#define CONTROL(c)                                                                                           \
    {                                                                                                        \
        INPUT_CHAR, (c) - '@'                                                                                \
    }
#define INPUT(i)                                                                                             \
    {                                                                                                        \
        i, 0                                                                                                 \
    }

enum {
    TRACES = ON_DASHBOARD | ON_GROUP | ON_TRACE | ON_OBJECTIVE,
    CURVES = TRACES | ON_LEARNING | ON_EXPERTS | ON_COMPARE | ON_EVALUATION
};

static const struct key_row rows[] = {
    {{CHAR(' ')},
     "space",
     REQUEST_PAUSE,
     0,
     ON_ALL,
     "pause, also in the middle of a step; go on",
     "pause",
     HINT_RUNNING | HINT_PAUSED},
    {{CHAR('.')},
     ".",
     REQUEST_STEP,
     0,
     ON_ALL,
     "take one step of the quantum, then hold",
     "step",
     HINT_PAUSED},
    {{CHAR(',')},
     ",",
     REQUEST_QUANTUM,
     0,
     ON_ALL,
     "quantum of a step: token, phase, whole step",
     "token/phase/step",
     HINT_PAUSED},
    {{CHAR('p')},
     "p",
     REQUEST_PACE,
     0,
     ON_ALL,
     "slow motion, or full speed; it changes no bit",
     "slow/full",
     HINT_RUNNING},
    {{CHAR(':')},
     ":",
     REQUEST_COMMAND,
     0,
     ON_ALL,
     "command line: tab completes, ctrl-r searches",
     "command",
     HINT_RUNNING | HINT_PAUSED | HINT_STORED | HINT_LIST | HINT_IDLE},
    {{CHAR('?'), INPUT(INPUT_F1)},
     "? f1",
     REQUEST_HELP,
     0,
     ON_ALL,
     "this help",
     "help",
     HINT_RUNNING | HINT_PAUSED | HINT_STORED | HINT_LIST | HINT_IDLE},
    {{CHAR('f')},
     "f",
     REQUEST_FORK,
     0,
     ON_ALL,
     "fork the run, with changed settings where you like",
     "fork",
     HINT_RUNNING | HINT_PAUSED | HINT_STORED},
    {{CHAR('r')},
     "r",
     REQUEST_REWIND,
     0,
     ON_ALL,
     "rewind the run to an earlier step",
     "rewind",
     HINT_PAUSED | HINT_STORED},
    {{CHAR('<'), CHAR('(')},
     "< (",
     REQUEST_EARLIER,
     0,
     CURVES,
     "look at the step before, from what is on record",
     "earlier",
     HINT_STORED},
    {{CHAR('>'), CHAR(')')}, "> )", REQUEST_LATER, 0, CURVES, "look at the step after", "later", HINT_STORED},
    {{CHAR('l')}, "l", REQUEST_LIVE, 0, ON_ALL, "look at what happens now again", "live", HINT_STORED},
    {{CHAR('['), INPUT(INPUT_LEFT)},
     "[ left",
     REQUEST_PREVIOUS_GROUP,
     0,
     CURVES,
     "previous group; in a curve: cursor to the left",
     NULL,
     0},
    {{CHAR(']'), INPUT(INPUT_RIGHT)},
     "] right",
     REQUEST_NEXT_GROUP,
     0,
     CURVES,
     "next group; in a curve: cursor to the right",
     "group",
     HINT_PAUSED},
    {{CHAR('\r')},
     "enter",
     REQUEST_ENTER,
     0,
     ON_ALL,
     "follow that completion; look at that step; open that run",
     "open",
     HINT_LIST},
    {{CHAR('b')}, "b", REQUEST_FOLLOW_BEST, 0, TRACES & ~ON_TRACE, "follow the trace with the best advantage", NULL, 0},
    {{CHAR('a')},
     "a",
     REQUEST_FOLLOW_AHA,
     0,
     TRACES,
     "follow the first trace with an aha candidate",
     NULL,
     0},
    {{CHAR('L')}, "L", REQUEST_LOG_SCALE, 0, CURVES, "logarithmic curves, or linear ones", NULL, 0},
    {{INPUT(INPUT_UP), CHAR('k')},
     "up k",
     REQUEST_UP,
     0,
     ON_ALL,
     "up in the list or text that has the focus",
     NULL,
     0},
    {{INPUT(INPUT_DOWN), CHAR('j')}, "down j", REQUEST_DOWN, 0, ON_ALL, "down", NULL, 0},
    {{INPUT(INPUT_PAGE_UP)}, "page up", REQUEST_PAGE_UP, 0, ON_ALL, "a page up", NULL, 0},
    {{INPUT(INPUT_PAGE_DOWN)}, "page down", REQUEST_PAGE_DOWN, 0, ON_ALL, "a page down", NULL, 0},
    {{INPUT(INPUT_HOME), CHAR('g')}, "home g", REQUEST_HOME, 0, ON_ALL, "to the beginning", NULL, 0},
    {{INPUT(INPUT_END), CHAR('G')}, "end G", REQUEST_END, 0, ON_ALL, "to the end", NULL, 0},
    {{CHAR('\t')}, "tab", REQUEST_NEXT_PANE, 0, ON_ALL, "next pane; shift-tab goes back", NULL, 0},
    {{INPUT(INPUT_BACK_TAB)}, "shift-tab", REQUEST_PREVIOUS_PANE, 0, ON_ALL, "previous pane", NULL, 0},
    {{CHAR('z')}, "z", REQUEST_ZOOM, 0, ON_ALL, "zoom the pane that has the focus, or back", NULL, 0},
    {{CHAR('1')}, "1", REQUEST_SCREEN, '1', ON_ALL, "dashboard", "dashboard", HINT_LIST},
    {{CHAR('2')}, "2", REQUEST_SCREEN, '2', ON_ALL, "group", NULL, 0},
    {{CHAR('3')}, "3", REQUEST_SCREEN, '3', ON_ALL, "trace", NULL, 0},
    {{CHAR('4')}, "4", REQUEST_SCREEN, '4', ON_ALL, "experts", NULL, 0},
    {{CHAR('5')}, "5", REQUEST_SCREEN, '5', ON_ALL, "objective", NULL, 0},
    {{CHAR('6')}, "6", REQUEST_SCREEN, '6', ON_ALL, "lineage of runs", "runs", HINT_RUNNING | HINT_PAUSED | HINT_IDLE},
    {{CHAR('7')}, "7", REQUEST_SCREEN, '7', ON_ALL, "compare runs", NULL, 0},
    {{CHAR('8')}, "8", REQUEST_SCREEN, '8', ON_ALL, "evaluation", NULL, 0},
    {{CHAR('9')}, "9", REQUEST_SCREEN, '9', ON_ALL, "scenarios and settings", NULL, 0},
    {{CHAR('0')}, "0", REQUEST_SCREEN, '0', ON_ALL, "log", NULL, 0},
    {{CHAR(27)},
     "esc",
     REQUEST_BACK_OUT,
     0,
     ON_ALL,
     "closes what is open: help, zoom, cursor, an old step",
     NULL,
     0},
    {{CHAR('q')},
     "q",
     REQUEST_CLOSE,
     0,
     ON_ALL,
     "closes help or screen; from the dashboard quits",
     "quit",
     HINT_RUNNING | HINT_PAUSED | HINT_IDLE},
    {{CHAR('Q')}, "Q", REQUEST_QUIT, 0, ON_ALL, "quits; what is committed is kept", NULL, 0},
    {{CONTROL('C')}, "ctrl-c", REQUEST_INTERRUPT, 0, ON_ALL, "asks whether to quit", NULL, 0},
    {{CONTROL('L')}, "ctrl-l", REQUEST_REDRAW, 0, ON_ALL, "draws the screen anew", NULL, 0},
    {{CONTROL('Z')},
     "ctrl-z",
     REQUEST_SUSPEND,
     0,
     ON_ALL,
     "suspends the program; `fg` brings it back",
     NULL,
     0},
};

const struct key_row *keymap_row(int i)
{
    return i >= 0 && (size_t)i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

const struct key_row *keymap_find(const struct key_event *k, enum screen_id screen)
{
    size_t i;
    int n;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!(rows[i].screens >> screen & 1))
            continue;
        for (n = 0; n < KEY_INPUTS; n++) {
            if (rows[i].on[n].input == INPUT_CHAR && !rows[i].on[n].code)
                break;
            if (rows[i].on[n].input == k->key && (k->key != INPUT_CHAR || rows[i].on[n].code == k->code))
                return &rows[i];
        }
    }
    return NULL;
}
