/* The schedules as timelines, a row a device, all on one clock.
 *
 * A piece of work is a letter, the number of its micro-batch and a line to its end; the letter tells as much
 * as the colour. What begins after the cursor has not happened yet and is left blank. Columns of a unit of
 * time: as many as the pane allows; where that would be less than one for the shortest piece, one, and the
 * view goes along with the cursor. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/pane.h"
#include "views/schedule_state.h"

enum { LABEL_W = 3, DEVICES_LEAST = 6, PIECE_TEXT = 24 };

struct clock {
    double each, from; /* columns of a unit; the time of the first column */
    int col, w;        /* of the timelines */
};

static const struct {
    char letter, other; /* other: of the way from the last device */
    enum style style;
} works[] = {
    [SCHEDULE_FORWARD] = {'F', 'f', STYLE_CURVE_A}, [SCHEDULE_BACKWARD] = {'B', 'b', STYLE_CURVE_B},
    [SCHEDULE_INPUT] = {'I', 'i', STYLE_CURVE_B},   [SCHEDULE_WEIGHT] = {'W', 'w', STYLE_CURVE_C},
    [SCHEDULE_PAIR] = {'X', 'x', STYLE_CURVE_D},
};

static double shortest(const struct schedule_state *s)
{
    const double time[] = {s->f, s->b - s->w, s->w};
    double least = INFINITY;
    int i;

    for (i = 0; i < 3; i++)
        if (time[i] > 0 && time[i] < least)
            least = time[i];
    return isfinite(least) ? least : 1;
}

static struct clock clock_of(const struct schedule_state *s, struct rect r)
{
    struct clock k = {1, 0, LABEL_W, r.w - LABEL_W - 1};
    double unit = shortest(s), span;

    if (k.w < 1)
        k.w = 1;
    if (s->end > 0)
        k.each = k.w / s->end;
    if (k.each * unit < 1 && k.each * unit >= 0.25)
        k.each = 1 / unit;
    k.each *= 1 << s->zoom;
    span = k.w / k.each;
    k.from = s->at - 0.75 * span;
    if (k.from > s->end - span)
        k.from = s->end - span;
    if (k.from < 0)
        k.from = 0;
    return k;
}

static int column(const struct clock *k, double at)
{
    double x = (at - k->from) * k->each;

    return x < -1 ? -1 : x > k->w + 1 ? k->w + 1 : (int)floor(x + 0.5);
}

/* "F3", "X3,1"; of a piece with room for less, the letter alone. */
static void piece_text(const struct schedule_piece *p, int w, char out[PIECE_TEXT])
{
    char letter = p->way ? works[p->work].other : works[p->work].letter;

    if (p->work == SCHEDULE_PAIR)
        snprintf(out, PIECE_TEXT, "%c%d,%d", letter, p->micro, p->other);
    else
        snprintf(out, PIECE_TEXT, "%c%d", letter, p->micro);
    if ((int)strlen(out) > w)
        out[1] = 0;
}

static void draw_piece(struct canvas *c, struct rect line, const struct clock *k,
                       const struct schedule_piece *p, double at)
{
    int from = column(k, p->begin), to = column(k, p->end), until = column(k, at), i;
    enum style style = works[p->work].style;
    char text[PIECE_TEXT];

    piece_text(p, to - from, text);
    if (at >= p->end || until > to)
        until = to;
    for (i = from < 0 ? 0 : from; i < until && i < k->w; i++) {
        int n = i - from;
        char sign = from >= 0 && n < (int)strlen(text) ? text[n] : 0;
        canvas_put(c, line, 0, k->col + i, style, sign ? (uint32_t)(unsigned char)sign : 0x2500);
    }
}

static void draw_device(struct canvas *c, struct rect line, const struct clock *k,
                        const struct schedule_kind *x, int device, double at)
{
    int until = column(k, at < x->played.makespan ? at : x->played.makespan), i;
    char label[16];

    snprintf(label, sizeof label, "%d", device);
    canvas_right(c, line, 0, LABEL_W - 1, STYLE_DIM, label);
    for (i = 0; i < until && i < k->w; i++)
        canvas_put(c, line, 0, k->col + i, STYLE_DIM, 0xB7);
    for (i = x->first[device]; i < x->first[device + 1] && x->piece[i].begin < at; i++)
        if (x->piece[i].end > k->from)
            draw_piece(c, line, k, &x->piece[i], at);
    i = column(k, at);
    if (at < x->played.makespan && i >= 0 && i < k->w)
        canvas_put(c, line, 0, k->col + i, STYLE_MARK, 0x2502);
}

/* Its name, its figures, and how it stands at the cursor. */
static void draw_title(struct canvas *c, struct rect r, int row, const struct schedule_state *s, int kind,
                       int shown, int marked)
{
    const struct schedule_kind *k = &s->kind[kind];
    struct schedule_moment m;
    char text[256];
    double share, room = k->devices * (s->at < k->played.makespan ? s->at : k->played.makespan);
    int col = canvas_text(c, r, row, 0, marked ? STYLE_ACCENT : STYLE_STRONG, k->name, -1) + 2;

    if (!k->is_played) {
        canvas_fit(c, r, row, col, r.w - col, STYLE_WARNING, k->why);
        return;
    }
    if (k->agrees)
        snprintf(text, sizeof text, "bubble %.4g of %.4g", k->played.bubble, k->played.makespan);
    else
        snprintf(text, sizeof text, "bubble %.4g of %.4g (formula %.4g)", k->played.bubble,
                 k->played.makespan, k->published.bubble);
    col = canvas_fit(c, r, row, col, r.w - col, STYLE_TEXT, text) + 2;
    m = schedule_moment(k, s->at);
    share = room > 0 ? 100 * m.idle / room : 0;
    if (s->at < k->played.makespan)
        snprintf(text, sizeof text, "%d of %d busy, idle so far %.4g (%.1f %%), device %d holds %d", m.busy,
                 k->devices, m.idle, share, m.held_by, m.held);
    else
        snprintf(text, sizeof text, "idle in all %.4g (%.1f %%), holds at most %g", m.idle, share,
                 k->played.activations);
    if (r.w - col > 20)
        col = canvas_fit(c, r, row, col, r.w - col, STYLE_DIM, text) + 2;
    if (shown < k->devices && r.w - col > 18) {
        snprintf(text, sizeof text, "devices %d-%d of %d", s->top, s->top + shown - 1, k->devices);
        canvas_right(c, r, row, r.w, STYLE_DIM, text);
    }
}

/* A round distance between ticks that have room. */
static double tick_step(double each)
{
    static const double round[] = {1, 2, 5};
    double scale = 1e-3;
    int i;

    for (; scale < 1e12; scale *= 10)
        for (i = 0; i < 3; i++)
            if (round[i] * scale * each >= 8)
                return round[i] * scale;
    return scale;
}

static void draw_axis(struct canvas *c, struct rect r, int row, const struct clock *k,
                      const struct schedule_state *s)
{
    double step = tick_step(k->each), t;
    int at = column(k, s->at);
    char text[FORMAT_BYTES];

    for (t = ceil(k->from / step - 1e-9) * step; t <= k->from + k->w / k->each; t += step) {
        int col = column(k, t);
        format_tick(text, t, step);
        if (col >= 0 && col + (int)strlen(text) <= k->w)
            canvas_text(c, r, row, k->col + col, STYLE_DIM, text, -1);
    }
    if (at >= 0 && at <= k->w && s->at < s->end)
        canvas_put(c, r, row, k->col + (at < k->w ? at : k->w - 1), STYLE_MARK, 0x25B2);
}

static int draw_kind(struct canvas *c, struct rect r, int row, const struct clock *k,
                     const struct schedule_state *s, int kind, int shown, int marked)
{
    const struct schedule_kind *x = &s->kind[kind];
    int top = s->top > x->devices - shown ? x->devices - shown : s->top, i;

    draw_title(c, r, row++, s, kind, shown, marked);
    for (i = 0; i < shown; i++, row++)
        if (x->is_played)
            draw_device(c, rect_cut(r, 0, row, r.w, 1), k, x, top + i, s->at);
    return row;
}

void pane_schedule(struct canvas *c, struct rect r, const struct view *v)
{
    const struct schedule_state *s = v->schedule;
    struct rect inner;
    struct clock k;
    char title[160], right[64];
    int each, rows, row = 0, i;

    if (!s) {
        pane_note(c, pane_frame(c, r, v, PANE_SCHEDULE, "schedules", ""),
                  ":schedule draws pipeline schedules");
        return;
    }
    snprintf(title, sizeof title, "PP %d, %d micro-batches: F %g, B %g = I %g + W %g, X (F&B) %g", s->devices,
             s->micro, s->f, s->b, s->b - s->w, s->w, s->fb);
    if (s->at < s->end)
        snprintf(right, sizeof right, "%s%.4g of %.4g", s->is_playing ? "plays " : "at ", s->at, s->end);
    else
        snprintf(right, sizeof right, "whole: %.4g", s->end);
    inner = pane_frame(c, r, v, PANE_SCHEDULE, title, right);
    rows = inner.h - 1;
    if (inner.h < 3 || inner.w < 12) {
        pane_note(c, inner, "no room for a timeline");
        return;
    }
    k = clock_of(s, inner);
    each = s->devices;
    if (rows / SCHEDULE_KINDS - 1 >= (each < DEVICES_LEAST ? each : DEVICES_LEAST)) {
        each = rows / SCHEDULE_KINDS - 1 < each ? rows / SCHEDULE_KINDS - 1 : each;
        for (i = 0; i < SCHEDULE_KINDS; i++)
            row = draw_kind(c, inner, row, &k, s, i, each, i == s->chosen);
    } else {
        each = rows - 1 < each ? rows - 1 : each;
        row = draw_kind(c, inner, row, &k, s, s->chosen, each, 1);
    }
    draw_axis(c, inner, row, &k, s);
    pane_foot(c, r,
              "F forward  B backward (I for inputs, W for weights)  X both at once  small letters: from the "
              "last device  \u00b7 idle",
              "space plays  . < step  e numbers");
}
