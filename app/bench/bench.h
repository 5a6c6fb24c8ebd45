#ifndef GRPOLAB_APP_BENCH_H
#define GRPOLAB_APP_BENCH_H

#include "app/cli/cli.h"

/* What the topics of `bench` share. */
struct bench_row {
    char name[64];
    double value;
    const char *unit;
    double peer; /* the same figure of PyTorch, NaN: none; its ratio to ours is value / peer */
};

enum { BENCH_ROWS = 128 };

struct bench {
    struct cli *c;
    int quick, cores; /* cores: 1 or 2, what is measured with */
    struct bench_row row[BENCH_ROWS];
    int n;
};

/* A shape of the comparison: dense, multi-head, untied, SwiGLU; the same as in tests/bench/torch_peer.py. */
struct bench_shape {
    const char *name;
    int layers, width, heads, vocab, length, ffn, bf16;
};

enum { BENCH_SHAPES = 2 };
extern const struct bench_shape bench_shape[BENCH_SHAPES];

void bench_add(struct bench *b, double value, const char *unit, double peer, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* bench_now: seconds of a clock that only goes forward. bench_median: of n values, which it sorts. */
double bench_now(void);
double bench_median(double *x, int n);

/* bench_flops: of one token in training: 6 a weight of the matrices, and causal attention. */
double bench_flops(const struct bench_shape *s);
/* bench_peak: fused multiply-adds of one core, GF/s, measured; NaN where this CPU has no way that is known
 * here. */
double bench_peak(void);

/* bench_own_*: tokens a second on one shape, the best of several timings in about `seconds`. */
enum status bench_own_train(const struct bench_shape *s, int threads, double seconds, double *rate,
                            struct err *e);
enum status bench_own_generate(const struct bench_shape *s, int threads, double seconds, double *rate,
                               struct err *e);

/* bench_peer: PyTorch's tokens a second on each shape for "train" or "generate"; NaN where it is not there,
 * and *why (static) says so. */
void bench_peer(const char *what, int threads, double rate[BENCH_SHAPES], const char **why);

/* A GRPO step in completion tokens a second: of the whole, of its rollout, of its update. */
struct bench_rates {
    double step, rollout, update;
};
/* bench_peer_step: PyTorch's medians over the steps that request (JSON, see tests/bench/torch_grpo_step.py)
 * tells, with a model that must have as many parameters as ours; NaN where they are not there, and *why
 * (static) says so. */
void bench_peer_step(const char *request, int threads, int64_t parameters, struct bench_rates *out,
                     const char **why);

/* Kernels whose time is counted: the table to give to a trainer on one thread. */
struct kernels;
const struct kernels *bench_profile(const struct kernels *k);
/* bench_profile_take: seconds spent inside since the last call, and what reading the clock cost, of the
 * calling thread. */
struct profiled {
    double inside, clock;
};
struct profiled bench_profile_take(void);

/* bench_settings: the countdown preset's shapes on a fresh model: completions that end early enough to be
 * like a trained one's, no flat group left out, no evaluation on the way. */
enum status bench_settings(struct settings *s, struct err *e);

/* bench_store_open: a session on a store of its own in a temporary folder; bench_store_close removes it. */
struct bench_store {
    char folder[256];
    struct session session;
    struct sink inner;  /* the session's sink, whose commits are timed */
    double spent, most; /* seconds in commits, and in the longest */
    int commits;
};
enum status bench_store_open(struct bench_store *s, int threads, struct err *e);
void bench_store_close(struct bench_store *s);
/* bench_store_give: lets go of the open run, for another process to train. */
void bench_store_give(struct bench_store *s);

/* The topics. */
enum status bench_train(struct bench *b, struct err *e);
enum status bench_generate(struct bench *b, struct err *e);
enum status bench_step(struct bench *b, struct err *e);
enum status bench_bf16(struct bench *b, struct err *e);
enum status bench_of_store(struct bench *b, struct err *e);
enum status bench_ui(struct bench *b, struct err *e);
/* Parts of `ui` for which the program runs as a process of its own. bench_keys: how soon a key is answered.
 * bench_loss: the speed that training loses to the screen. */
enum status bench_keys(struct bench *b, struct bench_store *s, struct err *e);
enum status bench_loss(struct bench *b, struct bench_store *s, struct err *e);

#endif
