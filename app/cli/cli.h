#ifndef GRPOLAB_APP_CLI_H
#define GRPOLAB_APP_CLI_H

#include "app/base/args.h"
#include "app/base/json_write.h"
#include "app/session/session.h"

/* What the commands of the command line share. A command is one function; it prints its result on stdout and
 * returns a status; main says in words what failed and makes the exit status of it. */
struct cli {
    struct args args;
    const struct cli_command *command;
    char store[4096];       /* path of the database */
    struct query *query;    /* open once a command asked for it */
    struct session session; /* where a command works on a run in memory */
    int has_session;
    int unmet; /* a condition did not hold: exit status 3 */
};

struct cli_command {
    const char *name, *arguments, *summary;
    int least, most;  /* operands */
    uint64_t options; /* besides the global ones */
    enum status (*run)(struct cli *c, struct err *e);
    const char *more; /* further lines of its help, or NULL */
};

/* The table of commands; NULL after the last. cli_command_find: NULL when there is none. */
const struct cli_command *cli_command_at(int i);
const struct cli_command *cli_command_find(const char *name);

enum { EXIT_DONE, EXIT_FAILED, EXIT_WRONG, EXIT_UNMET };

/* cli_main: the whole program; returns the exit status. */
int cli_main(int argc, char *const *argv);
/* cli_exit_status: of a status. */
int cli_exit_status(enum status st);
/* cli_complain: "grpolab: where: message" on stderr. */
void cli_complain(const struct err *e);
/* cli_note: a line on stderr, unless --quiet. */
void cli_note(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* cli_unmet: says that a condition did not hold, also with --quiet; the exit status will be 3. */
void cli_unmet(struct cli *c, const char *option, const char *condition, const char *why);

/* cli_query: the read side of the store. Errors: ST_NOTFOUND when there is no store yet, and query_open's. */
enum status cli_query(struct cli *c, struct query **q, struct err *e);
/* cli_session: the session, with the store made where it is missing. */
enum status cli_session(struct cli *c, struct session **s, struct err *e);
/* cli_find: the run that RUN or RUN@STEP names; *step is -1 where none was given. Errors: ST_USAGE,
 * ST_NOTFOUND. */
enum status cli_find(struct cli *c, const char *what, struct record_run *run, int64_t *step, struct err *e);
/* cli_open: the same with the latest step in place of -1, and session_open at it, not locked. */
enum status cli_open(struct cli *c, const char *what, struct session **s, struct err *e);
/* cli_settings: of a preset, a scenario or an INI file, with --set applied; *seed: --seed or seed= in --set,
 * else left alone. Errors: ST_USAGE. */
enum status cli_settings(struct cli *c, const char *what, struct settings *out, uint64_t *seed,
                         struct err *e);

/* cli_safe: text with control characters shown as '?', for a terminal. */
void cli_safe(struct str *out, const char *text, size_t n);
/* cli_write_parent: a run's keys "parent" and "parent_step", null where it has none. */
void cli_write_parent(struct json_writer *w, const struct record_run *r);
/* cli_print: puts a text on stdout; 0 when it, or one before it, did not arrive, which makes the exit status
 * in the end. */
int cli_print(const struct str *text);
/* cli_near_metric: near_hint among the metrics' names. */
void cli_near_metric(const char *name, char *out, size_t bytes);

/* cli_help_program, cli_help_command, cli_help_man: made from the tables. cli_help_usage: the one line of a
 * command. */
void cli_help_program(struct str *out);
void cli_help_command(const struct cli_command *c, struct str *out);
void cli_help_man(struct str *out);
void cli_help_usage(const struct cli_command *c, struct str *out);

/* The commands. */
enum status cli_open_workbench(struct cli *c, struct err *e);
enum status cli_scenarios(struct cli *c, struct err *e);
enum status cli_show_settings(struct cli *c, struct err *e);
enum status cli_train(struct cli *c, struct err *e);
enum status cli_resume(struct cli *c, struct err *e);
enum status cli_fork(struct cli *c, struct err *e);
enum status cli_runs(struct cli *c, struct err *e);
enum status cli_show(struct cli *c, struct err *e);
enum status cli_metrics(struct cli *c, struct err *e);
enum status cli_traces(struct cli *c, struct err *e);
enum status cli_eval(struct cli *c, struct err *e);
enum status cli_experts(struct cli *c, struct err *e);
enum status cli_oracle(struct cli *c, struct err *e);
enum status cli_fp8(struct cli *c, struct err *e);
enum status cli_attention(struct cli *c, struct err *e);
enum status cli_compute(struct cli *c, struct err *e);
enum status cli_sample(struct cli *c, struct err *e);
enum status cli_aha(struct cli *c, struct err *e);
enum status cli_digest(struct cli *c, struct err *e);
enum status cli_plot(struct cli *c, struct err *e);
enum status cli_export(struct cli *c, struct err *e);
enum status cli_import(struct cli *c, struct err *e);
enum status cli_logits(struct cli *c, struct err *e);
enum status cli_speculate(struct cli *c, struct err *e);
enum status cli_search(struct cli *c, struct err *e);
enum status cli_calc(struct cli *c, struct err *e);
enum status cli_score(struct cli *c, struct err *e);
enum status cli_bench(struct cli *c, struct err *e);
enum status cli_check(struct cli *c, struct err *e);
enum status cli_gridworld(struct cli *c, struct err *e);
enum status cli_recipe(struct cli *c, struct err *e);
enum status cli_objectives(struct cli *c, struct err *e);
enum status cli_texts(struct cli *c, struct err *e);
enum status cli_schedule(struct cli *c, struct err *e);
enum status cli_lesson(struct cli *c, struct err *e);
/* cli_script: --script of the workbench, with a terminal or without one. */
enum status cli_script(struct cli *c, const char *target, struct err *e);
enum status cli_help(struct cli *c, struct err *e);
enum status cli_version(struct cli *c, struct err *e);

#endif
