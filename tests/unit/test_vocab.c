/* The vocabulary: words to ids and back, and what is said of text that is not in it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/vocab.h"

static void start(struct vocab *v)
{
    static const char *const word[] = {"<think>", "</think>", "1", "10", "100", "+", "wait", "+", "-"};
    struct err e;
    cr_assert_eq(vocab_init(v, word, 9, &e), ST_OK, "%s", e.msg);
}

Test(vocab, ids_follow_the_order_and_repeats_are_dropped)
{
    struct vocab v;
    start(&v);
    cr_assert_eq(v.n, 8);
    cr_assert_eq(vocab_find(&v, "<think>", 7), 0);
    cr_assert_eq(vocab_find(&v, "+", 1), 5);
    cr_assert_eq(vocab_find(&v, "-", 1), 7);
    vocab_release(&v);
}

/* A word is its bytes, all of them: no prefix, no longer word. */
Test(vocab, whole_words_only)
{
    struct vocab v;
    start(&v);
    cr_assert_eq(vocab_find(&v, "100", 1), 2);
    cr_assert_eq(vocab_find(&v, "100", 2), 3);
    cr_assert_eq(vocab_find(&v, "100", 3), 4);
    cr_assert_eq(vocab_find(&v, "1000", 4), -1);
    cr_assert_eq(vocab_find(&v, "wai", 3), -1);
    cr_assert_eq(vocab_find(&v, "", 0), -1);
    vocab_release(&v);
    cr_assert_eq(vocab_find(&v, "1", 1), -1, "a released vocabulary knows nothing");
}

Test(vocab, text_goes_round)
{
    struct vocab v;
    struct str out = {0};
    uint16_t id[16];
    struct err e;
    int n;
    start(&v);
    cr_assert_eq(vocab_encode(&v, "  <think> 10\t+ 1\n\nwait </think> ", id, 16, &n, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(n, 6);
    vocab_decode(&v, id, n, &out);
    cr_assert_str_eq(str_c(&out), "<think> 10 + 1 wait </think>");
    str_clear(&out);
    vocab_decode(&v, (uint16_t[]){8, 65535, 2}, 3, &out);
    cr_assert_str_eq(str_c(&out), "<?> <?> 1");
    str_free(&out);
    cr_assert_eq(vocab_encode(&v, " \n", id, 16, &n, &e), ST_OK);
    cr_assert_eq(n, 0);
    vocab_release(&v);
}

Test(vocab, what_cannot_be_encoded_is_named)
{
    struct vocab v;
    uint16_t id[4] = {0, 0, 0, 99};
    struct err e;
    int n;
    start(&v);
    cr_assert_eq(vocab_encode(&v, "10 + twelve", id, 4, &n, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "'twelve'"), "%s", e.msg);
    cr_assert_eq(vocab_encode(&v, "1 1 1 1", id, 3, &n, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "more than 3"), "%s", e.msg);
    cr_assert_eq(id[3], 99, "written behind the end");
    cr_assert_eq(vocab_encode(&v, "1 1 1", id, 3, &n, &e), ST_OK);
    vocab_release(&v);
}

Test(vocab, parsed_text_is_the_same_vocabulary)
{
    struct vocab a, b;
    struct err e;
    start(&a);
    cr_assert_eq(vocab_parse(&b, "<think> </think> 1\n10 100  + wait + -", &e), ST_OK, "%s", e.msg);
    cr_assert_eq(a.n, b.n);
    for (int i = 0; i < a.n; i++)
        cr_assert_str_eq(a.token[i], b.token[i]);
    vocab_release(&a);
    vocab_release(&b);
}

Test(vocab, large_ones_and_too_large_ones)
{
    enum { N = 65535 };
    const char **word = calloc(N, sizeof *word);
    char (*text)[8] = calloc(N, sizeof *text);
    struct vocab v;
    struct err e;
    cr_assert(word && text);
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "w%d", i);
        word[i] = text[i];
    }
    cr_assert_eq(vocab_init(&v, word, N - 1, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < N - 1; i++)
        cr_assert_eq(vocab_find(&v, text[i], strlen(text[i])), i);
    cr_assert_eq(vocab_find(&v, "w65534", 6), -1);
    vocab_release(&v);
    cr_assert_eq(vocab_init(&v, word, N, &e), ST_USAGE);
    /* Long words first: a short one may lie behind one that begins like it. */
    for (int i = 0; i < N; i++)
        word[i] = text[N - 1 - i];
    cr_assert_eq(vocab_init(&v, word + 1, N - 1, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < N - 1; i++)
        cr_assert_eq(vocab_find(&v, text[i], strlen(text[i])), N - 2 - i, "%s", text[i]);
    vocab_release(&v);
    free(word);
    free(text);
}
