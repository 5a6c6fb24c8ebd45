/* Test-time compute on the evaluation screen: its pane at all sizes, and the command on a real run. */
#include <criterion/criterion.h>
#include <math.h>
#include <unistd.h>

#include "app/desk/desk_compute.h"
#include "tests/unit/golden.h"
#include "tests/unit/scene.h"
#include "tests/unit/tiny_desk.h"

/* An invented measurement, in the shape that compute_run gives. */
static void invent(struct compute_facts *f)
{
    static const char *const name[COMPUTE_KINDS] = {"pass@k", "likeliest of k", "maj@k", "wait forced",
                                                    "wait after no"};
    static const double rise[COMPUTE_KINDS] = {0.38, 0.12, 0.22, -0.3, 0.1};
    memset(f, 0, sizeof *f);
    *f = (struct compute_facts){.version = 1, .run = 3, .step = 72, .problems = 100, .done = 100, .k = 64,
                                .forced_k = 16, .temperature = {1, 0.6}, .top_p = {1, 0.95}, .word = "wait",
                                .curves_n = COMPUTE_CURVES};
    for (int c = 0; c < COMPUTE_CURVES; c++) {
        struct compute_curve *curve = &f->curve[c];
        int is_forced = c % COMPUTE_KINDS >= COMPUTE_FORCED;
        curve->kind = (enum compute_kind)(c % COMPUTE_KINDS);
        curve->setting = c / COMPUTE_KINDS;
        snprintf(curve->name, sizeof curve->name, "%s", name[curve->kind]);
        curve->n = is_forced ? 5 : 7;
        for (int i = 0; i < curve->n; i++)
            curve->point[i] = (struct compute_point){
                .n = is_forced ? i : 1 << i,
                .tokens = (curve->setting ? 42 : 47) * (is_forced ? 1 + 0.5 * i : 1 << i),
                .accuracy = 0.5 + 0.06 * curve->setting + rise[curve->kind] * (1 - exp(-0.5 * i)),
            };
    }
}

Test(compute_screen, golden)
{
    struct scene *s = scene_new("grpo");
    static struct compute_facts f;
    invent(&f);
    scene_show(s, SCREEN_EVALUATION);
    s->evaluation.compute = &f;
    golden_three_sizes("compute", &s->view);
    s->view.focus = s->view.zoom = PANE_COMPUTE;
    golden_screen("compute_zoom", &s->view, 120, 40, CHARS_BRAILLE, 0);
    s->view.zoom = PANE_NONE;
    f.done = 24;
    s->evaluation.computing = "sampling held-out problems";
    golden_screen("compute_under_way", &s->view, 80, 24, CHARS_BRAILLE, 0);
    f.done = 0;
    s->evaluation.computing = "replaying to step 72";
    s->evaluation.computing_part = 0.4;
    golden_screen("compute_replaying", &s->view, 80, 24, CHARS_BRAILLE, 0);
    scene_free(s);
}

Test(compute_screen, the_layout_fills_any_size)
{
    for (int h = LAYOUT_MIN_H; h <= 60; h++)
        for (int w = LAYOUT_MIN_W; w <= 170; w += 3) {
            unsigned char seen[60 * 170] = {0};
            struct layout l;
            int cells = 0;
            layout_make(&l, SCREEN_COMPUTE, w, h, PANE_NONE);
            cr_assert_not_null(layout_find(&l, PANE_COMPUTE));
            for (int i = 0; i < l.n; i++) {
                const struct rect *r = &l.place[i].rect;
                cr_assert(r->w > 0 && r->h > 0 && r->x >= 0 && r->y >= 0 && r->x + r->w <= w &&
                          r->y + r->h <= h);
                for (int y = r->y; y < r->y + r->h; y++)
                    for (int x = r->x; x < r->x + r->w; x++)
                        cells += !seen[y * w + x]++;
                cr_assert_eq(seen[r->y * w + r->x], 1, "%d by %d: panes overlap", w, h);
            }
            cr_assert_eq(cells, w * h, "%d by %d: a hole", w, h);
        }
}

/* Every size, with much and with little to show. */
Test(compute_screen, any_size_holds_it)
{
    struct scene *s = scene_new("grpo");
    static struct compute_facts f;
    struct canvas c = {0};
    struct err e;
    int row, col;
    scene_show(s, SCREEN_EVALUATION);
    s->evaluation.compute = &f;
    for (int h = 1; h <= 50; h += 1 + h / 8)
        for (int w = 1; w <= 180; w += 1 + w / 8)
            for (int what = 0; what < 4; what++) {
                invent(&f);
                f.curves_n = what == 0 ? 0 : what == 1 ? 6 : COMPUTE_CURVES;
                f.done = what > 0;
                for (int i = 0; i < f.curves_n && what == 3; i++)
                    f.curve[i].n = 1;
                s->view.zoom = (h + w) % 3 ? PANE_NONE : PANE_COMPUTE;
                cr_assert_eq(canvas_resize(&c, w, h, &e), ST_OK);
                view_draw(&c, &s->view, &row, &col);
            }
    canvas_release(&c);
    scene_free(s);
}

static void finish(struct tiny_desk *t, struct compute_look *look)
{
    struct err e = {0};
    do {
        usleep(1000);
        desk_compute_look(t->desk.compute, look);
        if (look->error.code)
            e = look->error;
    } while (look->doing);
    cr_assert_eq(e.code, ST_OK, "%s: %s", e.where, e.msg);
}

Test(compute_screen, the_command_samples_a_moment)
{
    static struct tiny_desk t;
    static struct compute_facts last;
    struct compute_look look;
    struct str text = {0};
    struct err e;
    char path[1100];
    tiny_desk_init(&t);
    cr_assert_eq(command_run(&t.desk, "compute 0", &e), ST_USAGE);
    cr_assert_eq(command_run(&t.desk, "compute 4 65", &e), ST_USAGE);
    cr_assert_eq(command_run(&t.desk, "compute x.png", &e), ST_NOTFOUND);
    tiny_desk_draw(&t, 120, 40, &text);
    cr_assert_null(strstr(str_c(&text), "tokens spent"));
    cr_assert_eq(command_run(&t.desk, "compute 4 3", &e), ST_OK, "%s", e.msg);
    cr_assert(t.desk.view.screen == SCREEN_EVALUATION && t.desk.view.focus == PANE_COMPUTE);
    finish(&t, &look);
    cr_assert(look.facts->done == 4 && look.facts->k == 3 && look.facts->step == 3 &&
              look.facts->curves_n == 10);
    last = *look.facts;
    tiny_desk_draw(&t, 120, 40, &text);
    cr_assert_not_null(strstr(str_c(&text), "accuracy over tokens spent"), "%s", str_c(&text));
    cr_assert_not_null(strstr(str_c(&text), "4 held-out problems, 3 samples each"), "%s", str_c(&text));
    snprintf(path, sizeof path, "%s.png", t.session.store_path);
    {
        char line[1200];
        snprintf(line, sizeof line, "compute %s", path);
        cr_assert_eq(command_run(&t.desk, line, &e), ST_OK, "%s", e.msg);
    }
    cr_assert_eq(access(path, R_OK), 0);
    /* Another moment is another answer; back again it is the same. */
    cr_assert_eq(desk_look(&t.desk, 1, &e), ST_OK);
    cr_assert_eq(command_run(&t.desk, "compute 4 3", &e), ST_OK);
    desk_compute_look(t.desk.compute, &look);
    cr_assert(look.facts->step == 1 && look.doing);
    cr_assert_eq(desk_look(&t.desk, 3, &e), ST_OK);
    cr_assert_eq(command_run(&t.desk, "compute 4 3", &e), ST_OK, "the one under way is given up");
    finish(&t, &look);
    cr_assert_eq(look.facts->step, 3);
    cr_assert_arr_eq(look.facts->curve, last.curve, sizeof last.curve);
    cr_assert_eq(command_run(&t.desk, "compute off", &e), ST_OK);
    tiny_desk_draw(&t, 120, 40, &text);
    cr_assert_null(strstr(str_c(&text), "tokens spent"));
    /* It is let go in the middle of the work. */
    cr_assert_eq(command_run(&t.desk, "compute 4 64", &e), ST_OK);
    str_free(&text);
    tiny_desk_release(&t);
}
