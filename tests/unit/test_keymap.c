/* The keys: each means one thing on a screen, and each is in the help. */
#include <criterion/criterion.h>
#include <string.h>

#include "app/command/keymap.h"

static const struct key_row *find(enum input input, uint32_t code, enum screen_id screen)
{
    struct key_event k = {.key = input, .code = code};

    return keymap_find(&k, screen);
}

Test(keymap, a_key_means_one_thing)
{
    const struct key_row *a, *b;
    int i, k, n, m;

    for (i = 0; (a = keymap_row(i)); i++)
        for (n = 0; n < KEY_INPUTS && (a->on[n].input != INPUT_CHAR || a->on[n].code); n++)
            for (k = i; (b = keymap_row(k)); k++)
                for (m = 0; m < KEY_INPUTS && (b->on[m].input != INPUT_CHAR || b->on[m].code); m++)
                    cr_assert((i == k && n == m) || !(a->screens & b->screens) ||
                                  a->on[n].input != b->on[m].input || a->on[n].code != b->on[m].code,
                              "'%s' and '%s' share a key", a->key, b->key);
}

Test(keymap, rows_are_whole)
{
    const struct key_row *r;
    int i;

    for (i = 0; (r = keymap_row(i)); i++) {
        cr_assert(r->on[0].input != INPUT_CHAR || r->on[0].code, "row %d has no key", i);
        cr_assert(r->request > REQUEST_NONE && r->request < REQUEST_N);
        cr_assert(r->key && r->key[0] && r->what && r->what[0] && r->screens, "row %d", i);
        cr_assert_leq(strlen(r->what), 60u, "%s: help is cut on a small screen", r->key);
        cr_assert_eq(r->hint == NULL, r->hints == 0, "%s: a hint without a word, or a word without a hint",
                     r->key);
    }
    cr_assert_gt(i, 20);
}

Test(keymap, the_ones_that_are_promised)
{
    static const struct {
        uint32_t code;
        enum request request;
    } row[] = {
        {' ', REQUEST_PAUSE},  {'.', REQUEST_STEP},    {',', REQUEST_QUANTUM},    {'f', REQUEST_FORK},
        {'r', REQUEST_REWIND}, {':', REQUEST_COMMAND}, {'?', REQUEST_HELP},       {'q', REQUEST_CLOSE},
        {'Q', REQUEST_QUIT},   {'z', REQUEST_ZOOM},    {'\t', REQUEST_NEXT_PANE}, {'\r', REQUEST_ENTER},
        {'j', REQUEST_DOWN},   {'k', REQUEST_UP},      {'p', REQUEST_PACE},       {12, REQUEST_REDRAW},
        {26, REQUEST_SUSPEND}, {3, REQUEST_INTERRUPT}, {27, REQUEST_BACK_OUT}};
    size_t i;
    int s;

    for (s = 0; s < SCREEN_N; s++)
        for (i = 0; i < sizeof row / sizeof *row; i++) {
            const struct key_row *r = find(INPUT_CHAR, row[i].code, (enum screen_id)s);
            cr_assert(r && r->request == row[i].request, "key %u on screen %d", (unsigned)row[i].code, s);
        }
    cr_assert_eq(find(INPUT_CHAR, '2', SCREEN_LOG)->argument, '2');
    cr_assert_eq(find(INPUT_DOWN, 0, SCREEN_RUNS)->request, REQUEST_DOWN);
    cr_assert_null(find(INPUT_CHAR, 0, SCREEN_RUNS));
    cr_assert_null(find(INPUT_UNKNOWN, 0, SCREEN_RUNS));
    cr_assert_null(find(INPUT_CHAR, 'b', SCREEN_LOG), "there is no trace in the log");
}

Test(keymap, every_screen_has_its_digit)
{
    int s;

    for (s = 0; s < SCREEN_N; s++) {
        char key = screen_row((enum screen_id)s)->key;
        const struct key_row *r = key ? find(INPUT_CHAR, (uint32_t)key, SCREEN_DASHBOARD) : NULL;
        cr_assert(!key || (r && r->request == REQUEST_SCREEN && r->argument == key), "screen %d", s);
    }
}
