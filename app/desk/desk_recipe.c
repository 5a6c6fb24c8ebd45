/* The desk's part of the recipe screen: which stages there are, and what is on record of each.
 *
 * The recipe is the engine's, where one is under way. Where none is, but the open run was made by one, its
 * stages are found by name: the run's own ancestors, and of each other stage the newest run of the same
 * seed. Rows are read when the engine has done something; a row whose run has not moved keeps its figures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_read.h"
#include "app/desk/desk_screen.h"
#include "app/desk/desk_texts.h"
#include "app/desk/recipe_table.h"
#include "app/session/session_recipe.h"
#include "scenarios/registry.h"
#include "views/recipe_state.h"

/* The view points at `shown`, the first member. */
struct recipe_desk {
    struct recipe_state shown;
    struct engine_course course;
    uint64_t version;            /* of the snapshot that was read for, 0: none */
    int64_t found_of;            /* the open run that the recipe was made out from, 0: none */
};

static struct recipe_desk *own(const struct desk *d)
{
    return (struct recipe_desk *)(void *)d->view.recipe;
}

static enum status init(struct desk *d, struct err *e)
{
    struct recipe_desk *x = calloc(1, sizeof *x);
    int i;

    if (!x)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    x->shown.at = -1;
    for (i = 0; i < recipe_n() && i < RECIPE_CHOICES; i++) {
        struct recipe_choice *k = &x->shown.choice[x->shown.choices_n++];
        const char *summary = strstr(recipe_at(i)->text, "\nsummary = ");
        snprintf(k->name, sizeof k->name, "%s", recipe_at(i)->name);
        summary = summary ? summary + strlen("\nsummary = ") : "";
        snprintf(k->summary, sizeof k->summary, "%.*s", (int)strcspn(summary, "\n"), summary);
    }
    d->view.recipe = &x->shown;
    return ST_OK;
}

static void release(struct desk *d)
{
    free(own(d));
    d->view.recipe = NULL;
}

/* The stage that a run is of: the part of its preset's name after the recipe's; -1: of none. */
static int stage_of(const struct recipe *r, const struct record_run *run)
{
    size_t n = strlen(r->name);

    return !strncmp(run->preset, r->name, n) && run->preset[n] == '/' ? recipe_find(r, run->preset + n + 1)
        : -1;
}

static const struct record_run *run_of(const struct record_run *run, int n, int64_t id)
{
    int i;

    for (i = 0; i < n; i++)
        if (run[i].id == id)
            return &run[i];
    return NULL;
}

/* The recipe that made the open run, and its stages' runs; stages_n 0: none did. */
static void make_out(struct desk *d, int64_t open)
{
    struct engine_course *c = &own(d)->course;
    struct record_run *run = NULL;
    const struct record_run *at;
    char name[NAME_BYTES];
    struct err none;
    int i, k, n = 0;

    memset(c, 0, sizeof *c);
    if (!open || query_runs(d->query, &run, &n, &none))
        return;
    at = run_of(run, n, open);
    snprintf(name, sizeof name, "%.*s", at ? (int)strcspn(at->preset, "/") : 0, at ? at->preset : "");
    if (!at || !strchr(at->preset, '/') || recipe_load(&c->recipe, name, &none) || stage_of(&c->recipe,
                                                                                            at) < 0) {
        c->recipe.stages_n = 0;
    } else {
        for (i = 0; i < n; i++)
            if (run[i].key[0] && run[i].seed == at->seed && (k = stage_of(&c->recipe, &run[i])) >= 0)
                c->run[k] = run[i].id;
        c->at = stage_of(&c->recipe, at);
        c->is_open = 1;
        for (i = 0; at && i < RECIPE_STAGES; i++, at = run_of(run, n, at->parent))
            if ((k = stage_of(&c->recipe, at)) >= 0)
                c->run[k] = at->id;
    }
    free(run);
}

/* Which recipe it is; returns whether there is one. */
static int choose(struct desk *d, int64_t open)
{
    struct recipe_desk *x = own(d);

    if (d->has_engine)
        engine_course(&d->engine, &x->course);
    else
        x->course.recipe.stages_n = 0;
    x->shown.is_found = !x->course.recipe.stages_n;
    if (x->shown.is_found)
        make_out(d, open);
    return x->course.recipe.stages_n > 0;
}

static void read_rows(struct desk *d)
{
    struct recipe_desk *x = own(d);
    struct recipe_state *s = &x->shown;
    struct recipe_row *old = malloc(sizeof s->row);
    int was = s->n, i;
    struct err e;

    if (!old)
        return;
    memcpy(old, s->row, sizeof s->row);
    if (strcmp(s->name, x->course.recipe.name) || s->list.selected == s->at)
        s->list.selected = x->course.at; /* what is chosen goes along with the recipe */
    recipe_table_plan(&x->course.recipe, s);
    for (i = 0; i < s->n; i++) {
        struct recipe_row *row = &s->row[i];
        if (i < was && old[i].run && old[i].run == x->course.run[i] && !strcmp(old[i].stage, row->stage)) {
            old[i].from_row = row->from_row;
            *row = old[i];
        }
        if (!x->course.run[i])
            continue;
        if (recipe_table_read(d->query, x->course.run[i], row, &e))
            desk_fail(d, &e);
        if (x->course.is_open && i == x->course.at && row->state != RECIPE_DONE)
            row->state = RECIPE_NOW;
        else if (row->state == RECIPE_NOW)
            row->state = RECIPE_BEGUN;
    }
    s->at = x->course.is_open && x->course.at < s->n ? x->course.at : -1;
    s->holds = x->course.holds;
    s->list.n = s->n;
    free(old);
}

static int rows(const struct desk *d)
{
    int n = view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_RECIPE);

    return n > 0 ? n : 1;
}

static int refresh(struct desk *d)
{
    struct recipe_desk *x = own(d);
    int64_t open = desk_run_id(d);

    if (!x->version || x->version != d->live->version || x->found_of != open) {
        x->version = d->live->version;
        x->found_of = open;
        if (choose(d, open)) {
            read_rows(d);
        } else {
            x->shown.n = 0;
            x->shown.at = -1;
            x->shown.list.n = x->shown.choices_n;
        }
    }
    list_clamp(&x->shown.list, rows(d));
    return 0;
}

static void enter(struct desk *d)
{
    const struct recipe_state *s = d->view.recipe;
    char text[64];
    struct err e;

    if (!s->n && s->list.selected < s->choices_n) {
        snprintf(text, sizeof text, "recipe %s ", s->choice[s->list.selected].name);
        desk_prompt(d, text);
    } else if (s->list.selected < s->n && !s->row[s->list.selected].run) {
        desk_say(d, "stage %s has no run yet", s->row[s->list.selected].stage);
    } else if (s->list.selected < s->n) {
        snprintf(text, sizeof text, "open %lld", (long long)s->row[s->list.selected].run);
        if (s->row[s->list.selected].run != desk_run_id(d) && command_run(d, text, &e))
            desk_fail(d, &e);
        else
            desk_show_screen(d, SCREEN_DASHBOARD);
    }
}

static void show_texts(struct desk *d)
{
    const struct recipe_state *s = d->view.recipe;
    const struct recipe_row *row = s->list.selected < s->n ? &s->row[s->list.selected] : NULL;

    if (row && !row->collects)
        desk_say(d, "stage %s learns from no collected text", row->stage);
    else if (row && !row->run)
        desk_say(d, "stage %s has no run yet; its texts are collected when it begins", row->stage);
    else
        desk_texts_show(d, row ? row->run : 0);
}

static int request(struct desk *d, enum request r, int argument)
{
    struct list *l = &d->view.recipe->list;
    int n = rows(d), by = desk_motion(r, n);

    (void)argument;
    if (by) {
        list_move(l, by, n);
        return 1;
    }
    switch (r) {
    case REQUEST_ENTER: enter(d); return 1;
    case REQUEST_TEXTS: show_texts(d); return 1;
    default: return 0;
    }
}

const struct desk_screen desk_recipe = {init, release, refresh, request};
