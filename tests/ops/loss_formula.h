/* loss_formula.h: cross-entropy as torch.nn.CrossEntropyLoss with class weights and label smoothing, and its gradient.
 */

static REAL F(class_weight)(const trial *t, int64_t k) {
    return operand_find(t, "weights") ? F(values)(t, "weights")[k] : 1;
}

/* log softmax of one row, and its size. */
static void F(log_softmax)(const REAL *logits, int64_t labels, REAL *out, double *size) {
    REAL most = logits[0], sum = 0;
    for (int64_t k = 1; k < labels; k++)
        most = fmax(most, logits[k]);
    for (int64_t k = 0; k < labels; k++)
        sum += exp(logits[k] - most);
    for (int64_t k = 0; k < labels; k++) {
        out[k] = logits[k] - most - log(sum);
        size[k] = 1 + fabs((double)(logits[k] - most)) + fabs((double)log(sum));
    }
}

static void F(losses)(trial *t) {
    const shape *s = SHAPE(shape);
    const REAL *logits = F(values)(t, "logits"), e = (REAL)(float)s->smoothing;
    int64_t labels = columns_of(t, "logits");
    REAL *log_p = calloc((size_t)labels, sizeof *log_p);
    double *size = calloc((size_t)labels, sizeof *size), total = 0;
    for (int64_t r = 0; r < rows_of(t, "logits"); r++) {
        int32_t y = values_i32(t, "labels")[r];
        F(log_softmax)(logits + r * labels, labels, log_p, size);
        REAL smooth = 0, chosen = (1 - e) * F(class_weight)(t, y) * -log_p[y];
        double smooth_size = 0, chosen_size = (double)((1 - e) * F(class_weight)(t, y)) * size[y];
        for (int64_t k = 0; k < labels; k++) {
            smooth += F(class_weight)(t, k) * -log_p[k];
            smooth_size += (double)F(class_weight)(t, k) * size[k];
        }
        if (operand_find(t, "hits")) {
            int best = 1;
            for (int64_t k = 0; k < labels; k++)
                if (k != y && !(k < y ? logits[r * labels + k] < logits[r * labels + y]
                                      : logits[r * labels + k] <= logits[r * labels + y]))
                    best = 0;
            F(put)(t, "hits", r, best ? 1 : 0, 0);
        }
        REAL row = chosen + e / (REAL)labels * smooth;
        F(put)(t, "row_loss", r, row, chosen_size + (double)e / (double)labels * smooth_size);
        total += (double)row;
    }
    t->truth.loss = (t->accumulate ? t->state.loss : 0) + total / t->state.loss_denominator;
    free(log_p);
    free(size);
}

static void F(gradients)(trial *t) {
    const shape *s = SHAPE(shape);
    const REAL *logits = F(values)(t, "logits"), e = (REAL)(float)s->smoothing;
    int64_t labels = columns_of(t, "logits");
    REAL *log_p = calloc((size_t)labels, sizeof *log_p), share = e / (REAL)labels, weight_sum = 0;
    double *size = calloc((size_t)labels, sizeof *size);
    for (int64_t k = 0; k < labels; k++)
        weight_sum += F(class_weight)(t, k);
    for (int64_t r = 0; r < rows_of(t, "logits"); r++) {
        int32_t y = values_i32(t, "labels")[r];
        REAL chosen = (1 - e) * F(class_weight)(t, y), denominator = (REAL)t->state.loss_denominator;
        F(log_softmax)(logits + r * labels, labels, log_p, size);
        for (int64_t k = 0; k < labels; k++) {
            REAL p = exp(log_p[k]), hit = k == y ? chosen : 0, smooth = share * F(class_weight)(t, k);
            REAL value = p * (chosen + share * weight_sum) - hit - smooth;
            double value_size = (double)(p * (chosen + share * weight_sum)) * size[k] + (double)(hit + smooth);
            F(put)(t, "dlogits", r * labels + k, value / denominator, value_size / t->state.loss_denominator);
        }
    }
    free(log_p);
    free(size);
}

static void F(loss)(trial *t) {
    F(losses)(t);
    if (operand_find(t, "dlogits"))
        F(gradients)(t);
}
