/* Lineage, compare, evaluation and scenarios of the golden screens. */
#include "tests/unit/scene_runs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORK_AT = 60 };

static void make_text(struct compare_text *t, const char *text, double reward, double advantage)
{
    const char *p = text, *end;

    t->is_there = 1;
    snprintf(t->prompt, sizeof t->prompt, "11 8 7 -> 26");
    snprintf(t->text, sizeof t->text, "%s", text);
    t->reward = reward;
    t->advantage = advantage;
    for (t->n = 0; *p; t->n++) {
        t->begin[t->n] = (int)(p - text);
        t->logp[t->n] = -0.1f * (float)(t->n % 7);
        end = strchr(p, ' ');
        p = end ? end + 1 : p + strlen(p);
    }
    t->begin[t->n] = (int)(p - text) + 1;
}

/* A run without the KL term, which drifts away from its parent. */
static void make_other(struct history *other, const struct history *h)
{
    double m[METRIC_N];
    int i, k;

    cr_assert_eq(history_init(other, NULL), ST_OK);
    history_reset(other, 4);
    for (i = FORK_AT + 1; i < h->n; i++) {
        double t = (i - FORK_AT) / 90.0;
        for (k = 0; k < METRIC_N; k++)
            m[k] = h->column[k * HISTORY_ROWS + i];
        m[M_REWARD] -= 0.12 * t;
        m[M_KL] += 0.4 * t * t;
        m[M_LENGTH] += 14 * t;
        m[M_ENTROPY] -= 0.05 * t;
        history_add(other, (int64_t)h->step[i], m);
    }
}

void scene_make_runs(struct scene *s, struct history *h)
{
    static const char *const changed[6] = {"", "", "", "beta 0", "lr 0.002", ""};
    struct compare_state *k = &s->compare;
    int i;

    for (i = 0; i < 6; i++) {
        struct run_facts *f = &s->run_facts[i];
        f->run = s->run[i].id;
        f->step = i < 2 ? s->run[i].step : s->run[i].step / 20 * 20;
        f->pass_1 = i == 0 ? 0.02 : 0.3 + 0.08 * i;
        f->is_known = 1;
        snprintf(f->changed, sizeof f->changed, "%s", changed[i]);
    }
    s->runs = (struct runs_state){s->run_facts, 6};
    s->view.runs_screen = &s->runs;

    make_other(&s->other, h);
    k->n = 2;
    for (i = 0; i < 2; i++) {
        const struct record_run *r = &s->run[2 + i];
        k->run[i] = (struct compare_run){.id = r->id,
                                         .step = 147,
                                         .parent = r->parent,
                                         .parent_step = r->parent_step,
                                         .first = i ? FORK_AT + 1 : 1,
                                         .history = i ? &s->other : h,
                                         .is_open = !i};
        snprintf(k->run[i].name, sizeof k->run[i].name, "%s", r->name);
        snprintf(k->run[i].stage, sizeof k->run[i].stage, "%s", r->stage);
        snprintf(k->run[i].state, sizeof k->run[i].state, "%s", r->state);
    }
    k->large = -1;
    snprintf(k->setting[0].key, COMPARE_KEY, "rl.beta");
    snprintf(k->setting[0].value[0], COMPARE_VALUE, "0.001");
    snprintf(k->setting[0].value[1], COMPARE_VALUE, "0");
    k->settings.n = 1;
    k->other = 1;
    k->first = FORK_AT + 1;
    k->last = 147;
    k->equal_to = FORK_AT;
    k->parts_at = FORK_AT + 1;
    k->step = FORK_AT + 2;
    k->group = 4;
    k->index = 2;
    k->groups_n = 16;
    k->group_size = 8;
    make_text(&k->text[0],
              "8 * 7 = 56 11 , 56 - 11 = 45 no wait 8 + 7 = 15 11 , 15 + 11 = 26 yes </think> <answer> "
              "( 8 + 7 ) + 11 </answer>",
              1.1, 0.93);
    make_text(&k->text[1], "8 * 7 = 56 11 , 56 - 11 = 45 yes </think> <answer> 8 * 7 - 11 </answer>", 0.1,
              -0.89);
    snprintf(k->text[1].why, sizeof k->text[1].why, "gives 45, wanted 26");
    k->same = 12;
    s->view.compare = k;
}

static unsigned mix(unsigned a, unsigned b)
{
    unsigned x = a * 2654435761u ^ (b + 7) * 2246822519u;

    x ^= x >> 15;
    x *= 2246822519u;
    return (x ^ x >> 13) % 1000;
}

/* Problems of three difficulties, of which more and more are solved; some are lost again. */
static void make_problems(struct scene *s, struct evaluation_state *e)
{
    int i, p;

    for (p = 0; p < SCENE_PROBLEMS; p++) {
        unsigned u = (unsigned)p;
        struct held_problem *h = &s->problem[p];
        h->bucket = (int)(mix(u, 1) % 3);
        snprintf(h->text, PROBLEM_TEXT, "%u %u %u -> %u", 1 + mix(u, 2) % 25, 1 + mix(u, 3) % 12,
                 1 + mix(u, 4) % 12, 10 + mix(u, 5) % 40);
        for (i = 0; i < SCENE_EVALUATIONS; i++) {
            int of = (int)(mix(u, 6) % 9) - 4 + 3 * (2 - h->bucket) + 2 * i;
            of += (int)(mix(u, 7 + (unsigned)i) % 4);
            s->right[i][p] = (uint8_t)(of < 0 || (p % 9 == 4 && i == 5) ? 0 : of > 16 ? 16 : of);
        }
    }
    e->right = &s->right[0][0];
    e->problem = s->problem;
    e->problems_n = e->weighed_n = SCENE_PROBLEMS;
}

void scene_make_evaluation(struct scene *s, const struct history *h)
{
    struct evaluation_state *e = &s->evaluation;
    int i, p;

    (void)h;
    e->run = s->now->run_id;
    e->head = s->now->head;
    snprintf(e->scale, sizeof e->scale, "solutions");
    snprintf(e->start, sizeof e->start, "countdown-cold");
    e->has_start = 1;
    e->step = s->rate[0], e->pass_1 = s->rate[1], e->pass_k = s->rate[2], e->maj_k = s->rate[3];
    e->length = s->rate[4], e->r1_pass_1 = s->rate[5], e->r1_maj_k = s->rate[6];
    e->k = s->count[0], e->sampled = s->count[1], e->order = s->order;
    e->bucket_pass_1 = s->bucket_rate[0], e->bucket_pass_k = s->bucket_rate[1];
    e->n = SCENE_EVALUATIONS;
    make_problems(s, e);
    for (i = 0; i < e->n; i++) {
        int right = 0, any = 0, most = 0;
        for (p = 0; p < SCENE_PROBLEMS; p++) {
            right += s->right[i][p];
            any += s->right[i][p] > 0;
            most += s->right[i][p] > 6;
        }
        e->step[i] = 25 * i;
        e->k[i] = 16;
        e->sampled[i] = SCENE_PROBLEMS;
        e->pass_1[i] = right / (16.0 * SCENE_PROBLEMS);
        e->pass_k[i] = any / (double)SCENE_PROBLEMS;
        e->maj_k[i] = most / (double)SCENE_PROBLEMS;
        e->length[i] = 44 + 3 * i;
        e->r1_pass_1[i] = i == 0 || i == 5 ? e->pass_1[i] + 0.03 : (double)NAN;
        e->r1_maj_k[i] = i == 0 || i == 5 ? e->maj_k[i] + 0.02 : (double)NAN;
    }
    e->buckets_n = 3;
    snprintf(e->bucket[0], BUCKET_BYTES, "4 to 7");
    snprintf(e->bucket[1], BUCKET_BYTES, "2 or 3");
    snprintf(e->bucket[2], BUCKET_BYTES, "one");
    evaluation_buckets(e);
    evaluation_look(e, e->n - 1);
    evaluation_order(e);
    s->view.evaluation = e;
}

static void add_form(struct scenarios_state *x, enum form_kind kind, enum setting_kind of,
                     const char *section, const char *key, const char *value, const char *preset,
                     const char *range, const char *meaning)
{
    struct form_row *r = &x->form[x->form_list.n++];

    *r = (struct form_row){.kind = kind, .of = of, .meaning = meaning};
    snprintf(r->section, sizeof r->section, "%s", section);
    snprintf(r->key, sizeof r->key, "%s", key);
    snprintf(r->value, sizeof r->value, "%s", value);
    snprintf(r->preset, sizeof r->preset, "%s", preset);
    snprintf(r->initial, sizeof r->initial, "%s", preset);
    snprintf(r->range, sizeof r->range, "%s", range);
    x->changed_n += form_is_changed(r);
}

void scene_make_scenarios(struct scene *s)
{
    static const struct {
        const char *name, *summary;
        int is_heading;
    } row[] = {{"countdown", "reach a target from given numbers, each used once", 1},
               {"countdown", "the whole curve: base, cold start, GRPO with an aha", 0},
               {"quick", "a first look: 3 numbers, + and - only, learns in seconds", 0},
               {"collapse", "a learning rate that is too high: entropy and reward collapse", 0},
               {"high-beta", "a KL term so strong that nothing moves", 0}};
    struct scenarios_state *x = &s->scenarios;
    size_t i;

    for (i = 0; i < sizeof row / sizeof *row; i++) {
        x->row[i].name = row[i].name;
        x->row[i].is_heading = row[i].is_heading;
        snprintf(x->row[i].summary, sizeof x->row[i].summary, "%s", row[i].summary);
    }
    x->list = (struct list){.n = (int)i, .selected = 2};
    snprintf(x->name, sizeof x->name, "quick");
    add_form(x, FORM_START, SET_INT, "", "start", "", "", "",
             "enter starts a run with these settings; the stages that are on record already are reused");
    add_form(x, FORM_SEED, SET_INT, "", "seed", "1", "1", "0..18446744073709551615", "of all randomness");
    add_form(x, FORM_HEADING, SET_INT, "rl", "rl", "", "", "", "GRPO: rollout, objective, update");
    add_form(x, FORM_SETTING, SET_INT, "rl", "steps", "300", "300", "1..1000000", "planned steps");
    add_form(x, FORM_SETTING, SET_INT, "rl", "prompts", "16", "16", "1..512", "prompts of a step, P");
    add_form(x, FORM_SETTING, SET_INT, "rl", "group", "8", "8", "2..64", "completions of a prompt, G");
    add_form(x, FORM_SETTING, SET_CHOICE, "rl", "loss", "dapo", "dapo", "grpo r1 dapo dr_grpo gspo",
             "the objective, and how tokens are averaged");
    add_form(x, FORM_SETTING, SET_REAL, "rl", "beta", "0.04", "0.001", "0..100",
             "weight of the KL penalty to the reference policy");
    add_form(x, FORM_SETTING, SET_REAL, "rl", "lr", "0.0002", "0.0002", "0..1", "learning rate of AdamW");
    add_form(x, FORM_SETTING, SET_BOOL, "rl", "drop_flat", "1", "1", "0 or 1",
             "groups of equal rewards take no part in the loss");
    add_form(x, FORM_HEADING, SET_INT, "model", "model", "", "", "", "the shape of the transformer");
    add_form(x, FORM_SETTING, SET_INT, "model", "width", "64", "64", "8..1024", "of the residual stream");
    add_form(x, FORM_SETTING, SET_INT, "model", "layers", "2", "2", "1..64", "transformer blocks");
    x->form_list.selected = 7;
    s->view.scenarios = x;
}
