/* nccl_test.c: tests kernels/vendor/comm_nccl.cu on the stand-ins for CUDA and NCCL. mpirun starts it; every rank runs
 * the same cases.
 */
#include "nccl_test.h"
#include <math.h>
#include <unistd.h>

enum { HANGS_AFTER_S = 60, LAUNCHES = 3 };

int rank, ranks;
cam_backend *cuda;
cam_comm *comm;

void assert_fails(cam_status st, cam_status expected, const char *const texts[], int count) {
    if (st != expected)
        fail_msg("%s \"%s\" instead of %s", cam_status_name(st), cam_status_message(), cam_status_name(expected));
    for (int i = 0; i < count; i++)
        if (!strstr(cam_status_message(), texts[i]))
            fail_msg("\"%s\" does not say \"%s\"", cam_status_message(), texts[i]);
}

/* --- one case ----------------------------------------------------------------------------------------------------- */

cam_status open_for(int as_rank, int of_ranks, double timeout_s) {
    unsigned char id[CAM_NCCL_ID_BYTES] = {0};
    if (as_rank == 0)
        assert_ok(cam_comm_nccl_id(id));
    if (of_ranks > 1)
        MPI_Bcast(id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD);
    return cam_comm_nccl_open(
        cuda, &(cam_comm_nccl_options){.rank = as_rank, .ranks = of_ranks, .id = id, .timeout_s = timeout_s}, &comm);
}

static void open_cuda(void) {
    assert_ok(cam_backend_cuda_open(&(cam_cuda_options){.device = 0}, &cuda));
}

int begin_unopened(void **state) {
    (void)state;
    (void)alarm(HANGS_AFTER_S);
    simt_reset();
    open_cuda();
    return 0;
}
int begin_opened(void **state) {
    begin_unopened(state);
    assert_ok(open_for(rank, ranks, PATIENCE_S));
    return 0;
}
int end(void **state) {
    (void)state;
    cam_comm_close(comm);
    cam_backend_close(cuda);
    comm = NULL, cuda = NULL;
    assert_int_equal(simt_nccl_live(), 0);
    assert_int_equal(simt_live_allocations(), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static void put_number(void *data, cam_dtype dtype, int64_t i, double x) {
    float f = (float)x;
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    if (dtype == CAM_F64)
        ((double *)data)[i] = x;
    else if (dtype == CAM_F32)
        ((float *)data)[i] = f;
    else if (dtype == CAM_BF16)
        ((uint16_t *)data)[i] = (uint16_t)(u >> 16);
    else
        ((int32_t *)data)[i] = (int32_t)x;
}

double number_at(const void *data, cam_dtype dtype, int64_t i) {
    float f;
    uint32_t u = dtype == CAM_BF16 ? (uint32_t)((const uint16_t *)data)[i] << 16 : 0;
    memcpy(&f, &u, sizeof f);
    return dtype == CAM_F64   ? ((const double *)data)[i]
           : dtype == CAM_F32 ? (double)((const float *)data)[i]
           : dtype == CAM_I32 ? ((const int32_t *)data)[i]
                              : (double)f;
}

double number_of(int of_rank, int buffer, int launch, int64_t i) {
    return (double)((of_rank + 1) * (1 + (i + buffer) % 5) + launch);
}

double sum_of_numbers(int buffer, int launch, int64_t i) {
    double sum = 0;
    for (int r = 0; r < comm->ranks; r++)
        sum += number_of(r, buffer, launch, i);
    return sum;
}

/* --- a call and its expected results ------------------------------------------------------------------------------ */

static size_t bytes_of(const cam_comm_buffer *buffer) {
    return (size_t)(buffer->count + 1) * cam_dtype_size(buffer->dtype);
}

void bench_add(bench *b, cam_dtype dtype, int64_t count) {
    cam_comm_buffer *buffer = &b->buffers[b->count++];
    *buffer = (cam_comm_buffer){.dtype = dtype, .count = count};
    assert_true(count <= MOST);
    assert_ok(cam_backend_allocate(cuda, bytes_of(buffer), &buffer->data));
}

void bench_release(bench *b) {
    for (int p = 0; p < b->count; p++)
        cam_backend_release(cuda, b->buffers[p].data);
}

void bench_fill(bench *b, int launch) {
    memset(b->out, 0, sizeof b->out);
    for (int p = 0; p < b->count; p++)
        for (int64_t i = 0; i <= b->buffers[p].count; i++)
            put_number(b->in[p], b->buffers[p].dtype, i, number_of(comm->rank, p, launch, i));
}

cam_status bench_call(const bench *b) {
    switch (b->collective) {
    case ALL_GATHER:
        return cam_comm_all_gather(comm, b->buffers, b->count);
    case BROADCAST:
        return cam_comm_broadcast(comm, b->buffers, b->count);
    case REDUCE_SCATTER:
        return cam_comm_reduce_scatter(comm, b->buffers, b->count);
    case ALL_REDUCE:
        break;
    }
    return cam_comm_all_reduce(comm, b->buffers, b->count);
}

void bench_copy(bench *b, cam_copy_kind kind) {
    for (int p = 0; p < b->count; p++) {
        void *device = b->buffers[p].data;
        if (kind == CAM_TO_DEVICE)
            assert_ok(cam_backend_copy(cuda, device, b->in[p], bytes_of(&b->buffers[p]), kind));
        else
            assert_ok(cam_backend_copy(cuda, b->out[p], device, bytes_of(&b->buffers[p]), kind));
    }
}

static void bench_submit(bench *b) {
    bench_copy(b, CAM_TO_DEVICE);
    assert_ok(bench_call(b));
    assert_ok(cam_comm_join(comm));
    bench_copy(b, CAM_FROM_DEVICE);
}

static void bench_check(const bench *b, int launch) {
    for (int p = 0; p < b->count; p++) {
        const cam_comm_buffer *buffer = &b->buffers[p];
        int64_t shard = buffer->count / comm->ranks;
        for (int64_t i = 0; i <= buffer->count; i++) {
            double expected = number_of(comm->rank, p, launch, i), found = number_at(b->out[p], buffer->dtype, i);
            int is_own = shard && i / shard == comm->rank;
            if (i < buffer->count && b->collective == BROADCAST)
                expected = number_of(0, p, launch, i);
            else if (i < buffer->count && b->collective == ALL_GATHER)
                expected = number_of((int)(i / shard), p, launch, i);
            else if (i < buffer->count && (b->collective == ALL_REDUCE || is_own))
                expected = sum_of_numbers(p, launch, i);
            if (!(fabs(found - expected) < 1e-9))
                fail_msg("rank %d, buffer %d, launch %d: element %d is %g instead of %g", rank, p, launch, (int)i,
                         found, expected);
        }
    }
}

void wait_for_device(void) {
    assert_int_equal(cudaFree(NULL), cudaSuccess);
}

void bench_run_eager(bench *b) {
    for (int launch = 0; launch < LAUNCHES; launch++) {
        bench_fill(b, launch);
        bench_submit(b);
        if (launch == 1)
            wait_for_device();
        assert_ok(cam_backend_synchronize(cuda));
        bench_check(b, launch);
    }
}

void bench_run_captured(bench *b) {
    void *graph;
    int64_t sent;
    bench_fill(b, 0);
    assert_ok(cuda->calls->capture_begin(cuda));
    bench_submit(b);
    assert_ok(cuda->calls->capture_end(cuda, &graph));
    sent = comm->figures.bytes_sent;
    for (int launch = 0; launch < LAUNCHES; launch++) {
        bench_fill(b, launch);
        assert_ok(cuda->calls->graph_launch(cuda, graph));
        assert_ok(cam_backend_synchronize(cuda));
        bench_check(b, launch);
    }
    assert_int_equal(comm->figures.bytes_sent, sent);
    cuda->calls->graph_release(cuda, graph);
}

void bench_run(bench *b) {
    for (int lazy = 0; lazy < 2; lazy++) {
        simt_set_lazy(lazy);
        bench_run_eager(b);
        bench_run_captured(b);
    }
    bench_release(b);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed rank ends the others, too: they would wait for it */
    setenv("NCCL_PROTO", "LL,Simple", 1);
    int failed = run_collectives() + run_faults();
    MPI_Finalize();
    return failed != 0;
}
