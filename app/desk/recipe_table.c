/* What a recipe's stages did, from what is on record of their runs.
 *
 * The figures of a stage are those of its last evaluation: of one that is done that is its end. Opening a
 * task can take a while, so that figures are read once an evaluation. */
#include "app/desk/recipe_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/session/session.h"

void recipe_table_plan(const struct recipe *r, struct recipe_state *s)
{
    snprintf(s->name, sizeof s->name, "%s", r->name);
    snprintf(s->summary, sizeof s->summary, "%s", r->summary);
    s->n = r->stages_n < RECIPE_ROWS ? r->stages_n : RECIPE_ROWS;
    for (int i = 0; i < s->n; i++) {
        const struct recipe_stage *g = &r->stage[i];
        struct recipe_row *row = &s->row[i];
        recipe_row_init(row);
        snprintf(row->stage, sizeof row->stage, "%s", g->name);
        snprintf(row->from, sizeof row->from, "%s", g->from);
        snprintf(row->kind, sizeof row->kind, "%s", stage_name(g->stage));
        snprintf(row->summary, sizeof row->summary, "%s", g->summary);
        row->from_row = g->from[0] ? recipe_find(r, g->from) : -1;
        row->collects = g->collects_n > 0;
    }
}

_Static_assert((int)RECIPE_TASKS == (int)DIFFICULTIES && (int)RECIPE_TASK_NAME == (int)LABEL_BYTES,
               "a row has room for every task's name");

/* pass@1 of an evaluation by what its problems are; for a mixture of tasks. */
static void read_tasks(const struct settings *set, const struct record_evaluation *v, struct recipe_row *row)
{
    const struct scenario *s = set->scenario;
    char label[DIFFICULTIES][LABEL_BYTES] = {{0}}, own[LABEL_BYTES];
    double right[DIFFICULTIES] = {0}, all[DIFFICULTIES] = {0};
    struct err none;
    void *self = NULL;
    row->tasks_n = 0;
    if (!v->right || !s->difficulty || !s->scale || strcmp(s->scale, "task") || s->open(set->task, &self,
                                                                                        &none))
        return;
    for (int i = 0; i < v->problems && i < s->held_out_n(self); i++) {
        struct problem p;
        int d;
        s->held_out(self, i, &p);
        d = s->difficulty(self, &p, own);
        if (d < 0 || d >= DIFFICULTIES)
            continue;
        memcpy(label[d], own, sizeof own);
        right[d] += v->right[i];
        all[d] += v->k;
    }
    for (int d = 0; d < DIFFICULTIES; d++)
        if (all[d] > 0) {
            memcpy(row->task[row->tasks_n], label[d], LABEL_BYTES);
            row->right[row->tasks_n++] = right[d] / all[d];
        }
    s->close(self);
}

static enum status read_figures(struct query *q, const struct record_run *run, const struct settings *set,
                                struct recipe_row *row, struct err *e)
{
    struct query_evaluation *v = NULL;
    int64_t *step = NULL;
    double *value = NULL;
    int n = 0, rows = 0, last = -1;
    enum status st = query_evaluations(q, run->id, &v, &n, e);
    for (int i = 0; !st && i < n; i++)
        if (v[i].e.temperature == set->eval.temperature)
            last = i;
    if (!st && last >= 0 && v[last].step != row->evaluated) {
        st = query_metrics(q, run->id, v[last].step, v[last].step, &step, &value, &rows, e);
        for (int k = 0; !st && rows > 0 && k < RECIPE_FIGURES; k++)
            row->figure[k] = value[recipe_figure(k)->metric];
        if (!st)
            read_tasks(set, &v[last].e, row);
        row->evaluated = v[last].step;
    }
    free(step);
    free(value);
    query_evaluations_free(v, n);
    return st;
}

enum status recipe_table_read(struct query *q, int64_t id, struct recipe_row *row, struct err *e)
{
    struct record_run run;
    struct settings set;
    char text[24];
    int is_known = row->run == id, n, stage;
    enum status st;
    snprintf(text, sizeof text, "%lld", (long long)id);
    st = query_run(q, text, &run, e);
    if (!st)
        st = query_examples_n(q, id, &row->texts_n, &row->texts_kept, e);
    if (st)
        return st;
    snprintf(row->name, sizeof row->name, "%s", run.name);
    if (is_known && row->step == run.step)
        return ST_OK;
    if (!is_known) {
        row->evaluated = -1;
        row->tasks_n = 0;
        for (n = 0; n < RECIPE_FIGURES; n++)
            row->figure[n] = NAN;
    }
    st = session_settings(q, id, &set, e);
    if (!st)
        st = read_figures(q, &run, &set, row, e);
    if (st)
        return st;
    stage = stage_find(run.stage);
    row->run = id;
    row->step = run.step;
    row->steps = stage < 0 ? 0 : settings_steps(&set, (enum stage)stage);
    row->seconds = run.seconds;
    row->state = !strcmp(run.state, "done") ? RECIPE_DONE : RECIPE_BEGUN;
    return ST_OK;
}

void recipe_table_tasks(const struct recipe_row *row, struct str *out)
{
    for (int i = 0; i < row->tasks_n; i++)
        str_printf(out, "%s%s %.3f", i ? ", " : "", row->task[i], row->right[i]);
}

static void print_object(struct json_writer *w, const struct recipe_row *row, const char *tasks)
{
    write_begin(w, '{');
    write_key(w, "stage");
    write_word(w, row->stage);
    write_key(w, "run");
    write_word(w, row->name);
    write_key(w, "kind");
    write_word(w, row->kind);
    write_key(w, "step");
    write_whole(w, row->step);
    write_key(w, "seconds");
    write_number(w, row->seconds);
    write_key(w, "texts");
    write_whole(w, row->texts_n);
    write_key(w, "texts_kept");
    write_whole(w, row->texts_kept);
    for (int k = 0; k < RECIPE_FIGURES; k++) {
        write_key(w, recipe_figure(k)->key);
        write_number(w, row->figure[k]);
    }
    write_key(w, "by_task");
    write_word(w, tasks);
    write_end(w, '}');
}

static void print_line(struct str *out, const struct recipe_row *row, const char *tasks)
{
    char texts[32] = "";
    if (row->texts_n)
        snprintf(texts, sizeof texts, "%d/%d", row->texts_kept, row->texts_n);
    str_printf(out, "%-12s %-7s %6lld %7.1f %11s", row->stage, row->kind, (long long)row->step,
               row->seconds, texts);
    for (int k = 0; k < RECIPE_FIGURES; k++) {
        if (isnan(row->figure[k]))
            str_printf(out, " %8s", "-");
        else
            str_printf(out, row->figure[k] < 10 ? " %8.3f" : " %8.1f", row->figure[k]);
    }
    str_printf(out, "%s%s\n", tasks[0] ? "  " : "", tasks);
}

void recipe_table_print(const struct recipe_state *s, int json, struct str *out)
{
    struct json_writer w = {.out = out};
    struct str tasks = {0};
    double seconds = 0;
    if (json) {
        write_begin(&w, '{');
        write_key(&w, "recipe");
        write_word(&w, s->name);
        write_key(&w, "stages");
        write_begin(&w, '[');
    } else {
        str_printf(out, "%-12s %-7s %6s %7s %11s", "stage", "kind", "steps", "seconds", "texts");
        for (int k = 0; k < RECIPE_FIGURES; k++)
            str_printf(out, " %8s", recipe_figure(k)->head);
        str_add(out, "\n");
    }
    for (int i = 0; i < s->n; i++) {
        if (!s->row[i].run)
            continue;
        str_clear(&tasks);
        recipe_table_tasks(&s->row[i], &tasks);
        seconds += s->row[i].seconds;
        if (json)
            print_object(&w, &s->row[i], str_c(&tasks));
        else
            print_line(out, &s->row[i], str_c(&tasks));
    }
    if (json) {
        write_end(&w, ']');
        write_key(&w, "seconds");
        write_number(&w, seconds);
        write_end(&w, '}');
        str_add(out, "\n");
    } else {
        str_printf(out, "together %.1f s of steps; held-out figures at T 1\n", seconds);
    }
    str_free(&tasks);
}
