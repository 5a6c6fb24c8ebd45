/* Reading what lies beside a run's steps: digests, keyframes, evaluations.
 *
 * Invariant: a tensor is handed out only after its bytes have been compared with
 * the digest that was stored with them; SQLite itself would not see damage there. */
#include <stdlib.h>
#include <string.h>

#include "engine/store/query.h"
#include "engine/store/store_db.h"

enum status query_digest(struct query *q, int64_t run, int64_t step, struct digest *out, struct err *e)
{
    enum status st;
    int got;
    sqlite3_stmt *s =
        db_select(&q->db, e, "SELECT digest FROM step WHERE run = ?1 AND step = ?2", "ll", run, step);
    got = s ? db_next(&q->db, s, e) : -1;
    st = got < 0 ? q->db.status
         : got   ? query_read_digest(q, s, 0, step, out, e)
                 : query_no_step(q, run, step, e);
    sqlite3_finalize(s);
    return st;
}

enum status query_keyframe_before(struct query *q, int64_t run, int64_t step, int64_t *found, struct err *e)
{
    int got;
    sqlite3_stmt *s = db_select(&q->db, e,
                                "SELECT step FROM keyframe WHERE run = ?1 AND step <= ?2"
                                " ORDER BY step DESC LIMIT 1",
                                "ll", run, step);
    got = s ? db_next(&q->db, s, e) : -1;
    if (got > 0)
        *found = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    if (got < 0)
        return q->db.status;
    return got ? ST_OK
               : err_set(e, ST_NOTFOUND, "store", "run %lld has no keyframe at or before step %lld",
                         (long long)run, (long long)step);
}

/* SQLite's memory may lie at any address; tensors are read as numbers. */
static const void *aligned(const void *data, size_t bytes, void **copy)
{
    free(*copy);
    *copy = NULL;
    if (!data || (uintptr_t)data % 16 == 0)
        return data ? data : "";
    *copy = malloc(bytes);
    return *copy ? memcpy(*copy, data, bytes) : NULL;
}

enum status query_keyframe(struct query *q, int64_t run, int64_t step,
                           enum status (*each)(void *ctx, const char *kind, const char *name,
                                               const void *data, size_t bytes, struct err *e),
                           void *ctx, struct err *e)
{
    int got = -1, n = 0;
    enum status st = ST_OK;
    void *copy = NULL;
    sqlite3_stmt *s = db_select(&q->db, e,
                                "SELECT kind, name, data, digest FROM keyframe_tensor WHERE run = ?1"
                                " AND step = ?2 ORDER BY kind, name",
                                "ll", run, step);
    while (s && !st && (got = db_next(&q->db, s, e)) > 0) {
        const char *kind = (const char *)sqlite3_column_text(s, 0),
                   *name = (const char *)sqlite3_column_text(s, 1);
        size_t bytes = (size_t)sqlite3_column_bytes(s, 2);
        const void *data = aligned(sqlite3_column_blob(s, 2), bytes, &copy);
        struct digest is, was;
        n++;
        st =
            data && kind && name ? query_read_digest(q, s, 3, step, &was, e) : query_no_memory(e, "a tensor");
        if (st)
            break;
        is = blob_digest(data, bytes);
        if (!digest_equal(&is, &was))
            st = err_set(e, ST_CORRUPT, "store",
                         "%s is damaged: tensor %s %s of the keyframe of step %lld; an "
                         "earlier step may be whole",
                         q->db.shown, kind, name, (long long)step);
        else
            st = each(ctx, kind, name, data, bytes, e);
    }
    free(copy);
    sqlite3_finalize(s);
    if (!st && (!s || got < 0))
        return q->db.status;
    if (!st && !n)
        return err_set(e, ST_NOTFOUND, "store", "run %lld has no keyframe of step %lld", (long long)run,
                       (long long)step);
    return st;
}

enum status query_keyframes(struct query *q, int64_t run, int64_t **step, int *n, struct err *e)
{
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s =
        db_select(&q->db, e, "SELECT step FROM keyframe WHERE run = ?1 ORDER BY step", "l", run);
    *step = NULL;
    *n = 0;
    while (s && !st && (got = db_next(&q->db, s, e)) > 0) {
        if (!query_grow(step, *n, sizeof **step))
            st = query_no_memory(e, "the list of keyframes");
        else
            (*step)[(*n)++] = sqlite3_column_int64(s, 0);
    }
    if (!st && (!s || got < 0))
        st = q->db.status;
    sqlite3_finalize(s);
    if (st) {
        free(*step);
        *step = NULL;
        *n = 0;
    }
    return st;
}

enum status query_evaluations(struct query *q, int64_t run, struct query_evaluation **row, int *n,
                              struct err *e)
{
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s =
        db_select(&q->db, e,
                  "SELECT step, k, problems, temperature, top_p, pass_1, pass_k, maj_k,"
                  " mean_length, waits, right_n FROM evaluation WHERE run = ?1 ORDER BY step, place",
                  "l", run);
    *row = NULL;
    *n = 0;
    while (s && !st && (got = db_next(&q->db, s, e)) > 0) {
        struct query_evaluation *v;
        int bytes = sqlite3_column_bytes(s, 10);
        uint8_t *right = NULL;
        if (!query_grow(row, *n, sizeof **row) || (bytes && !(right = malloc((size_t)bytes)))) {
            st = query_no_memory(e, "the evaluations of a run");
            break;
        }
        v = &(*row)[(*n)++];
        if (bytes)
            memcpy(right, sqlite3_column_blob(s, 10), (size_t)bytes);
        v->step = sqlite3_column_int64(s, 0);
        v->e = (struct record_evaluation){.k = sqlite3_column_int(s, 1),
                                          .problems = sqlite3_column_int(s, 2),
                                          .temperature = db_real(s, 3),
                                          .top_p = db_real(s, 4),
                                          .pass_1 = db_real(s, 5),
                                          .pass_k = db_real(s, 6),
                                          .maj_k = db_real(s, 7),
                                          .mean_length = db_real(s, 8),
                                          .waits = db_real(s, 9),
                                          .right = right};
        if (bytes && bytes != v->e.problems)
            st = err_set(e, ST_CORRUPT, "store", "%s is damaged: an evaluation of step %lld", q->db.shown,
                         (long long)v->step);
    }
    if (!st && (!s || got < 0))
        st = q->db.status;
    sqlite3_finalize(s);
    if (st) {
        query_evaluations_free(*row, *n);
        *row = NULL;
        *n = 0;
    }
    return st;
}

void query_evaluations_free(struct query_evaluation *row, int n)
{
    for (int i = 0; i < n; i++)
        free((void *)row[i].e.right);
    free(row);
}
