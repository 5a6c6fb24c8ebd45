/* Commands of the trace screen. */
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_trace.h"
#include "views/trace_overlay.h"

enum status command_overlay(struct desk *d, const struct command_line *l, struct err *e)
{
    enum trace_overlay overlay = trace_overlay_find(l->argv[0]);
    long long layer = 0;

    if (overlay == TRACE_OVERLAY_N)
        return err_set(e, ST_USAGE, "overlay", "there is no overlay '%s', but: %s", l->argv[0],
                       l->row->words);
    if (l->argc > 1 && overlay != TRACE_EXPERT)
        return err_set(e, ST_USAGE, "overlay", "a layer belongs to `expert` only: overlay expert %s",
                       l->argv[1]);
    if (l->argc > 1 && command_integer(l->argv[1], "the MoE layer", 1, &layer, e))
        return ST_USAGE;
    if (layer > SNAP_LAYERS)
        return err_set(e, ST_USAGE, "overlay", "a model has at most %d MoE layers, not %lld", SNAP_LAYERS,
                       layer);
    desk_trace_overlay(d, overlay, (int)layer - 1);
    return ST_OK;
}

enum status command_test_aha(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    return desk_trace_test(d, e);
}

enum status command_value(struct desk *d, const struct command_line *l, struct err *e)
{
    long long token = -1;

    if (l->argc && command_integer(l->argv[0], "a token", 0, &token, e))
        return ST_USAGE;
    return desk_trace_resample(d, token > SNAP_TOKENS ? SNAP_TOKENS + 1 : (int)token, e);
}

enum status command_token(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct snap_follow *f = trace_text_follow(&d->view);
    long long token;

    if (!strcmp(l->argv[0], "end")) {
        d->view.token = -1;
        return ST_OK;
    }
    if (command_integer(l->argv[0], "a token", 0, &token, e))
        return ST_USAGE;
    if (!f || token >= f->tokens_n)
        return f ? err_set(e, ST_USAGE, "token", "the trace has tokens 0 to %d, not %lld", f->tokens_n - 1,
                           token)
                 : err_set(e, ST_NOTFOUND, "token", "there is no trace on the screen");
    d->view.token = (int)token;
    return ST_OK;
}
