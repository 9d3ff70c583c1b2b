/* A data file of rows: two bytes of options, then the file. The reader, the detection and the data set all see it. Rows
 * are valid UTF-8 without NUL, labels are trimmed, lines do not go back. */
#include "dataset.h"
#include "detect.h"
#include "fuzz.h"
#include "text_fold.h"
#include "utf8.h"

static void check_record(const cam_record *record, const cam_read_options *options) {
    FUZZ_CHECK(cam_utf8_valid_prefix(record->text, record->text_length) == record->text_length);
    FUZZ_CHECK(!memchr(record->text, 0, record->text_length));
    if (record->label) {
        const char *label = record->label;
        size_t length = record->label_length;
        cam_text_trim(&label, &length);
        FUZZ_CHECK(length == record->label_length);
    }
    FUZZ_CHECK(!options->label_required || record->label_length > 0 || record->blank || record->bad);
}

static void read_all(const cam_read_options *options) {
    cam_record_reader *reader;
    cam_record record;
    long line = 0;
    int got = 1;
    cam_status_clear();
    cam_status st = cam_record_reader_open(options, &reader);
    while (st == CAM_OK && got) {
        st = cam_record_reader_next(reader, &record, &got);
        if (st != CAM_OK || !got)
            break;
        FUZZ_CHECK(record.line >= line);
        line = record.line;
        check_record(&record, options);
    }
    FUZZ_CHECK(st == CAM_OK || ((st == CAM_E_DATA || st == CAM_E_USAGE) && cam_status_message()[0]));
    cam_record_reader_close(reader);
}

static void detect(const char *path) {
    cam_detected found;
    cam_trial trial;
    cam_status st = cam_detect(&(cam_read_options){.path = path}, &found);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_DATA && cam_status_message()[0]));
    if (st == CAM_OK) {
        FUZZ_CHECK(found.text_column < found.column_count && found.label_column < found.column_count);
        st = cam_detect_try(path, &found, &trial);
        FUZZ_CHECK(st == CAM_OK || (st == CAM_E_DATA && cam_status_message()[0]));
        cam_trial_release(&trial);
    }
    cam_detected_release(&found);
}

static void load(const cam_read_options *options) {
    cam_dataset dataset;
    cam_status st = cam_dataset_load(options, &dataset);
    FUZZ_CHECK(st == CAM_OK || st == CAM_E_DATA || st == CAM_E_USAGE);
    for (size_t i = 0; st == CAM_OK && i < dataset.count; i++)
        FUZZ_CHECK(dataset.rows[i].text[dataset.rows[i].text_length] == '\0');
    cam_dataset_release(&dataset);
}

void fuzz_one(const uint8_t *data, size_t size) {
    static const char *const columns[] = {"label", "text"};
    static const cam_data_format formats[] = {CAM_FORMAT_AUTO, CAM_FORMAT_CSV, CAM_FORMAT_TSV, CAM_FORMAT_JSONL,
                                              CAM_FORMAT_LINES};
    uint8_t a = fuzz_byte(&data, &size), b = fuzz_byte(&data, &size);
    char *path = fuzz_path("rows.csv");
    fuzz_write("rows.csv", data, size);
    cam_read_options options = {.path = path,
                                .format = formats[a % 5],
                                .encoding = (cam_encoding)((b & 15) % CAM_CHOICE_COUNT_encoding),
                                .delimiter = "\0\0\0;,\t|"[a / 5 % 7],
                                .columns = b & 16 ? columns : NULL,
                                .column_count = 2,
                                .on_bad_row = b & 32 ? CAM_BAD_ROW_SKIP : CAM_BAD_ROW_ERROR,
                                .label_required = b >> 6 & 1,
                                .keep_blank = b >> 7};
    read_all(&options);
    options.keep_blank = 0;
    load(&options);
    detect(path);
    free(path);
}
