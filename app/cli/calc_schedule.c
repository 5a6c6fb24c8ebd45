/* `calc schedule`: a pipeline schedule by formula and by clock. */
#include <stdlib.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"
#include "app/cli/calc.h"
#include "engine/run/pipeline.h"

static const char where[] = "calc schedule";

static enum status read_pipeline(const json_t *in, struct pipeline *p, int *wants_timeline, struct err *e)
{
    const json_t *timeline = json_object_get(in, "timeline");
    int kind = 0;
    enum status st = json_get_choice(in, where, "kind", PIPELINE_CHOICES, &kind, e);
    if (!st)
        st = json_get_whole(in, where, "pp", 1, PIPELINE_RANKS_MAX, &p->ranks, e);
    if (!st)
        st = json_get_whole(in, where, "micro_batches", 1, PIPELINE_MICRO_MAX, &p->micro_batches, e);
    if (!st)
        st = json_get_number(in, where, "f", &p->f, e);
    if (!st)
        st = json_get_number(in, where, "b", &p->b, e);
    if (!st)
        st = json_get_number(in, where, "w", &p->w, e);
    if (st)
        return st;
    p->kind = (enum pipeline_kind)kind;
    p->fb = p->f + p->b;
    if (json_object_get(in, "fb"))
        st = json_get_number(in, where, "fb", &p->fb, e);
    if (!st && timeline && !json_is_boolean(timeline))
        st = err_set(e, ST_USAGE, where, "\"timeline\" must be true or false");
    *wants_timeline = json_is_true(timeline);
    return st ? st : pipeline_check(p, e);
}

static void write_figures(struct json_writer *w, const struct pipeline_figures *x)
{
    write_key(w, "bubble");
    write_number(w, x->bubble);
    write_key(w, "makespan");
    write_number(w, x->makespan);
    write_key(w, "activations");
    write_number(w, x->activations);
    write_key(w, "parameters");
    write_number(w, x->parameters);
}

/* A piece: {"work","way","micro_batch","begin","end"}, of a pair the backward's micro-batch, too. */
static void write_piece(struct json_writer *w, const struct pipeline_interval *x)
{
    static const char *const work[] = {"F", "B", "I", "W", "FB"};
    write_begin(w, '{');
    write_key(w, "work");
    write_word(w, work[x->work]);
    write_key(w, "way");
    write_whole(w, x->way);
    write_key(w, "micro_batch");
    write_whole(w, x->micro_batch);
    if (x->work == PIPELINE_PAIR) {
        write_key(w, "backward");
        write_whole(w, x->other_batch);
    }
    write_key(w, "begin");
    write_number(w, x->begin);
    write_key(w, "end");
    write_number(w, x->end);
    write_end(w, '}');
}

static void write_timeline(struct json_writer *w, const struct pipeline_timeline *t)
{
    write_key(w, "timeline");
    write_begin(w, '[');
    for (int r = 0; r < t->ranks; r++) {
        write_begin(w, '[');
        for (int i = t->first[r]; i < t->first[r + 1]; i++)
            write_piece(w, &t->interval[i]);
        write_end(w, ']');
    }
    write_end(w, ']');
}

enum status calc_schedule(const json_t *in, struct str *out, struct err *e)
{
    struct pipeline p = {0};
    struct pipeline_timeline t = {0};
    struct pipeline_figures formula;
    struct json_writer w = {.out = out};
    struct err refused;
    int wants_timeline;
    enum status st = read_pipeline(in, &p, &wants_timeline, e), played;
    if (st)
        return st;
    played = pipeline_simulate(&p, &t, &refused);
    if (played == ST_NOMEM || (played && wants_timeline)) {
        *e = refused;
        st = played;
        goto out;
    }
    formula = pipeline_formula(&p);
    write_begin(&w, '{');
    write_figures(&w, &formula);
    write_key(&w, "simulated");
    if (played) {
        write_null(&w);
    } else {
        write_begin(&w, '{');
        write_figures(&w, &t.figures);
        write_end(&w, '}');
    }
    if (wants_timeline)
        write_timeline(&w, &t);
    write_end(&w, '}');
out:
    pipeline_timeline_release(&t);
    return st;
}
