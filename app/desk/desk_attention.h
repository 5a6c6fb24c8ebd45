#ifndef GRPOLAB_APP_DESK_ATTENTION_H
#define GRPOLAB_APP_DESK_ATTENTION_H

#include "app/desk/desk.h"

/* The attention pane of the trace screen, for desk_trace.c. */
enum status desk_attention_init(struct desk *d, struct err *e);
void desk_attention_release(struct desk *d);
/* desk_attention_refresh: before a frame of the trace screen; asks only while the pane is seen and the trace
 * stays. desk_attention_request: returns whether the key was meant for it. */
void desk_attention_refresh(struct desk *d);
int desk_attention_request(struct desk *d, enum request r, int argument);

#endif
