/* Snapshots: copies, and the box through which the engine hands them to the screen. */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>

#include "tests/golden/moments.h"

Test(snapshot, a_copy_is_equal_in_all_that_is_used)
{
    struct snapshot *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    struct moment m;

    cr_assert(a && b && moment_make(&m, "grpo"));
    memset(a, 0xA5, sizeof *a);
    snapshot_copy(a, m.now);
    cr_assert_eq(a->version, 1);
    cr_assert_str_eq(a->run, "countdown");
    cr_assert(!memcmp(a->metric, m.now->metric, sizeof a->metric));
    cr_assert(!memcmp(a->stages, m.now->stages, sizeof a->stages));
    cr_assert_eq(a->pace, 12);
    cr_assert_eq(a->group_size, 8);
    cr_assert(!memcmp(a->load, m.now->load, 24 * sizeof *a->load));
    cr_assert(!memcmp(a->bias, m.now->bias, 24 * sizeof *a->bias));
    cr_assert(!memcmp(a->load_average, m.now->load_average, 24 * sizeof *a->load));
    cr_assert(!memcmp(a->group, m.now->group, 16 * sizeof *a->group));
    cr_assert(!memcmp(a->trace, m.now->trace, 128 * sizeof *a->trace));
    cr_assert_eq(a->follow.tokens_n, m.now->follow.tokens_n);
    cr_assert_eq(a->follow.target_ok, 1);
    cr_assert_str_eq(a->follow.text, m.now->follow.text);
    cr_assert(!memcmp(a->follow.begin, m.now->follow.begin, (size_t)(a->follow.tokens_n + 1) * sizeof(int)));
    cr_assert(!memcmp(a->follow.mark, m.now->follow.mark, (size_t)a->follow.marks_n * sizeof(struct mark)));
    cr_assert_eq(((unsigned char *)&a->trace[128])[0], 0xA5, "what is not used is not copied");
    moment_free(&m);
    free(a);
    free(b);
}

static int readable(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};

    return poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}

Test(snapshot, the_box_wakes_and_hands_over_the_latest)
{
    struct snapshot *s = calloc(1, sizeof *s), *out = calloc(1, sizeof *out);
    struct snapshot_box b;

    cr_assert(s && out);
    cr_assert_eq(snapshot_box_init(&b, NULL), ST_OK);
    cr_assert_not(readable(b.wake));
    cr_assert_eq(snapshot_take(&b, out), 0);
    for (s->version = 1; s->version <= 3; s->version++) {
        s->step = (int64_t)s->version * 10;
        snapshot_put(&b, s);
        cr_assert(readable(b.wake));
    }
    cr_assert_eq(snapshot_take(&b, out), 1);
    cr_assert_eq(out->step, 30);
    cr_assert_not(readable(b.wake));
    cr_assert_eq(snapshot_take(&b, out), 0);
    snapshot_box_release(&b);
    snapshot_box_release(&b);
    free(s);
    free(out);
}

enum { PUTS = 20000 };

static void *put_many(void *box)
{
    struct snapshot *s = calloc(1, sizeof *s);
    int i;

    for (i = 1; s && i <= PUTS; i++) {
        s->version = (uint64_t)i;
        s->step = i;
        s->groups_n = 8;
        s->group_size = 8;
        s->trace[63].n = i;
        s->metric[METRIC_N - 1] = i;
        snapshot_put(box, s);
    }
    free(s);
    return NULL;
}

Test(snapshot, no_torn_copy_is_ever_taken)
{
    struct snapshot *out = calloc(1, sizeof *out);
    struct snapshot_box b;
    uint64_t last = 0;
    pthread_t t;

    cr_assert_not_null(out);
    cr_assert_eq(snapshot_box_init(&b, NULL), ST_OK);
    cr_assert_eq(pthread_create(&t, NULL, put_many, &b), 0);
    while (last < PUTS) {
        struct pollfd p = {b.wake, POLLIN, 0};
        poll(&p, 1, 1000);
        if (!snapshot_take(&b, out))
            continue;
        cr_assert(out->version > last);
        last = out->version;
        cr_assert(out->step == (int64_t)last && out->trace[63].n == (int)last &&
                  out->metric[METRIC_N - 1] == (double)last);
    }
    pthread_join(t, NULL);
    snapshot_box_release(&b);
    free(out);
}

Test(snapshot, names)
{
    cr_assert_str_eq(run_state_name(RUN_REPLAYING), "replaying");
    cr_assert_str_eq(phase_name(PHASE_BALANCE), "balance");
    cr_assert_str_eq(phase_name(PHASE_EVALUATE), "evaluate");
    cr_assert_str_eq(quantum_name(QUANTUM_PHASE), "phase");
}

Test(snapshot, the_last_step_is_on_record_or_still_to_be_replayed)
{
    struct snapshot *s = calloc(1, sizeof *s);

    cr_assert_not_null(s);
    cr_assert_eq(snapshot_last(s), 0);
    s->committed = 7;
    cr_assert_eq(snapshot_last(s), 7, "a run that has just begun to be known");
    s->head = 9;
    cr_assert_eq(snapshot_last(s), 9, "replayed up to 7");
    s->committed = 10;
    cr_assert_eq(snapshot_last(s), 10);
    free(s);
}
