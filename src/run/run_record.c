/* run_record.c: see run_record.h. */
#include "run_record.h"
#include "files.h"
#include "json_out.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { FORMAT = 1, FILE_BYTES = 1 << 24 };

void cam_run_id_draw(char run_id[CAM_RUN_ID_BYTES]) {
    unsigned char bytes[CAM_RUN_ID_BYTES / 2] = {0};
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes) {
        struct timespec now; /* early after boot there are no random bytes */
        clock_gettime(CLOCK_REALTIME, &now);
        memcpy(bytes, &now.tv_nsec, sizeof bytes < sizeof now.tv_nsec ? sizeof bytes : sizeof now.tv_nsec);
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(run_id + 2 * i, 3, "%02x", bytes[i]);
}

static cam_status take(const json_t *root, cam_run_record *record) {
    cam_status st = CAM_OK;
    const char *run_id = json_string_value(json_object_get(root, "run_id"));
    if (json_integer_value(json_object_get(root, "format")) != FORMAT)
        CAM_FAIL(CAM_E_MODEL, "it is of another version");
    if (!run_id || strlen(run_id) != CAM_RUN_ID_BYTES - 1)
        CAM_FAIL(CAM_E_MODEL, "it has no run_id");
    snprintf(record->run_id, sizeof record->run_id, "%s", run_id);
    record->finished = json_is_true(json_object_get(root, "finished"));
    CAM_TRY(cam_facts_read(json_object_get(root, "facts"), &record->facts));
out:
    return st;
}

cam_status cam_run_record_read(const char *folder, cam_run_record *record) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, CAM_RUN_RECORD_FILE);
    json_t *root = NULL;
    json_error_t error;
    *record = (cam_run_record){0};
    CAM_TRY(cam_file_read(path, FILE_BYTES, CAM_E_MODEL, &text));
    root = json_loadb(cam_strbuf_text(&text), text.length, JSON_REJECT_DUPLICATES, &error);
    st = root ? take(root, record) : cam_fail(CAM_E_MODEL, "it is no JSON: %s", error.text);
    if (st == CAM_E_MODEL)
        CAM_FAIL(CAM_E_MODEL, "cannot use \"%s\": %s", path, cam_status_message());
out:
    if (st != CAM_OK)
        cam_run_record_release(record);
    json_decref(root);
    cam_strbuf_release(&text);
    free(path);
    return st;
}

cam_status cam_run_record_write(const cam_run_folder *folder, const cam_run_record *record) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &text);
    cam_json_integer(&json, "format", FORMAT);
    cam_json_text(&json, "run_id", record->run_id);
    cam_json_boolean(&json, "finished", record->finished);
    cam_facts_put(&record->facts, &json, "facts");
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    cam_status st = cam_run_folder_put(folder, CAM_RUN_RECORD_FILE, &text);
    cam_strbuf_release(&text);
    return st;
}

void cam_run_record_release(cam_run_record *record) {
    cam_facts_release(&record->facts);
    *record = (cam_run_record){0};
}
