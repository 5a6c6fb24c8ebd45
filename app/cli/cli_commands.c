/* The one table of commands, and the help that is made from it and from the table of options. */
#include <stdio.h>
#include <string.h>

#include "app/base/environment.h"
#include "app/cli/cli.h"
#include "app/config.h"
#include "app/script/script.h"

#define HAS(id) OPTION_BIT(OPT_##id)
#define CONDITIONS                                                                                \
    "CONDITION is a metric, an operator (< <= > >= == crosses) and a number, or an event\n"       \
    "(aha, group.flat, nonfinite), joined by `and` or `or`: 'pass@1 >= 0.8 and step >= 100'.\n"   \
    "`grpolab settings` lists the metrics.\n"
#define RUNS "RUN is a name or an id; RUN@STEP a moment of it, RUN alone its latest.\n"

static const struct cli_command row[] = {
    {"open", "SCENARIO|PRESET|RUN", "the workbench on that", 0, 1,
     HAS(SNAPSHOT) | HAS(SCREEN) | HAS(THEME) | HAS(OUTPUT) | HAS(RECORD) | HAS(SCRIPT), cli_open_workbench,
     "Without an argument: the run used last; the first time, the preset `quick`. A run of that name is\n"
     "opened, paused; where there is none, the preset is started.\n"
     "--snapshot WxH -o FILE.png writes the screen as a picture, -o FILE.txt as text; RUN@STEP is\n"
     "an earlier step.\n"},
    {"scenarios", "", "the tasks and presets, one line each", 0, 0, 0, cli_scenarios, NULL},
    {"settings", "[SCENARIO|PRESET]", "every setting: key, value, range, meaning; and every metric", 0, 1,
     HAS(SET), cli_show_settings, "PRESET is a preset's name or an INI file.\n"},
    {"train", "PRESET", "runs a preset's chain of stages: base, cold start, GRPO", 1, 1,
     HAS(SET) | HAS(STEPS) | HAS(NAME) | HAS(UNTIL) | HAS(EXPECT), cli_train,
     "PRESET is a preset's name or an INI file. A finished base or cold start with the same\n"
     "settings is reused.\n"
     CONDITIONS},
    {"resume", "RUN", "goes on with a run", 1, 1, HAS(STEPS) | HAS(UNTIL) | HAS(EXPECT), cli_resume,
     CONDITIONS},
    {"fork", "RUN[@STEP]", "a new run from the beginning of a step of another, with changed settings", 1, 1,
     HAS(SET) | HAS(STEPS) | HAS(NAME) | HAS(UNTIL) | HAS(EXPECT), cli_fork,
     "The parent's seed is kept unless --seed (or --set seed=N) is given.\n" RUNS CONDITIONS},
    {"runs", "", "the lineage", 0, 0, 0, cli_runs, NULL},
    {"show", "RUN[@STEP]", "settings, state, environment, last metrics", 1, 1, 0, cli_show, RUNS},
    {"metrics", "RUN", "one row a step", 1, 1, HAS(CSV), cli_metrics, NULL},
    {"traces", "RUN[@STEP]", "the completions of a step with rewards and advantages", 1, 1, HAS(GROUP),
     cli_traces, RUNS},
    {"eval", "RUN[@STEP]", "pass@1, pass@k, maj@k on held-out problems", 1, 1,
     HAS(K) | HAS(PROBLEMS) | HAS(TEMPERATURE) | HAS(TOP_P) | HAS(EXPECT) | HAS(KNOCK_OUT), cli_eval,
     "--knock-out 1:3,1:5: no token may use these experts; --expect and the first line are then of what is\n"
     "left, the second says what the whole model does. JSON has that as \"whole\", with \"change\" and its\n"
     "\"error\".\n" RUNS},
    {"experts", "RUN[@STEP]", "each expert's load, bias and tokens, and pass@1 without it", 1, 1,
     HAS(K) | HAS(PROBLEMS), cli_experts,
     "K samples (default eval.k) of each of --problems held-out problems (default eval.problems), with all\n"
     "experts and without each in turn: the same problems and random numbers, so that +- is the standard error\n"
     "of the change. Load, mean affinity s and the kinds of tokens are of those completions; average is the\n"
     "run's moving one. The last column: tokens that it gets beyond chance, and its share of them.\n" RUNS},
    {"compute", "RUN[@STEP]", "accuracy over tokens spent: pass@k, maj@k, and thinking that must go on", 1, 1,
     HAS(K) | HAS(PROBLEMS) | HAS(OUTPUT), cli_compute,
     "K samples (default 64) of each of --problems held-out problems (default 100), at T 1 and at R1's T 0.6,\n"
     "top-p 0.95. From them, for k = 1, 2, 4 .. K: pass@k, the best of k by the verifier; the likeliest of k, by\n"
     "mean log-probability; maj@k, the answer that most give. Budget forcing: `wait` stands in the place of what\n"
     "would end the thoughts, up to 4 times; always, or only after `no`. -o FILE.png draws them over tokens.\n" RUNS},
    {"sample", "RUN[@STEP]", "completions of a prompt, or of held-out problems", 1, 1,
     HAS(PROMPT) | HAS(N) | HAS(TEMPERATURE) | HAS(TOP_P), cli_sample, RUNS},
    {"aha", "RUN[@STEP]", "tests the aha candidates of a step by resampling", 1, 1, HAS(TRACE), cli_aha,
     "32 continuations with the reflection word and 32 with it banned, under the weights that\n"
     "sampled the trace; verified: the rate with it is higher by more than 0.2, Fisher p < 0.05.\n" RUNS},
    {"oracle", "RUN[@STEP]", "exact gradients and KL of a task that can be summed over, and their estimates", 1, 1,
     HAS(PROBLEMS) | HAS(N), cli_oracle,
     "For runs of the preset `tiny` and the like. --problems: of the step that would come next (default:\n"
     "all); --n: groups drawn a problem (default 64).\n"
     "KL: exact mean, bias and standard deviation of one sample; what was drawn; the mean and its bias\n"
     "where samples are the reference's (stale); cosine and scale of its gradient against KL's own.\n"
     "loss: cosine and scale of its expected gradient against the expected reward's; tokens by which it\n"
     "lengthens completions; noise of one group; of what was drawn, cosine with the expectation and distance\n"
     "from it in standard errors.\n" RUNS},
    {"fp8", "RUN[@STEP]", "what FP8 does to its tensors: error, overflow, underflow, bytes", 1, 1, 0, cli_fp8,
     "One forward and backward on demonstrations, in FP8 and without; a run that is not in FP8 is asked\n"
     "what it would be under its model.fp8_ settings. error: mean relative error of the values;\n"
     "saturated: share beyond the largest code; flushed: share of those not 0 that became 0.\n" RUNS},
    {"attention", "[PRESET]", "latent attention beside multi-head, grouped-query and multi-query attention", 0, 1,
     HAS(SET) | HAS(TOKENS) | HAS(QUICK), cli_attention,
     "Of the size of a preset with latent attention (default quick), with as many parameters of attention each:\n"
     "bytes of cache a token, by the formula and counted; tokens a second of eight sequences on one core that each\n"
     "see so many positions (--tokens, default 128,1024,4096,16384); MLA's absorbed form against its plain one, and\n"
     "a paged cache with online softmax against the contiguous one: speed, bytes, largest difference of a logit.\n"
     "--seed draws other weights. Equal size is not equal quality: the presets quick-mha, quick-gqa and quick-mqa\n"
     "are trained for that.\n"},
    {"digest", "RUN[@STEP]", "one line: hex digest of the whole training state at that step", 1, 1, 0,
     cli_digest, RUNS},
    {"plot", "RUN...", "curves of metrics as a PNG file", 1, WORDS_MAX,
     HAS(METRIC) | HAS(OUTPUT) | HAS(SMOOTH) | HAS(LOG), cli_plot,
     "Needs --metric and -o. Metrics of different units are drawn one above the other, runs over each other.\n"},
    {"export", "RUN[@STEP] DIR", "its weights as Hugging Face's DeepseekV3ForCausalLM has them", 2, 2, 0, cli_export,
     "Writes model.safetensors (float32, to the bit), config.json, tokenizer.json and what goes with\n"
     "them. Models with latent attention only: DeepSeek-V3's layout has no other.\n" RUNS},
    {"import", "DIR", "a run whose step 0 has the weights of a checkpoint of that layout", 1, 1, HAS(NAME), cli_import,
     "Reads F32, BF16, F16, and F8_E4M3 with weight_scale_inv, in one file or in shards. Its\n"
     "vocabulary must be that of a task here; `grpolab logits` reads any other. What `export` wrote\n"
     "comes back to the bit, with its settings, at step 0 of the same stage.\n"},
    {"logits", "DIR|RUN[@STEP]", "what a model says after each of given tokens", 1, 1, HAS(TOKENS), cli_logits,
     "Needs --tokens. --json prints all of them: {\"logits\":[[V numbers] per position]}.\n" RUNS},
    {"speculate", "RUN[@STEP]", "decoding with drafts of its MTP modules beside plain decoding", 1, 1,
     HAS(SET) | HAS(PROBLEMS) | HAS(TEMPERATURE) | HAS(QUICK), cli_speculate,
     "Greedy and sampled, one stream and eight: tokens a second of one core, how many drafts are accepted by\n"
     "place in the cycle and by kind of token, and whether sampled tokens follow the model's distribution.\n"
     "--set takes draft.tokens, draft.confidence and draft.candidates. The model needs a module: the preset\n"
     "`mtp-dense`, or --set model.mtp_depth=1 in training.\n" RUNS},
    {"search", "RUN[@STEP]", "tree search at test time beside majority voting, at equal sampled tokens", 1, 1,
     HAS(SET) | HAS(PROBLEMS) | HAS(TOKENS) | HAS(TEMPERATURE), cli_search,
     "PUCT over segments of a trace, valued by PPO's critic (the preset `quick-ppo`) or, where a run has none,\n"
     "by continuations. --tokens: ascending budgets a problem, by default 64,128,256,512,1024. PUCT: the search's\n"
     "answer is right; found: any trace it came to; ended: how many. Beside it, of k independent traces of as many\n"
     "tokens: their majority, the one that the value ranks first, any of them. --set takes search.*: segment,\n"
     "branches, explore, rollouts.\n" RUNS},
    {"calc", "grpo|dpo|gae|fp8|balance|schedule < in.json",
     "the engine's own arithmetic on numbers that you give", 1, 1, 0, cli_calc,
     "grpo: {\"rewards\":[G],\"logp\":[[..]],\"logp_old\":[[..]],\"logp_ref\":[[..]],\n"
     "  \"loss\":\"grpo|r1|dapo|dr_grpo|gspo|bnpo|reinforce|rloo|cispo\",\n"
     "  \"std\":\"sample|population|none\",\n"
     "  \"eps_low\":x,\"eps_high\":x,\"beta\":x,\"max_length\":N}\n"
     "  logp_ref may be absent at beta 0, max_length is dr_grpo's. reinforce takes\n"
     "  \"baseline\":\"batch|none|running\" and \"running_mean\":x, bnpo \"micro_batch\":sequences\n"
     "  also \"kl\":\"k3|k1|k2|unbiased\",\"kl_clamp\":true,\"ratio_cap\":x,\"off_policy_delta\":x; see the\n"
     "  settings of these names\n"
     "dpo: {\"beta\":x,\"chosen_logp\":x,\"chosen_ref\":x,\"rejected_logp\":x,\"rejected_ref\":x}\n"
     "gae: {\"rewards\":[T],\"values\":[T],\"gamma\":x,\"lambda\":x}\n"
     "fp8: {\"values\":[..],\"tile\":128}; E4M3\n"
     "balance: {\"load\":[E],\"bias\":[E],\"gamma\":x}\n"
     "schedule: {\"kind\":\"1f1b|zb1p|dualpipe\",\"pp\":N,\"micro_batches\":N,\"f\":x,\"b\":x,\"w\":x,\n"
     "  \"fb\":x,\"timeline\":true}; b is the whole backward, w its weight part, fb an\n"
     "  overlapped pair, f + b by default; dualpipe needs an even pp and micro_batches >= 2 pp\n"},
    {"score", "SCENARIO < in.jsonl", "rewards of given completions", 1, 1, HAS(SET), cli_score,
     "A line in: {\"problem\":{..},\"completion\":\"..\"}; a line out: reward, accuracy, format, why, at.\n"},
    {"recipe", "[NAME]", "a chain of stages from nothing to its end; without a name: the recipes", 0, 1,
     HAS(SET), cli_recipe,
     "Each stage is a run: it can be opened, forked and rewound like any other. Stages that are done under\n"
     "the same settings are reused, one that was interrupted goes on. At the end a table tells what each\n"
     "stage changed. NAME may be an INI file of your own.\n"},
    {"objectives", "[RECIPE]", "a recipe, `race` by default, and what each of its objectives needs and reaches", 0, 1,
     HAS(SET) | HAS(STEPS), cli_objectives,
     "GRPO, PPO, REINFORCE, RLOO and DPO from one start with the same noise. A line each: whether it has a critic,\n"
     "whether it learns from a reference's log-probabilities (else they are only measured), the parameters that it\n"
     "moves, the peak of a trainer's memory, RL seconds a step, held-out pass@1 at the last evaluation (and its\n"
     "step) within the RL seconds of the quickest run and within the steps of the shortest, and what rewards are\n"
     "made of. --steps is each run's. Evaluations on the way are of fewer problems than the last one.\n"},
    {"texts", "RUN", "what a run learns from, text by text: kept or not, by whom, and why", 1, 1, 0, cli_texts,
     "A recipe's stages learn from texts that were collected from earlier ones. In the workbench, `:recipe NAME\n"
     "review` holds before they do, and a, x, e there accept, reject and edit them. RUN is a name or an id.\n"},
    {"gridworld", "[RUN[@STEP]]", "exact values and best moves of a grid, and the policy that a run has", 0, 1,
     HAS(SET) | HAS(PROMPT) | HAS(K) | HAS(PROBLEMS) | HAS(TEMPERATURE) | HAS(TOP_P), cli_gridworld,
     "The values of policy iteration and value iteration. --prompt gives the layout: {\"start\":0,\"goal\":15,\n"
     "\"pit\":11,\"wall_1\":5,\"wall_2\":-1,\"wall_3\":-1}, cells from a1 = 0 over b1 = 1 to d4 = 15, -1 for none;\n"
     "else it is a primer's, or a run's first held-out one. A run is asked K times from each cell, on --problems\n"
     "layouts; what it plays is the first move of its answer.\n" RUNS},
    {"schedule", "[1f1b|zb1p|dualpipe]", "pipeline schedules as timelines, and an overlapped pair", 0, 1,
     HAS(SET) | HAS(OUTPUT) | HAS(SNAPSHOT), cli_schedule,
     "--set takes pp, micro, f, b (the whole backward), w (its weight part), fb (an overlapped pair), and of the pair\n"
     "attention (share), dispatch, combine, send, a2a=on|off. -o FILE.png or FILE.txt writes a picture.\n"
     "--json has the chosen schedule's figures and pieces as calc schedule. In the workbench `:schedule`\n"
     "plays them.\n"},
    {"lesson", "[NAME]", "a guided evening: the lessons, or one of them in the workbench", 0, 1,
     HAS(AUTO) | HAS(SNAPSHOT), cli_lesson,
     "Each takes under five minutes. With --auto it is told on stdout and answers by itself;\n"
     "--snapshot WxH adds the screens.\n"},
    {"bench", "[NAME...]", "speed: train, generate, step, bf16, store, ui", 0, WORDS_MAX, HAS(QUICK), cli_bench,
     "Beside PyTorch where python3-torch and the scripts of tests/bench are found.\n"},
    {"check", "[RUN]", "integrity of the store, and replay of a run's last keyframe interval by digest", 0, 1,
     0, cli_check, NULL},
    {"help", "[COMMAND]", "this, or a command's options", 0, 1, 0, cli_help, NULL},
    {NULL, NULL, NULL, 0, 0, 0, NULL, NULL},
};

const struct cli_command *cli_command_at(int i)
{
    return row[i].name ? &row[i] : NULL;
}

const struct cli_command *cli_command_find(const char *name)
{
    for (int i = 0; row[i].name; i++)
        if (strcmp(row[i].name, name) == 0)
            return &row[i];
    return NULL;
}

/* "--set KEY=VALUE", "-o, --output FILE". */
static void option_text(enum option_id id, char *out, size_t bytes)
{
    const struct option_row *o = option_row(id);
    char letter[8] = "";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(out, bytes, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
}

static void option_lines(uint64_t which, struct str *out)
{
    char text[64];
    for (int i = 0; i < OPTION_N; i++)
        if (which & OPTION_BIT(i)) {
            option_text((enum option_id)i, text, sizeof text);
            str_printf(out, "  %-24s %s\n", text, option_row((enum option_id)i)->meaning);
        }
}

void cli_help_usage(const struct cli_command *c, struct str *out)
{
    str_printf(out, "grpolab %s%s%s", c->name, c->arguments[0] ? " " : "", c->arguments);
    for (int i = 0; i < OPTION_N; i++) {
        const struct option_row *o = option_row((enum option_id)i);
        if (!(c->options & OPTION_BIT(i)))
            continue;
        str_printf(out, o->letter ? " [-%c" : " [--", o->letter);
        str_printf(out, "%s%s%s]", o->letter ? "" : o->name, o->value ? " " : "", o->value ? o->value : "");
    }
}

void cli_help_command(const struct cli_command *c, struct str *out)
{
    str_add(out, "usage: ");
    cli_help_usage(c, out);
    str_printf(out, "\n\n%s\n", c->summary);
    if (c->more)
        str_printf(out, "\n%s", c->more);
    if (c->options) {
        str_add(out, "\noptions\n");
        option_lines(c->options, out);
    }
    str_add(out, "\noptions of every command\n");
    option_lines(OPTIONS_GLOBAL, out);
}

void cli_help_program(struct str *out)
{
    str_add(out, "grpolab: a workbench for GRPO in a terminal\n\n"
                 "  grpolab                                the workbench, on the run used last\n");
    for (int i = 0; row[i].name; i++) {
        char left[80];
        snprintf(left, sizeof left, "grpolab %s %s", row[i].name, row[i].arguments);
        str_printf(out, "  %-38s %s\n", left, row[i].summary);
    }
    str_add(out, "\n`grpolab help COMMAND` tells its options; `grpolab help script` and `grpolab help config` what\n"
                 "such files hold.\n\noptions of every command\n");
    option_lines(OPTIONS_GLOBAL | HAS(VERSION), out);
    str_add(out, "\nexit status: 0 done, 1 it failed, 2 the request was wrong, 3 a condition of --until or\n"
                 "--expect did not hold\n");
}

/* Text as roff takes it: what it would read as its own is escaped. */
static void roff(struct str *out, const char *s)
{
    int at_start = 1;
    for (; *s; s++) {
        if (at_start && (*s == '.' || *s == '\''))
            str_add(out, "\\&");
        if (*s == '\\')
            str_add(out, "\\e");
        else if (*s == '-')
            str_add(out, "\\-");
        else
            str_add_n(out, s, 1);
        at_start = *s == '\n';
    }
}

static void man_options(uint64_t which, struct str *out)
{
    char text[64];
    for (int i = 0; i < OPTION_N; i++)
        if (which & OPTION_BIT(i)) {
            option_text((enum option_id)i, text, sizeof text);
            str_add(out, ".TP\n\\fB");
            roff(out, text);
            str_add(out, "\\fR\n");
            roff(out, option_row((enum option_id)i)->meaning);
            str_add(out, "\n");
        }
}

void cli_help_man(struct str *out)
{
    struct str usage = {0}, more = {0};
    str_add(out, ".TH GRPOLAB 1\n.SH NAME\ngrpolab \\- a workbench for GRPO in a terminal\n.SH SYNOPSIS\n"
                 ".B grpolab\n[COMMAND] [ARGUMENTS]\n.SH COMMANDS\n");
    for (int i = 0; row[i].name; i++) {
        str_clear(&usage);
        cli_help_usage(&row[i], &usage);
        str_add(out, ".TP\n\\fB");
        roff(out, str_c(&usage));
        str_add(out, "\\fR\n");
        roff(out, row[i].summary);
        str_add(out, "\n");
        if (row[i].more) {
            str_add(out, ".br\n");
            roff(out, row[i].more);
        }
    }
    str_add(out, ".SH OPTIONS\n");
    man_options(~(uint64_t)0, out);
    script_manual(&more);
    str_add(out, ".SH SCRIPTS\n.nf\n");
    roff(out, str_c(&more));
    str_clear(&more);
    config_manual(&more);
    str_add(out, ".fi\n.SH CONFIGURATION\n.nf\n");
    roff(out, str_c(&more));
    str_free(&more);
    str_add(out, ".fi\n");
    str_add(out, ".SH EXIT STATUS\n0 done, 1 it failed, 2 the request was wrong, 3 a condition did not "
                 "hold.\n.SH ENVIRONMENT\n"
                 "GRPOLAB_STORE names the database, XDG_DATA_HOME its default folder.\n");
    str_free(&usage);
}

enum status cli_help(struct cli *c, struct err *e)
{
    const char *name = c->args.operand.n ? c->args.operand.word[0] : NULL;
    const struct cli_command *about = name ? cli_command_find(name) : NULL;
    struct str text = {0};
    void (*topic)(struct str *) = name && !strcmp(name, "script")   ? script_manual
                                  : name && !strcmp(name, "config") ? config_manual
                                                                    : NULL;
    if (name && !about && !topic)
        return err_set(e, ST_USAGE, "help", "there is no command '%.40s'; `grpolab help` lists them", name);
    if (topic)
        topic(&text);
    else if (about)
        cli_help_command(about, &text);
    else
        cli_help_program(&text);
    cli_print(&text);
    str_free(&text);
    return ST_OK;
}
