/* The scenes of golden screens: what each screen has of its own beside an invented moment. All numbers follow
 * from those of the moment, as they do in the program, so that a reader can check one against the other. */
#include "tests/unit/scene.h"

#include <criterion/criterion.h>
#include <locale.h>

#include "tests/golden/moments.h"
#include "tests/unit/scene_runs.h"

enum { TOKEN = 27 }; /* under the cursor: the aha candidate */

/* A trace that is still sampled has neither an update nor tests behind it. */
static void make_facts(struct scene *s, int is_done)
{
    static const struct value_point value[] = {{0, 12, 32},  {7, 11, 32},  {12, 13, 32}, {20, 14, 32},
                                               {28, 29, 32}, {33, 31, 32}, {39, 32, 32}};
    static const char *const word[] = {"yes", "no", "8", "11", "</think>"};
    struct snap_follow *f = &s->now->follow;
    struct trace_facts *t = &s->facts;
    int i, k;

    t->version = 1;
    t->run = s->now->run_id;
    t->step = s->now->step;
    t->group = f->group;
    t->index = f->index;
    t->n = f->tokens_n;
    t->has_tokens = 1;
    t->alternatives_n = 6;
    t->layers_n = 3;
    t->experts_n = 8;
    t->top_k = 2;
    for (i = 0; i < t->n; i++) {
        double p = 0.55 + 0.43 * moment_noise((unsigned)i, 30);
        f->logp[i] = t->logp[i] = (float)log(p);
        f->entropy[i] = t->entropy[i] = (float)(1.3 * (1 - p));
        t->ref_logp[i] = t->logp[i] + (float)(0.2 * moment_noise((unsigned)i, 31));
        t->new_logp[i] = is_done ? t->logp[i] + (float)(0.02 + 0.2 * moment_noise((unsigned)i, 32)) : NAN;
        snprintf(t->word[i][0], FACT_WORD, "%.*s", f->begin[i + 1] - f->begin[i] - 1,
                 f->text + f->prompt_n + f->begin[i]);
        t->word_logp[i][0] = t->logp[i];
        for (k = 1; k < 6; k++) {
            snprintf(t->word[i][k], FACT_WORD, "%s", word[k - 1]);
            t->word_logp[i][k] = (float)log((1 - p) / (1 << k));
        }
        for (k = 0; k < 3; k++) {
            t->expert[k][i][0] = (uint8_t)((i * 3 + k) % 7);
            t->expert[k][i][1] = 7;
            t->gate[k][i][0] = 0.7f;
            t->gate[k][i][1] = 0.3f;
        }
    }
    t->values_n = is_done ? sizeof value / sizeof *value : 0;
    memcpy(t->value, value, sizeof value);
    t->tests_n = is_done;
    t->test[0] = (struct aha_test){TOKEN, 29, 32, 14, 32, 0.0001, 1};
    s->view.facts = t;
}

static void make_trace(struct scene *s)
{
    struct trace_state *t = &s->trace;
    double d;
    int i;

    t->overlay = TRACE_PROBABILITY;
    t->token_id = 41;
    t->forking = 1.05;
    t->forking_of_step = 1;
    t->terms_n = s->facts.n;
    t->has_ratio = s->facts.tests_n;
    t->eps_low = t->eps_high = 0.2;
    for (i = 0; i < t->terms_n; i++) {
        t->ratio[i] = exp((double)(s->facts.new_logp[i] - s->facts.logp[i]));
        d = (double)(s->facts.ref_logp[i] - s->facts.logp[i]);
        t->kl[i] = exp(d) - d - 1;
        t->clipped[i] = t->ratio[i] > 1.2;
    }
    s->view.trace_screen = t;
    s->view.token = TOKEN < t->terms_n ? TOKEN : -1;
}

static void make_group(struct scene *s)
{
    static const int loss = 0, std = 0;
    struct group_state *g = &s->group;
    struct what_if *w = &g->what_if;
    const struct snapshot *now = s->now;
    int i, side;

    g->accuracy_weight = 1;
    g->format_weight = 0.1;
    g->hit_at = -1;
    snprintf(g->std, sizeof g->std, "sample");
    w->run = now->run_id;
    w->step = now->step;
    w->group = 4;
    w->n = 8;
    w->cursor = 1;
    for (side = 0; side < WHAT_IF_SIDES; side++) {
        double sum = 0, squares = 0;
        w->objective[side] = (struct what_if_objective){loss, std, 0.2, 0.2, 0.001, "dapo", "sample"};
        for (i = 0; i < 8; i++)
            w->reward[side][i] = side && i == 1 ? 1.1 : (double)now->trace[32 + i].reward;
        for (i = 0; i < 8; i++)
            sum += w->reward[side][i];
        w->mean[side] = sum / 8;
        for (i = 0; i < 8; i++)
            squares += pow(w->reward[side][i] - w->mean[side], 2);
        w->std[side] = sqrt(squares / 7);
        for (i = 0; i < 8; i++) {
            w->advantage[side][i] = (w->reward[side][i] - w->mean[side]) / (w->std[side] + 1e-4);
            w->push[side][i] = w->advantage[side][i] / 507;
            w->change[side][i] = w->advantage[side][i] * 0.021 * now->trace[32 + i].n / 64;
        }
        w->grad_norm[side] = 0.42 + 0.05 * side;
        w->kl[side] = 0.0021;
        w->known[side] = side ? WHAT_IF_STALE : WHAT_IF_KNOWN;
        w->tokens.up[side] = 44;
        w->tokens.down[side] = 2;
    }
    w->tokens.index = now->follow.index;
    w->tokens.n = s->facts.n;
    for (i = 0; i < w->tokens.n; i++) {
        w->tokens.sign[0][i] = w->tokens.sign[1][i] = i == 9 || i == 30 ? -1 : 1;
        w->tokens.clipped[0][i] = w->tokens.clipped[1][i] = 0;
    }
    w->tokens.has_kl = 1;
    s->view.group_screen = g;
}

static void make_experts(struct scene *s)
{
    static const char *const word[] = {"11", "8", "7", "26", "=", "-", "wait", "no"};
    struct experts_state *x = &s->experts;
    int i, k;

    x->run = s->now->run_id;
    x->stride = 2;
    x->layers_n = 3;
    x->experts_n = 8;
    x->n = SCENE_LOADS - 1;
    x->is_whole = 1;
    x->load = s->load;
    x->bias = s->bias;
    for (i = 0; i < x->n; i++) {
        x->step[i] = 2 * (i + 1);
        for (k = 0; k < SCENE_CELLS; k++) {
            double fade = 1 / (1 + i / 9.0);
            x->load[i * SCENE_CELLS + k] = (float)(0.125 * (1 + 0.9 * fade * moment_noise((unsigned)k, 20) +
                                                            0.1 * moment_noise((unsigned)(i * 24 + k), 33)));
            x->bias[i * SCENE_CELLS + k] = (float)(-0.06 * (1 - fade) * moment_noise((unsigned)k, 20));
        }
    }
    x->total = 212608;
    x->active = 86144;
    x->top_k = 2;
    x->shared_n = 1;
    x->dense_layers = 1;
    x->blocks_n = 4;
    x->gamma = 0.001;
    x->list.selected = 10;
    s->view.experts = x;

    s->routing = (struct routing_facts){
        .version = 1, .run = s->now->run_id, .step = 147, .layers_n = 3, .experts_n = 8, .tokens = 6912};
    for (i = 0; i < SCENE_CELLS; i++) {
        struct served *e = &s->routing.served[i];
        e->share = s->now->load[i];
        e->affinity = 0.25f + 0.03f * (float)(i % 8);
        e->numbers = i % 3 ? 0.15f : 0.7f;
        e->operators = i % 3 == 1 ? 0.6f : 0.1f;
        e->structure = 0.05f;
        e->words = 1 - e->numbers - e->operators - e->structure;
        e->words_n = 4;
        for (k = 0; k < 4; k++) {
            snprintf(e->word[k], FACT_WORD, "%s", word[(i + k * 3) % 8]);
            e->part[k] = 0.62f - 0.11f * (float)k;
        }
    }
    s->view.routing = &s->routing;
}

static void make_objective(struct scene *s)
{
    struct objective_state *x = &s->objective;
    const struct snap_follow *f = &s->now->follow;
    const struct snap_trace *t = &s->now->trace[f->group * 8 + f->index];
    double *v = x->value, A, d;
    int i, at, end;

    x->step = s->now->step;
    x->group = f->group;
    x->index = f->index;
    x->G = 8;
    x->token = TOKEN < f->tokens_n ? TOKEN : f->tokens_n - 1;
    x->tokens_n = f->tokens_n;
    x->is_scored = x->is_found = x->has_after = x->is_after = 1;
    x->updates = 1;
    x->loss = SHOWN_DAPO;
    x->eps_low = x->eps_high = 0.2;
    x->beta = 0.001;
    x->temperature = 1;
    x->max_length = 176;
    x->sequences = x->step_sequences = 128;
    x->tokens = 8112;
    x->mini_batches = x->mini_batch = x->epochs = 1;
    v[TERM_REWARD] = (double)t->reward;
    v[TERM_MEAN] = (double)s->now->group[f->group].mean;
    v[TERM_STD] = (double)s->now->group[f->group].std;
    v[TERM_ADVANTAGE] = A = (v[TERM_REWARD] - v[TERM_MEAN]) / (v[TERM_STD] + 1e-4);
    v[TERM_OLD] = (double)s->facts.logp[x->token];
    v[TERM_LOGP] = v[TERM_OLD] + 0.25;
    v[TERM_REF] = v[TERM_OLD] - 0.1;
    v[TERM_RATIO] = exp(0.25);
    v[TERM_CLIP] = 1.2;
    x->unclipped = v[TERM_RATIO] * A;
    x->clipped = v[TERM_CLIP] * A;
    x->clip = 1;
    v[TERM_MIN] = x->clipped;
    d = v[TERM_REF] - v[TERM_LOGP];
    v[TERM_K3] = exp(d) - d - 1;
    v[TERM_PENALTY] = x->beta * v[TERM_K3];
    x->scale = x->tokens;
    v[TERM_WEIGHT] = 1 / x->scale;
    v[TERM_TOKEN] = -(v[TERM_MIN] - v[TERM_PENALTY]) / x->scale;
    v[TERM_PULL] = v[TERM_GRADIENT] = -x->beta * (exp(d) - 1) / x->scale;
    v[TERM_NO_CLIP] = v[TERM_PULL] - x->unclipped / x->scale;
    v[TERM_TRACE] = -0.0054;
    v[TERM_BATCH] = x->policy_loss = -0.0312;
    x->list.n = TERM_N;
    x->list.selected = TERM_MIN;
    at = x->token - OBJECTIVE_WORDS / 2;
    at = at + OBJECTIVE_WORDS > f->tokens_n ? f->tokens_n - OBJECTIVE_WORDS : at;
    at = at < 0 ? 0 : at;
    x->word_at = x->token - at;
    for (i = at; i < f->tokens_n && x->words_n < OBJECTIVE_WORDS; i++) {
        end = i + 1 < f->tokens_n ? f->begin[i + 1] - 1 : f->begin[i + 1];
        snprintf(x->word[x->words_n++], OBJECTIVE_WORD, "%.*s", end - f->begin[i],
                 f->text + f->prompt_n + f->begin[i]);
    }
    s->view.objective = x;
}

static void make_lesson(struct scene *s)
{
    s->lesson = (struct lesson_state){
        .name = "hacking",
        .title = "Reward hacking: the form alone",
        .heading = "Your turn: guess, then look",
        .page = 3,
        .pages = 6,
        .phase = LESSON_ASKING,
        .note = "waiting for step 105",
        .text = "What will accuracy do in the next 100 steps: rise along, stay, fall? Guess first. Then "
                "`:step 100 step`.\n\nThe reward curve alone will look like a success.",
    };
}

struct scene *scene_new(const char *which)
{
    struct scene *s = calloc(1, sizeof *s);

    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC0", 1);
    cr_assert_not_null(s);
    s->moment = calloc(1, sizeof *s->moment);
    cr_assert(s->moment && moment_make(s->moment, which));
    s->view = s->moment->view;
    s->now = s->moment->now;
    s->run = s->moment->runs;
    scene_desk(s);
    if (strcmp(which, "cold")) {
        make_facts(s, !strcmp(which, "grpo"));
        make_trace(s);
        make_group(s);
        make_objective(s);
    }
    make_experts(s);
    make_lesson(s);
    scene_make_runs(s, &s->moment->history);
    scene_make_evaluation(s, &s->moment->history);
    scene_make_scenarios(s);
    scene_show(s, SCREEN_DASHBOARD);
    return s;
}

void scene_free(struct scene *s)
{
    scene_desk_free(s);
    history_release(&s->other);
    moment_free(s->moment);
    free(s->moment);
    free(s);
}

void scene_follow(struct scene *s, const char *prompt, const char *completion)
{
    moment_follow(&s->now->follow, prompt, completion);
    s->now->follow.marks_n = 0;
}
