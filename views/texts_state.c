/* The list of texts: what is seen, what is chosen, what is found. */
#include "views/texts_state.h"

#include <string.h>

const char *texts_filter_name(enum texts_filter f)
{
    static const char *const name[TEXTS_FILTERS] = {"all", "kept", "dropped", "by hand"};

    return f < TEXTS_FILTERS ? name[f] : "?";
}

int texts_passes(const struct record_example *x, enum texts_filter f)
{
    switch (f) {
    case TEXTS_KEPT: return x->kept;
    case TEXTS_DROPPED: return !x->kept;
    case TEXTS_BY_HAND: return x->verdict != VERDICT_RULE;
    default: return 1;
    }
}

int texts_place(const struct texts_state *s)
{
    return s->list.selected >= 0 && s->list.selected < s->list.n ? s->order[s->list.selected] : -1;
}

void texts_order(struct texts_state *s)
{
    int was = texts_place(s), i;

    s->list.n = 0;
    s->list.selected = 0;
    for (i = 0; i < s->n; i++) {
        if (!texts_passes(&s->row[i], s->filter))
            continue;
        if (i < was)
            s->list.selected = s->list.n + 1;
        s->order[s->list.n++] = i;
    }
    if (s->list.selected >= s->list.n)
        s->list.selected = s->list.n ? s->list.n - 1 : 0;
}

int texts_find(const struct texts_state *s, int step)
{
    int i, at;

    for (i = 1; s->find[0] && i <= s->list.n; i++) {
        const struct record_example *x;
        at = ((s->list.selected + i * step) % s->list.n + s->list.n) % s->list.n;
        x = &s->row[s->order[at]];
        if (strcasestr(x->prompt, s->find) || strcasestr(x->text, s->find) || strcasestr(x->other, s->find) ||
            strcasestr(x->why, s->find) || strcasestr(x->source, s->find))
            return at;
    }
    return -1;
}

const char *texts_kept_word(const struct record_example *x)
{
    switch (x->verdict) {
    case VERDICT_ACCEPTED: return "accepted";
    case VERDICT_REJECTED: return "rejected";
    case VERDICT_EDITED: return x->kind == EXAMPLE_PAIR ? "turned" : "edited";
    default: return x->kept ? "kept" : "dropped";
    }
}
