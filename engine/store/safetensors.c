/* safetensors files on disk: open, read, write. The header's text is safetensors_header.c's.
 *
 * Design: a file is opened once and read with pread, a tensor at a time and in pieces, so that no more memory
 * is taken than the caller's floats. The header's length is compared with the file's size before memory is
 * taken for it. A file is written under NAME.part and renamed when it is whole and on disk. Invariant: what
 * is handed out has passed safetensors_header. */
#include "engine/store/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/str.h"

enum { PIECE = 1 << 16 }; /* elements read at once */

/* The last part of a path, for messages. */
static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* All n bytes at `at`, or why not. */
static enum status read_at(const struct safetensors *f, void *out, size_t n, uint64_t at, struct err *e)
{
    while (n > 0) {
        ssize_t got = pread(f->fd, out, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(e, ST_IO, "safetensors", "cannot read %.120s: %s", f->path,
                           got < 0 ? strerror(errno) : "it has become shorter");
        out = (char *)out + got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return ST_OK;
}

static enum status read_header(struct safetensors *f, uint64_t size, struct err *e)
{
    unsigned char raw[8];
    uint64_t n = 0;
    char *json;
    enum status st;
    if (size < 8)
        return err_set(e, ST_USAGE, "safetensors", "%.80s: %llu bytes are too short for a header",
                       file_name(f->path), (unsigned long long)size);
    st = read_at(f, raw, 8, 0, e);
    if (st)
        return st;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | raw[i];
    if (n > SAFETENSORS_HEADER_MOST)
        return err_set(e, ST_USAGE, "safetensors",
                       "%.80s: a header of %llu bytes; the most that the format allows is %d",
                       file_name(f->path), (unsigned long long)n, SAFETENSORS_HEADER_MOST);
    if (n > size - 8)
        return err_set(e, ST_USAGE, "safetensors", "%.80s: a header of %llu bytes in a file of %llu",
                       file_name(f->path), (unsigned long long)n, (unsigned long long)size);
    json = malloc((size_t)n + 1);
    if (!json)
        return err_set(e, ST_NOMEM, "safetensors", "no memory for a header of %llu bytes",
                       (unsigned long long)n);
    f->data_at = 8 + n;
    st = read_at(f, json, (size_t)n, 8, e);
    if (!st)
        st = safetensors_header(f, file_name(f->path), json, (size_t)n, size - f->data_at, e);
    free(json);
    return st;
}

enum status safetensors_open(struct safetensors *f, const char *path, struct err *e)
{
    struct stat s;
    enum status st;
    memset(f, 0, sizeof *f);
    f->fd = -1;
    f->path = strdup(path);
    if (!f->path)
        return err_set(e, ST_NOMEM, "safetensors", "no memory");
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &s))
        st = err_set(e, errno == ENOENT || errno == ENOTDIR ? ST_NOTFOUND : ST_IO, "safetensors",
                     "cannot open %.120s: %s", path, strerror(errno));
    else if (!S_ISREG(s.st_mode))
        st = err_set(e, ST_USAGE, "safetensors", "%.120s is not a file", path);
    else
        st = read_header(f, (uint64_t)s.st_size, e);
    if (st)
        safetensors_close(f);
    return st;
}

void safetensors_close(struct safetensors *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->tensor[i].name);
    free(f->tensor);
    if (f->path && f->fd >= 0)
        close(f->fd);
    free(f->path);
    memset(f, 0, sizeof *f);
    f->fd = -1;
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *f, const char *name)
{
    int low = 0, high = f->n;
    while (low < high) {
        int middle = low + (high - low) / 2, order = strcmp(f->tensor[middle].name, name);
        if (order == 0)
            return &f->tensor[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* sign, exponent and fraction of a format with `digits` bits of fraction and the given bias, for finite
 * codes. */
static float float_of_parts(unsigned sign, unsigned exponent, unsigned fraction, int digits, int bias)
{
    double x = exponent ? ldexp(1 + ldexp(fraction, -digits), (int)exponent - bias)
                        : ldexp(fraction, 1 - bias - digits);
    return (float)(sign ? -x : x);
}

static float half(unsigned h)
{
    unsigned sign = h >> 15, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31)
        return float_of_bits(sign << 31 | 0x7f800000u | fraction << 13);
    return float_of_parts(sign, exponent, fraction, 10, 15);
}

/* E4M3 without infinities: all ones is NaN, the largest is 448. */
static float e4m3(unsigned code)
{
    if ((code & 0x7f) == 0x7f)
        return float_of_bits((code & 0x80) << 24 | 0x7fc00000u);
    return float_of_parts(code >> 7, code >> 3 & 15, code & 7, 3, 7);
}

int safetensors_decode(enum safetensors_type type, const unsigned char *b, size_t n, float *out)
{
    switch (type) {
    case SAFETENSORS_F32:
        for (size_t i = 0; i < n; i++, b += 4)
            out[i] = float_of_bits((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
                                   (uint32_t)b[3] << 24);
        return 1;
    case SAFETENSORS_BF16:
        for (size_t i = 0; i < n; i++, b += 2)
            out[i] = float_of_bits((uint32_t)b[0] << 16 | (uint32_t)b[1] << 24);
        return 1;
    case SAFETENSORS_F16:
        for (size_t i = 0; i < n; i++, b += 2)
            out[i] = half((unsigned)b[0] | (unsigned)b[1] << 8);
        return 1;
    case SAFETENSORS_F8_E4M3:
        for (size_t i = 0; i < n; i++)
            out[i] = e4m3(b[i]);
        return 1;
    default:
        return 0;
    }
}

enum status safetensors_read(const struct safetensors *f, const struct safetensors_tensor *t, float *out,
                             struct err *e)
{
    uint64_t elements = safetensors_elements(t), size = elements ? (t->end - t->begin) / elements : 0;
    unsigned char *piece = calloc(PIECE, 8);
    enum status st = piece ? ST_OK : err_set(e, ST_NOMEM, "safetensors", "no memory to read %.80s", t->name);
    for (uint64_t i = 0; i < elements && !st; i += PIECE) {
        size_t n = elements - i < PIECE ? (size_t)(elements - i) : PIECE;
        st = read_at(f, piece, n * size, f->data_at + t->begin + i * size, e);
        if (!st && !safetensors_decode(t->type, piece, n, out + i))
            st = err_set(e, ST_USAGE, "safetensors",
                         "%.80s: tensor %.80s: %s is not read as weights; F32, BF16, F16 and F8_E4M3 are",
                         file_name(f->path), t->name, safetensors_type_name(t->type));
    }
    free(piece);
    return st;
}

static enum status write_failed(const struct safetensors_writer *w, struct err *e)
{
    return err_set(e, errno == ENOSPC || errno == EDQUOT ? ST_FULL : ST_IO, "safetensors",
                   "cannot write %.160s: %s", w->path, strerror(errno));
}

void safetensors_abandon(struct safetensors_writer *w)
{
    if (w->out)
        fclose(w->out);
    if (w->out)
        unlink(w->part);
    free(w->path);
    free(w->part);
    memset(w, 0, sizeof *w);
}

/* The header's text, padded with blanks so that the data begins at a multiple of 8. Names are the caller's
 * own and need no escapes. */
static void header_text(struct safetensors_tensor *t, int n, struct str *out)
{
    uint64_t at = 0;
    str_add(out, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (int i = 0; i < n; i++) {
        t[i].type = SAFETENSORS_F32;
        t[i].begin = at;
        at = t[i].end = at + 4 * safetensors_elements(&t[i]);
        str_printf(out, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", t[i].name);
        for (int k = 0; k < t[i].rank; k++)
            str_printf(out, "%s%lld", k ? "," : "", (long long)t[i].shape[k]);
        str_printf(out, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)t[i].begin,
                   (unsigned long long)t[i].end);
    }
    str_add(out, "}");
    while (out->n % 8 && !out->failed)
        str_add(out, " ");
}

enum status safetensors_create(struct safetensors_writer *w, const char *path, struct safetensors_tensor *t,
                               int n, struct err *e)
{
    struct str header = {0};
    unsigned char raw[8];
    enum status st = ST_OK;
    memset(w, 0, sizeof *w);
    header_text(t, n, &header);
    w->path = strdup(path);
    if (!w->path || asprintf(&w->part, "%s.part", path) < 0 || header.failed) {
        st = err_set(e, ST_NOMEM, "safetensors", "no memory for the header of %d tensors", n);
        goto out;
    }
    w->tensor = t;
    w->n = n;
    for (int i = 0; i < 8; i++)
        raw[i] = (unsigned char)((uint64_t)header.n >> (8 * i));
    w->out = fopen(w->part, "wbe");
    if (!w->out || fwrite(raw, 1, 8, w->out) < 8 || fwrite(str_c(&header), 1, header.n, w->out) < header.n)
        st = write_failed(w, e);
out:
    str_free(&header);
    if (st)
        safetensors_abandon(w);
    return st;
}

enum status safetensors_put(struct safetensors_writer *w, const float *value, struct err *e)
{
    unsigned char piece[4096];
    uint64_t n = w->next < w->n ? safetensors_elements(&w->tensor[w->next]) : 0;
    if (w->next >= w->n)
        return err_set(e, ST_USAGE, "safetensors", "more tensors than the %d that were announced", w->n);
    w->next++;
    for (uint64_t i = 0; i < n;) {
        size_t k = 0;
        for (; k < sizeof piece && i < n; k += 4, i++) {
            uint32_t bits;
            memcpy(&bits, &value[i], sizeof bits);
            for (int b = 0; b < 4; b++)
                piece[k + (size_t)b] = (unsigned char)(bits >> (8 * b));
        }
        if (fwrite(piece, 1, k, w->out) < k)
            return write_failed(w, e);
    }
    return ST_OK;
}

enum status safetensors_finish(struct safetensors_writer *w, struct err *e)
{
    enum status st = ST_OK;
    if (w->next < w->n)
        st = err_set(e, ST_USAGE, "safetensors", "%d of %d tensors were written", w->next, w->n);
    else if (fflush(w->out) || fsync(fileno(w->out)) || rename(w->part, w->path))
        st = write_failed(w, e);
    if (!st) {
        fclose(w->out);
        w->out = NULL;
    }
    safetensors_abandon(w);
    return st;
}
