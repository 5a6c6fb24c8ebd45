#ifndef GRPOLAB_APP_CONFIG_H
#define GRPOLAB_APP_CONFIG_H

#include "app/term.h"
#include "engine/base/str.h"

/* The user's own settings of the workbench: grpolab/config.ini in the XDG config folder.
 *
 *     [workbench]
 *     theme = projector
 *     [keys]
 *     f5 = :eval
 *     x = space
 */

struct desk;

enum { BINDINGS = 64, BINDING_BYTES = 200 };

/* A key of the user's: a command, or another key whose meaning it takes over. */
struct binding {
    struct key_event on;
    int is_command;
    struct key_event as;
    char command[BINDING_BYTES];
};

struct config {
    char theme[32], chars[16];   /* "": not said */
    int mouse;                   /* -1: not said */
    double smoothing, slow;      /* NaN: not said */
    int bindings_n;
    struct binding binding[BINDINGS];
};

void config_init(struct config *c);

/* config_path: where the file is looked for; 0 when there is no home. config_load: reads it; a file that is
 * not there is an empty one. config_parse: its text; `source` names it in messages. Errors: ST_USAGE
 * "FILE:LINE: what is wrong and what would be right". */
int config_path(char *out, size_t bytes);
enum status config_load(struct config *c, struct err *e);
enum status config_parse(struct config *c, const char *source, const char *text, struct err *e);

/* config_bind: as a line of [keys]; what: ":command" or the name of a key. The newest binding of a key
 * counts. Errors: ST_USAGE. */
enum status config_bind(struct config *c, const char *key, const char *what, struct err *e);
/* config_binding: of a key, NULL: it has its usual meaning. */
const struct binding *config_binding(const struct config *c, const struct key_event *k);

/* key_parse: a key by its name in help: "space", "enter", "f5", "ctrl-g", "page-up", "x". Errors: ST_USAGE. */
enum status key_parse(const char *name, struct key_event *k, struct err *e);

/* config_manual: the file's sections and keys, for the manual page. */
void config_manual(struct str *out);

#endif
