/* Estimators over sub-samples: what k samples would have come to, from n >= k that were drawn. */
#include <string.h>

#include "engine/run/compute.h"

int compute_sizes(int n, int size[COMPUTE_POINTS])
{
    int count = 0;
    for (int k = 1; k < n; k *= 2)
        size[count++] = k;
    size[count++] = n;
    return count;
}

double compute_chosen(int n, const double *key, const double *value, int k)
{
    int order[COMPUTE_K_MAX] = {0};
    /* Of all subsets those in which the i-th is first: it is in, and k-1 of those behind it. */
    double first = (double)k / n, sum = 0;
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0 && key[order[at - 1]] < key[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i + k <= n; i++) {
        sum += first * value[order[i]];
        /* C(n-i-2, k-1) / C(n-i-1, k-1) */
        if (n - i > 1)
            first *= (double)(n - i - k) / (n - i - 1);
    }
    return sum;
}

/* n choose k, or most + 1 where it is more. */
static int choose(int n, int k, int most)
{
    double c = 1;
    for (int i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return c > most ? most + 1 : (int)(c + 0.5);
}

static double share_of(const char (*answer)[ANSWER_BYTES], const unsigned char *right, const int *index,
                       int k)
{
    char given[COMPUTE_K_MAX][ANSWER_BYTES];
    unsigned char is_right[COMPUTE_K_MAX];
    for (int i = 0; i < k; i++) {
        memcpy(given[i], answer[index[i]], ANSWER_BYTES);
        is_right[i] = right[index[i]];
    }
    return majority_share(k, (const char (*)[ANSWER_BYTES])given, is_right);
}

/* The next subset in lexicographic order; 0 after the last. */
static int next_subset(int n, int *index, int k)
{
    int i = k - 1;
    while (i >= 0 && index[i] == n - k + i)
        i--;
    if (i < 0)
        return 0;
    index[i]++;
    for (int j = i + 1; j < k; j++)
        index[j] = index[j - 1] + 1;
    return 1;
}

/* Any subset of k, each as likely as the others, in ascending order (Knuth 3.4.2 S). */
static void draw_subset(int n, int *index, int k, struct rng *r)
{
    for (int i = 0, have = 0; have < k; i++)
        if (rng_below(r, n - i) < k - have)
            index[have++] = i;
}

double compute_majority(int n, const char (*answer)[ANSWER_BYTES], const unsigned char *right, int k,
                        int most, struct rng *r)
{
    int index[COMPUTE_K_MAX], all = choose(n, k, most), count = 0;
    double sum = 0;
    for (int i = 0; i < k; i++)
        index[i] = i;
    if (all <= most) {
        do {
            sum += share_of(answer, right, index, k);
            count++;
        } while (next_subset(n, index, k));
        return sum / count;
    }
    for (count = 0; count < most; count++) {
        draw_subset(n, index, k, r);
        sum += share_of(answer, right, index, k);
    }
    return sum / count;
}
