/* E4M3 in software. A value is scaled so that its code's last place is 1, and rounded to whole by rint(),
 * which in the rounding mode of a program that never changes it is to the nearest even. Scaling by powers
 * of two is exact, so there is one rounding only. Codes of neighbouring values are neighbours, across
 * binades too: a mantissa that rounds up to 16 carries into the exponent by itself. */
#include "engine/nn/fp8.h"

#include <math.h>

enum { BIAS = 7, MANTISSA = 3, LEAST = 1 - BIAS };   /* LEAST: the exponent of subnormals */

double fp8_decode(unsigned char code)
{
    int e = code >> MANTISSA & 15, m = code & 7;
    double size = (code & 0x7f) == FP8_NAN ? NAN
                  : e == 0                 ? ldexp(m, LEAST - MANTISSA)
                                           : ldexp(8 + m, e - BIAS - MANTISSA);
    return code & 0x80 ? -size : size;
}

unsigned char fp8_encode(double x)
{
    unsigned char sign = signbit(x) ? 0x80 : 0;
    double size = fabs(x);
    int e = LEAST;
    if (isnan(x))
        return FP8_NAN;
    if (size >= FP8_MAX)
        return sign | FP8_LARGEST;
    if (size >= ldexp(1, LEAST))
        e = ilogb(size);
    /* Whole units of the last place: below 8 without, from 8 on with the leading 1 that the exponent stands
     * for. */
    return (unsigned char)(sign | (((e - LEAST) << MANTISSA) + (int)rint(ldexp(size, MANTISSA - e))));
}

double fp8_scale(const double *x, size_t n)
{
    double amax = 0;
    for (size_t i = 0; i < n; i++)
        amax = fmax(amax, fabs(x[i]));
    return fmax(amax, FP8_LEAST_AMAX) / FP8_MAX;
}

static size_t parts(size_t n, size_t size)
{
    return n / size + (n % size != 0);
}

size_t fp8_tiles(const struct fp8_tiling *t)
{
    return parts(t->rows, t->tile_rows) * parts(t->cols, t->tile_cols);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void fp8_quantize(const struct fp8_tiling *t, const double *x, unsigned char *code, double *scale)
{
    for (size_t r = 0; r < t->rows; r += least(t->tile_rows, t->rows - r))
        for (size_t c = 0; c < t->cols; c += least(t->tile_cols, t->cols - c)) {
            size_t height = least(t->tile_rows, t->rows - r), width = least(t->tile_cols, t->cols - c);
            double s = 0;
            for (size_t i = r; i < r + height; i++)
                s = fmax(s, fp8_scale(x + i * t->cols + c, width));
            *scale++ = s;
            for (size_t i = r; i < r + height; i++)
                for (size_t j = c; j < c + width; j++)
                    code[i * t->cols + j] = fp8_encode(x[i * t->cols + j] / s);
        }
}

void fp8_dequantize(const struct fp8_tiling *t, const unsigned char *code, const double *scale, double *x)
{
    size_t across = parts(t->cols, t->tile_cols);
    for (size_t i = 0; i < t->rows; i++)
        for (size_t j = 0; j < t->cols; j++)
            x[i * t->cols + j] = fp8_decode(code[i * t->cols + j]) *
                                 scale[i / t->tile_rows * across + j / t->tile_cols];
}
