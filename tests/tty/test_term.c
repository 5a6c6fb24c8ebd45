/* The terminal in-process: a screen on /dev/null, whose cells ncurses tells. And a real one: a
 * pseudo-terminal, for what goes over the line. */
#include <criterion/criterion.h>
#include <curses.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "app/term.h"
#include "app/theme.h"

static FILE *null_file(void)
{
    return fopen("/dev/null", "r+");
}

static enum status open_type(struct term **t, const char *type, struct err *e)
{
    struct term_options o = {.type = type, .in = null_file(), .out = null_file()};

    setenv("LINES", "24", 1);
    setenv("COLUMNS", "80", 1);
    setlocale(LC_ALL, "C.UTF-8");
    return term_open(t, &o, e);
}

static wchar_t shown(int row, int col, attr_t *attr)
{
    wchar_t text[CCHARW_MAX + 1] = {0};
    cchar_t cell;
    short pair;

    cr_assert_eq(mvin_wch(row, col, &cell), OK);
    cr_assert_eq(getcchar(&cell, text, attr, &pair, NULL), OK);
    return text[0];
}

Test(term, cells_reach_the_screen)
{
    struct canvas c = {0};
    struct err e = {0};
    struct term *t;
    attr_t attr;
    int w, h;

    cr_assert_eq(open_type(&t, "xterm-256color", &e), ST_OK, "%s", e.msg);
    term_size(t, &w, &h);
    cr_assert(w == 80 && h == 24);
    cr_assert_eq(term_chars(t), CHARS_BRAILLE);
    cr_assert_eq(term_colors(t), 256);
    canvas_resize(&c, w, h, NULL);
    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, "a✓\xE6\xBC\xA2z⣿", -1);
    canvas_text(&c, canvas_rect(&c), 23, 79, STYLE_STRONG, "!", -1);
    canvas_text(&c, canvas_rect(&c), 5, 0, STYLE_STRONG, "bold", -1);
    canvas_select(&c, (struct rect){0, 6, 80, 1}, 0);
    term_draw(t, &c, -1, -1);
    cr_assert_eq(shown(0, 0, &attr), 'a');
    cr_assert_eq(shown(0, 1, &attr), 0x2713);
    cr_assert_eq(shown(0, 2, &attr), 0x6F22);
    cr_assert_eq(shown(0, 4, &attr), 'z');
    cr_assert_eq(shown(0, 5, &attr), 0x28FF);
    cr_assert_eq(shown(23, 79, &attr), '!');
    shown(5, 0, &attr);
    cr_assert(attr & A_BOLD);
    shown(6, 40, &attr);
    cr_assert(attr & A_REVERSE);
    /* The next frame takes away what is not drawn any more. */
    canvas_clear(&c);
    canvas_text(&c, canvas_rect(&c), 0, 1, STYLE_TEXT, "B", -1);
    term_draw(t, &c, 3, 4);
    cr_assert_eq(shown(0, 0, &attr), ' ');
    cr_assert_eq(shown(0, 1, &attr), 'B');
    cr_assert_eq(shown(0, 2, &attr), ' ');
    shown(6, 40, &attr);
    cr_assert_not(attr & A_REVERSE);
    canvas_release(&c);
    term_close(t);
}

Test(term, a_canvas_of_another_size_is_survived)
{
    struct canvas c = {0};
    struct term *t;
    attr_t attr;
    int i;

    cr_assert_eq(open_type(&t, "xterm-256color", NULL), ST_OK);
    for (i = 1; i < 200; i += 13) {
        canvas_resize(&c, i, 100 - i / 2, NULL);
        canvas_fill(&c, canvas_rect(&c), STYLE_ACCENT, 'x');
        term_draw(t, &c, 500, 500);
    }
    canvas_resize(&c, 3, 3, NULL);
    term_draw(t, &c, -1, -1);
    cr_assert_eq(shown(10, 10, &attr), ' ');
    canvas_release(&c);
    term_close(t);
}

Test(term, what_is_no_terminal_is_refused)
{
    struct term_options o = {0};
    struct err e = {0};
    struct term *t;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert_not_null(freopen("/dev/null", "r", stdin));
    cr_assert_eq(term_open(&t, &o, &e), ST_USAGE);
    cr_assert_null(t);
    cr_assert_not_null(strstr(e.msg, "not a terminal"));
}

Test(term, an_unknown_type_is_an_error_not_an_exit)
{
    struct err e = {0};
    struct term *t;

    cr_assert_eq(open_type(&t, "no-such-terminal", &e), ST_FAILED);
    cr_assert_null(t);
    cr_assert_not_null(strstr(e.msg, "no-such-terminal"));
    cr_assert_eq(open_type(&t, "dumb", &e), ST_FAILED);
    cr_assert_not_null(strstr(e.msg, "cursor"));
}

Test(term, fewer_colours_and_characters)
{
    struct term *t;

    cr_assert_eq(open_type(&t, "vt100", NULL), ST_OK);
    cr_assert_eq(term_colors(t), 0);
    term_close(t);
    setenv("GRPOLAB_CHARS", "block", 1);
    cr_assert_eq(open_type(&t, "linux", NULL), ST_OK);
    cr_assert_eq(term_colors(t), 8);
    cr_assert_eq(term_chars(t), CHARS_BLOCK);
    term_close(t);
    setenv("GRPOLAB_CHARS", "ascii", 1);
    cr_assert_eq(open_type(&t, "xterm", NULL), ST_OK);
    cr_assert_eq(term_chars(t), CHARS_ASCII);
    term_close(t);
}

Test(term, no_utf_8_means_ascii_whatever_is_wished)
{
    struct term_options o = {.type = "xterm", .in = null_file(), .out = null_file()};
    struct term *t;

    setenv("GRPOLAB_CHARS", "braille", 1);
    setlocale(LC_ALL, "C");
    cr_assert_eq(term_open(&t, &o, NULL), ST_OK);
    cr_assert_eq(term_chars(t), CHARS_ASCII);
    term_close(t);
}

/* With NO_COLOR set, no cell has a colour pair. */
Test(term, no_color_is_obeyed)
{
    struct canvas c = {0};
    struct term *t;
    cchar_t cell;
    wchar_t text[CCHARW_MAX + 1];
    attr_t attr;
    short pair;
    int s;

    setenv("NO_COLOR", "1", 1);
    cr_assert_eq(open_type(&t, "xterm-256color", NULL), ST_OK);
    canvas_resize(&c, 80, 24, NULL);
    for (s = 0; s < STYLE_N; s++)
        canvas_put(&c, canvas_rect(&c), 0, s, (enum style)s, 'x');
    term_draw(t, &c, -1, -1);
    for (s = 0; s < STYLE_N; s++) {
        cr_assert_eq(mvin_wch(0, s, &cell), OK);
        cr_assert_eq(getcchar(&cell, text, &attr, &pair, NULL), OK);
        cr_assert_eq(pair, 0, "style %d", s);
    }
    cr_assert_eq(term_theme(t, "default"), 1);
    cr_assert_eq(term_theme(t, "no such theme"), 0);
    term_draw(t, &c, -1, -1);
    cr_assert_eq(mvin_wch(0, STYLE_GOOD, &cell), OK);
    cr_assert_eq(getcchar(&cell, text, &attr, &pair, NULL), OK);
    cr_assert_neq(pair, 0, "a theme that is asked for wins");
    canvas_release(&c);
    term_close(t);
}

/* Without colour, what must stand out still differs from plain text. */
Test(term, mono_tells_the_important_styles_apart)
{
    static const enum style style[] = {STYLE_ACCENT, STYLE_PAUSED,     STYLE_ERROR,
                                       STYLE_AHA,    STYLE_REFLECTION, STYLE_FOCUS};
    const struct theme *mono = theme_find("mono");
    size_t i;
    int s;

    cr_assert_not_null(mono);
    for (i = 0; i < sizeof style / sizeof *style; i++)
        cr_assert_neq(mono->look[style[i]].flags, 0);
    cr_assert_neq(mono->look[STYLE_AHA].flags, mono->look[STYLE_REFLECTION].flags);
    for (s = 0; s < STYLE_N; s++)
        cr_assert(mono->look[s].fg < 0 && mono->look[s].fg8 < 0);
    for (i = 0; theme_at((int)i); i++)
        cr_assert_eq(theme_find(theme_at((int)i)->name), theme_at((int)i));
}

Test(term, keys_become_bytes_for_a_line_editor)
{
    struct key_event k = {.key = INPUT_CHAR, .code = 0xE9};
    char out[8];

    cr_assert_eq(term_key_bytes(&k, out), 2);
    cr_assert(!memcmp(out, "\xC3\xA9", 2));
    k.key = INPUT_UP;
    cr_assert_eq(term_key_bytes(&k, out), 3);
    cr_assert(!memcmp(out, "\033[A", 3));
    k.key = INPUT_CLICK;
    cr_assert_eq(term_key_bytes(&k, out), 0);
}

/* Reads what a child writes to its terminal until `want` appears or nothing comes for five seconds. */
static int wait_for(int fd, char *seen, size_t *n, size_t cap, const char *want)
{
    struct pollfd p = {fd, POLLIN, 0};

    while (!memmem(seen, *n, want, strlen(want))) {
        ssize_t got;
        if (*n == cap || poll(&p, 1, 5000) <= 0)
            return 0;
        got = read(fd, seen + *n, cap - *n);
        if (got <= 0)
            return 0;
        *n += (size_t)got;
    }
    return 1;
}

/* A child on a pseudo-terminal: draws, tells each key as a number, and at '!' restores the terminal raw and
 * dies. */
static void child(void)
{
    struct term_options o = {.type = "xterm-256color"};
    struct canvas c = {0};
    struct key_event k;
    struct term *t;
    char line[64];

    setlocale(LC_ALL, "C.UTF-8");
    if (term_open(&t, &o, NULL))
        _exit(1);
    canvas_resize(&c, 80, 24, NULL);
    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, "ready.", -1);
    term_draw(t, &c, -1, -1);
    for (;;) {
        struct pollfd p = {0, POLLIN, 0};
        if (poll(&p, 1, 20000) <= 0 || p.revents & POLLHUP)
            _exit(2);  /* the test is gone */
        while (term_key(t, &k)) {
            if (k.key == INPUT_CHAR && k.code == '!') {
                term_restore_raw();
                _exit(3);
            }
            if (k.key == INPUT_CHAR && k.code == 'q') {
                term_close(t);
                _exit(0);
            }
            canvas_clear(&c);
            snprintf(line, sizeof line, "<%d/%u/%d,%d>", (int)k.key, k.code, k.row, k.col);
            canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, line, -1);
            term_redraw(t);  /* the whole line, not only what differs */
            term_draw(t, &c, -1, -1);
        }
    }
}

struct pty {
    int fd;
    pid_t pid;
    struct termios before;
    char seen[65536];
    size_t n;
};

static void start(struct pty *p)
{
    int slave;

    memset(p, 0, sizeof *p);
    p->fd = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(p->fd >= 0 && !grantpt(p->fd) && !unlockpt(p->fd));
    slave = open(ptsname(p->fd), O_RDWR | O_NOCTTY);
    cr_assert_geq(slave, 0);
    cr_assert_eq(tcgetattr(slave, &p->before), 0);
    setenv("LINES", "24", 1);
    setenv("COLUMNS", "80", 1);
    p->pid = fork();
    if (!p->pid) {
        dup2(slave, 0);
        dup2(slave, 1);
        child();
    }
    close(slave);
    cr_assert(wait_for(p->fd, p->seen, &p->n, sizeof p->seen, "ready."), "nothing was drawn");
}

static void finish(struct pty *p, int want)
{
    struct termios after;
    int status, slave = open(ptsname(p->fd), O_RDWR | O_NOCTTY);

    cr_assert(wait_for(p->fd, p->seen, &p->n, sizeof p->seen, "\033[?1049l"),
              "the first screen did not come back");
    cr_assert_eq(waitpid(p->pid, &status, 0), p->pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == want);
    cr_assert_eq(tcgetattr(slave, &after), 0);
    cr_assert_eq(after.c_lflag, p->before.c_lflag, "echo and line mode are back");
    cr_assert_eq(after.c_iflag, p->before.c_iflag);
    cr_assert_not_null(memmem(p->seen, p->n, "\033[?25h", 6), "the cursor is shown again");
    close(slave);
    close(p->fd);
}

Test(term, keys_of_a_real_line)
{
    static const struct {
        const char *bytes;
        enum input key;
        unsigned code;
    } row[] = {
        {"a", INPUT_CHAR, 'a'},        {"\xC3\xA9", INPUT_CHAR, 0xE9}, {"\xE6\xBC\xA2", INPUT_CHAR, 0x6F22},
        {"\r", INPUT_CHAR, 13},        {"\003", INPUT_CHAR, 3},        {"\032", INPUT_CHAR, 26},
        {"\033", INPUT_CHAR, 27},      {"\033OA", INPUT_UP, 0},        {"\033[5~", INPUT_PAGE_UP, 0},
        {"\033[Z", INPUT_BACK_TAB, 0}, {"\177", INPUT_BACKSPACE, 0}};
    struct pty p;
    char want[32];
    size_t i;

    start(&p);
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        p.n = 0;
        cr_assert_eq(write(p.fd, row[i].bytes, strlen(row[i].bytes)), (ssize_t)strlen(row[i].bytes));
        snprintf(want, sizeof want, "<%d/%u/", (int)row[i].key, row[i].code);
        cr_assert(wait_for(p.fd, p.seen, &p.n, sizeof p.seen, want), "key %zu: no %s", i, want);
    }
    cr_assert_eq(write(p.fd, "q", 1), 1);
    finish(&p, 0);
}

Test(term, a_crash_leaves_the_terminal_as_it_was)
{
    struct pty p;

    start(&p);
    cr_assert_eq(write(p.fd, "!", 1), 1);
    finish(&p, 3);
}
