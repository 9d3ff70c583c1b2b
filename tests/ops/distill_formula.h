/* distill_formula.h: the losses of distillation and their gradients: cross-entropy as torch.nn.CrossEntropyLoss, the
 * divergence as torch.nn.KLDivLoss(reduction="sum") of log_softmax(x / T) and softmax(t / T), and the mean squared error.
 */

static REAL F(class_weight)(const trial *t, int64_t k) {
    return operand_find(t, "weights") ? F(values)(t, "weights")[k] : 1;
}

/* log softmax of x / temperature, and its size. */
static void F(log_softmax)(const REAL *x, int64_t labels, REAL temperature, REAL *out, double *size) {
    REAL most = x[0], sum = 0;
    for (int64_t k = 1; k < labels; k++)
        most = fmax(most, x[k]);
    for (int64_t k = 0; k < labels; k++)
        sum += exp((x[k] - most) / temperature);
    for (int64_t k = 0; k < labels; k++) {
        out[k] = (x[k] - most) / temperature - log(sum);
        size[k] = 1 + fabs((double)((x[k] - most) / temperature)) + fabs((double)log(sum));
    }
}

/* A row as it is needed: log p at the temperature of 1, log p and log q at that of the call. */
typedef struct F(soft_row) {
    REAL *log_hard, *log_p, *log_q;
    double *hard_size, *p_size, *q_size;
} F(soft_row);

static void F(soft_row_begin)(F(soft_row) * s, int64_t labels) {
    s->log_hard = calloc(3 * (size_t)labels, sizeof *s->log_hard);
    s->hard_size = calloc(3 * (size_t)labels, sizeof *s->hard_size);
    s->log_p = s->log_hard + labels, s->log_q = s->log_p + labels;
    s->p_size = s->hard_size + labels, s->q_size = s->p_size + labels;
}

static void F(soft_row_end)(F(soft_row) * s) {
    free(s->log_hard);
    free(s->hard_size);
}

static void F(logits_row)(trial *t, int64_t r, const F(soft_row) * s, double *total) {
    const shape *f = SHAPE(shape);
    int64_t labels = columns_of(t, "logits");
    int32_t y = values_i32(t, "labels")[r];
    REAL e = (REAL)(float)f->smoothing, a = (REAL)(float)f->alpha, temperature = (REAL)(float)f->temperature;
    REAL denominator = (REAL)t->state.loss_denominator, weight_sum = 0, soft = 0, hard = 0;
    double soft_size = 0, hard_size = 0;
    for (int64_t k = 0; k < labels; k++) {
        REAL q = exp(s->log_q[k]), w = F(class_weight)(t, k) * e / (REAL)labels;
        soft += q * (s->log_q[k] - s->log_p[k]);
        soft_size += (double)q * (s->q_size[k] + s->p_size[k]);
        hard += (w + (k == y ? (1 - e) * F(class_weight)(t, k) : 0)) * -s->log_hard[k];
        hard_size += (double)(w + (k == y ? (1 - e) * F(class_weight)(t, k) : 0)) * s->hard_size[k];
        weight_sum += F(class_weight)(t, k);
    }
    REAL labelled = y < 0 ? 0 : 1 - a, row = a * temperature * temperature * soft;
    double size = (double)(a * temperature * temperature) * soft_size;
    if (y >= 0) {
        row += labelled * hard;
        size += (double)labelled * hard_size;
    }
    F(put)(t, "row_loss", r, row, size);
    *total += (double)row;
    for (int64_t k = 0; k < labels; k++) {
        REAL p = exp(s->log_p[k]), q = exp(s->log_q[k]), value = a * temperature * (p - q);
        double value_size = (double)(a * temperature) * ((double)p * s->p_size[k] + (double)q * s->q_size[k]);
        if (y >= 0) {
            REAL chosen = (1 - e) * F(class_weight)(t, y), smooth = e / (REAL)labels;
            REAL pulled = exp(s->log_hard[k]) * (chosen + smooth * weight_sum);
            REAL pushed = (k == y ? chosen : 0) + smooth * F(class_weight)(t, k);
            value += labelled * (pulled - pushed);
            value_size += (double)labelled * ((double)pulled * s->hard_size[k] + (double)pushed);
        }
        F(put)(t, "dlogits", r * labels + k, value / denominator, value_size / t->state.loss_denominator);
    }
}

static void F(distill_logits)(trial *t) {
    const shape *f = SHAPE(shape);
    const REAL *logits = F(values)(t, "logits"), *teacher = F(values)(t, "teacher");
    int64_t labels = columns_of(t, "logits");
    REAL temperature = (REAL)(float)f->temperature;
    double total = 0;
    F(soft_row) s;
    F(soft_row_begin)(&s, labels);
    for (int64_t r = 0; r < rows_of(t, "logits"); r++) {
        const REAL *x = logits + r * labels, *q = teacher + values_i32(t, "row")[r] * labels;
        F(log_softmax)(x, labels, 1, s.log_hard, s.hard_size);
        F(log_softmax)(x, labels, temperature, s.log_p, s.p_size);
        F(log_softmax)(q, labels, temperature, s.log_q, s.q_size);
        F(logits_row)(t, r, &s, &total);
    }
    F(soft_row_end)(&s);
    t->truth.loss = (t->accumulate ? t->state.loss : 0) + total / t->state.loss_denominator;
}

/* The teacher's row for query row r. */
static int64_t F(answer_of)(const trial *t, int64_t r) {
    return operand_find(t, "row") ? values_i32(t, "row")[r] : r;
}

static void F(distill_hidden)(trial *t) {
    const REAL *mapped = F(values)(t, "mapped"), *teacher = F(values)(t, "teacher");
    int64_t h = columns_of(t, "mapped");
    REAL weight = (REAL)(float)SHAPE(shape)->weight, denominator = (REAL)t->state.loss_denominator;
    double total = 0;
    for (int64_t r = 0; r < rows_of(t, "mapped"); r++) {
        REAL sum = 0;
        for (int64_t i = 0; i < h; i++) {
            REAL x = mapped[r * h + i], goal = teacher[F(answer_of)(t, r) * h + i], d = x - goal;
            sum += d * d;
            F(put)
            (t, "dmapped", r * h + i, 2 * weight / (REAL)h * d / denominator,
             2 * (double)(weight / (REAL)h) * fabs((double)d) / t->state.loss_denominator);
        }
        F(put)(t, "row_loss", r, weight / (REAL)h * sum, (double)(weight / (REAL)h * sum));
        total += (double)(weight / (REAL)h * sum);
    }
    t->truth.loss = (t->accumulate ? t->state.loss : 0) + total / t->state.loss_denominator;
}
