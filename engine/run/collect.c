/* Rejection sampling: whole problems at a time through the evaluator's batch, scored and analysed as in
 * training. What is kept is decided by rules alone; a hand's verdict comes later and stands beside them. */
#include "engine/run/collect.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENTS_MAX = 128 };

/* Words of a text, blank-separated; at: where the next begins, NULL at the end. */
static const char *next_word(const char *at, const char **word, size_t *n)
{
    at += strspn(at, " ");
    *word = at;
    *n = strcspn(at, " ");
    return *n ? at + *n : NULL;
}

static int is_word(const char *word, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(word, what, n) == 0;
}

struct segment {
    const char *begin, *end;
};

static int same(const struct segment *a, const struct segment *b)
{
    return a->end - a->begin == b->end - b->begin &&
           memcmp(a->begin, b->begin, (size_t)(a->end - a->begin)) == 0;
}

/* The thoughts, cut at each `wait`, up to `</think>`; *rest is what follows. */
static int cut(const char *completion, struct segment *out, const char **rest)
{
    const char *at = completion, *word, *next;
    size_t n;
    int k = 0;
    out[0].begin = completion + strspn(completion, " ");
    out[0].end = out[0].begin;
    *rest = NULL;
    while ((next = next_word(at, &word, &n))) {
        if (is_word(word, n, "</think>")) {
            *rest = word;
            return k + 1;
        }
        if (is_word(word, n, "wait") && k + 1 < SEGMENTS_MAX) {
            out[++k].begin = next + strspn(next, " ");
            out[k].end = out[k].begin;
        } else {
            out[k].end = next;
        }
        at = next;
    }
    return 0;
}

void collect_rewrite(const char *completion, struct str *out)
{
    struct segment part[SEGMENTS_MAX];
    const char *rest;
    int n = cut(completion, part, &rest), written = 0;
    if (n == 0) {
        str_add(out, completion);
        return;
    }
    for (int i = 0; i < n; i++) {
        int again = 0;
        for (int k = 0; k < i && !again; k++)
            again = same(&part[k], &part[i]);
        if (again)
            continue;
        str_printf(out, "%s%.*s", written++ ? " wait " : "", (int)(part[i].end - part[i].begin),
                   part[i].begin);
    }
    str_printf(out, " %s", rest);
}

struct collector {
    struct trainer *t;
    const struct collect_settings *s;
    enum status (*each)(void *ctx, const struct record_example *x, struct err *e);
    void *ctx;
    struct str prompt, *text, rewritten;   /* text [samples]: completions of the problem */
};

/* Why a trace is not learned from; "" where it is. */
static const char *judge(const struct collect_settings *s, const struct batch *b, int i, double readable)
{
    if (b->cut_off[i])
        return "cut off at the length limit";
    if (b->score[i].format < 1)
        return "malformed";
    if (b->score[i].accuracy < s->accuracy)
        return b->score[i].why[0] ? b->score[i].why : "not accurate enough";
    return readable < s->readable ? "hard to read" : "";
}

static enum status hand_traces(struct collector *c, int p, struct err *e)
{
    const struct batch *b = &c->t->evaluator.batch;
    const struct collect_settings *s = c->s;
    enum status st = ST_OK;
    int kept = 0;
    for (int g = 0; g < s->samples && !st; g++) {
        int i = p * b->G + g;
        double readable = readability(&b->score[i], &b->counts[i], b->cut_off[i]);
        const char *why = judge(s, b, i, readable), *text = str_c(&c->text[g]);
        int known = 0;
        if (!why[0] && s->rewrite) {
            str_clear(&c->rewritten);
            collect_rewrite(text, &c->rewritten);
            text = str_c(&c->rewritten);
        }
        for (int k = 0; k < g && !known; k++)
            known = strcmp(str_c(&c->text[k]), str_c(&c->text[g])) == 0;
        if (!why[0] && known)
            why = "the same trace again";
        if (!why[0] && kept == s->keep)
            why = "enough of this problem";
        kept += !why[0];
        st = c->each(c->ctx,
                     &(struct record_example){.kind = EXAMPLE_TRACE,
                                              .kept = !why[0],
                                              .source = "",
                                              .prompt = str_c(&c->prompt),
                                              .text = text,
                                              .other = "",
                                              .why = why,
                                              .accuracy = b->score[i].accuracy,
                                              .format = b->score[i].format,
                                              .language = b->score[i].language,
                                              .readable = readable},
                     e);
    }
    return st;
}

/* What the annotator reads: the summary for helpfulness, all of it for harmlessness. */
static const char *read_for(enum preference respect, const char *text)
{
    const char *summary = strstr(text, "</think>");
    return respect == PREFER_HELPFUL && summary ? summary + strlen("</think>") : text;
}

static enum status hand_pairs(struct collector *c, int p, struct err *e)
{
    const struct task *k = &c->t->task;
    const struct batch *b = &c->t->evaluator.batch;
    const struct problem *q = &b->problem[p];
    enum status st = ST_OK;
    for (int respect = 0; respect < PREFERENCES_N; respect++) {
        int kept = 0;
        for (int g = 0; g + 1 < c->s->samples && kept < c->s->keep && !st; g += 2) {
            const char *a = str_c(&c->text[g]), *z = str_c(&c->text[g + 1]);
            const char *x = read_for((enum preference)respect, a), *y = read_for((enum preference)respect, z);
            int order = k->scenario->prefer(k->self, q, (enum preference)respect, x, strlen(x), y, strlen(y));
            if (!order)
                continue;
            kept++;
            st = c->each(c->ctx,
                         &(struct record_example){.kind = EXAMPLE_PAIR,
                                                  .kept = 1,
                                                  .respect = respect,
                                                  .source = "",
                                                  .prompt = str_c(&c->prompt),
                                                  .text = order < 0 ? a : z,
                                                  .other = order < 0 ? z : a,
                                                  .why = ""},
                         e);
        }
    }
    return st;
}

/* Problems first..first+count-1 of the collection are drawn, sampled and scored. */
static enum status sample(struct collector *c, int first, int count, const struct gate *gate, struct err *e)
{
    struct trainer *t = c->t;
    struct batch *b = &t->evaluator.batch;
    struct sampling how = {.temperature = c->s->temperature, .top_p = c->s->top_p, .max_tokens = b->cap,
                           .end_token = t->task.end_token, .seed = c->s->seed, .stream = RNG_COLLECT,
                           .step = c->s->step};
    enum status st = ST_OK;
    for (int p = 0; p < count && !st; p++) {
        struct rng r = rng_at(c->s->seed, RNG_COLLECT, c->s->step, (uint32_t)(first + p), UINT32_MAX);
        t->task.scenario->draw(t->task.self, &r, &b->problem[p]);
        b->draw[p] = (uint32_t)(first + p);
        st = task_prompt(&t->task, &b->problem[p], b->prompt[p], &b->prompt_n[p], e);
        for (int i = p * b->G; i < (p + 1) * b->G; i++) {
            atomic_store(&b->n[i], 0);
            atomic_store(&b->done[i], 0);
            b->cut_off[i] = 0;
        }
    }
    if (!st)
        st = rollout_run(&t->rollout, t->learner.w, t->learner.bias, &how, b, 0, count, gate, e);
    for (int p = 0; p < count && !st; p++)
        score_group(b, &t->task, &(struct reward_weights){.accuracy = 1}, 0, p);
    return st;
}

static enum status hand_over(struct collector *c, int p, struct err *e)
{
    const struct batch *b = &c->t->evaluator.batch;
    str_clear(&c->prompt);
    c->t->task.scenario->prompt(c->t->task.self, &b->problem[p], &c->prompt);
    for (int g = 0; g < c->s->samples; g++) {
        int i = p * b->G + g;
        str_clear(&c->text[g]);
        vocab_decode(&c->t->vocab, b->token + (size_t)i * b->cap, atomic_load(&b->n[i]), &c->text[g]);
    }
    return c->s->kind == COLLECT_PAIRS ? hand_pairs(c, p, e) : hand_traces(c, p, e);
}

/* Demonstrations need no model: the task's writer is asked. */
static enum status hand_templates(struct collector *c, struct err *e)
{
    const struct task *k = &c->t->task;
    struct document d = {0};
    enum status st = ST_OK;
    for (int i = 0; i < c->s->problems && !st; i++) {
        struct rng r = rng_at(c->s->seed, RNG_COLLECT, c->s->step, (uint32_t)i, UINT32_MAX);
        const char *think;
        char *text;
        k->scenario->demonstrate(k->self, &r, &d);
        text = d.text.s;
        think = text ? strstr(text, "<think>") : NULL;
        if (!think)
            continue;
        str_clear(&c->prompt);
        str_printf(&c->prompt, "%.*s", (int)(think - text) + 7, text);
        st = c->each(c->ctx,
                     &(struct record_example){.kind = EXAMPLE_TRACE,
                                              .kept = 1,
                                              .source = "",
                                              .prompt = str_c(&c->prompt),
                                              .text = think + 7 + strspn(think + 7, " "),
                                              .other = "",
                                              .why = "",
                                              .accuracy = 1,
                                              .format = 1,
                                              .language = 1,
                                              .readable = 1},
                     e);
    }
    document_free(&d);
    return st;
}

enum status collect_run(struct trainer *t, const struct collect_settings *s,
                        enum status (*each)(void *ctx, const struct record_example *x, struct err *e),
                        void *ctx, const struct gate *gate, double *progress, struct err *e)
{
    struct str text[EVAL_K_MAX] = {0};
    struct collector c = {.t = t, .s = s, .each = each, .ctx = ctx, .text = text};
    struct batch *b = &t->evaluator.batch;
    enum status st = ST_OK;
    int per;
    if (s->samples < 1 || s->samples > EVAL_K_MAX || rollout_groups(&t->rollout, s->samples) < 1)
        return err_set(e, ST_USAGE, "collect", "%d samples a problem do not fit the decoder's sub-batches",
                       s->samples);
    if (s->kind == COLLECT_PAIRS && !t->task.scenario->prefer)
        return err_set(e, ST_USAGE, "collect", "task %s has no annotator: no pairs", t->task.scenario->name);
    if (s->kind == COLLECT_TEMPLATES) {
        st = hand_templates(&c, e);
        goto out;
    }
    per = b->N / s->samples;
    b->G = s->samples;
    b->P = per;
    for (int first = 0; first < s->problems && !st; first += per) {
        int count = s->problems - first < per ? s->problems - first : per;
        st = sample(&c, first, count, gate, e);
        for (int p = 0; p < count && !st; p++)
            st = hand_over(&c, p, e);
        if (progress)
            *progress = (double)(first + count) / s->problems;
    }
out:
    str_free(&c.prompt);
    str_free(&c.rewritten);
    for (int g = 0; g < EVAL_K_MAX; g++)
        str_free(&text[g]);
    return st;
}
