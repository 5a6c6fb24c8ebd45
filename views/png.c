/* Pictures as PNG files, by libpng; no other file sees it. Written to a file
 * beside the target and renamed, so that a full disk leaves no half picture. */
#include "views/png.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum status png_write(const char *path, const struct raster *r, struct err *e)
{
    char part[4096];
    png_image image;
    enum status st = ST_OK;
    FILE *f;
    int why;

    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return err_set(e, ST_USAGE, "png", "the name of the file is too long");
    f = fopen(part, "wb");
    if (!f) {
        why = errno;
        return err_set(e, why == EROFS || why == EACCES ? ST_READONLY : ST_IO, "png", "cannot write %s: %s",
                       path, strerror(why));
    }
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)r->w;
    image.height = (png_uint_32)r->h;
    image.format = PNG_FORMAT_RGB;
    errno = 0;
    if (!png_image_write_to_stdio(&image, f, 0, r->rgb, 0, NULL) || fflush(f) || fsync(fileno(f)))
        st = err_set(e, errno == ENOSPC ? ST_FULL : ST_IO, "png", "cannot write %s: %s", path,
                     errno ? strerror(errno) : image.message);
    if (fclose(f) && !st)
        st = err_set(e, errno == ENOSPC ? ST_FULL : ST_IO, "png", "cannot write %s: %s", path,
                     strerror(errno));
    if (!st && rename(part, path))
        st = err_set(e, ST_IO, "png", "cannot write %s: %s", path, strerror(errno));
    if (st)
        unlink(part);
    return st;
}
