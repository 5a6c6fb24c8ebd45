#ifndef GRPOLAB_STORE_SAFETENSORS_H
#define GRPOLAB_STORE_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/status.h"

/* The safetensors format, and nothing of what the tensors mean: u64 little-endian length of the header, the
 * header in JSON, then the tensors' bytes, little-endian and row-major, which fill the rest of the file
 * without holes or overlaps. A file is foreign data: everything is checked before anything is used, and every
 * fault is ST_USAGE and names the file and the tensor. */
enum safetensors_type {
    SAFETENSORS_BOOL,
    SAFETENSORS_U8,
    SAFETENSORS_I8,
    SAFETENSORS_F8_E5M2,
    SAFETENSORS_F8_E4M3,
    SAFETENSORS_I16,
    SAFETENSORS_U16,
    SAFETENSORS_F16,
    SAFETENSORS_BF16,
    SAFETENSORS_I32,
    SAFETENSORS_U32,
    SAFETENSORS_F32,
    SAFETENSORS_F64,
    SAFETENSORS_I64,
    SAFETENSORS_U64,
    SAFETENSORS_TYPES
};

enum { SAFETENSORS_RANK = 8, SAFETENSORS_HEADER_MOST = 100000000 };

struct safetensors_tensor {
    char *name; /* owned by the file that was read; borrowed by a writer */
    enum safetensors_type type;
    int rank;
    int64_t shape[SAFETENSORS_RANK];
    uint64_t begin, end; /* bytes, from the end of the header */
};

struct safetensors {
    char *path;
    int fd;
    int n;
    struct safetensors_tensor *tensor; /* [n] ascending by name */
    uint64_t data_at;                  /* of the file, where the tensors begin */
};

/* safetensors_open: reads and checks the header; tensors stay on disk. Memory: owned, given back by
 * safetensors_close. Errors: ST_NOTFOUND, ST_IO, ST_NOMEM, ST_USAGE (malformed). */
enum status safetensors_open(struct safetensors *f, const char *path, struct err *e);
void safetensors_close(struct safetensors *f);

/* safetensors_header: the same from n bytes of JSON in memory and the size of the data behind them; fills
 * tensor and n. file: what errors call it. */
enum status safetensors_header(struct safetensors *f, const char *file, const char *json, size_t n,
                               uint64_t data_bytes, struct err *e);

/* safetensors_find: NULL when there is none of that name. */
const struct safetensors_tensor *safetensors_find(const struct safetensors *f, const char *name);
/* safetensors_elements: the product of the shape, which is known to fit. */
uint64_t safetensors_elements(const struct safetensors_tensor *t);
const char *safetensors_type_name(enum safetensors_type type);

/* safetensors_read: all elements as float [safetensors_elements]: F32 to the bit, BF16, F16 and F8_E4M3
 * exactly. Errors: ST_USAGE (a type that is no weight's), ST_IO (the file became shorter). Threads: any
 * number at once. */
enum status safetensors_read(const struct safetensors *f, const struct safetensors_tensor *t, float *out,
                             struct err *e);

/* safetensors_decode: n elements from their bytes. 0 when type is none of the four above. */
int safetensors_decode(enum safetensors_type type, const unsigned char *bytes, size_t n, float *out);

/* Writing: F32 tensors in the order that was announced. The file has another name until it is whole. */
struct safetensors_writer {
    FILE *out;
    char *path, *part;
    const struct safetensors_tensor *tensor; /* borrowed until finish or abandon */
    int n, next;
};

/* safetensors_create: writes the header; of each tensor name, rank and shape are read, begin and end are
 * written. safetensors_put: the elements of the next one. safetensors_finish: ST_USAGE when some are missing.
 * On an error, and after safetensors_abandon, nothing is left behind. Errors: ST_IO, ST_FULL, ST_NOMEM. */
enum status safetensors_create(struct safetensors_writer *w, const char *path, struct safetensors_tensor *t,
                               int n, struct err *e);
enum status safetensors_put(struct safetensors_writer *w, const float *value, struct err *e);
enum status safetensors_finish(struct safetensors_writer *w, struct err *e);
void safetensors_abandon(struct safetensors_writer *w);

#endif
