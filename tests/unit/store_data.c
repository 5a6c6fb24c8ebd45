/* Synthetic steps for the tests of the store, and comparing them with what is on record. */
#include "tests/unit/store_data.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/rng.h"

const struct data_shape data_small = {.groups_n = 3,
                                      .per_group = 4,
                                      .longest = 20,
                                      .vocabulary = 119,
                                      .tensors_n = 3,
                                      .floats = 5000,
                                      .layers_n = 2,
                                      .experts_n = 8};

static const char *const kinds[] = {"weight", "adam_m", "adam_v"};

static void *take(struct data_step *d, size_t bytes)
{
    void *p = d->pool + d->used;
    d->used += (bytes + 15) / 16 * 16;
    cr_assert(d->used <= d->cap);
    return p;
}

static char *words(struct data_step *d, const char *form, int64_t a, int b, int c)
{
    char *p = take(d, 96);
    snprintf(p, 96, form, (long long)a, b, c);
    return p;
}

struct digest data_digest(uint64_t seed, int64_t step)
{
    struct hash h;
    hash_init(&h);
    hash_add(&h, &seed, sizeof seed);
    hash_add(&h, &step, sizeof step);
    return hash_end(&h);
}

static void make_traces(struct data_step *d, const struct data_shape *shape, struct rng *rng)
{
    struct record_step *r = &d->record;
    struct record_group *group = take(d, (size_t)shape->groups_n * sizeof *group);
    struct record_trace *trace = take(d, (size_t)r->traces_n * sizeof *trace);
    for (int g = 0; g < shape->groups_n; g++)
        group[g] = (struct record_group){
            .problem = words(d, "{\"numbers\":[11,8,7],\"target\":%lld%d%d}", r->step, g, 0),
            .prompt = words(d, "User : 11 8 7 -> %lld %d%d Assistant : <think>", r->step, g, 1),
            .mean = rng_unit(rng),
            .std = rng_unit(rng),
            .flat = rng_chance(rng, 0.3)};
    for (int i = 0; i < r->traces_n; i++) {
        int n = rng_below(rng, shape->longest + 1);
        uint16_t *token = take(d, (size_t)n * sizeof *token);
        float *logp = take(d, (size_t)n * sizeof *logp), *entropy = take(d, (size_t)n * sizeof *entropy);
        for (int t = 0; t < n; t++) {
            token[t] = (uint16_t)rng_below(rng, shape->vocabulary);
            logp[t] = (float)log(rng_unit(rng) + 1e-9);
            entropy[t] = (float)(4 * rng_unit(rng));
        }
        trace[i] = (struct record_trace){.group = i / shape->per_group,
                                         .index = i % shape->per_group,
                                         .n = n,
                                         .token = token,
                                         .logp = logp,
                                         .entropy = entropy,
                                         .reward = rng_unit(rng),
                                         .advantage = rng_normal(rng),
                                         .accuracy = rng_below(rng, 2),
                                         .format = rng_below(rng, 2),
                                         .at = rng_range(rng, -1, 90),
                                         .why = words(d, "step %lld: the value is %d, not %d", r->step, i, n),
                                         .cut_off = rng_below(rng, 2),
                                         .aha = rng_below(rng, 3)};
    }
    r->group = group;
    r->trace = trace;
}

static void make_rest(struct data_step *d, const struct data_shape *shape, struct rng *rng)
{
    enum { PROBLEMS = 50 };
    struct record_step *r = &d->record;
    int cells = shape->layers_n * shape->experts_n;
    float *load = take(d, (size_t)cells * sizeof *load), *bias = take(d, (size_t)cells * sizeof *bias);
    struct record_evaluation *v = take(d, 2 * sizeof *v);
    struct record_tensor *tensor = take(d, (size_t)(3 * shape->tensors_n) * sizeof *tensor);
    for (int i = 0; i < cells; i++) {
        load[i] = (float)rng_unit(rng);
        bias[i] = (float)rng_normal(rng);
    }
    for (int i = 0; i < r->evaluations_n; i++) {
        uint8_t *right = take(d, PROBLEMS);
        for (int p = 0; p < PROBLEMS; p++)
            right[p] = (uint8_t)rng_below(rng, 9);
        v[i] = (struct record_evaluation){.k = 8,
                                          .problems = PROBLEMS,
                                          .temperature = i ? 0.6 : 1,
                                          .top_p = i ? 0.95 : 1,
                                          .pass_1 = rng_unit(rng),
                                          .pass_k = rng_unit(rng),
                                          .maj_k = rng_unit(rng),
                                          .mean_length = 70 * rng_unit(rng),
                                          .waits = NAN,
                                          .right = right};
    }
    for (int i = 0; i < 3 * shape->tensors_n; i++) {
        size_t n = (size_t)shape->floats;
        uint32_t *data = take(d, n * 4);
        /* Cheap noise: the bytes only have to differ between steps and tensors. */
        for (size_t j = 0; j < n; j++)
            data[j] = (uint32_t)hash_u64(r->step * 977u + rng->seed + (uint64_t)i * 1000003u + j);
        tensor[i] = (struct record_tensor){.kind = kinds[i / shape->tensors_n],
                                           .name = words(d, "layers.%lld.%d%d", i % shape->tensors_n, 0, 0),
                                           .data = data,
                                           .bytes = n * 4};
    }
    r->load = load;
    r->bias = bias;
    r->evaluation = v;
    d->keyframe = (struct record_keyframe){.tensors_n = 3 * shape->tensors_n, .tensor = tensor};
}

void data_step_make(struct data_step *d, const struct data_shape *shape, uint64_t seed, int64_t step)
{
    struct rng rng = rng_at(seed, RNG_TEST, (uint32_t)step, 0, 0);
    struct record_step *r = &d->record;
    memset(d, 0, sizeof *d);
    *r = (struct record_step){.step = step,
                              .digest = data_digest(seed, step),
                              .seconds = 0.25 + rng_unit(&rng),
                              .metric = d->metric,
                              .groups_n = shape->groups_n,
                              .traces_n = shape->groups_n * shape->per_group,
                              .evaluations_n = step % 5 == 0 ? 2 : 0,
                              .layers_n = shape->layers_n,
                              .experts_n = shape->experts_n};
    d->cap = 65536 + (size_t)r->traces_n * (400 + (size_t)shape->longest * 12) +
             (size_t)shape->tensors_n * 3 * (200 + (size_t)shape->floats * 4) + (size_t)shape->groups_n * 400;
    d->pool = malloc(d->cap);
    cr_assert(d->pool);
    for (int m = 0; m < METRIC_N; m++)
        d->metric[m] = rng_chance(&rng, 0.05) ? (double)NAN : rng_normal(&rng);
    make_traces(d, shape, &rng);
    make_rest(d, shape, &rng);
}

void data_step_free(struct data_step *d)
{
    free(d->pool);
    memset(d, 0, sizeof *d);
}

struct record_run data_run_make(struct store *s, const char *name, const struct data_shape *shape,
                                uint64_t seed)
{
    struct record_run run = {.seed = seed, .preset = "countdown", .stage = "grpo", .created = 1700000000};
    struct data_step d;
    struct err e = {0};
    snprintf(run.name, sizeof run.name, "%s", name);
    data_step_make(&d, shape, seed, 0);
    cr_assert_eq(store_run_create(s, &run, "lr = 0.0004\nbeta = 0\n", "version = 1\ncpu = some cpu = fast\n",
                                  "<pad> <q> -> 1 2 3", &d.record.digest, &d.keyframe, &e),
                 ST_OK, "%s", e.msg);
    data_step_free(&d);
    return run;
}

void data_run_commit(struct store *s, int64_t run, const struct data_shape *shape, uint64_t seed,
                     int64_t first, int64_t last)
{
    struct sink sink;
    struct err e = {0};
    cr_assert_eq(store_sink(s, run, &sink, &e), ST_OK, "%s", e.msg);
    for (int64_t step = first; step <= last; step++) {
        struct data_step d;
        data_step_make(&d, shape, seed, step);
        cr_assert_eq(sink.commit(sink.self, &d.record, keyframe_due(step) ? &d.keyframe : NULL, &e), ST_OK,
                     "step %d: %s", (int)step, e.msg);
        data_step_free(&d);
    }
}

static int same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b;
}

static void trace_same(const struct record_trace *a, const struct record_trace *b)
{
    cr_assert(a->group == b->group && a->index == b->index && a->n == b->n && a->at == b->at &&
              a->cut_off == b->cut_off && a->aha == b->aha);
    cr_assert(same(a->reward, b->reward) && same(a->advantage, b->advantage) &&
              same(a->accuracy, b->accuracy) && same(a->format, b->format));
    cr_assert_str_eq(a->why, b->why);
    for (int i = 0; i < a->n; i++) {
        cr_assert_eq(a->token[i], b->token[i]);
        cr_assert(!memcmp(&a->logp[i], &b->logp[i], 4));
        cr_assert(fabsf(a->entropy[i] - b->entropy[i]) <= a->entropy[i] * 0x1p-11f);
    }
}

void data_step_same(struct query *q, int64_t run, const struct data_shape *shape, uint64_t seed, int64_t step)
{
    struct data_step d;
    struct query_step r;
    struct err e = {0};
    data_step_make(&d, shape, seed, step);
    cr_assert_eq(query_step(q, run, step, 1, &r, &e), ST_OK, "%s", e.msg);
    cr_assert(r.step == step && digest_equal(&r.digest, &d.record.digest) && r.seconds == d.record.seconds);
    for (int m = 0; m < METRIC_N; m++)
        cr_assert(same(r.metric[m], d.metric[m]), "metric %d", m);
    cr_assert(r.layers_n == shape->layers_n && r.experts_n == shape->experts_n);
    for (int i = 0; i < r.layers_n * r.experts_n; i++)
        cr_assert(r.load[i] == d.record.load[i] && r.bias[i] == d.record.bias[i]);
    cr_assert(r.groups_n == d.record.groups_n && r.traces_n == d.record.traces_n);
    for (int g = 0; g < r.groups_n; g++) {
        const struct record_group *a = &d.record.group[g], *b = &r.group[g];
        cr_assert_str_eq(a->problem, b->problem);
        cr_assert_str_eq(a->prompt, b->prompt);
        cr_assert(a->mean == b->mean && a->std == b->std && a->flat == b->flat);
    }
    for (int i = 0; i < r.traces_n; i++)
        trace_same(&d.record.trace[i], &r.trace[i]);
    query_step_free(&r);
    data_step_free(&d);
}

struct compare {
    const struct record_keyframe *keyframe;
    int seen;
};

static enum status compare_tensor(void *ctx, const char *kind, const char *name, const void *data,
                                  size_t bytes, struct err *e)
{
    struct compare *c = ctx;
    cr_assert_eq((uintptr_t)data % 16, 0);
    for (int i = 0; i < c->keyframe->tensors_n; i++) {
        const struct record_tensor *t = &c->keyframe->tensor[i];
        if (strcmp(t->kind, kind) || strcmp(t->name, name))
            continue;
        cr_assert(t->bytes == bytes && !memcmp(t->data, data, bytes));
        c->seen++;
        return ST_OK;
    }
    return err_set(e, ST_FAILED, "test", "no tensor %s %s", kind, name);
}

void data_keyframe_same(struct query *q, int64_t run, const struct data_shape *shape, uint64_t seed,
                        int64_t step)
{
    struct data_step d;
    struct compare c = {.keyframe = &d.keyframe};
    struct err e = {0};
    data_step_make(&d, shape, seed, step);
    cr_assert_eq(query_keyframe(q, run, step, compare_tensor, &c, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(c.seen, d.keyframe.tensors_n);
    data_step_free(&d);
}

static pid_t folder_owner;

const char *data_folder(void)
{
    static char folder[512];
    if (!folder[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/grpolab-store-XXXXXX", base && base[0] ? base : "/tmp");
        cr_assert(mkdtemp(folder));
        cr_assert_eq(chmod(folder, 0755), 0);
        folder_owner = getpid();
    }
    return folder;
}

const char *data_path(const char *name)
{
    static char path[4][640];
    static int turn;
    char *p = path[turn = (turn + 1) & 3];
    snprintf(p, sizeof path[0], "%s/%s", data_folder(), name);
    return p;
}

static void remove_all(const char *folder, int depth)
{
    char path[1024];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        struct stat about;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (!lstat(path, &about) && S_ISDIR(about.st_mode) && depth < 4)
            remove_all(path, depth + 1);
        else
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

void data_remove(void)
{
    /* A forked child must not take the folder away from its parent. */
    if (folder_owner == getpid())
        remove_all(data_folder(), 0);
}
