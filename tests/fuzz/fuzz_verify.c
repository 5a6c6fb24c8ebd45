/* Fuzzing of the tasks: verifier, analysis and the reader of problems of every scenario, with every choice
 * that its settings have. Plain main: [SECONDS [SEED [NUMBER]]]. */
#include "scenarios/registry.h"
#include "tests/fuzz/fuzz.h"

enum { TASKS = 96, CONFIG = 2048 };

struct task {
    const struct scenario *scenario;
    void *self;
};

static struct tasks {
    struct task task[TASKS];
    int n;
    struct marks marks;
} all;

static const char *const words[] = {
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "wait",
    "no",
    "yes",
    "check",
    "\\boxed{",
    "}",
    "{",
    "(",
    ")",
    "-> ",
    " | ",
    ",",
    "+",
    "-",
    "*",
    "/",
    "=",
    "repeat",
    "end",
    "if",
    "dup",
    "0 repeat",
    "<20>",
    "<ff>",
    "1 / 0",
    "\"numbers\":[",
    "\"prompt\":\"",
    "\"program\":\"",
    "\"answer\":",
    "\\ud83d",
    "\\u0000",
    "</think> <answer> 7 </answer>",
    NULL,
};

static void set_row(void *config, const struct setting *row, double value)
{
    char *at = (char *)config + row->offset;
    if (row->kind == SET_TEXT)
        snprintf(at, (size_t)row->high, "%s", row->choices ? row->choices : "");
    else if (row->kind == SET_REAL)
        *(double *)(void *)at = value;
    else
        *(int *)(void *)at = (int)value;
}

static void add_task(const struct scenario *s, const struct setting *changed, double value)
{
    static _Alignas(8) unsigned char config[CONFIG];
    struct err e;
    struct task *t = &all.task[all.n];
    if (all.n == TASKS || s->config_bytes > sizeof config)
        return;
    memset(config, 0, sizeof config);
    for (int i = 0; i < s->settings_n; i++)
        set_row(config, &s->settings[i], s->settings[i].initial);
    if (changed)
        set_row(config, changed, value);
    *t = (struct task){s, NULL};
    if (s->open(config, &t->self, &e) == ST_OK)
        all.n++;
}

/* Prompts' problems as JSON, and completions of the writer. */
static void add_texts(struct fuzz *f, const struct task *t)
{
    struct document d = {0};
    for (uint32_t i = 0; i < 24; i++) {
        struct rng r = rng_at(3, RNG_TEST, i, 0, 0);
        struct str json = {0};
        struct problem p;
        const char *completion;
        document_clear(&d);
        if (i % 2)
            t->scenario->base(t->self, &r, &d);
        else
            t->scenario->demonstrate(t->self, &r, &d);
        completion = strstr(str_c(&d.text), "<think> ");
        fuzz_add(f, completion ? completion + 8 : str_c(&d.text));
        t->scenario->draw(t->self, &r, &p);
        t->scenario->print(t->self, &p, &json);
        if (i < 6)
            fuzz_add(f, str_c(&json));
        str_free(&json);
    }
    document_free(&d);
}

static void check_score(const struct score *x, size_t n)
{
    fuzz_must(x->at >= -1 && x->at <= (int)n, "the place is in the text");
    fuzz_must(memchr(x->why, 0, sizeof x->why) && memchr(x->answer, 0, sizeof x->answer), "the words end");
    fuzz_must(x->accuracy >= 0 && x->accuracy <= 1 && x->format >= 0 && x->format <= 1,
              "rewards are from 0 to 1");
}

static void check_marks(const struct marks *m, size_t n)
{
    fuzz_must(m->n >= 0 && m->n <= MARKS_MAX, "no more marks than there is room for");
    for (int i = 0; i < m->n; i++)
        fuzz_must(m->mark[i].begin >= 0 && m->mark[i].begin < m->mark[i].end && m->mark[i].end <= (int)n,
                  "a mark is in the text");
}

/* What was read can be written, and read again as the same. */
static void check_problem(const struct task *t, const char *s)
{
    struct problem p = {0}, again = {0};
    struct str json = {0}, prompt = {0};
    struct err e;
    if (t->scenario->parse(t->self, s, &p, &e) == ST_OK) {
        t->scenario->print(t->self, &p, &json);
        t->scenario->prompt(t->self, &p, &prompt);
        fuzz_must(t->scenario->parse(t->self, str_c(&json), &again, &e) == ST_OK,
                  "a problem that was printed is read");
        fuzz_must(p.n == again.n && !memcmp(p.value, again.value, (size_t)p.n * sizeof *p.value),
                  "as the same");
        if (t->scenario->difficulty) {
            char label[LABEL_BYTES] = "";
            int bucket = t->scenario->difficulty(t->self, &p, label);
            fuzz_must(bucket >= 0 && bucket < DIFFICULTIES && memchr(label, 0, sizeof label),
                      "the scale holds");
        }
    }
    str_free(&json);
    str_free(&prompt);
}

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    const struct task *t = &all.task[rng_below(r, all.n)];
    char *bare = malloc(n ? n : 1);   /* not terminated: a read past the end is seen */
    struct score x = {0};
    struct problem p;
    (void)self;
    if (!bare)
        exit(1);
    memcpy(bare, s, n);
    t->scenario->draw(t->self, r, &p);
    t->scenario->score(t->self, &p, bare, n, &x);
    check_score(&x, n);
    t->scenario->analyse(t->self, &p, bare, n, x.accuracy, &all.marks);
    check_marks(&all.marks, n);
    if (t->scenario->prefer)
        t->scenario->prefer(t->self, &p, (enum preference)rng_below(r, PREFERENCES_N), bare, n, bare + n / 2,
                            n - n / 2);
    if (memchr(s, '{', n))
        check_problem(t, s);
    free(bare);
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_verify", .word = words, .one = one};
    int failed;
    for (int i = 0; i < scenario_n(); i++) {
        const struct scenario *s = scenario_at(i);
        add_task(s, NULL, 0);
        for (int k = 0; k < s->settings_n; k++)
            if (s->settings[k].kind == SET_CHOICE || s->settings[k].kind == SET_BOOL)
                for (double v = s->settings[k].low; v <= s->settings[k].high; v++)
                    if (v != s->settings[k].initial)
                        add_task(s, &s->settings[k], v);
    }
    for (int i = 0; i < all.n; i++)
        add_texts(&f, &all.task[i]);
    failed = fuzz_main(&f, argc, argv);
    for (int i = 0; i < all.n; i++)
        all.task[i].scenario->close(all.task[i].self);
    return failed;
}
