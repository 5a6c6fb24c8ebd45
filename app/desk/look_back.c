/* Looking back.
 *
 * A condition asks for the latest values at a step, and `crosses` for those before them; both may have been
 * measured many steps earlier, as pass@1 is. So a step that is read is a candidate, and it is decided once
 * all its values are read, or all that there is. Candidates are decided strictly from the newest on, so the
 * first that holds is the hit. For each quantity two marks run down the rows ahead of the candidate; they
 * never go back, and all work is linear in what was read. */
#include "app/desk/look_back.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct look_back_row {
    int64_t step;
    int line;
    int measures; /* the step's own metrics bear on the condition */
};

/* Quantities that no step on record has: they need not be looked for. */
static int is_never_on_record(int quantity)
{
    return quantity == Q_NONFINITE;
}

enum status look_back_begin(struct look_back *b, struct query *q, const struct condition *c,
                            const struct record_run *run, int64_t last, struct err *e)
{
    (void)e;
    memset(b, 0, sizeof *b);
    b->condition = *c;
    for (int i = 0; i < c->n; i++) {
        int quantity = c->term[i].quantity, k = 0;
        b->needs_before |= c->term[i].op == OP_CROSSES;
        while (k < b->quantities_n && b->quantity[k] != quantity)
            k++;
        if (k == b->quantities_n && !is_never_on_record(quantity))
            b->quantity[b->quantities_n++] = quantity;
    }
    b->line_n = measured_line(q, run, last, b->line, b->until, LOOK_BACK_FORKS);
    b->next = b->until[0];
    b->looked = last + 1;
    measured_init(&b->measured);
    return ST_OK;
}

void look_back_release(struct look_back *b)
{
    free(b->row);
    free(b->value);
    memset(b, 0, sizeof *b);
}

/* The first step that the run at `at` has of its own. */
static int64_t first_step(const struct look_back *b, int at)
{
    return at + 1 < b->line_n ? b->line[at].parent_step + 1 : 1;
}

static enum status make_room(struct look_back *b, int n, struct err *e)
{
    int cap = b->cap ? b->cap : 4 * LOOK_BACK_BLOCK;
    struct look_back_row *row;
    double *value;
    while (cap < b->rows_n + n)
        cap *= 2;
    if (cap == b->cap)
        return ST_OK;
    row = realloc(b->row, (size_t)cap * sizeof *row);
    if (row)
        b->row = row;
    value = realloc(b->value, (size_t)cap * (size_t)(b->quantities_n + 1) * sizeof *value);
    if (value)
        b->value = value;
    if (!row || !value)
        return err_set(e, ST_NOMEM, "when", "no memory for %d steps", cap);
    b->cap = cap;
    return ST_OK;
}

/* How many aha candidates of the step have passed their test. */
static enum status verified_of(struct query *q, int64_t run, int64_t step, double *out, struct err *e)
{
    struct record_finding *finding = NULL;
    int n = 0;
    enum status st = query_findings(q, run, step, -1, -1, &finding, &n, e);
    *out = 0;
    for (int i = 0; !st && i < n; i++)
        *out += finding[i].kind == FINDING_AHA && finding[i].verified;
    free(finding);
    return st;
}

static enum status add_row(struct look_back *b, struct query *q, int64_t step, const double *metric,
                           struct err *e)
{
    struct look_back_row *row = &b->row[b->rows_n];
    double *value = b->value + (size_t)b->rows_n * (size_t)b->quantities_n;
    enum status st = ST_OK;
    *row = (struct look_back_row){step, b->at, condition_measures(&b->condition, metric)};
    for (int i = 0; !st && i < b->quantities_n; i++) {
        if (b->quantity[i] == Q_STEP)
            value[i] = (double)step;
        else if (b->quantity[i] == Q_AHA_VERIFIED)
            st = verified_of(q, b->line[b->at].id, step, &value[i], e);
        else
            value[i] = metric[b->quantity[i]];
    }
    b->rows_n += !st;
    return st;
}

/* The block below what was read, newest step first. */
static enum status read_block(struct look_back *b, struct query *q, struct err *e)
{
    int64_t last = b->next, first = last - LOOK_BACK_BLOCK + 1, floor = first_step(b, b->at), *step = NULL;
    double *metric = NULL;
    int n = 0;
    enum status st;
    first = first < floor ? floor : first;
    st = query_metrics(q, b->line[b->at].id, first, last, &step, &metric, &n, e);
    if (!st)
        st = make_room(b, n, e);
    while (!st && n-- > 0)
        st = add_row(b, q, step[n], metric + (size_t)n * METRIC_N, e);
    free(step);
    free(metric);
    if (st)
        return st;
    b->looked = first;
    b->next = first - 1;
    while (b->at < b->line_n && b->next < first_step(b, b->at)) {
        b->at++;
        b->next = b->at < b->line_n ? b->until[b->at] : 0;
    }
    return ST_OK;
}

static int is_all_read(const struct look_back *b)
{
    return b->at == b->line_n;
}

/* The first row from `from` on that has quantity k; rows_n: none is read. */
static int seek(const struct look_back *b, int k, int from)
{
    while (from < b->rows_n && isnan(b->value[(size_t)from * (size_t)b->quantities_n + (size_t)k]))
        from++;
    return from;
}

/* Brings the marks to row `at`; returns whether all values of that step are there. */
static int bring(struct look_back *b, int at)
{
    int is_known = 1;
    for (int k = 0; k < b->quantities_n; k++) {
        if (b->now[k] < at)
            b->now[k] = b->before[k] > at ? b->before[k] : at;
        b->now[k] = seek(b, k, b->now[k]);
        if (b->needs_before && b->now[k] < b->rows_n)
            b->before[k] = seek(b, k, b->before[k] > b->now[k] ? b->before[k] : b->now[k] + 1);
        is_known &= b->now[k] < b->rows_n && (!b->needs_before || b->before[k] < b->rows_n);
    }
    return is_known || is_all_read(b);
}

static void measure(struct look_back *b)
{
    measured_init(&b->measured);
    for (int k = 0; k < b->quantities_n; k++) {
        const double *value = b->value + k;
        size_t n = (size_t)b->quantities_n;
        if (b->now[k] < b->rows_n)
            b->measured.latest[b->quantity[k]] = value[(size_t)b->now[k] * n];
        if (b->needs_before && b->now[k] < b->rows_n && b->before[k] < b->rows_n)
            b->measured.before[b->quantity[k]] = value[(size_t)b->before[k] * n];
    }
}

enum status look_back_go(struct look_back *b, struct query *q, enum look_state *state, struct err *e)
{
    enum status st = is_all_read(b) ? ST_OK : read_block(b, q, e);
    *state = LOOK_GOES_ON;
    for (; !st && b->tried < b->rows_n; b->tried++) {
        if (!b->row[b->tried].measures)
            continue;
        if (!bring(b, b->tried))
            return ST_OK;
        measure(b);
        if (condition_holds(&b->condition, &b->measured)) {
            b->step = b->row[b->tried].step;
            b->run = &b->line[b->row[b->tried].line];
            *state = LOOK_FOUND;
            return ST_OK;
        }
    }
    if (!st && is_all_read(b))
        *state = LOOK_NOT_FOUND;
    return st;
}

enum status look_back_newest(struct look_back *b, struct query *q, int blocks, int *known, int *holds,
                             struct err *e)
{
    enum status st = ST_OK;
    *known = *holds = 0;
    while (!st && !*known && blocks-- > 0 && !is_all_read(b)) {
        st = read_block(b, q, e);
        if (!st && b->rows_n > 0)
            *known = bring(b, 0);
    }
    if (st || !*known)
        return st;
    measure(b);
    *holds = condition_holds(&b->condition, &b->measured);
    return ST_OK;
}
