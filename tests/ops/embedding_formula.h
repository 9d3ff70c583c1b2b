/* embedding_formula.h: y = dropout(LN(word[id] + type + position[p])), and the gradients, token by token. */
#include "layernorm_formula.h"

static void F(embedded_row)(const trial *t, int64_t r, REAL *s, double *s_size) {
    int64_t columns = columns_of(t, "word");
    const REAL *word = F(values)(t, "word") + values_i32(t, "ids")[r] * columns;
    const REAL *position = F(values)(t, "position") + values_i32(t, "positions")[r] * columns;
    const REAL *type = F(values)(t, "type");
    for (int64_t c = 0; c < columns; c++) {
        s[c] = word[c] + type[c] + position[c];
        s_size[c] = fabs((double)word[c]) + fabs((double)type[c]) + fabs((double)position[c]);
    }
}

static void F(embedding_fwd)(trial *t) {
    const REAL *gamma = F(values)(t, "gamma"), *beta = F(values)(t, "beta");
    int64_t columns = columns_of(t, "word");
    REAL *s = calloc((size_t)columns, sizeof *s);
    double *s_size = calloc((size_t)columns, sizeof *s_size), size;
    for (int64_t r = 0; r < rows_of(t, "ids"); r++) {
        F(embedded_row)(t, r, s, s_size);
        F(row_norm) n = F(row_statistics)(s, s_size, columns, (REAL)(float)layer_eps);
        F(put)(t, "mean", r, n.mean, n.mean_size);
        F(put)(t, "rstd", r, n.rstd, n.rstd_size);
        for (int64_t c = 0; c < columns; c++) {
            REAL keep = F(keep)(t, r, c, columns);
            REAL y = keep * F(normal_value)(n, s[c], s_size[c], gamma[c], beta[c], &size);
            F(put)(t, "y", r * columns + c, y, (double)keep * size);
        }
    }
    free(s);
    free(s_size);
}

typedef struct F(gradient_sum) {
    const char *name;
    int64_t count;
    REAL *sum;
    double *size;
} F(gradient_sum);

static void F(add_row)(F(gradient_sum) * g, int64_t row, const REAL *ds, const double *ds_size, int64_t columns) {
    for (int64_t c = 0; c < columns; c++) {
        g->sum[row * columns + c] += ds[c];
        g->size[row * columns + c] += ds_size[c];
    }
}

static void F(embedding_bwd)(trial *t) {
    const shape *sh = SHAPE(shape);
    const REAL *dy = F(values)(t, "dy"), *gamma = F(values)(t, "gamma");
    const REAL *mean = F(values)(t, "mean"), *rstd = F(values)(t, "rstd");
    const int32_t *ids = values_i32(t, "ids"), *positions = values_i32(t, "positions");
    int64_t columns = columns_of(t, "word");
    F(gradient_sum)
    g[] = {{"dword", sh->words * columns, NULL, NULL},
           {"dposition", sh->positions * columns, NULL, NULL},
           {"dtype", columns, NULL, NULL},
           {"dgamma", columns, NULL, NULL},
           {"dbeta", columns, NULL, NULL}};
    for (int k = 0; k < 5; k++) {
        g[k].sum = calloc((size_t)g[k].count, sizeof *g[k].sum);
        g[k].size = calloc((size_t)g[k].count, sizeof *g[k].size);
    }
    REAL *rows = calloc(3 * (size_t)columns, sizeof *rows), *s = rows, *gy = s + columns, *ds = gy + columns;
    double *sizes = calloc(2 * (size_t)columns, sizeof *sizes), *s_size = sizes, *ds_size = sizes + columns;
    for (int64_t r = 0; r < rows_of(t, "dy"); r++) {
        F(row_norm) n = {.mean = mean[r], .rstd = rstd[r]};
        F(embedded_row)(t, r, s, s_size);
        for (int64_t c = 0; c < columns; c++)
            gy[c] = F(keep)(t, r, c, columns) * dy[r * columns + c];
        F(row_gradient)(s, s_size, gy, n, gamma, columns, ds, ds_size, g[3].sum, g[3].size, g[4].sum, g[4].size);
        if (ids[r] != pad_word(sh))
            F(add_row)(&g[0], ids[r], ds, ds_size, columns);
        if (positions[r] != pad_position(sh))
            F(add_row)(&g[1], positions[r], ds, ds_size, columns);
        F(add_row)(&g[2], 0, ds, ds_size, columns);
    }
    for (int k = 0; k < 5; k++) {
        for (int64_t i = 0; i < g[k].count; i++)
            F(put)(t, g[k].name, i, g[k].sum[i], g[k].size[i]);
        free(g[k].sum);
        free(g[k].size);
    }
    free(rows);
    free(sizes);
}
