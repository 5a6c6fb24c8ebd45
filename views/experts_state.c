/* What the panes of the experts screen share. */
#include "views/experts_state.h"

#include <math.h>
#include <stdio.h>

static int has_load(const float *load, int n)
{
    double sum = 0;
    int i;

    for (i = 0; i < n; i++)
        sum += load[i];
    return isfinite(sum) && sum > 0;
}

int experts_now(const struct view *v, struct experts_now *out)
{
    const struct snapshot *s = v->now;
    const struct experts_state *x = v->experts;
    int cells;

    if (s && s->layers_n > 0 && s->experts_n > 0 && s->layers_n <= SNAP_LAYERS &&
        s->experts_n <= SNAP_EXPERTS) {
        cells = s->layers_n * s->experts_n;
        *out = (struct experts_now){s->layers_n, s->experts_n, s->load, s->bias, NULL, NAN};
        if (has_load(s->load_average, cells))
            out->average = s->load_average;
        if (has_load(s->load, cells)) {
            out->step = s->is_live ? NAN : (double)s->step;
            return 1;
        }
    }
    if (!s || !x || x->run != s->run_id || !x->n || !x->load)
        return 0;
    cells = x->layers_n * x->experts_n;
    *out = (struct experts_now){
        x->layers_n, x->experts_n,     x->load + (x->n - 1) * cells, x->bias + (x->n - 1) * cells,
        NULL,        x->step[x->n - 1]};
    return 1;
}

const char *experts_note(const struct view *v)
{
    const struct experts_state *x = v->experts;

    if (!v->now || !v->now->run_id)
        return "no run is open";
    if (x && x->blocks_n && x->dense_layers >= x->blocks_n)
        return "a dense model: it has no experts";
    if (v->now->layers_n < 1 && x && x->run == v->now->run_id && x->is_whole && !x->blocks_n)
        return "a dense model: it has no experts";
    return x && x->run == v->now->run_id && !x->is_whole ? "reading the loads on record"
                                                         : "no step yet: the load is counted in an update";
}

int experts_selected(const struct view *v, const struct experts_now *now)
{
    int n = now->layers_n * now->experts_n, at = v->experts ? v->experts->list.selected : 0;

    return at < 0 ? 0 : at >= n ? n - 1 : at;
}

double experts_span(const struct view *v, const struct experts_now *now)
{
    static const double span[] = {0.1, 0.2, 0.5};
    const struct experts_state *x = v->experts;
    double most = 0;
    int i, n = now->layers_n * now->experts_n;

    for (i = 0; i < n; i++)
        most = fmax(most, fabs((double)now->load[i] * now->experts_n - 1));
    for (i = 0; x && x->load && v->now && x->run == v->now->run_id && i < x->n * x->layers_n * x->experts_n;
         i++)
        most = fmax(most, fabs((double)x->load[i] * x->experts_n - 1));
    for (i = 0; i < 3; i++)
        if (most <= span[i])
            return span[i];
    return 1;
}

double experts_max_vio(const float *load, int experts_n)
{
    double sum = 0, most = 0;
    int i;

    for (i = 0; i < experts_n; i++) {
        sum += load[i];
        most = fmax(most, load[i]);
    }
    return sum > 0 ? most * experts_n / sum - 1 : 0;
}

const char *experts_label(char out[EXPERT_LABEL_BYTES], int cell, int experts_n)
{
    snprintf(out, EXPERT_LABEL_BYTES, "%d·%d", cell / experts_n + 1, cell % experts_n + 1);
    return out;
}
