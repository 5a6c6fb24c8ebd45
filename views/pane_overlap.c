/* One forward and one backward of a block, as V3's figure 4 draws them: a lane that computes, a lane that
 * communicates, one after the other and overlapped, on one scale. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/pane.h"
#include "views/paragraph.h"
#include "views/schedule_state.h"

enum { LABEL_W = 9, PART_BYTES = 32 };

static const enum style styles[] = {STYLE_CURVE_A, STYLE_CURVE_B, STYLE_CURVE_C};
static const char letters[] = "FBW";

/* The longest of its names that fits. */
static void part_name(const struct schedule_part *p, int w, char out[PART_BYTES])
{
    const char of = letters[p->of];

    snprintf(out, PART_BYTES, p->lane && !strcmp(p->name, "PP") ? "%s" : "%s %c", p->name, of);
    if ((int)strlen(out) > w)
        snprintf(out, PART_BYTES, strcmp(p->brief, "PP") ? "%s %c" : "%s", p->brief, of);
    if ((int)strlen(out) > w)
        snprintf(out, PART_BYTES, "%c%c", p->brief[0], of);
    if ((int)strlen(out) > w)
        snprintf(out, PART_BYTES, "%c", p->brief[0]);
}

static void draw_part(struct canvas *c, struct rect line, const struct schedule_part *p, double each)
{
    int from = (int)floor(p->begin * each + 0.5), to = (int)floor(p->end * each + 0.5), i, n;
    enum style style = !strcmp(p->name, "PP") ? STYLE_CURVE_D : styles[p->of];
    char name[PART_BYTES];

    if (to <= from)
        return;
    part_name(p, to - from - 1, name);
    n = (int)strlen(name);
    canvas_put(c, line, 0, LABEL_W + from, style, 0x2502);
    for (i = from + 1; i < to; i++)
        canvas_put(c, line, 0, LABEL_W + i, style,
                   i - from - 1 < n ? (uint32_t)(unsigned char)name[i - from - 1] : 0x2500);
}

static int draw_pair(struct canvas *c, struct rect r, int row, const struct schedule_pair *p, double each)
{
    static const char *const lane[] = {"computes", "sends"};
    int l, i, w = (int)floor(p->length * each + 0.5);

    for (l = 0; l < 2; l++, row++) {
        struct rect line = rect_cut(r, 0, row, r.w, 1);
        canvas_text(c, line, 0, 0, STYLE_DIM, lane[l], -1);
        for (i = 0; i < w; i++)
            canvas_put(c, line, 0, LABEL_W + i, STYLE_DIM, 0xB7);
        for (i = 0; i < SCHEDULE_PARTS; i++)
            if (p->part[i].lane == l)
                draw_part(c, line, &p->part[i], each);
    }
    return row;
}

static void sentence(const struct schedule_state *s, char *out, size_t bytes)
{
    const struct schedule_pair *o = &s->overlapped;
    double hidden = o->communication - o->exposed;
    char a[FORMAT_BYTES], b[FORMAT_BYTES], k[FORMAT_BYTES], m[FORMAT_BYTES], x[FORMAT_BYTES];

    snprintf(
        out, bytes,
        "Overlapped %s, apart %s (%.2fx): of %s communication %s is hidden (%.0f %%), computing takes %s.",
        format_number(a, o->length), format_number(b, s->apart.length),
        o->length > 0 ? s->apart.length / o->length : 1, format_number(k, o->communication),
        format_number(m, hidden > 0 ? hidden : 0),
        o->communication > 0 ? 100 * (hidden > 0 ? hidden : 0) / o->communication : 100,
        format_number(x, o->compute));
}

void pane_overlap(struct canvas *c, struct rect r, const struct view *v)
{
    const struct schedule_state *s = v->schedule;
    struct rect inner;
    char text[256], a[FORMAT_BYTES], b[FORMAT_BYTES];
    double each;
    int row = 0;

    if (!s) {
        pane_note(c, pane_frame(c, r, v, PANE_OVERLAP, "a pair", ""), ":schedule draws an overlapped pair");
        return;
    }
    inner = pane_frame(c, r, v, PANE_OVERLAP, "a forward & backward pair, V3 fig. 4",
                       s->all_to_all ? "all-to-all on" : "all-to-all off");
    if (inner.h < 3) {
        sentence(s, text, sizeof text);
        paragraph_draw(c, inner, 0, 0, STYLE_TEXT, text);
        return;
    }
    each = s->apart.length > 0 && inner.w > LABEL_W + 1
               ? (inner.w - LABEL_W - 1) / (inner.h >= 6 ? s->apart.length : s->overlapped.length)
               : 1;
    if (inner.h >= 6)
        row = draw_pair(c, inner, row, &s->apart, each);
    if (inner.h >= 8)
        row++;
    row = draw_pair(c, inner, row, &s->overlapped, each);
    sentence(s, text, sizeof text);
    if (row < inner.h)
        row = paragraph_draw(c, inner, row, 0, STYLE_TEXT, text);
    snprintf(text, sizeof text,
             "With all-to-all %s (o): overlapped %s, apart %s. Blocks are not aligned: this pair's "
             "attention F and combine B are for the next pair.",
             s->all_to_all ? "off" : "on", format_number(a, s->other_overlapped),
             format_number(b, s->other_apart));
    if (row < inner.h)
        paragraph_draw(c, inner, row, 0, STYLE_DIM, text);
}
