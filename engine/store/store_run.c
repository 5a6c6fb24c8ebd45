/* Runs: making, naming, annotating, deleting them.
 *
 * Invariants: a run is made whole with its settings, vocabulary, digest and
 * keyframe of its start (step 0, or where a fork begins) or not at all; names are unique, are never digits
 * only (an id is) and never hold '@' (RUN@STEP); a run with children stays. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/store/store.h"
#include "engine/store/store_db.h"

int text_check(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p) {
        int more = *p < 0x80                 ? 0
                   : *p >= 0xc2 && *p < 0xe0 ? 1
                   : (*p & 0xf0) == 0xe0     ? 2
                   : *p >= 0xf0 && *p < 0xf5 ? 3
                                             : -1;
        uint32_t c = *p;
        if (more < 0 || c < ' ' || c == 127)
            return 0;
        c = more ? c & (0x3fu >> more) : c;
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i] & 0x3f);
        }
        /* Overlong forms, surrogates, beyond Unicode, and the C1 controls. */
        if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000) || (c >= 0xd800 && c < 0xe000) ||
            c > 0x10ffff || (c >= 0x80 && c < 0xa0))
            return 0;
        p += more + 1;
    }
    return 1;
}

enum status name_check(const char *name, struct err *e)
{
    if (!name[0])
        return err_set(e, ST_USAGE, "store", "a run's name may not be empty");
    if (strlen(name) >= NAME_BYTES)
        return err_set(e, ST_USAGE, "store", "a run's name has at most %d bytes", NAME_BYTES - 1);
    if (!text_check(name))
        return err_set(e, ST_USAGE, "store", "a run's name is UTF-8 without control characters");
    if (strchr(name, '@'))
        return err_set(e, ST_USAGE, "store", "a run's name may not hold '@': NAME@STEP is a moment of a run");
    if (name[strspn(name, "0123456789")] == 0)
        return err_set(e, ST_USAGE, "store", "a run's name may not be a number: that is a run's id");
    return ST_OK;
}

static enum status name_taken(struct store *s, const char *name, int64_t *id, struct err *e)
{
    int got;
    sqlite3_stmt *q = db_select(&s->db, e, "SELECT id FROM run WHERE name = ?1", "t", name);
    if (!q)
        return s->db.status;
    got = db_next(&s->db, q, e);
    *id = got > 0 ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    return got < 0 ? s->db.status : ST_OK;
}

/* "countdown", "countdown-2", ...; a long name is cut, between characters, to make room for the number. */
static enum status make_unique(struct store *s, char name[NAME_BYTES], struct err *e)
{
    char base[NAME_BYTES], number[24];
    int64_t id = 0;
    memcpy(base, name, NAME_BYTES);
    for (int n = 2;; n++) {
        size_t keep;
        enum status st = name_taken(s, name, &id, e);
        if (st || !id)
            return st;
        snprintf(number, sizeof number, "-%d", n);
        keep = strlen(base);
        if (keep > NAME_BYTES - 1 - strlen(number))
            keep = NAME_BYTES - 1 - strlen(number);
        while (keep && ((unsigned char)base[keep] & 0xc0) == 0x80)
            keep--;
        snprintf(name, NAME_BYTES, "%.*s%s", (int)keep, base, number);
    }
}

/* "key = value" lines into setting or environment. */
static enum status put_lines(struct store *s, const char *sql, int64_t run, const char *lines,
                             const char *what, struct err *e)
{
    sqlite3_stmt *q = db_prepare(&s->db, sql, e);
    enum status st = q ? ST_OK : s->db.status;
    for (int place = 0; !st && *lines; place++) {
        size_t n = strcspn(lines, "\n");
        const char *equal = memmem(lines, n, " = ", 3);
        char *key = NULL, *value = NULL;
        if (!equal || equal == lines) {
            st = err_set(e, ST_USAGE, "store", "line %d of the %s is not 'key = value'", place + 1, what);
            break;
        }
        key = sqlite3_mprintf("%.*s", (int)(equal - lines), lines);
        value = sqlite3_mprintf("%.*s", (int)(lines + n - equal - 3), equal + 3);
        st = key && value ? db_run(&s->db, q, e, "lttd", run, key, value, place)
                          : db_fail(&s->db, SQLITE_NOMEM, e);
        sqlite3_free(key);
        sqlite3_free(value);
        lines += n + (lines[n] == '\n');
    }
    sqlite3_finalize(q);
    return st;
}

static enum status put_vocabulary(struct store *s, int64_t run, const char *words, struct err *e)
{
    sqlite3_stmt *q = db_prepare(&s->db, "INSERT INTO vocabulary (run, id, token) VALUES (?1, ?2, ?3)", e);
    enum status st = q ? ST_OK : s->db.status;
    for (int id = 0; !st; id++) {
        size_t n;
        char *word;
        words += strspn(words, " ");
        n = strcspn(words, " ");
        if (!n)
            break;
        word = sqlite3_mprintf("%.*s", (int)n, words);
        st = word ? db_run(&s->db, q, e, "ldt", run, id, word) : db_fail(&s->db, SQLITE_NOMEM, e);
        sqlite3_free(word);
        words += n;
    }
    sqlite3_finalize(q);
    return st;
}

static enum status parent_check(struct store *s, const struct record_run *run, struct err *e)
{
    int got;
    sqlite3_stmt *q;
    if (!run->parent)
        return ST_OK;
    q = db_select(&s->db, e, "SELECT 1 FROM step WHERE run = ?1 AND step = ?2", "ll", run->parent,
                  run->parent_step);
    if (!q)
        return s->db.status;
    got = db_next(&s->db, q, e);
    sqlite3_finalize(q);
    if (got < 0)
        return s->db.status;
    return got ? ST_OK
               : err_set(e, ST_NOTFOUND, "store", "the parent, run %lld at step %lld, is not on record",
                         (long long)run->parent, (long long)run->parent_step);
}

static enum status insert_run(struct store *s, struct record_run *run, struct err *e)
{
    sqlite3_stmt *q =
        db_prepare(&s->db,
                   "INSERT INTO run (name, parent, parent_step, preset, stage, state, key, seed, step,"
                   " seconds, rl_seconds, created, used, note) VALUES (?1, nullif(?2, 0),"
                   " CASE WHEN ?2 <> 0 THEN ?3 END, ?4, ?5, ?6, ?7, ?8, ?13, ?9, ?10,"
                   " CASE WHEN ?11 <> 0 THEN ?11 ELSE unixepoch() END,"
                   " (SELECT coalesce(max(used), 0) + 1 FROM run), ?12) RETURNING id, created",
                   e);
    enum status st;
    int got;
    if (!q)
        return s->db.status;
    st = db_bind(&s->db, q, e,
                 "tll"
                 "tttt"
                 "lrrltl",
                 run->name, run->parent, run->parent_step, run->preset, run->stage,
                 run->state[0] ? run->state : "new", run->key, (int64_t)run->seed, run->seconds,
                 run->rl_seconds, run->created, run->note, run->step);
    if (!st) {
        got = db_next(&s->db, q, e);
        if (got > 0) {
            run->id = sqlite3_column_int64(q, 0);
            run->created = sqlite3_column_int64(q, 1);
            got = db_next(&s->db, q, e);
        }
        st = got < 0 ? s->db.status : ST_OK;
    }
    sqlite3_finalize(q);
    return st;
}

enum status store_run_create(struct store *s, struct record_run *run, const char *settings,
                             const char *environment, const char *vocabulary, const struct digest *start,
                             const struct record_keyframe *keyframe, struct err *e)
{
    return store_run_create_taught(s, run, settings, environment, vocabulary, start, keyframe, NULL, 0, e);
}

enum status store_run_create_taught(struct store *s, struct record_run *run, const char *settings,
                                    const char *environment, const char *vocabulary,
                                    const struct digest *start, const struct record_keyframe *keyframe,
                                    const struct record_example *example, int examples_n, struct err *e)
{
    struct db *d = &s->db;
    struct record_keyframe first;
    enum status st;
    if (!start || !keyframe)
        return err_set(e, ST_USAGE, "store", "a run needs the digest and the keyframe of its start");
    if (run->step && (!run->parent || run->step != run->parent_step))
        return err_set(e, ST_USAGE, "store", "a run starts at step 0 or at its parent's, not at %lld",
                       (long long)run->step);
    first = *keyframe;
    first.pinned = 1;
    if (!run->name[0])
        snprintf(run->name, sizeof run->name, "%s", run->preset[0] ? run->preset : "run");
    st = name_check(run->name, e);
    if (!st && !text_check(run->note))
        st = err_set(e, ST_USAGE, "store", "a note is UTF-8 without control characters");
    if (st)
        return st;
    db_effect(d, "run '%.40s' was not made", run->name);
    st = db_begin(d, e);
    if (!st) {
        st = make_unique(s, run->name, e);
        if (!st)
            st = parent_check(s, run, e);
        if (!st)
            st = insert_run(s, run, e);
        if (!st)
            st = put_lines(s, "INSERT INTO setting (run, key, value, place) VALUES (?1, ?2, ?3, ?4)", run->id,
                           settings ? settings : "", "settings", e);
        if (!st)
            st = put_lines(s, "INSERT INTO environment (run, key, value, place) VALUES (?1, ?2, ?3, ?4)",
                           run->id, environment ? environment : "", "environment", e);
        if (!st)
            st = put_vocabulary(s, run->id, vocabulary ? vocabulary : "", e);
        if (!st)
            st = db_run(d, store_statement(s, Q_STEP, e), e, "llrb", run->id, run->step, 0.0,
                        (const void *)start->byte, sizeof start->byte);
        if (!st)
            st = keyframe_write(s, run->id, run->step, &first, e);
        for (int i = 0; !st && i < examples_n; i++)
            st = example_write(s, run->id, i, &example[i], e);
        st = db_end(d, st, e);
    }
    db_effect(d, "%s", "");
    return st;
}

/* Whether the statement before has changed a row, so that the run exists. */
static enum status must_exist(struct store *s, enum status st, int64_t run, struct err *e)
{
    if (st || sqlite3_changes(s->db.h))
        return st;
    return err_set(e, ST_NOTFOUND, "store", "%s has no run %lld", s->db.shown, (long long)run);
}

enum status store_run_rename(struct store *s, int64_t run, const char *name, struct err *e)
{
    int64_t other = 0;
    enum status st = name_check(name, e);
    if (st)
        return st;
    db_effect(&s->db, "the run keeps its name");
    st = db_begin(&s->db, e);
    if (!st) {
        st = name_taken(s, name, &other, e);
        if (!st && other && other != run)
            st = err_set(e, ST_USAGE, "store", "another run is called '%s' already (id %lld)", name,
                         (long long)other);
        if (!st)
            st = must_exist(s, db_once(&s->db, e, "UPDATE run SET name = ?2 WHERE id = ?1", "lt", run, name),
                            run, e);
        st = db_end(&s->db, st, e);
    }
    db_effect(&s->db, "%s", "");
    return st;
}

enum status store_run_note(struct store *s, int64_t run, const char *note, struct err *e)
{
    enum { NOTE_BYTES = sizeof((struct record_run *)0)->note };
    if (strlen(note) >= NOTE_BYTES || !text_check(note))
        return err_set(e, ST_USAGE, "store", "a note is one line of UTF-8, at most %d bytes", NOTE_BYTES - 1);
    return must_exist(s, db_once(&s->db, e, "UPDATE run SET note = ?2 WHERE id = ?1", "lt", run, note), run,
                      e);
}

enum status store_run_touch(struct store *s, int64_t run, struct err *e)
{
    return must_exist(
        s,
        db_once(&s->db, e, "UPDATE run SET used = (SELECT max(used) + 1 FROM run) WHERE id = ?1", "l", run),
        run, e);
}

enum status store_run_thin(struct store *s, int64_t run, struct err *e)
{
    return db_once(
        &s->db, e,
        "DELETE FROM keyframe WHERE run = ?1 AND NOT pinned AND step NOT IN (0, (SELECT step FROM run "
        "WHERE id = ?1)) AND step % (SELECT max(16, step / 4 / 16 * 16) FROM run WHERE id = ?1) <> 0",
        "l", run);
}

static enum status children_check(struct store *s, int64_t run, struct err *e)
{
    char child[NAME_BYTES];
    int got;
    sqlite3_stmt *q = db_select(&s->db, e, "SELECT name FROM run WHERE parent = ?1 ORDER BY id", "l", run);
    if (!q)
        return s->db.status;
    got = db_next(&s->db, q, e);
    if (got > 0)
        db_text(q, 0, child, sizeof child);
    sqlite3_finalize(q);
    if (got < 0)
        return s->db.status;
    return got ? err_set(e, ST_USAGE, "store", "run '%s' comes from this run; delete it first", child)
               : ST_OK;
}

enum status store_run_delete(struct store *s, int64_t run, struct err *e)
{
    /* The largest tables first and in one sweep each; cascading row by row takes several times as long. */
    static const char *const sweep[] = {
        "DELETE FROM finding WHERE run = ?1",
        "DELETE FROM trace WHERE run = ?1",  "DELETE FROM trace_group WHERE run = ?1",
        "DELETE FROM metric WHERE run = ?1", "DELETE FROM expert_load WHERE run = ?1",
        "DELETE FROM run WHERE id = ?1",
    };
    int held = store_holds(s, run);
    enum status st = store_run_lock(s, run, e);
    if (st)
        return st;
    db_effect(&s->db, "nothing of the run was deleted");
    st = db_begin(&s->db, e);
    if (!st) {
        st = children_check(s, run, e);
        for (size_t i = 0; !st && i < sizeof sweep / sizeof *sweep; i++)
            st = db_once(&s->db, e, sweep[i], "l", run);
        st = db_end(&s->db, st, e);
    }
    db_effect(&s->db, "%s", "");
    if (!st || !held)
        store_run_unlock(s, run);
    return st;
}
