/* Scripts: what lines may say, what is told of wrong ones, and a whole run driven by one
 * without a terminal. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/workbench.h"

static struct err e;

static void refuses(const char *text, const char *with)
{
    struct demand w;

    e.msg[0] = 0;
    cr_assert_eq(demand_parse(&w, text, &e), ST_USAGE, "taken: %s", text);
    cr_assert_not_null(strstr(e.msg, with), "%s: '%s' does not say '%s'", text, e.msg, with);
}

Test(script, demands)
{
    struct demand w;

    cr_assert_eq(demand_parse(&w, "kl > 0.1 and not stage cold and text \"and so\" timeout 2.5", &e), ST_OK,
                 "%s", e.msg);
    cr_assert_eq(w.n, 3);
    cr_assert_eq(w.clause[0].kind, CLAUSE_CONDITION);
    cr_assert_eq(w.clause[0].condition.term[0].quantity, M_KL);
    cr_assert(w.clause[1].kind == CLAUSE_STAGE && w.clause[1].is_not);
    cr_assert_str_eq(w.clause[2].text, "and so");
    cr_assert_eq(w.timeout, 2.5);
    cr_assert(demand_needs_screen(&w));
    cr_assert_eq(demand_parse(&w, "idle", &e), ST_OK);
    cr_assert(isnan(w.timeout) && !demand_needs_screen(&w));
    cr_assert_eq(demand_parse(&w, "reward > 0.5 or kl > 1", &e), ST_OK, "%s", e.msg);
    cr_assert_eq(w.clause[0].condition.n, 2);
    cr_assert_eq(demand_parse(&w, "setting rl.std == none and trace reward>=1", &e), ST_OK, "%s", e.msg);
    cr_assert_str_eq(w.clause[0].value, "none");
    cr_assert_eq(w.clause[1].op, OP_MORE_EQUAL);
}

Test(script, demands_that_are_wrong)
{
    refuses("", "a condition is missing");
    refuses("kl > 0.1 and", "a condition is missing");
    refuses("rewrd > 1", "did you mean `reward`");
    refuses("reward > 1 or kl > 1 and idle", "do not mix");
    refuses("idle 3", "'3' stands where");
    refuses("idle timeout soon", "a number of seconds");
    refuses("stage warm", "base, cold, reward, dpo, grpo");
    refuses("state asleep", "running");
    refuses("screen grup", "dashboard, group");
    refuses("text", "a text in quotes");
    refuses("trace rewrd > 1", "did you mean `reward`");
    refuses("trace reward", "an operator");
    refuses("trace reward = 1", "no operator");
    refuses("trace reward > x", "not a number");
    refuses("setting rl.std > none", "not a number");
}

static void is_wrong(const char *text, const char *with)
{
    struct script s;

    e.msg[0] = 0;
    cr_assert_eq(script_read(&s, "my.script", text, &e), ST_USAGE, "taken: %s", text);
    cr_assert_not_null(strstr(e.msg, with), "'%s' does not say '%s'", e.msg, with);
    cr_assert_eq(s.n, 0);
}

Test(script, lines)
{
    struct script s;

    cr_assert_eq(script_read(&s, "my.script",
                             "# a comment\n\n  :step 3 token  \npause\nwait idle\n\tkey space f1 x\n"
                             "say reward {metric reward at 3 of base}\nopen {run base}",
                             &e),
                 ST_OK, "%s", e.msg);
    cr_assert_eq(s.n, 6);
    cr_assert_eq(s.line[0].number, 3);
    cr_assert_str_eq(s.line[0].rest, ":step 3 token");
    cr_assert_eq(s.line[5].number, 8);
    script_free(&s);
    is_wrong("pause\n\nstepp 3\n", "my.script:3: there is no command 'stepp'; did you mean `step`");
    is_wrong("wiat idle\n", "did you mean `wait`");
    is_wrong("goto\n", "my.script:1: it is :goto STEP|live");
    is_wrong("wait kl >\n", "my.script:1:");
    is_wrong("key spce\n", "did you mean `space`");
    is_wrong("key\n", "the name of a key");
    is_wrong("to soon\n", "a step");
    is_wrong("screen now\n", "nothing more");
    is_wrong("say {metrik kl}\n", "did you mean `metric`");
    is_wrong("say {metric kll}\n", "there is no metric 'kll'");
    is_wrong("say {metric kl at}\n", "{metric NAME [at STEP] [of RUN]}");
    is_wrong("say {metric kl\n", "not closed");
    is_wrong("open {runn base}\n", "there is no {runn}");
    is_wrong("remember two words\n", "one word");
    cr_assert_eq(script_load(&s, "/nowhere/at/all", &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "cannot read /nowhere"));
}

Test(script, help_has_all)
{
    struct str text = {0};
    const char *name, *arguments, *what;
    int i;

    script_manual(&text);
    for (i = 0; (name = script_verb(i, &arguments, &what)); i++)
        cr_assert_not_null(strstr(str_c(&text), name));
    cr_assert_geq(i, 9);
    for (i = 0; (name = fill_row(i, &what)); i++)
        cr_assert_not_null(strstr(str_c(&text), name));
    str_free(&text);
}

static struct str said;

static void keep(const char *text)
{
    str_add(&said, text);
}

/* Runs a script, which begins a run of a tiny preset, on a fresh store; then calls `after` (may be NULL). */
static enum status drive_then(const char *text, struct script *s, void (*after)(struct session *session))
{
    char dir[256], store[320], preset[320], whole[4096];
    struct guide guide = {s, NULL, 0};
    struct session session;
    const char *base = getenv("TMPDIR");
    enum status st;
    FILE *f;

    snprintf(dir, sizeof dir, "%s/script-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(store, sizeof store, "%s/lab.db", dir);
    snprintf(preset, sizeof preset, "%s/tiny.ini", dir);
    f = fopen(preset, "w");
    fputs(
        "[preset]\nname = tiny\nscenario = countdown\n"
        "[model]\nwidth = 16\nlayers = 2\nheads = 2\nq_rank = 8\nkv_rank = 8\nnope_dim = 4\nrope_dim = 4\n"
        "v_dim = 8\n"
        "ffn_width = 32\ndense_layers = 1\nexperts = 4\nexpert_width = 8\n"
        "[base]\nsteps = 2\ndocuments = 2\n[cold]\nsteps = 2\ndocuments = 2\n"
        "[rl]\nsteps = 9\nprompts = 2\ngroup = 4\nmax_tokens = 32\ndrop_flat = 0\n"
        "[eval]\nevery = 3\nk = 2\nproblems = 4\nfinal_problems = 8\n"
        "[countdown]\nnumbers_low = 3\nnumbers_high = 3\n",
        f);
    fclose(f);
    snprintf(whole, sizeof whole, "new %s seed=3\n%s", preset, text);
    cr_assert_eq(script_read(s, "test", whole, &e), ST_OK, "%s", e.msg);
    s->print = keep;
    str_clear(&said);
    cr_assert_eq(session_init(&session, store, 1, &e), ST_OK, "%s", e.msg);
    st = workbench_guide(&session, NULL, &guide, 100, 30, 0, keep, NULL, &e);
    if (after)
        after(&session);
    session_release(&session);
    snprintf(whole, sizeof whole, "rm -rf %s", dir);
    cr_assert_eq(system(whole), 0);
    return st;
}

static enum status drive(const char *text, struct script *s)
{
    return drive_then(text, s, NULL);
}

static int says(const char *what)
{
    return strstr(str_c(&said), what) != NULL;
}

Test(script, drives_a_run)
{
    struct script s;
    /* The breakpoint holds the run at the same step, however fast it is; KL is measured in GRPO only. */
    enum status st = drive(
        "break step == 3 and kl >= 0\nwait stage grpo and state paused timeout 60\nwait idle\n"
        "break delete all\nto 4\nexpect step == 4 and state paused\n"
        "remember mine\nfork 2 beta=0.5 child\nto 3\nexpect setting rl.beta == 0.5\n"
        "say {run} of {run mine} at {step}, beta {setting rl.beta}\n"
        "key 2\nexpect screen group and text \"group\"\nsay {group size}\n"
        "open {run mine}\nwait state paused\nto 5\ngoto 2\nkeys 1\nscreen\n"
        "say end {metric num_tokens at 2}\n",
        &s);

    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
    cr_assert(says("child of tiny at 3, beta 0.5\n4\n"), "%s", str_c(&said));
    cr_assert(says("step 2"), "the screen of step 2: %s", str_c(&said));
    cr_assert(says("\nend "), "%s", str_c(&said));
    script_free(&s);
}

/* A watcher that looks at step 2 and then at step 9. */
static void look_twice(struct session *session)
{
    struct desk *d = calloc(1, sizeof *d);
    struct watch x = {0};
    struct demand w;

    cr_assert_eq(desk_init(d, session, &e), ST_OK, "%s", e.msg);
    d->live->version = 1;
    d->live->run_id = session->run.id;
    d->live->committed = 2;
    d->live->state = RUN_PAUSED;
    cr_assert_eq(demand_parse(&w, "step == 5", &e), ST_OK);
    cr_assert_not(watch_met(&x, d, &w));
    d->live->committed = 9;
    cr_assert(watch_met(&x, d, &w), "step 5 went by between two looks");
    cr_assert_not(watch_met(&x, d, &w), "it is past now");
    cr_assert_eq(demand_parse(&w, "step == 9", &e), ST_OK);
    cr_assert(watch_met(&x, d, &w));
    d->live->committed = 2; /* rewound */
    cr_assert_not(watch_met(&x, d, &w));
    cr_assert_eq(x.measured.latest[Q_STEP], 2);
    memset(&x, 0, sizeof x);
    d->live->committed = 9;
    cr_assert_eq(demand_parse(&w, "step == 5", &e), ST_OK);
    cr_assert(watch_met(&x, d, &w), "steps of a run that has just begun count");
    cr_assert_not(watch_met(&x, d, &w));
    desk_release(d);
    free(d);
}

Test(script, steps_between_two_looks)
{
    struct script s;
    enum status st = drive_then("wait stage grpo\nwait state done\n", &s, look_twice);

    cr_assert_eq(st, ST_OK, "%s", e.msg);
    script_free(&s);
}

Test(script, no_step_is_missed)
{
    struct script s;
    enum status st = drive("wait step == 5\nwait state done\nsay at {step}\n", &s);

    cr_assert_eq(st, ST_OK, "%s", e.msg);
    cr_assert(says("at 9\n"));
    script_free(&s);
}

static void ends_with(const char *text, enum status want, int unmet, const char *with)
{
    struct script s;
    enum status st = drive(text, &s);

    cr_assert_eq(st, want, "%s", e.msg);
    cr_assert_eq(s.unmet, unmet, "%s", e.msg);
    cr_assert_not_null(strstr(e.msg, with), "'%s' does not say '%s'", e.msg, with);
    script_free(&s);
}

Test(script, failures_name_their_line)
{
    ends_with("wait stage grpo\npause\nwait idle\nexpect step > 100\n", ST_FAILED, 1,
              "test:5: 'step > 100' does not hold");
    ends_with("wait stage grpo\npause\nwait idle\nwait step > 100\n", ST_FAILED, 1, "will never hold");
    ends_with("wait text \"never shown\" timeout 0.01\n", ST_FAILED, 1, "did not come to hold in time");
    ends_with("wait stage grpo\nfork nosuch=3\n", ST_USAGE, 0, "test:3:");
    ends_with("wait stage grpo\nrewind 99\n", ST_FAILED, 0, "test:3:");
    ends_with("key :\n", ST_USAGE, 0, "opens the command line");
    ends_with("say {metric mtp_loss}\n", ST_NOTFOUND, 0, "was not measured");
}
