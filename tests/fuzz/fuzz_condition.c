/* Fuzzing of the grammar of conditions (`--until`, `:break`) and of what scripts demand. Plain main:
 * [SECONDS [SEED [NUMBER]]]. */
#include "app/script/script.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "kl",   "reward", "pass@1", "step",    "aha",   "aha.verified", "group.flat", "nonfinite", " and ",
    " or ", " > ",    " < ",    ">=",      "==",    "crosses",      "timeout",    "stage",     "screen",
    "text", "not ",   "idle",   "setting", "trace", "\"",           "preset",     NULL,
};

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    static struct condition c;
    static struct demand d;
    struct err e = {0};
    (void)self;
    (void)n;
    (void)r;
    memset(&c, 0, sizeof c);
    if (condition_parse(&c, s, &e) == ST_OK)
        fuzz_must(c.n > 0 && c.n <= CONDITION_TERMS, "a condition has terms");
    memset(&d, 0, sizeof d);
    if (demand_parse(&d, s, &e) == ST_OK)
        fuzz_must(d.n >= 0 && d.n <= DEMAND_CLAUSES, "a demand has clauses");
    fuzz_must(memchr(e.msg, 0, sizeof e.msg) != NULL, "the message ends");
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_condition", .word = words, .one = one};
    static const char *const text[] = {
        "kl > 0.1",
        "reward crosses 0.5",
        "aha.verified or group.flat",
        "step >= 100 and pass@1 > 0.8",
        "stage grpo and kl > 0.1 timeout 20",
        "text \"the end\" timeout 5",
        "screen dashboard",
        "idle",
        "nonfinite",
        "setting beta > 0.1",
        "not text \"x\"",
        "rewards/format/mean < 1 or moe/max_vio/layer_1 > 2",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        fuzz_add(&f, text[i]);
    return fuzz_main(&f, argc, argv);
}
