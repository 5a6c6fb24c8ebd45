#ifndef GRPOLAB_APP_DESK_SCENARIOS_H
#define GRPOLAB_APP_DESK_SCENARIOS_H

#include "app/desk/desk.h"

/* desk_scenarios_start: starts what the form has: the chosen preset with the settings that were changed.
 * Errors: ST_USAGE (settings that do not fit together; no preset is chosen), ST_BUSY. */
enum status desk_scenarios_start(struct desk *d, struct err *e);

/* form_nudge: a number a little more (by 1) or less (by -1) than v, within low..high, that can be read: whole
 * numbers by a unit of their second digit, others by one of their first. Pure. */
double form_nudge(double v, int by, double low, double high, int is_whole);

#endif
