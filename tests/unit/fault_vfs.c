/* The fault-injecting VFS: every method goes to the default VFS unless it is its turn to fail. */
#include "tests/unit/fault_vfs.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <string.h>

static struct {
    int ops, code, sticky, readonly;
    long left, hits, seen;
} fault;

struct file {
    sqlite3_file base;
    int kind;           /* FAULT_MAIN, FAULT_WAL or 0 */
    sqlite3_file *real; /* follows in the same block */
};

void fault_arm(int ops, long nth, int code, int sticky)
{
    fault.ops = ops;
    fault.code = code;
    fault.sticky = sticky;
    fault.left = nth;
    fault.hits = fault.seen = 0;
}

void fault_clear(void)
{
    fault.ops = 0;
}

long fault_hits(void)
{
    return fault.hits;
}

long fault_seen(void)
{
    return fault.seen;
}

void fault_readonly(int on)
{
    fault.readonly = on;
}

static sqlite3_file *real(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

static int fails(sqlite3_file *f, int op)
{
    if (!(fault.ops & op) || !(fault.ops & ((struct file *)f)->kind))
        return 0;
    fault.seen++;
    if (fault.left > 0 && --fault.left > 0)
        return 0;
    if (fault.hits && !fault.sticky)
        return 0;
    fault.hits++;
    return 1;
}

static int file_close(sqlite3_file *f)
{
    return real(f)->pMethods->xClose(real(f));
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return fails(f, FAULT_READ) ? fault.code : real(f)->pMethods->xRead(real(f), to, n, at);
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    if (!fails(f, FAULT_WRITE))
        return real(f)->pMethods->xWrite(real(f), from, n, at);
    if ((fault.code & 0xff) == SQLITE_IOERR)
        real(f)->pMethods->xWrite(real(f), from, n / 2, at);
    return fault.code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    return fails(f, FAULT_TRUNCATE) ? fault.code : real(f)->pMethods->xTruncate(real(f), n);
}

static int file_sync(sqlite3_file *f, int flags)
{
    return fails(f, FAULT_SYNC) ? fault.code : real(f)->pMethods->xSync(real(f), flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *n)
{
    return real(f)->pMethods->xFileSize(real(f), n);
}

static int file_lock(sqlite3_file *f, int how)
{
    return real(f)->pMethods->xLock(real(f), how);
}

static int file_unlock(sqlite3_file *f, int how)
{
    return real(f)->pMethods->xUnlock(real(f), how);
}

static int file_check(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int file_device(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return fails(f, FAULT_SHM) ? fault.code : real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int file_shm_unmap(sqlite3_file *f, int remove)
{
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
    2,           file_close,   file_read,     file_write,       file_truncate,  file_sync,
    file_size,   file_lock,    file_unlock,   file_check,       file_control,   file_sector,
    file_device, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, NULL,
    NULL,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *below = vfs->pAppData;
    struct file *file = (struct file *)f;
    int rc, there = 0, given = 0;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    file->kind = flags & SQLITE_OPEN_MAIN_DB ? FAULT_MAIN : flags & SQLITE_OPEN_WAL ? FAULT_WAL : 0;
    if (fault.readonly) {
        below->xAccess(below, name, SQLITE_ACCESS_EXISTS, &there);
        if (!there)
            return SQLITE_CANTOPEN;
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    }
    rc = below->xOpen(below, name, file->real, flags, &given);
    if (out)
        *out = given;
    file->base.pMethods = rc ? NULL : &methods;
    return rc;
}

void fault_register(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    cr_assert(below);
    /* Whatever is not overridden is the default's own. */
    vfs = *below;
    vfs.zName = "fault";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct file) + below->szOsFile;
    vfs.pAppData = below;
    vfs.xOpen = open_file;
    cr_assert_eq(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
}
