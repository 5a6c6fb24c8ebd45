/* Reading the expert load of many steps.
 *
 * Design: the steps that are wanted lie `stride` apart, so each is looked up by the primary key (run, step,
 * ..) by a statement that is prepared once: what lies between is never touched. All steps of a run have the
 * same layers and experts; the first one that is found tells how many.
 *
 * Invariant: on failure nothing is handed out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/store/query.h"
#include "engine/store/store_db.h"

static enum status damaged(struct query *q, int64_t step, struct err *e)
{
    return err_set(e, ST_CORRUPT, "store", "%s is damaged: the expert load of step %lld", q->db.shown,
                   (long long)step);
}

/* Layers and experts of the run's first step in the range; 0 where there is none. */
static enum status find_shape(struct query *q, int64_t run, int64_t first, int64_t last,
                              struct query_loads *out, struct err *e)
{
    enum { MOST = 1 << 16 };
    int got;
    sqlite3_stmt *s =
        db_select(&q->db, e,
                  "SELECT max(layer) + 1, max(expert) + 1 FROM expert_load WHERE run = ?1 AND step ="
                  " (SELECT min(step) FROM expert_load WHERE run = ?1 AND step BETWEEN ?2 AND ?3)",
                  "lll", run, first, last);
    got = s ? db_next(&q->db, s, e) : -1;
    if (got > 0) {
        out->layers_n = sqlite3_column_int(s, 0);
        out->experts_n = sqlite3_column_int(s, 1);
    }
    sqlite3_finalize(s);
    if (got < 0)
        return q->db.status;
    return out->layers_n < 0 || out->experts_n < 0 || (int64_t)out->layers_n * out->experts_n > MOST
               ? damaged(q, first, e)
               : ST_OK;
}

/* One more row of cells; only then does the count grow. */
static enum status add_step(struct query *q, sqlite3_stmt *s, int64_t run, int64_t step,
                            struct query_loads *out, struct err *e)
{
    int cells = out->layers_n * out->experts_n, i = 0, got = 0;
    float *load = out->load + (size_t)out->n * (size_t)cells,
          *bias = out->bias + (size_t)out->n * (size_t)cells;
    enum status st;

    sqlite3_reset(s);
    st = db_bind(&q->db, s, e, "ll", run, step);
    while (!st && (got = db_next(&q->db, s, e)) > 0 && i < cells) {
        load[i] = (float)db_real(s, 0);
        bias[i++] = (float)db_real(s, 1);
    }
    if (st || got < 0)
        return st ? st : q->db.status;
    if (got > 0 || (i && i < cells))
        return damaged(q, step, e);
    if (i)
        out->step[out->n++] = step;
    return ST_OK;
}

enum status query_loads(struct query *q, int64_t run, int64_t first, int64_t last, int64_t stride, int most,
                        struct query_loads *out, struct err *e)
{
    sqlite3_stmt *s = NULL;
    enum status st = query_begin(q, e);
    size_t cells;

    memset(out, 0, sizeof *out);
    if (st)
        return st;
    first = first < 0 ? 0 : (first + stride - 1) / stride * stride;
    out->next = first;
    st = find_shape(q, run, first, last, out, e);
    cells = (size_t)out->layers_n * (size_t)out->experts_n;
    if (st || !cells) {
        out->next = last + 1;
        goto out;
    }
    out->step = malloc((size_t)most * sizeof *out->step);
    out->load = malloc((size_t)most * cells * sizeof *out->load);
    out->bias = malloc((size_t)most * cells * sizeof *out->bias);
    if (!out->step || !out->load || !out->bias) {
        st = query_no_memory(e, "the expert load of a run");
        goto out;
    }
    s = db_select(&q->db, e,
                  "SELECT load, bias FROM expert_load WHERE run = ?1 AND step = ?2 ORDER BY layer, expert",
                  "");
    if (!s)
        st = q->db.status;
    for (; !st && out->next <= last && out->n < most; out->next += stride)
        st = add_step(q, s, run, out->next, out, e);
out:
    sqlite3_finalize(s);
    if (st)
        query_loads_free(out);
    return query_end(q, st);
}

void query_loads_free(struct query_loads *l)
{
    free(l->step);
    free(l->load);
    free(l->bias);
    memset(l, 0, sizeof *l);
}
