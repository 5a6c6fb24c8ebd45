#ifndef GRPOLAB_APP_DESK_TRACE_H
#define GRPOLAB_APP_DESK_TRACE_H

#include "app/desk/desk.h"

/* What keys and commands ask of the trace screen. */

/* desk_trace_overlay: what the tokens' colours tell, by number, and says so. layer: of the expert overlay,
 * from 0; -1: as it was. */
void desk_trace_overlay(struct desk *d, int overlay, int layer);
/* desk_trace_test: tests the aha candidates of the trace by resampling. Errors: ST_NOTFOUND (no trace, no
 * candidate in it, the run goes on), those of desk_probe. */
enum status desk_trace_test(struct desk *d, struct err *e);
/* desk_trace_resample: success rates of continuations from before `token`; -1: all along the trace.
 * Errors: as above. */
enum status desk_trace_resample(struct desk *d, int token, struct err *e);

#endif
