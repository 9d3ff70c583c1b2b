/* Answers of the Hub, without a socket: two bytes of status, the head of one or more answers line by line, and behind a
 * 0xFF the body, a list of files. A redirect never leads from https to http, or to another scheme; a commit is 40
 * digits. */
#include "fuzz.h"
#include "http_internal.h"
#include "hub_cache.h"
#include "repository_internal.h"
#include <jansson.h>
#include <strings.h>

static const char *const senders[] = {"https://huggingface.co/api/models/m", "http://127.0.0.1:8080/m"};

static void follow(const char *location) {
    for (size_t i = 0; i < 2; i++) {
        char *target = cam_http_redirect_target(senders[i], location);
        if (target) {
            int is_secure = strncasecmp(target, "https://", 8) == 0;
            FUZZ_CHECK(is_secure || (i == 1 && strncasecmp(target, "http://", 7) == 0));
            FUZZ_CHECK(cam_http_is_same_origin(target, target));
            FUZZ_CHECK(is_secure || !cam_http_is_same_origin(target, senders[0]));
            char *shown = cam_http_public_url(target);
            FUZZ_CHECK(shown && !strchr(shown, '?'));
            free(shown);
        }
        free(target);
    }
}

static void read_body(const cam_http *http, const cam_http_answer *answer) {
    cam_hub_repository repository = {.id = "m", .revision = "main", .names = json_object()};
    cam_status st = cam_hub_repository_read(http, answer, &repository);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_NETWORK && cam_status_message()[0]));
    FUZZ_CHECK(st != CAM_OK || cam_hub_is_commit(repository.commit));
    st = cam_hub_refuse(http, &repository, answer->body.length % 2 ? "config.json" : NULL, answer);
    FUZZ_CHECK(st == CAM_E_NETWORK && cam_status_message()[0]);
    cam_hub_repository_release(&repository);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_hub_settings settings = {.endpoint = "https://huggingface.co"};
    cam_http http = {.settings = &settings};
    cam_http_answer answer = {.length = -1, .range_begin = -1, .retry_after_s = -1};
    cam_http_head head = {.answer = &answer};
    size_t length;
    answer.status = 100 + fuzz_byte(&data, &size) * 2 + fuzz_byte(&data, &size) % 2;
    char *lines = fuzz_take(&data, &size, &length);
    cam_http_head_begin(&head);
    for (const char *at = lines, *end = lines + length; at < end;) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        next = next ? next + 1 : end;
        cam_http_head_take(&head, at, (size_t)(next - at));
        at = next;
    }
    cam_http_head_end(&head);
    FUZZ_CHECK(answer.length >= -1 && answer.range_begin >= -1 && answer.retry_after_s >= -1);
    if (answer.location)
        follow(answer.location);
    cam_strbuf_append(&answer.body, (const char *)data, size);
    read_body(&http, &answer);
    cam_http_answer_release(&answer);
    free(lines);
}
