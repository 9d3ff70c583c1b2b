/* adamw_formula.h: one update of torch.optim.AdamW; the factors of a chunk are computed in f64 and rounded to f32. */

static void F(adamw)(trial *t) {
    const shape *s = SHAPE(shape);
    const cam_step_state *st = &t->state;
    const operand *master = operand_get(t, "master"), *m = operand_get(t, "m"), *v = operand_get(t, "v");
    const REAL *grad = F(values)(t, "g");
    cam_chunk chunk;
    for (int64_t i = 0; i < master->count; i++) {
        REAL old_p = (REAL)master->old[i], old_m = (REAL)m->old[i], old_v = (REAL)v->old[i];
        if (!st->finite) {
            F(put)(t, "master", i, old_p, 0);
            F(put)(t, "m", i, old_m, 0);
            F(put)(t, "v", i, old_v, 0);
            continue;
        }
        memcpy(&chunk, operand_get(t, "chunks")->raw + (size_t)(i / CAM_CHUNK) * sizeof chunk, sizeof chunk);
        double lr = st->learning_rate * chunk.rate_scale;
        REAL shrink = (REAL)(1 - lr * chunk.decay);
        REAL rate = (REAL)(lr * st->inverse_correction1), root = (REAL)st->root_correction2;
        REAL b1 = (REAL)(1 - s->beta1), b2 = (REAL)s->beta2, c2 = (REAL)(1 - s->beta2), eps = (REAL)s->eps;
        REAL g = grad[i] * (REAL)st->clip_scale;
        REAL new_m = old_m + b1 * (g - old_m), new_v = b2 * old_v + c2 * g * g;
        REAL denominator = sqrt(new_v) / root + eps, p = old_p * shrink;
        double m_size = fabs((double)old_m) + (double)b1 * (fabs((double)g) + fabs((double)old_m));
        double p_size = fabs((double)p) + (double)rate * m_size / (double)denominator;
        F(put)(t, "m", i, new_m, m_size);
        F(put)(t, "v", i, new_v, fabs((double)new_v));
        F(put)(t, "master", i, p - rate * new_m / denominator, p_size);
    }
}
