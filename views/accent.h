#ifndef GRPOLAB_VIEWS_ACCENT_H
#define GRPOLAB_VIEWS_ACCENT_H

#include <stdint.h>

/* Letters with accents, as a letter and the mark on it, and letters set lower. */

/* accent_split: the letter and the combining mark of a Latin letter that has one (U+00C0 to U+017F and the
 * vowels with a caron). The letter is ASCII, or U+0131 for an i without its dot.
 * Returns 0 when it is none. */
int accent_split(uint32_t code, uint32_t *letter, uint32_t *mark);
/* accent_is_above: whether a combining mark stands above its letter. */
int accent_is_above(uint32_t mark);
/* accent_subscript: the ASCII character that a subscript is a small one of; 0 where it is none. */
int accent_subscript(uint32_t code);

#endif
