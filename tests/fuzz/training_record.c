/* What a checkpoint keeps of a run: an input that begins with '{' is training.json, any other is results.bin of a run of three
 * labels and two validation rows. */
#include "fuzz.h"
#include "training_record_internal.h"

enum { LABELS = 3, ROWS = 2 };

static void read_numbers(const cam_strbuf *bytes) {
    cam_training_numbers numbers;
    cam_status st = cam_training_numbers_read(bytes, &numbers);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0]));
    if (st == CAM_OK)
        FUZZ_CHECK(numbers.counters.steps >= 1 && numbers.counters.ranks >= 1 && numbers.log_bytes >= 0 &&
                   numbers.best.metric < CAM_CHOICE_COUNT_metric);
    cam_training_numbers_release(&numbers);
}

static void take_results(const cam_strbuf *bytes) {
    static cam_run run;
    static cam_training t;
    run.corpus.part_count[CAM_PART_VALIDATION] = ROWS;
    t.run = &run;
    t.guesses[CAM_PART_VALIDATION] = calloc(ROWS, sizeof(cam_guess));
    FUZZ_CHECK(t.guesses[CAM_PART_VALIDATION]);
    FUZZ_CHECK(cam_metrics_init(&t.latest, LABELS) == CAM_OK && cam_metrics_init(&t.kept, LABELS) == CAM_OK);
    cam_status st = cam_training_results_take(&t, bytes);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0]));
    for (int i = 0; st == CAM_OK && i < ROWS; i++)
        FUZZ_CHECK(t.guesses[CAM_PART_VALIDATION][i].label >= 0 && t.guesses[CAM_PART_VALIDATION][i].label < LABELS);
    for (int i = 0; st == CAM_OK && i < LABELS; i++) /* what the report makes of them */
        (void)cam_metrics_class(&t.kept, i);
    FUZZ_CHECK(st != CAM_OK || (t.kept.rows >= 0 && t.kept.rows <= ROWS && t.latest.rows <= ROWS));
    if (st == CAM_OK) {
        cam_strbuf again = CAM_STRBUF_INIT;
        cam_training_results_put(&t, &again);
        FUZZ_CHECK(again.length <= bytes->length);
        cam_strbuf_release(&again);
    }
    cam_metrics_release(&t.latest);
    cam_metrics_release(&t.kept);
    free(t.guesses[CAM_PART_VALIDATION]);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_strbuf bytes = CAM_STRBUF_INIT;
    cam_strbuf_append(&bytes, (const char *)data, size);
    if (size > 0 && data[0] == '{')
        read_numbers(&bytes);
    else
        take_results(&bytes);
    cam_strbuf_release(&bytes);
}
