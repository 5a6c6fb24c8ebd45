/* Fuzzing of `calc`: JSON in, numbers out or a fault that is told. Plain main: [SECONDS [SEED [NUMBER]]]. */
#include "app/base/json_read.h"
#include "app/cli/calc.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "\"rewards\":[",
    "\"logp\":[[",
    "\"logp_old\":",
    "\"logp_ref\":",
    "\"loss\":\"",
    "grpo",
    "r1",
    "dapo",
    "dr_grpo",
    "gspo",
    "rloo",
    "cispo",
    "bnpo",
    "reinforce",
    "\"std\":\"none\"",
    "\"beta\":",
    "\"max_length\":",
    "null",
    "true",
    "1e308",
    "-1e308",
    "[]",
    "[[]]",
    "{}",
    ",",
    "\"pp\":",
    "\"micro_batches\":",
    "\"timeline\":true",
    "dualpipe",
    "\"tile\":",
    NULL,
};

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    struct str out = {0};
    struct err e = {0};
    const struct calc_row *row;
    json_t *in = NULL;
    int rows = 0;
    (void)self;
    while (calc_row(rows))
        rows++;
    row = calc_row(rng_below(r, rows));
    if (json_parse_line(s, n, "fuzz", &in, &e) == ST_OK) {
        /* Mostly the calculation that the text was made for. */
        for (int i = 0; i < rows && rng_chance(r, 0.9); i++)
            if (json_only(in, "fuzz", calc_row(i)->keys, &e) == ST_OK)
                row = calc_row(i);
        if (json_only(in, "fuzz", row->keys, &e) == ST_OK && row->run(in, &out, &e) == ST_OK) {
            json_t *back = json_loads(str_c(&out), 0, NULL);
            fuzz_must(back != NULL, "what comes out is JSON");
            json_decref(back);
        }
    }
    json_decref(in);
    str_free(&out);
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_calc", .word = words, .one = one};
    static const char *const text[] = {
        "{\"rewards\":[1,0,0.1],\"logp\":[[-1,-2],[-0.5],[-3,-1]],\"logp_old\":[[-1,-2.1],[-0.4],[-3,-1]],"
        "\"logp_ref\":[[-1,-2],[-0.5],[-3,-1]],\"loss\":\"grpo\",\"std\":\"sample\",\"eps_low\":0.2,"
        "\"eps_high\":0.2,"
        "\"beta\":0.04}",
        "{\"rewards\":[1,0],\"logp\":[[-1],[-2]],\"logp_old\":[[-1],[-2]],\"loss\":\"dr_grpo\","
        "\"std\":\"none\","
        "\"eps_low\":0.2,\"eps_high\":0.28,\"beta\":0,\"max_length\":8}",
        "{\"beta\":0.1,\"chosen_logp\":-3,\"chosen_ref\":-4,\"rejected_logp\":-5,\"rejected_ref\":-4.5}",
        "{\"rewards\":[0,0,1],\"values\":[0.1,0.2,0.3],\"gamma\":1,\"lambda\":0.95}",
        "{\"values\":[1,-2,300,0.001],\"tile\":2}",
        "{\"load\":[0.2,0.3,0.5],\"bias\":[0,0.1,-0.1],\"gamma\":0.001}",
        "{\"kind\":\"dualpipe\",\"pp\":4,\"micro_batches\":8,\"f\":1,\"b\":2,\"w\":1,\"timeline\":true}",
        "{\"kind\":\"1f1b\",\"pp\":3,\"micro_batches\":5,\"f\":1,\"b\":2,\"w\":1,\"fb\":3}",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        fuzz_add(&f, text[i]);
    return fuzz_main(&f, argc, argv);
}
