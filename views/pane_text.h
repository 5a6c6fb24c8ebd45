#ifndef GRPOLAB_VIEWS_PANE_TEXT_H
#define GRPOLAB_VIEWS_PANE_TEXT_H

#include "views/view.h"

/* Where the tokens of the trace screen stand, for keys and mouse: asked of the same arrangement that is
 * drawn. c has the size of the screen and its characters. */

/* pane_text_move: the token that lies `lines` lines below (above where negative) the one that is shown;
 * -1: there is no trace. pane_text_page: the lines that are seen at once, less one. */
int pane_text_move(const struct canvas *c, const struct view *v, int lines);
int pane_text_page(const struct canvas *c, const struct view *v);
/* pane_text_at: the token at a cell of the screen, -1: none. */
int pane_text_at(const struct canvas *c, const struct view *v, int row, int col);

#endif
