/* `import`: a checkpoint becomes a run whose step 0 has its weights. The run's settings are those that an
 * export left in config.json; else those of the preset whose vocabulary is the checkpoint's, with the
 * checkpoint's sizes. */
#include <stdlib.h>
#include <string.h>

#include "app/base/environment.h"
#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/session/checkpoint.h"
#include "app/session/session_chain.h"
#include "scenarios/registry.h"

/* Whether a task with these settings has exactly these words in this order. */
static int has_words(const struct settings *s, const struct vocab *words)
{
    const char *const *token;
    struct err none;
    void *self;
    int n, same;
    if (s->scenario->open(s->task, &self, &none))
        return 0;
    n = s->scenario->tokens(self, &token);
    same = n == words->n;
    for (int i = 0; same && i < n; i++)
        same = strcmp(token[i], words->token[i]) == 0;
    s->scenario->close(self);
    return same;
}

static enum status choose_settings(const struct checkpoint *k, const struct vocab *words,
                                   struct settings *out, struct err *e)
{
    const struct exchange_config *c = &k->config;
    struct err why;
    int found = 0;
    enum status st = ST_OK;
    if (c->yarn.is_on)
        return err_set(e, ST_USAGE, "import",
                       "config.json: \"rope_scaling\" is not null, and a run has no such setting; "
                       "`grpolab logits DIR` reads it");
    if (words->n != c->model.vocab_n)
        return err_set(e, ST_USAGE, "import", "tokenizer.json has %d tokens, config.json a vocabulary of %d",
                       words->n, c->model.vocab_n);
    if (c->has_run) {
        st = settings_restore(out, str_c(&c->settings), scenario_find, &why);
        if (st)
            return err_set(e, st, "import", "config.json: \"grpolab\": %.200s", why.msg);
        found = has_words(out, words);
        memcpy(out->preset, c->preset, sizeof out->preset);
    }
    for (int i = 0; i < preset_n() && !found; i++) {
        const struct preset *p = preset_at(i);
        found = settings_parse(out, p->name, p->text, scenario_find, &why) == ST_OK && has_words(out, words);
    }
    if (!found)
        return err_set(
            e, ST_USAGE, "import",
            "its vocabulary of %d tokens is that of no task here, so it can be neither sampled nor trained; "
            "`grpolab logits DIR` reads it",
            words->n);
    st = exchange_config_apply(c, out, &why);
    return st ? err_set(e, st, "import", "config.json: %.200s", why.msg) : ST_OK;
}

/* The run with the trainer's state as its start. It has no key: it is not the end of a stage that a chain
 * made. */
static enum status create(struct session *s, const struct trainer *t, const char *name,
                          struct record_run *run, struct err *e)
{
    struct record_tensor *tensor = calloc(TENSORS_MAX + 4, sizeof *tensor);
    struct str settings = {0}, environment = {0}, words = {0};
    struct digest start = trainer_digest(t);
    struct record_keyframe k = {.pinned = 1, .tensor = tensor};
    enum status st;
    memset(run, 0, sizeof *run);
    snprintf(run->name, sizeof run->name, "%s", name);
    snprintf(run->preset, sizeof run->preset, "%s", t->set.preset);
    snprintf(run->stage, sizeof run->stage, "%s", stage_name(t->stage));
    snprintf(run->state, sizeof run->state, "new");
    run->seed = t->seed;
    settings_print(&t->set, &settings);
    environment_print(&environment);
    for (int i = 0; i < t->vocab.n; i++)
        str_word(&words, t->vocab.token[i]);
    if (!tensor || settings.failed || environment.failed || words.failed) {
        st = err_set(e, ST_NOMEM, "import", "no memory for a keyframe");
    } else {
        k.tensors_n = trainer_tensors(t, 0, tensor, TENSORS_MAX + 4);
        st = store_run_create(s->store, run, str_c(&settings), str_c(&environment), str_c(&words), &start, &k,
                              e);
    }
    free(tensor);
    str_free(&settings);
    str_free(&environment);
    str_free(&words);
    return st;
}

static void print_run(const struct cli *c, const struct record_run *run, const struct checkpoint *k,
                      const struct trainer *t)
{
    struct digest d = trainer_digest(t);
    struct str out = {0};
    struct json_writer w = {.out = &out};
    char hex[DIGEST_HEX];
    digest_hex(&d, hex);
    if (args_has(&c->args, OPT_JSON)) {
        write_begin(&w, '{');
        write_key(&w, "run");
        write_word(&w, run->name);
        write_key(&w, "id");
        write_whole(&w, run->id);
        write_key(&w, "step");
        write_whole(&w, 0);
        write_key(&w, "digest");
        write_word(&w, hex);
        write_key(&w, "parameters");
        write_whole(&w, k->parameters);
        write_end(&w, '}');
        str_add(&out, "\n");
    } else {
        str_printf(&out, "%s (%lld): %lld parameters, stage %s, preset %s, digest %s\n", run->name,
                   (long long)run->id, (long long)k->parameters, run->stage, run->preset, hex);
    }
    cli_print(&out);
    str_free(&out);
}

/* The name that the folder gives; slashes at its end do not count. */
static void folder_name(const char *folder, char out[NAME_BYTES])
{
    size_t n = strlen(folder), from;
    while (n > 1 && folder[n - 1] == '/')
        n--;
    for (from = n; from > 0 && folder[from - 1] != '/'; from--)
        ;
    snprintf(out, NAME_BYTES, "%.*s", (int)(n - from), folder + from);
    if (!out[0] || out[0] == '.' || out[0] == '/')
        snprintf(out, NAME_BYTES, "import");
}

enum status cli_import(struct cli *c, struct err *e)
{
    const char *folder = c->args.operand.word[0];
    struct checkpoint *k = calloc(1, sizeof *k);
    struct settings *set = calloc(1, sizeof *set);
    struct vocab words = {0};
    struct session *s;
    struct trainer *t = NULL;
    struct record_run run;
    struct err why;
    char name[NAME_BYTES];
    uint64_t seed;
    int stage = STAGE_GRPO;
    enum status st = k && set ? checkpoint_open(k, folder, e) : err_set(e, ST_NOMEM, "import", "no memory");
    if (!st && exchange_tokens_read(folder, &words, &why))
        st = err_set(e, why.code, "import", "%.150s (`grpolab logits` reads it without words)", why.msg);
    if (!st)
        st = choose_settings(k, &words, set, e);
    if (!st)
        st = cli_session(c, &s, e);
    if (!st) {
        stage = k->config.has_run ? stage_find(k->config.stage) : STAGE_GRPO;
        seed = args_has(&c->args, OPT_SEED) ? (uint64_t)c->args.seed : k->config.has_run ? k->config.seed : 1;
        st = session_trainer(s, set, (enum stage)stage, seed, &t, e);
    }
    if (!st) {
        trainer_start(t);
        st = checkpoint_read(k, t->learner.w, t->learner.bias, e);
    }
    if (!st) {
        if (t->learner.ref_w)
            learner_reference(&t->learner);
        folder_name(folder, name);
        st = create(s, t, c->args.name ? c->args.name : name, &run, e);
    }
    if (!st)
        print_run(c, &run, k, t);
    if (t) {
        trainer_release(t);
        free(t);
    }
    vocab_release(&words);
    if (k)
        checkpoint_close(k);
    free(k);
    free(set);
    return st;
}
