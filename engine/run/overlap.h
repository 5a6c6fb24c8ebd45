#ifndef GRPOLAB_RUN_OVERLAP_H
#define GRPOLAB_RUN_OVERLAP_H

#include "engine/base/status.h"

/* One forward and one backward of a transformer block, overlapped as DualPipe does it (V3 fig. 4): the
 * processor and the network are two lanes, and what one micro-batch sends is hidden behind what the other
 * computes. Times are in any one unit. */

/* What is computed, then what is sent. SEND is the pipeline's own communication. */
enum overlap_part {
    OVERLAP_ATTENTION, OVERLAP_MLP,
    OVERLAP_DISPATCH, OVERLAP_COMBINE, OVERLAP_SEND
};
/* Of what: the forward, the backward for the input, the backward for the weights. */
enum overlap_of { OVERLAP_F, OVERLAP_B, OVERLAP_W };
enum { OVERLAP_COMPUTE, OVERLAP_COMMUNICATION };
enum { OVERLAP_PIECES = 11 };

struct overlap {
    double f, b, w;           /* of the block: forward, the whole backward, its weight part; only computing */
    double attention;         /* share of it that is attention, 0..1; the rest is the MLP (experts) */
    double dispatch, combine; /* all-to-all, each once forward and once backward */
    double send;
    int all_to_all;           /* 0: no expert is elsewhere; dispatch and combine take no time */
};

struct overlap_piece {
    enum overlap_part part;
    enum overlap_of of;
    int lane;
    double begin, end;
};

/* compute and communication: sums of the lanes; length: from the first begin to the last end; exposed: what
 * of the length no computing covers. */
struct overlap_timeline {
    struct overlap_piece piece[OVERLAP_PIECES];
    double compute, communication, length, exposed;
};

/* overlap_check: Errors: ST_USAGE, the message begins with the wrong key in quotes.  Threads: pure. */
enum status overlap_check(const struct overlap *x, struct err *e);

/* overlap_play: the eleven pieces on a clock; x must have passed overlap_check.
 * is_overlapped 0: one after the other, first the forward, then the backward.
 * Else in the order of V3 fig. 4, each piece as soon as its lane is free and its input is there:
 *   computing      MLP B, MLP W, MLP F, attention B, attention W, attention F
 *   communication  dispatch F, dispatch B, combine F, send, combine B
 * The blocks' boundaries are not aligned, so the pair begins with what the pair before has left (attention F,
 * combine B), and its own attention F and combine B are for the next.  Threads: pure. */
void overlap_play(const struct overlap *x, int is_overlapped, struct overlap_timeline *out);

#endif
