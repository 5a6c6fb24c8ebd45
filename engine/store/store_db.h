#ifndef GRPOLAB_STORE_STORE_DB_H
#define GRPOLAB_STORE_STORE_DB_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/run/record.h"
#include "engine/run/sink.h"

/* What the store's files share and nobody else sees: one connection with its
 * error words, the schema, the packing of a trace and the statements of a commit. */

enum { APPLICATION_ID = 0x4752504c /* "GRPL" */, BUSY_MS = 10000 };

struct db {
    sqlite3 *h;
    enum status status; /* of the last failure, for callers that return something else */
    char shown[96];     /* the path for messages, its front cut off where it is long */
    char effect[96];    /* what a failure means now: "nothing of step 37 was written" */
};

/* db_open: flags as sqlite3_open_v2; closes again on failure. db_close ends it; a zeroed db may be closed. */
enum status db_open(struct db *d, const char *path, int flags, const char *vfs, struct err *e);
void db_close(struct db *d);

/* db_fail: the status for an SQLite result code, with words for *e; to be called before the next statement
 * runs. */
enum status db_fail(struct db *d, int rc, struct err *e);
/* db_effect: what a failure will mean from now on; "" for nothing to say. */
void db_effect(struct db *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* db_prepare: NULL on failure. db_bind: one letter a parameter: l int64_t, d int, r double (NaN becomes
 * NULL), t const char * (NULL becomes ""), b const void * and size_t; texts and blobs are borrowed until the
 * statement has run. */
sqlite3_stmt *db_prepare(struct db *d, const char *sql, struct err *e);
enum status db_bind(struct db *d, sqlite3_stmt *st, struct err *e, const char *form, ...);
/* db_select: prepares and binds; NULL on failure. */
sqlite3_stmt *db_select(struct db *d, struct err *e, const char *sql, const char *form, ...);
/* db_next: 1 a row, 0 no more, -1 failed (d->status). */
int db_next(struct db *d, sqlite3_stmt *st, struct err *e);
/* db_run: binds and runs a cached statement to its end. db_once: prepares, binds, runs, forgets. */
enum status db_run(struct db *d, sqlite3_stmt *st, struct err *e, const char *form, ...);
enum status db_once(struct db *d, struct err *e, const char *sql, const char *form, ...);
enum status db_exec(struct db *d, const char *sql, struct err *e);
/* db_number: the one number that sql gives. */
enum status db_number(struct db *d, const char *sql, int64_t *out, struct err *e);
/* db_begin: takes the write lock, waiting for other processes. db_end: commits if st is ST_OK, else, or if
 * that fails, rolls back; the connection is usable again either way. Returns what became of it. */
enum status db_begin(struct db *d, struct err *e);
enum status db_end(struct db *d, enum status st, struct err *e);
/* db_real: a column's number, NaN where it is NULL. */
double db_real(sqlite3_stmt *st, int column);
/* db_column_text: a column's text until the next row; "" where it is NULL, which damage can make of any
 * column. db_text: copies it, cut to size. */
const char *db_column_text(sqlite3_stmt *st, int column);
void db_text(sqlite3_stmt *st, int column, char *out, size_t size);

/* One step of the schema's history: migration[i] leads from version i to i + 1. */
struct migration {
    const char *const *sql; /* statements, the last one NULL */
};
extern const struct migration schema_migration[];
extern const int schema_n; /* the version that this program writes */

/* schema_identify: the schema version of an open file, 0 for an empty one.
 * Errors: ST_CORRUPT when it is not a store, ST_NEWER above known. */
enum status schema_identify(struct db *d, int known, int *version, struct err *e);
/* schema_migrate: brings the file to version n in one transaction, all or nothing. */
enum status schema_migrate(struct db *d, const struct migration *m, int n, struct err *e);

/* trace_pack: token [n], logp [n], entropy [n] into out, which has room for trace_pack_bound(n) bytes;
 * returns the bytes used. Entropy is rounded to half precision, all else is exact. byte 0            form: 1
 * or 2 bytes a token id n * form bytes    token ids, little-endian n * 4 bytes       log-probabilities, IEEE
 * float32, little-endian, nats n * 2 bytes       entropies, IEEE float16, little-endian, nats 4 bytes check:
 * the first 4 bytes of the hash of all bytes before */
size_t trace_pack_bound(int n);
size_t trace_pack(const struct record_trace *t, unsigned char *out);
/* trace_check: 1 when data [bytes] is an undamaged pack of n tokens. */
int trace_check(const void *data, size_t bytes, int n);
/* trace_unpack: the reverse, after trace_check. */
void trace_unpack(const void *data, int n, uint16_t *token, float *logp, float *entropy);
uint16_t half_from_float(float x); /* round to nearest even */
float half_to_float(uint16_t h);

/* blob_digest: of the bytes of a tensor, stored beside it so that damage is seen. */
struct digest blob_digest(const void *data, size_t bytes);

/* name_check: whether a run may be called so; the reason is in *e. text_check: UTF-8 without control
 * characters. */
enum status name_check(const char *name, struct err *e);
int text_check(const char *text);

/* The statements that a commit runs, prepared once. */
enum statement {
    Q_HEAD,
    Q_STEP,
    Q_METRIC,
    Q_GROUP,
    Q_TRACE,
    Q_LOAD,
    Q_EVALUATION,
    Q_KEYFRAME,
    Q_TENSOR,
    Q_THIN,
    Q_ADVANCE,
    Q_DIGEST,
    Q_MEASURED,
    Q_STATE,
    Q_LOG,
    Q_FINDING,
    Q_EXAMPLE,
    Q_N
};

struct store_run {
    struct store *store;
    int64_t run;
    struct store_run *next;
};

struct store {
    struct db db;
    sqlite3_stmt *statement[Q_N];
    int64_t metric_id[METRIC_N]; /* of a metric in this file */
    unsigned char *pack;         /* room to pack one trace */
    size_t pack_cap;
    int lock_fd;   /* of FILE-lock, -1 until a lock is asked for */
    int64_t *held; /* [held_n] runs that are locked by this handle */
    int held_n, held_cap;
    struct store_run *sinks; /* what the sinks' self points to */
};

/* store_statement: a cached statement, reset; NULL on failure. */
sqlite3_stmt *store_statement(struct store *s, enum statement q, struct err *e);
/* commit_step, step_digest: what a sink does. keyframe_write: thins what is due and writes one; inside a
 * transaction. */
enum status commit_step(struct store *s, int64_t run, const struct record_step *step,
                        const struct record_keyframe *keyframe, struct err *e);
enum status step_digest(struct store *s, int64_t run, int64_t step, struct digest *out, struct err *e);
enum status keyframe_write(struct store *s, int64_t run, int64_t step, const struct record_keyframe *k,
                           struct err *e);
/* keyframe_function: makes keyframe_keep(step, head) known to the connection's SQL. */
int keyframe_function(sqlite3 *h);
/* example_write: row `place` of what a run learns from; inside a transaction. */
enum status example_write(struct store *s, int64_t run, int place, const struct record_example *x,
                          struct err *e);
int store_holds(const struct store *s, int64_t run);

struct query {
    struct db db;
};

/* query_begin .. query_end: one read transaction over several statements. */
enum status query_begin(struct query *q, struct err *e);
enum status query_end(struct query *q, enum status st);
/* query_name: a run's name; ST_NOTFOUND when there is none. query_no_step: ST_NOTFOUND, naming the steps
 * there are. */
enum status query_name(struct query *q, int64_t run, char name[NAME_BYTES], struct err *e);
enum status query_no_step(struct query *q, int64_t run, int64_t step, struct err *e);
/* query_read_digest: a column's digest; ST_CORRUPT when it is none. */
enum status query_read_digest(struct query *q, sqlite3_stmt *s, int column, int64_t step, struct digest *out,
                              struct err *e);
enum status query_no_memory(struct err *e, const char *what);
/* query_grow: makes room for one more of size bytes in *rows [n]; 0 when there is no memory. */
int query_grow(void *rows, int n, size_t size);

#endif
