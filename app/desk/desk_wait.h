#ifndef GRPOLAB_APP_DESK_WAIT_H
#define GRPOLAB_APP_DESK_WAIT_H

#include "app/desk/desk.h"

/* Commands and keys about the open run that were typed while another run, or another step of it, was still
 * on its way: they wait for it and are then carried out in their order, as the lines of a script are. Where
 * it cannot be had they are dropped, and the status line says so. */

enum { DESK_WAITING = 16 };

/* desk_wait_init: nothing waits. desk_wait_release: what waits is forgotten. */
enum status desk_wait_init(struct desk *d, struct err *e);
void desk_wait_release(struct desk *d);

/* desk_wait_begin: request m of that number was posted; nothing where engine_opens is 0 for it. */
void desk_wait_begin(struct desk *d, const struct engine_message *m, uint64_t number);

/* desk_waits: whether a command about the open run has to wait now. */
int desk_waits(const struct desk *d);

/* desk_wait_line: a command line that waits. desk_wait_key: a key whose meaning depends on what the run then
 * does; name: as the status line has it. Errors: ST_BUSY (DESK_WAITING wait already), ST_NOMEM. */
enum status desk_wait_line(struct desk *d, const char *line, struct err *e);
enum status desk_wait_key(struct desk *d, enum request key, const char *name, struct err *e);

/* desk_wait_drop: what waits is forgotten; returns how many that were. */
int desk_wait_drop(struct desk *d);

/* desk_wait_go: after each snapshot: carries out what need not wait any longer. */
void desk_wait_go(struct desk *d);

/* desk_wait_tells: what the status line has to say of it: what is awaited, how far its replay is, what is
 * next. NULL: nothing, or something newer has been said. The text is good until the next call. */
const char *desk_wait_tells(struct desk *d);

#endif
