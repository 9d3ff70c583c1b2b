/* text.c: times reading and tokenising rows.
 *
 *     bench_text MODEL_FOLDER TRAIN_TSV
 *
 * It writes the rows of TRAIN_TSV (label<TAB>text, no header) repeatedly into a CSV file of about CSV_BYTES and reads
 * that file. It tokenises each row once on all cores, as a training run does. Prints one JSON object a line.
 */
#include "clock.h"
#include "dataset.h"
#include "files.h"
#include "log.h"
#include "model_tokenizer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CSV_BYTES = 100 << 20 };

static void put_cell(cam_strbuf *out, const char *text, size_t length) {
    cam_strbuf_putc(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            cam_strbuf_putc(out, '"');
        cam_strbuf_putc(out, text[i]);
    }
    cam_strbuf_putc(out, '"');
}

static cam_status write_csv(const cam_dataset *data, const char *path, size_t *bytes) {
    cam_strbuf csv = CAM_STRBUF_INIT;
    cam_strbuf_puts(&csv, "text,label\n");
    for (size_t r = 0; csv.length < CSV_BYTES; r = (r + 1) % data->count) {
        put_cell(&csv, data->rows[r].text, data->rows[r].text_length);
        cam_strbuf_putc(&csv, ',');
        cam_strbuf_append(&csv, data->rows[r].label, data->rows[r].label_length);
        cam_strbuf_putc(&csv, '\n');
    }
    *bytes = csv.length;
    cam_status st = cam_file_write(path, cam_strbuf_text(&csv), csv.length);
    cam_strbuf_release(&csv);
    return st;
}

static cam_status measure_csv(const cam_dataset *data) {
    cam_status st = CAM_OK;
    cam_dataset read = {0};
    size_t bytes = 0;
    char path[] = "/tmp/cam-train-bench-XXXXXX.csv";
    int fd = mkstemps(path, 4);
    if (fd < 0)
        return cam_fail(CAM_E_STORAGE, "cannot make a file for the CSV rows");
    close(fd);
    CAM_TRY(write_csv(data, path, &bytes));
    cam_read_options options = {.path = path, .label_required = 1};
    double begin = cam_now_s();
    CAM_TRY(cam_dataset_load(&options, &read));
    double seconds = cam_now_s() - begin;
    printf("{\"bench\":\"csv\",\"rows\":%zu,\"mb_per_s\":%.0f}\n", read.count, (double)bytes * 1e-6 / seconds);
out:
    cam_dataset_release(&read);
    unlink(path);
    return st;
}

static cam_status measure_tokens(const cam_dataset *data, const char *folder) {
    cam_status st = CAM_OK;
    cam_tokenizer *tokenizer = NULL;
    cam_token_rows rows = {0};
    cam_text *texts = malloc(data->count * sizeof *texts);
    if (!texts)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu texts", data->count);
    for (size_t r = 0; r < data->count; r++)
        texts[r] = (cam_text){data->rows[r].text, data->rows[r].text_length};
    CAM_TRY(cam_model_tokenizer_open(folder, &tokenizer));
    double begin = cam_now_s();
    CAM_TRY(cam_tokenizer_encode_all(tokenizer, texts, (int64_t)data->count, 0, NULL, &rows));
    double seconds = cam_now_s() - begin;
    printf("{\"bench\":\"tokenise\",\"rows\":%zu,\"tokens\":%lld,\"rows_per_s\":%.0f}\n", data->count,
           (long long)rows.offsets[rows.rows], (double)data->count / seconds);
out:
    cam_token_rows_release(&rows);
    cam_tokenizer_close(tokenizer);
    free(texts);
    return st;
}

int main(int argc, char **argv) {
    cam_status st = CAM_OK;
    cam_dataset data = {0};
    static const char *const columns[] = {"label", "text"};
    if (argc != 3) {
        fprintf(stderr, "usage: bench_text MODEL_FOLDER TRAIN_TSV\n");
        return 2;
    }
    cam_read_options options = {
        .path = argv[2], .format = CAM_FORMAT_TSV, .columns = columns, .column_count = 2, .label_required = 1};
    CAM_TRY(cam_dataset_load(&options, &data));
    CAM_TRY(measure_csv(&data));
    CAM_TRY(measure_tokens(&data, argv[1]));
out:
    if (st != CAM_OK)
        cam_log_error("%s", cam_status_message());
    cam_dataset_release(&data);
    return cam_status_exit_code(st);
}
