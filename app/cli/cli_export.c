/* `export`: a moment of a run as a folder that other programs load. */
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/session/checkpoint.h"

enum status cli_export(struct cli *c, struct err *e)
{
    const char *folder = c->args.operand.word[1];
    struct session *s;
    struct str out = {0};
    struct json_writer w = {.out = &out};
    int tensors = 0;
    enum status st = cli_open(c, c->args.operand.word[0], &s, e);
    if (!st)
        st = checkpoint_write(folder, s->trainer, &tensors, e);
    if (st)
        return st;
    if (args_has(&c->args, OPT_JSON)) {
        write_begin(&w, '{');
        write_key(&w, "run");
        write_word(&w, s->run.name);
        write_key(&w, "step");
        write_whole(&w, s->trainer->step);
        write_key(&w, "folder");
        write_word(&w, folder);
        write_key(&w, "tensors");
        write_whole(&w, tensors);
        write_end(&w, '}');
        str_add(&out, "\n");
    } else {
        str_printf(&out, "%s@%lld is in ", s->run.name, (long long)s->trainer->step);
        cli_safe(&out, folder, strlen(folder));
        str_printf(&out, ": %d tensors of float32\n", tensors);
    }
    cli_print(&out);
    str_free(&out);
    return ST_OK;
}
