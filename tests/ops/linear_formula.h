/* linear_formula.h: y = x W^T + b and its gradients, one multiplication at a time. */

static void F(linear_fwd)(trial *t) {
    const REAL *x = F(values)(t, "x"), *w = F(values)(t, "w"), *bias = NULL;
    int64_t in = columns_of(t, "w"), out = rows_of(t, "w");
    if (operand_find(t, "bias"))
        bias = F(values)(t, "bias");
    for (int64_t r = 0; r < rows_of(t, "x"); r++)
        for (int64_t o = 0; o < out; o++) {
            REAL sum = 0;
            double size = 0;
            for (int64_t i = 0; i < in; i++) {
                sum += x[r * in + i] * w[o * in + i];
                size += fabs((double)(x[r * in + i] * w[o * in + i]));
            }
            if (bias) {
                sum += bias[o];
                size += fabs((double)bias[o]);
            }
            F(put)(t, "y", r * out + o, sum, size);
        }
}

static void F(linear_bwd_data)(trial *t) {
    const REAL *dy = F(values)(t, "dy"), *w = F(values)(t, "w");
    int64_t in = columns_of(t, "w"), out = rows_of(t, "w");
    for (int64_t r = 0; r < rows_of(t, "dy"); r++)
        for (int64_t i = 0; i < in; i++) {
            REAL sum = 0;
            double size = 0;
            for (int64_t o = 0; o < out; o++) {
                sum += dy[r * out + o] * w[o * in + i];
                size += fabs((double)(dy[r * out + o] * w[o * in + i]));
            }
            F(put)(t, "dx", r * in + i, sum, size);
        }
}

static void F(linear_bwd_weight)(trial *t) {
    const REAL *dy = F(values)(t, "dy"), *x = F(values)(t, "x");
    int64_t in = columns_of(t, "x"), out = columns_of(t, "dy"), rows = rows_of(t, "dy");
    for (int64_t o = 0; o < out; o++) {
        REAL column = 0;
        double column_size = 0;
        for (int64_t r = 0; r < rows; r++) {
            column += dy[r * out + o];
            column_size += fabs((double)dy[r * out + o]);
        }
        if (operand_find(t, "dbias"))
            F(put)(t, "dbias", o, column, column_size);
        for (int64_t i = 0; i < in; i++) {
            REAL sum = 0;
            double size = 0;
            for (int64_t r = 0; r < rows; r++) {
                sum += dy[r * out + o] * x[r * in + i];
                size += fabs((double)(dy[r * out + o] * x[r * in + i]));
            }
            F(put)(t, "dw", o * in + i, sum, size);
        }
    }
}
