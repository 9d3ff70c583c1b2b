/* norm_formula.h: sums of squares by chunks. The outputs are f64, but the float formula sets the tolerance, since the
 * contract requires accumulation "in f32 or wider" only.
 */

static void F(norm_partial)(trial *t) {
    const REAL *grad = F(values)(t, "g");
    for (int64_t c = 0; c < rows_of(t, "partial"); c++) {
        REAL sum = 0;
        for (int64_t i = 0; i < CAM_CHUNK; i++)
            sum += grad[c * CAM_CHUNK + i] * grad[c * CAM_CHUNK + i];
        F(put)(t, "partial", c, sum, fabs((double)sum));
    }
}

static void F(norm_final)(trial *t) {
    const shape *s = SHAPE(shape);
    double sum = 0;
    for (int64_t c = 0; c < rows_of(t, "partial"); c++)
        sum += values_double(t, "partial")[c];
    t->truth.grad_norm = sqrt(sum);
    t->truth.clip_scale = 1;
    if (s->max_norm > 0)
        t->truth.clip_scale = (float)fmin(1.0, (double)(float)s->max_norm / (t->truth.grad_norm + 1e-6));
    t->truth.finite = t->state.finite && isfinite(t->truth.grad_norm) && isfinite(t->state.loss);
}
