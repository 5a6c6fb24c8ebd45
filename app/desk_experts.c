/* The desk's part of the experts screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/experts_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.experts = calloc(1, sizeof *d->view.experts);
    return d->view.experts ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.experts);
}

const struct desk_screen desk_experts = {init, release, NULL, NULL};
