/* Fuzzing of scripts: the lessons, mutated, are read or refused with their line. Plain main:
 * [SECONDS [SEED [NUMBER]]]. */
#include "app/script/script.h"
#include "scenarios/lessons.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "\nwait ",      "\nexpect ",  "\nkey ",  "\nsay ", "\nscreen", "\n:fork ",
    "\n:new quick", "{step}",     "{run x}", "{",      "}",        "{setting rl.beta}",
    "timeout 5",    "remember x", "quit",    "#",      "\n",       "kl > 0.1",
    NULL,
};

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    struct script x = {0};
    struct err e = {0};
    (void)self;
    (void)n;
    (void)r;
    if (script_read(&x, "fuzz.script", s, &e) == ST_OK)
        fuzz_must(x.n >= 0, "a script has lines");
    else
        fuzz_must(e.msg[0] && memchr(e.msg, 0, sizeof e.msg), "a fault is told");
    script_free(&x);
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_script", .word = words, .one = one};
    for (int i = 0; i < lesson_n(); i++)
        fuzz_add(&f, lesson_at(i)->text);
    fuzz_add(
        &f,
        "new quick seed=1\nwait step >= 3 timeout 30\nexpect reward > 0\nsay {step} {reward}\nkey "
        "space\nquit\n");
    return fuzz_main(&f, argc, argv);
}
