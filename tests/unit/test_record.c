/* The recording, played back by a small terminal of its own: after each event the screen is the canvas. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/desk/record.h"
#include "engine/base/str.h"
#include "tests/golden/moments.h"

enum { MAX_W = 200, MAX_H = 60, FRAMES = 6 };

struct player {
    int w, h, row, col, cursor;
    char style[THEME_ESCAPE];
    uint32_t code[MAX_H][MAX_W];
    char look[MAX_H][MAX_W][THEME_ESCAPE];
};

static char path[256];

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");

    setlocale(LC_ALL, "C.UTF-8");
    snprintf(path, sizeof path, "%s/grpolab-cast-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    close(mkstemp(path));
}

static void tear_down(void)
{
    unlink(path);
}

/* A string of JSON, its quotes left out, decoded into *out. */
static void decode(const char *s, struct str *out)
{
    str_clear(out);
    for (; *s && *s != '"'; s++) {
        char c = *s;
        if (c == '\\' && s[1] == 'u') {
            c = (char)strtol((char[]){s[2], s[3], s[4], s[5], 0}, NULL, 16);
            s += 5;
        } else if (c == '\\') {
            c = *++s;
        }
        str_add_n(out, &c, 1);
    }
}

/* One escape sequence; returns its bytes. Only what a recording uses is known. */
static size_t play_escape(struct player *p, const char *s)
{
    int a = 0, b = 0;
    size_t n = 2 + strspn(s + 2, "0123456789;?");
    char end = s[n];

    cr_assert_eq(s[1], '[');
    if (end == 'H') {
        cr_assert_eq(sscanf(s, "\033[%d;%dH", &a, &b), 2);
        p->row = a - 1;
        p->col = b - 1;
    } else if (end == 'J') {
        memset(p->code, 0, sizeof p->code);
    } else if (end == 'm') {
        snprintf(p->style, sizeof p->style, "%.*s", (int)n + 1, s);
    } else {
        cr_assert(end == 'h' || end == 'l');
        p->cursor = end == 'h';
    }
    return n + 1;
}

static void play(struct player *p, const char *s)
{
    while (*s) {
        int used;
        uint32_t code;
        if (*s == '\033') {
            s += play_escape(p, s);
            continue;
        }
        code = utf8_next(s, strlen(s), &used);
        s += used;
        cr_assert(p->row >= 0 && p->row < p->h && p->col >= 0 && p->col < p->w, "written outside the screen");
        p->code[p->row][p->col] = code;
        snprintf(p->look[p->row][p->col], THEME_ESCAPE, "%s", p->style);
        p->col++;
    }
}

static void check(const struct player *p, const struct canvas *c, const struct theme *theme, int frame)
{
    char want[THEME_ESCAPE];
    int row, col;

    cr_assert(p->w == c->w && p->h == c->h);
    for (row = 0; row < c->h; row++)
        for (col = 0; col < c->w; col++) {
            const struct cell *k = canvas_at(c, row, col);
            cr_assert_eq(p->code[row][col], k->code, "frame %d, row %d, column %d", frame, row, col);
            theme_escape(theme, (enum style)k->style, k->selected, want);
            cr_assert_str_eq(p->look[row][col], want, "frame %d, row %d, column %d", frame, row, col);
        }
}

static void frame(struct canvas *c, struct moment *m, int i)
{
    static const int size[FRAMES][2] = {{80, 24}, {80, 24}, {80, 24}, {120, 40}, {120, 40}, {40, 10}};
    int row, col;

    m->now->step = 148 + i;
    m->now->progress = 0.1 * i;
    m->view.message = i == 2 ? "a \"quoted\" \\ message" : NULL;
    m->view.screen = i == 4 ? SCREEN_RUNS : SCREEN_DASHBOARD;
    cr_assert_eq(canvas_resize(c, size[i][0], size[i][1], NULL), ST_OK);
    view_draw(c, &m->view, &row, &col);
}

static void record(const struct theme *theme)
{
    struct recording *r;
    struct canvas c = {0};
    struct moment m;
    int i;

    cr_assert(moment_make(&m, "grpo"));
    cr_assert_eq(recording_open(&r, path, 80, 24, NULL), ST_OK);
    for (i = 0; i < FRAMES; i++) {
        frame(&c, &m, i);
        cr_assert_eq(recording_frame(r, &c, theme, i == 2 ? 23 : -1, 5, 1000 + 0.25 * i, NULL), ST_OK);
    }
    cr_assert_eq(recording_frame(r, &c, theme, -1, 0, 1002, NULL), ST_OK, "nothing has changed: no event");
    cr_assert_eq(recording_close(r, NULL), ST_OK);
    canvas_release(&c);
    moment_free(&m);
}

Test(record, a_replay_shows_every_frame, .init = set_up, .fini = tear_down)
{
    const struct theme *theme = theme_find("default");
    struct player *p = calloc(1, sizeof *p);
    struct canvas c = {0};
    struct str out = {0};
    struct moment m;
    char *line = NULL;
    size_t cap = 0, first = 0, second = 0;
    double at, last = 0;
    int frames = 0, resizes = 0;
    FILE *f;

    record(theme);
    cr_assert(moment_make(&m, "grpo"));
    f = fopen(path, "r");
    cr_assert(getline(&line, &cap, f) > 0);
    cr_assert_not_null(strstr(line, "\"version\": 2"));
    cr_assert_eq(sscanf(strstr(line, "\"width\""), "\"width\": %d, \"height\": %d", &p->w, &p->h), 2);
    while (getline(&line, &cap, f) > 0) {
        char kind;
        int begin = 0;
        cr_assert_eq(sscanf(line, "[%lf, \"%c\", \"%n", &at, &kind, &begin), 2, "%s", line);
        cr_assert(at >= last);
        last = at;
        decode(line + begin, &out);
        if (kind == 'r') {
            cr_assert_eq(sscanf(str_c(&out), "%dx%d", &p->w, &p->h), 2);
            resizes++;
            continue;
        }
        cr_assert_eq(kind, 'o');
        play(p, str_c(&out));
        cr_assert_float_eq(at, 0.25 * frames, 1e-6);
        frame(&c, &m, frames);
        check(p, &c, theme, frames);
        cr_assert_eq(p->cursor, frames == 2);
        first = frames == 0 ? out.n : first;
        second = frames == 1 ? out.n : second;
        frames++;
    }
    fclose(f);
    cr_assert(frames == FRAMES && resizes == 2, "%d frames, %d resizes", frames, resizes);
    cr_assert(first < 4 * 80 * 24, "a run of cells needs one movement of the cursor: %zu bytes", first);
    cr_assert(second < first / 8, "only what changed is sent: %zu bytes after %zu", second, first);
    free(line);
    free(p);
    str_free(&out);
    canvas_release(&c);
    moment_free(&m);
}

Test(record, a_file_that_cannot_be_written_is_said)
{
    struct recording *r = NULL;
    struct canvas c = {0};
    struct err e = {0};

    cr_assert_eq(recording_open(&r, "/no/such/folder/a.cast", 80, 24, &e), ST_IO);
    cr_assert(!r && *e.msg);
    if (access("/dev/full", W_OK))
        cr_skip("no /dev/full here");
    cr_assert_eq(canvas_resize(&c, 80, 24, NULL), ST_OK);
    cr_assert_eq(recording_open(&r, "/dev/full", 80, 24, &e), ST_OK);
    cr_assert_eq(recording_frame(r, &c, theme_at(0), -1, 0, 0, &e), ST_FULL);
    recording_close(r, &e);
    canvas_release(&c);
}
