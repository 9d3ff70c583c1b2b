/* wrong_calls.c: the arguments of a call, and the sweep of wrong calls. The sweep takes the first case of an operator
 * and makes one argument wrong at a time:
 *   - an operand that is absent, or has another dtype, shape, number of dimensions or stride;
 *   - an output that overlaps another operand;
 *   - too little workspace, no state, a scalar out of range;
 *   - an operator that the backend lacks.
 * Each call must be refused with the right code and a message that names the operator and the error, before anything is
 * written.
 */
#include "harness.h"
#include <stdio.h>
#include <string.h>

static int faulty(const trial *t, const char *name, fault kind) {
    return !t->faults_disabled && t->fault == kind && strcmp(t->fault_operand->name, name) == 0;
}

static char *address_of(const operand *o) {
    return (char *)o->home->device + GUARD_BYTES + (size_t)o->column * cam_dtype_size(o->dtype);
}

static void shrink(cam_tensor *t, int dim) {
    /* By eight if the row length stays valid, so that the error is not about the row length itself. */
    int64_t by = t->shape[dim] > 8 && t->shape[dim] % 8 == 0 ? 8 : 1;
    t->shape[dim] -= by;
    if (dim > 0)
        t->row_stride = t->shape[dim];
}

cam_tensor on_device(const trial *t, const char *name) {
    const operand *o = operand_find(t, name);
    if (!o || faulty(t, name, FAULT_MISSING))
        return CAM_NONE;
    cam_tensor view = cam_tensor_2d(address_of(o), o->dtype, o->shape[0], o->shape[1]);
    view.ndim = o->ndim;
    view.row_stride = o->stride;
    if (faulty(t, name, FAULT_NULL))
        view.data = NULL;
    if (faulty(t, name, FAULT_DTYPE))
        view.dtype = o->dtype == CAM_I32 ? CAM_F32 : CAM_I32;
    if (faulty(t, name, FAULT_PRECISION))
        view.dtype = CAM_F32;
    if (faulty(t, name, FAULT_SHAPE))
        shrink(&view, t->fault_dim);
    if (faulty(t, name, FAULT_NDIM))
        view.ndim = 3 - view.ndim;
    if (faulty(t, name, FAULT_STRIDE))
        view.row_stride += 8;
    if (faulty(t, name, FAULT_ALIAS))
        view.data = address_of(t->fault_other);
    if (faulty(t, name, FAULT_PARTIAL_ALIAS))
        view.data = address_of(t->fault_other) + (size_t)o->stride * cam_dtype_size(o->dtype);
    return view;
}

cam_step_state *state_on_device(const trial *t) {
    if (!t->faults_disabled && t->fault == FAULT_STATE)
        return NULL;
    return (cam_step_state *)(void *)((char *)t->state_home->device + GUARD_BYTES);
}

uint32_t site_of_call(const trial *t) {
    return t->site + (t->masked ? 1 : 0);
}

cam_dropout dropout_on_device(const trial *t) {
    return (cam_dropout){t->threshold, site_of_call(t), on_device(t, "dropout.row"), on_device(t, "dropout.index")};
}

void spoil_arguments(const trial *t, void *args) {
    if (t->fault == FAULT_SPOILT)
        memcpy((char *)args + t->fault_spoil->offset, t->fault_spoil->value, t->fault_spoil->bytes);
}

/* --- the sweep -------------------------------------------------------------------------------------------------- */

typedef struct sweep {
    trial *t;
    cam_backend *backend;
    int calls, failures;
} sweep;

/* Makes the wrong call and checks the refusal. One of the two words must be in the message. */
static void refuse(sweep *s, const char *what, cam_status want, const char *word, const char *other_word) {
    trial *t = s->t;
    s->calls++;
    cam_status_clear();
    cam_status got = t->op->call(t, s->backend);
    const char *message = cam_status_message(), *dot = strrchr(word, '.');
    if (got != want)
        trial_fail(t, "%s of %s: %s, must be %s", what, word, cam_status_name(got), cam_status_name(want));
    else if (!strstr(message, t->op->name))
        trial_fail(t, "%s of %s: the message does not name the operator: %s", what, word, message);
    else if (!strstr(message, dot ? dot + 1 : word) && !(other_word && strstr(message, other_word)))
        trial_fail(t, "%s of %s: the message does not say so: %s", what, word, message);
}

static const char *quoted(const char *name) {
    static char text[64];
    snprintf(text, sizeof text, "\"%s\"", name);
    return text;
}

/* f32 instead of bf16 is wrong if another operand stays bf16 and the contract requires the same dtype. */
static int must_stay_bf16(const trial *t, const operand *o) {
    int alike = 0;
    for (int i = 0; i < t->operand_count; i++)
        alike += t->operands[i].role != PRIVATE && t->operands[i].dtype == CAM_BF16 && !t->operands[i].either;
    return o->dtype == CAM_BF16 && o->role == IN && !o->either && !t->op->casts && alike > 1;
}

static void spoil_shapes(sweep *s, const operand *o) {
    trial *t = s->t;
    t->fault_operand = o;
    if (!o->optional) {
        t->fault = FAULT_MISSING;
        if (t->precision == PRECISION_F32) /* CAM_NONE is f32: in bf16 the error would be about the others' dtype */
            refuse(s, "absence", CAM_E_SHAPE, o->name, ""); /* the error may be about the others' shapes */
        t->fault = FAULT_NULL;
        refuse(s, "absence", CAM_E_SHAPE, quoted(o->name), o->in_group ? "" : NULL);
    }
    if (o->plain)
        return;
    if (must_stay_bf16(t, o)) {
        t->fault = FAULT_PRECISION;
        refuse(s, "f32 beside bf16", CAM_E_DTYPE, o->name, " operand \"");
    }
    t->fault = FAULT_DTYPE; /* for an `act` operand the error may name another operand that no longer agrees */
    refuse(s, "wrong dtype", CAM_E_DTYPE, quoted(o->name), precisions_of(t->op) > 1 ? " operand \"" : NULL);
    t->fault = FAULT_NDIM;
    refuse(s, "wrong number of dimensions", CAM_E_SHAPE, quoted(o->name), NULL);
    for (t->fault_dim = 0; t->fault_dim < o->ndim; t->fault_dim++) {
        t->fault = FAULT_SHAPE;
        if (!(o->free_dims >> t->fault_dim & 1)) /* if two operands disagree, the error may name either */
            refuse(s, "wrong shape", CAM_E_SHAPE, quoted(o->name), " operand \"");
    }
    if (!o->stride_free && o->ndim == 2 && o->shape[0] > 1) {
        t->fault = FAULT_STRIDE;
        refuse(s, "row stride", CAM_E_SHAPE, quoted(o->name), NULL);
    }
}

static void spoil_aliases(sweep *s, const operand *o) {
    trial *t = s->t;
    t->fault_operand = o;
    for (int i = 0; i < t->operand_count; i++) {
        const operand *other = &t->operands[i];
        if (other == o || other->role == PRIVATE || other->plain)
            continue;
        t->fault_other = other;
        int may_alias = o->may_alias && strcmp(o->may_alias, other->name) == 0;
        if (may_alias && o->shape[0] < 2)
            continue;
        t->fault = may_alias ? FAULT_PARTIAL_ALIAS : FAULT_ALIAS;
        refuse(s, "alias", CAM_E_ALIAS, quoted(o->name), NULL);
    }
}

static void spoil_scalars(sweep *s) {
    trial *t = s->t;
    t->fault = FAULT_SPOILT;
    for (size_t i = 0; i < t->op->spoil_count; i++) {
        t->fault_spoil = &t->op->spoils[i];
        refuse(s, "wrong value", CAM_E_SHAPE, t->fault_spoil->word, NULL);
    }
}

/* A backend with an empty table. */
static void leave_out_operator(sweep *s) {
    static const struct cam_ops_table empty;
    cam_backend *whole = s->backend, without = *whole;
    without.ops = &empty;
    s->backend = &without;
    s->t->fault = FAULT_NONE;
    refuse(s, "lack", CAM_E_UNSUPPORTED, s->t->op->name, NULL);
    s->backend = whole;
}

static void spoil_operands(sweep *s) {
    for (int i = 0; i < s->t->operand_count; i++) {
        const operand *o = &s->t->operands[i];
        if (o->role == PRIVATE)
            continue;
        spoil_shapes(s, o);
        if (o->role != IN && !o->plain)
            spoil_aliases(s, o);
    }
}

static void spoil_rest(sweep *s) {
    trial *t = s->t;
    if (!t->op->stateless) {
        t->fault = FAULT_STATE;
        refuse(s, "absence", CAM_E_SHAPE, "state", NULL);
    }
    if (t->workspace_home.device) {
        t->fault = FAULT_WORKSPACE;
        refuse(s, "lack", CAM_E_WORKSPACE, "workspace", NULL);
    }
}

/* Uploads one trial, makes the wrong calls of `apply`, and checks that the refused calls wrote nothing, not even
 * outputs.
 */
static void sweep_case(sweep *s, const op_tests *op, const op_case *c, precision p, const bench *b,
                       void (*apply)(sweep *s)) {
    trial t;
    trial_begin(&t, op, c, p, b);
    s->t = &t;
    if (trial_has_bf16(&t) && !op->casts && !s->backend->bf16) {
        trial_release(&t);
        return;
    }
    t.status = trial_upload(&t, s->backend, POISON_NAN);
    if (t.status == CAM_OK)
        apply(s);
    if (t.status == CAM_OK)
        t.status = trial_download(&t, s->backend);
    if (t.status == CAM_OK)
        trial_check_unchanged(&t);
    else
        trial_fail(&t, "%s: %s", cam_status_name(t.status), cam_status_message());
    trial_free_device(&t, s->backend);
    trial_release(&t);
    s->failures += t.failures;
}

static void spoil_everything(sweep *s) {
    spoil_operands(s);
    spoil_scalars(s);
    spoil_rest(s);
    leave_out_operator(s);
}

static void refuse_odd_hidden(sweep *s) {
    refuse(s, "row length", CAM_E_SHAPE, "multiple of 8", NULL);
}

int run_wrong_calls(const op_tests *op, const bench *b, int *calls) {
    sweep s = {.backend = b->backend[0]};
    for (int p = 0; p < precisions_of(op); p++)
        sweep_case(&s, op, op->cases, (precision)p, b, spoil_everything);
    for (size_t k = 0; op->also_swept && k < op->case_count; k++)
        if (strcmp(op->cases[k].name, op->also_swept) == 0)
            sweep_case(&s, op, &op->cases[k], PRECISION_F32, b, spoil_everything);
    if (op->odd_hidden)
        sweep_case(&s, op, op->odd_hidden, PRECISION_F32, b, refuse_odd_hidden);
    *calls += s.calls;
    return s.failures;
}
