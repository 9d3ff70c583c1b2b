/* host_device.h: CAM_HOST_DEVICE marks the functions of include/cam that both the host and the kernels call.
 */
#ifndef CAM_HOST_DEVICE_H
#define CAM_HOST_DEVICE_H

#ifdef __CUDACC__
#define CAM_HOST_DEVICE __host__ __device__
#else
#define CAM_HOST_DEVICE
#endif

#endif
