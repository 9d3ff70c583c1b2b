/* residual_formula.h: z = dropout(x + bias) + residual, y = LN(z), and the gradients. */
#include "layernorm_formula.h"

static void F(residual_fwd)(trial *t) {
    const REAL *x = F(values)(t, "x"), *bias = NULL, *residual = NULL;
    const REAL *gamma = F(values)(t, "gamma"), *beta = F(values)(t, "beta");
    int64_t columns = columns_of(t, "y");
    if (operand_find(t, "bias"))
        bias = F(values)(t, "bias");
    if (operand_find(t, "residual"))
        residual = F(values)(t, "residual");
    REAL *z = calloc((size_t)columns, sizeof *z);
    double *z_size = calloc((size_t)columns, sizeof *z_size), size;
    for (int64_t r = 0; r < rows_of(t, "y"); r++) {
        for (int64_t c = 0; c < columns; c++) {
            int64_t i = r * columns + c;
            REAL keep = F(keep)(t, r, c, columns);
            REAL added = bias ? bias[c] : 0, more = residual ? residual[i] : 0;
            z[c] = F(stored)(t, keep * (x[i] + added) + more);
            z_size[c] = (double)keep * (fabs((double)x[i]) + fabs((double)added)) + fabs((double)more);
            F(put)(t, "z", i, z[c], z_size[c]);
        }
        F(row_norm) n = F(row_statistics)(z, z_size, columns, (REAL)(float)layer_eps);
        F(put)(t, "mean", r, n.mean, n.mean_size);
        F(put)(t, "rstd", r, n.rstd, n.rstd_size);
        for (int64_t c = 0; c < columns; c++) {
            REAL y = F(normal_value)(n, z[c], z_size[c], gamma[c], beta[c], &size);
            F(put)(t, "y", r * columns + c, y, size);
        }
    }
    free(z);
    free(z_size);
}

static void F(residual_bwd)(trial *t) {
    const REAL *dy = F(values)(t, "dy"), *z = F(values)(t, "z"), *gamma = F(values)(t, "gamma");
    const REAL *mean = F(values)(t, "mean"), *rstd = F(values)(t, "rstd");
    size_t columns = (size_t)columns_of(t, "dy");
    REAL *sums = calloc(4 * columns, sizeof *sums); /* dz of a row, dbias, dgamma, dbeta */
    double *sizes = calloc(5 * columns, sizeof *sizes), *z_size = sizes + 4 * columns;
    for (int64_t r = 0; r < rows_of(t, "dy"); r++) {
        const REAL *row = z + r * (int64_t)columns;
        F(row_norm) n = {.mean = mean[r], .rstd = rstd[r]};
        for (size_t c = 0; c < columns; c++)
            z_size[c] = fabs((double)row[c]);
        F(row_gradient)
        (row, z_size, dy + r * (int64_t)columns, n, gamma, (int64_t)columns, sums, sizes, sums + 2 * columns,
         sizes + 2 * columns, sums + 3 * columns, sizes + 3 * columns);
        for (size_t c = 0; c < columns; c++) {
            int64_t i = r * (int64_t)columns + (int64_t)c;
            REAL keep = F(keep)(t, r, (int64_t)c, (int64_t)columns);
            if (operand_find(t, "dresidual"))
                F(put)(t, "dresidual", i, sums[c], sizes[c]);
            F(put)(t, "dx", i, keep * sums[c], (double)keep * sizes[c]);
            sums[columns + c] += keep * sums[c];
            sizes[columns + c] += (double)keep * sizes[c];
        }
    }
    static const char *const names[] = {"dbias", "dgamma", "dbeta"};
    for (size_t k = 0; k < 3; k++)
        for (size_t c = 0; c < columns; c++)
            if (operand_find(t, names[k]))
                F(put)(t, names[k], (int64_t)c, sums[(k + 1) * columns + c], sizes[(k + 1) * columns + c]);
    free(sums);
    free(sizes);
}
