/* `speculate`: what a run's MTP modules are worth as drafts. The held-out prompts are completed plainly and
 * in each way of drafting, one stream and eight, greedy and sampled; acceptance is counted by place in the
 * cycle and by kind of token, and sampled tokens are held against the model's distribution.
 *
 * The figures of one line are taken in turn, round by round, by the thread's own processor time, and the
 * best round counts: what else the machine does touches all alike. Nothing is written to the store. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "engine/nn/speculate.h"

enum { WAYS = 5, BATCH = 8, ROUNDS = 3, PROBLEMS = 64, CHECK_TOKENS = 100000, QUICK_TOKENS = 10000 };
enum token_kind { TOKEN_NUMBER, TOKEN_OPERATOR, TOKEN_WORD, TOKEN_TAG, TOKEN_KINDS };

static const char *const kind_name[TOKEN_KINDS] = {"number", "operator", "word", "tag"};

/* One way of decoding. */
struct way {
    const char *name;
    int in_v3, draft_n, width;
    double confidence;
};

/* What one way did with all texts, greedy or sampled. */
struct outcome {
    struct speculate_stats stats;
    int64_t examined[TOKEN_KINDS], accepted[TOKEN_KINDS];
    double rate[2];          /* tokens a second, one stream and BATCH; NaN: not measured */
    int equal;               /* greedy: tokens and log-probabilities are plain decoding's, to the bit */
};

struct texts {
    int n, cap;
    struct speculate_text *text;   /* [n], each with its arrays in the arena */
    uint16_t (*prompt)[PROMPT_MAX];
};

struct lab {
    struct cli *c;
    struct trainer *t;
    struct arena arena;
    struct speculator stream, batch;
    struct texts texts, plain;
    enum token_kind *kind;         /* [V] */
    int ways_n;
    struct way way[WAYS];
    struct outcome greedy[WAYS], sampled[WAYS];
    struct speculate_check check;
    int64_t check_tokens;
    double temperature;
};

/* Tags and roles, digits, letters, and what is none of them. */
static enum token_kind kind_of(const char *word)
{
    char c = word[0];
    if (c >= '0' && c <= '9')
        return TOKEN_NUMBER;
    if (c == '<' && word[1])
        return TOKEN_TAG;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80 ? TOKEN_WORD
        : TOKEN_OPERATOR;
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum status texts_init(struct texts *x, int n, int cap, struct arena *a, struct err *e)
{
    size_t all = (size_t)n * (size_t)cap;
    uint16_t *token = arena_alloc(a, all * sizeof *token);
    float *logp = arena_alloc(a, all * sizeof *logp);
    uint8_t *mark = arena_alloc(a, all);
    *x = (struct texts){n, cap, arena_alloc(a, (size_t)n * sizeof *x->text),
                        arena_alloc(a, (size_t)n * sizeof *x->prompt)};
    if (!token || !logp || !mark || !x->text || !x->prompt)
        return err_set(e, ST_NOMEM, a->name, "no room for %d texts", n);
    for (int i = 0; i < n; i++)
        x->text[i] = (struct speculate_text){.prompt = x->prompt[i], .draw = (uint32_t)i,
                                             .token = token + (size_t)i * (size_t)cap,
                                             .logp = logp + (size_t)i * (size_t)cap,
                                             .mark = mark + (size_t)i * (size_t)cap};
    return ST_OK;
}

static enum status texts_prompts(struct texts *x, const struct trainer *t, struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < x->n && !st; i++) {
        struct problem p;
        t->task.scenario->held_out(t->task.self, i % t->held_out_n, &p);
        st = task_prompt(&t->task, &p, x->prompt[i], &x->text[i].prompt_n, e);
    }
    return st;
}

static enum status lab_init(struct lab *l, struct err *e)
{
    const struct trainer *t = l->t;
    const struct settings *set = &t->set;
    const struct args *a = &l->c->args;
    enum decode_form form = set->run.decode ? DECODE_PLAIN : DECODE_ABSORBED;
    int depth = t->model.config.mtp_depth, V = t->model.config.vocab_n;
    int positions = t->model.config.positions_n;
    int n = args_has(a, OPT_PROBLEMS) ? (int)a->problems : PROBLEMS;
    enum status st = arena_init(&l->arena, "speculate", (size_t)1024 << 20, e);
    n = n < t->held_out_n ? n : t->held_out_n;
    if (!st)
        st = speculator_init(&l->stream, &t->model, form, 1, positions, &l->arena, e);
    if (!st)
        st = speculator_init(&l->batch, &t->model, form, BATCH, positions, &l->arena, e);
    if (!st)
        st = texts_init(&l->texts, n, set->rl.max_tokens, &l->arena, e);
    if (!st)
        st = texts_init(&l->plain, n, set->rl.max_tokens, &l->arena, e);
    if (!st)
        st = texts_prompts(&l->texts, t, e);
    if (!st)
        st = texts_prompts(&l->plain, t, e);
    l->kind = arena_alloc(&l->arena, (size_t)V * sizeof *l->kind);
    if (!st && !l->kind)
        st = err_set(e, ST_NOMEM, "speculate", "no room for %d tokens", V);
    if (st)
        return st;
    speculator_load(&l->stream, t->learner.w, t->learner.bias);
    speculator_load(&l->batch, t->learner.w, t->learner.bias);
    for (int v = 0; v < V; v++)
        l->kind[v] = v < t->vocab.n ? kind_of(t->vocab.token[v]) : TOKEN_WORD;
    l->temperature = args_has(a, OPT_TEMPERATURE) ? a->temperature : set->eval.temperature;
    l->way[l->ways_n++] = (struct way){"plain", 1, 0, 1, 0};
    l->way[l->ways_n++] = (struct way){"module", 1, depth, 1, 0};
    l->way[l->ways_n++] = (struct way){"fixed", set->draft.tokens <= depth, set->draft.tokens, 1, 0};
    l->way[l->ways_n++] = (struct way){"confidence", 0, set->draft.tokens, 1, set->draft.confidence};
    l->way[l->ways_n++] = (struct way){"candidates", 0, depth, set->draft.candidates, 0};
    return ST_OK;
}

static struct speculate_settings settings_of(const struct lab *l, const struct way *w, double temperature)
{
    return (struct speculate_settings){
        .draft_n = w->draft_n, .confidence = w->confidence, .width = w->width, .temperature = temperature,
        .max_tokens = l->texts.cap, .end_token = l->t->task.end_token,
        .seed = args_has(&l->c->args, OPT_SEED) ? (uint64_t)l->c->args.seed : l->t->seed,
        .stream = RNG_RESAMPLE, .step = (uint32_t)l->t->step};
}

static int is_equal(const struct texts *a, const struct texts *b)
{
    for (int i = 0; i < a->n; i++) {
        const struct speculate_text *x = &a->text[i], *y = &b->text[i];
        if (x->n != y->n || x->cut_off != y->cut_off ||
            memcmp(x->token, y->token, (size_t)x->n * sizeof *x->token) != 0 ||
            memcmp(x->logp, y->logp, (size_t)x->n * sizeof *x->logp) != 0)
            return 0;
    }
    return 1;
}

static void count_kinds(const struct lab *l, struct outcome *o)
{
    for (int i = 0; i < l->texts.n; i++)
        for (int k = 0; k < l->texts.text[i].n; k++) {
            int mark = l->texts.text[i].mark[k], kind = (int)l->kind[l->texts.text[i].token[k]];
            if (!(mark & SPECULATE_MARK_DRAFT))
                continue;
            o->examined[kind]++;
            o->accepted[kind] += (mark & SPECULATE_MARK_ACCEPTED) != 0;
        }
}

/* All ways in turn, ROUNDS times, one stream and BATCH. */
static enum status measure(struct lab *l, double temperature, struct outcome *out, struct err *e)
{
    enum status st = ST_OK;
    for (int round = 0; round < ROUNDS && !st; round++)
        for (int w = 0; w < l->ways_n && !st; w++)
            for (int many = 0; many < 2 && !st; many++) {
                struct speculate_settings how = settings_of(l, &l->way[w], temperature);
                struct texts *x = w ? &l->texts : &l->plain;
                struct speculate_stats stats = {0};
                double begin = processor_seconds(), rate;
                st = speculate_run(many ? &l->batch : &l->stream, &how, x->n, x->text, &stats, e);
                rate = (double)stats.tokens / (processor_seconds() - begin);
                out[w].rate[many] = round == 0 || rate > out[w].rate[many] ? rate : out[w].rate[many];
                if (st || round)
                    continue;
                out[w].equal = (many ? out[w].equal : 1) && (w == 0 || is_equal(x, &l->plain));
                if (!many) {
                    out[w].stats = stats;
                    if (w)
                        count_kinds(l, &out[w]);
                }
            }
    return st;
}

/* Samples with the longest drafts until there are enough tokens. */
static enum status check_distribution(struct lab *l, struct err *e)
{
    int64_t want = args_has(&l->c->args, OPT_QUICK) ? QUICK_TOKENS : CHECK_TOKENS;
    struct speculate_settings how = settings_of(l, &l->way[2], l->temperature);
    struct speculate_stats stats = {.with_check = 1};
    enum status st = ST_OK;
    for (uint32_t pass = 1; stats.tokens < want && !st; pass++) {
        for (int i = 0; i < l->texts.n; i++)
            l->texts.text[i].index = pass;
        st = speculate_run(&l->batch, &how, l->texts.n, l->texts.text, &stats, e);
    }
    l->check = stats.check;
    l->check_tokens = stats.tokens;
    return st;
}

static double share(int64_t a, int64_t of)
{
    return of ? (double)a / (double)of : NAN;
}

/* "-" where there is nothing to have a share of. */
static void add_share(struct str *out, int64_t a, int64_t of)
{
    if (of)
        str_printf(out, "%.3f", share(a, of));
    else
        str_add(out, "-");
}

static void write_part(struct json_writer *w, const char *key, int64_t examined, int64_t accepted)
{
    write_key(w, key);
    write_begin(w, '{');
    write_key(w, "examined");
    write_whole(w, examined);
    write_key(w, "accepted");
    write_whole(w, accepted);
    write_key(w, "rate");
    write_number(w, share(accepted, examined));
    write_end(w, '}');
}

static void write_outcome(struct json_writer *w, const char *key, const struct way *way,
                          const struct outcome *o, const struct outcome *plain, int is_greedy)
{
    char place[12];
    write_key(w, key);
    write_begin(w, '{');
    write_key(w, "tokens");
    write_whole(w, o->stats.tokens);
    write_key(w, "tokens_a_cycle");
    write_number(w, share(o->stats.tokens, o->stats.cycles));
    write_key(w, "stream");
    write_number(w, o->rate[0]);
    write_key(w, "stream_ratio");
    write_number(w, o->rate[0] / plain->rate[0]);
    write_key(w, "batch");
    write_number(w, o->rate[1]);
    write_key(w, "batch_ratio");
    write_number(w, o->rate[1] / plain->rate[1]);
    if (is_greedy) {
        write_key(w, "equal_to_plain");
        write_bool(w, o->equal);
    }
    write_key(w, "by_position");
    write_begin(w, '{');
    for (int j = 0; j < way->draft_n; j++) {
        snprintf(place, sizeof place, "%d", j + 1);
        write_part(w, place, o->stats.examined[j], o->stats.accepted[j]);
    }
    write_end(w, '}');
    write_key(w, "by_kind");
    write_begin(w, '{');
    for (int k = 0; k < TOKEN_KINDS && way->draft_n; k++)
        write_part(w, kind_name[k], o->examined[k], o->accepted[k]);
    write_end(w, '}');
    write_key(w, "others_accepted");
    write_whole(w, o->stats.others);
    write_end(w, '}');
}

static void print_json(const struct lab *l, struct str *out)
{
    struct json_writer w = {.out = out};
    double chi_squared, p;
    int dof;
    p = speculate_check_p(&l->check, &chi_squared, &dof);
    write_begin(&w, '{');
    write_key(&w, "step");
    write_whole(&w, l->t->step);
    write_key(&w, "layers");
    write_whole(&w, l->t->model.config.layers_n);
    write_key(&w, "mtp_depth");
    write_whole(&w, l->t->model.config.mtp_depth);
    write_key(&w, "texts");
    write_whole(&w, l->texts.n);
    write_key(&w, "batch_size");
    write_whole(&w, BATCH);
    write_key(&w, "temperature");
    write_number(&w, l->temperature);
    write_key(&w, "ways");
    write_begin(&w, '[');
    for (int i = 0; i < l->ways_n; i++) {
        write_begin(&w, '{');
        write_key(&w, "name");
        write_word(&w, l->way[i].name);
        write_key(&w, "in_v3");
        write_bool(&w, l->way[i].in_v3);
        write_key(&w, "drafts");
        write_whole(&w, l->way[i].draft_n);
        write_key(&w, "confidence");
        write_number(&w, l->way[i].confidence);
        write_key(&w, "candidates");
        write_whole(&w, l->way[i].width);
        write_outcome(&w, "greedy", &l->way[i], &l->greedy[i], &l->greedy[0], 1);
        write_outcome(&w, "sampled", &l->way[i], &l->sampled[i], &l->sampled[0], 0);
        write_end(&w, '}');
    }
    write_end(&w, ']');
    write_key(&w, "distribution");
    write_begin(&w, '{');
    write_key(&w, "tokens");
    write_whole(&w, l->check_tokens);
    write_key(&w, "examined");
    write_whole(&w, l->check.n);
    write_key(&w, "chi_squared");
    write_number(&w, chi_squared);
    write_key(&w, "degrees_of_freedom");
    write_whole(&w, dof);
    write_key(&w, "p");
    write_number(&w, p);
    write_end(&w, '}');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void print_ways(const struct lab *l, const char *what, const struct outcome *o, struct str *out)
{
    str_printf(out,
               "\n%-35s tokens/cycle   one stream, tokens/s   batch of %d, tokens/s   accepted by place\n",
               what, BATCH);
    for (int i = 0; i < l->ways_n; i++) {
        char name[64];
        const struct way *w = &l->way[i];
        int n = snprintf(name, sizeof name, "%s", w->name);
        if (w->draft_n)
            n += snprintf(name + n, sizeof name - (size_t)n, ", %d", w->draft_n);
        if (w->confidence > 0)
            n += snprintf(name + n, sizeof name - (size_t)n, " at %g", w->confidence);
        if (w->width > 1)
            n += snprintf(name + n, sizeof name - (size_t)n, " of %d", w->width);
        snprintf(name + n, sizeof name - (size_t)n, "%s", w->in_v3 ? "" : " (not in V3)");
        str_printf(out, "  %-34s %10.2f  %9.0f  %5.2fx         %9.0f  %5.2fx       ", name,
                   share(o[i].stats.tokens, o[i].stats.cycles), o[i].rate[0], o[i].rate[0] / o[0].rate[0],
                       o[i].rate[1],
                   o[i].rate[1] / o[0].rate[1]);
        for (int j = 0; j < w->draft_n; j++)
            str_printf(out, " %.3f", share(o[i].stats.accepted[j], o[i].stats.examined[j]));
        if (o[i].stats.others)
            str_printf(out, " (+%.3f others)", share(o[i].stats.others, o[i].stats.examined[0]));
        str_add(out, o[i].equal || o != l->greedy ? "\n" : "  NOT EQUAL TO PLAIN\n");
    }
}

static void print_text(const struct lab *l, struct str *out)
{
    double chi_squared, p;
    int dof, equal = 1;
    str_printf(out, "%d layers, %d MTP module%s; %d held-out prompts; times are of one core\n",
               l->t->model.config.layers_n, l->t->model.config.mtp_depth, l->t->model.config.mtp_depth > 1
                   ? "s" : "",
               l->texts.n);
    print_ways(l, "greedy", l->greedy, out);
    for (int i = 0; i < l->ways_n; i++)
        equal = equal && l->greedy[i].equal;
    str_printf(out, "  tokens and log-probabilities are %s to the bit\n",
               equal ? "those of plain greedy decoding," : "NOT those of plain greedy decoding");
    print_ways(l, "sampled", l->sampled, out);
    str_add(out, "\naccepted by kind of token, greedy and sampled\n");
    for (int i = 1; i < l->ways_n; i++) {
        str_printf(out, "  %-12s", l->way[i].name);
        for (int k = 0; k < TOKEN_KINDS; k++) {
            str_printf(out, "%s%s ", k ? "   " : "", kind_name[k]);
            add_share(out, l->greedy[i].accepted[k], l->greedy[i].examined[k]);
            str_add(out, " ");
            add_share(out, l->sampled[i].accepted[k], l->sampled[i].examined[k]);
        }
        str_add(out, "\n");
    }
    p = speculate_check_p(&l->check, &chi_squared, &dof);
    str_printf(out, "\nthe model's distribution at T %g: %lld sampled tokens, %lld of them after a draft,\n"
                    "  counted by the rank that the module gives them: chi-squared %.2f of %d, p %.3f\n",
               l->temperature, (long long)l->check_tokens, (long long)l->check.n, chi_squared, dof, p);
}

enum status cli_speculate(struct cli *c, struct err *e)
{
    struct lab *l = calloc(1, sizeof *l);
    struct session *s;
    struct str out = {0};
    enum status st = l ? cli_open(c, c->args.operand.word[0], &s, e) : err_set(e, ST_NOMEM, "speculate",
                                                                               "no memory");
    if (st)
        goto out;
    l->c = c;
    l->t = s->trainer;
    for (int i = 0; i < c->args.set.n && !st; i++)
        if (strncmp(c->args.set.word[i], "draft.", 6) != 0)
            st = err_set(e, ST_USAGE, "speculate", "--set %.60s: only draft.* can be changed here",
                         c->args.set.word[i]);
    if (!st && args_has(&c->args, OPT_SET))
        st = settings_assign(&l->t->set, l->t->stage, c->args.set.word, c->args.set.n, &l->t->seed, e);
    if (!st && l->t->model.config.mtp_depth < 1)
        st = err_set(e, ST_USAGE, "speculate", "this run's model has no MTP module: train one with "
                     "--set model.mtp_depth=1, or the preset mtp-dense");
    if (!st)
        st = lab_init(l, e);
    if (!st)
        st = measure(l, 0, l->greedy, e);
    if (!st)
        st = measure(l, l->temperature, l->sampled, e);
    if (!st)
        st = check_distribution(l, e);
    if (st)
        goto out;
    if (args_has(&c->args, OPT_JSON))
        print_json(l, &out);
    else
        print_text(l, &out);
    if (out.failed)
        st = err_set(e, ST_NOMEM, "speculate", "no memory for the result");
    else
        cli_print(&out);
out:
    str_free(&out);
    if (l)
        arena_release(&l->arena);
    free(l);
    return st;
}
