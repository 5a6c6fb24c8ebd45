/* The one loop: it waits for keys, for a snapshot, for a signal or for the end of a message, and sleeps on
 * nothing else.
 *
 * A frame is drawn when something changed: at once after a key, else at most 20 times a second. A signal gets
 * through only while ppoll waits, so none is lost between looking and waiting. */
#include "app/loop.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/command/guide.h"
#include "app/command/keymap.h"
#include "app/crash.h"
#include "app/desk/desk_back.h"
#include "app/desk/record.h"
#include "app/prompt.h"

#define FRAME_SECONDS (1.0 / 20) /* more than one can read; a frame costs training a millisecond of a core */

static void show_prompt(struct desk *d)
{
    struct view *v = &d->view;
    static char usage[256];
    const char *hint;

    v->command = v->command_hint = NULL;
    if (prompt_state() != PROMPT_OPEN)
        return;
    v->command = prompt_shown(&v->command_point);
    hint = prompt_hint();
    if (!*hint) {
        command_usage(v->command, usage, sizeof usage);
        hint = usage;
    }
    v->command_hint = hint;
}

static void finish_command(struct desk *d)
{
    struct err e;
    char line[COMMAND_BYTES];

    snprintf(line, sizeof line, "%s", prompt_line());
    prompt_close();
    show_prompt(d);
    if (command_run(d, line, &e))
        desk_fail(d, &e);
}

/* A key while the command line is open. An escape with a character right behind it is Alt with that
 * character. */
static void prompt_event(struct desk *d, struct key_event *k)
{
    struct key_event next;
    int meta = 0;

    if (k->key == INPUT_CHAR && k->code == 27 && term_key(d->term, &next)) {
        meta = 1;
        *k = next;
    }
    if (k->key == INPUT_CHAR && k->code == 26 && !meta)
        d->suspend = 1;
    else if (k->key != INPUT_RESIZED && prompt_key(k, meta) == PROMPT_DONE)
        finish_command(d);
    show_prompt(d);
}

static void on_key(struct desk *d, struct key_event *k)
{
    const struct key_row *row;

    if (k->key == INPUT_RESIZED)
        return;
    if (prompt_state() == PROMPT_OPEN) {
        prompt_event(d, k);
        return;
    }
    if (d->question != QUESTION_NONE) {
        request_answer(d, k->key == INPUT_CHAR && (k->code == 'y' || k->code == 'Y'));
        return;
    }
    if (isinf(d->message_until))
        d->message_until = 0; /* an error has been read */
    if (k->key == INPUT_CLICK)
        request_click(d, k->row, k->col);
    else if (k->key == INPUT_WHEEL_UP || k->key == INPUT_WHEEL_DOWN)
        request_wheel(d, k->row, k->col, k->key == INPUT_WHEEL_UP ? -3 : 3);
    else if (!guide_key(d, k) && (row = keymap_find(k, view_screen(&d->view))))
        request_do(d, row->request, row->argument);
    if (d->prefill) {
        d->message_until = 0;
        prompt_open(d->prefill);
        d->prefill = NULL;
        show_prompt(d);
    }
}

static void suspend(struct desk *d)
{
    d->suspend = 0;
    term_suspend(d->term);
    kill(0, SIGTSTP); /* the whole job, `make run` with it, until the shell brings it back */
    term_resume(d->term);
}

/* Reads all keys that are there; returns how many. */
static int read_keys(struct desk *d)
{
    struct key_event k;
    int n = 0;

    while (!d->quit && term_key(d->term, &k)) {
        n++;
        on_key(d, &k);
        if (d->suspend)
            suspend(d);
        if (d->redraw) {
            term_redraw(d->term);
            d->redraw = 0;
        }
    }
    return n;
}

/* Whether a terminal that can be read from has nothing to read: it has gone. */
static int is_lost(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    int bytes = 0;

    if (poll(&p, 1, 0) <= 0)
        return 0;
    if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
        return 1;
    return p.revents & POLLIN && ioctl(STDIN_FILENO, FIONREAD, &bytes) == 0 && bytes == 0;
}

/* A recording that cannot go on ends; the program does not. */
static void record(struct desk *d, int row, int col)
{
    struct err e, ignored;

    if (!d->recording ||
        !recording_frame(d->recording, &d->canvas, term_theme_now(d->term), row, col, desk_clock(), &e))
        return;
    desk_fail(d, &e);
    recording_close(d->recording, &ignored);
    d->recording = NULL;
}

/* A search back in time goes on between frames. */
static int search(struct desk *d)
{
    struct err e;

    if (!d->back)
        return 0;
    if (desk_back_go(d, DESK_BACK_TURN, &e))
        desk_fail(d, &e);
    return 1;
}

static void draw(struct desk *d, int *more)
{
    int w, h, row, col;

    term_size(d->term, &w, &h);
    *more = desk_frame(d, w, h, &row, &col);
    term_draw(d->term, &d->canvas, row, col);
    record(d, row, col);
}

/* Seconds until the loop has something to do by itself; INFINITY: never. */
static double next_event(const struct desk *d, int changed, double last_frame, double now)
{
    double until = changed ? last_frame + FRAME_SECONDS : INFINITY;

    if (d->message_until > 0 && !d->awaited && d->message_until < until)
        until = d->message_until;
    if (guide_deadline(d) < until)
        until = guide_deadline(d);
    return until <= now ? 0 : until - now;
}

int loop_run(struct desk *d, const sigset_t *waiting)
{
    struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = d->session->box.wake, .events = POLLIN}};
    double last_frame = 0, now, wait;
    int changed = 1, more = 0, keys;

    while (!d->quit && !crash_asked()) {
        struct timespec t;
        now = desk_clock();
        wait = d->back ? 0 : next_event(d, changed, last_frame, now);
        t.tv_sec = isinf(wait) ? 0 : (time_t)wait;
        t.tv_nsec = isinf(wait) ? 0 : (long)((wait - (double)t.tv_sec) * 1e9);
        p[0].revents = p[1].revents = 0;
        /* While a frame is due anyway, snapshots need not wake it. */
        if (ppoll(p, changed ? 1 : 2, isinf(wait) ? NULL : &t, waiting) < 0 && errno != EINTR)
            return SIGHUP;
        if (crash_asked())
            break;
        keys = read_keys(d);
        changed |= search(d);
        if (!keys && p[0].revents && is_lost())
            return SIGHUP;
        now = desk_clock();
        if (d->message_until > 0 && !d->awaited && d->message_until <= now) {
            d->message_until = 0;
            changed = 1;
        }
        if (keys || (changed && now >= last_frame + FRAME_SECONDS)) {
            desk_take(d);
            draw(d, &more);
            last_frame = now;
            changed = more;
        } else if (p[1].revents) {
            changed = 1;
            if (now >= last_frame + FRAME_SECONDS) {
                desk_take(d);
                draw(d, &more);
                last_frame = now;
                changed = more;
            }
        }
        changed |= guide_work(d);
    }
    return crash_asked();
}
