/* Countdown by the published scorers: the six responses that they disagree on, case by case, and each quirk
 * alone. */
#include <math.h>

#include "scenarios/countdown.h"
#include "tests/unit/test_task.h"

static double reward(enum countdown_scorer scorer, const char *text, size_t n, struct score *out)
{
    struct countdown c = {.set = {.scorer = scorer}};
    struct problem p = {4, {11, 8, 7, 26}};
    double accuracy, format;
    char *exact = malloc(n ? n : 1);
    cr_assert_not_null(exact);
    memcpy(exact, text, n);
    countdown_score(&c, &p, exact, n, out);
    free(exact);
    countdown_scorer_weights(scorer, &accuracy, &format);
    return accuracy * out->accuracy + format * out->format;
}

struct published {
    const char *text;
    double tinyzero, nano_aha, grpo_zero;
};

static void expect(const struct published *row, int n)
{
    for (int i = 0; i < n; i++) {
        const double want[] = {row[i].tinyzero, row[i].nano_aha, row[i].grpo_zero};
        for (int k = 0; k < 3; k++) {
            struct score s;
            double got = reward((enum countdown_scorer)(SCORER_TINYZERO + k), row[i].text,
                                strlen(row[i].text), &s);
            cr_expect(fabs(got - want[k]) < 1e-12, "scorer %d: %s: %g, not %g (%s)", k + 1, row[i].text, got,
                      want[k],
                      s.why);
            cr_expect_eq(s.at == -1, s.accuracy == 1 && s.format == 1, "%s: at %d", row[i].text, s.at);
            cr_expect_eq(s.at == -1, s.why[0] == 0);
        }
    }
}

Test(countdown_scorer, six_responses_as_published)
{
    static const struct published row[] = {
        {"7 + 11 + 8 </think>\n<answer> 7 + ( 11 + 8 ) </answer>\n", 0, 2.0, 1.10},
        {"7 + 11 + 8 </think> <answer> 7 + ( 11 + 8 ) </answer>", 1.0, 1.0, 1.06},
        {"so </think>\n<answer> 7 * 11 + 8 </answer> <answer> 7 + 11 + 8 </answer>", 1.0, 0.5, 0.10},
        {"so </think>\n<answer> 7 + 11 + 8 </answer> <answer> 7 * 11 + 8 </answer>", 0.1, 1.5, 1.10},
        {"so <answer> 7 + 11 + 8 </answer>", 1.0, 1.0, 1.05},
        {"so </think>\n<answer> I do not know! </answer>", 0.1, 0.5, 0.10},
    };
    expect(row, 6);
}

Test(countdown_scorer, quirks)
{
    static const struct published row[] = {
        {"</think>\n<answer>7+11+8</answer>", 1.0, 2.0, 1.1},
        {"", 0, 0, 0},
        {"</think>", 0, 0, 0.01},
        {"<answer>7+11+8</answer>", 1.0, 1.0, 1.05},
        /* a line break in the answer: no answer on the last line, nor for a pattern of one line */
        {"</think>\n<answer>7+\n11+8</answer>", 0, 1.0, 0.1},
        {"</think>\n<answer>\n7+11+8</answer>", 0, 1.0, 0.1},
        /* after the end of line nothing counts for one, everything for the others */
        {"</think>\n<answer>7+11+8</answer>\n\n", 0, 1.0, 1.06},
        {"</think>\n<answer>7+11+8</answer> ok", 1.0, 1.0, 1.06},
        {"<think> </think>\n<answer>7+11+8</answer>", 1.0, 1.0, 1.1},
        /* what eval takes: signs, a power, a whole division, decimals of the given digits */
        {"</think>\n<answer>--7+11+8</answer>", 1.0, 2.0, 1.1},
        {"</think>\n<answer>(7+11+8</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer>7+11+08</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer>7 11 8</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer>7/(11-11)+8</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer>8/(7-7)+11</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer>7.8+11</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer>\t7+11+8</answer>", 1.0, 2.0, 0.1},
        {"</think>\n<answer>7+11+8+0</answer>", 0.1, 1.0, 0.1},
        {"</think>\n<answer></answer>", 0.1, 0.5, 0.1},
    };
    expect(row, sizeof row / sizeof *row);
}

/* eval knows powers and whole divisions; a sign binds looser than a power. */
Test(countdown_scorer, powers_and_whole_divisions)
{
    static const struct {
        struct problem p;
        const char *text;
        int right;
    } row[] = {
        {{3, {5, 2, 25}}, "<answer>5**2</answer>", 1},
        {{3, {5, 2, 2}}, "<answer>5//2</answer>", 1},
        {{3, {2, 2, 0}}, "<answer>2+-2</answer>", 1},
        {{4, {3, 2, 2, 512}}, "<answer>2**3**2</answer>", 1},
        {{4, {3, 2, 2, 64}}, "<answer>2**3**2</answer>", 0},
        {{3, {5, 2, 25}}, "<answer>-5**2</answer>", 0},
        {{3, {7, 2, 3}}, "<answer>7/2</answer>", 0},
        {{4, {7, 2, 2, 7}}, "<answer>7/2*2</answer>", 1},
        {{4, {5, 3, 2, 8}}, "<answer>3+3+2</answer>", 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct countdown c = {.set = {.scorer = SCORER_TINYZERO}};
        struct score s;
        countdown_score(&c, &row[i].p, row[i].text, strlen(row[i].text), &s);
        cr_expect_eq(s.accuracy == 1, row[i].right, "%s: %s", row[i].text, s.why);
    }
}

Test(countdown_scorer, the_setting_changes_who_scores)
{
    static const char text[] = "so <answer> 7 + 11 + 8 </answer>";
    struct score strict, other;
    reward(SCORER_STRICT, text, sizeof text - 1, &strict);
    reward(SCORER_TINYZERO, text, sizeof text - 1, &other);
    cr_expect(strict.accuracy == 0 && other.accuracy == 1);
    cr_expect_str_eq(strict.why, "<answer> before </think>");
}

Test(countdown_scorer, hostile_text)
{
    static const char *const piece[] = {"</think>", "\n", "<answer>", "</answer>", "<think>", " ", "7", "+",
                                        "11", "8", "**",
                                        "//", "(", ")", ".", "-", "99999999999999999999",
                                            "</think>\n<answer>7+11+8"};
    const char *deep = task_deep("</think>\n<answer>7+11+8+", '(');
    struct score s;
    char text[512];
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(5, RNG_TEST, i, 0, 0);
        size_t n = 0;
        for (int k = rng_below(&r, 20); k > 0; k--) {
            const char *add = piece[rng_below(&r, sizeof piece / sizeof *piece)];
            memcpy(text + n, add, strlen(add));
            n += strlen(add);
            text[n++] = (char)(rng_chance(&r, 0.1) ? rng_below(&r, 256) : ' ');
        }
        for (int k = SCORER_TINYZERO; k <= SCORER_GRPO_ZERO; k++) {
            reward((enum countdown_scorer)k, text, n, &s);
            cr_assert(s.at >= -1 && s.at <= (int)n && s.format >= 0 && s.format <= 1);
        }
    }
    reward(SCORER_NANO_AHA, deep, TASK_DEEP, &s);
    cr_expect(s.accuracy == 0 && s.format == 1);
    cr_expect_str_eq(s.why, "eval raises an exception");
}
