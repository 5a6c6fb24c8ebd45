/* The command line as data, and the JSON that is printed. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/args.h"
#include "app/base/json_write.h"
#include "app/cli/cli.h"

/* Words of a line, divided by single blanks; the program's name is put before them. */
static enum status parse(struct args *a, const char *line, struct err *e)
{
    static char text[512];
    static char *argv[64];
    int argc = 0;
    snprintf(text, sizeof text, "%s", line);
    argv[argc++] = (char *)"grpolab";
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return args_parse(a, argc, argv, e);
}

Test(args, options_stand_anywhere)
{
    struct args a;
    struct err e = {0};
    cr_assert_eq(parse(&a, "--threads 2 train --set rl.beta=0 quick --store=x.db --set lr=1e-3 --json", &e),
                 ST_OK, "%s", e.msg);
    cr_assert_str_eq(a.command, "train");
    cr_assert(a.operand.n == 1 && strcmp(a.operand.word[0], "quick") == 0);
    cr_assert(a.threads == 2 && strcmp(a.store, "x.db") == 0);
    cr_assert(a.set.n == 2 && strcmp(a.set.word[1], "lr=1e-3") == 0);
    cr_assert(args_has(&a, OPT_JSON) && args_has(&a, OPT_SET) && !args_has(&a, OPT_QUIET) &&
              !args_has(&a, OPT_SEED));
}

Test(args, values_of_each_kind)
{
    struct args a;
    struct err e = {0};
    cr_assert_eq(parse(&a, "eval r --k 8 --temperature 0.6 --top-p 0.95 --snapshot 160x45 -o f.png -q", &e),
                 ST_OK, "%s", e.msg);
    cr_assert(a.k == 8 && a.temperature == 0.6 && a.top_p == 0.95 && a.snapshot.w == 160 &&
              a.snapshot.h == 45);
    cr_assert_str_eq(a.output, "f.png");
    cr_assert(args_has(&a, OPT_QUIET));
}

Test(args, metrics_take_the_names_that_follow)
{
    struct args a;
    struct err e = {0};
    cr_assert_eq(parse(&a, "plot a b --metric reward kl pass@1 -o f.png", &e), ST_OK);
    cr_assert(a.operand.n == 2 && a.metric.n == 3 && strcmp(a.metric.word[2], "pass@1") == 0);
    cr_assert_eq(parse(&a, "plot --metric reward run --metric kl", &e), ST_OK);
    cr_assert(a.operand.n == 1 && a.metric.n == 2);
}

Test(args, two_dashes_end_the_options)
{
    struct args a;
    struct err e = {0};
    cr_assert_eq(parse(&a, "show -- --json", &e), ST_OK);
    cr_assert(a.operand.n == 1 && !args_has(&a, OPT_JSON));
}

static void refuses(const char *line, const char *named)
{
    struct args a;
    struct err e = {0};
    cr_assert_eq(parse(&a, line, &e), ST_USAGE, "taken: %s", line);
    cr_assert(strstr(e.msg, named), "%s: %s", line, e.msg);
}

Test(args, what_is_wrong_is_named)
{
    refuses("train --step 3", "--steps"); /* the hint */
    refuses("train --frobnicate", "--frobnicate");
    refuses("train -x", "-x");
    refuses("train --steps", "--steps");
    refuses("train --steps three", "three");
    refuses("train --steps -1", "-1");
    refuses("train --steps 3.5", "3.5");
    refuses("train --steps 99999999999999999999", "99999999999999999999");
    refuses("train --threads 0", "--threads");
    refuses("eval r --top-p 1.5", "--top-p");
    refuses("eval r --temperature nan", "--temperature");
    refuses("open --snapshot 80", "--snapshot");
    refuses("open --snapshot 80x", "--snapshot");
    refuses("open --snapshot 80x24x3", "--snapshot");
    refuses("open --snapshot 0x24", "--snapshot");
    refuses("runs --json=1", "--json");
    refuses("runs --store=", "--store");
}

Test(args, too_many_words_are_refused)
{
    struct args a;
    struct err e = {0};
    char *argv[80];
    for (int i = 0; i < 80; i++)
        argv[i] = (char *)"word";
    cr_assert_eq(args_parse(&a, 80, argv, &e), ST_USAGE);
}

Test(args, every_option_has_a_row_and_every_command_its_help)
{
    for (int i = 0; i < OPTION_N; i++) {
        const struct option_row *o = option_row((enum option_id)i);
        cr_assert(o->name && o->meaning, "option %d", i);
        cr_assert_eq(o->value == NULL, o->kind == OPTION_FLAG, "%s", o->name);
        for (int k = 0; k < i; k++)
            cr_assert(strcmp(o->name, option_row((enum option_id)k)->name), "%s stands twice", o->name);
    }
    for (int i = 0; cli_command_at(i); i++) {
        const struct cli_command *c = cli_command_at(i);
        struct str text = {0};
        cli_help_command(c, &text);
        cr_assert(strstr(str_c(&text), c->name) && strstr(str_c(&text), c->summary), "%s", c->name);
        cr_assert(cli_command_find(c->name) == c && c->least <= c->most && c->run, "%s", c->name);
        str_free(&text);
    }
}

static const char *fruit(int i)
{
    static const char *const name[] = {"apple", "pear", "banana", NULL};
    return name[i];
}

Test(args, near_words)
{
    cr_assert_str_eq(near_word("aple", fruit), "apple");
    cr_assert_str_eq(near_word("paer", fruit), "pear");
    cr_assert_str_eq(near_word("ban", fruit), "banana");
    cr_assert_null(near_word("kiwi", fruit));
    cr_assert_null(near_word("", fruit));
}

Test(json_write, is_compact_and_exact)
{
    struct str out = {0};
    struct json_writer w = {.out = &out};
    write_begin(&w, '{');
    write_key(&w, "a");
    write_begin(&w, '[');
    write_number(&w, 0.1);
    write_number(&w, 1.0 / 3);
    write_number(&w, NAN);
    write_number(&w, -INFINITY);
    write_whole(&w, -7);
    write_bool(&w, 1);
    write_null(&w);
    write_end(&w, ']');
    write_key(&w, "b");
    write_begin(&w, '{');
    write_end(&w, '}');
    write_end(&w, '}');
    cr_assert_str_eq(str_c(&out), "{\"a\":[0.1,0.3333333333333333,null,null,-7,true,null],\"b\":{}}");
    str_free(&out);
}

Test(json_write, numbers_read_back_the_same)
{
    char text[32];
    for (int i = 0; i < 1000; i++) {
        double v = ldexp(sin(i * 0.7), i % 120 - 60);
        number_text(v, text);
        cr_assert_eq(strtod(text, NULL), v, "%s", text);
    }
}

Test(json_write, hostile_text_stays_text)
{
    struct str out = {0};
    struct json_writer w = {.out = &out};
    write_text(&w, "\"\\\n\x1b[2J\0\x7f", 9);
    cr_assert_str_eq(str_c(&out), "\"\\\"\\\\\\u000a\\u001b[2J\\u0000\\u007f\"");
    str_clear(&out);
    w.needs_comma = 0;
    /* A bad byte, a cut sequence, an overlong one, a surrogate; and an honest one. */
    write_word(&w, "\xff \xc3 \xc0\x80 \xed\xa0\x80 \xc3\xa4");
    cr_assert_str_eq(str_c(&out), "\"\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd "
                                  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa4\"");
    str_free(&out);
}

Test(cli, text_for_a_terminal_has_no_controls)
{
    struct str out = {0};
    cli_safe(&out, "a\x1b[31m\x7f\xc2\x9b\n\xc3\xa4", 12);
    cr_assert_str_eq(str_c(&out), "a?[31m???\xc3\xa4");
    str_free(&out);
}

Test(cli, exit_statuses)
{
    cr_assert_eq(cli_exit_status(ST_OK), 0);
    cr_assert_eq(cli_exit_status(ST_USAGE), 2);
    cr_assert_eq(cli_exit_status(ST_NOTFOUND), 2);
    cr_assert_eq(cli_exit_status(ST_BUSY), 1);
    cr_assert_eq(cli_exit_status(ST_CANCELLED), 1);
}
