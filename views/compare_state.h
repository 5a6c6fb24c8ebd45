#ifndef GRPOLAB_VIEWS_COMPARE_STATE_H
#define GRPOLAB_VIEWS_COMPARE_STATE_H

#include "views/list.h"

/* What the compare screen shows and how it is looked at, beyond what every screen has. */
struct compare_state {
    struct list list;
};

#endif
