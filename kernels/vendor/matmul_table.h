/* matmul_table.h: which algorithm of the library makes which product: what `cam-train tune` measures, and what is
 * shipped.
 *
 * A table is text, one line a product, after the line of the machine that it was measured on. Tables may be put one
 * after another in one file: a reader takes the products of its own machine and only checks the rest.
 *
 *     table 1                                        the format; each table begins with it
 *     device 90 132 130100 NVIDIA H200               capability, multiprocessors, library, name
 *     product m n k  ta tb  in out  sa sb sc  aa ab ac bias  add tf32  = eight hexadecimal words
 *     # a comment
 *
 * An algorithm is eight words that only the library can read, and only the version that made them.
 */
#ifndef CAM_MATMUL_TABLE_H
#define CAM_MATMUL_TABLE_H

#include "cam/status.h"
#include "cam/tensor.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All that the choice may depend on. Compared as bytes: there is no padding. */
typedef struct cam_matmul_key {
    int64_t m, n, k; /* c [m,n], as cam_matmul_call has it */
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
    int line; /* where it was read */
} cam_matmul_choice;

typedef struct cam_matmul_machine {
    int capability; /* 10 * major + minor */
    int multiprocessors;
    int library; /* as the library numbers its version */
    char name[256];
} cam_matmul_machine;

/* Choices in ascending order of their keys. Zeroed is empty. */
typedef struct cam_matmul_table {
    cam_matmul_choice *choices;
    size_t count;
    char *name; /* where they were read, for messages */
} cam_matmul_table;

/* The first of `count` entries of `size` bytes, each beginning with its key, in ascending order, whose key is not below
 * `key`; count where there is none. */
size_t cam_matmul_position(const void *entries, size_t count, size_t size, const cam_matmul_key *key);

/* Fills an empty table with the text's products for `machine`; none is fine. The tables of other machines are appended
 * to `others` as they stand, where that is not NULL. CAM_E_DATA with "name:line: ..." where the text is no table, or
 * says one product of one machine twice. The caller releases the table, failed or not. */
CAM_MUST_CHECK cam_status cam_matmul_table_read(cam_matmul_table *table, const cam_matmul_machine *machine,
                                                const char *text, const char *name, cam_strbuf *others);
void cam_matmul_table_release(cam_matmul_table *table);
const cam_matmul_choice *cam_matmul_table_find(const cam_matmul_table *table, const cam_matmul_key *key);

void cam_matmul_table_put_machine(cam_strbuf *text, const cam_matmul_machine *machine);
void cam_matmul_table_put_choice(cam_strbuf *text, const cam_matmul_choice *choice);
/* What a file says that is made again: `text`, a table of `machine`, gets the products that only `before` has, and the
 * tables of other machines. CAM_E_DATA where `before`, called `name`, is no table; `text` is then as it was. */
CAM_MUST_CHECK cam_status cam_matmul_table_put_rest(cam_strbuf *text, const cam_matmul_machine *machine,
                                                    const char *before, const char *name);

#ifdef __cplusplus
}
#endif
#endif
