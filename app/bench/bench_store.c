/* `bench store`: what a commit costs, and how large a run grows, on a store of its own. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/bench/bench.h"

/* A sink that hands everything on, and times commits. */
static enum status commit(void *self, const struct record_step *step, const struct record_keyframe *keyframe,
                          struct err *e)
{
    struct bench_store *s = self;
    double begin = bench_now();
    enum status st = s->inner.commit(s->inner.self, step, keyframe, e);
    begin = bench_now() - begin;
    s->spent += begin;
    s->most = fmax(s->most, begin);
    s->commits++;
    return st;
}

static enum status digest(void *self, int64_t step, struct digest *out, struct err *e)
{
    struct bench_store *s = self;
    return s->inner.digest(s->inner.self, step, out, e);
}

static enum status state(void *self, const char *text, struct err *e)
{
    struct bench_store *s = self;
    return s->inner.state(s->inner.self, text, e);
}

static int due(void *self, int64_t step)
{
    struct bench_store *s = self;
    return s->inner.due && s->inner.due(s->inner.self, step);
}

static void log_line(void *self, int64_t step, int level, const char *text)
{
    struct bench_store *s = self;
    if (s->inner.log)
        s->inner.log(s->inner.self, step, level, text);
}

/* Everything in the folder, and the folder. Adds up the bytes. */
static double remove_folder(const char *folder, int only_count)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    struct stat info;
    double bytes = 0;
    while (d && (entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &info, AT_SYMLINK_NOFOLLOW))
            continue;
        bytes += (double)info.st_size;
        if (!only_count)
            unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d)
        closedir(d);
    if (!only_count)
        rmdir(folder);
    return bytes;
}

enum status bench_store_open(struct bench_store *s, int threads, struct err *e)
{
    const char *temporary = getenv("TMPDIR");
    char path[sizeof s->folder + 16];
    struct settings set;
    enum status st = bench_settings(&set, e);
    memset(s, 0, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "%.200s/grpolab-bench.XXXXXX",
             temporary && temporary[0] ? temporary : "/tmp");
    if (!st && !mkdtemp(s->folder))
        return err_set(e, ST_IO, "bench", "cannot make a folder %s", s->folder);
    if (st)
        return st;
    snprintf(path, sizeof path, "%s/lab.db", s->folder);
    st = session_init(&s->session, path, threads, e);
    if (st) {
        remove_folder(s->folder, 0);
        return st;
    }
    control_resume(&s->session.control);
    st = session_new(&s->session, &set, 1, "bench", e);
    if (st) {
        bench_store_close(s);
        return st;
    }
    s->inner = s->session.sink;
    s->session.sink = (struct sink){s, commit, digest, state, due, log_line};
    return ST_OK;
}

void bench_store_close(struct bench_store *s)
{
    session_release(&s->session);
    remove_folder(s->folder, 0);
}

void bench_store_give(struct bench_store *s)
{
    struct session *of = &s->session;
    if (of->trainer && of->is_locked)
        store_run_unlock(of->store, of->run.id);
    of->is_locked = 0;
}

enum status bench_of_store(struct bench *b, struct err *e)
{
    struct bench_store *s = calloc(1, sizeof *s);
    int steps = b->quick ? 30 : 150;
    double begin, all;
    enum status st;
    if (!s)
        return err_set(e, ST_NOMEM, "bench", "no memory for a session");
    st = bench_store_open(s, b->cores, e);
    if (st) {
        free(s);
        return st;
    }
    begin = bench_now();
    for (int i = 0; i < steps && !st; i++)
        st = session_step(&s->session, e);
    all = bench_now() - begin;
    if (!st) {
        bench_add(b, 1e3 * s->spent / s->commits, "ms", NAN, "store, a commit");
        bench_add(b, 1e3 * s->most, "ms", NAN, "store, the longest commit");
        bench_add(b, s->spent / all, "share", NAN, "store, share of the step time");
        bench_add(b, remove_folder(s->folder, 1) / 1e6, "MB", NAN, "store, size after %d steps", steps);
    }
    bench_store_close(s);
    free(s);
    return st;
}
