/* Reading what a run learns from. */
#include <string.h>

#include "engine/store/query.h"
#include "engine/store/store_db.h"

static enum example_verdict find_verdict(const char *name)
{
    for (int v = VERDICT_ACCEPTED; name && v <= VERDICT_EDITED; v++)
        if (!strcmp(name, verdict_name((enum example_verdict)v)))
            return (enum example_verdict)v;
    return VERDICT_RULE;
}

enum status query_examples(struct query *q, int64_t run, int first, int most, int only_kept,
                           enum status (*each)(void *ctx, int place, const struct record_example *x,
                                               struct err *e),
                           void *ctx, struct err *e)
{
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s = db_select(
        &q->db, e,
        "SELECT place, kind = 'pair', kept, verdict, respect, source, prompt, text, other, why,"
        " accuracy, format, language, readable FROM example"
        " WHERE run = ?1 AND place >= ?2 AND (kept OR NOT ?4) ORDER BY place LIMIT ?3",
        "lddd", run, first, most, only_kept);
    while (s && !st && (got = db_next(&q->db, s, e)) > 0)
        st = each(ctx, sqlite3_column_int(s, 0),
                  &(struct record_example){.kind = sqlite3_column_int(s, 1) ? EXAMPLE_PAIR : EXAMPLE_TRACE,
                                           .kept = sqlite3_column_int(s, 2),
                                           .verdict = find_verdict(db_column_text(s, 3)),
                                           .respect = sqlite3_column_int(s, 4),
                                           .source = db_column_text(s, 5),
                                           .prompt = db_column_text(s, 6),
                                           .text = db_column_text(s, 7),
                                           .other = db_column_text(s, 8),
                                           .why = db_column_text(s, 9),
                                           .accuracy = db_real(s, 10),
                                           .format = db_real(s, 11),
                                           .language = db_real(s, 12),
                                           .readable = db_real(s, 13)},
                  e);
    if (!st && (!s || got < 0))
        st = q->db.status;
    sqlite3_finalize(s);
    return st;
}

enum status query_examples_n(struct query *q, int64_t run, int *n, int *kept_n, struct err *e)
{
    sqlite3_stmt *s =
        db_select(&q->db, e, "SELECT count(*), coalesce(sum(kept), 0) FROM example WHERE run = ?1", "l", run);
    int got = s ? db_next(&q->db, s, e) : -1;
    *n = got > 0 ? sqlite3_column_int(s, 0) : 0;
    *kept_n = got > 0 ? sqlite3_column_int(s, 1) : 0;
    sqlite3_finalize(s);
    return got < 0 ? q->db.status : ST_OK;
}
