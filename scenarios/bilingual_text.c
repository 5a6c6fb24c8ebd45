/* What is written about a sum in words: demonstrations for the cold start, and base text.
 *
 * `<en> seven plus five minus three` reads `seven plus five equals twelve , twelve minus three equals nine`,
 * and for `<zh>` 七 加 五 等于 十二 , 十二 减 三 等于 九; the answer is in digits. Each word of the thoughts is now and
 * then of the other language: seldom in demonstrations, often in base text.
 *
 * A writer may stop before all terms are used and answer with the sum so far, with a hazard that is drawn
 * once per trace: the habit that RL unlearns.
 *
 * Invariants: equations are right; prompts keep to their language; an answer is the last sum; no problem is
 * held out. */
#include "scenarios/bilingual.h"

struct writer {
    const struct bilingual *t;
    struct rng *rng;
    struct document *out;
    enum bilingual_language language;
    double switched;   /* chance that a word is of the other language */
    int strong;        /* of every word; 0: of results only */
};

static enum bilingual_language next_language(struct writer *w)
{
    if (w->switched > 0 && rng_chance(w->rng, w->switched))
        return w->language == BILINGUAL_ENGLISH ? BILINGUAL_CHINESE : BILINGUAL_ENGLISH;
    return w->language;
}

static void say(struct writer *w, enum bilingual_word word)
{
    document_word(w->out, bilingual_spoken(next_language(w), word), w->strong);
}

static void say_number(struct writer *w, int v, int strong)
{
    document_word(w->out, w->t->number[(int)next_language(w) * (w->t->set.value_max + 1) + v], strong);
}

static void equation(struct writer *w, int sum, int term)
{
    say_number(w, sum, w->strong);
    say(w, term < 0 ? BILINGUAL_MINUS : BILINGUAL_PLUS);
    say_number(w, term < 0 ? -term : term, w->strong);
    say(w, BILINGUAL_EQUALS);
    say_number(w, sum + term, 1);
}

static void write_prompt(const struct problem *p, struct document *out)
{
    enum bilingual_language l = p->value[0] ? BILINGUAL_CHINESE : BILINGUAL_ENGLISH;
    char name[BILINGUAL_BYTES];
    int terms = bilingual_terms(p);
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    document_word(out, p->value[0] ? "<zh>" : "<en>", 0);
    for (int i = 0; i < terms; i++) {
        int v = p->value[1 + i];
        if (i)
            document_word(out, bilingual_spoken(l, v < 0 ? BILINGUAL_MINUS : BILINGUAL_PLUS), 0);
        bilingual_name(l, v < 0 ? -v : v, name);
        document_word(out, name, 0);
    }
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

void bilingual_prompt(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_prompt(write_prompt, p, out);
}

/* Steps until all terms are used or, by chance `hazard` after each, the writer stops. Gives the last sum. */
static int thoughts(struct writer *w, const struct problem *p, double hazard)
{
    int terms = bilingual_terms(p), sum = p->value[1];
    for (int i = 1; i < terms; i++) {
        if (i > 1)
            document_word(w->out, ",", w->strong);
        equation(w, sum, p->value[1 + i]);
        sum += p->value[1 + i];
        if (i < terms - 1 && rng_chance(w->rng, hazard))
            break;
    }
    return sum;
}

static void document(struct writer *w, double hazard, double malformed)
{
    int spoilt = rng_chance(w->rng, malformed), sum;
    struct problem p;
    bilingual_draw(w->t, w->rng, &p);
    w->language = p.value[0] ? BILINGUAL_CHINESE : BILINGUAL_ENGLISH;
    write_prompt(&p, w->out);
    w->out->response_at = w->strong ? w->out->token_n : 0;
    sum = thoughts(w, &p, hazard);
    form_open_answer(w->out, w->rng, spoilt, w->strong);
    document_word(w->out, w->t->digits[sum], 1);
    document_word(w->out, "</answer>", w->strong);
}

void bilingual_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct bilingual *t = self;
    struct writer w = {.t = t, .rng = r, .out = out, .switched = t->set.switched, .strong = 1};
    double hazard = rng_chance(r, t->set.hazard_a_share) ? t->set.hazard_a : t->set.hazard_b;
    document_clear(out);
    document(&w, hazard, t->set.malformed);
}

/* A row of single steps, each one that some problem takes. */
static void equations(struct writer *w)
{
    const struct bilingual_config *s = &w->t->set;
    w->language = rng_chance(w->rng, s->base_english) ? BILINGUAL_ENGLISH : BILINGUAL_CHINESE;
    for (int i = 0; i < s->equation_row; i++) {
        int most = s->number_max < s->value_max ? s->number_max : s->value_max, sum, term;
        do {
            sum = rng_range(w->rng, 0, s->value_max);
            term = rng_range(w->rng, -most, most);
        } while (!term || sum + term < 0 || sum + term > s->value_max);
        if (i)
            document_word(w->out, ",", 0);
        equation(w, sum, term);
    }
}

void bilingual_base(const void *self, struct rng *r, struct document *out)
{
    const struct bilingual *t = self;
    struct writer w = {.t = t, .rng = r, .out = out, .switched = t->set.base_switched};
    document_clear(out);
    if (rng_chance(r, t->set.equation_share))
        equations(&w);
    else
        document(&w, t->set.base_stop, t->set.base_malformed);
}
