#ifndef GRPOLAB_APP_COMPUTE_CHART_H
#define GRPOLAB_APP_COMPUTE_CHART_H

#include "engine/run/facts.h"

/* Accuracy over tokens spent as a PNG file: a panel for each of the two settings, the same curves in both.
 * What `:compute FILE.png` and `grpolab compute -o` share. */

/* compute_chart_write: title: NULL: none. Errors: those of chart_write. */
enum status compute_chart_write(const char *path, const char *title, const struct compute_facts *f,
                                struct err *e);

/* compute_setting: "T 0.6, top-p 0.95". Pure. */
void compute_setting(const struct compute_facts *f, int setting, char *out, size_t bytes);

#endif
