#ifndef GRPOLAB_BASE_ARENA_H
#define GRPOLAB_BASE_ARENA_H

#include <stddef.h>

#include "engine/base/status.h"

/* A block of memory with a stated cap, handed out front to back and given back
 * all at once. Allocation happens at set-up; a step resets and reuses. */
struct arena {
    const char *name;  /* borrowed, for messages */
    char *base;
    size_t cap, used, peak;  /* bytes */
};

/* arena_init: reserves cap bytes (zeroed by the kernel, touched only as used).
 * Errors: ST_NOMEM. */
enum status arena_init(struct arena *a, const char *name, size_t cap, struct err *e);
void arena_release(struct arena *a);

/* arena_alloc: bytes of memory aligned to 64, contents undefined; NULL when the
 * cap is exceeded (the caller names what it wanted). */
void *arena_alloc(struct arena *a, size_t bytes);

/* arena_mark / arena_reset: everything allocated after the mark is given back.
 * Under AddressSanitizer the given-back bytes are poisoned. */
size_t arena_mark(const struct arena *a);
void arena_reset(struct arena *a, size_t mark);

#endif
