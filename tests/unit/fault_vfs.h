#ifndef GRPOLAB_TESTS_FAULT_VFS_H
#define GRPOLAB_TESTS_FAULT_VFS_H

/* An SQLite VFS named "fault" on top of the default one, whose operations fail on
 * request: permission bits do not bind root, and no real disk is filled. */
enum fault_op {
    FAULT_WRITE = 1,
    FAULT_SYNC = 2,
    FAULT_TRUNCATE = 4,
    FAULT_READ = 8,
    FAULT_MAIN = 16,
    FAULT_WAL = 32, /* of which file: one of the two at least */
    FAULT_SHM = 64  /* mapping of the -shm file */
};

void fault_register(void);
/* fault_arm: the nth (1: next) matching operation fails with an SQLite code; sticky: all later ones too. A
 * write that fails with an I/O error has written its first half. */
void fault_arm(int ops, long nth, int code, int sticky);
void fault_clear(void);
/* How many operations have failed, and how many matched, since fault_arm. */
long fault_hits(void);
long fault_seen(void);
/* fault_readonly: files are opened as on a read-only medium: existing ones read-only, new ones not at all. */
void fault_readonly(int on);

#endif
