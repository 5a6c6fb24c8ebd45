/* The desk's part of the objective screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/objective_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.objective = calloc(1, sizeof *d->view.objective);
    return d->view.objective ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.objective);
}

const struct desk_screen desk_objective = {init, release, NULL, NULL};
