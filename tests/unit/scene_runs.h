#ifndef GRPOLAB_TESTS_SCENE_RUNS_H
#define GRPOLAB_TESTS_SCENE_RUNS_H

#include "tests/unit/scene.h"

/* The parts of a scene that are about several runs or steps; for scene.c. h: the history of its run. */
void scene_make_runs(struct scene *s, struct history *h);
void scene_make_evaluation(struct scene *s, const struct history *h);
void scene_make_scenarios(struct scene *s);

#endif
