/* tensor.h: a view of numbers in a backend's memory.
 *
 * A cam_tensor owns nothing and is passed by value. It is row-major; all dimensions but the first are contiguous.
 * `row_stride` is the distance in elements between two entries of dimension 0: the product of the other dimensions, or
 * more if the view is a range of columns of a wider tensor (q, k and v inside the output of one product). An operator
 * takes contiguous views only, unless its contract says otherwise.
 *
 * A tensor with data == NULL is absent: CAM_NONE stands for an optional operand that is not given.
 */
#ifndef CAM_TENSOR_H
#define CAM_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(enumerator, name as in safetensors, bytes an element) */
#define CAM_DTYPES(X)                                                                                                  \
    X(CAM_F32, "F32", 4)                                                                                               \
    X(CAM_F64, "F64", 8)                                                                                               \
    X(CAM_F16, "F16", 2)                                                                                               \
    X(CAM_BF16, "BF16", 2)                                                                                             \
    X(CAM_I32, "I32", 4)

typedef enum cam_dtype {
#define CAM_DTYPE_ENUM(code, name, bytes) code,
    CAM_DTYPES(CAM_DTYPE_ENUM)
#undef CAM_DTYPE_ENUM
} cam_dtype;

enum { CAM_MAX_DIMS = 3 };

typedef struct cam_tensor {
    void *data;
    cam_dtype dtype;
    int32_t ndim;
    int64_t shape[CAM_MAX_DIMS];
    int64_t row_stride; /* elements */
} cam_tensor;

const char *cam_dtype_name(cam_dtype dtype);
size_t cam_dtype_size(cam_dtype dtype);

/* Contiguous views. */
cam_tensor cam_tensor_1d(void *data, cam_dtype dtype, int64_t n);
cam_tensor cam_tensor_2d(void *data, cam_dtype dtype, int64_t rows, int64_t columns);
extern const cam_tensor CAM_NONE;

/* Columns [begin, begin + count) of a 2-d tensor; rows [begin, begin + count) of any tensor. A range outside the tensor
 * is a broken invariant. */
cam_tensor cam_tensor_columns(cam_tensor t, int64_t begin, int64_t count);
cam_tensor cam_tensor_rows(cam_tensor t, int64_t begin, int64_t count);

int64_t cam_tensor_count(cam_tensor t); /* elements, stride gaps not counted */
size_t cam_tensor_bytes(cam_tensor t);  /* from the first element to past the last, gaps counted */
int cam_tensor_is_contiguous(cam_tensor t);
/* Whether two tensors may have bytes in common. Two disjoint column ranges of one tensor do not overlap. */
int cam_tensor_overlaps(cam_tensor a, cam_tensor b);

#ifdef __cplusplus
}
#endif
#endif
