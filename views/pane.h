#ifndef GRPOLAB_VIEWS_PANE_H
#define GRPOLAB_VIEWS_PANE_H

#include "views/view.h"

/* What panes share, and the panes. A pane draws any part of a view in any rectangle of at least one cell; it
 * acts on nothing. */

/* pane_frame: the border of a pane with its title and, at the right, `right` (may be NULL); on a small screen
 * only a title line. Returns what is left inside. */
struct rect pane_frame(struct canvas *c, struct rect r, const struct view *v, enum pane_id pane,
                       const char *title, const char *right);
/* pane_is_boxed: whether pane_frame draws a whole border, so that there is a bottom line to write on. */
int pane_is_boxed(const struct canvas *c, struct rect r);
/* pane_foot: text in the bottom border, if there is one. */
void pane_foot(struct canvas *c, struct rect r, const char *left, const char *right);
/* pane_note: a dim sentence in the middle, where there is nothing to show yet. */
void pane_note(struct canvas *c, struct rect r, const char *text);
/* pane_metric: the newest value of a metric that is known, NaN when none. */
double pane_metric(const struct view *v, enum metric m);
/* pane_curve_metrics: what a curve's pane draws of a history (NULL: of none); returns how many, 0 when the pane is no curve. */
enum { PANE_CURVE_METRICS = 4 };
int pane_curve_metrics(const struct history *h, enum pane_id pane, int metric[PANE_CURVE_METRICS]);

void pane_header(struct canvas *c, struct rect r, const struct view *v);
void pane_status(struct canvas *c, struct rect r, const struct view *v);
void pane_too_small(struct canvas *c, struct rect r, const struct view *v);
void pane_reward(struct canvas *c, struct rect r, const struct view *v);
void pane_length(struct canvas *c, struct rect r, const struct view *v);
void pane_kl(struct canvas *c, struct rect r, const struct view *v);
void pane_entropy(struct canvas *c, struct rect r, const struct view *v);
void pane_pairs(struct canvas *c, struct rect r, const struct view *v);
void pane_loss(struct canvas *c, struct rect r, const struct view *v);
void pane_gradient(struct canvas *c, struct rect r, const struct view *v);
void pane_experts(struct canvas *c, struct rect r, const struct view *v);
void pane_group(struct canvas *c, struct rect r, const struct view *v);
void pane_trace(struct canvas *c, struct rect r, const struct view *v);
void pane_stages(struct canvas *c, struct rect r, const struct view *v);
void pane_runs(struct canvas *c, struct rect r, const struct view *v);
void pane_run(struct canvas *c, struct rect r, const struct view *v);
void pane_log(struct canvas *c, struct rect r, const struct view *v);
void pane_completions(struct canvas *c, struct rect r, const struct view *v);
void pane_completion(struct canvas *c, struct rect r, const struct view *v);
void pane_text(struct canvas *c, struct rect r, const struct view *v);
void pane_token(struct canvas *c, struct rect r, const struct view *v);
void pane_value(struct canvas *c, struct rect r, const struct view *v);
void pane_load(struct canvas *c, struct rect r, const struct view *v);
void pane_max_vio(struct canvas *c, struct rect r, const struct view *v);
void pane_bias(struct canvas *c, struct rect r, const struct view *v);
void pane_served(struct canvas *c, struct rect r, const struct view *v);
void pane_objective(struct canvas *c, struct rect r, const struct view *v);
void pane_terms(struct canvas *c, struct rect r, const struct view *v);
void pane_compare(struct canvas *c, struct rect r, const struct view *v);
void pane_difference(struct canvas *c, struct rect r, const struct view *v);
void pane_both(struct canvas *c, struct rect r, const struct view *v);
void pane_evaluations(struct canvas *c, struct rect r, const struct view *v);
void pane_difficulty(struct canvas *c, struct rect r, const struct view *v);
void pane_problems(struct canvas *c, struct rect r, const struct view *v);
void pane_compute(struct canvas *c, struct rect r, const struct view *v);
void pane_scenarios(struct canvas *c, struct rect r, const struct view *v);
void pane_form(struct canvas *c, struct rect r, const struct view *v);
void pane_recipe(struct canvas *c, struct rect r, const struct view *v);
void pane_change(struct canvas *c, struct rect r, const struct view *v);
void pane_stage(struct canvas *c, struct rect r, const struct view *v);
void pane_texts(struct canvas *c, struct rect r, const struct view *v);
void pane_example(struct canvas *c, struct rect r, const struct view *v);
void pane_schedule(struct canvas *c, struct rect r, const struct view *v);
void pane_fp8(struct canvas *c, struct rect r, const struct view *v);
void pane_fp8_bytes(struct canvas *c, struct rect r, const struct view *v);
void pane_oracle(struct canvas *c, struct rect r, const struct view *v);
void pane_oracle_kl(struct canvas *c, struct rect r, const struct view *v);
void pane_figures(struct canvas *c, struct rect r, const struct view *v);
void pane_overlap(struct canvas *c, struct rect r, const struct view *v);
void pane_attention(struct canvas *c, struct rect r, const struct view *v);
void pane_clip(struct canvas *c, struct rect r, const struct view *v);
void pane_flat(struct canvas *c, struct rect r, const struct view *v);
void pane_speed(struct canvas *c, struct rect r, const struct view *v);
void pane_what_if(struct canvas *c, struct rect r, const struct view *v);
void pane_lesson(struct canvas *c, struct rect r, const struct view *v);

/* pane_group_has_head: whether the group pane, `width` by `rows` inside its border, begins with a heading.
 * pane_group_list: its list as it is drawn: the selection, or the followed trace where the pane has no focus.
 */
int pane_group_has_head(const struct view *v, int width, int rows);
void pane_group_list(const struct view *v, struct list *list);

/* pane_overlay: help or settings over the screen. pane_overlay_lines: lines of each
 * of its rows, in a rectangle of that width: where it is narrow, what a row says stands below its key. */
int pane_overlay_lines(int w);
void pane_overlay(struct canvas *c, struct rect r, const struct view *v);

/* pane_status_cursor: where the command line's cursor stands in a status line r, -1 when none. */
int pane_status_cursor(const struct canvas *c, struct rect r, const struct view *v);

#endif
