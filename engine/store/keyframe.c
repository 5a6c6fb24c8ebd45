/* Keyframes: which steps keep one, and writing them.
 *
 * Design: every SPACING-th step gets a keyframe. As it ages, only multiples of
 * a spacing that doubles with age stay: below an age of 3 spacings every multiple
 * of 16 stays, below twice that age every multiple of 32, and so on. A step
 * of age a is thus never more than about 2/3 a from the keyframe before it,
 * and the number that are alive grows with the logarithm of the run's length.
 *
 * Invariants: the rule is a pure function of (step, head), and since spacings
 * are multiples of each other, what it has dropped once it never wants back.
 * Step 0 and pinned keyframes, a run's start among them, are never dropped. */
#include "engine/store/store.h"
#include "engine/store/store_db.h"

enum { SPACING = 16 };

int keyframe_keep(int64_t step, int64_t head)
{
    int64_t spacing = SPACING;
    if (step == 0)
        return 1;
    while (head - step >= 3 * spacing)
        spacing *= 2;
    return step % spacing == 0;
}

int keyframe_due(int64_t step)
{
    return step % SPACING == 0;
}

static void keep(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    sqlite3_result_int(c, keyframe_keep(sqlite3_value_int64(v[0]), sqlite3_value_int64(v[1])));
}

int keyframe_function(sqlite3 *h)
{
    return sqlite3_create_function(h, "keyframe_keep", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, keep,
                                   NULL, NULL);
}

enum status keyframe_write(struct store *s, int64_t run, int64_t step, const struct record_keyframe *k,
                           struct err *e)
{
    enum status st;
    if (!k->tensors_n)
        return err_set(e, ST_USAGE, "store", "the keyframe of step %lld has no tensors", (long long)step);
    /* Thinned first, so that the pages set free take the new one. */
    st = db_run(&s->db, store_statement(s, Q_THIN, e), e, "ll", run, step);
    if (!st)
        st = db_run(&s->db, store_statement(s, Q_KEYFRAME, e), e, "lld", run, step, !!k->pinned);
    for (int i = 0; !st && i < k->tensors_n; i++) {
        const struct record_tensor *t = &k->tensor[i];
        struct digest d = blob_digest(t->data, t->bytes);
        st = db_run(&s->db, store_statement(s, Q_TENSOR, e), e, "llttbb", run, step, t->kind, t->name,
                    (const void *)d.byte, sizeof d.byte, t->data, t->bytes);
    }
    return st;
}
