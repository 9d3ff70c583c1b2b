/* layernorm_formula.h: LayerNorm of one row and its gradient, for the embedding and residual formulas. `s` is the row,
 * `s_size` the sizes of its elements.
 */

typedef struct F(row_norm) {
    REAL mean, rstd;
    double mean_size, rstd_size;
} F(row_norm);

static F(row_norm) F(row_statistics)(const REAL *s, const double *s_size, int64_t columns, REAL eps) {
    F(row_norm) n = {0};
    REAL var = 0;
    double doubt = 0; /* the effect of errors of mean and s on var */
    for (int64_t h = 0; h < columns; h++) {
        n.mean += s[h];
        n.mean_size += s_size[h] / (double)columns;
    }
    n.mean /= (REAL)columns;
    for (int64_t h = 0; h < columns; h++) {
        var += (s[h] - n.mean) * (s[h] - n.mean);
        doubt += fabs((double)(s[h] - n.mean)) * (s_size[h] + n.mean_size) / (double)columns;
    }
    var /= (REAL)columns;
    n.rstd = 1 / sqrt(var + eps);
    n.rstd_size = (double)n.rstd * (1 + doubt * (double)(n.rstd * n.rstd));
    return n;
}

static REAL F(normal_value)(F(row_norm) n, REAL s, double s_size, REAL gamma, REAL beta, double *size) {
    double centred = (s_size + n.mean_size) * (double)n.rstd + fabs((double)(s - n.mean)) * n.rstd_size;
    *size = centred * fabs((double)gamma) + fabs((double)beta);
    return (s - n.mean) * n.rstd * gamma + beta;
}

/* Writes the gradient of one row and its sizes to ds, from `g`, the gradient of LN's output, and adds the row's terms
 * to dgamma and dbeta. n has the mean and rstd that forward stored. */
static void F(row_gradient)(const REAL *s, const double *s_size, const REAL *g, F(row_norm) n, const REAL *gamma,
                            int64_t columns, REAL *ds, double *ds_size, REAL *dgamma, double *dgamma_size, REAL *dbeta,
                            double *dbeta_size) {
    REAL mean_h = 0, mean_hx = 0;
    double mean_h_size = 0, mean_hx_size = 0;
    for (int64_t c = 0; c < columns; c++) {
        REAL x = (s[c] - n.mean) * n.rstd;
        double x_size = (s_size[c] + fabs((double)n.mean)) * (double)n.rstd;
        mean_h += g[c] * gamma[c];
        mean_hx += g[c] * gamma[c] * x;
        mean_h_size += fabs((double)(g[c] * gamma[c])) / (double)columns;
        mean_hx_size += fabs((double)(g[c] * gamma[c])) * x_size / (double)columns;
        dgamma[c] += g[c] * x;
        dgamma_size[c] += fabs((double)g[c]) * x_size;
        dbeta[c] += g[c];
        dbeta_size[c] += fabs((double)g[c]);
    }
    mean_h /= (REAL)columns;
    mean_hx /= (REAL)columns;
    for (int64_t c = 0; c < columns; c++) {
        REAL x = (s[c] - n.mean) * n.rstd;
        double x_size = (s_size[c] + fabs((double)n.mean)) * (double)n.rstd;
        ds[c] = n.rstd * (g[c] * gamma[c] - mean_h - x * mean_hx);
        ds_size[c] = (double)n.rstd * (fabs((double)(g[c] * gamma[c])) + mean_h_size + x_size * mean_hx_size);
    }
}
