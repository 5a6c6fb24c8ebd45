/* The trace screen: what the words, signs and digits of a trace tell, the cursor on its tokens, the
 * numbers of one of them, and the success rate along it; on facts that are invented here. */
#include <criterion/criterion.h>
#include <locale.h>

#include "app/command/command.h"
#include "tests/golden/moments.h"
#include "views/pane_text.h"
#include "views/pane_value.h"
#include "views/trace_overlay.h"

enum { AHA = 27, DECORATIVE = 13 };

static struct moment m;
static struct trace_facts facts;
static struct trace_state state;
static struct canvas c;
static struct str text;

/* The trace of the golden dashboard with a probability and an entropy for every token. */
static void set_up(void)
{
    struct snap_follow *f;
    int i;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    f = &m.now->follow;
    memset(&state, 0, sizeof state);
    memset(&facts, 0, sizeof facts);
    state.token_id = -1;
    state.forking = NAN;
    for (i = 0; i < f->tokens_n; i++) {
        f->logp[i] = logf(0.05f + 0.9f * (float)(i % 10) / 9);
        f->entropy[i] = (float)(i % 11) / 10;
    }
    m.view.screen = SCREEN_TRACE;
    m.view.trace_screen = &state;
}

static void tear_down(void)
{
    moment_free(&m);
    canvas_release(&c);
    str_free(&text);
}

TestSuite(trace, .init = set_up, .fini = tear_down);

/* Every number of every token, and what resampling said. */
static void know(void)
{
    static const struct value_point value[] = {{0, 12, 32},  {7, 11, 32},  {12, 13, 32}, {20, 14, 32},
                                               {28, 29, 32}, {33, 31, 32}, {39, 32, 32}};
    static const char *const word[] = {"wait", "yes", "</think>"};
    int i, k;

    facts.version = 1;
    facts.n = m.now->follow.tokens_n;
    facts.has_tokens = 1;
    facts.alternatives_n = 3;
    facts.layers_n = 2;
    facts.experts_n = 8;
    facts.top_k = 2;
    facts.drafts_n = 2;
    for (i = 0; i < facts.n; i++) {
        facts.draft[i] = (uint8_t)(i % 4 == 3 ? 0 : i % 4 == 2 ? 2 : (i % 4 + 1) | FACT_ACCEPTED);
        facts.logp[i] = m.now->follow.logp[i];
        facts.ref_logp[i] = facts.logp[i] - 0.125f;
        facts.new_logp[i] = facts.logp[i] + (i % 2 ? 0.25f : -0.01f);
        for (k = 0; k < 3; k++) {
            snprintf(facts.word[i][k], FACT_WORD, "%s", word[k]);
            facts.word_logp[i][k] = logf(0.5f / (float)(k + 1));
        }
        for (k = 0; k < 2; k++) {
            facts.expert[k][i][0] = (uint8_t)((i + k) % 8);
            facts.expert[k][i][1] = 7;
            facts.gate[k][i][0] = 0.75f;
            facts.gate[k][i][1] = 0.25f;
        }
        state.ratio[i] = exp(facts.new_logp[i] - facts.logp[i]);
        state.clipped[i] = i % 2;
        state.kl[i] = 0.01 * i;
    }
    facts.values_n = sizeof value / sizeof *value;
    memcpy(facts.value, value, sizeof value);
    facts.tests_n = 1;
    facts.test[0] = (struct aha_test){AHA, 27, 32, 12, 32, 0.0004, 1};
    state.terms_n = facts.n;
    state.has_ratio = 1;
    state.eps_low = state.eps_high = 0.2;
    m.view.facts = &facts;
}

static const char *draw(int w, int h, enum chars chars)
{
    int row, col;

    c.chars = chars;
    cr_assert_eq(canvas_resize(&c, w, h, NULL), ST_OK);
    view_draw(&c, &m.view, &row, &col);
    str_clear(&text);
    canvas_dump(&c, &text);
    return str_c(&text);
}

static void shows(const char *what)
{
    cr_assert_not_null(strstr(str_c(&text), what), "no '%s' in\n%s", what, str_c(&text));
}

static void hides(const char *what)
{
    cr_assert_null(strstr(str_c(&text), what), "'%s' in\n%s", what, str_c(&text));
}

/* The cell of the n-th place (from 0) where `what`, plain characters, stands on the canvas. */
static int find_cell(const char *what, int n, int *row, int *col)
{
    int r, k, i, length = (int)strlen(what);

    for (r = 0; r < c.h; r++)
        for (k = 0; k + length <= c.w; k++) {
            for (i = 0; i < length && canvas_at(&c, r, k + i)->code == (uint32_t)what[i]; i++)
                ;
            if (i == length && n-- == 0) {
                *row = r;
                *col = k;
                return 1;
            }
        }
    return 0;
}

Test(trace, candidates_verified_and_decorative_ahas_differ)
{
    draw(160, 45, CHARS_BRAILLE);
    shows("no ↺wait");
    shows("no ★wait");
    shows("★ 1 aha candidate");
    know();
    facts.tests_n = 2;
    facts.test[0] = (struct aha_test){DECORATIVE, 14, 32, 12, 32, 0.8, 0};
    facts.test[1] = (struct aha_test){AHA, 27, 32, 12, 32, 0.0004, 1};
    draw(160, 45, CHARS_BRAILLE);
    shows("no ○wait");
    shows("no ◆wait");
    shows("◆ 1 verified aha");
    shows("○ 1 decorative");
    hides("aha candidate");
    shows("wait (token 27): with 27/32, without 12/32, p .0004: verified");
    shows("wait (token 13): with 14/32, without 12/32, p .80: decorative");
    draw(160, 45, CHARS_ASCII);
    shows("no owait");
    shows("no %wait");
}

Test(trace, legend_counts_what_there_is)
{
    draw(160, 45, CHARS_ASCII);
    shows("v 5 right");
    shows("x 1 wrong");
    shows("~ 2 reflection");
    shows("< 1 return");
    m.now->follow.marks_n = 2; /* two right equations */
    draw(120, 40, CHARS_ASCII);
    shows("v 2 right");
    hides("wrong");
    hides("reflection");
}

/* The sign stands below the very character, whatever the width and the pitch of the lines. */
Test(trace, a_failed_check_is_shown_at_its_character)
{
    struct snap_trace *t = &m.now->trace[4 * 8 + 2];
    int w, overlay, row, col, up, sign;

    t->accuracy = 0;
    t->reward = 0.1f;
    t->at = (int)(strstr(moment_trace + 1, "45") - (moment_trace + 1)) + 1; /* the 5 */
    snprintf(t->why, sizeof t->why, "gives 45");
    for (w = 60; w <= 200; w += 7)
        for (overlay = 0; overlay <= TRACE_ENTROPY; overlay += TRACE_ENTROPY) {
            state.overlay = (enum trace_overlay)overlay;
            draw(w, 40, CHARS_ASCII);
            cr_assert(find_cell("^ gives 45", 0, &row, &col) || find_cell("gives 45", 0, &row, &col), "%d",
                      w);
            for (sign = 0; sign < w && canvas_at(&c, row, sign)->code != '^'; sign++)
                ;
            cr_assert_lt(sign, w);
            up = overlay ? 2 : 1;
            cr_assert_eq(canvas_at(&c, row - up, sign)->code, '5', "%d: %s", w, str_c(&text));
            cr_assert_eq(canvas_at(&c, row - up, sign - 1)->code, '4');
            cr_assert_eq(canvas_at(&c, row - up, sign)->style == STYLE_BAD, !overlay);
        }
}

/* What stands under a word is its tenth of the scale, in the colour of the word. */
Test(trace, digits_under_the_tokens)
{
    struct trace_text t;
    int i;

    state.overlay = TRACE_PROBABILITY;
    trace_text_make(&t, &m.now->follow, NULL, NULL);
    trace_overlay_apply(&t, &m.view);
    for (i = t.first_token; i < t.n; i++) {
        double p = exp(m.now->follow.logp[t.word[i].token]);
        cr_assert_eq(t.word[i].under[0], '0' + (int)floor(10 * p), "%s", t.word[i].under);
        cr_assert(t.word[i].style >= STYLE_HEAT_0 && t.word[i].style <= STYLE_HEAT_8 &&
                  t.word[i].style == t.word[i].under_style);
    }
    cr_assert_eq(t.word[0].under[0], 0, "the prompt has no number");
    state.overlay = TRACE_ENTROPY;
    state.forking = 0.85;
    trace_text_make(&t, &m.now->follow, NULL, NULL);
    trace_overlay_apply(&t, &m.view);
    for (i = t.first_token; i < t.n; i++)
        cr_assert_eq(strchr(t.word[i].under, '*') != NULL, m.now->follow.entropy[t.word[i].token] >= 0.85f);
}

Test(trace, overlays_that_need_the_weights)
{
    struct trace_text t;
    int i, overlay;

    for (overlay = TRACE_RATIO; overlay < TRACE_OVERLAY_N; overlay++) {
        state.overlay = (enum trace_overlay)overlay;
        state.is_racing = 1;
        draw(160, 45, CHARS_ASCII);
        shows("computed when it is paused");
        state.is_racing = 0;
    }
    know();
    for (overlay = TRACE_RATIO; overlay < TRACE_OVERLAY_N; overlay++) {
        state.overlay = (enum trace_overlay)overlay;
        trace_text_make(&t, &m.now->follow, NULL, &facts);
        trace_overlay_apply(&t, &m.view);
        for (i = t.first_token; i < t.n; i++) {
            int token = t.word[i].token;
            char expert[8], want = overlay == TRACE_RATIO ? token % 2 ? '>' : '-' : token % 2 ? 'c' : '.';
            if (overlay == TRACE_KL)
                want = (char)('0' + (token * 10 / (facts.n - 1) > 9 ? 9 : token * 10 / (facts.n - 1)));
            snprintf(expert, sizeof expert, "%d+8", token % 8 + 1);
            if (overlay == TRACE_DRAFT) {
                static const int heat[] = {2, 1, 8, 4};
                want = "12x."[token % 4];
                cr_assert_eq(t.word[i].style, STYLE_HEAT_0 + heat[token % 4], "token %d", token);
            }
            if (overlay == TRACE_EXPERT)
                cr_assert_str_eq(t.word[i].under, expert);
            else
                cr_assert_eq(t.word[i].under[0], want, "%s of token %d: %s", trace_overlay_name(overlay),
                             token, t.word[i].under);
        }
    }
    state.overlay = TRACE_EXPERT;
    state.layer = 1;
    draw(160, 45, CHARS_ASCII);
    shows("of MoE layer 2 of 2");
    state.overlay = TRACE_CLIPPED;
    draw(160, 45, CHARS_ASCII);
    shows("c 25 of 51");
    facts.layers_n = 0;
    state.overlay = TRACE_EXPERT;
    draw(160, 45, CHARS_ASCII);
    shows("it is dense");
    state.overlay = TRACE_DRAFT;
    draw(160, 45, CHARS_ASCII);
    shows("draft 1 2 stood x fell . own: 26 of 39 (0.67), ");
    facts.drafts_n = 0;
    draw(160, 45, CHARS_ASCII);
    shows("no MTP module");
    state.overlay = TRACE_RATIO;
    state.has_ratio = 0;
    draw(160, 45, CHARS_ASCII);
    shows("not known before the step is finished");
}

/* The words of the command are those of the overlays. */
Test(trace, overlays_have_names)
{
    const struct command_row *row = command_by_name("overlay");
    char words[128] = "";
    int i;

    for (i = 0; trace_overlay_name(i); i++) {
        cr_assert_eq(trace_overlay_find(trace_overlay_name(i)), i);
        snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s", i ? " " : "",
                 trace_overlay_name(i));
    }
    cr_assert_eq(i, TRACE_OVERLAY_N);
    cr_assert_eq(trace_overlay_find("heat"), TRACE_OVERLAY_N);
    cr_assert_str_eq(row->words, words);
}

/* A trace of n words that are all different. */
static void long_trace(int n)
{
    static char words[SNAP_TEXT];
    int i, used = 0;

    for (i = 0; i < n; i++)
        used += snprintf(words + used, sizeof words - (size_t)used, "%s%d", i ? " " : "", 1000 + i);
    moment_follow(&m.now->follow, moment_prompt, words);
    m.now->follow.marks_n = 0;
    m.now->trace[4 * 8 + 2].at = -1;
}

Test(trace, the_line_of_the_cursor_is_seen)
{
    static const int size[][2] = {{160, 45}, {120, 40}, {80, 24}, {44, 36}, {40, 10}};
    char word[16];
    size_t i;
    int token, row = 0, col = 0, k;

    long_trace(900);
    for (i = 0; i < sizeof size / sizeof *size; i++)
        for (state.overlay = TRACE_PLAIN; state.overlay <= TRACE_PROBABILITY; state.overlay++)
            for (token = 0; token < 900; token += 47) {
                m.view.token = token;
                draw(size[i][0], size[i][1], CHARS_ASCII);
                snprintf(word, sizeof word, "%d", 1000 + token);
                for (k = 0; find_cell(word, k, &row, &col) && !canvas_at(&c, row, col)->selected; k++)
                    ;
                cr_assert(canvas_at(&c, row, col)->selected && canvas_at(&c, row, col + 3)->selected,
                          "token %d at %dx%d", token, size[i][0], size[i][1]);
                cr_assert(!canvas_at(&c, row, col + 4)->selected);
            }
    m.view.token = -1;
    draw(80, 24, CHARS_ASCII);
    shows(" 1899");
}

/* What the mouse finds at a cell is the token that is drawn there. */
Test(trace, the_mouse_finds_the_token_that_is_drawn)
{
    char word[16];
    int row, col, token, found, pass;

    long_trace(400);
    for (pass = 0; pass < 4; pass++) {
        state.overlay = pass % 2 ? TRACE_PROBABILITY : TRACE_PLAIN;
        m.view.token = pass < 2 ? -1 : 120;
        draw(pass < 2 ? 80 : 160, pass < 2 ? 24 : 45, CHARS_ASCII);
        for (row = 0, found = 0; row < c.h; row++)
            for (col = 0; col < c.w; col++) {
                token = pane_text_at(&c, &m.view, row, col);
                if (token < 0 || (canvas_at(&c, row, col)->code < '0'))
                    continue;
                snprintf(word, sizeof word, "%d", 1000 + token);
                if (canvas_at(&c, row, col)->code == (uint32_t)word[3] && col >= 3 &&
                    canvas_at(&c, row, col - 3)->code == '1')
                    found++;
            }
        cr_assert_gt(found, 20);
        cr_assert_eq(pane_text_at(&c, &m.view, 0, 5), -1, "the header");
        cr_assert(find_cell("1390", 0, &row, &col) || m.view.token >= 0);
        if (m.view.token < 0)
            cr_assert_eq(pane_text_at(&c, &m.view, row, col), 390);
    }
}

/* The first cell of a token of a long trace, in the text and not in a title. */
static void find_token(int token, int *row, int *col)
{
    char word[16];
    int k = 0;

    snprintf(word, sizeof word, "%d", 1000 + token);
    do
        cr_assert(find_cell(word, k++, row, col), "token %d is not seen", token);
    while (pane_text_at(&c, &m.view, *row, *col) != token);
}

Test(trace, up_and_down_move_by_lines)
{
    int token, line, w, row, col, next_row, next_col;

    long_trace(300);
    for (w = 40; w <= 180; w += 35) {
        draw(w, 40, CHARS_ASCII);
        m.view.token = 150;
        token = pane_text_move(&c, &m.view, 1);
        cr_assert_gt(token, 151);
        draw(w, 40, CHARS_ASCII);
        find_token(150, &row, &col);
        find_token(token, &next_row, &next_col);
        cr_assert(next_row == row + 1 && next_col == col, "%d,%d is not below %d,%d", next_row, next_col, row,
                  col);
        m.view.token = token;
        cr_assert_eq(pane_text_move(&c, &m.view, -1), 150, "back at the same column");
        for (line = 0; line < 200; line++)
            m.view.token = pane_text_move(&c, &m.view, -1);
        cr_assert_lt(m.view.token, 20);
        for (line = 0; line < 200; line++)
            m.view.token = pane_text_move(&c, &m.view, 1);
        cr_assert_gt(m.view.token, 270);
        cr_assert_lt(pane_text_move(&c, &m.view, -pane_text_page(&c, &m.view)), m.view.token - 20);
    }
    m.now->follow.group = -1;
    cr_assert_eq(pane_text_move(&c, &m.view, 1), -1);
}

Test(trace, all_numbers_of_a_token)
{
    know();
    m.view.token = AHA;
    state.token_id = 41;
    state.forking = 0.3;
    draw(160, 45, CHARS_BRAILLE);
    shows("token 27 of 51: wait");
    shows("id 41");
    shows("0.75   log -0.29"); /* .05 + .9 * 7 / 9 */
    shows("0.50 * forking");
    shows("with 27/32, without 12/32, p .0004");
    shows("advantage       +0.934");
    shows("-0.29   new -0.038"); /* an odd token: + .25 */
    shows("1.2840  clipped");
    shows("range 0.8 to 1.2");
    shows("-0.41   KL term 0.27");
    shows("▸ wait            0.50 █");
    shows("  yes             0.25 █");
    shows("4 (0.75)  8 (0.25)");
    shows("5 (0.75)  8 (0.25)");
    m.view.token = 28;
    draw(160, 45, CHARS_BRAILLE);
    shows("29 of 32 right, 0.91");
    shows("not clipped");
    m.view.token = AHA;
    draw(80, 24, CHARS_ASCII);
    shows("p 0.75  log -0.29  entropy 0.50*  A +0.93");
    shows("ratio 1.284 clipped  KL 0.27  expert 1.4 (0.75)  2.5 (0.75)");
    shows("wait 0.50  yes 0.25  </think> 0.17");
    draw(40, 10, CHARS_ASCII);
    shows("token 27 of 51: wait");
    shows("p 0.75");
}

Test(trace, without_a_cursor_the_last_token_is_shown)
{
    draw(160, 45, CHARS_ASCII);
    shows("token 50 of 51: </answer> (the last)");
    shows("left, right: choose a token");
    m.view.token = 3;
    state.is_racing = 1;
    draw(160, 45, CHARS_ASCII);
    shows("computed when it is paused");
    state.is_racing = 0;
    m.view.probing = "replaying to step 118";
    m.view.probing_progress = 0.4;
    draw(160, 45, CHARS_ASCII);
    shows("replaying to step 118 ####........ 40 %");
    snprintf(state.refused, sizeof state.refused, "no weights of that step");
    m.view.probing = NULL;
    draw(160, 45, CHARS_ASCII);
    shows("no weights of that step");
}

Test(trace, the_turning_point_is_the_largest_jump)
{
    int from, to, is_clear;

    cr_assert_not(pane_value_turn(NULL, &from, &to, &is_clear));
    know();
    cr_assert(pane_value_turn(&facts, &from, &to, &is_clear));
    cr_assert(from == 20 && to == 28 && is_clear, "%d to %d", from, to);
    draw(160, 45, CHARS_BRAILLE);
    shows("turning point 0.44 -> 0.91, tokens 20-27: \"77 - 8 = 68 no");
    facts.value[4].right = 20;
    facts.value[5].right = 26;
    facts.value[6].right = 27;
    cr_assert(pane_value_turn(&facts, &from, &to, &is_clear));
    cr_assert(from == 20 && to == 28 && !is_clear, "14 of 32 and 20 of 32 may be the same");
    draw(160, 45, CHARS_BRAILLE);
    shows("unclear jump 0.44 -> 0.62");
    facts.value[4].right = 2;
    facts.value[5].right = facts.value[6].right = 0;
    cr_assert(pane_value_turn(&facts, &from, &to, &is_clear) && from == 20 && to == 28 && is_clear);
    draw(160, 45, CHARS_BRAILLE);
    shows("lost at 0.44 -> 0.062");
    facts.values_n = 1;
    cr_assert_not(pane_value_turn(&facts, &from, &to, &is_clear));
    draw(160, 45, CHARS_BRAILLE);
    shows("from token 0: 0.38 right");
    facts.values_n = 0;
    draw(160, 45, CHARS_BRAILLE);
    shows("v: resample along it");
}

/* Wilson's interval, 14 of 32 and 29 of 32 (computed by hand): .2817-.6067 and .7579-.9676. */
Test(trace, jumps_are_judged_by_ranges)
{
    int from, to, is_clear;

    know();
    facts.values_n = 2;
    facts.value[0] = (struct value_point){0, 14, 32};
    facts.value[1] = (struct value_point){9, 29, 32};
    cr_assert(pane_value_turn(&facts, &from, &to, &is_clear) && is_clear);
    facts.value[1].right = 26; /* .6469-.9111 */
    cr_assert(pane_value_turn(&facts, &from, &to, &is_clear) && is_clear);
    facts.value[1].right = 24; /* .5789-.8675 */
    cr_assert(pane_value_turn(&facts, &from, &to, &is_clear) && !is_clear);
}

Test(trace, p_values_as_people_write_them)
{
    char p[16];

    cr_assert_str_eq(trace_text_p(p, 0.00041), ".0004");
    cr_assert_str_eq(trace_text_p(p, 0.0042), ".004");
    cr_assert_str_eq(trace_text_p(p, 0.314), ".31");
    cr_assert_str_eq(trace_text_p(p, 1e-9), "< .0001");
    cr_assert_str_eq(trace_text_p(p, 1), "1");
    cr_assert_str_eq(trace_text_p(p, NAN), "-");
}

static void every_size(void)
{
    int w, h, chars, row, col;

    for (w = 20; w <= 240; w += 17)
        for (h = 5; h <= 70; h += 5)
            for (chars = CHARS_BRAILLE; chars <= CHARS_ASCII; chars++) {
                c.chars = (enum chars)chars;
                cr_assert_eq(canvas_resize(&c, w, h, NULL), ST_OK);
                view_draw(&c, &m.view, &row, &col);
                for (row = 0; row < h; row++)
                    for (col = 0; col < w; col++) {
                        const struct cell *k = canvas_at(&c, row, col);
                        cr_assert(k->style < STYLE_N && (!k->width || k->code >= 0x20));
                    }
                pane_text_move(&c, &m.view, 3);
                pane_text_at(&c, &m.view, h / 2, w / 3);
            }
}

/* Facts that do not fit their trace, numbers that are none, spellings that are not text. */
Test(trace, wrong_facts_are_survived)
{
    static const char bad[] = "\033[2J\xE6\xBC\xA2\xFF";
    int i;

    know();
    facts.n = SNAP_TOKENS;
    facts.tests_n = facts.values_n = 1 << 20;
    for (i = 0; i < FACT_TESTS; i++)
        facts.test[i] = (struct aha_test){i * 7 - 20, 40, 0, -3, 0, NAN, i & 1};
    for (i = 0; i < FACT_VALUES; i++)
        facts.value[i] = (struct value_point){i * 40 - 70, i, i % 5 ? 32 : 0};
    for (i = 0; i < SNAP_TOKENS; i++) {
        memcpy(facts.word[i][0], bad, sizeof bad);
        memset(facts.word[i][1], 'x', FACT_WORD);
        facts.word_logp[i][1] = NAN;
        facts.ref_logp[i] = INFINITY;
        facts.expert[0][i][0] = 255;
    }
    state.ratio[3] = NAN;
    state.kl[4] = INFINITY;
    m.now->trace[4 * 8 + 2].at = 1 << 29;
    snprintf(m.now->trace[4 * 8 + 2].why, WHY_BYTES, "%s", bad);
    m.view.probing = bad;
    m.view.probing_progress = NAN;
    for (state.overlay = TRACE_PLAIN; state.overlay < TRACE_OVERLAY_N; state.overlay++) {
        m.view.token = (int)state.overlay * 9 - 1;
        every_size();
    }
    m.view.token = 1 << 30;
    state.layer = 1 << 30;
    every_size();
    m.view.trace_screen = NULL;
    m.view.zoom = PANE_VALUE;
    every_size();
    m.view.zoom = PANE_TOKEN;
    every_size();
}

Test(trace, experts_stand_in_the_order_of_their_gates)
{
    double gate;

    know();
    facts.gate[0][5][0] = 0.25f;
    facts.gate[0][5][1] = 0.75f;
    cr_assert_eq(trace_overlay_expert(&facts, 0, 5, 0, &gate), 7);
    cr_assert_eq(gate, 0.75);
    cr_assert_eq(trace_overlay_expert(&facts, 0, 5, 1, &gate), 5);
    facts.gate[0][5][0] = facts.gate[0][5][1] = 0.5f;
    cr_assert_eq(trace_overlay_expert(&facts, 0, 5, 0, &gate), 5);
    cr_assert_eq(trace_overlay_expert(&facts, 0, 5, 1, &gate), 7);
}
