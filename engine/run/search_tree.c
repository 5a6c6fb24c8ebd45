/* The tree of a search: selection by PUCT, backup, progressive widening. It knows nothing of models: tokens,
 * their probability and values are handed in.
 *
 * Invariants: a parent stands before its children in `node`; two children of a node never have the same
 * tokens; the visits of a node are its own first one, those of its revisits and those of its children
 * together. */
#include "engine/run/search_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status search_tree_init(struct search_tree *t, int cap, struct err *e)
{
    *t = (struct search_tree){.cap = cap};
    t->node = malloc(((size_t)cap + 1) * sizeof *t->node);
    t->token = malloc(((size_t)cap + 1) * sizeof *t->token);
    if (!t->node || !t->token) {
        search_tree_release(t);
        return err_set(e, ST_NOMEM, "search", "no memory for a tree of %d tokens", cap);
    }
    search_tree_clear(t);
    return ST_OK;
}

void search_tree_release(struct search_tree *t)
{
    free(t->node);
    free(t->token);
    *t = (struct search_tree){0};
}

void search_tree_clear(struct search_tree *t)
{
    t->node[0] = (struct search_node){.parent = -1, .child = -1, .next = -1};
    t->nodes_n = 1;
    t->tokens_n = 0;
}

double search_tree_score(const struct search_tree *t, int node, double explore)
{
    const struct search_node *x = &t->node[node], *parent = &t->node[x->parent];
    double prior = exp(x->logp - parent->likeliest) / parent->mass;
    return (x->visits ? x->sum / x->visits : 0) +
           explore * prior * sqrt((double)parent->visits) / (1 + x->visits);
}

int search_tree_select(const struct search_tree *t, int branches, double explore)
{
    int at = 0;
    while (!t->node[at].ended) {
        const struct search_node *x = &t->node[at];
        int best = x->child;
        double most;
        if (!x->batches || x->visits >= branches * (x->batches + 1) * (x->batches + 1))
            return at;
        most = search_tree_score(t, best, explore);
        /* From the newest to the oldest child: an equal score moves the choice on. */
        for (int i = t->node[best].next; i >= 0; i = t->node[i].next) {
            double score = search_tree_score(t, i, explore);
            if (score >= most) {
                most = score;
                best = i;
            }
        }
        at = best;
    }
    return at;
}

/* A child of that probability joins the others. */
static void weigh(struct search_node *parent, double logp)
{
    if (parent->child < 0 || logp > parent->likeliest) {
        parent->mass = parent->child < 0 ? 0 : parent->mass * exp(parent->likeliest - logp);
        parent->likeliest = logp;
    }
    parent->mass += exp(logp - parent->likeliest);
}

int search_tree_add(struct search_tree *t, int parent, const uint16_t *token, int n, double logp, int ended,
                    double value)
{
    int node;
    for (node = t->node[parent].child; node >= 0; node = t->node[node].next) {
        const struct search_node *x = &t->node[node];
        if (x->n == n && memcmp(t->token + x->begin, token, (size_t)n * sizeof *token) == 0)
            break;
    }
    if (node < 0) {
        node = t->nodes_n++;
        memcpy(t->token + t->tokens_n, token, (size_t)n * sizeof *token);
        t->node[node] = (struct search_node){.parent = parent, .child = -1, .next = t->node[parent].child,
                                             .begin = t->tokens_n, .n = n, .depth = t->node[parent].depth + n,
                                             .ended = ended, .value = value, .logp = logp};
        weigh(&t->node[parent], logp);
        t->node[parent].child = node;
        t->tokens_n += n;
    }
    search_tree_back(t, node, value);
    return node;
}

void search_tree_widened(struct search_tree *t, int node, int has_new)
{
    struct search_node *x = &t->node[node];
    x->batches = has_new || !x->batches ? x->batches + 1 : x->batches < 1 << 12 ? 2 * x->batches : x->batches;
}

void search_tree_back(struct search_tree *t, int node, double value)
{
    for (int i = node; i >= 0; i = t->node[i].parent) {
        t->node[i].visits++;
        t->node[i].sum += value;
    }
}

int search_tree_path(const struct search_tree *t, int node, uint16_t *out)
{
    for (int i = node; i > 0; i = t->node[i].parent) {
        const struct search_node *x = &t->node[i];
        memcpy(out + x->depth - x->n, t->token + x->begin, (size_t)x->n * sizeof *out);
    }
    return t->node[node].depth;
}
