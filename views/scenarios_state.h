#ifndef GRPOLAB_VIEWS_SCENARIOS_STATE_H
#define GRPOLAB_VIEWS_SCENARIOS_STATE_H

#include "views/list.h"

/* What the scenarios screen shows and how it is looked at, beyond what every screen has. */
struct scenarios_state {
    struct list list;
};

#endif
