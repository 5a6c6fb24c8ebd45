/* Commands about recipes and about what their stages learn from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_texts.h"
#include "app/session/session_recipe.h"

/* What a wrong name or a wrong file is told at once. */
static enum status check_name(const char *name, struct err *e)
{
    struct recipe *r = malloc(sizeof *r);
    enum status st = r ? recipe_load(r, name, e) : err_set(e, ST_NOMEM, "recipe", "no memory");

    free(r);
    return st;
}

enum status command_recipe(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_RECIPE};
    enum status st = ST_OK;
    int i;

    if (!l->argc) {
        desk_show_screen(d, SCREEN_RECIPE);
        return ST_OK;
    }
    for (i = 1; !st && i < l->argc; i++) {
        if (!strcmp(l->argv[i], "review"))
            m.reviews = 1;
        else if (!strchr(l->argv[i], '='))
            st = err_set(e, ST_USAGE, "recipe", "it is :recipe NAME key=value ... review, not '%.40s'",
                         l->argv[i]);
        else if (strlen(l->argv[i]) >= ENGINE_TEXT)
            st = err_set(e, ST_USAGE, "recipe", "'%.20s...' is too long", l->argv[i]);
        else
            snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%s", l->argv[i]);
    }
    if (!st && strlen(l->argv[0]) >= ENGINE_TEXT)
        st = err_set(e, ST_USAGE, "recipe", "a path has at most %d bytes here", ENGINE_TEXT - 1);
    if (!st)
        st = check_name(l->argv[0], e);
    if (st)
        return st;
    snprintf(m.text, sizeof m.text, "%s", l->argv[0]);
    desk_look_live(d);
    st = desk_post(d, &m, e);
    if (!st) {
        desk_show_screen(d, SCREEN_RECIPE);
        desk_say(d, "recipe %s ...", l->argv[0]);
    }
    return st;
}

enum status command_texts(struct desk *d, const struct command_line *l, struct err *e)
{
    struct record_run run = {0};
    enum status st = l->argc ? query_run(d->query, l->argv[0], &run, e) : ST_OK;

    if (!st)
        desk_texts_show(d, run.id);
    return st;
}

enum status command_judge(struct desk *d, const struct command_line *l, struct err *e)
{
    static const struct {
        const char *word;
        enum example_verdict verdict;
    } row[] = {{"accept", VERDICT_ACCEPTED}, {"reject", VERDICT_REJECTED}, {"swap", VERDICT_EDITED},
               {"rule", VERDICT_RULE},       {"edit", VERDICT_EDITED}};
    const char *text = l->rest + strcspn(l->rest, " \t");
    size_t i;

    text += strspn(text, " \t");
    for (i = 0; i < sizeof row / sizeof *row && strcmp(row[i].word, l->argv[0]); i++)
        ;
    if (i == sizeof row / sizeof *row)
        return err_set(e, ST_USAGE, "judge", "it is accept, reject, swap, rule or edit TEXT, not '%.40s'",
                       l->argv[0]);
    if ((strcmp(l->argv[0], "edit") == 0) != (*text != 0))
        return err_set(e, ST_USAGE, "judge", *text ? "it is :judge %s, nothing more"
                       : "it is :judge %s TEXT", l->argv[0]);
    return desk_texts_judge(d, row[i].verdict, *text ? text : NULL, e);
}
