#ifndef GRPOLAB_APP_DESK_OPEN_H
#define GRPOLAB_APP_DESK_OPEN_H

#include "app/desk/desk.h"

/* desk_open_request: what `open TARGET` asks of the engine. A run of exactly that name or id is opened
 * (ENGINE_OPEN); where there is none a preset, a scenario or a file of one's own (a path with '/' or .ini)
 * of that name is started (ENGINE_NEW). Errors: ST_NOTFOUND tells what it may have meant, ST_USAGE a path
 * too long. */
enum status desk_open_request(struct desk *d, const char *target, struct engine_message *m, struct err *e);

#endif
