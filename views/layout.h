#ifndef GRPOLAB_VIEWS_LAYOUT_H
#define GRPOLAB_VIEWS_LAYOUT_H

#include "views/canvas.h"

/* Where everything stands: a pure function of size and screen. */

enum pane_id {
    PANE_NONE, PANE_HEADER, PANE_STATUS, PANE_TOO_SMALL,
    PANE_REWARD, PANE_LENGTH, PANE_KL, PANE_ENTROPY, PANE_EXPERTS, PANE_GROUP, PANE_TRACE,
    PANE_STAGES, PANE_LOSS, PANE_PAIRS, PANE_GRADIENT,
    PANE_RUNS, PANE_RUN, PANE_LOG,
    PANE_CLIP, PANE_FLAT, PANE_SPEED,        /* dashboard, where there is room */
    PANE_COMPLETIONS, PANE_COMPLETION, PANE_WHAT_IF,                         /* group */
    PANE_TEXT, PANE_TOKEN, PANE_VALUE,                                       /* trace */
    PANE_LOAD, PANE_MAX_VIO, PANE_BIAS, PANE_SERVED,                         /* experts */
    PANE_OBJECTIVE, PANE_TERMS,                                              /* objective */
    PANE_COMPARE, PANE_DIFFERENCE, PANE_BOTH,                                /* compare */
    PANE_EVALUATIONS, PANE_DIFFICULTY, PANE_PROBLEMS, PANE_COMPUTE,          /* evaluation */
    PANE_SCENARIOS, PANE_FORM,                                               /* scenarios */
    PANE_RECIPE, PANE_CHANGE, PANE_STAGE,                                    /* recipe */
    PANE_TEXTS, PANE_EXAMPLE,                                                /* texts */
    PANE_SCHEDULE, PANE_FIGURES, PANE_OVERLAP,                               /* schedule */
    PANE_ATTENTION,                                                          /* trace */
    PANE_FP8, PANE_FP8_BYTES,                                                /* fp8 */
    PANE_ORACLE, PANE_ORACLE_KL,                                             /* oracle */
    PANE_LESSON,
    PANE_N
};

enum screen_id {
    SCREEN_DASHBOARD,   /* of GRPO */
    SCREEN_LEARNING,    /* the same, while a stage learns from texts and samples nothing */
    SCREEN_GROUP,
    SCREEN_WHAT_IF,     /* the same, while something is tried out on a copy of it */
    SCREEN_TRACE, SCREEN_EXPERTS, SCREEN_OBJECTIVE, SCREEN_RUNS, SCREEN_COMPARE,
    SCREEN_EVALUATION, SCREEN_SCENARIOS, SCREEN_LOG,
    SCREEN_RECIPE, SCREEN_TEXTS, SCREEN_SCHEDULE, SCREEN_FP8, SCREEN_ORACLE,
    SCREEN_N,
    SCREEN_COMPUTE = SCREEN_N, /* a layout only: the evaluation screen with test-time compute */
    SCREEN_LAYOUTS
};

/* A node of a composition, in preorder: a pane, or rows or columns followed by `children` nodes.
 * min, grow, most are along the direction of the node's parent: every node gets min cells, what is left is
 * shared by grow, up to most (0: no limit). */
enum node_kind { NODE_PANE, NODE_ROWS, NODE_COLUMNS };
struct node {
    enum node_kind kind;
    enum pane_id pane;
    int children, min, grow, most;
};

/* The first composition that the size allows is used; the last one fits the minimum size. After it a
 * row whose node is NULL. */
struct composition {
    int min_w, min_h;
    const struct node *node;
};

struct screen {
    const char *name, *what;  /* one word; one line for help */
    char key;                 /* the digit that chooses it, 0: chosen by the program */
    const struct composition *composition;
};

enum { LAYOUT_MAX = 24, LAYOUT_MIN_W = 40, LAYOUT_MIN_H = 10 };

struct layout {
    int n;
    struct place {
        enum pane_id pane;
        struct rect rect;
    } place[LAYOUT_MAX];
};

const struct screen *screen_row(enum screen_id s);
/* screen_find: by its key; SCREEN_N when no screen has it. */
enum screen_id screen_find(char key);

/* layout_make: rectangles for a screen of w by h cells: no overlap, inside bounds, none empty. zoom:
 * PANE_NONE, or the pane that alone stands between header and status. Below the minimum size PANE_TOO_SMALL
 * has everything. Pure. */
void layout_make(struct layout *l, enum screen_id screen, int w, int h, enum pane_id zoom);

/* layout_strip: the same with a further pane in a strip of `rows` rows above the status
 * line; on a screen that is too small for both, the largest pane (or zoom) alone
 * stays above the strip. Pure. */
void layout_strip(struct layout *l, enum screen_id screen, int w, int h, enum pane_id zoom,
                  enum pane_id strip, int rows);

/* layout_halve: the right half of a pane that stands there is another one's, where both have 30 columns. */
void layout_halve(struct layout *l, enum pane_id pane, enum pane_id right);

/* layout_find: the place of a pane, or NULL. layout_hit: the pane under a cell, or PANE_NONE. */
const struct rect *layout_find(const struct layout *l, enum pane_id pane);
enum pane_id layout_hit(const struct layout *l, int row, int col);
/* layout_next: the pane that Tab goes to; step 1 or -1. Header and status take no focus. */
enum pane_id layout_next(const struct layout *l, enum pane_id focus, int step);

/* layout_overlay: a rectangle in the middle, as large as wanted where that fits; else as wide as the screen.
 * Pure. */
struct rect layout_overlay(int w, int h, int want_w, int want_h);

#endif
