#ifndef GRPOLAB_APP_ARGS_H
#define GRPOLAB_APP_ARGS_H

#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/str.h"

/* The command line as data. One table of options, each with the same meaning in every command that takes it;
 * options may stand anywhere, as --name VALUE or --name=VALUE; `--` ends them. */
enum option_id {
    OPT_STORE,
    OPT_THREADS,
    OPT_SEED,
    OPT_JSON,
    OPT_QUIET,
    OPT_SET,
    OPT_STEPS,
    OPT_NAME,
    OPT_UNTIL,
    OPT_EXPECT,
    OPT_CSV,
    OPT_GROUP,
    OPT_TRACE,
    OPT_K,
    OPT_PROBLEMS,
    OPT_TEMPERATURE,
    OPT_TOP_P,
    OPT_PROMPT,
    OPT_N,
    OPT_METRIC,
    OPT_OUTPUT,
    OPT_QUICK,
    OPT_SNAPSHOT,
    OPT_SCREEN,
    OPT_THEME,
    OPT_RECORD,
    OPT_SMOOTH,
    OPT_LOG,
    OPT_SCRIPT,
    OPT_AUTO,
    OPT_TOKENS,
    OPT_HELP,
    OPT_VERSION,
    OPT_MAN,
    OPT_KNOCK_OUT,
    OPTION_N
};

#define OPTION_BIT(id) ((uint64_t)1 << (id))
/* Taken by every command. */
#define OPTIONS_GLOBAL                                                                               \
    (OPTION_BIT(OPT_STORE) | OPTION_BIT(OPT_THREADS) | OPTION_BIT(OPT_SEED) | OPTION_BIT(OPT_JSON) | \
     OPTION_BIT(OPT_QUIET) | OPTION_BIT(OPT_HELP))

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_WHOLE, OPTION_REAL, OPTION_LIST, OPTION_SIZE };

struct option_row {
    const char *name;       /* without its dashes */
    char letter;            /* short form, 0: none */
    enum option_kind kind;
    const char *value;      /* what its value is called in help, NULL for a flag */
    size_t offset;          /* in struct args, of what its kind needs; flags have no field */
    double low, high;       /* WHOLE, REAL: the range, both included */
    const char *meaning;
};

enum { WORDS_MAX = 64 };

struct words {
    int n;
    const char *word[WORDS_MAX];
};

struct size {
    int w, h;
};

/* Words are borrowed from argv. */
struct args {
    const char *command;    /* the first word that is no option, NULL: none */
    struct words operand;   /* those after it */
    uint64_t given;         /* OPTION_BIT of each option that was given */
    const char *store, *name, *until, *expect, *prompt, *output, *screen, *theme, *record, *script, *tokens,
        *knock_out;
    struct words set, metric;
    int64_t threads, seed, steps, group, trace, k, problems, n;
    double temperature, top_p, smooth;
    struct size snapshot;
};

/* option_row: 0 <= id < OPTION_N. */
const struct option_row *option_row(enum option_id id);

/* args_parse: fills *a from argv[1..]. Errors: ST_USAGE names the option and what it takes. */
enum status args_parse(struct args *a, int argc, char *const *argv, struct err *e);

static inline int args_has(const struct args *a, enum option_id id)
{
    return (a->given & OPTION_BIT(id)) != 0;
}

/* near_word: the candidate that most looks like a mistyped word, or NULL when none does. at(i) is NULL after
 * the last. */
const char *near_word(const char *word, const char *(*at)(int i));

/* near_hint: what near_word finds, as "; did you mean `x`?", or "". */
void near_hint(const char *word, const char *(*at)(int i), char *out, size_t bytes);

#endif
