/* file_kinds.c: files that are no text are named by their first bytes, whatever their ending, with the way to a CSV. */
#include "dataset_case.h"

typedef struct no_text {
    const char *name, *bytes;
    size_t size;
    const char *says; /* after "PATH: "; its first part where it ends in "…" */
} no_text;
#define BYTES(text)       text, sizeof(text) - 1
#define ZIP(length, name) "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" length "\0\0\0" name

static const no_text files[] = {
    {"a.xlsx", BYTES(ZIP("\x0F", "xl/workbook.xml")), "an Excel workbook; save it as CSV UTF-8"},
    {"a.csv", BYTES(ZIP("\x13", "[Content_Types].xml") ZIP("\x0F", "xl/workbook.xml")),
     "an Excel workbook; save it as CSV UTF-8"},
    {"a.json", BYTES("PK\x03\x04\x14\0\x06\0"), "an Excel workbook; save it as CSV UTF-8"},
    {"a.jsonl", BYTES("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "an Excel workbook; save it as CSV UTF-8"},
    {"a.ods", BYTES("PK\x03\x04\x14\0\x06\0"), "an OpenDocument workbook; save it as CSV UTF-8"},
    {"a.txt", BYTES(ZIP("\x08", "mimetypeapplication/vnd.oasis.opendocument.spreadsheet")),
     "an OpenDocument workbook; save it as CSV UTF-8"},
    {"a", BYTES(ZIP("\x12", "Index/Document.iwa")), "a Numbers workbook; save it as CSV UTF-8"},
    {"a.docx", BYTES(ZIP("\x11", "word/document.xml")), "a Word document; …"},
    {"a.zip", BYTES(ZIP("\x08", "data.csv")), "a ZIP archive; unpack it first: unzip …"},
    {"a.npz", BYTES(ZIP("\x09", "arr_0.npy")), "a NumPy archive; write it as CSV: python3 -c …"},
    {"a.rds", BYTES("\x1F\x8B\x08\0"),
     "a file of R; write it as CSV: Rscript -e 'a <- commandArgs(TRUE); write.csv(readRDS(a[1]), a[2], row.names = "
     "FALSE, "
     "fileEncoding = \"UTF-8\")' … …"},
    {"a.RData", BYTES("BZh91AY"),
     "a file of R; write it as CSV: Rscript -e 'a <- commandArgs(TRUE); write.csv(get(load(a[1])[1]), …"},
    {"a.csv.gz", BYTES("\x1F\x8B\x08\0"), "a gzip archive; unpack it first: gzip -dc …"},
    {"a.csv", BYTES("BZh91AY&SY"), "a bzip2 archive; unpack it first: bzip2 -dc …"},
    {"a.csv", BYTES("\xFD\x37zXZ\0\0"), "an xz archive; unpack it first: xz -dc …"},
    {"a.csv", BYTES("\x28\xB5\x2F\xFD\0"), "a Zstandard archive; unpack it first: zstd -dc …"},
    {"a.csv", BYTES("7z\xBC\xAF\x27\x1C\0"), "a 7z archive; unpack it first: 7z x …"},
    {"a.csv", BYTES("PAR1\x15\x04"), "a Parquet file; write it as CSV: python3 -c …"},
    {"a.csv", BYTES("ARROW1\0\0"), "an Arrow or Feather file; write it as CSV: python3 -c …"},
    {"a.csv", BYTES("\xFF\xFF\xFF\xFF\x10\0"), "an Arrow stream (Hugging Face datasets); …"},
    {"a.csv", BYTES("Obj\x01\x04"), "an Avro file; write it as CSV: python3 -c …"},
    {"a.csv", BYTES("ORC\n\x03\0"), "an ORC file; write it as CSV: python3 -c …"},
    {"a.csv", BYTES("SQLite format 3\0"), "an SQLite database; write its table as CSV: sqlite3 -header -csv …"},
    {"a.csv", BYTES("\x80\x04\x95"), "a Python pickle; write it as CSV: python3 -c …"},
    {"a.csv", BYTES("\x93NUMPY\x01"), "a NumPy array; write it as CSV: python3 -c …"},
    {"a.csv", BYTES("%PDF-1.7\n"), "a PDF document; …"},
    {"a.csv", BYTES("{\\rtf1\\ansi"), "an RTF document; …"},
    {"a.csv", BYTES("\xEF\xBB\xBF\n<!DOCTYPE html><html>"), "an HTML page (a download that failed?); …"},
    {"a.csv", BYTES("<?xml version=\"1.0\"?>"), "an XML file; save it as CSV UTF-8"},
    {"a.csv", BYTES("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer, not the file itself; …"},
    {"a.csv", BYTES("\xFF\xFE\0\0t\0\0\0"), "text in UTF-32; save it as CSV UTF-8"},
};

static void test_named(void **state) {
    case_folder *f = *state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char expected[400];
        cam_read_options options = {.path = case_write(f, files[i].name, files[i].bytes, files[i].size),
                                    .label_required = i % 2 == 0};
        char *got = case_rows(&options);
        snprintf(expected, sizeof expected, "%s: %s", options.path, files[i].says);
        char *rest = strstr(expected, "…");
        if (rest ? strncmp(got, expected, (size_t)(rest - expected)) != 0 : strcmp(got, expected) != 0)
            fail_msg("\"%s\" instead of \"%s\"", got, expected);
        free(got);
        unlink(options.path);
        f->files = 0;
    }
}

/* The commands name the file as a shell reads it, and another file than that. */
static void test_commands(void **state) {
    case_folder *f = *state;
    cam_strbuf expected = CAM_STRBUF_INIT;
    cam_read_options options = {.path = case_write(f, "l'état.jsonl.gz", BYTES("\x1F\x8B\x08\0"))};
    cam_strbuf_printf(&expected,
                      "%s: a gzip archive; unpack it first: gzip -dc '%s/l'\\''état.jsonl.gz' > '%s/l'\\''état.jsonl'",
                      options.path, f->path, f->path);
    ASSERT_ROWS(&options, expected.text);
    options.path = case_write(f, "a.csv", BYTES("\x1F\x8B\x08\0"));
    cam_strbuf_clear(&expected);
    cam_strbuf_printf(&expected, "%s: a gzip archive; unpack it first: gzip -dc %s > %s/a-new.csv", options.path,
                      options.path, f->path);
    ASSERT_ROWS(&options, expected.text);
    cam_strbuf_release(&expected);
}

/* Texts that begin like one of these. */
static void test_texts(void **state) {
    case_folder *f = *state;
    static const char *const headers[] = {"PK", "ORC", "BZh", "version", "Rar", "7z", "PAR"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s;text;label\n1;a;x\n", headers[i]);
        cam_read_options options = {.path = case_text(f, "a.csv", text), .label_required = 1};
        ASSERT_ROWS(&options, "x|a\n");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_named, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_commands, case_setup, case_teardown),
        cmocka_unit_test_setup_teardown(test_texts, case_setup, case_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
