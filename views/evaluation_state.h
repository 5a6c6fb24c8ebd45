#ifndef GRPOLAB_VIEWS_EVALUATION_STATE_H
#define GRPOLAB_VIEWS_EVALUATION_STATE_H

#include "views/list.h"

/* What the evaluation screen shows and how it is looked at, beyond what every screen has. */
struct evaluation_state {
    struct list list;
};

#endif
