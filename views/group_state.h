#ifndef GRPOLAB_VIEWS_GROUP_STATE_H
#define GRPOLAB_VIEWS_GROUP_STATE_H

#include "views/list.h"

/* What the group screen shows and how it is looked at, beyond what every screen has. */
struct group_state {
    struct list list;
};

#endif
