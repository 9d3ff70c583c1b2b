/* machine_blocks.cc: checks of barriers, shared memory, and accesses of several blocks to global memory. */
#include "machine_test.h"

template <bool SYNC> CAM_KERNEL(THREADS) rotate(int *out) {
    CAM_SHARED(int, s);
    int t = (int)threadIdx.x;
    s[t] = t;
    if (SYNC)
        cam_sync_block();
    out[blockIdx.x * THREADS + (unsigned)t] = s[(t + 1) % THREADS];
}
template <bool SYNC> static void rotates(void) {
    int *out = device<int>(8 * THREADS);
    launch(rotate<SYNC>, 8, THREADS, THREADS * sizeof(int), out);
    for (int i = 0; i < 8 * THREADS; i++)
        MUST(out[i] == (i + 1) % THREADS);
    cudaFree(out);
}

/* Uses one buffer twice: without the second barrier a fast thread overwrites values that a slow one has not read. */
template <bool SYNC> CAM_KERNEL(THREADS) rotate_twice(int *out) {
    CAM_SHARED(int, s);
    int t = (int)threadIdx.x, v = t;
    for (int round = 0; round < 2; round++) {
        s[t] = v;
        cam_sync_block();
        v = s[(t + 1) % THREADS];
        if (SYNC)
            cam_sync_block();
    }
    out[t] = v;
}
template <bool SYNC> static void rotates_twice(void) {
    int *out = device<int>(THREADS);
    for (int seed = 1; seed < 8; seed++) {
        simt_seed((uint64_t)seed);
        launch(rotate_twice<SYNC>, 1, THREADS, THREADS * sizeof(int), out);
        for (int i = 0; i < THREADS; i++)
            MUST(out[i] == (i + 2) % THREADS);
    }
    cudaFree(out);
}

/* Lanes exchange values through shared memory: only a warp barrier orders them, a shuffle does not. */
template <bool SYNC> CAM_KERNEL(THREADS) swap_in_warp(int *out) {
    CAM_SHARED(int, s);
    int t = (int)threadIdx.x;
    s[t] = t;
    if (SYNC)
        cam_sync_warp();
    else
        (void)cam_shuffle(t, 0);
    out[t] = s[t ^ 1];
}
template <bool SYNC> static void swaps_in_warp(void) {
    int *out = device<int>(THREADS);
    launch(swap_in_warp<SYNC>, 1, THREADS, THREADS * sizeof(int), out);
    for (int i = 0; i < THREADS; i++)
        MUST(out[i] == (i ^ 1));
    cudaFree(out);
}

template <bool ALL> CAM_KERNEL(THREADS) some_leave(void) {
    if (!ALL && threadIdx.x == 77)
        return;
    cam_sync_block();
}
template <bool ALL> static void barrier_for_all(void) {
    launch(some_leave<ALL>, 2, THREADS, 0);
}

CAM_KERNEL(THREADS) two_barriers(void) {
    if (threadIdx.x < 64)
        cam_sync_block();
    else
        cam_sync_block();
}
static void barrier_in_two_places(void) {
    launch(two_barriers, 1, THREADS, 0);
}

template <int PAST> CAM_KERNEL(THREADS) write_at(void) {
    CAM_SHARED(float, s);
    s[(int)threadIdx.x + PAST] = 1.0f;
}
template <int PAST> static void writes_past_shared(void) {
    launch(write_at<PAST>, 1, THREADS, THREADS * sizeof(float));
}

CAM_KERNEL(THREADS) read_at(float *out, int past) {
    CAM_SHARED(float, s);
    s[threadIdx.x] = 1.0f;
    out[threadIdx.x] = s[(int)threadIdx.x + past];
}
template <int PAST> static void reads_past_shared(void) {
    float *out = device<float>(THREADS);
    launch(read_at, 1, THREADS, THREADS * sizeof(float), out, PAST);
    cudaFree(out);
}

CAM_KERNEL(THREADS) read_unwritten(float *out, int write) {
    CAM_SHARED(float, s);
    if (write)
        s[threadIdx.x] = 1.0f;
    out[blockIdx.x * THREADS + threadIdx.x] = s[threadIdx.x];
}
template <int WRITE> static void reads_unwritten(void) {
    float *out = device<float>(4 * THREADS);
    launch(read_unwritten, 4, THREADS, THREADS * sizeof(float), out, WRITE);
    for (int i = 0; i < 4 * THREADS; i++)
        MUST(out[i] == 1.0f);
    cudaFree(out);
}

template <int PAST> CAM_KERNEL(THREADS) write_global(float *out) {
    out[(int)threadIdx.x + PAST] = 1.0f;
}
template <int PAST> static void writes_past_global(void) {
    float *out = device<float>(THREADS);
    launch(write_global<PAST>, 1, THREADS, 0, out);
    cudaFree(out);
}

/* Every block writes the same element, or its own. */
template <bool OWN> CAM_KERNEL(32) write_by_block(float *out) {
    if (threadIdx.x == 0)
        out[OWN ? blockIdx.x : 0] = (float)blockIdx.x;
}
template <bool OWN> static void blocks_write(void) {
    float *out = device<float>(4);
    launch(write_by_block<OWN>, 4, 32, 0, out);
    cudaFree(out);
}
/* Block 0 reads what block 3 writes. The order of blocks is random; the race must be found in either order. */
template <bool OWN> CAM_KERNEL(32) read_other_block(float *out) {
    if (threadIdx.x == 0)
        out[4 + blockIdx.x] = out[OWN ? blockIdx.x : 3];
    if (threadIdx.x == 1 && !OWN && blockIdx.x == 3)
        out[3] = 2.0f;
}
template <bool OWN> static void blocks_read(void) {
    float *out = device<float>(8);
    launch(read_other_block<OWN>, 4, 32, 0, out);
    cudaFree(out);
}

const check checks_of_blocks[] = {
    {"rotate", rotates<true>, nullptr, IN_ALL},
    {"rotate: no barrier, effect", rotates<false>, "", IN_PLAIN | IN_ADDRESS},
    {"rotate: no barrier", rotates<false>, "of shared memory", IN_RACES},
    {"rotate twice", rotates_twice<true>, nullptr, IN_ALL},
    {"rotate twice: one barrier, effect", rotates_twice<false>, "", IN_PLAIN | IN_ADDRESS},
    {"rotate twice: one barrier", rotates_twice<false>, "a read and a write without a", IN_RACES},
    {"swap in a warp", swaps_in_warp<true>, nullptr, IN_ALL},
    {"swap in a warp: no warp barrier", swaps_in_warp<false>, "without a warp barrier between", IN_RACES},
    {"barrier for all", barrier_for_all<true>, nullptr, IN_ALL},
    {"barrier: one has left", barrier_for_all<false>, "block barrier reached by 127 of 128 threads", IN_ALL},
    {"barrier: two places", barrier_in_two_places, "block barrier while other threads of the block wait", IN_ALL},
    {"shared write inside", writes_past_shared<0>, nullptr, IN_ALL},
    {"shared write past the end", writes_past_shared<1>, "wrote past its 512 bytes of shared memory", IN_PLAIN},
    {"shared write past the end, address", writes_past_shared<1>, "heap-buffer-overflow", IN_ADDRESS},
    {"shared write before the beginning", writes_past_shared<-1>, "heap-buffer-overflow", IN_ADDRESS},
    {"shared read inside", reads_past_shared<0>, nullptr, IN_ALL},
    {"shared read past the end", reads_past_shared<1>, "heap-buffer-overflow", IN_ADDRESS},
    {"shared read of written", reads_unwritten<1>, nullptr, IN_ALL},
    {"shared read of unwritten, effect", reads_unwritten<0>, "", IN_PLAIN | IN_ADDRESS},
    {"shared read of unwritten", reads_unwritten<0>, "which was never written", IN_RACES},
    {"global write inside", writes_past_global<0>, nullptr, IN_ALL},
    {"global write past the end", writes_past_global<1>, "wrote past the end of a device allocation", IN_PLAIN},
    {"global write past the end, address", writes_past_global<1>, "heap-buffer-overflow", IN_ADDRESS},
    {"blocks write their own", blocks_write<true>, nullptr, IN_ALL},
    {"blocks write the same", blocks_write<false>, "race on global memory", IN_RACES},
    {"blocks read their own", blocks_read<true>, nullptr, IN_ALL},
    {"blocks read another's", blocks_read<false>, "race on global memory", IN_RACES},
    {},
};
