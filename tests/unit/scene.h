#ifndef GRPOLAB_TESTS_SCENE_H
#define GRPOLAB_TESTS_SCENE_H

#include "views/compare_state.h"
#include "views/evaluation_state.h"
#include "views/experts_state.h"
#include "views/group_state.h"
#include "views/lesson_state.h"
#include "views/objective_state.h"
#include "views/runs_state.h"
#include "views/scenarios_state.h"
#include "views/trace_state.h"
#include "views/view.h"

/* Everything that any screen can show, of the invented run of tests/golden/moments.h: for golden screens, and
 * for what holds for all screens. The hints and the help are the program's own. */

enum { SCENE_EVALUATIONS = 6, SCENE_PROBLEMS = 40, SCENE_LOADS = 74, SCENE_CELLS = 24 };

struct desk;
struct moment;

struct scene {
    struct view view;
    struct snapshot *now;
    struct record_run *run;              /* [6] */
    struct desk *desk;                   /* makes hints and help; it has no engine, no store */
    struct moment *moment;

    struct trace_facts facts;
    struct routing_facts routing;
    struct group_state group;
    struct trace_state trace;
    struct experts_state experts;
    float load[SCENE_LOADS * SCENE_CELLS], bias[SCENE_LOADS * SCENE_CELLS];
    struct objective_state objective;
    struct runs_state runs;
    struct run_facts run_facts[6];
    struct compare_state compare;
    struct history other;                /* of the run `no-kl` */
    struct evaluation_state evaluation;
    double rate[7][SCENE_EVALUATIONS], bucket_rate[2][BUCKETS_KEPT * EVALUATIONS_KEPT];
    int count[2][SCENE_EVALUATIONS], order[SCENE_PROBLEMS];
    uint8_t right[SCENE_EVALUATIONS][SCENE_PROBLEMS];
    struct held_problem problem[SCENE_PROBLEMS];
    struct scenarios_state scenarios;
    struct lesson_state lesson;          /* the view has none until it is set there */
};

/* scene_new: which: "grpo", "cold" or "paused". Fails the test when memory is short. Freed by scene_free. */
struct scene *scene_new(const char *which);
void scene_free(struct scene *s);

/* scene_show: that screen, its focus where the program puts it, and the hints that belong to it. scene_help:
 * its help over it. */
void scene_show(struct scene *s, enum screen_id screen);
void scene_help(struct scene *s);

/* scene_follow: another text for the followed trace, without marks; tokens are what blanks separate. */
void scene_follow(struct scene *s, const char *prompt, const char *completion);

/* scene_desk: what makes the hints and the help; for scene_new. scene_desk_free. */
void scene_desk(struct scene *s);
void scene_desk_free(struct scene *s);

#endif
