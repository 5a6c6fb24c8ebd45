/* Gridworld's verifier and its reading of a trace.
 *
 * Checks, the first that fails gives `at` and `why`: the think/answer form; the answer is a list of moves;
 * walked from the start, none falls into the pit, none comes after the goal, the last one reaches it; none
 * was wasted. A path that reaches the goal has
 *   accuracy = return / best return,   return = sum_t gamma^t r_t
 * and 0 where that is negative; the best return is V* of the start without slipping, that of a shortest
 * path. So a detour or a bump costs a part, and only shortest paths count in pass@1. */
#include <math.h>
#include <string.h>

#include "scenarios/gridworld.h"
#include "scenarios/words.h"

static int read_move(const struct words_one *x)
{
    for (int m = 0; m < GRIDWORLD_MOVES_N; m++)
        if (words_is(x, gridworld_move_name(m)))
            return m;
    return -1;
}

static int read_cell(const struct words_one *x)
{
    for (int i = 0; i < GRIDWORLD_CELLS; i++)
        if (words_is(x, gridworld_cell_name(i)))
            return i;
    return -1;
}

/* Why a move that stays where it is does: a wall, or the edge. */
static const char *blocked_by(const struct gridworld_grid *g, int cell, int move)
{
    struct gridworld_grid open = {.goal = g->goal, .pit = g->pit};
    return gridworld_next(&open, cell, (enum gridworld_move)move) == cell ? "edge" : "wall";
}

struct walk {
    struct gridworld_grid grid;
    int distance[GRIDWORLD_CELLS];
    int cell, n;         /* where it stands; moves so far */
    double sum, weight;  /* return so far; gamma^n */
    int wasted;          /* a move was; *out says which */
};

/* One move; 0 where it ends the walk in failure. */
static int walk(struct walk *w, int move, int at, struct score *out)
{
    const char *name = gridworld_move_name(move);
    int next = gridworld_next(&w->grid, w->cell, (enum gridworld_move)move), from = w->cell;
    w->n++;
    if (from == w->grid.goal)
        return form_fail(out, at, "move %d (%s) comes after the goal", w->n, name);
    w->sum += w->weight * gridworld_reward(&w->grid, next);
    w->weight *= w->grid.gamma;
    w->cell = next;
    if (next == w->grid.pit)
        return form_fail(out, at, "move %d (%s) falls into the pit at %s", w->n, name,
                         gridworld_cell_name(next));
    if (w->wasted || (next != from && w->distance[next] < w->distance[from]))
        return 1;
    w->wasted = 1;
    if (next == from)
        form_fail(out, at, "move %d (%s) runs into the %s at %s", w->n, name,
                  blocked_by(&w->grid, from, move), gridworld_cell_name(from));
    else
        form_fail(out, at, "move %d (%s) is a detour: %s is no nearer to the goal", w->n, name,
                  gridworld_cell_name(next));
    return 1;
}

/* The walk of an answer; 0 where it fails. */
static int walk_all(struct walk *w, const struct form_span *answer, struct score *out)
{
    static const char letter[] = "URDL";
    struct words all = words_over(answer->text, (size_t)answer->begin, (size_t)answer->end);
    struct words_one x;
    char path[ANSWER_BYTES] = "";
    while (words_next(&all, &x)) {
        int move = read_move(&x);
        if (move < 0)
            return form_fail(out, x.begin, "move %d is none of up, right, down, left", w->n + 1);
        if (!walk(w, move, x.begin, out))
            return 0;
        if (w->n < ANSWER_BYTES)
            path[w->n - 1] = letter[move];
    }
    if (w->n == 0)
        return form_fail(out, answer->begin, "the answer has no move");
    if (w->n < ANSWER_BYTES)
        memcpy(out->answer, path, (size_t)w->n + 1);
    if (w->cell != w->grid.goal)
        return form_fail(out, answer->end, "stops at %s after %d move%s, the goal is %s",
                         gridworld_cell_name(w->cell), w->n, w->n == 1 ? "" : "s",
                         gridworld_cell_name(w->grid.goal));
    return 1;
}

/* The return of n moves of which the last reaches the goal. */
static double best_return(const struct gridworld_grid *g, int n)
{
    double sum = 0, weight = 1;
    for (int i = 1; i <= n; i++, weight *= g->gamma)
        sum += weight * ((i == n) - g->step_cost);
    return sum;
}

void gridworld_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out)
{
    static const struct gridworld_config plain = {.step_cost = 0.04, .gamma = 0.95};
    struct walk w = {.cell = p->value[GRIDWORLD_START], .weight = 1};
    struct form_span answer;
    double best;
    if (!form_check(completion, n, &answer, out))
        return;
    w.grid = gridworld_grid(self ? &((const struct gridworld *)self)->set : &plain, p);
    gridworld_distance(&w.grid, w.distance);
    if (!walk_all(&w, &answer, out))
        return;
    best = best_return(&w.grid, w.distance[p->value[GRIDWORLD_START]]);
    if (!w.wasted)
        out->accuracy = 1;
    else if (best > 0 && w.sum > 0)
        out->accuracy = fmin(w.sum / best, 0.999);
}

int gridworld_first_move(const char *completion, size_t n)
{
    struct form_span answer;
    struct words_one x;
    struct score s;
    struct words all;
    if (!form_check(completion, n, &answer, &s))
        return -1;
    all = words_over(answer.text, (size_t)answer.begin, (size_t)answer.end);
    return words_next(&all, &x) ? read_move(&x) : -1;
}

/* What an analysis knows on its way through the thoughts. */
struct reader {
    struct gridworld_grid grid;
    int cell, before; /* where the trace says that it stands, and stood before the last move; -1: nowhere */
    int move, move_at;   /* the move that waits for its cell, -1: none; its byte */
    int open_at, open_end, open_ok;   /* a move whose cell was told, an obstacle may follow; -1: none */
    int stopped;         /* the last move was found to lead nowhere, and that is so */
    int wait_begin, wait_end, reached;
};

/* The move that was told is over: free cells need no word of their own. */
static void settle(struct reader *r, struct marks *out)
{
    int walked_in = r->cell >= 0 && (r->cell == r->grid.pit || (r->grid.walls >> r->cell & 1));
    if (r->open_at >= 0)
        words_mark_span(out, MARK_EQUATION, r->open_at, r->open_end, r->open_ok && !walked_in);
    r->open_at = -1;
}

static int leads_to(const struct reader *r)
{
    struct gridworld_grid open = {.goal = r->grid.goal, .pit = r->grid.pit};
    return r->cell < 0 ? -1 : gridworld_next(&open, r->cell, (enum gridworld_move)r->move);
}

/* A cell: where the trace begins, or where the last move leads. */
static void arrive(struct reader *r, int cell, const struct words_one *x)
{
    if (r->move >= 0) {
        r->open_ok = leads_to(r) == cell && cell != r->cell;
        r->open_at = r->move_at;
        r->open_end = x->end;
    }
    r->before = r->cell;
    r->cell = cell;
    r->move = -1;
    r->stopped = 0;
    r->reached |= cell == r->grid.goal;
}

/* wall or pit of the cell that was just told, or edge of a move without one; the trace is back where it
 * was. */
static void stop(struct reader *r, const struct words_one *x, struct marks *out)
{
    int ok, begin;
    if (words_is(x, "edge") && r->move >= 0) {
        ok = r->cell >= 0 && leads_to(r) == r->cell;
        begin = r->move_at;
    } else if (!words_is(x, "edge") && r->open_at >= 0) {
        ok = r->open_ok && (words_is(x, "pit") ? r->cell == r->grid.pit : r->grid.walls >> r->cell & 1);
        begin = r->open_at;
        r->cell = r->before;
    } else {
        return;
    }
    words_mark_span(out, MARK_EQUATION, begin, x->end, ok);
    r->stopped = ok;
    r->move = r->open_at = -1;
}

static void judge(struct reader *r, const struct words_one *x, struct marks *out)
{
    int yes = words_is(x, "yes"), is_so = r->cell == r->grid.goal && !r->stopped;
    words_mark(out, MARK_VERIFICATION, x, yes == is_so);
    out->false_yes += yes && !is_so;
    out->attempts++;
}

static void turn(struct reader *r, const struct words_one *x, struct marks *out)
{
    words_mark(out, MARK_REFLECTION, x, 1);
    out->waits++;
    if (r->stopped)
        words_mark(out, MARK_BACKTRACK, x, 1);
    if (!r->reached) {
        r->wait_begin = x->begin;
        r->wait_end = x->end;
    }
}

static void word(struct reader *r, const struct words_one *x, struct marks *out)
{
    static const char *const obstacle[] = {"wall", "edge", "pit"};
    int move = read_move(x), cell = read_cell(x);
    if (words_find(x, obstacle, 3) >= 0) {
        stop(r, x, out);
        return;
    }
    settle(r, out);
    if (words_is(x, "yes") || words_is(x, "no")) {
        judge(r, x, out);
    } else if (words_is(x, "wait")) {
        turn(r, x, out);
    } else if (cell >= 0) {
        arrive(r, cell, x);
    } else if (move >= 0) {
        r->move = move;
        r->move_at = x->begin;
    }
}

/* Marks: an equation is a move and where it leads, right where that is so and an obstacle is told; a
 * verification is yes or no, true where yes says that the trace stands at the goal; a backtrack is a wait
 * after a move that led nowhere, which goes back to the cell before it; an aha candidate is the last wait
 * before the goal, in a completion whose answer is right. */
void gridworld_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out)
{
    struct words w = words_over(completion, 0, n);
    struct words_one x;
    struct reader r = {.cell = -1, .before = -1, .move = -1, .open_at = -1, .wait_begin = -1};
    int in_thoughts = 1;
    (void)self;
    r.grid = gridworld_grid(&(struct gridworld_config){0}, p);
    words_clear(out);
    while (words_next(&w, &x)) {
        if (words_is_tag(&x)) {
            words_mark(out, MARK_STRUCTURE, &x, 1);
            if (in_thoughts)
                settle(&r, out);
            in_thoughts &= !words_is(&x, "</think>");
        } else if (in_thoughts) {
            word(&r, &x, out);
        }
    }
    settle(&r, out);
    out->attempts_distinct = out->attempts;
    if (accuracy >= 1 && r.reached && r.wait_begin >= 0)
        words_mark_span(out, MARK_AHA, r.wait_begin, r.wait_end, 1);
}
