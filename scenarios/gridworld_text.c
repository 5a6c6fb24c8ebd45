/* What is written about a walk: demonstrations for the cold start, and base text.
 *
 * `goal-d4 pit-d3 wall-b2 from a1` reads `a1 right b1 up b2 wall no wait right c1 up c2 .. d4 goal yes
 * </think> <answer> right right up .. </answer>`: cells and moves in turns; a move into a wall, the pit or
 * over the edge is judged `no`, and after `wait` another one is tried from the cell before. The answer has
 * the moves that were kept.
 *
 * A writer knows the best moves and makes one by chance `expert`, else any; and may give up after a move,
 * with a hazard that is drawn once per trace, answering with the path so far. RL unlearns detours and giving
 * up.
 *
 * Invariants: each result of a move is true; judgements are; no layout is held out. */
#include "scenarios/gridworld.h"

enum { PATH_CAP = 24 };

struct writer {
    const struct gridworld *t;
    struct rng *rng;
    struct document *out;
    struct gridworld_grid grid;
    int distance[GRIDWORLD_CELLS];
    double expert, hazard;
    int strong;                  /* of every word; 0: of results and judgements only */
    int path[PATH_CAP], path_n;  /* moves that were kept */
};

static void write_prompt(const struct problem *p, struct document *out)
{
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    for (int i = GRIDWORLD_GOAL; i < GRIDWORLD_VALUES && p->value[i] >= 0; i++)
        document_word(out, gridworld_layout_word(p, i), 0);
    document_word(out, "from", 0);
    document_word(out, gridworld_layout_word(p, GRIDWORLD_START), 0);
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

void gridworld_prompt(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_prompt(write_prompt, p, out);
}

/* A move that was not tried from this cell: one of the best, or any. */
static int choose(struct writer *w, int cell, unsigned tried)
{
    int expert = rng_chance(w->rng, w->expert), move[GRIDWORLD_MOVES_N] = {0}, n = 0;
    for (int m = 0; m < GRIDWORLD_MOVES_N; m++) {
        int next = gridworld_next(&w->grid, cell, (enum gridworld_move)m);
        int nearer = w->distance[next] >= 0 && w->distance[next] < w->distance[cell];
        if (!(tried >> m & 1) && (nearer || !expert))
            move[n++] = m;
    }
    return move[rng_below(w->rng, n)];
}

/* A move and where it leads: the cell there, if there is one, and what stands in it where one cannot stay.
 * Gives the cell, -1 where it is none to go on from. */
static int move_to(struct writer *w, int cell, int move)
{
    struct gridworld_grid open = {.goal = w->grid.goal, .pit = w->grid.pit};
    int next = gridworld_next(&open, cell, (enum gridworld_move)move);
    const char *stop = next == cell                  ? "edge"
                       : w->grid.walls >> next & 1 ? "wall"
                       : next == w->grid.pit         ? "pit"
                                                     : NULL;
    document_word(w->out, gridworld_move_name(move), w->strong);
    if (next != cell)
        document_word(w->out, gridworld_cell_name(next), 1);
    if (!stop)
        return next;
    document_word(w->out, stop, 1);
    document_word(w->out, "no", 1);
    document_word(w->out, "wait", w->strong);
    return -1;
}

/* One move that leads on, after those that did not. The best ones always do, so one is found. */
static int step(struct writer *w, int cell)
{
    unsigned tried = 0;
    for (;;) {
        int move = choose(w, cell, tried), next = move_to(w, cell, move);
        if (next >= 0) {
            w->path[w->path_n++] = move;
            return next;
        }
        tried |= 1u << move;
    }
}

static void thoughts(struct writer *w, int cell)
{
    document_word(w->out, gridworld_cell_name(cell), 1);
    for (;;) {
        cell = step(w, cell);
        if (cell == w->grid.goal) {
            document_word(w->out, "goal", 1);
            document_word(w->out, "yes", 1);
            return;
        }
        if (w->path_n >= w->t->set.moves_max || rng_chance(w->rng, w->hazard)) {
            document_word(w->out, "no", 1);
            return;
        }
    }
}

static void begin(struct writer *w)
{
    struct problem p;
    gridworld_draw(w->t, w->rng, &p);
    w->grid = gridworld_grid(&w->t->set, &p);
    gridworld_distance(&w->grid, w->distance);
    write_prompt(&p, w->out);
    w->out->response_at = w->strong ? w->out->token_n : 0;
    thoughts(w, p.value[GRIDWORLD_START]);
}

static void document(struct writer *w, double malformed)
{
    begin(w);
    form_open_answer(w->out, w->rng, rng_chance(w->rng, malformed), w->strong);
    for (int i = 0; i < w->path_n; i++)
        document_word(w->out, gridworld_move_name(w->path[i]), 1);
    document_word(w->out, "</answer>", 1);
}

void gridworld_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct gridworld *t = self;
    struct writer w = {.t = t, .rng = r, .out = out, .expert = t->set.expert, .strong = 1};
    w.hazard = rng_chance(r, t->set.hazard_a_share) ? t->set.hazard_a : t->set.hazard_b;
    document_clear(out);
    document(&w, t->set.malformed);
}

/* A walk is a trace without an answer, its moves by chance: what moves do, not where to go. */
void gridworld_base(const void *self, struct rng *r, struct document *out)
{
    const struct gridworld *t = self;
    struct writer w = {.t = t,
                       .rng = r,
                       .out = out,
                       .expert = t->set.base_expert,
                       .hazard = t->set.base_stop};
    document_clear(out);
    if (rng_chance(r, t->set.walk_share)) {
        w.expert = w.hazard = 0;
        begin(&w);
    } else {
        document(&w, t->set.base_malformed);
    }
}
