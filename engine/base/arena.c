/* Arenas: one mmap each, a bump pointer, and poison under AddressSanitizer so
 * that a use after a reset is caught. */
#include "engine/base/arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region(p, n)
#define UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { ALIGN = 64 };

enum status arena_init(struct arena *a, const char *name, size_t cap, struct err *e)
{
    void *p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memset(a, 0, sizeof *a);
    if (p == MAP_FAILED)
        return err_set(e, ST_NOMEM, name, "cannot reserve %zu MB", cap >> 20);
    a->name = name;
    a->base = p;
    a->cap = cap;
    POISON(a->base, a->cap);
    return ST_OK;
}

void arena_release(struct arena *a)
{
    if (a->base) {
        UNPOISON(a->base, a->cap);
        munmap(a->base, a->cap);
    }
    memset(a, 0, sizeof *a);
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    char *p;
    if (need < bytes || need > a->cap - a->used)
        return NULL;
    p = a->base + a->used;
    a->used += need;
    if (a->used > a->peak)
        a->peak = a->used;
    UNPOISON(p, bytes);
    return p;
}

size_t arena_mark(const struct arena *a)
{
    return a->used;
}

void arena_reset(struct arena *a, size_t mark)
{
    if (mark < a->used)
        POISON(a->base + mark, a->used - mark);
    a->used = mark;
}
