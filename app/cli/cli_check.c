/* `check`: is the store whole, and does a run's last keyframe interval come out again to the bit.
 * `--version`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/environment.h"
#include "app/base/json_write.h"
#include "app/cli/cli.h"

/* The newest keyframe that steps follow; where the latest step has one, the interval that ends there. */
static enum status last_interval(struct query *q, const struct record_run *run, int64_t *begin, struct err *e)
{
    int64_t *step;
    int n;
    enum status st = query_keyframes(q, run->id, &step, &n, e);
    if (st)
        return st;
    *begin = run->step;
    for (int i = 0; i < n; i++)
        if (step[i] < run->step)
            *begin = step[i];
    free(step);
    return ST_OK;
}

static enum status replay(struct cli *c, struct session *s, const char *what, int64_t *begin,
                          struct record_run *run, struct err *e)
{
    char id[24];
    int64_t step;
    enum status st = cli_find(c, what, run, &step, e);
    if (!st && step >= 0)
        st = err_set(e, ST_USAGE, "check", "a run is checked up to its latest step; leave @%lld out",
                     (long long)step);
    if (!st)
        st = last_interval(s->query, run, begin, e);
    if (st)
        return st;
    snprintf(id, sizeof id, "%lld", (long long)run->id);
    st = session_open(s, id, *begin, 0, e);
    while (!st && s->trainer->step < run->step)
        st = session_step(s, e);
    return st;
}

enum status cli_check(struct cli *c, struct err *e)
{
    struct session *s;
    struct query *q;
    struct record_run run;
    int64_t begin = 0;
    const char *what = c->args.operand.n ? c->args.operand.word[0] : NULL;
    int json = args_has(&c->args, OPT_JSON);
    /* Asked of the read side first: a check makes no store where there is none. */
    enum status st = cli_query(c, &q, e);
    if (!st)
        st = cli_session(c, &s, e);
    if (!st)
        st = store_check(s->store, e);
    if (st)
        return st;
    if (!json)
        printf("store: whole\n");
    if (what)
        st = replay(c, s, what, &begin, &run, e);
    if (st)
        return st;
    if (what && !json)
        printf("%s: steps %lld to %lld replayed, every digest equal\n", run.name, (long long)begin,
               (long long)run.step);
    if (json && what)
        printf("{\"store\":\"whole\",\"id\":%lld,\"first\":%lld,\"last\":%lld,\"equal\":true}\n",
               (long long)run.id, (long long)begin, (long long)run.step);
    else if (json)
        printf("{\"store\":\"whole\"}\n");
    return ST_OK;
}

enum status cli_version(struct cli *c, struct err *e)
{
    struct str text = {0}, out = {0};
    struct json_writer w = {.out = &out};
    char key[64];
    (void)e;
    environment_print(&text);
    if (!args_has(&c->args, OPT_JSON)) {
        str_printf(&out, "grpolab %s\n%s", environment_version(), str_c(&text));
    } else {
        write_begin(&w, '{');
        for (const char *p = str_c(&text); *p;) {
            size_t n = strcspn(p, "\n");
            const char *eq = strstr(p, " = ");
            if (eq && eq < p + n) {
                snprintf(key, sizeof key, "%.*s", (int)(eq - p), p);
                write_key(&w, key);
                write_text(&w, eq + 3, (size_t)(p + n - eq - 3));
            }
            p += n + (p[n] == '\n');
        }
        write_end(&w, '}');
        str_add(&out, "\n");
    }
    cli_print(&out);
    str_free(&text);
    str_free(&out);
    return ST_OK;
}
