/* Lessons: reading one into its pages. All of it is checked first, its scripts and placeholders among it,
 * so that no lesson stops in the middle for a mistake in its text. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/script/lesson.h"

/* What a page is made of, while it is read. Scripts keep the line numbers of the file: all other lines are
 * left empty in them. */
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
        st = err_set(e, ST_USAGE, "lesson", "%s: page '%.60s' asks, but has no answer (@)", l->name,
                     page->heading);
    page->drive.names = page->answer.names = &l->names;
    return st;
}

/* A line within a page. at: lines before it. */
static enum status page_line(struct lesson *l, struct parts *p, const char *s, int n, int number,
                             struct err *e)
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
            st = err_set(e, ST_USAGE, "lesson", "%s:%d: text before the first page (== HEADING)", name,
                         number);
        }
        str_add(&p.drive, "\n");
        str_add(&p.answer, "\n");
    }
    if (!st && is_in)
        st = finish_page(l, &p, e);
    parts_free(&p);
    if (!st && (!l->n || !l->title[0]))
        st = err_set(e, ST_USAGE, "lesson", "%s: a lesson has a title (= TITLE) and pages (== HEADING)",
                     name);
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
