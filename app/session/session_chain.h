#ifndef GRPOLAB_APP_SESSION_CHAIN_H
#define GRPOLAB_APP_SESSION_CHAIN_H

#include "app/session/session.h"
#include "app/session/session_examples.h"

/* The parts of a session that know how runs follow each other. For session.c, session_load.c
 * and session_chain.c. */

/* session_trainer: a fresh trainer; session_load: one restored from the newest keyframe at or before step,
 * its head the run's last step. The caller owns it until session_adopt takes it (and the run's lock, where
 * lock is 1). */
enum status session_trainer(struct session *s, const struct settings *set, enum stage stage, uint64_t seed,
                            struct trainer **out, struct err *e);
enum status session_load(struct session *s, const struct record_run *run, int64_t step, struct trainer **out,
                         struct err *e);
/* session_restore: brings the trainer to the newest keyframe at or before step, its reference to the one that held
 * then. Errors: ST_NOTFOUND, ST_CORRUPT. */
enum status session_restore(struct session *s, int64_t run, int64_t step, struct trainer *t, struct err *e);
/* session_teach: hands a trainer the texts that it learns from. */
enum status session_teach(struct trainer *t, const struct examples *taught, struct err *e);
enum status session_adopt(struct session *s, const struct record_run *run, struct trainer *t, int lock,
                          struct err *e);

/* chain_create: writes a new run with the trainer's present state as its start. key: of a stage that can be
 * reused, "" where it cannot. taught: what it learns from, NULL: nothing collected. */
enum status chain_create(struct session *s, struct trainer *t, int64_t parent, int64_t parent_step,
                         const char *name, int is_fork, const char *key, const struct examples *taught,
                         struct record_run *run, struct err *e);

/* chain_next: whether a stage follows the open run's; chain_advance: creates and opens its run. */
int chain_next(const struct session *s);
enum status chain_advance(struct session *s, struct err *e);
/* chain_stages: the chain as a snapshot shows it. */
void chain_stages(const struct session *s, struct snapshot *x);
/* chain_base_name: takes the stage's suffix off a run's name. */
void chain_base_name(char *name, const char *stage);
/* chain_start: the first step on record: 0, or where a fork began. */
int64_t chain_start(const struct session *s);
/* chain_is_fork: the open run's parent is of the same stage. */
int chain_is_fork(struct session *s);
/* chain_fork_is_equal: the open run is a fork with its parent's settings and seed. */
int chain_fork_is_equal(struct session *s);

#endif
