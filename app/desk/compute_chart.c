/* The chart of test-time compute. Tokens are on a logarithmic axis: from one sample to 64 they grow by two
 * decades. */
#include "app/desk/compute_chart.h"

#include <stdio.h>

#include "views/chart.h"

void compute_setting(const struct compute_facts *f, int setting, char *out, size_t bytes)
{
    int n = snprintf(out, bytes, "T %g", f->temperature[setting]);

    if (f->top_p[setting] < 1)
        snprintf(out + n, bytes - (size_t)n, ", top-p %g", f->top_p[setting]);
}

enum status compute_chart_write(const char *path, const char *title, const struct compute_facts *f,
                                struct err *e)
{
    double tokens[COMPUTE_CURVES][COMPUTE_POINTS], accuracy[COMPUTE_CURVES][COMPUTE_POINTS];
    struct chart_series series[COMPUTE_CURVES] = {0};
    struct chart_panel panel[COMPUTE_SETTINGS] = {0};
    struct chart chart = {
        .title = title, .x_label = "sampled tokens a problem", .panel = panel, .same_series = 1, .log_x = 1};
    char label[COMPUTE_SETTINGS][64], subtitle[96], setting[48];
    int i, k;

    for (i = 0; i < f->curves_n; i++) {
        const struct compute_curve *c = &f->curve[i];
        struct chart_panel *p = &panel[c->setting];
        for (k = 0; k < c->n; k++) {
            tokens[i][k] = c->point[k].tokens;
            accuracy[i][k] = c->point[k].accuracy;
        }
        series[i] = (struct chart_series){.label = c->name, .n = c->n, .x = tokens[i], .y = accuracy[i],
                                          .color = (int)c->kind, .points = 1};
        if (!p->series_n++)
            p->series = &series[i];
    }
    for (i = 0; i < COMPUTE_SETTINGS; i++) {
        compute_setting(f, i, setting, sizeof setting);
        snprintf(label[i], sizeof label[i], "accuracy at %s", setting);
        panel[i].label = label[i];
        panel[i].unit = "";
        chart.panels_n += panel[i].series_n > 0;
    }
    snprintf(subtitle, sizeof subtitle, "%d held-out problems, %d samples each", f->done, f->k);
    chart.subtitle = subtitle;
    return chart_write(path, &chart, e);
}
