/* The attention of a head: rows are distributions over what came before, they give the forward's own output,
 * and the two terms of MLA's score make the whole. The pane on numbers that are invented here. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/inspect.h"
#include "tests/golden/moments.h"
#include "tests/unit/golden.h"
#include "tests/unit/tiny_run.h"
#include "views/attention_state.h"
#include "views/trace_state.h"

static const char *const dense[] = {"model.attention", "mha", "model.dense_layers", "2", NULL};
static const char *const latent_queries[] = {"model.q_rank", "8", NULL};
static const char *const no_queries[] = {"model.q_rank", "0", NULL};
static const char *const grouped[] = {"model.attention", "mha", "model.heads", "4", "model.kv_heads", "2", NULL};
static const char *const *const variant[] = {NULL, dense, latent_queries, no_queries, grouped};
enum { VARIANTS = 5 };

static struct err e;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

static void check_rows(const struct attention_facts *f)
{
    for (int i = 0; i < f->rows; i++) {
        size_t at = (size_t)i * ((size_t)i + 1) / 2;
        double sum = 0, most = -INFINITY, parts = 0;
        for (int j = 0; j <= i; j++)
            most = fmax(most, (double)f->content[at + j] + (double)f->place[at + j]);
        for (int j = 0; j <= i; j++) {
            sum += (double)f->weight[at + j];
            parts += exp((double)f->content[at + j] + (double)f->place[at + j] - most);
        }
        cr_assert_float_eq(sum, 1, 1e-5, "row %d: %.9g", i, sum);
        for (int j = 0; j <= i; j++)
            cr_assert_float_eq((double)f->weight[at + j],
                               exp((double)f->content[at + j] + (double)f->place[at + j] - most) / parts,
                               1e-5, "row %d, position %d", i, j);
    }
}

Test(attention, rows_are_what_the_forward_used)
{
    struct attention_facts *f = calloc(1, sizeof *f), *copy = calloc(1, sizeof *copy);
    for (int v = 0; v < VARIANTS; v++) {
        struct tiny_run r;
        struct settings s;
        const struct batch *b = &r.t.batch;
        struct inspect_trace x;
        int i = 0, is_plain = variant[v] == dense || variant[v] == grouped;
        tiny_settings(&s, variant[v]);
        tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
        tiny_run_step(&r, NULL);
        while (b->n[i] < 4)
            i++;
        x = (struct inspect_trace){b->prompt[i / b->G], b->token + (size_t)i * b->cap, b->prompt_n[i / b->G],
                                   b->n[i]};
        for (int layer = 0; layer < r.t.model.config.layers_n; layer++)
            for (int head = 0; head < r.t.model.config.heads_n; head++) {
                double turned = 0;
                must(inspect_attention(&r.t, &x, layer, head, f, &e));
                cr_assert(f->rows == x.prompt_n - 1 + x.n && f->layer == layer && f->head == head);
                cr_assert_eq(f->has_parts, !is_plain);
                check_rows(f);
                cr_assert_lt(inspect_attention_output(&r.t, f), 1e-5, "variant %d, layer %d, head %d: %g", v,
                             layer, head, inspect_attention_output(&r.t, f));
                for (int k = 0; k < f->rows * (f->rows + 1) / 2; k++)
                    turned = fmax(turned, fabs((double)f->place[k]));
                cr_assert_eq(turned > 0, !is_plain, "a place has a term of its own with MLA alone");
            }
        inspect_attention_copy(copy, f);
        cr_assert(copy->rows == f->rows &&
                  copy->weight[f->rows * (f->rows + 1) / 2 - 1] ==
                      f->weight[f->rows * (f->rows + 1) / 2 - 1] &&
                  !strcmp(copy->word[f->rows - 1], f->word[f->rows - 1]));
        cr_assert_eq(inspect_attention(&r.t, &x, r.t.model.config.layers_n, 0, f, &e), ST_USAGE);
        cr_assert_eq(inspect_attention(&r.t, &x, 0, -1, f, &e), ST_USAGE);
        tiny_run_release(&r);
    }
    free(f);
    free(copy);
}

/* A head that looks at the token before, and a little at the first. */
static void invent(struct attention_facts *f, const struct snap_follow *follow, int prompt_n)
{
    const char *p = follow->text, *completion = follow->text + follow->prompt_n;

    f->version = 1;
    f->n = follow->tokens_n;
    f->prompt_n = prompt_n;
    f->rows = prompt_n - 1 + f->n;
    f->layers_n = 3;
    f->heads_n = 4;
    f->layer = 1;
    f->head = 2;
    f->has_parts = 1;
    for (int i = 0; i < f->rows; i++) {
        size_t n = strcspn(p += strspn(p, " \n"), " \n"), at = (size_t)i * ((size_t)i + 1) / 2;
        n = p < completion && p + n > completion ? (size_t)(completion - p) : n;
        snprintf(f->word[i], FACT_WORD, "%.*s", (int)n, p);
        p += n;
        for (int j = 0; j <= i; j++) {
            f->weight[at + j] = i == 0 ? 1 : j == i ? 0.5F : j == i - 1 ? 0.3F : 0;
            f->content[at + j] = (float)(j % 5);
            f->place[at + j] = (float)(j - i) / 8;
        }
        for (int j = 0; i > 1 && j < i - 1; j++)
            f->weight[at + j] = 0.2F / (float)(i - 1);
        if (i == 1)
            f->weight[at + 1] = 0.7F;
    }
}

static int words_in(const char *s, int bytes)
{
    int n = 0;

    for (int i = 0; i < bytes; i++)
        n += s[i] != ' ' && (i == 0 || s[i - 1] == ' ');
    return n;
}

struct shown {
    struct moment m;
    struct trace_state trace;
    struct attention_state state;
    struct attention_facts *facts;
};

static void set_up(struct shown *x)
{
    memset(x, 0, sizeof *x);
    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&x->m, "grpo"));
    x->facts = calloc(1, sizeof *x->facts);
    invent(x->facts, &x->m.now->follow, words_in(x->m.now->follow.text, x->m.now->follow.prompt_n));
    x->trace.token_id = -1;
    x->state =
        (struct attention_state){.layer = 1, .head = 2, .layers_n = 3, .heads_n = 4, .facts = x->facts};
    x->m.view.screen = SCREEN_TRACE;
    x->m.view.trace_screen = &x->trace;
    x->m.view.attention = &x->state;
    x->m.view.token = 12;
}

static void tear_down(struct shown *x)
{
    moment_free(&x->m);
    free(x->facts);
}

Test(attention, links_are_the_strongest)
{
    struct shown x;
    struct attention_link link[3];
    double content, place;
    int row;

    set_up(&x);
    row = attention_row(x.facts, 12);
    cr_assert_eq(row, x.facts->prompt_n + 11);
    cr_assert_eq(attention_row(x.facts, x.facts->n), -1);
    cr_assert_eq(attention_links(x.facts, row, 3, 0.001F, link), 3);
    cr_assert(link[0].at == row && link[1].at == row - 1 && link[2].at == 0, "%d %d %d", link[0].at,
              link[1].at, link[2].at);
    cr_assert_eq(attention_links(x.facts, row, 3, 0.1F, link), 2);
    attention_shares(x.facts, row, &content, &place);
    cr_assert(content > 0 && place > 0);
    cr_assert_float_eq(content + place, 1, 1e-9);
    tear_down(&x);
}

Test(golden_attention, pane)
{
    struct shown x;

    set_up(&x);
    golden_screen("attention_side", &x.m.view, 160, 45, CHARS_BRAILLE, 0);
    x.m.view.zoom = x.m.view.focus = PANE_ATTENTION;
    golden_screen("attention", &x.m.view, 160, 45, CHARS_BRAILLE, 0);
    golden_screen("attention", &x.m.view, 80, 24, CHARS_BRAILLE, 0);
    golden_screen("attention", &x.m.view, 40, 10, CHARS_BRAILLE, 0);
    golden_screen("attention", &x.m.view, 80, 24, CHARS_ASCII, 0);
    golden_sizes(&x.m.view, 7, 5);
    x.facts->has_parts = 0;
    golden_sizes(&x.m.view, 17, 9);
    x.m.view.token = -1;
    golden_sizes(&x.m.view, 17, 9);
    x.state.facts = NULL;
    golden_sizes(&x.m.view, 17, 9);
    x.m.view.attention = NULL;
    golden_sizes(&x.m.view, 17, 9);
    tear_down(&x);
}
