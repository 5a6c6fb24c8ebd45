/* Evaluation: held-out problems are sampled in batches of whole groups, scored by the same
 * rules as training. */
#include "engine/run/evaluate.h"

#include <string.h>

enum { TRACES = 512 };

enum status evaluator_init(struct evaluator *v, int cap, struct arena *a, struct err *e)
{
    /* The batch is laid out for groups of one; a run regroups it by its own k. */
    v->k_max = EVAL_K_MAX;
    return batch_init(&v->batch, TRACES, 1, cap, a, e);
}

double majority_share(int n, const char (*answer)[ANSWER_BYTES], const unsigned char *right)
{
    int most = 0, leaders = 0, right_leads = 0;
    for (int i = 0; i < n; i++) {
        int votes = 0, is_first = 1;
        if (!answer[i][0])
            continue;
        for (int j = 0; j < n; j++)
            if (strcmp(answer[i], answer[j]) == 0) {
                votes++;
                is_first = is_first && j >= i;
            }
        if (!is_first || votes < most)
            continue;
        if (votes > most) {
            most = votes;
            leaders = right_leads = 0;
        }
        leaders++;
        right_leads += right[i];
    }
    return leaders ? (double)right_leads / leaders : 0;
}

/* One batch of problems first..first+count-1. The k samples of a problem may fill several groups of the
 * decoder's size. */
static enum status sample(struct evaluator *v, const struct evaluation *o, const struct task *k,
                          struct rollout *r, const real *w, const real *bias, int first, int count, int parts,
                          const struct gate *gate, struct err *e)
{
    struct batch *b = &v->batch;
    struct sampling s = {.temperature = o->temperature, .top_p = o->top_p, .max_tokens = b->cap,
                         .end_token = k->end_token, .seed = o->seed, .stream = RNG_EVAL, .step = o->step};
    enum status st = ST_OK;
    for (int p = 0; p < count * parts && !st; p++) {
        k->scenario->held_out(k->self, first + p / parts, &b->problem[p]);
        b->draw[p] = (uint32_t)((first + p / parts) * EVAL_K_MAX + p % parts);
        st = task_prompt(k, &b->problem[p], b->prompt[p], &b->prompt_n[p], e);
        for (int i = p * b->G; i < (p + 1) * b->G; i++) {
            atomic_store(&b->n[i], 0);
            atomic_store(&b->done[i], 0);
            b->cut_off[i] = 0;
        }
    }
    if (!st)
        st = rollout_run(r, w, bias, &s, b, 0, count * parts, gate, e);
    for (int p = 0; p < count * parts && !st; p++)
        score_group(b, k, &(struct reward_weights){.accuracy = 1}, 0, p);
    return st;
}

static void tally(const struct evaluator *v, struct evaluation *o, int first, int count)
{
    const struct batch *b = &v->batch;
    char answer[EVAL_K_MAX][ANSWER_BYTES];
    unsigned char right[EVAL_K_MAX];
    for (int p = 0; p < count; p++) {
        int c = 0;
        for (int i = 0; i < o->k; i++) {
            int trace = p * o->k + i;
            memcpy(answer[i], b->score[trace].answer, ANSWER_BYTES);
            right[i] = b->score[trace].accuracy >= 1;
            c += right[i];
            o->mean_length += b->n[trace];
            o->waits += b->counts[trace].waits;
            o->format += b->score[trace].format;
            o->language += b->score[trace].language;
            o->readable += readability(&b->score[trace], &b->counts[trace], b->cut_off[trace]);
        }
        o->pass_1 += (double)c / o->k;
        o->pass_k += pass_at_k(o->k, c, o->k);
        o->maj_k += majority_share(o->k, (const char (*)[ANSWER_BYTES])answer, right);
        if (o->right)
            o->right[first + p] = (uint8_t)c;
    }
}

enum status evaluate_run(struct evaluator *v, struct evaluation *o, const struct task *k, struct rollout *r,
                         const real *w, const real *bias, const struct gate *gate, double *progress,
                         struct err *e)
{
    int held = k->scenario->held_out_n(k->self), G = o->k, parts = 1, per;
    enum status st = ST_OK;
    if (o->k < 1 || o->k > v->k_max)
        return err_set(e, ST_USAGE, "evaluate", "k = %d is outside 1..%d", o->k, v->k_max);
    while (rollout_groups(r, G) < 1 && G % 2 == 0) {
        G /= 2;
        parts *= 2;
    }
    if (rollout_groups(r, G) < 1)
        return err_set(e, ST_USAGE, "evaluate", "k = %d samples do not fit the decoder's sub-batches", o->k);
    if (o->problems > held)
        o->problems = held;
    if (o->problems < 1)
        return err_set(e, ST_USAGE, "evaluate", "there is no held-out problem");
    v->batch.G = G;
    v->batch.P = TRACES / G;
    per = TRACES / o->k;
    o->pass_1 = o->pass_k = o->maj_k = o->mean_length = o->waits = 0;
    o->format = o->language = o->readable = 0;
    for (int first = 0; first < o->problems && !st; first += per) {
        int count = o->problems - first < per ? o->problems - first : per;
        st = sample(v, o, k, r, w, bias, first, count, parts, gate, e);
        if (!st)
            tally(v, o, first, count);
        if (progress)
            *progress = (double)(first + count) / o->problems;
    }
    o->pass_1 /= o->problems;
    o->pass_k /= o->problems;
    o->maj_k /= o->problems;
    o->mean_length /= (double)o->problems * o->k;
    o->waits /= (double)o->problems * o->k;
    o->format /= (double)o->problems * o->k;
    o->language /= (double)o->problems * o->k;
    o->readable /= (double)o->problems * o->k;
    return st;
}
