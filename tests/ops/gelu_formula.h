/* gelu_formula.h: GELU by erf, and its derivative Phi(u) + u phi(u). */

static REAL F(erf_of)(REAL u) {
    return erf(u * (REAL)0.70710678118654752440);
}

static void F(gelu_fwd)(trial *t) {
    const REAL *x = F(values)(t, "x"), *bias = F(values)(t, "bias");
    int64_t columns = columns_of(t, "x");
    for (int64_t i = 0; i < rows_of(t, "x") * columns; i++) {
        REAL u = x[i] + bias[i % columns];
        F(put)(t, "y", i, u / 2 * (1 + F(erf_of)(u)), fabs((double)x[i]) + fabs((double)bias[i % columns]));
    }
}

static void F(gelu_bwd)(trial *t) {
    const REAL *dy = F(values)(t, "dy"), *x = F(values)(t, "x"), *bias = F(values)(t, "bias");
    int64_t columns = columns_of(t, "x");
    for (int64_t c = 0; c < columns; c++) {
        REAL sum = 0;
        double sum_size = 0;
        for (int64_t r = 0; r < rows_of(t, "x"); r++) {
            int64_t i = r * columns + c;
            REAL u = x[i] + bias[c];
            REAL density = exp(-u * u / 2) * (REAL)0.39894228040143267794;
            REAL dx = dy[i] * ((1 + F(erf_of)(u)) / 2 + u * density);
            /* The derivative changes by at most 0.8 per unit of u. */
            double size = fabs((double)dy[i]) * (1 + fabs((double)x[i]) + fabs((double)bias[c]));
            F(put)(t, "dx", i, dx, size);
            sum += dx;
            sum_size += size;
        }
        F(put)(t, "dbias", c, sum, sum_size);
    }
}
