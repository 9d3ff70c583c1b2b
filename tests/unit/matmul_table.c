/* matmul_table.c: tables of algorithms: what is written is read again; another machine's lines are checked and left
 * alone; what is no table is refused with its line. */
#include "matmul_table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WORDS     "0000000000000001 0000000000000002 0000000000000003 0000000000000004"
#define ALGORITHM " = " WORDS " 00000000000000ff 0000000000000006 0000000000000007 fedcba9876543210\n"
#define OURS      "table 1\ndevice 90 132 130100 NVIDIA H200\n"
#define SMALL     "product 1 2 3  0 1  BF16 F32  3 3 2  256 16 2 0  1 0 "
#define LARGE     "product 400 2304 768  0 0  BF16 BF16  768 2304 2304  256 256 256 256  0 0 "

static const cam_matmul_machine h200 = {.capability = 90, .multiprocessors = 132, .library = 130100, "NVIDIA H200"};

static cam_matmul_table opened(const char *text) {
    cam_matmul_table table = {0};
    cam_status st = cam_matmul_table_read(&table, &h200, text, "t.txt", NULL);
    if (st != CAM_OK)
        fail_msg("%s", cam_status_message());
    return table;
}

static void assert_refused(const char *text, const char *message) {
    cam_matmul_table table = {0};
    assert_int_equal(cam_matmul_table_read(&table, &h200, text, "t.txt", NULL), CAM_E_DATA);
    if (!strstr(cam_status_message(), message))
        fail_msg("\"%s\" does not say \"%s\"", cam_status_message(), message);
    cam_matmul_table_release(&table);
}

static void test_a_product_line_means_its_key(void **state) {
    (void)state;
    cam_matmul_table table = opened(OURS SMALL ALGORITHM);
    const cam_matmul_key key = {.m = 1,
                                .n = 2,
                                .k = 3,
                                .a_stride = 3,
                                .b_stride = 3,
                                .c_stride = 2,
                                .b_transposed = 1,
                                .input = CAM_BF16,
                                .output = CAM_F32,
                                .a_alignment = 256,
                                .b_alignment = 16,
                                .c_alignment = 2,
                                .accumulate = 1};
    assert_int_equal(table.count, 1);
    const cam_matmul_choice *choice = cam_matmul_table_find(&table, &key);
    assert_non_null(choice);
    assert_int_equal(choice->line, 3);
    assert_true(choice->algorithm[4] == 0xff && choice->algorithm[7] == 0xfedcba9876543210u);
    cam_matmul_key other = key;
    other.tf32 = 1;
    assert_null(cam_matmul_table_find(&table, &other));
    cam_matmul_table_release(&table);
}

static void test_what_is_written_is_read(void **state) {
    (void)state;
    cam_matmul_table table = opened(OURS LARGE ALGORITHM SMALL ALGORITHM);
    cam_strbuf text = CAM_STRBUF_INIT, again = CAM_STRBUF_INIT;
    cam_matmul_table_put_machine(&text, &h200);
    for (size_t i = 0; i < table.count; i++)
        cam_matmul_table_put_choice(&text, &table.choices[i]);
    cam_matmul_table copy = opened(cam_strbuf_text(&text));
    assert_int_equal(copy.count, 2);
    cam_matmul_table_put_machine(&again, &h200);
    for (size_t i = 0; i < copy.count; i++) {
        assert_ptr_equal(cam_matmul_table_find(&copy, &table.choices[i].key), &copy.choices[i]);
        cam_matmul_table_put_choice(&again, &copy.choices[i]);
    }
    assert_string_equal(cam_strbuf_text(&text), cam_strbuf_text(&again));
    cam_strbuf_release(&text);
    cam_strbuf_release(&again);
    cam_matmul_table_release(&table);
    cam_matmul_table_release(&copy);
}

/* Capability, multiprocessors, library and name each make another machine, whose algorithms mean nothing here. */
static void test_other_machines_give_nothing(void **state) {
    (void)state;
    const char *const devices[] = {"80 132 130100 NVIDIA H200", "90 114 130100 NVIDIA H200",
                                   "90 132 130200 NVIDIA H200", "90 132 130100 NVIDIA H100"};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_strbuf_printf(&text, "table 1\ndevice %s\n" SMALL ALGORITHM, devices[i]);
        cam_matmul_table table = opened(cam_strbuf_text(&text));
        assert_int_equal(table.count, 0);
        cam_strbuf_release(&text);
        cam_matmul_table_release(&table);
    }
}

static void test_tables_one_after_another(void **state) {
    (void)state;
    cam_matmul_table table =
        opened("# two\n\ntable 1\ndevice 80 108 130100 NVIDIA A100\n" SMALL ALGORITHM OURS LARGE ALGORITHM);
    assert_int_equal(table.count, 1);
    assert_int_equal(table.choices[0].key.m, 400);
    assert_int_equal(table.choices[0].line, 8);
    cam_matmul_table_release(&table);
}

static void test_what_is_no_table(void **state) {
    (void)state;
    assert_refused("", "\"t.txt\" is no table of products");
    assert_refused("hello\n", "t.txt:1: not a line of a table");
    assert_refused("device 90 132 130100 NVIDIA H200\n", "t.txt:1: a device before");
    assert_refused("table 1\n" SMALL ALGORITHM, "t.txt:2: a product before");
    assert_refused("table 2\n", "t.txt:1: not a line");
    assert_refused("table 1\ndevice 90 132 NVIDIA H200\n", "t.txt:2: not a device");
    assert_refused(OURS SMALL " = " WORDS "\n", "t.txt:3: not a product");
    assert_refused(OURS "product 0 2 3  0 1  BF16 F32  3 3 2  256 16 2 0  1 0 " ALGORITHM, "t.txt:3: not a product");
    assert_refused(OURS "product 1 2 3  0 1  F16 F32  3 3 2  256 16 2 0  1 0 " ALGORITHM, "t.txt:3: not a product");
    assert_refused(OURS "product 1 2 3  0 1  BF16 F32  3 3 2  256 12 2 0  1 0 " ALGORITHM, "t.txt:3: not a product");
    assert_refused(OURS SMALL ALGORITHM SMALL ALGORITHM, "t.txt:4: this product is already in line 3");
    assert_refused("table 1\ndevice 80 108 1 NVIDIA A100\nproduct 1\n", "t.txt:3: not a product");
}

/* A second run is tuned into the same file: its products are new, the first one's and another machine's stay. */
static void test_the_rest_of_a_file_stays(void **state) {
    (void)state;
    static const char other[] = "table 1\ndevice 80 108 130100 NVIDIA A100\n" SMALL ALGORITHM;
    cam_strbuf text = CAM_STRBUF_INIT, before = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, OURS SMALL " = " WORDS " " WORDS "\n");
    cam_strbuf_put_all(&before, other, "# a comment\n" OURS LARGE ALGORITHM SMALL ALGORITHM, NULL);
    assert_int_equal(cam_matmul_table_put_rest(&text, &h200, cam_strbuf_text(&before), "t.txt"), CAM_OK);
    cam_matmul_table table = opened(cam_strbuf_text(&text));
    assert_int_equal(table.count, 2);
    for (size_t i = 0; i < table.count; i++)
        assert_true(table.choices[i].algorithm[7] == (table.choices[i].key.m == 1 ? 4u : 0xfedcba9876543210u));
    assert_non_null(strstr(cam_strbuf_text(&text), other));
    cam_strbuf_release(&text);
    cam_strbuf_release(&before);
    cam_matmul_table_release(&table);
}

static void test_the_rest_of_no_table_is_refused(void **state) {
    (void)state;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, OURS SMALL ALGORITHM);
    assert_int_equal(cam_matmul_table_put_rest(&text, &h200, OURS LARGE ALGORITHM "?\n", "t.txt"), CAM_E_DATA);
    assert_string_equal(cam_strbuf_text(&text), OURS SMALL ALGORITHM);
    cam_strbuf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_product_line_means_its_key),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_other_machines_give_nothing),
        cmocka_unit_test(test_tables_one_after_another),
        cmocka_unit_test(test_what_is_no_table),
        cmocka_unit_test(test_the_rest_of_a_file_stays),
        cmocka_unit_test(test_the_rest_of_no_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
