/* Program: the language and its limits, the verifier, problems, texts and traces. */
#include "scenarios/program.h"
#include "tests/unit/test_task.h"

#define S (&scenario_program)
#define A(x) "</think> <answer> " x " </answer>"

static const char *run(const char *text, int32_t a, int32_t b, int32_t *v, int *where)
{
    struct form_span span = {text, 0, (int)strlen(text)};
    static struct score out;
    struct program p;
    *where = -1;
    if (!program_read(&p, &span, &out))
        return out.why;
    return program_value(&p, a, b, v, where);
}

Test(program, language)
{
    static const struct {
        const char *text;
        int a, b, value;
    } row[] = {
        {"add", 3, 5, 8},           {"sub", 3, 5, -2},         {"mul", -3, 5, -15},
        {"swap sub", 3, 5, 2},      {"drop", 3, 5, 3},         {"swap drop", 3, 5, 5},
        {"dup mul add", 3, 5, 28},  {"over mul add", 3, 5, 18}, {"add 2 mul", 3, 5, 16},
        {"drop drop 999", 3, 5, 999},
        {"if 7 add end", 3, 5, 10}, {"if 7 add end", 3, 0, 3},
        {"repeat 2 mul end", 3, 5, 96}, {"repeat 2 mul end", 3, 0, 3}, {"repeat 2 mul end", 3, -9, 3},
        {"drop 2 repeat 3 repeat 1 add end end", 4, 0, 10},
        {"drop 1 if 0 if 5 add end 6 add end", 4, 0, 10},
        {"repeat end", 3, 120, 3},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int32_t v = 0;
        int where;
        const char *why = run(row[i].text, row[i].a, row[i].b, &v, &where);
        cr_expect(!why && v == row[i].value, "%s: %d, %s", row[i].text, (int)v, why ? why : "");
    }
}

/* A program is stopped at its limits, and can do nothing else. */
Test(program, limits)
{
    static const struct {
        const char *text, *why;
        int a, b, where;
    } row[] = {
        {"add add", "the stack has too few values", 3, 5, 1},
        {"drop drop drop", "the stack has too few values", 3, 5, 2},
        {"drop swap", "the stack has too few values", 3, 5, 1},
        {"drop over", "the stack has too few values", 3, 5, 1},
        {"drop drop dup", "the stack has too few values", 3, 5, 2},
        {"drop drop if end", "the stack has too few values", 3, 5, 2},
        {"dup", "more than one value is left", 3, 5, 0},
        {"drop drop", "no value is left", 3, 5, 1},
        {"drop 999 mul 999 mul", "the value is too large", 3, 5, 4},
        {"drop 999 repeat dup end", "the stack is full", 3, 5, 3},
        {"drop 999 repeat 999 repeat end end", "too many steps", 3, 5, 5},
        {"drop dup mul dup mul dup mul", "the value is too large", -32, 5, 4},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int32_t v = 0;
        int where;
        const char *why = run(row[i].text, row[i].a, row[i].b, &v, &where);
        cr_expect(why && !strcmp(why, row[i].why) && where == row[i].where, "%s: %s at %d", row[i].text,
                  why ? why : "runs", where);
    }
}

/* 3 5 -> 16, 2 7 -> 18: (a + b) * 2. */
static const struct verdict table[] = {
    {A("add 2 mul"), 1, 1, -1, ""},
    {A("  add\n2 mul "), 1, 1, -1, ""},
    {A("add dup add"), 1, 1, -1, ""},
    {A("add 2 repeat end 2 mul"), 1, 1, -1, ""},
    {"add 8", 0, 0, 5, "cut off: no </think>"},
    {A(""), 1, 0, 17, "the answer is empty"},
    {A("add 2 times"), 1, 0, 24, "'times' is no operation"},
    {A("add 1000 mul"), 1, 0, 22, "'1000' is no operation"},
    {A("add -2 mul"), 1, 0, 22, "'-2' is no operation"},
    {A("add 99999999999999999999 mul"), 1, 0, 22, "'99999999999999999999' is no operation"},
    {A("add \xc3\x97"), 1, 0, 22, "byte 0xc3 is not part of a program"},
    {A("add end"), 1, 0, 22, "end of no block"},
    {A("repeat add"), 1, 0, 18, "block without end"},
    {A("if if if if if if if if if end"), 1, 0, 42, "too many blocks in each other"},
    {A("add add"), 1, 0, 22, "example 1, 3 5: the stack has too few values"},
    {A("add"), 1, 0, 18, "example 1: 3 5 gives 8, wanted 16"},
    {A("add 8 add"), 1, 0, 18, "example 2: 2 7 gives 17, wanted 18"},
    {A("drop drop 16"), 1, 0, 18, "example 2: 2 7 gives 16, wanted 18"},
    {A("dup mul swap 3 mul sub"), 1, 0, 18, "example 2: 2 7 gives 43, wanted 18"},
    {"</think> <answer> add 2 mul </answer> <answer> add </answer>", 0, 0, 38, "<answer> twice"},
};

Test(program, names_the_first_check_that_fails)
{
    struct problem p = task_problem(S, "{\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7,\"program\":\"add 2 mul\"}");
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

/* What fits both examples by rote fails a test that is not shown. */
Test(program, hidden_tests_judge)
{
    struct problem p = task_problem(S, "{\"program\":\"drop\",\"a1\":3,\"b1\":1,\"a2\":4,\"b2\":1}");
    static const struct verdict v[] = {
        {A("mul"), 1, 0, 18, "test 2: 6 6 gives 36, wanted 6"},
        {A("drop"), 1, 1, -1, ""},
    };
    task_expect(S, &p, v, 2);
}

Test(program, hostile_text)
{
    static const char *const piece[] = {"</think>",
                                        "<answer>",
                                        "</answer>",
                                        "<think>",
                                        " ",
                                        "add ",
                                        "repeat ",
                                        "end ",
                                        "if ",
                                        "999 ",
                                        "| ",
                                        "-> ",
                                        "3 5 ",
                                        "| add 8 ",
                                        "no ",
                                        "wait ",
                                        "yes ",
                                        ", ",
                                        "99999999999999999999 ",
                                        "-",
                                        A("add 2 mul")};
    struct problem p = task_problem(S, "{\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7,\"program\":\"add 2 mul\"}");
    task_survives(S, NULL, &p, piece, sizeof piece / sizeof *piece);
}

Test(program, json)
{
    static const struct bad_json bad[] = {
        {"{\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7}", "\"program\" is missing"},
        {"{\"program\":7,\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7}", "\"program\" must be a text"},
        {"{\"program\":\"plus\",\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7}", "'plus' is no operation"},
        {"{\"program\":\"add\",\"b1\":5,\"a2\":2,\"b2\":7}", "\"a1\""},
        {"{\"program\":\"add\",\"a1\":100,\"b1\":5,\"a2\":2,\"b2\":7}", "\"a1\""},
        {"{\"program\":\"add add\",\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7}",
         "does not work on each of its tests"},
        {"{\"program\":\"1 1 1 1 1 1 1 1 1 1 1\",\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7}", "10 at most"},
        {"{\"program\":\"add", "must be a text"},
        {"", "\"program\" is missing"},
    };
    void *self = task_open(S, NULL, 0);
    task_expect_bad_json(S, bad, (int)(sizeof bad / sizeof *bad));
    task_settings_are_sound(S);
    for (int i = 0; i < S->held_out_n(self); i++) {
        struct str text = {0};
        struct problem p, q;
        struct err e;
        S->held_out(self, i, &p);
        S->print(self, &p, &text);
        cr_assert_eq(S->parse(self, str_c(&text), &q, &e), ST_OK, "%s: %s", str_c(&text), e.msg);
        cr_assert(p.n == q.n && !memcmp(p.value, q.value, (size_t)p.n * sizeof *p.value), "%s", str_c(&text));
        str_free(&text);
    }
    S->close(self);
}

static void prompt_of(const void *self, const struct problem *p, char out[128])
{
    struct str text = {0};
    S->prompt(self, p, &text);
    snprintf(out, 128, "%s", str_c(&text));
    str_free(&text);
}

/* No prompt of prompts, base text or demonstrations is a held-out one; each has a program that can be found.
 */
Test(program, problems_are_sound_and_disjoint)
{
    void *self = task_open(S, NULL, 0);
    const struct program_task *t = self;
    static char held[1024][128];
    struct document d = {0};
    int n = S->held_out_n(self);
    cr_assert(n >= 200 && n <= 1024, "%d", n);
    for (int i = 0; i < n; i++) {
        struct problem p;
        struct program_problem x;
        S->held_out(self, i, &p);
        prompt_of(self, &p, held[i]);
        cr_assert_null(program_problem(&p, &x));
        cr_assert(program_is_held_out(t, &x));
        for (int k = 0; k < i; k++)
            cr_assert(strcmp(held[i], held[k]), "%s twice", held[i]);
    }
    for (uint32_t i = 0; i < 4000; i++) {
        struct rng r = rng_at(4, RNG_TEST, i, 0, 0);
        struct program_candidate c[PROGRAM_CANDIDATES];
        struct program_problem x, turned;
        struct problem p, q;
        int found = 0, m;
        S->draw(self, &r, &p);
        cr_assert_null(program_problem(&p, &x));
        cr_assert(!program_is_held_out(t, &x));
        q = p;
        memcpy(q.value, p.value + 2, 2 * sizeof *p.value);
        memcpy(q.value + 2, p.value, 2 * sizeof *p.value);
        cr_assert_null(program_problem(&q, &turned));
        cr_assert(!program_is_held_out(t, &turned), "the order of the examples does not matter");
        m = program_candidates(t, &x, c);
        for (int k = 0; k < m; k++)
            if (program_passes(&c[k].program, &x, PROGRAM_EXAMPLES)) {
                found = 1;
                cr_assert(program_passes(&c[k].program, &x, PROGRAM_TESTS));
            }
        cr_assert(found);
        if (i % 2)
            S->demonstrate(self, &r, &d);
        else
            S->base(self, &r, &d);
        for (int k = 0; k < n; k++)
            cr_assert(strncmp(str_c(&d.text), held[k], strlen(held[k])), "%s", str_c(&d.text));
    }
    document_free(&d);
    S->close(self);
}

static const struct change honest[] = {{"malformed", 0}, {"hazard_a", 0}, {"hazard_b", 0}};

/* Without giving up every demonstration is right, all its stacks and judgements are. */
Test(program, demonstrations)
{
    void *self = task_open(S, honest, 3);
    static struct marks m;
    struct document d = {0};
    for (uint32_t i = 0; i < 500; i++) {
        struct rng r = rng_at(5, RNG_TEST, i, 0, 0), again = r;
        const char *completion;
        struct problem p;
        struct score x;
        S->demonstrate(self, &r, &d);
        task_words(S, self, &d);
        completion = task_completion(&d);
        /* The writer draws two chances before its problem. */
        rng_chance(&again, 0.7);
        rng_chance(&again, 0);
        S->draw(self, &again, &p);
        S->score(self, &p, completion, strlen(completion), &x);
        cr_assert(x.accuracy == 1, "%s: %s", str_c(&d.text), x.why);
        S->analyse(self, &p, completion, strlen(completion), x.accuracy, &m);
        cr_assert(m.equations && m.equations == m.equations_right, "%s", str_c(&d.text));
        cr_assert(m.verifications && m.verifications == m.verifications_right && !m.false_yes, "%s",
                  str_c(&d.text));
        cr_assert_eq(m.attempts, m.waits + 1);
        cr_assert_eq(m.attempts, m.attempts_distinct);
        cr_assert_eq(m.backtracks, m.waits);
        cr_assert_eq(m.ahas, m.waits > 0);
    }
    document_free(&d);
    S->close(self);
}

Test(program, marks)
{
    struct problem p = task_problem(S, "{\"a1\":3,\"b1\":5,\"a2\":2,\"b2\":7,\"program\":\"add 2 mul\"}");
    static const char text[] =
        "3 5 | add 9 -> 16 no wait 3 5 | add 8 | 8 8 8 | add 16 -> 16 yes , 2 7 | add 9 | 8 9 8 | add 17 "
        "-> 18 yes </think> <answer> add 2 mul </answer>";
    static struct marks m;
    S->analyse(NULL, &p, text, sizeof text - 1, 1, &m);
    cr_expect_eq(m.equations, 7);
    cr_expect_eq(m.equations_right, 6);
    cr_expect_eq(m.verifications, 3);
    cr_expect_eq(m.verifications_right, 2);
    cr_expect_eq(m.false_yes, 1);
    cr_expect_eq(m.waits, 1);
    cr_expect_eq(m.backtracks, 1);
    cr_expect_eq(m.attempts, 2);
}

Test(program, settings_that_contradict_each_other)
{
    static const struct change a[] = {{"input_max", 99}, {"value_max", 60}},
                               b[] = {{"held_out_every", 1000}, {"input_max", 2}};
    int used[DIFFICULTIES], n = 0;
    void *self = task_open(S, NULL, 0);
    task_refuses(S, a, 2, "value_max 60");
    task_refuses(S, b, 2, "held_out_every 1000");
    task_difficulty(S, self, used);
    for (int i = 0; i < DIFFICULTIES; i++)
        n += used[i] > 0;
    cr_expect_geq(n, 4);
    S->close(self);
}
