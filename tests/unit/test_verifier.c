/* Countdown's verifier against brute force, on hostile text, and on the six responses that other
 * scorers disagree on. */
#include "scenarios/countdown.h"
#include "tests/unit/test_task.h"

#define S (&scenario_countdown)

/* An exact value as an unreduced fraction; the test never calls the verifier's arithmetic. */
struct fraction {
    long num, den;
};

static int combine(char op, struct fraction a, struct fraction b, struct fraction *out)
{
    if (op == '+')
        *out = (struct fraction){a.num * b.den + b.num * a.den, a.den * b.den};
    if (op == '-')
        *out = (struct fraction){a.num * b.den - b.num * a.den, a.den * b.den};
    if (op == '*')
        *out = (struct fraction){a.num * b.num, a.den * b.den};
    if (op == '/')
        *out = (struct fraction){a.num * b.den, a.den * b.num};
    return out->den != 0;
}

static int tight(char op)
{
    return op == '*' || op == '/';
}

/* The value of form f of a o b p c, by the rules of arithmetic; 0 when it divides by zero. */
static int truth(int form, const int v[3], char o, char p, struct fraction *out)
{
    struct fraction a = {v[0], 1}, b = {v[1], 1}, c = {v[2], 1}, t;
    int right_first = form == 1 || (form != 0 && tight(p) && !tight(o));
    if (right_first)
        return combine(p, b, c, &t) && combine(o, a, t, out);
    return combine(o, a, b, &t) && combine(p, t, c, out);
}

static const char *const form_text[][3] = {
    {"(%d%c%d)%c%d", " ( %d %c %d ) %c %d ", "\t((%d%c%d) )%c\n(%d)"},
    {"%d%c(%d%c%d)", " %d %c ( %d %c %d )", "((%d)\r%c((%d%c %d)))"},
    {"%d%c%d%c%d", " %d %c %d %c %d ", "(((%d)%c%d%c(%d)))"},
};

static void expect_answer(const struct fraction *value, char out[64])
{
    long n = value->num, d = value->den;
    if (d < 0) {
        n = -n;
        d = -d;
    }
    for (long k = d; k > 1; k--)
        if (d % k == 0 && n % k == 0) {
            n /= k;
            d /= k;
        }
    if (d == 1)
        snprintf(out, 64, "%ld", n);
    else
        snprintf(out, 64, "%ld/%ld", n, d);
}

static void check_text(const char *expression, const int given[3], int defined, const struct fraction *value)
{
    struct problem p = {4, {given[0], given[1], given[2], 0}};
    struct score s;
    char text[160], answer[64] = "";
    int begin = snprintf(text, sizeof text, "1 + 1 = 2 yes </think> <answer>");
    int n = begin + snprintf(text + begin, sizeof text - (size_t)begin, "%s</answer>", expression);
    if (defined)
        expect_answer(value, answer);
    p.value[3] = defined && value->num % value->den == 0 ? (int32_t)(value->num / value->den) : 1000;
    countdown_score(NULL, &p, text, (size_t)n, &s);
    cr_expect(s.format == 1);
    cr_expect_eq(s.accuracy == 1, defined && value->num % value->den == 0, "%s: %s", text, s.why);
    cr_expect_str_eq(s.answer, answer, "%s gives %s, not %s", expression, answer, s.answer);
    cr_expect_eq(s.at == -1, s.accuracy == 1);
    cr_expect_eq(s.why[0] == 0, s.accuracy == 1);
    if (!defined)
        cr_expect(strcmp(s.why, "division by zero") == 0 && text[s.at] == '/', "%s: %s", text, s.why);
    p.value[3] += 1;
    countdown_score(NULL, &p, text, (size_t)n, &s);
    cr_expect(s.format == 1 && s.accuracy == 0 && s.at >= begin && s.at < n && s.why[0]);
}

Test(verifier, all_expressions_of_three_numbers)
{
    static const int triple[][3] = {{11, 8, 7}, {6, 3, 2}, {5, 5, 5}, {4, 1, 1}, {9, 3, 0}, {100, 75, 3}};
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char ops[] = "+-*/";
    int checked = 0, divided_by_zero = 0;
    for (size_t t = 0; t < sizeof triple / sizeof *triple; t++)
        for (int i = 0; i < 6 * 16 * 3 * 3; i++) {
            const int *o = order[i % 6];
            char first = ops[i / 6 % 4], second = ops[i / 24 % 4], text[96];
            int v[3] = {triple[t][o[0]], triple[t][o[1]], triple[t][o[2]]}, form = i / 96 % 3, defined;
            struct fraction value = {0, 1};
            snprintf(text, sizeof text, form_text[form][i / 288], v[0], first, v[1], second, v[2]);
            defined = truth(form, v, first, second, &value);
            check_text(text, triple[t], defined, &value);
            checked++;
            divided_by_zero += !defined;
        }
    cr_expect_eq(checked, 6 * 864);
    cr_expect(divided_by_zero > 50);
}

/* Problem: 11 8 7 -> 26. */
static const struct verdict table[] = {
    {"</think> <answer> 7 + ( 11 + 8 ) </answer>", 1, 1, -1, ""},
    {"</think><answer>7+(11+8)</answer>", 1, 1, -1, ""},
    {" 1 < 2 <<b> </ think> </think>\n<answer>7\t+(\v11 + 8 )</answer> \n\r\t ", 1, 1, -1, ""},
    {"</think> <answer> 007 + (11+08) </answer>", 1, 1, -1, ""},
    {"", 0, 0, 0, "cut off: no </think>"},
    {"8 + 7 = 15", 0, 0, 10, "cut off: no </think>"},
    {"8 </think", 0, 0, 9, "cut off: no </think>"},
    {"<think> 8 </think> <answer> 26 </answer>", 0, 0, 0, "<think> again in the thoughts"},
    {"8 <answer> 7+11+8 </answer>", 0, 0, 2, "<answer> before </think>"},
    {"8 </answer>", 0, 0, 2, "</answer> before </think>"},
    {"</think> ", 0, 0, 9, "cut off: no <answer>"},
    {"</think> x <answer> 7+11+8 </answer>", 0, 0, 9, "text between </think> and <answer>"},
    {"</think></think><answer> 7+11+8 </answer>", 0, 0, 8, "</think> twice"},
    {"</think> </answer>", 0, 0, 9, "</answer> where <answer> should be"},
    {"</think> <answer> 7+11+8", 0, 0, 24, "</answer> missing"},
    {"</think> <answer> 7+11+8 <answer> </answer>", 0, 0, 25, "<answer> twice"},
    {"</think> <answer> 7+11+8 </think> </answer>", 0, 0, 25, "</think> twice"},
    {"</think> <answer> <think> </answer>", 0, 0, 18, "<think> in the answer"},
    {"</think> <answer> 7+11+8 </answer> .", 0, 0, 35, "text after </answer>"},
    {"</think> <answer> 7+11+8 </answer> </answer>", 0, 0, 35, "</answer> twice"},
    {"</think> <answer> 7+11+8 </answer> <think>", 0, 0, 35, "<think> after </answer>"},
    {"</think> <answer> 7*11+8 </answer>", 1, 0, 18, "gives 85, wanted 26"},
    {"</think> <answer> 7/11+8 </answer>", 1, 0, 18, "gives 95/11, wanted 26"},
    {"</think> <answer> 7-(11+8) </answer>", 1, 0, 18, "gives -12, wanted 26"},
    {"</think> <answer> 7+7+11+8 </answer>", 1, 0, 20, "uses 7 twice"},
    {"</think> <answer> 7+11 </answer>", 1, 0, 22, "8 is not used"},
    {"</think> <answer> 26 </answer>", 1, 0, 18, "26 is not given"},
    {"</think> <answer> 7+11+8+5-5 </answer>", 1, 0, 25, "5 is not given"},
    {"</think> <answer> 7+11+8*99999999999999999999999 </answer>", 1, 0, 25, "999999999999... is not given"},
    {"</think> <answer> 4294967303+11+8 </answer>", 1, 0, 18, "4294967303 is not given"},
    {"</think> <answer>   </answer>", 1, 0, 17, "the answer is empty"},
    {"</think> <answer> 7 11 8 </answer>", 1, 0, 20, "an operator is missing before '1'"},
    {"</think> <answer> 7(11+8) </answer>", 1, 0, 19, "an operator is missing before '('"},
    {"</think> <answer> -7+11+8 </answer>", 1, 0, 18, "a number is missing before '-'"},
    {"</think> <answer> 7++11+8 </answer>", 1, 0, 20, "a number is missing before '+'"},
    {"</think> <answer> 7+11+8+ </answer>", 1, 0, 25, "a number is missing at the end"},
    {"</think> <answer> ()7+11+8 </answer>", 1, 0, 19, "a number is missing before ')'"},
    {"</think> <answer> (7+11+8 </answer>", 1, 0, 25, "a '(' is never closed"},
    {"</think> <answer> 7+11)+8 </answer>", 1, 0, 22, "')' without its '('"},
    {"</think> <answer> 7+11+8=26 </answer>", 1, 0, 24, "'=' is not part of an expression"},
    {"</think> <answer> 7.0+11+8 </answer>", 1, 0, 19, "'.' is not part of an expression"},
    {"</think> <answer> 7+11+8\xff </answer>", 1, 0, 24, "byte 0xff is not part of an expression"},
    {"</think> <answer> 7 \xc3\x97 11 </answer>", 1, 0, 20, "byte 0xc3 is not part of an expression"},
    {"</think> <answer> seven </answer>", 1, 0, 18, "'s' is not part of an expression"},
};

Test(verifier, names_the_first_check_that_fails)
{
    struct problem p = task_problem(S, "{\"numbers\":[8,11,7],\"target\":26}");
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

Test(verifier, six_responses_that_other_scorers_disagree_on)
{
    static const struct verdict six[] = {
        {"26 yes </think>\n<answer> 7+(11+8) </answer>\n", 1, 1, -1, ""},
        {"26 yes </think><answer> 7+(11+8) </answer>", 1, 1, -1, ""},
        {"no </think> <answer> 7*11+8 </answer> <answer> 7+11+8 </answer>", 0, 0, 0, "<answer> twice"},
        {"yes </think> <answer> 7+11+8 </answer> <answer> 7*11+8 </answer>", 0, 0, 0, "<answer> twice"},
        {"26 yes <answer> 7+11+8 </answer>", 0, 0, 0, "<answer> before </think>"},
        {"no </think> <answer> I do not know! </answer>", 1, 0, 0, "'I' is not part of an expression"},
    };
    struct problem p = task_problem(S, "{\"target\":26,\"numbers\":[11,8,7]}");
    for (int i = 0; i < 6; i++) {
        struct score s;
        countdown_score(NULL, &p, six[i].text, strlen(six[i].text), &s);
        cr_expect(s.format == six[i].format && s.accuracy == six[i].accuracy, "%s", six[i].text);
        cr_expect_str_eq(s.why, six[i].why, "%s: %s", six[i].text, s.why);
    }
}

/* NUL bytes are bytes like others, and nothing is read past n. */
Test(verifier, counts_bytes_not_terminators)
{
    static const char text[] = "a\0b </think> <answer> 7+11+8 </answer>\0";
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    size_t n = sizeof text - 2;
    struct score s;
    countdown_score(NULL, &p, text, n, &s);
    cr_expect(s.accuracy == 1);
    countdown_score(NULL, &p, text, n + 1, &s);
    cr_expect(s.format == 0 && s.at == (int)n);
    countdown_score(NULL, &p, text, n - 1, &s);
    cr_expect(s.format == 0 && s.at == (int)n - 1);
    for (size_t k = 0; k <= n; k++) {
        char *exact = malloc(k + 1);
        memcpy(exact, text, k);
        countdown_score(NULL, &p, exact, k, &s);
        cr_expect(s.format == (k == n));
        free(exact);
    }
}

Test(verifier, a_million_parentheses)
{
    enum { DEEP = 1000000 };
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    static const char head[] = "</think> <answer>", tail[] = "</answer>";
    char *text = malloc(2 * DEEP + 100);
    struct score s;
    size_t n = strlen(head);
    memcpy(text, head, n);
    memset(text + n, '(', DEEP);
    n += DEEP;
    memcpy(text + n, "7+(8", 4);
    n += 4;
    memset(text + n, ')', DEEP);
    n += DEEP;
    memcpy(text + n, "+11)", 4);
    n += 4;
    memcpy(text + n, tail, strlen(tail));
    n += strlen(tail);
    countdown_score(NULL, &p, text, n, &s);
    cr_expect(s.format == 1 && s.accuracy == 1, "%s at %d", s.why, s.at);
    countdown_score(NULL, &p, text, strlen(head) + DEEP, &s);
    cr_expect_str_eq(s.why, "</answer> missing");
    free(text);
}

/* Six of the largest numbers, as a product, as a sum of fractions, and as a tower of quotients. */
Test(verifier, exact_at_the_largest_numbers)
{
    struct problem p =
        task_problem(S, "{\"numbers\":[9999,9998,9997,9995,9993,9991],\"target\":1}");
    static const char *const text[] = {
        "9999*9998*9997*9995*9993*9991",         "9999/9998+9997/9995+9993/9991",
        "9999/(9998/(9997/(9995/(9993/9991))))", "9999+9998/(9997*9995*9993*9991)",
        "9999-9998/9997/9995/9993/9991",
    };
    static const char *const answer[] = {
        "997302798590358856771890",
        "2995701689831/998400729910",
        "998900309979/998400729910",
        "99750229905016899053/9976020592560945",
        "99750229905016879057/9976020592560945",
    };
    struct score s;
    char whole[160];
    for (int i = 0; i < 5; i++) {
        int n = snprintf(whole, sizeof whole, "</think><answer>%s</answer>", text[i]);
        countdown_score(NULL, &p, whole, (size_t)n, &s);
        cr_expect(s.format == 1 && s.accuracy == 0);
        cr_expect_str_eq(s.answer, answer[i], "%s is %s", text[i], s.answer);
    }
}

/* Random rubbish made of the pieces that matter: never a crash, and the parts always agree. */
Test(verifier, rubbish)
{
    static const char *const piece[] = {"</think>", "<answer>", "</answer>", "<think>", "7", "11", "8",
                                        "+",        "-",        "*",         "/",       "(", ")",  " ",
                                        "0",        "\xf0\x9f", "=",         "<",       "26"};
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    for (uint32_t i = 0; i < 50000; i++) {
        struct rng r = rng_at(5, RNG_TEST, i, 0, 0);
        struct str text = {0};
        struct score s;
        int n = rng_range(&r, 0, 16), frame = rng_chance(&r, 0.7);
        str_add(&text, frame ? "</think><answer>" : "");
        for (int k = 0; k < n; k++)
            str_add(&text,
                    piece[frame ? rng_range(&r, 4, 14) : rng_below(&r, (int)(sizeof piece / sizeof *piece))]);
        str_add(&text, frame ? "</answer>" : "");
        countdown_score(NULL, &p, str_c(&text), text.n, &s);
        cr_assert(s.at >= -1 && s.at <= (int)text.n);
        cr_assert((s.at == -1) == (s.accuracy == 1) && (s.why[0] == 0) == (s.accuracy == 1));
        cr_assert(s.accuracy <= s.format && (!s.answer[0] || s.format == 1));
        cr_assert_eq(s.accuracy == 1, strcmp(s.answer, "26") == 0);
        str_free(&text);
    }
}
