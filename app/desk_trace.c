/* The desk's part of the trace screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/trace_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.trace_screen = calloc(1, sizeof *d->view.trace_screen);
    return d->view.trace_screen ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.trace_screen);
}

const struct desk_screen desk_trace = {init, release, NULL, NULL};
