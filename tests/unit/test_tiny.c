/* Tiny: all of its outcomes, for all of its problems. */
#include "scenarios/tiny.h"
#include "tests/unit/test_task.h"

#define S (&scenario_tiny)

/* Problem: first b, sum 7. */
static const struct verdict table[] = {
    {"b d d a </answer>", 1, 1, -1, ""},
    {"bdda", 1, 1, -1, ""},
    {" b\nd d a</answer>\n", 1, 1, -1, ""},
    {"", 0, 0, 0, "0 of 4 symbols"},
    {"b d", 0, 0, 3, "2 of 4 symbols"},
    {"b d </answer>", 0, 0, 4, "2 of 4 symbols"},
    {"b d d a a", 0, 0, 8, "a fifth symbol"},
    {"b d e a", 0, 0, 4, "'e' is not part of an answer: a, b, c or d"},
    {"b d \xff", 0, 0, 4, "byte 0xff is not part of an answer: a, b, c or d"},
    {"<think> b d d a", 0, 0, 0, "'<' is not part of an answer: a, b, c or d"},
    {"b d d a </answer", 0, 0, 8, "'<' is not part of an answer: a, b, c or d"},
    {"b d d a </answer> </answer>", 0, 0, 18, "text after </answer>"},
    {"a d d b", 1, 0, 0, "begins with a, wanted b"},
    {"b d d b", 1, 0, 6, "the sum is 8, wanted 7"},
};

Test(tiny, names_the_first_check_that_fails)
{
    struct problem p = task_problem(S, "{\"first\":1,\"sum\":7}");
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

/* Each of the 256 outcomes under each of the 40 problems, by the words of the rule. */
Test(tiny, every_outcome_of_every_problem)
{
    int problems = 0, right_all = 0;
    for (int first = 0; first < 4; first++)
        for (int sum = first; sum <= first + 9; sum++) {
            struct problem p = {2, {first, sum}};
            int right = 0, of[5] = {12, 10, 6, 3, 1};
            char label[LABEL_BYTES];
            for (int i = 0; i < TINY_OUTCOMES; i++) {
                int w = i / 64, x = i / 16 % 4, y = i / 4 % 4, z = i % 4, s[TINY_POSITIONS];
                char text[16];
                struct score score;
                int n = snprintf(text, sizeof text, "%c %c %c %c", 'a' + w, 'a' + x, 'a' + y, 'a' + z);
                tiny_outcome(i, s);
                cr_assert(s[0] == w && s[1] == x && s[2] == y && s[3] == z);
                S->score(NULL, &p, text, (size_t)n, &score);
                cr_assert(score.format == 1 && (score.accuracy == 1) == (w == first && w + x + y + z == sum));
                cr_assert_eq(score.accuracy == 1, tiny_is_right(&p, s));
                cr_assert_eq(strlen(score.answer), 4);
                right += score.accuracy == 1;
            }
            cr_assert_eq(of[S->difficulty(NULL, &p, label)], right, "%s", label);
            cr_assert_eq(atoi(label), right);
            problems++;
            right_all += right;
        }
    cr_expect(problems == 40 && right_all == 256, "each outcome is right once");
}

Test(tiny, hostile_text)
{
    static const char *const piece[] = {"</think>", "<answer>", "</answer>", "<think>", " ", "a", "b", "c",
                                        "d", "bdda", "wait",
                                        "yes", "1 + 1 = 2"};
    struct problem p = {2, {1, 7}};
    task_survives(S, NULL, &p, piece, sizeof piece / sizeof *piece);
}

Test(tiny, held_out_and_training_problems_are_disjoint)
{
    void *self = task_open(S, NULL, 0);
    int held[4][13] = {{0}}, seen = 0, n = S->held_out_n(self);
    struct document d = {0};
    for (int i = 0; i < n; i++) {
        struct problem p;
        S->held_out(self, i, &p);
        cr_assert_not(held[p.value[0]][p.value[1]]++);
        cr_assert(tiny_is_held_out(self, &p));
    }
    cr_expect(n >= 5 && n <= 15, "%d", n);
    for (uint32_t i = 0; i < 4000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0);
        struct problem p;
        const char *text;
        S->draw(self, &r, &p);
        cr_assert_not(held[p.value[0]][p.value[1]] == 1);
        seen += held[p.value[0]][p.value[1]] == 0;
        held[p.value[0]][p.value[1]] = 2;
        S->demonstrate(self, &r, &d);
        task_words(S, self, &d);
        text = str_c(&d.text);
        cr_assert_neq(held[text[0] - 'a'][4 * (text[2] - 'a') + text[4] - 'a'], 1, "held out: %s", text);
    }
    cr_expect_eq(seen, 40 - n, "every other problem is drawn");
    document_free(&d);
    S->close(self);
}

Test(tiny, texts)
{
    static const struct change sure[] = {{"wrong", 0}, {"malformed", 0}}, spoilt[] = {{"malformed", 1}};
    void *self = task_open(S, sure, 2), *other = task_open(S, spoilt, 1);
    struct document d = {0};
    struct score x;
    for (uint32_t i = 0; i < 2000; i++) {
        struct rng r = rng_at(4, RNG_COLD, i, 0, 0);
        struct problem p = {2, {0, 0}};
        const char *text;
        S->demonstrate(self, &r, &d);
        text = str_c(&d.text);
        p.value[0] = text[0] - 'a';
        p.value[1] = 4 * (text[2] - 'a') + text[4] - 'a';
        S->score(self, &p, task_completion(&d), strlen(task_completion(&d)), &x);
        cr_assert_eq(x.accuracy, 1, "%s: %s", text, x.why);
        cr_assert_eq(d.response_at, 4);
        S->demonstrate(other, &r, &d);
        S->score(self, &p, task_completion(&d), strlen(task_completion(&d)), &x);
        cr_assert_eq(x.format, 0, "%s", str_c(&d.text));
        S->base(self, &r, &d);
        task_words(S, self, &d);
        S->score(self, &p, str_c(&d.text), d.text.n, &x);
        cr_assert(x.format == 1 && d.response_at == 0);
    }
    document_free(&d);
    S->close(self);
    S->close(other);
}

Test(tiny, settings_prompt_and_json)
{
    static const struct bad_json bad[] = {
        {"{\"first\":4,\"sum\":7}", "\"first\" must be a whole number 0..3"},
        {"{\"first\":1,\"sum\":13}", "\"sum\""},
        {"{\"first\":1,\"sum\":0}", "with \"first\" 1 it is 1..10"},
        {"{\"first\":1,\"sum\":11}", "with \"first\" 1 it is 1..10"},
        {"{\"sum\":11}", "\"first\" is missing"},
    };
    struct problem p = task_problem(S, "{\"first\":1,\"sum\":7}");
    const char *const *token;
    task_texts(S, &p, "b b d <think>", "{\"first\":1,\"sum\":7}");
    cr_expect_eq(S->tokens(NULL, &token), 6);
    task_settings_are_sound(S);
    task_expect_bad_json(S, bad, sizeof bad / sizeof *bad);
}
