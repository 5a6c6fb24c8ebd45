/* The store's writing handle: opening, the locks of runs, the sinks.
 *
 * Design: WAL mode with synchronous=NORMAL: a commit is an append to FILE-wal
 * without a sync, which a killed process cannot lose. The checkpoint that moves
 * it into FILE runs after the commit that has filled CHECKPOINT_PAGES, which for
 * `countdown` is the one with a keyframe; FILE-wal is cut back after it. That a
 * run is being trained is an open-file-description lock on one byte of FILE-lock:
 * the kernel drops it with the process. FILE-lock is never deleted, since
 * another process may have it open.
 *
 * Invariants: nothing is written before the file is known to be a store of a
 * schema that this program knows; a handle is used by one thread. */
#include "engine/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/store/store_db.h"

enum { PAGE_BYTES = 8192, CHECKPOINT_PAGES = 800, WAL_KEPT_BYTES = 8 << 20 };

/* The file's folder and those above it, as far as they are missing. What fails here shows when the file is
 * opened. */
static void make_folders(const char *path)
{
    char *p = strdup(path);
    if (!p)
        return;
    for (char *slash = p[0] ? strchr(p + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(p, 0700);
        *slash = '/';
    }
    free(p);
}

static enum status name_metrics(struct store *s, struct err *e)
{
    enum status st = db_begin(&s->db, e);
    sqlite3_stmt *find = NULL;
    if (st)
        return st;
    find = db_prepare(&s->db, "SELECT id FROM metric_name WHERE name = ?1", e);
    for (int m = 0; !st && m < METRIC_N; m++) {
        const struct metric_row *row = metric_row(m);
        int got = find && !db_bind(&s->db, find, e, "t", row->name) ? db_next(&s->db, find, e) : -1;
        if (got < 0) {
            st = s->db.status;
            break;
        }
        s->metric_id[m] = got ? sqlite3_column_int64(find, 0) : 0;
        sqlite3_reset(find);
        if (got)
            continue;
        st = db_once(&s->db, e, "INSERT INTO metric_name (name, unit, meaning) VALUES (?1, ?2, ?3)", "ttt",
                     row->name, row->unit, row->meaning);
        s->metric_id[m] = sqlite3_last_insert_rowid(s->db.h);
    }
    sqlite3_finalize(find);
    return db_end(&s->db, st, e);
}

/* All metrics that this program knows have their id: the usual case needs no write. */
static enum status load_metrics(struct store *s, struct err *e)
{
    int known = 0, got;
    sqlite3_stmt *q = db_select(&s->db, e, "SELECT id, name FROM metric_name", "");
    if (!q)
        return s->db.status;
    while ((got = db_next(&s->db, q, e)) > 0) {
        const char *name = db_column_text(q, 1);
        for (int m = 0; m < METRIC_N; m++)
            if (!strcmp(name, metric_row(m)->name)) {
                s->metric_id[m] = sqlite3_column_int64(q, 0);
                known++;
            }
    }
    sqlite3_finalize(q);
    if (got < 0)
        return s->db.status;
    return known == METRIC_N ? ST_OK : name_metrics(s, e);
}

static enum status open_schema(struct store *s, struct err *e)
{
    struct db *d = &s->db;
    char setup[320];
    int version = 0;
    enum status st;
    /* A file that is not ours must not even be checkpointed when it is closed again. */
    sqlite3_db_config(d->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    st = schema_identify(d, schema_n, &version, e);
    /* Where nothing may be written, WAL mode cannot even begin to read. */
    if ((!st || st == ST_IO) && sqlite3_db_readonly(d->h, "main") == 1)
        return db_fail(d, SQLITE_READONLY, e);
    if (st)
        return st;
    sqlite3_db_config(d->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    if (version == 0) {
        sqlite3_snprintf(sizeof setup, setup, "PRAGMA page_size = %d; PRAGMA journal_mode = WAL", PAGE_BYTES);
        /* SQLite does not wait for this lock by itself: another process may be making the same store. */
        for (int tries = 0; (st = db_exec(d, setup, e)) == ST_BUSY && tries < 100; tries++)
            sqlite3_sleep(20);
    }
    if (!st && version < schema_n)
        st = schema_migrate(d, schema_migration, schema_n, e);
    if (st)
        return st;
    sqlite3_snprintf(
        sizeof setup, setup,
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = OFF;"
        "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
        "PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d",
        CHECKPOINT_PAGES, WAL_KEPT_BYTES);
    st = db_exec(d, setup, e);
    if (!st && keyframe_function(d->h))
        st = db_fail(d, SQLITE_NOMEM, e);
    return st ? st : load_metrics(s, e);
}

enum status store_open(struct store **out, const char *path, const char *vfs, struct err *e)
{
    enum status st;
    struct store *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return err_set(e, ST_NOMEM, "store", "no memory to open %s", path);
    s->lock_fd = -1;
    make_folders(path);
    st = db_open(&s->db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs, e);
    if (!st)
        st = open_schema(s, e);
    if (st) {
        store_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (int q = 0; q < Q_N; q++)
        sqlite3_finalize(s->statement[q]);
    db_close(&s->db);
    while (s->sinks) {
        struct store_run *next = s->sinks->next;
        free(s->sinks);
        s->sinks = next;
    }
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->held);
    free(s->pack);
    free(s);
}

/* One byte of FILE-lock, by SQLite's own idea of the path, in which links are followed. */
static int set_lock(struct store *s, int64_t run, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = run, .l_len = 1};
    return fcntl(s->lock_fd, F_OFD_SETLK, &lock);
}

static enum status open_lock(struct store *s, struct err *e)
{
    char *path;
    enum status st = ST_OK;
    if (s->lock_fd >= 0)
        return ST_OK;
    if (asprintf(&path, "%s-lock", sqlite3_db_filename(s->db.h, "main")) < 0)
        return err_set(e, ST_NOMEM, "store", "no memory to lock a run");
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock_fd < 0)
        st = err_set(e,
                     errno == EACCES || errno == EROFS ? ST_READONLY
                     : errno == ENOSPC                 ? ST_FULL
                                                       : ST_IO,
                     "store", "cannot open %s-lock (%s); check its folder", s->db.shown, strerror(errno));
    free(path);
    return st;
}

static enum status run_name(struct store *s, int64_t run, char name[NAME_BYTES], struct err *e)
{
    int got;
    sqlite3_stmt *q = db_select(&s->db, e, "SELECT name FROM run WHERE id = ?1", "l", run);
    if (!q)
        return s->db.status;
    got = db_next(&s->db, q, e);
    if (got > 0)
        db_text(q, 0, name, NAME_BYTES);
    sqlite3_finalize(q);
    if (got < 0)
        return s->db.status;
    return got ? ST_OK : err_set(e, ST_NOTFOUND, "store", "%s has no run %lld", s->db.shown, (long long)run);
}

int store_holds(const struct store *s, int64_t run)
{
    for (int i = 0; i < s->held_n; i++)
        if (s->held[i] == run)
            return 1;
    return 0;
}

enum status store_run_lock(struct store *s, int64_t run, struct err *e)
{
    char name[NAME_BYTES];
    enum status st;
    if (store_holds(s, run))
        return ST_OK;
    st = run_name(s, run, name, e);
    if (!st)
        st = open_lock(s, e);
    if (st)
        return st;
    if (s->held_n == s->held_cap) {
        int cap = s->held_cap ? 2 * s->held_cap : 8;
        int64_t *held = realloc(s->held, (size_t)cap * sizeof *held);
        if (!held)
            return err_set(e, ST_NOMEM, "store", "no memory to lock run '%s'", name);
        s->held = held;
        s->held_cap = cap;
    }
    if (set_lock(s, run, F_WRLCK)) {
        if (errno == EAGAIN || errno == EACCES)
            return err_set(e, ST_BUSY, "store",
                           "another process is training run '%s'; close it there, or fork the "
                           "run here",
                           name);
        return err_set(e, ST_IO, "store", "cannot lock run '%s' in %s-lock (%s)", name, s->db.shown,
                       strerror(errno));
    }
    s->held[s->held_n++] = run;
    return ST_OK;
}

void store_run_unlock(struct store *s, int64_t run)
{
    for (int i = 0; i < s->held_n; i++)
        if (s->held[i] == run) {
            set_lock(s, run, F_UNLCK);
            s->held[i] = s->held[--s->held_n];
            return;
        }
}

static enum status sink_commit(void *self, const struct record_step *step,
                               const struct record_keyframe *keyframe, struct err *e)
{
    struct store_run *r = self;
    return commit_step(r->store, r->run, step, keyframe, e);
}

static enum status sink_digest(void *self, int64_t step, struct digest *out, struct err *e)
{
    struct store_run *r = self;
    return step_digest(r->store, r->run, step, out, e);
}

static enum status sink_state(void *self, const char *state, struct err *e)
{
    struct store_run *r = self;
    if (strlen(state) >= STATE_BYTES)
        return err_set(e, ST_USAGE, "store", "'%s' is no state of a run", state);
    return db_run(&r->store->db, store_statement(r->store, Q_STATE, e), e, "lt", r->run, state);
}

static int sink_due(void *self, int64_t step)
{
    (void)self;
    return keyframe_due(step);
}

static void sink_log(void *self, int64_t step, int level, const char *text)
{
    struct store_run *r = self;
    char *line = strdup(text);
    if (!line)
        return;
    /* One line: whatever would break it becomes a blank. */
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    db_run(&r->store->db, store_statement(r->store, Q_LOG, NULL), NULL, "lldt", r->run, step, level, line);
    free(line);
}

enum status store_sink(struct store *s, int64_t run, struct sink *out, struct err *e)
{
    struct store_run *r;
    char name[NAME_BYTES];
    enum status st = run_name(s, run, name, e);
    if (st)
        return st;
    for (r = s->sinks; r && r->run != run; r = r->next)
        ;
    if (!r) {
        r = malloc(sizeof *r);
        if (!r)
            return err_set(e, ST_NOMEM, "store", "no memory for a sink");
        *r = (struct store_run){s, run, s->sinks};
        s->sinks = r;
    }
    *out = (struct sink){.self = r,
                         .commit = sink_commit,
                         .digest = sink_digest,
                         .state = sink_state,
                         .due = sink_due,
                         .log = sink_log};
    return ST_OK;
}
