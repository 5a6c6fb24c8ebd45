#ifndef GRPOLAB_TESTS_GOLDEN_MOMENTS_H
#define GRPOLAB_TESTS_GOLDEN_MOMENTS_H

/* Three moments of an invented run, for golden screens: GRPO under way, a cold start, and a pause in the
 * middle of a rollout. Every number comes from arithmetic on small integers, so that the pictures are the
 * same everywhere. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/view.h"

struct moment {
    struct snapshot *now;
    struct history history;
    struct record_run runs[6];
    double runs_reward[6];
    struct view view;
};

/* Noise in -1..1 that depends on its place alone. */
static double moment_noise(unsigned a, unsigned b)
{
    unsigned x = a * 2654435761u ^ (b + 1) * 40503u * 2246822519u;

    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (double)(x % 20001u) / 10000.0 - 1;
}

static void moment_history(struct history *h, int steps, int is_grpo)
{
    double m[METRIC_N];
    int s, i;

    history_reset(h, is_grpo ? 3 : 2);
    for (s = 0; s <= steps; s++) {
        double t = (double)s / 400, rise = t / (0.12 + t), hump = t * 6 > 1 ? 1 : t * 6;
        for (i = 0; i < METRIC_N; i++)
            m[i] = NAN;
        if (is_grpo) {
            m[M_REWARD] = 0.32 + 0.55 * rise + 0.035 * moment_noise((unsigned)s, 1);
            m[M_REWARD_STD] = 0.5 - 0.25 * rise;
            m[M_LENGTH] = 34 + 30 * hump - 10 * t + 2.5 * moment_noise((unsigned)s, 2);
            m[M_WAITS] = 0.8 + 2 * hump - 0.4 * t;
            m[M_KL] = 0.002 + 0.09 * t + 0.006 * (1 + moment_noise((unsigned)s, 3));
            m[M_ENTROPY] = 0.42 - 0.2 * rise + 0.02 * moment_noise((unsigned)s, 4);
            m[M_GRAD_NORM] = 0.4 + 0.1 * moment_noise((unsigned)s, 5);
            m[M_CLIP_LOW] = 0.002 + 0.004 * hump + 0.001 * moment_noise((unsigned)s, 9);
            m[M_CLIP_HIGH] = 0.003 + 0.009 * hump + 0.002 * moment_noise((unsigned)s, 10);
            m[M_FLAT] = (int)(3 + 6 * t + 2 * moment_noise((unsigned)s, 11)) / 16.0;
            m[M_TOKENS_PER_SECOND] = 39000 + 2500 * moment_noise((unsigned)s, 12);
            m[M_STEP_TIME] = 0.32 + 0.02 * moment_noise((unsigned)s, 13);
            if (s % 25 == 0) {
                m[M_PASS_1] = 0.28 + 0.52 * rise;
                m[M_MAJ_K] = 0.36 + 0.55 * rise;
            }
        } else {
            m[M_LOSS] = 0.35 + 2.6 / (1 + s / 25.0) + 0.04 * moment_noise((unsigned)s, 6);
            m[M_MTP_LOSS] = m[M_LOSS] * 1.3 + 0.1;
            m[M_GRAD_NORM] = 0.5 + 1.2 / (1 + s / 60.0) + 0.1 * moment_noise((unsigned)s, 7);
            m[M_LR] = 0.003;
        }
        m[M_MAX_VIO] = 0.25 + 1.1 / (1 + s / 20.0) + 0.03 * moment_noise((unsigned)s, 8);
        m[M_MAX_VIO_AVERAGE] = m[M_MAX_VIO] * 0.9;
        history_add(h, s, m);
    }
}

static void moment_experts(struct snapshot *s)
{
    int i;

    s->layers_n = 3;
    s->experts_n = 8;
    for (i = 0; i < 24; i++) {
        s->load[i] = (float)(0.125 * (1 + 0.45 * moment_noise((unsigned)i, 20)));
        s->load_average[i] = (float)(0.125 * (1 + 0.2 * moment_noise((unsigned)i, 21)));
        s->bias[i] = (float)(0.1 * moment_noise((unsigned)i, 22));
    }
}

/* The followed text: tokens are what blanks separate; marks are found by their words. */
static void moment_follow(struct snap_follow *f, const char *prompt, const char *completion)
{
    const char *p = completion, *end;

    f->prompt_n = (int)strlen(prompt);
    f->text_n = snprintf(f->text, sizeof f->text, "%s%s", prompt, completion);
    f->tokens_n = 0;
    while (*p) {
        end = strchr(p, ' ');
        f->begin[f->tokens_n++] = (int)(p - completion);
        p = end ? end + 1 : p + strlen(p);
    }
    f->begin[f->tokens_n] = (int)(p - completion);
}

static void moment_mark(struct snap_follow *f, enum mark_kind kind, const char *text, int skip, int ok)
{
    const char *body = f->text + f->prompt_n, *at = body - 1;

    while (skip-- >= 0 && at)
        at = strstr(at + 1, text);
    if (at && f->marks_n < MARKS_MAX)
        f->mark[f->marks_n++] =
            (struct mark){kind, (int)(at - body), (int)(at - body) + (int)strlen(text), ok};
}

static void moment_base(struct snapshot *s)
{
    memset(s, 0, sizeof *s);
    s->version = 1;
    s->is_live = 1;
    s->follow.group = s->follow.index = -1;
    snprintf(s->preset, sizeof s->preset, "countdown");
    s->tokens_per_second = 41200;
    moment_experts(s);
}

static void moment_metrics(struct snapshot *s, const struct history *h)
{
    int m;

    for (m = 0; m < METRIC_N; m++)
        s->metric[m] = history_last(h, (enum metric)m, -1);
}

static void moment_chain(struct snapshot *s, int now)
{
    static const char *const name[] = {"base", "cold", "grpo"};
    static const int steps[] = {2000, 800, 0};
    int i;

    s->stages_n = 3;
    for (i = 0; i < 3; i++) {
        struct snap_stage *g = &s->stages[i];
        snprintf(g->stage, sizeof g->stage, "%s", name[i]);
        g->steps = steps[i];
        g->step = i < now ? steps[i] : i == now ? s->step : 0;
        g->state = i < now ? 2 : i == now ? 1 : 0;
        g->value = NAN;
    }
}

static const char moment_prompt[] = "User : 11 8 7 -> 26 Assistant : <think>";
static const char moment_trace[] =
    " 8 * 7 = 56 11 , 56 - 11 = 45 no wait 11 * 7 = 77 8 , 77 - 8 = 68 no wait 8 + 7 = 15 11 , "
    "15 + 11 = 26 yes </think> <answer> ( 8 + 7 ) + 11 </answer>";

static void moment_marks(struct snap_follow *f)
{
    moment_mark(f, MARK_EQUATION, "8 * 7 = 56", 0, 1);
    moment_mark(f, MARK_EQUATION, "56 - 11 = 45", 0, 1);
    moment_mark(f, MARK_VERIFICATION, "no", 0, 1);
    moment_mark(f, MARK_REFLECTION, "wait", 0, 1);
    moment_mark(f, MARK_BACKTRACK, "11 * 7", 0, 1);
    moment_mark(f, MARK_EQUATION, "11 * 7 = 77", 0, 1);
    moment_mark(f, MARK_EQUATION, "77 - 8 = 68", 0, 0);
    moment_mark(f, MARK_VERIFICATION, "no", 1, 1);
    moment_mark(f, MARK_REFLECTION, "wait", 1, 1);
    moment_mark(f, MARK_AHA, "wait", 1, 1);
    moment_mark(f, MARK_EQUATION, "8 + 7 = 15", 0, 1);
    moment_mark(f, MARK_EQUATION, "15 + 11 = 26", 0, 1);
    moment_mark(f, MARK_VERIFICATION, "yes", 0, 1);
    moment_mark(f, MARK_STRUCTURE, "</think>", 0, 1);
    moment_mark(f, MARK_STRUCTURE, "<answer>", 0, 1);
    moment_mark(f, MARK_STRUCTURE, "</answer>", 0, 1);
}

static void moment_groups(struct snapshot *s, int scored)
{
    static const struct {
        int n;
        float reward, advantage;
        int at, aha;
        const char *why, *answer;
    } row[8] = {
        {64, 1.1f, 0.934f, -1, 0, "", "7 + ( 11 + 8 )"},
        {31, 0.1f, -0.888f, 52, 0, "gives 45, wanted 26", "8 * 7 - 11"},
        {51, 1.1f, 0.934f, -1, 1, "", "( 8 + 7 ) + 11"},
        {176, 0, -1.07f, 611, 0, "cut off: no </think>", ""},
        {22, 1.1f, 0.934f, -1, 0, "", "11 + 8 + 7"},
        {47, 0.1f, -0.888f, 90, 0, "uses 12, which is not given", "12 + 8 + 7"},
        {70, 1.1f, 0.934f, -1, 0, "", "8 + ( 11 + 7 )"},
        {39, 0.1f, -0.888f, 71, 0, "11 is used twice", "11 + 11 + 8"},
    };
    int i, j;

    s->groups_n = 16;
    s->group_size = 8;
    for (i = 0; i < 16; i++) {
        struct snap_group *g = &s->group[i];
        snprintf(g->prompt, sizeof g->prompt, "%d %d %d -> %d", 11 + i, 8, 7, 26 + 3 * i);
        g->mean = 0.5875f;
        g->std = 0.5489f;
        g->flat = i % 5 == 2;
        for (j = 0; j < 8; j++) {
            struct snap_trace *t = &s->trace[i * 8 + j];
            t->n = scored ? row[j].n : i == 4 ? 12 + j * 3 % 7 : i < 4 ? 40 + 3 * j : 0;
            t->done = scored || i < 4 || (i == 4 && j == 4);
            t->scored = scored;
            t->at = -1;
            if (!scored)
                continue;
            t->reward = row[j].reward;
            t->advantage = row[j].advantage;
            t->accuracy = row[j].reward > 1;
            t->format = row[j].reward > 0;
            t->cut_off = j == 3;
            t->at = row[j].at;
            t->aha = row[j].aha;
            snprintf(t->why, sizeof t->why, "%s", row[j].why);
            snprintf(t->answer, sizeof t->answer, "%s", row[j].answer);
        }
    }
    snprintf(s->group[4].prompt, sizeof s->group[4].prompt, "11 8 7 -> 26");
}

static void moment_grpo(struct snapshot *s, const struct history *h)
{
    moment_base(s);
    s->run_id = 3;
    snprintf(s->run, sizeof s->run, "countdown");
    snprintf(s->stage, sizeof s->stage, "grpo");
    s->state = RUN_RUNNING;
    s->phase = PHASE_UPDATE;
    s->progress = 0.45;
    s->step = 148;
    s->committed = s->head = 147;
    s->seconds = 71;
    s->rl_seconds = 47;
    s->pace = 12;
    moment_chain(s, 2);
    moment_metrics(s, h);
    moment_groups(s, 1);
    s->follow.group = 4;
    s->follow.index = 2;
    s->follow.why = FOLLOW_AHA;
    s->follow.target_ok = 1;
    moment_follow(&s->follow, moment_prompt, moment_trace + 1);
    moment_marks(&s->follow);
}

static void moment_paused(struct snapshot *s, const struct history *h)
{
    moment_grpo(s, h);
    s->state = RUN_PAUSED;
    s->phase = PHASE_ROLLOUT;
    s->progress = 0.3;
    s->quantum = QUANTUM_TOKEN;
    memset(s->trace, 0, sizeof s->trace);
    moment_groups(s, 0);
    memset(&s->follow, 0, sizeof s->follow);
    s->follow.group = 4;
    s->follow.index = 2;
    s->follow.why = FOLLOW_PINNED;
    moment_follow(&s->follow, moment_prompt, "8 * 7 = 56 11 , 56 - 11 = 45 no wait 11");
    moment_mark(&s->follow, MARK_EQUATION, "8 * 7 = 56", 0, 1);
    moment_mark(&s->follow, MARK_EQUATION, "56 - 11 = 45", 0, 1);
    moment_mark(&s->follow, MARK_VERIFICATION, "no", 0, 1);
    moment_mark(&s->follow, MARK_REFLECTION, "wait", 0, 1);
    s->trace[4 * 8 + 2].n = s->follow.tokens_n;
}

static void moment_cold(struct snapshot *s, const struct history *h)
{
    moment_base(s);
    s->run_id = 2;
    snprintf(s->run, sizeof s->run, "countdown-cold");
    snprintf(s->stage, sizeof s->stage, "cold");
    s->state = RUN_RUNNING;
    s->phase = PHASE_UPDATE;
    s->progress = 0.6;
    s->step = 341;
    s->committed = s->head = 340;
    s->seconds = 24;
    moment_chain(s, 1);
    moment_metrics(s, h);
    s->stages[1].value = s->metric[M_LOSS];
}

static void moment_runs(struct moment *m)
{
    static const struct {
        int64_t parent, parent_step, step;
        const char *name, *stage, *state;
    } row[6] = {
        {0, 0, 2000, "countdown-base", "base", "done"}, {1, 2000, 800, "countdown-cold", "cold", "done"},
        {2, 800, 147, "countdown", "grpo", "running"},  {3, 60, 190, "no-kl", "grpo", "paused"},
        {3, 100, 104, "high-rate", "grpo", "failed"},   {0, 0, 40, "quick", "grpo", "paused"}};
    int i;

    memset(m->runs, 0, sizeof m->runs);
    for (i = 0; i < 6; i++) {
        struct record_run *r = &m->runs[i];
        r->id = i + 1;
        r->parent = row[i].parent;
        r->parent_step = row[i].parent_step;
        r->step = row[i].step;
        r->seed = 1;
        r->seconds = 12.0 * (i + 1);
        r->rl_seconds = i > 1 ? 9.0 * (i + 1) : 0;
        snprintf(r->name, sizeof r->name, "%s", row[i].name);
        snprintf(r->preset, sizeof r->preset, "%s", i < 5 ? "countdown" : "quick");
        snprintf(r->stage, sizeof r->stage, "%s", row[i].stage);
        snprintf(r->state, sizeof r->state, "%s", row[i].state);
        m->runs_reward[i] = i > 1 ? 0.4 + 0.07 * i : NAN;
    }
    snprintf(m->runs[3].note, sizeof m->runs[3].note, "beta = 0 from step 60");
    m->view.runs = m->runs;
    m->view.runs_n = 6;
    m->view.runs_reward = m->runs_reward;
    m->view.runs_list.selected = 3;
    m->view.run_settings = "seed = 1\ngrpo.beta = 0\ngrpo.group = 8\ngrpo.prompts = 16\n";
}

static const struct view_row moment_hints[] = {
    {"space", NULL, "pause", 0}, {".", NULL, "step", 0}, {"f", NULL, "fork", 0},    {"r", NULL, "rewind", 0},
    {"1-3", NULL, "screens", 0}, {"z", NULL, "zoom", 0}, {":", NULL, "command", 0}, {"?", NULL, "help", 0},
};
static const struct view_row moment_help[] = {
    {NULL, NULL, "The run", 0},
    {"space", NULL, "pause, go on", 0},
    {".", NULL, "one step of the quantum that is set", 0},
    {",", NULL, "set the quantum: token, phase, step", 0},
    {"f", NULL, "fork from here", 0},
    {NULL, NULL, "The screen", 0},
    {"tab", NULL, "next pane", 0},
    {"z", NULL, "zoom the pane, and back", 0},
};

/* moment_make: which: "grpo", "cold" or "paused". Freed by moment_free. Returns 0 when memory is short. */
static int moment_make(struct moment *m, const char *which)
{
    memset(m, 0, sizeof *m);
    m->now = calloc(1, sizeof *m->now);
    if (!m->now || history_init(&m->history, NULL)) {
        free(m->now);
        return 0;
    }
    view_init(&m->view);
    if (!strcmp(which, "cold")) {
        moment_history(&m->history, 340, 0);
        moment_cold(m->now, &m->history);
    } else {
        moment_history(&m->history, 147, 1);
        if (!strcmp(which, "paused"))
            moment_paused(m->now, &m->history);
        else
            moment_grpo(m->now, &m->history);
    }
    m->view.now = m->now;
    m->view.history = &m->history;
    m->view.hints = moment_hints;
    m->view.hints_n = (int)(sizeof moment_hints / sizeof *moment_hints);
    m->view.rows = moment_help;
    m->view.rows_n = (int)(sizeof moment_help / sizeof *moment_help);
    m->view.overlay_title = "help: dashboard";
    m->view.log = "12:01:07 run countdown begun from countdown-cold at step 800\n"
                  "12:01:09 step 1 committed\n12:01:40 warning: 7 of 16 groups are flat\n";
    moment_runs(m);
    return 1;
}

static void moment_free(struct moment *m)
{
    history_release(&m->history);
    free(m->now);
}

#endif
