/* The task from data: lines and their faults, matching, the split, tokenizers, and the digest that is kept.
 */
#include <unistd.h>

#include "scenarios/data.h"
#include "tests/unit/test_task.h"

#define S (&scenario_data)

static char path[512];

static const char *write_file(const char *text)
{
    const char *folder = getenv("TMPDIR");
    FILE *f;
    snprintf(path, sizeof path, "%s/%ld-data.jsonl", folder ? folder : "/tmp", (long)getpid());
    f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static struct data_config config_of(const char *file, enum data_match match, enum data_tokenizer by)
{
    struct data_config set = {
        .match = (int)match, .tokenizer = (int)by, .held_out_every = 2, .reason_share = 1};
    snprintf(set.file, sizeof set.file, "%s", file);
    return set;
}

static const struct data *open_text(const char *text, enum data_match match, enum data_tokenizer by)
{
    struct data_config set = config_of(write_file(text), match, by);
    struct err e = {0};
    void *self;
    cr_assert_eq(S->open(&set, &self, &e), ST_OK, "%s", e.msg);
    remove(path);
    return self;
}

/* A fault names file, line and what is allowed. */
static void refuses(const char *text, enum data_match match, const char *where, const char *what)
{
    struct data_config set = config_of(write_file(text), match, DATA_WORDS);
    struct err e = {0};
    void *self = &e;
    cr_expect_eq(S->open(&set, &self, &e), ST_USAGE, "%s", text);
    cr_expect_null(self);
    cr_expect(strstr(e.msg, where) && strstr(e.msg, what), "%s\n wanted %s and %s", e.msg, where, what);
    remove(path);
}

#define OK "{\"prompt\":\"a\",\"answer\":\"1\"}\n"

Test(data, faults_are_told_by_line)
{
    static const struct {
        const char *line, *what;
    } bad[] = {
        {"[1]", "column 1: a line is an object"},
        {"{\"prompt\":\"b\"}", "\"answer\" is missing"},
        {"{\"answer\":\"b\"}", "\"prompt\" is missing"},
        {"{\"prompt\":\"b\",\"anwser\":\"2\"}",
         "unknown key \"anwser\"; known are prompt, answer, reasoning"},
        {"{\"prompt\":\"b\",\"answer\":true}", "\"answer\", column 24: takes a text or a number"},
        {"{\"prompt\":3,\"answer\":3}", "\"prompt\", column 11: takes a text"},
        {"{\"prompt\":\"b\",\"answer\":[1]}", "takes a text or a number"},
        {"{\"prompt\":\"b\",\"answer\":01}", "digits without a 0 in front"},
        {"{\"prompt\":\"b\",\"answer\":1.}", "digits without a 0 in front"},
        {"{\"prompt\":\"b\",\"prompt\":\"c\"}", "stands twice"},
        {"{\"prompt\":\"b\",\"answer\":\"x", "no closing"},
        {"{\"prompt\":\"b\",\"answer\":\"1\"} {", "more text after the object"},
        {"{\"prompt\":\"b\",\"answer\":\"1\"", "the object ends with }"},
        {"{\"prompt\":\"\\x\",\"answer\":\"1\"}", "after \\ may stand"},
        {"{\"prompt\":\"\\ud83d\",\"answer\":\"1\"}", "half of a surrogate pair"},
        {"{\"prompt\":\"\\u0000\",\"answer\":\"1\"}", "a NUL is not allowed"},
        {"{\"prompt\":\"\xc3(\",\"answer\":\"1\"}", "not UTF-8"},
        {"{\"prompt\":\"\xed\xa0\x80\",\"answer\":\"1\"}", "not UTF-8"},
        {"{\"prompt\":\"b\tc\",\"answer\":\"1\"}", "control character"},
        {"{\"prompt\":\" \",\"answer\":\"1\"}", "\"prompt\" has 0 tokens"},
        {"{\"prompt\":\"b\",\"answer\":\" \"}", "\"answer\" has 0 bytes; 1 to 256"},
        {"{\"prompt\":\"a\",\"answer\":\"2\"}", "not that of line 1, which has the same prompt"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text, OK "\n%s", bad[i].line);
        refuses(text, DATA_EXACT, "data.jsonl:3: ", bad[i].what);
    }
    refuses(OK "{\"prompt\":\"b\",\"answer\":\"x\"}", DATA_NUMERIC,
            "data.jsonl:2: ", "takes a decimal number");
    refuses(OK "{\"prompt\":\"b\",\"answer\":\"1,,2\"}", DATA_SET, "data.jsonl:2: ", "an element is missing");
    refuses(OK "{\"prompt\":\"b\",\"answer\":[1,\"2,3\"]}", DATA_SET, "data.jsonl:2: ", "has a comma in it");
    refuses("\n\n", DATA_EXACT, "data.jsonl", "has no line");
    refuses(OK, DATA_EXACT, "data.jsonl", "held_out_every 2 leaves no prompt");
}

Test(data, long_prompts_are_refused_with_the_limit)
{
    char text[2048] = OK "{\"prompt\":\"";
    for (int i = 0; i < PROMPT_MAX - DATA_TEMPLATE + 1; i++)
        strcat(text, "x ");
    strcat(text, "\",\"answer\":\"1\"}");
    refuses(text, DATA_EXACT, "data.jsonl:2: ", "\"prompt\" has 124 tokens; 1 to 123 are possible");
}

static void expect(enum data_match match, enum data_tokenizer by, const char *answer, const struct verdict *v,
                   int n)
{
    char text[512];
    const struct data *t;
    snprintf(text, sizeof text,
             "{\"prompt\":\"q\",\"answer\":%s}\n{\"prompt\":\"r\",\"answer\":\"1\"}\n"
             "{\"prompt\":\"s\",\"answer\":\"1\"}\n{\"prompt\":\"t\",\"answer\":\"1\"}\n"
             "{\"prompt\":\"u\",\"answer\":1}",
             answer);
    t = open_text(text, match, by);
    for (int i = 0; i < n; i++) {
        struct problem p = {1, {0}};
        struct score x;
        size_t bytes = strlen(v[i].text);
        char *exact = malloc(bytes + 1);
        memcpy(exact, v[i].text, bytes);
        S->score(t, &p, exact, bytes, &x);
        free(exact);
        cr_expect(x.format == v[i].format && x.accuracy == v[i].accuracy && x.at == v[i].at &&
                      !strcmp(x.why, v[i].why), "%s: format %g accuracy %g at %d: %s", v[i].text, x.format,
                  x.accuracy, x.at, x.why);
    }
    S->close((void *)t);
}

#define A(x) "</think> <answer> " x " </answer>"

Test(data, matching)
{
    static const struct verdict exact[] = {
        {A("New York"), 1, 1, -1, ""},
        {A("New\n  York"), 1, 1, -1, ""},
        {A("New Yark"), 1, 0, 23, "gives New Yark, wanted New York"},
        {A("NewYork"), 1, 0, 21, "gives NewYork, wanted New York"},
        {A("New"), 1, 0, 21, "gives New, wanted New York"},
        {A("new York"), 1, 0, 18, "gives new York, wanted New York"},
        {A("New York York"), 1, 0, 27, "gives New York York, wanted New York"},
        {A("\xff\x01"), 1, 0, 18, "gives ?, wanted New York"},
        {A(""), 1, 0, 17, "the answer is empty"},
        {"New York", 0, 0, 8, "cut off: no </think>"},
    };
    static const struct verdict bytes[] = {
        {A("N e w <20> Y o r k"), 1, 1, -1, ""},
        {A("NewYork"), 1, 1, -1, ""},
        {A("N e w <59> o r k"), 1, 1, -1, ""},
        {A("N e w Y a r k"), 1, 0, 26, "gives NewYark, wanted NewYork"},
    };
    static const struct verdict numeric[] = {
        {A("-2.5"), 1, 1, -1, ""},
        {A("-2.500"), 1, 1, -1, ""},
        {A("- 2 . 5"), 1, 1, -1, ""},
        {A("-0025e-1"), 1, 1, -1, ""},
        {A("-0.25E+1"), 1, 1, -1, ""},
        {A("2.5"), 1, 0, 18, "gives 2 . 5, wanted - 2 . 5"},
        {A("-2.5000000001"), 1, 0, 18, "gives - 2 . 5000000001, wanted - 2 . 5"},
        {A("-2.5e99999999999999999999"), 1, 0, 18, "gives - 2 . 5e9999999999999999..., wanted - 2 . 5"},
        {A("two"), 1, 0, 18, "not a decimal number"},
        {A("-2.5 -2.5"), 1, 0, 23, "not a decimal number"},
        {A("- 2 5"), 1, 0, 22, "not a decimal number"},
        {A("-2."), 1, 0, 21, "not a decimal number"},
        {A("nan"), 1, 0, 18, "not a decimal number"},
    };
    static const struct verdict set[] = {
        {A("1,2,6,3"), 1, 1, -1, ""},
        {A("6 , 3 , 2 , 1 , 1"), 1, 1, -1, ""},
        {A("1,2,3"), 1, 0, 23, "6 is missing"},
        {A("1,4,2,5,6"), 1, 0, 20, "4 is not in the set"},
        {A("1,,2"), 1, 0, 20, "an element is missing"},
        {A("1,2,"), 1, 0, 22, "an element is missing"},
    };
    expect(DATA_EXACT, DATA_WORDS, "\"New York\"", exact, sizeof exact / sizeof *exact);
    expect(DATA_EXACT, DATA_BYTES, "\"New York\"", bytes, sizeof bytes / sizeof *bytes);
    expect(DATA_NUMERIC, DATA_WORDS, "-2.5", numeric, sizeof numeric / sizeof *numeric);
    expect(DATA_SET, DATA_WORDS, "\"1,2,3,6\"", set, sizeof set / sizeof *set);
    expect(DATA_SET, DATA_WORDS, "[3,6,\"1\",2]", set, 2);
}

/* Equal values have one vote, whatever way they are written. */
Test(data, votes)
{
    static const char *const same[] = {A("2.5"), A("2.50"), A("25e-1")};
    const struct data *t = open_text("{\"prompt\":\"q\",\"answer\":1}\n{\"prompt\":\"r\",\"answer\":1}\n"
                                     "{\"prompt\":\"s\",\"answer\":1}\n{\"prompt\":\"t\",\"answer\":1}\n",
                                     DATA_NUMERIC, DATA_WORDS);
    struct problem p = {1, {0}};
    char vote[ANSWER_BYTES] = "";
    for (int i = 0; i < 3; i++) {
        struct score x;
        S->score(t, &p, same[i], strlen(same[i]), &x);
        cr_expect(x.answer[0] && (!i || !strcmp(vote, x.answer)), "%s: %s", same[i], x.answer);
        memcpy(vote, x.answer, sizeof vote);
    }
    S->close((void *)t);
}

static const struct data *example(enum data_tokenizer by)
{
    struct data_config set = config_of("sums", DATA_NUMERIC, by);
    struct err e = {0};
    void *self;
    set.held_out_every = 8;
    cr_assert_eq(S->open(&set, &self, &e), ST_OK, "%s", e.msg);
    return self;
}

/* Prompts, base text and demonstrations never show a held-out problem. */
Test(data, held_out_is_disjoint)
{
    const struct data *t = example(DATA_WORDS);
    struct document d = {0};
    cr_assert_gt(t->held_n, 100);
    cr_assert_gt(t->train_n, 1000);
    for (int i = 0; i < t->held_n; i++) {
        for (int k = 0; k < t->train_n; k++)
            cr_assert(strcmp(t->item[t->held[i]].prompt, t->item[t->train[k]].prompt));
        for (int k = 0; k < i; k++)
            cr_assert(strcmp(t->item[t->held[i]].prompt, t->item[t->held[k]].prompt));
    }
    for (uint32_t i = 0; i < 3000; i++) {
        struct rng r = rng_at(7, RNG_TEST, i, 0, 0);
        char prompt[64];
        struct problem p;
        if (i % 2)
            S->demonstrate(t, &r, &d);
        else
            S->base(t, &r, &d);
        cr_assert(sscanf(str_c(&d.text), "User : %63[-+0-9 ]", prompt) == 1, "%s", str_c(&d.text));
        prompt[strlen(prompt) - 1] = 0;
        for (int k = 0; k < t->held_n; k++)
            cr_assert(strcmp(prompt, t->item[t->held[k]].prompt), "%s", prompt);
        S->draw(t, &r, &p);
        cr_assert(!form_is_held(t->item[p.value[0]].key, t->set.held_out_every));
    }
    document_free(&d);
    S->close((void *)t);
}

/* The same prompt falls on the same side, also with other blanks and other reasoning. */
Test(data, duplicates_are_on_one_side)
{
    char text[8192] = "";
    const struct data *t;
    for (int i = 0; i < 80; i++) {
        char line[96];
        snprintf(line, sizeof line, "{\"prompt\":\"%d%s+ 1\",\"answer\":%d}\n", i % 40, i < 40 ? " " : "   ",
                 i % 40 + 1);
        strcat(text, line);
    }
    t = open_text(text, DATA_NUMERIC, DATA_WORDS);
    cr_expect_eq(t->train_n % 2, 0);
    cr_expect_eq(t->train_n / 2 + t->held_n, 40);
    for (int i = 0; i < 40; i++)
        cr_expect_eq(form_is_held(t->item[i].key, 2), form_is_held(t->item[i + 40].key, 2));
    S->close((void *)t);
}

Test(data, demonstrations_are_right_and_of_the_vocabulary)
{
    for (int by = 0; by < 2; by++) {
        const struct data *t = example((enum data_tokenizer)by);
        struct document d = {0};
        int reasoned = 0;
        for (uint32_t i = 0; i < 400; i++) {
            struct rng r = rng_at(8, RNG_TEST, i, 0, 0);
            struct problem p;
            struct score x;
            const char *completion;
            S->demonstrate(t, &r, &d);
            task_words(S, t, &d);
            completion = task_completion(&d);
            reasoned += strncmp(completion, "</think>", 8) != 0;
            /* The line that it is on is the only one whose prompt it begins with. */
            for (int k = 0; k < t->item_n; k++) {
                struct str prompt = {0};
                p = (struct problem){3, {k}};
                S->prompt(t, &p, &prompt);
                if (!strncmp(str_c(&d.text), str_c(&prompt), prompt.n)) {
                    S->score(t, &p, completion, strlen(completion), &x);
                    cr_assert(x.accuracy == 1, "%s: %s", str_c(&d.text), x.why);
                }
                str_free(&prompt);
            }
        }
        cr_expect(reasoned > 100 && reasoned < 250, "%d", reasoned);
        document_free(&d);
        S->close((void *)t);
    }
}

Test(data, tokenizers)
{
    static const struct {
        enum data_tokenizer by;
        const char *text, *words;
        int n;
    } row[] = {
        {DATA_WORDS, "What's 12+3.5?", "What ' s 12 + 3 . 5 ?", 9},
        {DATA_WORDS, " caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 ", "caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87", 2},
        {DATA_WORDS, "</answer>", "< / answer >", 4},
        {DATA_BYTES, "a b", "a <20> b", 3},
        {DATA_BYTES, "\xc3\xa9<", "<c3> <a9> <", 3},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct str out = {0};
        cr_expect_eq(data_words(row[i].by, row[i].text, strlen(row[i].text), &out), row[i].n, "%s",
                     row[i].text);
        cr_expect_str_eq(str_c(&out), row[i].words);
        str_free(&out);
    }
}

Test(data, problems_are_found_by_their_prompt)
{
    const struct data *t = example(DATA_WORDS);
    struct str json = {0};
    struct problem p, q = {0};
    struct err e = {0};
    for (int i = 0; i < 50; i++) {
        str_clear(&json);
        S->held_out(t, i, &p);
        S->print(t, &p, &json);
        cr_assert_eq(S->parse(t, str_c(&json), &q, &e), ST_OK, "%s", e.msg);
        cr_assert(p.value[0] == q.value[0] && p.value[1] == 1 &&
                  p.value[2] == atoi(t->item[p.value[0]].plain_answer));
    }
    cr_expect_eq(S->parse(t, "{\"prompt\":\"1 + 1 + 1 + 1\"}", &q, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "no line of sums"), "%s", e.msg);
    cr_expect_eq(S->parse(t, "{\"answer\":\"1\"}", &q, &e), ST_USAGE);
    str_free(&json);
    S->close((void *)t);
}

/* A run keeps the digest: the same file opens, a changed or missing one is refused by name. */
Test(data, a_changed_file_is_refused)
{
    struct data_config set =
        config_of(write_file(OK "{\"prompt\":\"b\",\"answer\":\"1\"}\n{\"prompt\":\"c\",\"answer\":1}\n"
                                "{\"prompt\":\"d\",\"answer\":\"1\"}\n{\"prompt\":\"e\",\"answer\":1}\n"
                                "{\"prompt\":\"f\",\"answer\":\"1\"}\n{\"prompt\":\"g\",\"answer\":1}\n"),
                  DATA_EXACT, DATA_WORDS);
    struct err e = {0};
    void *self;
    cr_assert_eq(S->prepare(&set, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(strlen(set.digest), DIGEST_HEX - 1);
    cr_assert_eq(S->open(&set, &self, &e), ST_OK, "%s", e.msg);
    S->close(self);
    write_file(OK "{\"prompt\":\"b\",\"answer\":\"2\"}\n{\"prompt\":\"c\",\"answer\":1}\n");
    cr_expect_eq(S->open(&set, &self, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "data.jsonl has changed") && strstr(e.msg, "put the old file back"), "%s", e.msg);
    remove(path);
    cr_expect_eq(S->open(&set, &self, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "data.jsonl: No such file"), "%s", e.msg);
    cr_expect_eq(S->prepare(&set, &e), ST_USAGE);
    set = config_of("sum", DATA_EXACT, DATA_WORDS);
    cr_expect_eq(S->open(&set, &self, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "no such example (there is sums)"), "%s", e.msg);
}

Test(data, hostile_text)
{
    static const char *const piece[] = {"</think>",
                                        "<answer>",
                                        "</answer>",
                                        "<think>",
                                        " ",
                                        "12",
                                        "-",
                                        ".",
                                        "e9",
                                        ",",
                                        "<20>",
                                        "<ff>",
                                        "7 + 1 = 8",
                                        "no",
                                        "wait",
                                        "yes",
                                        "99999999999999999999",
                                        "</think> <answer> 8 </answer>"};
    for (int match = 0; match < 3; match++) {
        const struct data *t =
            open_text("{\"prompt\":\"q\",\"answer\":8}\n{\"prompt\":\"r\",\"answer\":\"1\"}\n"
                      "{\"prompt\":\"s\",\"answer\":\"1\"}\n{\"prompt\":\"t\",\"answer\":\"1\"}\n",
                      (enum data_match)match, match == 1 ? DATA_BYTES : DATA_WORDS);
        struct problem p = {3, {0, 1, 8}};
        task_survives(S, t, &p, piece, sizeof piece / sizeof *piece);
        S->close((void *)t);
    }
}

Test(data, difficulty)
{
    const struct data *t = example(DATA_BYTES);
    int used[DIFFICULTIES], n = 0;
    task_difficulty(S, t, used);
    for (int i = 0; i < DIFFICULTIES; i++)
        n += used[i];
    cr_expect_eq(n, t->held_n);
    S->close((void *)t);
}
