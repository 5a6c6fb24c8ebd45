/* The attention pane on a run that is on record: asked for while it is seen, head by head, and never shown of
 * another trace or head. */
#include <unistd.h>

#include "app/desk/desk_screen.h"
#include "tests/unit/tiny_desk.h"
#include "views/attention_state.h"

static struct tiny_desk t;
static struct err e;

static void frame(int w, int h)
{
    int row, col;

    while (desk_frame(&t.desk, w, h, &row, &col))
        ;
}

/* Frames until the head that is looked at is known; the probe always answers in the end. */
static const struct attention_facts *wait_for_head(void)
{
    frame(160, 45);
    while (!t.desk.view.attention->facts) {
        cr_assert(!t.desk.view.attention->refused[0] && !t.desk.view.message_is_error, "%s %s",
                  t.desk.view.attention->refused, t.desk.message);
        usleep(1000);
        desk_take(&t.desk);
        frame(160, 45);
    }
    return t.desk.view.attention->facts;
}

static void check(const struct attention_facts *f, int layer, int head)
{
    const struct snap_follow *follow = &desk_shown(&t.desk)->follow;
    double sum = 0;
    int row;

    cr_assert(f->layer == layer && f->head == head && f->group == follow->group &&
              f->index == follow->index && f->n == follow->tokens_n && f->step == 3);
    cr_assert_eq(attention_row(f, 0), f->prompt_n - 1);
    row = attention_row(f, f->n - 1);
    cr_assert_eq(row, f->rows - 1);
    for (int j = 0; j <= row; j++)
        sum += (double)f->weight[(size_t)row * ((size_t)row + 1) / 2 + (size_t)j];
    cr_assert_float_eq(sum, 1, 1e-5);
}

static void shows(const struct str *text, const char *what)
{
    cr_assert(strstr(str_c(text), what), "no '%s' in\n%s", what, str_c(text));
}

Test(attention_desk, heads_of_the_trace_on_screen)
{
    struct str text = {0};
    const struct attention_facts *f;

    tiny_desk_init(&t);
    desk_show_screen(&t.desk, SCREEN_DASHBOARD);
    frame(160, 45);
    cr_assert_eq(t.desk.view.attention->asked_run, 0, "nobody has asked");
    tiny_desk_must(command_run(&t.desk, "attention 1 1", &e), &e);
    cr_assert(t.desk.view.screen == SCREEN_TRACE && t.desk.view.zoom == PANE_ATTENTION);
    f = wait_for_head();
    check(f, 0, 0);
    tiny_desk_draw(&t, 160, 45, &text);
    shows(&text, "was written reading:");
    shows(&text, "attention: layer 1, head 1");
    request_do(&t.desk, REQUEST_HEAD, 1);
    frame(160, 45);
    check(wait_for_head(), 0, 1);
    request_do(&t.desk, REQUEST_HEAD, -1);
    request_do(&t.desk, REQUEST_HEAD, -1);
    check(wait_for_head(), 0, t.desk.view.attention->heads_n - 1);
    request_do(&t.desk, REQUEST_HEAD_LAYER, 1);
    check(wait_for_head(), 1, t.desk.view.attention->heads_n - 1);
    request_do(&t.desk, REQUEST_COMPLETION, 1);
    frame(160, 45);
    check(wait_for_head(), 1, t.desk.view.attention->heads_n - 1);
    cr_assert_eq(command_run(&t.desk, "attention 99 1", &e), ST_USAGE);
    cr_assert_eq(command_run(&t.desk, "attention x", &e), ST_USAGE);
    str_free(&text);
    tiny_desk_release(&t);
}

/* A run that goes on too fast is not asked about; a pane that is not seen costs nothing. */
Test(attention_desk, nothing_is_asked_that_is_not_seen)
{
    tiny_desk_init(&t);
    desk_show_screen(&t.desk, SCREEN_TRACE);
    frame(80, 24);
    cr_assert(t.desk.view.attention->asked_run == 0 && !t.desk.probe.is_started);
    request_do(&t.desk, REQUEST_ATTENTION, 0);
    cr_assert_eq(t.desk.view.zoom, PANE_ATTENTION);
    request_do(&t.desk, REQUEST_ATTENTION, 0);
    cr_assert_eq(t.desk.view.zoom, PANE_NONE);
    frame(80, 24);
    cr_assert_eq(t.desk.view.attention->asked_run, 0);
    tiny_desk_release(&t);
}
