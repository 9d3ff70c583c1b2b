/* matmul_table.h: the table of cublasLt algorithms, one for each matrix product, that `cam-train tune` measures.
 *
 * A table is text: a line for the machine, then one line a product. A file may have several tables; a reader takes the
 * products of its own machine and only checks the syntax of the rest.
 *
 *     table 1                                        the format; each table begins with it
 *     device 90 132 130100 NVIDIA H200               capability, multiprocessors, library, name
 *     product m n k  ta tb  in out  sa sb sc  aa ab ac bias  add tf32  = eight hexadecimal words
 *     # a comment
 *
 * An algorithm is eight words that only the version of cublasLt that made them can read.
 */
#ifndef CAM_MATMUL_TABLE_H
#define CAM_MATMUL_TABLE_H

#include "cam/status.h"
#include "cam/tensor.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Everything that the choice may depend on. Keys are compared as bytes; the struct has no padding. */
typedef struct cam_matmul_key {
    int64_t m, n, k; /* as in cam_matmul_call */
    int64_t a_stride, b_stride, c_stride;
    int32_t a_transposed, b_transposed;
    int32_t input, output;                         /* cam_dtype, F32 or BF16 */
    int32_t a_alignment, b_alignment, c_alignment; /* of the addresses: a power of two, at most 256 */
    int32_t bias_alignment;                        /* 0: no bias */
    int32_t accumulate, tf32;
} cam_matmul_key;

enum { CAM_MATMUL_WORDS = 8 };

typedef struct cam_matmul_choice {
    cam_matmul_key key; /* first: cam_matmul_position */
    uint64_t algorithm[CAM_MATMUL_WORDS];
    int line; /* line number in the file */
} cam_matmul_choice;

typedef struct cam_matmul_machine {
    int capability; /* 10 * major + minor */
    int multiprocessors;
    int library; /* cublasLt's version number */
    char name[256];
} cam_matmul_machine;

/* Choices in ascending order of their keys. All zeros is an empty table. */
typedef struct cam_matmul_table {
    cam_matmul_choice *choices;
    size_t count;
    char *name; /* the file's name, for messages */
} cam_matmul_table;

/* Lower bound: `entries` has `count` entries of `size` bytes in ascending order, each beginning with its key. Returns
 * the index of the first entry whose key is not below `key`, or `count`. */
size_t cam_matmul_position(const void *entries, size_t count, size_t size, const cam_matmul_key *key);

/* Fills an empty table with the text's products for `machine`, possibly none. The tables of other machines are appended
 * unchanged to `others`, if that is not NULL. CAM_E_DATA with "name:line: ..." if the text is not a table, or has a
 * product of one machine twice. The caller releases the table even after an error. */
CAM_MUST_CHECK cam_status cam_matmul_table_read(cam_matmul_table *table, const cam_matmul_machine *machine,
                                                const char *text, const char *name, cam_strbuf *others);
void cam_matmul_table_release(cam_matmul_table *table);
const cam_matmul_choice *cam_matmul_table_find(const cam_matmul_table *table, const cam_matmul_key *key);

void cam_matmul_table_put_machine(cam_strbuf *text, const cam_matmul_machine *machine);
void cam_matmul_table_put_choice(cam_strbuf *text, const cam_matmul_choice *choice);
/* Merges an older file into a new table: appends to `text`, a table of `machine`, the products that only `before` has,
 * and the tables of other machines. CAM_E_DATA if `before`, whose name is `name`, is not a table; `text` is then
 * unchanged. */
CAM_MUST_CHECK cam_status cam_matmul_table_put_rest(cam_strbuf *text, const cam_matmul_machine *machine,
                                                    const char *before, const char *name);

#ifdef __cplusplus
}
#endif
#endif
