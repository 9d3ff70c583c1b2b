/* machine_warps.cc: checks of warp operations, tensor-core fragments, and asynchronous copies.
 * Source of the fragment layouts: PTX ISA 9.0, sections 9.7.14.5.8 (mma.m16n8k16) and 9.7.14.5.15 (ldmatrix).
 */
#include "machine_test.h"

/* --- warps --- */

CAM_KERNEL(64) shuffle_all(int *out) {
    int t = (int)threadIdx.x, lane = cam_lane();
    out[t] = cam_shuffle(t, 5);
    out[64 + t] = cam_shuffle(t, (lane + 7) % 32);
    out[128 + t] = cam_shuffle_xor(t, 16);
    out[192 + t] = cam_shuffle_down(t, 3);
    out[256 + t] = (int)cam_shuffle_xor((double)t + 0.5, 1);
    out[320 + t] = (int)cam_warp_sum((float)t);
    out[384 + t] = (int)cam_warp_max((float)-t);
}
static void shuffles(void) {
    int *out = device<int>(7 * 64);
    launch(shuffle_all, 1, 64, 0, out);
    for (int t = 0; t < 64; t++) {
        int first = t / 32 * 32, lane = t % 32;
        MUST(out[t] == first + 5);
        MUST(out[64 + t] == first + (lane + 7) % 32);
        MUST(out[128 + t] == (t ^ 16));
        MUST(out[192 + t] == (lane < 29 ? t + 3 : t));
        MUST(out[256 + t] == (t ^ 1));
        MUST(out[320 + t] == (first ? 1520 : 496));
        MUST(out[384 + t] == -first);
    }
    cudaFree(out);
}

CAM_KERNEL(THREADS) sum_of_block(double *out) {
    CAM_SHARED(double, partial);
    double sum = cam_block_sum((double)threadIdx.x, partial);
    sum += cam_block_sum(1.0, partial);
    out[blockIdx.x * THREADS + threadIdx.x] = sum;
}
static void block_sum(void) {
    double *out = device<double>(3 * THREADS);
    launch(sum_of_block, 3, THREADS, THREADS / 32 * sizeof(double), out);
    for (int i = 0; i < 3 * THREADS; i++)
        MUST(out[i] == 127 * 64 + 128);
    cudaFree(out);
}

template <bool ALL> CAM_KERNEL(64) lane_left_out(int *out) {
    int v = (int)threadIdx.x;
    if (ALL || cam_lane() != 31)
        v = cam_shuffle_xor(v, 1);
    out[threadIdx.x] = v;
}
template <bool ALL> static void lanes_shuffle(void) {
    int *out = device<int>(64);
    launch(lane_left_out<ALL>, 1, 64, 0, out);
    cudaFree(out);
}

CAM_KERNEL(32) halves_differ(int *out) {
    int v = (int)threadIdx.x;
    if (v < 16)
        v = cam_shuffle(v, 0);
    else
        cam_sync_warp();
    out[threadIdx.x] = v;
}
static void operations_differ(void) {
    int *out = device<int>(32);
    launch(halves_differ, 1, 32, 0, out);
    cudaFree(out);
}

static void part_of_a_warp(void) {
    int *out = device<int>(64);
    launch(lane_left_out<true>, 1, 48, 0, out);
    cudaFree(out);
}

template <int OFFSET> CAM_KERNEL(32) load_vector(const float *in, float *out) {
    cam_vec<float, 4> v = cam_load(reinterpret_cast<const cam_vec<float, 4> *>(in + OFFSET));
    cam_store(reinterpret_cast<cam_vec<float, 4> *>(out + 4 * threadIdx.x), v);
}
template <int OFFSET> static void loads_vector(void) {
    float *in = device<float>(16), *out = device<float>(128);
    launch(load_vector<OFFSET>, 1, 32, 0, in, out);
    cudaFree(in);
    cudaFree(out);
}

/* --- fragments --- */

static float bf16_value(int i) {
    return (float)(i % 13 - 6) * 0.25f;
}
static uint16_t bf16_bits(float x) {
    return (uint16_t)(cam_f32_to_bits(x) >> 16);
}

enum { TILE = 8, TILES = 4 };

/* Four 8x8 tiles, one under the other, rows `stride` elements apart. */
template <int STRIDE, bool TRANSPOSED> CAM_KERNEL(32) load_tiles(const uint16_t *in, uint32_t *out) {
    CAM_SHARED(uint16_t, s);
    for (int i = (int)threadIdx.x; i < TILES * TILE * TILE; i += 32)
        s[i / TILE * STRIDE + i % TILE] = in[i];
    cam_sync_warp();
    uint32_t r[4];
    const uint16_t *row = s + cam_lane() * STRIDE;
    if (TRANSPOSED)
        cam_ldmatrix_transposed(r, row);
    else
        cam_ldmatrix(r, row);
    for (int i = 0; i < 4; i++)
        out[4 * threadIdx.x + (unsigned)i] = r[i];
}
template <int STRIDE, bool TRANSPOSED> static void loads_tiles(void) {
    uint16_t *in = device<uint16_t>(TILES * TILE * TILE);
    uint32_t *out = device<uint32_t>(4 * 32);
    for (int i = 0; i < TILES * TILE * TILE; i++)
        in[i] = (uint16_t)(1000 + i);
    launch(load_tiles<STRIDE, TRANSPOSED>, 1, 32, 32 * STRIDE * 2, in, out);
    for (int lane = 0; lane < 32; lane++)
        for (int tile = 0; tile < TILES; tile++)
            for (int half = 0; half < 2; half++) {
                int row = lane >> 2, column = (lane & 3) * 2 + half;
                int at = TRANSPOSED ? column * TILE + row : row * TILE + column;
                uint32_t got = out[4 * lane + tile] >> 16 * half & 0xffff;
                MUST(got == (uint32_t)(1000 + tile * TILE * TILE + at));
            }
    cudaFree(in);
    cudaFree(out);
}

template <int OUTSIDE> CAM_KERNEL(32) load_rows_outside(uint32_t *out) {
    CAM_SHARED(uint32_t, s);
    for (int i = 0; i < 4; i++)
        s[4 * threadIdx.x + (unsigned)i] = 0;
    cam_sync_warp();
    uint32_t r[4];
    cam_ldmatrix(r, s + 4 * ((int)threadIdx.x + OUTSIDE));
    out[threadIdx.x] = r[0];
}
template <int OUTSIDE> static void loads_rows_outside(void) {
    uint32_t *out = device<uint32_t>(32);
    launch(load_rows_outside<OUTSIDE>, 1, 32, 32 * 16, out);
    cudaFree(out);
}

/* d[16][8] = a[16][16] b[16][8] + c, each element fetched by the tables of the PTX ISA: for a0..a7 of a, row is groupID
 * for i in {0,1,4,5}, else groupID + 8; column is threadID_in_group * 2 + (i & 1), + 8 for i >= 4. For b0..b3 row is
 * threadID_in_group * 2 + (i & 1), + 8 for i >= 2; column is groupID. For c0..c3 row is groupID, + 8 for i >= 2; column
 * is threadID_in_group * 2 + (i & 1). WRONG exchanges a's second and third word, a common mistake. */
template <bool WRONG>
CAM_KERNEL(32)
multiply_fragments(const uint16_t *a, const uint16_t *b, const float *c, float *d) {
    int group = (int)threadIdx.x >> 2, in_group = (int)threadIdx.x & 3;
    uint32_t fa[4] = {}, fb[2] = {};
    float fc[4];
    for (int i = 0; i < 8; i++) {
        int row = i == 0 || i == 1 || i == 4 || i == 5 ? group : group + 8;
        int column = in_group * 2 + (i & 1) + (i >= 4 ? 8 : 0);
        fa[i / 2] |= (uint32_t)a[row * 16 + column] << 16 * (i & 1);
    }
    for (int i = 0; i < 4; i++) {
        int row = in_group * 2 + (i & 1) + (i >= 2 ? 8 : 0);
        fb[i / 2] |= (uint32_t)b[row * 8 + group] << 16 * (i & 1);
        fc[i] = c[(group + (i >= 2 ? 8 : 0)) * 8 + in_group * 2 + (i & 1)];
    }
    if (WRONG) {
        uint32_t second = fa[1];
        fa[1] = fa[2];
        fa[2] = second;
    }
    cam_mma_bf16(fc, fa, fb);
    for (int i = 0; i < 4; i++)
        d[(group + (i >= 2 ? 8 : 0)) * 8 + in_group * 2 + (i & 1)] = fc[i];
}
template <bool WRONG> static void multiplies_fragments(void) {
    uint16_t *a = device<uint16_t>(256), *b = device<uint16_t>(128);
    float *c = device<float>(128), *d = device<float>(128);
    for (int i = 0; i < 256; i++)
        a[i] = bf16_bits(bf16_value(i * 7));
    for (int i = 0; i < 128; i++) {
        b[i] = bf16_bits(bf16_value(i * 5 + 1));
        c[i] = (float)i;
    }
    launch(multiply_fragments<WRONG>, 1, 32, 0, a, b, c, d);
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 8; n++) {
            float want = (float)(m * 8 + n);
            for (int k = 0; k < 16; k++)
                want += bf16_value((m * 16 + k) * 7) * bf16_value((k * 8 + n) * 5 + 1);
            MUST(d[m * 8 + n] == want); /* quarters: exact */
        }
    for (void *memory : {(void *)a, (void *)b, (void *)c, (void *)d})
        cudaFree(memory);
}

/* --- asynchronous copies --- */

enum copying { COPY_RIGHT, COPY_NO_WAIT, COPY_NO_COMMIT, COPY_WAIT_FOR_TOO_FEW, COPY_NO_BARRIER };

/* Two groups of 16 bytes a thread; the second is zeros. */
template <copying HOW> CAM_KERNEL(THREADS) copy_in(const float *in, float *out) {
    CAM_SHARED(float, s);
    int t = (int)threadIdx.x;
    cam_copy_async(s + 4 * t, in + 4 * t);
    if (HOW != COPY_NO_COMMIT)
        cam_copy_commit();
    cam_copy_async_zero(s + 4 * (THREADS + t));
    cam_copy_commit();
    if (HOW == COPY_WAIT_FOR_TOO_FEW)
        cam_copy_wait<2>();
    else if (HOW == COPY_NO_COMMIT)
        cam_copy_wait<1>();
    else if (HOW != COPY_NO_WAIT)
        cam_copy_wait<0>();
    if (HOW != COPY_NO_BARRIER)
        cam_sync_block();
    int other = HOW == COPY_NO_BARRIER ? (t + 33) % THREADS : t;
    for (int i = 0; i < 4; i++)
        out[4 * t + i] = s[4 * other + i];
    if (HOW == COPY_RIGHT)
        for (int i = 0; i < 4; i++)
            out[4 * t + i] += s[4 * (THREADS + t) + i];
}
template <copying HOW> static void copies_in(void) {
    float *in = device<float>(4 * THREADS), *out = device<float>(4 * THREADS);
    for (int i = 0; i < 4 * THREADS; i++)
        in[i] = (float)i;
    launch(copy_in<HOW>, 1, THREADS, 2 * THREADS * 16, in, out);
    for (int i = 0; i < 4 * THREADS; i++)
        MUST(out[i] == (HOW == COPY_NO_BARRIER ? (float)((i + 4 * 33) % (4 * THREADS)) : (float)i));
    cudaFree(in);
    cudaFree(out);
}

const check checks_of_warps[] = {
    {"shuffles", shuffles, nullptr, IN_ALL},
    {"block sum", block_sum, nullptr, IN_ALL},
    {"all lanes shuffle", lanes_shuffle<true>, nullptr, IN_ALL},
    {"a lane left out", lanes_shuffle<false>, "cam_shuffle_xor reached by lanes 0x7fffffff of warp", IN_ALL},
    {"two operations in a warp", operations_differ, "of the same warp wait in", IN_ALL},
    {"part of a warp", part_of_a_warp, "cam_shuffle_xor in warp 1, which has only 16 lanes", IN_ALL},
    {"vector load", loads_vector<4>, nullptr, IN_ALL},
    {"vector load: misaligned", loads_vector<2>, "misaligned load: address", IN_ALL},
    {"ldmatrix", loads_tiles<8, false>, nullptr, IN_ALL},
    {"ldmatrix, padded rows", loads_tiles<24, false>, nullptr, IN_ALL},
    {"ldmatrix transposed", loads_tiles<8, true>, nullptr, IN_ALL},
    {"ldmatrix: misaligned", loads_tiles<12, false>, "misaligned ldmatrix row", IN_ALL},
    {"ldmatrix: outside", loads_rows_outside<1>, "ldmatrix row at", IN_ALL},
    {"mma", multiplies_fragments<false>, nullptr, IN_ALL},
    {"mma: wrong fragment", multiplies_fragments<true>, "", IN_ALL},
    {"cp.async", copies_in<COPY_RIGHT>, nullptr, IN_ALL},
    {"cp.async: no wait", copies_in<COPY_NO_WAIT>, "", IN_ALL},
    {"cp.async: no commit", copies_in<COPY_NO_COMMIT>, "", IN_ALL},
    {"cp.async: waits for too few", copies_in<COPY_WAIT_FOR_TOO_FEW>, "", IN_ALL},
    {"cp.async: no barrier, effect", copies_in<COPY_NO_BARRIER>, "", IN_PLAIN | IN_ADDRESS},
    {"cp.async: no barrier", copies_in<COPY_NO_BARRIER>, "of shared memory", IN_RACES},
    {},
};
