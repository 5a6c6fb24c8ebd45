/* The safetensors format: what is read and written, and that no malformed or hostile file does more than give
 * one clear line. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/rng.h"
#include "engine/store/safetensors.h"

/* The header is exactly as long as it is, so that a sanitizer sees a byte too far. */
static enum status parse(const char *json, size_t n, uint64_t data_bytes, struct err *e)
{
    struct safetensors f = {.fd = -1};
    char *exact = malloc(n ? n : 1);
    enum status st;
    cr_assert_not_null(exact);
    memcpy(exact, json, n);
    st = safetensors_header(&f, "x.safetensors", exact, n, data_bytes, e);
    safetensors_close(&f);
    free(exact);
    return st;
}

#define ENTRY(type, shape, begin, end)                                                                       \
    "{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static const struct fault {
    const char *json;
    uint64_t data;
    const char *tensor, *says; /* NULL: it is no fault */
} fault[] = {
    {"{}", 0, NULL, NULL},
    {"{}   ", 0, NULL, NULL},
    {"{\"__metadata__\":{\"format\":\"pt\",\"a\":\"\\u00e9\\ud83d\\ude00\\n\"}}", 0, NULL, NULL},
    {"{\"a\":" ENTRY("F32", "[2,3]", 0, 24) "}", 24, NULL, NULL},
    {"{\"b\":" ENTRY("F32", "[1]", 4, 8) ",\"a\":" ENTRY("F32", "[1]", 0, 4) "}", 8, NULL, NULL},
    {"{\"a\":" ENTRY("F32", "[]", 0, 4) "}", 4, NULL, NULL},
    {"{\"a\":" ENTRY("F32", "[0,7]", 0, 0) ",\"b\":" ENTRY("U8", "[1]", 0, 1) "}", 1, NULL, NULL},
    {"{\"a\" : {\"shape\": [ 1 , 2 ] , \"data_offsets\":[0,4],\"dtype\":\"BF16\"} }", 4, NULL, NULL},
    /* no JSON */
    {"", 0, NULL, "byte 0: expected '{'"},
    {"[]", 0, NULL, "byte 0: expected '{'"},
    {" {}", 0, NULL, "byte 0: expected '{'"},
    {"{", 0, NULL, "expected a text"},
    {"{} x", 0, NULL, "nothing more than blanks"},
    {"{}{}", 0, NULL, "nothing more than blanks"},
    {"{\"a\"}", 0, NULL, "expected ':'"},
    {"{\"a\":1}", 0, "a", "the entry's '{'"},
    {"{\"a\":null}", 0, "a", "the entry's '{'"},
    {"{\"a", 0, NULL, "the end of a text"},
    {"{\"a\\", 0, NULL, "the end of a text"},
    {"{\"a\\\"", 0, NULL, "the end of a text"},
    {"{\"\\x\":{}}", 0, NULL, "wrong escapes"},
    {"{\"\\u12\":{}}", 0, NULL, "wrong escapes"},
    {"{\"\\u0000\":{}}", 0, NULL, "wrong escapes"},
    {"{\"\\ud800\":{}}", 0, NULL, "wrong escapes"},
    {"{\"\\ud800\\u0041\":{}}", 0, NULL, "wrong escapes"},
    {"{\"\\udc00\":{}}", 0, NULL, "wrong escapes"},
    {"{\"a\n\":{}}", 0, NULL, "control characters"},
    {"{\"a\":" ENTRY("F32", "[1]", 0, 4) ",}", 4, NULL, "a text in quotes"},
    {"{\"a\":" ENTRY("F32", "[1]", 0, 4) " \"b\"", 4, NULL, "',' or '}'"},
    {"{\"__metadata__\":{\"a\":1}}", 0, NULL, "a text in quotes"},
    {"{\"__metadata__\":[]}", 0, NULL, "the metadata's '{'"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, NULL, "stands twice"},
    /* an entry's parts */
    {"{\"a\":{}}", 0, "a", "a text in quotes"},
    {"{\"a\":{\"dtype\":\"F32\"}}", 0, "a", "shape is missing"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "a", "dtype is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "a", "data_offsets is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, "a", "\"dtype\" stands twice"},
    {"{\"a\":{\"type\":\"F32\"}}", 0, "a", "unknown key \"type\""},
    {"{\"a\":" ENTRY("F33", "[1]", 0, 4) "}", 4, "a", "unknown dtype \"F33\""},
    {"{\"a\":" ENTRY("f32", "[1]", 0, 4) "}", 4, "a", "unknown dtype \"f32\""},
    {"{\"a\":{\"dtype\":7}}", 0, "a", "a text in quotes"},
    {"{\"a\":" ENTRY("F32", "1", 0, 4) "}", 4, "a", "a list of numbers"},
    {"{\"a\":" ENTRY("F32", "[-1]", 0, 4) "}", 4, "a", "a whole number"},
    {"{\"a\":" ENTRY("F32", "[1.5]", 0, 4) "}", 4, "a", "',' or ']'"},
    {"{\"a\":" ENTRY("F32", "[1e3]", 0, 4) "}", 4, "a", "',' or ']'"},
    {"{\"a\":" ENTRY("F32", "[01]", 0, 4) "}", 4, "a", "a whole number"},
    {"{\"a\":" ENTRY("F32", "[\"1\"]", 0, 4) "}", 4, "a", "a whole number"},
    {"{\"a\":" ENTRY("F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "a", "more than 8"},
    {"{\"a\":" ENTRY("F32", "[99999999999999999999]", 0, 4) "}", 4, "a", "too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "a", "data_offsets must be"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "a", "more than 2"},
    {"{\"a\":" ENTRY("F32", "[1]", 4, 0) "}", 4, "a", "begin <= end"},
    /* sizes */
    {"{\"a\":" ENTRY("F32", "[2]", 0, 4) "}", 4, "a", "takes 8 bytes, its data_offsets hold 4"},
    {"{\"a\":" ENTRY("F32", "[4294967296,4294967296]", 0, 4) "}", 4, "a", "shape is too large"},
    {"{\"a\":" ENTRY("F64", "[1152921504606846976,2]", 0, 0) "}", 0, "a", "shape is too large"},
    /* places */
    {"{\"a\":" ENTRY("F32", "[1]", 0, 4) "}", 3, "a", "ends at byte 4 of the data, which has 3"},
    {"{\"a\":" ENTRY("F32", "[1]", 0, 4) "}", 5, NULL, "1 bytes after the last tensor"},
    {"{}", 1, NULL, "1 bytes after the last tensor"},
    {"{\"a\":" ENTRY("F32", "[1]", 4, 8) "}", 8, "a", "a hole of 4 bytes"},
    {"{\"a\":" ENTRY("F32", "[1]", 0, 4) ",\"b\":" ENTRY("F32", "[1]", 6, 10) "}", 10, "b",
     "a hole of 2 bytes"},
    {"{\"a\":" ENTRY("F32", "[2]", 0, 8) ",\"b\":" ENTRY("F32", "[2]", 4, 12) "}", 12, "b", "overlaps"},
    {"{\"a\":" ENTRY("F32", "[2]", 0, 8) ",\"b\":" ENTRY("F32", "[2]", 0, 8) "}", 8, "b", "overlaps"},
    {"{\"a\":" ENTRY("F32", "[1000000000000000000]", 0, 4000000000000000000) "}", 4, "a",
     "ends at byte 4000"},
    {"{\"a\":" ENTRY("F32", "[1]", 0, 4) ",\"a\":" ENTRY("F32", "[1]", 4, 8) "}", 8, "a",
     "the name stands twice"},
    {"{\"a\\u001b[2J\":" ENTRY("F33", "[1]", 0, 4) "}", 4, "a?[2J", "unknown dtype"},
};

Test(safetensors, every_fault_of_a_header_is_named)
{
    for (size_t i = 0; i < sizeof fault / sizeof *fault; i++) {
        const struct fault *f = &fault[i];
        struct err e = {0};
        enum status st = parse(f->json, strlen(f->json), f->data, &e);
        char name[64];
        cr_assert_eq(st, f->says ? ST_USAGE : ST_OK, "%s: status %d: %s", f->json, (int)st, e.msg);
        if (!f->says)
            continue;
        cr_assert(strstr(e.msg, f->says), "%s: says '%s', not '%s'", f->json, e.msg, f->says);
        cr_assert(strstr(e.msg, "x.safetensors: "), "%s: names no file: %s", f->json, e.msg);
        snprintf(name, sizeof name, "tensor %s: ", f->tensor ? f->tensor : "");
        cr_assert_eq(strstr(e.msg, name) != NULL, f->tensor != NULL, "%s: names the wrong tensor: %s",
                     f->json, e.msg);
        for (const char *p = e.msg; *p; p++)
            cr_assert(*p >= 0x20 && *p < 0x7f, "%s: control characters in the message", f->json);
    }
}

Test(safetensors, changed_headers_never_do_harm)
{
    static const char good[] = "{\"__metadata__\":{\"format\":\"pt\"},\"model.a\\u00e9\":" ENTRY(
        "F32", "[2,3]", 0, 24) ",\"b\":" ENTRY("BF16", "[4]", 24, 32) ",\"c\":" ENTRY("F8_E4M3", "[2,2]", 32,
                                                                                      36) "}  ";
    static const char likely[] = "{}[]\",:\\u0123456789eE-+. FBaZ\n";
    struct rng r = rng_at(3, RNG_TEST, 0, 0, 0);
    int ok = 0;
    for (int i = 0; i < 60000; i++) {
        char text[sizeof good];
        struct err e = {0};
        size_t n = sizeof good - 1;
        memcpy(text, good, n);
        for (int changes = rng_below(&r, 4); changes > 0; changes--) {
            size_t at = (size_t)rng_below(&r, (int)n);
            text[at] =
                rng_below(&r, 8) ? likely[rng_below(&r, (int)sizeof likely - 1)] : (char)rng_below(&r, 256);
        }
        if (rng_below(&r, 4) == 0)
            n = (size_t)rng_below(&r, (int)n);
        if (parse(text, n, 36, &e) == ST_OK)
            ok++;
        else
            cr_assert(e.code == ST_USAGE && e.msg[0], "a fault without a message");
    }
    cr_assert(ok > 5000 && ok < 50000, "%d of 60000 were good", ok);
}

static void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "w");
    cr_assert(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
}

static char *temporary(void)
{
    static char path[512];
    const char *base = getenv("TMPDIR");
    int fd;
    snprintf(path, sizeof path, "%s/safetensors-XXXXXX", base && base[0] ? base : "/tmp");
    fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    return path;
}

Test(safetensors, the_length_of_the_header_is_not_trusted)
{
    static const struct {
        unsigned char bytes[16];
        size_t n;
        const char *says;
    } row[] = {
        {{0}, 0, "too short"},
        {{2, 0, 0, 0, 0, 0, 0}, 7, "too short"},
        {{2, 0, 0, 0, 0, 0, 0, 0, '{'}, 9, "a header of 2 bytes in a file of 9"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{', '}'}, 10, "the most that the format allows"},
        {{0, 0, 0, 0, 1, 0, 0, 0, '{', '}'}, 10, "the most that the format allows"},
        {{0, 0xe1, 0xf5, 5, 0, 0, 0, 0, '{', '}'}, 10, "in a file of 10"},
        {{0, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, 10, "expected '{'"},
        {{2, 0, 0, 0, 0, 0, 0, 0, '{', '}', 7}, 11, "1 bytes after the last tensor"},
    };
    char *path = temporary();
    struct safetensors f;
    struct err e;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        write_bytes(path, row[i].bytes, row[i].n);
        cr_assert_eq(safetensors_open(&f, path, &e), ST_USAGE);
        cr_assert(strstr(e.msg, row[i].says), "row %zu says '%s'", i, e.msg);
    }
    unlink(path);
    cr_assert_eq(safetensors_open(&f, path, &e), ST_NOTFOUND);
    cr_assert_eq(safetensors_open(&f, "/", &e), ST_USAGE);
}

Test(safetensors, what_is_written_is_read_to_the_bit)
{
    static const uint32_t bits[6] = {0x3f800000, 0x80000000, 0x00000001, 0x7f7fffff, 0xc2280000, 0x33333333};
    struct safetensors_tensor t[2] = {{.name = "z.weight", .rank = 2, .shape = {2, 3}},
                                      {.name = "a.bias", .rank = 1, .shape = {1}}};
    struct safetensors_writer w;
    struct safetensors f;
    const struct safetensors_tensor *found;
    struct err e;
    float value[6], got[6], one = -2.5f;
    char *path = temporary(), part[528];
    memcpy(value, bits, sizeof value);
    snprintf(part, sizeof part, "%s.part", path);
    cr_assert_eq(safetensors_create(&w, path, t, 2, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(safetensors_put(&w, value, &e), ST_OK);
    cr_assert_eq(access(part, F_OK), 0, "not whole yet, so under another name");
    cr_assert_eq(safetensors_put(&w, &one, &e), ST_OK);
    cr_assert_eq(safetensors_finish(&w, &e), ST_OK, "%s", e.msg);
    cr_assert_neq(access(part, F_OK), 0);
    cr_assert_eq(safetensors_open(&f, path, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(f.data_at % 8, 0, "the data is aligned");
    cr_assert_eq(f.n, 2);
    found = safetensors_find(&f, "z.weight");
    cr_assert(found && found->rank == 2 && found->shape[0] == 2 && found->shape[1] == 3);
    cr_assert_eq(safetensors_read(&f, found, got, &e), ST_OK);
    cr_assert_eq(memcmp(got, value, sizeof value), 0);
    found = safetensors_find(&f, "a.bias");
    cr_assert(found && safetensors_read(&f, found, got, &e) == ST_OK && got[0] == one);
    cr_assert_null(safetensors_find(&f, "a.bia"));
    /* A file that becomes shorter after it was opened. */
    cr_assert_eq(truncate(path, (off_t)f.data_at + 26), 0);
    cr_assert_eq(safetensors_read(&f, found, got, &e), ST_IO);
    safetensors_close(&f);
    cr_assert_eq(safetensors_create(&w, path, t, 2, &e), ST_OK);
    cr_assert_eq(safetensors_finish(&w, &e), ST_USAGE, "a tensor is missing");
    cr_assert_neq(access(part, F_OK), 0, "nothing is left behind");
    unlink(path);
}

Test(safetensors, numbers_of_each_type)
{
    static const unsigned char bf16[] = {0x80, 0x3f, 0x00, 0xc0, 0x01, 0x00},
                               f16[] = {0x00, 0x3c, 0x01, 0x00, 0xff, 0xfb};
    unsigned char code[256];
    float v[256];
    cr_assert(safetensors_decode(SAFETENSORS_BF16, bf16, 3, v));
    cr_assert(v[0] == 1 && v[1] == -2 && v[2] == ldexpf(1, -133));
    cr_assert(safetensors_decode(SAFETENSORS_F16, f16, 3, v));
    cr_assert(v[0] == 1 && v[1] == ldexpf(1, -24) && v[2] == -65504);
    for (int i = 0; i < 256; i++)
        code[i] = (unsigned char)i;
    cr_assert(safetensors_decode(SAFETENSORS_F8_E4M3, code, 256, v));
    for (int i = 0; i < 256; i++) {
        int exponent = i >> 3 & 15, fraction = i & 7;
        double want = exponent ? (8 + fraction) * pow(2, exponent - 10) : fraction * pow(2, -9);
        if ((i & 127) == 127)
            cr_assert(isnan(v[i]));
        else
            cr_assert_eq(v[i], (float)(i & 128 ? -want : want), "code %d is %g", i, (double)v[i]);
    }
    cr_assert(v[0x7e] == 448 && v[1] == ldexpf(1, -9) && signbit(v[0x80]));
    cr_assert_not(safetensors_decode(SAFETENSORS_I64, code, 1, v));
}
