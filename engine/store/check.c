/* store_check: whether a store is whole.
 *
 * Design: first SQLite's own check of the file and its references, then the
 * rules that SQL does not know, each as a query whose first row is the first
 * thing wrong; last the contents of BLOBs against their checks. It only reads,
 * in one transaction, so that a run may go on elsewhere meanwhile. */
#include <string.h>

#include "engine/store/store.h"
#include "engine/store/store_db.h"

/* A row means damage; its text says what. */
static const char *const rule[] = {
    "SELECT 'run ''' || name || ''' should have steps ' || first || ' to ' || step || ' but has ' || have"
    " FROM (SELECT r.name, r.step, r.parent_step, count(s.step) AS have, max(s.step) AS last,"
    "       min(s.step) AS first FROM run r LEFT JOIN step s ON s.run = r.id GROUP BY r.id)"
    " WHERE have IS NOT step - first + 1 OR last IS NOT step OR (first <> 0 AND first IS NOT parent_step)",
    "SELECT 'run ''' || name || ''' has lost the keyframe of its start' FROM run r"
    " WHERE NOT EXISTS (SELECT 1 FROM keyframe_tensor k WHERE k.run = r.id"
    "                   AND k.step = (SELECT min(s.step) FROM step s WHERE s.run = r.id))",
    "SELECT 'the keyframe of step ' || k.step || ' of run ''' || r.name || ''' is empty' FROM keyframe k"
    " JOIN run r ON r.id = k.run"
    " WHERE NOT EXISTS (SELECT 1 FROM keyframe_tensor t WHERE t.run = k.run AND t.step = k.step)",
    "SELECT 'tensor ' || t.kind || ' ' || t.name || ' of step ' || t.step || ' of run ''' || r.name ||"
    " ''' has ' || length(t.data) || ' bytes, not ' || length(o.data)"
    " FROM keyframe_tensor t JOIN run r ON r.id = t.run JOIN keyframe_tensor o ON o.run = t.run"
    " AND o.step = (SELECT min(s.step) FROM step s WHERE s.run = t.run)"
    " AND o.kind = t.kind AND o.name = t.name"
    " WHERE t.kind <> 'state' AND length(o.data) <> length(t.data)",
    "SELECT 'the digest of step ' || s.step || ' of run ''' || r.name || ''' has ' || length(s.digest) ||"
    " ' bytes'"
    " FROM step s JOIN run r ON r.id = s.run WHERE length(s.digest) <> 16",
    "SELECT 'the expert load of step ' || step || ' of run ''' || name || ''' has holes' FROM"
    " (SELECT r.name, x.step, count(*) AS have, (max(layer) + 1) * (max(expert) + 1) AS want"
    "  FROM expert_load x JOIN run r ON r.id = x.run GROUP BY x.run, x.step) WHERE have <> want",
};

static enum status damaged(struct db *d, const char *what, struct err *e)
{
    return err_set(e, ST_CORRUPT, "store", "%s is damaged: %.120s", d->shown, what);
}

/* Each of sql's rows is a complaint, except "ok". A page that cannot be read counts as damage here. */
static enum status complain(struct db *d, const char *sql, struct err *e)
{
    enum status st = ST_OK;
    sqlite3_stmt *q = db_select(d, e, sql, "");
    int got = q ? db_next(d, q, e) : -1;
    const char *text = got > 0 ? (const char *)sqlite3_column_text(q, 0) : "ok";
    if (got < 0)
        st = d->status;
    else if (!text || strcmp(text, "ok") != 0)
        st = damaged(d, text ? text : "its check has no words", e);
    sqlite3_finalize(q);
    return st;
}

static enum status check_traces(struct db *d, struct err *e)
{
    char what[128];
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *q = db_select(d, e, "SELECT n, tokens, step, group_no, index_no, run FROM trace", "");
    while (q && !st && (got = db_next(d, q, e)) > 0)
        if (!trace_check(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1),
                         sqlite3_column_int(q, 0))) {
            sqlite3_snprintf(sizeof what, what, "the tokens of trace %d of group %d, step %lld of run %lld",
                             sqlite3_column_int(q, 4), sqlite3_column_int(q, 3), sqlite3_column_int64(q, 2),
                             sqlite3_column_int64(q, 5));
            st = damaged(d, what, e);
        }
    if (!st && got < 0)
        st = d->status;
    sqlite3_finalize(q);
    return st;
}

static enum status check_tensors(struct db *d, struct err *e)
{
    char what[128];
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *q = db_select(d, e, "SELECT digest, data, kind, name, step, run FROM keyframe_tensor", "");
    while (q && !st && (got = db_next(d, q, e)) > 0) {
        struct digest is = blob_digest(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
        if (sqlite3_column_bytes(q, 0) != DIGEST_BYTES ||
            memcmp(is.byte, sqlite3_column_blob(q, 0), DIGEST_BYTES) != 0) {
            sqlite3_snprintf(sizeof what, what, "tensor %s %s of the keyframe of step %lld of run %lld",
                             sqlite3_column_text(q, 2), sqlite3_column_text(q, 3), sqlite3_column_int64(q, 4),
                             sqlite3_column_int64(q, 5));
            st = damaged(d, what, e);
        }
    }
    if (!st && got < 0)
        st = d->status;
    sqlite3_finalize(q);
    return st;
}

enum status store_check(struct store *s, struct err *e)
{
    struct db *d = &s->db;
    enum status st = db_exec(d, "BEGIN", e);
    if (st)
        return st;
    st = complain(d, "PRAGMA integrity_check(1)", e);
    if (!st)
        st = complain(d,
                      "SELECT 'a row of ' || \"table\" || ' refers to a missing ' || parent"
                      " FROM pragma_foreign_key_check",
                      e);
    for (size_t i = 0; !st && i < sizeof rule / sizeof *rule; i++)
        st = complain(d, rule[i], e);
    if (!st)
        st = check_traces(d, e);
    if (!st)
        st = check_tensors(d, e);
    return db_end(d, st, e);
}
