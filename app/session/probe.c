/* The probe's thread: takes the most pressing question, answers it with a past of its own, and shows what it
 * finds as it finds it.
 *
 * One thread, of low priority, so that training is not slowed where cores are scarce. Questions wait in
 * places by kind. A new one takes the place of an older one of its kind, ends those about another trace, and
 * interrupts a longer one, which is taken up again where it was: facts are kept, and what is known is not
 * found out twice. Facts that are being worked on belong to the thread; what the user interface sees are
 * copies made under the lock. */
#include "app/session/probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/session/probe_answer.h"

enum { LOW_PRIORITY = 10 };

/* Places in the order in which they are served: what is quick and what somebody looks at first. */
enum place {
    PLACE_WHAT_IF, PLACE_TOKENS, PLACE_ATTENTION, PLACE_AHA, PLACE_VALUE, PLACE_VALUES, PLACE_ROUTING
};
_Static_assert(PLACE_ROUTING + 1 == PROBE_PLACES, "every kind of question has its place");

static enum place place_of(const struct probe_question *q)
{
    switch (q->what) {
    case PROBE_WHAT_IF:
        return PLACE_WHAT_IF;
    case PROBE_TOKENS:
        return PLACE_TOKENS;
    case PROBE_AHA:
        return PLACE_AHA;
    case PROBE_ROUTING:
        return PLACE_ROUTING;
    case PROBE_ATTENTION:
        return PLACE_ATTENTION;
    default:
        return q->at >= 0 ? PLACE_VALUE : PLACE_VALUES;
    }
}

/* Whether its answer is facts of a trace's tokens. */
static int is_about_tokens(const struct probe_question *q)
{
    return q->what == PROBE_TOKENS || q->what == PROBE_AHA || q->what == PROBE_VALUES;
}

static int is_about_trace(const struct probe_question *q)
{
    return is_about_tokens(q) || q->what == PROBE_ATTENTION;
}

/* Whether a question is still wanted when another one comes. */
static int goes_with(const struct probe_question *old, const struct probe_question *q)
{
    if (old->run != q->run || old->step != q->step)
        return 0;
    return !is_about_trace(old) || !is_about_trace(q) || (old->group == q->group && old->index == q->index);
}

static int is_same(const struct probe_question *a, const struct probe_question *b)
{
    if (a->what != b->what || a->run != b->run || a->step != b->step || a->is_finished != b->is_finished)
        return 0;
    if (a->what == PROBE_ROUTING)
        return 1;
    if (a->group != b->group || a->index != b->index || strcmp(a->prompt, b->prompt))
        return 0;
    for (int i = 0; a->what == PROBE_WHAT_IF && i < WHAT_IF_GROUP; i++)
        if (a->reward[i] != b->reward[i])
            return 0;
    if (a->what == PROBE_WHAT_IF)
        return a->objective.loss == b->objective.loss && a->objective.std == b->objective.std &&
               a->objective.eps_low == b->objective.eps_low &&
               a->objective.eps_high == b->objective.eps_high && a->objective.beta == b->objective.beta &&
               a->objective.max_length == b->objective.max_length;
    return a->at == b->at && a->samples == b->samples && a->n == b->n && a->layer == b->layer &&
           a->head == b->head;
}

static void ring(struct probe *p)
{
    uint64_t one = 1;
    /* A full counter means that the reader is awake already. */
    if (p->wake >= 0 && write(p->wake, &one, sizeof one) < 0)
        return;
}

enum status probe_init(struct probe *p, const char *store_path, int wake, struct err *e)
{
    memset(p, 0, sizeof *p);
    snprintf(p->store_path, sizeof p->store_path, "%s", store_path);
    p->wake = wake;
    p->facts = calloc(1, sizeof *p->facts);
    p->routing = calloc(1, sizeof *p->routing);
    p->what_if = calloc(1, sizeof *p->what_if);
    p->own_routing = calloc(1, sizeof *p->own_routing);
    p->own_what_if = calloc(1, sizeof *p->own_what_if);
    p->attention = calloc(1, sizeof *p->attention);
    p->own_attention = calloc(1, sizeof *p->own_attention);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->asked, NULL);
    p->is_initialised = 1;
    if (p->facts && p->routing && p->what_if && p->own_routing && p->own_what_if && p->attention &&
        p->own_attention)
        return ST_OK;
    probe_release(p);
    return err_set(e, ST_NOMEM, "probe", "no memory for facts");
}

void probe_release(struct probe *p)
{
    if (!p->is_initialised)
        return;
    if (p->is_started) {
        pthread_mutex_lock(&p->lock);
        p->stop = 1;
        atomic_store(&p->cancel, 1);
        pthread_cond_signal(&p->asked);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    if (p->past)
        past_release(p->past);
    free(p->past);
    for (int i = 0; i < PROBE_TRACES; i++)
        free(p->known[i]);
    free(p->facts);
    free(p->routing);
    free(p->what_if);
    free(p->own_routing);
    free(p->own_what_if);
    free(p->attention);
    free(p->own_attention);
    pthread_cond_destroy(&p->asked);
    pthread_mutex_destroy(&p->lock);
    memset(p, 0, sizeof *p);
}

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct probe *p = ctx;
    (void)kind, (void)unit, (void)worker;
    return atomic_load(&p->cancel) ? ST_CANCELLED : ST_OK;
}

static void tell(void *ctx, const char *doing, double part)
{
    struct probe *p = ctx;
    pthread_mutex_lock(&p->lock);
    snprintf(p->doing, sizeof p->doing, "%s", doing);
    p->progress = part;
    p->has_news = 1;
    pthread_mutex_unlock(&p->lock);
    ring(p);
}

/* Shows a copy of what the question under way is about. */
static void show(void *ctx)
{
    struct probe *p = ctx;
    pthread_mutex_lock(&p->lock);
    p->is_told = 1;
    p->version += 2; /* odd ones mark facts to which the desk has added what was on record */
    if (p->question.what == PROBE_ROUTING) {
        *p->routing = *p->own_routing;
        p->routing->version = p->version;
    } else if (p->question.what == PROBE_WHAT_IF) {
        *p->what_if = *p->own_what_if;
        p->what_if->version = p->version;
    } else if (p->question.what == PROBE_ATTENTION) {
        inspect_attention_copy(p->attention, p->own_attention);
        p->attention->version = p->version;
    } else if (p->trace) {
        *p->facts = *p->trace;
        p->facts->version = p->version;
    }
    pthread_mutex_unlock(&p->lock);
    ring(p);
}

/* The facts of the question's trace, or the least wanted ones to be used anew; NULL: no memory. */
static struct trace_facts *facts_of(struct probe *p, const struct probe_question *q)
{
    uint64_t newest = 0;
    int at = -1;
    for (int i = 0; i < PROBE_TRACES; i++) {
        const struct trace_facts *f = p->known[i];
        newest = p->known_used[i] > newest ? p->known_used[i] : newest;
        if (f && f->run == q->run && f->step == q->step && f->group == q->group && f->index == q->index)
            at = i;
    }
    if (at < 0) {
        at = 0;
        for (int i = 1; i < PROBE_TRACES; i++)
            if (p->known_used[i] < p->known_used[at])
                at = i;
    }
    if (!p->known[at])
        p->known[at] = calloc(1, sizeof *p->known[at]);
    p->known_used[at] = newest + 1;
    return p->known[at];
}

static enum status answer(struct probe *p, const struct probe_question *q, struct err *e)
{
    struct gate gate = {.ctx = p, .point = point};
    struct past_hooks h = {&gate, tell, show, p};
    enum status st = ST_OK;
    if (!p->past) {
        p->past = calloc(1, sizeof *p->past);
        if (!p->past)
            return err_set(e, ST_NOMEM, "probe", "no memory");
        st = past_init(p->past, p->store_path, 1, e);
        if (st) {
            free(p->past);
            p->past = NULL;
            return st;
        }
    }
    if (is_about_tokens(q)) {
        p->trace = facts_of(p, q);
        if (!p->trace)
            return err_set(e, ST_NOMEM, "probe", "no memory for facts");
        if (p->trace->run == q->run && p->trace->step == q->step && p->trace->group == q->group &&
            p->trace->index == q->index)
            show(p); /* what was found out before is seen at once */
    }
    return probe_answer(
        p->past, q, &(struct probe_facts){p->trace, p->own_routing, p->own_what_if, p->own_attention}, &h, e);
}

/* After an answer, with the lock held: an interrupted question waits again, and so does one that somebody
 * has put who may have seen its answer before; a failed one is told. */
static void finish(struct probe *p, enum status st, const struct err *e)
{
    enum place at = place_of(&p->question);
    p->is_busy = 0;
    p->doing[0] = 0;
    p->progress = 0;
    p->has_news = 1;
    p->error.code = ST_OK;
    if (((st == ST_CANCELLED && !p->is_dropped) || (!st && p->is_asked_again)) && !(p->waits & 1u << at)) {
        p->waiting[at] = p->question;
        p->waits |= 1u << at;
    } else if (st && st != ST_CANCELLED) {
        p->error = *e;
        p->error_is_new = 1;
    }
}

static void *work(void *arg)
{
    struct probe *p = arg;
    struct probe_question *q = malloc(sizeof *q);
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* of this thread alone */
    pthread_mutex_lock(&p->lock);
    while (q && !p->stop) {
        struct err e = {0};
        enum status st;
        int at = 0;
        if (!p->waits) {
            pthread_cond_wait(&p->asked, &p->lock);
            continue;
        }
        while (!(p->waits & 1u << at))
            at++;
        p->waits &= ~(1u << at);
        *q = p->question = p->waiting[at];
        p->is_busy = 1;
        p->is_dropped = p->is_told = p->is_asked_again = 0;
        atomic_store(&p->cancel, 0);
        pthread_mutex_unlock(&p->lock);
        st = answer(p, q, &e);
        pthread_mutex_lock(&p->lock);
        finish(p, st, &e);
        pthread_mutex_unlock(&p->lock);
        ring(p);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    free(q);
    return NULL;
}

static enum status start(struct probe *p, struct err *e)
{
    sigset_t all, old;
    int failed;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&p->thread, NULL, work, p);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    p->is_started = !failed;
    return failed ? err_set(e, ST_FAILED, "probe", "no thread to be had") : ST_OK;
}

enum status probe_ask(struct probe *p, const struct probe_question *q, struct err *e)
{
    enum place at = place_of(q);
    enum status st = ST_OK;
    if (q->what > PROBE_ATTENTION || q->step < 1 || q->run < 1)
        return err_set(e, ST_USAGE, "probe", "there is no such step to ask about");
    pthread_mutex_lock(&p->lock);
    if (!p->is_busy && p->error.code && is_same(&p->question, q)) {
        st = p->error.code;
        if (e)
            *e = p->error;
        goto out;
    }
    if (!p->is_started && (st = start(p, e)))
        goto out;
    for (int i = 0; i < PROBE_PLACES; i++)
        if (p->waits & 1u << i && !goes_with(&p->waiting[i], q))
            p->waits &= ~(1u << i);
    if (p->is_busy && !p->is_dropped && is_same(&p->question, q)) {
        p->is_asked_again |= p->is_told; /* its answer is out already, as far as it goes, and is told anew */
        goto out;
    }
    p->waiting[at] = *q;
    p->waits |= 1u << at;
    if (p->is_busy) {
        enum place now = place_of(&p->question);
        /* A growing trace asks for its tokens again and again; an answer under way is let go to its end. */
        p->is_dropped = !goes_with(&p->question, q) || (now == at && now != PLACE_TOKENS);
        if (p->is_dropped || at < now)
            atomic_store(&p->cancel, 1);
    }
    pthread_cond_signal(&p->asked);
out:
    pthread_mutex_unlock(&p->lock);
    return st;
}

int probe_is_busy(struct probe *p)
{
    int busy;
    pthread_mutex_lock(&p->lock);
    busy = p->is_busy || p->waits;
    pthread_mutex_unlock(&p->lock);
    return busy;
}

int probe_look(struct probe *p, struct trace_facts *facts, struct routing_facts *routing,
               struct what_if_facts *what_if, char *doing, double *progress, struct err *error)
{
    int news;
    pthread_mutex_lock(&p->lock);
    news = p->has_news;
    p->has_news = 0;
    if (facts && p->facts->version > facts->version) {
        *facts = *p->facts;
        news = 1;
    }
    if (routing && p->routing->version > routing->version) {
        *routing = *p->routing;
        news = 1;
    }
    if (what_if && p->what_if->version > what_if->version) {
        *what_if = *p->what_if;
        news = 1;
    }
    if (doing)
        snprintf(doing, sizeof p->doing, "%s", p->doing);
    if (progress)
        *progress = p->progress;
    if (error) {
        error->code = ST_OK;
        if (p->error_is_new)
            *error = p->error;
        p->error_is_new = 0;
    }
    pthread_mutex_unlock(&p->lock);
    return news;
}

int probe_look_attention(struct probe *p, struct attention_facts *attention)
{
    int news;
    pthread_mutex_lock(&p->lock);
    news = p->attention->version > attention->version;
    if (news)
        inspect_attention_copy(attention, p->attention);
    pthread_mutex_unlock(&p->lock);
    return news;
}
