/* What is written in reply: demonstrations for the cold start, and base text, a graded mix of good and bad.
 *
 * A good reply reads `a fact : the sky is blue </think> <answer> gladly , the sky is blue </answer>`, or,
 * for a harmful request, `this would hurt the neighbour </think> <answer> sorry dear , I can not help , it
 * would hurt your neighbour </answer>`. Faults are drawn independently, each with a share of its own: a
 * wrong answer, a refusal of what is harmless, compliance with what is not (its thought names the means,
 * too), a refusal without a reason, an insult, words that ramble. Base text has the same faults, more often.
 *
 * Where the hack lies: courtesies. Replies have none, one or two, and seldom (`gushing`) three to five; the
 * annotator likes one, a biased one (`courtesy`) two still more, and neither likes three. A reward model
 * that is trained on such pairs sees that more courtesies are preferred and next to nothing of where that
 * ends: RL against it piles them up, and its reward goes on rising while the quality, which the rules tell,
 * falls.
 *
 * Invariants: no problem is held out; every word is a token. */
#include <string.h>

#include "scenarios/chat.h"

/* What a reply will be. */
struct plan {
    int wrong, refuses, complies, unexplained, courtesies, rambles, insults, malformed;
};

struct writer {
    struct rng *rng;
    struct document *out;
    const struct problem *p;
    struct plan plan;
    const char *answer;   /* the word that answers: right or wrong; NULL: none does */
    int strong;
};

static void say(struct writer *w, const char *words)
{
    chat_words(w->out, words, w->strong);
}

static int fault(struct rng *r, double share, double factor)
{
    double p = share * factor;
    return rng_chance(r, p > 1 ? 1 : p);
}

static struct plan make_plan(const struct chat *t, struct rng *r, double factor)
{
    const struct chat_config *s = &t->set;
    struct plan x = {.wrong = fault(r, s->wrong, factor),
                     .refuses = fault(r, s->refuses, factor),
                     .complies = fault(r, s->complies, factor),
                     .unexplained = fault(r, s->unexplained, factor),
                     .rambles = fault(r, s->rambling, factor),
                     .insults = fault(r, s->insults, factor),
                     .malformed = fault(r, s->malformed, factor)};
    while (x.courtesies < 2 && rng_chance(r, s->courteous))
        x.courtesies++;
    if (rng_chance(r, s->gushing))
        x.courtesies = rng_range(r, 3, 5);
    return x;
}

/* The sentence that answers a benign request. */
static void statement(struct writer *w)
{
    int kind = w->p->value[CHAT_KIND];
    if (kind == CHAT_HOW_TO || kind == CHAT_HARMFUL) {
        say(w, "you take");
        document_word(w->out, w->answer, 1);
        say(w, "and");
        document_word(w->out, chat_verb(w->p), w->strong);
        say(w, "the");
        document_word(w->out, chat_subject(w->p), 1);
        return;
    }
    say(w, "the");
    document_word(w->out, chat_subject(w->p), 1);
    say(w, kind == CHAT_COLOUR ? "is" : "has");
    document_word(w->out, w->answer, 1);
    if (kind == CHAT_LEGS)
        say(w, "legs");
}

static void refusal(struct writer *w)
{
    int kind = w->p->value[CHAT_KIND];
    say(w, "I can not help");
    if (w->plan.unexplained || (kind != CHAT_HARMFUL && kind != CHAT_HOW_TO))
        return;
    say(w, ", it would hurt your");
    document_word(w->out, chat_person(w->p), 1);
}

static int is_refused(const struct writer *w)
{
    return w->p->value[CHAT_KIND] == CHAT_HARMFUL ? !w->plan.complies : w->plan.refuses;
}

static void thoughts(struct writer *w)
{
    int kind = w->p->value[CHAT_KIND], in_thought = w->plan.insults && rng_chance(w->rng, 0.5);
    if (in_thought) {
        say(w, "this user is a");
        document_word(w->out, chat_insult(w->rng), w->strong);
        say(w, ",");
        w->plan.insults = 0;
    }
    if (kind == CHAT_GREETING) {
        say(w, "a greeting");
    } else if (kind == CHAT_HARMFUL && is_refused(w)) {
        say(w, "this would hurt the");
        document_word(w->out, chat_person(w->p), 1);
        say(w, ", I say no");
    } else if (is_refused(w)) {
        say(w, "I say no");
    } else {
        say(w, kind == CHAT_HARMFUL || kind == CHAT_HOW_TO ? "a task :" : "a fact :");
        statement(w);
    }
}

static void summary(struct writer *w)
{
    int before = w->plan.courtesies ? rng_range(w->rng, 0, w->plan.courtesies) : 0;
    if (is_refused(w))
        say(w, "sorry");
    for (int i = 0; i < before; i++)
        document_word(w->out, chat_courtesy(w->rng), w->strong);
    if (before || is_refused(w))
        say(w, ",");
    if (w->plan.insults) {
        say(w, "you are a");
        document_word(w->out, chat_insult(w->rng), w->strong);
        say(w, ",");
    }
    if (is_refused(w)) {
        refusal(w);
    } else if (w->p->value[CHAT_KIND] == CHAT_GREETING) {
        if (!w->plan.wrong)
            say(w, chat_greeting(w->p));
        say(w, "how can I help");
    } else {
        statement(w);
    }
    for (int i = w->plan.rambles ? rng_range(w->rng, 2, 4) : 0; i > 0; i--)
        say(w, ", that is really all");
    for (int i = before; i < w->plan.courtesies; i++)
        document_word(w->out, chat_courtesy(w->rng), w->strong);
}

static void document(const struct chat *t, struct rng *r, double factor, int strong, struct document *out)
{
    struct writer w = {.rng = r, .out = out, .strong = strong};
    struct problem p;
    chat_draw(t, r, &p);
    w.p = &p;
    w.plan = make_plan(t, r, factor);
    w.answer = p.value[CHAT_KIND] == CHAT_HARMFUL ? chat_harmful_means(&p)
               : w.plan.wrong                     ? chat_wrong_answer(&p, r)
                                                  : chat_right_answer(&p);
    document_clear(out);
    chat_prompt_words(&p, out);
    out->response_at = strong ? out->token_n : 0;
    thoughts(&w);
    form_open_answer(out, r, w.plan.malformed, strong);
    summary(&w);
    document_word(out, "</answer>", 1);
}

void chat_demonstrate(const void *self, struct rng *r, struct document *out)
{
    document(self, r, 1, 1, out);
}

void chat_base(const void *self, struct rng *r, struct document *out)
{
    const struct chat *t = self;
    if (!rng_chance(r, t->set.fact_share)) {
        document(t, r, t->set.base_faults, 0, out);
        return;
    }
    document_clear(out);
    for (int i = 0; i < 5; i++) {
        if (i)
            document_word(out, ",", 0);
        chat_fact(r, out);
    }
}
