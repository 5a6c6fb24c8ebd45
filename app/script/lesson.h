#ifndef GRPOLAB_APP_LESSON_H
#define GRPOLAB_APP_LESSON_H

#include "app/script/script.h"
#include "views/lesson_state.h"

/* A lesson: pages of narration, each with lines of a script that bring the program to the place it speaks
 * of.
 *
 *     = TITLE                  once, at the top
 *     == HEADING               begins a page
 *     text, a blank line between paragraphs; a line that begins with a blank stays as it is
 *     : LINE                   a line of a script, carried out when the page is opened
 *     ? CONDITION              a question: the page waits until the user has made this hold
 *     @ LINE                   a line of a script that answers it, for a lesson that runs by itself
 *     > TEXT                   told once it holds
 *     # comment
 *
 * {placeholders} in the text are filled in when the page's lines are done, those of > when the answer is
 * there. */

enum { LESSON_PAGES = 24 };

struct lesson_page {
    char heading[96];
    char *text, *seen;
    struct script drive, answer;
    struct demand question;      /* n 0: none */
};

struct lesson {
    char name[32], title[96];
    struct lesson_page page[LESSON_PAGES];
    int n, at, furthest;         /* pages; the one in view; the last one whose lines were carried out */
    int is_auto;                 /* answers by itself and turns its pages */
    int is_answered, is_answering;
    unsigned answered;           /* bit: the page's question */
    struct lesson_state state;
    struct str shown;            /* the page's text as filled in */
    size_t seen_at;              /* where in it stands what is told after the answer */
    struct remembered names;
    struct watch watch;
};

/* lesson_read: Errors: ST_USAGE "NAME:LINE: ...". Memory: owned, lesson_free. */
enum status lesson_read(struct lesson *l, const char *name, const char *text, struct err *e);
void lesson_free(struct lesson *l);

/* lesson_open: one that is built in, on a desk; replaces the one that is open. Errors: ST_NOTFOUND (lists
 * the names), lesson_read's. lesson_begin: the same with a text of one's own. lesson_close: none is open
 * any more. */
enum status lesson_open(struct desk *d, const char *name, struct err *e);
enum status lesson_begin(struct desk *d, const char *name, const char *text, struct err *e);
void lesson_close(struct desk *d);

/* lesson_next: reads on in a long page, else the next page; after the last one the lesson is closed.
 * lesson_back: the page before, without carrying out anything. */
void lesson_next(struct desk *d);
void lesson_back(struct desk *d);
/* lesson_enter: whether Enter now means lesson_next: the page has said all and asks nothing. */
int lesson_enter(const struct desk *d);
/* lesson_key: a key that belongs to the lesson that is open; 1: it was carried out. */
int lesson_key(struct desk *d, const struct key_event *k);

/* lesson_work: goes on with what can be done now; returns whether the screen should be drawn anew. */
int lesson_work(struct desk *d);
/* lesson_deadline: when a wait of it ends, by desk_clock; INFINITY: never. */
double lesson_deadline(const struct desk *d);

#endif
