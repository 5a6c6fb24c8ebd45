/* One SQLite connection and its error words.
 *
 * Design: SQLite's result codes become the engine's in one place, db_fail, which
 * names the file, what went wrong, what that means (db_effect) and what would
 * help. A transaction is db_begin ... db_end; db_end rolls back on any failure,
 * so that a connection is always left usable.
 *
 * Invariants: db_fail looks at the connection before anything else touches it;
 * a path can never be taken for a URI or for ":memory:". */
#include "engine/store/store_db.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_path(struct db *d, const char *path)
{
    size_t n = strlen(path), room = sizeof d->shown - 1;
    if (n <= room)
        memcpy(d->shown, path, n + 1);
    else
        snprintf(d->shown, sizeof d->shown, "...%s", path + n - (room - 3));
}

enum status db_open(struct db *d, const char *path, int flags, const char *vfs, struct err *e)
{
    int rc;
    char *plain = NULL;
    enum status st = ST_OK;
    memset(d, 0, sizeof *d);
    show_path(d, path);
    if (!path[0])
        return err_set(e, ST_USAGE, "store", "the store's path is empty; name a file with --store");
    if (path[0] != '/' && !(flags & SQLITE_OPEN_URI)) {
        if (asprintf(&plain, "./%s", path) < 0)
            return err_set(e, ST_NOMEM, "store", "no memory to open %s", d->shown);
        path = plain;
    }
    rc = sqlite3_open_v2(path, &d->h, flags | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
    if (rc) {
        st = db_fail(d, rc, e);
        db_close(d);
    } else {
        sqlite3_busy_timeout(d->h, BUSY_MS);
    }
    free(plain);
    return st;
}

void db_close(struct db *d)
{
    sqlite3_close(d->h);
    d->h = NULL;
}

void db_effect(struct db *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(d->effect, sizeof d->effect, fmt, ap);
    va_end(ap);
}

/* The operating system knows better than a generic I/O error. */
static enum status by_errno(int number, enum status otherwise)
{
    if (number == ENOSPC || number == EDQUOT)
        return ST_FULL;
    if (number == EACCES || number == EROFS || number == EPERM)
        return ST_READONLY;
    return otherwise;
}

static enum status status_of(int rc, int number)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return ST_NOMEM;
    switch (rc & 0xff) {
    case SQLITE_FULL: return ST_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ST_READONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return ST_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT: return ST_CORRUPT;
    case SQLITE_NOMEM: return ST_NOMEM;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: return by_errno(number, ST_IO);
    default: return ST_FAILED;
    }
}

enum status db_fail(struct db *d, int rc, struct err *e)
{
    int number = d->h ? sqlite3_system_errno(d->h) : 0;
    const char *why, *help, *between = d->effect[0] ? ": " : "";
    char io[64];
    d->status = status_of(rc, number);
    switch (d->status) {
    case ST_FULL: why = "disk full", help = "make room and try again"; break;
    case ST_READONLY: why = "may not be written", help = "check who may write the file and its folder"; break;
    case ST_BUSY: why = "another process is writing", help = "try again when it is done"; break;
    case ST_CORRUPT:
        if (rc == SQLITE_NOTADB)
            why = "is not a grpolab store", help = "name another file with --store";
        else
            why = "the file is damaged", help = "restore a copy, or try .recover of the sqlite3 shell";
        break;
    case ST_NOMEM: why = "out of memory", help = "try again"; break;
    case ST_IO:
        if (number)
            snprintf(io, sizeof io, "%s (%s)",
                     (rc & 0xff) == SQLITE_CANTOPEN ? "cannot be opened" : "i/o error", strerror(number));
        else
            snprintf(io, sizeof io, "%s (SQLite code %d)",
                     (rc & 0xff) == SQLITE_CANTOPEN ? "cannot be opened" : "i/o error", rc);
        why = io, help = "check the disk and the path, then try again";
        break;
    default: why = d->h ? sqlite3_errmsg(d->h) : sqlite3_errstr(rc), help = "run `grpolab check`"; break;
    }
    return err_set(e, d->status, "store", "%s: %s%s%s; %s", d->shown, why, between, d->effect, help);
}

static sqlite3_stmt *prepare(struct db *d, const char *sql, unsigned flags, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(d->h, sql, -1, flags, &st, NULL);
    if (rc)
        db_fail(d, rc, e);
    return st;
}

sqlite3_stmt *db_prepare(struct db *d, const char *sql, struct err *e)
{
    return prepare(d, sql, SQLITE_PREPARE_PERSISTENT, e);
}

static int bind_all(sqlite3_stmt *st, const char *form, va_list ap)
{
    int rc = SQLITE_OK;
    for (int i = 1; !rc && form[i - 1]; i++) {
        switch (form[i - 1]) {
        case 'l': rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t)); break;
        case 'd': rc = sqlite3_bind_int(st, i, va_arg(ap, int)); break;
        case 'r': rc = sqlite3_bind_double(st, i, va_arg(ap, double)); break;
        case 't': {
            const char *text = va_arg(ap, const char *);
            rc = sqlite3_bind_text(st, i, text ? text : "", -1, SQLITE_STATIC);
            break;
        }
        default: {
            const void *data = va_arg(ap, const void *);
            size_t bytes = va_arg(ap, size_t);
            /* A NULL pointer would become an SQL NULL: an empty blob is meant. */
            rc = sqlite3_bind_blob64(st, i, data ? data : "", bytes, SQLITE_STATIC);
            break;
        }
        }
    }
    return rc;
}

enum status db_bind(struct db *d, sqlite3_stmt *st, struct err *e, const char *form, ...)
{
    va_list ap;
    int rc;
    va_start(ap, form);
    rc = bind_all(st, form, ap);
    va_end(ap);
    return rc ? db_fail(d, rc, e) : ST_OK;
}

sqlite3_stmt *db_select(struct db *d, struct err *e, const char *sql, const char *form, ...)
{
    va_list ap;
    int rc;
    sqlite3_stmt *st = prepare(d, sql, 0, e);
    if (!st)
        return NULL;
    va_start(ap, form);
    rc = bind_all(st, form, ap);
    va_end(ap);
    if (rc) {
        db_fail(d, rc, e);
        sqlite3_finalize(st);
        return NULL;
    }
    return st;
}

int db_next(struct db *d, sqlite3_stmt *st, struct err *e)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    db_fail(d, rc, e);
    return -1;
}

enum status db_run(struct db *d, sqlite3_stmt *st, struct err *e, const char *form, ...)
{
    va_list ap;
    int rc, more;
    if (!st)
        return d->status;
    va_start(ap, form);
    rc = bind_all(st, form, ap);
    va_end(ap);
    if (rc) {
        db_fail(d, rc, e);
        more = -1;
    } else {
        while ((more = db_next(d, st, e)) > 0)
            ;
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return more < 0 ? d->status : ST_OK;
}

enum status db_once(struct db *d, struct err *e, const char *sql, const char *form, ...)
{
    va_list ap;
    int rc, more = -1;
    sqlite3_stmt *st = prepare(d, sql, 0, e);
    if (!st)
        return d->status;
    va_start(ap, form);
    rc = bind_all(st, form, ap);
    va_end(ap);
    if (rc)
        db_fail(d, rc, e);
    else
        while ((more = db_next(d, st, e)) > 0)
            ;
    sqlite3_finalize(st);
    return more < 0 ? d->status : ST_OK;
}

enum status db_exec(struct db *d, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);
    return rc ? db_fail(d, rc, e) : ST_OK;
}

enum status db_number(struct db *d, const char *sql, int64_t *out, struct err *e)
{
    int got;
    sqlite3_stmt *st = prepare(d, sql, 0, e);
    if (!st)
        return d->status;
    got = db_next(d, st, e);
    *out = got > 0 ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return got < 0 ? d->status : ST_OK;
}

enum status db_begin(struct db *d, struct err *e)
{
    return db_exec(d, "BEGIN IMMEDIATE", e);
}

enum status db_end(struct db *d, enum status st, struct err *e)
{
    if (!st)
        st = db_exec(d, "COMMIT", e);
    if (st && !sqlite3_get_autocommit(d->h))
        sqlite3_exec(d->h, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

double db_real(sqlite3_stmt *st, int column)
{
    return sqlite3_column_type(st, column) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(st, column);
}

const char *db_column_text(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text ? text : "";
}

void db_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
    snprintf(out, size, "%s", db_column_text(st, column));
}
