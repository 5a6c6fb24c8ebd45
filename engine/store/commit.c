/* The commit of a step: one transaction from BEGIN IMMEDIATE to COMMIT.
 *
 * Design: all statements are prepared once and kept. What a step brings is checked
 * before the transaction begins, as far as that needs no database; that it is
 * the successor of the run's last step is checked under the write lock, so that
 * two processes can never write one step twice.
 *
 * Invariants: a step is on record whole or not at all; a step on record is
 * never rewritten; a run's `step` is the last step on record. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/store/store_db.h"

static const char *const text[Q_N] = {
    [Q_HEAD] = "SELECT step, name, (SELECT min(step) FROM step WHERE run = ?1) FROM run WHERE id = ?1",
    [Q_STEP] = "INSERT INTO step (run, step, seconds, digest) VALUES (?1, ?2, ?3, ?4)",
    [Q_METRIC] = "INSERT INTO metric (run, step, metric, value) VALUES (?1, ?2, ?3, ?4)",
    [Q_GROUP] = "INSERT INTO trace_group (run, step, group_no, mean, std, flat, problem, prompt)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [Q_TRACE] =
        "INSERT INTO trace (run, step, group_no, index_no, n, reward, advantage, accuracy, format, at, why,"
        " cut_off, aha, tokens) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [Q_LOAD] =
        "INSERT INTO expert_load (run, step, layer, expert, load, bias) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_EVALUATION] =
        "INSERT INTO evaluation (run, step, place, k, problems, temperature, top_p, pass_1, pass_k,"
        " maj_k, mean_length, waits, right_n)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [Q_KEYFRAME] = "INSERT INTO keyframe (run, step, pinned) VALUES (?1, ?2, ?3)",
    [Q_TENSOR] = "INSERT INTO keyframe_tensor (run, step, kind, name, digest, data)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_THIN] = "DELETE FROM keyframe WHERE run = ?1 AND NOT pinned AND NOT keyframe_keep(step, ?2)",
    [Q_ADVANCE] =
        "UPDATE run SET step = ?2, seconds = coalesce(?3, seconds + ?5),"
        " rl_seconds = coalesce(?4, rl_seconds), used = (SELECT max(used) + 1 FROM run) WHERE id = ?1",
    [Q_DIGEST] = "SELECT digest FROM step WHERE run = ?1 AND step = ?2",
    [Q_MEASURED] = "SELECT EXISTS (SELECT 1 FROM metric WHERE run = ?1 AND step = ?2)",
    [Q_STATE] = "UPDATE run SET state = ?2 WHERE id = ?1 AND state <> ?2",
    [Q_LOG] = "INSERT INTO log (run, step, level, time, text) VALUES (?1, ?2, ?3, unixepoch(), ?4)",
    [Q_EXAMPLE] =
        "INSERT INTO example (run, place, kind, kept, verdict, respect, source, prompt, text, other, why,"
        " accuracy, format, language, readable)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [Q_FINDING] =
        "INSERT INTO finding (run, step, group_no, index_no, kind, token, right_n, n,"
        " without_right_n, without_n,"
        " p, verified, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, unixepoch())"
        " ON CONFLICT DO UPDATE SET right_n = excluded.right_n, n = excluded.n,"
        " without_right_n = excluded.without_right_n, without_n = excluded.without_n, p = excluded.p,"
        " verified = excluded.verified, created = excluded.created WHERE excluded.n > n OR (excluded.n = n"
        " AND (excluded.right_n <> right_n OR excluded.without_right_n <> without_right_n))",
};

sqlite3_stmt *store_statement(struct store *s, enum statement q, struct err *e)
{
    if (!s->statement[q])
        s->statement[q] = db_prepare(&s->db, text[q], e);
    else
        sqlite3_reset(s->statement[q]);
    return s->statement[q];
}

/* What the record must be for the rows to make sense; and room to pack its longest trace. */
static enum status prepare_record(struct store *s, const struct record_step *r, struct err *e)
{
    int longest = 0;
    if (r->step < 0 || !r->metric || r->groups_n < 0 || r->traces_n < 0 || r->evaluations_n < 0)
        return err_set(e, ST_USAGE, "store", "the record of step %lld is malformed", (long long)r->step);
    for (int i = 0; i < r->traces_n; i++) {
        const struct record_trace *t = &r->trace[i];
        if (t->group < 0 || t->group >= r->groups_n || t->n < 0 ||
            (t->n && (!t->token || !t->logp || !t->entropy)))
            return err_set(e, ST_USAGE, "store", "trace %d of step %lld is malformed", i, (long long)r->step);
        longest = t->n > longest ? t->n : longest;
    }
    if (trace_pack_bound(longest) > s->pack_cap) {
        unsigned char *more = realloc(s->pack, trace_pack_bound(longest));
        if (!more)
            return err_set(e, ST_NOMEM, "store", "no memory to pack %d tokens", longest);
        s->pack = more;
        s->pack_cap = trace_pack_bound(longest);
    }
    return ST_OK;
}

enum status step_digest(struct store *s, int64_t run, int64_t step, struct digest *out, struct err *e)
{
    struct db *d = &s->db;
    sqlite3_stmt *q = store_statement(s, Q_DIGEST, e);
    int got, whole = 0;
    if (!q || db_bind(d, q, e, "ll", run, step))
        return d->status;
    got = db_next(d, q, e);
    if (got > 0 && sqlite3_column_bytes(q, 0) == DIGEST_BYTES) {
        memcpy(out->byte, sqlite3_column_blob(q, 0), DIGEST_BYTES);
        whole = 1;
    }
    sqlite3_reset(q);
    if (got < 0)
        return d->status;
    if (got && !whole)
        return err_set(e, ST_CORRUPT, "store", "the digest of step %lld is damaged", (long long)step);
    return got ? ST_OK : err_set(e, ST_NOTFOUND, "store", "step %lld is not on record", (long long)step);
}

/* A run's start is on record since the run was made; what was measured of it may be added once. */
static enum status start_check(struct store *s, int64_t run, const struct record_step *r, int has_keyframe,
                               struct err *e)
{
    struct digest have;
    sqlite3_stmt *q;
    int measured;
    enum status st = step_digest(s, run, r->step, &have, e);
    if (st)
        return st;
    if (!digest_equal(&have, &r->digest))
        return err_set(e, ST_CORRUPT, "store", "step %lld is on record with another digest",
                       (long long)r->step);
    q = store_statement(s, Q_MEASURED, e);
    if (!q || db_bind(&s->db, q, e, "ll", run, r->step) || db_next(&s->db, q, e) < 0)
        return s->db.status;
    measured = sqlite3_column_int(q, 0);
    sqlite3_reset(q);
    if (measured || has_keyframe)
        return err_set(e, ST_USAGE, "store", "step %lld is already on record", (long long)r->step);
    return ST_OK;
}

/* Whether the step may be written now; *is_start when it is the run's first, whose row is there. */
static enum status order_check(struct store *s, int64_t run, const struct record_step *r, int has_keyframe,
                               int *is_start, struct err *e)
{
    sqlite3_stmt *q = store_statement(s, Q_HEAD, e);
    char name[NAME_BYTES];
    int64_t head;
    int got = q && !db_bind(&s->db, q, e, "l", run) ? db_next(&s->db, q, e) : -1;
    if (got < 0)
        return s->db.status;
    head = sqlite3_column_int64(q, 0);
    *is_start = got && r->step == sqlite3_column_int64(q, 2);
    if (got)
        db_text(q, 1, name, sizeof name);
    sqlite3_reset(q);
    if (!got)
        return err_set(e, ST_NOTFOUND, "store", "%s has no run %lld (any more)", s->db.shown, (long long)run);
    if (*is_start)
        return start_check(s, run, r, has_keyframe, e);
    if (r->step <= head)
        return err_set(e, ST_USAGE, "store",
                       "step %lld of run '%s' is already on record, up to %lld; a step is "
                       "never rewritten",
                       (long long)r->step, name, (long long)head);
    if (r->step != head + 1)
        return err_set(e, ST_USAGE, "store", "step %lld of run '%s' cannot follow step %lld",
                       (long long)r->step, name, (long long)head);
    return ST_OK;
}

static enum status write_traces(struct store *s, int64_t run, const struct record_step *r, struct err *e)
{
    struct db *d = &s->db;
    enum status st = ST_OK;
    for (int i = 0; !st && i < r->groups_n; i++) {
        const struct record_group *g = &r->group[i];
        st = db_run(d, store_statement(s, Q_GROUP, e), e, "lldrrdtt", run, r->step, i, g->mean, g->std,
                    !!g->flat, g->problem, g->prompt);
    }
    for (int i = 0; !st && i < r->traces_n; i++) {
        const struct record_trace *t = &r->trace[i];
        size_t bytes = trace_pack(t, s->pack);
        st = db_run(d, store_statement(s, Q_TRACE, e), e,
                    "llddd"
                    "rrrr"
                    "dtddb",
                    run, r->step, t->group, t->index, t->n, t->reward, t->advantage, t->accuracy, t->format,
                    t->at, t->why, !!t->cut_off, t->aha, (const void *)s->pack, bytes);
    }
    return st;
}

static enum status write_measured(struct store *s, int64_t run, const struct record_step *r, struct err *e)
{
    struct db *d = &s->db;
    enum status st = ST_OK;
    for (int m = 0; !st && m < METRIC_N; m++)
        if (!isnan(r->metric[m]))
            st = db_run(d, store_statement(s, Q_METRIC, e), e, "lllr", run, r->step, s->metric_id[m],
                        r->metric[m]);
    for (int i = 0; !st && i < r->layers_n * r->experts_n; i++)
        st = db_run(d, store_statement(s, Q_LOAD, e), e, "llddrr", run, r->step, i / r->experts_n,
                    i % r->experts_n, r->load ? (double)r->load[i] : (double)NAN,
                    r->bias ? (double)r->bias[i] : (double)NAN);
    for (int i = 0; !st && i < r->evaluations_n; i++) {
        const struct record_evaluation *v = &r->evaluation[i];
        st = db_run(d, store_statement(s, Q_EVALUATION, e), e,
                    "llddd"
                    "rrrrrrr"
                    "b",
                    run, r->step, i, v->k, v->problems, v->temperature, v->top_p, v->pass_1, v->pass_k,
                    v->maj_k, v->mean_length, v->waits, (const void *)v->right,
                    v->right ? (size_t)v->problems : (size_t)0);
    }
    return st;
}

enum status commit_step(struct store *s, int64_t run, const struct record_step *r,
                        const struct record_keyframe *keyframe, struct err *e)
{
    struct db *d = &s->db;
    int is_start = 0;
    enum status st = prepare_record(s, r, e);
    if (st)
        return st;
    db_effect(d, "nothing of step %lld was written", (long long)r->step);
    st = db_begin(d, e);
    if (!st) {
        st = order_check(s, run, r, keyframe != NULL, &is_start, e);
        if (!st && !is_start)
            st = db_run(d, store_statement(s, Q_STEP, e), e, "llrb", run, r->step, r->seconds,
                        (const void *)r->digest.byte, sizeof r->digest.byte);
        if (!st)
            st = write_measured(s, run, r, e);
        if (!st)
            st = write_traces(s, run, r, e);
        if (!st && keyframe)
            st = keyframe_write(s, run, r->step, keyframe, e);
        if (!st && !is_start)
            st = db_run(d, store_statement(s, Q_ADVANCE, e), e, "llrrr", run, r->step, r->metric[M_SECONDS],
                        r->metric[M_RL_SECONDS], r->seconds);
        st = db_end(d, st, e);
    }
    db_effect(d, "%s", "");
    return st;
}
