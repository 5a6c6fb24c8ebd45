/* Writing what a run learns from, and a hand's verdicts on it.
 *
 * Design: the texts stand in the store with the run that reads them, not as references to traces that may
 * be thinned or deleted; whoever wrote them is a name. They are fixed by the first step: verdicts come
 * before it or not at all.
 *
 * Invariants: places count from 0 without gaps; a run's texts are committed with the run. */
#include "engine/store/query.h"
#include "engine/store/store.h"
#include "engine/store/store_db.h"

const char *verdict_name(enum example_verdict v)
{
    static const char *const name[] = {"", "accepted", "rejected", "edited"};
    return v <= VERDICT_EDITED ? name[v] : "?";
}

enum status example_write(struct store *s, int64_t run, int place, const struct record_example *x,
                          struct err *e)
{
    return db_run(&s->db, store_statement(s, Q_EXAMPLE, e), e, "ldtdtdtttttrrrr", run, place,
                  x->kind == EXAMPLE_PAIR ? "pair" : "trace", !!x->kept, verdict_name(x->verdict), x->respect,
                  x->source, x->prompt, x->text, x->other, x->why, x->accuracy, x->format, x->language,
                  x->readable);
}

static enum status find(struct store *s, int64_t run, int place, int *is_pair, int64_t *step, struct err *e)
{
    sqlite3_stmt *q = db_select(&s->db, e,
                                "SELECT x.kind = 'pair', r.step FROM example x JOIN run r ON r.id = x.run"
                                " WHERE x.run = ?1 AND x.place = ?2",
                                "ld", run, place);
    int got = q ? db_next(&s->db, q, e) : -1;
    if (got > 0) {
        *is_pair = sqlite3_column_int(q, 0);
        *step = sqlite3_column_int64(q, 1);
    }
    sqlite3_finalize(q);
    if (got < 0)
        return s->db.status;
    return got ? ST_OK
               : err_set(e, ST_NOTFOUND, "store", "run %lld learns from no text %d", (long long)run, place);
}

enum status store_example_judge(struct store *s, int64_t run, int place, enum example_verdict verdict,
                                const char *text, struct err *e)
{
    int is_pair = 0;
    int64_t step = 0;
    enum status st = find(s, run, place, &is_pair, &step, e);
    if (st)
        return st;
    if (step > 0)
        return err_set(e, ST_USAGE, "store", "run %lld has taken steps: what it learns from stands",
                       (long long)run);
    if (verdict == VERDICT_EDITED && !is_pair && (!text || !text[0] || !text_check(text)))
        return err_set(e, ST_USAGE, "store", "an edited trace is a line of text");
    if (verdict == VERDICT_EDITED && is_pair)
        return db_once(&s->db, e,
                       "UPDATE example SET text = other, other = text, kept = 1, verdict = 'edited'"
                       " WHERE run = ?1 AND place = ?2",
                       "ld", run, place);
    if (verdict == VERDICT_EDITED)
        return db_once(
            &s->db, e,
            "UPDATE example SET text = ?3, kept = 1, verdict = 'edited' WHERE run = ?1 AND place = ?2", "ldt",
            run, place, text);
    return db_once(
        &s->db, e,
        "UPDATE example SET verdict = ?3, kept = CASE ?3 WHEN 'accepted' THEN 1 WHEN 'rejected' THEN 0"
        " ELSE why = '' END WHERE run = ?1 AND place = ?2",
        "ldt", run, place, verdict_name(verdict));
}
