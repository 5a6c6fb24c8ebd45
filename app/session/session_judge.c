/* A hand's verdicts. What the store would take but the trainer could not learn from is refused before it
 * is written, so that the record and what is learned from never part. */
#include "app/session/session_judge.h"

#include <stdio.h>

#include "app/session/session_chain.h"
#include "engine/nn/vocab.h"

enum { LONGEST = 4096 };

static enum status check_words(struct session *s, int64_t run, const char *text, struct err *e)
{
    struct str words = {0};
    struct vocab v = {0};
    uint16_t id[LONGEST];
    int n;
    enum status st = query_vocabulary(s->query, run, &words, e);
    if (!st)
        st = vocab_parse(&v, str_c(&words), e);
    if (!st)
        st = vocab_encode(&v, text, id, LONGEST, &n, e);
    vocab_release(&v);
    str_free(&words);
    return st;
}

static enum status check(struct session *s, const struct record_run *run, const struct examples *x, int place,
                         enum example_verdict verdict, const char *text, struct err *e)
{
    const struct record_example *row = place >= 0 && place < x->n ? &x->row[place] : NULL;
    int falls;
    if (!x->n)
        return err_set(e, ST_USAGE, "texts", "%s learns from no collected text", run->name);
    if (!row)
        return err_set(e, ST_NOTFOUND, "texts", "%s learns from %d texts, there is no number %d", run->name,
                       x->n, place + 1);
    if (run->step > 0)
        return err_set(e, ST_USAGE, "texts", "%s has taken %lld steps: what it learned from stands",
                       run->name, (long long)run->step);
    if (verdict == VERDICT_RULE && row->verdict == VERDICT_EDITED)
        return err_set(e, ST_USAGE, "texts",
                       "text %d was edited: the rules have not seen it; accept or reject it",
                       place + 1);
    falls = verdict == VERDICT_REJECTED || (verdict == VERDICT_RULE && row->why[0]);
    if (falls && row->kept && x->kept_n == 1)
        return err_set(e, ST_USAGE, "texts", "that is the last text that %s has to learn from", run->name);
    return verdict == VERDICT_EDITED && row->kind == EXAMPLE_TRACE && text ? check_words(s, run->id, text,
                                                                                         e) : ST_OK;
}

/* The open run's trainer takes the texts as they stand now. */
static enum status read_again(struct session *s, struct err *e)
{
    struct examples x = {0};
    enum status st = examples_read(s->query, s->run.id, &x, e);
    if (!st)
        st = session_teach(s->trainer, &x, e);
    examples_release(&x);
    return st;
}

enum status session_judge(struct session *s, int64_t id, int place, enum example_verdict verdict,
                          const char *text, struct err *e)
{
    static const char *const what[] = {"as the rules have it", "accepted", "rejected", "edited"};
    struct examples x = {0};
    struct record_run run;
    char name[24];
    int is_open = s->trainer && s->run.id == id, is_ours = is_open && s->is_locked, is_pair = 0, n, kept;
    enum status st;
    snprintf(name, sizeof name, "%lld", (long long)id);
    st = query_run(s->query, name, &run, e);
    if (!st)
        st = examples_read(s->query, id, &x, e);
    if (!st)
        st = check(s, &run, &x, place, verdict, text, e);
    if (!st)
        is_pair = x.row[place].kind == EXAMPLE_PAIR;
    examples_release(&x);
    if (!st && !is_ours)
        st = store_run_lock(s->store, id, e);
    if (st)
        return st;
    st = store_example_judge(s->store, id, place, verdict, text, e);
    if (!is_ours)
        store_run_unlock(s->store, id);
    if (!st && is_open)
        st = read_again(s, e);
    if (!st)
        st = query_examples_n(s->query, id, &n, &kept, e);
    if (!st)
        session_say(s, 0, "text %d: %s; %s learns from %d of %d", place + 1,
                    is_pair && verdict == VERDICT_EDITED ? "turned round" : what[verdict], run.name, kept, n);
    return st;
}
