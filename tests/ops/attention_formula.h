/* attention_formula.h: softmax attention and its gradient, one query at a time, every probability written out. */

static REAL F(product)(const REAL *a, const REAL *b, int64_t n, double *size) {
    REAL sum = 0;
    *size = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
        *size += fabs((double)(a[i] * b[i]));
    }
    return sum;
}

/* One query of one head: its operands and its indices. */
typedef struct F(query) {
    int64_t keys, width, columns;     /* keys of the sequence, head size, H */
    const REAL *q, *k, *v;            /* this head's columns of the query, and of the sequence's first key */
    int32_t row, head, index;         /* for dropout */
    int64_t at, lse_at, first_key_at; /* offsets of the head's first column in [Nq,H], [Nq,A] and [T,H] */
} F(query);

static void F(each_query)(trial *t, void (*visit)(trial *t, const F(query) * q)) {
    const shape *s = SHAPE(shape);
    const int32_t *cu_q = values_i32(t, "cu_q"), *cu_k = values_i32(t, "cu_k");
    F(query) q = {.columns = s->columns, .width = s->columns / s->heads};
    for (int32_t b = 0; b < t->state.sequences; b++)
        for (int32_t i = cu_q[b]; i < cu_q[b + 1]; i++)
            for (q.head = 0; q.head < s->heads; q.head++) {
                q.keys = cu_k[b + 1] - cu_k[b];
                q.at = i * s->columns + q.head * q.width;
                q.lse_at = i * s->heads + q.head;
                q.first_key_at = cu_k[b] * s->columns + q.head * q.width;
                q.q = F(values)(t, "q") + q.at;
                q.k = F(values)(t, "k") + q.first_key_at;
                q.v = F(values)(t, "v") + q.first_key_at;
                q.row = values_i32(t, "sequence_row")[b];
                q.index = values_i32(t, "q_index")[i];
                visit(t, &q);
            }
}

static void F(query_fwd)(trial *t, const F(query) * q) {
    REAL score[1024], scale = (REAL)scale_of(t), most = -(REAL)INFINITY, sum = 0;
    double size, most_size = 0;
    for (int64_t k = 0; k < q->keys; k++) {
        score[k] = scale * F(product)(q->q, q->k + k * q->columns, q->width, &size);
        most = fmax(most, score[k]);
        most_size = fmax(most_size, (double)scale * size);
    }
    for (int64_t k = 0; k < q->keys; k++)
        sum += exp(score[k] - most);
    F(put)(t, "lse", q->lse_at, most + log(sum), 1 + most_size + (double)log(sum));
    for (int64_t k = 0; k < q->keys; k++)
        score[k] =
            F(stored)(t, exp(score[k] - most) / sum * F(keep_probability)(t, q->row, q->head, q->index, (int32_t)k));
    for (int64_t d = 0; d < q->width; d++) {
        REAL out = 0;
        double out_size = 0;
        for (int64_t k = 0; k < q->keys; k++) {
            out += score[k] * q->v[k * q->columns + d];
            out_size += fabs((double)(score[k] * q->v[k * q->columns + d])) * (1 + most_size);
        }
        F(put)(t, "out", q->at + d, out, out_size);
    }
}

static void F(attention_fwd)(trial *t) {
    F(each_query)(t, F(query_fwd));
}

/* A gradient that is summed over queries. It is always `=`, so it starts at zero. Only the double formula gives sizes.
 *  */
typedef struct F(sum) {
    REAL *value;
    double *size;
} F(sum);

static F(sum) F(sum_at)(trial *t, const char *name, int64_t at) {
    return (F(sum)){F(values)(t, name) + at, operand_get(t, name)->size + at};
}

static void F(add)(F(sum) s, int64_t at, REAL value, double size) {
    s.value[at] += value;
    s.size[at] += sizeof(REAL) == sizeof(double) ? size : 0;
}

static void F(query_bwd)(trial *t, const F(query) * q) {
    const REAL *dout = F(values)(t, "dout") + q->at, *out = F(values)(t, "out") + q->at;
    F(sum) dq = F(sum_at)(t, "dq", q->at);
    F(sum) dk = F(sum_at)(t, "dk", q->first_key_at), dv = F(sum_at)(t, "dv", q->first_key_at);
    REAL lse = F(values)(t, "lse")[q->lse_at], scale = (REAL)scale_of(t);
    double delta_size, score_size, dp_size;
    REAL delta = F(product)(dout, out, q->width, &delta_size);
    for (int64_t k = 0; k < q->keys; k++) {
        int64_t row = k * q->columns;
        REAL keep = F(keep_probability)(t, q->row, q->head, q->index, (int32_t)k);
        REAL p = exp(scale * F(product)(q->q, q->k + row, q->width, &score_size) - lse);
        REAL ds = F(stored)(t, p * (keep * F(product)(dout, q->v + row, q->width, &dp_size) - delta));
        REAL kept = F(stored)(t, keep * p);
        double p_size = (double)p * (1 + score_size * (double)scale + fabs((double)lse));
        double ds_size = p_size * ((double)keep * dp_size + delta_size) * (double)scale;
        for (int64_t d = 0; d < q->width; d++) {
            REAL q_d = q->q[d], k_d = q->k[row + d];
            F(add)(dv, row + d, kept * dout[d], (double)keep * p_size * fabs((double)dout[d]));
            F(add)(dq, d, scale * ds * k_d, ds_size * fabs((double)k_d));
            F(add)(dk, row + d, scale * ds * q_d, ds_size * fabs((double)q_d));
        }
    }
}

static void F(attention_bwd)(trial *t) {
    F(each_query)(t, F(query_bwd));
    F(store)(t, "dq");
    F(store)(t, "dk");
    F(store)(t, "dv");
}
