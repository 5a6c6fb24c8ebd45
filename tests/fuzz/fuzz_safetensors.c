/* Fuzzing of safetensors' headers. Plain main: [SECONDS [SEED [NUMBER]]]. */
#include "engine/store/safetensors.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "\"__metadata__\":{",  "\"dtype\":", "\"F32\"", "\"BF16\"", "\"F8_E4M3\"", "\"shape\":[",
    "\"data_offsets\":[",  "]",          "}",       ",",        "0",           "18446744073709551615",
    "9223372036854775807", "\\u0041",    "\"a\":",  "[[[[",     NULL,
};

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    struct safetensors f = {.fd = -1};
    struct err e = {0};
    char *bare = malloc(n ? n : 1);
    (void)self;
    if (!bare)
        exit(1);
    memcpy(bare, s, n);
    if (safetensors_header(&f, "fuzz", bare, n, rng_chance(r, 0.5) ? 48 : (uint64_t)rng_u32(r), &e) == ST_OK)
        for (int i = 0; i < f.n; i++)
            fuzz_must(f.tensor[i].begin <= f.tensor[i].end &&
                          safetensors_find(&f, f.tensor[i].name) == &f.tensor[i],
                      "tensors are in order and found by name");
    else
        fuzz_must(e.msg[0] != 0, "a fault is told");
    safetensors_close(&f);
    free(bare);
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_safetensors", .word = words, .one = one};
    fuzz_add(&f, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                 "\"b\":{\"dtype\":\"BF16\",\"shape\":[12],\"data_offsets\":[24,48]}}");
    fuzz_add(
        &f,
        "{\"__metadata__\":{\"format\":\"pt\"},\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[4,12],"
        "\"data_offsets\":[0,48]}}");
    fuzz_add(&f, "{\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                 "\"t\":{\"dtype\":\"F16\",\"shape\":[2,11],\"data_offsets\":[4,48]}}   ");
    return fuzz_main(&f, argc, argv);
}
