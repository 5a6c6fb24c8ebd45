#ifndef GRPOLAB_VIEWS_SCHEDULE_STATE_H
#define GRPOLAB_VIEWS_SCHEDULE_STATE_H

/* What the schedule screen shows: three pipeline schedules on one clock, what the published formulas say of
 * them, and one overlapped pair of a forward and a backward. Plain numbers; times are in one unit. */

enum { SCHEDULE_KINDS = 3, SCHEDULE_PARTS = 11, SCHEDULE_WHY = 480 };

/* I is the backward without its weight part; PAIR a forward with a whole backward of the other way. */
enum schedule_work { SCHEDULE_FORWARD, SCHEDULE_BACKWARD, SCHEDULE_INPUT, SCHEDULE_WEIGHT, SCHEDULE_PAIR };

struct schedule_piece {
    double begin, end;
    int micro, other;        /* other: the backward's micro-batch of a pair */
    unsigned char work, way; /* way 1: it entered at the last device */
};

struct schedule_figures {
    double bubble, makespan, activations, parameters;
};

struct schedule_kind {
    const char *name;    /* "DualPipe" */
    const char *formula; /* of the bubble, in letters */
    int is_played, devices, n;
    struct schedule_piece *piece; /* by device: those of d are piece[first[d]] .. piece[first[d + 1] - 1] */
    int *first;                   /* [devices + 1] */
    struct schedule_figures published, played;
    double least_bubble;    /* of the device that is idle least; played has the one idle most */
    int agrees;             /* formula and schedule are the same in all four */
    char why[SCHEDULE_WHY]; /* that they agree, or why not; where it is not played, why not */
};

/* A piece of a pair. of: 0 forward, 1 backward for the input, 2 for the weights; lane 0 computes. */
struct schedule_part {
    const char *name, *brief; /* "attention", "attn" */
    int of, lane;
    double begin, end;
};

struct schedule_pair {
    struct schedule_part part[SCHEDULE_PARTS];
    double compute, communication, length, exposed;
};

struct schedule_state {
    int devices, micro;
    double f, b, w, fb;
    struct schedule_kind kind[SCHEDULE_KINDS];
    int chosen;
    double end; /* of the longest schedule */

    double at; /* the cursor in time: what begins later has not happened yet */
    int is_playing;
    int zoom; /* each one doubles the columns of a unit; 0: as wide as the pane allows */
    int top;  /* first device that is shown */

    double attention, dispatch, combine, send;
    int all_to_all;
    struct schedule_pair apart, overlapped;
    double other_apart, other_overlapped; /* lengths with all-to-all the other way */
};

/* How it stands at a time. idle: device-time that went unused until then, in which no device's own begin is
 * left out; held: most activations on one device, and which one. */
struct schedule_moment {
    int busy, held, held_by;
    double idle;
};

/* schedule_moment: of a kind that was played. Pure. */
struct schedule_moment schedule_moment(const struct schedule_kind *k, double at);

/* schedule_doing: what a device does at a time, NULL: nothing. */
const struct schedule_piece *schedule_doing(const struct schedule_kind *k, int device, double at);

/* schedule_event: the time nearest after (by 1) or before (by -1) `at` at which a piece of a kind that was
 * played begins or ends; `at` where there is none. */
double schedule_event(const struct schedule_state *s, double at, int by);

#endif
