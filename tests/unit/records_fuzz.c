/* records_fuzz.c: mutated files never crash or hang a reader, and its contract holds: rows are valid UTF-8 with trimmed
 * labels, line numbers increase, and a failure has a message. The seed is printed; CAM_FUZZ_SEED sets another. */
#include "dataset_case.h"
#include "detect.h"
#include "text_fold.h"
#include "utf8.h"
#include <sys/stat.h>

enum { ITERATIONS = 4000, MAX_BYTES = 1 << 12 };

static uint64_t random_state;

/* xorshift64* (Vigna 2016). */
static uint32_t draw(uint32_t below) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

static const char *const seeds[] = {
    "text;label\r\n\"a;\"\"b\"\"\nc\";x\r\nbonjour, ça va; y \n;;\n;\n\"é\";z\n",
    "sep=,\nid,text,label\n1,\"un, deux\",a\n2,3,14,b\n",
    "label\ttext\nx\t\"a\tb\"\ny\t\"c\" d\nz\té\n",
    "[{\"text\":\"a\",\"label\":[\"x\"]},\n{\"text\": \"b\",\n\"label\":\"y\"}]\n",
    "# titre\n\ntext, label, autre\n\"a \\\"b\\\"\", \"x\"\nc,['y']\ntext, label, autre\n\xC3\xA9,\"y\",,\n",
    "{\"text\":\"a\\u00e9\\n\",\"label\":\"x\"}\n{\"label\":1.5e3,\"text\":\"{\\\"}\",\"y\":[{},[1]]}\n\n",
};
enum { SEEDS = sizeof seeds / sizeof seeds[0] };
static const char utf16[] = "\xFF\xFEt\0e\0x\0t\0;\0l\0a\0b\0e\0l\0\n\0a\0;\0b\0\n";

static size_t mutate(char *bytes, size_t size) {
    static const char *const pieces[] = {"\"",   "\"\"", ";",    ",",         "\t",           "\n",   "\r",
                                         "\r\n", "{",    "}",    "\\u0000",   "\\ud83d",      "\xE9", "\xC3\xA9",
                                         "\xC3", "1e9",  "null", "\"text\":", "\xEF\xBB\xBF", "[",    "\xE2\x80\xA8"};
    for (uint32_t n = 1 + draw(6); n > 0; n--) {
        size_t at = size ? draw((uint32_t)size) : 0;
        if (draw(3) == 0 && size > 0) {
            bytes[at] = (char)draw(256);
        } else if (draw(2) == 0 && size > 0) {
            size_t cut = draw((uint32_t)(size - at < 9 ? size - at : 9) + 1);
            memmove(bytes + at, bytes + at + cut, size - at - cut);
            size -= cut;
        } else {
            const char *piece = pieces[draw(sizeof pieces / sizeof pieces[0])];
            size_t length = strlen(piece);
            if (size + length > MAX_BYTES)
                continue;
            memmove(bytes + at + length, bytes + at, size - at);
            memcpy(bytes + at, piece, length);
            size += length;
        }
    }
    return size;
}

static void check_reader(const cam_read_options *options) {
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
        assert_true(record.line >= line &&
                    (record.line > line || cam_record_reader_format(reader) == CAM_FORMAT_JSONL));
        line = record.line;
        assert_int_equal(cam_utf8_valid_prefix(record.text, record.text_length), record.text_length);
        assert_null(memchr(record.text, 0, record.text_length));
        if (record.label) {
            const char *label = record.label;
            size_t length = record.label_length;
            cam_text_trim(&label, &length);
            assert_int_equal(length, record.label_length);
        }
        assert_true(!options->label_required || record.label_length > 0 || record.blank || record.bad);
    }
    assert_true(st == CAM_OK || ((st == CAM_E_DATA || st == CAM_E_USAGE) && cam_status_message()[0]));
    assert_true(st != CAM_OK || !got);
    cam_record_reader_close(reader);
}

static void test_mutations(void **state) {
    case_folder *f = *state;
    static const char *const names[] = {"f.csv", "f.tsv", "f.jsonl", "f.txt"};
    static const char *const columns[] = {"label", "text"};
    const char *chosen = getenv("CAM_FUZZ_SEED");
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : 20240607;
    char bytes[MAX_BYTES];
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state = seed * 2 + 1;
    for (int i = 0; i < ITERATIONS; i++) {
        size_t which = draw(SEEDS + 1);
        size_t size = which == SEEDS ? sizeof utf16 : strlen(seeds[which]);
        memcpy(bytes, which == SEEDS ? utf16 : seeds[which], size);
        size = mutate(bytes, size);
        const char *name = which == 2 ? names[1] : which == SEEDS - 1 ? names[2] : names[draw(4)];
        cam_read_options options = {.path = case_write(f, name, bytes, size),
                                    .encoding =
                                        draw(4) ? CAM_ENCODING_AUTO : (cam_encoding)draw(CAM_CHOICE_COUNT_encoding),
                                    .delimiter = "\0\0\0;,\t|"[draw(7)],
                                    .columns = draw(5) ? NULL : columns,
                                    .column_count = 2,
                                    .on_bad_row = draw(2) ? CAM_BAD_ROW_SKIP : CAM_BAD_ROW_ERROR,
                                    .label_required = (int)draw(2),
                                    .keep_blank = (int)draw(2)};
        check_reader(&options);
        cam_detected found;
        cam_status st = cam_detect(&(cam_read_options){.path = options.path}, &found);
        assert_true(st == CAM_OK || (st == CAM_E_DATA && cam_status_message()[0]));
        if (st == CAM_OK) {
            cam_trial trial;
            cam_status tried = cam_detect_try(options.path, &found, &trial);
            assert_true(tried == CAM_OK || (tried == CAM_E_DATA && cam_status_message()[0]));
            cam_trial_release(&trial);
        }
        cam_detected_release(&found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mutations, case_setup, case_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
