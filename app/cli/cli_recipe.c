/* `recipe`: a chain of stages from nothing to its end, and a table of what each stage changed. */
#include "app/cli/cli.h"
#include "app/cli/cli_drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/desk/recipe_table.h"
#include "app/session/session_recipe.h"
#include "scenarios/registry.h"

static enum status print_recipes(struct cli *c, struct err *e)
{
    struct str text = {0};
    struct json_writer w = {.out = &text};
    struct recipe *r = malloc(sizeof *r);
    int json = args_has(&c->args, OPT_JSON);
    enum status st = r ? ST_OK : err_set(e, ST_NOMEM, "recipe", "no memory");
    if (json)
        write_begin(&w, '[');
    for (int i = 0; i < recipe_n() && !st; i++) {
        st = recipe_load(r, recipe_at(i)->name, e);
        if (st)
            break;
        if (!json) {
            str_printf(&text, "%-10s %s\n", r->name, r->summary);
            for (int k = 0; k < r->stages_n; k++)
                str_printf(&text, "    %-10s %-7s %s\n", r->stage[k].name, stage_name(r->stage[k].stage),
                           r->stage[k].summary);
            continue;
        }
        write_begin(&w, '{');
        write_key(&w, "name");
        write_word(&w, r->name);
        write_key(&w, "summary");
        write_word(&w, r->summary);
        write_end(&w, '}');
    }
    if (json) {
        write_end(&w, ']');
        str_add(&text, "\n");
    }
    if (!st)
        cli_print(&text);
    free(r);
    str_free(&text);
    return st;
}

static enum status print_course(struct cli *c, struct session *s, struct err *e)
{
    const struct course *k = s->course;
    struct recipe_state *table = calloc(1, sizeof *table);
    struct str text = {0};
    enum status st = table ? ST_OK : err_set(e, ST_NOMEM, "recipe", "no memory");
    if (!st)
        recipe_table_plan(&k->recipe, table);
    for (int i = 0; !st && i < table->n; i++)
        if (k->run[i])
            st = recipe_table_read(s->query, k->run[i], &table->row[i], e);
    if (!st) {
        recipe_table_print(table, args_has(&c->args, OPT_JSON), &text);
        cli_print(&text);
    }
    str_free(&text);
    free(table);
    return st;
}

/* Before a store is made for it. */
static enum status check_name(const char *name, struct err *e)
{
    struct recipe *r = malloc(sizeof *r);
    enum status st = r ? recipe_load(r, name, e) : err_set(e, ST_NOMEM, "recipe", "no memory");
    free(r);
    return st;
}

enum status cli_recipe(struct cli *c, struct err *e)
{
    struct drive d = {.target = -1, .quiet = args_has(&c->args, OPT_QUIET)};
    struct session *s;
    enum status st;
    if (!c->args.operand.n)
        return print_recipes(c, e);
    measured_init(&d.measured);
    st = check_name(c->args.operand.word[0], e);
    if (!st)
        st = cli_session(c, &s, e);
    if (st)
        return st;
    s->follow_chain = 1;
    drive_watch(&d, s);
    st = course_start(s, c->args.operand.word[0], c->args.set.word, c->args.set.n,
                      args_has(&c->args, OPT_SEED) ? (uint64_t)c->args.seed : 1, 0, e);
    if (!st && s->message[0])
        cli_note(c, "%s", s->message);
    if (!st)
        st = drive_run(&d, s, e);
    drive_unwatch(&d);
    return st ? st : print_course(c, s, e);
}
