/* host_device.h: marks functions of include/cam that kernels call, too.
 */
#ifndef CAM_HOST_DEVICE_H
#define CAM_HOST_DEVICE_H

#ifdef __CUDACC__
#define CAM_HOST_DEVICE __host__ __device__
#else
#define CAM_HOST_DEVICE
#endif

#endif
