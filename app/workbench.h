#ifndef GRPOLAB_APP_WORKBENCH_H
#define GRPOLAB_APP_WORKBENCH_H

#include "app/session.h"

/* workbench_run: the workbench on a terminal, until the user leaves it. target: a preset, scenario or run;
 * NULL: the run used last, the first time the preset `quick`. */
enum status workbench_run(struct session *s, const char *target, struct err *e);

/* workbench_snapshot: the dashboard of a run's latest step, w by h cells, as text. */
enum status workbench_snapshot(struct session *s, const char *target, int w, int h, struct str *out, struct err *e);

#endif
