/* Gridworld's task: its verifier against a table, its layouts, texts and traces. */
#include <math.h>

#include "scenarios/gridworld.h"
#include "tests/unit/test_task.h"

#define S (&scenario_gridworld)
/* Goal d4, pit d3, walls b2 and b3, from a1: six moves; the gate a2 - a3 - a4 and the way over c1 are as
 * long. */
#define LAYOUT "{\"start\":0,\"goal\":15,\"pit\":11,\"wall_1\":5,\"wall_2\":9,\"wall_3\":-1}"

static const struct verdict table[] = {
    {"</think> <answer> up up up right right right </answer>", 1, 1, -1, ""},
    {"a1 up a2 </think><answer>right right up up up right</answer>", 1, 1, -1, ""},
    {"", 0, 0, 0, "cut off: no </think>"},
    {"a1 </think> up <answer> up </answer>", 0, 0, 12, "text between </think> and <answer>"},
    {"</think> <answer> up", 0, 0, 20, "</answer> missing"},
    {"</think> <answer> </answer>", 1, 0, 17, "the answer has no move"},
    {"</think> <answer> up jump </answer>", 1, 0, 21, "move 2 is none of up, right, down, left"},
    {"</think> <answer> Up </answer>", 1, 0, 18, "move 1 is none of up, right, down, left"},
    {"</think> <answer> up up </answer>", 1, 0, 23, "stops at a3 after 2 moves, the goal is d4"},
    {"</think> <answer> right right right up up </answer>", 1, 0, 39, "move 5 (up) falls into the pit at d3"},
    {"</think> <answer> up up up right right right right </answer>", 1, 0, 45,
     "move 7 (right) comes after the goal"},
};

Test(gridworld, names_the_move_that_fails)
{
    struct problem p = task_problem(S, LAYOUT);
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

/* A wasted move costs as much of the return as it should: 0.04 a move and the discount 0.95. */
Test(gridworld, detours_and_bumps_cost_a_part)
{
    static const struct {
        const char *path, *why;
        int moves, at;
    } row[] = {
        {"left up up up right right right", "move 1 (left) runs into the edge at a1", 7, 18},
        {"up right up up right right right", "move 2 (right) runs into the wall at a2", 7, 21},
        {"right left up up up right right right", "move 2 (left) is a detour: a1 is no nearer to the goal", 8,
         24},
    };
    struct problem p = task_problem(S, LAYOUT);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double sum[2] = {0, 0};
        char text[128];
        struct score x;
        for (int k = 0; k < 2; k++)
            for (int n = k ? 6 : row[i].moves, t = 0; t < n; t++)
                sum[k] += pow(0.95, t) * ((t == n - 1) - 0.04);
        snprintf(text, sizeof text, "</think> <answer> %s </answer>", row[i].path);
        S->score(NULL, &p, text, strlen(text), &x);
        cr_expect_float_eq(x.accuracy, sum[0] / sum[1], 1e-12, "%s: %g", row[i].path, x.accuracy);
        cr_expect_str_eq(x.why, row[i].why);
        cr_expect_eq(x.at, row[i].at);
    }
}

Test(gridworld, hostile_text)
{
    static const char *const piece[] = {"</think>", "<answer>", "</answer>", "<think>", " ",
                                        " up ",     " right ",  " down ",    " left ",  " a1 ",
                                        " b1 ",     " wall ",   "no",        "wait",    " yes ",
                                        " edge ",   " pit ",    " goal ",    "<",       ","};
    static char deep[200001];
    struct problem p = task_problem(S, LAYOUT);
    struct score x;
    static struct marks m;
    task_survives(S, NULL, &p, piece, sizeof piece / sizeof *piece);
    memset(deep, ' ', sizeof deep - 1);
    memcpy(deep, "</think> <answer>", 17);
    for (size_t i = 18; i + 20 < sizeof deep; i += 5)
        memcpy(deep + i, "left ", 5);
    memcpy(deep + sizeof deep - 10, "</answer>", 9);
    S->score(NULL, &p, deep, sizeof deep - 1, &x);
    S->analyse(NULL, &p, deep, sizeof deep - 1, 0, &m);
    cr_expect(x.format == 1 && x.accuracy == 0 && x.answer[0] == 0, "%s", x.why);
    cr_expect_eq(gridworld_first_move(deep, sizeof deep - 1), GRIDWORLD_LEFT);
    cr_expect_eq(gridworld_first_move("up", 2), -1);
}

Test(gridworld, settings_prompt_and_json)
{
    static const struct bad_json bad[] = {
        {"{}", "key"},
        {"{\"start\":0,\"goal\":15,\"pit\":11,\"wall_1\":5,\"wall_2\":9}", "\"wall_3\" is missing"},
        {"{\"start\":16,\"goal\":15,\"pit\":11,\"wall_1\":5,\"wall_2\":9,\"wall_3\":-1}",
         "\"start\" must be a whole number 0..15"},
        {"{\"start\":0,\"goal\":0,\"pit\":11,\"wall_1\":5,\"wall_2\":9,\"wall_3\":-1}", "different cells"},
        {"{\"start\":0,\"goal\":15,\"pit\":11,\"wall_1\":5,\"wall_2\":5,\"wall_3\":-1}", "different cells"},
        {"{\"start\":0,\"goal\":15,\"pit\":11,\"wall_1\":14,\"wall_2\":-1,\"wall_3\":-1}", "in reach"},
    };
    struct problem p = task_problem(S, LAYOUT), same, primer = gridworld_primer();
    struct str text = {0};
    S->prompt(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), "User : goal-d4 pit-d3 wall-b2 wall-b3 from a1 Assistant : <think>");
    str_clear(&text);
    S->print(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), LAYOUT);
    str_free(&text);
    same = task_problem(S, "{\"start\":0,\"goal\":15,\"pit\":11,\"wall_1\":-1,\"wall_2\":9,\"wall_3\":5}");
    cr_expect_eq(memcmp(&p, &same, sizeof p), 0, "the order of walls does not matter");
    cr_expect(gridworld_is_sound(&primer));
    task_settings_are_sound(S);
    task_expect_bad_json(S, bad, sizeof bad / sizeof *bad);
}

/* Whole layouts are held out: no start of one is ever drawn. */
Test(gridworld, held_out_and_training_problems_are_disjoint)
{
    static const struct change all[] = {{"held_out_cap", 10000}}, some[] = {{"held_out_cap", 50}};
    void *self = task_open(S, all, 1), *capped = task_open(S, some, 1);
    int n = S->held_out_n(self), used[DIFFICULTIES], buckets = 0;
    cr_expect(n > 600 && n < 1100, "%d", n);
    cr_expect_eq(S->held_out_n(capped), 50);
    for (int i = 0; i < n; i++) {
        struct problem p, q;
        S->held_out(self, i, &p);
        cr_assert(gridworld_is_sound(&p) && gridworld_is_held_out(self, &p));
        cr_assert(p.value[GRIDWORLD_WALL] >= 0 && p.value[GRIDWORLD_WALL] < p.value[GRIDWORLD_WALL + 1] &&
                  p.value[GRIDWORLD_WALL + 2] == -1);
        if (i < 50) {
            S->held_out(capped, i, &q);
            cr_assert_eq(memcmp(&p, &q, sizeof p), 0, "a cap keeps the front");
        }
    }
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0);
        struct problem p;
        S->draw(self, &r, &p);
        cr_assert(gridworld_is_sound(&p) && !gridworld_is_held_out(self, &p));
    }
    task_difficulty(S, self, used);
    for (int i = 0; i < DIFFICULTIES; i++)
        buckets += used[i] > 0;
    cr_expect_geq(buckets, 5);
    S->close(self);
    S->close(capped);
}

static int cell_named(const char *s)
{
    for (int i = 0; i < GRIDWORLD_CELLS; i++)
        if (strncmp(s, gridworld_cell_name(i), 2) == 0)
            return i;
    return -1;
}

static struct problem read_prompt(const char *text)
{
    struct problem p = {GRIDWORLD_VALUES, {0, 0, 0, -1, -1, -1}};
    const char *at = text;
    p.value[GRIDWORLD_GOAL] = cell_named(strstr(text, "goal-") + 5);
    p.value[GRIDWORLD_PIT] = cell_named(strstr(text, "pit-") + 4);
    p.value[GRIDWORLD_START] = cell_named(strstr(text, "from ") + 5);
    for (int i = GRIDWORLD_WALL; (at = strstr(at, "wall-")) != NULL; i++, at += 5)
        p.value[i] = cell_named(at + 5);
    return p;
}

struct tally {
    int documents, walks, right, formatted, waits, arrived;
};

static void read_document(const void *self, const struct document *d, void *tally)
{
    struct tally *t = tally;
    static struct marks m;
    const char *completion = task_completion(d);
    struct problem p = read_prompt(str_c(&d->text));
    struct score x;
    size_t n = strlen(completion);
    cr_assert_not(gridworld_is_held_out(self, &p), "held out: %s", str_c(&d->text));
    S->score(self, &p, completion, n, &x);
    S->analyse(self, &p, completion, n, x.accuracy, &m);
    cr_assert(m.equations > 0 && m.equations == m.equations_right, "%s", str_c(&d->text));
    cr_assert(m.verifications > 0 && m.verifications == m.verifications_right, "%s", str_c(&d->text));
    cr_assert(m.waits == m.backtracks && m.verifications == m.waits + 1, "%s", str_c(&d->text));
    t->waits += m.waits;
    t->walks += !strstr(completion, "answer>") && !strstr(completion, "</think>");
    if (x.format == 0)
        return;
    t->formatted++;
    t->right += x.accuracy == 1;
    t->arrived += x.accuracy > 0;
    cr_assert_eq(x.accuracy > 0, strstr(completion, " yes ") != NULL, "%s: %s", x.why, str_c(&d->text));
    cr_assert(x.accuracy > 0 || strncmp(x.why, "stops", 5) == 0, "%s: %s", x.why, str_c(&d->text));
    cr_assert_eq(m.ahas, x.accuracy == 1 && m.waits > 0);
}

static void read_documents(const struct change *change, int changes, int base, struct tally *t)
{
    memset(t, 0, sizeof *t);
    task_documents(S, change, changes, base, 3000, read_document, t);
}

static void share(const char *what, int n, double low, double high)
{
    cr_expect(n / 3000.0 >= low && n / 3000.0 <= high, "%s: %.3f, not %.3f..%.3f", what, n / 3000.0, low,
              high);
}

Test(gridworld, demonstrations)
{
    static const struct change best[] = {{"expert", 1}, {"hazard_a", 0}, {"hazard_b", 0}, {"malformed", 0}};
    static const struct change spoilt[] = {{"malformed", 1}};
    struct tally t;
    read_documents(NULL, 0, 0, &t);
    share("best paths", t.right, 0.35, 0.6);
    share("well formed", t.formatted, 0.93, 0.97);
    cr_expect(t.arrived > t.right + 100 && t.waits > 300, "%d %d %d", t.arrived, t.right, t.waits);
    read_documents(best, 4, 0, &t);
    cr_expect(t.right == 3000 && t.waits == 0, "%d %d", t.right, t.waits);
    read_documents(spoilt, 1, 0, &t);
    cr_expect_eq(t.formatted, 0);
}

Test(gridworld, base_text)
{
    struct tally t;
    read_documents(NULL, 0, 1, &t);
    share("walks", t.walks, 0.37, 0.43);
    share("well formed", t.formatted, 0.42, 0.5);
}

Test(gridworld, a_trace_is_read)
{
    static const char text[] =
        "a1 left edge no wait up a2 right b2 wall no wait up a3 right b3 up b4 yes </think> "
        "<answer> up up right up </answer>";
    static const int ok[] = {1, 1, 1, 1, 0, 1};
    struct problem p = task_problem(S, LAYOUT);
    static struct marks m;
    int n = 0;
    S->analyse(NULL, &p, text, strlen(text), 0, &m);
    cr_expect(m.equations == 6 && m.equations_right == 5, "%d %d", m.equations, m.equations_right);
    for (int i = 0; i < m.n; i++)
        if (m.mark[i].kind == MARK_EQUATION)
            cr_expect_eq(m.mark[i].ok, ok[n++], "%.*s", m.mark[i].end - m.mark[i].begin,
                         text + m.mark[i].begin);
    cr_expect(m.waits == 2 && m.backtracks == 2 && m.verifications == 3 && m.verifications_right == 2);
    cr_expect(m.false_yes == 1 && m.ahas == 0);
    S->analyse(NULL, &p, "a1 right b1 wall no", 19, 0, &m);
    cr_expect(m.equations == 1 && m.equations_right == 0, "a wall that is none");
}
