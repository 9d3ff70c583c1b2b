/* allocation_data.c: the sweep of allocation_sweep.h over what reads, guesses, labels, audits and splits rows. */
#include "allocation_sweep.h"
#include "audit.h"
#include "detect.h"
#include "label_audit.h"
#include "split.h"

static const char tsv[] = "label\ttext\nA\tun\nB\t\"deux\"\nA\ttrois\n";
static const char jsonl[] = "{\"label\":\"A\",\"text\":\"un\"}\n{\"label\":\"B\",\"text\":\"d\\u00e9j\\u00e0\","
                            "\"more\":[1,{\"k\":null}]}\n\n{\"label\":3,\"text\":\"trois\",\"n\":true}\n";

static const char jsonl_with_labels[] = "{\"label\":\"A\",\"text\":\"un\"}\n{\"label\":\"B\",\"text\":\"deux\"}\n"
                                        "{\"label\":\"A\",\"text\":\"trois\"}\n";

static cam_status load(const tree *t, const char *name, size_t rows, cam_on_bad_row on_bad_row, cam_dataset *data) {
    char *path = path_of(t, name);
    cam_read_options options = {.path = path, .label_required = 1, .on_bad_row = on_bad_row};
    cam_status st = cam_dataset_load(&options, data);
    if (st == CAM_OK)
        assert_int_equal(data->count, rows);
    free(path);
    return st;
}

static cam_status load_and_release(const tree *t, const char *name, size_t rows) {
    cam_dataset data;
    cam_status st = load(t, name, rows, CAM_BAD_ROW_ERROR, &data);
    cam_dataset_release(&data);
    return st;
}

static cam_status load_csv(const tree *t) {
    return load_and_release(t, "data.csv", 11);
}
SWEEP(load_csv, 10)

static cam_status load_tsv(const tree *t) {
    return load_and_release(t, "data.tsv", 3);
}
SWEEP(load_tsv, 10)

static cam_status load_jsonl(const tree *t) {
    return load_and_release(t, "data.jsonl", 3);
}
SWEEP(load_jsonl, 10)

/* A lack of memory never makes a row bad. */
static cam_status load_jsonl_and_skip(const tree *t) {
    cam_dataset data;
    cam_status st = load(t, "data.jsonl", 3, CAM_BAD_ROW_SKIP, &data);
    if (st == CAM_OK)
        assert_int_equal(data.counts.bad_skipped, 0);
    cam_dataset_release(&data);
    return st;
}
SWEEP(load_jsonl_and_skip, 10)

static cam_status detect(const tree *t, const char *name, cam_encoding encoding) {
    cam_detected found;
    char *path = path_of(t, name);
    cam_status st = cam_detect(&(cam_read_options){.path = path}, &found);
    if (st == CAM_OK) {
        assert_int_equal(found.encoding, encoding);
        assert_true(found.text_column < found.column_count);
    }
    cam_detected_release(&found);
    free(path);
    return st;
}

static cam_status detect_csv(const tree *t) {
    return detect(t, "data.csv", CAM_ENCODING_UTF8);
}
SWEEP(detect_csv, 15)

static cam_status detect_windows_1252(const tree *t) {
    return detect(t, "windows.csv", CAM_ENCODING_WINDOWS_1252);
}
SWEEP(detect_windows_1252, 15)

static cam_status detect_jsonl(const tree *t) {
    return detect(t, "detect.jsonl", CAM_ENCODING_UTF8);
}
SWEEP(detect_jsonl, 15)

static cam_status build_labels(const tree *t) {
    static const char *const list[] = {"A", "B", "C", "b", "D"};
    cam_dataset data = {0};
    cam_labels sorted = {0}, listed = {0};
    cam_strbuf warnings = CAM_STRBUF_INIT;
    int32_t ids[16];
    cam_label_cure cure = {0};
    cam_status st = CAM_OK;
    CAM_TRY(load(t, "data.csv", 11, CAM_BAD_ROW_ERROR, &data));
    CAM_TRY(cam_labels_build(&sorted, &(cam_label_options){.order = CAM_LABELS_SORTED}, &data, NULL));
    CAM_TRY(cam_labels_build(&listed, &(cam_label_options){.order = CAM_LABELS_LIST, .list = list, .list_count = 5},
                             &data, &warnings));
    CAM_TRY(cam_labels_assign(&sorted, &data, ids));
    assert_int_equal(ids[0], 0);
    CAM_TRY(cam_label_audit(&data, "text", "label", &warnings, &cure));
    assert_int_equal(cure.from.count, 1);
out:
    cam_label_cure_release(&cure);
    cam_labels_release(&sorted);
    cam_labels_release(&listed);
    cam_strbuf_release(&warnings);
    cam_dataset_release(&data);
    return st;
}
SWEEP(build_labels, 30)

static cam_status audit(const tree *t) {
    cam_dataset data = {0};
    cam_strbuf warnings = CAM_STRBUF_INIT;
    cam_audit found;
    size_t dropped;
    cam_status st = CAM_OK;
    CAM_TRY(load(t, "data.csv", 11, CAM_BAD_ROW_ERROR, &data));
    const cam_dataset *parts[CAM_PARTS] = {&data};
    CAM_TRY(cam_audit_run(&found, parts));
    assert_int_equal(found.duplicates[CAM_PART_TRAIN].count, 1);
    CAM_TRY(cam_audit_apply(&found, CAM_DUPLICATE_DROP, &data, &warnings, &dropped));
    assert_int_equal(dropped, 1);
out:
    cam_strbuf_release(&warnings);
    cam_dataset_release(&data);
    return st;
}
SWEEP(audit, 18)

static cam_status split(const tree *t) {
    static const int32_t ids[] = {0, 1, 0, 1, 0, 1, 0, 1};
    cam_split plain = {0}, stratified = {0};
    cam_status st = CAM_OK;
    (void)t;
    CAM_TRY(cam_split_rows(&plain, 8, 0.25, 42, NULL, 0, NULL));
    assert_int_equal(plain.test_count, 2);
    CAM_TRY(cam_split_rows(&stratified, 8, 0.25, 42, ids, 2, NULL));
    assert_int_equal(stratified.test_count, 2);
out:
    cam_split_release(&plain);
    cam_split_release(&stratified);
    return st;
}
SWEEP(split, 8)

static int setup(void **state) {
    int failed = sweep_setup(state);
    const tree *t = *state;
    if (failed)
        return failed;
    tree_write_text(t, "data.csv", allocation_csv);
    tree_write_text(t, "data.tsv", tsv);
    tree_write_text(t, "data.jsonl", jsonl);
    tree_write_text(t, "detect.jsonl", jsonl_with_labels);
    tree_write_text(t, "windows.csv", "label;text\nA;\xE9t\xE9\nB;deux\nA;trois\nB;quatre\n");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_csv),     cmocka_unit_test(test_load_tsv),
        cmocka_unit_test(test_load_jsonl),   cmocka_unit_test(test_load_jsonl_and_skip),
        cmocka_unit_test(test_detect_csv),   cmocka_unit_test(test_detect_windows_1252),
        cmocka_unit_test(test_detect_jsonl), cmocka_unit_test(test_build_labels),
        cmocka_unit_test(test_audit),        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, setup, tree_teardown);
}
