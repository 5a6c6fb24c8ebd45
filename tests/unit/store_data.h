#ifndef GRPOLAB_TESTS_STORE_DATA_H
#define GRPOLAB_TESTS_STORE_DATA_H

#include "engine/run/record.h"
#include "engine/store/query.h"
#include "engine/store/store.h"

/* Synthetic steps for the tests of the store: everything follows from (seed, step) and the shape. */
struct data_shape {
    int groups_n, per_group, longest; /* completions have 0 to longest tokens */
    int vocabulary;                   /* ids below it */
    int tensors_n, floats;            /* of a keyframe: tensors a kind, floats a tensor; 3 kinds */
    int layers_n, experts_n;
};

extern const struct data_shape data_small;

struct data_step {
    struct record_step record;
    struct record_keyframe keyframe;
    double metric[METRIC_N];
    char *pool; /* everything that the record points to */
    size_t used, cap;
};

void data_step_make(struct data_step *d, const struct data_shape *shape, uint64_t seed, int64_t step);
void data_step_free(struct data_step *d);

struct digest data_digest(uint64_t seed, int64_t step);

/* data_run_make: a run with settings, environment, vocabulary, start; fails the test when that fails. */
struct record_run data_run_make(struct store *s, const char *name, const struct data_shape *shape,
                                uint64_t seed);
/* data_run_commit: commits steps first..last, keyframes where due. */
void data_run_commit(struct store *s, int64_t run, const struct data_shape *shape, uint64_t seed,
                     int64_t first, int64_t last);
/* data_step_same: fails the test unless step is on record to the bit (entropies within half precision). */
void data_step_same(struct query *q, int64_t run, const struct data_shape *shape, uint64_t seed,
                    int64_t step);
/* data_keyframe_same: as above, of a keyframe. */
void data_keyframe_same(struct query *q, int64_t run, const struct data_shape *shape, uint64_t seed,
                        int64_t step);

/* A directory of the test's own under TMPDIR, and a path in it; static memory. */
const char *data_folder(void);
const char *data_path(const char *name);
void data_remove(void);

#endif
