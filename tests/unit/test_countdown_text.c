/* Demonstrations and base text: every equation right, every judgement true (but for the share that is
 * flipped), every token known, nothing held out. */
#include "scenarios/countdown.h"
#include "tests/unit/test_task.h"

#define S (&scenario_countdown)

enum { DOCUMENTS = 20000 };

/* What many documents amount to. */
struct tally {
    int documents, rows, accurate, formatted, gave_up, out_of_reach, waits, yes;
    int judgements, judgements_true, equations, attempts, attempts_most;
    long tokens, response;
};

static int is_token(const struct countdown *c, const char *s, size_t n)
{
    for (int i = 1; i < c->token_n; i++)
        if (strlen(c->token[i]) == n && memcmp(c->token[i], s, n) == 0)
            return 1;
    return 0;
}

/* Tokens are known, as many as token_n, one blank apart; gives the byte where the response begins. */
static size_t check_words(const struct countdown *c, const struct document *d, int look_up)
{
    const char *s = str_c(&d->text);
    size_t at = 0, response = 0;
    int n = 0;
    while (at < d->text.n) {
        size_t len = strcspn(s + at, " ");
        if (n == d->response_at)
            response = at;
        cr_assert(len > 0 && (!look_up || is_token(c, s + at, len)), "%s", s);
        at += len + 1;
        n++;
    }
    cr_assert_eq(n, d->token_n);
    cr_assert_eq(at, d->text.n + 1);
    return response;
}

/* In base text the strong tokens are results with the numbers that remain, judgements and, beside these,
 * the target, and the answer's expression. */
static void check_strong(const struct document *d)
{
    const char *s = str_c(&d->text);
    int after_equals = 0, arrows = 0, after_goal = 0, judgements = 0, answering = 0;
    for (int i = 0; i < d->token_n; i++) {
        size_t len = strcspn(s, " ");
        int judged = (len == 3 && memcmp(s, "yes", 3) == 0) || (len == 2 && memcmp(s, "no", 2) == 0);
        int is_number = *s >= '0' && *s <= '9', is_tag = *s == '<';
        answering |= is_tag && judgements > 0;
        after_equals = after_equals && is_number;
        cr_assert_eq(d->strong[i], after_equals || judged || after_goal || (answering && !is_tag), "%d of %s",
                     i, str_c(&d->text));
        judgements += judged;
        after_equals |= len == 1 && *s == '=';
        after_goal = len == 2 && memcmp(s, "->", 2) == 0 && arrows++ > 0; /* the first one is the prompt's */
        s += len + (i + 1 < d->token_n);
    }
}

/* After each operation but an attempt's last stand the numbers that remain; after the last the target. */
static void check_state(const struct problem *p, const char *s)
{
    int have[6], n = 0, v, used;
    char op;
    for (;;) {
        int a, b, result;
        if (n < 2)
            for (n = 0; n < p->n - 1; n++)
                have[n] = p->value[n];
        cr_assert_eq(sscanf(s, "%d %c %d = %d%n", &a, &op, &b, &result, &used), 4, "%s", s);
        s += used;
        for (int k = 0; k < 2; k++) {
            int i = 0, want = k ? b : a;
            while (i < n && have[i] != want)
                i++;
            cr_assert(i < n, "%d is not there: %s", want, s);
            have[i] = have[--n];
        }
        cr_assert(a >= b);
        for (int left = n, before = 1000; left > 0; left--, before = v) {
            int i = 0;
            cr_assert_eq(sscanf(s, "%d%n", &v, &used), 1, "%s", s);
            s += used;
            while (i < left && have[i] != v)
                i++;
            cr_assert(i < left && v <= before, "%d does not remain: %s", v, s);
            have[i] = have[left - 1];
            have[left - 1] = v;
        }
        have[n++] = result;
        if (n > 1)
            cr_assert_eq(strncmp(s, " ,", 2), 0, "%s", s);
        if (n == 1) {
            cr_assert_eq(sscanf(s, " -> %d%n", &v, &used), 1, "%s", s);
            cr_assert_eq(v, p->value[p->n - 1]);
            s += used;
        }
        if (n == 1 && strncmp(s, " no wait ", 9) != 0)
            return;
        s += n > 1 ? 2 : 9;
    }
}

static void check_no_state(const char *s)
{
    cr_assert_null(strstr(s, "->"), "the goal is not shown: %s", s);
    for (s = strchr(s, '='); s; s = strchr(s + 1, '=')) {
        const char *after = s + 2 + strcspn(s + 2, " ");
        cr_assert(!strncmp(after, " ,", 2) || !strncmp(after, " no", 3) || !strncmp(after, " yes", 4),
                  "%s", s);
    }
}

/* Reads `User : 11 8 7 -> 26 Assistant : <think>` back; gives what follows, NULL when it is no prompt. */
static const char *read_prompt(const char *text, struct problem *p)
{
    static const char begin[] = "User : ", end[] = " Assistant : <think>";
    char *s;
    memset(p, 0, sizeof *p);
    if (strncmp(text, begin, strlen(begin)) != 0)
        return NULL;
    text += strlen(begin);
    while (*text != '-') {
        p->value[p->n++] = (int32_t)strtol(text, &s, 10);
        text = s + 1;
    }
    p->value[p->n++] = (int32_t)strtol(text + 3, &s, 10);
    cr_assert_eq(strncmp(s, end, strlen(end)), 0, "after the target: %s", s);
    return s + strlen(end);
}

static void check_document(const struct countdown *c, const struct document *d, struct tally *t)
{
    static struct marks m;
    struct problem p;
    struct score s;
    const char *completion = read_prompt(str_c(&d->text), &p);
    size_t n;
    struct countdown_set set = {.n = p.n - 1};
    cr_assert(completion != NULL);
    cr_assert_not(countdown_is_held_out(c, &p), "held out: %s", str_c(&d->text));
    n = strlen(completion);
    countdown_score(c, &p, completion, n, &s);
    countdown_analyse(c, &p, completion, n, s.accuracy, &m);
    cr_assert_eq(m.equations, m.equations_right, "%s", str_c(&d->text));
    cr_assert_eq(m.equations, m.attempts * (p.n - 2), "%s", str_c(&d->text));
    cr_assert_eq(m.attempts, m.attempts_distinct, "%s", str_c(&d->text));
    cr_assert_eq(m.attempts, m.verifications, "%s", str_c(&d->text));
    cr_assert_eq(m.waits, m.attempts - 1, "%s", str_c(&d->text));
    cr_assert_eq(m.backtracks, m.waits, "%s", str_c(&d->text));
    cr_assert(s.format == 0 || s.accuracy == 1 || strncmp(s.why, "gives", 5) == 0, "%s", str_c(&d->text));
    if (c->set.show_state)
        check_state(&p, completion + 1);
    else
        check_no_state(completion);
    for (int i = 0; i < set.n; i++)
        set.value[i] = p.value[i];
    t->documents++;
    t->accurate += s.accuracy == 1;
    t->formatted += s.format == 1;
    t->gave_up += strstr(completion, "yes") == NULL;
    t->yes += strstr(completion, "yes") != NULL;
    t->out_of_reach += !countdown_reaches(c, &set, p.value[set.n]);
    t->waits += m.waits;
    t->judgements += m.verifications;
    t->judgements_true += m.verifications_right;
    t->equations += m.equations;
    t->attempts += m.attempts;
    t->attempts_most = m.attempts > t->attempts_most ? m.attempts : t->attempts_most;
}

static void demonstrations(const struct change *change, int changes, struct tally *t)
{
    void *self = task_open(S, change, changes);
    struct document d = {0};
    memset(t, 0, sizeof *t);
    for (uint32_t i = 0; i < DOCUMENTS; i++) {
        struct rng r = rng_at(11, RNG_COLD, i, 0, 0);
        size_t response;
        S->demonstrate(self, &r, &d);
        cr_assert_not(d.text.failed);
        response = check_words(self, &d, i < 500);
        cr_assert_eq(strncmp(str_c(&d.text) + response - 8, "<think> ", 8), 0);
        for (int k = d.response_at; k < d.token_n; k++)
            cr_assert_eq(d.strong[k], 1);
        cr_assert_eq(strcmp(str_c(&d.text) + d.text.n - 9, "</answer>"), 0);
        check_document(self, &d, t);
        t->tokens += d.token_n;
        t->response += d.token_n - d.response_at;
    }
    cr_expect_eq(t->judgements, t->judgements_true);
    document_free(&d);
    S->close(self);
}

Test(countdown_text, demonstrations_of_three_numbers)
{
    struct tally t;
    demonstrations(NULL, 0, &t);
    task_share("right", t.accurate, t.documents, 0.42, 0.53);
    task_share("well formed", t.formatted, t.documents, 0.94, 0.96);
    task_share("out of reach", t.out_of_reach, t.documents, 0.20, 0.30);
    task_share("waits", t.waits, t.documents, 0.9, 1.5);
    cr_expect(t.attempts_most > 9 && t.attempts_most <= 14);
    cr_expect(t.response / t.documents >= 30 && t.response / t.documents <= 50);
}

/* Without giving up, and every target in reach, the canonical order always arrives. */
Test(countdown_text, canonical_order_is_complete)
{
    static const struct change change[] = {
        {"hazard_a", 0}, {"hazard_b", 0}, {"random_target", 0}, {"malformed", 0}};
    struct tally t;
    demonstrations(change, 4, &t);
    cr_expect_eq(t.accurate, t.documents);
    cr_expect_eq(t.gave_up, 0);
}

Test(countdown_text, hazard_one_means_one_attempt)
{
    static const struct change change[] = {{"hazard_a", 1}, {"hazard_a_share", 1}, {"malformed", 1}};
    struct tally t;
    demonstrations(change, 3, &t);
    cr_expect(t.waits == 0 && t.attempts == t.documents);
    cr_expect_eq(t.formatted, 0);
}

Test(countdown_text, demonstrations_of_four_numbers)
{
    static const struct change change[] = {{"taught_low", 4}, {"taught_high", 4}};
    static const struct change guided[] = {{"taught_low", 4},   {"taught_high", 4},   {"guide_first", 1},
                                           {"guide_middle", 1}, {"random_target", 0}, {"malformed", 0}};
    struct tally t;
    demonstrations(change, 2, &t);
    task_share("right", t.accurate, t.documents, 0.5, 0.7);
    cr_expect(t.attempts_most > 6 && t.attempts_most <= 9);
    demonstrations(guided, 6, &t);
    cr_expect(t.accurate == t.documents && t.waits == 0);
}

Test(countdown_text, random_order_without_state)
{
    static const struct change change[] = {
        {"canonical", 0}, {"show_state", 0}, {"show_goal", 0}, {"closest_last", 0.7}, {"ops", 0}};
    struct tally t;
    demonstrations(change, 4, &t);
    task_share("right", t.accurate, t.documents, 0.2, 0.7);
}

static void base_text(const struct change *change, int changes, struct tally *t)
{
    void *self = task_open(S, change, changes);
    struct document d = {0};
    struct problem none = {4, {0, 0, 0, 0}};
    static struct marks m;
    memset(t, 0, sizeof *t);
    for (uint32_t i = 0; i < DOCUMENTS; i++) {
        struct rng r = rng_at(12, RNG_BASE, i, 0, 0);
        S->base(self, &r, &d);
        cr_assert(!d.text.failed && d.response_at == 0);
        check_words(self, &d, i < 500);
        check_strong(&d);
        if (strncmp(str_c(&d.text), "User", 4) == 0) {
            check_document(self, &d, t);
            continue;
        }
        countdown_analyse(self, &none, str_c(&d.text), d.text.n, 0, &m);
        cr_assert(m.equations == 8 && m.equations_right == 8, "%s", str_c(&d.text));
        t->rows++;
    }
    document_free(&d);
    S->close(self);
}

Test(countdown_text, base_text_has_its_shares)
{
    struct tally t;
    base_text(NULL, 0, &t);
    task_share("rows", t.rows, DOCUMENTS, 0.23, 0.27);
    task_share("well formed", t.formatted, t.documents, 0.74, 0.78);
    task_share("true judgements", t.judgements_true, t.judgements, 0.98, 0.99);
    task_share("waits", t.waits, t.documents, 0.4, 0.8);
    cr_expect(t.attempts_most > 9 && t.attempts_most <= 12);
}

Test(countdown_text, base_text_sets_targets_to_what_was_reached)
{
    static const struct change none[] = {
        {"hit_short", 0}, {"hit_long", 0}, {"flipped", 0}, {"short_share", 0}};
    static const struct change all[] = {
        {"hit_short", 0}, {"hit_long", 1}, {"flipped", 0}, {"short_share", 0}};
    struct tally without, with;
    base_text(none, 4, &without);
    base_text(all, 4, &with);
    cr_expect_eq(without.judgements, without.judgements_true);
    cr_expect_eq(with.judgements, with.judgements_true);
    cr_expect(with.yes > without.yes + DOCUMENTS / 4, "yes in %d, without %d", with.yes, without.yes);
    task_share("waits with hits", with.waits, with.documents, 3, 8);
}

/* The same place gives the same document, whatever was written before it. */
Test(countdown_text, documents_depend_on_their_place_only)
{
    void *self = task_open(S, NULL, 0), *other = task_open(S, NULL, 0);
    struct document a = {0}, b = {0};
    int different = 0;
    for (int i = 199; i >= 0; i--) {
        struct rng r = rng_at(1, RNG_COLD, 0, (uint32_t)i, 0), same = r,
                   next = rng_at(1, RNG_COLD, 1, (uint32_t)i, 0);
        S->demonstrate(self, &r, &a);
        S->base(other, &next, &b);
        S->demonstrate(other, &same, &b);
        cr_assert_str_eq(str_c(&a.text), str_c(&b.text));
        cr_assert(a.token_n == b.token_n && a.response_at == b.response_at && r.position == same.position);
        S->demonstrate(other, &next, &b);
        different += strcmp(str_c(&a.text), str_c(&b.text)) != 0;
    }
    cr_expect(different > 190);
    document_free(&a);
    document_free(&b);
    S->close(self);
    S->close(other);
}
