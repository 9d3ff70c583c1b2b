/* adamw_formula.h: one update of torch.optim.AdamW, with the factors of a chunk in f64, rounded to f32 for the
 * elements. */

static void F(adamw)(trial *t) {
    const shape *s = SHAPE(shape);
    const cam_step_state *st = &t->state;
    const operand *param = operand_get(t, "param"), *m = operand_get(t, "m"), *v = operand_get(t, "v");
    const REAL *grad = F(values)(t, "grad");
    const double *chunks = values_double(t, "chunks");
    for (int64_t i = 0; i < param->count; i++) {
        REAL old_p = (REAL)param->old[i], old_m = (REAL)m->old[i], old_v = (REAL)v->old[i];
        if (!st->finite) {
            F(put)(t, "param", i, old_p, 0);
            F(put)(t, "m", i, old_m, 0);
            F(put)(t, "v", i, old_v, 0);
            continue;
        }
        double lr = st->learning_rate * chunks[i / CAM_CHUNK * 2];
        REAL shrink = (REAL)(1 - lr * chunks[i / CAM_CHUNK * 2 + 1]);
        REAL rate = (REAL)(lr / st->bias_correction1), root = (REAL)sqrt(st->bias_correction2);
        REAL b1 = (REAL)(1 - s->beta1), b2 = (REAL)s->beta2, c2 = (REAL)(1 - s->beta2), eps = (REAL)s->eps;
        REAL g = grad[i] * (REAL)st->clip_scale;
        REAL new_m = old_m + b1 * (g - old_m), new_v = b2 * old_v + c2 * g * g;
        REAL denominator = sqrt(new_v) / root + eps, p = old_p * shrink;
        double m_size = fabs((double)old_m) + (double)b1 * (fabs((double)g) + fabs((double)old_m));
        F(put)(t, "m", i, new_m, m_size);
        F(put)(t, "v", i, new_v, fabs((double)new_v));
        F(put)
        (t, "param", i, p - rate * new_m / denominator, fabs((double)p) + (double)rate * m_size / (double)denominator);
    }
}
