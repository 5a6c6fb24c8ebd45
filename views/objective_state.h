#ifndef GRPOLAB_VIEWS_OBJECTIVE_STATE_H
#define GRPOLAB_VIEWS_OBJECTIVE_STATE_H

#include "views/list.h"

/* What the objective screen shows and how it is looked at, beyond what every screen has. */
struct objective_state {
    struct list list;
};

#endif
