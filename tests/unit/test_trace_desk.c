/* The desk's part of the trace screen, on a small run that is on record: keys, commands, the numbers that
 * it computes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/desk/desk_screen.h"
#include "views/trace_overlay.h"

static const char *const tiny[] = {
    "model.width=32",  "base.steps=2",          "cold.steps=20", "base.documents=4", "cold.documents=8",
    "rl.steps=2",      "rl.prompts=4",          "rl.group=4",    "rl.max_tokens=48", "eval.every=8",
    "eval.problems=4", "eval.final_problems=4", "eval.k=2",
};

/* A desk that looks at a step of a run on record. */
static struct desk *open_desk(struct session *s)
{
    static struct settings set;
    const char *dir = getenv("TMPDIR");
    struct desk *d = calloc(1, sizeof *d);
    struct err e = {0};
    char path[512];
    uint64_t seed = 1;
    int row, col;

    snprintf(path, sizeof path, "%s/trace-XXXXXX", dir ? dir : "/tmp");
    cr_assert(d && mkdtemp(path));
    strcat(path, "/lab.db");
    cr_assert_eq(presets_load("quick", tiny, sizeof tiny / sizeof *tiny, &set, &seed, &e), ST_OK, "%s",
                 e.msg);
    cr_assert_eq(session_init(s, path, 1, &e), ST_OK, "%s", e.msg);
    s->follow_chain = 1;
    cr_assert_eq(session_new(s, &set, seed, "", &e), ST_OK, "%s", e.msg);
    while (!session_is_done(s))
        cr_assert_eq(session_step(s, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(desk_init(d, s, &e), ST_OK, "%s", e.msg);
    d->live->run_id = s->run.id;
    d->live->version = 1;
    d->live->committed = d->live->step = 2;
    d->live->state = RUN_PAUSED;
    cr_assert_eq(desk_look(d, 2, &e), ST_OK, "%s", e.msg);
    desk_follow(d, FOLLOW_PINNED, 1, 2);
    desk_show_screen(d, SCREEN_TRACE);
    desk_frame(d, 120, 40, &row, &col);
    return d;
}

static void press(struct desk *d, enum request r, int argument)
{
    int row, col;

    request_do(d, r, argument);
    desk_frame(d, 120, 40, &row, &col);
}

/* The greatest fifth of all entropies of the step, counted and not sorted. */
static void check_forking(const struct desk *d)
{
    const struct query_step *q = &d->moment.step;
    long n = 0, above = 0, at = 0;
    int i, k;

    for (i = 0; i < q->traces_n; i++)
        for (k = 0; k < q->trace[i].n; k++) {
            double entropy = q->trace[i].entropy[k];
            n++;
            above += entropy > d->view.trace_screen->forking;
            at += entropy == d->view.trace_screen->forking;
        }
    cr_assert(d->view.trace_screen->forking_of_step && n > 16 && at >= 1);
    cr_assert(above < (n + 4) / 5 && above + at >= (n + 4) / 5, "%ld of %ld above, %ld at", above, n, at);
}

/* Facts by hand: the terms are those of the engine's objective. */
static void check_terms(struct desk *d)
{
    const struct trace_state *t = d->view.trace_screen;
    struct trace_facts *f = d->facts;
    int i, n = d->view.now->follow.tokens_n, row, col;
    double a = trace_text_trace(&d->view)->advantage;

    memset(f, 0, sizeof *f);
    f->version = 1000;
    f->run = d->view.now->run_id;
    f->step = 2;
    f->group = d->view.now->follow.group;
    f->index = d->view.now->follow.index;
    f->n = n;
    f->has_tokens = 1;
    for (i = 0; i < n; i++) {
        f->logp[i] = -1;
        f->ref_logp[i] = -1.5f;
        f->new_logp[i] = i % 2 ? -0.5f : -1.5f;
    }
    desk_frame(d, 120, 40, &row, &col);
    cr_assert(t->terms_n == n && t->has_ratio && !t->is_sequence);
    for (i = 0; i < n; i++) {
        double ratio = exp(i % 2 ? 0.5 : -0.5);
        cr_assert_float_eq(t->ratio[i], ratio, 1e-12);
        cr_assert_float_eq(t->kl[i], exp(-0.5) - 0.5, 1e-12); /* e^d - d - 1, d = -0.5 */
        cr_assert_eq(t->clipped[i], (a > 0 && ratio > 1.3) || (a < 0 && ratio < 0.7));
    }
}

Test(trace_desk, keys_and_numbers_of_a_step_on_record)
{
    struct session s;
    struct desk *d = open_desk(&s);
    struct view *v = &d->view;
    int n = v->now->follow.tokens_n;
    struct err e = {0};

    cr_assert(n > 4 && v->now->follow.group == 1 && v->now->follow.index == 2);
    check_forking(d);
    cr_assert_eq(v->token, -1);
    press(d, REQUEST_LEFT, 0);
    cr_assert_eq(v->token, n - 1, "the last, as the end is shown");
    press(d, REQUEST_RIGHT, 0);
    cr_assert_eq(v->token, n - 1);
    press(d, REQUEST_HOME, 0);
    press(d, REQUEST_LEFT, 0);
    cr_assert_eq(v->token, 0);
    press(d, REQUEST_RIGHT, 0);
    cr_assert_eq(v->token, 1);
    press(d, REQUEST_END, 0);
    cr_assert_eq(v->token, n - 1);
    cr_assert(v->trace_screen->token_id >= 0 && d->moment.vocab.n > v->trace_screen->token_id);
    cr_assert_eq(v->trace_screen->token_id, d->moment.step.trace[1 * 4 + 2].token[n - 1]);
    check_terms(d);
    press(d, REQUEST_COMPLETION, 1);
    cr_assert(v->now->follow.group == 1 && v->now->follow.index == 3 && v->token == -1);
    press(d, REQUEST_COMPLETION, 1);
    cr_assert_eq(v->now->follow.index, 0);
    press(d, REQUEST_COMPLETION, -1);
    cr_assert_eq(v->now->follow.index, 3);
    press(d, REQUEST_OVERLAY, -1);
    cr_assert_eq(v->trace_screen->overlay, TRACE_DRAFT);
    press(d, REQUEST_OVERLAY, 1);
    cr_assert_eq(v->trace_screen->overlay, TRACE_PLAIN);
    cr_assert_eq(command_run(d, "overlay entropy", &e), ST_OK);
    cr_assert_eq(v->trace_screen->overlay, TRACE_ENTROPY);
    cr_assert_eq(command_run(d, "overlay heat", &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "entropy"), "%s", e.msg);
    cr_assert_eq(command_run(d, "overlay kl 2", &e), ST_USAGE);
    cr_assert_eq(command_run(d, "token 2", &e), ST_OK);
    cr_assert_eq(v->token, 2);
    cr_assert_eq(command_run(d, "token 999", &e), ST_USAGE);
    press(d, REQUEST_BACK_OUT, 0);
    cr_assert(v->token == -1 && d->at == 2, "first the cursor, then the step");
    desk_release(d);
    session_release(&s);
    free(d);
}
