/* Reading steps: metrics of a range, one step whole.
 *
 * Design: a range of steps is a range scan over the primary key (run, step, ..);
 * rows of several tables that belong to one step are read within one
 * transaction. What is handed out is the caller's, in plain malloc'ed memory.
 *
 * Invariant: on failure nothing is handed out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/store/query.h"
#include "engine/store/store_db.h"

enum status query_no_memory(struct err *e, const char *what)
{
    return err_set(e, ST_NOMEM, "store", "no memory for %s", what);
}

enum status query_no_step(struct query *q, int64_t run, int64_t step, struct err *e)
{
    char name[NAME_BYTES];
    int64_t head = 0, first = 0;
    sqlite3_stmt *s;
    enum status st = query_name(q, run, name, e);
    if (st)
        return st;
    s = db_select(&q->db, e, "SELECT min(step), max(step) FROM step WHERE run = ?1", "l", run);
    if (s && db_next(&q->db, s, e) > 0) {
        first = sqlite3_column_int64(s, 0);
        head = sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    return err_set(e, ST_NOTFOUND, "store", "run '%s' has no step %lld; it has steps %lld to %lld", name,
                   (long long)step, (long long)first, (long long)head);
}

/* Which metric of this program an id of the file means: names decide, a name that is not known here is -1. */
struct metric_map {
    int64_t *metric;
    int64_t n;
};

static enum status map_load(struct query *q, struct metric_map *map, struct err *e)
{
    enum { MOST = 1 << 16 }; /* a file with more names than this is not ours */
    int64_t n = 0;
    int got = -1;
    sqlite3_stmt *s;
    enum status st = db_number(&q->db, "SELECT coalesce(max(id), 0) + 1 FROM metric_name", &n, e);
    if (st)
        return st;
    if (n < 1 || n > MOST)
        return err_set(e, ST_CORRUPT, "store", "%s is damaged: its table of metrics", q->db.shown);
    map->metric = malloc((size_t)n * sizeof *map->metric);
    if (!map->metric)
        return query_no_memory(e, "the names of metrics");
    map->n = n;
    for (int64_t i = 0; i < n; i++)
        map->metric[i] = -1;
    s = db_select(&q->db, e, "SELECT id, name FROM metric_name WHERE id > 0", "");
    while (s && (got = db_next(&q->db, s, e)) > 0)
        if (sqlite3_column_int64(s, 0) < n)
            map->metric[sqlite3_column_int64(s, 0)] = metric_find(db_column_text(s, 1));
    sqlite3_finalize(s);
    return got < 0 ? q->db.status : ST_OK;
}

static void map_put(const struct metric_map *map, sqlite3_stmt *s, int id_column, double *value)
{
    int64_t id = sqlite3_column_int64(s, id_column);
    if (id > 0 && id < map->n && map->metric[id] >= 0)
        value[map->metric[id]] = sqlite3_column_double(s, id_column + 1);
}

static enum status load_steps(struct query *q, int64_t run, int64_t first, int64_t last, int64_t **step,
                              int *n, struct err *e)
{
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s =
        db_select(&q->db, e,
                  "SELECT step FROM step WHERE run = ?1 AND step BETWEEN ?2 AND ?3"
                  " AND (step > (SELECT min(f.step) FROM step f WHERE f.run = ?1)"
                  "      OR EXISTS (SELECT 1 FROM metric m WHERE m.run = ?1 AND m.step = step.step))"
                  " ORDER BY step",
                  "lll", run, first, last);
    if (!s)
        return q->db.status;
    while (!st && (got = db_next(&q->db, s, e)) > 0) {
        if (!query_grow(step, *n, sizeof **step))
            st = query_no_memory(e, "the steps of a run");
        else
            (*step)[(*n)++] = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return !st && got < 0 ? q->db.status : st;
}

enum status query_metrics(struct query *q, int64_t run, int64_t first, int64_t last, int64_t **step,
                          double **value, int *n, struct err *e)
{
    struct metric_map map = {0};
    sqlite3_stmt *s = NULL;
    int got = 0, row = 0;
    enum status st = query_begin(q, e);
    *step = NULL;
    *value = NULL;
    *n = 0;
    if (st)
        return st;
    st = map_load(q, &map, e);
    if (!st)
        st = load_steps(q, run, first, last, step, n, e);
    if (st || !*n)
        goto out;
    *value = malloc((size_t)*n * METRIC_N * sizeof **value);
    if (!*value) {
        st = query_no_memory(e, "the metrics of a run");
        goto out;
    }
    for (size_t i = 0; i < (size_t)*n * METRIC_N; i++)
        (*value)[i] = (double)NAN;
    s = db_select(&q->db, e,
                  "SELECT step, metric, value FROM metric WHERE run = ?1 AND step BETWEEN ?2 AND ?3"
                  " ORDER BY step",
                  "lll", run, first, last);
    while (s && (got = db_next(&q->db, s, e)) > 0) {
        int64_t at = sqlite3_column_int64(s, 0);
        while (row < *n && (*step)[row] < at)
            row++;
        if (row < *n && (*step)[row] == at)
            map_put(&map, s, 1, *value + (size_t)row * METRIC_N);
    }
    if (!s || got < 0)
        st = q->db.status;
out:
    sqlite3_finalize(s);
    free(map.metric);
    if (st) {
        free(*step);
        free(*value);
        *step = NULL;
        *value = NULL;
        *n = 0;
    }
    return query_end(q, st);
}

enum status query_read_digest(struct query *q, sqlite3_stmt *s, int column, int64_t step, struct digest *out,
                              struct err *e)
{
    if (sqlite3_column_bytes(s, column) != DIGEST_BYTES)
        return err_set(e, ST_CORRUPT, "store", "%s is damaged: the digest of step %lld", q->db.shown,
                       (long long)step);
    memcpy(out->byte, sqlite3_column_blob(s, column), DIGEST_BYTES);
    return ST_OK;
}

static enum status load_head(struct query *q, int64_t run, int64_t step, struct query_step *out,
                             struct err *e)
{
    struct metric_map map = {0};
    int got;
    enum status st;
    sqlite3_stmt *s = db_select(&q->db, e, "SELECT digest, seconds FROM step WHERE run = ?1 AND step = ?2",
                                "ll", run, step);
    got = s ? db_next(&q->db, s, e) : -1;
    st = got < 0 ? q->db.status
         : got   ? query_read_digest(q, s, 0, step, &out->digest, e)
                 : query_no_step(q, run, step, e);
    if (!st)
        out->seconds = db_real(s, 1);
    sqlite3_finalize(s);
    if (st)
        return st;
    out->step = step;
    for (int m = 0; m < METRIC_N; m++)
        out->metric[m] = (double)NAN;
    st = map_load(q, &map, e);
    if (!st) {
        s = db_select(&q->db, e, "SELECT metric, value FROM metric WHERE run = ?1 AND step = ?2", "ll", run,
                      step);
        while (s && (got = db_next(&q->db, s, e)) > 0)
            map_put(&map, s, 0, out->metric);
        st = !s || got < 0 ? q->db.status : ST_OK;
        sqlite3_finalize(s);
    }
    free(map.metric);
    return st;
}

static enum status load_experts(struct query *q, int64_t run, int64_t step, struct query_step *out,
                                struct err *e)
{
    int got, n = 0, cells;
    enum status st = ST_OK;
    sqlite3_stmt *s = db_select(&q->db, e,
                                "SELECT count(*), max(layer) + 1, max(expert) + 1 FROM expert_load"
                                " WHERE run = ?1 AND step = ?2",
                                "ll", run, step);
    if (!s || db_next(&q->db, s, e) < 0) {
        sqlite3_finalize(s);
        return q->db.status;
    }
    n = sqlite3_column_int(s, 0);
    out->layers_n = sqlite3_column_int(s, 1);
    out->experts_n = sqlite3_column_int(s, 2);
    sqlite3_finalize(s);
    cells = out->layers_n * out->experts_n;
    if (!n)
        return ST_OK;
    if (n != cells)
        return err_set(e, ST_CORRUPT, "store", "%s is damaged: the expert load of step %lld", q->db.shown,
                       (long long)step);
    out->load = calloc((size_t)n, sizeof *out->load);
    out->bias = calloc((size_t)n, sizeof *out->bias);
    if (!out->load || !out->bias)
        return query_no_memory(e, "the expert load of a step");
    s = db_select(&q->db, e,
                  "SELECT load, bias FROM expert_load WHERE run = ?1 AND step = ?2 ORDER BY layer, expert",
                  "ll", run, step);
    for (int i = 0; s && (got = db_next(&q->db, s, e)) != 0; i++) {
        if (got < 0 || i >= n) {
            st = got < 0 ? q->db.status : ST_CORRUPT;
            break;
        }
        out->load[i] = (float)db_real(s, 0);
        out->bias[i] = (float)db_real(s, 1);
    }
    if (!s)
        st = q->db.status;
    sqlite3_finalize(s);
    return st;
}

static enum status load_groups(struct query *q, int64_t run, int64_t step, struct query_step *out,
                               struct err *e)
{
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s = db_select(&q->db, e,
                                "SELECT problem, prompt, mean, std, flat FROM trace_group"
                                " WHERE run = ?1 AND step = ?2 ORDER BY group_no",
                                "ll", run, step);
    while (s && !st && (got = db_next(&q->db, s, e)) > 0) {
        struct record_group *g;
        if (!query_grow(&out->group, out->groups_n, sizeof *g)) {
            st = query_no_memory(e, "the groups of a step");
            break;
        }
        g = &out->group[out->groups_n++];
        g->problem = strdup(db_column_text(s, 0));
        g->prompt = strdup(db_column_text(s, 1));
        g->mean = db_real(s, 2);
        g->std = db_real(s, 3);
        g->flat = sqlite3_column_int(s, 4);
        if (!g->problem || !g->prompt)
            st = query_no_memory(e, "the groups of a step");
    }
    sqlite3_finalize(s);
    return !st && (!s || got < 0) ? q->db.status : st;
}

/* One block for a trace's three arrays; it starts with the log-probabilities. */
static enum status unpack(struct query *q, sqlite3_stmt *s, int column, int64_t step, struct record_trace *t,
                          struct err *e)
{
    const void *data = sqlite3_column_blob(s, column);
    size_t n = (size_t)t->n;
    float *block;
    if (!trace_check(data, (size_t)sqlite3_column_bytes(s, column), t->n))
        return err_set(e, ST_CORRUPT, "store", "%s is damaged: the tokens of trace %d of group %d, step %lld",
                       q->db.shown, t->index, t->group, (long long)step);
    if (!n)
        return ST_OK;
    block = malloc(n * (2 * sizeof(float) + sizeof(uint16_t)));
    if (!block)
        return query_no_memory(e, "the tokens of a trace");
    t->logp = block;
    t->entropy = block + n;
    t->token = (uint16_t *)(void *)(block + 2 * n);
    trace_unpack(data, t->n, (uint16_t *)(void *)(block + 2 * n), block, block + n);
    return ST_OK;
}

static enum status load_traces(struct query *q, int64_t run, int64_t step, int with_tokens,
                               struct query_step *out, struct err *e)
{
    int got = -1;
    enum status st = ST_OK;
    sqlite3_stmt *s = db_select(&q->db, e,
                                "SELECT group_no, index_no, n, reward, advantage, accuracy, format, at, why,"
                                " cut_off, aha, tokens FROM trace WHERE run = ?1 AND step = ?2"
                                " ORDER BY group_no, index_no",
                                "ll", run, step);
    while (s && !st && (got = db_next(&q->db, s, e)) > 0) {
        struct record_trace *t;
        if (!query_grow(&out->trace, out->traces_n, sizeof *t)) {
            st = query_no_memory(e, "the traces of a step");
            break;
        }
        t = &out->trace[out->traces_n++];
        *t = (struct record_trace){.group = sqlite3_column_int(s, 0),
                                   .index = sqlite3_column_int(s, 1),
                                   .n = sqlite3_column_int(s, 2),
                                   .reward = db_real(s, 3),
                                   .advantage = db_real(s, 4),
                                   .accuracy = db_real(s, 5),
                                   .format = db_real(s, 6),
                                   .at = sqlite3_column_int(s, 7),
                                   .why = strdup(db_column_text(s, 8)),
                                   .cut_off = sqlite3_column_int(s, 9),
                                   .aha = sqlite3_column_int(s, 10)};
        if (!t->why)
            st = query_no_memory(e, "the traces of a step");
        else if (with_tokens)
            st = unpack(q, s, 11, step, t, e);
    }
    sqlite3_finalize(s);
    return !st && (!s || got < 0) ? q->db.status : st;
}

enum status query_step(struct query *q, int64_t run, int64_t step, int with_tokens, struct query_step *out,
                       struct err *e)
{
    enum status st;
    memset(out, 0, sizeof *out);
    st = query_begin(q, e);
    if (st)
        return st;
    st = load_head(q, run, step, out, e);
    if (!st)
        st = load_experts(q, run, step, out, e);
    if (!st)
        st = load_groups(q, run, step, out, e);
    if (!st)
        st = load_traces(q, run, step, with_tokens, out, e);
    if (st)
        query_step_free(out);
    return query_end(q, st);
}

void query_step_free(struct query_step *s)
{
    for (int i = 0; i < s->groups_n; i++) {
        free((void *)s->group[i].problem);
        free((void *)s->group[i].prompt);
    }
    for (int i = 0; i < s->traces_n; i++) {
        free((void *)s->trace[i].logp);
        free((void *)s->trace[i].why);
    }
    free(s->group);
    free(s->trace);
    free(s->load);
    free(s->bias);
    memset(s, 0, sizeof *s);
}
