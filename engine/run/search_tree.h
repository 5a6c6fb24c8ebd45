#ifndef GRPOLAB_RUN_SEARCH_TREE_H
#define GRPOLAB_RUN_SEARCH_TREE_H

#include <stdint.h>

#include "engine/base/status.h"

/* A tree of segments: a node is a trace up to the end of its segment, the root the empty trace. */
struct search_node {
    int parent, child, next;   /* nodes; child: the newest one; next: the sibling before; -1: none */
    int begin, n;              /* its segment in the tree's tokens */
    int depth;                 /* tokens of the trace up to its end */
    int ended;                 /* nothing comes after it */
    int batches;               /* times that segments were sampled below it, as search_tree_widened counts */
    int visits;                /* values that were backed up through it */
    double sum;                /* of those values */
    double value;              /* what it was held to be worth when it was made */
    double logp;               /* of its segment after its parent, nats */
    double likeliest, mass;    /* most of its children's logp; sum over them of exp(logp - likeliest) */
};

struct search_tree {
    int cap, nodes_n, tokens_n;
    struct search_node *node;  /* [cap + 1], the root first */
    uint16_t *token;           /* [cap] */
};

/* search_tree_init: for segments of together at most cap tokens. Errors: ST_NOMEM. */
enum status search_tree_init(struct search_tree *t, int cap, struct err *e);
void search_tree_release(struct search_tree *t);
/* search_tree_clear: the root alone. */
void search_tree_clear(struct search_tree *t);

/* search_tree_score: what a child is chosen by (PUCT: Rosin 2011; Silver et al. 2017),
 *   Q + explore P sqrt(N_parent) / (1 + N),  Q = sum / N (0 before its first visit),
 *   P = exp(logp) over the sum of its siblings', itself included
 * Values are in units of the reward. Pure. */
double search_tree_score(const struct search_tree *t, int node, double explore);

/* search_tree_select: from the root to the child of the best score (of equal ones the oldest), until a node
 * that has ended or is due for segments: it has none yet, or was visited branches (batches + 1)^2 times, so
 * that a good node is widened (progressive widening) and a search does not run dry where the policy repeats
 * itself. */
int search_tree_select(const struct search_tree *t, int branches, double explore);

/* search_tree_add: a sampled segment below `parent`, worth `value`; the value is backed up. A segment that is
 * there already counts as a visit of that node. Returns the node. The caller keeps to cap. */
int search_tree_add(struct search_tree *t, int parent, const uint16_t *token, int n, double logp, int ended,
                    double value);
/* search_tree_widened: a batch of segments was sampled below a node: counted, or, where none of them was new
 * (has_new 0), the count doubled: what the policy only repeats is asked again much later. */
void search_tree_widened(struct search_tree *t, int node, int has_new);
/* search_tree_back: one more visit of every node from `node` to the root, with that value. */
void search_tree_back(struct search_tree *t, int node, double value);

/* search_tree_path: the trace up to the end of a node, out [depth]; returns the depth. */
int search_tree_path(const struct search_tree *t, int node, uint16_t *out);

#endif
