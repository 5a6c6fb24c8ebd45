/* Pipeline schedules for the schedule screen and for the command line: what is asked for in words, played
 * with the engine's own arithmetic.
 *
 * New settings are played on a copy that takes the place of the old one when all went well. Invariant: a kind
 * that is played has its pieces by device, in order of time; one that is not says why. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_schedule.h"
#include "engine/run/overlap.h"
#include "engine/run/pipeline.h"

static const struct {
    const char *word, *name, *formula;
} kinds[SCHEDULE_KINDS] = {
    [PIPELINE_1F1B] = {"1f1b", "1F1B", "(PP-1)(F+B)"},
    [PIPELINE_ZB1P] = {"zb1p", "ZB1P", "(PP-1)(F+B-2W)"},
    [PIPELINE_DUALPIPE] = {"dualpipe", "DualPipe", "(PP/2-1)(F&B+B-3W)"},
};

int schedule_find(const char *word)
{
    int i;

    for (i = 0; i < SCHEDULE_KINDS; i++)
        if (!strcmp(kinds[i].word, word))
            return i;
    return -1;
}

static struct pipeline pipeline_of(const struct schedule_state *s, int kind)
{
    return (struct pipeline){(enum pipeline_kind)kind, s->devices, s->micro, s->f, s->b, s->w, s->fb};
}

static struct schedule_figures figures(const struct pipeline_figures *x)
{
    return (struct schedule_figures){x->bubble, x->makespan, x->activations, x->parameters};
}

static int is_near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b));
}

/* Times at which the formula of a kind is exact. */
static int is_even(const struct schedule_state *s, int kind)
{
    return is_near(s->f, s->b - s->w) && is_near(s->f, s->w) &&
           (kind != PIPELINE_DUALPIPE || is_near(s->fb, s->f + s->b));
}

/* What keeps a schedule from what its formula says, the cause that weighs most. */
static const char *cause(const struct schedule_state *s, int kind)
{
    if (kind != PIPELINE_DUALPIPE && s->micro < s->devices)
        return "there are fewer micro-batches than devices: the pipeline never fills, which the formula takes "
               "for granted";
    if (kind == PIPELINE_ZB1P && s->w > fmin(s->f, s->b - s->w))
        return "W is longer than the shorter of F and B-W: the formula takes every W to fill a gap, but gaps "
               "are shorter than W, and the rest of it is in the way";
    if (kind == PIPELINE_ZB1P)
        return "a W fills only a gap of its own length; F, B-W and W are not equal, so that devices wait for "
               "each other";
    if (s->kind[kind].played.bubble < s->kind[kind].published.bubble)
        return "the formula counts gaps as if all pieces were equally long; some are shorter, and devices wait "
               "less for each other";
    if (is_near(s->f, s->b - s->w) && is_near(s->f, s->w))
        return "a pair takes F&B and not F+B, and devices have different numbers of pairs: those at the ends "
               "have fewer";
    return "the two ways keep the same pace only where F = B-W = W; else a piece of one way is late for the "
           "piece of the other that it is paired with";
}

static void explain(struct schedule_state *s, int kind)
{
    struct schedule_kind *k = &s->kind[kind];
    const struct schedule_figures *a = &k->published, *b = &k->played;
    char *out = k->why;
    int n;

    k->agrees = is_near(a->bubble, b->bubble) && is_near(a->makespan, b->makespan) &&
                is_near(a->activations, b->activations) && is_near(a->parameters, b->parameters);
    if (k->agrees) {
        snprintf(out, SCHEDULE_WHY, "%s: bubble %s = %g, and the schedule has it%s.", k->name, k->formula,
                 a->bubble,
                 is_even(s, kind)        ? ": F = B-W = W, where the formula is exact"
                 : kind == PIPELINE_1F1B ? ": this one is exact for all times"
                                         : " here, too, where times are not all equal");
        return;
    }
    n = snprintf(out, SCHEDULE_WHY, "%s: bubble %s = %g, the schedule has %g", k->name, k->formula, a->bubble,
                 b->bubble);
    if (!is_near(k->least_bubble, b->bubble))
        n += snprintf(out + n, SCHEDULE_WHY - (size_t)n,
                      " on the device that is idle most, %g on the one least", k->least_bubble);
    n += snprintf(out + n, SCHEDULE_WHY - (size_t)n, ". Why: %s.", cause(s, kind));
    if (!is_near(a->activations, b->activations) && n < SCHEDULE_WHY)
        n += snprintf(out + n, SCHEDULE_WHY - (size_t)n, " Activations: %g held where the formula has %g.",
                      b->activations, a->activations);
    if (a->bubble < 0 && n < SCHEDULE_WHY)
        snprintf(out + n, SCHEDULE_WHY - (size_t)n, " A bubble below 0 cannot be.");
}

static enum status take_timeline(struct schedule_kind *k, const struct pipeline_timeline *t, struct err *e)
{
    int i;

    k->piece = malloc((size_t)t->n * sizeof *k->piece);
    k->first = malloc(((size_t)t->ranks + 1) * sizeof *k->first);
    if (!k->piece || !k->first)
        return err_set(e, ST_NOMEM, "schedule", "no memory for %d pieces", t->n);
    memcpy(k->first, t->first, ((size_t)t->ranks + 1) * sizeof *k->first);
    for (i = 0; i < t->n; i++) {
        const struct pipeline_interval *x = &t->interval[i];
        k->piece[i] =
            (struct schedule_piece){x->begin, x->end, x->micro_batch, x->other_batch, x->work, x->way};
    }
    k->n = t->n;
    k->devices = t->ranks;
    k->played = figures(&t->figures);
    k->least_bubble = t->least_bubble;
    k->is_played = 1;
    return ST_OK;
}

/* A kind that these numbers do not allow is left unplayed and says why. */
static enum status play(struct schedule_state *s, int kind, struct err *e)
{
    struct schedule_kind *k = &s->kind[kind];
    struct pipeline p = pipeline_of(s, kind);
    struct pipeline_timeline t = {0};
    struct pipeline_figures published;
    struct err refused;
    enum status st;

    *k = (struct schedule_kind){
        .name = kinds[kind].name, .formula = kinds[kind].formula, .devices = s->devices};
    st = pipeline_check(&p, &refused);
    if (!st) {
        published = pipeline_formula(&p);
        k->published = figures(&published);
        st = pipeline_simulate(&p, &t, &refused);
    }
    if (!st)
        st = take_timeline(k, &t, &refused);
    if (st == ST_USAGE)
        snprintf(k->why, sizeof k->why, "%s is not possible here: %s.", k->name, refused.msg);
    else if (!st)
        explain(s, kind);
    pipeline_timeline_release(&t);
    if (st == ST_NOMEM && e)
        *e = refused;
    return st == ST_NOMEM ? st : ST_OK;
}

static void take_pair(struct schedule_pair *out, const struct overlap *x, int is_overlapped)
{
    static const char *const name[] = {"attention", "MLP", "dispatch", "combine", "PP"};
    static const char *const brief[] = {"attn", "mlp", "disp", "comb", "PP"};
    struct overlap_timeline t;
    int i;

    overlap_play(x, is_overlapped, &t);
    for (i = 0; i < OVERLAP_PIECES; i++)
        out->part[i] =
            (struct schedule_part){name[t.piece[i].part], brief[t.piece[i].part], (int)t.piece[i].of,
                                   t.piece[i].lane,       t.piece[i].begin,       t.piece[i].end};
    out->compute = t.compute;
    out->communication = t.communication;
    out->length = t.length;
    out->exposed = t.exposed;
}

static enum status play_pair(struct schedule_state *s, struct err *e)
{
    struct overlap x = {s->f, s->b, s->w, s->attention, s->dispatch, s->combine, s->send, s->all_to_all};
    struct schedule_pair other;
    enum status st = overlap_check(&x, e);

    if (st)
        return st;
    take_pair(&s->apart, &x, 0);
    take_pair(&s->overlapped, &x, 1);
    x.all_to_all = !x.all_to_all;
    take_pair(&other, &x, 0);
    s->other_apart = other.length;
    take_pair(&other, &x, 1);
    s->other_overlapped = other.length;
    return ST_OK;
}

void schedule_release(struct schedule_state *s)
{
    int i;

    for (i = 0; i < SCHEDULE_KINDS; i++) {
        free(s->kind[i].piece);
        free(s->kind[i].first);
    }
    memset(s, 0, sizeof *s);
}

/* Everything but what the settings are. */
static enum status play_all(struct schedule_state *s, struct err *e)
{
    struct pipeline any = pipeline_of(s, PIPELINE_1F1B);
    enum status st = pipeline_check(&any, e); /* what is wrong for one that takes all sizes is wrong for all
                                               */
    int i;

    if (!st && s->devices > SCHEDULE_DEVICES_MAX)
        st = err_set(e, ST_USAGE, "schedule", "\"pp\" may be %d here at most, not %d", SCHEDULE_DEVICES_MAX,
                     s->devices);
    if (!st && s->devices * s->micro > SCHEDULE_CELLS_MAX)
        st = err_set(e, ST_USAGE, "schedule", "\"micro\" may be %d here at most, not %d",
                     SCHEDULE_CELLS_MAX / s->devices, s->micro);
    if (!st)
        st = play_pair(s, e);
    s->end = 0;
    for (i = 0; !st && i < SCHEDULE_KINDS; i++) {
        st = play(s, i, e);
        s->end = fmax(s->end, s->kind[i].played.makespan);
    }
    s->at = s->end;
    s->is_playing = s->top = 0;
    return st;
}

enum status schedule_init(struct schedule_state *s, struct err *e)
{
    memset(s, 0, sizeof *s);
    s->devices = 8;
    s->micro = 20;
    s->f = s->w = 1;
    s->b = 2;
    s->fb = 3;
    s->attention = 0.5;
    s->dispatch = s->combine = 0.6; /* with them sending takes about as long as computing, as V3 3.2.1 has it
                                     */
    s->send = 0.3;
    s->all_to_all = 1;
    s->chosen = PIPELINE_DUALPIPE;
    return play_all(s, e);
}

static enum status read_number(const char *text, const char *key, double *out, struct err *e)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end || !isfinite(v))
        return err_set(e, ST_USAGE, "schedule", "\"%s\" is a number, not '%.40s'", key, text);
    *out = v;
    return ST_OK;
}

static enum status read_count(const char *text, const char *key, int *out, struct err *e)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if (end == text || *end || errno || v < 1 || v > PIPELINE_MICRO_MAX)
        return err_set(e, ST_USAGE, "schedule", "\"%s\" is a whole number from 1 to %d, not '%.40s'", key,
                       PIPELINE_MICRO_MAX, text);
    *out = (int)v;
    return ST_OK;
}

static enum status read_word(struct schedule_state *s, const char *word, int *gave_fb, int *changed,
                             struct err *e)
{
    struct {
        const char *key;
        double *at;
    } number[] = {{"f", &s->f},
                  {"b", &s->b},
                  {"w", &s->w},
                  {"fb", &s->fb},
                  {"attention", &s->attention},
                  {"dispatch", &s->dispatch},
                  {"combine", &s->combine},
                  {"send", &s->send}};
    const char *value = strchr(word, '=');
    size_t n = value ? (size_t)(value - word) : strlen(word), i;
    int kind = schedule_find(word);

    if (kind >= 0) {
        s->chosen = kind;
        return ST_OK;
    }
    if (!value)
        return err_set(e, ST_USAGE, "schedule", "it is 1f1b, zb1p, dualpipe or KEY=VALUE, not '%.40s'", word);
    value++;
    if (n == 2 && !strncmp(word, "pp", n))
        return read_count(value, "pp", &s->devices, e);
    if ((n == 5 && !strncmp(word, "micro", n)) || (n == 13 && !strncmp(word, "micro_batches", n)))
        return read_count(value, "micro", &s->micro, e);
    if (n == 3 && !strncmp(word, "a2a", n)) {
        if (strcmp(value, "on") && strcmp(value, "off"))
            return err_set(e, ST_USAGE, "schedule", "\"a2a\" (all-to-all) is on or off, not '%.40s'", value);
        s->all_to_all = !strcmp(value, "on");
        return ST_OK;
    }
    for (i = 0; i < sizeof number / sizeof *number; i++)
        if (n == strlen(number[i].key) && !strncmp(word, number[i].key, n)) {
            *gave_fb |= i == 3;
            *changed |= i < 2;
            return read_number(value, number[i].key, number[i].at, e);
        }
    return err_set(
        e, ST_USAGE, "schedule",
        "there is no '%.*s'; there is pp, micro, f, b, w, fb, attention, dispatch, combine, send, a2a",
        n > 40 ? 40 : (int)n, word);
}

enum status schedule_set(struct schedule_state *s, const char *const *word, int n, struct err *e)
{
    struct schedule_state next = *s;
    int i, gave_fb = 0, changed = 0, named = -1;
    enum status st = ST_OK;

    memset(next.kind, 0, sizeof next.kind);
    for (i = 0; !st && i < n; i++) {
        st = read_word(&next, word[i], &gave_fb, &changed, e);
        named = schedule_find(word[i]) >= 0 ? next.chosen : named;
    }
    if (!st && changed && !gave_fb)
        next.fb = next.f + next.b;
    if (!st)
        st = play_all(&next, e);
    if (!st && named >= 0 && !next.kind[named].is_played)
        st = err_set(e, ST_USAGE, "schedule", "%s", next.kind[named].why);
    if (st) {
        schedule_release(&next);
        return st;
    }
    schedule_release(s);
    *s = next;
    return ST_OK;
}

void schedule_words(const struct schedule_state *s, char *out, size_t bytes)
{
    snprintf(out, bytes,
             "%s pp=%d micro=%d f=%g b=%g w=%g fb=%g attention=%g dispatch=%g combine=%g send=%g a2a=%s",
             kinds[s->chosen].word, s->devices, s->micro, s->f, s->b, s->w, s->fb, s->attention, s->dispatch,
             s->combine, s->send, s->all_to_all ? "on" : "off");
}

enum status schedule_all_to_all(struct schedule_state *s, int is_on, struct err *e)
{
    s->all_to_all = is_on;
    return play_pair(s, e);
}
