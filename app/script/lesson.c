/* Lessons: turning the pages.
 *
 * A page goes through phases: its lines are carried out (LESSON_WORKING), then it asks (LESSON_ASKING) or
 * waits for the reader (LESSON_STOP). Going back shows a page again and carries out nothing; so does coming
 * forward to a page that was carried out before. What fails in the middle is told in the pane, and the
 * reader may go on. */
#include "app/script/lesson.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/keymap.h"
#include "app/script/lesson_runs.h"
#include "scenarios/lessons.h"

void lesson_close(struct desk *d)
{
    d->view.lesson = NULL;
    if (!d->lesson)
        return;
    lesson_free(d->lesson);
    free(d->lesson);
    d->lesson = NULL;
}

/* The page's text as it stands in the file, for as long as numbers are missing. */
static void show_plain(struct lesson *l)
{
    const char *s = l->page[l->at].text;
    int inside = 0;

    str_clear(&l->shown);
    for (; *s; s++) {
        if (*s == '{')
            str_add(&l->shown, "…");
        inside = *s == '{' || (inside && *s != '}');
        if (!inside && *s != '}')
            str_add_n(&l->shown, s, 1);
    }
}

static void note(struct lesson *l, const char *text)
{
    snprintf(l->state.note, sizeof l->state.note, "%s", text);
}

static void open_page(struct lesson *l, int at)
{
    const struct lesson_page *p;
    int i;

    l->at = at;
    p = &l->page[at];
    snprintf(l->state.name, sizeof l->state.name, "%s", l->name);
    snprintf(l->state.title, sizeof l->state.title, "%s", l->title);
    snprintf(l->state.heading, sizeof l->state.heading, "%s", p->heading);
    l->state.page = at + 1;
    l->state.pages = l->n;
    l->state.is_last = at == l->n - 1;
    l->state.top = 0;
    note(l, "");
    l->is_answering = 0;
    l->is_answered = l->answered >> at & 1;
    for (i = 0; i < 2; i++)
        script_rewind(i ? &l->page[at].answer : &l->page[at].drive);
    memset(&l->watch, 0, sizeof l->watch);
    l->state.phase = at > l->furthest                  ? LESSON_WORKING
                     : p->question.n && !l->is_answered ? LESSON_ASKING
                                                        : LESSON_STOP;
    if (l->state.phase == LESSON_WORKING)
        show_plain(l);
}

/* The text with its numbers; with what was seen, once the question is answered. */
static enum status fill(struct lesson *l, struct desk *d, struct err *e)
{
    const struct lesson_page *p = &l->page[l->at];
    enum status st;

    str_clear(&l->shown);
    st = fill_text(d, &l->names, p->text, &l->shown, e);
    if (!st && l->is_answered && p->seen[0]) {
        str_add(&l->shown, "\n\n");
        l->seen_at = l->shown.n;
        st = fill_text(d, &l->names, p->seen, &l->shown, e);
    }
    l->state.text = str_c(&l->shown);
    return st;
}

enum status lesson_begin(struct desk *d, const char *name, const char *text, struct err *e)
{
    struct lesson *l = calloc(1, sizeof *l);
    enum status st = l ? lesson_read(l, name, text, e) : err_set(e, ST_NOMEM, "lesson", "no memory");

    if (st) {
        free(l);
        return st;
    }
    lesson_close(d);
    l->furthest = -1;
    d->lesson = l;
    d->view.lesson = &l->state;
    open_page(l, 0);
    l->state.text = str_c(&l->shown);
    return ST_OK;
}

enum status lesson_open(struct desk *d, const char *name, struct err *e)
{
    const struct lesson_text *text = lesson_find(name);
    struct str names = {0};
    int i;

    if (text)
        return lesson_begin(d, name, text->text, e);
    for (i = 0; i < lesson_n(); i++)
        str_printf(&names, "%s%s", i ? ", " : "", lesson_at(i)->name);
    err_set(e, ST_NOTFOUND, "lesson", "there is no lesson '%.40s', but %s", name, str_c(&names));
    str_free(&names);
    return ST_NOTFOUND;
}

/* How far a long page goes on below what is shown; 0: all is shown. */
static int text_left(const struct desk *d, const struct lesson *l, int *rows)
{
    int w = d->canvas.w, h = d->canvas.h, width, all;
    struct canvas measure = {.w = w, .h = h};

    *rows = 0;
    if (w < LAYOUT_MIN_W || h < LAYOUT_MIN_H)
        return 0;
    *rows = lesson_text_rows(w, h, lesson_rows(&l->state, w, h), &width);
    all = lesson_wrap(&measure, l->state.text, width, NULL, NULL);
    return all - l->state.top - *rows > 0 ? all - l->state.top - *rows : 0;
}

void lesson_next(struct desk *d)
{
    struct lesson *l = d->lesson;
    int rows;

    if (!l)
        return;
    if (text_left(d, l, &rows) > 0 && rows > 0) {
        l->state.top += rows > 2 ? rows - 1 : rows;
        return;
    }
    if (l->state.phase == LESSON_WORKING)
        return;   /* the page is not there yet; :lesson next would leave it half way */
    if (l->at + 1 == l->n)
        lesson_leave(d);
    else
        open_page(l, l->at + 1);
    if (d->lesson && l->state.phase != LESSON_WORKING) {
        struct err e;
        if (fill(l, d, &e))
            show_plain(l);
        l->state.text = str_c(&l->shown);
    }
}

void lesson_back(struct desk *d)
{
    struct lesson *l = d->lesson;
    struct err e;

    if (!l)
        return;
    if (l->state.top > 0) {
        l->state.top = 0;
        return;
    }
    if (l->at == 0)
        return;
    if (l->furthest < l->at)
        l->furthest = l->at;   /* what it has begun is not begun again */
    open_page(l, l->at - 1);
    if (fill(l, d, &e))
        show_plain(l);
    l->state.text = str_c(&l->shown);
}

int lesson_enter(const struct desk *d)
{
    return d->lesson && d->lesson->state.phase == LESSON_STOP && d->view.overlay == OVERLAY_NONE &&
           (d->view.focus == PANE_NONE || d->view.focus == PANE_LESSON);
}

int lesson_key(struct desk *d, const struct key_event *k)
{
    const struct key_row *row;
    int i, n;

    if (!d->lesson || d->view.overlay != OVERLAY_NONE || k->key != INPUT_CHAR)
        return 0;
    if (k->code == '\r' && lesson_enter(d)) {
        lesson_next(d);
        return 1;
    }
    for (i = 0; (row = keymap_row(i)); i++)
        for (n = 0; n < KEY_INPUTS && row->on[n].code; n++)
            if ((row->request == REQUEST_LESSON_NEXT || row->request == REQUEST_LESSON_BACK) &&
                row->on[n].code == k->code) {
                request_do(d, row->request, row->argument);
                return 1;
            }
    return 0;
}

static void fail(struct lesson *l, const struct err *e)
{
    note(l, e->msg);
    l->state.phase = LESSON_FAILED;
    l->state.text = str_c(&l->shown);
}

/* The page's own lines are done: its text gets its numbers. */
static void ready(struct lesson *l, struct desk *d)
{
    const struct lesson_page *p = &l->page[l->at];
    struct err e;

    if (l->at > l->furthest)
        l->furthest = l->at;
    if (fill(l, d, &e)) {
        show_plain(l);
        fail(l, &e);
        return;
    }
    note(l, "");
    l->state.phase = p->question.n && !l->is_answered ? LESSON_ASKING : LESSON_STOP;
    watch_met(&l->watch, d, NULL); /* what was there before the question does not answer it */
}

static int work_page(struct lesson *l, struct desk *d)
{
    struct lesson_page *p = &l->page[l->at];
    struct err e = {0};
    char waits[200];

    switch (script_go(&p->drive, d, &e)) {
    case SCRIPT_ENDED: ready(l, d); return 1;
    case SCRIPT_FAILED: fail(l, &e); return 1;
    case SCRIPT_WAITS: break;
    }
    waits[0] = 0;
    if (p->drive.at < p->drive.n) {
        const struct script_line *line = &p->drive.line[p->drive.at];
        const char *verb, *arguments, *what;
        verb = line->verb >= 0 ? script_verb(line->verb, &arguments, &what) : NULL;
        snprintf(waits, sizeof waits, "%s %.150s ...", verb ? verb : ":", line->rest);
    }
    if (!strcmp(waits, l->state.note))
        return 0;
    note(l, waits);
    return 1;
}

static int work_question(struct lesson *l, struct desk *d)
{
    struct lesson_page *p = &l->page[l->at];
    struct err e = {0};
    char why[200];

    if (l->is_auto && !l->is_answering) {
        switch (script_go(&p->answer, d, &e)) {
        case SCRIPT_FAILED: fail(l, &e); return 1;
        case SCRIPT_WAITS: return 0;
        case SCRIPT_ENDED: l->is_answering = 1; break;
        }
    }
    if (!watch_met(&l->watch, d, &p->question)) {
        if (!l->is_auto || !watch_settled(&l->watch, d) || watch_met(&l->watch, d, &p->question))
            return 0;
        watch_say(&l->watch, d, &p->question, why, sizeof why);
        err_set(&e, ST_FAILED, "lesson", "the answer did not bring it about: %.180s", why);
        fail(l, &e);
        return 1;
    }
    l->is_answered = 1;
    l->answered |= 1u << l->at;
    ready(l, d);
    return 1;
}

int lesson_work(struct desk *d)
{
    struct lesson *l = d->lesson;

    if (!l)
        return 0;
    l->state.text = str_c(&l->shown);
    if (l->state.phase == LESSON_WORKING)
        return work_page(l, d);
    if (l->state.phase == LESSON_ASKING)
        return work_question(l, d);
    return 0;
}

double lesson_deadline(const struct desk *d)
{
    const struct lesson *l = d->lesson;

    if (!l)
        return INFINITY;
    return l->state.phase == LESSON_WORKING                  ? l->page[l->at].drive.deadline
           : l->state.phase == LESSON_ASKING && l->is_auto   ? l->page[l->at].answer.deadline
                                                             : INFINITY;
}
