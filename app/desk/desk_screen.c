/* The screens that have an owner of their own, as a table. */
#include "app/desk/desk_screen.h"

const struct desk_screen *desk_screen(enum screen_id s)
{
    static const struct desk_screen none;
    static const struct desk_screen *const of[SCREEN_N] = {
        [SCREEN_RUNS] = &desk_runs,
        [SCREEN_GROUP] = &desk_group,           [SCREEN_WHAT_IF] = &desk_what_if,
        [SCREEN_TRACE] = &desk_trace,
        [SCREEN_EXPERTS] = &desk_experts,       [SCREEN_OBJECTIVE] = &desk_objective,
        [SCREEN_COMPARE] = &desk_compare,       [SCREEN_EVALUATION] = &desk_evaluation,
        [SCREEN_SCENARIOS] = &desk_scenarios,
        [SCREEN_RECIPE] = &desk_recipe,         [SCREEN_TEXTS] = &desk_texts,
        [SCREEN_SCHEDULE] = &desk_schedule,     [SCREEN_FP8] = &desk_fp8,
        [SCREEN_ORACLE] = &desk_oracle,
    };

    return s < SCREEN_N && of[s] ? of[s] : &none;
}

int desk_motion(enum request r, int page)
{
    enum { FAR = 1000000 };
    switch (r) {
    case REQUEST_UP: return -1;
    case REQUEST_DOWN: return 1;
    case REQUEST_PAGE_UP: return -page;
    case REQUEST_PAGE_DOWN: return page;
    case REQUEST_HOME: return -FAR;
    case REQUEST_END: return FAR;
    default: return 0;
    }
}
