/* The desk's part of the scenarios screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/scenarios_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.scenarios = calloc(1, sizeof *d->view.scenarios);
    return d->view.scenarios ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.scenarios);
}

const struct desk_screen desk_scenarios = {init, release, NULL, NULL};
