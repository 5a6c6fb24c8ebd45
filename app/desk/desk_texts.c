/* The desk's part of the texts screen: reading them, choosing among them, and asking the engine for verdicts.
 *
 * The texts of a run change by verdicts alone, so they are read whole when another run is looked at or the
 * engine has carried out a request. What a verdict did is seen only once it is on record. */
#include "app/desk/desk_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_screen.h"
#include "app/session/session_examples.h"
#include "views/texts_state.h"

/* The view points at `shown`, the first member. */
struct texts_desk {
    struct texts_state shown;
    struct examples own;        /* what shown.row is */
    int64_t wanted;             /* the run that was asked for, 0: the open one */
    uint64_t command;           /* the last request that had been carried out when it was read */
    int64_t open;               /* and the run that was open */
    int is_read;
};

static struct texts_desk *own(const struct desk *d)
{
    return (struct texts_desk *)(void *)d->view.texts;
}

static enum status init(struct desk *d, struct err *e)
{
    struct texts_desk *x = calloc(1, sizeof *x);

    if (!x)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    d->view.texts = &x->shown;
    x->shown.chosen = calloc(1, sizeof *x->shown.chosen);
    x->shown.other = calloc(1, sizeof *x->shown.other);
    x->shown.chosen_at = -1;
    return x->shown.chosen && x->shown.other ? ST_OK : err_set(e, ST_NOMEM, "workbench",
                                                               "no memory for a screen");
}

/* Nothing of a run. */
static void forget(struct texts_desk *x)
{
    examples_release(&x->own);
    free(x->shown.label);
    free(x->shown.order);
    x->shown.row = NULL;
    x->shown.label = NULL;
    x->shown.order = NULL;
    x->shown.n = x->shown.kept_n = x->shown.by_hand_n = x->shown.list.n = 0;
    x->shown.chosen_at = -1;
}

static void release(struct desk *d)
{
    struct texts_desk *x = own(d);

    if (!x)
        return;
    forget(x);
    free(x->shown.chosen);
    free(x->shown.other);
    free(x);
    d->view.texts = NULL;
}

static enum status read_texts(struct desk *d, const struct record_run *run, struct err *e)
{
    struct texts_desk *x = own(d);
    struct texts_state *s = &x->shown;
    int place = s->run == run->id ? texts_place(s) : -1, i;
    enum status st;

    forget(x);
    if (s->run != run->id)
        s->find[0] = 0;
    s->run = run->id;
    snprintf(s->name, sizeof s->name, "%s", run->name);
    st = examples_read(d->query, run->id, &x->own, e);
    s->label = st ? NULL : calloc((size_t)x->own.n + 1, sizeof *s->label);
    s->order = st ? NULL : calloc((size_t)x->own.n + 1, sizeof *s->order);
    if (!s->label || !s->order)
        return st ? st : err_set(e, ST_NOMEM, "texts", "no memory for %d texts", x->own.n);
    s->row = x->own.row;
    s->n = x->own.n;
    s->kept_n = x->own.kept_n;
    for (i = 0; i < s->n; i++) {
        moment_prompt(s->row[i].prompt, s->label[i], TEXTS_LABEL);
        s->by_hand_n += s->row[i].verdict != VERDICT_RULE;
    }
    if (place >= 0 && place < s->n) {
        s->order[0] = place;
        s->list = (struct list){1, 0, s->list.top};
    }
    texts_order(s);
    return ST_OK;
}

static void find_run(struct desk *d)
{
    struct texts_desk *x = own(d);
    struct texts_state *s = &x->shown;
    int64_t id = x->wanted ? x->wanted : desk_run_id(d);
    struct record_run run;
    char text[24];
    struct err e;

    if (x->is_read && s->run == id && x->command == d->live->command && x->open == desk_run_id(d)) {
        if (id == desk_run_id(d))
            s->step = d->live->head > d->live->committed ? d->live->head : d->live->committed;
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)id);
    if (!id || query_run(d->query, text, &run, &e)) {
        forget(x);
        s->run = 0;
        x->is_read = 0;
        snprintf(s->note, sizeof s->note, "no run is open; :texts RUN shows what a run learns from");
        return;
    }
    x->is_read = 1;
    x->command = d->live->command;
    x->open = desk_run_id(d);
    s->step = run.step;
    if (read_texts(d, &run, &e))
        desk_fail(d, &e);
    snprintf(s->note, sizeof s->note,
             "%s learns from no collected text; a recipe's stages do: :recipe r1 review",
             run.name);
}

/* A text as a trace is drawn: tokens are what blanks separate, and `wait` turns it round. */
static void as_trace(struct snap_follow *f, const char *prompt, const char *text)
{
    int n = (int)strlen(prompt), room = SNAP_TEXT - 2, at;

    f->group = f->index = f->tokens_n = f->marks_n = 0;
    n = n < room ? n : room;
    f->prompt_n = n + 1;
    f->text_n = snprintf(f->text, SNAP_TEXT, "%.*s %s", n, prompt, text);
    if (f->text_n >= SNAP_TEXT)
        f->text_n = SNAP_TEXT - 1;
    for (at = f->prompt_n; at < f->text_n && f->tokens_n < SNAP_TOKENS;) {
        int from = at - f->prompt_n, k = (int)strcspn(f->text + at, " ");
        f->begin[f->tokens_n++] = from;
        if (k == 4 && !memcmp(f->text + at, "wait", 4) && f->marks_n < MARKS_MAX)
            f->mark[f->marks_n++] = (struct mark){MARK_REFLECTION, from, from + k, 1};
        at += k + (at + k < f->text_n);
        f->begin[f->tokens_n] = at - f->prompt_n;
    }
}

static void choose(struct texts_state *s)
{
    int place = texts_place(s);

    if (place == s->chosen_at)
        return;
    s->chosen_at = place;
    s->scroll = 0;
    s->other->text_n = s->chosen->text_n = 0;
    if (place < 0)
        return;
    as_trace(s->chosen, s->row[place].prompt, s->row[place].text);
    if (s->row[place].kind == EXAMPLE_PAIR)
        as_trace(s->other, "", s->row[place].other);
}

static int refresh(struct desk *d)
{
    struct texts_state *s = d->view.texts;

    find_run(d);
    list_clamp(&s->list, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_TEXTS));
    choose(s);
    return 0;
}

void desk_texts_show(struct desk *d, int64_t run)
{
    struct texts_desk *x = own(d);

    x->wanted = run == desk_run_id(d) ? 0 : run;
    desk_show_screen(d, SCREEN_TEXTS);
}

enum status desk_texts_judge(struct desk *d, enum example_verdict verdict, const char *words, struct err *e)
{
    struct engine_message m = {.what = ENGINE_JUDGE, .verdict = verdict};
    const struct texts_state *s = d->view.texts;
    int place;
    enum status st;

    find_run(d);
    place = texts_place(s);
    if (place < 0)
        return err_set(e, ST_USAGE, "judge", "no text is chosen; :texts RUN shows those of a run");
    if (s->step > 0)
        return err_set(e, ST_USAGE, "judge", "%s has taken %lld steps: what it learned from stands", s->name,
                       (long long)s->step);
    if (verdict == VERDICT_EDITED && (s->row[place].kind == EXAMPLE_PAIR) == (words != NULL))
        return err_set(e, ST_USAGE, "judge",
                       words ? "a pair is not edited: s turns it round"
                           : "only a pair can be turned round; e edits a trace");
    m.run_id = s->run;
    m.step = place;
    m.words = words ? strdup(words) : NULL;
    if (words && !m.words)
        return err_set(e, ST_NOMEM, "judge", "no memory");
    st = desk_post(d, &m, e);
    if (st)
        free(m.words);
    return st;
}

enum status desk_texts_find(struct desk *d, const char *text, struct err *e)
{
    struct texts_state *s = d->view.texts;
    int at;

    snprintf(s->find, sizeof s->find, "%s", text);
    if (!text[0])
        return ST_OK;
    find_run(d);
    at = texts_find(s, 1);
    if (at < 0)
        return err_set(e, ST_NOTFOUND, "find", "none of %d texts has '%s'", s->list.n, s->find);
    s->list.selected = at;
    return ST_OK;
}

static void find_next(struct desk *d, int step)
{
    struct texts_state *s = d->view.texts;
    int at = texts_find(s, step);

    if (at >= 0)
        s->list.selected = at;
    else
        desk_say(d, s->find[0] ? "no text has '%s'" : "/ searches", s->find);
}

/* The command line with the text in it. */
static void edit(struct desk *d)
{
    const struct texts_state *s = d->view.texts;
    int place = texts_place(s);
    struct str line = {0};

    if (place < 0)
        return;
    str_printf(&line, "judge edit %s", s->row[place].text);
    if (s->step > 0)
        desk_say(d, "%s has taken %lld steps: what it learned from stands", s->name, (long long)s->step);
    else if (s->row[place].kind == EXAMPLE_PAIR)
        desk_say(d, "a pair is not edited: s turns it round, a and x keep or drop it");
    else if (line.n >= COMMAND_BYTES)
        desk_say(d, "this text is too long for the command line");
    else
        desk_prompt(d, str_c(&line));
    str_free(&line);
}

static void judge(struct desk *d, enum example_verdict verdict)
{
    struct err e;

    if (desk_texts_judge(d, verdict, NULL, &e))
        desk_fail(d, &e);
}

static void move(struct desk *d, int by)
{
    struct texts_state *s = d->view.texts;

    if (d->view.focus == PANE_EXAMPLE) {
        s->scroll += by;
        s->scroll = s->scroll < 0 ? 0 : s->scroll;
    } else {
        list_move(&s->list, by, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_TEXTS));
    }
}

static int request(struct desk *d, enum request r, int argument)
{
    enum { FAR = 100000 };
    struct texts_state *s = d->view.texts;
    int n = view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_TEXTS);

    switch (r) {
    case REQUEST_UP: move(d, -1); return 1;
    case REQUEST_DOWN: move(d, 1); return 1;
    case REQUEST_PAGE_UP: move(d, n > 2 ? 1 - n : -1); return 1;
    case REQUEST_PAGE_DOWN: move(d, n > 2 ? n - 1 : 1); return 1;
    case REQUEST_HOME: move(d, -FAR); return 1;
    case REQUEST_END: move(d, d->view.focus == PANE_EXAMPLE ? 0 : FAR); return 1;
    case REQUEST_VERDICT: judge(d, (enum example_verdict)argument); return 1;
    case REQUEST_EDIT: edit(d); return 1;
    case REQUEST_FILTER:
        s->filter = (enum texts_filter)((s->filter + 1) % TEXTS_FILTERS);
        texts_order(s);
        return 1;
    case REQUEST_FIND: desk_prompt(d, "find "); return 1;
    case REQUEST_FIND_NEXT: find_next(d, 1); return 1;
    case REQUEST_FIND_PREVIOUS: find_next(d, -1); return 1;
    case REQUEST_ENTER: return 1;
    default: return 0;
    }
}

const struct desk_screen desk_texts = {init, release, refresh, request};
