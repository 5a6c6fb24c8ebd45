/* `bench`: the table of topics, what they share, and how the figures are shown. */
#include "app/bench/bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/base/json_write.h"

static const struct {
    const char *name;
    enum status (*run)(struct bench *b, struct err *e);
} topic[] = {
    {"train", bench_train}, {"generate", bench_generate}, {"step", bench_step}, {"bf16", bench_bf16},
    {"store", bench_of_store}, {"ui", bench_ui},
};

enum { TOPICS = sizeof topic / sizeof *topic };

const struct bench_shape bench_shape[BENCH_SHAPES] = {
    {"A", 4, 128, 4, 256, 128, 344},
    {"B", 6, 256, 4, 256, 256, 688},
};

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

void bench_add(struct bench *b, double value, const char *unit, double peer, const char *fmt, ...)
{
    struct bench_row *r = &b->row[b->n];
    va_list ap;
    if (b->n == BENCH_ROWS)
        return;
    b->n++;
    va_start(ap, fmt);
    vsnprintf(r->name, sizeof r->name, fmt, ap);
    va_end(ap);
    r->value = value;
    r->unit = unit;
    r->peer = peer;
}

static void print_json(const struct bench *b)
{
    struct str text = {0};
    struct json_writer w = {.out = &text};
    write_begin(&w, '[');
    for (int i = 0; i < b->n; i++) {
        const struct bench_row *r = &b->row[i];
        write_begin(&w, '{');
        write_key(&w, "name");
        write_word(&w, r->name);
        write_key(&w, "value");
        write_number(&w, r->value);
        write_key(&w, "unit");
        write_word(&w, r->unit);
        write_key(&w, "peer");
        write_number(&w, r->peer);
        write_key(&w, "ratio");
        write_number(&w, r->value / r->peer);
        write_end(&w, '}');
    }
    write_end(&w, ']');
    str_add(&text, "\n");
    cli_print(&text);
    str_free(&text);
}

static void print_text(const struct bench *b)
{
    printf("%-40s %12s %-9s %12s %7s\n", "", "grpolab", "", "PyTorch", "ratio");
    for (int i = 0; i < b->n; i++) {
        const struct bench_row *r = &b->row[i];
        printf("%-40s %12.5g %-9s", r->name, r->value, r->unit);
        if (isfinite(r->peer))
            printf(" %12.5g %6.2fx", r->peer, r->value / r->peer);
        printf("\n");
    }
}

static int is_asked(const struct words *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->word[i], name) == 0)
            return 1;
    return names->n == 0;
}

static enum status check_names(const struct words *names, struct err *e)
{
    for (int i = 0; i < names->n; i++) {
        int known = 0;
        for (int k = 0; k < TOPICS; k++)
            known |= strcmp(names->word[i], topic[k].name) == 0;
        if (!known)
            return err_set(e, ST_USAGE, "bench",
                           "there is no '%.40s'; there are train, generate, step, bf16, store, ui", names->word[i]);
    }
    return ST_OK;
}

enum status cli_bench(struct cli *c, struct err *e)
{
    struct bench *b;
    enum status st = check_names(&c->args.operand, e);
    if (st)
        return st;
    b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, ST_NOMEM, "bench", "no memory for the figures");
    b->c = c;
    b->quick = args_has(&c->args, OPT_QUICK);
    b->cores = sysconf(_SC_NPROCESSORS_ONLN) > 1 && !(args_has(&c->args, OPT_THREADS) && c->args.threads == 1)
                   ? 2
                   : 1;
    for (int i = 0; i < TOPICS && !st; i++)
        if (is_asked(&c->args.operand, topic[i].name)) {
            cli_note(c, "measuring %s", topic[i].name);
            st = topic[i].run(b, e);
        }
    if (!st && args_has(&c->args, OPT_JSON))
        print_json(b);
    else if (!st)
        print_text(b);
    free(b);
    return st;
}
