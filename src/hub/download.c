/* download.c: see download_internal.h. */
#include "download_internal.h"
#include "files.h"
#include "json_size.h"
#include "log.h"
#include "repository_internal.h"
#include "safetensors.h"
#include "transfer_progress_internal.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { INDEX_MAX = 16 << 20, SHARDS_MAX = 512 };

/* What is read of a model besides its weights, and what transformers reads of these. */
static const char *const small_files[] = {"config.json",
                                          "tokenizer.json",
                                          "tokenizer_config.json",
                                          "special_tokens_map.json",
                                          "added_tokens.json",
                                          "sentencepiece.bpe.model",
                                          "vocab.txt",
                                          "run.yaml"};
static const char whole_weights[] = "model.safetensors", index_name[] = "model.safetensors.index.json";

typedef struct plan {
    cam_http *http;
    cam_hub_repository repository;
    cam_hub_folders folders;
    int verify;
    cam_hub_file *files; /* in the order of their download */
    size_t count, capacity;
    json_t *index; /* of the weights that are several files; its texts name them */
} plan;

static cam_status add_file(plan *p, const char *name) {
    if (p->count == p->capacity) {
        size_t capacity = 2 * p->capacity + 16;
        cam_hub_file *files = realloc(p->files, capacity * sizeof *files);
        if (!files)
            return cam_fail(CAM_E_MEMORY, "no memory for a list of files");
        p->files = files;
        p->capacity = capacity;
    }
    cam_status st = cam_hub_repository_describe(p->http, &p->repository, name, &p->files[p->count]);
    if (st == CAM_OK)
        p->count++;
    return st;
}

/* --- which files ------------------------------------------------------------------------------------------------- */

/* Notes in the cache that the commit does not have a file, as huggingface_hub does; it only spares others a request. */
static void note_absent(const plan *p, const char *name) {
    char *outer = cam_path_join(p->folders.repository, ".no_exist"),
         *inner = cam_path_join(outer, p->repository.commit);
    char *path = cam_path_join(inner, name);
    if (!cam_file_exists(path) && (cam_directory_make(inner) != CAM_OK || cam_file_write(path, "", 0) != CAM_OK))
        cam_log_verbose("%s", cam_status_message());
    free(outer);
    free(inner);
    free(path);
}

static cam_status add_small_files(plan *p) {
    cam_status st = CAM_OK;
    for (size_t i = 0; i < sizeof small_files / sizeof small_files[0]; i++) {
        if (cam_hub_repository_has(&p->repository, small_files[i]))
            CAM_TRY(add_file(p, small_files[i]));
    }
out:
    return st;
}

/* Says which weights the model has instead of those that are read. */
static cam_status fail_without_weights(const plan *p) {
    static const char *const others[] = {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                                         "flax_model.msgpack", "adapter_model.safetensors"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (cam_hub_repository_has(&p->repository, others[i]))
            return cam_fail(
                CAM_E_MODEL,
                "the model \"%s\" has no model.safetensors on the Hub, only \"%s\"; load it with transformers, "
                "write it with save_pretrained and name that folder",
                p->repository.id, others[i]);
    }
    return cam_fail(CAM_E_MODEL, "the model \"%s\" has no model.safetensors on the Hub", p->repository.id);
}

/* True for the name of a file of this repository that lies in no folder. */
static int is_plain_name(const plan *p, const char *name) {
    return name && name[0] != '.' && !strchr(name, '/') && cam_hub_repository_has(&p->repository, name);
}

/* Gets the index at once, since it names the files of the weights. */
static cam_status add_shards(plan *p) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(p->folders.snapshot, index_name);
    json_t *names = json_object(), *name;
    const char *key;
    CAM_TRY(add_file(p, index_name));
    CAM_TRY(cam_hub_repository_get(p->http, &p->repository, &p->folders, &p->files[p->count - 1], p->verify));
    CAM_TRY(cam_file_read(path, INDEX_MAX, CAM_E_MODEL, &text));
    if (cam_json_check_size(cam_strbuf_text(&text), text.length, CAM_SAFETENSORS_VALUES, CAM_JSON_LEVELS) != CAM_OK)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" of the model \"%s\": %s", index_name, p->repository.id, cam_status_message());
    p->index = json_loadb(cam_strbuf_text(&text), text.length, 0, NULL);
    json_object_foreach(json_object_get(p->index, "weight_map"), key, name) {
        if (!is_plain_name(p, json_string_value(name)))
            CAM_FAIL(CAM_E_MODEL, "\"%s\" of the model \"%s\" names a file that the Hub does not list", index_name,
                     p->repository.id);
        json_object_set(names, json_string_value(name), name);
    }
    if (json_object_size(names) == 0 || json_object_size(names) > SHARDS_MAX)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" of the model \"%s\" names %zu files", index_name, p->repository.id,
                 json_object_size(names));
    json_object_foreach(names, key, name) {
        CAM_TRY(add_file(p, json_string_value(name)));
    }
out:
    cam_strbuf_release(&text);
    json_decref(names);
    free(path);
    return st;
}

static cam_status choose_files(plan *p, cam_model_needs needs) {
    cam_status st = CAM_OK;
    const cam_hub_repository *r = &p->repository;
    if (!cam_hub_repository_has(r, "config.json"))
        CAM_FAIL(CAM_E_MODEL, "the model \"%s\" has no config.json on the Hub: it is none of transformers", r->id);
    if (!cam_hub_repository_has(r, "tokenizer.json") && !cam_hub_repository_has(r, "sentencepiece.bpe.model") &&
        !cam_hub_repository_has(r, "vocab.txt"))
        CAM_FAIL(CAM_E_MODEL, "the model \"%s\" has no tokenizer.json and no sentencepiece.bpe.model on the Hub",
                 r->id);
    CAM_TRY(add_small_files(p));
    if (needs != CAM_MODEL_WEIGHTS)
        goto out;
    if (cam_hub_repository_has(r, whole_weights))
        CAM_TRY(add_file(p, whole_weights));
    else if (cam_hub_repository_has(r, index_name))
        CAM_TRY(add_shards(p));
    else
        CAM_TRY(fail_without_weights(p));
out:
    return st;
}

/* --- the download ------------------------------------------------------------------------------------------------ */

static cam_status check_room(const plan *p, long long bytes) {
    struct statvfs about;
    char needed[24], there[24];
    cam_status st = cam_directory_make(p->folders.blobs);
    if (st != CAM_OK || statvfs(p->folders.blobs, &about) != 0)
        return st;
    unsigned long long room = (unsigned long long)about.f_bavail * about.f_frsize;
    if (room >= (unsigned long long)bytes)
        return CAM_OK;
    return cam_fail(CAM_E_STORAGE,
                    "the model \"%s\" needs %s, and \"%s\" has room for %s; HF_HOME names another folder",
                    p->repository.id, cam_transfer_size(bytes, needed), p->folders.repository,
                    cam_transfer_size((long long)room, there));
}

static cam_status get_files(plan *p, const cam_hub_settings *settings) {
    cam_status st = CAM_OK;
    cam_transfer transfer = {0};
    char size_text[24];
    long long total = 0;
    for (size_t i = 0; i < p->count; i++)
        total += cam_hub_missing_bytes(&p->folders, &p->files[i]);
    cam_transfer_begin(&transfer, total, settings->no_bars);
    if (total > 0) {
        CAM_TRY(check_room(p, total));
        cam_log("downloading \"%s\" (%s) from %s: %s", p->repository.id, p->repository.revision, settings->endpoint,
                cam_transfer_size(total, size_text));
    }
    p->http->progress = cam_transfer_show;
    p->http->progress_context = &transfer;
    for (size_t i = 0; i < p->count; i++) {
        long long missing = cam_hub_missing_bytes(&p->folders, &p->files[i]);
        cam_transfer_file(&transfer, p->files[i].name);
        CAM_TRY(cam_hub_repository_get(p->http, &p->repository, &p->folders, &p->files[i], p->verify));
        cam_transfer_file_end(&transfer, missing);
    }
out:
    p->http->progress = NULL;
    cam_transfer_end(&transfer);
    return st;
}

/* Points a branch or tag at the commit; a cache that cannot be written but is complete stays as it is. */
static cam_status write_ref(const plan *p) {
    cam_status st = CAM_OK;
    cam_strbuf old = CAM_STRBUF_INIT;
    const char *commit = p->repository.commit;
    char *path = cam_path_join(p->folders.refs, p->repository.revision), *folder = path ? strdup(path) : NULL;
    if (!folder)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a path");
    if (strcmp(p->repository.revision, commit) == 0)
        goto out;
    if (cam_file_exists(path))
        CAM_TRY(cam_file_read(path, 4096, CAM_E_STORAGE, &old));
    if (strcmp(cam_strbuf_text(&old), commit) == 0)
        goto out;
    *strrchr(folder, '/') = '\0';
    CAM_TRY(cam_directory_make(folder));
    CAM_TRY(cam_file_write(path, commit, strlen(commit)));
out:
    cam_strbuf_release(&old);
    free(path);
    free(folder);
    return st;
}

static void release_plan(plan *p) {
    for (size_t i = 0; i < p->count; i++)
        free(p->files[i].etag);
    free(p->files);
    json_decref(p->index);
    cam_hub_folders_release(&p->folders);
    cam_hub_repository_release(&p->repository);
}

cam_status cam_hub_download(cam_http *http, const char *id, const char *revision, cam_model_needs needs, int verify) {
    cam_status st = CAM_OK;
    plan p = {.http = http, .verify = verify};
    CAM_TRY(cam_hub_repository_open(http, id, revision, &p.repository));
    cam_hub_folders_init(&p.folders, id, p.repository.commit);
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(choose_files(&p, needs));
    CAM_TRY(get_files(&p, http->settings));
    for (size_t i = 0; i < sizeof small_files / sizeof small_files[0]; i++)
        if (!cam_hub_repository_has(&p.repository, small_files[i]))
            note_absent(&p, small_files[i]);
    CAM_TRY(write_ref(&p));
out:
    release_plan(&p);
    return st;
}
