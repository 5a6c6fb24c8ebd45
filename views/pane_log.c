/* The log, newest line last. */
#include <stdio.h>
#include <string.h>

#include "views/pane.h"

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

/* A line that does not fit says so. */
static void draw_line(struct canvas *c, struct rect r, int row, const char *s, int n)
{
    int end = canvas_text(c, r, row, 0, line_style(s, n), s, n);

    if (end > r.w)
        canvas_put(c, r, row, r.w - 1, STYLE_DIM, 0x2026);
}

void pane_log(struct canvas *c, struct rect r, const struct view *v)
{
    const char *s = v->log ? v->log : "";
    int lines = count_lines(s), top, up, i;
    struct rect inner, text;
    char right[48];

    snprintf(right, sizeof right, "%d lines", lines);
    inner = pane_frame(c, r, v, PANE_LOG, "log", lines ? right : "");
    if (!lines) {
        pane_note(c, inner, "nothing has been logged");
        return;
    }
    text = rect_cut(inner, 1, 0, inner.w - 2, inner.h);
    top = lines > text.h ? lines - text.h : 0;
    up = v->log_up < 0 ? 0 : v->log_up > top ? top : v->log_up;
    top -= up;
    for (i = 0; *s && i < top + text.h; i++) {
        const char *end = strchr(s, '\n');
        int n = end ? (int)(end - s) : (int)strlen(s);
        if (i >= top)
            draw_line(c, text, i - top, s, n);
        s += n + (end != NULL);
    }
    if (up)
        canvas_right(c, inner, inner.h - 1, inner.w, STYLE_WARNING, " ▼ more below");
}
