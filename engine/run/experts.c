/* Experts one by one: which tokens they serve, and what is lost without them.
 *
 * An expert is left out by a copy of the biases with -infinity in its place: the choice then passes over
 * it, and everything else of the forward is as it is. The evaluations share problems and random numbers, so
 * that what differs between two of them is the expert alone. */
#include "engine/run/experts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/inspect.h"

/* MoE layers of the main model. */
static int layers_of(const struct model_config *c)
{
    int n = c->layers_n - c->dense_layers;
    return n > 0 ? n : 0;
}

enum status knock_out_parse(struct knock_out *k, const char *text, struct err *e)
{
    memset(k, 0, sizeof *k);
    for (const char *at = text;;) {
        int layer = 0, expert = 0, used = 0;
        if (sscanf(at, "%3d:%3d%n", &layer, &expert, &used) < 2 || layer < 1 || expert < 1 ||
            (at[used] && at[used] != ','))
            return err_set(e, ST_USAGE, "knock-out",
                           "'%.40s' is not LAYER:EXPERT, both from 1, such as 1:3,1:5", at);
        if (k->n == KNOCK_OUT_MAX)
            return err_set(e, ST_USAGE, "knock-out", "more than %d experts", KNOCK_OUT_MAX);
        k->off[k->n].layer = layer - 1;
        k->off[k->n++].expert = expert - 1;
        if (!at[used])
            return ST_OK;
        at += used + 1;
    }
}

/* The fewest experts that a token may find in the groups that it may use. */
static int fewest(const struct model_config *c, const real *bias)
{
    int per = c->experts_n / c->groups_n, left[SNAP_EXPERTS], sum = 0;
    for (int g = 0; g < c->groups_n; g++) {
        left[g] = 0;
        for (int i = g * per; i < (g + 1) * per; i++)
            left[g] += isfinite(bias[i]) != 0;
    }
    for (int n = 0; n < c->top_groups; n++) {
        int least = n;
        for (int g = n + 1; g < c->groups_n; g++)
            least = left[g] < left[least] ? g : least;
        sum += left[least];
        left[least] = left[n];
    }
    return sum;
}

enum status knock_out_bias(const struct trainer *t, const struct knock_out *k, real *bias, struct err *e)
{
    const struct model_config *c = &t->model.config;
    int layers = layers_of(c), E = c->experts_n;
    memcpy(bias, t->learner.bias, (size_t)t->learner.bias_n * sizeof *bias);
    for (int i = 0; i < k->n; i++) {
        if (k->off[i].layer >= layers || k->off[i].expert >= E)
            return err_set(e, ST_USAGE, "knock-out", "there is no expert %d:%d: %d MoE layers of %d experts",
                           k->off[i].layer + 1, k->off[i].expert + 1, layers, layers ? E : 0);
        bias[k->off[i].layer * E + k->off[i].expert] = (real)-INFINITY;
    }
    for (int l = 0; l < layers; l++)
        if (fewest(c, bias + l * E) < c->top_k)
            return err_set(e, ST_USAGE, "knock-out",
                           "a token would find %d experts in layer %d, and needs %d", fewest(c, bias + l * E),
                           l + 1, c->top_k);
    return ST_OK;
}

enum status knock_out_evaluate(struct trainer *t, const struct knock_out *k, struct evaluation *o,
                               const struct gate *gate, struct err *e)
{
    real *bias = malloc(((size_t)t->learner.bias_n + 1) * sizeof *bias);
    enum status st = bias ? knock_out_bias(t, k, bias, e)
                          : err_set(e, ST_NOMEM, "knock-out", "no memory for %d biases", t->learner.bias_n);
    if (!st)
        st = evaluate_run(&t->evaluator, o, &t->task, &t->rollout, t->learner.w, bias, gate, &t->progress, e);
    free(bias);
    return st;
}

struct knock_out_effect knock_out_effect(const uint8_t *without, const uint8_t *with, int problems, int k)
{
    struct knock_out_effect f = {0};
    double squares = 0, n = problems;
    for (int p = 0; p < problems; p++) {
        double d = ((double)without[p] - (double)with[p]) / k;
        f.pass_1 += (double)without[p] / k / n;
        f.change += d / n;
        squares += d * d;
    }
    if (problems > 1)
        f.error = sqrt(fmax(squares - n * f.change * f.change, 0) / (n - 1) / n);
    return f;
}

void experts_parameters(const struct model_config *config, double *total, double *active)
{
    struct model_config c = *config;
    struct params p;
    struct err e;
    *total = *active = 0;
    c.mtp_depth = 0;
    c.positions_n = c.positions_n > 0 ? c.positions_n : 1;
    if (c.vocab_n < 1 || params_init(&p, &c, &e))
        return;
    *total = (double)p.total;
    *active = *total - (double)p.moe_layers * (c.experts_n - c.top_k) * 3.0 * c.width * c.expert_width;
    params_release(&p);
}

/* Where the completions went that the evaluator has just sampled: its batch holds the last ones of the
 * problems. */
static enum status read_routing(struct trainer *t, const struct evaluation *o, struct experts_facts *f,
                                struct err *e)
{
    const struct batch *b = &t->evaluator.batch;
    struct inspect_routing r = {0};
    int per = b->N / o->k, last = (o->problems - 1) % per + 1;
    enum status st = inspect_routing_init(&r, t, e);
    f->traces = last * o->k < EXPERTS_TRACES ? last * o->k : EXPERTS_TRACES;
    for (int i = 0; i < f->traces && !st; i++) {
        struct inspect_trace x = {.prompt = b->prompt[i / b->G],
                                  .token = b->token + (size_t)i * (size_t)b->cap,
                                  .prompt_n = b->prompt_n[i / b->G],
                                  .n = atomic_load(&b->n[i])};
        st = inspect_routing_add(&r, t, &x, e);
    }
    if (!st) {
        f->routing.step = t->step;
        inspect_routing_facts(&r, &t->vocab, &f->routing);
    }
    inspect_routing_free(&r);
    return st;
}

static void describe(const struct trainer *t, struct experts_facts *f)
{
    const struct model_config *c = &t->model.config;
    int layers = layers_of(c), E = c->experts_n;
    memset(f, 0, sizeof *f);
    f->step = t->step;
    f->layers_n = layers < SNAP_LAYERS ? layers : SNAP_LAYERS;
    f->experts_n = E;
    f->top_k = c->top_k;
    f->shared_n = c->shared_n;
    f->groups_n = c->groups_n;
    f->top_groups = c->top_groups;
    experts_parameters(c, &f->total, &f->active);
    for (int i = 0; i < f->layers_n * E; i++) {
        f->expert[i].average = t->learner.load_average[i];
        f->expert[i].bias = (double)t->learner.bias[i];
    }
}

enum status experts_run(struct trainer *t, int problems, int k, const struct experts_hooks *h,
                        struct experts_facts *f, struct err *e)
{
    struct evaluation o = {.k = k,
                           .problems = problems < t->held_out_n ? problems : t->held_out_n,
                           .temperature = t->set.eval.temperature,
                           .top_p = t->set.eval.top_p,
                           .seed = t->seed,
                           .step = (uint32_t)t->step};
    uint8_t *right = calloc(2 * ((size_t)t->held_out_n + 1), 1), *without;
    enum status st = ST_OK;
    int cells;
    if (!right)
        return err_set(e, ST_NOMEM, "experts", "no memory for %d problems", t->held_out_n);
    without = right + t->held_out_n + 1;
    describe(t, f);
    cells = f->layers_n * f->experts_n;
    if (cells == 0)
        st = err_set(e, ST_USAGE, "experts", "the model is dense: it has no experts");
    o.right = right;
    if (!st)
        st = trainer_evaluate(t, &o, h->gate, e);
    if (!st)
        st = read_routing(t, &o, f, e);
    f->problems = o.problems;
    f->k = k;
    f->pass_1 = o.pass_1;
    o.right = without;
    for (int i = 0; i < cells && !st; i++) {
        struct knock_out off = {.n = 1, .off = {{i / f->experts_n, i % f->experts_n}}};
        double *vio = &f->max_vio[i / f->experts_n];
        if (h->told)
            h->told(h->ctx, i + 1, cells + 1);
        st = knock_out_evaluate(t, &off, &o, h->gate, e);
        f->expert[i].off = knock_out_effect(without, right, o.problems, k);
        *vio = fmax(*vio, (double)f->routing.served[i].share * f->experts_n - 1);
    }
    free(right);
    return st;
}
