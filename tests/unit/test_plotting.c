/* Metrics of runs as panels: what shares one, told by the height of the picture. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/desk/plotting.h"
#include "tests/unit/store_data.h"

enum { STEPS = 30 };

static struct store *store;
static struct query *query;
static struct record_run run[2];
static char png[300];

/* Every metric is a little above 1, but for the loss of the prediction module, which is a hundred times as
 * large, and pass@1, which is measured at every tenth step. */
static void commit(int64_t id, int64_t step, uint64_t seed)
{
    struct data_step d;
    struct sink sink;
    int i;

    data_step_make(&d, &data_small, seed, step);
    for (i = 0; i < METRIC_N; i++)
        d.metric[i] = 1 + i / 1000.0;
    d.metric[M_MTP_LOSS] = 100;
    if (step % 10)
        d.metric[M_PASS_1] = NAN;
    cr_assert_eq(store_sink(store, id, &sink, NULL), ST_OK);
    cr_assert_eq(sink.commit(sink.self, &d.record, NULL, NULL), ST_OK);
    data_step_free(&d);
}

static void set_up(void)
{
    int k, i;

    snprintf(png, sizeof png, "%s", data_path("a.png"));
    cr_assert_eq(store_open(&store, data_path("lab.db"), NULL, NULL), ST_OK);
    for (k = 0; k < 2; k++) {
        run[k] = data_run_make(store, k ? "second" : "first", &data_small, (uint64_t)k + 1);
        for (i = 1; i <= STEPS; i++)
            commit(run[k].id, i, (uint64_t)k + 1);
    }
    cr_assert_eq(query_open(&query, data_path("lab.db"), NULL), ST_OK);
}

static void tear_down(void)
{
    query_close(query);
    store_close(store);
    data_remove();
}

/* The panels of a chart of these metrics, from the height of the picture; -1: it is refused. */
static int panels(const int *metric, int n, int runs)
{
    struct plotting_options options = {0};
    struct plotting *p = NULL;
    unsigned char head[24];
    int k;
    FILE *f;

    if (plotting_init(&p, metric, n, NULL))
        return -1;
    for (k = 0; k < runs; k++)
        cr_assert_eq(plotting_run(p, query, &run[k], STEPS, NULL), ST_OK);
    cr_assert_eq(plotting_curves(p), n * runs);
    k = plotting_write(p, png, &options, NULL);
    plotting_free(p);
    if (k)
        return -1;
    f = fopen(png, "rb");
    cr_assert_eq(fread(head, 1, sizeof head, f), sizeof head);
    fclose(f);
    return ((head[20] << 24 | head[21] << 16 | head[22] << 8 | head[23]) - 520) / 480;
}

Test(plotting, one_unit_one_panel, .init = set_up, .fini = tear_down)
{
    static const int alike[] = {M_KL, M_ENTROPY}, kin[] = {M_REWARD, M_REWARD_STD},
                     apart[] = {M_REWARD, M_LOSS}, units[] = {M_KL, M_LENGTH, M_PASS_1, M_MAJ_K, M_ENTROPY},
                     sizes[] = {M_KL, M_MTP_LOSS};

    cr_assert_eq(panels(alike, 2, 1), 1);
    cr_assert_eq(panels(kin, 2, 1), 1, "names that begin alike");
    cr_assert_eq(panels(apart, 2, 1), 2, "no unit, other names");
    cr_assert_eq(panels(units, 5, 1), 3);
    cr_assert_eq(panels(sizes, 2, 1), 2, "one unit, but a hundred times as large");
    cr_assert_eq(panels(units, 5, 2), 3, "runs are laid over each other");
}

Test(plotting, what_is_too_much_is_refused, .init = set_up, .fini = tear_down)
{
    int many[17], i;
    static const int nine[] = {M_REWARD, M_ACCURACY, M_LENGTH, M_KL, M_LOSS, M_GRAD_NORM, M_LR, M_WAITS,
                               M_STEP_TIME};
    struct record_run none = run[0];

    for (i = 0; i < 17; i++)
        many[i] = M_KL;
    cr_assert_eq(panels(many, 0, 1), -1);
    cr_assert_eq(panels(many, 17, 1), -1);
    cr_assert_eq(panels(nine, 9, 1), -1, "nine panels");
    cr_assert_eq(panels(nine, 8, 1), 8);
    none.id = 99;
    run[0] = none;
    cr_assert_eq(panels(nine, 1, 1), -1, "a run without steps has nothing to draw");
}
