/* In what compared runs differ: settings, states by digest, and one completion of two of them.
 *
 * What is known already stays and only what is new is read. Settings never change once a run is there. The
 * step at which two runs part is found by bisection over digests: equal states stay equal, and states that
 * have parted do not meet again. A step's traces are read when another step or another run is looked at.
 * Invariant: what is kept for slot i belongs to the run of slot i; it is read anew when another run comes
 * there. */
#include "app/desk/desk_compare_read.h"

#include <stdio.h>
#include <string.h>

#include "app/base/setting_lines.h"

static void forget_step(struct both *b)
{
    if (b->step >= 0)
        query_step_free(&b->read);
    b->step = -1;
}

void compare_forget(struct compare_desk *k)
{
    int i;

    for (i = 0; i < 2; i++) {
        forget_step(&k->both[i]);
        vocab_release(&k->both[i].vocab);
    }
}

/* Adds a row where the values are not all the same. */
static void add_setting(struct compare_state *s, const char *key, char value[COMPARE_RUNS][SETTING_VALUE])
{
    struct compare_setting *row = &s->setting[s->settings.n];
    int i, differs = 0;

    for (i = 1; i < s->n; i++)
        differs |= strcmp(value[i], value[0]) != 0;
    if (!differs || s->settings.n == COMPARE_SETTINGS)
        return;
    snprintf(row->key, sizeof row->key, "%.*s", COMPARE_KEY - 1, key);
    for (i = 0; i < s->n; i++)
        snprintf(row->value[i], sizeof row->value[i], "%.*s", COMPARE_VALUE - 1, *value[i] ? value[i] : "-");
    s->settings.n++;
}

void compare_settings(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    char key[SETTING_KEY], value[COMPARE_RUNS][SETTING_VALUE], ignored[SETTING_VALUE];
    const char *line;
    struct err e;
    int i, r, same = k->compared_n == s->n;

    for (i = 0; i < s->n; i++) {
        same = same && k->compared[i] == s->run[i].id;
        k->compared[i] = s->run[i].id;
        if (k->settings_of[i] == s->run[i].id)
            continue;
        str_clear(&k->settings[i]);
        k->settings_of[i] = s->run[i].id;
        if (query_settings(d->query, s->run[i].id, &k->settings[i], &e))
            desk_fail(d, &e);
    }
    if (same)
        return;
    k->compared_n = s->n;
    s->settings = (struct list){0, 0, 0};
    for (i = 0; i < s->n; i++)
        snprintf(value[i], SETTING_VALUE, "%llu", (unsigned long long)k->seed[i]);
    add_setting(s, "seed", value);
    for (r = 0; r < s->n; r++)
        for (line = str_c(&k->settings[r]); (line = setting_line(line, key, ignored));) {
            int known = !*key;
            for (i = 0; i < r && !known; i++)
                known = setting_find(str_c(&k->settings[i]), key, ignored);
            if (known)
                continue;
            for (i = 0; i < s->n; i++)
                setting_find(str_c(&k->settings[i]), key, value[i]);
            add_setting(s, key, value);
        }
}

/* Whether both have the same digest at a step: 1, 0, or -1 where one has none. */
static int same_digest(struct desk *d, const struct compare_state *s, int64_t step, char hex[DIGEST_HEX])
{
    struct digest a, b;
    struct err e;

    if (query_digest(d->query, s->run[0].id, step, &a, &e) ||
        query_digest(d->query, s->run[s->other].id, step, &b, &e))
        return -1;
    digest_hex(&a, hex);
    return digest_equal(&a, &b);
}

void compare_digests(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    const struct compare_run *a = &s->run[0], *b = &s->run[s->other];
    char hex[DIGEST_HEX];
    int equal;

    if (!s->other) {
        k->pair[0] = k->pair[1] = 0;
        return;
    }
    s->first = a->first > b->first ? a->first : b->first;
    s->last = a->step < b->step ? a->step : b->step;
    if (k->pair[0] != a->id || k->pair[1] != b->id) {
        k->pair[0] = a->id;
        k->pair[1] = b->id;
        s->equal_to = s->first - 1;
        s->parts_at = -1;
        s->digest[0] = 0;
        if (!s->is_chosen)
            s->step = -1;
    }
    if (s->parts_at < 0 && s->last > s->equal_to) {
        equal = same_digest(d, s, s->last, hex);
        if (equal == 1) {
            s->equal_to = s->last;
            snprintf(s->digest, sizeof s->digest, "%s", hex);
        } else if (equal == 0) {
            s->parts_at = s->last;
        }
    }
    while (s->parts_at > s->equal_to + 1) {
        int64_t middle = s->equal_to + (s->parts_at - s->equal_to) / 2;
        equal = same_digest(d, s, middle, hex);
        if (equal == 1) {
            s->equal_to = middle;
            snprintf(s->digest, sizeof s->digest, "%s", hex);
        } else {
            s->parts_at = middle;
        }
    }
}

static enum status read_both(struct desk *d, struct both *b, int64_t run, int64_t step, struct err *e)
{
    struct str words = {0};
    enum status st = ST_OK;

    if (b->vocab_of != run) {
        vocab_release(&b->vocab);
        memset(&b->vocab, 0, sizeof b->vocab);
        b->vocab_of = 0;
        st = query_vocabulary(d->query, run, &words, e);
        if (!st)
            st = vocab_parse(&b->vocab, str_c(&words), e);
        str_free(&words);
        if (!st)
            b->vocab_of = run;
    }
    if (st || (b->run == run && b->step == step))
        return st;
    forget_step(b);
    st = query_step(d->query, run, step, 1, &b->read, e);
    if (!st) {
        b->run = run;
        b->step = step;
    }
    return st;
}

static const struct record_trace *find_trace(const struct both *b, int group, int index)
{
    int i;

    for (i = 0; b->step >= 0 && i < b->read.traces_n; i++)
        if (b->read.trace[i].group == group && b->read.trace[i].index == index)
            return &b->read.trace[i];
    return NULL;
}

static void make_text(const struct both *b, int group, int index, struct compare_text *out)
{
    const struct record_trace *t = find_trace(b, group, index);
    int i, at = 0;

    memset(out, 0, offsetof(struct compare_text, text));
    out->n = 0;
    if (!t || !t->token || group >= b->read.groups_n)
        return;
    out->is_there = 1;
    out->reward = t->reward;
    out->advantage = t->advantage;
    out->cut_off = t->cut_off;
    snprintf(out->why, sizeof out->why, "%s", t->why ? t->why : "");
    moment_prompt(b->read.group[group].prompt ? b->read.group[group].prompt : "", out->prompt,
                  sizeof out->prompt);
    for (i = 0; i < t->n && i < SNAP_TOKENS; i++) {
        const char *word = t->token[i] < b->vocab.n ? b->vocab.token[t->token[i]] : "?";
        int n = (int)strlen(word);
        if (at + n + 2 > SNAP_TEXT)
            break;
        out->begin[i] = at;
        out->logp[i] = t->logp ? t->logp[i] : 0;
        memcpy(out->text + at, word, (size_t)n);
        at += n;
        out->text[at++] = ' ';
    }
    out->text[at] = 0;
    out->n = i;
    out->begin[i] = at;
}

static int common(const struct compare_text *a, const struct compare_text *b)
{
    int i;

    for (i = 0; i < a->n && i < b->n; i++) {
        int n = a->begin[i + 1] - a->begin[i];
        if (n != b->begin[i + 1] - b->begin[i] ||
            memcmp(a->text + a->begin[i], b->text + b->begin[i], (size_t)n))
            break;
    }
    return i;
}

static int clamp(int v, int n)
{
    return v < 0 || n < 1 ? 0 : v >= n ? n - 1 : v;
}

int compare_read(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    const struct query_step *a = &k->both[0].read;
    struct err e;
    int i, run;

    for (i = 0; i < 2; i++) {
        run = i ? s->other : 0;
        if (read_both(d, &k->both[i], s->run[run].id, s->step, &e))
            return 0;
    }
    s->groups_n = a->groups_n;
    s->group_size = 0;
    for (i = 0; i < a->traces_n; i++)
        if (a->trace[i].index >= s->group_size)
            s->group_size = a->trace[i].index + 1;
    s->group = clamp(s->group, s->groups_n);
    s->index = clamp(s->index, s->group_size);
    for (i = 0; i < 2; i++)
        make_text(&k->both[i], s->group, s->index, &s->text[i]);
    s->same = common(&s->text[0], &s->text[1]);
    return s->groups_n > 0;
}

int compare_differs(const struct compare_state *s)
{
    return s->same < s->text[0].n || s->same < s->text[1].n;
}

/* The first completion of the step on the screen that is not the same in both, or where it was. */
static void first_difference(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    int group = s->group, index = s->index;

    for (s->group = 0; s->group < s->groups_n; s->group++)
        for (s->index = 0; s->index < s->group_size; s->index++)
            if (!compare_read(d, k) || compare_differs(s))
                return;
    s->group = group;
    s->index = index;
    compare_read(d, k);
}

void compare_texts(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    int64_t want = s->step;

    if (!s->other || s->last < s->first) {
        s->step = k->shown_step = -1;
        return;
    }
    if (!s->is_chosen)
        want = s->parts_at >= 0 && s->parts_at < s->last ? s->parts_at + 1 : s->last;
    want = want < s->first ? s->first : want > s->last ? s->last : want;
    s->step = want;
    if (k->shown_step == s->step && k->shown_group == s->group && k->shown_index == s->index &&
        k->shown_run[0] == s->run[0].id && k->shown_run[1] == s->run[s->other].id)
        return;
    if (!compare_read(d, k)) {
        s->step = k->shown_step = -1;
        return;
    }
    if (!s->is_chosen && s->parts_at >= 0 && s->parts_at < s->last && k->shown_step != s->step)
        first_difference(d, k);
    k->shown_step = s->step;
    k->shown_group = s->group;
    k->shown_index = s->index;
    k->shown_run[0] = s->run[0].id;
    k->shown_run[1] = s->run[s->other].id;
}
