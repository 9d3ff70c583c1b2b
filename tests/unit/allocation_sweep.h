/* allocation_sweep.h: every allocation of the host code fails once, alone, and once together with all later ones. The
 * operation then returns CAM_E_MEMORY with a message, or succeeds as usual. It holds no memory after a failure, and
 * none after its release.
 *
 * An operation runs once to count its allocations, and then once for each of them. Of a place that allocates
 * repeatedly (a vocabulary), only the first 6 allocations and those whose number is a power of two are tried.
 *
 * Not covered: SentencePiece (C++ new), libyaml, utf8proc and OpenMP allocate
 * inside their own shared libraries, which --wrap does not reach. jansson gets our allocator, and its parser fails as a
 * whole (failing_allocator.h). */
#ifndef ALLOCATION_SWEEP_H
#define ALLOCATION_SWEEP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "temporary_tree.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_TURNS = 6 };

/* The path of a file of the tree, which no failure reaches: it is the test's. */
static inline char *path_of(const tree *t, const char *name) {
    int armed = allocator.armed;
    allocator.armed = 0;
    char *path = tree_path(t, name);
    allocator.armed = armed;
    return path;
}

/* Runs the operation and releases its result, which it checks where the status is CAM_OK. */
typedef cam_status (*operation)(const tree *t);

static inline void run_with(operation run, const tree *t, size_t n, failing kind) {
    cam_status_clear();
    arm(n, kind);
    cam_status st = cam_memory_check(run(t)); /* as main() ends */
    allocator.armed = 0;
    if (st != CAM_OK && st != CAM_E_MEMORY)
        fail_msg("allocation %zu: %s: %s", n, cam_status_name(st), cam_status_message());
    if (st != CAM_OK && (!allocator.failed || !cam_status_message()[0]))
        fail_msg("allocation %zu: %s without a reason", n, cam_status_name(st));
    if (allocator.held_count > 0)
        fail_msg("allocation %zu: %zu blocks are still held (%s)", n, allocator.held_count, cam_status_name(st));
}

static inline int by_site_and_turn(const void *a, const void *b) {
    const uintptr_t *x = *(const uintptr_t *const *)a, *y = *(const uintptr_t *const *)b;
    return *x != *y ? (*x < *y ? -1 : 1) : x < y ? -1 : x > y;
}

/* chosen[i]: allocation i + 1 will fail. */
static inline void choose(unsigned char *chosen, size_t count) {
    uintptr_t *sites = malloc(count * sizeof *sites), **sorted = malloc(count * sizeof *sorted);
    size_t turn = 0;
    memcpy(sites, allocator.site, count * sizeof *sites);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &sites[i];
    qsort(sorted, count, sizeof *sorted, by_site_and_turn);
    for (size_t i = 0; i < count; i++) {
        turn = i > 0 && *sorted[i] == *sorted[i - 1] ? turn + 1 : 1;
        chosen[sorted[i] - sites] = turn <= FIRST_TURNS || (turn & (turn - 1)) == 0;
    }
    free(sites);
    free(sorted);
}

/* `expected` is the least number of allocations: a sweep over none would prove nothing. */
static inline void sweep(operation run, const tree *t, size_t expected) {
    run_with(run, t, 0, FAIL_ONE); /* the libraries make here what they make once and keep */
    run_with(run, t, 0, FAIL_ONE);
    size_t count = allocator.count, memory_errors = 0;
    assert_in_range(count, expected, SITES);
    unsigned char *chosen = calloc(count, 1);
    choose(chosen, count);
    for (size_t n = 1; n <= count; n++) {
        if (!chosen[n - 1])
            continue;
        run_with(run, t, n, FAIL_ONE);
        run_with(run, t, n, FAIL_ALL_FROM);
        memory_errors += strstr(cam_status_message(), "no memory") != NULL;
    }
    assert_true(memory_errors > 0);
    free(chosen);
}

#define SWEEP(name, expected)                                                                                          \
    static void test_##name(void **state) {                                                                            \
        sweep(name, *state, expected);                                                                                 \
    }

/* --- files that several sweeps read ------------------------------------------------------------------------------ */

/* Sets up the tree, and the allocator for jansson. */
static inline int sweep_setup(void **state) {
    json_set_alloc_funcs(jansson_malloc, free);
    return tree_setup(state);
}

/* Quoted, escaped, blank and repeated: the paths that allocate. */
static const char allocation_csv[] =
    "label,text\nA,\"un texte, long\"\nB,deux\n ,\nA,trois\nb,quatre\nB,DEUX.\nA,été\nb,\xC3\xA0 "
    "bient\xC3\xB4t\nC,cinq\nC,six\nA,sept\nB,huit\n";

static const char allocation_tokenizer[] =
    "{\"added_tokens\":[{\"id\":3,\"content\":\"<unk>\",\"special\":true},{\"id\":9,\"content\":\"<mask>\","
    "\"special\":true,\"lstrip\":true},{\"id\":10,\"content\":\"Un\",\"normalized\":true}],"
    "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Precompiled\",\"precompiled_charsmap\":"
    "\"BAAAAAAAAAA=\"},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" "
    "\"},{\"type\":\"Replace\","
    "\"pattern\":{\"String\":\"''\"},\"content\":\"'\"}]},"
    "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\"},"
    "\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":[[\"<s>\",0],[\"<pad>\",0],[\"</s>\",0],[\"<unk>\",0],"
    "[\"\xE2\x96\x81\",-2],[\"on\",-3],[\"e\",-4],[\".\",-5],[\"..\",-5.5]";

/* The model has 160 rows, and a tokenizer must have about as many pieces. */
static inline void write_tokenizer(const tree *t) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, allocation_tokenizer);
    for (int i = 11; i < 160; i++)
        cam_strbuf_printf(&text, ",[\"%d\",-9]", i);
    cam_strbuf_puts(&text, "]}}");
    tree_write_text(t, "model/tokenizer.json", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

#endif
