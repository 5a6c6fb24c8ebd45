/* The desk's part of the compare screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/compare_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.compare = calloc(1, sizeof *d->view.compare);
    return d->view.compare ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.compare);
}

const struct desk_screen desk_compare = {init, release, NULL, NULL};
