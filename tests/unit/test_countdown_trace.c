/* What the analysis finds in written traces: each kind of mark, and when it is not there. */
#include "scenarios/countdown.h"
#include "tests/unit/test_task.h"

#define S (&scenario_countdown)

struct counts {
    const char *text;
    double accuracy;
    int equations, right, reflections, verifications, verified, backtracks, waits, attempts, distinct, ahas,
        false_yes;
};

/* Problem: 11 8 7 -> 26. */
static const struct counts table[] = {
    {"", 0, .equations = 0},
    {"8 + 7 = 15 11 , 15 + 11 = 26 yes </think> <answer> ( 8 + 7 ) + 11 </answer>", 1, .equations = 2,
     .right = 2, .verifications = 1, .verified = 1, .attempts = 1, .distinct = 1},
    {"8 * 7 = 56 11 , 56 - 11 = 45 no wait 8 + 7 = 15 11 , 15 + 11 = 26 yes </think> <answer> ( 8 + 7 ) + 11 "
     "</answer>",
     1, .equations = 4, .right = 4, .reflections = 1, .verifications = 2, .verified = 2, .backtracks = 1,
     .waits = 1, .attempts = 2, .distinct = 2, .ahas = 1},
    /* the same, but the answer is not right: no aha */
    {"8 * 7 = 56 11 , 56 - 11 = 45 no wait 8 + 7 = 15 11 , 15 + 11 = 26 yes </think> <answer> 8 * 7 "
     "</answer>",
     0, .equations = 4, .right = 4, .reflections = 1, .verifications = 2, .verified = 2, .backtracks = 1,
     .waits = 1, .attempts = 2, .distinct = 2},
    /* the target by a wrong equation: no aha */
    {"8 * 7 = 56 11 , 56 - 11 = 45 no wait 8 + 7 = 15 11 , 15 * 11 = 26 yes </think> <answer> 8 + 7 + 11 "
     "</answer>",
     1, .equations = 4, .right = 3, .reflections = 1, .verifications = 2, .verified = 2, .backtracks = 1,
     .waits = 1, .attempts = 2, .distinct = 2},
    /* the first attempt again, operands swapped, is not a distinct one */
    {"8 * 7 = 56 11 , 56 - 11 = 45 no wait 7 * 8 = 56 11 , 56 - 11 = 45 no", 0, .equations = 4, .right = 4,
     .reflections = 1, .verifications = 2, .verified = 2, .backtracks = 1, .waits = 1, .attempts = 2,
     .distinct = 1},
    /* subtraction does not commute */
    {"8 - 7 = 1 11 no wait 7 - 8 = 1 11 no", 0, .equations = 2, .right = 1, .reflections = 1,
     .verifications = 2, .verified = 2, .backtracks = 1, .waits = 1, .attempts = 2, .distinct = 2},
    /* false judgements */
    {"11 + 8 = 19 7 , 19 - 7 = 12 yes", 0, .equations = 2, .right = 2, .verifications = 1, .attempts = 1,
     .distinct = 1, .false_yes = 1},
    {"11 + 8 = 19 7 , 19 + 7 = 26 no wait", 0, .equations = 2, .right = 2, .reflections = 1,
     .verifications = 1, .waits = 1, .attempts = 1, .distinct = 1},
    /* going on with a result is no backtrack; a number may be used once only */
    {"11 + 8 = 19 7 no wait 19 + 7 = 26 yes", 0, .equations = 2, .right = 2, .reflections = 1,
     .verifications = 2, .verified = 2, .waits = 1, .attempts = 2, .distinct = 2},
    {"11 + 8 = 19 7 no wait 8 + 8 = 16 no", 0, .equations = 2, .right = 2, .reflections = 1,
     .verifications = 2, .verified = 2, .waits = 1, .attempts = 2, .distinct = 2},
    /* words alone: no attempt, no judgement, no backtrack */
    {"wait wait yes no", 0, .reflections = 2, .waits = 2},
    {"Wait, BUT verify: this is wrong; check! waiting buttons", 0, .reflections = 5, .waits = 1},
    /* a first thought that is a reflection word is no aha, and hitting at once is none either */
    {"wait 11 + 8 = 19 7 , 19 + 7 = 26 yes </think> <answer> 11+8+7 </answer>", 1, .equations = 2, .right = 2,
     .reflections = 1, .verifications = 1, .verified = 1, .waits = 1, .attempts = 1, .distinct = 1},
    /* without a reflection word there is no aha */
    {"11 - 8 = 3 7 , 7 + 3 = 10 no 11 + 8 = 19 7 , 19 + 7 = 26 yes </think> <answer> 11+8+7 </answer>", 1,
     .equations = 4, .right = 4, .verifications = 2, .verified = 2, .attempts = 2, .distinct = 2},
    /* cut off in the middle of an attempt */
    {"11 - 8 = 3 7 , 7 + 3 = 10 no wait 11 + 8 = 19 7 , 19", 0, .equations = 2 + 1, .right = 3,
     .reflections = 1, .verifications = 1, .verified = 1, .backtracks = 1, .waits = 1, .attempts = 2,
     .distinct = 2},
    /* what stands after the thoughts is no part of their last attempt */
    {"11 + 8 = 19 </think> 19 + 7 = 26", 0, .equations = 2, .right = 2, .attempts = 2, .distinct = 2},
    /* equations that are wrong, impossible, chained, too large, or no equation */
    {"7 + 8 = 16 , 8 / 0 = 8 , 0 / 0 = 7 , 7 / 2 = 3 , 7 + 8 = 15 + 11 = 26", 0, .equations = 6, .right = 2,
     .attempts = 1, .distinct = 1},
    {"12345678901 + 0 = 12345678902 , 99999999999 * 99999999999 = 0", 0, .equations = 2, .attempts = 1,
     .distinct = 1},
    {"11 + 8 * 7 = 67 , ( 11 + 8 ) * 7 = 133 , 7 = 7 , + 7 = 7 , 7 + = 7", 0, .equations = 0},
    /* no number has a sign */
    {"-7 + 8 = 1 , 8 + -7 = 1 , 8 - -7 = 15 , 7 - 8 = -1", 0, .equations = 0},
    {"7+8=15\xff\xfe 1 1 + 8=19", 0, .equations = 2, .right = 1, .attempts = 1, .distinct = 1},
};

Test(countdown_trace, counts)
{
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct counts *w = &table[i];
        static struct marks m;
        int sum[MARK_AHA + 1] = {0};
        countdown_analyse(NULL, &p, w->text, strlen(w->text), w->accuracy, &m);
        cr_expect(m.equations == w->equations && m.equations_right == w->right, "%s: equations %d of %d",
                  w->text, m.equations_right, m.equations);
        cr_expect(m.verifications == w->verifications && m.verifications_right == w->verified &&
                      m.false_yes == w->false_yes,
                  "%s: verifications %d of %d, %d false yes", w->text, m.verifications_right, m.verifications,
                  m.false_yes);
        cr_expect(m.attempts == w->attempts && m.attempts_distinct == w->distinct,
                  "%s: attempts %d distinct %d", w->text, m.attempts, m.attempts_distinct);
        cr_expect(m.reflections == w->reflections && m.waits == w->waits && m.backtracks == w->backtracks,
                  "%s: %d reflections %d waits %d backtracks", w->text, m.reflections, m.waits, m.backtracks);
        cr_expect_eq(m.ahas, w->ahas, "%s: %d ahas", w->text, m.ahas);
        for (int k = 0; k < m.n; k++)
            sum[m.mark[k].kind]++;
        cr_expect(sum[MARK_EQUATION] == m.equations && sum[MARK_REFLECTION] == m.reflections &&
                  sum[MARK_VERIFICATION] == m.verifications && sum[MARK_BACKTRACK] == m.backtracks &&
                  sum[MARK_AHA] == m.ahas);
    }
}

struct expected {
    enum mark_kind kind;
    const char *text;
    int ok;
};

/* Every kind of mark, with its place. */
Test(countdown_trace, marks_stand_in_order_where_they_belong)
{
    static const char text[] =
        "8 * 7 = 57 11 , 57 - 11 = 46 no wait 8 + 7 = 15 11 , 15 + 11 = 26 yes </think> "
        "<answer> ( 8 + 7 ) + 11 </answer>";
    static const struct expected want[] = {
        {MARK_EQUATION, "8 * 7 = 57", 0}, {MARK_EQUATION, "57 - 11 = 46", 1},
        {MARK_VERIFICATION, "no", 1},     {MARK_REFLECTION, "wait", 1},
        {MARK_BACKTRACK, "wait", 1},      {MARK_AHA, "wait", 1},
        {MARK_EQUATION, "8 + 7 = 15", 1}, {MARK_EQUATION, "15 + 11 = 26", 1},
        {MARK_VERIFICATION, "yes", 1},    {MARK_STRUCTURE, "</think>", 1},
        {MARK_STRUCTURE, "<answer>", 1},  {MARK_STRUCTURE, "</answer>", 1},
    };
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    static struct marks m;
    int from = 0;
    countdown_analyse(NULL, &p, text, strlen(text), 1, &m);
    cr_assert_eq(m.n, (int)(sizeof want / sizeof *want), "%d marks", m.n);
    for (int i = 0; i < m.n; i++) {
        const struct mark *k = &m.mark[i];
        int len = (int)strlen(want[i].text);
        cr_expect(k->kind == want[i].kind && k->ok == want[i].ok, "mark %d: kind %d ok %d", i, k->kind,
                  k->ok);
        cr_expect(k->end - k->begin == len && memcmp(text + k->begin, want[i].text, (size_t)len) == 0,
                  "mark %d: %.*s", i, k->end - k->begin, text + k->begin);
        cr_expect(k->begin >= from);
        from = k->begin;
    }
}

/* The aha is the word that turns to the attempt that succeeds, not an earlier one. */
Test(countdown_trace, aha_is_the_last_turn)
{
    static const char text[] =
        "11 - 8 = 3 7 , 7 - 3 = 4 no wait 11 - 7 = 4 8 , 8 + 4 = 12 no but wait 11 + 8 = 19 7 "
        ", 19 + 7 = 26 yes </think> <answer> 11+8+7 </answer>";
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    static struct marks m;
    countdown_analyse(NULL, &p, text, strlen(text), 1, &m);
    cr_assert_eq(m.ahas, 1);
    for (int i = 0; i < m.n; i++)
        if (m.mark[i].kind == MARK_AHA)
            cr_expect_eq(text + m.mark[i].begin, strstr(text, "but"));
}

/* More marks than are kept are still counted; arbitrary bytes never leave the text. */
Test(countdown_trace, long_and_hostile_text)
{
    struct problem p = task_problem(S, "{\"numbers\":[11,8,7],\"target\":26}");
    static struct marks m;
    struct str text = {0};
    for (int i = 0; i < 2000; i++)
        str_printf(&text, "%d + 1 = %d no wait ", i, i + 1);
    countdown_analyse(NULL, &p, str_c(&text), text.n, 0, &m);
    cr_expect(m.n == MARKS_MAX && m.equations == 2000 && m.equations_right == 2000 && m.waits == 2000);
    cr_expect(m.attempts == 2000 && m.attempts_distinct > 1000);
    for (uint32_t i = 0; i < 20000; i++) {
        static const char *const piece[] = {"</think>", "wait", "no", "yes",   "7",        "11",
                                            "8",        " + ",  "-",  "=",     "=",        "/",
                                            " ",        "\xff", "<",  "check", "<answer>", "15"};
        struct rng r = rng_at(6, RNG_TEST, i, 0, 0);
        int n = rng_range(&r, 0, 60);
        char *exact;
        str_clear(&text);
        for (int k = 0; k < n; k++)
            str_add(&text, piece[rng_below(&r, (int)(sizeof piece / sizeof *piece))]);
        exact = malloc(text.n ? text.n : 1);
        memcpy(exact, str_c(&text), text.n);
        countdown_analyse(NULL, &p, exact, text.n, rng_chance(&r, 0.5), &m);
        for (int k = 0; k < m.n; k++)
            cr_assert(m.mark[k].begin >= 0 && m.mark[k].begin < m.mark[k].end &&
                      m.mark[k].end <= (int)text.n && (k == 0 || m.mark[k - 1].begin <= m.mark[k].begin));
        cr_assert(m.attempts_distinct <= m.attempts && m.equations_right <= m.equations);
        free(exact);
    }
    str_free(&text);
}
