/* The head of a safetensors file, or with a first byte '{' the index of several. The bytes of every tensor lie in the
 * file. */
#include "safetensors.h"
#include "fuzz.h"

static void read_index(const uint8_t *data, size_t size) {
    cam_safetensors_index index;
    char *path = fuzz_path("model.safetensors.index.json");
    fuzz_write("model.safetensors.index.json", data, size);
    cam_status st = cam_safetensors_index_read(path, &index);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0]));
    for (size_t i = 0; st == CAM_OK && i < index.count; i++)
        FUZZ_CHECK(!strchr(index.rows[i].file, '/') && !strstr(index.rows[i].file, "..") &&
                   strstr(index.rows[i].file, ".safetensors"));
    if (st == CAM_OK)
        cam_safetensors_index_release(&index);
    free(path);
}

/* The length of the head is made to fit, unless the first byte is odd. The data behind the head is as long as the rest.
 * */
static void open_file(const uint8_t *data, size_t size) {
    cam_safetensors file;
    int is_free = fuzz_byte(&data, &size) & 1;
    size_t rest = fuzz_byte(&data, &size), all = 8 + size + rest;
    uint8_t *bytes = calloc(1, all);
    char *path = fuzz_path("model.safetensors"), value[16];
    FUZZ_CHECK(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(size >> (8 * i));
    memcpy(bytes + 8, data ? data : (const uint8_t *)"", size);
    if (is_free && size >= 8)
        memcpy(bytes, data, 8);
    fuzz_write("model.safetensors", bytes, all);
    cam_status st = cam_safetensors_open(path, &file);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0]));
    for (size_t i = 0; st == CAM_OK && i < file.count; i++) {
        const cam_safetensors_tensor *t = &file.tensors[i];
        FUZZ_CHECK(t->begin + t->bytes <= all && t->ndim <= CAM_SAFETENSORS_DIMS);
        FUZZ_CHECK(cam_safetensors_find(&file, t->name) == t);
        FUZZ_CHECK(cam_safetensors_read(&file, t, 0, t->bytes < 16 ? (size_t)t->bytes : 16, value) == CAM_OK);
    }
    cam_safetensors_close(&file);
    free(bytes);
    free(path);
}

void fuzz_one(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] == '{')
        read_index(data, size);
    else
        open_file(data, size);
}
