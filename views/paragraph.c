/* Breaking text into lines. Columns are asked of the canvas, never counted in bytes. */
#include "views/paragraph.h"

#include <string.h>

/* Bytes of the word or of the blanks that s begins with. */
static int run_length(const char *s, int blanks)
{
    return (int)(blanks ? strspn(s, " ") : strcspn(s, " \n"));
}

/* As many whole characters of a word as fit; one at least. */
static int cut_word(const struct canvas *c, const char *s, int n, int width)
{
    int at = 0, used;

    while (at < n) {
        utf8_next(s + at, (size_t)(n - at), &used);
        if (at > 0 && canvas_width(c, s, at + used) > width)
            break;
        at += used;
    }
    return at;
}

int paragraph_break(const struct canvas *c, const char *s, int width, const char **next)
{
    int end = 0, at = 0, word;

    for (;;) {
        word = run_length(s + at, 0);
        if (word && canvas_width(c, s, at + word) > width)
            break;
        at += word;
        end = at;
        if (!s[at] || s[at] == '\n')
            break;
        at += run_length(s + at, 1);
    }
    if (!end && word)
        end = cut_word(c, s, word, width);
    s += end;
    s += run_length(s, 1);
    *next = *s == '\n' ? s + 1 : s;
    return end;
}

int paragraph_rows(const struct canvas *c, const char *s, int width)
{
    int rows = 0;

    while (*s) {
        paragraph_break(c, s, width < 1 ? 1 : width, &s);
        rows++;
    }
    return rows;
}

int paragraph_draw(struct canvas *c, struct rect r, int row, int col, enum style style, const char *s)
{
    const char *next;
    int n, end;

    while (*s && row < r.h && col < r.w) {
        n = paragraph_break(c, s, r.w - col, &next);
        end = canvas_text(c, r, row, col, style, s, n);
        if (*next && row == r.h - 1)
            canvas_put(c, r, row, end < r.w ? end : r.w - 1, style, 0x2026);
        s = next;
        row++;
    }
    return row;
}
