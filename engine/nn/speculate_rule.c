/* The acceptance rule of speculative sampling, and the test of its distribution.
 *
 * Why it is exact, for one candidate: x is put out with probability q(x) min(1, p(x)/q(x)) = min(p(x),
 * q(x)), and a rejection, of probability 1 - sum min(p, q) = sum max(0, p - q), puts out x with max(0, p(x)
 * - q(x)) over that sum: together p(x). A rejection leaves the next candidate with the same task for what
 * is left of p, which does not depend on the candidate that was rejected; so the argument repeats. */
#include "engine/nn/speculate_rule.h"

#include <math.h>
#include <string.h>

int speculate_best(int V, const real *p)
{
    int best = 0;
    for (int v = 1; v < V; v++)
        if (p[v] > p[best])
            best = v;
    return best;
}

int speculate_draw(int V, const real *p, double u)
{
    double sum = 0;
    int chosen = -1;
    for (int v = 0; v < V; v++) {
        if (!(p[v] > 0))
            continue;
        sum += (double)p[v];
        chosen = v;
        if (u < sum)
            break;
    }
    return chosen;
}

static int is_among(int v, int n, const uint16_t *candidate)
{
    for (int i = 0; i < n; i++)
        if (candidate[i] == v)
            return 1;
    return 0;
}

/* The mass of q without the first n candidates. */
static double mass_left(int V, const real *q, int n, const uint16_t *candidate)
{
    double sum = 0;
    for (int v = 0; v < V; v++)
        sum += is_among(v, n, candidate) ? 0 : (double)q[v];
    return sum;
}

int speculate_other(int V, const real *q, int n, const uint16_t *candidate, double u)
{
    double mass = mass_left(V, q, n, candidate), sum = 0;
    int chosen = -1;
    for (int v = 0; v < V; v++) {
        if (!(q[v] > 0) || is_among(v, n, candidate))
            continue;
        sum += (double)q[v];
        chosen = v;
        if (u * mass < sum)
            break;
    }
    return chosen;
}

int speculate_choose(int V, const real *p, const real *q, int n, const uint16_t *candidate,
                     const double *coin, double u, real *left, int *which)
{
    double mass = 1;   /* of left, which stands for left / mass */
    for (int i = 0; i < n; i++) {
        const real *now = i ? left : p;
        double drawn_from = i ? mass_left(V, q, i, candidate) : 1, sum = 0;
        int x = candidate[i];
        if (coin[i] * (double)q[x] / drawn_from < (double)now[x] / mass) {
            *which = i;
            return x;
        }
        for (int v = 0; v < V; v++) {
            double part = is_among(v, i, candidate) ? 0 : (double)q[v] / drawn_from;
            double over = (double)now[v] / mass - part;
            left[v] = over > 0 ? (real)over : 0;
            sum += (double)left[v];
        }
        mass = sum;
        /* Rounding alone can leave nothing: then p and q were the same, and p serves. */
        if (!(mass > 0)) {
            memcpy(left, p, (size_t)V * sizeof *left);
            mass = 1;
        }
    }
    *which = -1;
    return speculate_draw(V, left, u * mass);
}

/* The share of p in each class of ranks under q, and the class of the token. */
static void classify(int V, const real *p, const real *q, int token, double part[SPECULATE_RANKS],
                     int *class_of_token)
{
    enum { NAMED = 8 };
    int top[NAMED], n = 0;
    memset(part, 0, SPECULATE_RANKS * sizeof *part);
    for (; n < NAMED && n < V; n++) {
        int best = -1;
        for (int v = 0; v < V; v++) {
            int taken = 0;
            for (int i = 0; i < n; i++)
                taken |= top[i] == v;
            if (!taken && (best < 0 || q[v] > q[best]))
                best = v;
        }
        top[n] = best;
    }
    *class_of_token = SPECULATE_RANKS - 1;
    for (int v = 0; v < V; v++)
        part[SPECULATE_RANKS - 1] += (double)p[v];
    for (int i = 0; i < n; i++) {
        int class = i < 3 ? i : 3;
        part[class] += (double)p[top[i]];
        part[SPECULATE_RANKS - 1] -= (double)p[top[i]];
        if (top[i] == token)
            *class_of_token = class;
    }
}

void speculate_check_add(struct speculate_check *c, int V, const real *p, const real *q, int token)
{
    double part[SPECULATE_RANKS];
    int class;
    classify(V, p, q, token, part, &class);
    c->n++;
    c->observed[class] += 1;
    for (int i = 0; i < SPECULATE_RANKS; i++) {
        c->expected[i] += part[i];
        for (int j = 0; j < SPECULATE_RANKS; j++)
            c->covariance[i][j] += (i == j ? part[i] : 0) - part[i] * part[j];
    }
}

double chi_squared_tail(double x, int dof)
{
    double half = x / 2, tail = dof % 2 ? erfc(sqrt(half)) : exp(-half);
    if (!(x > 0))
        return 1;
    /* With k = dof / 2: Q(k) = Q(k-1) + half^(k-1) e^-half / Gamma(k). */
    for (double k = dof % 2 ? 1.5 : 2; k <= dof / 2.0; k++)
        tail += exp((k - 1) * log(half) - half - lgamma(k));
    return tail < 1 ? tail : 1;
}

/* Solves a x = b by elimination, symmetric positive definite a [n,n]; returns b' x. */
static double quadratic_form(int n, double a[SPECULATE_RANKS][SPECULATE_RANKS], double b[SPECULATE_RANKS])
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            double by = a[j][i] / a[i][i];
            for (int k = i; k < n; k++)
                a[j][k] -= by * a[i][k];
            b[j] -= by * b[i];
        }
        sum += b[i] * b[i] / a[i][i];
    }
    return sum;
}

double speculate_check_p(const struct speculate_check *c, double *chi_squared, int *dof)
{
    double a[SPECULATE_RANKS][SPECULATE_RANKS] = {{0}}, d[SPECULATE_RANKS] = {0},
        expected[SPECULATE_RANKS] = {0};
    int to[SPECULATE_RANKS], n = 0;
    for (int i = 0; i < SPECULATE_RANKS; i++) {
        if (i > 0 && c->expected[i] >= 5 && expected[n] >= 5)
            n++;
        to[i] = n;
        expected[n] += c->expected[i];
    }
    for (int i = 0; i < SPECULATE_RANKS; i++) {
        d[to[i]] += c->observed[i] - c->expected[i];
        for (int j = 0; j < SPECULATE_RANKS; j++)
            a[to[i]][to[j]] += c->covariance[i][j];
    }
    *dof = n;
    *chi_squared = 0;
    if (c->n == 0 || n == 0)
        return NAN;
    *chi_squared = quadratic_form(n, a, d);   /* the last class is what the others leave */
    return chi_squared_tail(*chi_squared, n);
}
