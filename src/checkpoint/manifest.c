/* manifest.c: see manifest_internal.h. A manifest is not trusted: its size, its depth (jansson's limit), the names and the
 * numbers are bounded. */
#include "checkpoint.h"
#include "file_reader.h"
#include "files.h"
#include "json_out.h"
#include "manifest_internal.h"
#include "name_set.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, MOST_BYTES = 1 << 22, MOST_FILES = 10000, MOST_NAME_BYTES = 200 };

static const char seal_before[] = ",\"manifest_sha256\":\"", seal_after[] = "\"}\n";

int cam_checkpoint_name_is_valid(const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length > MOST_NAME_BYTES || name[0] == '.')
        return 0;
    for (const char *at = name; *at; at++)
        if (*at == '/' || (unsigned char)*at < 0x20 || *at == 0x7f)
            return 0;
    return strcmp(name, CAM_MANIFEST_NAME) != 0 && strcmp(name, "lock") != 0 && strncmp(name, "part-", 5) != 0;
}

void cam_manifest_release(cam_manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++)
        free(manifest->files[i].name);
    free(manifest->files);
    free(manifest->run_id);
    *manifest = (cam_manifest){0};
}

cam_status cam_manifest_append(cam_manifest *to, cam_manifest *from) {
    cam_manifest_file *files = realloc(to->files, (to->count + from->count + 1) * sizeof *files);
    if (!files)
        return cam_fail(CAM_E_MEMORY, "no memory for the list of a checkpoint's files");
    if (from->count > 0)
        memcpy(files + to->count, from->files, from->count * sizeof *files);
    to->files = files;
    to->count += from->count;
    from->count = 0;
    return CAM_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static cam_status put(cam_strbuf *out, const cam_manifest *manifest) {
    cam_json json;
    char digits[CAM_SHA256_DIGITS + 1];
    cam_json_begin(&json, out);
    cam_json_integer(&json, "format", FORMAT);
    cam_json_text(&json, "run_id", manifest->run_id);
    cam_json_integer(&json, "step", manifest->step);
    cam_json_array(&json, "files");
    for (size_t i = 0; i < manifest->count; i++) {
        cam_json_object(&json, NULL);
        cam_json_text(&json, "name", manifest->files[i].name);
        cam_json_integer(&json, "bytes", (int64_t)manifest->files[i].bytes);
        cam_json_text(&json, "sha256", manifest->files[i].sha256);
        cam_json_close(&json);
    }
    cam_json_close(&json);
    cam_status st = cam_sha256(out->text, out->length, digits);
    cam_json_text(&json, "manifest_sha256", st == CAM_OK ? digits : "");
    cam_json_end(&json);
    cam_strbuf_putc(out, '\n');
    return st;
}

cam_status cam_manifest_write(const char *path, const cam_manifest *manifest) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_status st = put(&text, manifest);
    if (st == CAM_OK)
        st = cam_file_write(path, text.text, text.length);
    cam_strbuf_release(&text);
    return st;
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

/* Reads without a look at requests to stop: the last save comes after such a request. */
static cam_status read_text(const char *path, cam_strbuf *text) {
    cam_status st = CAM_OK;
    cam_file_reader reader = {0};
    CAM_TRY(cam_file_reader_open(&reader, path, CAM_E_MODEL));
    if (reader.bytes > MOST_BYTES)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" is larger than %d bytes: this is no list of a checkpoint's files", path,
                 MOST_BYTES);
    cam_strbuf_resize(text, (size_t)reader.bytes);
    CAM_TRY(cam_file_reader_read(&reader, 0, (size_t)reader.bytes, text->text));
out:
    cam_file_reader_close(&reader);
    return st;
}

/* Whether the last member is the hash of what is before it. */
static cam_status check_seal(const char *path, const cam_strbuf *text) {
    enum { BYTES = sizeof seal_before - 1 + CAM_SHA256_DIGITS + sizeof seal_after - 1 };
    cam_strbuf expected = CAM_STRBUF_INIT;
    char digits[CAM_SHA256_DIGITS + 1];
    size_t before = text->length > BYTES ? text->length - BYTES : 0;
    cam_status st = cam_sha256(text->text, before, digits);
    if (st == CAM_OK) {
        cam_strbuf_puts(&expected, seal_before);
        cam_strbuf_puts(&expected, digits);
        cam_strbuf_puts(&expected, seal_after);
        if (strcmp(expected.text, text->text + before) != 0)
            st = cam_fail(CAM_E_MODEL,
                          "\"%s\" was changed: its sha256 without the last member is %s, which it does not end in",
                          path, digits);
    }
    cam_strbuf_release(&expected);
    return st;
}

static int is_number(const json_t *value, json_int_t most) {
    return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= most;
}

static int is_sha256(const json_t *value) {
    const char *digits = json_string_value(value);
    return digits && strlen(digits) == CAM_SHA256_DIGITS && digits[strspn(digits, "0123456789abcdef")] == '\0';
}

static cam_status parse_file(const char *path, const json_t *value, cam_manifest_file *file) {
    const char *name = json_string_value(json_object_get(value, "name"));
    const json_t *bytes = json_object_get(value, "bytes"), *sha256 = json_object_get(value, "sha256");
    if (!name || !cam_checkpoint_name_is_valid(name))
        return cam_fail(CAM_E_MODEL, "\"%s\" names a file as no file of a checkpoint is named", path);
    if (!is_number(bytes, INT64_MAX))
        return cam_fail(CAM_E_MODEL, "\"%s\": \"bytes\" of \"%s\" is no size", path, name);
    if (!is_sha256(sha256))
        return cam_fail(CAM_E_MODEL, "\"%s\": \"sha256\" of \"%s\" is not 64 hexadecimal digits", path, name);
    file->bytes = (uint64_t)json_integer_value(bytes);
    memcpy(file->sha256, json_string_value(sha256), sizeof file->sha256);
    file->name = strdup(name);
    return file->name ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for \"%s\"", path);
}

static cam_status parse_files(const char *path, const json_t *list, cam_manifest *manifest) {
    cam_status st = CAM_OK;
    cam_name_set names = {0};
    size_t count = json_array_size(list);
    int32_t number;
    int added;
    if (!json_is_array(list))
        CAM_FAIL(CAM_E_MODEL, "\"%s\" has no array \"files\"", path);
    if (count > MOST_FILES)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" names %zu files, more than %d", path, count, MOST_FILES);
    manifest->files = calloc(count + 1, sizeof *manifest->files);
    if (!manifest->files)
        CAM_FAIL(CAM_E_MEMORY, "no memory for \"%s\"", path);
    for (size_t i = 0; i < count; i++) {
        cam_manifest_file *file = &manifest->files[i];
        CAM_TRY(parse_file(path, json_array_get(list, i), file));
        manifest->count++;
        CAM_TRY(cam_name_set_add(&names, file->name, strlen(file->name), &number, &added));
        if (!added)
            CAM_FAIL(CAM_E_MODEL, "\"%s\" names \"%s\" twice", path, file->name);
    }
out:
    cam_name_set_release(&names);
    return st;
}

static cam_status check_format(const char *path, const json_t *format) {
    if (is_number(format, FORMAT) && json_integer_value(format) == FORMAT)
        return CAM_OK;
    if (!json_is_integer(format))
        return cam_fail(CAM_E_MODEL, "\"%s\" has no number \"format\": this is no checkpoint", path);
    return cam_fail(CAM_E_MODEL,
                    "\"%s\" has format %" JSON_INTEGER_FORMAT
                    ", which this cam-train does not know; use the version that wrote it",
                    path, json_integer_value(format));
}

static cam_status parse_members(const char *path, const cam_strbuf *text, const json_t *root, cam_manifest *manifest) {
    enum { MOST_ID_BYTES = 1000 };
    cam_status st = CAM_OK;
    const char *run_id = json_string_value(json_object_get(root, "run_id"));
    const json_t *step = json_object_get(root, "step");
    CAM_TRY(check_format(path, json_object_get(root, "format")));
    CAM_TRY(check_seal(path, text));
    if (!run_id || strlen(run_id) > MOST_ID_BYTES)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" has no text \"run_id\"", path);
    if (!is_number(step, INT64_MAX))
        CAM_FAIL(CAM_E_MODEL, "\"%s\": \"step\" is no step", path);
    manifest->step = json_integer_value(step);
    manifest->run_id = strdup(run_id);
    if (!manifest->run_id)
        CAM_FAIL(CAM_E_MEMORY, "no memory for \"%s\"", path);
    CAM_TRY(parse_files(path, json_object_get(root, "files"), manifest));
out:
    return st;
}

static cam_status parse(const char *path, const cam_strbuf *text, cam_manifest *manifest) {
    json_error_t error;
    errno = 0; /* jansson reports a syntax error where memory runs out */
    json_t *root = json_loadb(text->text, text->length, JSON_REJECT_DUPLICATES, &error);
    if (!root && errno == ENOMEM)
        return cam_fail(CAM_E_MEMORY, "no memory for \"%s\"", path);
    if (!root)
        return cam_fail(CAM_E_MODEL, "\"%s\" is not JSON, at byte %d: %s", path, error.position, error.text);
    cam_status st = json_is_object(root) ? parse_members(path, text, root, manifest)
                                         : cam_fail(CAM_E_MODEL, "\"%s\" is not a JSON object", path);
    json_decref(root);
    return st;
}

cam_status cam_manifest_read(const char *path, cam_manifest *manifest) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *full = cam_path_absolute(path);
    *manifest = (cam_manifest){0};
    CAM_TRY(read_text(path, &text));
    CAM_TRY(parse(full, &text, manifest));
out:
    if (st != CAM_OK)
        cam_manifest_release(manifest);
    cam_strbuf_release(&text);
    free(full);
    return st;
}

cam_status cam_manifest_read_in(const char *folder, cam_manifest *manifest) {
    char *path = cam_path_join(folder, CAM_MANIFEST_NAME);
    cam_status st = cam_manifest_read(path, manifest);
    free(path);
    return st;
}
