/* Bilingual: its words, its verifier against a table and brute force, its problems, texts and traces. */
#include "scenarios/bilingual.h"
#include "tests/unit/test_task.h"

#define S (&scenario_bilingual)
#define SEVEN_PLUS_FIVE_MINUS_THREE "{\"chinese\":0,\"a\":7,\"b\":5,\"c\":-3,\"d\":0}"

static const struct verdict table[] = {
    {"seven plus five equals twelve </think> <answer> 9 </answer>", 1, 1, -1, ""},
    {"</think><answer>009</answer>\n", 1, 1, -1, ""},
    {"", 0, 0, 0, "cut off: no </think>"},
    {"seven </think> 9", 0, 0, 15, "text between </think> and <answer>"},
    {"</think> <answer> 9", 0, 0, 19, "</answer> missing"},
    {"<answer> 9 </answer>", 0, 0, 0, "<answer> before </think>"},
    {"</think> <answer> </answer>", 1, 0, 17, "the answer is empty"},
    {"</think> <answer> nine </answer>", 1, 0, 18, "'n' is not part of a whole number in digits"},
    {"</think> <answer> 九 </answer>", 1, 0, 18, "byte 0xe4 is not part of a whole number in digits"},
    {"</think> <answer> 12 </answer>", 1, 0, 18, "gives 12, wanted 9"},
    {"</think> <answer> 9 9 </answer>", 1, 0, 20, "text after the answer's number"},
    {"</think> <answer> -9 </answer>", 1, 0, 18, "'-' is not part of a whole number in digits"},
    {"</think> <answer> 99999999999999999999 </answer>", 1, 0, 18, "gives more than 1000000000, wanted 9"},
};

Test(bilingual, names_the_first_check_that_fails)
{
    struct problem p = task_problem(S, SEVEN_PLUS_FIVE_MINUS_THREE);
    task_expect(S, &p, table, (int)(sizeof table / sizeof *table));
}

/* Words of the target language / words, in the thoughts alone. */
Test(bilingual, language_consistency)
{
    static const struct {
        const char *text;
        double english;
    } row[] = {
        {"seven plus five equals twelve </think> <answer> 12 </answer>", 1},
        {"seven 加 five 等于 twelve </think> <answer> 12 </answer>", 0.6},
        {"七 加 五 等于 十二 </think> <answer> 12 </answer>", 0},
        {"seven , 七 </think> <answer> 七 七 七 </answer>", 0.5},
        {"</think> <answer> 12 </answer>", 0},
        {"12 + 3 , and so on", 0},
        {"seven plus 五", 2.0 / 3},
        {"seven</think>五", 1},
        {"twenty-one ninety-nine 二十一 九十九", 0.5},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (int chinese = 0; chinese < 2; chinese++) {
            struct problem p = task_problem(S, SEVEN_PLUS_FIVE_MINUS_THREE);
            double want = row[i].english;
            struct score x;
            p.value[0] = chinese;
            S->score(NULL, &p, row[i].text, strlen(row[i].text), &x);
            if (chinese && i != 4 && i != 5)
                want = 1 - want;
            cr_expect_float_eq(x.language, want, 1e-12, "%s: %g", row[i].text, x.language);
        }
}

Test(bilingual, words_are_read_as_written)
{
    static const char *const none[] = {"",         "sev",  "sevens",   "twenty-", "twenty-ten", "twentyone",
                                       "一十",     "零十", "十零",     "十十",    "七七",       "十七七",
                                       "七十七七", "\xe4", "\xe4\xb8", "-",       "7",          "Seven"};
    char text[BILINGUAL_BYTES];
    for (int l = 0; l < BILINGUAL_LANGUAGES_N; l++) {
        for (int v = 0; v <= BILINGUAL_LARGEST; v++) {
            struct bilingual_meaning m;
            bilingual_name((enum bilingual_language)l, v, text);
            m = bilingual_read(text, (int)strlen(text));
            cr_expect(m.language == l && m.number == v, "%s is %d of %d", text, m.number, m.language);
        }
        for (int w = 0; w < BILINGUAL_WORDS_N; w++) {
            const char *word = bilingual_spoken((enum bilingual_language)l, (enum bilingual_word)w);
            struct bilingual_meaning m = bilingual_read(word, (int)strlen(word));
            cr_expect(m.language == l && m.number < 0 && (int)m.word == w, "%s", word);
        }
    }
    bilingual_name(BILINGUAL_ENGLISH, 42, text);
    cr_expect_str_eq(text, "forty-two");
    bilingual_name(BILINGUAL_CHINESE, 42, text);
    cr_expect_str_eq(text, "四十二");
    bilingual_name(BILINGUAL_CHINESE, 10, text);
    cr_expect_str_eq(text, "十");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        cr_expect_eq(bilingual_read(none[i], (int)strlen(none[i])).language, -1, "%s", none[i]);
}

Test(bilingual, brute_force)
{
    for (int a = 1; a <= 9; a++)
        for (int b = -a; b <= 9; b++)
            for (int v = 0; b && v <= 30; v++) {
                struct problem p = {5, {a & 1, a, b, 0, 0}};
                char text[64];
                struct score x;
                int n = snprintf(text, sizeof text, "</think> <answer> %d </answer>", v);
                S->score(NULL, &p, text, (size_t)n, &x);
                cr_assert_eq(x.accuracy == 1, v == a + b);
                cr_assert_eq(atoi(x.answer), v);
            }
}

Test(bilingual, hostile_text)
{
    static const char *const piece[] = {"</think>", "<answer>", "</answer>", "<think>", " ",
                                        "1",        "9",        " seven ",   " plus ",  " 加 ",
                                        " 七 ",     " 等于 ",   " equals ",  ",",       " twelve",
                                        "<",        ">",        "\xe4\xb8",  "((((("};
    static char deep[200001];
    struct problem p = task_problem(S, SEVEN_PLUS_FIVE_MINUS_THREE);
    struct score x;
    static struct marks m;
    task_survives(S, NULL, &p, piece, sizeof piece / sizeof *piece);
    for (size_t i = 0; i + 9 < sizeof deep; i += 6)
        memcpy(deep + i, "seven ", 6);
    S->score(NULL, &p, deep, sizeof deep - 1, &x);
    S->analyse(NULL, &p, deep, sizeof deep - 1, 0, &m);
    cr_expect(x.format == 0 && x.language == 1 && m.equations == 0);
}

Test(bilingual, settings_prompt_and_json)
{
    static const struct bad_json bad[] = {
        {"", "object"},
        {"{\"chinese\":0,\"a\":7,\"b\":5,\"c\":0}", "\"d\" is missing"},
        {"{\"chinese\":2,\"a\":7,\"b\":5,\"c\":0,\"d\":0}", "\"chinese\" must be a whole number 0..1"},
        {"{\"chinese\":0,\"a\":0,\"b\":5,\"c\":0,\"d\":0}", "\"a\" must be a whole number 1..99"},
        {"{\"chinese\":0,\"a\":7,\"b\":0,\"c\":0,\"d\":0}", "\"b\" must not be 0"},
        {"{\"chinese\":0,\"a\":7,\"b\":5,\"c\":0,\"d\":1}", "\"d\" must be 0"},
        {"{\"chinese\":0,\"a\":7,\"b\":-8,\"c\":9,\"d\":0}", "up to \"b\" is -1"},
        {"{\"chinese\":0,\"a\":70,\"b\":30,\"c\":0,\"d\":0}", "up to \"b\" is 100"},
        {"{\"chinese\":0,\"x\":1}", "unknown key \"x\""},
    };
    static const struct change terms[] = {{"terms_low", 3}, {"terms_high", 2}}, two[] = {{"terms_high", 2}};
    struct problem p = task_problem(S, SEVEN_PLUS_FIVE_MINUS_THREE);
    struct str text = {0};
    S->prompt(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), "User : <en> seven plus five minus three Assistant : <think>");
    str_clear(&text);
    p.value[0] = 1;
    S->prompt(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), "User : <zh> 七 加 五 减 三 Assistant : <think>");
    str_clear(&text);
    S->print(NULL, &p, &text);
    cr_expect_str_eq(str_c(&text), "{\"chinese\":1,\"a\":7,\"b\":5,\"c\":-3,\"d\":0}");
    str_free(&text);
    task_settings_are_sound(S);
    task_expect_bad_json(S, bad, sizeof bad / sizeof *bad);
    task_refuses(S, terms, 2, "terms_high");
    task_refuses(S, two, 1, "held_out_every");
}

/* Both languages of the same terms are held out, and neither is drawn. */
Test(bilingual, held_out_and_training_problems_are_disjoint)
{
    static const struct change all[] = {{"held_out_cap", 10000}}, some[] = {{"held_out_cap", 50}};
    void *self = task_open(S, all, 1), *capped = task_open(S, some, 1);
    int n = S->held_out_n(self), used[DIFFICULTIES], of[BILINGUAL_LANGUAGES_N] = {0}, expected = 0;
    cr_expect_eq(S->held_out_n(capped), 50);
    for (int i = 0; i < n; i++) {
        struct problem p, q;
        S->held_out(self, i, &p);
        cr_assert(bilingual_is_held_out(self, &p) && bilingual_terms(&p) >= 3);
        for (int k = 1; k <= 3; k++)
            cr_assert(bilingual_sum(&p, k) >= 0 && bilingual_sum(&p, k) <= 20);
        of[p.value[0]]++;
        p.value[0] = !p.value[0];
        cr_assert(bilingual_is_held_out(self, &p));
        p.value[0] = !p.value[0];
        if (i < 50) {
            S->held_out(capped, i, &q);
            cr_assert_eq(memcmp(&p, &q, sizeof p), 0, "a cap keeps the front");
        }
    }
    for (int a = 1; a <= 9; a++)
        for (int b = -9; b <= 9; b++)
            for (int c = -9; c <= 9; c++) {
                struct problem p = {5, {0, a, b, c, 0}};
                int legal = b && c && a + b >= 0 && a + b <= 20 && a + b + c >= 0 && a + b + c <= 20;
                expected += legal && bilingual_is_held_out(self, &p);
            }
    cr_expect(of[0] == expected && of[1] == expected, "%d and %d of %d", of[0], of[1], expected);
    for (uint32_t i = 0; i < 20000; i++) {
        struct rng r = rng_at(3, RNG_PROBLEM, i, 0, 0);
        struct problem p;
        S->draw(self, &r, &p);
        cr_assert_not(bilingual_is_held_out(self, &p));
        for (int k = 1; k <= bilingual_terms(&p); k++)
            cr_assert(p.value[k] && bilingual_sum(&p, k) >= 0 && bilingual_sum(&p, k) <= 20);
    }
    task_difficulty(S, self, used);
    cr_expect(used[1] > 0 && used[4] > 0);
    S->close(self);
    S->close(capped);
}

struct tally {
    int documents, rows, right, formatted;
    double language, other;
};

/* The problem of a prompt, read back from its words. */
static struct problem read_prompt(const char *text)
{
    struct problem p = {5, {strstr(text, "<zh>") != NULL, 0, 0, 0, 0}};
    const char *at = strchr(text, '>') + 2;
    int n = 0, sign = 1;
    while (strncmp(at, "Assistant", 9) != 0) {
        int m = (int)strcspn(at, " ");
        struct bilingual_meaning x = bilingual_read(at, m);
        cr_assert_eq(x.language, p.value[0], "a prompt keeps to its language: %s", text);
        if (x.number < 0)
            sign = x.word == BILINGUAL_MINUS ? -1 : 1;
        else
            p.value[++n] = sign * x.number;
        at += m + 1;
    }
    return p;
}

static void read_document(const void *self, const struct document *d, void *tally)
{
    struct tally *t = tally;
    static struct marks m;
    const char *completion = task_completion(d);
    struct problem p = {5, {0, 1, 1, 0, 0}};
    struct score x;
    if (!completion) {
        S->analyse(self, &p, str_c(&d->text), d->text.n, 0, &m);
        cr_assert(m.equations == 6 && m.equations_right == 6, "%s", str_c(&d->text));
        t->rows++;
        return;
    }
    p = read_prompt(str_c(&d->text));
    cr_assert_not(bilingual_is_held_out(self, &p), "held out: %s", str_c(&d->text));
    S->score(self, &p, completion, strlen(completion), &x);
    S->analyse(self, &p, completion, strlen(completion), x.accuracy, &m);
    cr_assert(m.equations >= 1 && m.equations == m.equations_right, "%s", str_c(&d->text));
    if (x.format == 1) {
        cr_assert(x.accuracy == 1 || strncmp(x.why, "gives", 5) == 0, "%s: %s", x.why, str_c(&d->text));
        cr_assert_eq(x.accuracy == 1, m.equations == bilingual_terms(&p) - 1 ||
                     bilingual_sum(&p, m.equations + 1) == bilingual_sum(&p, bilingual_terms(&p)));
    }
    t->documents++;
    t->right += x.accuracy == 1;
    t->formatted += x.format == 1;
    t->language += x.language;
}

static void share(const char *what, double n, int of, double low, double high)
{
    double x = of ? n / of : 0;
    cr_expect(x >= low && x <= high, "%s: %.3f, not %.3f..%.3f", what, x, low, high);
}

static void read_documents(const struct change *change, int changes, int base, struct tally *t)
{
    memset(t, 0, sizeof *t);
    task_documents(S, change, changes, base, 3000, read_document, t);
}

Test(bilingual, demonstrations)
{
    static const struct change pure[] = {{"switched", 0}, {"hazard_a", 0}, {"hazard_b", 0}, {"malformed", 0}};
    static const struct change turned[] = {{"switched", 1}, {"malformed", 1}};
    struct tally t;
    read_documents(NULL, 0, 0, &t);
    share("language", t.language, t.documents, 0.74, 0.76);
    share("right", t.right, t.documents, 0.7, 0.85);
    share("well formed", t.formatted, t.documents, 0.93, 0.97);
    read_documents(pure, 4, 0, &t);
    cr_expect(t.right == t.documents && t.language == t.documents);
    read_documents(turned, 2, 0, &t);
    cr_expect(t.formatted == 0 && t.language == 0);
}

Test(bilingual, base_text)
{
    struct tally t;
    read_documents(NULL, 0, 1, &t);
    share("rows", t.rows, 3000, 0.47, 0.53);
    share("language", t.language, t.documents, 0.58, 0.62);
    share("well formed", t.formatted, t.documents, 0.72, 0.8);
}

Test(bilingual, a_trace_is_read)
{
    static const char text[] =
        "seven 加 five equals 十二 , twelve minus three equals eight </think> <answer> 8 </answer>";
    struct problem p = task_problem(S, SEVEN_PLUS_FIVE_MINUS_THREE);
    static struct marks m;
    S->analyse(NULL, &p, text, strlen(text), 0, &m);
    cr_expect(m.equations == 2 && m.equations_right == 1 && m.n == 5 && m.attempts == 1);
    cr_expect(m.mark[0].kind == MARK_EQUATION && m.mark[0].ok == 1 && m.mark[0].begin == 0);
    cr_expect(m.mark[1].kind == MARK_EQUATION && m.mark[1].ok == 0 &&
              strncmp(text + m.mark[1].begin, "twelve minus three equals eight", 31) == 0 &&
              m.mark[1].end - m.mark[1].begin == 31);
    cr_expect(m.mark[2].kind == MARK_STRUCTURE);
}
