/* Questions about a run's past that need its weights. */
#include "app/probe.h"

#include <string.h>

enum status probe_init(struct probe *p, const char *store_path, int wake, struct err *e)
{
    (void)store_path;
    (void)e;
    memset(p, 0, sizeof *p);
    p->wake = wake;
    return ST_OK;
}

void probe_release(struct probe *p)
{
    (void)p;
}

enum status probe_ask(struct probe *p, const struct probe_question *q, struct err *e)
{
    (void)p;
    (void)q;
    return err_set(e, ST_USAGE, "probe", "not yet");
}

int probe_look(struct probe *p, struct trace_facts *facts, struct routing_facts *routing,
               struct what_if_facts *what_if, char *doing, double *progress, struct err *error)
{
    (void)p;
    (void)facts;
    (void)routing;
    (void)what_if;
    (void)doing;
    (void)progress;
    (void)error;
    return 0;
}
