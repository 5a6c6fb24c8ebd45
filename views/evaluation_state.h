#ifndef GRPOLAB_VIEWS_EVALUATION_STATE_H
#define GRPOLAB_VIEWS_EVALUATION_STATE_H

#include <stdint.h>

#include "engine/run/facts.h"
#include "engine/run/record.h"
#include "views/list.h"

/* What the evaluation screen shows and how it is looked at, beyond what every screen has.
 * The application fills it from the evaluations on record; the panes draw from it alone. */

enum { EVALUATIONS_KEPT = 512, PROBLEMS_KEPT = 4096, BUCKETS_KEPT = 8, BUCKET_BYTES = 16, PROBLEM_TEXT = 48 };
enum { NOT_SAMPLED = 255 };              /* in place of a count of right answers */

enum problem_sort { BY_CHANGE, BY_DIFFICULTY, BY_RIGHT, BY_NUMBER, BY_N };
enum problem_filter { SHOW_ALL, SHOW_SOLVED_NOW, SHOW_LOST_NOW, SHOW_NEVER_SOLVED, SHOW_N };

/* A held-out problem. It is solved in an evaluation when at least one of the k samples is right (pass@k). */
struct held_problem {
    char text[PROBLEM_TEXT];             /* "11 8 7 -> 26" */
    int bucket;                          /* of difficulty, -1: the task has no
                                          * scale, or it is not known yet */
    int now, before;                     /* right answers in the evaluation in view and
                                          * in the one before; -1: none */
    int solved_ever;                     /* in any evaluation up to the one in view */
};

struct evaluation_state {
    int64_t run, head;                   /* what was read; run 0: nothing */
    char note[96];                       /* when there is nothing: when there will be; "" */
    char scale[24];                      /* what buckets of difficulty count: "solutions"; "": no scale */

    /* The evaluations, ascending: T 1 as the settings have it; R1's T 0.6 where it was
     * measured, else NaN. The first one may be the end of the stage before: then its step
     * stands for the run's start. */
    int n;
    int has_start;                       /* evaluation 0 is of the stage before */
    char start[NAME_BYTES];              /* the run that it is of */
    double *step, *pass_1, *pass_k, *maj_k, *length;   /* [n] */
    double *r1_pass_1, *r1_maj_k;        /* [n] */
    int *k, *sampled;                    /* [n] samples a problem; problems */
    uint8_t *right;                      /* [n, problems_n] of k; NOT_SAMPLED */

    /* By difficulty, over the problems of each evaluation. */
    int buckets_n;                       /* buckets 0 .. buckets_n-1; some may be empty */
    char bucket[BUCKETS_KEPT][BUCKET_BYTES];
    int bucket_problems[BUCKETS_KEPT];   /* in the evaluation in view */
    double *bucket_pass_1, *bucket_pass_k;   /* [BUCKETS_KEPT, EVALUATIONS_KEPT], NaN: no problem of it */

    /* Test-time compute, where it was asked for; NULL: no pane of it. done 0: nothing is known yet. */
    const struct compute_facts *compute;
    const char *computing;               /* what is being done for it, NULL: nothing */
    double computing_part;               /* 0..1 */

    int problems_n, weighed_n;           /* weighed_n: those whose difficulty is known */
    struct held_problem *problem;        /* [problems_n] in the order in which they are held out */

    /* How it is looked at. */
    int at, before;                      /* the evaluation in view, the one it is compared with; -1: none */
    enum problem_sort sort;
    enum problem_filter filter;
    int *order;                          /* [problems_n] */
    struct list list;                    /* of order */
};

const char *problem_sort_name(enum problem_sort s);
const char *problem_filter_name(enum problem_filter f);

/* evaluation_look: brings `now`, `before`, solved_ever and the buckets' counts to
 * the evaluation `at` and the one before it (-1: none was made). evaluation_order: fills order with the
 * problems that pass the filter, sorted, and the list's length; the selected problem stays selected where it
 * is still there. evaluation_buckets: fills the buckets' rates from the problems'
 * difficulties. Pure but for *e. */
void evaluation_look(struct evaluation_state *e, int at);
void evaluation_order(struct evaluation_state *e);
void evaluation_buckets(struct evaluation_state *e);

/* problem_change: right answers gained or lost, as a share of k; 0 where there is nothing to compare. */
double problem_change(const struct evaluation_state *e, const struct held_problem *p);
/* evaluation_count: problems of a filter's kind. */
int evaluation_count(const struct evaluation_state *e, enum problem_filter f);

#endif
