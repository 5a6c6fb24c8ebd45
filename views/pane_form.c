/* The settings of a preset as a form: value, what the preset has, what may stand there, and what it does.
 * Below the list the selected row in full, for where its columns are cut. A value that is not the preset's
 * has a star. */
#include <stdio.h>
#include <string.h>

#include "views/pane.h"
#include "views/scenarios_state.h"

enum { ABOUT = 3 };

int form_is_changed(const struct form_row *r)
{
    return (r->kind == FORM_SETTING || r->kind == FORM_SEED) && strcmp(r->value, r->preset) != 0;
}

/* Lines about the selected row, by how much room there is. */
static int about_rows(int inner)
{
    return inner >= 12 ? ABOUT : inner >= 7 ? 2 : inner >= 3 ? 1 : 0;
}

/* The heading of the columns takes the place of a row. */
static int has_heading(int inner)
{
    return inner - about_rows(inner) >= 6;
}

int pane_form_rows(int inner, int *first)
{
    *first = has_heading(inner);
    return inner - about_rows(inner) - has_heading(inner);
}

/* Where the columns begin; 0: there is no room for one. */
struct columns {
    int value, preset, range, meaning;
};

static struct columns place_columns(int w)
{
    struct columns k = {0, 0, 0, 0};

    k.value = w < 50 ? w - 14 : 24;
    if (w >= 50)
        k.preset = k.value + 13;
    if (w >= 74)
        k.range = k.preset + 12;
    if (w >= 92)
        k.meaning = k.range + 18;
    return k;
}

static void draw_row(struct canvas *c, struct rect r, int row, const struct scenarios_state *s,
                     const struct form_row *f, const struct columns *k)
{
    char text[160];
    int end = k->preset ? k->preset : r.w;

    if (f->kind == FORM_START) {
        snprintf(text, sizeof text, s->changed_n ? "[ start %s with %d changed ]" : "[ start %s ]", s->name,
                 s->changed_n);
        canvas_fit(c, r, row, 1, r.w - 2, *s->problem ? STYLE_ERROR : STYLE_ACCENT, text);
        return;
    }
    if (f->kind == FORM_HEADING) {
        canvas_fit(c, r, row, 1, k->value - 2, STYLE_TITLE, f->key);
        if (k->meaning)
            canvas_fit(c, r, row, k->value, r.w - k->value - 1, STYLE_DIM, f->meaning);
        return;
    }
    canvas_put(c, r, row, 1, STYLE_WARNING, form_is_changed(f) ? '*' : ' ');
    canvas_fit(c, r, row, 3, k->value - 4, STYLE_TEXT, f->key);
    canvas_fit(c, r, row, k->value, end - k->value - 1, form_is_changed(f) ? STYLE_WARNING : STYLE_STRONG,
               f->value);
    if (k->preset)
        canvas_fit(c, r, row, k->preset, (k->range ? k->range : r.w) - k->preset - 1, STYLE_DIM, f->preset);
    if (k->range)
        canvas_fit(c, r, row, k->range, (k->meaning ? k->meaning : r.w) - k->range - 1, STYLE_DIM, f->range);
    if (k->meaning)
        canvas_fit(c, r, row, k->meaning, r.w - k->meaning - 1, STYLE_TEXT, f->meaning);
}

static void draw_heading(struct canvas *c, struct rect r, const struct columns *k)
{
    canvas_fit(c, r, 0, 3, k->value - 4, STYLE_DIM, "setting");
    canvas_text(c, r, 0, k->value, STYLE_DIM, "value", -1);
    if (k->preset)
        canvas_text(c, r, 0, k->preset, STYLE_DIM, "preset", -1);
    if (k->range)
        canvas_text(c, r, 0, k->range, STYLE_DIM, "may be", -1);
    if (k->meaning)
        canvas_text(c, r, 0, k->meaning, STYLE_DIM, "meaning", -1);
}

/* The selected row in words: its meaning first, then what it may be, then what it is by itself. */
static void draw_about(struct canvas *c, struct rect r, const struct scenarios_state *s,
                       const struct form_row *f)
{
    char text[320];

    if (r.h < 1)
        return;
    if (*s->problem && (f->kind == FORM_START || r.h == 1)) {
        canvas_fit(c, r, 0, 1, r.w - 2, STYLE_ERROR, s->problem);
        return;
    }
    if (f->kind == FORM_START || f->kind == FORM_HEADING) {
        canvas_fit(c, r, 0, 1, r.w - 2, STYLE_DIM, f->meaning);
        return;
    }
    if (r.h == 1)
        snprintf(text, sizeof text, "%s: %s", f->range, f->meaning);
    else
        snprintf(text, sizeof text, "%s.%s: %s", f->section, f->key, f->meaning);
    canvas_fit(c, r, 0, 1, r.w - 2, STYLE_TEXT, text);
    if (r.h < 2)
        return;
    snprintf(text, sizeof text, "%s   default %s   preset %s", f->range, f->initial, f->preset);
    canvas_fit(c, r, 1, 1, r.w - 2, STYLE_DIM, text);
    if (r.h >= 3)
        canvas_fit(c, r, 2, 1, r.w - 2, *s->problem ? STYLE_ERROR : STYLE_DIM,
                   *s->problem ? s->problem
                   : f->of == SET_CHOICE
                       ? "left right: the next choice   enter: type it   u: the preset's again"
                   : f->of == SET_BOOL ? "left right: 0 or 1   u: the preset's again"
                   : f->of == SET_TEXT ? "enter: type it   u: the preset's again"
                                       : "- +: a little less, more   enter: type it   u: the preset's again");
}

void pane_form(struct canvas *c, struct rect r, const struct view *v)
{
    const struct scenarios_state *s = v->scenarios;
    struct rect inner, body, about;
    struct columns k;
    struct list list;
    char title[96], right[24] = "";
    int i, rows, head;

    snprintf(title, sizeof title, "settings of %s", s && *s->name ? s->name : "a preset");
    if (s && s->changed_n)
        snprintf(right, sizeof right, "%d changed", s->changed_n);
    inner = pane_frame(c, r, v, PANE_FORM, title, right);
    if (!s || !s->form_list.n) {
        pane_note(c, inner, "choose a preset");
        return;
    }
    k = place_columns(inner.w);
    rows = pane_form_rows(inner.h, &head);
    if (head)
        draw_heading(c, inner, &k);
    body = rect_cut(inner, 0, head, inner.w, rows);
    list = s->form_list;
    list_clamp(&list, body.h);
    for (i = 0; i < body.h && list.top + i < list.n; i++) {
        draw_row(c, body, i, s, &s->form[list.top + i], &k);
        if (list.top + i == list.selected && v->focus == PANE_FORM)
            canvas_select(c, body, i);
    }
    list_scrollbar(c, r, body, &list);
    about = rect_cut(inner, 0, head + rows, inner.w, inner.h - head - rows);
    draw_about(c, about, s, &s->form[list.selected]);
    pane_foot(c, r, v->focus == PANE_FORM ? "/ finds a setting   s starts" : "tab edits", "");
}
