/* Tree search beside independent sampling. A problem is one task of the pool: its search, then its
 * independent traces, both with the worker's decoder, so that problems are searched side by side and each in
 * one order only.
 *
 * An expansion (segments, and where there is no value model their continuations) is sampled into scratch
 * first and enters the tree only when it lies within the budget. So the state at the end of a budget does not
 * depend on how far a call goes on, and one call serves several budgets. */
#include "engine/run/search_sample.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { REVISITS = 1 << 20 };  /* visits of ended nodes after which a search is given up */

/* A completion that a search or a sampler came to. */
struct ending {
    char answer[ANSWER_BYTES];
    int right, node, spent;      /* node: in the tree, -1: a continuation or an independent trace */
    double value;
};

/* What one worker uses, laid out before the pool starts. */
struct bench {
    struct search_tree tree;
    struct search_piece piece[SEARCH_BRANCHES_MAX];
    struct search_piece rest[SEARCH_BRANCHES_MAX];
    struct ending *ending;       /* [most tokens + 1] */
    char (*answer)[ANSWER_BYTES];
    unsigned char *right;
    uint16_t *prefix, *memory;
    struct str text;
    int ending_n;
};

struct job {
    struct trainer *t;
    const struct search_settings *s;
    const struct gate *gate;
    struct bench *bench;         /* [threads] */
    struct search_point *point;  /* [problems][budgets_n] */
    double *progress;
    int most;                    /* the largest budget */
    atomic_int status, done;
};

/* One problem under way. */
struct hunt {
    struct job *j;
    struct bench *b;
    struct problem problem;
    struct search_sampler x;
    int point;                   /* of the budgets, the first that is not over */
};

void search_usual(const struct trainer *t, struct search_settings *s)
{
    const struct settings *set = &t->set;
    int has_critic = t->stage == STAGE_GRPO && set->model.value_head && set->rl.loss == LOSS_PPO;
    *s = (struct search_settings){.problems = set->eval.problems,
                                  .segment = set->search.segment,
                                  .branches = set->search.branches,
                                  .rollouts = set->search.rollouts,
                                  .explore = set->search.explore,
                                  .temperature = set->eval.temperature > 0 ? set->eval.temperature : 1,
                                  .value = has_critic ? SEARCH_HEAD : SEARCH_ROLLOUTS,
                                  .seed = t->seed};
}

/* The text of the prefix with a piece after it. */
static void spell(struct hunt *h, int prefix_n, const struct search_piece *x)
{
    memcpy(h->x.prefix + prefix_n, x->token, (size_t)x->n * sizeof *x->token);
    str_clear(&h->b->text);
    vocab_decode(h->j->t->task.vocab, h->x.prefix, prefix_n + x->n, &h->b->text);
}

/* A piece that has ended: its answer, and what it is worth. Returns accuracy. */
static double judge(struct hunt *h, int prefix_n, struct search_piece *x, struct ending *out)
{
    const struct task *k = &h->j->t->task;
    const struct search_settings *s = h->j->s;
    struct score score = {.language = 1};
    spell(h, prefix_n, x);
    k->scenario->score(k->self, &h->problem, str_c(&h->b->text), h->b->text.n, &score);
    if (s->value == SEARCH_ORACLE)
        x->value = s->oracle(s->ctx, &h->problem, str_c(&h->b->text), h->b->text.n, 1);
    else if (s->value == SEARCH_ROLLOUTS)
        x->value = score.accuracy;
    else if (x->cut_off || score.format < 1)
        x->value = 0;
    *out = (struct ending){.right = score.accuracy >= 1, .node = -1, .value = x->value};
    memcpy(out->answer, score.answer, sizeof out->answer);
    return score.accuracy;
}

/* The search's answer: the endings that share it weigh together. Returns whether it is right. */
static int answer_is_right(const struct bench *b)
{
    double most = -1;
    int right = 0;
    for (int i = 0; i < b->ending_n; i++) {
        double weight = 0;
        int is_first = b->ending[i].answer[0] != 0;
        for (int k = 0; k < i && is_first; k++)
            is_first = strcmp(b->ending[k].answer, b->ending[i].answer) != 0;
        for (int k = i; k < b->ending_n && is_first; k++)
            if (strcmp(b->ending[k].answer, b->ending[i].answer) == 0) {
                double own = b->ending[k].node < 0 ? b->ending[k].value : b->tree.node[b->ending[k].node].sum;
                weight += own > 0 ? own : 0;
            }
        if (is_first && weight > most) {
            most = weight;
            right = b->ending[i].right;
        }
    }
    return right;
}

/* The budgets that the tokens so far exceed are over: `spent` was within them. */
static void close_budgets(struct hunt *h, int spent, int now)
{
    const struct search_settings *s = h->j->s;
    struct search_point *point = h->j->point + (size_t)h->x.number * (size_t)s->budgets_n;
    for (; h->point < s->budgets_n && now > s->budget[h->point]; h->point++) {
        struct search_point *p = &point[h->point];
        p->tokens = spent;
        p->ended = h->b->ending_n;
        p->puct = answer_is_right(h->b);
        p->found = 0;
        for (int i = 0; i < h->b->ending_n; i++)
            p->found = p->found > 0 || h->b->ending[i].right;
    }
}

/* The value of a piece that goes on: of the caller, or of continuations, whose endings go to `fresh`. */
static enum status value_piece(struct hunt *h, int prefix_n, struct search_piece *x, int *fresh, int *over)
{
    const struct search_settings *s = h->j->s;
    double sum = 0;
    enum status st = ST_OK;
    *over = 0;
    if (s->value == SEARCH_HEAD)
        return ST_OK;
    spell(h, prefix_n, x);
    if (s->value == SEARCH_ORACLE) {
        x->value = s->oracle(s->ctx, &h->problem, str_c(&h->b->text), h->b->text.n, 0);
        return ST_OK;
    }
    for (int at = 0; at < s->rollouts && !st; at += s->branches) {
        int count = s->rollouts - at < s->branches ? s->rollouts - at : s->branches;
        st = search_extend(&h->x, prefix_n + x->n, count, 1, h->j->most - h->x.spent, h->b->rest, over);
        if (*over)
            return st;
        for (int i = 0; i < count && !st; i++)
            sum += judge(h, prefix_n + x->n, &h->b->rest[i], &h->b->ending[(*fresh)++]);
    }
    x->value = sum / s->rollouts;
    return st;
}

/* One expansion below a node; *over: the last budget does not hold it. */
static enum status expand(struct hunt *h, int node, int *over)
{
    struct bench *b = h->b;
    const struct search_settings *s = h->j->s;
    int prefix_n = search_tree_path(&b->tree, node, h->x.prefix), begin = h->x.spent, fresh = b->ending_n;
    int nodes_n;
    enum status st = search_extend(&h->x, prefix_n, s->branches, 0, h->j->most - h->x.spent, b->piece, over);
    for (int i = 0; i < s->branches && !st && !*over; i++)
        if (!b->piece[i].ended)
            st = value_piece(h, prefix_n, &b->piece[i], &fresh, over);
    close_budgets(h, begin, *over ? h->j->most + 1 : h->x.spent);
    if (st || *over)
        return st;
    b->ending_n = fresh;
    nodes_n = b->tree.nodes_n;
    for (int i = 0; i < s->branches; i++) {
        struct search_piece *x = &b->piece[i];
        struct ending end;
        int known = b->tree.nodes_n, child;
        if (x->ended)
            judge(h, prefix_n, x, &end);
        child = search_tree_add(&b->tree, node, x->token, x->n, x->logp, x->ended, x->value);
        if (!x->ended || child < known)
            continue;
        end.node = child;
        b->ending[b->ending_n++] = end;
    }
    search_tree_widened(&b->tree, node, b->tree.nodes_n > nodes_n);
    return ST_OK;
}

static enum status hunt_tree(struct hunt *h)
{
    struct search_tree *tree = &h->b->tree;
    const struct search_settings *s = h->j->s;
    enum status st = ST_OK;
    int over = 0, revisits = 0;
    search_tree_clear(tree);
    h->b->ending_n = 0;
    while (!st && !over && revisits < REVISITS) {
        int node = search_tree_select(tree, s->branches, s->explore);
        if (tree->node[node].ended) {
            search_tree_back(tree, node, tree->node[node].value);
            revisits++;
        } else {
            st = expand(h, node, &over);
        }
    }
    if (!st)
        close_budgets(h, h->x.spent, h->j->most + 1);
    return st;
}

/* Independent traces, as many as the largest budget holds. */
static enum status hunt_plain(struct hunt *h)
{
    struct bench *b = h->b;
    const struct search_settings *s = h->j->s;
    struct search_point *point = h->j->point + (size_t)h->x.number * (size_t)s->budgets_n;
    enum status st = ST_OK;
    int over, spent = 0;
    h->x.serial = 1u << 31;
    b->ending_n = 0;
    while (!st && spent <= h->j->most) {
        st = search_extend(&h->x, 0, s->branches, 1, INT32_MAX / 2, b->piece, &over);
        for (int i = 0; i < s->branches && !st && spent <= h->j->most; i++) {
            judge(h, 0, &b->piece[i], &b->ending[b->ending_n]);
            spent += b->piece[i].n;
            b->ending[b->ending_n++].spent = spent;
        }
    }
    for (int k = 0; k < s->budgets_n && !st; k++) {
        struct search_point *p = &point[k];
        double highest = -INFINITY;
        int n = 0;
        p->budget = s->budget[k];
        for (; n < b->ending_n && b->ending[n].spent <= p->budget; n++) {
            const struct ending *x = &b->ending[n];
            memcpy(b->answer[n], x->answer, sizeof b->answer[n]);
            b->right[n] = (unsigned char)x->right;
            p->best = p->best > 0 || x->right;
            p->plain_tokens = x->spent;
            if (x->answer[0] && x->value > highest) {
                highest = x->value;
                p->ranked = x->right;
            }
        }
        p->traces = n;
        p->majority = majority_share(n, (const char (*)[ANSWER_BYTES])b->answer, b->right);
    }
    return st;
}

static void search_problem(void *ctx, int number, int worker)
{
    struct job *j = ctx;
    struct hunt h = {.j = j, .b = &j->bench[worker]};
    const struct task *k = &j->t->task;
    struct err e;
    enum status st = (enum status)atomic_load(&j->status);
    if (st)
        return;
    h.x = (struct search_sampler){.t = j->t,
                                  .d = &j->t->rollout.decoder[worker],
                                  .gate = j->gate,
                                  .stop = &j->status,
                                  .with_value = j->s->value == SEARCH_HEAD,
                                  .segment = j->s->segment,
                                  .wait = vocab_find(&j->t->vocab, "wait", 4),
                                  .think_end = vocab_find(&j->t->vocab, "</think>", 8),
                                  .temperature = j->s->temperature,
                                  .seed = j->s->seed,
                                  .number = number,
                                  .worker = worker,
                                  .prefix = h.b->prefix};
    k->scenario->held_out(k->self, number, &h.problem);
    st = task_prompt(k, &h.problem, h.x.prompt, &h.x.prompt_n, &e);
    if (!st)
        st = hunt_tree(&h);
    if (!st && j->s->look)
        j->s->look(j->s->ctx, number, &h.b->tree, h.x.spent);
    if (!st)
        st = hunt_plain(&h);
    if (st)
        atomic_store(&j->status, (int)st);
    else if (j->progress)
        *j->progress = (double)(atomic_fetch_add(&j->done, 1) + 1) / j->s->problems;
}

static enum status bench_init(struct bench *b, int most, int max_tokens, struct err *e)
{
    size_t n = (size_t)most + SEARCH_BRANCHES_MAX + 1, piece = (size_t)max_tokens;
    enum status st = search_tree_init(&b->tree, most + 1, e);
    if (st)
        return st;
    b->ending = malloc(n * sizeof *b->ending);
    b->answer = malloc(n * sizeof *b->answer);
    b->right = malloc(n);
    b->memory = malloc((2 * SEARCH_BRANCHES_MAX + 2) * piece * sizeof *b->memory);
    if (!b->ending || !b->answer || !b->right || !b->memory)
        return err_set(e, ST_NOMEM, "search", "no memory for a search of %d tokens", most);
    for (int i = 0; i < SEARCH_BRANCHES_MAX; i++) {
        b->piece[i].token = b->memory + (size_t)i * piece;
        b->rest[i].token = b->memory + (size_t)(SEARCH_BRANCHES_MAX + i) * piece;
    }
    b->prefix = b->memory + 2 * SEARCH_BRANCHES_MAX * piece;
    return ST_OK;
}

static void bench_release(struct bench *b)
{
    search_tree_release(&b->tree);
    free(b->ending);
    free(b->answer);
    free(b->right);
    free(b->memory);
    str_free(&b->text);
}

static enum status check(const struct trainer *t, const struct search_settings *s, struct err *e)
{
    if (s->problems < 1 || s->problems > t->held_out_n)
        return err_set(e, ST_USAGE, "search", "%d problems: 1 to %d are held out", s->problems,
                       t->held_out_n);
    if (s->budgets_n < 1 || s->budgets_n > SEARCH_BUDGETS)
        return err_set(e, ST_USAGE, "search", "%d budgets: 1 to %d are possible", s->budgets_n,
                       SEARCH_BUDGETS);
    for (int i = 0; i < s->budgets_n; i++)
        if (s->budget[i] < (i ? s->budget[i - 1] + 1 : 1) || s->budget[i] > SEARCH_BUDGET_MAX)
            return err_set(e, ST_USAGE, "search", "budget %d: they ascend, from 1 to %d tokens", s->budget[i],
                           SEARCH_BUDGET_MAX);
    if (s->branches < 1 || s->branches > SEARCH_BRANCHES_MAX || s->branches > t->rollout.slots_n)
        return err_set(e, ST_USAGE, "search", "search.branches = %d does not fit run.slots = %d", s->branches,
                       t->rollout.slots_n);
    if (s->segment < 1 || s->rollouts < 1 || !(s->temperature > 0))
        return err_set(e, ST_USAGE, "search", "segment and rollouts: 1 or more; temperature: above 0");
    if (s->value == SEARCH_HEAD && !t->model.config.value_head)
        return err_set(e, ST_USAGE, "search", "the model has no value head");
    return ST_OK;
}

static void add_point(struct search_point *sum, const struct search_point *x, int n)
{
    sum->budget = x->budget;
    sum->tokens += x->tokens / n;
    sum->plain_tokens += x->plain_tokens / n;
    sum->ended += x->ended / n;
    sum->traces += x->traces / n;
    sum->puct += x->puct / n;
    sum->found += x->found / n;
    sum->majority += x->majority / n;
    sum->best += x->best / n;
    sum->ranked += x->ranked / n;
}

enum status search_run(struct trainer *t, const struct search_settings *s, const struct gate *gate,
                       double *progress, struct search_point *out, struct err *e)
{
    struct job j = {.t = t, .s = s, .gate = gate, .progress = progress};
    int threads = pool_threads(t->pool);
    enum status st = check(t, s, e);
    if (st)
        return st;
    j.most = s->budget[s->budgets_n - 1];
    j.bench = calloc((size_t)threads, sizeof *j.bench);
    j.point = calloc((size_t)s->problems * (size_t)s->budgets_n, sizeof *j.point);
    if (!j.bench || !j.point)
        st = err_set(e, ST_NOMEM, "search", "no memory for %d problems", s->problems);
    for (int i = 0; i < threads && !st; i++) {
        st = bench_init(&j.bench[i], j.most, t->set.rl.max_tokens, e);
        decoder_load(&t->rollout.decoder[i], t->learner.w, t->learner.bias);
    }
    if (st)
        goto out;
    pool_run(t->pool, s->problems, search_problem, &j);
    st = (enum status)atomic_load(&j.status);
    if (st) {
        err_set(e, st, "search", st == ST_NONFINITE ? "a sampling distribution is not finite" : "cancelled");
        goto out;
    }
    memset(out, 0, (size_t)s->budgets_n * sizeof *out);
    for (int i = 0; i < s->problems * s->budgets_n; i++)
        add_point(&out[i % s->budgets_n], &j.point[i], s->problems);
out:
    for (int i = 0; i < threads && j.bench; i++)
        bench_release(&j.bench[i]);
    free(j.bench);
    free(j.point);
    return st;
}
