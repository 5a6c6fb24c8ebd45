/* The log, newest line last. A line that is too long goes on in further rows. */
#include <stdio.h>
#include <string.h>

#include "views/pane.h"
#include "views/paragraph.h"

enum { TIME = 10, WIDE = 60 };

static int count_lines(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += *s == '\n' || !s[1];
    return n;
}

static enum style line_style(const char *s, int n)
{
    if (memmem(s, (size_t)n, "error", 5))
        return STYLE_ERROR;
    if (memmem(s, (size_t)n, "warning", 7))
        return STYLE_WARNING;
    return STYLE_TEXT;
}

/* One line of the log from `row` on: what does not fit goes on below, where its text begins. Rows outside r
 * are not drawn. Returns how many it takes. */
static int put_line(struct canvas *c, struct rect r, int row, const char *s, int n)
{
    int indent = r.w >= WIDE ? TIME : 2, col = 0, rows = 0;
    const char *at = s, *next;

    do {
        int bytes = paragraph_break(c, at, r.w - col > 0 ? r.w - col : 1, &next);
        canvas_text(c, r, row + rows, col, line_style(s, n), at, bytes);
        rows++;
        col = indent;
        at = next;
    } while (at < s + n);
    return rows;
}

/* The line that ends right before `at`, NULL where there is none; *n: its bytes. */
static const char *line_before(const char *text, const char *at, int *n)
{
    const char *end = at;

    if (at == text)
        return NULL;
    if (end[-1] == '\n')
        end--;
    for (at = end; at > text && at[-1] != '\n'; at--)
        ;
    *n = (int)(end - at);
    return at;
}

void pane_log(struct canvas *c, struct rect r, const struct view *v)
{
    const char *s = v->log ? v->log : "", *first = s + strlen(s), *line;
    int lines = count_lines(s), rows = 0, up = v->log_up < 0 ? 0 : v->log_up, row, n;
    struct rect inner, text;
    char right[48];

    snprintf(right, sizeof right, "%d lines", lines);
    inner = pane_frame(c, r, v, PANE_LOG, "log", lines ? right : "");
    if (!lines) {
        pane_note(c, inner, "nothing has been logged");
        return;
    }
    text = rect_cut(inner, 1, 0, inner.w - 2, inner.h);
    /* From the end back, for as many lines as are seen. */
    while (rows < text.h + up && (line = line_before(s, first, &n))) {
        rows += put_line(c, rect_cut(text, 0, 0, text.w, 0), 0, line, n);
        first = line;
    }
    if (up > rows - text.h)
        up = rows > text.h ? rows - text.h : 0;
    for (row = rows > text.h ? text.h + up - rows : 0; *first && row < text.h;
         first += n + (first[n] == '\n')) {
        n = (int)strcspn(first, "\n");
        row += put_line(c, text, row, first, n);
    }
    if (up)
        canvas_right(c, inner, inner.h - 1, inner.w, STYLE_WARNING, " ▼ more below");
}
