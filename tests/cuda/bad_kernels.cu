/* bad_kernels.cu: kernels that each break one rule of objects.c, and one that breaks none. */
#include "device.cuh"

/* 200 values that are indexed at run time cannot stay in registers. */
template <typename T> CAM_DEVICE void in_local_memory(T *to, const T *from, const int *where, int n) {
    T kept[200];
    for (int i = 0; i < 200; i++)
        kept[i] = from[i * 1024 + (int)threadIdx.x];
    for (int i = 0; i < n; i++)
        kept[where[i] % 200] += 1;
    T sum = 0;
    for (int i = 0; i < 200; i++)
        sum += kept[i] * from[i];
    to[threadIdx.x] = sum;
}

template <typename T> CAM_KERNEL(1024) adamw_in_local_memory(T *to, const T *from, const int *where, int n) {
    in_local_memory(to, from, where, n);
}

/* It may spill, but not so much. */
template <typename T>
CAM_KERNEL(1024)
attention_bwd_tiled_keys_in_local_memory(T *to, const T *from, const int *where, int n) {
    in_local_memory(to, from, where, n);
}

template <typename T> CAM_KERNEL(128) attention_fwd_short_without_tensor_cores(T *to, const T *from) {
    cam_vec<T, 8> v = cam_load(reinterpret_cast<const cam_vec<T, 8> *>(from) + threadIdx.x);
    float sum = 0;
    for (int i = 0; i < 8; i++)
        sum += cam_to_f32(v.at[i]);
    cam_from_f32(to + threadIdx.x, sum);
}

template <typename T> CAM_KERNEL(128) residual_with_narrow_loads(T *to, const T *from) {
    to[threadIdx.x] = from[2 * threadIdx.x] + 1;
}

template <typename T> static __global__ void gelu_without_launch_bound(T *to, const T *from) {
    cam_store(reinterpret_cast<cam_vec<T, 4> *>(to) + threadIdx.x,
              cam_load(reinterpret_cast<const cam_vec<T, 4> *>(from) + threadIdx.x));
}

template <typename T> CAM_KERNEL(128) attention_bwd_short_as_it_should_be(T *to, const T *from) {
    cam_vec<uint32_t, 4> a = cam_load(reinterpret_cast<const cam_vec<uint32_t, 4> *>(from) + threadIdx.x);
    float d[4] = {0, 0, 0, 0};
    cam_mma_bf16(d, a.at, a.at);
    cam_from_f32(to + threadIdx.x, d[0] + d[1] + d[2] + d[3]);
}

/* The launches instantiate the kernels; this function is never called. */
cudaError_t launch_bad_kernels(float *f32, cam_bf16 *bf16, const int *where) {
    cam_launch(0, adamw_in_local_memory<float>, 1, 1024, 0, f32, f32, where, 1);
    cam_launch(0, attention_bwd_tiled_keys_in_local_memory<float>, 1, 1024, 0, f32, f32, where, 1);
    cam_launch(0, attention_fwd_short_without_tensor_cores<cam_bf16>, 1, 128, 0, bf16, bf16);
    cam_launch(0, residual_with_narrow_loads<float>, 1, 128, 0, f32, f32);
    cam_launch(0, gelu_without_launch_bound<float>, 1, 128, 0, f32, f32);
    return cam_launch(0, attention_bwd_short_as_it_should_be<cam_bf16>, 1, 128, 0, bf16, bf16);
}
