/* A frame: the layout of the screen that is looked at, each pane in its rectangle, the overlay on top.
 * A new pane is a row of `panes`; a new screen is a row in layout.c. */
#include "views/view.h"

#include <string.h>

#include "views/group_state.h"
#include "views/lesson_state.h"
#include "views/evaluation_state.h"
#include "views/pane.h"
#include "views/recipe_state.h"
#include "views/scenarios_state.h"
#include "views/texts_state.h"
#include "views/tree.h"

static const struct pane_row {
    const char *name;
    void (*draw)(struct canvas *c, struct rect r, const struct view *v);
} panes[PANE_N] = {
    [PANE_NONE] = {"none", NULL},
    [PANE_HEADER] = {"header", pane_header},
    [PANE_STATUS] = {"status", pane_status},
    [PANE_TOO_SMALL] = {"too-small", pane_too_small},
    [PANE_REWARD] = {"reward", pane_reward},
    [PANE_LENGTH] = {"length", pane_length},
    [PANE_KL] = {"kl", pane_kl},
    [PANE_ENTROPY] = {"entropy", pane_entropy},
    [PANE_EXPERTS] = {"experts", pane_experts},
    [PANE_GROUP] = {"group", pane_group},
    [PANE_TRACE] = {"trace", pane_trace},
    [PANE_STAGES] = {"stages", pane_stages},
    [PANE_LOSS] = {"loss", pane_loss},
    [PANE_PAIRS] = {"pairs", pane_pairs},
    [PANE_GRADIENT] = {"gradient", pane_gradient},
    [PANE_RUNS] = {"runs", pane_runs},
    [PANE_RUN] = {"run", pane_run},
    [PANE_LOG] = {"log", pane_log},
    [PANE_COMPLETIONS] = {"completions", pane_completions},
    [PANE_COMPLETION] = {"completion", pane_completion},
    [PANE_TEXT] = {"text", pane_text},
    [PANE_TOKEN] = {"token", pane_token},
    [PANE_VALUE] = {"value", pane_value},
    [PANE_LOAD] = {"load", pane_load},
    [PANE_MAX_VIO] = {"max-vio", pane_max_vio},
    [PANE_BIAS] = {"bias", pane_bias},
    [PANE_SERVED] = {"served", pane_served},
    [PANE_OBJECTIVE] = {"objective", pane_objective},
    [PANE_TERMS] = {"terms", pane_terms},
    [PANE_COMPARE] = {"compare", pane_compare},
    [PANE_DIFFERENCE] = {"difference", pane_difference},
    [PANE_BOTH] = {"both", pane_both},
    [PANE_EVALUATIONS] = {"evaluations", pane_evaluations},
    [PANE_DIFFICULTY] = {"difficulty", pane_difficulty},
    [PANE_PROBLEMS] = {"problems", pane_problems},
    [PANE_COMPUTE] = {"compute", pane_compute},
    [PANE_SCENARIOS] = {"scenarios", pane_scenarios},
    [PANE_FORM] = {"form", pane_form},
    [PANE_RECIPE] = {"recipe", pane_recipe},
    [PANE_CHANGE] = {"change", pane_change},
    [PANE_STAGE] = {"stage", pane_stage},
    [PANE_TEXTS] = {"texts", pane_texts},
    [PANE_EXAMPLE] = {"example", pane_example},
    [PANE_SCHEDULE] = {"schedule", pane_schedule},
    [PANE_FIGURES] = {"figures", pane_figures},
    [PANE_OVERLAP] = {"overlap", pane_overlap},
    [PANE_ATTENTION] = {"attention", pane_attention},
    [PANE_FP8] = {"fp8", pane_fp8},
    [PANE_FP8_BYTES] = {"bytes", pane_fp8_bytes},
    [PANE_ORACLE] = {"losses", pane_oracle},
    [PANE_ORACLE_KL] = {"estimators", pane_oracle_kl},
    [PANE_CLIP] = {"clip", pane_clip},
    [PANE_FLAT] = {"flat", pane_flat},
    [PANE_SPEED] = {"speed", pane_speed},
    [PANE_WHAT_IF] = {"what-if", pane_what_if},
    [PANE_LESSON] = {"lesson", pane_lesson},
};

void view_init(struct view *v)
{
    memset(v, 0, sizeof *v);
    v->group = -1;
    v->token = -1;
    v->cursor = -1;
    v->smoothing = 0.6;
}

enum screen_id view_screen(const struct view *v)
{
    if (v->screen == SCREEN_DASHBOARD && v->now && *v->now->stage && strcmp(v->now->stage, "grpo"))
        return SCREEN_LEARNING;
    return v->screen;
}

/* A stage whose texts are pairs of which one is preferred. */
static int learns_pairs(const struct view *v)
{
    return v->now && view_screen(v) == SCREEN_LEARNING &&
           (!strcmp(v->now->stage, "reward") || !strcmp(v->now->stage, "dpo"));
}

/* The evaluation screen makes room for test-time compute once it was asked for. */
static enum screen_id composed(const struct view *v)
{
    return v->screen == SCREEN_EVALUATION && v->evaluation && v->evaluation->compute ? SCREEN_COMPUTE
                                                                                     : view_screen(v);
}

void view_layout(const struct view *v, int w, int h, struct layout *l)
{
    if (v->lesson)
        layout_strip(l, composed(v), w, h, v->zoom, PANE_LESSON, lesson_rows(v->lesson, w, h));
    else
        layout_make(l, composed(v), w, h, v->zoom);
    if (learns_pairs(v) && v->zoom == PANE_NONE)
        layout_halve(l, PANE_LOSS, PANE_PAIRS);
}

static struct rect overlay_rect(const struct view *v, int w, int h)
{
    struct rect r = layout_overlay(w, h, 92, 0);

    return layout_overlay(w, h, 92, v->rows_n * pane_overlay_lines(r.w) + 2);
}

void view_draw(struct canvas *c, const struct view *v, int *row, int *col)
{
    struct layout l;
    int i;

    *row = *col = -1;
    canvas_clear(c);
    view_layout(v, c->w, c->h, &l);
    for (i = 0; i < l.n; i++)
        panes[l.place[i].pane].draw(c, l.place[i].rect, v);
    for (i = 0; i < l.n; i++)
        if (l.place[i].pane == PANE_STATUS && v->command) {
            struct rect r = l.place[i].rect;
            *col = r.x + pane_status_cursor(c, r, v);
            *row = r.y;
            if (v->command_hint && *v->command_hint && r.y > 0) {
                struct rect above = {r.x, r.y - 1, r.w, 1};
                canvas_fill(c, above, STYLE_DIM, ' ');
                canvas_fit(c, above, 0, 0, above.w, STYLE_DIM, v->command_hint);
            }
        }
    if (v->overlay != OVERLAY_NONE && c->w >= LAYOUT_MIN_W && c->h >= LAYOUT_MIN_H)
        pane_overlay(c, overlay_rect(v, c->w, c->h), v);
}

/* The rows of a list and where the first of them stands, by pane; the frame takes what pane_frame takes. */
static int list_rows(const struct view *v, int w, int h, enum pane_id pane, int *first)
{
    struct canvas measure = {.w = w, .h = h};
    struct layout l;
    const struct rect *r;
    int boxed, inner, width, rows, head;

    view_layout(v, w, h, &l);
    r = layout_find(&l, pane);
    if (!r)
        return 0;
    boxed = pane_is_boxed(&measure, *r);
    inner = r->h - 1 - boxed;
    width = r->w - 2 * boxed;
    *first = r->y + 1;
    if (pane == PANE_RUNS || pane == PANE_PROBLEMS || pane == PANE_RECIPE || pane == PANE_CHANGE ||
        pane == PANE_TEXTS)
        *first += 1;
    if (pane == PANE_FORM) {
        rows = pane_form_rows(inner, &head);
        *first += head;
        return rows;
    }
    if (pane == PANE_DIFFERENCE)
        inner -= inner >= 5 ? 3 : 2;
    if (pane == PANE_GROUP && pane_group_has_head(v, width, inner))
        *first += 1;
    if (pane == PANE_COMPLETIONS)
        *first += group_head(inner);
    return inner - (*first - r->y - 1) > 0 ? inner - (*first - r->y - 1) : 0;
}

int view_rows(const struct view *v, int w, int h, enum pane_id pane)
{
    int first;

    return list_rows(v, w, h, pane, &first);
}

int view_overlay_rows(const struct view *v, int w, int h)
{
    struct rect r = overlay_rect(v, w, h);
    int rows = (r.h - 2) / pane_overlay_lines(r.w);

    return rows > 0 ? rows : 0;
}

/* The list of a pane as it is drawn; without rows where the pane has none. */
static struct list pane_list(const struct view *v, enum pane_id pane)
{
    struct list list = {0, 0, 0};

    switch (pane) {
    case PANE_RUNS:
        list = v->runs_list;
        list.n = v->runs_n < TREE_MAX ? v->runs_n : TREE_MAX;
        break;
    case PANE_GROUP: pane_group_list(v, &list); break;
    case PANE_PROBLEMS: return v->evaluation ? v->evaluation->list : list;
    case PANE_SCENARIOS: return v->scenarios ? v->scenarios->list : list;
    case PANE_FORM: return v->scenarios ? v->scenarios->form_list : list;
    case PANE_RECIPE:
    case PANE_CHANGE: return v->recipe ? v->recipe->list : list;
    case PANE_TEXTS: return v->texts ? v->texts->list : list;
    default: break;
    }
    return list;
}

int view_row_at(const struct view *v, int w, int h, int row, int col)
{
    struct layout l;
    struct list list;
    enum pane_id pane;
    int first = 0, rows, at;

    if (v->overlay != OVERLAY_NONE) {
        struct rect r = overlay_rect(v, w, h);
        at = row - r.y - 1;
        if (at < 0 || at >= r.h - 2 || col <= r.x || col >= r.x + r.w - 1)
            return -1;
        at /= pane_overlay_lines(r.w);
        list = v->overlay_list;
        list.n = v->rows_n;
        list_clamp(&list, view_overlay_rows(v, w, h));
        return list.top + at < list.n ? list.top + at : -1;
    }
    view_layout(v, w, h, &l);
    pane = layout_hit(&l, row, col);
    rows = list_rows(v, w, h, pane, &first);
    if (pane == PANE_COMPLETIONS)
        return group_row_at(v, rows, row - first);
    list = pane_list(v, pane);
    list_clamp(&list, rows);
    at = row - first;
    return at >= 0 && at < rows && list.top + at < list.n ? list.top + at : -1;
}

int view_group(const struct view *v)
{
    const struct snapshot *s = v->now;
    int g = v->group;

    if (!s || s->groups_n < 1 || s->group_size < 1)
        return -1;
    if (g < 0 || g >= s->groups_n)
        g = s->follow.group >= 0 && s->follow.group < s->groups_n ? s->follow.group : 0;
    return (g + 1) * s->group_size <= SNAP_TRACES ? g : 0;
}

const char *pane_name(enum pane_id pane)
{
    return pane < PANE_N && panes[pane].name ? panes[pane].name : "none";
}
