/* Kernels that go row by row or number by number: norms, activations, rotary positions, softmax, AdamW. A
 * body for the kernels_*.c files, written once against vecmath.h. Formulas and shapes: kernels.h. */

static void rmsnorm(int T, int D, const real *x, int ldx, const real *w, real eps, real *y, int ldy,
                    real *rstd)
{
    for (int t = 0; t < T; t++, x += ldx, y += ldy) {
        vec squares = v_zero();
        for (int j = 0; j < D; j += VL) {
            vec a = v_load_n(x + j, D - j);
            squares = v_fma(a, a, squares);
        }
        rstd[t] = 1 / r_sqrt(v_sum(squares) / (real)D + eps);
        vec r = v_set1(rstd[t]);
        for (int j = 0; j < D; j += VL)
            v_store_n(y + j, D - j, v_mul(v_mul(v_load_n(x + j, D - j), r), v_load_n(w + j, D - j)));
    }
}

/* With n = x rstd and g = dy w:  dx += rstd (g - n mean(g n)),  dw += dy n. */
static void rmsnorm_backward(int T, int D, const real *x, int ldx, const real *w, const real *rstd,
                             const real *dy, int ldy, real *dx, int lddx, real *dw)
{
    for (int t = 0; t < T; t++, x += ldx, dy += ldy, dx += lddx) {
        vec r = v_set1(rstd[t]), dot = v_zero();
        for (int j = 0; j < D; j += VL) {
            vec n = v_mul(v_load_n(x + j, D - j), r), d = v_load_n(dy + j, D - j);
            dot = v_fma(v_mul(d, v_load_n(w + j, D - j)), n, dot);
            v_store_n(dw + j, D - j, v_fma(d, n, v_load_n(dw + j, D - j)));
        }
        vec mean = v_set1(v_sum(dot) / (real)D);
        for (int j = 0; j < D; j += VL) {
            vec n = v_mul(v_load_n(x + j, D - j), r);
            vec g = v_mul(v_load_n(dy + j, D - j), v_load_n(w + j, D - j));
            v_store_n(dx + j, D - j, v_fma(r, v_sub(g, v_mul(n, mean)), v_load_n(dx + j, D - j)));
        }
    }
}

V_INLINE vec v_sigmoid(vec g)
{
    vec one = v_set1(1);
    return v_div(one, v_add(one, v_exp(v_sub(v_zero(), g))));
}

static void swiglu(int T, int F, const real *gu, real *y)
{
    for (int t = 0; t < T; t++, gu += 2 * F, y += F)
        for (int j = 0; j < F; j += VL) {
            vec g = v_load_n(gu + j, F - j), u = v_load_n(gu + F + j, F - j);
            v_store_n(y + j, F - j, v_mul(v_mul(g, v_sigmoid(g)), u));
        }
}

/* silu'(g) = s (1 + g (1 - s)), s = sigmoid(g). */
static void swiglu_backward(int T, int F, const real *gu, const real *dy, real *dgu)
{
    vec one = v_set1(1);
    for (int t = 0; t < T; t++, gu += 2 * F, dy += F, dgu += 2 * F)
        for (int j = 0; j < F; j += VL) {
            vec g = v_load_n(gu + j, F - j), u = v_load_n(gu + F + j, F - j), d = v_load_n(dy + j, F - j);
            vec s = v_sigmoid(g);
            vec slope = v_mul(s, v_fma(g, v_sub(one, s), one));
            v_store_n(dgu + j, F - j, v_mul(v_mul(d, u), slope));
            v_store_n(dgu + F + j, F - j, v_mul(d, v_mul(g, s)));
        }
}

static void rope(int T, int n, int d, real *x, int ld, int stride, const int *position, const real *table,
                 int sign)
{
    for (int t = 0; t < T; t++) {
        const real *turn = table + (ptrdiff_t)position[t] * d;
        for (int h = 0; h < n; h++) {
            real *p = x + (ptrdiff_t)t * ld + (ptrdiff_t)h * stride;
#if VL > 1
            for (int j = 0; j < d; j += VL) {
                vec a = v_load_n(p + j, d - j), cs = v_load_n(turn + j, d - j);
                vec cross = v_mul(v_swap(a), v_odd(cs));
                a = sign > 0 ? v_fmaddsub(a, v_even(cs), cross) : v_fmsubadd(a, v_even(cs), cross);
                v_store_n(p + j, d - j, a);
            }
#else
            for (int j = 0; j < d; j += 2) {
                real c = turn[j], s = (real)sign * turn[j + 1], a = p[j], b = p[j + 1];
                p[j] = a * c - b * s;
                p[j + 1] = a * s + b * c;
            }
#endif
        }
    }
}

/* One row: z = logit * inv_temperature - max; *log_sum = log sum e^z, *mean = sum z e^z / sum e^z. */
static void softmax_row(int V, real *x, real inv_temperature, real *max, real *log_sum, real *mean)
{
    vec inv = v_set1(inv_temperature), top = v_set1(-INFINITY), sum = v_zero(), dot = v_zero();
    vec floor = v_set1(-1000);  /* e^z is 0 there, and 0 * z stays finite for a banned token's -Inf */
    for (int j = 0; j < V; j += VL)
        top = v_max(v_keep_n(v_mul(v_load_n(x + j, V - j), inv), V - j, top), top);
    *max = v_top(top);
    vec shift = v_set1(*max);
    for (int j = 0; j < V; j += VL) {
        vec z = v_max(floor, v_sub(v_mul(v_load_n(x + j, V - j), inv), shift));
        vec e = v_keep_n(v_exp(z), V - j, v_zero());
        sum = v_add(sum, e);
        dot = v_fma(e, z, dot);
        v_store_n(x + j, V - j, e);
    }
    real total = v_sum(sum), scale = 1 / total;
    for (int j = 0; j < V; j += VL)
        v_store_n(x + j, V - j, v_mul(v_load_n(x + j, V - j), v_set1(scale)));
    *log_sum = r_log(total);
    *mean = v_sum(dot) * scale;
}

static void softmax(int T, int V, real *logits, real inv_temperature, const int *target, real *logp,
                    real *entropy)
{
    for (int t = 0; t < T; t++, logits += V) {
        real chosen = target[t] >= 0 ? logits[target[t]] * inv_temperature : 0, max, log_sum, mean;
        softmax_row(V, logits, inv_temperature, &max, &log_sum, &mean);
        logp[t] = target[t] >= 0 ? chosen - max - log_sum : 0;
        if (entropy)
            entropy[t] = log_sum - mean;
    }
}

static void softmax_backward(int T, int V, real *p, real inv_temperature, const int *target,
                             const real *dlogp)
{
    for (int t = 0; t < T; t++, p += V) {
        if (target[t] < 0) {
            memset(p, 0, (size_t)V * sizeof *p);
            continue;
        }
        real g = dlogp[t] * inv_temperature, at = g * (1 - p[target[t]]);
        vec minus = v_set1(-g);
        for (int j = 0; j < V; j += VL)
            v_store_n(p + j, V - j, v_mul(minus, v_load_n(p + j, V - j)));
        p[target[t]] = at;
    }
}

static void adamw(size_t n, real *w, real *m, real *v, const real *grad, real grad_scale, real lr, real beta1,
                  real beta2, real c1, real c2, real eps, real decay)
{
    vec scale = v_set1(grad_scale), b1 = v_set1(beta1), b2 = v_set1(beta2), a1 = v_set1(1 - beta1);
    vec a2 = v_set1(1 - beta2), r1 = v_set1(1 / c1), r2 = v_set1(1 / c2), e = v_set1(eps);
    vec rate = v_set1(-lr), lambda = v_set1(decay);
    for (size_t i = 0; i < n; i += VL) {
        int left = n - i < VL ? (int)(n - i) : VL;
        vec g = v_mul(v_load_n(grad + i, left), scale), x = v_load_n(w + i, left);
        vec first = v_fma(b1, v_load_n(m + i, left), v_mul(a1, g));
        vec second = v_fma(b2, v_load_n(v + i, left), v_mul(a2, v_mul(g, g)));
        vec step = v_div(v_mul(first, r1), v_add(v_sqrt(v_mul(second, r2)), e));
        v_store_n(m + i, left, first);
        v_store_n(v + i, left, second);
        v_store_n(w + i, left, v_fma(rate, v_fma(lambda, x, step), x));
    }
}

static void add(size_t n, const real *x, real *y)
{
    for (size_t i = 0; i < n; i += VL) {
        int left = n - i < VL ? (int)(n - i) : VL;
        v_store_n(y + i, left, v_add(v_load_n(y + i, left), v_load_n(x + i, left)));
    }
}

static double sum_squares(size_t n, const real *x)
{
    dvec low = d_zero(), high = d_zero();
    for (size_t i = 0; i < n; i += VL)
        d_add_squares(v_load_n(x + i, n - i < VL ? (int)(n - i) : VL), &low, &high);
    return d_sum(d_add(low, high));
}
