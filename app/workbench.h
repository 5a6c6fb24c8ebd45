#ifndef GRPOLAB_APP_WORKBENCH_H
#define GRPOLAB_APP_WORKBENCH_H

#include "app/command/guide.h"

/* workbench_run: the workbench on a terminal, until the user leaves it. target: a preset, scenario or run;
 * NULL: the run used last, the first time the preset `quick`. record: a file for what the terminal is
 * shown, NULL: none. guide: what drives it besides the user, NULL: nothing; with one and without a target
 * nothing is opened. The user's config file is read first. Errors: those of the file, of the script, of the
 * terminal. */
enum status workbench_run(struct session *s, const char *target, const char *record,
                          const struct guide *guide, struct err *e);

/* workbench_guide: a script or a lesson without a terminal, on a screen of w by h; print gets what it says.
 * with_screens: a lesson also prints each page's screen. last: the screen at the end, NULL: not wanted.
 * Errors: those of guide_run. */
enum status workbench_guide(struct session *s, const char *target, const struct guide *guide, int w, int h,
                            int with_screens, void (*print)(const char *text), struct str *last,
                            struct err *e);

/* A screen without a terminal. */
struct workbench_picture {
    int w, h;
    const char *screen, *theme;   /* NULL: the dashboard, the default one */
    const char *path;             /* FILE.txt or FILE.png; NULL: as text into *out */
};

/* workbench_snapshot: a screen of a run's latest step, or of the step that RUN@STEP names. Errors: ST_USAGE
 * (no such screen or theme), ST_NOTFOUND, those of save_screen. */
enum status workbench_snapshot(struct session *s, const char *target, const struct workbench_picture *p,
                               struct str *out, struct err *e);

#endif
