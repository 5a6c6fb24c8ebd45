/* The command line: finds the command, checks that it takes what it was given, runs it, and turns what came
 * out into messages and an exit status. Errors of stdout (a reader that went away, a full disk) are looked
 * for once, after the command: then the result did not arrive, and that is a failure. */
#include "app/cli/cli.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/workbench.h"
#include "scenarios/registry.h"

int cli_exit_status(enum status st)
{
    switch (st) {
    case ST_OK:
        return EXIT_DONE;
    case ST_USAGE:
    case ST_NOTFOUND:
        return EXIT_WRONG;
    default:
        return EXIT_FAILED;
    }
}

void cli_complain(const struct err *e)
{
    fprintf(stderr, "grpolab: %s: %s\n", e->where[0] ? e->where : status_name(e->code), e->msg);
}

void cli_unmet(struct cli *c, const char *option, const char *condition, const char *why)
{
    c->unmet = 1;
    fprintf(stderr, "grpolab: %s '%s': %s\n", option, condition, why);
}

void cli_note(const struct cli *c, const char *fmt, ...)
{
    va_list ap;
    if (args_has(&c->args, OPT_QUIET))
        return;
    va_start(ap, fmt);
    fputs("grpolab: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

/* The first error of stdout, which the stream itself forgets. */
static int output_error;

int cli_print(const struct str *text)
{
    errno = 0;
    if ((fwrite(str_c(text), 1, text->n, stdout) < text->n || fflush(stdout)) && !output_error)
        output_error = errno ? errno : EIO;
    return !output_error;
}

void cli_safe(struct str *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)text[i];
        /* The controls of C0, and those of C1 as UTF-8 writes them. */
        if (b < 0x20 || b == 0x7f || (b == 0xc2 && i + 1 < n && (unsigned char)text[i + 1] < 0xa0 && ++i))
            str_add(out, "?");
        else
            str_add_n(out, (const char *)&b, 1);
    }
}

static const char *metric_name(int i)
{
    return i < METRIC_N ? metric_row(i)->name : NULL;
}

void cli_near_metric(const char *name, char *out, size_t bytes)
{
    near_hint(name, metric_name, out, bytes);
    if (!out[0])
        snprintf(out, bytes, "; `grpolab settings` lists them");
}

/* Where the database is: --store, GRPOLAB_STORE, the XDG data folder. A relative XDG_DATA_HOME is to be
 * ignored. */
static enum status find_store(struct cli *c, struct err *e)
{
    const char *given = args_has(&c->args, OPT_STORE) ? c->args.store : getenv("GRPOLAB_STORE");
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n;
    if (given && given[0]) {
        n = snprintf(c->store, sizeof c->store, "%s", given);
    } else if (data && data[0] == '/') {
        n = snprintf(c->store, sizeof c->store, "%s/grpolab/lab.db", data);
    } else {
        struct passwd *user = home && home[0] ? NULL : getpwuid(getuid());
        if (user)
            home = user->pw_dir;
        if (!home || !home[0])
            return err_set(e, ST_USAGE, "store",
                           "there is no home folder; name a database with --store FILE");
        n = snprintf(c->store, sizeof c->store, "%s/.local/share/grpolab/lab.db", home);
    }
    return n < (int)sizeof c->store ? ST_OK
                                    : err_set(e, ST_USAGE, "store", "the path of the database is too long");
}

enum status cli_query(struct cli *c, struct query **q, struct err *e)
{
    enum status st = ST_OK;
    struct stat s;
    if (!c->query && stat(c->store, &s) && errno == ENOENT)
        return err_set(e, ST_NOTFOUND, "store",
                       "there is no %.120s; `grpolab train quick` makes it, --store names another", c->store);
    if (!c->query)
        st = query_open(&c->query, c->store, e);
    if (st == ST_FAILED) { /* of an older program: opening it for writing brings it up to date */
        struct store *store;
        st = store_open(&store, c->store, NULL, e);
        if (!st) {
            store_close(store);
            st = query_open(&c->query, c->store, e);
        }
    }
    *q = c->query;
    return st;
}

enum status cli_session(struct cli *c, struct session **s, struct err *e)
{
    enum status st = ST_OK;
    if (!c->has_session)
        st = session_init(&c->session, c->store, (int)c->args.threads, e);
    c->has_session = st == ST_OK;
    *s = &c->session;
    return st;
}

enum status cli_find(struct cli *c, const char *what, struct record_run *run, int64_t *step, struct err *e)
{
    char name[256], *at, *end;
    struct query *q = NULL;
    enum status st;
    *step = -1;
    if (snprintf(name, sizeof name, "%s", what) >= (int)sizeof name)
        return err_set(e, ST_USAGE, "run", "a name of %zu bytes is too long", strlen(what));
    at = strrchr(name, '@');
    if (at) {
        *at++ = 0;
        errno = 0;
        *step = strtoll(at, &end, 10);
        if (end == at || *end || errno || *at < '0' || *at > '9')
            return err_set(e, ST_USAGE, "run", "'%.60s': after @ comes a step, a whole number", what);
    }
    st = cli_query(c, &q, e);
    return st ? st : query_run(q, name, run, e);
}

enum status cli_open(struct cli *c, const char *what, struct session **s, struct err *e)
{
    struct record_run run = {0};
    char id[24];
    int64_t step = -1;
    enum status st = cli_find(c, what, &run, &step, e);
    if (!st)
        st = cli_session(c, s, e);
    if (st)
        return st;
    snprintf(id, sizeof id, "%lld", (long long)run.id);
    return session_open(*s, id, step, 0, e);
}

/* The seed that --set or --seed names, which must be a whole number. */
static enum status find_seed(const struct cli *c, uint64_t *seed, struct err *e)
{
    for (int i = 0; i < c->args.set.n; i++) {
        const char *text = c->args.set.word[i];
        char *end;
        if (strncmp(text, "seed=", 5))
            continue;
        errno = 0;
        *seed = strtoull(text + 5, &end, 10);
        if (text[5] < '0' || text[5] > '9' || *end || errno)
            return err_set(e, ST_USAGE, "settings", "%.60s: the seed is a whole number", text);
    }
    if (args_has(&c->args, OPT_SEED))
        *seed = (uint64_t)c->args.seed;
    return ST_OK;
}

enum status cli_settings(struct cli *c, const char *what, struct settings *out, uint64_t *seed, struct err *e)
{
    uint64_t ignored = 0;
    enum status st = find_seed(c, seed, e);
    if (!st)
        st = presets_load(what, c->args.set.word, c->args.set.n, out, &ignored, e);
    return st;
}

static const char *command_name(int i)
{
    const struct cli_command *c = cli_command_at(i);
    return c ? c->name : NULL;
}

/* Which command, and whether it takes these operands and options. */
static enum status find_command(struct cli *c, struct err *e)
{
    const struct args *a = &c->args;
    const char *name = a->command ? a->command : "open";
    uint64_t extra;
    char hint[64];
    c->command = cli_command_find(name);
    if (!c->command) {
        near_hint(name, command_name, hint, sizeof hint);
        return err_set(e, ST_USAGE, "arguments", "there is no command '%.40s'%s", name,
                       hint[0] ? hint : "; `grpolab help` lists them");
    }
    if (args_has(a, OPT_HELP))
        return ST_OK;
    extra = a->given & ~(c->command->options | OPTIONS_GLOBAL);
    for (int i = 0; i < OPTION_N; i++)
        if (extra & OPTION_BIT(i))
            return err_set(e, ST_USAGE, "arguments", "`%s` takes no --%s", name,
                           option_row((enum option_id)i)->name);
    if (a->operand.n < c->command->least)
        return err_set(e, ST_USAGE, "arguments", "`%s` needs %s", name, c->command->arguments);
    if (a->operand.n > c->command->most)
        return err_set(e, ST_USAGE, "arguments", "`%s` does not take '%.60s'", name,
                       a->operand.word[c->command->most]);
    return ST_OK;
}

static void print_usage(const struct cli_command *c)
{
    struct str text = {0};
    cli_help_usage(c, &text);
    fprintf(stderr, "usage: %s\n", str_c(&text));
    str_free(&text);
}

/* Whether all that was printed has arrived. A reader that has enough is not worth a message. */
static int arrived(void)
{
    errno = 0;
    if (fflush(stdout) && !output_error)
        output_error = errno ? errno : EIO;
    if (output_error && output_error != EPIPE)
        fprintf(stderr, "grpolab: output: cannot write: %s\n", strerror(output_error));
    return !output_error;
}

static enum status run_command(struct cli *c, struct err *e)
{
    struct str text = {0};
    if (args_has(&c->args, OPT_HELP)) {
        if (c->args.command)
            cli_help_command(c->command, &text);
        else
            cli_help_program(&text);
    } else if (args_has(&c->args, OPT_MAN)) {
        cli_help_man(&text);
    } else if (args_has(&c->args, OPT_VERSION)) {
        return cli_version(c, e);
    } else {
        enum status st = find_store(c, e);
        return st ? st : c->command->run(c, e);
    }
    cli_print(&text);
    str_free(&text);
    return ST_OK;
}

int cli_main(int argc, char *const *argv)
{
    struct cli *c = calloc(1, sizeof *c);
    struct err e = {0};
    enum status st;
    int out;
    if (!c)
        return EXIT_FAILED;
    st = args_parse(&c->args, argc, argv, &e);
    if (!st && !(c->args.given & (OPTION_BIT(OPT_VERSION) | OPTION_BIT(OPT_MAN))))
        st = find_command(c, &e);
    if (st && c->args.command && !c->command)
        c->command = cli_command_find(c->args.command);
    if (st) {
        cli_complain(&e);
        if (c->command)
            print_usage(c->command);
    } else {
        st = run_command(c, &e);
        if (st)
            cli_complain(&e);
    }
    out = st ? cli_exit_status(st) : c->unmet ? EXIT_UNMET : EXIT_DONE;
    if (c->has_session)
        session_release(&c->session);
    query_close(c->query);
    if (!arrived() && out == EXIT_DONE)
        out = EXIT_FAILED;
    free(c);
    return out;
}

enum status cli_open_workbench(struct cli *c, struct err *e)
{
    const char *target = c->args.operand.n ? c->args.operand.word[0] : NULL;
    struct workbench_picture picture = {c->args.snapshot.w, c->args.snapshot.h, c->args.screen, c->args.theme,
                                        c->args.output};
    struct session *s;
    struct str text = {0};
    int has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    struct query *q;
    enum status st = ST_OK;
    if (!args_has(&c->args, OPT_SNAPSHOT) && (c->args.screen || c->args.theme || c->args.output))
        return err_set(e, ST_USAGE, "arguments", "--screen, --theme and --output belong to --snapshot WxH");
    if (args_has(&c->args, OPT_SCRIPT))
        return cli_script(c, target, e);
    if (!args_has(&c->args, OPT_SNAPSHOT) && !has_terminal)
        return err_set(e, ST_USAGE, "terminal",
                       "the workbench needs a terminal; `grpolab open RUN --snapshot 160x45` prints "
                       "its screen as text, `grpolab help` lists the commands that need none");
    /* A picture of what is on record makes no store. */
    if (args_has(&c->args, OPT_SNAPSHOT))
        st = cli_query(c, &q, e);
    if (!st)
        st = cli_session(c, &s, e);
    if (st)
        return st;
    if (!args_has(&c->args, OPT_SNAPSHOT))
        return workbench_run(s, target, c->args.record, NULL, e);
    st = workbench_snapshot(s, target, &picture, &text, e);
    if (!st && c->args.output)
        cli_note(c, "%s is written", c->args.output);
    else if (!st)
        cli_print(&text);
    str_free(&text);
    return st;
}
