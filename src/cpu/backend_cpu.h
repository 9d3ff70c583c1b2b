/* backend_cpu.h: the backend that runs on this machine's processor.
 *
 * Three copies of every operator are in the program, for the instruction sets x86-64-v2, -v3 (AVX2, FMA) and -v4
 * (AVX-512); the widest that the processor has is used. The environment variable CAM_CPU_ISA (v2, v3 or v4) asks
 * for a narrower one. Results have the same bits whatever the number of threads; they differ between instruction sets
 * in rounding.
 */
#ifndef CAM_BACKEND_CPU_H
#define CAM_BACKEND_CPU_H

#include "cam/backend.h"

/* threads: 0 takes what the process may use: its affinity, cut to the quota of its control group.
 * CAM_E_USAGE: `threads` is negative, or CAM_CPU_ISA names no instruction set, or one that the processor lacks.
 * CAM_E_DEVICE: the processor is older than x86-64-v2. CAM_E_MEMORY. Closed by cam_backend_close. */
CAM_MUST_CHECK cam_status cam_backend_cpu_open(int threads, cam_backend **backend);

/* The threads that a backend opened here uses. */
int cam_backend_cpu_threads(const cam_backend *backend);

#endif
