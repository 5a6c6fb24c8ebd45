/* The rows of all settings that are not a scenario's own. */
#include "engine/run/settings_table.h"

#include <limits.h>

#include "engine/rl/dpo.h"
#include "engine/rl/objective.h"
#include "engine/rl/score.h"

#define AT(field) offsetof(struct settings, field)
#define INT(key, field, initial, low, high, flags, meaning)                                                  \
    {                                                                                                        \
        key, SET_INT, AT(field), initial, low, high, NULL, flags, meaning                                    \
    }
#define REAL(key, field, initial, low, high, flags, meaning)                                                 \
    {                                                                                                        \
        key, SET_REAL, AT(field), initial, low, high, NULL, flags, meaning                                   \
    }
#define BOOL(key, field, initial, flags, meaning) {key, SET_BOOL, AT(field), initial, 0, 1, NULL, flags, meaning}
#define CHOICE(key, field, initial, n, choices, flags, meaning)                                              \
    {                                                                                                        \
        key, SET_CHOICE, AT(field), initial, 0, (n)-1, choices, flags, meaning                               \
    }

static const struct setting model_rows[] = {
    INT("width", model.width, 96, 2, 4096, SET_SHAPE, "width D of the residual stream"),
    INT("layers", model.layers_n, 3, 1, 32, SET_SHAPE, "blocks L"),
    INT("heads", model.heads_n, 4, 1, 64, SET_SHAPE, "attention heads H"),
    CHOICE("attention", model.attention, 0, 2, "mla mha", SET_SHAPE,
           "multi-head latent attention (V3 eq. 1-11), or plain, whose heads may share model.kv_heads"),
    INT("q_rank", model.q_rank, 64, 0, 4096, SET_SHAPE,
        "MLA: width of the query latent; 0: queries straight from the residual stream"),
    INT("kv_rank", model.kv_rank, 48, 1, 4096, SET_SHAPE, "MLA: width of the key-value latent"),
    INT("nope_dim", model.nope_dim, 16, 1, 512, SET_SHAPE,
        "MLA: part of a head's query and key without position"),
    INT("rope_dim", model.rope_dim, 16, 2, 512, SET_SHAPE, "MLA: rotary part of query and key, even"),
    INT("v_dim", model.v_dim, 24, 1, 512, SET_SHAPE, "MLA: a head's value"),
    INT("head_dim", model.head_dim, 24, 2, 512, SET_SHAPE,
        "plain attention: a head's query, key and value, even"),
    INT("kv_heads", model.kv_heads_n, 0, 0, 64, SET_SHAPE,
        "plain attention: heads of keys and values, each shared by heads / kv_heads (grouped-query); 1: "
        "multi-query; 0: as many as heads"),
    INT("ffn_width", model.ffn_width, 256, 1, 16384, SET_SHAPE, "hidden width of a dense SwiGLU"),
    INT("dense_layers", model.dense_layers, 1, 0, 32, SET_SHAPE,
        "the first k layers are dense, the others mixtures of experts"),
    INT("experts", model.experts_n, 8, 1, 64, SET_SHAPE, "routed experts E of a layer"),
    INT("shared", model.shared_n, 1, 0, 16, SET_SHAPE, "shared experts"),
    INT("top_k", model.top_k, 2, 1, 16, SET_SHAPE, "routed experts K that a token uses"),
    INT("expert_width", model.expert_width, 96, 1, 16384, SET_SHAPE, "hidden width of one expert"),
    INT("groups", model.groups_n, 1, 1, 64, SET_SHAPE, "expert groups of group-limited routing; 1: off"),
    INT("top_groups", model.top_groups, 1, 1, 64, SET_SHAPE, "groups that a token may use"),
    REAL("route_scale", model.route_scale, 2, 0.01, 100, SET_SHAPE,
         "routed_scaling_factor: what the gates sum to"),
    REAL("balance_alpha", model.balance_alpha, 0, 0, 1, 0, "sequence-wise balance loss (V3 eq. 17); 0: off"),
    BOOL("tied", model.tied, 0, SET_SHAPE, "the head shares the embedding"),
    INT("mtp_depth", model.mtp_depth, 0, 0, 2, SET_SHAPE, "multi-token prediction modules (V3 eq. 21-25)"),
    REAL("mtp_lambda", model.mtp_lambda, 0.3, 0, 10, 0, "weight of the MTP loss"),
    REAL("mtp_final", mtp_final, 0.1, 0, 10, 0, "weight of the MTP loss in the last third of a stage"),
    BOOL("value_head", model.value_head, 0, SET_SHAPE,
         "a scalar of each position beside the next token's logits: PPO's critic, a reward model's score"),
    BOOL("value_detach", model.value_detach, 0, 0,
         "the value head's gradient stops there; 0: it also shapes the trunk"),
    REAL("rope_theta", model.rope_theta, 1000, 1, 1e9, SET_SHAPE, "base of the rotary frequencies"),
    REAL("norm_eps", model.norm_eps, 1e-6, 1e-12, 1e-2, SET_SHAPE, "epsilon of RMSNorm"),
    REAL("embed_std", model.embed_std, 0.5, 0, 10, SET_START, "initial standard deviation of the embedding"),
    CHOICE(
        "number_init", number_init, 1, 2, "normal fourier", SET_START,
        "how embeddings of numbers start: at random, or as projected cosines and sines of several periods"),
    REAL("init_gain", model.init_gain, 1, 0, 10, SET_START, "linear maps start at gain / sqrt(inputs)"),
    CHOICE("fp8", model.fp8.on, 0, 2, "off on", 0,
           "attention's projections and the feed-forward maps in FP8 E4M3, emulated (V3 section 3.3)"),
    INT("fp8_tile", model.fp8.tile, 128, 1, 16384, 0,
        "FP8: activations and gradients have a scale for each 1 x N; V3 128, toy widths less"),
    INT("fp8_block", model.fp8.block, 128, 1, 16384, 0,
        "FP8: weights have a scale for each N x N; V3 128, toy widths less"),
    CHOICE("fp8_scale", model.fp8.scale, 0, 3, "tile tensor none", 0,
           "FP8: a scale a tile, one an operand (decoding: a row), or none; V3 tile"),
    CHOICE("fp8_accumulator", model.fp8.accumulator, 0, 2, "fp32 14", 0,
           "FP8: products are summed in FP32, or in 14 bits as by H800's tensor cores (exact, very slow)"),
    INT("fp8_promote", model.fp8.promote, 128, 0, 16384, 0,
        "FP8: products summed in 14 bits before they are added to FP32, V3 128; 0: only where a scale ends"),
    REAL("fp8_gradient_floor", model.fp8.gradient_floor, 1e-20, 1e-30, 1, 0,
         "FP8: a tile of gradients is scaled as if its largest were at least this; activations and weights: 1e-4"),
    REAL("fp8_outlier", model.fp8.outlier, 1, 1, 1e9, 0,
         "FP8: factor on one channel of what is quantised, undone after, like a large model's outlier channels; "
         "a power of two, 1: none"),
    CHOICE("bf16", model.bf16, 0, 2, "off on", 0,
           "attention's projections and the feed-forward maps in bf16, summed in FP32; weights and AdamW stay FP32"),
};

#define SFT_ROWS(s, steps_, lr_, docs)                                                                       \
    INT("steps", s.steps, steps_, 0, 10000000, 0, "steps of the stage; 0 leaves it out"),                    \
        INT("documents", s.documents, docs, 1, 1024, 0, "documents a step"),                                 \
        REAL("lr", s.lr, lr_, 0, 1, 0, "peak learning rate of AdamW"),                                       \
        REAL("lr_final", s.lr_final, 0.05, 0, 1, 0, "learning rate at the end, as a share of lr"),           \
        INT("warmup", s.warmup, 20, 0, 100000, 0, "steps of linear warm-up"),                                \
        CHOICE("decay", s.decay, 1, 2, "linear cosine", 0, "shape of the fall after warm-up"),               \
        REAL("beta1", s.beta1, 0.9, 0, 0.9999, 0, "AdamW: decay of the first moment"),                       \
        REAL("beta2", s.beta2, 0.98, 0, 0.99999, 0, "AdamW: decay of the second moment"),                    \
        REAL("weight_decay", s.weight_decay, 0.01, 0, 1, 0,                                                  \
             "AdamW: decoupled weight decay of the matrices"),                                               \
        REAL("clip", s.clip, 1, 0, 1000, 0, "largest global gradient norm; 0: off"),                         \
        REAL("context_weight", s.context_weight, 0.3, 0, 1, 0,                                               \
             "loss weight of tokens that the document does not mark as strong"),                             \
        REAL("gamma", s.gamma, 0.01, 0, 1, 0, "speed of the expert bias (V3: bias update speed)")

static const struct setting base_rows[] = {SFT_ROWS(base, 0, 4e-3, 16)};
static const struct setting cold_rows[] = {
    SFT_ROWS(cold, 0, 3e-3, 16),
    REAL("distill", cold.distill, 0, 0, 1, 0,
         "weight of KL(teacher || student) at each token, cross entropy has the rest (Hinton et al. 2015; "
         "R1's own students learned from the tokens alone: 0)"),
    REAL("distill_temperature", cold.distill_temperature, 1, 0.1, 100, 0,
         "temperature of both distributions; the KL counts by its square"),
    INT("teacher", cold.teacher, 0, 0, INT_MAX, 0,
        "distill: the teacher's run by its id, of the same vocabulary; a recipe's `teacher = STAGE` sets it"),
    INT("teacher_step", cold.teacher_step, 0, 0, INT_MAX, 0,
        "distill: the teacher's weights are those after this step"),
};
static const struct setting reward_rows[] = {SFT_ROWS(reward, 0, 1e-3, 16)};
static const struct setting dpo_rows[] = {SFT_ROWS(dpo, 0, 2e-4, 16)};

static const struct setting rl_rows[] = {
    INT("steps", rl.steps, 300, 0, 10000000, 0,
        "steps that `train` runs; the schedule's horizon is rl.horizon"),
    INT("prompts", rl.prompts, 16, 1, 512, 0, "prompts P a step"),
    INT("group", rl.group, 8, 1, 512, 0, "completions G a prompt"),
    INT("max_tokens", rl.max_tokens, 144, 1, 1024, SET_SHAPE, "length limit of a completion, tokens"),
    CHOICE("loss", rl.loss, 0, LOSS_PPO + 1, RL_LOSS_CHOICES, 0,
           "objective: how the terms of tokens are made and added up; dpo learns from pairs of a group, ppo "
           "with a critic (model.value_head)"),
    CHOICE("std", rl.std, 0, 3, STD_CHOICES, 0, "divisor of the advantage; reinforce and rloo divide by nothing"),
    CHOICE("baseline", rl.baseline, 0, 3, BASELINE_CHOICES, 0,
           "reinforce: what a reward is compared with, the mean reward of the batch, nothing, or the mean of "
           "earlier batches"),
    REAL("baseline_decay", rl.baseline_decay, 0.9, 0, 0.9999, 0,
         "reinforce, running baseline: what a step leaves of the mean's weight"),
    INT("micro_prompts", rl.micro_prompts, 0, 0, 512, 0,
        "bnpo: prompts of a micro-batch, whose tokens count alike; 0: the mini-batch is one"),
    REAL("eps_low", rl.eps_low, 0.2, 0, 1, 0, "lower clip range"),
    REAL("eps_high", rl.eps_high, 0.2, 0, 100, 0, "upper clip range"),
    REAL("beta", rl.beta, 0.002, 0, 100, 0, "weight of the KL to the reference; measured also at 0"),
    CHOICE("kl", rl.kl, 0, KL_KIND_N, KL_CHOICES, 0,
           "estimator of the KL: k3, k1 (on average no push), k2, or k3 times the ratio (V3.2)"),
    BOOL("kl_clamp", rl.kl_clamp, 0, 0, "verl's clamps of k3: the log-ratio to +-20, the result to +-10"),
    REAL("entropy", rl.entropy, 0, -100, 100, 0, "weight of the entropy bonus, by its exact gradient; 0: off"),
    REAL("ratio_cap", rl.ratio_cap, 0, 0, 1000, 0,
         "stale ratios weigh a token by at most this (truncated importance sampling); 0: off"),
    REAL("off_policy_delta", rl.off_policy_delta, 0, 0, 1000, 0,
         "traces of negative advantage that have become rarer by more than this, nats a token, push no more "
         "(V3.2); 0: off"),
    CHOICE("pairs", rl.pairs, 0, 2, PAIR_CHOICES, 0,
           "dpo: the pairs of a group, its best trace against its worst, or every better against every worse"),
    REAL("dpo_beta", rl.dpo_beta, 0.1, 0, 100, 0, "dpo: beta, the weight of the log-ratios to the reference"),
    REAL("gae_lambda", rl.gae_lambda, 0.95, 0, 1, 0,
         "ppo: how far an advantage looks ahead; 1: to the end of the trace, 0: one token"),
    REAL("gae_gamma", rl.gae_gamma, 1, 0, 1, 0, "ppo: discount of a token"),
    BOOL("advantage_norm", rl.advantage_norm, 1, 0,
         "ppo: the batch's advantages get mean 0 and std 1; needs a forward of its own before the update"),
    REAL("kl_reward", rl.kl_reward, 0, 0, 100, 0,
         "ppo: weight of log(ref / pi) in each token's reward, in place of rl.beta in the loss"),
    REAL("value_clip", rl.value_clip, 0.2, 0, 100, 0,
         "ppo: range around the rollout's value in which the critic may move; 0: not clipped"),
    REAL("value_weight", rl.value_weight, 0.5, 0, 100, 0, "ppo: weight of the value loss"),
    REAL("value_rate", rl.value_rate, 10, 0.001, 1000, 0,
         "ppo: learning rate of the value head, as a multiple of lr"),
    INT("critic_warmup", rl.critic_warmup, 0, 0, 1000000, 0, "ppo: first steps, in which the critic alone learns"),
    INT("reference_every", rl.reference_every, 0, 0, 1000000, 0,
        "the reference is replaced by the policy every N steps; 0: never"),
    INT("inner_epochs", rl.inner_epochs, 1, 1, 64, 0, "passes over a rollout (mu)"),
    INT("mini_batches", rl.mini_batches, 1, 1, 64, 0, "optimizer steps a pass"),
    BOOL("drop_flat", rl.drop_flat, 0, 0, "groups of equal rewards are left out of the loss"),
    INT("refill", rl.refill, 0, 0, 16, 0,
        "dynamic sampling: at most so many rounds replace flat groups by new prompts"),
    CHOICE("cut_off", rl.cut_off, 0, 3, CUT_OFF_CHOICES, 0,
           "traces at the length limit: scored as they are, left out of the loss, or penalised (DAPO's "
           "overlong)"),
    INT("overlong_cache", rl.overlong_cache, 32, 0, 1024, 0,
        "tokens before the limit over which the overlong penalty grows"),
    REAL("temperature", rl.temperature, 1, 0.01, 10, 0,
         "sampling temperature; training log-probabilities are of the same distribution"),
    REAL("accuracy", rl.accuracy, 1, -100, 100, 0, "weight of the accuracy reward"),
    REAL("format", rl.format, 0.1, -100, 100, 0, "weight of the format reward"),
    REAL("language", rl.language, 0, -100, 100, 0,
         "weight of the language-consistency reward: words of the target language / words"),
    REAL("process", rl.process, 0, -100, 100, 0,
         "weight of a step-wise reward on the equations of a trace, right +1, wrong -1; 0: off"),
    CHOICE("process_rule", rl.process_rule, 0, PROCESS_RULES, PROCESS_CHOICES, 0,
           "process: the steps of a trace summed, which a longer trace earns more of, or their mean"),
    REAL("preference", rl.preference, 0, 0, 100, 0,
         "weight of a preference model's reward on open problems, in place of accuracy; comes with a recipe"),
    INT("preference_from", rl.preference_from, 0, 0, 10000000, 0,
        "step after which the preference reward counts (R1: the last 400 of 1,700)"),
    REAL("lr", rl.lr, 6e-4, 0, 1, 0, "peak learning rate of AdamW"),
    REAL("lr_final", rl.lr_final, 0.1, 0, 1, 0, "learning rate at the horizon and after, as a share of lr"),
    INT("warmup", rl.warmup, 5, 0, 100000, 0, "steps of linear warm-up"),
    INT("horizon", rl.horizon, 400, 1, 10000000, 0,
        "steps over which the learning rate falls; --steps never changes it"),
    CHOICE("decay", rl.decay, 0, 2, "linear cosine", 0, "shape of the fall after warm-up"),
    REAL("beta1", rl.beta1, 0.9, 0, 0.9999, 0, "AdamW: decay of the first moment"),
    REAL("beta2", rl.beta2, 0.98, 0, 0.99999, 0, "AdamW: decay of the second moment"),
    REAL("weight_decay", rl.weight_decay, 0, 0, 1, 0, "AdamW: decoupled weight decay of the matrices"),
    REAL("clip", rl.clip, 1, 0, 1000, 0, "largest global gradient norm; 0: off"),
    REAL("gamma", rl.gamma, 0.001, 0, 1, 0, "speed of the expert bias"),
    BOOL("router_replay", rl.router_replay, 0, 0,
         "router replay: the update uses the experts that sampled each token, its gates from the present affinities"),
    BOOL("router_measure", rl.router_measure, 0, 0,
         "without replay, too: how many of the sampler's experts the update's own top K has not "
         "(moe/route_difference)"),
};

static const struct setting eval_rows[] = {
    INT("every", eval.every, 25, 0, 1000000, 0, "steps between evaluations in RL; 0: only at the end of a stage"),
    INT("k", eval.k, 8, 1, 64, 0, "samples a held-out problem"),
    INT("problems", eval.problems, 100, 1, 100000, 0, "held-out problems of an evaluation on the way"),
    INT("final_problems", eval.final_problems, 1000, 1, 100000, 0, "held-out problems of the last one of a stage"),
    REAL("temperature", eval.temperature, 1, 0, 10, 0, "sampling temperature; 0: greedy"),
    REAL("top_p", eval.top_p, 1, 0.01, 1, 0, "nucleus"),
    BOOL("r1", eval.r1, 1, 0, "also at R1's temperature 0.6, top-p 0.95, where a stage ends"),
};

static const struct setting run_rows[] = {
    INT("lanes", run.lanes, 4, 1, 16, 0,
        "gradient buffers that are summed in a fixed tree; part of what the bits depend on"),
    INT("shard_tokens", run.shard_tokens, 512, 16, 4096, 0,
        "tokens of a forward/backward pass; part of what the bits depend on"),
    INT("slots", run.slots, 32, 1, 512, 0, "sequences decoded together"),
    CHOICE("decode", run.decode, 0, 2, "absorbed plain", 0,
           "MLA's decode: in latent space, or with keys and values of every head"),
    REAL("load_decay", load_decay, 0.98, 0, 1, 0, "moving average of the expert load, a step"),
};

static const struct setting draft_rows[] = {
    INT("tokens", draft.tokens, 2, 1, 4, 0,
        "speculate: most drafts of a cycle; beyond model.mtp_depth the last module goes on with its own output "
        "(not in V3)"),
    REAL("confidence", draft.confidence, 0.6, 0, 1, 0,
         "speculate: drafting stops where the module's best token has less probability; 0: never (not in V3)"),
    INT("candidates", draft.candidates, 2, 1, 4, 0,
        "speculate: candidates for the first draft, among which the model chooses (not in V3)"),
};

static const struct setting search_rows[] = {
    INT("segment", search.segment, 16, 1, 1024, 0,
        "tree search: most tokens of a node; one also ends with `wait` and with </think>"),
    INT("branches", search.branches, 4, 1, 16, 0, "tree search: segments sampled where a node is expanded"),
    REAL("explore", search.explore, 0.5, 0, 100, 0, "tree search: PUCT's weight of the prior, in units of the value"),
    INT("rollouts", search.rollouts, 1, 1, 64, 0,
        "tree search without a value model: continuations to the end whose mean accuracy is a node's value"),
};

#define SECTION(name, rows) {name, rows, (int)(sizeof rows / sizeof *rows)}

static const struct settings_section section[] = {
    SECTION("model", model_rows),   SECTION("base", base_rows),   SECTION("cold", cold_rows),
    SECTION("reward", reward_rows), SECTION("dpo", dpo_rows),     SECTION("rl", rl_rows),
    SECTION("eval", eval_rows),     SECTION("run", run_rows),     SECTION("draft", draft_rows),
    SECTION("search", search_rows),
};

int settings_sections(void)
{
    return (int)(sizeof section / sizeof *section);
}

const struct settings_section *settings_section(int i)
{
    return &section[i];
}
