/* The desk's part of the evaluation screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/evaluation_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.evaluation = calloc(1, sizeof *d->view.evaluation);
    return d->view.evaluation ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.evaluation);
}

const struct desk_screen desk_evaluation = {init, release, NULL, NULL};
