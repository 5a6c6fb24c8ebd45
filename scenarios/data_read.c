/* A data file: its bytes, its digest, its lines as items.
 *
 * Design: the whole file is read and checked when the task is opened, so that no line can fail later, and
 * every fault names file, line and key. Examples lie in the program itself, so that they are found from any
 * folder.
 *
 * Invariant: two items with the same prompt have the same answer; they may differ in their reasoning. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/data.h"

__asm__(".pushsection .rodata\n"
        "data_example_sums:\n"
        ".incbin \"scenarios/examples/sums.jsonl\"\n"
        "data_example_sums_end:\n"
        ".popsection\n");
extern const char data_example_sums[] __attribute__((visibility("hidden")));
extern const char data_example_sums_end[] __attribute__((visibility("hidden")));

enum { PATH_SHOWN = 90 };

static const struct {
    const char *name, *begin, *end;
} example[] = {{"sums", data_example_sums, data_example_sums_end}};

const char *data_file_path(const char *file)
{
    size_t n = strlen(file);
    return n > PATH_SHOWN ? file + n - PATH_SHOWN : file;
}

static enum status built_in(const char *file, char **text, size_t *n, struct err *e)
{
    char names[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", example[i].name);
        if (strcmp(file, example[i].name))
            continue;
        *n = (size_t)(example[i].end - example[i].begin);
        *text = malloc(*n + 1);
        if (!*text)
            return err_set(e, ST_NOMEM, "data", "no memory for %zu bytes", *n);
        memcpy(*text, example[i].begin, *n);
        return ST_OK;
    }
    return err_set(e, ST_USAGE, "data",
                   "data.file = %.60s: no such example (there is %s); a file is named with its "
                   "folder or its ending, ./%.60s or %.60s.jsonl",
                   file, names, file, file);
}

static enum status from_disk(const char *file, char **text, size_t *n, struct err *e)
{
    FILE *f = fopen(file, "re");
    enum status st = ST_OK;
    if (!f)
        return err_set(e, ST_USAGE, "data", "data.file = %s: %s; put the file there, or name another",
                       data_file_path(file), strerror(errno));
    for (size_t cap = 1 << 16, got = 1; !st && got && *n <= DATA_FILE_BYTES; cap *= 2) {
        char *grown = realloc(*text, cap + 1);
        if (!grown) {
            st = err_set(e, ST_NOMEM, "data", "no memory for %s", data_file_path(file));
            break;
        }
        *text = grown;
        got = fread(*text + *n, 1, cap - *n, f);
        *n += got;
    }
    if (!st && ferror(f))
        st = err_set(e, ST_USAGE, "data", "data.file = %s: %s", data_file_path(file), strerror(errno));
    else if (!st && *n > DATA_FILE_BYTES)
        st = err_set(e, ST_USAGE, "data", "data.file = %s: more than %d MB", data_file_path(file),
                     DATA_FILE_BYTES >> 20);
    fclose(f);
    return st;
}

enum status data_load(const char *file, char **text, size_t *n, struct digest *digest, struct err *e)
{
    struct hash h;
    enum status st;
    *text = NULL;
    *n = 0;
    st = strpbrk(file, "/.") ? from_disk(file, text, n, e) : built_in(file, text, n, e);
    if (st) {
        free(*text);
        *text = NULL;
        return st;
    }
    (*text)[*n] = 0;
    hash_init(&h);
    hash_add(&h, *text, *n);
    *digest = hash_end(&h);
    return ST_OK;
}

static enum status is_same(const struct data_config *set, const struct digest *now, struct err *e)
{
    char hex[DIGEST_HEX];
    digest_hex(now, hex);
    if (!set->digest[0] || strcmp(hex, set->digest) == 0)
        return ST_OK;
    return err_set(e, ST_USAGE, "data",
                   "data.file = %s has changed since the run was made (digest %.8s.., was %.8s..): "
                   "put the old file back, or train a new run on this one",
                   data_file_path(set->file), hex, set->digest);
}

static char *copy(const struct str *s)
{
    return s->failed ? NULL : strdup(str_c(s));
}

static uint64_t key_of(const char *words)
{
    uint64_t h = 0x64617461u;
    for (const char *p = words; *p; p++)
        h = hash_u64(h ^ (unsigned char)*p);
    return h;
}

/* The bytes of the longest token. */
static size_t longest(const char *words)
{
    size_t most = 0;
    while (*words) {
        size_t n = strcspn(words, " ");
        most = n > most ? n : most;
        words += n + (words[n] == ' ');
    }
    return most;
}

/* Limits that a line's texts must keep, as tokens. */
static enum status fill(struct data *t, struct data_item *item, const struct data_line *l, struct err *e)
{
    enum data_tokenizer by = (enum data_tokenizer)t->set.tokenizer;
    struct str prompt = {0}, answer = {0}, reason = {0};
    int reason_n = data_words(by, str_c(&l->reason), l->reason.n, &reason);
    enum status st = ST_OK;
    item->prompt_n = data_words(by, str_c(&l->prompt), l->prompt.n, &prompt);
    data_words(by, str_c(&l->answer), l->answer.n, &answer);
    if (item->prompt_n == 0 || item->prompt_n > PROMPT_MAX - DATA_TEMPLATE)
        st = err_set(e, ST_USAGE, "data", "\"prompt\" has %d tokens; 1 to %d are possible%s", item->prompt_n,
                     PROMPT_MAX - DATA_TEMPLATE,
                     by == DATA_BYTES ? " (fewer with data.tokenizer = words)" : "");
    else if (reason_n > DATA_REASON)
        st = err_set(e, ST_USAGE, "data", "\"reasoning\" has %d tokens; %d at most", reason_n, DATA_REASON);
    else if (longest(str_c(&prompt)) > DATA_WORD || longest(str_c(&answer)) > DATA_WORD ||
             longest(str_c(&reason)) > DATA_WORD)
        st = err_set(e, ST_USAGE, "data", "a word of more than %d bytes; data.tokenizer = bytes takes it",
                     DATA_WORD);
    else
        st = data_answer_check(&t->set, str_c(&l->answer), e);
    item->plain_prompt = copy(&l->prompt);
    item->plain_answer = copy(&l->answer);
    item->prompt = copy(&prompt);
    item->answer = copy(&answer);
    item->reason = reason_n ? copy(&reason) : NULL;
    if (!st && (!item->plain_prompt || !item->plain_answer || !item->prompt || !item->answer ||
                (reason_n && !item->reason)))
        st = err_set(e, ST_NOMEM, "data", "no memory for a line");
    item->key = st ? 0 : key_of(item->prompt);
    str_free(&prompt);
    str_free(&answer);
    str_free(&reason);
    return st;
}

static enum status add_line(struct data *t, int number, const char *s, size_t n, struct err *e)
{
    struct data_line l = {0};
    enum status st = data_line_read(&l, s, n, (enum data_match)t->set.match, e);
    if (!st && t->item_n == t->item_cap) {
        int cap = t->item_cap ? 2 * t->item_cap : 256;
        struct data_item *grown = realloc(t->item, (size_t)cap * sizeof *grown);
        if (grown) {
            t->item = grown;
            t->item_cap = cap;
        } else {
            st = err_set(e, ST_NOMEM, "data", "no memory for %d lines", cap);
        }
    }
    if (!st) {
        t->item[t->item_n] = (struct data_item){.line = number};
        st = fill(t, &t->item[t->item_n++], &l, e);
    }
    data_line_free(&l);
    return st;
}

static int by_prompt(const void *a, const void *b)
{
    const struct data_item *x = *(const struct data_item *const *)a, *y = *(const struct data_item *const *)b;
    int order = strcmp(x->prompt, y->prompt);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Equal prompts stand side by side once sorted. */
static enum status check_repeats(const struct data *t, struct err *e)
{
    const struct data_item **sorted = malloc(((size_t)t->item_n + 1) * sizeof *sorted);
    enum status st = ST_OK;
    if (!sorted)
        return err_set(e, ST_NOMEM, "data", "no memory for %d lines", t->item_n);
    for (int i = 0; i < t->item_n; i++)
        sorted[i] = &t->item[i];
    qsort(sorted, (size_t)t->item_n, sizeof *sorted, by_prompt);
    for (int i = 1; i < t->item_n && !st; i++)
        if (!strcmp(sorted[i]->prompt, sorted[i - 1]->prompt) &&
            strcmp(sorted[i]->answer, sorted[i - 1]->answer))
            st = err_set(e, ST_USAGE, "data",
                         "%s:%d: \"answer\" is not that of line %d, which has the same prompt",
                         data_file_path(t->set.file), sorted[i]->line, sorted[i - 1]->line);
    free(sorted);
    return st;
}

/* Empty lines are passed over; a byte-order mark before the first is, too. */
static enum status read_lines(struct data *t, const char *s, size_t n, struct err *e)
{
    struct err inner = {0};
    enum status st = ST_OK;
    size_t at = n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    int line = 0;
    while (at < n && !st) {
        const char *end = memchr(s + at, '\n', n - at);
        size_t length = (end ? (size_t)(end - s) : n) - at, blank = 0;
        while (blank < length && form_is_blank(s[at + blank]))
            blank++;
        line++;
        if (blank < length)
            st = t->item_n == DATA_LINES ? err_set(&inner, ST_USAGE, "data", "more than %d lines", DATA_LINES)
                                         : add_line(t, line, s + at, length, &inner);
        at += length + 1;
    }
    if (st)
        return err_set(e, st, "data", "%s:%d: %.150s", data_file_path(t->set.file), line, inner.msg);
    if (!t->item_n)
        return err_set(e, ST_USAGE, "data",
                       "data.file = %s has no line; one is {\"prompt\":\"..\",\"answer\":\"..\"}",
                       data_file_path(t->set.file));
    return check_repeats(t, e);
}

enum status data_read(struct data *t, struct err *e)
{
    struct digest now;
    char *text;
    size_t n;
    enum status st = data_load(t->set.file, &text, &n, &now, e);
    if (!st)
        st = is_same(&t->set, &now, e);
    if (!st)
        st = read_lines(t, text, n, e);
    free(text);
    return st;
}
