/* Lessons: the built-in ones are whole, pages turn as they should, and the strip fits every screen. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command.h"
#include "app/script/lesson.h"
#include "app/session/session.h"
#include "scenarios/lessons.h"
#include "views/pane.h"

static struct err e;

Test(lesson, built_in_ones_are_whole)
{
    struct canvas c = {.w = 80, .h = 24};
    const char *words = command_by_name("lesson")->words;
    int i, k;

    cr_assert_eq(lesson_n(), 6);
    for (i = 0; i < lesson_n(); i++) {
        const struct lesson_text *t = lesson_at(i);
        struct lesson l;
        cr_assert_eq(lesson_read(&l, t->name, t->text, &e), ST_OK, "%s: %s", t->name, e.msg);
        cr_assert_eq(t->bytes, strlen(t->text));
        cr_assert_not_null(strstr(words, t->name), "`:lesson` completes %s", t->name);
        cr_assert_eq(strncmp(lesson_title(t), l.title, strlen(l.title)), 0);
        cr_assert_geq(l.n, 5);
        for (k = 0; k < l.n; k++) {
            int rows = lesson_wrap(&c, l.page[k].text, 78, NULL, NULL);
            cr_assert_leq(rows, 16, "%s, %s: %d rows are two strips of a small terminal", t->name,
                          l.page[k].heading, rows);
            cr_assert(!l.page[k].question.n || l.page[k].seen[0], "%s, %s: an answer is told of", t->name,
                      l.page[k].heading);
        }
        cr_assert_gt(l.page[0].drive.n, 0);
        lesson_free(&l);
    }
    cr_assert_null(lesson_find("nosuch"));
}

static void refuses(const char *text, const char *with)
{
    struct lesson l;

    e.msg[0] = 0;
    cr_assert_eq(lesson_read(&l, "mine", text, &e), ST_USAGE, "taken: %s", text);
    cr_assert_not_null(strstr(e.msg, with), "'%s' does not say '%s'", e.msg, with);
}

Test(lesson, wrong_ones_are_refused)
{
    refuses("", "a title");
    refuses("= T\n", "pages");
    refuses("== P\ntext\n", "a title");
    refuses("= T\ntext\n", "mine:2: text before the first page");
    refuses("= T\n== P\n", "has no text");
    refuses("= T\n== P\ntext {metric kll}\n", "there is no metric 'kll'");
    refuses("= T\n== P\ntext\n: stepp 3\n", "mine:4: there is no command 'stepp'");
    refuses("= T\n== P\ntext\n== Q\ntext\n: wait idle\n: wait kll > 1\n", "mine:7:");
    refuses("= T\n== P\ntext\n? kll > 1\n@ pause\n", "mine:4: there is no metric");
    refuses("= T\n== P\ntext\n? idle\n", "no answer");
    refuses("= T\n== P\ntext\n? idle\n? idle\n@ pause\n", "one question");
}

static const char short_lesson[] = "= Title\n# comment\n== First\nwords that\ngo on\n\n    kept as it is\n"
                                   "== Second\nGo to the log.\n? screen log\n@ log\n> The log\n> it is.\n"
                                   "== Third\n: runs\nThe runs.\n";

static struct desk *new_desk(struct session *s)
{
    struct desk *d = calloc(1, sizeof *d);
    const char *base = getenv("TMPDIR");
    static char dir[256], store[300];

    setlocale(LC_ALL, "C.UTF-8");
    snprintf(dir, sizeof dir, "%s/lesson-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(store, sizeof store, "%s/lab.db", dir);
    cr_assert_eq(session_init(s, store, 1, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(desk_init(d, s, &e), ST_OK, "%s", e.msg);
    return d;
}

static void frame(struct desk *d, int w, int h, struct str *out)
{
    int row, col;

    while (desk_frame(d, w, h, &row, &col))
        ;
    str_clear(out);
    canvas_dump(&d->canvas, out);
}

static int shows(struct desk *d, const char *text)
{
    struct str s = {0};
    int found;

    frame(d, 100, 30, &s);
    found = strstr(str_c(&s), text) != NULL;
    str_free(&s);
    return found;
}

Test(lesson, pages_turn)
{
    struct session s;
    struct desk *d = new_desk(&s);
    struct key_event enter = {.key = INPUT_CHAR, .code = '\r'}, back = {.key = INPUT_CHAR, .code = 'N'},
                     next = {.key = INPUT_CHAR, .code = 'n'};

    cr_assert_not(lesson_key(d, &next), "without a lesson the key is another one's");
    cr_assert_eq(lesson_begin(d, "short", short_lesson, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(d->lesson->state.phase, LESSON_WORKING);
    cr_assert(lesson_work(d));
    cr_assert_eq(d->lesson->state.phase, LESSON_STOP);
    cr_assert_str_eq(d->lesson->state.text, "words that go on\n\n    kept as it is");
    cr_assert(shows(d, "Title: First") && shows(d, "1/3") && shows(d, "     kept as it is"));

    cr_assert(lesson_key(d, &enter));
    cr_assert(lesson_work(d));
    cr_assert_eq(d->lesson->state.phase, LESSON_ASKING);
    cr_assert_not(lesson_key(d, &enter), "while it asks, enter is the screen's");
    cr_assert_not(lesson_work(d), "nothing was done yet");
    cr_assert(shows(d, "Go to the log.") && !shows(d, "The log it is."));
    desk_show_screen(d, SCREEN_LOG);
    cr_assert(lesson_work(d));
    cr_assert_eq(d->lesson->state.phase, LESSON_STOP);
    cr_assert(shows(d, "The log it is."));

    cr_assert(lesson_key(d, &back));
    cr_assert_eq(d->lesson->at, 0);
    cr_assert_eq(d->lesson->state.phase, LESSON_STOP);
    cr_assert(lesson_key(d, &next));
    cr_assert_eq(d->lesson->state.phase, LESSON_STOP, "what was answered is not asked again");
    cr_assert(shows(d, "The log it is."));
    d->view.focus = PANE_NONE;
    cr_assert(lesson_key(d, &next));
    cr_assert(lesson_work(d));
    cr_assert_eq(d->view.screen, SCREEN_RUNS, "the page's command was carried out");
    cr_assert(shows(d, "the end"));
    cr_assert(lesson_key(d, &next));
    cr_assert_null(d->lesson);
    cr_assert_null(d->view.lesson);
    desk_release(d);
    session_release(&s);
    free(d);
}

Test(lesson, what_fails_is_told_and_can_be_left)
{
    struct session s;
    struct desk *d = new_desk(&s);
    const char *text = "= T\n== A\n: goto 3\ntext\n== B\nnumber {metric kl}\n== C\nend\n";

    cr_assert_eq(lesson_begin(d, "short", text, &e), ST_OK);
    cr_assert(lesson_work(d));
    cr_assert_eq(d->lesson->state.phase, LESSON_FAILED);
    cr_assert(shows(d, "no run is open"));
    lesson_next(d);
    cr_assert(lesson_work(d));
    cr_assert_eq(d->lesson->state.phase, LESSON_FAILED, "a number that is not there is no blank");
    cr_assert(shows(d, "number …"));
    lesson_next(d);
    cr_assert(lesson_work(d));
    cr_assert_eq(d->lesson->state.phase, LESSON_STOP);
    cr_assert_eq(lesson_open(d, "nosuch", &e), ST_NOTFOUND);
    cr_assert_not_null(strstr(e.msg, "advantage"));
    cr_assert_not_null(d->lesson, "a name that is wrong closes nothing");
    desk_release(d);
    session_release(&s);
    free(d);
}

Test(lesson, a_long_page_is_read_on)
{
    struct session s;
    struct desk *d = new_desk(&s);
    struct str text = {0}, seen = {0};
    int i, turns;

    str_add(&text, "= T\n== A\n");
    for (i = 0; i < 60; i++)
        str_printf(&text, "word%d and some more to fill the line.\n\n", i);
    str_add(&text, "== B\nend\n");
    cr_assert_eq(lesson_begin(d, "long", str_c(&text), &e), ST_OK, "%s", e.msg);
    lesson_work(d);
    str_clear(&text);
    for (turns = 0; turns < 200 && d->lesson->at == 0; turns++) {
        frame(d, 80, 24, &seen);
        str_add(&text, str_c(&seen));
        lesson_next(d);
    }
    cr_assert_eq(d->lesson->at, 1);
    for (i = 0; i < 60; i++) {
        char word[16];
        snprintf(word, sizeof word, "word%d ", i);
        cr_assert_not_null(strstr(str_c(&text), word), "%s was never shown", word);
    }
    str_free(&text);
    str_free(&seen);
    desk_release(d);
    session_release(&s);
    free(d);
}

static void check_layout(int w, int h, enum screen_id screen, enum pane_id zoom, int rows)
{
    struct layout l;
    static unsigned char used[80][260];
    int i, x, y, lesson = 0, header = 0;

    layout_strip(&l, screen, w, h, zoom, PANE_LESSON, rows);
    memset(used, 0, sizeof used);
    for (i = 0; i < l.n; i++) {
        const struct rect *r = &l.place[i].rect;
        cr_assert(r->x >= 0 && r->y >= 0 && r->w > 0 && r->h > 0 && r->x + r->w <= w && r->y + r->h <= h,
                  "%dx%d screen %d", w, h, (int)screen);
        for (y = r->y; y < r->y + r->h; y++)
            for (x = r->x; x < r->x + r->w; x++)
                cr_assert_not(used[y][x]++, "%dx%d screen %d overlaps", w, h, (int)screen);
        lesson += l.place[i].pane == PANE_LESSON;
        header += l.place[i].pane == PANE_HEADER;
        cr_assert(l.place[i].pane != PANE_STATUS || r->y == h - 1);
    }
    cr_assert_eq(lesson, w >= LAYOUT_MIN_W && h >= LAYOUT_MIN_H, "%dx%d", w, h);
    cr_assert_eq(header, lesson);
}

Test(lesson, the_strip_fits_every_screen)
{
    int w, h, s;

    for (w = 30; w <= 240; w += 15)
        for (h = 6; h <= 70; h++)
            for (s = 0; s < SCREEN_N; s++) {
                check_layout(w, h, (enum screen_id)s, PANE_NONE, h * 2 / 5 < 3 ? 3 : h * 2 / 5);
                check_layout(w, h, (enum screen_id)s, PANE_TRACE, 5);
            }
}

Test(lesson, the_pane_at_all_sizes)
{
    static const int size[][2] = {{40, 10}, {80, 24}, {120, 40}, {160, 45}, {40, 30}, {200, 12}};
    struct lesson_state s = {.name = "x", .title = "Title", .heading = "Heading", .page = 1, .pages = 2,
                             .phase = LESSON_FAILED, .text = "A first line, `typed`.\n\n    kept",
                             .note = "it failed"};
    size_t i;

    setlocale(LC_ALL, "C.UTF-8");
    for (i = 0; i < sizeof size / sizeof *size; i++) {
        struct canvas c = {.chars = CHARS_ASCII};
        struct str text = {0};
        struct view v;
        int row, col;
        view_init(&v);
        v.lesson = &s;
        cr_assert_eq(canvas_resize(&c, size[i][0], size[i][1], NULL), ST_OK);
        view_draw(&c, &v, &row, &col);
        canvas_dump(&c, &text);
        cr_assert_not_null(strstr(str_c(&text), "Title: Heading"), "%s", str_c(&text));
        cr_assert_not_null(strstr(str_c(&text), "A first line, typed."), "%s", str_c(&text));
        cr_assert(size[i][1] < 20 || strstr(str_c(&text), "it failed"), "%s", str_c(&text));
        cr_assert_not_null(strstr(str_c(&text), ":lesson off"), "%s", str_c(&text));
        str_free(&text);
        canvas_release(&c);
    }
}
