/* machine_code.h: reads properties of CUDA kernels from the machine code in a file, without CUDA's tools.
 *
 * nvcc embeds a "fat binary" in its objects: a header, then one ELF file a target (a "cubin"). In a cubin every kernel
 * has a section .text.<name> of 16-byte instructions, and attributes in .nv.info. The file may be an object, an archive
 * or an executable. Compressed code cannot be read (build with --compress-mode=none).
 *
 * Operation codes are those of sm_80 to sm_120, as nvdisasm prints them; older targets have other ones.
 * Sources: CUDA's fatbinary_section.h; the ELF attributes and codes come from nvdisasm 13.0's output.
 */
#ifndef CAM_MACHINE_CODE_H
#define CAM_MACHINE_CODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct cam_kernel_code {
    char name[1024]; /* mangled */
    int target;      /* 80, 86, 90, .. */
    int registers;   /* a thread */
    int frame_bytes; /* stack a thread, spills included */
    int threads;     /* a block, by the launch bound; 0: no launch bound */
    int64_t instructions;
    int64_t local;        /* LDL, STL: loads from and stores to local memory */
    int64_t tensor;       /* HMMA: products on tensor cores */
    int64_t global_loads; /* LDG, LDGSTS */
    int64_t wide_loads;   /* of those, 16 bytes a thread */
} cam_kernel_code;

typedef void (*cam_kernel_visitor)(const cam_kernel_code *kernel, void *context);

typedef struct cam_code_summary {
    int kernels;
    int compressed; /* cubins that could not be read */
    int ptx[8];     /* targets for which there is PTX */
    int ptx_count;
} cam_code_summary;

/* Calls `visit` for every kernel of every target in `data`. Returns 0, or -1 if a cubin has an unknown format. */
int cam_machine_code_read(const unsigned char *data, size_t bytes, cam_kernel_visitor visit, void *context,
                          cam_code_summary *summary);

#endif
