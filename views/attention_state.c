/* What a row of attention says, told from its numbers. */
#include "views/attention_state.h"

#include <stddef.h>

static size_t begin_of(int row)
{
    return (size_t)row * ((size_t)row + 1) / 2;
}

int attention_links(const struct attention_facts *f, int row, int most, float least,
                    struct attention_link *out)
{
    const float *w = f->weight + begin_of(row);
    int n = 0, j, k;

    for (j = 0; j <= row; j++) {
        if (!(w[j] >= least) || (n == most && w[j] <= out[n - 1].weight))
            continue;
        for (k = n < most ? n++ : n - 1; k > 0 && out[k - 1].weight < w[j]; k--)
            out[k] = out[k - 1];
        out[k] = (struct attention_link){j, w[j], f->content[begin_of(row) + (size_t)j],
                                         f->place[begin_of(row) + (size_t)j]};
    }
    return n;
}

static double variance(const float *v, int n)
{
    double mean = 0, sum = 0;
    int i;

    for (i = 0; i < n; i++)
        mean += (double)v[i] / n;
    for (i = 0; i < n; i++)
        sum += ((double)v[i] - mean) * ((double)v[i] - mean) / n;
    return sum;
}

void attention_shares(const struct attention_facts *f, int row, double *content, double *place)
{
    double a = variance(f->content + begin_of(row), row + 1), b = variance(f->place + begin_of(row), row + 1);

    *content = a + b > 0 ? a / (a + b) : 0;
    *place = a + b > 0 ? b / (a + b) : 0;
}

int attention_row(const struct attention_facts *f, int token)
{
    int row = f->prompt_n - 1 + token;

    return token >= 0 && row < f->rows ? row : -1;
}
