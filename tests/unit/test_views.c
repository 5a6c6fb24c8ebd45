/* Whole frames: golden screens, every size and level of characters, hostile data; and what frames are made
 * from: history, lists, the tree of runs, snapshots.
 *
 * GRPOLAB_RENEW=1 writes the golden screens anew instead of comparing; look at the difference before it is
 * kept. */
#include <criterion/criterion.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/golden/moments.h"
#include "views/tree.h"

static void frame(struct canvas *c, const struct view *v, int w, int h, enum chars chars)
{
    int row, col;

    c->chars = chars;
    cr_assert_eq(canvas_resize(c, w, h, NULL), ST_OK);
    view_draw(c, v, &row, &col);
}

static void compare(const char *name, const struct str *got)
{
    char path[256], *want;
    const char *renew = getenv("GRPOLAB_RENEW");
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "tests/golden/screens/%s.txt", name);
    if (renew && *renew == '1') {
        f = fopen(path, "w");
        cr_assert_not_null(f, "cannot write %s", path);
        fputs(str_c(got), f);
        cr_assert_eq(fclose(f), 0);
        return;
    }
    f = fopen(path, "r");
    cr_assert_not_null(f, "no golden screen %s: make it with GRPOLAB_RENEW=1", path);
    want = calloc(1, got->n + 2);
    n = fread(want, 1, got->n + 1, f);
    fclose(f);
    cr_assert(n == got->n && !memcmp(want, str_c(got), n), "%s differs; this is drawn now:\n%s", path,
              str_c(got));
    free(want);
}

/* A screen of a moment at a size. with_styles: also what each cell means. */
static void golden(const char *which, const struct view *over, const char *name, int w, int h,
                   enum chars chars, int with_styles)
{
    struct canvas c = {0};
    struct str s = {0};
    struct moment m;
    struct view v;
    char file[128];

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, which));
    v = m.view;
    v.screen = over->screen;
    v.overlay = over->overlay;
    v.zoom = over->zoom;
    v.focus = over->focus;
    v.cursor = over->cursor;
    frame(&c, &v, w, h, chars);
    canvas_dump(&c, &s);
    if (with_styles)
        canvas_dump_styles(&c, &s);
    snprintf(file, sizeof file, "%s_%dx%d%s", name, w, h, chars == CHARS_ASCII ? "_ascii" : "");
    compare(file, &s);
    str_free(&s);
    canvas_release(&c);
    moment_free(&m);
}

static void golden_dashboard(const char *which, const char *name)
{
    static const int size[4][2] = {{80, 24}, {120, 40}, {160, 45}, {40, 10}};
    struct view v;
    int i;

    view_init(&v);
    for (i = 0; i < 4; i++) {
        golden(which, &v, name, size[i][0], size[i][1], CHARS_BRAILLE, i == 0);
        golden(which, &v, name, size[i][0], size[i][1], CHARS_ASCII, 0);
    }
}

Test(views, golden_grpo_under_way)
{
    golden_dashboard("grpo", "dashboard_grpo");
}

Test(views, golden_cold_start)
{
    golden_dashboard("cold", "dashboard_cold");
}

Test(views, golden_paused_in_a_rollout)
{
    golden_dashboard("paused", "dashboard_paused");
}

Test(views, golden_other_screens)
{
    struct view v;

    setenv("TZ", "UTC0", 1);
    view_init(&v);
    v.screen = SCREEN_RUNS;
    v.focus = PANE_RUNS;
    golden("grpo", &v, "runs", 80, 24, CHARS_BRAILLE, 1);
    golden("grpo", &v, "runs", 120, 40, CHARS_ASCII, 0);
    v.screen = SCREEN_LOG;
    golden("grpo", &v, "log", 80, 24, CHARS_BRAILLE, 0);
    v.screen = SCREEN_DASHBOARD;
    v.overlay = OVERLAY_HELP;
    golden("grpo", &v, "help", 80, 24, CHARS_BRAILLE, 1);
    v.overlay = OVERLAY_NONE;
    v.focus = v.zoom = PANE_REWARD;
    v.cursor = 40;
    golden("grpo", &v, "zoom_reward", 100, 32, CHARS_BRAILLE, 0);
    v.zoom = PANE_NONE;
    v.cursor = -1;
    golden("grpo", &v, "dashboard_blocks", 100, 32, CHARS_BLOCK, 0);
}

/* Every cell of a frame can go to a terminal; halves of wide characters match. */
static void check_cells(const struct canvas *c)
{
    int row, col;

    for (row = 0; row < c->h; row++)
        for (col = 0; col < c->w; col++) {
            const struct cell *k = canvas_at(c, row, col);
            cr_assert(k->style < STYLE_N);
            if (k->width == 0) {
                cr_assert(col > 0 && canvas_at(c, row, col - 1)->width == 2);
                continue;
            }
            cr_assert(k->code >= 0x20 && !(k->code >= 0x7F && k->code < 0xA0), "U+%04X at %d,%d of %dx%d",
                      k->code, row, col, c->w, c->h);
            cr_assert(!(k->code >= 0x200B && k->code <= 0x200F) && !(k->code >= 0x202A && k->code <= 0x202E));
            if (c->chars == CHARS_ASCII)
                cr_assert(k->code < 0x7F && !k->mark);
            if (k->width == 2)
                cr_assert(col + 1 < c->w && canvas_at(c, row, col + 1)->width == 0);
        }
}

static void every_size(struct view *v)
{
    struct canvas c = {0};
    int s, w, h, chars;

    for (s = 0; s < SCREEN_N; s++)
        for (w = 20; w <= 240; w += 11)
            for (h = 5; h <= 70; h += 3)
                for (chars = CHARS_BRAILLE; chars <= CHARS_ASCII; chars++) {
                    v->screen = (enum screen_id)s;
                    frame(&c, v, w, h, (enum chars)chars);
                    check_cells(&c);
                }
    canvas_release(&c);
}

Test(views, every_size_draws_cells_that_can_be_shown)
{
    static const char *const which[] = {"grpo", "cold", "paused"};
    struct moment m;
    int i;

    setlocale(LC_ALL, "C.UTF-8");
    for (i = 0; i < 3; i++) {
        cr_assert(moment_make(&m, which[i]));
        every_size(&m.view);
        moment_free(&m);
    }
}

Test(views, nothing_at_all_can_be_drawn)
{
    struct view v;

    setlocale(LC_ALL, "C.UTF-8");
    view_init(&v);
    every_size(&v);
}

#define HOSTILE "\033[31m\033]0;x\007\xE6\xBC\xA2\xE2\x80\xAE\xCC\x81\xFF\xC3\x28\r\n\t\xF0\x9F\x98\x80"

Test(views, hostile_text_and_numbers_cannot_break_the_screen)
{
    struct moment m;
    struct snapshot *s;
    int i;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    s = m.now;
    snprintf(s->run, sizeof s->run, "%s", HOSTILE);
    snprintf(s->preset, sizeof s->preset, "%s", HOSTILE HOSTILE);
    snprintf(s->message, sizeof s->message, "%s", HOSTILE HOSTILE HOSTILE);
    snprintf(m.runs[2].name, sizeof m.runs[2].name, "%s", HOSTILE);
    snprintf(m.runs[3].note, sizeof m.runs[3].note, "%s", HOSTILE HOSTILE);
    m.view.log = HOSTILE "\n" HOSTILE;
    moment_follow(&s->follow, HOSTILE, HOSTILE " " HOSTILE " 8 * 7 = 56 \033[2J " HOSTILE);
    for (i = 0; i < 8; i++) {
        snprintf(s->trace[32 + i].why, sizeof s->trace[0].why, "%s", HOSTILE);
        snprintf(s->trace[32 + i].answer, sizeof s->trace[0].answer, "%s", HOSTILE);
    }
    s->trace[32].advantage = NAN;
    s->trace[33].reward = INFINITY;
    s->metric[M_REWARD] = -1e300;
    s->metric[M_KL] = INFINITY;
    s->load[3] = NAN;
    s->progress = NAN;
    s->pace = 1e300;
    every_size(&m.view);
    moment_free(&m);
}

static int contains(const struct canvas *c, const char *text)
{
    struct str s = {0};
    int found;

    canvas_dump(c, &s);
    found = strstr(str_c(&s), text) != NULL;
    str_free(&s);
    return found;
}

Test(views, a_follow_with_wrong_offsets_is_survived)
{
    struct canvas c = {0};
    struct moment m;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    /* Beyond the text's end lie other bytes, which are nobody's business. */
    memset(m.now->follow.text + m.now->follow.text_n, 'Z', 100);
    m.now->follow.begin[6] = m.now->follow.text_n + 50;
    frame(&c, &m.view, 120, 40, CHARS_BRAILLE);
    cr_assert(contains(&c, "8 * 7 = 56") && !contains(&c, "ZZ"));
    m.now->follow.begin[9] = -7;
    m.now->follow.mark[0].begin = 90000;
    m.now->follow.mark[1].end = -3;
    m.now->follow.mark[2] = (struct mark){MARK_AHA, -5, 1 << 30, 1};
    m.now->follow.index = 4000;
    every_size(&m.view);
    m.now->follow.prompt_n = 1 << 30;
    m.now->follow.tokens_n = 1 << 30;
    every_size(&m.view);
    canvas_release(&c);
    moment_free(&m);
}

Test(views, the_state_of_a_run_is_said_in_words)
{
    static const struct {
        enum run_state state;
        const char *text;
    } row[] = {{RUN_RUNNING, "RUNNING"}, {RUN_PAUSED, "PAUSED"}, {RUN_REPLAYING, "REPLAYING to 190"},
               {RUN_FAILED, "FAILED"}, {RUN_DONE, "DONE"}};
    struct canvas c = {0};
    struct moment m;
    size_t i;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    m.now->head = 190;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        m.now->state = row[i].state;
        frame(&c, &m.view, 80, 24, CHARS_ASCII);
        cr_assert(contains(&c, row[i].text), "%s", row[i].text);
    }
    m.now->is_live = 0;
    frame(&c, &m.view, 80, 24, CHARS_ASCII);
    cr_assert(contains(&c, "FROM THE STORE"));
    canvas_release(&c);
    moment_free(&m);
}

Test(views, the_last_line_shows_the_most_urgent)
{
    struct canvas c = {0};
    struct moment m;
    int row, col;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    frame(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(contains(&c, "space pause"));
    m.view.message = "forked as no-kl";
    frame(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(contains(&c, "forked as no-kl") && !contains(&c, "space pause"));
    m.view.question = "quit while the run is active? y/n";
    frame(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(contains(&c, "y/n") && !contains(&c, "forked"));
    m.view.command = ":gö";
    m.view.command_point = 4;
    m.view.command_hint = ":goto STEP";
    view_draw(&c, &m.view, &row, &col);
    cr_assert(row == 23 && col == 3, "%d,%d", row, col);
    cr_assert(contains(&c, "\n:gö\n") && contains(&c, "\n:goto STEP\n"));
    canvas_release(&c);
    moment_free(&m);
}

Test(views, a_long_command_scrolls_so_that_its_cursor_is_seen)
{
    static char text[301];
    struct canvas c = {0};
    struct moment m;
    int row, col;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    memset(text, 'x', 300);
    m.view.command = text;
    m.view.command_point = 300;
    cr_assert_eq(canvas_resize(&c, 80, 24, NULL), ST_OK);
    view_draw(&c, &m.view, &row, &col);
    cr_assert(row == 23 && col == 79, "%d,%d", row, col);
    canvas_release(&c);
    moment_free(&m);
}

/* The line of the list that is drawn at a cell is the one that view_row_at tells. */
Test(views, the_mouse_hits_what_is_drawn)
{
    static const int size[3][2] = {{80, 24}, {120, 40}, {40, 10}};
    struct canvas c = {0};
    struct moment m;
    int i, row, hits;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    for (i = 0; i < 3; i++) {
        int w = size[i][0], h = size[i][1];
        m.view.screen = SCREEN_DASHBOARD;
        frame(&c, &m.view, w, h, CHARS_ASCII);
        for (row = 0, hits = 0; row < h; row++) {
            int at = view_row_at(&m.view, w, h, row, 3);
            if (at < 0)
                continue;
            hits++;
            cr_assert_eq((int)canvas_at(&c, row, w < 60 || h < 28 ? 2 : 3)->code, '1' + at, "row %d of %dx%d",
                         row, w, h);
        }
        cr_assert_eq(hits,
                     view_rows(&m.view, w, h, PANE_GROUP) < 8 ? view_rows(&m.view, w, h, PANE_GROUP) : 8);
        m.view.screen = SCREEN_RUNS;
        frame(&c, &m.view, w, h, CHARS_ASCII);
        for (row = 0, hits = 0; row < h; row++)
            if (view_row_at(&m.view, w, h, row, 5) >= 0) {
                int col, selected = view_row_at(&m.view, w, h, row, 5) == m.view.runs_list.selected;
                for (col = 5; col < 12; col++)
                    cr_assert_eq(canvas_at(&c, row, col)->selected, selected);
                hits++;
            }
        cr_assert_eq(hits, 6);
    }
    canvas_release(&c);
    moment_free(&m);
}

/* A group that does not fit: as many lines answer to the mouse as are drawn, and paging knows how many. */
Test(views, a_long_list_has_as_many_rows_as_are_drawn)
{
    static const int size[3][2] = {{80, 24}, {120, 40}, {160, 45}};
    struct canvas c = {0};
    struct moment m;
    int i, row, hits, drawn;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    m.now->groups_n = 1;
    m.now->group_size = 64;
    for (i = 0; i < 3; i++) {
        struct str s = {0};
        const char *p;
        frame(&c, &m.view, size[i][0], size[i][1], CHARS_ASCII);
        for (row = 0, hits = 0; row < size[i][1]; row++)
            hits += view_row_at(&m.view, size[i][0], size[i][1], row, 3) >= 0;
        canvas_dump(&c, &s);
        for (p = str_c(&s), drawn = 0; (p = strstr(p, " tok ")); p++)
            drawn++;
        cr_assert_eq(hits, drawn);
        cr_assert_eq(view_rows(&m.view, size[i][0], size[i][1], PANE_GROUP), drawn);
        str_free(&s);
    }
    canvas_release(&c);
    moment_free(&m);
}

Test(views, the_trace_pane_follows_the_end_and_can_be_scrolled_back)
{
    static char text[4000];
    struct canvas c = {0};
    struct moment m;
    int i, n = 0;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "paused"));
    for (i = 0; i < 700; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, i ? " %d" : "%d", 100 + i);
    moment_follow(&m.now->follow, moment_prompt, text);
    m.now->follow.marks_n = 0;
    frame(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(contains(&c, " 799 ▌") && !contains(&c, "Assistant"));
    m.view.trace_up = 100000;
    frame(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(contains(&c, "Assistant") && !contains(&c, " 799 ") && contains(&c, "more below"));
    canvas_release(&c);
    moment_free(&m);
}

/* Colour is never alone: every kind of mark has a sign of its own, also in ASCII. */
Test(views, marks_have_signs)
{
    struct canvas c = {0};
    struct moment m;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    frame(&c, &m.view, 160, 45, CHARS_BRAILLE);
    cr_assert(contains(&c, "8 * 7 = 56 ✓"));
    cr_assert(contains(&c, "77 - 8 = 68 ✗"));
    cr_assert(contains(&c, "↺wait"));
    cr_assert(contains(&c, "★wait"));
    cr_assert(contains(&c, "↩11 * 7"));
    cr_assert(contains(&c, "✓ right"));
    frame(&c, &m.view, 160, 45, CHARS_ASCII);
    cr_assert(contains(&c, "~wait") && contains(&c, "!wait") && contains(&c, "77 - 8 = 68 x"));
    canvas_release(&c);
    moment_free(&m);
}

Test(history, a_long_run_is_thinned_but_keeps_its_evaluations)
{
    struct history h;
    double m[METRIC_N];
    int64_t s;
    int i, evaluations = 0;

    cr_assert_eq(history_init(&h, NULL), ST_OK);
    history_reset(&h, 7);
    for (i = 0; i < METRIC_N; i++)
        m[i] = NAN;
    for (s = 0; s < 20000; s++) {
        m[M_REWARD] = (double)s;
        m[M_PASS_1] = s % 50 == 49 ? 0.5 : NAN;
        history_add(&h, s, m);
    }
    cr_assert(h.n <= HISTORY_ROWS && h.n >= HISTORY_ROWS / 4, "%d", h.n);
    for (i = 0; i < h.n; i++) {
        cr_assert_eq(history_metric(&h, M_REWARD)[i], h.step[i]);
        cr_assert(!i || h.step[i] > h.step[i - 1]);
        evaluations += isfinite(history_metric(&h, M_PASS_1)[i]);
    }
    cr_assert_eq(evaluations, 400);
    cr_assert_eq(h.last, 19999);
    history_add(&h, 19999, m);
    history_add(&h, 5, m);
    cr_assert_eq(h.last, 19999);
    cr_assert(history_last(&h, M_REWARD, 1000) >= 999 && history_last(&h, M_REWARD, 1000) <= 1000);
    history_reset(&h, 8);
    cr_assert(isnan(history_last(&h, M_REWARD, -1)));
    history_release(&h);
}

Test(history, evaluations_alone_cannot_overflow_it)
{
    struct history h;
    double m[METRIC_N] = {0};
    int64_t s;

    cr_assert_eq(history_init(&h, NULL), ST_OK);
    for (s = 0; s < 3 * HISTORY_ROWS; s++)
        history_add(&h, s, m);
    cr_assert(h.n <= HISTORY_ROWS && h.n > HISTORY_ROWS / 4);
    history_release(&h);
}

Test(list, selection_stays_in_view)
{
    struct list l = {.n = 100};
    int i;

    for (i = 0; i < 300; i++) {
        list_move(&l, i % 7 == 0 ? 40 : -6, 10);
        cr_assert(l.selected >= 0 && l.selected < l.n);
        cr_assert(l.top >= 0 && l.top <= l.selected && l.selected < l.top + 10 && l.top <= 90);
    }
    l.n = 3;
    list_clamp(&l, 10);
    cr_assert(l.selected <= 2 && l.top == 0);
    l.n = 0;
    list_move(&l, 5, 10);
    cr_assert(l.selected == 0 && l.top == 0);
}

Test(tree, children_stand_under_their_parents)
{
    static struct tree_line line[TREE_MAX];
    struct record_run run[6];
    static const int64_t parent[6] = {0, 1, 0, 1, 2, 99};
    static const int want[6] = {0, 1, 4, 3, 2, 5}, depth[6] = {0, 1, 2, 1, 0, 0};
    int i;

    memset(run, 0, sizeof run);
    for (i = 0; i < 6; i++) {
        run[i].id = i + 1;
        run[i].parent = parent[i];
    }
    cr_assert_eq(tree_order(run, 6, line), 6);
    for (i = 0; i < 6; i++) {
        cr_assert_eq(line[i].run, want[i]);
        cr_assert_eq(line[i].depth, depth[i]);
    }
    cr_assert(!line[1].is_last && line[3].is_last);
    cr_assert(line[2].open & 2, "run 1 has another child below");
    cr_assert_eq(tree_find(run, line, 6, 5), 2);
    cr_assert_eq(tree_find(run, line, 6, 50), -1);
}

Test(tree, a_chain_of_a_thousand_forks)
{
    static struct tree_line line[TREE_MAX];
    static struct record_run run[2000];
    int i, n;

    for (i = 0; i < 2000; i++) {
        run[i].id = i + 1;
        run[i].parent = i;
    }
    n = tree_order(run, 2000, line);
    cr_assert_eq(n, TREE_MAX);
    for (i = 0; i < n; i++)
        cr_assert(line[i].run == 2000 - TREE_MAX + i && line[i].depth <= TREE_DEPTH);
}

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
