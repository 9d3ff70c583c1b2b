/* tensor.c: shapes, strides and overlap of views; no data is read. */
#include "cam/tensor.h"
#include "cam/status.h"

const cam_tensor CAM_NONE = {.data = NULL, .dtype = CAM_F32, .ndim = 0};

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
#define ROW(code, name, bytes) {name, bytes},
    CAM_DTYPES(ROW)
#undef ROW
};

const char *cam_dtype_name(cam_dtype dtype) {
    return dtypes[dtype].name;
}

size_t cam_dtype_size(cam_dtype dtype) {
    return dtypes[dtype].bytes;
}

cam_tensor cam_tensor_1d(void *data, cam_dtype dtype, int64_t n) {
    return (cam_tensor){.data = data, .dtype = dtype, .ndim = 1, .shape = {n, 1, 1}, .row_stride = 1};
}

cam_tensor cam_tensor_2d(void *data, cam_dtype dtype, int64_t rows, int64_t columns) {
    return (cam_tensor){.data = data, .dtype = dtype, .ndim = 2, .shape = {rows, columns, 1}, .row_stride = columns};
}

/* The address of the element `elements` further on; an absent tensor (NULL) stays absent. */
static void *data_at(cam_tensor t, int64_t elements) {
    return t.data ? (char *)t.data + (size_t)elements * cam_dtype_size(t.dtype) : NULL;
}

cam_tensor cam_tensor_columns(cam_tensor t, int64_t begin, int64_t count) {
    CAM_ASSERT(t.ndim == 2 && begin >= 0 && count >= 0 && begin + count <= t.shape[1]);
    t.data = data_at(t, begin);
    t.shape[1] = count;
    return t;
}

cam_tensor cam_tensor_rows(cam_tensor t, int64_t begin, int64_t count) {
    CAM_ASSERT(t.ndim >= 1 && begin >= 0 && count >= 0 && begin + count <= t.shape[0]);
    t.data = data_at(t, begin * t.row_stride);
    t.shape[0] = count;
    return t;
}

static int64_t row_elements(cam_tensor t) {
    int64_t n = 1;
    for (int32_t i = 1; i < t.ndim; i++)
        n *= t.shape[i];
    return n;
}

int64_t cam_tensor_count(cam_tensor t) {
    return t.ndim == 0 ? 0 : t.shape[0] * row_elements(t);
}

size_t cam_tensor_bytes(cam_tensor t) {
    if (cam_tensor_count(t) == 0)
        return 0;
    return (size_t)((t.shape[0] - 1) * t.row_stride + row_elements(t)) * cam_dtype_size(t.dtype);
}

int cam_tensor_is_contiguous(cam_tensor t) {
    return t.ndim == 0 || t.shape[0] <= 1 || t.row_stride == row_elements(t);
}

int cam_tensor_overlaps(cam_tensor a, cam_tensor b) {
    uintptr_t a0 = (uintptr_t)a.data, a1 = a0 + cam_tensor_bytes(a);
    uintptr_t b0 = (uintptr_t)b.data, b1 = b0 + cam_tensor_bytes(b);
    if (!a.data || !b.data || a0 == a1 || b0 == b1 || a1 <= b0 || b1 <= a0)
        return 0;
    size_t stride = (size_t)a.row_stride * cam_dtype_size(a.dtype);
    if (a.ndim != 2 || b.ndim != 2 || stride != (size_t)b.row_stride * cam_dtype_size(b.dtype) || stride == 0)
        return 1;
    /* Same stride: compare the column ranges modulo a row, b's relative to a's first column. */
    size_t width_a = (size_t)a.shape[1] * cam_dtype_size(a.dtype);
    size_t width_b = (size_t)b.shape[1] * cam_dtype_size(b.dtype);
    size_t offset = b0 >= a0 ? (b0 - a0) % stride : (stride - (a0 - b0) % stride) % stride;
    return !(offset >= width_a && offset + width_b <= stride);
}
