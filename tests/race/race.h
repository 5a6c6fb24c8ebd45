#ifndef GRPOLAB_TESTS_RACE_RACE_H
#define GRPOLAB_TESTS_RACE_RACE_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/engine.h"

/* What the race tests share: a small chain, run by the engine's thread, and a comparison of its digest when
 * it is left alone with its digest when it is disturbed. */

enum { RACE_STEPS = 12 };   /* rl.steps below */

static const char *const race_settings[] = {
    "model.width=16",  "base.steps=2",          "cold.steps=40", "base.documents=2", "cold.documents=4",
    "rl.steps=12",     "rl.prompts=4",          "rl.group=4",    "rl.max_tokens=24", "eval.every=5",
    "eval.problems=4", "eval.final_problems=4", "eval.k=2",      "run.slots=8",      "rl.drop_flat=0",
};

static struct err race_err;

/* race_fail: says what failed, and race_err; 1, so that a check reads `return race_fail("...")`. */
static inline int race_fail(const char *what)
{
    fprintf(stderr, "race: %s: %s: %s\n", what, race_err.where, race_err.msg);
    return 1;
}

/* race_begin: starts the engine's thread on the chain; 0 if it cannot. */
static inline int race_begin(struct engine *en, struct session *s)
{
    struct engine_message m = {.what = ENGINE_NEW, .text = "quick"};
    for (size_t i = 0; i < sizeof race_settings / sizeof *race_settings; i++)
        snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%s", race_settings[i]);
    return engine_start(en, s, &race_err) == ST_OK && engine_post(en, &m);
}

/* race_look: the next snapshot, or the same one after ms milliseconds; the box's eventfd wakes it. */
static inline void race_look(struct session *s, struct snapshot *x, int ms)
{
    struct pollfd p = {s->box.wake, POLLIN, 0};
    poll(&p, 1, ms);
    snapshot_take(&s->box, x);
}

static inline int race_in_grpo(const struct snapshot *x)
{
    return strcmp(x->stage, "grpo") == 0;
}

/* race_compare: `run` gives the digest of step RACE_STEPS of the chain, in a new store at path; both must be
 * equal. Gives main's result. */
static inline int race_compare(const char *name,
                               int (*run)(const char *path, int disturbed, struct digest *out))
{
    const char *dir = getenv("TMPDIR");
    char base[512], path[600];
    struct digest digest[2];
    snprintf(base, sizeof base, "%s/race-XXXXXX", dir ? dir : "/tmp");
    if (!mkdtemp(base))
        return race_fail("no folder");
    for (int disturbed = 0; disturbed < 2; disturbed++) {
        snprintf(path, sizeof path, "%s/%d.db", base, disturbed);
        if (run(path, disturbed, &digest[disturbed]))
            return 1;
    }
    if (!digest_equal(&digest[0], &digest[1])) {
        fprintf(stderr, "race: the disturbed run has another digest\n");
        return 1;
    }
    printf("%s: ok\n", name);
    return 0;
}

#endif
