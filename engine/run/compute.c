/* Test-time compute. A problem is one task of the pool and writes a row of cells of its own, so that
 * threads change nothing; rows are folded in order. Problems come in blocks, after each of which the curves
 * so far are told.
 *
 * The samples of a pass are decoded in chunks of a fixed size. A pass goes on from what its traces hold
 * already: from nothing at first; for n forced words from the sample with n - 1, cut before the token that
 * ended its thoughts, with the word in its place. A trace that never ends its thoughts is full and stays as
 * it is, and so is one that the rule leaves alone. Invariant: a trace holds its forced words at
 * at[0..words-1], and words <= the level of the pass. */
#include "engine/run/compute_work.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 8, SUBSETS = 256 };

static void score(struct work *w, struct traces *x, int i, char answer[ANSWER_BYTES])
{
    const struct task *k = &w->j->t->task;
    struct score score = {.language = 1};
    struct str text = {0};
    vocab_decode(k->vocab, x->token + (size_t)i * (size_t)w->j->cap, x->n[i], &text);
    k->scenario->score(k->self, &w->problem, str_c(&text), text.n, &score);
    str_free(&text);
    x->right[i] = score.accuracy >= 1;
    if (answer)
        memcpy(answer, score.answer, ANSWER_BYTES);
}

static void show(const struct work *w, const struct traces *x, int i, enum compute_kind kind, int level)
{
    const struct compute_hooks *h = w->j->h;
    struct compute_trace out = {.problem = w->index,
                                .setting = w->setting,
                                .sample = i,
                                .kind = kind,
                                .level = level,
                                .token = x->token + (size_t)i * (size_t)w->j->cap,
                                .logp = x->logp + (size_t)i * (size_t)w->j->cap,
                                .n = x->n[i],
                                .cut_off = x->cut_off[i],
                                .is_right = x->right[i],
                                .words = x->words[i]};
    if (!h->trace)
        return;
    memcpy(out.at, x->at[i], sizeof out.at);
    h->trace(h->ctx, &out);
}

static struct cell *cells(const struct work *w, enum compute_kind kind)
{
    size_t curve = (size_t)w->index * COMPUTE_CURVES + (size_t)(w->setting * COMPUTE_KINDS + (int)kind);
    return w->j->cell + curve * COMPUTE_POINTS;
}

/* From the samples as they came: what k of them would be worth. */
static void estimate(struct work *w)
{
    const struct traces *x = &w->base;
    const struct trainer *t = w->j->t;
    int n = w->j->q->k, size[COMPUTE_POINTS], sizes = compute_sizes(n, size);
    double right[COMPUTE_K_MAX], likely[COMPUTE_K_MAX], tokens = 0, cut_off = 0;
    unsigned char is_right[COMPUTE_K_MAX];
    for (int i = 0; i < n; i++) {
        is_right[i] = (unsigned char)x->right[i];
        right[i] = x->right[i];
        likely[i] = 0;
        for (int at = 0; at < x->n[i]; at++)
            likely[i] += (double)x->logp[(size_t)i * (size_t)w->j->cap + (size_t)at] / x->n[i];
        tokens += (double)x->n[i] / n;
        cut_off += (double)x->cut_off[i] / n;
    }
    for (int i = 0; i < sizes; i++) {
        int k = size[i];
        struct rng r = rng_at(t->seed, RNG_COMPUTE, (uint32_t)t->step, (uint32_t)w->index,
                              UINT32_MAX - (uint32_t)(w->setting * COMPUTE_POINTS + i));
        struct cell c = {.tokens = k * tokens, .cut_off = cut_off};
        c.accuracy = compute_chosen(n, right, right, k);
        cells(w, COMPUTE_BEST)[i] = c;
        c.accuracy = compute_chosen(n, likely, right, k);
        cells(w, COMPUTE_LIKELIEST)[i] = c;
        c.accuracy = compute_majority(n, (const char (*)[ANSWER_BYTES])w->answer, is_right, k, SUBSETS, &r);
        cells(w, COMPUTE_MAJORITY)[i] = c;
    }
}

/* Where a trace's thoughts end, -1: they do not. */
static int thoughts_end(const struct job *j, const struct traces *x, int i)
{
    const uint16_t *token = x->token + (size_t)i * (size_t)j->cap;
    for (int at = 0; at < x->n[i]; at++)
        for (int e = 0; e < j->end_n; e++)
            if (token[at] == j->end[e])
                return at;
    return -1;
}

/* Puts one more word in the place of what ended the thoughts of each trace; the traces that can go on. */
static int force(struct job *j, struct traces *x, enum compute_kind kind, int *which)
{
    int many = 0;
    for (int i = 0; i < j->f->forced_k; i++) {
        uint16_t *token = x->token + (size_t)i * (size_t)j->cap;
        int at = thoughts_end(j, x, i);
        if (at < 0 || (kind == COMPUTE_FORCED_NO && (at == 0 || token[at - 1] != j->no)))
            continue;
        token[at] = (uint16_t)j->word;
        x->logp[(size_t)i * (size_t)j->cap + (size_t)at] = NAN;
        x->at[i][x->words[i]++] = at;
        x->n[i] = at + 1;
        x->cut_off[i] = x->n[i] >= j->cap;
        if (!x->cut_off[i])
            which[many++] = i;
    }
    return many;
}

static void add_forced(struct work *w, struct traces *x, enum compute_kind kind, int level)
{
    int n = w->j->f->forced_k;
    struct cell c = {0};
    for (int i = 0; i < n; i++) {
        if (level)
            score(w, x, i, NULL);
        if (level)
            show(w, x, i, kind, level);
        c.tokens += (double)x->n[i] / n;
        c.accuracy += (double)x->right[i] / n;
        c.words += (double)x->words[i] / n;
        c.cut_off += (double)x->cut_off[i] / n;
    }
    cells(w, kind)[level] = c;
}

static enum status force_on(struct work *w, enum compute_kind kind)
{
    struct job *j = w->j;
    struct traces *x = &w->forced;
    uint16_t *token = x->token;
    float *logp = x->logp;
    size_t n = (size_t)j->f->forced_k * (size_t)j->cap;
    enum status st = ST_OK;
    *x = w->base;
    x->token = memcpy(token, w->base.token, n * sizeof *token);
    x->logp = memcpy(logp, w->base.logp, n * sizeof *logp);
    add_forced(w, x, kind, 0);
    for (int level = 1; level <= j->q->words && !st; level++) {
        int which[COMPUTE_K_MAX], many = force(j, x, kind, which);
        w->pass = 1 + (kind == COMPUTE_FORCED_NO) * COMPUTE_WORDS_MAX + level;
        st = compute_sample(w, x, which, many);
        if (!st)
            add_forced(w, x, kind, level);
    }
    return st;
}

static enum status do_setting(struct work *w)
{
    struct job *j = w->j;
    int which[COMPUTE_K_MAX];
    enum status st;
    memset(w->base.n, 0, sizeof w->base.n);
    memset(w->base.words, 0, sizeof w->base.words);
    for (int i = 0; i < j->q->k; i++)
        which[i] = i;
    w->pass = 0;
    st = compute_sample(w, &w->base, which, j->q->k);
    if (st)
        return st;
    for (int i = 0; i < j->q->k; i++) {
        score(w, &w->base, i, w->answer[i]);
        show(w, &w->base, i, COMPUTE_BEST, 0);
    }
    estimate(w);
    if (j->word >= 0 && j->q->words)
        st = force_on(w, COMPUTE_FORCED);
    if (!st && j->word >= 0 && j->no >= 0 && j->q->words)
        st = force_on(w, COMPUTE_FORCED_NO);
    return st;
}

static void do_problem(void *ctx, int index, int worker)
{
    struct job *j = ctx;
    const struct task *k = &j->t->task;
    struct work *w = calloc(1, sizeof *w);
    enum status st = (enum status)atomic_load(&j->status);
    size_t cap = (size_t)j->cap, traces_n = (size_t)j->q->k + (size_t)j->f->forced_k;
    struct err e;
    if (!w && !st)
        st = ST_NOMEM;
    if (st)
        goto out;
    *w = (struct work){
        .j = j, .d = &j->t->rollout.decoder[worker], .worker = worker, .index = j->first + index};
    w->base.token = calloc(traces_n * cap, sizeof *w->base.token);
    w->base.logp = calloc(traces_n * cap, sizeof *w->base.logp);
    if (!w->base.token || !w->base.logp) {
        st = ST_NOMEM;
        goto out;
    }
    w->forced.token = w->base.token + (size_t)j->q->k * cap;
    w->forced.logp = w->base.logp + (size_t)j->q->k * cap;
    k->scenario->held_out(k->self, w->index, &w->problem);
    st = task_prompt(k, &w->problem, w->prompt, &w->prompt_n, &e);
    for (w->setting = 0; w->setting < COMPUTE_SETTINGS && !st; w->setting++)
        st = do_setting(w);
out:
    if (w) {
        free(w->base.token);
        free(w->base.logp);
    }
    free(w);
    if (st)
        atomic_store(&j->status, (int)st);
}

/* A point from the cells of the problems that are done. */
static void fold_point(const struct job *j, int curve, int i, struct compute_point *out)
{
    double n = j->f->done, squares = 0, gain_squares = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int p = 0; p < j->f->done; p++) {
            const struct cell *first = j->cell +
                                       ((size_t)p * COMPUTE_CURVES + (size_t)curve) * COMPUTE_POINTS;
            const struct cell *c = first + i;
            double gain = c->accuracy - first->accuracy;
            if (pass) {
                squares += (c->accuracy - out->accuracy) * (c->accuracy - out->accuracy);
                gain_squares += (gain - out->gain) * (gain - out->gain);
                continue;
            }
            out->tokens += c->tokens / n;
            out->accuracy += c->accuracy / n;
            out->words += c->words / n;
            out->cut_off += c->cut_off / n;
            out->gain += gain / n;
        }
    out->error = n > 1 ? sqrt(squares / (n - 1) / n) : 0;
    out->gain_error = n > 1 ? sqrt(gain_squares / (n - 1) / n) : 0;
}

static void fold(struct job *j)
{
    static const char *const name[COMPUTE_KINDS] = {"pass@k", "likeliest of k", "maj@k", "wait forced",
                                                    "wait after no"};
    struct compute_facts *f = j->f;
    int size[COMPUTE_POINTS], sizes = compute_sizes(j->q->k, size);
    f->curves_n = 0;
    for (int c = 0; c < COMPUTE_CURVES; c++) {
        enum compute_kind kind = (enum compute_kind)(c % COMPUTE_KINDS);
        int is_forced = kind >= COMPUTE_FORCED;
        struct compute_curve *out = &f->curve[f->curves_n];
        if ((is_forced && (j->word < 0 || !j->q->words)) || (kind == COMPUTE_FORCED_NO && j->no < 0))
            continue;
        *out = (struct compute_curve){.kind = kind, .setting = c / COMPUTE_KINDS};
        memcpy(out->name, name[kind], strlen(name[kind]) + 1);
        out->n = is_forced ? j->q->words + 1 : sizes;
        for (int i = 0; i < out->n; i++) {
            out->point[i].n = is_forced ? i : size[i];
            fold_point(j, c, i, &out->point[i]);
        }
        f->curves_n++;
    }
}

static void find_words(struct job *j)
{
    static const char *const end[] = {"</think>", "<answer>"};
    const struct vocab *v = &j->t->vocab;
    for (int i = 0; i < 2; i++)
        if ((j->end[j->end_n] = vocab_find(v, end[i], strlen(end[i]))) >= 0)
            j->end_n++;
    j->end[j->end_n++] = j->t->task.end_token;
    j->word = vocab_find(v, "wait", 4);
    j->no = vocab_find(v, "no", 2);
    if (j->word >= 0)
        memcpy(j->f->word, "wait", 5);
}

static enum status set_up(struct job *j, struct err *e)
{
    const struct compute_question *q = j->q;
    const struct trainer *t = j->t;
    struct compute_facts *f = j->f;
    if (q->k < 1 || q->k > COMPUTE_K_MAX)
        return err_set(e, ST_USAGE, "compute", "k = %d is outside 1..%d", q->k, COMPUTE_K_MAX);
    if (q->words < 0 || q->words > COMPUTE_WORDS_MAX || q->forced_k < 1)
        return err_set(e, ST_USAGE, "compute",
                       "%d words in %d samples: 0 to %d words in 1 or more are possible", q->words,
                       q->forced_k, COMPUTE_WORDS_MAX);
    j->problems = q->problems < t->held_out_n ? q->problems : t->held_out_n;
    if (j->problems < 1)
        return err_set(e, ST_USAGE, "compute", "there is no held-out problem");
    *f = (struct compute_facts){.step = t->step, .problems = j->problems, .k = q->k,
                                .forced_k = q->forced_k < q->k ? q->forced_k : q->k,
                                .temperature = {1, 0.6}, .top_p = {1, 0.95}};
    find_words(j);
    j->cap = t->set.rl.max_tokens;
    j->chunk = t->rollout.slots_n < COMPUTE_CHUNK ? t->rollout.slots_n : COMPUTE_CHUNK;
    j->cell = calloc((size_t)j->problems * COMPUTE_CURVES * COMPUTE_POINTS, sizeof *j->cell);
    return j->cell ? ST_OK : err_set(e, ST_NOMEM, "compute", "no memory for %d problems", j->problems);
}

enum status compute_run(struct trainer *t, const struct compute_question *q, const struct compute_hooks *h,
                        struct compute_facts *f, struct err *e)
{
    static const struct compute_hooks none;
    struct job j = {.t = t, .q = q, .h = h ? h : &none, .f = f};
    enum status st = set_up(&j, e);
    if (st)
        return st;
    for (int i = 0; i < pool_threads(t->pool); i++)
        decoder_load(&t->rollout.decoder[i], t->learner.w, t->learner.bias);
    for (j.first = 0; j.first < j.problems && !st; j.first += BLOCK) {
        int count = j.problems - j.first < BLOCK ? j.problems - j.first : BLOCK;
        pool_run(t->pool, count, do_problem, &j);
        st = (enum status)atomic_load(&j.status);
        if (st)
            break;
        f->done = j.first + count;
        fold(&j);
        if (j.h->told)
            j.h->told(j.h->ctx, f);
    }
    free(j.cell);
    if (st == ST_NONFINITE)
        return err_set(e, st, "compute", "a sampling distribution is not finite");
    if (st == ST_NOMEM)
        return err_set(e, st, "compute", "no memory for the samples of a problem");
    if (st == ST_CANCELLED)
        return err_set(e, st, "compute", "cancelled");
    return st ? err_set(e, st, "compute", "a held-out problem has no prompt in this vocabulary") : ST_OK;
}
