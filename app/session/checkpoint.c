/* Checkpoints: files of tensors, and the table of names that says what they are.
 *
 * Design: opening looks at all headers and at nothing else, so that a folder that cannot be read is refused
 * before memory is taken for its weights; reading then goes tensor by tensor through one buffer. A weight in
 * E4M3 is multiplied with its blocks' scales; its scale is the tensor of its name with `_scale_inv` behind.
 */
#include "app/session/checkpoint.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/json_read.h"

enum { FILES_MOST = 1024, SCALED_NAME = EXCHANGE_NAME + 16 };

static const char single[] = "model.safetensors", index_name[] = "model.safetensors.index.json",
                  scaled[] = "_scale_inv";

static enum status path_of(const struct checkpoint *k, const char *name, char *out, size_t bytes,
                           struct err *e)
{
    if (snprintf(out, bytes, "%s/%s", k->folder, name) >= (int)bytes)
        return err_set(e, ST_USAGE, "import", "the path of a file is too long");
    return ST_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The file of that name among the open ones; -1 when it is none. */
static int file_find(const struct checkpoint *k, const char *name)
{
    for (int i = 0; i < k->files_n; i++)
        if (strcmp(base_name(k->file[i].path), name) == 0)
            return i;
    return -1;
}

static enum status add_file(struct checkpoint *k, const char *name, struct err *e)
{
    char path[4096];
    struct safetensors *grown;
    enum status st;
    if (k->files_n == FILES_MOST)
        return err_set(e, ST_USAGE, "import", "%s: more than %d files", index_name, FILES_MOST);
    grown = realloc(k->file, ((size_t)k->files_n + 1) * sizeof *k->file);
    if (!grown)
        return err_set(e, ST_NOMEM, "import", "no memory for %d files", k->files_n + 1);
    k->file = grown;
    st = path_of(k, name, path, sizeof path, e);
    if (!st)
        st = safetensors_open(&k->file[k->files_n], path, e);
    if (!st)
        k->files_n++;
    return st;
}

/* A shard lies beside its index: a name that leads elsewhere is not followed. */
static enum status open_shards(struct checkpoint *k, struct err *e)
{
    const char *tensor;
    json_t *file, *map = json_object_get(k->index, "weight_map");
    enum status st = ST_OK;
    if (!json_is_object(map) || json_object_size(map) == 0)
        return err_set(e, ST_USAGE, "import", "%s: \"weight_map\" must be an object, not empty", index_name);
    json_object_foreach(map, tensor, file)
    {
        const char *name = json_string_value(file);
        if (!name || !name[0] || name[0] == '.' || strchr(name, '/') || strlen(name) > 255)
            return err_set(e, ST_USAGE, "import",
                           "%s: a tensor's file must be a file's name in the same folder", index_name);
        if (file_find(k, name) < 0)
            st = add_file(k, name, e);
        if (st)
            return st;
    }
    return ST_OK;
}

static enum status open_files(struct checkpoint *k, struct err *e)
{
    char path[4096];
    struct err why;
    enum status st = add_file(k, single, &why);
    FILE *f;
    if (st != ST_NOTFOUND) {
        if (st && e)
            *e = why;
        return st;
    }
    st = path_of(k, index_name, path, sizeof path, e);
    if (st)
        return st;
    f = fopen(path, "re");
    if (!f)
        return err_set(e, ST_NOTFOUND, "import", "%.120s has no %s and no %s", k->folder, single, index_name);
    st = json_read(f, "import", &k->index, &why);
    fclose(f);
    return st ? err_set(e, st, "import", "%s: %.120s", index_name, why.msg) : open_shards(k, e);
}

/* Where a tensor is; NULL when it is nowhere, *file says in which. */
static const struct safetensors_tensor *find(const struct checkpoint *k, const char *name,
                                             const struct safetensors **file)
{
    const char *where = json_string_value(json_object_get(json_object_get(k->index, "weight_map"), name));
    int i = k->index ? (where ? file_find(k, where) : -1) : 0;
    *file = i >= 0 ? &k->file[i] : NULL;
    return i >= 0 ? safetensors_find(&k->file[i], name) : NULL;
}

static const struct safetensors_tensor *find_scale(const struct checkpoint *k, const char *name,
                                                   const struct safetensors **file)
{
    char scale[SCALED_NAME];
    snprintf(scale, sizeof scale, "%s%s", name, scaled);
    return find(k, scale, file);
}

/* MTP modules are often left out of what is passed on: config.json counts them all the same. */
static void count_modules(struct checkpoint *k)
{
    struct model_config *c = &k->config.model;
    const struct safetensors *file;
    char name[EXCHANGE_NAME];
    int there = 0;
    for (; there < c->mtp_depth; there++) {
        snprintf(name, sizeof name, "model.layers.%d.enorm.weight", c->layers_n + there);
        if (!find(k, name, &file))
            break;
    }
    c->mtp_depth = there;
}

static void shape_text(const int64_t *shape, int rank, char *out, size_t bytes)
{
    size_t n = (size_t)snprintf(out, bytes, "[");
    for (int i = 0; i < rank && n < bytes; i++)
        n += (size_t)snprintf(out + n, bytes - n, "%s%lld", i ? "," : "", (long long)shape[i]);
    if (n < bytes)
        snprintf(out + n, bytes - n, "]");
}

static enum status check_shape(const struct safetensors *f, const struct safetensors_tensor *t,
                               const int64_t *want, int rank, struct err *e)
{
    char has[64], wanted[64];
    int same = t->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = t->shape[i] == want[i];
    if (same)
        return ST_OK;
    shape_text(t->shape, t->rank, has, sizeof has);
    shape_text(want, rank, wanted, sizeof wanted);
    return err_set(e, ST_USAGE, "import", "%.60s: tensor %s is %s; config.json makes it %s",
                   base_name(f->path), t->name, has, wanted);
}

static int is_weight_type(enum safetensors_type type)
{
    float x;
    unsigned char none[8] = {0};
    return safetensors_decode(type, none, 0, &x);
}

static enum status check_tensor(const struct checkpoint *k, const struct exchange_tensor *x, struct err *e)
{
    const struct safetensors *file, *scale_file;
    const struct safetensors_tensor *t = find(k, x->name, &file),
                                    *scale = find_scale(k, x->name, &scale_file);
    enum status st;
    if (!t && x->is_copy && !scale)
        return ST_OK;
    if (!t)
        return err_set(e, ST_USAGE, "import", "%s: tensor %s is missing",
                       file ? base_name(file->path) : index_name, x->name);
    st = check_shape(file, t, x->shape, x->rank, e);
    if (!st && !is_weight_type(t->type))
        st = err_set(e, ST_USAGE, "import",
                     "%.60s: tensor %s: %s is not read as weights; F32, BF16, F16 and F8_E4M3 are",
                     base_name(file->path), x->name, safetensors_type_name(t->type));
    if (!st && (t->type == SAFETENSORS_F8_E4M3) != (scale != NULL))
        st = err_set(e, ST_USAGE, "import",
                     scale ? "%.60s: tensor %s is not F8_E4M3 and has a %s"
                           : "%.60s: tensor %s is F8_E4M3 and has no %s",
                     base_name(file->path), x->name, "weight_scale_inv");
    if (!st && scale) {
        int out = k->config.block_out, in = k->config.block_in;
        int64_t want[2] = {(x->shape[0] + out - 1) / out, (x->shape[1] + in - 1) / in};
        st = x->rank == 2 ? check_shape(scale_file, scale, want, 2, e)
                          : err_set(e, ST_USAGE, "import", "%.60s: tensor %s: a vector has no scale",
                                    base_name(file->path), x->name);
        if (!st && (scale->type == SAFETENSORS_F8_E4M3 || !is_weight_type(scale->type)))
            st = err_set(e, ST_USAGE, "import", "%.60s: tensor %s: %s is not read as scales",
                         base_name(scale_file->path), scale->name, safetensors_type_name(scale->type));
    }
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A tensor that the layout has not would be lost without a word. */
static enum status check_strangers(const struct checkpoint *k, struct err *e)
{
    const struct exchange *x = &k->exchange;
    const char **known = malloc(((size_t)x->n + 1) * sizeof *known);
    enum status st = known ? ST_OK : err_set(e, ST_NOMEM, "import", "no memory for %d names", x->n);
    for (int i = 0; known && i < x->n; i++)
        known[i] = x->tensor[i].name;
    if (known)
        qsort(known, (size_t)x->n, sizeof *known, by_text);
    for (int f = 0; f < k->files_n && !st; f++)
        for (int i = 0; i < k->file[f].n && !st; i++) {
            const char *name = k->file[f].tensor[i].name, *plain = name;
            char cut[SCALED_NAME];
            size_t n = strlen(name), tail = sizeof scaled - 1;
            const struct safetensors *where;
            if (n > tail && n < sizeof cut && strcmp(name + n - tail, scaled) == 0) {
                snprintf(cut, sizeof cut, "%.*s", (int)(n - tail), name);
                plain = cut;
            }
            if (strstr(name, "rotary_emb.inv_freq")) /* follows from config.json; old programs saved it */
                continue;
            if (!bsearch(&plain, known, (size_t)x->n, sizeof *known, by_text))
                st = err_set(e, ST_USAGE, "import",
                             "%.60s: tensor %.80s is not one of the model in config.json",
                             base_name(k->file[f].path), name);
            else if (!find(k, name, &where) || where != &k->file[f])
                st = err_set(e, ST_USAGE, "import", "%.60s: tensor %.80s: %s does not say that it is here",
                             base_name(k->file[f].path), name, index_name);
        }
    free(known);
    return st;
}

static enum status check_memory(const struct checkpoint *k, struct err *e)
{
    double need = (double)k->model.params.total * sizeof(real);
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (need > have)
        return err_set(e, ST_NOMEM, "import", "its weights take %.1f GB as float32; this machine has %.1f",
                       need / 1e9, have / 1e9);
    return ST_OK;
}

enum status checkpoint_open(struct checkpoint *k, const char *folder, struct err *e)
{
    struct model_config shape;
    struct err why;
    enum status st;
    memset(k, 0, sizeof *k);
    if (snprintf(k->folder, sizeof k->folder, "%s", folder) >= (int)sizeof k->folder)
        return err_set(e, ST_USAGE, "import", "a path of %zu bytes is too long", strlen(folder));
    st = exchange_config_read(folder, &k->config, e);
    if (!st)
        st = open_files(k, e);
    if (st)
        return st;
    count_modules(k);
    shape = k->config.model;
    shape.positions_n = 2;
    st = model_init(&k->model, &shape, kernels_best(), &why);
    if (st)
        return err_set(e, st, "import", "config.json: %.200s", why.msg);
    st = exchange_init(&k->exchange, &k->model, e);
    for (int i = 0; i < k->exchange.n && !st; i++) {
        const struct exchange_tensor *x = &k->exchange.tensor[i];
        st = check_tensor(k, x, e);
        k->parameters += x->is_copy ? 0 : exchange_elements(x);
    }
    if (!st)
        st = check_strangers(k, e);
    return st ? st : check_memory(k, e);
}

void checkpoint_close(struct checkpoint *k)
{
    for (int i = 0; i < k->files_n; i++)
        safetensors_close(&k->file[i]);
    free(k->file);
    json_decref(k->index);
    exchange_release(&k->exchange);
    model_release(&k->model);
    exchange_config_free(&k->config);
    memset(k, 0, sizeof *k);
}

static enum status read_scaled(const struct checkpoint *k, const struct exchange_tensor *x, float *value,
                               struct err *e)
{
    const struct safetensors *file;
    const struct safetensors_tensor *t = find_scale(k, x->name, &file);
    float *scale;
    enum status st;
    if (!t)
        return ST_OK;
    scale = malloc(((size_t)safetensors_elements(t) + 1) * sizeof *scale);
    st = scale ? safetensors_read(file, t, scale, e) : err_set(e, ST_NOMEM, "import", "no memory for scales");
    if (!st)
        exchange_scale(value, x->shape[0], x->shape[1], scale, k->config.block_out, k->config.block_in);
    free(scale);
    return st;
}

enum status checkpoint_read(const struct checkpoint *k, real *w, real *bias, struct err *e)
{
    const struct exchange *x = &k->exchange;
    int64_t most = 1;
    float *value;
    enum status st = ST_OK;
    for (int i = 0; i < x->n; i++)
        if (exchange_elements(&x->tensor[i]) > most)
            most = exchange_elements(&x->tensor[i]);
    value = malloc((size_t)most * sizeof *value);
    if (!value)
        return err_set(e, ST_NOMEM, "import", "no memory for a tensor of %lld elements", (long long)most);
    for (int i = 0; i < x->n && !st; i++) {
        const struct exchange_tensor *to = &x->tensor[i];
        const struct safetensors *file;
        const struct safetensors_tensor *t = find(k, to->name, &file);
        if (!t)
            continue;
        st = safetensors_read(file, t, value, e);
        if (!st)
            st = read_scaled(k, to, value, e);
        for (int64_t j = 0; j < exchange_elements(to) && !st; j++)
            if (!isfinite(value[j]))
                st = err_set(e, ST_USAGE, "import", "%.60s: tensor %s: element %lld is not finite",
                             base_name(file->path), to->name, (long long)j);
        if (!st && to->is_copy && !exchange_equal(x, to, w, bias, value))
            st = err_set(e, ST_USAGE, "import",
                         "%.60s: tensor %s differs from the main model's, which the MTP module shares here",
                         base_name(file->path), to->name);
        else if (!st && !to->is_copy)
            exchange_put(x, to, value, w, bias);
    }
    free(value);
    return st;
}

/* 1 when the folder holds a checkpoint that an export did not write. */
static enum status check_foreign(const char *folder, struct err *e)
{
    char path[4096];
    struct exchange_config c;
    struct err why;
    struct stat s;
    enum status st = ST_OK;
    if (snprintf(path, sizeof path, "%s/config.json", folder) >= (int)sizeof path)
        return err_set(e, ST_USAGE, "export", "a path of %zu bytes is too long", strlen(folder));
    if (stat(path, &s))
        return ST_OK;
    if (exchange_config_read(folder, &c, &why) || !c.has_run)
        st = err_set(e, ST_USAGE, "export",
                     "%.160s holds a checkpoint that grpolab did not write: name another folder", folder);
    exchange_config_free(&c);
    return st;
}

static enum status write_tensors(const char *folder, const struct exchange *x, const struct trainer *t,
                                 struct err *e)
{
    struct safetensors_tensor *to = calloc((size_t)x->n + 1, sizeof *to);
    struct safetensors_writer w = {0};
    char path[4096];
    int64_t most = 1;
    float *value = NULL;
    enum status st = ST_OK;
    for (int i = 0; to && i < x->n; i++) {
        const struct exchange_tensor *from = &x->tensor[i];
        to[i].name = (char *)from->name;
        to[i].rank = from->rank;
        memcpy(to[i].shape, from->shape, sizeof from->shape);
        most = exchange_elements(from) > most ? exchange_elements(from) : most;
    }
    value = malloc((size_t)most * sizeof *value);
    if (!to || !value)
        st = err_set(e, ST_NOMEM, "export", "no memory for a tensor of %lld elements", (long long)most);
    snprintf(path, sizeof path, "%s/%s", folder, single);
    if (!st)
        st = safetensors_create(&w, path, to, x->n, e);
    for (int i = 0; i < x->n && !st; i++) {
        exchange_get(x, &x->tensor[i], t->learner.w, t->learner.bias, value);
        st = safetensors_put(&w, value, e);
    }
    if (!st)
        st = safetensors_finish(&w, e);
    else
        safetensors_abandon(&w);
    free(value);
    free(to);
    return st;
}

enum status checkpoint_write(const char *folder, const struct trainer *t, int *tensors, struct err *e)
{
    struct exchange x = {0};
    struct stat s;
    enum status st = exchange_init(&x, &t->model, e);
    *tensors = x.n;
    if (!st)
        st = check_foreign(folder, e);
    if (!st && mkdir(folder, 0777) && errno != EEXIST)
        st = err_set(e, errno == ENOENT || errno == ENOTDIR ? ST_NOTFOUND : ST_IO, "export",
                     "cannot make the folder %.160s: %s", folder, strerror(errno));
    if (!st && (stat(folder, &s) || !S_ISDIR(s.st_mode)))
        st = err_set(e, ST_USAGE, "export", "%.160s is no folder", folder);
    if (!st)
        st = write_tensors(folder, &x, t, e);
    if (!st)
        st = exchange_files_write(folder, t, e);
    exchange_release(&x);
    return st;
}
