/* Reading what resampling found out. A kind that a newer program wrote and this one does not
 * know is left out. */
#include <stdlib.h>
#include <string.h>

#include "engine/store/query.h"
#include "engine/store/store_db.h"

static int find_kind(const char *name)
{
    for (int k = 0; name && k < FINDING_KINDS; k++)
        if (!strcmp(name, finding_name((enum finding_kind)k)))
            return k;
    return -1;
}

enum status query_findings(struct query *q, int64_t run, int64_t step, int group, int index,
                           struct record_finding **finding, int *n, struct err *e)
{
    int got = -1, kind;
    enum status st = ST_OK;
    /* The first two columns of the key narrow the scan; of one step there are few rows. */
    sqlite3_stmt *s = db_select(
        &q->db, e,
        "SELECT step, group_no, index_no, kind, token, right_n, n, without_right_n, without_n, p, verified,"
        " created FROM finding WHERE run = ?1 AND step >= ?2 AND step <= ?3"
        " AND (?4 < 0 OR group_no = ?4) AND (?5 < 0 OR index_no = ?5)"
        " ORDER BY step, group_no, index_no, kind, token",
        "llldd", run, step < 0 ? 0 : step, step < 0 ? INT64_MAX : step, group, index);
    *finding = NULL;
    *n = 0;
    while (s && !st && (got = db_next(&q->db, s, e)) > 0) {
        kind = find_kind(db_column_text(s, 3));
        if (kind < 0)
            continue;
        if (!query_grow(finding, *n, sizeof **finding)) {
            st = query_no_memory(e, "the findings of a run");
            break;
        }
        (*finding)[(*n)++] = (struct record_finding){.step = sqlite3_column_int64(s, 0),
                                                     .group = sqlite3_column_int(s, 1),
                                                     .index = sqlite3_column_int(s, 2),
                                                     .kind = (enum finding_kind)kind,
                                                     .token = sqlite3_column_int(s, 4),
                                                     .right = sqlite3_column_int(s, 5),
                                                     .n = sqlite3_column_int(s, 6),
                                                     .without_right = sqlite3_column_int(s, 7),
                                                     .without_n = sqlite3_column_int(s, 8),
                                                     .p = db_real(s, 9),
                                                     .verified = sqlite3_column_int(s, 10),
                                                     .created = sqlite3_column_int64(s, 11)};
    }
    if (!st && (!s || got < 0))
        st = q->db.status;
    sqlite3_finalize(s);
    if (st) {
        free(*finding);
        *finding = NULL;
        *n = 0;
    }
    return st;
}
