#ifndef GRPOLAB_RUN_PIPELINE_H
#define GRPOLAB_RUN_PIPELINE_H

#include "engine/base/status.h"

/* Pipeline-parallel schedules (V3 section 3.2.1, table 2): what the published formulas say of them, and the
 * schedule itself, played on a clock. Times are in any one unit; sending takes none. */
enum pipeline_kind { PIPELINE_1F1B, PIPELINE_ZB1P, PIPELINE_DUALPIPE };
#define PIPELINE_CHOICES "1f1b zb1p dualpipe"

enum { PIPELINE_RANKS_MAX = 1024, PIPELINE_MICRO_MAX = 65536, PIPELINE_CELLS_MAX = 1 << 20 };

struct pipeline {
    enum pipeline_kind kind;
    int ranks;              /* PP */
    int micro_batches;
    double f, b, w;         /* of one stage and micro-batch: forward, the whole backward, its weight part */
    double fb;              /* a forward and a whole backward that overlap (DualPipe) */
};

/* What is known of a schedule: bubble, the time in which a rank does nothing; makespan, from the first
 * start to the last end; activations, micro-batches whose activations a rank holds at most; parameters,
 * copies of a stage that a rank holds. */
struct pipeline_figures {
    double bubble, makespan, activations, parameters;
};

/* INPUT is the backward without its weight part, WEIGHT that part; BACKWARD is both. PAIR: a forward of
 * micro_batch overlapped with a whole backward of other_batch, which flows the other way. */
enum pipeline_work { PIPELINE_FORWARD, PIPELINE_BACKWARD, PIPELINE_INPUT, PIPELINE_WEIGHT, PIPELINE_PAIR };

/* One piece of work. way: 0: the micro-batch enters at rank 0, 1: at the last rank (DualPipe).
 * Micro-batches are counted by way. */
struct pipeline_interval {
    int rank, micro_batch, other_batch;
    unsigned char work, way;
    double begin, end;
};

/* The pieces by rank: those of rank r are interval[first[r]] .. interval[first[r+1]-1], in order of time. */
struct pipeline_timeline {
    struct pipeline_interval *interval;
    int *first;             /* [ranks + 1] */
    int ranks, n;
    double least_bubble;    /* of the rank that is idle least; figures has the one that is idle most */
    struct pipeline_figures figures;
};

/* pipeline_check: sizes and times that make no schedule. Errors: ST_USAGE, and the message begins with the
 * name of the key that is wrong ("pp", "micro_batches", "f", "b", "w", "fb") in quotes. DualPipe needs an
 * even pp and micro_batches >= 2 pp.  Threads: pure. */
enum status pipeline_check(const struct pipeline *p, struct err *e);

/* pipeline_formula: V3 table 2. p must have passed pipeline_check.
 *   1F1B     bubble (PP-1)(F+B)             activations PP     parameters 1
 *   ZB1P     bubble (PP-1)(F+B-2W)          activations PP     parameters 1
 *   DualPipe bubble (PP/2-1)(F&B+B-3W)      activations PP+1   parameters 2
 * The makespan, which the table does not have, is the work of a rank, M (F+B) for M micro-batches, and the
 * bubble. For DualPipe it also counts what overlapping saves on the rank that overlaps most, one beside the
 * middle with M - PP - 1 pairs: each takes F&B and not F+B. The formulas are exact where F = B-W = W and
 * F&B = F+B, and 1F1B's for all times when M >= PP; elsewhere ranks wait for each other, and the schedule
 * that is played says how long.
 * Threads: pure. */
struct pipeline_figures pipeline_formula(const struct pipeline *p);

/* pipeline_simulate: plays the schedule. Each rank has a fixed order of work and begins a piece as soon as it
 * is free and its input is there: the forward of the stage before, the backward (input part) of the stage
 * after.
 *   1F1B      rank i: PP-i forwards, then backward and forward in turns.
 *   ZB1P      the same; the backward is cut in two, and rank i holds its weight parts back by i micro-batches
 *             (ZB-H1 of Qi et al. 2023): they fill the bubble at the end without holding more activations.
 *   DualPipe  both ends feed half of the micro-batches; a rank holds two stages, mirrored, and pairs the
 *             forwards of one way with the backwards of the other (V3 fig. 5, DeepSeek's published order).
 * Activations are held from the begin of a micro-batch's forward to the end of its weight part. p must have
 * passed pipeline_check. Errors: ST_NOMEM; ST_USAGE: DualPipe with an odd number of micro-batches, which
 * its ends cannot halve. Memory: out is the caller's to release, also after an error. Threads: pure. */
enum status pipeline_simulate(const struct pipeline *p, struct pipeline_timeline *out, struct err *e);
void pipeline_timeline_release(struct pipeline_timeline *t);

#endif
