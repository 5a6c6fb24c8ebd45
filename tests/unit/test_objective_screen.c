/* The objective screen: the numbers of one token against the formulas and against a finite difference, for
 * every kind of loss; the whole step against the loss on record; every figure explained; every size drawn. */
#include <locale.h>
#include <math.h>

#include "app/desk/desk_explain.h"
#include "app/desk/desk_screen.h"
#include "engine/rl/objective.h"
#include "tests/unit/tiny_desk.h"
#include "views/explain.h"
#include "views/objective_state.h"
#include "views/objective_text.h"

static struct tiny_desk t;
static struct err e;
static struct objective_state *x;

static void set_up(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_init(&t);
    desk_show_screen(&t.desk, SCREEN_OBJECTIVE);
    x = t.desk.view.objective;
    cr_assert_not_null(desk_settings(&t.desk));
    t.desk.set.rl.drop_flat = 0;
    desk_objective.refresh(&t.desk);
    cr_assert_null(x->missing, "%s", x->missing);
}

static void tear_down(void)
{
    tiny_desk_release(&t);
}

TestSuite(objective_screen, .init = set_up, .fini = tear_down);

/* A rollout of two traces whose tokens have moved: clipped, not clipped, and past the range the other way. */
static struct snapshot *invent(double reward_0, double reward_1)
{
    static const float moved[6] = {0.05f, 0.5f, -0.5f, 0, 0.1f, -0.02f};
    struct snapshot *s = t.desk.stored;
    struct trace_facts *f = t.desk.facts;
    int i;

    s->groups_n = 1;
    s->group_size = 2;
    s->group[0].flat = reward_0 == reward_1;
    for (i = 0; i < 2; i++)
        s->trace[i] = (struct snap_trace){
            .n = i ? 9 : 6, .done = 1, .scored = 1, .at = -1, .reward = (float)(i ? reward_1 : reward_0)};
    s->follow.group = s->follow.index = 0;
    s->follow.tokens_n = 6;
    *f = (struct trace_facts){.version = 1, .has_tokens = 1, .n = 6, .run = s->run_id, .step = s->step};
    for (i = 0; i < 6; i++) {
        s->follow.begin[i] = 0;
        f->logp[i] = -0.5f - 0.1f * (float)i;
        f->new_logp[i] = f->logp[i] + moved[i];
        f->ref_logp[i] = f->logp[i] + 0.3f;
    }
    s->follow.begin[6] = 0;
    t.desk.view.facts = f;
    t.desk.set.rl.eps_low = t.desk.set.rl.eps_high = 0.2;
    t.desk.set.rl.beta = 0.1;
    t.desk.set.rl.std = STD_SAMPLE;
    t.desk.set.rl.inner_epochs = t.desk.set.rl.mini_batches = 1;
    return s;
}

static void look_at(int token)
{
    t.desk.view.token = token;
    desk_objective_refresh(&t.desk);
}

Test(objective_screen, a_token_of_grpo_by_hand)
{
    double A = 0.5 / (sqrt(0.5) + 1e-4), w = 1 / (2.0 * 6), d, k3;

    invent(1, 0);
    t.desk.set.rl.loss = LOSS_GRPO;
    look_at(1); /* ratio e^0.5, A > 0: clipped */
    cr_assert(x->is_found && x->is_after && x->has_after && !x->is_masked);
    cr_assert_float_eq(x->value[TERM_MEAN], 0.5, 1e-9);
    cr_assert_float_eq(x->value[TERM_STD], sqrt(0.5), 1e-9);
    cr_assert_float_eq(x->value[TERM_ADVANTAGE], A, 1e-9);
    cr_assert_float_eq(x->value[TERM_RATIO], exp(0.5), 1e-6);
    cr_assert_float_eq(x->value[TERM_CLIP], 1.2, 1e-12);
    cr_assert_float_eq(x->value[TERM_MIN], 1.2 * A, 1e-9);
    cr_assert_eq(x->clip, 1);
    d = x->value[TERM_REF] - x->value[TERM_LOGP];
    k3 = exp(d) - d - 1;
    cr_assert_float_eq(x->value[TERM_K3], k3, 1e-9);
    cr_assert_float_eq(x->value[TERM_PENALTY], 0.1 * k3, 1e-9);
    cr_assert_float_eq(x->value[TERM_WEIGHT], w, 1e-12);
    cr_assert_float_eq(x->value[TERM_TOKEN], -w * (1.2 * A - 0.1 * k3), 1e-9);
    cr_assert_float_eq(x->value[TERM_GRADIENT], -w * 0.1 * (exp(d) - 1), 1e-9, "only the reference pulls");
    cr_assert_float_eq(x->value[TERM_PULL], x->value[TERM_GRADIENT], 1e-12);
    cr_assert_float_eq(x->value[TERM_NO_CLIP], x->value[TERM_PULL] - w * exp(0.5) * A, 1e-6);
    look_at(2); /* ratio e^-0.5, A > 0: outside, and yet not clipped */
    cr_assert_eq(x->clip, 0);
    cr_assert_float_eq(x->value[TERM_MIN], exp(-0.5) * A, 1e-6);
    invent(0, 1);
    look_at(2); /* the same with A < 0: clipped below */
    cr_assert_eq(x->clip, -1);
    cr_assert_float_eq(x->value[TERM_MIN], -0.8 * A, 1e-9);
}

Test(objective_screen, gradients_are_those_of_the_trace_for_every_loss)
{
    int loss, token;

    for (loss = 0; loss < LOSS_KIND_N; loss++)
        for (token = 0; token < 6; token++) {
            struct trace_facts *f = t.desk.facts;
            double up, down, from, to, slope, sum = 0;
            int i;
            invent(1, 0);
            t.desk.set.rl.loss = loss;
            for (i = 0; i < 6; i++) {
                look_at(i);
                sum += x->value[TERM_TOKEN];
            }
            if (loss != LOSS_R1)
                cr_assert_float_eq(sum, x->value[TERM_TRACE], 1e-12,
                                   "loss %d: tokens do not sum to the trace", loss);
            look_at(token);
            if (loss == LOSS_CISPO) { /* its weight is a constant of the gradient, and moves
                                       * with a difference */
                double want = x->value[TERM_PULL] -
                              x->value[TERM_WEIGHT] * x->value[TERM_CLIP] * x->value[TERM_ADVANTAGE];
                cr_assert_float_eq(x->value[TERM_GRADIENT], want, 1e-12);
                continue;
            }
            f->new_logp[token] = (float)x->value[TERM_LOGP] + 1e-3f;
            to = f->new_logp[token];
            desk_objective_refresh(&t.desk);
            up = x->value[TERM_TRACE];
            f->new_logp[token] -= 2e-3f;
            from = f->new_logp[token];
            desk_objective_refresh(&t.desk);
            down = x->value[TERM_TRACE];
            slope = (up - down) / (to - from);
            f->new_logp[token] += 1e-3f;
            desk_objective_refresh(&t.desk);
            cr_assert_float_eq(x->value[TERM_GRADIENT], slope, 1e-5, "loss %d, token %d: %g against %g", loss,
                               token, x->value[TERM_GRADIENT], slope);
        }
}

/* What is written beside the figures of the losses without a min. */
Test(objective_screen, losses_of_weighted_logs_say_what_they_do)
{
    static const struct {
        int loss, baseline;
        enum objective_term term;
        double value;
        const char *says;
    } row[] = {
        {LOSS_REINFORCE, BASELINE_BATCH, TERM_ADVANTAGE, 0.5, "the mean reward of the batch"},
        {LOSS_REINFORCE, BASELINE_NONE, TERM_ADVANTAGE, 1, "no baseline"},
        {LOSS_REINFORCE, BASELINE_NONE, TERM_STD, NAN, "not used by reinforce"},
        {LOSS_REINFORCE, BASELINE_NONE, TERM_CLIP, NAN, "no ratio in this loss"},
        {LOSS_REINFORCE, BASELINE_NONE, TERM_WEIGHT, 0.5, "1/2 traces"},
        {LOSS_RLOO, BASELINE_BATCH, TERM_ADVANTAGE, 1, "2/1"},
        {LOSS_CISPO, BASELINE_BATCH, TERM_CLIP, 1.2, "kept within 0.8"},
        {LOSS_CISPO, BASELINE_BATCH, TERM_WEIGHT, 1 / 15.0, "1 / 15 tokens"},
        {LOSS_CISPO, BASELINE_BATCH, TERM_GRADIENT, NAN, "-weight"},
        {LOSS_BNPO, BASELINE_BATCH, TERM_WEIGHT, 1 / 15.0, "1/1"},
    };
    struct str s = {0};
    size_t i;

    invent(1, 0);
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        t.desk.set.rl.loss = row[i].loss;
        t.desk.set.rl.baseline = row[i].baseline;
        look_at(1);
        str_clear(&s);
        objective_working(&t.desk.view, row[i].term, &s);
        cr_assert_not_null(strstr(str_c(&s), row[i].says), "loss %d, term %d: %s", row[i].loss, row[i].term,
                           str_c(&s));
        if (!isnan(row[i].value))
            cr_assert_float_eq(x->value[row[i].term], row[i].value, 1e-9, "loss %d, term %d: %g", row[i].loss,
                               row[i].term, x->value[row[i].term]);
        cr_assert(!x->clip || row[i].loss == LOSS_BNPO, "nothing is held back");
    }
    str_free(&s);
}

Test(objective_screen, the_whole_step_agrees_with_the_loss_on_record)
{
    const struct snapshot *s = desk_shown(&t.desk);
    int step, seen = 0;

    for (step = 1; step <= 3; step++) {
        cr_assert_eq(desk_look(&t.desk, step, &e), ST_OK);
        t.desk.set.rl.drop_flat = 1; /* as the run had it */
        desk_objective_refresh(&t.desk);
        if (!x->sequences)
            continue;
        seen++;
        cr_assert_float_eq(x->value[TERM_BATCH], s->metric[M_POLICY_LOSS], 1e-6, "step %d: %g against %g",
                           step, x->value[TERM_BATCH], s->metric[M_POLICY_LOSS]);
    }
    cr_assert_gt(seen, 0, "every group was flat: the test shows nothing");
}

Test(objective_screen, without_the_probe_the_ratio_is_one_and_the_reference_unknown)
{
    invent(1, 0);
    t.desk.set.rl.loss = LOSS_GRPO;
    t.desk.view.facts = NULL;
    look_at(1);
    cr_assert(!x->is_found && !x->has_after && x->value[TERM_RATIO] == 1);
    cr_assert(isnan(x->value[TERM_K3]) && isnan(x->value[TERM_PULL]) && isnan(x->value[TERM_REF]));
    t.desk.set.rl.beta = 0;
    look_at(1);
    cr_assert(x->value[TERM_PENALTY] == 0 && x->value[TERM_PULL] == 0);
    t.desk.view.facts = t.desk.facts;
    request_do(&t.desk, REQUEST_MOMENT, 0);
    look_at(1);
    cr_assert(x->is_found && !x->is_after && x->value[TERM_RATIO] == 1, "at the update");
    t.desk.facts->new_logp[0] = NAN; /* a step that is not finished */
    request_do(&t.desk, REQUEST_MOMENT, 0);
    look_at(1);
    cr_assert(!x->has_after && !x->is_after);
}

Test(objective_screen, a_trace_that_is_left_out_pushes_nothing)
{
    invent(1, 1);
    t.desk.set.rl.drop_flat = 1;
    look_at(0);
    cr_assert(x->is_flat && x->is_masked);
    cr_assert(x->value[TERM_WEIGHT] == 0 && x->value[TERM_GRADIENT] == 0 && x->value[TERM_TRACE] == 0);
    t.desk.set.rl.drop_flat = 0;
    look_at(0);
    cr_assert(!x->is_masked && x->value[TERM_ADVANTAGE] == 0 && x->value[TERM_GRADIENT] != 0,
              "KL goes on pulling");
}

Test(objective_screen, keys_move_the_token_the_term_and_the_trace)
{
    struct desk *d = &t.desk;
    int i, n = desk_shown(d)->follow.tokens_n, group = x->group, index = x->index;
    struct str s = {0};

    tiny_desk_draw(&t, 80, 24, &s);
    str_free(&s);
    for (i = 0; i < n + 5; i++) {
        request_do(d, REQUEST_RIGHT, 0);
        desk_objective.refresh(d);
    }
    cr_assert_eq(d->view.token, n - 1);
    for (i = 0; i < n + 5; i++) {
        request_do(d, REQUEST_LEFT, 0);
        desk_objective.refresh(d);
    }
    cr_assert_eq(d->view.token, 0);
    request_do(d, REQUEST_END, 0);
    cr_assert_eq(x->list.selected, TERM_BATCH);
    request_do(d, REQUEST_UP, 0);
    cr_assert_eq(x->list.selected, TERM_TRACE);
    request_do(d, REQUEST_COMPLETION, 1);
    desk_objective.refresh(d);
    cr_assert(x->group == group && x->index == (index + 1) % x->G);
    request_do(d, REQUEST_NEXT_GROUP, 0);
    desk_objective.refresh(d);
    cr_assert_neq(x->group, group);
}

static int overlay_says(const char *text)
{
    const struct view *v = &t.desk.view;
    int i;

    for (i = 0; v->overlay == OVERLAY_HELP && i < v->rows_n; i++)
        if (strstr(t.desk.rows[i].what, text) || (t.desk.rows[i].key && strstr(t.desk.rows[i].key, text)))
            return 1;
    return 0;
}

Test(objective_screen, every_figure_can_be_explained)
{
    const struct command_row *row = command_by_name("explain");
    char line[80];
    struct explanation w;
    struct str s = {0};
    int i, k;

    tiny_desk_draw(&t, 40, 10, &s);
    for (i = 0; i < METRIC_N; i++) {
        explain_metric(i, x, &w);
        cr_assert(*w.name && *w.what && (*w.formula || *w.reading), "%s has no explanation", w.name);
        snprintf(line, sizeof line, "explain %s", metric_row(i)->name);
        cr_assert_eq(command_run(&t.desk, line, &e), ST_OK, "%s: %s", line, e.msg);
        cr_assert(overlay_says("now") && t.desk.view.rows_n >= 3, "%s", line);
    }
    for (i = 0; i < TERM_N; i++) {
        const char *word = explain_term_word((enum objective_term)i);
        cr_assert_eq(explain_find_term(word), i);
        cr_assert_eq(metric_find(word), -1, "%s is a metric, too", word);
        cr_assert_not_null(strstr(row->words, word), "completion does not offer %s", word);
        for (k = 0; k < SHOWN_LOSS_N; k++) {
            struct objective_state of = {.loss = (enum shown_loss)k, .kl = (enum shown_kl)(k % SHOWN_KL_N)};
            explain_term((enum objective_term)i, &of, &w);
            cr_assert(*w.name && *w.what && *w.formula && *w.source && *w.reading, "%s of %d", word, k);
        }
        snprintf(line, sizeof line, "explain %s", word);
        cr_assert_eq(command_run(&t.desk, line, &e), ST_OK);
        cr_assert(overlay_says("formula") && overlay_says("read it"), "%s", line);
    }
    cr_assert_eq(command_run(&t.desk, "explain nonsense", &e), ST_USAGE);
    desk_close_overlay(&t.desk);
    x->list.selected = TERM_K3;
    request_do(&t.desk, REQUEST_ENTER, 0);
    cr_assert(overlay_says("exp(d) - d - 1"));
    str_free(&s);
}

Test(objective_screen, a_gradient_in_words)
{
    cr_assert_str_eq(explain_gradient(-1, 1, 0, 0), "raises the probability of this token");
    cr_assert_str_eq(explain_gradient(1, -1, 0, 0), "lowers the probability of this token");
    cr_assert_str_eq(explain_gradient(0, 1, 1, 0), "clipped: passes no gradient");
    cr_assert_str_eq(explain_gradient(-0.1, 1, 1, -0.1), "clipped; pulled up towards the reference");
    cr_assert_str_eq(explain_gradient(0.1, 0, 0, 0.1), "no advantage; pulled down towards the reference");
    cr_assert_str_eq(explain_gradient(-1, 1, 0, 0.5),
                     "raises this token's probability, against the reference's pull");
    cr_assert_str_eq(explain_gradient(-1, 1, 0, 0.001), "raises the probability of this token");
    cr_assert_str_eq(explain_gradient(-1, 1, 0, NAN), "raises the probability of this token");
    cr_assert_str_eq(explain_gradient(0, 0, 0, 0), "no advantage: passes no gradient");
}

Test(objective_screen, every_size_shows_the_selected_term)
{
    struct str s = {0};
    int w, h, loss;

    setenv("GRPOLAB_CHARS", "ascii", 1);
    for (loss = 0; loss < LOSS_KIND_N; loss++)
        for (w = 40; w <= 220; w += 45)
            for (h = 10; h <= 64; h += 9) {
                size_t i;
                t.desk.set.rl.loss = loss;
                x->list.selected = (w + h) % TERM_N;
                tiny_desk_draw(&t, w, h, &s);
                cr_assert_not_null(strstr(str_c(&s), ">"), "%dx%d:\n%s", w, h, str_c(&s));
                cr_assert_not_null(strstr(str_c(&s), "token 0 of "), "%dx%d", w, h);
                for (i = 0; i < s.n; i++)
                    cr_assert((unsigned char)s.s[i] < 127, "%dx%d, loss %d:\n%s", w, h, loss, str_c(&s));
            }
    str_free(&s);
}

/* A stage that samples nothing has no GRPO objective: which loss it has instead is told. */
Test(objective_screen, a_stage_without_traces_names_its_loss)
{
    static const char *const said[][2] = {
        {"base", "cross entropy"}, {"cold", "cross entropy"}, {"reward", "Bradley"}, {"dpo", "Rafailov"}};
    struct snapshot *s = invent(1, 0);
    int i;

    for (i = 0; i < 4; i++) {
        snprintf(s->stage, sizeof s->stage, "%s", said[i][0]);
        look_at(0);
        cr_assert(x->missing && strstr(x->missing, said[i][1]), "%s: '%s'", said[i][0], x->missing);
    }
    snprintf(s->stage, sizeof s->stage, "grpo");
    look_at(0);
    cr_assert_null(x->missing, "%s", x->missing);
}
