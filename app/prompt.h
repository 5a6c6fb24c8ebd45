#ifndef GRPOLAB_APP_PROMPT_H
#define GRPOLAB_APP_PROMPT_H

#include "app/term.h"
#include "engine/base/str.h"

/* The command line: readline edits it, this program draws it. There is one, and the UI's thread has it. The
 * locale must be set. */

/* Offers what may stand at line[begin..end): candidates, one a line; *files: names of files instead. */
struct prompt_completer {
    void *ctx;
    void (*offer)(void *ctx, const char *line, int begin, int end, struct str *candidates, int *files);
};

enum prompt_state { PROMPT_CLOSED, PROMPT_OPEN, PROMPT_DONE };

/* prompt_init: history: a file that is read now and to which lines are appended, made with its folders when
 * the first line is; NULL: none. Errors: ST_IO, ST_NOMEM. prompt_release forgets everything. */
enum status prompt_init(const char *history, const struct prompt_completer *c, struct err *e);
void prompt_release(void);

/* prompt_open: begins a line with that text in it. prompt_close: gives it up. */
void prompt_open(const char *text);
void prompt_close(void);

/* prompt_key: one key; `meta` says that it came with Alt. PROMPT_DONE: Enter was pressed, prompt_line has the
 * line. An escape or Ctrl-C closes; while the history is searched they end the search. */
enum prompt_state prompt_key(const struct key_event *k, int meta);
enum prompt_state prompt_state(void);

/* prompt_line: the finished line. prompt_shown: what is to be drawn, with its ':', and *point, the bytes
 * before the cursor. prompt_hint: what completion offers, "" when nothing. All borrowed until the next call.
 */
const char *prompt_line(void);
const char *prompt_shown(int *point);
const char *prompt_hint(void);

/* prompt_history_path: grpolab/history in the XDG state folder; 0 when there is no home. */
int prompt_history_path(char *out, size_t bytes);

#endif
