/* Collected texts: read once an epoch in an order of the epoch's own, and rewritten without repeats. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "engine/rl/corpus.h"
#include "engine/run/collect.h"

enum { TEXTS = 7 };

static void fill(struct corpus *c)
{
    struct err e;
    for (int i = 0; i < TEXTS; i++) {
        char text[16];
        snprintf(text, sizeof text, "text %d", i);
        cr_assert_eq(corpus_add(c, "prompt", text, NULL, 0, &e), ST_OK);
    }
    cr_assert_eq(corpus_ready(c, &e), ST_OK);
}

Test(corpus, each_text_comes_once_an_epoch_and_epochs_differ)
{
    struct corpus c = {0};
    int order[3][TEXTS], differ = 0;
    fill(&c);
    for (int epoch = 0; epoch < 3; epoch++) {
        int seen[TEXTS] = {0};
        for (int i = 0; i < TEXTS; i++) {
            int k = corpus_pick(&c, 5, epoch * TEXTS + i)->text[5] - '0';
            cr_assert_eq(seen[k]++, 0, "text %d twice in epoch %d", k, epoch);
            order[epoch][i] = k;
        }
    }
    for (int i = 0; i < TEXTS; i++)
        differ += order[0][i] != order[1][i] || order[1][i] != order[2][i];
    cr_assert_gt(differ, 0, "every epoch has the same order");
    corpus_release(&c);
}

Test(corpus, a_place_is_read_alike_whatever_was_read_before)
{
    struct corpus a = {0}, b = {0};
    fill(&a);
    fill(&b);
    for (int i = 0; i < 3 * TEXTS; i++)
        corpus_pick(&a, 9, i);
    for (int i = 3 * TEXTS - 1; i >= 0; i--)
        cr_assert_str_eq(corpus_pick(&a, 9, i)->text, corpus_pick(&b, 9, i)->text);
    corpus_release(&a);
    corpus_release(&b);
}

Test(corpus, the_digest_tells_texts_and_their_order)
{
    struct corpus a = {0}, b = {0};
    struct digest x, y;
    struct err e;
    fill(&a);
    fill(&b);
    x = corpus_digest(&a);
    y = corpus_digest(&b);
    cr_assert(digest_equal(&x, &y));
    cr_assert_eq(corpus_add(&b, "p", "t", "o", 1, &e), ST_OK);
    y = corpus_digest(&b);
    cr_assert_not(digest_equal(&x, &y));
    corpus_release(&a);
    corpus_release(&b);
}

static void check_rewrite(const char *from, const char *want)
{
    struct str out = {0};
    collect_rewrite(from, &out);
    cr_assert_str_eq(str_c(&out), want);
    str_free(&out);
}

Test(corpus, rewriting_takes_out_attempts_that_repeat)
{
    check_rewrite("1 + 2 no wait 3 yes </think> <answer> 3 </answer>",
                  "1 + 2 no wait 3 yes </think> <answer> 3 </answer>");
    check_rewrite("1 + 2 no wait 1 + 2 no wait 4 no wait 1 + 2 no wait 3 yes </think> <answer> 3 </answer>",
                  "1 + 2 no wait 4 no wait 3 yes </think> <answer> 3 </answer>");
    check_rewrite("never closed wait never closed", "never closed wait never closed");
    check_rewrite("</think> <answer> 3 </answer>", " </think> <answer> 3 </answer>");
}
