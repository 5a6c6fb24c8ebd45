/* The desk's part of the group screen. */
#include <stdlib.h>

#include "app/desk_screen.h"
#include "views/group_state.h"

static enum status init(struct desk *d, struct err *e)
{
    d->view.group_screen = calloc(1, sizeof *d->view.group_screen);
    return d->view.group_screen ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.group_screen);
}

const struct desk_screen desk_group = {init, release, NULL, NULL};
