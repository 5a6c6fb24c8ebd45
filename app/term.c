/* The terminal, by ncurses; no other file sees it.
 *
 * A frame is compared with the one before and only cells that differ go to ncurses, which compares again with
 * the screen and sends what is needed: an unchanged frame costs one pass over memory. Keys are read from a
 * pad, because reading from a window would draw it.
 * What a fatal signal needs to put the terminal back (bytes and termios) is made ready when the terminal is
 * opened, in the one static object of this file; a handler can reach nothing else. */
#include "app/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app/theme.h"

enum { ESCAPE_MS = 25, RESET_BYTES = 512 };

struct term {
    SCREEN *screen;
    WINDOW *keys;                   /* the pad that is read from */
    int in_fd, out_fd;
    enum chars chars;
    int colors;                     /* 0, 8 or 256 */
    int mouse;
    const struct theme *theme;
    attr_t attr[STYLE_N];
    short pair[STYLE_N];
    struct canvas last;             /* what was drawn; w 0: nothing that can be relied on */
};

static struct {
    volatile sig_atomic_t armed;
    int fd, has_termios;
    struct termios before;
    char bytes[RESET_BYTES];
    size_t n;
} reset;

/* Appends a capability without its padding ("$<5>"). */
static void reset_add(const char *s)
{
    while (s && s != (char *)-1 && *s && reset.n < RESET_BYTES) {
        if (s[0] == '$' && s[1] == '<' && strchr(s, '>')) {
            s = strchr(s, '>') + 1;
            continue;
        }
        reset.bytes[reset.n++] = *s++;
    }
}

static int has_capability(const char *name)
{
    const char *s = tigetstr(name);

    return s && s != (const char *)-1;
}

static void reset_prepare(int fd, const struct termios *before)
{
    reset.fd = fd;
    reset.has_termios = before != NULL;
    if (before)
        reset.before = *before;
    reset.n = 0;
    reset_add(tigetstr("sgr0"));
    reset_add(tigetstr("op"));
    if (has_capability("kmous"))
        reset_add("\033[?1006l\033[?1002l\033[?1000l");
    reset_add(tigetstr("rmkx"));
    reset_add(tigetstr("cnorm"));
    reset_add(tigetstr("rmcup"));
}

void term_restore_raw(void)
{
    size_t at = 0;

    if (!reset.armed)
        return;
    reset.armed = 0;
    while (at < reset.n) {
        ssize_t n = write(reset.fd, reset.bytes + at, reset.n - at);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (reset.has_termios)
        tcsetattr(reset.fd, TCSANOW, &reset.before);
}

static enum chars choose_chars(const char *wish)
{
    if (!wish || !*wish)
        wish = getenv("GRPOLAB_CHARS");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") || (wish && !strcmp(wish, "ascii")))
        return CHARS_ASCII;
    return wish && !strcmp(wish, "block") ? CHARS_BLOCK : CHARS_BRAILLE;
}

static void set_theme(struct term *t, const struct theme *theme)
{
    int s;

    t->theme = theme;
    for (s = 0; s < STYLE_N; s++) {
        const struct look *k = &theme->look[s];
        short fg = t->colors >= 256 ? k->fg : k->fg8, bg = t->colors >= 256 ? k->bg : k->bg8;
        t->attr[s] = (k->flags & LOOK_BOLD ? A_BOLD : 0) | (k->flags & LOOK_UNDERLINE ? A_UNDERLINE : 0) |
                     (k->flags & LOOK_REVERSE ? A_REVERSE : 0);
        /* Grey of 256 colours is dim enough. */
        if (k->flags & LOOK_DIM && (t->colors < 256 || fg < 0))
            t->attr[s] |= A_DIM;
        t->pair[s] = 0;
        if (t->colors && (fg >= 0 || bg >= 0)) {
            t->pair[s] = (short)(s + 1);
            init_pair((short)(s + 1), fg, bg);
        } else if (!t->colors && (k->bg >= 0 && s != STYLE_TEXT) && k->bg != theme->look[STYLE_TEXT].bg)
            t->attr[s] |= A_REVERSE;   /* a ground of its own, where there is no colour */
    }
    term_redraw(t);
}

int term_theme(struct term *t, const char *name)
{
    const struct theme *theme = theme_find(name);

    if (theme)
        set_theme(t, theme);
    return theme != NULL;
}

const char *term_theme_name(int i)
{
    const struct theme *t = theme_at(i);

    return t ? t->name : NULL;
}

const struct theme *term_theme_now(const struct term *t)
{
    return t->theme;
}

static void set_up(struct term *t, const struct term_options *o)
{
    const char *no_color = getenv("NO_COLOR"), *name = o->theme;
    const struct theme *theme;

    set_escdelay(ESCAPE_MS);
    raw();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    curs_set(0);
    nodelay(t->keys, TRUE);
    keypad(t->keys, TRUE);
    meta(t->keys, TRUE);
    if (has_colors() && start_color() == OK) {
        use_default_colors();
        t->colors = COLORS >= 256 ? 256 : COLORS >= 8 ? 8 : 0;
        if (COLOR_PAIRS <= STYLE_N)
            t->colors = 0;
    }
    if (!name || !*name)
        name = no_color && *no_color ? "mono" : "default";
    theme = theme_find(name);
    set_theme(t, theme ? theme : theme_at(0));
    term_mouse(t, o->mouse);
}

enum status term_open(struct term **out, const struct term_options *o, struct err *e)
{
    FILE *in = o->in ? o->in : stdin, *screen = o->out ? o->out : stdout;
    const char *type = o->type ? o->type : getenv("TERM");
    struct termios before;
    int has_termios;
    struct term *t;

    *out = NULL;
    if ((!o->in && !isatty(fileno(in))) || (!o->out && !isatty(fileno(screen))))
        return err_set(e, ST_USAGE, "terminal",
                       "this is not a terminal; --snapshot WxH prints a screen without one");
    if (!type || !*type)
        return err_set(e, ST_FAILED, "terminal", "TERM is not set");
    t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ST_NOMEM, "terminal", "no memory");
    t->in_fd = fileno(in);
    t->out_fd = fileno(screen);
    has_termios = tcgetattr(t->out_fd, &before) == 0;
    t->screen = newterm(type, screen, in);
    if (!t->screen) {
        free(t);
        return err_set(e, ST_FAILED, "terminal",
                       "the terminal type '%s' is not known here: set TERM, or install ncurses-term", type);
    }
    t->keys = newpad(1, 1);
    if (!t->keys || !has_capability("cup")) {
        err_set(e, ST_FAILED, "terminal", "a terminal of type '%s' cannot move its cursor", type);
        term_close(t);
        return ST_FAILED;
    }
    t->chars = choose_chars(o->chars);
    reset_prepare(t->out_fd, has_termios ? &before : NULL);
    reset.armed = 1;
    set_up(t, o);
    *out = t;
    return ST_OK;
}

void term_close(struct term *t)
{
    if (!t)
        return;
    if (t->keys) {
        term_mouse(t, 0);
        delwin(t->keys);
    }
    curs_set(1);
    endwin();
    reset.armed = 0;
    delscreen(t->screen);
    canvas_release(&t->last);
    free(t);
}

void term_size(const struct term *t, int *w, int *h)
{
    (void)t;
    *w = COLS;
    *h = LINES;
}

enum chars term_chars(const struct term *t)
{
    return t->chars;
}

int term_colors(const struct term *t)
{
    return t->colors;
}

void term_redraw(struct term *t)
{
    t->last.w = 0;
}

static void put_cell(const struct term *t, int row, int col, const struct cell *cell)
{
    wchar_t text[3] = {(wchar_t)cell->code, (wchar_t)cell->mark, 0};
    enum style style = cell->selected ? STYLE_TEXT : (enum style)cell->style;  /* one bar, not a patchwork */
    attr_t attr = t->attr[style] ^ (cell->selected ? A_REVERSE : 0);
    cchar_t out;

    if (setcchar(&out, text, attr, t->pair[style], NULL) == OK)
        mvadd_wch(row, col, &out);
}

/* Whether the last frame can be compared with; if not, all is drawn anew. */
static int can_compare(const struct term *t, const struct canvas *c)
{
    return t->last.w == c->w && t->last.h == c->h;
}

void term_draw(struct term *t, const struct canvas *c, int row, int col)
{
    int same = can_compare(t, c), x, y, w = c->w < COLS ? c->w : COLS, h = c->h < LINES ? c->h : LINES;

    if (!same) {
        bkgdset((chtype)(COLOR_PAIR(t->pair[STYLE_TEXT])));
        erase();
        clearok(curscr, TRUE);
        if (canvas_resize(&t->last, c->w, c->h, NULL))
            t->last.w = 0;
    }
    for (y = 0; y < h; y++) {
        const struct cell *now = &c->cell[(size_t)y * (size_t)c->w];
        struct cell *was = t->last.w ? &t->last.cell[(size_t)y * (size_t)c->w] : NULL;
        if (same && !memcmp(now, was, (size_t)c->w * sizeof *now))
            continue;
        for (x = 0; x < w; x++)
            if (now[x].width && (!same || memcmp(&now[x], &was[x], sizeof *now)))
                put_cell(t, y, x, &now[x]);
        if (was)
            memcpy(was, now, (size_t)c->w * sizeof *now);
    }
    curs_set(row >= 0);
    if (row >= 0)
        move(row < LINES ? row : LINES - 1, col < COLS ? col : COLS - 1);
    wnoutrefresh(stdscr);
    doupdate();
}

static const struct {
    int curses;
    enum input key;
    const char *bytes;
} keys[] = {
    {KEY_UP, INPUT_UP, "\033[A"},
    {KEY_DOWN, INPUT_DOWN, "\033[B"},
    {KEY_RIGHT, INPUT_RIGHT, "\033[C"},
    {KEY_LEFT, INPUT_LEFT, "\033[D"},
    {KEY_PPAGE, INPUT_PAGE_UP, "\033[5~"},
    {KEY_NPAGE, INPUT_PAGE_DOWN, "\033[6~"},
    {KEY_HOME, INPUT_HOME, "\033[H"},
    {KEY_END, INPUT_END, "\033[F"},
    {KEY_BACKSPACE, INPUT_BACKSPACE, "\177"},
    {KEY_DC, INPUT_DELETE, "\033[3~"},
    {KEY_IC, INPUT_INSERT, "\033[2~"},
    {KEY_BTAB, INPUT_BACK_TAB, "\033[Z"},
    {KEY_ENTER, INPUT_CHAR, "\r"},
    {KEY_RESIZE, INPUT_RESIZED, ""},
};

static int mouse_event(struct key_event *out)
{
    MEVENT m;

    if (getmouse(&m) != OK)
        return 0;
    out->row = m.y;
    out->col = m.x;
    if (m.bstate & BUTTON4_PRESSED)
        out->key = INPUT_WHEEL_UP;
    else if (m.bstate & BUTTON5_PRESSED)
        out->key = INPUT_WHEEL_DOWN;
    else if (m.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
        out->key = INPUT_CLICK;
    else
        return 0;
    return 1;
}

static void function_key(int code, struct key_event *out)
{
    size_t i;

    out->key = INPUT_UNKNOWN;
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].curses == code) {
            out->key = keys[i].key;
            out->code = out->key == INPUT_CHAR ? '\r' : 0;
        }
    if (code >= KEY_F(1) && code <= KEY_F(12))
        out->key = (enum input)(INPUT_F1 + (code - KEY_F(1)));
}

int term_key(struct term *t, struct key_event *out)
{
    wint_t code;
    int kind;

    for (;;) {
        memset(out, 0, sizeof *out);
        kind = wget_wch(t->keys, &code);
        if (kind == ERR)
            return 0;
        if (kind != KEY_CODE_YES) {
            out->code = code == '\n' ? '\r' : (uint32_t)code;
            if (code == 127 || code == 8)
                *out = (struct key_event){.key = INPUT_BACKSPACE};
            return 1;
        }
        if (code == KEY_MOUSE && !mouse_event(out))
            continue;
        if (code != KEY_MOUSE)
            function_key((int)code, out);
        if (out->key == INPUT_RESIZED)
            term_redraw(t);
        return 1;
    }
}

int term_key_bytes(const struct key_event *k, char out[8])
{
    size_t i, n;

    if (k->key == INPUT_CHAR)
        return utf8_put(k->code, out);
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].key == k->key) {
            n = strlen(keys[i].bytes);
            memcpy(out, keys[i].bytes, n);
            return (int)n;
        }
    return 0;
}

void term_mouse(struct term *t, int on)
{
    t->mouse = on;
    mousemask(on ? BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
    if (on)
        mouseinterval(0);
}

void term_suspend(struct term *t)
{
    int mouse = t->mouse;

    term_mouse(t, 0);
    t->mouse = mouse;
    curs_set(1);
    endwin();
    reset.armed = 0;
}

void term_resume(struct term *t)
{
    struct winsize size;

    reset.armed = 1;
    /* A terminal that changed its size meanwhile told whoever was in the foreground. */
    if (ioctl(t->out_fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        (size.ws_row != LINES || size.ws_col != COLS))
        resizeterm(size.ws_row, size.ws_col);
    reset_prog_mode();
    term_mouse(t, t->mouse);
    term_redraw(t);
    refresh();
}
