#ifndef GRPOLAB_TESTS_GOLDEN_H
#define GRPOLAB_TESTS_GOLDEN_H

#include "views/view.h"

/* Whole frames as text, and golden files of them: tests/golden/screens/NAME.txt. GRPOLAB_RENEW=1 (`make
 * golden`) writes the files anew instead of comparing; look at the difference before it is kept. All of these
 * fail the test that calls them. */

/* golden_draw: a frame of w by h cells. */
void golden_draw(struct canvas *c, const struct view *v, int w, int h, enum chars chars);

/* golden_compare: a text with the golden file of that name. */
void golden_compare(const char *name, const struct str *got);

/* golden_screen: a frame with the golden file NAME_WxH, or NAME_WxH_ascii. with_styles: also what each cell
 * means. */
void golden_screen(const char *name, const struct view *v, int w, int h, enum chars chars, int with_styles);

/* golden_three_sizes: golden_screen at 80x24, 120x40 and 40x10, in braille and in ASCII. */
void golden_three_sizes(const char *name, const struct view *v);

/* golden_contains: whether a frame has a text. */
int golden_contains(const struct canvas *c, const char *text);

/* golden_cells: every cell of a frame can go to a terminal: no control and no direction character, halves of
 * wide characters match, nothing but ASCII where no more can be shown; and the dump has h lines of at most w
 * columns. */
void golden_cells(const struct canvas *c);

/* golden_sizes: golden_cells of a view's screen from 20x5 to 240x70, every dw columns and dh rows, with all
 * levels of characters. */
void golden_sizes(const struct view *v, int dw, int dh);

#endif
