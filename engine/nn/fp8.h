#ifndef GRPOLAB_NN_FP8_H
#define GRPOLAB_NN_FP8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* FP8 as V3 trains with it: E4M3, emulated to the bit, with a scale for each tile. Double precision; pure
 * functions.
 *
 * A code is s eeee mmm: (-1)^s 2^(e-7) (1 + m/8), and for e = 0 (-1)^s 2^-6 m/8. There are no infinities:
 * 0x7f and 0xff are NaN, all other codes numbers. Largest 448 (0x7e), smallest normal 2^-6 (0x08), smallest
 * at all 2^-9 (0x01). */
enum { FP8_NAN = 0x7f, FP8_LARGEST = 0x7e };
#define FP8_MAX 448.0
#define FP8_LEAST_AMAX 1e-4

/* fp8_decode: the value of a code, exact. */
double fp8_decode(unsigned char code);
/* fp8_encode: the nearest code, of two the one whose mantissa is even; beyond 448 it saturates, infinities
 * too. The sign of 0 and of what is rounded to 0 is kept. NaN becomes FP8_NAN. fp8_decode(fp8_encode(x)) is
 * x for every value of a code. */
unsigned char fp8_encode(double x);

/* fp8_round: fp8_decode(fp8_encode(x)) of a float, without the code and without branches, so that a loop of
 * it is vectorised. Normal numbers: half of the last place kept, less one where the mantissa is even, is
 * added to the bits and the rest cut off, which carries into the exponent by itself. Below 2^-6 places are
 * 2^-9 wide, as those of floats from 2^14 on: adding 2^14 and taking it away rounds. */
static inline float fp8_round(float x)
{
    const int32_t normal = 0x3c800000, most = 0x43e00000, infinity = 0x7f800000;
    int32_t bits, size, cut, low;
    float small;
    memcpy(&bits, &x, sizeof bits);
    size = bits & 0x7fffffff;
    cut = size > most ? most : size;
    cut = (cut + 0x7ffff + (cut >> 20 & 1)) & ~0xfffff;
    memcpy(&small, &size, sizeof small);
    small = (small + 16384.0f) - 16384.0f;
    memcpy(&low, &small, sizeof low);
    cut = size < normal ? low : cut;
    cut = size > infinity ? size : cut;
    bits = (bits & ~0x7fffffff) | cut;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* fp8_scale: by which a tile is divided, max(amax, 1e-4) / 448 of its n values (V3 section 3.3.2, online
 * quantisation): the largest lands on 448. */
double fp8_scale(const double *x, size_t n);

/* How a matrix is cut: rows x cols in tiles of tile_rows x tile_cols; those at the lower and right edge may
 * be smaller. V3: activations in tiles 1 x 128, weights in blocks 128 x 128. All > 0. */
struct fp8_tiling {
    size_t rows, cols, tile_rows, tile_cols;
};

/* fp8_tiles: how many scales a matrix has: ceil(rows / tile_rows) * ceil(cols / tile_cols). */
size_t fp8_tiles(const struct fp8_tiling *t);

/* fp8_quantize: codes and scales of a matrix.
 *   x [rows, cols] in, finite;  code [rows, cols] out;  scale [fp8_tiles] out, row by row
 * code = fp8_encode(x / scale of its tile). fp8_dequantize: x = fp8_decode(code) * scale. Threads: pure. */
void fp8_quantize(const struct fp8_tiling *t, const double *x, unsigned char *code, double *scale);
void fp8_dequantize(const struct fp8_tiling *t, const unsigned char *code, const double *scale, double *x);

#endif
