/* Questions that are answered aside: asked once, given up, failed, and how long an answer is shown. */
#include <stdatomic.h>

#include "app/session/aside.h"
#include "engine/run/trainer.h"
#include "tests/unit/tiny_desk.h"

/* A question is either answered by its number, or waits to be given up, or fails. */
enum what { ANSWER, WAIT, FAIL };

struct asked {
    enum what what;
    int number;
};

struct found {
    int number;
    int64_t step;
};

static atomic_int begun;
static struct err e;

static enum status reply(struct aside *a, struct trainer *t, const void *question, void *answer,
                         struct err *why)
{
    const struct asked *q = question;
    enum status st = ST_OK;
    atomic_fetch_add(&begun, 1);
    if (q->what == FAIL)
        return err_set(why, ST_FAILED, "reply", "it cannot be");
    while (q->what == WAIT && !st)
        st = gate_point(aside_gate(a), GATE_PHASE, 0, 0);
    *(struct found *)answer = (struct found){q->number, t->step};
    return st;
}

static const struct aside_kind fleeting = {
    .name = "test", .answer_bytes = sizeof(struct found), .answer = reply};
static const struct aside_kind lasting = {
    .name = "test", .answer_bytes = sizeof(struct found), .keeps = 1, .answer = reply};

static struct tiny_desk t;

static struct aside *start(const struct aside_kind *kind)
{
    struct aside *a;
    tiny_desk_init(&t);
    tiny_desk_must(aside_init(&a, kind, t.session.store_path, -1, &e), &e);
    return a;
}

static void finish(struct aside *a)
{
    aside_release(a);
    tiny_desk_release(&t);
}

static void ask(struct aside *a, int64_t run, int64_t step, enum what what, int number)
{
    struct asked q = {what, number};
    tiny_desk_must(aside_ask(a, run, step, &q, sizeof q, &e), &e);
}

/* Until it has nothing more to do. */
static struct aside_look settled(struct aside *a)
{
    struct aside_look look;
    do {
        usleep(1000);
        aside_look(a, &look);
    } while (look.doing);
    return look;
}

static void answers(struct aside *a, int number, int64_t step, int begun_n)
{
    struct aside_look look = settled(a);
    const struct found *x = look.answer;
    cr_assert_eq(look.error.code, ST_OK, "%s", look.error.msg);
    cr_assert(x && x->number == number && x->step == step, "not %d of step %d", number, (int)step);
    cr_assert(look.run == t.session.run.id && look.step == step);
    cr_assert_eq(atomic_load(&begun), begun_n);
}

Test(aside, the_same_question_is_answered_once, .timeout = 60)
{
    struct aside *a = start(&fleeting);
    struct asked q = {ANSWER, 6};
    int64_t run = t.session.run.id;
    ask(a, run, 2, ANSWER, 5);
    answers(a, 5, 2, 1);
    ask(a, run, 2, ANSWER, 5);
    answers(a, 5, 2, 1);
    ask(a, run, 2, ANSWER, 6);
    answers(a, 6, 2, 2);
    ask(a, run, 3, ANSWER, 6);
    answers(a, 6, 3, 3);
    tiny_desk_must(aside_ask(a, run, 3, &q, sizeof q.what, &e), &e);
    answers(a, 6, 3, 4);
    finish(a);
}

/* A lasting answer is shown while another step of its run is asked about, and stays when that is given up. */
Test(aside, what_is_shown_while_it_works, .timeout = 60)
{
    struct aside *a = start(&lasting), *b;
    struct aside_look look;
    int64_t run = t.session.run.id;
    ask(a, run, 2, ANSWER, 5);
    answers(a, 5, 2, 1);
    ask(a, run, 3, WAIT, 5);
    aside_look(a, &look);
    cr_assert(look.doing && look.answer && look.step == 2);
    aside_stop(a);
    answers(a, 5, 2, atomic_load(&begun));
    ask(a, t.session.run.parent, 1, WAIT, 5);
    aside_look(a, &look);
    cr_assert(look.doing && !look.answer, "another run's");
    aside_release(a);
    atomic_store(&begun, 0);
    tiny_desk_must(aside_init(&b, &fleeting, t.session.store_path, -1, &e), &e);
    ask(b, run, 2, ANSWER, 5);
    answers(b, 5, 2, 1);
    ask(b, run, 3, WAIT, 5);
    aside_look(b, &look);
    cr_assert(look.doing && !look.answer, "another step's");
    finish(b);
}

Test(aside, an_error_is_told_once_and_the_question_may_be_asked_again, .timeout = 60)
{
    struct aside *a = start(&fleeting);
    struct aside_look look;
    int64_t run = t.session.run.id;
    ask(a, run, 2, FAIL, 0);
    look = settled(a);
    cr_assert(look.error.code == ST_FAILED && strstr(look.error.msg, "cannot be") && !look.answer);
    aside_look(a, &look);
    cr_assert_eq(look.error.code, ST_OK);
    ask(a, run, 2, FAIL, 0);
    look = settled(a);
    cr_assert(look.error.code == ST_FAILED && atomic_load(&begun) == 2, "it was not asked again");
    /* One that is given up has nothing to tell. */
    ask(a, run, 3, FAIL, 0);
    while (atomic_load(&begun) < 3)
        usleep(1000);
    aside_stop(a);
    aside_look(a, &look);
    cr_assert(look.error.code == ST_OK && !look.doing);
    ask(a, run, 3, ANSWER, 8);
    answers(a, 8, 3, 4);
    finish(a);
}
