/* Breakpoints where they work: in a session's steps, from the command line of the workbench, going back to
 * where a condition held; and findings on their way to the record and back to the screen. */
#include "tests/unit/tiny_desk.h"

#include <locale.h>
#include <math.h>
#include <poll.h>

#include "app/desk/desk_finding.h"

static struct err e;

static void do_command(struct tiny_desk *t, const char *text)
{
    tiny_desk_must(command_run(&t->desk, text, &e), &e);
}

static void refuse(struct tiny_desk *t, const char *text, const char *words)
{
    cr_assert_neq(command_run(&t->desk, text, &e), ST_OK, "taken: %s", text);
    cr_assert(strstr(e.msg, words), "%s: %s", text, e.msg);
}

static int is_held(struct session *s)
{
    return control_look(&s->control).mode == CONTROL_HOLD;
}

/* Goes back to the run's beginning and lets it go. */
static void rewind_all(struct session *s)
{
    tiny_desk_must(session_rewind(s, 0, &e), &e);
    control_resume(&s->control);
}

Test(session_break, stops_at_a_step_says_why_and_logs_it)
{
    static struct tiny_desk t;
    struct session *s = &t.session;
    struct str log = {0};
    int number;
    tiny_desk_init(&t);
    tiny_desk_must(breakpoints_add(&s->breakpoints, "step 2", &number, &e), &e);
    rewind_all(s);
    tiny_desk_must(session_step(s, &e), &e);
    cr_assert(!is_held(s));
    tiny_desk_must(session_step(s, &e), &e);
    cr_assert(is_held(s));
    cr_assert_str_eq(s->message, "breakpoint 1: step 2: reached at step 2");
    tiny_desk_must(query_log(s->query, s->run.id, 100, &log, &e), &e);
    cr_assert(strstr(str_c(&log), "step 2  breakpoint 1: step 2: reached"), "%s", str_c(&log));
    control_resume(&s->control);
    tiny_desk_must(session_step(s, &e), &e);
    cr_assert(!is_held(s), "once");
    str_free(&log);
    tiny_desk_release(&t);
}

/* The past that a comparison needs is read from the store after a rewind. */
Test(session_break, comparisons_know_what_came_before)
{
    static struct tiny_desk t;
    struct session *s = &t.session;
    int number;
    tiny_desk_init(&t);
    rewind_all(s);
    tiny_desk_must(session_step(s, &e), &e);
    tiny_desk_must(breakpoints_add(&s->breakpoints, "num_tokens > 0", &number, &e), &e);
    tiny_desk_must(session_step(s, &e), &e);
    cr_assert(!is_held(s), "it held at step 1 already");
    rewind_all(s);
    tiny_desk_must(session_step(s, &e), &e);
    cr_assert(is_held(s), "before step 1 nothing was measured");
    tiny_desk_release(&t);
}

/* The tests of candidates are made before the update, and no bit knows of them. */
Test(session_break, testing_candidates_changes_no_bit)
{
    static struct tiny_desk t;
    struct session *s = &t.session;
    struct digest plain, tested;
    tiny_desk_init(&t);
    plain = trainer_digest(s->trainer);
    rewind_all(s);
    s->wants_aha = 1;
    for (int i = 0; i < 3; i++) {
        tiny_desk_must(session_step(s, &e), &e);
        cr_assert(s->round.is_tested && (s->trainer->metric[M_AHA] > 0 || !s->round.tested));
    }
    tested = trainer_digest(s->trainer);
    cr_assert(digest_equal(&plain, &tested));
    s->wants_aha = 0;
    rewind_all(s);
    tiny_desk_must(session_step(s, &e), &e);
    cr_assert(!s->round.is_tested, "nobody asks");
    tiny_desk_release(&t);
}

/* What the tests take is not the step's own time. */
Test(session_break, the_time_of_tests_counts_as_held)
{
    static struct tiny_desk t;
    struct gate gate;
    tiny_desk_init(&t);
    session_round_gate(&t.session, &gate);
    t.session.round.all_seconds = 1000;
    cr_assert_float_eq(gate_held(&gate), gate_held(&t.session.gate) + 1000, 1);
    session_round_gate(&t.session, &gate);
    cr_assert_geq(gate_held(&gate), 1000, "a clock that never goes back");
    tiny_desk_release(&t);
}

Test(session_break, commands)
{
    static struct tiny_desk t;
    struct str s = {0};
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_init(&t);
    do_command(&t, "break list");
    cr_assert(strstr(t.desk.message, "there is no breakpoint"), "%s", t.desk.message);
    do_command(&t, "break kl > 100");
    cr_assert(strstr(t.desk.message, "breakpoint 1: kl > 100"), "%s", t.desk.message);
    do_command(&t, "b num_tokens > 0 and step > 1");
    cr_assert(strstr(t.desk.message, "holds already"), "%s", t.desk.message);
    do_command(&t, "break aha.verified");
    cr_assert(strstr(t.desk.message, "64 continuations"), "%s", t.desk.message);
    do_command(&t, "break disable 1");
    do_command(&t, "break");
    tiny_desk_draw(&t, 100, 40, &s);
    cr_assert(strstr(str_c(&s), "1     off  kl > 100") &&
                  strstr(str_c(&s), "2     on   num_tokens > 0 and step > 1"),
              "%s", str_c(&s));
    cr_assert(strstr(str_c(&s), "cost so far: 0 candidates") && strstr(str_c(&s), "● 2 breaks"), "%s",
              str_c(&s));
    tiny_desk_draw(&t, 40, 10, &s);
    desk_close_overlay(&t.desk);
    do_command(&t, "break delete 2");
    do_command(&t, "break enable all");
    cr_assert_eq(breakpoints_use(&t.session.breakpoints, M_KL), 1);
    refuse(&t, "break delete 2", "there is no breakpoint 2, but 1, 3");
    refuse(&t, "break delete", "break delete N|all");
    refuse(&t, "break delete x", "whole number");
    refuse(&t, "break kll > 1", "`kl`");
    refuse(&t, "break kl >", "number");
    do_command(&t, "break delete all");
    tiny_desk_draw(&t, 100, 40, &s);
    *strchr(s.s, '\n') = 0;
    cr_assert(strstr(str_c(&s), "grpolab") && !strstr(str_c(&s), "break"), "the header: %s", str_c(&s));
    str_free(&s);
    tiny_desk_release(&t);
}

Test(session_break, when_goes_back)
{
    static struct tiny_desk t;
    tiny_desk_init(&t);
    desk_look_live(&t.desk);
    do_command(&t, "when num_tokens > 0");
    cr_assert_eq(t.desk.at, 2, "the step before the last one");
    cr_assert(strstr(t.desk.message, "at step 2"), "%s", t.desk.message);
    do_command(&t, "when num_tokens > 0");
    cr_assert_eq(t.desk.at, 1);
    refuse(&t, "when num_tokens > 0", "has not held at any step before 1");
    cr_assert_eq(t.desk.at, 1, "it stays where it was");
    refuse(&t, "when reward > 100", "has not held");
    refuse(&t, "when rewrd > 1", "`reward`");
    do_command(&t, "goto 3");
    do_command(&t, "when step 1");
    cr_assert_eq(t.desk.at, 1);
    refuse(&t, "when aha.verified", "only candidates that were tested count");
    tiny_desk_release(&t);
}

Test(session_break, set_takes_a_key_and_a_value)
{
    static struct tiny_desk t;
    tiny_desk_init(&t);
    refuse(&t, "set", "key");
    refuse(&t, "set rl.beta", "key value");
    refuse(&t, "set rl.bet 1", "rl.bet");
    refuse(&t, "set rl.beta x", "x");
    refuse(&t, "set a b c", "");
    tiny_desk_release(&t);
}

static int completes(const char *line, const char *word)
{
    struct command_source source = {0};
    struct str out = {0}, want = {0};
    int begin = (int)strlen(line), files, found;
    while (begin > 0 && line[begin - 1] != ' ')
        begin--;
    command_complete(&source, line, begin, (int)strlen(line), &out, &files);
    str_printf(&want, "\n%s\n", word);
    found = !strncmp(str_c(&out), str_c(&want) + 1, strlen(word) + 1) ||
            strstr(str_c(&out), str_c(&want)) != NULL;
    str_free(&out);
    str_free(&want);
    return found;
}

Test(session_break, completion)
{
    cr_assert(completes("break del", "delete") && completes("break rew", "reward") &&
              completes("when ah", "aha"));
    cr_assert(completes("break reward cr", "crosses") && !completes("break reward de", "delete"));
    cr_assert(completes("when kl > 0.1 a", "and") && completes("when kl > 0.1 and group", "group.flat"));
    cr_assert(!completes("when del", "delete") && completes("bre", "break"));
}

static struct record_finding value_at(const struct snapshot *s, int token, int right)
{
    return (struct record_finding){.step = s->step, .group = s->follow.group, .index = s->follow.index,
                                   .kind = FINDING_VALUE, .token = token, .right = right, .n = 32, .p = NAN};
}

/* What is on record of the trace in view is there without asking the probe. */
Test(session_break, findings_come_back_from_the_record)
{
    static struct tiny_desk t;
    struct record_finding f[3];
    struct str s = {0};
    struct record_run run;
    const struct snapshot *now;
    tiny_desk_init(&t);
    now = t.desk.stored;
    cr_assert(now->follow.group >= 0 && now->follow.tokens_n > 2);
    f[0] = value_at(now, 2, 20);
    f[1] = value_at(now, 0, 10);
    f[2] = (struct record_finding){.step = now->step, .group = now->follow.group, .index = now->follow.index,
                                   .kind = FINDING_AHA, .token = 1, .right = 30, .n = 32, .without_right = 3,
                                   .without_n = 32, .p = 1e-9, .verified = 1};
    tiny_desk_must(query_run(t.desk.query, t.session.run.name, &run, &e), &e);
    tiny_desk_must(store_findings(t.session.store, run.id, f, 3, &e), &e);
    tiny_desk_draw(&t, 80, 24, &s);
    cr_assert_not_null(t.desk.view.facts);
    cr_assert(t.desk.view.facts->values_n == 2 && t.desk.view.facts->tests_n == 1);
    cr_assert(t.desk.view.facts->value[0].token == 0 && t.desk.view.facts->value[1].right == 20);
    cr_assert(t.desk.view.facts->test[0].verified && t.desk.view.facts->test[0].without_right == 3);
    desk_keep_findings(&t.desk);
    cr_assert_eq(t.desk.findings->pending_n, 0, "what came from the record is not written again");
    tiny_desk_must(desk_look(&t.desk, 2, &e), &e);
    tiny_desk_draw(&t, 80, 24, &s);
    cr_assert(!t.desk.view.facts || !t.desk.view.facts->values_n, "another trace");
    str_free(&s);
    tiny_desk_release(&t);
}

Test(session_break, findings_are_added_once)
{
    static struct trace_facts facts;
    struct record_finding known[] = {
        {.kind = FINDING_VALUE, .token = 5, .right = 3, .n = 32},
        {.kind = FINDING_VALUE, .token = 1, .right = 4, .n = 32},
        {.kind = FINDING_AHA, .token = 5, .right = 9, .n = 32, .without_right = 9, .without_n = 32, .p = 1},
    };
    struct record_finding more = {.kind = FINDING_VALUE, .token = 5, .right = 7, .n = 64};
    facts.values_n = 1;
    facts.value[0] = (struct value_point){3, 1, 32};
    findings_merge(&facts, known, 3);
    findings_merge(&facts, known, 3);
    cr_assert(facts.values_n == 3 && facts.tests_n == 1);
    cr_assert(facts.value[0].token == 1 && facts.value[1].token == 3 && facts.value[2].token == 5);
    cr_assert(findings_missing(known, 3, &more) && !findings_missing(known, 3, &known[0]));
    findings_merge(&facts, &more, 1);
    cr_assert(facts.values_n == 3 && facts.value[2].n == 64);
    findings_merge(&facts, known, 1);
    cr_assert_eq(facts.value[2].n, 64, "fewer do not replace more");
}

/* Through the engine's thread, without disturbing what it says or does. */
Test(session_break, findings_go_on_record)
{
    static struct tiny_desk t;
    struct record_finding *got = NULL;
    struct desk *d = &t.desk;
    struct trace_facts *f;
    int n = 0;
    tiny_desk_init(&t);
    tiny_desk_must(engine_start(&d->engine, &t.session, &e), &e);
    d->has_engine = 1;
    f = d->facts;
    f->version = 2;
    f->run = t.session.run.id;
    f->step = 3;
    f->group = d->stored->follow.group;
    f->index = d->stored->follow.index;
    f->n = d->stored->follow.tokens_n;
    f->values_n = 1;
    f->value[0] = (struct value_point){1, 12, 32};
    desk_keep_findings(d);
    cr_assert(d->findings->posted && !d->findings->pending_n);
    while (d->live->command < d->findings->posted) {
        struct pollfd wake = {.fd = t.session.box.wake, .events = POLLIN};
        cr_assert_eq(poll(&wake, 1, 20000), 1, "no answer");
        snapshot_take(&t.session.box, d->live);
    }
    tiny_desk_must(query_findings(d->query, f->run, 3, f->group, f->index, &got, &n, &e), &e);
    cr_assert(n == 1 && got[0].right == 12 && got[0].token == 1);
    free(got);
    /* Of a step that is not committed yet it waits. */
    f->version = 4;
    f->step = 9;
    desk_keep_findings(d);
    cr_assert_eq(d->findings->pending_n, 1);
    engine_stop(&d->engine);
    d->has_engine = 0;
    tiny_desk_release(&t);
}
