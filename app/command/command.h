#ifndef GRPOLAB_APP_COMMAND_H
#define GRPOLAB_APP_COMMAND_H

#include "app/session/engine.h"
#include "engine/base/str.h"
#include "engine/run/settings.h"

/* The commands of the command line, one row each: parsing, completion and help are made from the rows. */

struct desk;
struct command_line;

/* What a command's arguments may be, for completion. */
enum takes {
    TAKES_SETTING = 1,
    TAKES_PRESET = 2,
    TAKES_RUN = 4,
    TAKES_METRIC = 8,
    TAKES_FILE = 16,
    TAKES_COMMAND = 32,
    TAKES_THEME = 64,
    TAKES_CONDITION = 1 << 11, /* `kl > 0.1`, an event; joined by and, or */
    TAKES_AT_RUN = 1 << 12, /* @RUN, as the first argument */
    TAKES_RECIPE = 1 << 13, /* as the first argument */
    TAKES_LINE = 1 << 14, /* one word, and the rest of the line as it stands */
    WAITS = 1 << 15 /* no argument: it is about the open run, and waits while another one is on its way */
};

struct command_row {
    const char *name, *alias; /* alias: NULL: none */
    const char *arguments;    /* as help writes them */
    const char *what;         /* one line of help */
    unsigned takes;
    const char *words; /* fixed words that it takes, NULL: none */
    int least, most;   /* how many arguments; most -1: any number */
    enum status (*run)(struct desk *d, const struct command_line *l, struct err *e);
};

enum { COMMAND_ARGUMENTS = 24, COMMAND_BYTES = 4096 };

/* A line that has been read: its row, its words ("..." holds blanks together), and all that stands after the
 * name. */
struct command_line {
    const struct command_row *row;
    int argc;
    const char *argv[COMMAND_ARGUMENTS];
    const char *rest;
    char text[COMMAND_BYTES], whole[COMMAND_BYTES];
};

/* command_row: row i, NULL after the last. command_by_name: by name, alias or the beginning of just one name;
 * NULL. */
const struct command_row *command_row(int i);
const struct command_row *command_by_name(const char *name);
/* command_nearest: the name that looks most like it, NULL when none does. */
const char *command_nearest(const char *name);

/* command_parse: reads a line, with or without ':'. An empty one has row NULL. l points into itself: it is
 * not copied. Errors: ST_USAGE names what was wrong and what would be right. */
enum status command_parse(const char *text, struct command_line *l, struct err *e);

/* command_run: parses and carries out; a command about the open run waits while another one is on its way
 * (desk_wait.h). Errors: those of the command; nothing has been changed then. */
enum status command_run(struct desk *d, const char *text, struct err *e);

/* command_fork: the arguments of `fork`: a step (whole number), settings (with =), a name; in any order. step
 * -1 where none is given. first: the argument to begin with. Errors: ST_USAGE. */
enum status command_fork(const struct command_line *l, int first, struct engine_message *m, struct err *e);

/* command_integer: a whole number of at least `least`. Errors: ST_USAGE, `what` is named. */
enum status command_integer(const char *text, const char *what, long long least, long long *out,
                            struct err *e);

/* What completion chooses from; anything may be NULL. */
struct command_source {
    const struct settings *set;
    const struct record_run *runs;
    int runs_n;
};

/* command_complete: what may stand at line[begin..end), one candidate a line; *files: 1 where names of files
 * belong. Pure. */
void command_complete(const struct command_source *s, const char *line, int begin, int end, struct str *out,
                      int *files);

/* command_usage: name and arguments of the command that a line begins with, "" when there is none. */
void command_usage(const char *line, char *out, size_t bytes);

#endif
