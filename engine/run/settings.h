#ifndef GRPOLAB_RUN_SETTINGS_H
#define GRPOLAB_RUN_SETTINGS_H

#include <stdint.h>

#include "engine/base/setting.h"
#include "engine/base/str.h"
#include "engine/nn/config.h"
#include "engine/rl/scenario.h"
#include "engine/run/record.h"

/* Everything that shapes a run, in one struct that a table of rows describes. A key is section.name, e.g.
 * rl.beta; the sections are model, base, cold, reward, dpo, rl, eval, run, draft, search and the scenario's own. */
enum stage { STAGE_BASE, STAGE_COLD, STAGE_REWARD, STAGE_DPO, STAGE_GRPO, STAGE_N };
enum decay_kind { DECAY_LINEAR, DECAY_COSINE };

struct sft_stage {
    int steps;                 /* 0: the stage is left out */
    int documents, warmup, decay;
    double lr, lr_final;       /* at the end, as a share of lr */
    double beta1, beta2, weight_decay, clip, context_weight, gamma;
    int teacher, teacher_step; /* cold alone: the run, by id, whose distributions are learned from; 0: none */
    double distill, distill_temperature;
};

struct rl_stage {
    int steps, prompts, group, max_tokens, inner_epochs, mini_batches, drop_flat, refill, cut_off,
        overlong_cache, warmup, horizon, decay, loss, std, preference_from, reference_every, baseline,
        micro_prompts, kl, kl_clamp, pairs, advantage_norm, critic_warmup, process_rule, router_replay,
        router_measure;
    double lr, lr_final, beta1, beta2, weight_decay, clip, eps_low, eps_high, beta, temperature, accuracy,
        format, language, preference, gamma, entropy, ratio_cap, off_policy_delta, baseline_decay, dpo_beta,
        gae_lambda, gae_gamma, kl_reward, value_clip, value_weight, value_rate, process;
};

struct eval_stage {
    int every, k, problems, final_problems, r1;
    double temperature, top_p;
};

struct run_stage {
    int lanes, shard_tokens, slots, decode;
};

/* Drafts of the MTP modules where a run's decoding is measured; no training depends on them. */
struct draft_stage {
    int tokens, candidates;
    double confidence;
};

/* Tree search at test time; no training depends on it. */
struct search_stage {
    int segment, branches, rollouts;
    double explore;
};

enum { TASK_CONFIG_BYTES = 1024 };

struct settings {
    char preset[NAME_BYTES], summary[160];
    const struct scenario *scenario;
    struct model_config model;
    int number_init;           /* 0 normal, 1 fourier */
    double mtp_final;          /* lambda in the last third of base and cold start */
    double load_decay;         /* of the moving average of the expert load */
    struct sft_stage base, cold, reward, dpo;  /* documents of reward (a reward model) and dpo are pairs */
    struct rl_stage rl;
    struct eval_stage eval;
    struct run_stage run;
    struct draft_stage draft;
    struct search_stage search;
    _Alignas(8) unsigned char task[TASK_CONFIG_BYTES];  /* the scenario's configuration struct */
};

const char *stage_name(enum stage s);
int stage_find(const char *name);                        /* -1 */
/* settings_stages: the stages of the chain that have steps, in order; returns how many. */
int settings_stages(const struct settings *s, enum stage out[STAGE_N]);
int settings_steps(const struct settings *s, enum stage stage);
void settings_set_steps(struct settings *s, enum stage stage, int steps);
/* settings_sft: what a stage that samples nothing (base, cold, reward, dpo) is taken by. */
const struct sft_stage *settings_sft(const struct settings *s, enum stage stage);

/* settings_init: defaults for a scenario. */
void settings_init(struct settings *s, const struct scenario *scenario);
/* settings_parse: INI text with [preset] (name, summary, scenario), then sections of settings. find: looks a
 * scenario up by name. Errors: ST_USAGE names source, line, key and what is allowed. */
enum status settings_parse(struct settings *s, const char *source, const char *text,
                           const struct scenario *(*find)(const char *name), struct err *e);
/* settings_assign: n texts "key=value", then settings_check. seed=N is the run's own: it goes to *seed.
 * Errors: ST_USAGE names the text. */
enum status settings_assign(struct settings *s, enum stage stage, const char *const *text, int n,
                            uint64_t *seed, struct err *e);

/* settings_paths: a relative path becomes one from `folder`. settings_assign does so with the current
 * folder, for texts come from the command line; whoever reads a file of settings, with that file's. Errors:
 * ST_USAGE (too long). */
enum status settings_paths(struct settings *s, const char *folder, struct err *e);

/* settings_set: one key = value. The key may be whole (rl.beta) or short (beta) where only one section has
 * it; stage settles it otherwise (cold.lr for lr in a cold start). `canonical` (may be NULL) [96] gets the
 * whole key. */
enum status settings_set(struct settings *s, enum stage stage, const char *key, const char *value,
                         char *canonical, struct err *e);
/* settings_check: what no single row can tell: sizes that do not fit together. */
enum status settings_check(const struct settings *s, struct err *e);

/* settings_print: all rows as "section.key = value\n" in the table's order. */
void settings_print(const struct settings *s, struct str *out);
/* settings_restore: reads settings_print's form back (with preset and scenario lines). */
enum status settings_restore(struct settings *s, const char *text,
                             const struct scenario *(*find)(const char *name), struct err *e);

/* Walking the table: row i, its section, its present value as text. i in 0..settings_rows-1. */
int settings_rows(const struct settings *s);
const struct setting *settings_row(const struct settings *s, int i, const char **section);
void settings_value(const struct settings *s, int i, char *out, size_t bytes);
void setting_range(const struct setting *r, char *out, size_t bytes);

/* settings_fork_check: ST_USAGE names the first setting that differs and may not in a fork (shape,
 * vocabulary). */
enum status settings_fork_check(const struct settings *parent, const struct settings *child, struct err *e);

#endif
