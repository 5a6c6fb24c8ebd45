/* `--script FILE` and `lesson`: the workbench driven by a text. On a terminal it is the workbench that
 * everyone knows; without one, or where a screen's size is named, the same desk works in a loop of its own. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cli/cli.h"
#include "app/workbench.h"
#include "scenarios/lessons.h"

enum { USUAL_W = 120, USUAL_H = 40 };

/* What a script says or shows, at once; nothing in it reaches the terminal as a control character. */
static void print(const char *text)
{
    struct str out = {0};

    while (*text) {
        size_t n = strcspn(text, "\n");
        cli_safe(&out, text, n);
        text += n;
        if (*text == '\n')
            str_add(&out, "\n");
        text += *text == '\n';
    }
    cli_print(&out);
    str_free(&out);
}

static int has_terminal(const struct cli *c)
{
    return !args_has(&c->args, OPT_SNAPSHOT) && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static enum status without_terminal(struct cli *c, const char *target, const struct guide *guide,
                                    int with_screens, struct err *e)
{
    int given = args_has(&c->args, OPT_SNAPSHOT);
    int w = given ? c->args.snapshot.w : USUAL_W, h = given ? c->args.snapshot.h : USUAL_H;
    struct str last = {0};
    struct session *s;
    enum status st = cli_session(c, &s, e);

    if (!st)
        st = workbench_guide(s, target, guide, w, h, with_screens, print,
                             given && !with_screens ? &last : NULL, e);
    print(str_c(&last));
    str_free(&last);
    return st;
}

enum status cli_script(struct cli *c, const char *target, struct err *e)
{
    struct script script;
    struct guide guide = {&script, NULL, 0};
    struct session *s;
    enum status st = script_load(&script, c->args.script, e);

    if (st)
        return st;
    if (has_terminal(c)) {
        st = cli_session(c, &s, e);
        if (!st)
            st = workbench_run(s, target, c->args.record, &guide, e);
    } else {
        script.print = print;
        st = without_terminal(c, target, &guide, 0, e);
    }
    if (st && script.unmet) { /* what it asks for does not hold: that is no failure of the program */
        fprintf(stderr, "grpolab: %s: %s\n", e->where, e->msg);
        c->unmet = 1;
        st = ST_OK;
    }
    script_free(&script);
    return st;
}

static void list_lessons(void)
{
    struct str out = {0};
    const char *title;
    int i;

    for (i = 0; i < lesson_n(); i++) {
        title = lesson_title(lesson_at(i));
        str_printf(&out, "%-12s %.*s\n", lesson_at(i)->name, (int)strcspn(title, "\n"), title);
    }
    cli_print(&out);
    str_free(&out);
}

static const char *lesson_name(int i)
{
    return i < lesson_n() ? lesson_at(i)->name : NULL;
}

enum status cli_lesson(struct cli *c, struct err *e)
{
    const char *name = c->args.operand.n ? c->args.operand.word[0] : NULL;
    struct guide guide = {NULL, name, args_has(&c->args, OPT_AUTO)};
    struct session *s;
    char hint[64];
    enum status st;

    if (!name) {
        list_lessons();
        return ST_OK;
    }
    if (!lesson_find(name)) {
        near_hint(name, lesson_name, hint, sizeof hint);
        return err_set(e, ST_USAGE, "lesson", "there is no lesson '%.40s'%s", name,
                       hint[0] ? hint : "; `grpolab lesson` lists them");
    }
    if (guide.is_auto)
        return without_terminal(c, NULL, &guide, args_has(&c->args, OPT_SNAPSHOT), e);
    if (!has_terminal(c))
        return err_set(e, ST_USAGE, "lesson",
                       "a lesson needs a terminal; with --auto it answers by itself and is told "
                       "on stdout");
    st = cli_session(c, &s, e);
    return st ? st : workbench_run(s, NULL, NULL, &guide, e);
}
