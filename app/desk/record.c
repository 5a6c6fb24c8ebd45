/* The recording: each frame is compared with the one before; only cells that differ are written, a run of
 * them after one movement of the cursor, with a style only where it changes. A frame of another size or
 * another theme is written whole. */
#include "app/desk/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/str.h"

struct recording {
    FILE *file;
    struct canvas last;       /* w 0: nothing has been written */
    const struct theme *theme;
    int row, col;             /* of the cursor that is shown; -1: hidden */
    double begin;             /* < 0: the first frame is yet to come */
    struct str text;
};

static enum status fail(const char *doing, struct err *e)
{
    int why = errno;

    return err_set(e, why == ENOSPC ? ST_FULL : why == EROFS || why == EACCES ? ST_READONLY : ST_IO, "record",
                   "%s: %s", doing, strerror(why));
}

enum status recording_open(struct recording **out, const char *path, int w, int h, struct err *e)
{
    struct recording *r = calloc(1, sizeof *r);

    *out = NULL;
    if (!r)
        return err_set(e, ST_NOMEM, "record", "no memory");
    r->begin = -1;
    r->row = r->col = -1;
    r->file = fopen(path, "wbe");
    if (!r->file) {
        free(r);
        return fail("cannot write the file", e);
    }
    fprintf(r->file,
            "{\"version\": 2, \"width\": %d, \"height\": %d, \"timestamp\": %lld, \"title\": \"grpolab\", "
            "\"env\": {\"TERM\": \"xterm-256color\"}}\n",
            w, h, (long long)time(NULL));
    *out = r;
    return ST_OK;
}

static void put_code(struct str *s, uint32_t code)
{
    char bytes[4];

    if (code)
        str_add_n(s, bytes, (size_t)utf8_put(code, bytes));
}

static int is_same(const struct cell *a, const struct cell *b)
{
    return a->code == b->code && a->mark == b->mark && a->width == b->width && a->style == b->style &&
           a->selected == b->selected;
}

static void put_cells(struct recording *r, const struct canvas *c, int whole)
{
    char escape[THEME_ESCAPE];
    int row, col, at_row = -1, at_col = -1, style = -1;

    for (row = 0; row < c->h; row++)
        for (col = 0; col < c->w; col++) {
            const struct cell *k = canvas_at(c, row, col);
            int look = k->style * 2 + k->selected;
            if (!k->width || (!whole && is_same(k, canvas_at(&r->last, row, col))))
                continue;
            if (at_row != row || at_col != col)
                str_printf(&r->text, "\033[%d;%dH", row + 1, col + 1);
            if (look != style) {
                theme_escape(r->theme, (enum style)k->style, k->selected, escape);
                str_add(&r->text, escape);
            }
            style = look;
            put_code(&r->text, k->code);
            put_code(&r->text, k->mark);
            at_row = row;
            at_col = col + k->width;
        }
    if (style >= 0)
        str_add(&r->text, "\033[0m");
}

/* One event. JSON wants quotes, backslashes and control characters escaped; UTF-8 stays. */
static void put_event(FILE *f, double seconds, char kind, const char *s, size_t n)
{
    size_t i;

    fprintf(f, "[%.6f, \"%c\", \"", seconds, kind);
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(f, "\\u%04x", c);
        else
            fputc(c, f);
    }
    fputs("\"]\n", f);
}

enum status recording_frame(struct recording *r, const struct canvas *c, const struct theme *theme, int row,
                            int col, double now, struct err *e)
{
    int first = r->begin < 0, resized = !first && (r->last.w != c->w || r->last.h != c->h);
    int whole = first || resized || theme != r->theme;
    char size[32];

    if (first)
        r->begin = now;
    r->theme = theme;
    str_clear(&r->text);
    if (resized) {
        snprintf(size, sizeof size, "%dx%d", c->w, c->h);
        put_event(r->file, now - r->begin, 'r', size, strlen(size));
    }
    if (whole)
        str_add(&r->text, "\033[?25l\033[0m\033[2J");
    put_cells(r, c, whole);
    if (row >= 0 && (r->text.n || row != r->row || col != r->col))
        str_printf(&r->text, "\033[%d;%dH%s", row + 1, col + 1, r->row < 0 || whole ? "\033[?25h" : "");
    else if (row < 0 && r->row >= 0)
        str_add(&r->text, "\033[?25l");
    r->row = row;
    r->col = col;
    if (canvas_resize(&r->last, c->w, c->h, e))
        return ST_NOMEM;
    memcpy(r->last.cell, c->cell, (size_t)c->w * (size_t)c->h * sizeof *c->cell);
    if (r->text.failed)
        return err_set(e, ST_NOMEM, "record", "no memory");
    if (r->text.n)
        put_event(r->file, now - r->begin, 'o', r->text.s, r->text.n);
    return fflush(r->file) ? fail("the recording cannot be written", e) : ST_OK;
}

enum status recording_close(struct recording *r, struct err *e)
{
    enum status st = ST_OK;

    if (!r)
        return ST_OK;
    if (fclose(r->file))
        st = fail("the end of the recording cannot be written", e);
    canvas_release(&r->last);
    str_free(&r->text);
    free(r);
    return st;
}
