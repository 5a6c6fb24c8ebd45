/* The text of a trace: words with styles and signs, flowed into lines (trace_text_draw.c draws them).
 *
 * A token is a word. The marks of the analysis give each word a style and at most a sign before and one
 * after it; every kind of mark has a sign or a word of its own, so that none is told by colour alone.
 * Nothing is allocated.
 * Invariant: the words of the completion ascend in bytes and in tokens. */
#include "views/trace_text.h"

#include <stdio.h>
#include <string.h>

const struct snap_follow *trace_text_follow(const struct view *v)
{
    const struct snap_follow *f = v->now ? &v->now->follow : NULL;

    return f && f->group >= 0 && f->index >= 0 && f->text_n >= 1 && f->text_n <= SNAP_TEXT ? f : NULL;
}

const struct snap_trace *trace_text_trace(const struct view *v)
{
    const struct snapshot *s = v->now;
    const struct snap_follow *f = trace_text_follow(v);
    long at;

    if (!f || f->group >= s->groups_n || f->index >= s->group_size)
        return NULL;
    at = (long)f->group * s->group_size + f->index;
    return at < SNAP_TRACES ? &s->trace[at] : NULL;
}

int trace_text_token(const struct view *v)
{
    const struct snap_follow *f = trace_text_follow(v);
    int n = !f ? 0 : f->tokens_n < 0 ? 0 : f->tokens_n > SNAP_TOKENS ? SNAP_TOKENS : f->tokens_n;

    return v->token >= 0 && v->token < n ? v->token : n - 1;
}

static int tokens_n(const struct snap_follow *f)
{
    return f->tokens_n < 0 ? 0 : f->tokens_n > SNAP_TOKENS ? SNAP_TOKENS : f->tokens_n;
}

static int prompt_n(const struct snap_follow *f)
{
    return f->prompt_n < 0 ? 0 : f->prompt_n > f->text_n ? f->text_n : f->prompt_n;
}

static int is_tag(const char *s, int n)
{
    return n > 2 && s[0] == '<' && s[n - 1] == '>';
}

static struct trace_word *add_word(struct trace_text *t, const char *s, int n, enum style style)
{
    struct trace_word *word;

    while (n > 0 && *s == ' ') {
        s++;
        n--;
    }
    while (n > 0 && s[n - 1] == ' ')
        n--;
    if (!n || t->n == TRACE_WORDS)
        return NULL;
    word = &t->word[t->n++];
    memset(word, 0, sizeof *word);
    word->s = s;
    word->n = n;
    word->begin = word->end = word->token = -1;
    word->style = is_tag(s, n) ? STYLE_STRUCTURE : style;
    word->under_style = STYLE_DIM;
    return word;
}

static void split(struct trace_text *t)
{
    const struct snap_follow *f = t->f;
    int prompt = prompt_n(f), at = 0, i;

    while (at < prompt) {
        const char *blank = memchr(f->text + at, ' ', (size_t)(prompt - at));
        int end = blank ? (int)(blank - f->text) : prompt;
        add_word(t, f->text + at, end - at, STYLE_DIM);
        at = end + 1;
    }
    t->first_token = t->n;
    for (i = 0; i < tokens_n(f); i++) {
        int begin = f->begin[i], end = f->begin[i + 1];
        struct trace_word *word;
        if (begin < 0 || end < begin || prompt + end > f->text_n)
            break;
        word = add_word(t, f->text + prompt + begin, end - begin, STYLE_TEXT);
        if (!word)
            continue;
        word->token = i;
        word->begin = (int)(word->s - f->text) - prompt;
        word->end = word->begin + word->n;
        word->breaks = (word->n == 8 && !memcmp(word->s, "</think>", 8)) || t->n - 1 == t->first_token;
    }
}

/* Marks that colour words, the later of this list over the earlier. */
static const struct look {
    enum mark_kind kind;
    enum style style;
    uint32_t sign;
} looks[] = {
    {MARK_STRUCTURE, STYLE_STRUCTURE, 0},
    {MARK_VERIFICATION, STYLE_VERIFY, 0},
    {MARK_BACKTRACK, STYLE_BACKTRACK, TRACE_SIGN_BACKTRACK},
    {MARK_REFLECTION, STYLE_REFLECTION, TRACE_SIGN_REFLECTION},
    {MARK_AHA, STYLE_AHA, TRACE_SIGN_AHA},
};
enum { LOOKS = sizeof looks / sizeof *looks };

/* The first word whose end lies after byte `at`. */
static int word_at(const struct trace_text *t, int at)
{
    int low = t->first_token, high = t->n;

    while (low < high) {
        int middle = (low + high) / 2;
        if (t->word[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int trace_text_word(const struct trace_text *t, int token)
{
    int low = t->first_token, high = t->n;

    while (low < high) {
        int middle = (low + high) / 2;
        if (t->word[middle].token < token)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->n && token >= 0 && t->word[low].token == token ? low : -1;
}

static void apply_mark(struct trace_text *t, const struct mark *m, const struct look *look)
{
    int i = word_at(t, m->begin), first = i;

    for (; i < t->n && t->word[i].begin < m->end; i++) {
        t->word[i].style = look->style;
        t->word[i].before = i == first ? look->sign : 0;
        t->word[i].before_style = look->style;
    }
    if (i == first)
        return;
    if (m->kind == MARK_VERIFICATION && !m->ok) {
        t->word[i - 1].after = TRACE_SIGN_WRONG;
        t->word[i - 1].after_style = STYLE_BAD;
    }
    /* The next attempt begins after the turn. A comma that still belongs to it goes along. */
    if ((m->kind == MARK_REFLECTION || m->kind == MARK_AHA) && i < t->n)
        t->word[i].breaks = 1;
}

static int marks_n(const struct snap_follow *f)
{
    return f->marks_n < 0 ? 0 : f->marks_n < MARKS_MAX ? f->marks_n : MARKS_MAX;
}

static void apply_marks(struct trace_text *t)
{
    const struct snap_follow *f = t->f;
    int n = marks_n(f), i, k, last;

    for (k = 0; k < LOOKS; k++)
        for (i = 0; i < n; i++)
            if (f->mark[i].kind == looks[k].kind)
                apply_mark(t, &f->mark[i], &looks[k]);
    for (i = 0; i < n; i++) {
        if (f->mark[i].kind != MARK_EQUATION)
            continue;
        last = word_at(t, f->mark[i].end - 1);
        if (last < t->n && t->word[last].begin < f->mark[i].end) {
            t->word[last].after = f->mark[i].ok ? TRACE_SIGN_RIGHT : TRACE_SIGN_WRONG;
            t->word[last].after_style = f->mark[i].ok ? STYLE_GOOD : STYLE_BAD;
        }
    }
}

/* A candidate that was resampled is one no longer. */
static void apply_tests(struct trace_text *t, const struct trace_facts *facts)
{
    int i, at;

    for (i = 0; i < facts->tests_n && i < FACT_TESTS; i++) {
        const struct aha_test *test = &facts->test[i];
        struct trace_word *word;
        at = trace_text_word(t, test->token);
        if (at < 0)
            continue;
        word = &t->word[at];
        word->before = test->verified ? TRACE_SIGN_VERIFIED : TRACE_SIGN_DECORATIVE;
        word->style = word->before_style = test->verified ? STYLE_GOOD : STYLE_DIM;
    }
}

static void find_failure(struct trace_text *t)
{
    const struct snap_trace *s = t->trace;
    int at;

    t->failed_word = t->failed_line = -1;
    if (!trace_text_ended(s) || s->at < 0 || !s->why[0] || t->n == t->first_token)
        return;
    at = word_at(t, s->at);
    t->failed_word = at < t->n ? at : t->n - 1; /* at the very end: something is missing there */
    if (at < t->n && t->word[at].style == STYLE_TEXT)
        t->word[at].style = STYLE_BAD;
}

int trace_text_ended(const struct snap_trace *trace)
{
    return trace && trace->scored && (trace->done || trace->cut_off);
}

void trace_text_make(struct trace_text *t, const struct snap_follow *f, const struct snap_trace *trace,
                     const struct trace_facts *facts)
{
    t->f = f;
    t->trace = trace;
    t->n = t->first_token = t->lines = 0;
    t->pitch = t->with_reason = 1;
    split(t);
    apply_marks(t);
    if (facts)
        apply_tests(t, facts);
    find_failure(t);
}

int trace_text_width(const struct canvas *c, const struct trace_word *word)
{
    return canvas_width(c, word->s, word->n) + (word->before != 0) + (word->after ? 2 : 0);
}

/* A comma does not begin a line. What stands under a word needs room as the word does. */
void trace_text_flow(const struct canvas *c, struct trace_text *t, int width, int airy, int pitch)
{
    int i, line = 0, col = 0;

    t->pitch = pitch;
    for (i = 0; i < t->n; i++) {
        struct trace_word *word = &t->word[i];
        int wide = trace_text_width(c, word), comma = word->n == 1 && *word->s == ',';
        int wants_line = airy && word->breaks && !comma;
        if (pitch > 1 && (int)strlen(word->under) + (word->before != 0) > wide)
            wide = (int)strlen(word->under) + (word->before != 0);
        if (airy && word->breaks && comma && i + 1 < t->n)
            t->word[i + 1].breaks = 1;
        if (col > 0 && (wants_line || col + 1 + wide > width)) {
            line++;
            col = 0;
        }
        word->line = line;
        word->col = col ? col + 1 : 0;
        col = word->col + wide;
    }
    t->lines = t->n ? line + 1 : 0;
    t->failed_line = t->failed_word >= 0 && t->with_reason ? t->word[t->failed_word].line : -1;
}

int trace_text_row(const struct trace_text *t, int line)
{
    return line * t->pitch + (t->failed_line >= 0 && line > t->failed_line);
}

int trace_text_rows(const struct trace_text *t)
{
    return trace_text_row(t, t->lines);
}

void trace_text_count(const struct snap_follow *f, const struct trace_facts *facts, struct trace_tally *out)
{
    int n = marks_n(f), i;

    memset(out, 0, sizeof *out);
    for (i = 0; i < n; i++) {
        const struct mark *m = &f->mark[i];
        out->right += m->kind == MARK_EQUATION && m->ok;
        out->wrong += m->kind == MARK_EQUATION && !m->ok;
        out->reflections += m->kind == MARK_REFLECTION;
        out->verifications += m->kind == MARK_VERIFICATION;
        out->misjudged += m->kind == MARK_VERIFICATION && !m->ok;
        out->backtracks += m->kind == MARK_BACKTRACK;
        out->candidates += m->kind == MARK_AHA;
    }
    for (i = 0; facts && i < facts->tests_n && i < FACT_TESTS; i++) {
        out->verified += facts->test[i].verified != 0;
        out->decorative += !facts->test[i].verified;
    }
}

const char *trace_text_copy(const struct snap_follow *f, int token, char *out, int bytes)
{
    int prompt = prompt_n(f), begin, end;

    out[0] = 0;
    if (token < 0 || token >= tokens_n(f))
        return out;
    begin = f->begin[token];
    end = f->begin[token + 1];
    if (begin < 0 || end < begin || prompt + end > f->text_n)
        return out;
    while (end > begin && f->text[prompt + end - 1] == ' ')
        end--;
    snprintf(out, (size_t)bytes, "%.*s", end - begin, f->text + prompt + begin);
    return out;
}
