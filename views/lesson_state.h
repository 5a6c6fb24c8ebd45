#ifndef GRPOLAB_VIEWS_LESSON_STATE_H
#define GRPOLAB_VIEWS_LESSON_STATE_H

#include "views/canvas.h"

/* A lesson as its pane shows it. The application fills it; the pane reads it. */

enum lesson_phase {
    LESSON_WORKING,   /* the program is being driven to the page's place */
    LESSON_ASKING,    /* the answer is something to do */
    LESSON_STOP,      /* the user goes on */
    LESSON_FAILED     /* something did not come as it should: said in `note` */
};

struct lesson_state {
    char name[32], title[96], heading[96], note[256];   /* note: what is waited for, or what failed */
    int page, pages;                                    /* from 1 */
    enum lesson_phase phase;
    int is_last;
    const char *text;   /* paragraphs, a blank line between them; lines that begin with a blank stay as they
                         * are; `...` is what one types */
    int top;            /* first row of the wrapped text that is shown */
};

/* lesson_wrap: the rows of the text, `width` columns wide: calls line(ctx, row, s, n)
 * for each when it is not NULL; returns how many there are. Pure. */
int lesson_wrap(const struct canvas *c, const char *text, int width,
                void (*line)(void *ctx, int row, const char *s, int n), void *ctx);

/* lesson_rows: how many rows the pane takes of a screen of w by h. lesson_text_rows:
 * rows of text in it, and the width of the text. Pure. */
int lesson_rows(const struct lesson_state *s, int w, int h);
int lesson_text_rows(int w, int h, int rows, int *width);

#endif
