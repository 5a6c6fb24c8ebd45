#ifndef GRPOLAB_BASE_STATUS_H
#define GRPOLAB_BASE_STATUS_H

/* Every engine function that can fail returns one of these and, where it takes
 * a struct err, says in words what failed, where, and what would help. */
enum status {
    ST_OK = 0,
    ST_FAILED,     /* it did not work, for a reason that msg gives */
    ST_USAGE,      /* the request was wrong: unknown key, bad value, malformed file */
    ST_NOTFOUND,   /* no such run, step, file */
    ST_IO,         /* the operating system refused a read or a write */
    ST_FULL,       /* no space left */
    ST_READONLY,   /* may not be written */
    ST_NOMEM,      /* an arena's stated cap, or malloc, is exhausted */
    ST_NONFINITE,  /* a NaN or an infinity; msg names stage and tensor */
    ST_CANCELLED,  /* stopped at a safe point on request; nothing was torn */
    ST_BUSY,       /* another process holds it */
    ST_CORRUPT,    /* not ours, damaged, or its digest does not match */
    ST_NEWER       /* written by a newer version of the program */
};

struct err {
    enum status code;
    char where[48];
    char msg[256];
};

/* err_set: fills *e (may be NULL) and returns code, so that a failure reads
 * `return err_set(e, ST_IO, "store", "cannot open %s: %s", path, why);` */
enum status err_set(struct err *e, enum status code, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* status_name: a short lower-case word for code; never NULL, static memory. */
const char *status_name(enum status code);

#endif
