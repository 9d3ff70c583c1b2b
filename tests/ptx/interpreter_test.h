/* interpreter_test.h: the type of a case of the interpreter: a kernel's body, and what must come of it.
 *
 * Every kernel begins with %rd0 = the parameter, device memory of OUT_WORDS words; %r0 = %tid.x; %rd1 = %rd0 + 4 * %r0; and
 * has registers %r, %rd, %f, %fd, %rs, %p of each sort.
 */
#ifndef PTX_INTERPRETER_TEST_H
#define PTX_INTERPRETER_TEST_H

#include <cstdint>

enum : unsigned { OUT_WORDS = 256, SHARED_BYTES = 1024 };

struct interpreter_case {
    const char *name;
    unsigned threads;
    const char *body;
    const char *words;              /* of the message of the defect; NULL: none is there, and `expected` is compared */
    uint32_t (*expected)(unsigned); /* word t of the memory, t < threads */
};

/* Each list ends with a row without a name. */
extern const interpreter_case right_cases[], wrong_cases[];

#endif
