/* The experts screen: what is read of a long run and how it goes on, the shared scale, the words about an
 * expert, and every pane at every size. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/desk/desk_screen.h"
#include "app/session/session.h"
#include "tests/unit/store_data.h"
#include "views/experts_state.h"

TestSuite(experts_screen, .fini = data_remove);

static struct err e;

static void same_step(const struct query_loads *l, int i, int64_t step)
{
    size_t cells = (size_t)(l->layers_n * l->experts_n);
    struct data_step d;

    cr_assert_eq(l->step[i], step, "place %d holds step %lld", i, (long long)l->step[i]);
    data_step_make(&d, &data_small, 1, step);
    cr_assert(!memcmp(l->load + (size_t)i * cells, d.record.load, cells * sizeof(float)), "load of %lld",
              (long long)step);
    cr_assert(!memcmp(l->bias + (size_t)i * cells, d.record.bias, cells * sizeof(float)), "bias of %lld",
              (long long)step);
    data_step_free(&d);
}

Test(experts_screen, loads_of_a_range_are_those_that_were_asked_for)
{
    struct store *s;
    struct query *q;
    struct record_run a, b;
    struct query_loads l;
    int i;

    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, &e), ST_OK, "%s", e.msg);
    a = data_run_make(s, "a", &data_small, 1);
    b = data_run_make(s, "b", &data_small, 2);
    data_run_commit(s, a.id, &data_small, 1, 1, 20);
    data_run_commit(s, b.id, &data_small, 2, 1, 3);
    cr_assert_eq(query_open(&q, data_path("lab.db"), &e), ST_OK);
    cr_assert_eq(query_loads(q, a.id, 0, 20, 3, 100, &l, &e), ST_OK, "%s", e.msg);
    cr_assert(l.n == 6 && l.layers_n == data_small.layers_n && l.experts_n == data_small.experts_n,
              "%d steps", l.n);
    for (i = 0; i < l.n; i++)
        same_step(&l, i, 3 * (i + 1));
    cr_assert_gt(l.next, 20);
    query_loads_free(&l);
    cr_assert_eq(query_loads(q, a.id, 7, 20, 1, 5, &l, &e), ST_OK);
    cr_assert(l.n == 5 && l.next == 12, "goes on at %lld", (long long)l.next);
    same_step(&l, 4, 11);
    query_loads_free(&l);
    cr_assert(!query_loads(q, a.id, 21, 40, 1, 5, &l, &e) && l.n == 0 && l.next == 41);
    query_loads_free(&l);
    cr_assert(!query_loads(q, 99, 0, 40, 1, 5, &l, &e) && l.n == 0);
    query_loads_free(&l);
    query_close(q);
    store_close(s);
}

static void read_all(struct desk *d)
{
    while (desk_experts.refresh(d))
        ;
}

static void check_kept(const struct experts_state *x, int64_t head)
{
    size_t cells = (size_t)(x->layers_n * x->experts_n);
    int i;

    cr_assert(x->n <= LOADS_MAX && x->n == head / x->stride, "%d of %lld at a stride of %lld", x->n,
              (long long)head, (long long)x->stride);
    for (i = 0; i < x->n; i++) {
        struct data_step d;
        cr_assert_eq((int64_t)x->step[i], (i + 1) * x->stride);
        data_step_make(&d, &data_small, 1, (int64_t)x->step[i]);
        cr_assert(!memcmp(x->load + (size_t)i * cells, d.record.load, cells * sizeof(float)), "step %g",
                  x->step[i]);
        cr_assert(!memcmp(x->bias + (size_t)i * cells, d.record.bias, cells * sizeof(float)), "step %g",
                  x->step[i]);
        data_step_free(&d);
    }
}

Test(experts_screen, a_run_that_goes_on_is_extended_and_thinned)
{
    static struct session session;
    static struct desk d;
    struct record_run run;

    cr_assert_eq(session_init(&session, data_path("lab.db"), 1, &e), ST_OK, "%s", e.msg);
    run = data_run_make(session.store, "long", &data_small, 1);
    data_run_commit(session.store, run.id, &data_small, 1, 1, 300);
    cr_assert_eq(desk_init(&d, &session, &e), ST_OK, "%s", e.msg);
    d.live->version = 1;
    d.live->run_id = run.id;
    d.live->committed = 300;
    read_all(&d);
    cr_assert_eq(d.view.experts->stride, 2);
    check_kept(d.view.experts, 300);
    data_run_commit(session.store, run.id, &data_small, 1, 301, 420);
    d.live->committed = 420;
    read_all(&d);
    cr_assert_eq(d.view.experts->stride, 2, "there is room for all of these");
    check_kept(d.view.experts, 420);
    data_run_commit(session.store, run.id, &data_small, 1, 421, 520);
    d.live->committed = 520;
    read_all(&d);
    cr_assert_eq(d.view.experts->stride, 4);
    check_kept(d.view.experts, 520);
    desk_release(&d);
    session_release(&session);
}

static float load[8], bias[8];
static struct snapshot now;
static struct experts_state state;
static struct view v;

static void make_view(void)
{
    static const float even[8] = {0.25f, 0.25f, 0.25f, 0.25f, 0.28f, 0.22f, 0.25f, 0.25f};
    int i;

    setlocale(LC_ALL, "C.UTF-8");
    view_init(&v);
    memset(&state, 0, sizeof state);
    v.screen = SCREEN_EXPERTS;
    v.now = &now;
    v.experts = &state;
    now.run_id = state.run = 1;
    now.layers_n = 2;
    now.experts_n = 4;
    for (i = 0; i < 8; i++) {
        now.load[i] = load[i] = even[i];
        now.bias[i] = bias[i] = 0.01f * (float)(i - 4);
        now.load_average[i] = NAN;
    }
}

static void draw(int w, int h, enum chars chars, struct str *out)
{
    struct canvas c = {.chars = chars};
    int row, col, i;

    cr_assert_eq(canvas_resize(&c, w, h, NULL), ST_OK);
    view_draw(&c, &v, &row, &col);
    for (i = 0; chars == CHARS_ASCII && i < w * h; i++)
        cr_assert(c.cell[i].code >= 32 && c.cell[i].code < 127, "U+%04X at %dx%d", c.cell[i].code, w, h);
    str_clear(out);
    canvas_dump(&c, out);
    canvas_release(&c);
}

static void says(const struct str *s, const char *text)
{
    cr_assert_not_null(strstr(str_c(s), text), "'%s' is not in:\n%s", text, str_c(s));
}

Test(experts_screen, the_scale_holds_what_is_shown)
{
    struct experts_now n;

    make_view();
    cr_assert(experts_now(&v, &n));
    cr_assert_null(n.average, "none is known");
    cr_assert_float_eq(experts_span(&v, &n), 0.2, 1e-9, "0.28 of 4 is 12%% over");
    now.load[4] = 0.26f;
    now.load[5] = 0.24f;
    cr_assert_float_eq(experts_span(&v, &n), 0.1, 1e-9);
    now.load[0] = 0.5f;
    cr_assert_float_eq(experts_span(&v, &n), 1, 1e-9, "and never more than one share");
    cr_assert_float_eq(experts_max_vio(load, 4), 0, 1e-6);
    cr_assert_float_eq(experts_max_vio(load + 4, 4), 0.12, 1e-6);
}

Test(experts_screen, a_moment_without_load_shows_the_newest_on_record)
{
    struct experts_now n;

    make_view();
    memset(now.load, 0, sizeof now.load);
    cr_assert_not(experts_now(&v, &n));
    state.load = load;
    state.bias = bias;
    state.layers_n = 2;
    state.experts_n = 4;
    state.n = 1;
    state.step[0] = 17;
    cr_assert(experts_now(&v, &n) && n.step == 17 && n.load == load);
    state.run = 2;
    cr_assert_not(experts_now(&v, &n), "another run's load is not this one's");
}

Test(experts_screen, the_selected_expert_is_explained)
{
    static struct routing_facts routing;
    struct str s = {0};

    make_view();
    state.list.selected = 4;
    state.gamma = 0.001;
    draw(120, 40, CHARS_BRAILLE, &s);
    says(&s, "expert 1 of layer 2");
    says(&s, "28.0%");
    says(&s, "12% over its fair");
    says(&s, "e asks");
    routing.version = 1;
    routing.step = 9;
    routing.layers_n = 2;
    routing.experts_n = 4;
    routing.served[4] = (struct served){
        .numbers = 0.7f, .operators = 0.2f, .words = 0.1f, .words_n = 1, .word = {"12"}, .part = {0.6f}};
    v.routing = &routing;
    draw(120, 40, CHARS_BRAILLE, &s);
    says(&s, "mostly numbers (70%");
    says(&s, "12 (60%)");
    says(&s, "routing of step 9");
    routing.experts_n = 8; /* of another shape: it is not used */
    draw(120, 40, CHARS_BRAILLE, &s);
    cr_assert_null(strstr(str_c(&s), "mostly numbers"));
    str_free(&s);
}

Test(experts_screen, a_dense_run_says_so_in_every_pane)
{
    struct str s = {0};

    make_view();
    now.layers_n = now.experts_n = 0;
    state.blocks_n = state.dense_layers = 3;
    state.is_whole = 1;
    draw(120, 40, CHARS_BRAILLE, &s);
    says(&s, "a dense model: it has no experts");
    draw(40, 10, CHARS_ASCII, &s);
    says(&s, "a dense model: it has no experts");
    str_free(&s);
}

Test(experts_screen, every_size_shows_the_selected_expert)
{
    static float more[LOADS_MAX * 8];
    struct str s = {0};
    int w, h, i;

    make_view();
    for (i = 0; i < LOADS_MAX * 8; i++)
        more[i] = 0.25f;
    state.load = state.bias = more;
    state.layers_n = 2;
    state.experts_n = 4;
    state.list.selected = 7;
    for (w = 40; w <= 220; w += 13)
        for (h = 10; h <= 64; h += 6)
            for (i = 0; i < 3; i++) {
                state.n = i == 0 ? 1 : i == 1 ? 37 : LOADS_MAX;
                state.step[state.n - 1] = state.n;
                v.cursor = i == 1 ? 5 : -1;
                draw(w, h, i == 2 ? CHARS_ASCII : CHARS_BRAILLE, &s);
                says(&s, i == 2 ? ">2.4" : "▸2·4");
            }
    str_free(&s);
}

/* Two layers of four experts leave room below their bars at this size: the biases' spread, and one of them. */
Test(experts_screen, the_past_of_the_biases_is_drawn_where_there_is_room)
{
    static float even[8 * 8], past[8 * 8];
    struct str s = {0};
    int i;

    make_view();
    for (i = 0; i < 64; i++) {
        even[i] = 0.25f;
        past[i] = i % 8 == 6 ? 0.125f * (float)(i / 8) : 0;
    }
    state.load = even;
    state.bias = past;
    state.layers_n = 2;
    state.experts_n = 4;
    state.list.selected = 6;
    state.n = 8;
    for (i = 0; i < 8; i++)
        state.step[i] = i + 1;
    draw(200, 60, CHARS_BRAILLE, &s);
    says(&s, "over steps: spread of each");
    says(&s, "0.88");
    state.n = 1; /* a single step has no past */
    draw(200, 60, CHARS_BRAILLE, &s);
    cr_assert_null(strstr(str_c(&s), "over steps: spread"));
    state.n = 8;
    draw(80, 24, CHARS_BRAILLE, &s);
    cr_assert_null(strstr(str_c(&s), "over steps: spread"), "nor has a small pane");
    str_free(&s);
}

/* The range of a layer's biases stands over them at any width, or the word alone: never half a number. */
Test(experts_screen, the_range_of_the_biases_is_never_cut)
{
    static const char *const whole[] = {"bias -0.094 … 0.53", "b -0.094 … 0.53", "b -0.094…0.53"};
    struct str s = {0};
    int w, i, seen[3] = {0};

    make_view();
    now.layers_n = 1;
    now.experts_n = 8;
    v.cursor = -1;
    for (i = 0; i < 8; i++)
        now.bias[i] = 0.1f * (float)i - 0.17f;
    now.bias[0] = -0.094f;
    now.bias[7] = 0.53f;
    for (w = 60; w <= 120; w++) {
        char row[512] = "";
        const char *at;
        draw(w, 24, CHARS_BRAILLE, &s);
        at = strstr(str_c(&s), "load - 1/8");
        snprintf(row, sizeof row, "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
        for (i = 0; i < 3 && !strstr(row, whole[i]); i++)
            ;
        if (i < 3)
            seen[i]++;
        cr_assert(i < 3 || !strstr(row, "-0"), "%d columns:\n%s", w, str_c(&s));
        if (w == 80)
            cr_assert(i < 3, "80 columns have room for it:\n%s", str_c(&s));
    }
    cr_assert(seen[0] && seen[1] + seen[2], "one form served all widths: the test shows nothing");
    str_free(&s);
}
