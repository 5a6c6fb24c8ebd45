/* Quadratic: its verifier against a table and brute force, its problems, texts and traces. */
#include "scenarios/quadratic.h"
#include "tests/unit/test_task.h"

#define S (&scenario_quadratic)

/* Problem: x^2 - 5x + 6 = 0, roots 2 and 3. */
static const struct verdict table[] = {
    {"</think> <answer> \\boxed{ 2 , 3 } </answer>", 1, 1, -1, ""},
    {"</think><answer>\\boxed{3,2}</answer>", 1, 1, -1, ""},
    {"</think> <answer> \\boxed { 2 , 3 , 2 } </answer>\n", 1, 1, -1, ""},
    {"</think> <answer> \\boxed{{2, 3}} </answer>", 1, 1, -1, ""},
    {"</think> <answer> \\boxed{ \\{2, 03\\} } </answer>", 1, 1, -1, ""},
    {"1 * 6", 0, 0, 5, "cut off: no </think>"},
    {"</think> <answer> \\boxed{2} </answer> <answer> \\boxed{2,3} </answer>", 0, 0, 38, "<answer> twice"},
    {"\\boxed{2,3} <answer> \\boxed{2,3} </answer>", 0, 0, 12, "<answer> before </think>"},
    {"</think> <answer> </answer>", 1, 0, 17, "the answer is empty"},
    {"</think> <answer> 2 , 3 </answer>", 1, 0, 18, "no \\boxed{ } in the answer"},
    {"</think> <answer> {2,3} </answer>", 1, 0, 18, "no \\boxed{ } in the answer"},
    {"</think> <answer> \\boxe </answer>", 1, 0, 18, "no \\boxed{ } in the answer"},
    {"</think> <answer> \\boxed </answer>", 1, 0, 24, "'{' is missing after \\boxed"},
    {"</think> <answer> \\boxed(2,3) </answer>", 1, 0, 24, "'{' is missing after \\boxed"},
    {"</think> <answer> \\boxed{ } </answer>", 1, 0, 26, "the box is empty"},
    {"</think> <answer> \\boxed{2,3 </answer>", 1, 0, 28, "the box is never closed"},
    {"</think> <answer> \\boxed{2, </answer>", 1, 0, 27, "the box is never closed"},
    {"</think> <answer> \\boxed{{2,3} </answer>", 1, 0, 30, "the box is never closed"},
    {"</think> <answer> \\boxed{2,3}} </answer>", 1, 0, 29, "text after the box"},
    {"</think> <answer> \\boxed{2}\\boxed{3} </answer>", 1, 0, 27, "text after the box"},
    {"</think> <answer> \\boxed{2,3} . </answer>", 1, 0, 30, "text after the box"},
    {"</think> <answer> \\boxed{2 3} </answer>", 1, 0, 27, "a comma is missing before '3'"},
    {"</think> <answer> \\boxed{2,,3} </answer>", 1, 0, 27, "a number is missing before ','"},
    {"</think> <answer> \\boxed{2,3,} </answer>", 1, 0, 29, "a number is missing before '}'"},
    {"</think> <answer> \\boxed{2,- } </answer>", 1, 0, 29, "a number is missing before '}'"},
    {"</think> <answer> \\boxed{2.0,3} </answer>", 1, 0, 26, "'.' is not part of a set of numbers"},
    {"</think> <answer> \\boxed{x=2} </answer>", 1, 0, 25, "'x' is not part of a number"},
    {"</think> <answer> \\boxed{((2)),3} </answer>", 1, 0, 25, "'(' is not part of a number"},
    {"</think> <answer> \\boxed{{{2,3}}} </answer>", 1, 0, 26, "'{' is not part of a number"},
    {"</think> <answer> \\boxed{2,\xc3\x97} </answer>", 1, 0, 27, "byte 0xc3 is not part of a number"},
    {"</think> <answer> \\boxed{2} </answer>", 1, 0, 26, "the root 3 is missing"},
    {"</think> <answer> \\boxed{3,3} </answer>", 1, 0, 28, "the root 2 is missing"},
    {"</think> <answer> \\boxed{2,4} </answer>", 1, 0, 27, "4 is not a root: it gives 2"},
    {"</think> <answer> \\boxed{-2,-3} </answer>", 1, 0, 25, "-2 is not a root: it gives 20"},
    {"</think> <answer> \\boxed{- 2,3} </answer>", 1, 0, 25, "-2 is not a root: it gives 20"},
    {"</think> <answer> \\boxed{2,3,4} </answer>", 1, 0, 29, "more numbers than roots"},
    {"</think> <answer> \\boxed{2,99999999999999999999999} </answer>", 1, 0, 27,
     "about 1000000000 is not a root: it gives 999999995000000006"},
    {"</think> <answer> \\boxed{18446744073709551618,3} </answer>", 1, 0, 25,
     "about 1000000000 is not a root: it gives 999999995000000006"},
    {"</think> <answer> \\boxed{2,4294967299} </answer>", 1, 0, 27,
     "about 1000000000 is not a root: it gives 999999995000000006"},
};

Test(quadratic, names_the_first_check_that_fails)
{
    struct problem p = task_problem(S, "{\"b\":-5,\"c\":6}");
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

/* All sets of one or two numbers from -9 to 9, for all roots from -8 to 8: right when the polynomials agree.
 * */
Test(quadratic, brute_force)
{
    for (int i = 0; i < 17 * 17; i++)
        for (int k = 0; k < 19 * 19; k++) {
            int r = i / 17 - 8, s = i % 17 - 8, u = k / 19 - 9, v = k % 19 - 9, same = 1;
            struct problem p = {2, {-r - s, r * s}};
            char text[80], want[32];
            struct score x;
            int n = snprintf(text, sizeof text, u == v ? "</think><answer>\\boxed{%d}</answer>" :
                             "</think><answer>\\boxed{%d,%d}</answer>", u, v);
            for (int at = 100; at < 103; at++)
                same &= (at - u) * (at - v) == at * at + p.value[0] * at + p.value[1];
            S->score(NULL, &p, text, (size_t)n, &x);
            cr_assert_eq(x.accuracy == 1, same, "%d %d: %s: %s", r, s, text, x.why);
            if (u == v)
                snprintf(want, sizeof want, "{%d}", u);
            else
                snprintf(want, sizeof want, "{%d,%d}", u < v ? u : v, u < v ? v : u);
            cr_assert_str_eq(x.answer, want);
        }
}

Test(quadratic, hostile_text)
{
    static const char *const piece[] = {"</think>", "<answer>", "</answer>", "<think>", " ", "\\boxed{", "{",
                                        "}", "\\}", "2",
                                        ",", "-", "2 * 3 = 6", ", 2 + 3 = 5", "no", "wait", "yes",
                                            "99999999999999999999",
                                        "-> 5", "</think> <answer> \\boxed{2,3} </answer>"};
    struct problem p = {2, {-5, 6}};
    const char *deep = task_deep("</think> <answer>\\boxed", '{');
    struct score x;
    task_survives(S, NULL, &p, piece, sizeof piece / sizeof *piece);
    S->score(NULL, &p, deep, TASK_DEEP, &x);
    cr_expect(x.format == 1 && x.accuracy == 0 && x.at == 25);
}

Test(quadratic, roots_of_every_problem_that_is_read)
{
    for (int b = -60; b <= 60; b++)
        for (int c = -400; c <= 400; c++) {
            struct problem p = {2, {b, c}};
            struct quadratic_pair root;
            int found = 0, low = 0, high = 0;
            for (int v = -500; v <= 500; v++)
                if (v * v + b * v + c == 0) {
                    low = found ? low : v;
                    high = v;
                    found++;
                }
            cr_assert_eq(quadratic_roots(&p, &root), found > 0, "b %d c %d", b, c);
            cr_assert(!found || (root.p == low && root.q == high), "b %d c %d", b, c);
        }
}

Test(quadratic, settings_prompt_and_json)
{
    static const struct bad_json bad[] = {
        {"[]", "object"},
        {"{\"b\":1}", "\"c\" is missing"},
        {"{\"b\":0,\"c\":1}", "no integer roots"},
        {"{\"b\":0,\"c\":-2}", "no integer roots"},
        {"{\"b\":3,\"c\":1}", "no integer roots"},
        {"{\"b\":60001,\"c\":60000}", "\"b\" must be a whole number -60000..60000"},
        {"{\"b\":1,\"c\":900000001}", "\"c\""},
        {"{\"b\":--1,\"c\":0}", "\"b\""},
        {"{\"b\":1,\"c\":0,\"a\":2}", "unknown key \"a\"; known: b, c"},
        {"{\"b\":1,\"c\":0}}", "end"},
    };
    static const struct change none_left[] = {{"root_max", 3}, {"held_out_every", 1000}};
    struct problem p = task_problem(S, "{\"b\":-5,\"c\":6}");
    struct problem large = task_problem(S, "{\"c\":900000000,\"b\":60000}");
    cr_expect_eq(large.value[0], 60000);
    task_texts(S, &p, "User : x^2 - 5 x + 6 = 0 Assistant : <think>", "{\"b\":-5,\"c\":6}");
    p = task_problem(S, "{\"c\":0,\"b\":0}");
    task_texts(S, &p, "User : x^2 + 0 x + 0 = 0 Assistant : <think>", "{\"b\":0,\"c\":0}");
    p = task_problem(S, "{\"c\":-6,\"b\":1}");
    task_texts(S, &p, "User : x^2 + 1 x - 6 = 0 Assistant : <think>", "{\"b\":1,\"c\":-6}");
    task_settings_are_sound(S);
    task_expect_bad_json(S, bad, sizeof bad / sizeof *bad);
    task_refuses(S, none_left, 2, "held_out_every");
}

static int held_index(const void *self, const struct problem *p)
{
    for (int i = 0; i < S->held_out_n(self); i++) {
        struct problem q;
        S->held_out(self, i, &q);
        if (q.value[0] == p->value[0] && q.value[1] == p->value[1])
            return i;
    }
    return -1;
}

Test(quadratic, held_out_and_training_problems_are_disjoint)
{
    void *self = task_open(S, NULL, 0);
    int n = 0, all = 0, used[DIFFICULTIES];
    for (int r = -20; r <= 20; r++)
        for (int s = r; s <= 20; s++) {
            struct problem p = {2, {-r - s, r * s}};
            all++;
            n += quadratic_is_held_out(self, &p);
            cr_assert_eq(held_index(self, &p) >= 0, quadratic_is_held_out(self, &p), "%d %d", r, s);
        }
    cr_expect_eq(S->held_out_n(self), n);
    cr_expect(n >= 130 && n < all / 3, "%d of %d", n, all);
    for (uint32_t i = 0; i < 5000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0);
        struct quadratic_pair root;
        struct problem p;
        S->draw(self, &r, &p);
        cr_assert_eq(held_index(self, &p), -1);
        cr_assert(quadratic_roots(&p, &root) && root.p >= -20 && root.q <= 20);
    }
    cr_expect_geq(task_difficulty(S, self, used), 5);
    S->close(self);
}

struct tally {
    int documents, rows, right, formatted, waits, waits_most, judgements, judgements_true, yes;
};

static void read_document(const void *self, const struct document *d, void *tally)
{
    static struct marks m;
    struct tally *t = tally;
    const char *completion = task_completion(d);
    struct problem p = {2, {0, 0}};
    struct score x;
    char b_sign, c_sign;
    size_t n;
    if (!completion) {
        S->analyse(self, &p, str_c(&d->text), d->text.n, 0, &m);
        cr_assert(m.equations == 8 && m.equations_right == 8, "%s", str_c(&d->text));
        t->rows++;
        return;
    }
    cr_assert_eq(sscanf(str_c(&d->text), "User : x^2 %c %d x %c %d", &b_sign, &p.value[0], &c_sign,
                        &p.value[1]), 4);
    p.value[0] *= b_sign == '-' ? -1 : 1;
    p.value[1] *= c_sign == '-' ? -1 : 1;
    cr_assert_eq(held_index(self, &p), -1, "held out: %s", str_c(&d->text));
    n = strlen(completion);
    S->score(self, &p, completion, n, &x);
    S->analyse(self, &p, completion, n, x.accuracy, &m);
    cr_assert(m.equations == 2 * m.attempts && m.equations_right == m.equations, "%s", str_c(&d->text));
    cr_assert(m.attempts == m.attempts_distinct && m.verifications == m.attempts, "%s", str_c(&d->text));
    cr_assert(m.waits == m.attempts - 1 && m.backtracks == m.waits, "%s", str_c(&d->text));
    t->documents++;
    t->right += x.accuracy == 1;
    t->formatted += x.format == 1;
    t->waits += m.waits;
    t->waits_most = m.waits > t->waits_most ? m.waits : t->waits_most;
    t->judgements += m.verifications;
    t->judgements_true += m.verifications_right;
    t->yes += strstr(completion, "yes") != NULL;
}

static void read_documents(const struct change *change, int changes, int base, struct tally *t)
{
    memset(t, 0, sizeof *t);
    task_documents(S, change, changes, base, 3000, read_document, t);
}

Test(quadratic, demonstrations)
{
    static const struct change patient[] = {{"hazard_a", 0}, {"hazard_b", 0}, {"malformed", 0}};
    static const struct change shuffled[] = {{"hazard_a", 0}, {"hazard_b", 0}, {"malformed", 0}, {"canonical",
                                                                                                  0}};
    static const struct change hasty[] = {{"hazard_a", 1}, {"hazard_a_share", 1}, {"malformed", 1}};
    struct tally t;
    read_documents(NULL, 0, 0, &t);
    task_share("right", t.right, t.documents, 0.35, 0.65);
    task_share("well formed", t.formatted, t.documents, 0.93, 0.97);
    cr_expect(t.waits_most >= 4 && t.judgements == t.judgements_true);
    read_documents(patient, 3, 0, &t);
    cr_expect_eq(t.right, t.documents);
    read_documents(shuffled, 4, 0, &t);
    cr_expect_eq(t.right, t.documents);
    read_documents(hasty, 3, 0, &t);
    cr_expect(t.formatted == 0 && t.waits == 0);
}

Test(quadratic, base_text)
{
    static const struct change hits[] = {{"hit", 1}, {"flipped", 0}};
    struct tally t;
    read_documents(NULL, 0, 1, &t);
    task_share("rows", t.rows, t.rows + t.documents, 0.22, 0.28);
    task_share("well formed", t.formatted, t.documents, 0.72, 0.8);
    task_share("true judgements", t.judgements_true, t.judgements, 0.975, 0.99);
    read_documents(hits, 2, 1, &t);
    cr_expect(t.judgements_true == t.judgements && t.yes == t.documents);
}

Test(quadratic, a_trace_is_read)
{
    static const char text[] = "1 * 6 = 6 , 1 + 6 = 7 -> 5 no wait -1 * -6 = 6 , -1 + -6 = -7 -> 5 no wait "
                               "2*3=6,2+3=5 -> 5 yes </think> <answer> \\boxed{ 2 , 3 } </answer>";
    struct problem p = {2, {-5, 6}};
    static struct marks m;
    S->analyse(NULL, &p, text, strlen(text), 1, &m);
    cr_expect(m.equations == 6 && m.equations_right == 6 && m.attempts == 3 && m.attempts_distinct == 3);
    cr_expect(m.waits == 2 && m.backtracks == 2 && m.verifications == 3 && m.verifications_right == 3 &&
              m.ahas == 1);
    S->analyse(NULL, &p, "1 * 6 = 6 , 1 + 6 = 5 yes", 25, 0, &m);
    cr_expect(m.equations_right == 1 && m.verifications_right == 1 && m.false_yes == 0,
              "the sum as written is 5");
    S->analyse(NULL, &p, "1 * 4 = 4 , 1 + 4 = 5 yes", 25, 0, &m);
    cr_expect(m.equations_right == 2 && m.false_yes == 1, "the product is not 6");
    S->analyse(NULL, &p, "2 * 3 = 6 , 1 + 4 = 5 yes", 25, 0, &m);
    cr_expect_eq(m.false_yes, 1, "another pair");
}
