/* The last line: the command under way, a question, a message, or the keys that matter now. */
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/pane.h"

/* The first byte of the command that is shown, so that its cursor is within `room` columns. */
static int command_from(const struct canvas *c, const struct view *v, int room)
{
    int from = 0, used;

    while (from < v->command_point && canvas_width(c, v->command + from, v->command_point - from) >= room) {
        utf8_next(v->command + from, strlen(v->command + from), &used);
        from += used;
    }
    return from;
}

int pane_status_cursor(const struct canvas *c, struct rect r, const struct view *v)
{
    int from;

    if (!v->command)
        return -1;
    from = command_from(c, v, r.w);
    return canvas_width(c, v->command + from, v->command_point - from);
}

static void draw_hints(struct canvas *c, struct rect r, const struct view *v, int end)
{
    int i, col = 1;

    for (i = 0; i < v->hints_n; i++) {
        const struct view_row *h = &v->hints[i];
        int w = canvas_width(c, h->key, -1) + 1 + canvas_width(c, h->what, -1);
        if (col + w > end)
            break;
        col = canvas_text(c, r, 0, col, STYLE_KEY, h->key, -1);
        col = canvas_text(c, r, 0, col + 1, STYLE_DIM, h->what, -1) + 2;
    }
}

void pane_status(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snapshot *s = v->now;
    char rate[64], number[FORMAT_BYTES];
    int end = r.w - 1;

    if (v->command) {
        canvas_text(c, r, 0, 0, STYLE_TEXT, v->command + command_from(c, v, r.w), -1);
        return;
    }
    if (v->question) {
        canvas_fit(c, r, 0, 1, r.w - 2, STYLE_WARNING, v->question);
        return;
    }
    if (s && s->is_live && s->state == RUN_RUNNING && s->tokens_per_second > 0 && r.w >= 64) {
        snprintf(rate, sizeof rate, "%s tok/s", format_number(number, s->tokens_per_second));
        end = canvas_right(c, r, 0, end, STYLE_DIM, rate) - 2;
    } else if (s && s->is_live && s->state == RUN_PAUSED && r.w >= 64) {
        snprintf(rate, sizeof rate, "steps by %s", quantum_name(s->quantum));
        end = canvas_right(c, r, 0, end, STYLE_DIM, rate) - 2;
    }
    if (v->message && *v->message)
        canvas_fit(c, r, 0, 1, end - 1, v->message_is_error ? STYLE_ERROR : STYLE_STRONG, v->message);
    else if (s && s->message[0] && (s->message_is_error || s->state == RUN_FAILED))
        canvas_fit(c, r, 0, 1, end - 1, STYLE_ERROR, s->message);
    else if (s && s->message[0] && s->state != RUN_RUNNING)
        canvas_fit(c, r, 0, 1, end - 1, STYLE_STRONG, s->message);
    else
        draw_hints(c, r, v, end);
}
