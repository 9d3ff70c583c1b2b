/* head_formula.h: row gather, dropout, tanh. Gathered and dropped elements are exact (size 0). */

static void F(head_gather_fwd)(trial *t) {
    const REAL *x = F(values)(t, "x");
    int64_t columns = columns_of(t, "x");
    for (int64_t r = 0; r < rows_of(t, "y"); r++)
        for (int64_t c = 0; c < columns; c++)
            F(put)(t, "y", r * columns + c, x[values_i32(t, "list")[r] * columns + c], 0);
}

static void F(head_gather_bwd)(trial *t) {
    const REAL *dy = F(values)(t, "dy");
    int64_t columns = columns_of(t, "dx");
    for (int64_t i = 0; i < rows_of(t, "dx") * columns; i++)
        F(put)(t, "dx", i, 0, 0);
    for (int64_t r = 0; r < rows_of(t, "dy"); r++)
        for (int64_t c = 0; c < columns; c++) {
            REAL value = dy[r * columns + c];
            double size = t->accumulate ? fabs((double)value) : 0;
            F(put)(t, "dx", values_i32(t, "list")[r] * columns + c, value, size);
        }
}

static void F(head_dropout)(trial *t) {
    const REAL *x = F(values)(t, "x");
    int64_t columns = columns_of(t, "x");
    for (int64_t r = 0; r < rows_of(t, "x"); r++)
        for (int64_t c = 0; c < columns; c++) {
            REAL keep = F(keep)(t, r, c, columns), y = keep * x[r * columns + c];
            F(put)(t, "y", r * columns + c, y, t->threshold ? fabs((double)y) : 0);
        }
}

static void F(head_tanh_fwd)(trial *t) {
    const REAL *x = F(values)(t, "x"), *bias = F(values)(t, "bias");
    int64_t columns = columns_of(t, "x");
    for (int64_t r = 0; r < rows_of(t, "x"); r++)
        for (int64_t c = 0; c < columns; c++) {
            int64_t i = r * columns + c;
            REAL keep = F(keep)(t, r, c, columns), u = x[i] + bias[c];
            /* An error of u is scaled by the slope of tanh. */
            double slope = 1 - (double)tanh(u) * (double)tanh(u);
            double size = fabs((double)tanh(u)) + slope * (fabs((double)x[i]) + fabs((double)bias[c]));
            F(put)(t, "y", i, keep * tanh(u), (double)keep * size);
        }
}

static void F(head_tanh_bwd)(trial *t) {
    const REAL *dy = F(values)(t, "dy"), *x = F(values)(t, "x"), *bias = F(values)(t, "bias");
    int64_t columns = columns_of(t, "x");
    for (int64_t c = 0; c < columns; c++) {
        REAL sum = 0;
        double sum_size = 0;
        for (int64_t r = 0; r < rows_of(t, "x"); r++) {
            int64_t i = r * columns + c;
            REAL keep = F(keep)(t, r, c, columns), y = tanh(x[i] + bias[c]);
            REAL dx = keep * dy[i] * (1 - y * y);
            double size = (double)keep * fabs((double)dy[i]) * (1 + fabs((double)x[i]) + fabs((double)bias[c]));
            F(put)(t, "dx", i, dx, size);
            sum += dx;
            sum_size += size;
        }
        F(put)(t, "dbias", c, sum, sum_size);
    }
}
