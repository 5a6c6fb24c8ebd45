/* The lineage as lines: lists of children by index, then a walk with a stack of bounded depth.
 * What lies deeper than TREE_DEPTH is drawn at that depth. Bits of `open` at a line's own depth and below it
 * are left over from others and mean nothing: each is set anew on the way down. */
#include "views/tree.h"

struct links {
    int child[TREE_MAX], next[TREE_MAX];  /* first child, next sibling; -1 none */
};

static int find_id(const struct record_run *run, int n, int64_t id)
{
    int low = 0, high = n;

    while (low < high) {
        int middle = (low + high) / 2;
        if (run[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && run[low].id == id ? low : -1;
}

/* From the last to the first, each put in front of its siblings: so they come out ascending. */
static int link_runs(const struct record_run *run, int n, struct links *l)
{
    int i, roots = -1;

    for (i = 0; i < n; i++)
        l->child[i] = l->next[i] = -1;
    for (i = n - 1; i >= 0; i--) {
        int parent = run[i].parent > 0 && run[i].parent < run[i].id ? find_id(run, n, run[i].parent) : -1;
        int *head = parent >= 0 ? &l->child[parent] : &roots;
        l->next[i] = *head;
        *head = i;
    }
    return roots;
}

int tree_order(const struct record_run *run, int n, struct tree_line *line)
{
    struct links l;
    int stack[TREE_MAX], depth = 0, at, out = 0, base = n > TREE_MAX ? n - TREE_MAX : 0;
    uint32_t open = 0;

    run += base;
    n -= base;
    at = link_runs(run, n, &l);
    while (at >= 0) {
        int shown = depth < TREE_DEPTH ? depth : TREE_DEPTH;
        line[out++] = (struct tree_line){base + at, shown, l.next[at] < 0, open};
        if (l.child[at] >= 0) {
            if (shown < TREE_DEPTH)
                open = l.next[at] >= 0 ? open | 1u << shown : open & ~(1u << shown);
            stack[depth++] = at;
            at = l.child[at];
            continue;
        }
        at = l.next[at];
        while (at < 0 && depth > 0)
            at = l.next[stack[--depth]];
    }
    return out;
}

int tree_find(const struct record_run *run, const struct tree_line *line, int n, int64_t id)
{
    int i;

    for (i = 0; i < n; i++)
        if (run[line[i].run].id == id)
            return i;
    return -1;
}
