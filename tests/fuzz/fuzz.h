#ifndef GRPOLAB_TESTS_FUZZ_FUZZ_H
#define GRPOLAB_TESTS_FUZZ_FUZZ_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

#include "engine/base/rng.h"
#include "engine/base/str.h"

/* What the fuzzing programs share: inputs made by mutating valid texts, a loop that feeds them for some
 * seconds, and the input's number where it ends badly. Input i is a function of the seed and i, so that a
 * number and a seed say all: PROGRAM SECONDS SEED NUMBER runs that one input alone. */

enum { FUZZ_BYTES = 1 << 16, FUZZ_CORPUS = 4096 };

struct fuzz {
    const char *name;
    const char *const *word;         /* what is put in, beside bytes; NULL after the last */
    char *text[FUZZ_CORPUS];         /* valid texts, owned */
    int text_n;
    /* try: one input of n bytes in memory of exactly that size, with a terminator behind it. */
    void (*one)(void *self, const char *s, size_t n, struct rng *r);
    void *self;
};

static struct {
    const char *name;
    unsigned long long seed, number;
} fuzz_now;

static inline void fuzz_add(struct fuzz *f, const char *text)
{
    if (f->text_n < FUZZ_CORPUS && strlen(text) < FUZZ_BYTES / 2)
        f->text[f->text_n++] = strdup(text);
}

static inline void fuzz_tell(void)
{
    char line[160];
    int n = snprintf(line, sizeof line, "%s: failed at input %llu of seed %llu\n", fuzz_now.name,
                     fuzz_now.number, fuzz_now.seed);
    if (write(2, line, (size_t)n) < 0)
        return;
}

/* fuzz_must: what has to hold of every input. */
static inline void fuzz_must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s: this does not hold: %s\n", fuzz_now.name, what);
    fuzz_tell();
    _exit(1);
}

static inline void fuzz_on_signal(int number)
{
    fuzz_tell();
    _exit(number == SIGALRM ? 3 : 1);
}

static inline void fuzz_insert(char *s, size_t *n, size_t at, const char *what, size_t m)
{
    if (*n + m >= FUZZ_BYTES)
        return;
    memmove(s + at + m, s + at, *n - at);
    memcpy(s + at, what, m);
    *n += m;
}

static inline size_t fuzz_place(struct rng *r, size_t n)
{
    return n ? (size_t)rng_below(r, (int)n + 1) : 0;
}

static inline void fuzz_mutate(const struct fuzz *f, char *s, size_t *n, struct rng *r)
{
    static const char *const number[] = {"0",
                                         "-1",
                                         "99999999999999999999999",
                                         "2147483648",
                                         "-9223372036854775808",
                                         "1e309",
                                         "1e-400",
                                         "nan",
                                         "0.1",
                                         "00",
                                         "18446744073709551616"};
    static const char *const bytes[] = {"\xff",         "\xc3",         "\xe2\x82",     "\xf4\x90\x80\x80",
                                        "\xed\xa0\x80", "\xef\xbb\xbf", "\xe4\xb8\xad", "\t",
                                        "\r\n",         "\x1b[2J"};
    size_t at = fuzz_place(r, *n), m = *n ? fuzz_place(r, *n - at) : 0;
    int words = 0;
    char c = (char)rng_below(r, 256);
    const char *other;
    switch (rng_below(r, 10)) {
    case 0:
        if (at < *n)
            s[at] ^= (char)(1 << rng_below(r, 8));
        break;
    case 1: fuzz_insert(s, n, at, &c, 1); break;
    case 2:
        m = m > 40 ? 40 : m;
        memmove(s + at, s + at + m, *n - at - m);
        *n -= m;
        break;
    case 3: {
        char copy[64];
        m = m > sizeof copy ? sizeof copy : m;
        memcpy(copy, s + at, m);
        fuzz_insert(s, n, fuzz_place(r, *n), copy, m);
        break;
    }
    case 4: case 5:
        while (f->word && f->word[words])
            words++;
        if (words) {
            other = f->word[rng_below(r, words)];
            fuzz_insert(s, n, at, other, strlen(other));
        }
        break;
    case 6:
        other = f->text[rng_below(r, f->text_n)];
        m = fuzz_place(r, strlen(other));
        *n = at;
        fuzz_insert(s, n, at, other + m, strlen(other + m));
        break;
    case 7:
        /* The same again and again: deep parentheses, long numbers. */
        m = rng_chance(r, 0.02) ? 20000 : (size_t)rng_below(r, 60);
        c = rng_chance(r, 0.7) && *n ? s[fuzz_place(r, *n - 1)] : "([{\"\\9-< "[rng_below(r, 9)];
        if (*n + m < FUZZ_BYTES) {
            memmove(s + at + m, s + at, *n - at);
            memset(s + at, c, m);
            *n += m;
        }
        break;
    case 8:
        other = number[rng_below(r, (int)(sizeof number / sizeof *number))];
        while (at < *n && !(s[at] >= '0' && s[at] <= '9'))
            at++;
        for (m = at; m < *n && s[m] >= '0' && s[m] <= '9'; m++)
            ;
        memmove(s + at, s + m, *n - m);
        *n -= m - at;
        fuzz_insert(s, n, at, other, strlen(other));
        break;
    default:
        other = bytes[rng_below(r, (int)(sizeof bytes / sizeof *bytes))];
        fuzz_insert(s, n, at, other, strlen(other));
        break;
    }
}

static inline void fuzz_input(struct fuzz *f, unsigned long long seed, unsigned long long i, char *room)
{
    struct rng r = rng_at(seed, RNG_TEST, (uint32_t)(i & 0xffffff), (uint32_t)(i >> 24), 0);
    const char *from = f->text[rng_below(&r, f->text_n)];
    size_t n = strlen(from);
    int changes = rng_chance(&r, 0.05) ? 0 : rng_range(&r, 1, rng_chance(&r, 0.2) ? 24 : 5);
    char *exact;
    memcpy(room, from, n);
    while (changes-- > 0)
        fuzz_mutate(f, room, &n, &r);
    exact = malloc(n + 1);
    if (!exact)
        exit(1);
    memcpy(exact, room, n);
    exact[n] = 0;
    f->one(f->self, exact, n, &r);
    free(exact);
}

static inline double fuzz_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* fuzz_main: feeds inputs for SECONDS (argument 1, 60), by SEED (argument 2, 1); 0 when none ended badly. An
 * input that takes more than 20 seconds is a failure. Frees the texts. */
static inline int fuzz_main(struct fuzz *f, int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 60, begin = fuzz_seconds();
    char *room = malloc(FUZZ_BYTES + 1);
    fuzz_now.name = f->name;
    fuzz_now.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    fuzz_now.number = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    if (!room || !f->text_n)
        return 1;
    signal(SIGALRM, fuzz_on_signal);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(fuzz_tell);
#endif
    for (; argc > 3 || fuzz_seconds() - begin < seconds; fuzz_now.number++) {
        alarm(20);
        fuzz_input(f, fuzz_now.seed, fuzz_now.number, room);
        if (argc > 3)
            break;
    }
    alarm(0);
    printf("%s: %llu inputs in %.1f s, seed %llu, %d texts\n", f->name, fuzz_now.number,
           fuzz_seconds() - begin, fuzz_now.seed, f->text_n);
    for (int i = 0; i < f->text_n; i++)
        free(f->text[i]);
    free(room);
    return 0;
}

#endif
