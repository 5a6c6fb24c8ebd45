/* Status codes and the one structure that carries an error's words. */
#include "engine/base/status.h"

#include <stdarg.h>
#include <stdio.h>

enum status err_set(struct err *e, enum status code, const char *where, const char *fmt, ...)
{
    if (e) {
        va_list ap;
        e->code = code;
        snprintf(e->where, sizeof e->where, "%s", where);
        va_start(ap, fmt);
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
    }
    return code;
}

const char *status_name(enum status code)
{
    static const char *const name[] = {
        [ST_OK] = "ok",           [ST_FAILED] = "failed",       [ST_USAGE] = "usage",
        [ST_NOTFOUND] = "not found", [ST_IO] = "i/o error",     [ST_FULL] = "disk full",
        [ST_READONLY] = "read-only", [ST_NOMEM] = "out of memory", [ST_NONFINITE] = "non-finite",
        [ST_CANCELLED] = "cancelled", [ST_BUSY] = "busy",       [ST_CORRUPT] = "corrupt",
        [ST_NEWER] = "newer version",
    };
    if ((unsigned)code < sizeof name / sizeof *name && name[code])
        return name[code];
    return "unknown status";
}
