/* `schedule`: pipeline schedules as text, picture or JSON; the screen of the workbench without a run. */
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "app/base/json_read.h"
#include "app/cli/calc.h"
#include "app/cli/cli.h"
#include "app/desk/desk_schedule.h"
#include "app/desk/save.h"
#include "app/theme.h"
#include "views/pane.h"

enum { WIDTH = 150, FIGURES_H = 10, OVERLAP_H = 12, ROWS_MOST = 200 };

/* What `calc schedule` takes, and with its timeline. */
static enum status print_json(const struct schedule_state *s, struct err *e)
{
    static const char *const kind[] = {"1f1b", "zb1p", "dualpipe"};
    struct str text = {0}, out = {0};
    json_t *in = NULL;
    enum status st;

    str_printf(
        &text,
        "{\"kind\":\"%s\",\"pp\":%d,\"micro_batches\":%d,\"f\":%.17g,\"b\":%.17g,\"w\":%.17g,\"fb\":%.17g,"
        "\"timeline\":true}",
        kind[s->chosen], s->devices, s->micro, s->f, s->b, s->w, s->fb);
    st = json_parse_line(str_c(&text), text.n, "schedule", &in, e);
    if (!st)
        st = calc_schedule(in, &out, e);
    if (!st) {
        str_add(&out, "\n");
        cli_print(&out);
    }
    json_decref(in);
    str_free(&text);
    str_free(&out);
    return st;
}

static void draw(struct canvas *c, const struct view *v)
{
    int w = c->w, h = c->h - FIGURES_H - OVERLAP_H;

    canvas_clear(c);
    pane_schedule(c, (struct rect){0, 0, w, h}, v);
    pane_figures(c, (struct rect){0, h, w, FIGURES_H}, v);
    pane_overlap(c, (struct rect){0, h + FIGURES_H, w, OVERLAP_H}, v);
}

static enum status print_picture(struct cli *c, struct schedule_state *s, struct err *e)
{
    struct view v;
    struct canvas canvas = {0};
    struct str text = {0};
    int w = WIDTH, h = SCHEDULE_KINDS * (s->devices + 1) + 3 + FIGURES_H + OVERLAP_H;
    enum status st;

    view_init(&v);
    v.schedule = s;
    if (args_has(&c->args, OPT_SNAPSHOT)) {
        w = c->args.snapshot.w;
        h = c->args.snapshot.h;
    }
    if (w < 60 || h < FIGURES_H + OVERLAP_H + 6)
        return err_set(e, ST_USAGE, "schedule", "--snapshot is 60x28 at least here, not %dx%d", w, h);
    canvas.chars = strcmp(nl_langinfo(CODESET), "UTF-8") && !args_has(&c->args, OPT_OUTPUT) ? CHARS_ASCII
                                                                                            : CHARS_BRAILLE;
    st = canvas_resize(&canvas, w, h < ROWS_MOST ? h : ROWS_MOST, e);
    if (!st) {
        draw(&canvas, &v);
        canvas_dump(&canvas, &text);
        if (args_has(&c->args, OPT_OUTPUT))
            st = save_screen(&canvas, theme_at(0), c->args.output, e);
        else
            cli_print(&text);
    }
    canvas_release(&canvas);
    str_free(&text);
    return st;
}

enum status cli_schedule(struct cli *c, struct err *e)
{
    const char *word[1 + WORDS_MAX];
    struct schedule_state s;
    int n = 0, i;
    enum status st = schedule_init(&s, e);

    if (c->args.operand.n) {
        word[n++] = c->args.operand.word[0];
        if (!st && schedule_find(word[0]) < 0)
            st = err_set(e, ST_USAGE, "schedule", "there is 1f1b, zb1p, dualpipe, not '%.40s'", word[0]);
    }
    for (i = 0; i < c->args.set.n; i++)
        word[n++] = c->args.set.word[i];
    if (!st)
        st = schedule_set(&s, word, n, e);
    if (!st)
        st = args_has(&c->args, OPT_JSON) ? print_json(&s, e) : print_picture(c, &s, e);
    schedule_release(&s);
    return st;
}
