/* `texts`: what a run learns from, and what became of each text. */
#include "app/cli/cli.h"

#include <stdio.h>

#include "app/base/json_write.h"
#include "app/desk/moment.h"

struct printer {
    struct str text;
    struct json_writer w;
    int json;
};

static const char *kept_word(const struct record_example *x)
{
    if (x->verdict == VERDICT_EDITED && x->kind == EXAMPLE_PAIR)
        return "turned";
    return x->verdict != VERDICT_RULE ? verdict_name(x->verdict) : x->kept ? "kept" : "dropped";
}

static void print_object(struct json_writer *w, int place, const struct record_example *x)
{
    write_begin(w, '{');
    write_key(w, "number");
    write_whole(w, place + 1);
    write_key(w, "kind");
    write_word(w, x->kind == EXAMPLE_PAIR ? "pair" : "trace");
    write_key(w, "kept");
    write_bool(w, x->kept);
    write_key(w, "verdict");
    write_word(w, verdict_name(x->verdict));
    write_key(w, "source");
    write_word(w, x->source);
    write_key(w, "prompt");
    write_word(w, x->prompt);
    write_key(w, x->kind == EXAMPLE_PAIR ? "preferred" : "text");
    write_word(w, x->text);
    if (x->kind == EXAMPLE_PAIR) {
        write_key(w, "other");
        write_word(w, x->other);
        write_key(w, "respect");
        write_word(w, x->respect == PREFER_HARMLESS ? "harmless" : "helpful");
    }
    write_key(w, "why");
    write_word(w, x->why);
    write_key(w, "accuracy");
    write_number(w, x->accuracy);
    write_key(w, "format");
    write_number(w, x->format);
    write_key(w, "language");
    write_number(w, x->language);
    write_key(w, "readability");
    write_number(w, x->readable);
    write_end(w, '}');
}

static void print_line(struct str *out, int place, const struct record_example *x)
{
    char prompt[48];
    moment_prompt(x->prompt, prompt, sizeof prompt);
    str_printf(out, "%5d %-8s ", place + 1, kept_word(x));
    if (x->kind == EXAMPLE_PAIR)
        str_printf(out, "more %s, ", x->respect == PREFER_HARMLESS ? "harmless" : "helpful");
    else
        str_printf(out, "accuracy %-4.2g readable %-5.3g ", x->accuracy, x->readable);
    str_printf(out, "%s: ", prompt);
    str_add(out, x->text);
    if (x->kind == EXAMPLE_PAIR)
        str_printf(out, "  > over %s", x->other);
    if (x->why[0])
        str_printf(out, "  (%s)", x->why);
}

static enum status print(void *ctx, int place, const struct record_example *x, struct err *e)
{
    struct printer *p = ctx;
    struct str line = {0};
    (void)e;
    if (p->json) {
        print_object(&p->w, place, x);
    } else {
        print_line(&line, place, x);
        cli_safe(&p->text, str_c(&line), line.n);
        str_add(&p->text, "\n");
    }
    str_free(&line);
    return ST_OK;
}

enum status cli_texts(struct cli *c, struct err *e)
{
    struct printer p = {.json = args_has(&c->args, OPT_JSON)};
    struct record_run run = {0};
    struct query *q;
    int n = 0, kept = 0;
    enum status st = cli_query(c, &q, e);
    p.w.out = &p.text;
    if (!st)
        st = query_run(q, c->args.operand.word[0], &run, e);
    if (!st)
        st = query_examples_n(q, run.id, &n, &kept, e);
    if (p.json)
        write_begin(&p.w, '[');
    if (!st)
        st = query_examples(q, run.id, 0, -1, 0, print, &p, e);
    if (p.json) {
        write_end(&p.w, ']');
        str_add(&p.text, "\n");
    } else if (!st && n) {
        str_printf(&p.text, "%s learns from %d of %d texts\n", run.name, kept, n);
    } else if (!st) {
        str_printf(&p.text, "%s learns from no collected text\n", run.name);
    }
    if (!st)
        cli_print(&p.text);
    str_free(&p.text);
    return st;
}
