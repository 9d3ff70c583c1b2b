/* backend_cpu.h: the backend that runs on this machine's processor.
 *
 * The program has three copies of every operator, for the instruction sets x86-64-v2, -v3 (AVX2, FMA) and -v4
 * (AVX-512), and uses the widest one that the processor has. The environment variable CAM_CPU_ISA (v2, v3 or v4)
 * selects a narrower one. Results have the same bits for any number of threads; between instruction sets they differ in
 * rounding.
 */
#ifndef CAM_BACKEND_CPU_H
#define CAM_BACKEND_CPU_H

#include "cam/backend.h"

/* threads: 0 = as many as cam_usable_threads (process_limits.h).
 * CAM_E_USAGE: `threads` is negative, or CAM_CPU_ISA names no instruction set, or one that the processor lacks.
 * CAM_E_DEVICE: the processor is older than x86-64-v2. CAM_E_MEMORY. Closed by cam_backend_close. */
CAM_MUST_CHECK cam_status cam_backend_cpu_open(int threads, cam_backend **backend);

/* The number of threads that a CPU backend uses. */
int cam_backend_cpu_threads(const cam_backend *backend);

#endif
