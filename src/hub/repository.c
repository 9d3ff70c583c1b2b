/* repository.c: see repository_internal.h. */
#include "hub_cache.h"
#include "json_size.h"
#include "repository_internal.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Ten thousand files, each with its name alone, are 30,000 values. */
enum { COMMIT_DIGITS = 40, LISTING_VALUES = 1 << 20 };

/* Appends a revision as one part of a URL's path. It holds letters, digits, '.', '_', '-' and '/'. */
static void put_revision(cam_strbuf *path, const char *revision) {
    for (; *revision; revision++) {
        if (*revision == '/')
            cam_strbuf_puts(path, "%2F");
        else
            cam_strbuf_putc(path, *revision);
    }
}

static cam_status fail_answer(const cam_http *http, const char *what) {
    return cam_fail(CAM_E_NETWORK,
                    "\"%s\" answers %s; is it a Hub, and is no login page of a network before it (HF_ENDPOINT)?",
                    http->settings->endpoint, what);
}

cam_status cam_hub_repository_read(const cam_http *http, const cam_http_answer *answer,
                                   cam_hub_repository *repository) {
    cam_status st = CAM_OK;
    size_t i, length = answer->body.length;
    json_t *sibling, *body = NULL;
    if (cam_json_check_size(cam_strbuf_text(&answer->body), length, LISTING_VALUES, CAM_JSON_LEVELS) != CAM_OK)
        CAM_TRY(fail_answer(http, "more than a list of files"));
    body = json_loadb(cam_strbuf_text(&answer->body), length, 0, NULL);
    const json_t *siblings = json_object_get(body, "siblings");
    const char *commit = json_string_value(json_object_get(body, "sha"));
    if (!body)
        CAM_TRY(fail_answer(http, "no JSON"));
    if (!cam_hub_is_commit(commit))
        commit = answer->commit;
    if (!cam_hub_is_commit(commit) || !json_is_array(siblings))
        CAM_TRY(fail_answer(http, "no commit and list of files"));
    memcpy(repository->commit, commit, COMMIT_DIGITS);
    json_array_foreach(siblings, i, sibling) {
        const char *name = json_string_value(json_object_get(sibling, "rfilename"));
        if (name)
            json_object_set_new(repository->names, name, json_true());
    }
out:
    json_decref(body);
    return st;
}

cam_status cam_hub_repository_open(cam_http *http, const char *id, const char *revision,
                                   cam_hub_repository *repository) {
    cam_status st = CAM_OK;
    cam_http_answer answer = {0};
    cam_strbuf path = CAM_STRBUF_INIT;
    *repository = (cam_hub_repository){.id = id, .revision = revision, .names = json_object()};
    cam_strbuf_put_all(&path, "/api/models/", id, "/revision/", NULL);
    put_revision(&path, revision);
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_http_send(http, CAM_HTTP_GET, cam_strbuf_text(&path), NULL, &answer));
    if (answer.status != 200)
        CAM_TRY(cam_hub_refuse(http, repository, NULL, &answer));
    CAM_TRY(cam_hub_repository_read(http, &answer, repository));
out:
    cam_http_answer_release(&answer);
    cam_strbuf_release(&path);
    return st;
}

void cam_hub_repository_release(cam_hub_repository *repository) {
    json_decref(repository->names);
    *repository = (cam_hub_repository){0};
}

int cam_hub_repository_has(const cam_hub_repository *repository, const char *name) {
    return json_object_get(repository->names, name) != NULL;
}

/* The path of a file's address, to be freed. */
static char *file_path(const cam_hub_repository *repository, const char *name) {
    cam_strbuf path = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&path, "/", repository->id, "/resolve/", repository->commit, "/", name, NULL);
    return cam_strbuf_detach(&path);
}

cam_status cam_hub_repository_describe(cam_http *http, const cam_hub_repository *repository, const char *name,
                                       cam_hub_file *file) {
    cam_status st = CAM_OK;
    cam_http_answer answer = {0};
    char *path = file_path(repository, name);
    *file = (cam_hub_file){.name = name};
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_http_send(http, CAM_HTTP_HEAD, path, NULL, &answer));
    if (answer.status >= 400)
        CAM_TRY(cam_hub_refuse(http, repository, name, &answer));
    if (!cam_hub_is_hash(answer.etag))
        CAM_TRY(fail_answer(http, "a file without its hash (ETag)"));
    if (answer.length < 0)
        CAM_TRY(fail_answer(http, "a file without its length"));
    file->etag = answer.etag;
    file->size = answer.length;
    answer.etag = NULL;
out:
    cam_http_answer_release(&answer);
    free(path);
    return st;
}

cam_status cam_hub_repository_get(cam_http *http, const cam_hub_repository *repository, const cam_hub_folders *folders,
                                  const cam_hub_file *file, int verify) {
    cam_status st = CAM_OK;
    cam_http_answer answer = {0};
    char *path = file_path(repository, file->name);
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_hub_file_get(http, folders, file, path, verify, &answer));
    if (answer.status >= 300)
        CAM_TRY(cam_hub_refuse(http, repository, file->name, &answer));
out:
    cam_http_answer_release(&answer);
    free(path);
    return st;
}
