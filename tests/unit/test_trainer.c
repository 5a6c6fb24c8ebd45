/* Whole steps of tiny runs: the same bits whatever the threads, from a restored state, and beside another
 * run. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/publish.h"
#include "tests/unit/tiny_run.h"

static const char *const dense[] = {"model.attention", "mha", "model.dense_layers", "2", NULL};
static const char *const parts[] = {"rl.mini_batches", "2", "rl.inner_epochs", "2", "rl.refill", "2",
                                    "rl.drop_flat", "1",
                                    "rl.loss", "dapo", "rl.reference_every", "2", "model.balance_alpha",
                                        "0.01", NULL};
static const char *const mtp[] = {"model.mtp_depth", "1", "run.decode", "plain", "rl.loss", "gspo",
                                  "model.groups", "2", "model.top_groups", "1", NULL};
static const char *const *const variant[] = {NULL, dense, parts, mtp};
enum { VARIANTS = 4 };

/* Three steps of a stage; what was committed is in *out. Later stages follow an untrained start. */
static void run_stage(const struct settings *s, enum stage stage, int threads, struct tiny_sink *out)
{
    struct trainer_hooks h = {.sink = &out->sink};
    struct tiny_run r;
    struct digest now;
    tiny_sink_init(out);
    tiny_run_init(&r, s, stage, 11, threads);
    for (int i = 0; i < 3; i++)
        tiny_run_step(&r, &h);
    now = trainer_digest(&r.t);
    tiny_same(&out->digest[3], &now, "commit and state");
    tiny_run_release(&r);
}

static void compare_threads(enum stage stage)
{
    for (int v = 0; v < VARIANTS; v++) {
        struct settings s;
        struct tiny_sink one, other;
        tiny_settings(&s, variant[v]);
        run_stage(&s, stage, 1, &one);
        for (int threads = 2; threads <= 3; threads++) {
            run_stage(&s, stage, threads, &other);
            for (int i = 1; i <= 3; i++) {
                tiny_same(&one.digest[i], &other.digest[i], "state");
                tiny_same(&one.content[i], &other.content[i], "metrics, traces, evaluations");
            }
        }
        cr_assert_not(digest_equal(&one.digest[1], &one.digest[2]), "a step changes something");
    }
}

Test(trainer, base_is_the_same_with_any_threads) { compare_threads(STAGE_BASE); }
Test(trainer, cold_start_is_the_same_with_any_threads) { compare_threads(STAGE_COLD); }
Test(trainer, grpo_is_the_same_with_any_threads) { compare_threads(STAGE_GRPO); }

/* The tests here and in test_cancel.c rest on rewards that differ: else the policy's gradient would be 0. */
Test(trainer, tiny_runs_have_something_to_learn)
{
    for (int v = 0; v < VARIANTS; v++) {
        struct settings s;
        struct tiny_run r;
        int flat = 0;
        tiny_settings(&s, variant[v]);
        tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
        for (int i = 0; i < 3; i++) {
            tiny_run_step(&r, NULL);
            flat += r.t.metric[M_FLAT] >= 1;
            cr_assert_gt(r.t.metric[M_GRAD_NORM], 0, "variant %d: step %d has no gradient", v, i + 1);
        }
        cr_assert_eq(flat, 0, "variant %d: all groups are flat", v);
        tiny_run_release(&r);
    }
}

Test(trainer, another_seed_gives_other_bits)
{
    for (int stage = 0; stage < STAGE_N; stage++) {
        if (stage == STAGE_REWARD || stage == STAGE_DPO) /* learn from pairs: tests of their own */
            continue;
        struct settings s;
        struct tiny_run a, b;
        struct digest x, y;
        tiny_settings(&s, NULL);
        tiny_run_init(&a, &s, (enum stage)stage, 11, 1);
        tiny_run_init(&b, &s, (enum stage)stage, 11, 1);
        b.t.seed = 12;   /* the same weights, other data */
        tiny_run_step(&a, NULL);
        tiny_run_step(&b, NULL);
        x = trainer_digest(&a.t);
        y = trainer_digest(&b.t);
        cr_assert_not(digest_equal(&x, &y), "stage %d does not depend on the seed", stage);
        tiny_run_release(&a);
        tiny_run_release(&b);
    }
}

/* Two runs in one process, their steps in turn. */
Test(trainer, runs_do_not_disturb_each_other)
{
    struct settings one, other;
    struct tiny_sink alone[2], together[2];
    struct tiny_run a, b;
    struct trainer_hooks ha = {.sink = &together[0].sink}, hb = {.sink = &together[1].sink};
    tiny_settings(&one, NULL);
    tiny_settings(&other, parts);
    run_stage(&one, STAGE_GRPO, 2, &alone[0]);
    run_stage(&other, STAGE_GRPO, 2, &alone[1]);
    tiny_sink_init(&together[0]);
    tiny_sink_init(&together[1]);
    tiny_run_init(&a, &one, STAGE_GRPO, 11, 2);
    tiny_run_init(&b, &other, STAGE_GRPO, 11, 2);
    for (int i = 1; i <= 3; i++) {
        tiny_run_step(&a, &ha);
        tiny_run_step(&b, &hb);
        tiny_same(&alone[0].digest[i], &together[0].digest[i], "first");
        tiny_same(&alone[1].digest[i], &together[1].digest[i], "second");
        tiny_same(&alone[0].content[i], &together[0].content[i], "first's record");
    }
    tiny_run_release(&a);
    tiny_run_release(&b);
}

/* The state as tensors: put into a trainer that has gone elsewhere, it goes on to the same bits. */
Test(trainer, restored_tensors_are_the_whole_state)
{
    for (int stage = 0; stage < STAGE_N; stage++)
        for (int v = 0; v < VARIANTS && stage != STAGE_REWARD && stage != STAGE_DPO; v++) {
            struct settings s;
            struct tiny_run a, b;
            struct tiny_state state;
            struct digest x, y;
            tiny_settings(&s, variant[v]);
            tiny_run_init(&a, &s, (enum stage)stage, 11, 1);
            tiny_run_step(&a, NULL);
            tiny_run_step(&a, NULL);
            tiny_state_save(&state, &a.t);
            tiny_run_init(&b, &s, (enum stage)stage, 11, 1);
            for (int i = 0; i < stage % 2 + 1; i++)
                tiny_run_step(&b, NULL);
            tiny_state_restore(&state, &b.t);
            x = trainer_digest(&a.t);
            y = trainer_digest(&b.t);
            tiny_same(&x, &y, "restored");
            tiny_run_step(&a, NULL);
            tiny_run_step(&b, NULL);
            x = trainer_digest(&a.t);
            y = trainer_digest(&b.t);
            tiny_same(&x, &y, "one step on");
            tiny_state_free(&state);
            tiny_run_release(&a);
            tiny_run_release(&b);
        }
}

/* Each tensor counts: leaving one out is noticed by the digest. */
Test(trainer, every_tensor_counts)
{
    struct settings s;
    struct tiny_run r;
    struct record_tensor tensor[TENSORS_MAX];
    int n, kinds = 0;
    tiny_settings(&s, NULL);
    tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
    tiny_run_step(&r, NULL);
    n = trainer_tensors(&r.t, r.t.reference_step, tensor, TENSORS_MAX);
    for (int i = 0; i < n; i++) {
        unsigned char *byte = (unsigned char *)tensor[i].data;
        struct digest before = trainer_digest(&r.t), after;
        byte[tensor[i].bytes / 2] ^= 1;
        after = trainer_digest(&r.t);
        byte[tensor[i].bytes / 2] ^= 1;
        /* Where the reference came from is no part of the state, only of where to find it. */
        cr_assert_eq(digest_equal(&before, &after), strcmp(tensor[i].name, "reference_step") == 0,
                     "%s %s is not in the digest", tensor[i].kind, tensor[i].name);
        kinds += i == 0 || strcmp(tensor[i].kind, tensor[i - 1].kind) != 0;
    }
    cr_assert_eq(n, 4 * r.t.model.params.n + 5);
    cr_assert_geq(kinds, 6);
    tiny_run_release(&r);
}

/* The digest of FP32 is of the state alone, in this order: a setting that came later leaves the digests on
 * record what they are where it stands at its default, whether written or left out. */
Test(trainer, a_setting_at_its_default_is_not_in_the_digest)
{
    static const char *const written[] = {"model.kv_heads", "0", "model.bf16", "off", NULL};
    const char *const *const more[] = {NULL, written};
    for (int i = 0; i < 2; i++) {
        struct settings s;
        struct tiny_run r;
        const struct learner *l = &r.t.learner;
        struct digest is, want;
        struct hash h;
        size_t block, bias;
        int64_t step = 2;
        tiny_settings(&s, more[i]);
        tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
        tiny_run_step(&r, NULL);
        tiny_run_step(&r, NULL);
        block = l->m->params.total * sizeof(real);
        bias = (size_t)l->bias_n * sizeof(real);
        hash_init(&h);
        hash_add(&h, &step, sizeof step);
        hash_add(&h, &l->updates, sizeof l->updates);
        hash_add(&h, l->w, block);
        hash_add(&h, l->adam_m, block);
        hash_add(&h, l->adam_v, block);
        hash_add(&h, l->bias, bias);
        hash_add(&h, l->load_average, (size_t)l->bias_n * sizeof(double));
        hash_add(&h, l->ref_w, block);
        hash_add(&h, l->ref_bias, bias);
        want = hash_end(&h);
        is = trainer_digest(&r.t);
        tiny_same(&want, &is, i ? "written" : "left out");
        tiny_run_release(&r);
    }
}

Test(trainer, foreign_tensors_are_refused)
{
    struct settings s;
    struct tiny_run r;
    struct err e;
    float number[4096] = {0};
    tiny_settings(&s, NULL);
    tiny_run_init(&r, &s, STAGE_COLD, 11, 1);
    cr_assert_eq(trainer_restore_tensor(&r.t, "weight", "final_norm", number, 4, &e), ST_CORRUPT);
    cr_assert(strstr(e.msg, "final_norm has 4 bytes, not 64"), "%s", e.msg);
    cr_assert_eq(trainer_restore_tensor(&r.t, "weight", "layers.9.ffn.down", number, 64, &e), ST_CORRUPT);
    cr_assert_eq(trainer_restore_tensor(&r.t, "colour", "final_norm", number, 64, &e), ST_CORRUPT);
    cr_assert_eq(trainer_restore_tensor(&r.t, "reference", "final_norm", number, 64, &e), ST_CORRUPT,
                 "a cold start has no reference");
    tiny_run_release(&r);
}

/* A later stage starts from the earlier one's weights with new moments; GRPO's reference is that policy. */
Test(trainer, stages_follow_each_other)
{
    struct settings s;
    struct tiny_run cold, grpo;
    size_t block;
    tiny_settings(&s, NULL);
    tiny_run_init(&cold, &s, STAGE_COLD, 11, 1);
    tiny_run_step(&cold, NULL);
    tiny_run_step(&cold, NULL);
    tiny_run_init(&grpo, &s, STAGE_GRPO, 11, 1);
    trainer_follow(&grpo.t, &cold.t);
    block = grpo.t.model.params.total * sizeof(real);
    cr_assert_arr_eq(grpo.t.learner.w, cold.t.learner.w, block);
    cr_assert_arr_eq(grpo.t.learner.ref_w, cold.t.learner.w, block);
    cr_assert_arr_eq(grpo.t.learner.bias, cold.t.learner.bias, (size_t)grpo.t.learner.bias_n * sizeof(real));
    cr_assert_arr_eq(grpo.t.learner.ref_bias, cold.t.learner.bias,
                     (size_t)grpo.t.learner.bias_n * sizeof(real));
    cr_assert_eq(grpo.t.learner.updates, 0);
    cr_assert_eq(grpo.t.step, 0);
    for (size_t i = 0; i < grpo.t.model.params.total; i++)
        cr_assert(grpo.t.learner.adam_m[i] == 0 && grpo.t.learner.adam_v[i] == 0);
    tiny_run_step(&grpo, NULL);
    cr_assert_eq(grpo.t.metric[M_KL], 0, "the first step measures the policy against itself");
    tiny_run_release(&cold);
    tiny_run_release(&grpo);
}

/* Replaying a step that is on record compares digests and writes nothing; a difference is an error that
 * leaves the record. */
Test(trainer, replay_is_compared)
{
    struct settings s;
    struct tiny_run r;
    struct tiny_sink sink;
    struct tiny_state start;
    struct trainer_hooks h = {.sink = &sink.sink};
    struct err e;
    tiny_settings(&s, NULL);
    tiny_sink_init(&sink);
    tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
    tiny_state_save(&start, &r.t);
    tiny_run_step(&r, &h);
    tiny_run_step(&r, &h);
    tiny_state_restore(&start, &r.t);
    cr_assert_eq(r.t.head, 2);
    tiny_run_step(&r, &h);
    cr_assert(sink.last == 2 && r.t.step == 1 && r.t.head == 2);
    sink.digest[2].byte[0] ^= 1;
    cr_assert_eq(trainer_step(&r.t, &h, &e), ST_CORRUPT);
    cr_assert(strstr(e.msg, "step 2"), "%s", e.msg);
    cr_assert_eq(r.t.step, 1);
    tiny_state_free(&start);
    tiny_run_release(&r);
}

/* Keyframe at the stage's end and where the reference is replaced; evaluations every second step and at the
 * end (twice: T 1 and R1's T 0.6). */
Test(trainer, what_is_committed)
{
    struct settings s;
    struct tiny_sink sink;
    tiny_settings(&s, NULL);
    run_stage(&s, STAGE_GRPO, 1, &sink);
    cr_assert_eq(sink.keyframes, 1);
    cr_assert_eq(sink.evaluations, 1 + 2);
    run_stage(&s, STAGE_COLD, 1, &sink);
    cr_assert_eq(sink.evaluations, 2);
    tiny_settings(&s, parts);
    run_stage(&s, STAGE_GRPO, 1, &sink);
    cr_assert_eq(sink.keyframes, 2, "the reference of step 2 is kept nowhere else");
}

/* The reference is among a step's tensors where it was taken at that step, and only there. */
Test(trainer, reference_is_kept_once_per_replacement)
{
    struct settings s;
    struct tiny_run r;
    struct record_tensor tensor[TENSORS_MAX];
    tiny_settings(&s, parts);
    tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
    for (int step = 0; step <= 3; step++) {
        int n = trainer_tensors(&r.t, step, tensor, TENSORS_MAX), found = 0;
        for (int i = 0; i < n; i++)
            found += strcmp(tensor[i].kind, "reference") == 0 || strcmp(tensor[i].name, "reference") == 0;
        cr_assert_eq(found, step % 2 ? 0 : r.t.model.params.n + 1, "step %d has %d tensors of the reference",
                     step, found);
        if (step % 2 == 0)
            cr_assert_arr_eq(r.t.learner.ref_w, r.t.learner.w, r.t.model.params.total * sizeof(real));
        if (step < 3)
            tiny_run_step(&r, NULL);
    }
    tiny_run_release(&r);
}

/* A weight that is not a number stops the step, named; nothing is committed. */
Test(trainer, nonfinite_weights_stop_the_run)
{
    for (int stage = 0; stage < STAGE_N; stage++) {
        if (stage == STAGE_REWARD || stage == STAGE_DPO) /* learn from pairs: tests of their own */
            continue;
        struct settings s;
        struct tiny_run r;
        struct tiny_sink sink;
        struct trainer_hooks h = {.sink = &sink.sink};
        struct err e;
        tiny_settings(&s, NULL);
        tiny_sink_init(&sink);
        tiny_run_init(&r, &s, (enum stage)stage, 11, 2);
        tiny_run_step(&r, &h);
        r.t.learner.w[r.t.model.params.row[r.t.model.params.layer[1].ffn_norm].offset] = (real)NAN;
        cr_assert_eq(trainer_step(&r.t, &h, &e), ST_NONFINITE);
        cr_assert(stage == STAGE_GRPO ? strcmp(e.where, "rollout") == 0 :
                  strstr(e.msg, "layers.1.ffn_norm") != NULL, "%s: %s",
                  e.where, e.msg);
        cr_assert(sink.last == 1 && r.t.step == 1);
        tiny_run_release(&r);
    }
}

Test(trainer, dynamic_sampling_replaces_flat_groups)
{
    static const char *const refill[] = {"rl.refill", "16", "rl.prompts", "8", NULL};
    static const char *const none[] = {"rl.refill", "0", "rl.prompts", "8", NULL};
    double flat[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        struct settings s;
        struct tiny_run r;
        tiny_settings(&s, i ? refill : none);
        tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
        tiny_run_step(&r, NULL);
        for (int p = 0; p < r.t.batch.P; p++)
            flat[i] += r.t.batch.flat[p];
        tiny_run_release(&r);
    }
    cr_assert_gt(flat[0], 0, "no group is flat: nothing to replace");
    cr_assert_lt(flat[1], flat[0]);
}

/* The phases at whose gate a step stopped, and the step that the screen then told. */
struct phases {
    const struct trainer *t;
    struct snapshot *seen;
    enum phase phase[16];
    int64_t step[16];
    int n;
};

static enum status note_phase(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct phases *p = ctx;
    struct control_view view = {0};
    (void)unit, (void)worker;
    if (kind != GATE_PHASE)
        return ST_OK;
    cr_assert_lt(p->n, 16);
    publish_fill(p->seen, p->t, &view);
    p->phase[p->n] = p->seen->phase;
    p->step[p->n++] = p->seen->step;
    return ST_OK;
}

static void check_phases(enum stage stage, int phases_n, const enum phase *phase)
{
    struct settings s;
    struct tiny_run r;
    struct phases p = {.seen = calloc(1, sizeof *p.seen)};
    struct gate g = {&p, note_phase};
    struct control_view view = {0};
    tiny_settings(&s, NULL);
    tiny_run_init(&r, &s, stage, 11, 1);
    p.t = &r.t;
    tiny_run_step(&r, NULL);
    tiny_run_step(&r, &(struct trainer_hooks){.gate = &g});
    cr_assert_eq(p.n, phases_n);
    for (int i = 0; i < phases_n; i++) {
        cr_assert_eq(p.phase[i], phase[i], "phase %d is %s", i, phase_name(p.phase[i]));
        cr_assert_eq(p.step[i], 2, "%s tells step %d", phase_name(p.phase[i]), (int)p.step[i]);
    }
    publish_fill(p.seen, &r.t, &view);
    cr_assert_eq(p.seen->step, 2, "committed");
    tiny_run_release(&r);
    free(p.seen);
}

Test(trainer, each_phase_can_be_stopped_at)
{
    static const enum phase grpo[] = {PHASE_DRAW,   PHASE_ROLLOUT, PHASE_SCORE, PHASE_ADVANTAGE,
                                      PHASE_UPDATE, PHASE_BALANCE, PHASE_COMMIT};
    check_phases(STAGE_GRPO, 7, grpo);
    check_phases(STAGE_BASE, 3, grpo + 4);
}
