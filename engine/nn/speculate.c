/* Speculative decoding with multi-token prediction.
 *
 * Of a sequence, tokens 0..last are known; the model has read 0..last-1. A cycle is
 *   draft    module 0 reads (h_i, token i+1) up to i = last-1 and predicts token last+1; module 1 reads
 *            what module 0 made of i, and token i+2, and predicts last+2 (V3 eq. 21-23); the last module
 *            may go on with its own output
 *   verify   the model reads token `last` and the drafts, one row each, in one call
 *   accept   the rule decides draft by draft; the first row whose draft falls gives the token in its place,
 *            the row after the last draft gives one more.
 * What the model and the modules cached for drafts that fell is overwritten by the next cycle.
 *
 * Invariants: a module's row i is true when the token that it reads is known and not a draft; module_n
 * counts the true ones, and only rows from there on are read again. Whether a cycle drafts, and how far,
 * depends on what was put out and on the drafts' distributions, never on the draft that was drawn: to drop
 * a draft for its own low probability would leave too few of the unlikely tokens.
 *
 * Randomness: a token's own number stands at its position, the draft's and the coin's at the same position
 * of a range of their own. A draft that was never examined leaves its number unused, so that it may serve
 * again. */
#include "engine/nn/speculate.h"

#include <math.h>
#include <string.h>

enum {
    LAG_MAX = SPECULATE_DRAFTS + 1,      /* rows that a module reads beside the last; more go ahead */
    ROWS_A_SLOT = SPECULATE_DRAFTS + SPECULATE_WIDTH,   /* of any one call */
    ROWS_LEAST = 64,
    DRAW_BITS = 20                       /* positions of a completion are below 2^20 */
};

enum draw { DRAW_TOKEN, DRAW_DRAFT, DRAW_COIN = DRAW_DRAFT + SPECULATE_WIDTH };

struct speculate_slot {
    struct speculate_text *text;         /* NULL: idle */
    int last;                            /* position of the last known token */
    int module_n[MTP_MAX];               /* true rows of each module */
    int read_n;                          /* modules that read in this cycle */
    int draft_n, is_drafting;
    uint16_t draft[SPECULATE_DRAFTS];
    int other_n;                         /* further candidates for the first draft */
    uint16_t other[SPECULATE_WIDTH];
    int row;                             /* its first one in the verifying call */
};

enum status speculator_init(struct speculator *s, const struct model *m, enum decode_form form, int slots_n,
                            int positions_n, struct arena *a, struct err *e)
{
    size_t R = sizeof(real), D = (size_t)m->config.width, V = (size_t)m->config.vocab_n;
    size_t slots = (size_t)slots_n, rows;
    enum status st;
    memset(s, 0, sizeof *s);
    s->modules_n = m->config.mtp_depth;
    s->rows_n = slots_n * ROWS_A_SLOT > ROWS_LEAST ? slots_n * ROWS_A_SLOT : ROWS_LEAST;
    rows = (size_t)s->rows_n;
    st = decoder_init(&s->decoder, m, form, slots_n, positions_n, s->rows_n, a, e);
    if (!st && s->modules_n)
        st = decoder_add_modules(&s->decoder, a, e);
    if (st)
        return st;
    s->slot = arena_alloc(a, slots * sizeof *s->slot);
    s->hidden = arena_alloc(a, (1 + (size_t)s->modules_n) * slots * (size_t)positions_n * D * R);
    s->q = arena_alloc(a, slots * SPECULATE_DRAFTS * V * R);
    s->input = arena_alloc(a, rows * D * R);
    s->left = arena_alloc(a, V * R);
    s->logp = arena_alloc(a, rows * R);
    s->row_slot = arena_alloc(a, rows * sizeof(int));
    s->position = arena_alloc(a, rows * sizeof(int));
    s->head_row = arena_alloc(a, rows * sizeof(int));
    s->none = arena_alloc(a, rows * sizeof(int));
    s->token = arena_alloc(a, rows * sizeof *s->token);
    if (!s->slot || !s->hidden || !s->q || !s->input || !s->left || !s->logp || !s->row_slot ||
        !s->position || !s->head_row || !s->none || !s->token)
        return err_set(e, ST_NOMEM, a->name, "drafts for %d sequences of %d tokens do not fit in %zu MB",
                       slots_n, positions_n, a->cap >> 20);
    memset(s->slot, 0, slots * sizeof *s->slot);
    memset(s->none, 0xff, rows * sizeof(int));
    return ST_OK;
}

void speculator_load(struct speculator *s, const real *w, const real *bias)
{
    decoder_load(&s->decoder, w, bias);
}

static real *hidden_at(const struct speculator *s, int level, int slot, int position)
{
    const struct decoder *d = &s->decoder;
    size_t sequence = (size_t)level * (size_t)d->slots_n + (size_t)slot;
    return s->hidden + (sequence * (size_t)d->positions_n + (size_t)position) * (size_t)d->m->config.width;
}

static real *draft_distribution(const struct speculator *s, int slot, int draft)
{
    size_t row = (size_t)slot * SPECULATE_DRAFTS + (size_t)draft;
    return s->q + row * (size_t)s->decoder.m->config.vocab_n;
}

static uint16_t token_at(const struct speculate_slot *o, int i)
{
    const struct speculate_text *t = o->text;
    if (i > o->last)
        return o->draft[i - o->last - 1];
    return i < t->prompt_n ? t->prompt[i] : t->token[i - t->prompt_n];
}

static double number_at(const struct speculate_settings *how, const struct speculate_text *t, int ahead,
                        int draw)
{
    struct rng place = rng_at(how->seed, how->stream, how->step, t->draw, t->index);
    place.position = (uint32_t)(t->n + ahead) | (uint32_t)draw << DRAW_BITS;
    return rng_unit(&place);
}

static void put_input(struct speculator *s, int *n, int slot, int position, const real *h, uint16_t token)
{
    size_t D = (size_t)s->decoder.m->config.width;
    memcpy(s->input + (size_t)*n * D, h, D * sizeof *h);
    s->row_slot[*n] = slot;
    s->position[*n] = position;
    s->token[(*n)++] = token;
}

/* Runs a module on the rows listed and keeps what it made of them. */
static const real *run_module(struct speculator *s, int module, int n, int heads)
{
    size_t D = (size_t)s->decoder.m->config.width;
    const real *logits = decoder_module(&s->decoder, module, n, s->row_slot, s->token, s->position,
                                        s->input, heads, s->head_row);
    for (int r = 0; r < n; r++)
        memcpy(hidden_at(s, module + 1, s->row_slot[r], s->position[r]),
               decoder_hidden(&s->decoder) + (size_t)r * D, D * sizeof(real));
    return logits;
}

/* A prompt, or what a module did not read while drafting stopped before it: all true rows, with no
 * prediction. */
static void catch_up(struct speculator *s, int slot, int module)
{
    struct speculate_slot *o = &s->slot[slot];
    int end = o->last - 1;   /* the row after it predicts */
    while (end - o->module_n[module] > LAG_MAX) {
        int n = 0;
        while (o->module_n[module] < end && n < s->rows_n) {
            int i = o->module_n[module]++;
            put_input(s, &n, slot, i, hidden_at(s, module, slot, i), token_at(o, i + module + 1));
        }
        run_module(s, module, n, 0);
    }
}

/* The rows of one slot for its draft j (from 0). */
static void draft_rows(struct speculator *s, int slot, int j, int *n)
{
    struct speculate_slot *o = &s->slot[slot];
    int module = j < s->modules_n ? j : s->modules_n - 1, further = j - module;
    if (further) {
        int at = o->last - 1 + further;
        put_input(s, n, slot, at, hidden_at(s, s->modules_n, slot, at - 1), o->draft[j - 1]);
        return;
    }
    for (int i = o->module_n[module]; i < o->last; i++)
        put_input(s, n, slot, i, hidden_at(s, module, slot, i), token_at(o, i + module + 1));
    o->module_n[module] = o->last - module;
    o->read_n = module + 1;
}

/* Draft j of one slot out of q [V], or the end of its drafting. */
static void draw_draft(struct speculator *s, const struct speculate_settings *how, int slot, int j,
                       const real *q)
{
    struct speculate_slot *o = &s->slot[slot];
    int V = s->decoder.m->config.vocab_n, best = speculate_best(V, q);
    int width = j == 0 ? how->width : 1;
    uint16_t drawn[SPECULATE_WIDTH];
    if (how->confidence > 0 && (double)q[best] < how->confidence) {
        o->is_drafting = 0;
        return;
    }
    for (int i = 0; i < width; i++) {
        double u = how->temperature > 0 ? number_at(how, o->text, j, DRAW_DRAFT + i) : 0;
        int x;
        if (how->temperature > 0) {
            x = i ? speculate_other(V, q, i, drawn, u) : speculate_draw(V, q, u);
        } else {
            x = i ? -1 : best;
            for (int v = 0; v < V && i; v++) {
                int taken = 0;
                for (int k = 0; k < i; k++)
                    taken |= drawn[k] == v;
                x = !taken && (x < 0 || q[v] > q[x]) ? v : x;
            }
        }
        if (x < 0)
            break;
        drawn[i] = (uint16_t)x;
        if (i)
            o->other[o->other_n++] = (uint16_t)x;
        else
            o->draft[o->draft_n++] = (uint16_t)x;
    }
    o->is_drafting = o->draft_n > j;
    if (how->temperature > 0)
        memcpy(draft_distribution(s, slot, j), q, (size_t)V * sizeof *q);
}

/* Drafts for every slot at work, one module's call for each place in the cycle. */
static void draft(struct speculator *s, const struct speculate_settings *how, int slots)
{
    const struct model *m = s->decoder.m;
    int V = m->config.vocab_n, needs_q = how->temperature > 0 || how->confidence > 0;
    real inv = how->temperature > 0 ? (real)(1 / how->temperature) : 1;
    for (int j = 0; j < how->draft_n; j++) {
        int n = 0, heads = 0;
        real *logits;
        for (int i = 0; i < slots; i++)
            if (s->slot[i].text && s->slot[i].is_drafting && j < s->modules_n)
                catch_up(s, i, j);
        for (int i = 0; i < slots; i++) {
            struct speculate_slot *o = &s->slot[i];
            /* The cycle gives one token more than it drafts. */
            if (!o->text || !o->is_drafting || j + 1 >= how->max_tokens - o->text->n)
                continue;
            draft_rows(s, i, j, &n);
            s->head_row[heads++] = n - 1;
        }
        if (!heads)
            return;
        logits = (real *)run_module(s, j < s->modules_n ? j : s->modules_n - 1, n, heads);
        if (needs_q)
            m->k->softmax(heads, V, logits, inv, s->none, s->logp, NULL);
        for (int h = 0; h < heads; h++)
            draw_draft(s, how, s->row_slot[s->head_row[h]], j, logits + (size_t)h * (size_t)V);
    }
}

static void put_row(struct speculator *s, int *n, int slot, int position, uint16_t token)
{
    s->row_slot[*n] = slot;
    s->position[*n] = position;
    s->token[(*n)++] = token;
}

/* The last token, other candidates, then the drafts, whose rows come last so that they are what stays
 * cached. */
static real *verify(struct speculator *s, const struct speculate_settings *how, int slots)
{
    const struct model *m = s->decoder.m;
    real *p, inv = how->temperature > 0 ? (real)(1 / how->temperature) : 1;
    int n = 0;
    for (int i = 0; i < slots; i++) {
        struct speculate_slot *o = &s->slot[i];
        if (!o->text)
            continue;
        o->row = n;
        put_row(s, &n, i, o->last, token_at(o, o->last));
        for (int k = 0; k < o->other_n; k++)
            put_row(s, &n, i, o->last + 1, o->other[k]);
        for (int j = 0; j < o->draft_n; j++)
            put_row(s, &n, i, o->last + 1 + j, o->draft[j]);
    }
    p = (real *)decoder_step(&s->decoder, n, s->row_slot, s->token, s->position);
    m->k->softmax(n, m->config.vocab_n, p, inv, s->none, s->logp, NULL);
    return p;
}

/* The next token of a slot from its row p [V], with the candidates that stand for it. */
static int choose(struct speculator *s, const struct speculate_settings *how, int slot, int j, const real *p,
                  int *which)
{
    const struct speculate_slot *o = &s->slot[slot];
    int V = s->decoder.m->config.vocab_n, n = j < o->draft_n ? j == 0 ? 1 + o->other_n : 1 : 0;
    uint16_t candidate[1 + SPECULATE_WIDTH];
    double coin[1 + SPECULATE_WIDTH], u = how->temperature > 0 ? number_at(how, o->text, 0, DRAW_TOKEN) : 0;
    *which = -1;
    for (int i = 0; i < n; i++)
        candidate[i] = i ? o->other[i - 1] : token_at(o, o->last + 1 + j);
    if (how->temperature <= 0) {
        int best = speculate_best(V, p);
        for (int i = 0; i < n && *which < 0; i++)
            *which = candidate[i] == best ? i : -1;
        return best;
    }
    if (n == 0)
        return speculate_draw(V, p, u);
    for (int i = 0; i < n; i++)
        coin[i] = number_at(how, o->text, 0, DRAW_COIN + i);
    return speculate_choose(V, p, draft_distribution(s, slot, j), n, candidate, coin, u, s->left, which);
}

static void count(struct speculate_stats *stats, const struct speculator *s,
                  const struct speculate_settings *how, int slot, int j, const real *p, int token, int which)
{
    stats->tokens++;
    if (j >= s->slot[slot].draft_n)
        return;
    stats->examined[j]++;
    stats->accepted[j] += which == 0;
    stats->others += which > 0;
    if (stats->with_check && how->temperature > 0)
        speculate_check_add(&stats->check, s->decoder.m->config.vocab_n, p, draft_distribution(s, slot, j),
                            token);
}

/* Takes what the rule gives of one slot's rows p. */
static enum status accept(struct speculator *s, const struct speculate_settings *how, int slot, const real *p,
                          struct speculate_stats *stats)
{
    struct speculate_slot *o = &s->slot[slot];
    struct speculate_text *t = o->text;
    int V = s->decoder.m->config.vocab_n, first = o->row, row = first, which = 0, kept = 0, last = o->last;
    size_t D = (size_t)s->decoder.m->config.width;
    for (int j = 0, goes_on = 1; goes_on && j <= SPECULATE_DRAFTS; j++) {
        const real *at = p + (size_t)row * (size_t)V;
        int drafted = j < o->draft_n, token = choose(s, how, slot, j, at, &which);
        float logp = token < 0 ? NAN : logf((float)at[token]);
        if (!isfinite(logp))
            return ST_NONFINITE;
        /* h of the row that was read is true whatever became of its draft. */
        if (s->modules_n && how->draft_n)
            memcpy(hidden_at(s, 0, slot, last + j), decoder_hidden(&s->decoder) + (size_t)row * D,
                   D * sizeof(real));
        if (stats)
            count(stats, s, how, slot, j, at, token, which);
        t->mark[t->n] = (uint8_t)((drafted ? j + 1 : 0) | (which >= 0 ? SPECULATE_MARK_ACCEPTED : 0) |
                                  (which > 0 ? SPECULATE_MARK_OTHER : 0));
        t->logp[t->n] = logp;
        t->token[t->n++] = (uint16_t)token;
        kept += which == 0;
        if (which > 0) {
            /* Its own row follows the first; no draft follows it. */
            row = first + which;
            decoder_keep(&s->decoder, row, slot, last + 1);
            o->draft_n = 0;
        } else {
            row = first + o->other_n + j + 1;
        }
        goes_on = which >= 0 && token != how->end_token && t->n < how->max_tokens;
    }
    o->last = t->prompt_n + t->n - 1;
    for (int k = 0; k < o->read_n; k++)
        o->module_n[k] = kept < k ? last - k + kept : last;
    if (t->n >= how->max_tokens || t->token[t->n - 1] == how->end_token) {
        t->cut_off = t->token[t->n - 1] != how->end_token;
        o->text = NULL;
    }
    return ST_OK;
}

/* All tokens of a prompt but the last, which the first cycle reads. */
static void start(struct speculator *s, const struct speculate_settings *how, int slot,
                  struct speculate_text *t)
{
    struct speculate_slot *o = &s->slot[slot];
    size_t D = (size_t)s->decoder.m->config.width;
    memset(o, 0, sizeof *o);
    o->text = t;
    o->last = t->prompt_n - 1;
    t->n = t->cut_off = 0;
    for (int i = 0; i < o->last;) {
        int n = 0;
        for (; i < o->last && n < s->rows_n; i++)
            put_row(s, &n, slot, i, t->prompt[i]);
        decoder_step(&s->decoder, n, s->row_slot, s->token, s->position);
        if (s->modules_n && how->draft_n)
            memcpy(hidden_at(s, 0, slot, i - n), decoder_hidden(&s->decoder), (size_t)n * D * sizeof(real));
    }
}

static enum status check(const struct speculator *s, const struct speculate_settings *how, int n,
                         const struct speculate_text *text, struct err *e)
{
    if (how->draft_n < 0 || how->draft_n > SPECULATE_DRAFTS || how->width < 1 || how->width > SPECULATE_WIDTH)
        return err_set(e, ST_USAGE, "speculate", "0..%d drafts of 1..%d candidates are possible",
                       SPECULATE_DRAFTS, SPECULATE_WIDTH);
    if (how->draft_n && !s->modules_n)
        return err_set(e, ST_USAGE, "speculate",
                       "the model has no MTP module to draft with: model.mtp_depth is 0");
    if (how->max_tokens < 1 || how->max_tokens >= 1 << DRAW_BITS)
        return err_set(e, ST_USAGE, "speculate", "%d tokens of a completion are impossible", how->max_tokens);
    for (int i = 0; i < n; i++)
        if (text[i].prompt_n < 1 || text[i].prompt_n + how->max_tokens > s->decoder.positions_n)
            return err_set(e, ST_USAGE, "speculate",
                           "a prompt of %d tokens and %d new ones: 1..%d positions are there",
                           text[i].prompt_n, how->max_tokens, s->decoder.positions_n);
    return ST_OK;
}

/* One cycle of the slots at work; *left: how many still are. */
static enum status cycle(struct speculator *s, const struct speculate_settings *how, int slots, int *left,
                         struct speculate_stats *stats)
{
    enum status st = ST_OK;
    const real *p;
    for (int i = 0; i < slots; i++) {
        s->slot[i].draft_n = s->slot[i].other_n = s->slot[i].read_n = 0;
        s->slot[i].is_drafting = s->slot[i].last > 0;   /* a module needs a token before the last */
    }
    draft(s, how, slots);
    for (int i = 0; i < slots && stats; i++) {
        stats->cycles += s->slot[i].text != NULL;
        for (int j = 0; j < s->slot[i].draft_n && s->slot[i].text; j++)
            stats->drafted[j]++;
    }
    p = verify(s, how, slots);
    *left = 0;
    for (int i = 0; i < slots && !st; i++)
        if (s->slot[i].text) {
            st = accept(s, how, i, p, stats);
            *left += s->slot[i].text != NULL;
        }
    return st;
}

enum status speculate_run(struct speculator *s, const struct speculate_settings *how, int n,
                          struct speculate_text *text, struct speculate_stats *stats, struct err *e)
{
    int most = s->decoder.slots_n;
    enum status st = check(s, how, n, text, e);
    for (int from = 0; from < n && !st; from += most) {
        int slots = n - from < most ? n - from : most, left = slots;
        for (int i = 0; i < slots; i++)
            start(s, how, i, &text[from + i]);
        while (left && !st)
            st = cycle(s, how, slots, &left, stats);
    }
    return st == ST_NONFINITE ? err_set(e, st, "speculate", "a sampling distribution is not finite") : st;
}
