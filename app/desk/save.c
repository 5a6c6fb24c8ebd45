/* A screen as a file: text, or a picture in the theme's colours. */
#include "app/desk/save.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n > m && !strcmp(s + n - m, end);
}

static enum status write_text(const char *path, const struct canvas *c, struct err *e)
{
    struct str text = {0};
    size_t at = 0;
    int fd, why;

    canvas_dump(c, &text);
    if (text.failed) {
        str_free(&text);
        return err_set(e, ST_NOMEM, "save-screen", "no memory");
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    while (fd >= 0 && at < text.n) {
        ssize_t n = write(fd, text.s + at, text.n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    why = errno;
    if (fd >= 0 && close(fd) && at == text.n) {
        why = errno;
        at = 0;
    }
    fd = fd >= 0 && at == text.n;
    str_free(&text);
    return fd ? ST_OK
              : err_set(e, why == ENOSPC ? ST_FULL : why == EROFS || why == EACCES ? ST_READONLY : ST_IO,
                        "save-screen", "cannot write %s: %s", path, strerror(why));
}

enum status save_screen(const struct canvas *c, const struct theme *theme, const char *path, struct err *e)
{
    struct picture_look look[STYLE_N];

    if (ends_in(path, ".txt"))
        return write_text(path, c, e);
    if (!ends_in(path, ".png"))
        return err_set(e, ST_USAGE, "save-screen", "a screen is written as FILE.txt or FILE.png, not as '%s'",
                       path);
    theme_picture(theme, look);
    return picture_write(c, look, path, e);
}
