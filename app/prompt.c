/* The command line, by readline's callback interface; no other file sees it.
 *
 * Readline reads from a pipe and writes to /dev/null. A key's bytes go into the pipe whole and are read until
 * the pipe is empty: fed byte by byte, its history search breaks characters of several bytes. What it would
 * have drawn is in rl_display_prompt and rl_line_buffer. With a redisplay function of one's own it never asks
 * for the terminal's description, which belongs to ncurses here. Readline has one state in a process, so this
 * file has one, too. */
#include "app/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 1000 };

static struct {
    int is_ready, feed; /* feed: the pipe's writing end */
    FILE *in, *out;
    enum prompt_state state;
    struct prompt_completer completer;
    char *history;
    struct str candidates, shown, hint, line;
} prompt;

static void no_redisplay(void)
{
}

static void no_terminal(int meta)
{
    (void)meta;
}

static void no_terminal_end(void)
{
}

/* The line is finished: NULL is an end of file, Ctrl-D on an empty line. */
static void on_line(char *line)
{
    rl_callback_handler_remove();
    prompt.state = line ? PROMPT_DONE : PROMPT_CLOSED;
    str_clear(&prompt.line);
    if (line)
        str_add(&prompt.line, line);
    free(line);
}

/* The candidates one by one, as rl_completion_matches asks for them. */
static char *next_candidate(const char *word, int state)
{
    static size_t at;
    const char *s = str_c(&prompt.candidates), *end;
    char *out;

    (void)word;
    at = state ? at : 0;
    if (!s[at])
        return NULL;
    end = strchr(s + at, '\n');
    end = end ? end : s + strlen(s);
    out = strndup(s + at, (size_t)(end - (s + at)));
    at = (size_t)(end - s) + (*end == '\n');
    return out;
}

static char **complete(const char *word, int begin, int end)
{
    char **match;
    size_t n;
    int files = 0;

    str_clear(&prompt.candidates);
    prompt.completer.offer(prompt.completer.ctx, rl_line_buffer, begin, end, &prompt.candidates, &files);
    if (files)
        return NULL; /* readline's own: names of files */
    rl_attempted_completion_over = 1;
    rl_filename_completion_desired = 0;
    match = rl_completion_matches(word, next_candidate);
    if (match && match[0]) {
        n = strlen(match[0]);
        rl_completion_suppress_append = n > 0 && match[0][n - 1] == '=';
    }
    return match;
}

/* The candidates as one line, from the last slash of a path. */
static void show_matches(char **match, int n, int longest)
{
    int i;

    (void)longest;
    str_clear(&prompt.hint);
    for (i = 1; i <= n; i++) {
        const char *slash = strrchr(match[i], '/');
        str_word(&prompt.hint, slash && slash[1] ? slash + 1 : match[i]);
        if (i < n)
            str_add(&prompt.hint, " ");
    }
}

static void set_up_readline(void)
{
    rl_readline_name = "grpolab";
    rl_instream = prompt.in;
    rl_outstream = prompt.out;
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_redisplay_function = no_redisplay;
    rl_prep_term_function = no_terminal;
    rl_deprep_term_function = no_terminal_end;
    rl_attempted_completion_function = complete;
    rl_completion_display_matches_hook = show_matches;
    rl_completer_word_break_characters = " ";
    rl_completer_quote_characters = "\"";
    rl_completion_query_items = -1;
    rl_initialize();
    rl_variable_bind("show-all-if-ambiguous", "on");
    rl_variable_bind("page-completions", "off");
    rl_variable_bind("bell-style", "none");
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_variable_bind("mark-directories", "on");
    rl_variable_bind("convert-meta", "off");
    rl_variable_bind("input-meta", "on");
    rl_variable_bind("output-meta", "on");
    rl_variable_bind("blink-matching-paren", "off");
    rl_variable_bind("show-mode-in-prompt", "off");
}

int prompt_history_path(char *out, size_t bytes)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;

    if (state && state[0] == '/')
        n = snprintf(out, bytes, "%s/grpolab/history", state);
    else if (home && *home)
        n = snprintf(out, bytes, "%s/.local/state/grpolab/history", home);
    else
        return 0;
    return n > 0 && (size_t)n < bytes;
}

enum status prompt_init(const char *history, const struct prompt_completer *c, struct err *e)
{
    int fd[2];

    memset(&prompt, 0, sizeof prompt);
    if (pipe2(fd, O_CLOEXEC))
        return err_set(e, ST_IO, "command line", "cannot make a pipe: %s", strerror(errno));
    prompt.feed = fd[1];
    prompt.in = fdopen(fd[0], "r");
    prompt.out = fopen("/dev/null", "we");
    if (!prompt.in || !prompt.out) {
        if (!prompt.in)
            close(fd[0]);
        else
            fclose(prompt.in);
        close(fd[1]);
        return err_set(e, ST_IO, "command line", "cannot set it up: %s", strerror(errno));
    }
    setvbuf(prompt.in, NULL, _IONBF, 0);
    prompt.completer = *c;
    set_up_readline();
    using_history();
    clear_history();
    stifle_history(HISTORY_LINES);
    if (history) {
        prompt.history = strdup(history);
        read_history(history); /* none yet is no error */
    }
    prompt.is_ready = 1;
    return ST_OK;
}

void prompt_release(void)
{
    if (!prompt.is_ready)
        return;
    prompt_close();
    clear_history();
    rl_instream = rl_outstream = NULL;
    fclose(prompt.in);
    fclose(prompt.out);
    close(prompt.feed);
    free(prompt.history);
    str_free(&prompt.candidates);
    str_free(&prompt.shown);
    str_free(&prompt.hint);
    str_free(&prompt.line);
    memset(&prompt, 0, sizeof prompt);
}

void prompt_open(const char *text)
{
    prompt_close();
    str_clear(&prompt.hint);
    prompt.state = PROMPT_OPEN;
    rl_callback_handler_install(":", on_line);
    rl_insert_text(text);
    using_history(); /* the end of the history is where "up" begins */
}

void prompt_close(void)
{
    if (prompt.state == PROMPT_OPEN) {
        rl_callback_sigcleanup();
        rl_callback_handler_remove();
    }
    prompt.state = PROMPT_CLOSED;
}

/* The folders of a file, where they are missing; only this user looks into them. */
static void make_folders(const char *path)
{
    char part[4096];
    const char *slash;

    for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0700);
    }
}

/* Keeps the line, unless it is the last one again. That it cannot be written is no reason to stop. */
static void remember(const char *line)
{
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    FILE *f;

    if (!line[strspn(line, " ")] || (last && !strcmp(last->line, line)))
        return;
    add_history(line);
    if (!prompt.history)
        return;
    make_folders(prompt.history);
    f = fopen(prompt.history, "ae");
    if (!f)
        return;
    fprintf(f, "%s\n", line);
    fclose(f);
    if (history_length >= HISTORY_LINES)
        history_truncate_file(prompt.history, HISTORY_LINES);
}

static void feed(const char *bytes, int n)
{
    struct pollfd p = {.fd = fileno(prompt.in), .events = POLLIN};

    if (write(prompt.feed, bytes, (size_t)n) != n)
        return;
    while (prompt.state == PROMPT_OPEN && poll(&p, 1, 0) > 0 && p.revents & POLLIN)
        rl_callback_read_char();
}

enum prompt_state prompt_key(const struct key_event *k, int meta)
{
    char bytes[16];
    int n, is_stop = k->key == INPUT_CHAR && (k->code == 27 || k->code == 3) && !meta;

    if (prompt.state != PROMPT_OPEN)
        return prompt.state;
    str_clear(&prompt.hint);
    if (is_stop && !RL_ISSTATE(RL_STATE_ISEARCH)) {
        prompt_close();
        return PROMPT_CLOSED;
    }
    if (is_stop) {
        feed("\007", 1); /* the search ends, the line is as it was before */
        return prompt.state;
    }
    bytes[0] = 27;
    n = term_key_bytes(k, bytes + (meta != 0)) + (meta != 0);
    if (n > (meta != 0))
        feed(bytes, n);
    if (prompt.state == PROMPT_DONE)
        remember(prompt_line());
    if (k->key == INPUT_BACKSPACE && prompt.state == PROMPT_OPEN && prompt.shown.n <= 1 && !rl_end)
        prompt_close(); /* the ':' itself is rubbed out */
    return prompt.state;
}

enum prompt_state prompt_state(void)
{
    return prompt.state;
}

const char *prompt_line(void)
{
    return str_c(&prompt.line);
}

const char *prompt_shown(int *point)
{
    str_clear(&prompt.shown);
    str_add(&prompt.shown, rl_display_prompt ? rl_display_prompt : ":");
    *point = (int)prompt.shown.n + rl_point;
    str_add(&prompt.shown, rl_line_buffer ? rl_line_buffer : "");
    return str_c(&prompt.shown);
}

const char *prompt_hint(void)
{
    return str_c(&prompt.hint);
}
