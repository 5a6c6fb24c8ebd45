/* Multiply: its verifier against a table and brute force, its problems, texts and traces. */
#include "scenarios/multiply.h"
#include "tests/unit/test_task.h"

#define S (&scenario_multiply)

/* Problem: 47 * 36 = 1692. */
static const struct verdict table[] = {
    {"</think> <answer> 1 6 9 2 </answer>", 1, 1, -1, ""},
    {"</think><answer>1692</answer>\n\t ", 1, 1, -1, ""},
    {"4 0 * 3 0 </think> <answer> 00 16\n92 </answer>", 1, 1, -1, ""},
    {"", 0, 0, 0, "cut off: no </think>"},
    {"4 7", 0, 0, 3, "cut off: no </think>"},
    {"</think> ", 0, 0, 9, "cut off: no <answer>"},
    {"<think> </think> <answer> 1692 </answer>", 0, 0, 0, "<think> again in the thoughts"},
    {"1692 <answer> 1692 </answer>", 0, 0, 5, "<answer> before </think>"},
    {"</think> 1692 <answer> 1692 </answer>", 0, 0, 9, "text between </think> and <answer>"},
    {"</think> </think> <answer> 1692 </answer>", 0, 0, 9, "</think> twice"},
    {"</think> <answer> 1692", 0, 0, 22, "</answer> missing"},
    {"</think> <answer> 1 </answer> <answer> 1692 </answer>", 0, 0, 30, "<answer> twice"},
    {"</think> <answer> 1 <answer> 1692 </answer>", 0, 0, 20, "<answer> twice"},
    {"</think> <answer> 1692 </answer> 1692", 0, 0, 33, "text after </answer>"},
    {"</think> <answer> <think> </answer>", 0, 0, 18, "<think> in the answer"},
    {"</think> <answer></answer>", 1, 0, 17, "the answer is empty"},
    {"</think> <answer>  </answer>", 1, 0, 17, "the answer is empty"},
    {"</think> <answer> 1682 </answer>", 1, 0, 18, "gives 1682, wanted 1692"},
    {"</think> <answer> 0 </answer>", 1, 0, 18, "gives 0, wanted 1692"},
    {"</think> <answer> 1692 1692 </answer>", 1, 0, 18, "gives 16921692, wanted 1692"},
    {"</think> <answer> -1692 </answer>", 1, 0, 18, "'-' is not part of a whole number"},
    {"</think> <answer> 1692.0 </answer>", 1, 0, 22, "'.' is not part of a whole number"},
    {"</think> <answer> 47*36 </answer>", 1, 0, 20, "'*' is not part of a whole number"},
    {"</think> <answer> ((((1692)))) </answer>", 1, 0, 18, "'(' is not part of a whole number"},
    {"</think> <answer> 1692 or 1 </answer>", 1, 0, 23, "'o' is not part of a whole number"},
    {"</think> <answer> 16\xff""92 </answer>", 1, 0, 20, "byte 0xff is not part of a whole number"},
    {"</think> <answer> 18446744073709553308 </answer>", 1, 0, 18, "gives 18446744073709553308, wanted 1692"},
    {"</think> <answer> 99999999999999999999999999999999 </answer>", 1, 0, 18,
     "gives 99999999999999999999..., wanted 1692"},
};

Test(multiply, names_the_first_check_that_fails)
{
    struct problem p = task_problem(S, "{\"a\":47,\"b\":36}");
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

Test(multiply, exact_up_to_the_largest_factors)
{
    struct problem p = task_problem(S, "{\"b\":999999999,\"a\":999999999}");
    struct problem zero = task_problem(S, "{\"a\":0,\"b\":7}");
    static const struct verdict large[] = {{"</think><answer>999999998000000001</answer>", 1, 1, -1, ""}};
    static const struct verdict none[] = {{"</think><answer>00</answer>", 1, 1, -1, ""}};
    static const char beyond[] = "</think><answer>9999999990000000001999999999</answer>";
    struct score x;
    task_expect(S, &p, large, 1);
    task_expect(S, &zero, none, 1);
    S->score(NULL, &p, beyond, sizeof beyond - 1, &x);
    cr_expect(x.accuracy == 0 && x.answer[0] == 0, "a number too long to keep has no vote");
}

/* Of all numbers up to 120, exactly the product is right, for all factors up to 10. */
Test(multiply, brute_force)
{
    for (int a = 0; a <= 10; a++)
        for (int b = 0; b <= 10; b++)
            for (int v = 0; v <= 120; v++) {
                struct problem p = {2, {a, b}};
                char text[64], plain[16];
                struct score x;
                int product = 0, n = snprintf(text, sizeof text, "</think> <answer> %d </answer>", v);
                for (int k = 0; k < b; k++)
                    product += a;
                snprintf(plain, sizeof plain, "%d", v);
                S->score(NULL, &p, text, (size_t)n, &x);
                cr_assert_eq(x.accuracy == 1, v == product, "%d * %d = %d", a, b, v);
                cr_assert_str_eq(x.answer, plain);
            }
}

Test(multiply, hostile_text)
{
    static const char *const piece[] = {"</think>", "<answer>", "</answer>", "<think>", " ", "1", "692",
                                        "4 7 * 3 6 = ",
                                        ",", "-", "=", "+", "no", "wait", "yes", "(((((",
                                            "99999999999999999999"};
    const char *deep = task_deep("</think> <answer>", '(');
    struct problem p = {2, {47, 36}};
    struct score x;
    static struct marks m;
    task_survives(S, NULL, &p, piece, sizeof piece / sizeof *piece);
    S->score(NULL, &p, deep, TASK_DEEP, &x);
    S->analyse(NULL, &p, deep, TASK_DEEP, 0, &m);
    cr_expect(x.format == 1 && x.accuracy == 0 && x.at == 17);
}

Test(multiply, settings_prompt_and_json)
{
    static const struct bad_json bad[] = {
        {"", "object"},
        {"{}", "key"},
        {"{\"a\":1}", "\"b\" is missing"},
        {"{\"a\":1,\"b\":-2}", "\"b\" must be a whole number 0..999999999"},
        {"{\"a\":1.5,\"b\":2}", "\"a\""},
        {"{\"a\":1e3,\"b\":2}", "\"a\""},
        {"{\"a\":1000000000,\"b\":2}", "\"a\""},
        {"{\"a\":99999999999999999999999,\"b\":2}", "\"a\""},
        {"{\"a\":\"1\",\"b\":2}", "\"a\""},
        {"{\"a\":-,\"b\":2}", "\"a\""},
        {"{\"a\":1,\"c\":2}", "unknown key \"c\"; known: a, b"},
        {"{\"a\":1,\"b\":2", "end"},
        {"{\"a\":1,\"b\":2} 3", "end"},
        {"{\"a\" 1}", "no value"},
        {"{\"a", "unknown"},
    };
    static const struct change one_partial[] = {{"a_high", 10}, {"b_high", 9}};
    struct problem p = task_problem(S, " { \"b\" : 36 , \"a\":47 } ");
    cr_expect(p.n == 2 && p.value[0] == 47 && p.value[1] == 36);
    task_texts(S, &p, "User : 4 7 * 3 6 Assistant : <think>", "{\"a\":47,\"b\":36}");
    task_settings_are_sound(S);
    task_expect_bad_json(S, bad, sizeof bad / sizeof *bad);
    task_refuses(S, &(struct change){"a_low", 100}, 1, "a_high");
    task_refuses(S, &(struct change){"b_low", 100}, 1, "b_high");
    task_refuses(S, one_partial, 2, "held_out_every");
}

static int product_of(const struct problem *p)
{
    return p->value[0] * p->value[1];
}

Test(multiply, held_out_and_training_problems_are_disjoint)
{
    static const struct change all[] = {{"held_out_cap", 10000}}, some[] = {{"held_out_cap", 100}};
    void *self = task_open(S, all, 1), *capped = task_open(S, some, 1);
    static unsigned char held[100][100];
    int n = S->held_out_n(self), expected = 0, used[DIFFICULTIES];
    cr_expect_eq(S->held_out_n(capped), 100);
    for (int i = 0; i < n; i++) {
        struct problem p, q;
        S->held_out(self, i, &p);
        cr_assert(p.value[0] >= 10 && p.value[0] <= 99 && p.value[1] >= 2 && p.value[1] <= 99);
        cr_assert_not(held[p.value[0]][p.value[1]], "no problem stands twice");
        held[p.value[0]][p.value[1]] = held[p.value[1]][p.value[0]] = 1;
        if (i < 100) {
            S->held_out(capped, i, &q);
            cr_assert_eq(memcmp(&p, &q, sizeof p), 0, "a cap keeps the front");
        }
    }
    for (int a = 10; a <= 99; a++)
        for (int b = 2; b <= 99; b++) {
            struct problem p = {2, {a, b}};
            cr_assert_eq(held[a][b], multiply_is_held_out(self, &p));
            expected += held[a][b] && (b < 10 || b >= a);
        }
    cr_expect_eq(n, expected, "all of them");
    cr_expect(n > 300 && n < 500, "%d", n);
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0);
        struct problem p;
        S->draw(self, &r, &p);
        cr_assert_not(held[p.value[0]][p.value[1]]);
    }
    cr_expect_geq(task_difficulty(S, self, used), 4);
    S->close(self);
    S->close(capped);
}

/* The factors of a prompt `User : 4 7 * 3 6 Assistant`. */
static struct problem read_prompt(const char *text)
{
    struct problem p = {2, {0, 0}};
    int k = 0;
    for (; *text && *text != 'A'; text++)
        if (*text == '*')
            k = 1;
        else if (*text >= '0' && *text <= '9')
            p.value[k] = p.value[k] * 10 + (*text - '0');
    return p;
}

struct tally {
    int documents, rows, right, formatted, slips, short_n;
};

static void read_document(const void *self, const struct document *d, void *tally)
{
    static struct marks m;
    struct tally *t = tally;
    const char *completion = task_completion(d);
    struct problem p = {2, {0, 0}};
    struct score x;
    size_t n;
    if (!completion) {
        S->analyse(self, &p, str_c(&d->text), d->text.n, 0, &m);
        cr_assert(m.equations == 6 && m.equations_right == 6, "%s", str_c(&d->text));
        t->rows++;
        return;
    }
    n = strlen(completion);
    p = read_prompt(str_c(&d->text));
    cr_assert_not(multiply_is_held_out(self, &p), "held out: %s", str_c(&d->text));
    S->score(self, &p, completion, n, &x);
    S->analyse(self, &p, completion, n, x.accuracy, &m);
    cr_assert_eq(m.equations - m.equations_right, m.waits, "a wrong equation is mended: %s", str_c(&d->text));
    cr_assert(m.waits <= 1 && m.backtracks == m.waits && m.verifications == m.waits);
    cr_assert_eq(m.verifications, m.verifications_right);
    cr_assert(x.format == 0 || x.accuracy == 1 || strncmp(x.why, "gives", 5) == 0, "%s", x.why);
    if (x.format == 1) {
        cr_assert_eq(x.accuracy == 1, atoi(x.answer) == product_of(&p));
        cr_assert_eq(m.ahas, m.waits && x.accuracy == 1, "%s", str_c(&d->text));
    }
    t->documents++;
    t->right += x.accuracy == 1;
    t->formatted += x.format == 1;
    t->slips += m.waits;
    t->short_n += d->token_n < 30;
}

static void read_documents(const struct change *change, int changes, int base, struct tally *t)
{
    memset(t, 0, sizeof *t);
    task_documents(S, change, changes, base, 3000, read_document, t);
}

Test(multiply, demonstrations)
{
    static const struct change patient[] = {{"hazard_a", 0}, {"hazard_b", 0}, {"malformed", 0}, {"slip", 0}};
    static const struct change hasty[] = {{"hazard_a", 1}, {"hazard_a_share", 1}, {"malformed", 1}};
    struct tally t;
    read_documents(NULL, 0, 0, &t);
    task_share("right", t.right, t.documents, 0.3, 0.55);
    task_share("well formed", t.formatted, t.documents, 0.93, 0.97);
    task_share("slips", t.slips, t.documents, 0.02, 0.06);
    read_documents(patient, 4, 0, &t);
    cr_expect(t.right == t.documents && t.slips == 0);
    read_documents(hasty, 3, 0, &t);
    cr_expect_eq(t.formatted, 0);
    task_share("short", t.short_n, t.documents, 0.9, 1);
}

Test(multiply, base_text)
{
    struct tally t;
    read_documents(NULL, 0, 1, &t);
    task_share("rows", t.rows, t.rows + t.documents, 0.47, 0.53);
    task_share("well formed", t.formatted, t.documents, 0.72, 0.8);
    cr_expect_eq(t.slips, 0);
}

Test(multiply, a_trace_is_read)
{
    static const char text[] = "4 0 * 3 0 = 1 2 0 0 , 4 0 * 6 = 2 5 0 no wait 4 0 * 6 = 2 4 0 , "
                               "1 2 0 0 + 2 4 0 = 1 4 4 0 , 7 * 3 0 = 2 1 0 , 1 4 4 0 + 2 1 0 = 1 6 5 0 , "
                               "7 * 6 = 4 2 , 1 6 5 0 + 4 2 = 1 6 9 2 </think> <answer> 1 6 9 2 </answer>";
    static const enum mark_kind kind[] = {MARK_EQUATION, MARK_EQUATION, MARK_VERIFICATION, MARK_REFLECTION};
    struct problem p = {2, {47, 36}};
    static struct marks m;
    S->analyse(NULL, &p, text, strlen(text), 1, &m);
    cr_expect(m.equations == 8 && m.equations_right == 7 && m.attempts == 2 && m.attempts_distinct == 2);
    cr_expect(m.waits == 1 && m.backtracks == 1 && m.ahas == 1 && m.verifications_right == 1 &&
              m.false_yes == 0);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(m.mark[i].kind, kind[i]);
    cr_expect(m.mark[1].ok == 0 && strncmp(text + m.mark[1].begin, "4 0 * 6 = 2 5 0 no", 18) == 0);
    S->analyse(NULL, &p, text, strlen(text), 0, &m);
    cr_expect_eq(m.ahas, 0, "no aha where the answer is wrong");
    S->analyse(NULL, &p, "7 * 6 = 4 3 yes", 15, 0, &m);
    cr_expect(m.false_yes == 1 && m.verifications_right == 0 && m.attempts == 1);
}
