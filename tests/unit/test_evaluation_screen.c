/* The evaluation screen: what becomes of problems from one evaluation to the next, lists and buckets; its
 * panes at all sizes; and what the desk reads of real runs, forks among them. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/desk/desk_screen.h"
#include "engine/base/hash.h"
#include "scenarios/countdown.h"
#include "scenarios/registry.h"
#include "views/evaluation_state.h"

enum { EVALUATIONS = 3, PROBLEMS = 6 };

/* Right answers of 4; the first evaluation samples one problem less. */
static const uint8_t right[EVALUATIONS][PROBLEMS] = {
    {0, 4, 2, 0, 1, NOT_SAMPLED},
    {0, 4, 3, 1, 0, 2},
    {3, 0, 4, 1, 0, 2},
};
static const int bucket[PROBLEMS] = {1, 0, 0, 2, 2, 1};

struct made {
    struct evaluation_state e;
    double step[EVALUATIONS], pass_1[EVALUATIONS], pass_k[EVALUATIONS], maj_k[EVALUATIONS],
        length[EVALUATIONS];
    double r1[EVALUATIONS], r1_maj[EVALUATIONS];
    int k[EVALUATIONS], sampled[EVALUATIONS], order[PROBLEMS];
    struct held_problem problem[PROBLEMS];
    double rate[BUCKETS_KEPT * EVALUATIONS_KEPT], many[BUCKETS_KEPT * EVALUATIONS_KEPT];
};

static void make(struct made *m)
{
    struct evaluation_state *e = &m->e;
    memset(m, 0, sizeof *m);
    e->run = 3;
    e->n = EVALUATIONS;
    e->has_start = 1;
    snprintf(e->start, sizeof e->start, "x-cold");
    snprintf(e->scale, sizeof e->scale, "solutions");
    e->step = m->step, e->pass_1 = m->pass_1, e->pass_k = m->pass_k, e->maj_k = m->maj_k,
    e->length = m->length;
    e->r1_pass_1 = m->r1, e->r1_maj_k = m->r1_maj, e->k = m->k, e->sampled = m->sampled, e->order = m->order;
    e->problem = m->problem, e->bucket_pass_1 = m->rate, e->bucket_pass_k = m->many;
    e->right = (uint8_t *)(void *)right;
    for (int i = 0; i < EVALUATIONS; i++) {
        m->step[i] = 20 * i;
        m->pass_1[i] = 0.35 + 0.02 * i;
        m->pass_k[i] = 0.6 + 0.02 * i;
        m->maj_k[i] = 0.4 + 0.02 * i;
        m->length[i] = 30;
        m->r1[i] = m->r1_maj[i] = i ? (double)NAN : 0.41;
        m->k[i] = 4;
        m->sampled[i] = PROBLEMS - !i;
    }
    for (int i = 0; i < PROBLEMS; i++) {
        snprintf(m->problem[i].text, PROBLEM_TEXT, "1%d 2 3 -> 4", i);
        m->problem[i].bucket = bucket[i];
    }
    e->problems_n = e->weighed_n = PROBLEMS;
    e->buckets_n = 3;
    snprintf(e->bucket[0], BUCKET_BYTES, "4 to 7");
    snprintf(e->bucket[1], BUCKET_BYTES, "2 or 3");
    snprintf(e->bucket[2], BUCKET_BYTES, "one");
    evaluation_buckets(e);
    evaluation_look(e, EVALUATIONS);
    evaluation_order(e);
}

static void expect_order(const struct evaluation_state *e, int n, const int *want)
{
    cr_assert_eq(e->list.n, n, "%d problems, not %d", e->list.n, n);
    for (int i = 0; i < n; i++)
        cr_assert_eq(e->order[i], want[i], "place %d: problem %d, not %d", i, e->order[i], want[i]);
}

Test(evaluation_screen, problems_and_what_became_of_them)
{
    static struct made m;
    make(&m);
    cr_assert(m.e.at == 2 && m.e.before == 1);
    cr_assert(m.problem[0].now == 3 && m.problem[0].before == 0 && m.problem[0].solved_ever);
    cr_assert_float_eq(problem_change(&m.e, &m.problem[0]), 0.75, 1e-12);
    cr_assert_float_eq(problem_change(&m.e, &m.problem[1]), -1, 1e-12);
    cr_assert(m.problem[4].solved_ever, "once, in the first evaluation");
    cr_assert(evaluation_count(&m.e, SHOW_SOLVED_NOW) == 1 && evaluation_count(&m.e, SHOW_LOST_NOW) == 1 &&
              evaluation_count(&m.e, SHOW_NEVER_SOLVED) == 0 && evaluation_count(&m.e, SHOW_ALL) == PROBLEMS);
    evaluation_look(&m.e, 1);
    cr_assert_eq(evaluation_count(&m.e, SHOW_NEVER_SOLVED), 1, "what comes later does not count");
    cr_assert_eq(evaluation_count(&m.e, SHOW_LOST_NOW), 1);
    cr_assert_eq(m.problem[5].before, -1, "not sampled then");
    cr_assert_eq(problem_change(&m.e, &m.problem[5]), 0);
    evaluation_look(&m.e, 0);
    cr_assert(m.e.before == -1 && m.problem[5].now == -1 && evaluation_count(&m.e, SHOW_ALL) == PROBLEMS - 1);
}

Test(evaluation_screen, samples_of_other_numbers_compare_as_shares)
{
    static struct made m;
    make(&m);
    m.k[1] = 8;
    evaluation_look(&m.e, 2);
    cr_assert_float_eq(problem_change(&m.e, &m.problem[2]), 1 - 3. / 8, 1e-12);
}

Test(evaluation_screen, orders_and_filters)
{
    static struct made m;
    make(&m);
    expect_order(&m.e, 6, (const int[]){1, 0, 2, 3, 4, 5});
    m.e.sort = BY_DIFFICULTY;
    evaluation_order(&m.e);
    expect_order(&m.e, 6, (const int[]){4, 3, 5, 0, 1, 2});
    m.e.sort = BY_RIGHT;
    evaluation_order(&m.e);
    expect_order(&m.e, 6, (const int[]){1, 4, 3, 5, 0, 2});
    m.e.sort = BY_NUMBER;
    evaluation_order(&m.e);
    expect_order(&m.e, 6, (const int[]){0, 1, 2, 3, 4, 5});
    m.e.list.selected = 1;
    m.e.filter = SHOW_LOST_NOW;
    evaluation_order(&m.e);
    expect_order(&m.e, 1, (const int[]){1});
    cr_assert_eq(m.e.list.selected, 0, "the same problem");
    m.e.filter = SHOW_SOLVED_NOW;
    evaluation_order(&m.e);
    expect_order(&m.e, 1, (const int[]){0});
}

Test(evaluation_screen, buckets_are_means_over_their_problems)
{
    static struct made m;
    make(&m);
    cr_assert_float_eq(m.rate[0 * EVALUATIONS_KEPT + 2], (0. + 4) / 8, 1e-12);
    cr_assert_float_eq(m.rate[1 * EVALUATIONS_KEPT + 0], 0, 1e-12);
    cr_assert_float_eq(m.rate[1 * EVALUATIONS_KEPT + 1], (0. + 2) / 8, 1e-12);
    cr_assert_float_eq(m.many[1 * EVALUATIONS_KEPT + 1], 0.5, 1e-12);
    cr_assert_float_eq(m.rate[2 * EVALUATIONS_KEPT + 2], (1. + 0) / 8, 1e-12);
    cr_assert(isnan(m.rate[3 * EVALUATIONS_KEPT + 1]));
    cr_assert(m.e.bucket_problems[0] == 2 && m.e.bucket_problems[1] == 2 && m.e.bucket_problems[2] == 2);
}

static struct snapshot now;

static void draw(struct canvas *c, struct evaluation_state *e, int w, int h, enum chars chars,
                 struct str *out)
{
    struct view v;
    int row, col;
    view_init(&v);
    v.now = &now;
    v.screen = SCREEN_EVALUATION;
    v.evaluation = e;
    now.run_id = 3;
    snprintf(now.run, sizeof now.run, "x");
    snprintf(now.stage, sizeof now.stage, "grpo");
    now.follow.group = now.follow.index = -1;
    c->chars = chars;
    cr_assert_eq(canvas_resize(c, w, h, NULL), ST_OK);
    view_draw(c, &v, &row, &col);
    str_clear(out);
    canvas_dump(c, out);
}

Test(evaluation_screen, panes_say_it)
{
    static struct made m;
    struct canvas c = {0};
    struct str s = {0};
    setlocale(LC_ALL, "C.UTF-8");
    make(&m);
    draw(&c, &m.e, 130, 40, CHARS_BRAILLE, &s);
    cr_assert(strstr(str_c(&s), "pass@1") && strstr(str_c(&s), "pass@4") && strstr(str_c(&s), "maj@4"), "%s",
              str_c(&s));
    cr_assert(strstr(str_c(&s), "1 newly solved, 1 lost, 0 never") || strstr(str_c(&s), "+1 -1 never 0"),
              "%s", str_c(&s));
    cr_assert(strstr(str_c(&s), "✗    2  11 2 3 -> 4  4 to 7        4/4   0/4     -4  ██▁"), "%s", str_c(&s));
    cr_assert(strstr(str_c(&s), "✓    1  10 2 3 -> 4  2 or 3        0/4   3/4     +3  ▁▁▆"), "%s", str_c(&s));
    cr_assert(strstr(str_c(&s), "│ 4 to 7            2    0.50 -0.38"), "%s", str_c(&s));
    cr_assert(strstr(str_c(&s), "first: end of x-cold"), "%s", str_c(&s));
    m.e.filter = SHOW_NEVER_SOLVED;
    evaluation_order(&m.e);
    draw(&c, &m.e, 80, 24, CHARS_BRAILLE, &s);
    cr_assert(strstr(str_c(&s), "every problem was solved once"), "%s", str_c(&s));
    m.e.n = 0;
    m.e.at = -1;
    snprintf(m.e.note, sizeof m.e.note, "no evaluation yet; the next is at step 20");
    draw(&c, &m.e, 80, 24, CHARS_BRAILLE, &s);
    cr_assert(strstr(str_c(&s), "the next is at step 20"), "%s", str_c(&s));
    str_free(&s);
    canvas_release(&c);
}

/* Every size, every level of characters, hostile text: nothing is written where it should not be (the canvas
 * sees to that under ASan), no line is too long, plain ASCII stays so. */
Test(evaluation_screen, panes_at_all_sizes)
{
    static struct made m;
    struct canvas c = {0};
    struct str s = {0};
    setlocale(LC_ALL, "C.UTF-8");
    make(&m);
    snprintf(m.problem[1].text, PROBLEM_TEXT, "\033[31m\xff\xe6\xbc\xa2 \xcc\x81 -> 4");
    for (int w = 20; w <= 240; w += 11)
        for (int h = 5; h <= 70; h += 5)
            for (int chars = CHARS_BRAILLE; chars <= CHARS_ASCII; chars++) {
                evaluation_look(&m.e, (w + h) % EVALUATIONS);
                m.e.sort = (enum problem_sort)(h % BY_N);
                evaluation_order(&m.e);
                draw(&c, &m.e, w, h, (enum chars)chars, &s);
                cr_assert(!strchr(str_c(&s), '\033'));
                for (size_t i = 0; chars == CHARS_ASCII && i < s.n; i++)
                    cr_assert((unsigned char)s.s[i] < 127, "%dx%d: %s", w, h, str_c(&s));
            }
    str_free(&s);
    canvas_release(&c);
}

/* Countdown's own scale: counted by hand. */
Test(evaluation_screen, countdown_counts_solutions)
{
    const struct scenario *k = scenario_find("countdown");
    struct settings set;
    struct problem p;
    struct err e = {0};
    char label[LABEL_BYTES];
    void *task;
    settings_init(&set, k);
    cr_assert_eq(k->open(set.task, &task, &e), ST_OK, "%s", e.msg);
    cr_assert_str_eq(k->scale, "solutions");
    /* 12 - 7 - 3, 12 - (7 + 3), 12 - 3 - 7. */
    cr_assert_eq(k->parse(task, "{\"numbers\":[12,7,3],\"target\":2}", &p, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(k->difficulty(task, &p, label), 5);
    cr_assert_str_eq(label, "2 or 3");
    /* 7 * 3 - 12 alone. */
    cr_assert_eq(k->parse(task, "{\"numbers\":[12,7,3],\"target\":9}", &p, &e), ST_OK);
    cr_assert_eq(k->difficulty(task, &p, label), 6);
    cr_assert_str_eq(label, "one");
    cr_assert_eq(k->parse(task, "{\"numbers\":[12,7,3],\"target\":59}", &p, &e), ST_OK);
    cr_assert_eq(k->difficulty(task, &p, label), 7);
    cr_assert_str_eq(label, "none");
    /* 2 + 2 + 2: the same expression whichever 2 comes first; 2 * 2 + 2 the other. */
    cr_assert_eq(k->parse(task, "{\"numbers\":[2,2,2],\"target\":6}", &p, &e), ST_OK);
    cr_assert_eq(k->difficulty(task, &p, label), 5);
    k->close(task);
}

/* The same by another way: all expressions as texts, with operands in order, each text once. */
struct texts {
    int n;
    char text[4096][48];
};

static void write_all(const struct countdown *c, const int *value, char (*const text)[48], int n, int target,
                      struct texts *out)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int op = 0; op < c->op_n && i != j; op++) {
                int w[4], m = 1, is_either = op == COUNTDOWN_ADD || op == COUNTDOWN_MUL, k;
                char words[4][48];
                w[0] = value[i] >= value[j] ? countdown_legal(c, op, value[i], value[j]) : -1;
                if (w[0] < 0)
                    continue;
                k = is_either && strcmp(text[i], text[j]) > 0;
                snprintf(words[0], 48, "(%.20s%s%.20s)", text[k ? j : i], countdown_op_word[op],
                         text[k ? i : j]);
                for (k = 0; k < n; k++)
                    if (k != i && k != j) {
                        w[m] = value[k];
                        memcpy(words[m++], text[k], 48);
                    }
                if (n > 2) {
                    write_all(c, w, words, m, target, out);
                } else if (w[0] == target) {
                    for (k = 0; k < out->n && strcmp(out->text[k], words[0]); k++)
                        ;
                    memcpy(out->text[k], words[0], 48);
                    out->n += k == out->n && k < 4095;
                }
            }
}

Test(evaluation_screen, countdown_solutions_by_another_way)
{
    static struct texts all;
    struct settings set;
    struct err e = {0};
    void *task;
    int seen[COUNTDOWN_SOLUTIONS + 1] = {0}, several = 0;
    settings_init(&set, scenario_find("countdown"));
    cr_assert_eq(set.scenario->open(set.task, &task, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < 400; i++) {
        struct countdown_set s = {.n = 4};
        char text[4][48];
        int target = 4 + i % 20, n;
        for (int k = 0; k < 4; k++) {
            s.value[k] = 1 + (int)(hash_u64((uint64_t)(4 * i + k)) % 9);
            snprintf(text[k], 48, "%d", s.value[k]);
        }
        all.n = 0;
        write_all(task, s.value, text, 4, target, &all);
        n = countdown_solutions(task, &s, target, COUNTDOWN_SOLUTIONS);
        cr_assert_eq(n, all.n < COUNTDOWN_SOLUTIONS ? all.n : COUNTDOWN_SOLUTIONS,
                     "%d %d %d %d -> %d: %d, not %d", s.value[0], s.value[1], s.value[2], s.value[3], target,
                     n, all.n);
        several += !seen[n]++;
    }
    cr_assert_gt(several, 20, "counts of many kinds were met");
    set.scenario->close(task);
}

static struct err e;

static void must(enum status st, const char *what)
{
    cr_assert_eq(st, ST_OK, "%s: %s: %s", what, e.where, e.msg);
}

static void steps_to(struct session *s, int step)
{
    while (s->trainer->stage != STAGE_GRPO || s->trainer->step < step)
        must(session_step(s, &e), "session_step");
}

/* Reads a run's last step as what is looked at, and the screen's part of it. */
static const struct evaluation_state *show(struct desk *d, const char *name)
{
    struct record_run run;
    int row, col;
    must(query_run(d->query, name, &run, &e), name);
    must(moment_read(&d->moment, d->query, &run, -1, FOLLOW_BEST, -1, -1, d->live, &e), "moment_read");
    d->live->version = 1;
    d->at = d->view.cursor = -1;
    d->view.screen = SCREEN_EVALUATION;
    while (desk_frame(d, 120, 40, &row, &col))
        ;
    return d->view.evaluation;
}

Test(evaluation_screen, the_desk_reads_runs_and_forks)
{
    static const char *const tiny[] = {
        "model.width=16", "base.steps=2", "cold.steps=4", "base.documents=2", "cold.documents=4",
        "rl.steps=12", "rl.prompts=4", "rl.group=4", "rl.max_tokens=24", "eval.every=5", "eval.problems=4",
        "eval.final_problems=6", "eval.k=2", "run.slots=8",
    };
    static const char *const changed[] = {"rl.lr=5e-2"};
    static struct session s;
    static struct settings set;
    static struct desk d;
    const struct evaluation_state *v;
    const char *dir = getenv("TMPDIR");
    char path[512];
    uint64_t seed = 0;
    int row, col;
    snprintf(path, sizeof path, "%s/evaluation-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    must(session_init(&s, path, 1, &e), "session_init");
    s.follow_chain = 1;
    must(presets_load("quick", tiny, sizeof tiny / sizeof *tiny, &set, &seed, &e), "presets_load");
    must(session_new(&s, &set, 5, "", &e), "session_new");
    steps_to(&s, 11);
    must(session_fork(&s, "quick", 7, changed, 1, "other", &e), "session_fork");
    steps_to(&s, 12);
    must(desk_init(&d, &s, &e), "desk_init");

    v = show(&d, "quick");
    cr_assert_eq(v->n, 3, "the end of the cold start, steps 5 and 10");
    cr_assert(v->has_start && v->step[0] == 0 && v->step[1] == 5 && v->step[2] == 10);
    cr_assert_str_eq(v->start, "quick-cold");
    cr_assert(v->problems_n == 6 && v->sampled[0] == 6 && v->sampled[1] == 4 && v->k[1] == 2);
    cr_assert(isfinite(v->r1_pass_1[0]) && isnan(v->r1_pass_1[1]));
    cr_assert(v->weighed_n == 6 && v->problem[0].bucket >= 0 && strstr(v->problem[3].text, " -> "));
    cr_assert(v->at == 2 && v->before == 1 && v->problem[5].now == -1 && v->problem[0].now >= 0);
    cr_assert_eq(v->list.n, 4);

    request_wheel(&d, 20, 100, 2);
    cr_assert_eq(v->list.selected, 2);
    cr_assert_eq(view_row_at(&d.view, 120, 40, 3, 100), 0, "below border and heading");
    request_click(&d, 4, 100);
    cr_assert_eq(v->list.selected, 1);

    request_do(&d, REQUEST_PREVIOUS_GROUP, 0);
    desk_frame(&d, 120, 40, &row, &col);
    cr_assert(v->at == 1 && d.view.cursor == 5);
    request_do(&d, REQUEST_ENTER, 0);
    cr_assert_eq(d.at, 5, "the step itself is looked at");
    request_do(&d, REQUEST_PREVIOUS_GROUP, 0);
    desk_frame(&d, 120, 40, &row, &col);
    cr_assert(v->at == 0 && v->list.n == 6);
    request_do(&d, REQUEST_SORT, 0);
    cr_assert_eq(v->sort, BY_DIFFICULTY);
    request_do(&d, REQUEST_FILTER, 0);
    cr_assert_eq(v->filter, SHOW_SOLVED_NOW);

    v = show(&d, "other");
    cr_assert_eq(v->n, 4, "what it has from its parent up to step 7, then its own");
    cr_assert(v->step[1] == 5 && v->step[2] == 10 && v->step[3] == 12 && v->sampled[3] == 6);
    cr_assert(isnan(v->r1_pass_1[2]), "its parent's step 10 is not its own");
    v = show(&d, "quick-base");
    cr_assert(v->n == 1 && !v->has_start && v->step[0] == 2);
    desk_release(&d);
    session_release(&s);
}
