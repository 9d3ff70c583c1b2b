/* failing_allocator.h: an allocator that fails when it is told to, for the test program that is linked with --wrap.
 *
 * Between allocator_arm and allocator_disarm it counts what our objects ask of malloc, calloc, realloc, strdup, strndup
 * and posix_memalign, and what jansson asks of its allocator; fails the n-th of these, or all from the n-th on; and
 * knows every block that is still held, so that a leak is seen at once. Where the asking instruction stands is kept.
 */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <stddef.h>

typedef enum allocator_failing { FAIL_ONE, FAIL_ALL_FROM } allocator_failing;

/* n from 1; 0 fails none. */
void allocator_arm(size_t n, allocator_failing failing);
/* Returns how many allocations there were. */
size_t allocator_disarm(void);
/* Nonzero where one was failed since the last arm. */
int allocator_has_failed(void);
/* Blocks that were given out since the last arm and are still held. */
size_t allocator_held(void);
/* How many of the first n allocations were asked for by the instruction that asked for the n-th. */
size_t allocator_turn(size_t n);
/* Makes jansson ask here. */
void allocator_serve_jansson(void);

#endif
