/* Lessons: reading, and turning the pages.
 *
 * A page goes through phases: its lines are carried out (LESSON_WORKING), then it asks (LESSON_ASKING) or waits
 * for the reader (LESSON_STOP). Going back shows a page again and carries out nothing; so does coming forward to
 * a page that was carried out before. What fails in the middle is told in the pane, and the reader may go on. */
#include "app/lesson.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/keymap.h"
#include "scenarios/lessons.h"

/* What a page is made of, while it is read. Scripts keep the line numbers of the file: all other lines are left
 * empty in them. */
struct parts {
    struct str text, seen, drive, answer;
};

static void parts_free(struct parts *p)
{
    str_free(&p->text);
    str_free(&p->seen);
    str_free(&p->drive);
    str_free(&p->answer);
}

/* Source lines of a paragraph become one; a blank line, or one that begins with a blank, stands for itself. */
static void add_text(struct str *to, const char *s, int n)
{
    size_t end = to->n;
    int goes_on = end > 0 && to->s[end - 1] != '\n' && n > 0 && *s != ' ';

    if (goes_on)
        str_add(to, " ");
    else if (end > 0 && to->s[end - 1] != '\n')
        str_add(to, "\n");
    str_add_n(to, s, (size_t)n);
    if (n == 0 || *s == ' ')
        str_add(to, "\n");
}

static void trim(struct str *t)
{
    while (t->n && isspace((unsigned char)t->s[t->n - 1]))
        t->s[--t->n] = 0;
}

static enum status finish_page(struct lesson *l, struct parts *p, struct err *e)
{
    struct lesson_page *page = &l->page[l->n];
    enum status st;

    trim(&p->text);
    trim(&p->seen);
    page->text = strdup(str_c(&p->text));
    page->seen = strdup(str_c(&p->seen));
    l->n++;
    st = page->text && page->seen ? fill_check(page->text, e) : err_set(e, ST_NOMEM, "lesson", "no memory");
    if (!st)
        st = fill_check(page->seen, e);
    if (!st)
        st = script_read(&page->drive, l->name, str_c(&p->drive), e);
    if (!st)
        st = script_read(&page->answer, l->name, str_c(&p->answer), e);
    if (!st && !page->text[0])
        st = err_set(e, ST_USAGE, "lesson", "%s: page '%.60s' has no text", l->name, page->heading);
    if (!st && page->question.n && !page->answer.n)
        st = err_set(e, ST_USAGE, "lesson", "%s: page '%.60s' asks, but has no answer (@)", l->name, page->heading);
    page->drive.names = page->answer.names = &l->names;
    return st;
}

/* A line within a page. at: lines before it. */
static enum status page_line(struct lesson *l, struct parts *p, const char *s, int n, int number, struct err *e)
{
    struct lesson_page *page = &l->page[l->n];
    struct err inner = {0};
    char condition[512];
    int blank = n > 1 && s[1] == ' ';

    if (*s == '?') {
        snprintf(condition, sizeof condition, "%.*s", n - 1 - blank, s + 1 + blank);
        if (page->question.n || demand_parse(&page->question, condition, &inner))
            return err_set(e, ST_USAGE, "lesson", "%s:%d: %s", l->name, number,
                           page->question.n && !inner.code ? "a page asks one question" : inner.msg);
    } else if (*s == '>') {
        add_text(&p->seen, s + 1 + blank, n - 1 - blank);
    } else if (*s == ':') {
        str_add_n(&p->drive, s + 1 + blank, (size_t)(n - 1 - blank));
    } else if (*s == '@') {
        str_add_n(&p->answer, s + 1 + blank, (size_t)(n - 1 - blank));
    } else {
        add_text(&p->text, s, n);
    }
    return ST_OK;
}

enum status lesson_read(struct lesson *l, const char *name, const char *text, struct err *e)
{
    struct parts p = {0};
    int number = 0, is_in = 0, i;
    enum status st = ST_OK;

    memset(l, 0, sizeof *l);
    snprintf(l->name, sizeof l->name, "%.*s", (int)sizeof l->name - 1, name);
    for (; *text && !st; text += *text == '\n') {
        int n = (int)strcspn(text, "\n");
        const char *s = text;
        text += n;
        number++;
        if (n > 2 && !strncmp(s, "== ", 3)) {
            if (is_in)
                st = finish_page(l, &p, e);
            parts_free(&p);
            memset(&p, 0, sizeof p);
            for (i = 0; i < number - 1; i++) {
                str_add(&p.drive, "\n");
                str_add(&p.answer, "\n");
            }
            if (!st && l->n == LESSON_PAGES)
                st = err_set(e, ST_USAGE, "lesson", "%s:%d: more than %d pages", name, number, LESSON_PAGES);
            if (!st)
                snprintf(l->page[l->n].heading, sizeof l->page[l->n].heading, "%.*s", n - 3, s + 3);
            is_in = 1;
        } else if (n > 1 && !strncmp(s, "= ", 2)) {
            snprintf(l->title, sizeof l->title, "%.*s", n - 2, s + 2);
        } else if (*s != '#' && is_in) {
            st = page_line(l, &p, s, n, number, e);
        } else if (*s != '#' && n) {
            st = err_set(e, ST_USAGE, "lesson", "%s:%d: text before the first page (== HEADING)", name, number);
        }
        str_add(&p.drive, "\n");
        str_add(&p.answer, "\n");
    }
    if (!st && is_in)
        st = finish_page(l, &p, e);
    parts_free(&p);
    if (!st && (!l->n || !l->title[0]))
        st = err_set(e, ST_USAGE, "lesson", "%s: a lesson has a title (= TITLE) and pages (== HEADING)", name);
    if (st)
        lesson_free(l);
    return st;
}

void lesson_free(struct lesson *l)
{
    int i;

    for (i = 0; i < LESSON_PAGES; i++) {
        free(l->page[i].text);
        free(l->page[i].seen);
        script_free(&l->page[i].drive);
        script_free(&l->page[i].answer);
    }
    str_free(&l->shown);
    memset(l, 0, sizeof *l);
}

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
        lesson_close(d);
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
