/* group.c: a group of one process: started alone, and by a launcher where no MPI library is found. The groups of several
 * ranks are tested in tests/ranks. */
#include "group.h"
#include "launcher_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* This test may itself run under a launcher. */
static int unset_launchers(void **unused) {
    (void)unused;
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK",     "PMI_RANK",
                                        "MV2_COMM_WORLD_RANK",  "SLURM_STEP_ID", "SLURM_STEP_NUM_TASKS",
                                        "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    setenv("CAM_MPI_LIBRARY", "/nonexistent/libmpi.so", 1);
    return 0;
}

static void opens_alone(void) {
    cam_group group;
    assert_null(cam_launcher());
    assert_int_equal(cam_group_open(&group), CAM_OK);
    assert_int_equal(cam_group_rank(&group), 0);
    assert_int_equal(cam_group_ranks(&group), 1);
    assert_int_equal(group.local_ranks, 1);
    assert_int_equal(cam_group_finalize(&group, CAM_OK), CAM_OK);
}

static void alone_it_is_one_rank(void **unused) {
    (void)unused;
    cam_group group;
    long long value = 3;
    char data[] = "abc";
    opens_alone();
    assert_int_equal(cam_group_open(&group), CAM_OK);
    assert_int_equal(cam_group_agree_status(&group, "here", CAM_E_DATA), CAM_E_DATA);
    assert_int_equal(cam_group_sum(&group, "here", &value), CAM_OK);
    assert_int_equal(value, 3);
    assert_int_equal(cam_group_all_gather(&group, "here", data, (const size_t[]){0, 3}), CAM_OK);
    assert_int_equal(cam_group_broadcast(&group, "here", data, 3), CAM_OK);
    assert_string_equal(data, "abc");
    assert_int_equal(cam_group_require_equal(&group, "data", 1), CAM_OK);
    assert_int_equal(cam_group_poll(&group), CAM_OK);
    assert_true(group.reporter < 0); /* it reports its own failures */
    assert_int_equal(cam_group_finish(&group, CAM_E_DATA), CAM_E_DATA);
    assert_int_equal(cam_group_finalize(&group, CAM_E_DATA), CAM_E_DATA);
    assert_non_null(strstr(cam_group_mpi(), "no library found"));
}

static void a_launcher_is_refused(void **unused) {
    (void)unused;
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cam_group group;
        setenv(names[i], "0", 1);
        assert_int_equal(cam_group_open(&group), CAM_E_USAGE);
        assert_int_equal(cam_status_exit_code(CAM_E_USAGE), 2);
        assert_non_null(strstr(cam_status_message(), names[i]));
        assert_non_null(strstr(cam_status_message(), "/nonexistent/libmpi.so"));
        assert_int_equal(cam_group_rank(&group), 0);
        assert_int_equal(cam_group_finalize(&group, CAM_E_USAGE), CAM_E_USAGE);
        unsetenv(names[i]);
    }
    opens_alone();
}

/* The environment of sbatch's script is no launcher; that of srun's tasks is, if there are several. */
static void a_batch_script_is_no_launcher(void **unused) {
    (void)unused;
    cam_group group;
    setenv("SLURM_PROCID", "0", 1);
    opens_alone();
    setenv("SLURM_STEP_ID", "0", 1);
    opens_alone();
    setenv("SLURM_STEP_NUM_TASKS", "1", 1);
    opens_alone();
    setenv("SLURM_STEP_NUM_TASKS", "2", 1);
    assert_int_equal(cam_group_open(&group), CAM_E_USAGE);
    assert_non_null(strstr(cam_status_message(), "SLURM_STEP_ID"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(alone_it_is_one_rank, unset_launchers),
        cmocka_unit_test_setup(a_launcher_is_refused, unset_launchers),
        cmocka_unit_test_setup(a_batch_script_is_no_launcher, unset_launchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
