#ifndef GRPOLAB_VIEWS_TRACE_STATE_H
#define GRPOLAB_VIEWS_TRACE_STATE_H

#include "views/list.h"

/* What the trace screen shows and how it is looked at, beyond what every screen has. */
struct trace_state {
    struct list list;
};

#endif
