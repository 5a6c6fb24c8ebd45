/* What tasks share: problems with lists as JSON, keys, verdicts that leave the language alone, and the rules
 * by which tasks read their traces differently. */
#include "scenarios/countdown.h"
#include "scenarios/multiply.h"
#include "scenarios/quadratic.h"
#include "scenarios/tiny.h"
#include "tests/unit/test_task.h"

/* A number, a list, a number: places 0, 1..4 and 5. */
static const struct form_key key[3] = {{"seed", -9, 9}, {"row", -5, 99, 3}, {"goal", 0, 2147483647}};
enum { PLACES = 6 };

Test(form, lists_stand_behind_their_count)
{
    static const struct {
        const char *json, *again;
        int32_t value[PLACES];
    } good[] = {
        {"{\"seed\":-9,\"row\":[1,2,3],\"goal\":7}", NULL, {-9, 3, 1, 2, 3, 7}},
        {" { \"goal\" : 7 , \"row\" : [ -5 ] , \"seed\" : 0 } ", "{\"seed\":0,\"row\":[-5],\"goal\":7}",
         {0, 1, -5, 0, 0, 7}},
        {"{\"row\":[99,-0],\"goal\":2147483647,\"seed\":9}",
         "{\"seed\":9,\"row\":[99,0],\"goal\":2147483647}", {9, 2, 99, 0, 0, 2147483647}},
        {"{\"row\":[1,2,3],\"seed\":1,\"row\":[4],\"goal\":0}", "{\"seed\":1,\"row\":[4],\"goal\":0}",
         {1, 1, 4, 2, 3, 0}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int32_t value[PLACES] = {0};
        struct str text = {0};
        struct err e = {0};
        cr_assert_eq(form_parse("task", good[i].json, key, 3, value, &e), ST_OK, "%s", e.msg);
        cr_expect_eq(memcmp(value, good[i].value, sizeof value), 0, "%s", good[i].json);
        form_print(key, 3, value, &text);
        cr_expect_str_eq(str_c(&text), good[i].again ? good[i].again : good[i].json);
        str_free(&text);
    }
}

Test(form, bad_lists_are_named)
{
    static const char row[] = "\"row\" must be 1 to 3 whole numbers -5..99";
    static const struct bad_json bad[] = {
        {"", "problem: no object {\"seed\":n,\"row\":[..],\"goal\":n}"},
        {"{\"row\":[]}", row},
        {"{\"row\":[1,2,3,4]}", row},
        {"{\"row\":[1,100]}", row},
        {"{\"row\":[1,-6]}", row},
        {"{\"row\":[1,]}", row},
        {"{\"row\":[1 2]}", row},
        {"{\"row\":[1", row},
        {"{\"row\":[[1]]}", row},
        {"{\"row\":1}", row},
        {"{\"seed\":[1]}", "\"seed\" must be a whole number -9..9"},
        {"{\"seed\":1,\"row\":[1]}", "\"goal\" is missing"},
        {"{\"rows\":[1]}", "unknown key \"rows\"; known: seed, row, goal"},
        {"{\"row\":[1]]", "the object should end before \"]\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t value[PLACES];
        struct err e = {0};
        cr_expect_eq(form_parse("task", bad[i].json, key, 3, value, &e), ST_USAGE, "%s", bad[i].json);
        cr_expect(strstr(e.msg, bad[i].names), "%s: %s", bad[i].json, e.msg);
        cr_expect_str_eq(e.where, "task");
    }
}

Test(form, two_values_are_one_key)
{
    static const int32_t value[] = {0, 1, -1, 47, INT32_MAX, INT32_MIN};
    enum { N = sizeof value / sizeof *value };
    uint64_t seen[N * N];
    for (int i = 0; i < N * N; i++) {
        struct problem p;
        seen[i] = form_pair(value[i / N], value[i % N]);
        form_unpair(seen[i], &p);
        cr_expect(p.n == 2 && p.value[0] == value[i / N] && p.value[1] == value[i % N] && p.value[2] == 0);
        for (int k = 0; k < i; k++)
            cr_expect(seen[k] != seen[i]);
    }
}

/* Whether the form holds or not; the rest of an earlier verdict is gone. */
Test(form, a_verdict_leaves_the_language_to_its_task)
{
    static const char *const text[] = {"", "</think> <answer> 1 </answer>"};
    for (int holds = 0; holds < 2; holds++) {
        struct form_span answer;
        struct score x;
        memset(&x, 'x', sizeof x);
        x.language = 0.25;
        cr_expect_eq(form_check(text[holds], strlen(text[holds]), &answer, &x), holds);
        cr_expect(x.language == 0.25 && x.accuracy == 0 && x.format == holds && (x.at == -1) == holds);
        cr_expect(x.answer[0] == 0 && (x.why[0] == 0) == holds);
    }
}

/* A task without one language of its own gives 1 back, whatever it says of the text. */
Test(form, tasks_leave_the_language_as_it_was)
{
    static const char *const text[] = {"", "</think>\n<answer>7+11+8</answer>", "</think>", "a b c d"};
    static const struct scenario *const task[] = {&scenario_countdown, &scenario_multiply,
                                                  &scenario_quadratic, &scenario_tiny};
    static const struct problem problem[] = {{4, {11, 8, 7, 26}}, {2, {4, 7}}, {2, {-5, 6}}, {2, {0, 6}}};
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 4; i++) {
            struct score x = {.language = 1};
            task[k]->score(NULL, &problem[k], text[i], strlen(text[i]), &x);
            cr_expect_eq(x.language, 1, "%s: %s", task[k]->name, text[i]);
        }
    for (int scorer = SCORER_TINYZERO; scorer <= SCORER_GRPO_ZERO; scorer++)
        for (int i = 0; i < 4; i++) {
            struct countdown c = {.set = {.scorer = scorer}};
            struct score x = {.language = 1};
            countdown_score(&c, &problem[0], text[i], strlen(text[i]), &x);
            cr_expect_eq(x.language, 1, "scorer %d: %s", scorer, text[i]);
        }
}

static int always(const struct problem *p, const struct form_equation *eq, int n)
{
    return p != NULL && eq[n - 1].ok;
}

static int same(const struct form_equation *last, const struct form_equation *now)
{
    return last->a == now->a;
}

static int gives(const struct problem *p, const struct form_equation *now)
{
    return p->value[0] == now->b;
}

Test(form, a_way_back_is_to_an_equation_or_to_the_problem)
{
    static const char text[] = "1 + 2 = 3 wait 1 + 3 = 4 wait 5 + 7 = 12 wait 6 + 6 = 12";
    static const struct {
        struct form_rules rules;
        int backtracks;
    } row[] = {
        {{.claim = always, .reached = always}, 0},
        {{.claim = always, .reached = always, .returns = same}, 1},
        {{.claim = always, .reached = always, .starts = gives}, 1},
        {{.claim = always, .reached = always, .returns = same, .starts = gives}, 2},
    };
    struct problem p = {1, {7}};
    static struct marks m;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        form_analyse(&row[i].rules, &p, text, strlen(text), 0, &m);
        cr_expect_eq(m.backtracks, row[i].backtracks, "row %zu: %d", i, m.backtracks);
        cr_expect(m.equations_right == 4 && m.waits == 3);
    }
}

Test(form, a_sign_belongs_to_its_number_where_the_task_has_signs)
{
    static const struct {
        const char *text;
        int with, without;   /* equations */
    } row[] = {
        {"-3 + 4 = 1", 1, 0}, {"4 + -3 = 1", 1, 0},   {"3 - 4 = -1", 1, 0},
        {"4 - 3 = 1", 1, 1},  {"8 , 4 - 3 = 1", 1, 1}, {"4 -3 = 1", 1, 1},
    };
    struct form_rules rules = {.claim = always, .reached = always};
    struct problem p = {1, {7}};
    static struct marks m;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        rules.unsigned_numbers = 0;
        form_analyse(&rules, &p, row[i].text, strlen(row[i].text), 0, &m);
        cr_expect(m.equations == row[i].with && m.equations_right == row[i].with, "%s", row[i].text);
        rules.unsigned_numbers = 1;
        form_analyse(&rules, &p, row[i].text, strlen(row[i].text), 0, &m);
        cr_expect(m.equations == row[i].without, "%s: %d", row[i].text, m.equations);
    }
}
