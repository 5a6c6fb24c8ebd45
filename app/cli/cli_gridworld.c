/* `gridworld`: the exact values and best moves of a grid, and beside them the policy that a run has.
 *
 * The primer's two ways to the same values stand side by side: policy iteration, which is exact, and value
 * iteration, whose largest difference from it is printed. A run's policy in a cell is what it writes as the
 * first move of its answers when it is asked from there; the value of that policy is exact again, by policy
 * evaluation, so that a bad first move shows as lost value. Nothing is written. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "scenarios/gridworld.h"

enum { CELLS = GRIDWORLD_CELLS, MOVES = GRIDWORLD_MOVES_N, DEFAULT_K = 16 };

/* What is known of one layout. */
struct look {
    struct problem layout;
    struct gridworld_grid grid;
    double value[CELLS], swept[CELLS];   /* V* by policy iteration; by value iteration */
    int move[CELLS], evaluations, sweeps;
    unsigned best[CELLS];
    /* Of a run: how often each first move was made, how often there was none; what that policy is worth. */
    int count[CELLS][MOVES], none[CELLS];
    double run_value[CELLS];
};

/* Sums over the layouts that a run was asked about. */
struct agreement {
    int layouts, cells, cells_best;   /* cells whose most frequent first move is a best one */
    long moves, moves_best, none;     /* first moves; those that are best; answers without a move */
    double value, run_value;          /* of all cells */
};

static void look_at(struct look *v, const struct gridworld_config *set, const struct problem *layout)
{
    memset(v, 0, sizeof *v);
    v->layout = *layout;
    v->grid = gridworld_grid(set, layout);
    v->evaluations = gridworld_policy_iteration(&v->grid, v->move, v->value);
    v->sweeps = gridworld_value_iteration(&v->grid, 1e-13, v->swept);
    for (int s = 0; s < CELLS; s++)
        v->best[s] = gridworld_best(&v->grid, v->value, s);
}

static double largest_difference(const struct look *v)
{
    double most = 0;
    for (int s = 0; s < CELLS; s++)
        most = fmax(most, fabs(v->value[s] - v->swept[s]));
    return most;
}

/* The prompts of all free cells of a layout; how many in *n. */
static enum status ask(const struct trainer *t, const struct look *v, int number, struct batch *b, int *n,
                       struct err *e)
{
    struct str text = {0};
    enum status st = ST_OK;
    *n = 0;
    for (int s = 0; s < CELLS && !st; s++) {
        struct problem p = v->layout;
        if (!gridworld_is_free(&v->grid, s))
            continue;
        p.value[GRIDWORLD_START] = s;
        str_clear(&text);
        t->task.scenario->prompt(t->task.self, &p, &text);
        st = vocab_encode(&t->vocab, str_c(&text), b->prompt[*n], PROMPT_MAX, &b->prompt_n[*n], e);
        b->problem[*n] = p;
        b->draw[*n] = (uint32_t)(number * CELLS + s);
        for (int i = *n * b->G; i < (*n + 1) * b->G; i++) {
            atomic_store(&b->n[i], 0);
            atomic_store(&b->done[i], 0);
            b->cut_off[i] = 0;
        }
        (*n)++;
    }
    str_free(&text);
    return st;
}

/* First moves of the sampled answers, counted, and the value of choosing by these shares. A cell without any
 * move counts as one that chooses by chance. */
static void count_moves(const struct trainer *t, const struct batch *b, int n, struct look *v)
{
    double policy[CELLS][MOVES] = {{0}};
    struct str text = {0};
    for (int i = 0; i < n * b->G; i++) {
        int cell = b->problem[i / b->G].value[GRIDWORLD_START], move;
        str_clear(&text);
        vocab_decode(&t->vocab, b->token + (size_t)i * (size_t)b->cap, atomic_load(&b->n[i]), &text);
        move = gridworld_first_move(str_c(&text), text.n);
        if (move < 0)
            v->none[cell]++;
        else
            v->count[cell][move]++;
    }
    for (int s = 0; s < CELLS; s++)
        for (int m = 0; m < MOVES; m++) {
            int made = b->G - v->none[s];
            policy[s][m] = made > 0 ? (double)v->count[s][m] / made : 1.0 / MOVES;
        }
    gridworld_evaluate(&v->grid, policy, v->run_value);
    str_free(&text);
}

/* The most frequent first move of a cell, -1 where none was made. */
static int favourite(const struct look *v, int cell)
{
    int at = -1;
    for (int m = 0; m < MOVES; m++)
        if (v->count[cell][m] > (at < 0 ? 0 : v->count[cell][at]))
            at = m;
    return at;
}

static void add(struct agreement *a, const struct look *v)
{
    a->layouts++;
    for (int s = 0; s < CELLS; s++) {
        int most = favourite(v, s);
        if (!gridworld_is_free(&v->grid, s))
            continue;
        a->cells++;
        a->cells_best += most >= 0 && (v->best[s] >> most & 1);
        a->none += v->none[s];
        a->value += v->value[s];
        a->run_value += v->run_value[s];
        for (int m = 0; m < MOVES; m++) {
            a->moves += v->count[s][m];
            a->moves_best += v->best[s] >> m & 1 ? v->count[s][m] : 0;
        }
    }
}

/* Samples from every cell of `layouts` layouts: the one given, then held-out ones. *v is the
 * first's. */
static enum status ask_run(const struct cli *c, struct trainer *t, int layouts, struct look *v,
                           struct agreement *a, struct err *e)
{
    const struct args *o = &c->args;
    const struct gridworld *task = t->task_self;
    struct sampling how = {
        .temperature = args_has(o, OPT_TEMPERATURE) ? o->temperature : t->set.eval.temperature,
        .top_p = args_has(o, OPT_TOP_P) ? o->top_p : t->set.eval.top_p,
        .max_tokens = t->set.rl.max_tokens,
        .end_token = t->task.end_token,
        .seed = args_has(o, OPT_SEED) ? (uint64_t)o->seed : t->seed,
        .stream = RNG_RESAMPLE,
        .step = (uint32_t)t->step,
    };
    int k = how.temperature <= 0 ? 1 : args_has(o, OPT_K) ? (int)o->k : DEFAULT_K, n = 0;
    struct arena arena = {0};
    struct batch b;
    enum status st = arena_init(&arena, "samples", (size_t)256 << 20, e);
    if (!st)
        st = batch_init(&b, CELLS, k, t->set.rl.max_tokens, &arena, e);
    for (int i = 0; i < layouts && !st; i++) {
        struct look other = {0}, *at = i ? &other : v;
        struct problem p;
        if (i) {
            t->task.scenario->held_out(t->task.self, i % t->held_out_n, &p);
            look_at(at, &task->set, &p);
        }
        st = ask(t, at, i, &b, &n, e);
        if (!st)
            st = rollout_run(&t->rollout, t->learner.w, t->learner.bias, &how, &b, 0, n, NULL, e);
        if (st)
            break;
        count_moves(t, &b, n, at);
        add(a, at);
    }
    arena_release(&arena);
    return st;
}

/* One line of a grid: what stands in each cell of row y. */
static void value_row(struct str *out, const struct look *v, const double value[CELLS], int y)
{
    for (int s = y * GRIDWORLD_SIDE; s < (y + 1) * GRIDWORLD_SIDE; s++)
        if (gridworld_is_free(&v->grid, s))
            str_printf(out, " %7.4f", value[s]);
        else
            str_printf(out, " %7s", s == v->grid.goal ? "goal" : s == v->grid.pit ? "pit" : "wall");
}

static void move_row(struct str *out, const struct look *v, int y, int of_run)
{
    static const char sign[] = "^>v<";
    for (int s = y * GRIDWORLD_SIDE; s < (y + 1) * GRIDWORLD_SIDE; s++) {
        int most = favourite(v, s), n = 0, share;
        char text[8] = "";
        if (!gridworld_is_free(&v->grid, s)) {
            str_printf(out, " %5s", s == v->grid.goal ? "G" : s == v->grid.pit ? "P" : "#");
            continue;
        }
        for (int m = 0; m < MOVES && !of_run; m++)
            if (v->best[s] >> m & 1)
                text[n++] = sign[m];
        if (of_run && most >= 0) {
            /* The `!` marks a first move that is none of the best. */
            int all = v->none[s];
            for (int m = 0; m < MOVES; m++)
                all += v->count[s][m];
            share = (int)(100.0 * v->count[s][most] / all + 0.5) % 101;
            snprintf(text, sizeof text, "%c%d%s", sign[most], share, v->best[s] >> most & 1 ? "" : "!");
        }
        str_printf(out, " %5s", text[0] ? text : "?");
    }
}

static void print_grids(struct str *out, const struct look *v, int of_run)
{
    str_add(out, of_run ? "  its value in each cell               its first move, % of its answers; "
                          "!: not a best one\n"
                        : "  V*, the best return from each cell   best moves\n");
    for (int y = GRIDWORLD_SIDE - 1; y >= 0; y--) {
        str_printf(out, "%d", y + 1);
        value_row(out, v, of_run ? v->run_value : v->value, y);
        str_add(out, "    ");
        move_row(out, v, y, of_run);
        str_add(out, "\n");
    }
    str_printf(out, " %7s%8s%8s%8s     %5s%6s%6s%6s\n", "a", "b", "c", "d", "a", "b", "c", "d");
}

static void print_text(struct str *out, const struct look *v, const struct agreement *a)
{
    str_printf(out, "goal %s, pit %s", gridworld_cell_name(v->grid.goal), gridworld_cell_name(v->grid.pit));
    for (int s = 0; s < CELLS; s++)
        if (v->grid.walls >> s & 1)
            str_printf(out, ", wall %s", gridworld_cell_name(s));
    str_printf(out, "; a move costs %g, gamma %g, slip %g\n", v->grid.step_cost, v->grid.gamma, v->grid.slip);
    str_printf(out, "policy iteration: %d evaluations; value iteration: %d sweeps, at most %.1e apart\n\n",
               v->evaluations, v->sweeps, largest_difference(v));
    print_grids(out, v, 0);
    if (!a->layouts)
        return;
    str_add(out, "\nthe run\n");
    print_grids(out, v, 1);
    str_printf(out,
               "\n%d layout%s: the most frequent first move is a best one in %d of %d cells, %.1f %% of %ld "
               "first moves are",
               a->layouts, a->layouts == 1 ? "" : "s", a->cells_best, a->cells,
               a->moves ? 100.0 * (double)a->moves_best / (double)a->moves : 0.0, a->moves);
    str_printf(out, "; %ld answers had none\nmean value %.4f, best %.4f\n", a->none, a->run_value / a->cells,
               a->value / a->cells);
}

static void write_cell(struct json_writer *w, const struct look *v, int s, int of_run)
{
    write_begin(w, '{');
    write_key(w, "cell");
    write_word(w, gridworld_cell_name(s));
    write_key(w, "value");
    write_number(w, v->value[s]);
    write_key(w, "best");
    write_begin(w, '[');
    for (int m = 0; m < MOVES; m++)
        if (v->best[s] >> m & 1)
            write_word(w, gridworld_move_name(m));
    write_end(w, ']');
    if (of_run) {
        write_key(w, "run_value");
        write_number(w, v->run_value[s]);
        write_key(w, "first_moves");
        write_begin(w, '{');
        for (int m = 0; m < MOVES; m++) {
            write_key(w, gridworld_move_name(m));
            write_whole(w, v->count[s][m]);
        }
        write_key(w, "none");
        write_whole(w, v->none[s]);
        write_end(w, '}');
    }
    write_end(w, '}');
}

static void write_pair(struct json_writer *w, const char *key, double value)
{
    write_key(w, key);
    write_number(w, value);
}

static void print_json(struct str *out, const struct look *v, const struct agreement *a)
{
    struct json_writer w = {.out = out};
    struct str layout = {0};
    scenario_gridworld.print(NULL, &v->layout, &layout);
    write_begin(&w, '{');
    write_key(&w, "layout");
    str_add(out, str_c(&layout));
    w.needs_comma = 1;
    write_pair(&w, "step_cost", v->grid.step_cost);
    write_pair(&w, "gamma", v->grid.gamma);
    write_pair(&w, "slip", v->grid.slip);
    write_pair(&w, "evaluations", v->evaluations);
    write_pair(&w, "sweeps", v->sweeps);
    write_pair(&w, "difference", largest_difference(v));
    write_key(&w, "cells");
    write_begin(&w, '[');
    for (int s = 0; s < CELLS; s++)
        if (gridworld_is_free(&v->grid, s))
            write_cell(&w, v, s, a->layouts > 0);
    write_end(&w, ']');
    if (a->layouts) {
        write_pair(&w, "layouts", a->layouts);
        write_pair(&w, "cells_n", a->cells);
        write_pair(&w, "agreement", (double)a->cells_best / a->cells);
        write_pair(&w, "moves_best", a->moves ? (double)a->moves_best / (double)a->moves : NAN);
        write_pair(&w, "run_value", a->run_value / a->cells);
        write_pair(&w, "value", a->value / a->cells);
    }
    write_end(&w, '}');
    str_add(out, "\n");
    str_free(&layout);
}

/* The run's task and settings where a run is named, else the settings' alone. */
static enum status open_task(struct cli *c, struct gridworld_config *set, struct trainer **t, struct err *e)
{
    static const char task[] = "gridworld";
    struct settings plain;
    uint64_t seed = 0;
    struct session *s;
    enum status st;
    *t = NULL;
    if (c->args.operand.n == 0) {
        st = cli_settings(c, task, &plain, &seed, e);
        if (!st)
            memcpy(set, plain.task, sizeof *set);
        return st;
    }
    if (args_has(&c->args, OPT_SET))
        return err_set(e, ST_USAGE, task, "--set is for the grid alone: a run has its own settings");
    st = cli_open(c, c->args.operand.word[0], &s, e);
    if (st)
        return st;
    *t = s->trainer;
    if ((*t)->task.scenario != &scenario_gridworld)
        return err_set(e, ST_USAGE, task, "'%.60s' is a run of %s, not of gridworld", c->args.operand.word[0],
                       (*t)->task.scenario->name);
    *set = ((const struct gridworld *)(*t)->task_self)->set;
    return ST_OK;
}

enum status cli_gridworld(struct cli *c, struct err *e)
{
    struct problem layout = gridworld_primer();
    struct gridworld_config set;
    struct agreement a = {0};
    struct str out = {0};
    struct trainer *t;
    struct look v;
    enum status st = open_task(c, &set, &t, e);
    if (!st && args_has(&c->args, OPT_PROMPT))
        st = scenario_gridworld.parse(NULL, c->args.prompt, &layout, e);
    else if (!st && t)
        t->task.scenario->held_out(t->task.self, 0, &layout);
    if (st)
        return st;
    look_at(&v, &set, &layout);
    if (t)
        st = ask_run(c, t, args_has(&c->args, OPT_PROBLEMS) ? (int)c->args.problems : 1, &v, &a, e);
    if (st)
        return st;
    if (args_has(&c->args, OPT_JSON))
        print_json(&out, &v, &a);
    else
        print_text(&out, &v, &a);
    cli_print(&out);
    str_free(&out);
    return ST_OK;
}
