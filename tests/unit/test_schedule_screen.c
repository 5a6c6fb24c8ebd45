/* The schedule screen: what its timelines and figures say is what the engine plays, every piece is drawn
 * once, and what it looks like. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/command/command.h"
#include "app/desk/desk_schedule.h"
#include "app/desk/desk_screen.h"
#include "engine/run/pipeline.h"
#include "tests/unit/golden.h"
#include "tests/unit/scene.h"

static struct err e;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

static void set(struct schedule_state *s, const char *a, const char *b, const char *c)
{
    const char *word[] = {a, b, c};

    must(schedule_set(s, word, c ? 3 : b ? 2 : 1, &e));
}

static void refuses(struct schedule_state *s, const char *word, const char *says)
{
    double end = s->end;

    cr_assert_eq(schedule_set(s, &word, 1, &e), ST_USAGE, "%s is taken", word);
    cr_assert(strstr(e.msg, says), "%s: %s", word, e.msg);
    cr_assert(s->kind[0].is_played && s->end == end, "a refused word changes something");
}

static void check_against_engine(const struct schedule_state *s)
{
    int i;

    for (i = 0; i < SCHEDULE_KINDS; i++) {
        const struct schedule_kind *k = &s->kind[i];
        struct pipeline p = {(enum pipeline_kind)i, s->devices, s->micro, s->f, s->b, s->w, s->fb};
        struct pipeline_timeline t = {0};
        struct pipeline_figures x;
        struct schedule_moment m;
        if (pipeline_check(&p, &e) || pipeline_simulate(&p, &t, &e)) {
            cr_assert(!k->is_played && k->why[0]);
            pipeline_timeline_release(&t);
            continue;
        }
        x = pipeline_formula(&p);
        m = schedule_moment(k, k->played.makespan);
        cr_assert(k->is_played && k->n == t.n && k->played.makespan == t.figures.makespan &&
                  k->played.bubble == t.figures.bubble && k->published.bubble == x.bubble);
        cr_assert(s->end >= k->played.makespan && m.busy == 0 && m.held == 0, "all is done at the end");
        if (k->least_bubble == k->played.bubble)
            cr_assert_float_eq(m.idle, s->devices * k->played.bubble, 1e-6);
        cr_assert(m.idle <= s->devices * k->played.bubble + 1e-6 &&
                  m.idle >= s->devices * k->least_bubble - 1e-6);
        pipeline_timeline_release(&t);
    }
}

Test(schedule, figures_are_the_engines)
{
    struct schedule_state s;

    must(schedule_init(&s, &e));
    check_against_engine(&s);
    cr_assert(s.kind[0].agrees && s.kind[1].agrees && s.kind[2].agrees, "F = B-W = W");
    cr_assert_eq(s.kind[PIPELINE_1F1B].played.bubble, 21);
    cr_assert_eq(s.kind[PIPELINE_ZB1P].played.bubble, 7);
    cr_assert_eq(s.kind[PIPELINE_DUALPIPE].played.bubble, 6);
    set(&s, "pp=4", "micro=9", "w=0.5");
    check_against_engine(&s);
    cr_assert(!s.kind[PIPELINE_DUALPIPE].is_played, "an odd number has no halves");
    set(&s, "micro=2", "pp=6", "f=1.5");
    check_against_engine(&s);
    cr_assert(!s.kind[PIPELINE_1F1B].agrees && strstr(s.kind[PIPELINE_1F1B].why, "fewer micro-batches"));
    schedule_release(&s);
}

/* The moment that a stepped cursor shows: the sum of idle times only grows, held activations reach the
 * schedule's. */
Test(schedule, steps_go_through_every_event)
{
    struct schedule_state s;
    int i;

    must(schedule_init(&s, &e));
    set(&s, "pp=4", "micro=8", NULL);
    for (i = 0; i < SCHEDULE_KINDS; i++) {
        double at = 0, idle = 0;
        int held = 0, n = 0;
        for (; at < s.end; n++) {
            struct schedule_moment m = schedule_moment(&s.kind[i], at);
            double next = schedule_event(&s, at, 1);
            cr_assert(m.idle >= idle - 1e-9);
            cr_assert_gt(next, at);
            cr_assert_float_eq(schedule_event(&s, next, -1), at, 1e-9);
            idle = m.idle;
            held = m.held > held ? m.held : held;
            at = next;
        }
        cr_assert_eq(held, (int)s.kind[i].played.activations);
        cr_assert_gt(n, 10);
    }
    cr_assert_eq(schedule_event(&s, s.end, 1), s.end);
    cr_assert_eq(schedule_event(&s, 0, -1), 0);
    schedule_release(&s);
}

Test(schedule, outside_the_formulas_range_there_is_a_reason)
{
    static const char *const word[] = {"w=1.5", "w=0.25", "fb=2.5", "f=3"};
    struct schedule_state s;
    size_t i;
    int k;

    for (i = 0; i < sizeof word / sizeof *word; i++) {
        must(schedule_init(&s, &e));
        set(&s, word[i], NULL, NULL);
        check_against_engine(&s);
        for (k = 0; k < SCHEDULE_KINDS; k++)
            if (!s.kind[k].agrees)
                cr_assert(strstr(s.kind[k].why, "Why: "), "%s", s.kind[k].why);
        schedule_release(&s);
    }
}

Test(schedule, words_are_checked_and_come_back)
{
    struct schedule_state s, again;
    char words[256], *word[16];
    int n = 0;

    must(schedule_init(&s, &e));
    refuses(&s, "pp=0", "pp");
    refuses(&s, "pp=65", "pp");
    refuses(&s, "micro=x", "micro");
    refuses(&s, "micro=4000", "micro");
    refuses(&s, "w=9", "w");
    refuses(&s, "f=nan", "f");
    refuses(&s, "attention=2", "attention");
    refuses(&s, "send=-1", "send");
    refuses(&s, "a2a=maybe", "on or off");
    refuses(&s, "speed=3", "speed");
    refuses(&s, "2f2b", "KEY=VALUE");
    cr_assert_eq(schedule_set(&s, (const char *const[]){"dualpipe", "pp=5"}, 2, &e), ST_USAGE);
    set(&s, "zb1p", "f=1.25", "a2a=off");
    cr_assert_float_eq(s.fb, 3.25, 1e-12, "follows f and b");
    set(&s, "fb=2.5", NULL, NULL);
    schedule_words(&s, words, sizeof words);
    must(schedule_init(&again, &e));
    for (word[n] = strtok(words, " "); word[n]; word[++n] = strtok(NULL, " "))
        ;
    must(schedule_set(&again, (const char *const *)word, n, &e));
    cr_assert(again.chosen == PIPELINE_ZB1P && again.f == s.f && again.fb == 2.5 && !again.all_to_all &&
              again.end == s.end);
    schedule_release(&s);
    schedule_release(&again);
}

/* What a lane of the canvas shows between its label and its end. */
static char letter_at(const struct canvas *c, int row, int col)
{
    const struct cell *x = canvas_at(c, row, col);

    return x && x->code < 128 ? (char)x->code : 0;
}

/* On a clock of six columns a unit every piece begins with its letter at its own column. */
static void check_letters(const struct canvas *c, const struct schedule_kind *k, int row)
{
    static const char letter[] = "FBIWX", other[] = "fbiwx";
    int d, i;

    for (d = 0; d < k->devices; d++, row++) {
        int letters = 0, col;
        for (i = k->first[d]; i < k->first[d + 1]; i++) {
            const struct schedule_piece *p = &k->piece[i];
            char want = p->way ? other[p->work] : letter[p->work];
            col = 4 + (int)lround(p->begin * 6);
            cr_assert_eq(letter_at(c, row, col), want, "device %d at %g: '%c', not '%c'", d, p->begin,
                         letter_at(c, row, col), want);
        }
        for (col = 4; col < 4 + 6 * 24; col++)
            letters += letter_at(c, row, col) >= 'A';
        cr_assert_eq(letters, k->first[d + 1] - k->first[d], "device %d: every piece once", d);
    }
}

Test(schedule, every_piece_is_drawn_once)
{
    struct scene *s = scene_new("grpo");
    struct schedule_state x;
    struct canvas c = {0};

    must(schedule_init(&x, &e));
    set(&x, "pp=2", "micro=7", NULL); /* 1F1B takes 24 units */
    cr_assert_eq(x.end, 24);
    s->view.schedule = &x;
    scene_show(s, SCREEN_SCHEDULE);
    golden_draw(&c, &s->view, 3 + 2 + 1 + 24 * 6, 45, CHARS_BRAILLE);
    check_letters(&c, &x.kind[0], 3);
    check_letters(&c, &x.kind[1], 6);
    x.at = 6;
    golden_draw(&c, &s->view, 3 + 2 + 1 + 24 * 6, 45, CHARS_BRAILLE);
    cr_assert_eq(letter_at(&c, 3, 4 + 6 * 7), ' ', "nothing has happened after the cursor");
    cr_assert_eq(letter_at(&c, 3, 4), 'F');
    canvas_release(&c);
    schedule_release(&x);
    scene_free(s);
}

static void sizes(const char *name, struct scene *s)
{
    static const int size[][2] = {{160, 45}, {80, 24}, {40, 10}};
    size_t i;

    scene_show(s, SCREEN_SCHEDULE);
    for (i = 0; i < sizeof size / sizeof *size; i++) {
        golden_screen(name, &s->view, size[i][0], size[i][1], CHARS_BRAILLE, 0);
        golden_screen(name, &s->view, size[i][0], size[i][1], CHARS_ASCII, 0);
    }
    golden_sizes(&s->view, 7, 5);
}

Test(golden_schedule, whole)
{
    struct scene *s = scene_new("grpo");
    struct schedule_state x;

    must(schedule_init(&x, &e));
    s->view.schedule = &x;
    sizes("schedule", s);
    schedule_release(&x);
    scene_free(s);
}

/* In the middle, outside the formulas' range, without all-to-all, and one schedule that cannot be. */
Test(golden_schedule, under_way)
{
    struct scene *s = scene_new("grpo");
    struct schedule_state x;

    must(schedule_init(&x, &e));
    set(&x, "w=0.5", "micro=21", "a2a=off");
    set(&x, "zb1p", NULL, NULL);
    x.at = 31.25;
    s->view.schedule = &x;
    sizes("schedule_under_way", s);
    schedule_release(&x);
    scene_free(s);
}

/* Keys, on a desk that has nothing else. */
Test(schedule, keys_move_the_cursor)
{
    struct desk *d = calloc(1, sizeof *d);
    struct schedule_state *s;

    view_init(&d->view);
    must(desk_schedule.init(d, &e));
    s = d->view.schedule;
    cr_assert_eq(s->at, s->end);
    cr_assert(desk_schedule.request(d, REQUEST_STEP, 0) && s->at == 0, "after the end comes the start");
    cr_assert(desk_schedule.request(d, REQUEST_STEP, 0) && s->at == 1);
    cr_assert(desk_schedule.request(d, REQUEST_EARLIER, 0) && s->at == 0);
    cr_assert(desk_schedule.request(d, REQUEST_PAUSE, 0) && s->is_playing);
    while (desk_schedule.refresh(d))
        cr_assert(s->at < s->end);
    cr_assert(!s->is_playing && s->at == s->end, "it plays to its end");
    cr_assert(desk_schedule.request(d, REQUEST_DOWN, 0) && s->chosen == 0);
    cr_assert(desk_schedule.request(d, REQUEST_ALL_TO_ALL, 0) && !s->all_to_all &&
              s->overlapped.communication == s->send);
    desk_schedule.release(d);
    free(d);
}
