/* Breakpoints. The list is shared by the thread that draws and the one that trains, under a lock that is
 * never held while the store is read; what was measured belongs to the training thread.
 *
 * Whether a comparison *begins* to hold needs the step before: a breakpoint that is new, or was off, is
 * first asked about that one. Invariant: `measured` is that of (run, step), or run is 0. */
#include "app/session/breakpoint.h"

#include <stdio.h>
#include <string.h>

void breakpoints_init(struct breakpoints *b)
{
    memset(b, 0, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    measured_init(&b->measured);
}

void breakpoints_release(struct breakpoints *b)
{
    pthread_mutex_destroy(&b->lock);
}

enum status breakpoints_add(struct breakpoints *b, const char *text, int *number, struct err *e)
{
    struct breakpoint new = {.is_on = 1, .holds = -1};
    enum status st = condition_parse(&new.condition, text, e);
    if (st)
        return st;
    if (strlen(text) >= sizeof new.text)
        return err_set(e, ST_USAGE, "break", "a condition of at most %zu bytes", sizeof new.text - 1);
    snprintf(new.text, sizeof new.text, "%s", text);
    pthread_mutex_lock(&b->lock);
    if (b->n == BREAKS_MAX) {
        st = err_set(e, ST_USAGE, "break", "there are %d breakpoints already; :break delete N takes one away",
                     b->n);
    } else {
        new.number = *number = ++b->last;
        b->item[b->n++] = new;
    }
    pthread_mutex_unlock(&b->lock);
    return st;
}

/* Its place in the list, -1 with the reason in *e; the lock is held. */
static int find(struct breakpoints *b, int number, struct err *e)
{
    struct str there = {0};
    for (int i = 0; i < b->n; i++)
        if (b->item[i].number == number)
            return i;
    for (int i = 0; i < b->n; i++)
        str_printf(&there, "%s%d", i ? ", " : "", b->item[i].number);
    err_set(e, ST_NOTFOUND, "break",
            b->n ? "there is no breakpoint %d, but %s" : "there is no breakpoint %d%s", number,
            b->n ? str_c(&there) : "; :break CONDITION sets one");
    str_free(&there);
    return -1;
}

enum status breakpoints_delete(struct breakpoints *b, int number, struct err *e)
{
    int at = 0;
    pthread_mutex_lock(&b->lock);
    if (!number)
        b->n = 0;
    else if ((at = find(b, number, e)) >= 0) {
        b->n--;
        memmove(b->item + at, b->item + at + 1, (size_t)(b->n - at) * sizeof *b->item);
    }
    pthread_mutex_unlock(&b->lock);
    return at < 0 ? ST_NOTFOUND : ST_OK;
}

enum status breakpoints_switch(struct breakpoints *b, int number, int on, struct err *e)
{
    int at;
    pthread_mutex_lock(&b->lock);
    at = find(b, number, e);
    if (at >= 0) {
        b->item[at].is_on = on;
        b->item[at].holds = -1;
    }
    pthread_mutex_unlock(&b->lock);
    return at < 0 ? ST_NOTFOUND : ST_OK;
}

int breakpoints_copy(struct breakpoints *b, struct breakpoint out[BREAKS_MAX])
{
    int n;
    pthread_mutex_lock(&b->lock);
    n = b->n;
    memcpy(out, b->item, (size_t)n * sizeof *out);
    pthread_mutex_unlock(&b->lock);
    return n;
}

int breakpoints_use(struct breakpoints *b, int quantity)
{
    int used = 0;
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < b->n; i++)
        used |= b->item[i].is_on && condition_uses(&b->item[i].condition, quantity);
    pthread_mutex_unlock(&b->lock);
    return used;
}

static int count_on(struct breakpoints *b)
{
    int on = 0;
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < b->n; i++)
        on += b->item[i].is_on;
    pthread_mutex_unlock(&b->lock);
    return on;
}

/* Brings `measured` to the step before; what held then is not known any more. */
static void read_before(struct breakpoints *b, struct query *q, const struct break_step *now)
{
    struct err none;
    if (b->run == now->run->id && b->step == now->step - 1)
        return;
    measured_init(&b->measured);
    if (q && now->step > 1 && measured_read(&b->measured, q, now->run, now->step - 1, &none))
        measured_init(&b->measured);
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < b->n; i++)
        b->item[i].holds = -1;
    pthread_mutex_unlock(&b->lock);
}

/* Those that are hit now that `measured` is of the step, of all or of those that ask for the quantity
 * `only`; the lock is held. */
static int look(struct breakpoints *b, const struct record_run *run, int64_t step, int only, const char *note,
                char why[BREAK_WHY])
{
    char numbers[96], name[BREAK_TEXT], more[32] = "";
    int first = -1, hits = 0;
    for (int i = 0; i < b->n; i++) {
        struct breakpoint *p = &b->item[i];
        int before = p->holds > 0;
        if (!p->is_on || (only >= 0 && !condition_uses(&p->condition, only)))
            continue;
        p->holds = condition_holds(&p->condition, &b->measured);
        if (!p->holds || (before && !condition_has_event(&p->condition)))
            continue;
        condition_why(&p->condition, &b->measured, numbers, sizeof numbers);
        p->hits++;
        p->run = run->id;
        p->step = step;
        memcpy(name, p->text, sizeof name);
        if (*note && condition_uses(&p->condition, Q_AHA_VERIFIED))
            snprintf(p->why, sizeof p->why, "%.40s at step %lld: %s", name, (long long)step, note);
        else
            snprintf(p->why, sizeof p->why, "%.80s: %s at step %lld", name, numbers, (long long)step);
        first = hits++ ? first : i;
    }
    if (hits > 1)
        snprintf(more, sizeof more, " (and %d more)", hits - 1);
    if (first >= 0)
        snprintf(why, BREAK_WHY, "%.*s%s", (int)(BREAK_WHY - sizeof more), b->item[first].why, more);
    return first >= 0 ? b->item[first].number : 0;
}

int breakpoints_test(struct breakpoints *b, struct query *q, const struct break_step *now,
                     char why[BREAK_WHY])
{
    int number;
    if (!count_on(b)) {
        b->run = 0;
        return 0;
    }
    read_before(b, q, now);
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < b->n; i++) {
        struct breakpoint *p = &b->item[i];
        if (p->is_on && p->holds < 0)
            p->holds = condition_holds(&p->condition, &b->measured);
        if (p->is_on && now->verified >= 0 && condition_uses(&p->condition, Q_AHA_VERIFIED)) {
            p->tested += now->tested;
            p->tokens += now->tokens;
            p->seconds += now->seconds;
        }
    }
    measured_add(&b->measured, now->step, now->metric);
    if (now->verified >= 0)
        measured_verified(&b->measured, now->verified);
    b->run = now->run->id;
    b->step = now->step;
    number = look(b, now->run, now->step, -1, now->note ? now->note : "", why);
    pthread_mutex_unlock(&b->lock);
    return number;
}

int breakpoints_failed(struct breakpoints *b, const struct record_run *run, int64_t step, char why[BREAK_WHY])
{
    int number;
    if (!count_on(b))
        return 0;
    measured_nonfinite(&b->measured);
    pthread_mutex_lock(&b->lock);
    number = look(b, run, step, Q_NONFINITE, "", why);
    pthread_mutex_unlock(&b->lock);
    b->run = 0;
    return number;
}
