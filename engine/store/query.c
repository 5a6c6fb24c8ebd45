/* The reading handle: opening, runs and their texts.
 *
 * Design: a read-only connection of its own. WAL lets it read while a run is
 * committing, and each call is one short transaction, so that checkpoints are
 * never held up for long. In a folder that may not be written, where SQLite cannot make
 * the file that readers share, the database is opened as immutable, but only if
 * there is no FILE-wal whose steps that would hide.
 *
 * Invariant: nothing here can change a store. */
#include "engine/store/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/store/store_db.h"

#define RUN_COLUMNS                                                                                          \
    "SELECT id, name, coalesce(parent, 0), coalesce(parent_step, 0), preset, stage, state, key, seed, step," \
    " seconds, rl_seconds, created, note FROM run "

/* FILE as a URI that tells SQLite that nobody writes it. */
static char *immutable_uri(const char *path)
{
    struct str uri = {0};
    char *real = realpath(path, NULL);
    if (!real)
        return NULL;
    str_add(&uri, "file:");
    for (const unsigned char *c = (unsigned char *)real; *c; c++)
        if (*c == '%' || *c == '?' || *c == '#' || *c <= ' ' || *c >= 127)
            str_printf(&uri, "%%%02X", *c);
        else
            str_add_n(&uri, (const char *)c, 1);
    str_add(&uri, "?immutable=1");
    free(real);
    if (uri.failed)
        str_free(&uri);
    return uri.s;
}

/* Whether FILE-wal holds anything. By the links' end, where SQLite puts it. */
static int has_wal(const char *path)
{
    char *wal = NULL, *real = realpath(path, NULL);
    struct stat about;
    int there = 0;
    if (real && asprintf(&wal, "%s-wal", real) >= 0) {
        there = !stat(wal, &about) && about.st_size > 0;
        free(wal);
    }
    free(real);
    return there;
}

static enum status identify(struct db *d, struct err *e)
{
    int version = 0;
    enum status st = schema_identify(d, schema_n, &version, e);
    if (!st && version == 0)
        st = err_set(e, ST_CORRUPT, "store", "%s is not a grpolab store but an empty file", d->shown);
    else if (!st && version < schema_n)
        st = err_set(e, ST_FAILED, "store",
                     "%s was written by an older grpolab (schema %d); open it once with "
                     "`grpolab runs` where it may be written",
                     d->shown, version);
    return st;
}

/* The file may be read, but not what readers share be made beside it. */
static enum status open_immutable(struct query *q, const char *path, struct err *e)
{
    char shown[sizeof q->db.shown];
    char *uri;
    enum status st;
    memcpy(shown, q->db.shown, sizeof shown);
    if (has_wal(path))
        return err_set(e, ST_READONLY, "store",
                       "%s: its folder may not be written, and steps are still in its -wal "
                       "file; copy both elsewhere, or close the program that writes it",
                       shown);
    uri = immutable_uri(path);
    if (!uri)
        return err_set(e, ST_NOMEM, "store", "no memory to open %s", shown);
    st = db_open(&q->db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL, e);
    memcpy(q->db.shown, shown, sizeof shown);
    if (!st)
        st = identify(&q->db, e);
    free(uri);
    return st;
}

enum status query_open(struct query **out, const char *path, struct err *e)
{
    struct stat about;
    enum status st;
    struct query *q = calloc(1, sizeof *q);
    *out = NULL;
    if (!q)
        return err_set(e, ST_NOMEM, "store", "no memory to open %s", path);
    if (path[0] && stat(path, &about)) {
        free(q);
        return err_set(e, ST_NOTFOUND, "store", "there is no store %s yet; `grpolab train quick` makes one",
                       path);
    }
    st = db_open(&q->db, path, SQLITE_OPEN_READONLY, NULL, e);
    if (!st)
        st = identify(&q->db, e);
    if (st == ST_READONLY || st == ST_IO) {
        int code = q->db.h ? sqlite3_extended_errcode(q->db.h) & 0xff : 0;
        if (code == SQLITE_CANTOPEN || code == SQLITE_READONLY) {
            db_close(&q->db);
            st = open_immutable(q, path, e);
        }
    }
    if (st) {
        query_close(q);
        return st;
    }
    sqlite3_exec(q->db.h, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF", NULL, NULL, NULL);
    *out = q;
    return ST_OK;
}

void query_close(struct query *q)
{
    if (!q)
        return;
    db_close(&q->db);
    free(q);
}

enum status query_begin(struct query *q, struct err *e)
{
    return db_exec(&q->db, "BEGIN", e);
}

enum status query_end(struct query *q, enum status st)
{
    sqlite3_exec(q->db.h, "COMMIT", NULL, NULL, NULL);
    if (!sqlite3_get_autocommit(q->db.h))
        sqlite3_exec(q->db.h, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

int query_grow(void *rows, int n, size_t size)
{
    void **at = rows, *more;
    /* Room doubles whenever n reaches a power of two. */
    if (n & (n - 1))
        return 1;
    more = realloc(*at, (n ? 2 * (size_t)n : 1) * size);
    if (!more)
        return 0;
    *at = more;
    return 1;
}

static void read_run(sqlite3_stmt *st, struct record_run *r)
{
    memset(r, 0, sizeof *r);
    r->id = sqlite3_column_int64(st, 0);
    db_text(st, 1, r->name, sizeof r->name);
    r->parent = sqlite3_column_int64(st, 2);
    r->parent_step = sqlite3_column_int64(st, 3);
    db_text(st, 4, r->preset, sizeof r->preset);
    db_text(st, 5, r->stage, sizeof r->stage);
    db_text(st, 6, r->state, sizeof r->state);
    db_text(st, 7, r->key, sizeof r->key);
    r->seed = (uint64_t)sqlite3_column_int64(st, 8);
    r->step = sqlite3_column_int64(st, 9);
    r->seconds = sqlite3_column_double(st, 10);
    r->rl_seconds = sqlite3_column_double(st, 11);
    r->created = sqlite3_column_int64(st, 12);
    db_text(st, 13, r->note, sizeof r->note);
}

enum status query_runs(struct query *q, struct record_run **run, int *n, struct err *e)
{
    struct db *d = &q->db;
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s = db_select(d, e, RUN_COLUMNS "ORDER BY id", "");
    *run = NULL;
    *n = 0;
    if (!s)
        return d->status;
    while (!st && (got = db_next(d, s, e)) > 0) {
        if (!query_grow(run, *n, sizeof **run))
            st = err_set(e, ST_NOMEM, "store", "no memory for the list of runs");
        else
            read_run(s, &(*run)[(*n)++]);
    }
    if (!st && got < 0)
        st = d->status;
    sqlite3_finalize(s);
    if (st) {
        free(*run);
        *run = NULL;
        *n = 0;
    }
    return st;
}

/* The first row of s, which is ended; *found tells whether there was one. */
static enum status one_run(struct query *q, sqlite3_stmt *s, struct record_run *out, int *found,
                           struct err *e)
{
    int got = s ? db_next(&q->db, s, e) : -1;
    if (got > 0)
        read_run(s, out);
    sqlite3_finalize(s);
    *found = got > 0;
    return got < 0 ? q->db.status : ST_OK;
}

/* Edit distance, as far as `enough`: only whether a name is nearly the one that was typed counts. */
static int distance(const char *a, const char *b, int enough)
{
    int row[NAME_BYTES + 1], n = (int)strlen(b);
    if (n > NAME_BYTES)
        return enough;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0], best;
        row[0] = best = i;
        for (int j = 1; j <= n; j++) {
            int cost = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            cost = cost < row[j] + 1 ? cost : row[j] + 1;
            row[j] = cost < row[j - 1] + 1 ? cost : row[j - 1] + 1;
            best = best < row[j] ? best : row[j];
        }
        if (best >= enough)
            return enough;
    }
    return row[n] < enough ? row[n] : enough;
}

/* Names that look like the one asked for; where none does, the ones used last. */
static enum status no_run(struct query *q, const char *name, struct err *e)
{
    struct str list = {0};
    int like = 0, got = 0;
    for (int pass = 0; pass < 2 && !like; pass++) {
        sqlite3_stmt *s = db_select(&q->db, e, "SELECT name FROM run ORDER BY used DESC", "");
        while (s && like < 4 && (got = db_next(&q->db, s, e)) > 0) {
            const char *have = db_column_text(s, 0);
            int alike = have[0] && name[0] &&
                        (strcasestr(have, name) || strcasestr(name, have) || distance(name, have, 3) < 3);
            if (!have[0] || (pass == 0 && !alike))
                continue;
            str_printf(&list, "%s'%.40s'", like++ ? ", " : "", have);
        }
        sqlite3_finalize(s);
        if (!s || got < 0)
            break;
    }
    if (like)
        err_set(e, ST_NOTFOUND, "store", "there is no run '%.60s'; there is %s", name, str_c(&list));
    else
        err_set(e, ST_NOTFOUND, "store", "there is no run '%.60s'; the store has none yet", name);
    str_free(&list);
    return ST_NOTFOUND;
}

enum status query_run(struct query *q, const char *name_or_id, struct record_run *out, struct err *e)
{
    int found;
    /* Names are never numbers only, so one of the two can match. */
    enum status st = one_run(
        q, db_select(&q->db, e, RUN_COLUMNS "WHERE name = ?1 OR CAST(id AS TEXT) = ?1", "t", name_or_id), out,
        &found, e);
    if (!st && !found)
        st = no_run(q, name_or_id, e);
    return st;
}

enum status query_last_run(struct query *q, struct record_run *out, struct err *e)
{
    int found;
    enum status st = one_run(q, db_select(&q->db, e, RUN_COLUMNS "ORDER BY used DESC, id DESC LIMIT 1", ""),
                             out, &found, e);
    if (!st && !found)
        st = err_set(e, ST_NOTFOUND, "store", "%s has no run yet; `grpolab train quick` makes one",
                     q->db.shown);
    return st;
}

static enum status find_key(struct query *q, const char *key, int only_done, struct record_run *out,
                            struct err *e)
{
    int found = 0;
    enum status st = ST_OK;
    if (key[0])
        st = one_run(q,
                     db_select(&q->db, e,
                               RUN_COLUMNS "WHERE key = ?1 AND key <> '' AND (state = 'done' OR NOT ?2)"
                                           " ORDER BY id DESC LIMIT 1",
                               "td", key, only_done),
                     out, &found, e);
    if (!st && !found)
        st = err_set(e, ST_NOTFOUND, "store", "no %sstage has the key %s", only_done ? "finished " : "", key);
    return st;
}

enum status query_find_stage(struct query *q, const char *key, struct record_run *out, struct err *e)
{
    return find_key(q, key, 1, out, e);
}

enum status query_find_begun(struct query *q, const char *key, struct record_run *out, struct err *e)
{
    return find_key(q, key, 0, out, e);
}

enum status query_name(struct query *q, int64_t run, char name[NAME_BYTES], struct err *e)
{
    sqlite3_stmt *s = db_select(&q->db, e, "SELECT name FROM run WHERE id = ?1", "l", run);
    int got = s ? db_next(&q->db, s, e) : -1;
    if (got > 0)
        db_text(s, 0, name, NAME_BYTES);
    sqlite3_finalize(s);
    if (got < 0)
        return q->db.status;
    return got ? ST_OK : err_set(e, ST_NOTFOUND, "store", "%s has no run %lld", q->db.shown, (long long)run);
}

/* The first column of every row, each followed by end. */
static enum status texts(struct query *q, sqlite3_stmt *s, const char *end, struct str *out, struct err *e)
{
    int got = -1;
    while (s && (got = db_next(&q->db, s, e)) > 0) {
        str_add_n(out, db_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        str_add(out, end);
    }
    sqlite3_finalize(s);
    if (got < 0)
        return q->db.status;
    return out->failed ? err_set(e, ST_NOMEM, "store", "no memory for a text") : ST_OK;
}

static enum status run_texts(struct query *q, int64_t run, const char *sql, const char *end, struct str *out,
                             struct err *e)
{
    char name[NAME_BYTES];
    enum status st;
    str_clear(out);
    st = query_begin(q, e);
    if (st)
        return st;
    st = query_name(q, run, name, e);
    if (!st)
        st = texts(q, db_select(&q->db, e, sql, "l", run), end, out, e);
    return query_end(q, st);
}

enum status query_settings(struct query *q, int64_t run, struct str *out, struct err *e)
{
    return run_texts(q, run, "SELECT key || ' = ' || value FROM setting WHERE run = ?1 ORDER BY place", "\n",
                     out, e);
}

enum status query_environment(struct query *q, int64_t run, struct str *out, struct err *e)
{
    return run_texts(q, run, "SELECT key || ' = ' || value FROM environment WHERE run = ?1 ORDER BY place",
                     "\n", out, e);
}

enum status query_vocabulary(struct query *q, int64_t run, struct str *out, struct err *e)
{
    enum status st =
        run_texts(q, run, "SELECT token FROM vocabulary WHERE run = ?1 ORDER BY id", " ", out, e);
    if (!st && out->n)
        out->s[--out->n] = 0;
    return st;
}

enum status query_log(struct query *q, int64_t run, int most, struct str *out, struct err *e)
{
    /* One run's lines need no name. */
    static const char sql[] =
        "SELECT line FROM (SELECT l.id AS id, datetime(l.time, 'unixepoch') || '  ' ||"
        " CASE WHEN ?1 = 0 THEN r.name || ' ' ELSE '' END || 'step ' || l.step ||"
        " CASE l.level WHEN 0 THEN '' WHEN 1 THEN '  warning' ELSE '  error' END || '  ' || l.text AS line"
        " FROM log l JOIN run r ON r.id = l.run WHERE ";
    char whole[sizeof sql + 80];
    str_clear(out);
    snprintf(whole, sizeof whole, "%s%s ORDER BY l.id DESC LIMIT ?2) ORDER BY id", sql,
             run ? "l.run = ?1" : "?1 = 0");
    return texts(q, db_select(&q->db, e, whole, "ld", run, most > 0 ? most : 0), "\n", out, e);
}
