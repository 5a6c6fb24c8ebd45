/* The mixture of tasks: every part comes through unchanged. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/run/settings.h"
#include "scenarios/registry.h"

static struct settings set;
static const struct scenario *m;
static void *self;
static struct err e;

static void open_mixture(void)
{
    m = scenario_find("mixture");
    settings_init(&set, m);
    cr_assert_eq(m->open(set.task, &self, &e), ST_OK, "%s", e.msg);
}

Test(mixture, draws_every_part_and_never_a_held_out_problem)
{
    int seen[3] = {0}, held;
    open_mixture();
    held = m->held_out_n(self);
    cr_assert_gt(held, 100);
    for (int i = 0; i < 400; i++) {
        struct rng r = rng_at(3, RNG_TEST, 0, (uint32_t)i, 0);
        struct problem p, h;
        struct str a = {0}, b = {0};
        m->draw(self, &r, &p);
        seen[p.value[0]]++;
        m->print(self, &p, &a);
        for (int k = 0; k < held && p.value[0] != 2; k += 7) {
            m->held_out(self, k, &h);
            str_clear(&b);
            m->print(self, &h, &b);
            cr_assert_str_neq(str_c(&a), str_c(&b));
        }
        str_free(&a);
        str_free(&b);
    }
    cr_assert(seen[0] > 150 && seen[1] > 60 && seen[2] > 60, "%d %d %d", seen[0], seen[1], seen[2]);
    m->close(self);
}

Test(mixture, what_is_printed_is_parsed_again)
{
    open_mixture();
    for (int i = 0; i < 40; i++) {
        struct problem p, back;
        struct str a = {0};
        m->held_out(self, i, &p);
        m->print(self, &p, &a);
        cr_assert_eq(m->parse(self, str_c(&a), &back, &e), ST_OK, "%s: %s", str_c(&a), e.msg);
        cr_assert_eq(back.n, p.n);
        cr_assert_arr_eq(back.value, p.value, (size_t)p.n * sizeof *p.value);
        str_free(&a);
    }
    {
        struct problem back;
        static const char *const wrong[] = {"",
                                            "{}",
                                            "{\"chess\":{}}",
                                            "{\"chat\":",
                                            "{\"countdown\":{\"numbers\":3}}",
                                            "{\"countdown\" 3}",
                                            "}",
                                            "{\"chat\":}"};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
            cr_assert_eq(m->parse(self, wrong[i], &back, &e), ST_USAGE, "%s was taken", wrong[i]);
    }
    m->close(self);
}

Test(mixture, a_demonstration_is_of_its_vocabulary_and_scores_as_its_part_does)
{
    const char *const *token;
    int n;
    open_mixture();
    n = m->tokens(self, &token);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            cr_assert_str_neq(token[i], token[k]);
    for (int i = 0; i < 200; i++) {
        struct rng r = rng_at(4, RNG_TEST, 0, (uint32_t)i, 0);
        struct document d = {0};
        m->demonstrate(self, &r, &d);
        for (const char *at = str_c(&d.text); *at; at += strspn(at, " ")) {
            size_t len = strcspn(at, " ");
            int known = 0;
            for (int k = 0; k < n && !known; k++)
                known = strlen(token[k]) == len && memcmp(token[k], at, len) == 0;
            cr_assert(known, "'%.*s' is not in the vocabulary", (int)len, at);
            at += len;
        }
        document_free(&d);
    }
    m->close(self);
}

Test(mixture, only_replies_are_open)
{
    int open_n = 0;
    open_mixture();
    for (int i = 0; i < 40; i++) {
        struct problem p;
        m->held_out(self, i, &p);
        open_n += m->is_open(self, &p);
        cr_assert_eq(m->is_open(self, &p), p.value[0] == 2);
    }
    cr_assert_eq(open_n, 10, "one in four held-out problems is a reply, not %d of 40", open_n);
    m->close(self);
}
