#ifndef GRPOLAB_VIEWS_SCENARIOS_STATE_H
#define GRPOLAB_VIEWS_SCENARIOS_STATE_H

#include "engine/base/setting.h"
#include "views/list.h"

/* What the scenarios screen shows and how it is looked at, beyond what every screen has: on one side the
 * scenarios and their presets, on the other a form with all the settings of the chosen preset. */
enum {
    SCENARIO_ROWS = 64,
    FORM_ROWS = 256,
    FORM_SECTION = 24,
    FORM_KEY = 40,
    FORM_VALUE = SETTING_TEXT,
    FORM_RANGE = 96
};

struct scenario_row {
    const char *name; /* of a preset; of a scenario where it is a heading */
    char summary[160];
    int is_heading;
};

enum form_kind { FORM_START, FORM_HEADING, FORM_SEED, FORM_SETTING };

struct form_row {
    enum form_kind kind;
    enum setting_kind of; /* FORM_SETTING, FORM_SEED */
    char section[FORM_SECTION], key[FORM_KEY];
    char value[FORM_VALUE];
    char preset[FORM_VALUE];  /* what the preset has */
    char initial[FORM_VALUE]; /* what it is where no preset says anything */
    char range[FORM_RANGE];
    const char *meaning;
};

struct scenarios_state {
    struct scenario_row row[SCENARIO_ROWS];
    struct list list; /* of row[]; its selected row is never a heading */
    struct form_row form[FORM_ROWS];
    struct list form_list;
    char name[64];     /* the preset in the form, "": none yet */
    int changed_n;     /* rows whose value is not the preset's */
    char problem[256]; /* why it cannot be started as it is, "" when it can */
};

/* form_is_changed: the row has another value than the preset. */
int form_is_changed(const struct form_row *r);

/* pane_form_rows: how many rows of the form are seen in a pane of `inner` rows inside its border, beside the
 * lines that tell of the selected one; *first: the row of them where it begins. */
int pane_form_rows(int inner, int *first);

#endif
