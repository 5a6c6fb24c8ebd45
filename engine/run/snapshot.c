/* Snapshots: the names of their enums, a copy that touches only what is in use,
 * and the box through which the engine's thread hands them to the UI's.
 *
 * The box holds an array of two snapshots. The one thread that puts fills the
 * slot that nobody reads, without the lock, then turns the version over under
 * it; a reader copies the current slot under the lock. So the engine waits for
 * the UI at most as long as one copy lasts, and never while it copies itself.
 * Invariant: slot (version & 1) is the latest and is not written. */
#include "engine/run/snapshot.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

const char *run_state_name(enum run_state s)
{
    switch (s) {
    case RUN_IDLE: return "idle";
    case RUN_RUNNING: return "running";
    case RUN_PAUSED: return "paused";
    case RUN_REPLAYING: return "replaying";
    case RUN_DONE: return "done";
    case RUN_FAILED: return "failed";
    }
    return "unknown";
}

const char *phase_name(enum phase p)
{
    switch (p) {
    case PHASE_DRAW: return "draw";
    case PHASE_ROLLOUT: return "rollout";
    case PHASE_SCORE: return "score";
    case PHASE_ADVANTAGE: return "advantage";
    case PHASE_UPDATE: return "update";
    case PHASE_BALANCE: return "balance";
    case PHASE_COMMIT: return "commit";
    case PHASE_EVALUATE: return "evaluate";
    case PHASE_N: break;
    }
    return "unknown";
}

const char *quantum_name(enum quantum q)
{
    switch (q) {
    case QUANTUM_TOKEN: return "token";
    case QUANTUM_PHASE: return "phase";
    case QUANTUM_STEP: return "step";
    }
    return "unknown";
}

/* A count from a snapshot, brought into its array: a copy never leaves its bounds. */
static size_t within(long long n, size_t most)
{
    return n < 0 ? 0 : (size_t)n > most ? most : (size_t)n;
}

static void copy_follow(struct snap_follow *to, const struct snap_follow *from)
{
    size_t text = within(from->text_n, SNAP_TEXT), tokens = within(from->tokens_n, SNAP_TOKENS);
    size_t marks = within(from->marks_n, MARKS_MAX);

    memcpy(to, from, offsetof(struct snap_follow, text));
    to->text_n = (int)text;
    to->tokens_n = (int)tokens;
    memcpy(to->text, from->text, text);
    if (text < SNAP_TEXT)
        to->text[text] = 0;
    memcpy(to->begin, from->begin, (tokens + 1) * sizeof *to->begin);
    memcpy(to->logp, from->logp, tokens * sizeof *to->logp);
    memcpy(to->entropy, from->entropy, tokens * sizeof *to->entropy);
    to->has_critic = from->has_critic;
    if (from->has_critic) {
        memcpy(to->advantage, from->advantage, tokens * sizeof *to->advantage);
        memcpy(to->value, from->value, tokens * sizeof *to->value);
    }
    to->marks_n = (int)marks;
    memcpy(to->mark, from->mark, marks * sizeof *to->mark);
    to->target_ok = from->target_ok;
}

void snapshot_copy(struct snapshot *to, const struct snapshot *from)
{
    size_t cells = within((long long)from->layers_n * from->experts_n, SNAP_LAYERS * SNAP_EXPERTS);
    size_t groups = within(from->groups_n, SNAP_TRACES);
    size_t traces = within((long long)from->groups_n * from->group_size, SNAP_TRACES);

    if (to == from)
        return;
    memcpy(to, from, offsetof(struct snapshot, load));  /* every scalar stands before the first big array */
    memcpy(to->load, from->load, cells * sizeof *to->load);
    memcpy(to->load_average, from->load_average, cells * sizeof *to->load_average);
    memcpy(to->bias, from->bias, cells * sizeof *to->bias);
    copy_follow(&to->follow, &from->follow);
    memcpy(to->group, from->group, groups * sizeof *to->group);
    memcpy(to->trace, from->trace, traces * sizeof *to->trace);
}

enum status snapshot_box_init(struct snapshot_box *b, struct err *e)
{
    int failed;

    memset(b, 0, sizeof *b);
    b->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->wake < 0)
        return err_set(e, ST_IO, "snapshot", "cannot make an eventfd: %s", strerror(errno));
    b->latest = calloc(2, sizeof *b->latest);
    if (!b->latest) {
        close(b->wake);
        b->wake = -1;
        return err_set(e, ST_NOMEM, "snapshot", "no memory for two snapshots of %zu bytes",
                       sizeof *b->latest);
    }
    failed = pthread_mutex_init(&b->lock, NULL);
    if (failed) {
        free(b->latest);
        b->latest = NULL;
        close(b->wake);
        b->wake = -1;
        return err_set(e, ST_FAILED, "snapshot", "cannot make a lock: %s", strerror(failed));
    }
    return ST_OK;
}

void snapshot_box_release(struct snapshot_box *b)
{
    if (!b->latest)
        return;
    pthread_mutex_destroy(&b->lock);
    free(b->latest);
    close(b->wake);
    memset(b, 0, sizeof *b);
    b->wake = -1;
}

void snapshot_put(struct snapshot_box *b, const struct snapshot *s)
{
    uint64_t one = 1;

    snapshot_copy(&b->latest[(b->version + 1) & 1], s);
    pthread_mutex_lock(&b->lock);
    b->version++;
    pthread_mutex_unlock(&b->lock);
    /* A full counter means that the reader is awake already, so a refused write loses nothing. */
    if (write(b->wake, &one, sizeof one) < 0)
        return;
}

int snapshot_take(struct snapshot_box *b, struct snapshot *out)
{
    const struct snapshot *s;
    uint64_t count;
    int is_new;

    /* The wake-up is taken back first: a put that comes after it rings again. */
    if (read(b->wake, &count, sizeof count) < 0)
        count = 0;
    pthread_mutex_lock(&b->lock);
    s = &b->latest[b->version & 1];
    is_new = b->version > 0 && (s->version != out->version || s->run_id != out->run_id);
    if (is_new)
        snapshot_copy(out, s);
    pthread_mutex_unlock(&b->lock);
    return is_new;
}
