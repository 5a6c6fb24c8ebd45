/* Arenas: a cap that holds, alignment, and memory that comes back at a reset. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/arena.h"

enum { CAP = 1 << 16 };

static void start(struct arena *a)
{
    struct err e;
    cr_assert_eq(arena_init(a, "test", CAP, &e), ST_OK, "%s", e.msg);
}

Test(arena, aligned_and_apart)
{
    struct arena a;
    unsigned char *last = NULL;
    size_t last_n = 0;
    start(&a);
    for (size_t n = 1; n < 200; n += 7) {
        unsigned char *p = arena_alloc(&a, n);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % 64, 0);
        cr_assert(!last || p >= last + last_n, "blocks overlap");
        memset(p, (int)n, n);
        last = p;
        last_n = n;
    }
    arena_release(&a);
    cr_assert_null(a.base);
}

Test(arena, cap_holds)
{
    struct arena a;
    start(&a);
    cr_assert_null(arena_alloc(&a, CAP + 1));
    cr_assert_null(arena_alloc(&a, SIZE_MAX));
    cr_assert_null(arena_alloc(&a, SIZE_MAX - 63));
    cr_assert_eq(a.used, 0, "a refused request takes nothing");
    cr_assert_not_null(arena_alloc(&a, CAP - 64));
    cr_assert_null(arena_alloc(&a, 65));
    cr_assert_not_null(arena_alloc(&a, 64));
    cr_assert_null(arena_alloc(&a, 1));
    cr_assert_eq(a.used, CAP);
    arena_release(&a);
}

Test(arena, reset_gives_back_what_came_after_the_mark)
{
    struct arena a;
    char *kept, *gone, *again;
    size_t mark;
    start(&a);
    kept = arena_alloc(&a, 100);
    memset(kept, 'k', 100);
    mark = arena_mark(&a);
    gone = arena_alloc(&a, 5000);
    memset(gone, 'g', 5000);
    arena_reset(&a, mark);
    cr_assert_eq(a.used, mark);
    cr_assert_eq(a.peak, mark + 5056, "the peak stays");
    again = arena_alloc(&a, 10);
    cr_assert_eq(again, gone);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(kept[i], 'k');
    arena_reset(&a, 0);
    cr_assert_eq(arena_alloc(&a, 1), (void *)kept);
    arena_release(&a);
}

Test(arena, fresh_memory_is_zero)
{
    struct arena a;
    char *p;
    start(&a);
    p = arena_alloc(&a, CAP);
    cr_assert_not_null(p);
    for (int i = 0; i < CAP; i++)
        cr_assert_eq(p[i], 0);
    arena_release(&a);
}

Test(arena, impossible_sizes_are_said)
{
    struct arena a;
    struct err e;
    cr_assert_eq(arena_init(&a, "huge", SIZE_MAX / 2, &e), ST_NOMEM);
    cr_assert_str_eq(e.where, "huge");
    arena_release(&a);
}
