#ifndef GRPOLAB_VIEWS_EXPERTS_STATE_H
#define GRPOLAB_VIEWS_EXPERTS_STATE_H

#include "views/list.h"

/* What the experts screen shows and how it is looked at, beyond what every screen has. */
struct experts_state {
    struct list list;
};

#endif
