/* The FP8 screen: its numbers are the engine's, order and marks follow from them, and what it looks like. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "app/command/request.h"
#include "app/desk/desk_screen.h"
#include "app/desk/fp8_ask.h"
#include "engine/run/fp8_stats.h"
#include "tests/unit/golden.h"
#include "tests/unit/scene.h"
#include "tests/unit/tiny_desk.h"

static struct err e;

/* Invented, in the shape that a measurement has: a scale a tensor that an outlier takes for itself. */
static void invent(struct fp8_measure *m, struct fp8_state *s)
{
    static const char *const map[] = {"attn.q_down", "attn.q_up", "attn.kv_down", "attn.kv_up", "attn.out",
                                      "ffn.router", "ffn.gate_up", "ffn.down"};
    memset(m, 0, sizeof *m);
    memset(s, 0, sizeof *s);
    *m = (struct fp8_measure){.run = 3, .step = 72, .is_on = 1, .scale = "one scale a tensor",
                              .outlier = 65536, .tokens = 504,
                              .loss = 0.4012, .loss_fp32 = 0.2076, .cosine = 0.8127,
                              .weights = {1048576 * 1.5, 1048576 * 0.75, 1048576 * 0.4},
                              .activations = {811008, 405504, 204032}, .high = 40960, .n = 24};
    for (int i = 0; i < m->n; i++) {
        snprintf(m->row[i].name, sizeof m->row[i].name, "layers.%d.%s", i / 8, map[i % 8]);
        for (int k = 0; k < FP8_KINDS; k++)
            m->row[i].kind[k] = (struct fp8_cell){.n = 4096, .error = k == 1 ? 0.5 + 0.02 * (i % 5) : 0.023,
                                                  .overflow = k == 2 && i % 7 == 3 ? 0.00002 : 0,
                                                  .underflow = k == 1 ? 0.9 / (1 + i % 3) : 0.0004 * (i % 4)};
    }
    m->row[5].kind[2].n = 0;
    s->known = m;
}

Test(golden_fp8, whole)
{
    struct scene *s = scene_new("grpo");
    static struct fp8_measure m;
    static struct fp8_state x;
    invent(&m, &x);
    s->view.fp8 = &x;
    scene_show(s, SCREEN_FP8);
    golden_three_sizes("fp8", &s->view);
    golden_sizes(&s->view, 7, 5);
    x.is_sorted = 1;
    x.kind = FP8_KIND_ACTIVATION;
    x.list.selected = 17;
    golden_three_sizes("fp8_sorted", &s->view);
    golden_sizes(&s->view, 7, 5);
    scene_free(s);
}

Test(golden_fp8, under_way)
{
    struct scene *s = scene_new("grpo");
    static struct fp8_state x;
    x.doing = "replaying to step 72";
    x.part = 0.4;
    s->view.fp8 = &x;
    scene_show(s, SCREEN_FP8);
    golden_screen("fp8_under_way", &s->view, 80, 24, CHARS_BRAILLE, 0);
    s->view.fp8 = NULL;
    golden_sizes(&s->view, 7, 5);
    scene_free(s);
}

Test(fp8_screen, order_and_marks)
{
    static struct fp8_measure m;
    static struct fp8_state s;
    struct fp8_cell cell = {.n = 5, .error = 0.03, .underflow = 0.01};
    int order[FP8_TENSORS], seen[FP8_TENSORS] = {0};
    invent(&m, &s);
    fp8_order(&m, FP8_KIND_ACTIVATION, 0, order);
    for (int i = 0; i < m.n; i++)
        cr_assert_eq(order[i], i);
    fp8_order(&m, FP8_KIND_ACTIVATION, 1, order);
    for (int i = 0; i < m.n; i++) {
        const struct fp8_cell *a = &m.row[order[i]].kind[1], *b = &m.row[order[i > 0 ? i - 1 : 0]].kind[1];
        cr_assert(!seen[order[i]]++ && b->error >= a->error);
        cr_assert(i == 0 || b->error > a->error || order[i - 1] < order[i], "of equal errors the model's");
    }
    fp8_order(&m, FP8_KIND_GRADIENT, 1, order);
    cr_assert_eq(order[m.n - 1], 5, "what has no values goes last");
    cr_assert_not(fp8_is_off(&cell));
    cell.error = 0.05;
    cr_assert_not(fp8_is_off(&cell), "at the limits, not beyond them");
    cell.underflow = nextafter(0.01, 1);
    cr_assert(fp8_is_off(&cell));
    cell = (struct fp8_cell){.n = 5, .overflow = 1e-300};
    cr_assert(fp8_is_off(&cell));
    cell = (struct fp8_cell){.n = 5, .error = nextafter(0.05, 1)};
    cr_assert(fp8_is_off(&cell));
    cell.n = 0;
    cr_assert_not(fp8_is_off(&cell), "nothing was there");
}

static void wait_for(struct tiny_desk *t, struct str *text)
{
    do {
        usleep(1000);
        tiny_desk_draw(t, 120, 40, text);
        cr_assert_neq(t->desk.view.message_is_error, 1, "%s", t->desk.message);
    } while (t->desk.view.fp8->doing);
}

/* On a real run: what the screen has is what fp8_stats_run says of the run's last weights. */
Test(fp8_screen, the_command_measures_a_step)
{
    static struct tiny_desk t;
    static struct fp8_measure want, first;
    struct fp8_stats stats;
    struct str text = {0};
    tiny_desk_init(&t);
    cr_assert_eq(command_run(&t.desk, "fp8 4", &e), ST_USAGE);
    cr_assert_eq(command_run(&t.desk, "fp8", &e), ST_OK, "%s", e.msg);
    cr_assert_eq(t.desk.view.screen, SCREEN_FP8);
    wait_for(&t, &text);
    tiny_desk_must(fp8_stats_run(t.session.trainer, &stats, &e), &e);
    fp8_measure_of(&stats, &want);
    want.run = t.session.run.id;
    want.step = 3;
    for (int i = 0; i < stats.tensors_n; i++) {
        const struct fp8_tensor *x = &stats.tensor[i];
        const struct fp8_cell *y = &want.row[i / 3].kind[x->role];
        cr_assert(!strcmp(want.row[i / 3].name, x->name) && y->n == (double)x->n && y->error == x->error &&
                  y->overflow == x->saturated && y->underflow == x->flushed, "%s", x->name);
    }
    cr_assert(want.activations[1] == (double)stats.activations.bf16 && want.high == (double)stats.high);
    fp8_stats_free(&stats);
    cr_assert_not_null(t.desk.view.fp8->known);
    cr_assert_arr_eq(t.desk.view.fp8->known, &want, sizeof want, "numbers differ from the engine's");
    cr_assert(want.n > 8 && want.loss != want.loss_fp32 && want.weights[0] > 3 * want.weights[2]);
    cr_assert_not_null(strstr(str_c(&text), "step 3, "), "%s", str_c(&text));
    cr_assert_not_null(strstr(str_c(&text), want.row[0].name + strlen("layers.")), "%s", str_c(&text));
    first = want;
    /* Another step has other numbers. */
    tiny_desk_must(desk_look(&t.desk, 1, &e), &e);
    request_do(&t.desk, REQUEST_ENTER, 0);
    wait_for(&t, &text);
    cr_assert_eq(t.desk.view.fp8->known->step, 1);
    cr_assert_neq(t.desk.view.fp8->known->loss, first.loss);
    /* Keys. */
    request_do(&t.desk, REQUEST_END, 0);
    cr_assert_eq(t.desk.view.fp8->list.selected, first.n - 1);
    request_do(&t.desk, REQUEST_SORT, 0);
    cr_assert(t.desk.view.fp8->is_sorted && t.desk.view.fp8->list.selected == 0);
    request_do(&t.desk, REQUEST_LEFT, 0);
    cr_assert_eq(t.desk.view.fp8->kind, FP8_KIND_GRADIENT);
    request_do(&t.desk, REQUEST_RIGHT, 0);
    cr_assert_eq(t.desk.view.fp8->kind, FP8_KIND_WEIGHT);
    /* It is let go in the middle of the work. */
    tiny_desk_must(desk_look(&t.desk, 2, &e), &e);
    request_do(&t.desk, REQUEST_ENTER, 0);
    str_free(&text);
    tiny_desk_release(&t);
}
