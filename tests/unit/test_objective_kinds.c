/* The objective's numbers where a setting or the kind of loss is not GRPO's: by hand, against finite
 * differences, and what the probe finds out of ppo and dpo steps against what those steps have on record. */
#include <locale.h>
#include <math.h>

#include "app/desk/desk_explain.h"
#include "app/desk/desk_group.h"
#include "app/desk/desk_screen.h"
#include "app/session/probe_answer.h"
#include "engine/rl/objective.h"
#include "tests/unit/tiny_desk.h"
#include "views/explain.h"
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
}

static void tear_down(void)
{
    tiny_desk_release(&t);
}

TestSuite(objective_kinds, .timeout = 120);

static void look_at(int token)
{
    t.desk.view.token = token;
    desk_objective_refresh(&t.desk);
    cr_assert_null(x->missing, "%s", x->missing);
}

/* Two traces; the tokens of the first have moved. */
static struct trace_facts *invent(int loss, double reward_0, double reward_1)
{
    static const float moved[6] = {0.05f, 0.5f, -0.5f, 0, 0.1f, -0.02f};
    struct snapshot *s = t.desk.stored;
    struct trace_facts *f = t.desk.facts;
    int i;

    s->groups_n = 1;
    s->group_size = 2;
    s->step = 30;
    s->group[0].flat = reward_0 == reward_1;
    for (i = 0; i < 2; i++)
        s->trace[i] = (struct snap_trace){
            .n = 6, .done = 1, .scored = 1, .at = -1, .reward = (float)(i ? reward_1 : reward_0)};
    s->follow.group = s->follow.index = 0;
    s->follow.tokens_n = 6;
    *f = (struct trace_facts){.version = 1, .has_tokens = 1, .n = 6, .run = s->run_id, .step = s->step};
    for (i = 0; i < 6; i++) {
        f->logp[i] = -0.5f - 0.1f * (float)i;
        f->new_logp[i] = f->logp[i] + moved[i];
        f->ref_logp[i] = f->logp[i] + 0.3f;
        f->entropy[i] = f->new_entropy[i] = 0.2f * (float)(i + 1);
        f->expected[i] = 0.5f;
        f->came[i] = (float)reward_0;
        f->advantage[i] = (float)reward_0 - 0.5f;
        f->new_expected[i] = 0.9f;
    }
    memset(s->follow.begin, 0, 7 * sizeof *s->follow.begin);
    t.desk.view.facts = f;
    t.desk.set.rl.loss = loss;
    t.desk.set.rl.eps_low = t.desk.set.rl.eps_high = 0.2;
    t.desk.set.rl.beta = 0.1;
    t.desk.set.rl.inner_epochs = t.desk.set.rl.mini_batches = 1;
    return f;
}

/* Changes the log-probability of a token and looks what that does to the trace's loss. */
static double slope_of(struct trace_facts *f, int token)
{
    float at = f->new_logp[token], up = at + 1e-3f, down = at - 1e-3f;
    double high, low;

    f->new_logp[token] = up;
    look_at(token);
    high = x->value[TERM_TRACE];
    f->new_logp[token] = down;
    look_at(token);
    low = x->value[TERM_TRACE];
    f->new_logp[token] = at;
    look_at(token);
    return (high - low) / ((double)up - (double)down);
}

Test(objective_kinds, estimators_of_the_kl, .init = set_up, .fini = tear_down)
{
    double d, k3, want[SHOWN_KL_N];
    struct explanation w;
    struct str s = {0};
    int kl;

    invent(LOSS_DAPO, 1, 0);
    look_at(1);
    d = x->value[TERM_LOGP] - x->value[TERM_REF];
    k3 = exp(-d) - 1 + d;
    want[SHOWN_K3] = k3;
    want[SHOWN_K1] = d;
    want[SHOWN_K2] = d * d / 2;
    want[SHOWN_UNBIASED] = exp(0.5) * k3;
    for (kl = 0; kl < SHOWN_KL_N; kl++) {
        static const char *const says[] = {"exp(d) - d - 1, d", "d, d = ", "d^2 / 2", " · (exp(d)"};
        static const char *const metric[] = {"exp(d) - d - 1, d", "(rl.kl = k1)", "(rl.kl = k2)",
                                             "(rl.kl = unbiased)"};
        t.desk.set.rl.kl = kl;
        look_at(1);
        cr_assert_float_eq(x->value[TERM_K3], want[kl], 1e-6, "%d: %g", kl, x->value[TERM_K3]);
        str_clear(&s);
        objective_working(&t.desk.view, TERM_K3, &s);
        cr_assert_not_null(strstr(str_c(&s), says[kl]), "%d: %s", kl, str_c(&s));
        explain_metric(M_KL, x, &w);
        cr_assert_not_null(strstr(w.formula, metric[kl]), "%s", w.formula);
    }
    str_free(&s);
}

/* Every loss with every estimator, a cap and a bonus: tokens sum up, and gradients are those of the trace. */
Test(objective_kinds, gradients_with_every_setting, .init = set_up, .fini = tear_down)
{
    int loss, kl, token, i;

    for (loss = 0; loss < SHOWN_LOSS_N; loss++)
        for (kl = 0; kl < SHOWN_KL_N && loss != SHOWN_DPO; kl++) {
            struct trace_facts *f = invent(loss, 1, 0);
            double sum = 0;
            f->has_critic = loss == SHOWN_PPO;
            t.desk.set.rl.kl = kl;
            t.desk.set.rl.ratio_cap = 1.05;
            t.desk.set.rl.entropy = 0.3;
            for (i = 0; i < 6; i++) {
                look_at(i);
                sum += x->value[TERM_TOKEN];
            }
            if (loss != SHOWN_R1)
                cr_assert_float_eq(sum, x->value[TERM_TRACE], 1e-9, "loss %d: %g, %g", loss, sum,
                                   x->value[TERM_TRACE]);
            else
                cr_assert_float_eq(x->value[TERM_TOKEN], x->value[TERM_TRACE], 1e-9);
            for (token = 0; token < 6 && !shown_is_log((enum shown_loss)loss); token++) {
                double slope = slope_of(f, token);
                cr_assert_float_eq(x->value[TERM_GRADIENT], slope, 2e-4 + 2e-3 * fabs(slope),
                                   "loss %d, kl %d, token %d: %g, %g", loss, kl, token,
                                   x->value[TERM_GRADIENT], slope);
            }
        }
}

Test(objective_kinds, a_capped_ratio, .init = set_up, .fini = tear_down)
{
    double A, C = 1.1;

    invent(LOSS_DAPO, 0, 1); /* A < 0: a ratio above the range is not clipped */
    t.desk.set.rl.ratio_cap = C;
    look_at(1);
    A = x->value[TERM_ADVANTAGE];
    cr_assert(x->is_capped && !x->clip);
    cr_assert_float_eq(x->value[TERM_MIN], C * A * (1 + log(exp(0.5) / C)), 1e-6);
    invent(LOSS_CISPO, 1, 0);
    look_at(1);
    A = x->value[TERM_ADVANTAGE];
    cr_assert_float_eq(x->value[TERM_MIN], C * A * x->value[TERM_LOGP], 1e-9);
    t.desk.set.rl.ratio_cap = 0;
    look_at(1);
    cr_assert_float_eq(x->value[TERM_MIN], 1.2 * A * x->value[TERM_LOGP], 1e-9);
}

Test(objective_kinds, a_running_baseline_is_a_number, .init = set_up, .fini = tear_down)
{
    struct str s = {0};

    invent(LOSS_REINFORCE, 1, 0);
    t.desk.set.rl.baseline = BASELINE_RUNNING;
    t.desk.stored->trace[0].advantage = 0.7f; /* 1 - .3 and 0 - .3 */
    t.desk.stored->trace[1].advantage = -0.3f;
    look_at(0);
    cr_assert_float_eq(x->baseline, 0.3, 1e-6);
    cr_assert_float_eq(x->value[TERM_ADVANTAGE], 0.7, 1e-6);
    objective_working(&t.desk.view, TERM_ADVANTAGE, &s);
    cr_assert_not_null(strstr(str_c(&s), "0.3000, the running mean"), "%s", str_c(&s));
    str_free(&s);
}

Test(objective_kinds, a_critic_by_hand, .init = set_up, .fini = tear_down)
{
    enum objective_term term[TERM_N];
    struct trace_facts *f = invent(LOSS_PPO, 1, 0);

    look_at(5);
    cr_assert(isnan(x->value[TERM_ADVANTAGE]) && isnan(x->value[TERM_GRADIENT]),
              "nobody has asked the critic");
    f->has_critic = 1;
    t.desk.set.rl.value_clip = 0.2;
    t.desk.set.rl.value_weight = 0.5;
    look_at(5);
    cr_assert_float_eq(x->value[TERM_ADVANTAGE], 0.5, 1e-9);
    cr_assert_float_eq(x->value[TERM_GAE], x->token_reward + x->next_value - x->value[TERM_VALUE], 1e-9);
    cr_assert_float_eq(x->value[TERM_VALUE_LOSS], 0.5 / 12 * 0.5 * 0.3 * 0.3, 1e-7,
                       "clipped: .5 + .2 against 1");
    cr_assert_eq(x->value_clipped, 1);
    t.desk.set.rl.value_clip = 0;
    look_at(5);
    cr_assert_float_eq(x->value[TERM_VALUE_LOSS], 0.5 / 12 * 0.5 * 0.1 * 0.1, 1e-7);
    cr_assert_eq(x->value_clipped, 0);
    cr_assert_float_eq(x->value[TERM_WEIGHT], 1 / 12.0, 1e-12);
    cr_assert_eq(objective_terms(x, term), TERM_BATCH + 1 - 2 + 4);
    t.desk.set.rl.critic_warmup = 40; /* step 30 is one of them */
    look_at(5);
    cr_assert(x->is_warming && x->value[TERM_GRADIENT] == 0);
}

Test(objective_kinds, a_pair_by_hand, .init = set_up, .fini = tear_down)
{
    struct trace_facts *f = invent(LOSS_DPO, 1, 0);
    double m = 0.1 * ((-3 + 4) - (-6 + 5)), sigma = 1 / (1 + exp(m));

    look_at(0);
    cr_assert(isnan(x->value[TERM_MARGIN]) && x->own_pairs_n == 1 && x->is_chosen && x->other_index == 1);
    f->group_n = 2;
    f->group_new[0] = -3;
    f->group_ref[0] = -4;
    f->group_new[1] = -6;
    f->group_ref[1] = -5;
    t.desk.set.rl.dpo_beta = 0.1;
    look_at(0);
    cr_assert_float_eq(x->value[TERM_MARGIN], m, 1e-12);
    cr_assert_float_eq(x->value[TERM_SIGMA], sigma, 1e-12);
    cr_assert_float_eq(x->value[TERM_PAIR], log(1 + exp(-m)), 1e-12);
    cr_assert_float_eq(x->value[TERM_GRADIENT], -0.1 * sigma, 1e-12);
    t.desk.stored->trace[0].reward = 0;
    t.desk.stored->trace[1].reward = 1;
    look_at(0);
    cr_assert(!x->is_chosen && x->value[TERM_GRADIENT] > 0);
    t.desk.stored->trace[1].reward = 0;
    look_at(0);
    cr_assert(x->own_pairs_n == 0 && x->value[TERM_GRADIENT] == 0 && x->pairs_n == 0);
}

Test(objective_kinds, what_if_says_where_it_does_not_apply, .init = set_up, .fini = tear_down)
{
    static const int loss[] = {LOSS_PPO, LOSS_DPO};
    size_t i;

    for (i = 0; i < 2; i++) {
        struct str s = {0};
        t.desk.set.rl.loss = loss[i];
        cr_assert_eq(command_run(&t.desk, "what-if", &e), ST_OK);
        tiny_desk_draw(&t, 80, 24, &s);
        cr_assert_not_null(strstr(str_c(&s), i ? "loss is dpo" : "loss is ppo"), "%s", str_c(&s));
        cr_assert_eq(command_run(&t.desk, "what-if reward 1 1", &e), ST_USAGE);
        cr_assert_eq(command_run(&t.desk, "what-if beta 1", &e), ST_USAGE);
        str_free(&s);
    }
}

Test(objective_kinds, every_size_shows_the_selected_figure, .init = set_up, .fini = tear_down)
{
    struct str s = {0};
    int loss, w, h;

    setenv("GRPOLAB_CHARS", "ascii", 1);
    for (loss = SHOWN_DPO; loss <= SHOWN_PPO; loss++)
        for (w = 40; w <= 220; w += 60)
            for (h = 10; h <= 64; h += 18) {
                size_t i;
                t.desk.set.rl.loss = loss;
                t.desk.set.rl.entropy = 0.01;
                t.desk.set.rl.ratio_cap = 2;
                x->list.selected = (w + h) % 13;
                tiny_desk_draw(&t, w, h, &s);
                cr_assert_not_null(strstr(str_c(&s), ">"), "%dx%d:\n%s", w, h, str_c(&s));
                for (i = 0; i < s.n; i++)
                    cr_assert((unsigned char)s.s[i] < 127, "%dx%d, loss %d:\n%s", w, h, loss, str_c(&s));
            }
    str_free(&s);
}

/* A run of three steps of another loss, on record, and what the probe says of it. */
static struct session session;
static struct past past;
static char path[512];

static void open_run(const char *a, const char *b, const char *c)
{
    const char *const set_texts[] = {"model.width=32",
                                     "base.steps=2",
                                     "cold.steps=60",
                                     "base.documents=4",
                                     "cold.documents=8",
                                     "rl.steps=3",
                                     "rl.prompts=4",
                                     "rl.group=4",
                                     "rl.max_tokens=48",
                                     "eval.every=0",
                                     "eval.final_problems=4",
                                     "eval.k=2",
                                     "rl.drop_flat=0",
                                     a,
                                     b,
                                     c};
    static struct settings set;
    const char *dir = getenv("TMPDIR");
    uint64_t seed = 1;

    snprintf(path, sizeof path, "%s/kinds-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    tiny_desk_must(presets_load("quick", set_texts, sizeof set_texts / sizeof *set_texts, &set, &seed, &e),
                   &e);
    tiny_desk_must(session_init(&session, path, 1, &e), &e);
    session.follow_chain = 1;
    tiny_desk_must(session_new(&session, &set, seed, "", &e), &e);
    while (!session_is_done(&session))
        tiny_desk_must(session_step(&session, &e), &e);
    tiny_desk_must(past_init(&past, path, 1, &e), &e);
}

static void ask(int64_t step, int group, int index, struct trace_facts *f)
{
    struct probe_question q = {.what = PROBE_TOKENS,
                               .run = session.run.id,
                               .step = step,
                               .is_finished = 1,
                               .group = group,
                               .index = index,
                               .at = -1};

    tiny_desk_must(probe_answer(&past, &q, &(struct probe_facts){.trace = f}, NULL, &e), &e);
}

static void close_run(void)
{
    past_release(&past);
    session_release(&session);
}

Test(objective_kinds, the_probe_has_the_critic_of_the_step)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    struct query_step s;
    double sum = 0, squares = 0, n = 0;
    int i, k;

    open_run("rl.loss=ppo", "model.value_head=1", "rl.gae_lambda=0.9");
    tiny_desk_must(query_step(session.query, session.run.id, 3, 1, &s, &e), &e);
    for (i = 0; i < s.traces_n; i++) {
        double mean = 0;
        ask(3, s.trace[i].group, s.trace[i].index, f);
        cr_assert(f->has_critic && f->n == s.trace[i].n && isfinite(f->new_expected[0]));
        for (k = 0; k < f->n; k++) {
            double raw = (double)f->came[k] - (double)f->expected[k],
                   r = k + 1 < f->n ? 0 : s.trace[i].reward,
                   next = k + 1 < f->n ? (double)f->expected[k + 1] : 0,
                   after = k + 1 < f->n ? (double)f->came[k + 1] - (double)f->expected[k + 1] : 0;
            cr_assert_float_eq(raw, r + next - (double)f->expected[k] + 0.9 * after, 1e-5, "GAE of token %d",
                               k);
            cr_assert_float_eq(f->advantage[k], (raw - f->advantage_mean) / (f->advantage_std + 1e-8), 1e-4);
            mean += (double)f->advantage[k] / f->n;
            sum += (double)f->advantage[k];
            squares += (double)f->advantage[k] * (double)f->advantage[k];
            n++;
        }
        cr_assert_float_eq(mean, s.trace[i].advantage, 1e-5, "%g, on record %g", mean, s.trace[i].advantage);
    }
    cr_assert_float_eq(sum / n, 0, 1e-5);
    cr_assert_float_eq(squares / n, 1, 1e-4);
    query_step_free(&s);
    free(f);
    close_run();
}

/* The margin of all pairs, from the sums that the probe gives, is the one on record. */
Test(objective_kinds, the_probe_has_the_pairs_of_the_step)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    struct query_step s;
    double margin = 0, recorded = NAN;
    int g, i, pairs = 0;

    open_run("rl.loss=dpo", "rl.pairs=best_worst", "rl.dpo_beta=0.5");
    tiny_desk_must(query_step(session.query, session.run.id, 3, 1, &s, &e), &e);
    for (g = 0; g < s.groups_n; g++) {
        int best = 0, worst = 0;
        double reward[4] = {0};
        for (i = 0; i < s.traces_n; i++)
            if (s.trace[i].group == g)
                reward[s.trace[i].index] = s.trace[i].reward;
        for (i = 1; i < 4; i++) {
            best = reward[i] > reward[best] ? i : best;
            worst = reward[i] < reward[worst] ? i : worst;
        }
        if (reward[best] <= reward[worst])
            continue;
        ask(3, g, best, f);
        cr_assert_eq(f->group_n, 4);
        margin +=
            0.5 * (f->group_logp[best] - f->group_ref[best] - f->group_logp[worst] + f->group_ref[worst]);
        cr_assert_neq(f->group_new[best], f->group_logp[best], "the step has moved it");
        pairs++;
    }
    recorded = s.metric[M_DPO_MARGIN];
    cr_assert_gt(pairs, 0, "every group was flat: the test shows nothing");
    cr_assert_float_eq(margin / pairs, recorded, 1e-6, "%g, on record %g", margin / pairs, recorded);
    query_step_free(&s);
    free(f);
    close_run();
}

/* A copy of the state holds the running mean: a step that is replayed from it is the one on record. */
Test(objective_kinds, a_running_baseline_survives_going_back)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    int64_t step;

    open_run("rl.loss=reinforce", "rl.baseline=running", "rl.steps=12");
    for (step = 2; step < 12;
         step += 3) { /* wherever the keyframes lie, one of these is replayed from a copy */
        ask(step, 0, 0, f);
        ask(1, 0, 0, f);
        ask(step + 1, 0, 0, f);
        cr_assert(f->has_tokens && isfinite(f->new_logp[0]));
    }
    free(f);
    close_run();
}
