/* Fuzzing of data files: single lines, and whole files that are opened as a task. Plain main:
 * [SECONDS [SEED [NUMBER]]]. */
#include "scenarios/data.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "{\"prompt\":\"",
    "\",\"answer\":",
    "\"reasoning\":\"",
    "\"",
    "[",
    "]",
    ",",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\u0000",
    "\\",
    "null",
    "true",
    "1.50",
    "-0",
    "1e3",
    "</answer>",
    "<think>",
    "\n",
    "\r\n",
    "}",
    "{",
    NULL,
};

static char path[SETTING_TEXT];

static void read_line(const char *s, size_t n, enum data_match match)
{
    struct data_line l = {0};
    struct err e = {0};
    if (data_line_read(&l, s, n, match, &e) == ST_OK) {
        fuzz_must(strlen(str_c(&l.prompt)) == l.prompt.n && strlen(str_c(&l.answer)) == l.answer.n,
                  "texts have no NUL");
        for (size_t i = 0; i < l.prompt.n;) {
            int length = data_utf8(str_c(&l.prompt) + i, l.prompt.n - i);
            fuzz_must(length > 0, "texts are UTF-8");
            i += (size_t)length;
        }
    } else {
        fuzz_must(e.msg[0] != 0, "a fault is told");
    }
    data_line_free(&l);
}

static void open_file(const char *s, size_t n, struct rng *r)
{
    struct data_config set = {.tokenizer = rng_below(r, 2), .match = rng_below(r, 3), .held_out_every = 2,
                              .reason_share = 1};
    struct document d = {0};
    struct err e = {0};
    void *self;
    FILE *f = fopen(path, "w");
    if (!f || fwrite(s, 1, n, f) != n || fclose(f))
        exit(1);
    snprintf(set.file, sizeof set.file, "%s", path);
    if (scenario_data.open(&set, &self, &e) == ST_OK) {
        struct problem p;
        struct score x;
        const char *answer;
        scenario_data.demonstrate(self, r, &d);
        scenario_data.held_out(self, 0, &p);
        /* A demonstration is right by its own line; on another problem it is at least judged. */
        answer = strstr(str_c(&d.text), "<think> ");
        fuzz_must(answer != NULL, "a demonstration has thoughts");
        scenario_data.score(self, &p, answer + 8, strlen(answer + 8), &x);
        fuzz_must(x.format == 1, "a demonstration has the form");
        scenario_data.close(self);
    } else {
        fuzz_must(strstr(e.msg, "fuzz.jsonl") || strstr(e.msg, "words"), "a fault names the file");
    }
    document_free(&d);
}

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    (void)self;
    if (rng_chance(r, 0.1))
        open_file(s, n, r);
    else
        read_line(s, n, (enum data_match)rng_below(r, 3));
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_data", .word = words, .one = one};
    static const char *const text[] = {
        "{\"prompt\":\"7 + 1\",\"answer\":8,\"reasoning\":\"7 + 1 = 8\"}",
        "{\"prompt\":\"capital of France\",\"answer\":\"Paris\"}\n{\"prompt\":\"of Spain\","
        "\"answer\":\"Madrid\"}\n"
        "{\"prompt\":\"of Italy\",\"answer\":\"Rome\"}\n{\"prompt\":\"of Peru\",\"answer\":\"Lima\"}\n",
        "{\"prompt\":\"divisors of 6\",\"answer\":[1,2,3,\"6\"]}\n{\"answer\":\"1, 5\","
        "\"prompt\":\"divisors of 5\"}\n",
        "{ \"prompt\" : \"\\u4e2d\\ud83d\\ude00 \\n\\\"\", \"answer\" : -2.50e3 }",
    };
    const char *folder = getenv("TMPDIR");
    int failed;
    snprintf(path, sizeof path, "%s/%ld-fuzz.jsonl", folder ? folder : "/tmp", (long)getpid());
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        fuzz_add(&f, text[i]);
    failed = fuzz_main(&f, argc, argv);
    remove(path);
    return failed;
}
