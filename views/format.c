/* Numbers as people read them. */
#include "views/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "3.1e-04" -> "3.1e-4": the exponent's sign stays, its leading zero goes. */
static void shorten_exponent(char *s)
{
    char *e = strchr(s, 'e'), *from;

    if (!e || !e[1])
        return;
    e++;
    if (*e == '+')
        memmove(e, e + 1, strlen(e));
    else
        e++;
    for (from = e; *from == '0' && from[1]; from++)
        ;
    memmove(e, from, strlen(from) + 1);
}

const char *format_number(char out[FORMAT_BYTES], double v)
{
    double a = fabs(v);

    if (isnan(v))
        snprintf(out, FORMAT_BYTES, "-");
    else if (isinf(v))
        snprintf(out, FORMAT_BYTES, v < 0 ? "-inf" : "inf");
    else if (a == 0)
        snprintf(out, FORMAT_BYTES, "0");
    else if (a >= 999500e3)
        snprintf(out, FORMAT_BYTES, "%.2e", v);
    else if (a >= 999500)
        snprintf(out, FORMAT_BYTES, "%.1fM", v / 1e6);
    else if (a >= 999.5)
        snprintf(out, FORMAT_BYTES, a >= 99950 ? "%.0fk" : "%.1fk", v / 1e3);
    else if (a >= 99.95)
        snprintf(out, FORMAT_BYTES, "%.0f", v);
    else if (a >= 9.995)
        snprintf(out, FORMAT_BYTES, "%.1f", v);
    else if (a >= 0.0995)
        snprintf(out, FORMAT_BYTES, "%.2f", v);
    else if (a >= 0.000995)
        snprintf(out, FORMAT_BYTES, "%.*f", a >= 0.00995 ? 3 : 4, v);
    else
        snprintf(out, FORMAT_BYTES, "%.1e", v);
    shorten_exponent(out);
    return out;
}

const char *format_tick(char out[FORMAT_BYTES], double v, double step)
{
    double a = fabs(step);
    int decimals = 0;

    if (fabs(v) < a * 1e-6)
        v = 0;
    if (!(a > 0) || !isfinite(v))
        return format_number(out, v);
    if (a < 0.0005 || fabs(v) >= 1e6) {
        snprintf(out, FORMAT_BYTES, v == 0 ? "0" : "%.2g", v);
        shorten_exponent(out);
        return out;
    }
    if (fabs(v) >= 1e4 && a >= 100) {
        snprintf(out, FORMAT_BYTES, a >= 1000 ? "%.0fk" : "%.1fk", v / 1e3);
        return out;
    }
    while (decimals < 4 && fabs(a - round(a)) > 1e-6 * a) {
        a *= 10;
        decimals++;
    }
    snprintf(out, FORMAT_BYTES, "%.*f", decimals, v);
    return out;
}

const char *format_clock(char out[FORMAT_BYTES], double seconds)
{
    long long s;

    if (!(seconds >= 0) || seconds > 1e9) {
        snprintf(out, FORMAT_BYTES, "-");
        return out;
    }
    s = (long long)seconds;
    if (s >= 3600)
        snprintf(out, FORMAT_BYTES, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, FORMAT_BYTES, "%lld:%02lld", s / 60, s % 60);
    return out;
}
