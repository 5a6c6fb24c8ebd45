/* Writing what resampling found out about traces on record.
 *
 * Design: a finding is a row of its own, keyed by run, step, trace, kind and token; the step that it is about
 * is not touched. Resampling the same place gives the same numbers, so a row is replaced only by one that
 * rests on at least as many continuations.
 *
 * Invariants: a finding's trace is on record (the foreign key says so); several findings are
 * written all or none. */
#include "engine/store/query.h"
#include "engine/store/store.h"
#include "engine/store/store_db.h"

const char *finding_name(enum finding_kind kind)
{
    static const char *const name[FINDING_KINDS] = {[FINDING_AHA] = "aha", [FINDING_VALUE] = "value"};
    return kind < FINDING_KINDS ? name[kind] : "?";
}

static int is_whole(const struct record_finding *f)
{
    return f->step >= 0 && f->group >= 0 && f->index >= 0 && f->kind < FINDING_KINDS && f->token >= 0 &&
           f->n > 0 && f->right >= 0 && f->right <= f->n && f->without_n >= 0 && f->without_right >= 0 &&
           f->without_right <= f->without_n;
}

/* The foreign key would refuse it, too, but without a word about which trace. */
static enum status trace_check_there(struct store *s, int64_t run, const struct record_finding *f,
                                     struct err *e)
{
    int got;
    sqlite3_stmt *q = db_select(
        &s->db, e, "SELECT n FROM trace WHERE run = ?1 AND step = ?2 AND group_no = ?3 AND index_no = ?4",
        "lldd", run, f->step, f->group, f->index);
    if (!q)
        return s->db.status;
    got = db_next(&s->db, q, e);
    if (got > 0 && f->token > sqlite3_column_int(q, 0))
        got = 0;
    sqlite3_finalize(q);
    if (got < 0)
        return s->db.status;
    return got ? ST_OK
               : err_set(e, ST_NOTFOUND, "store",
                         "token %d of trace %d of group %d, step %lld, is not on record", f->token, f->index,
                         f->group, (long long)f->step);
}

enum status store_findings(struct store *s, int64_t run, const struct record_finding *finding, int n,
                           struct err *e)
{
    struct db *d = &s->db;
    enum status st;
    for (int i = 0; i < n; i++)
        if (!is_whole(&finding[i]))
            return err_set(e, ST_USAGE, "store", "finding %d of step %lld is malformed", i,
                           (long long)finding[i].step);
    if (n < 1)
        return ST_OK;
    db_effect(d, "nothing of what was found out was written");
    st = db_begin(d, e);
    if (!st) {
        for (int i = 0; !st && i < n; i++) {
            const struct record_finding *f = &finding[i];
            st = trace_check_there(s, run, f, e);
            if (!st)
                st = db_run(d, store_statement(s, Q_FINDING, e), e,
                            "lldd"
                            "td"
                            "dddd"
                            "rd",
                            run, f->step, f->group, f->index, finding_name(f->kind), f->token, f->right, f->n,
                            f->without_right, f->without_n, f->p, !!f->verified);
        }
        st = db_end(d, st, e);
    }
    db_effect(d, "%s", "");
    return st;
}
