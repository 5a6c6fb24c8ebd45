/* The selected expert in words, and below it, where there is room, what every expert serves.
 *
 * Which tokens went where is not on record: it is found again from the weights of a step when it is asked
 * for. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/str.h"
#include "views/experts_state.h"
#include "views/format.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { KINDS = 4 };
static const char *const kind_name[KINDS] = {"numbers", "operators", "structure", "words"};

static float kind_share(const struct served *s, int kind)
{
    return kind == 0 ? s->numbers : kind == 1 ? s->operators : kind == 2 ? s->structure : s->words;
}

static int main_kind(const struct served *s)
{
    int i, best = 0;

    for (i = 1; i < KINDS; i++)
        if (kind_share(s, i) > kind_share(s, best))
            best = i;
    return best;
}

/* What is known of an expert's tokens; NULL where it is not, or of another shape. */
static const struct served *served_of(const struct view *v, const struct experts_now *now, int cell)
{
    const struct routing_facts *f = v->routing;

    return f && f->layers_n == now->layers_n && f->experts_n == now->experts_n ? &f->served[cell] : NULL;
}

static void add_words(struct str *s, const struct served *served, int most)
{
    int i;

    for (i = 0; i < served->words_n && i < most && i < SERVED_WORDS; i++)
        str_printf(s, "%s%.*s (%.0f%%)", i ? "  " : "", FACT_WORD, served->word[i],
                   100 * (double)served->part[i]);
}

static void describe_served(struct str *s, const struct served *served)
{
    int kind = main_kind(served);

    str_printf(s, "\nServes mostly %s (%.0f%% of its tokens)", kind_name[kind],
               100 * (double)kind_share(served, kind));
    if (served->words_n > 0)
        str_add(s, "; of these tokens it has the share in brackets: ");
    add_words(s, served, SERVED_WORDS);
}

static void describe(const struct view *v, const struct experts_now *now, int cell, struct str *s)
{
    const struct experts_state *x = v->experts;
    const struct served *served = served_of(v, now, cell);
    double part = (double)now->load[cell] * now->experts_n - 1, b = now->bias[cell];

    str_printf(s, "Got %.1f%% of the layer's assignments, %.0f%% %s its fair share of %.3g%%.",
               100 * (double)now->load[cell], fabs(100 * part), part < 0 ? "under" : "over",
               100.0 / now->experts_n);
    if (served)
        describe_served(s, served);
    str_printf(s, "%sIts bias is %+.3f", served ? "\n" : " ", b);
    if (served)
        str_printf(s, " on a mean affinity of %.3f", (double)served->affinity);
    str_printf(s, ": %s.",
               b > 0   ? "it is chosen more readily than its score alone would have it"
               : b < 0 ? "it is chosen less readily than its score alone would have it"
                       : "its score alone decides");
    if (x && x->gamma > 0 && part != 0)
        str_printf(s, " The step %s it by %g (V3's rule: gamma times the sign of mean load - load).",
                   part < 0 ? "raised" : "lowered", x->gamma);
    if (!served && v->probing) {
        str_printf(s, "\nWhich tokens it serves is being found out: %s (%.0f%%).", v->probing,
                   100 * v->probing_progress);
    } else if (!served) {
        str_add(s, "\nWhich tokens it serves: e asks; a step is replayed for it in the background.");
    }
}

/* One line an expert: how its tokens divide, and the ones it has most of beyond chance. */
static void draw_table(struct canvas *c, struct rect r, const struct view *v, const struct experts_now *now)
{
    static const char *const head[KINDS] = {"num", "oper", "struct", "word"};
    int cells = now->layers_n * now->experts_n, i, k, row, col;
    struct list list = {cells, experts_selected(v, now), v->experts ? v->experts->list.top : 0};
    char label[EXPERT_LABEL_BYTES];

    if (r.h < 2 || !served_of(v, now, 0))
        return;
    for (k = 0; k < KINDS; k++)
        canvas_right(c, r, 0, 14 + 7 * k, STYLE_DIM, head[k]);
    canvas_fit(c, r, 0, 37, r.w - 38, STYLE_DIM, "most beyond chance");
    list_clamp(&list, r.h - 1);
    for (i = list.top, row = 1; i < cells && row < r.h; i++, row++) {
        const struct served *s = served_of(v, now, i);
        struct str words = {0};
        int best = main_kind(s);
        if (i == list.selected)
            canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
        canvas_text(c, r, row, 1, i == list.selected ? STYLE_STRONG : STYLE_DIM,
                    experts_label(label, i, now->experts_n), -1);
        for (k = 0; k < KINDS; k++) {
            char text[16];
            snprintf(text, sizeof text, "%.0f%%", 100 * (double)kind_share(s, k));
            canvas_right(c, r, row, 14 + 7 * k, k == best ? STYLE_STRONG : STYLE_DIM, text);
        }
        for (k = 0; k < s->words_n && k < SERVED_WORDS; k++)
            str_printf(&words, "%s%.*s", k ? "  " : "", FACT_WORD, s->word[k]);
        col = 37;
        canvas_fit(c, r, row, col, r.w - col - 1, STYLE_TEXT, str_c(&words));
        str_free(&words);
    }
}

static void draw_foot(struct canvas *c, struct rect r, const struct view *v)
{
    const struct experts_state *x = v->experts;
    char foot[160] = "", total[FORMAT_BYTES], active[FORMAT_BYTES], right[64] = "";

    if (x && x->total > 0)
        snprintf(foot, sizeof foot, "a token uses %d of %d experts%s: %s of %s parameters", x->top_k,
                 x->experts_n, x->shared_n ? " and the shared one" : "", format_number(active, x->active),
                 format_number(total, x->total));
    if (v->routing)
        snprintf(right, sizeof right, "%ld tokens", v->routing->tokens);
    pane_foot(c, r, foot, right);
}

void pane_served(struct canvas *c, struct rect r, const struct view *v)
{
    struct experts_now now;
    struct rect inner;
    struct str text = {0};
    char title[64], right[48] = "";
    int cell, row;

    if (!experts_now(v, &now)) {
        pane_note(c, pane_frame(c, r, v, PANE_SERVED, "who serves what", ""), experts_note(v));
        return;
    }
    cell = experts_selected(v, &now);
    snprintf(title, sizeof title, "expert %d of layer %d", cell % now.experts_n + 1,
             cell / now.experts_n + 1);
    if (v->routing)
        snprintf(right, sizeof right, r.w < 48 ? "step %lld" : "routing of step %lld",
                 (long long)v->routing->step);
    inner = pane_frame(c, r, v, PANE_SERVED, title, right);
    describe(v, &now, cell, &text);
    row = paragraph_draw(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), 0, 0, STYLE_TEXT, str_c(&text));
    if (inner.w >= 50 && inner.h - row >= 4)
        draw_table(c, rect_cut(inner, 0, row + 1, inner.w, inner.h - row - 1), v, &now);
    str_free(&text);
    draw_foot(c, r, v);
}
