/* In what the compared runs differ: where their states part, by digest, and the settings that are not the
 * same. */
#include <stdio.h>
#include <string.h>

#include "views/compare_state.h"
#include "views/pane.h"

/* "B forked from A at step 50", for the first two that are related so. */
static int lineage(const struct compare_state *s, char *out, size_t bytes)
{
    int i, k;

    for (i = 0; i < s->n; i++)
        for (k = 0; k < s->n; k++)
            if (s->run[i].parent == s->run[k].id && !strcmp(s->run[i].stage, s->run[k].stage)) {
                snprintf(out, bytes, "%c was forked from %c at step %lld", 'A' + i, 'A' + k,
                         (long long)s->run[i].parent_step);
                return 1;
            }
    return 0;
}

/* What the digests say; good: both are the same run to the bit. */
static void parting(const struct compare_state *s, char *out, size_t bytes, int *good)
{
    int b = 'A' + s->other;

    *good = 0;
    if (!s->other)
        snprintf(out, bytes, "nothing to compare with");
    else if (s->last < s->first)
        snprintf(out, bytes, "A and %c have no step in common yet", b);
    else if (s->parts_at < 0) {
        *good = 1;
        snprintf(out, bytes, "A = %c to the bit up to step %lld, digest %.12s", b, (long long)s->equal_to,
                 s->digest);
    } else if (s->equal_to >= s->first)
        snprintf(out, bytes, "A = %c to the bit up to step %lld, they part at %lld", b,
                 (long long)s->equal_to, (long long)s->parts_at);
    else
        snprintf(out, bytes, "A and %c differ from step %lld on", b, (long long)s->parts_at);
}

/* The key without its section where that is the one of GRPO. */
static const char *short_key(const char *key)
{
    return !strncmp(key, "rl.", 3) ? key + 3 : key;
}

static void draw_settings(struct canvas *c, struct rect r, const struct compare_state *s,
                          const struct list *list)
{
    int key = r.w / 3 < 10 ? 10 : r.w / 3 > 24 ? 24 : r.w / 3, each = s->n ? (r.w - key - 2) / s->n : 0, i, k;

    each = each > 14 ? 14 : each;
    if (each < 4)
        each = 4;
    canvas_fit(c, r, 0, 1, key - 1, STYLE_DIM, "setting");
    for (k = 0; k < s->n; k++)
        canvas_put(c, r, 0, 1 + key + k * each, STYLE_DIM, (uint32_t)('A' + k));
    for (i = 0; i + 1 < r.h && list->top + i < list->n; i++) {
        const struct compare_setting *d = &s->setting[list->top + i];
        canvas_fit(c, r, 1 + i, 1, key - 1, STYLE_TEXT, short_key(d->key));
        for (k = 0; k < s->n; k++)
            canvas_fit(c, r, 1 + i, 1 + key + k * each, each - 1,
                       k && strcmp(d->value[k], d->value[0]) ? STYLE_STRONG : STYLE_TEXT, d->value[k]);
    }
}

void pane_difference(struct canvas *c, struct rect r, const struct view *v)
{
    const struct compare_state *s = v->compare;
    char text[128], right[24] = "";
    struct rect inner, body;
    struct list list;
    int row = 0, good;

    if (s && s->n > 1)
        snprintf(right, sizeof right, "%d", s->settings.n);
    inner = pane_frame(c, r, v, PANE_DIFFERENCE, "what differs", right);
    if (!s || s->n < 2) {
        pane_note(c, inner, "two runs are needed");
        return;
    }
    parting(s, text, sizeof text, &good);
    canvas_fit(c, inner, row++, 1, inner.w - 2, good ? STYLE_GOOD : STYLE_TEXT, text);
    if (inner.h >= 5 && lineage(s, text, sizeof text))
        canvas_fit(c, inner, row++, 1, inner.w - 2, STYLE_DIM, text);
    body = rect_cut(inner, 0, row, inner.w, inner.h - row);
    list = s->settings;
    if (!list.n) {
        canvas_fit(c, body, 0, 1, inner.w - 2, STYLE_DIM, "every setting is the same");
        return;
    }
    list_clamp(&list, body.h - 1);
    draw_settings(c, body, s, &list);
    list_scrollbar(c, r, rect_cut(body, 0, 1, body.w, body.h - 1), &list);
}
