/* http.c: see http_internal.h. */
#include "clock.h"
#include "http_internal.h"
#include "log.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { REDIRECTS = 10, LONGEST_PAUSE_S = 300 };
static const long long progress_bytes = 1 << 20; /* a try that received so many is not counted */

cam_status cam_http_open(cam_http *http, const cam_hub_settings *settings, const cam_cancel *cancel,
                         double first_pause_s) {
    *http = (cam_http){.settings = settings, .cancel = cancel, .first_pause_s = first_pause_s};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(http->curl = curl_easy_init()))
        return cam_fail(CAM_E_INTERNAL, "libcurl does not start");
    return CAM_OK;
}

void cam_http_close(cam_http *http) {
    if (http->curl)
        curl_easy_cleanup(http->curl);
    *http = (cam_http){0};
}

void cam_http_answer_release(cam_http_answer *answer) {
    free(answer->location);
    free(answer->etag);
    free(answer->commit);
    free(answer->error_code);
    free(answer->error_text);
    cam_strbuf_release(&answer->body);
    *answer = (cam_http_answer){0};
}

cam_status cam_http_pause(const cam_http *http, double seconds) {
    double end = cam_now_s() + seconds;
    while (cam_now_s() < end) {
        if (cam_cancel_requested(http->cancel))
            return cam_fail(CAM_E_STOPPED,
                            "stopped by a signal during a download; run the same command again to go on");
        usleep(50000);
    }
    return CAM_OK;
}

/* --- redirects --------------------------------------------------------------------------------------------------- */

static char *part_of(CURLU *parts, CURLUPart part) {
    char *text = NULL;
    curl_url_get(parts, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0);
    return text;
}

int cam_http_is_same_origin(const char *a, const char *b) {
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *left = curl_url(), *right = curl_url();
    int is_same = left && right && curl_url_set(left, CURLUPART_URL, a, 0) == CURLUE_OK &&
                  curl_url_set(right, CURLUPART_URL, b, 0) == CURLUE_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && is_same; i++) {
        char *x = part_of(left, parts[i]), *y = part_of(right, parts[i]);
        is_same = x && y && strcasecmp(x, y) == 0;
        curl_free(x);
        curl_free(y);
    }
    curl_url_cleanup(left);
    curl_url_cleanup(right);
    return is_same;
}

char *cam_http_redirect_target(const char *url, const char *location) {
    CURLU *parts = curl_url();
    char *text = NULL, *copy = NULL;
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_URL, location, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK) {
        int is_secure = strncasecmp(text, "https://", 8) == 0;
        if (is_secure || (strncasecmp(url, "https://", 8) != 0 && strncasecmp(text, "http://", 7) == 0))
            copy = strdup(text);
    }
    curl_free(text);
    curl_url_cleanup(parts);
    return copy;
}

static int is_redirect(const cam_http_answer *answer) {
    long s = answer->status;
    return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) && answer->location;
}

static cam_status fail_redirect(const char *url, const char *why) {
    char *public_url = cam_http_public_url(url);
    cam_status st = cam_fail(CAM_E_NETWORK, "\"%s\" %s", public_url, why);
    free(public_url);
    return st;
}

/* Sends a request and follows its redirects. */
static cam_status send_once(cam_http *http, cam_http_method method, const char *path, cam_http_file *file,
                            cam_http_answer *answer, int *tries) {
    cam_status st = CAM_OK;
    cam_strbuf first = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&first, http->settings->endpoint, path, NULL);
    char *url = cam_strbuf_detach(&first), *next = NULL;
    CAM_TRY(cam_memory_check(CAM_OK));
    for (int hops = 0;; hops++) {
        int is_own = cam_http_is_same_origin(url, http->settings->endpoint);
        CAM_TRY(cam_http_exchange(http, method, url, is_own, file, answer, tries));
        if (!is_redirect(answer))
            break;
        if (hops == REDIRECTS)
            CAM_TRY(fail_redirect(url, "redirects without end"));
        next = cam_http_redirect_target(url, answer->location);
        if (!next)
            CAM_TRY(fail_redirect(url, "redirects to an address that is no secure one"));
        if (method == CAM_HTTP_HEAD && answer->is_linked && !cam_http_is_same_origin(next, http->settings->endpoint))
            break;
        free(url);
        url = next;
        next = NULL;
    }
out:
    free(url);
    free(next);
    return st;
}

/* --- tries ------------------------------------------------------------------------------------------------------- */

static int is_temporary_status(long status) {
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

/* A good answer whose body ended too early is no good one. */
static cam_status check_length(const cam_http_file *file, const cam_http_answer *answer, int *tries) {
    int is_good = answer->status >= 200 && answer->status < 300;
    if (!file || !is_good || file->size == file->expected)
        return CAM_OK;
    *tries = CAM_HTTP_TRIES;
    return cam_fail(
        CAM_E_NETWORK,
        "the Hub sent %lld of the %lld bytes of \"%s\"; what came is kept, run the same command again to go on",
        file->size, file->expected, file->path);
}

/* How long to wait before the next try; above LONGEST_PAUSE_S there is none. */
static double pause_of(const cam_http *http, const cam_http_answer *answer, int failures) {
    if (answer->retry_after_s >= 0 && is_temporary_status(answer->status))
        return (double)answer->retry_after_s;
    return http->first_pause_s * (double)(1 << (failures - 1));
}

cam_status cam_http_send(cam_http *http, cam_http_method method, const char *path, cam_http_file *file,
                         cam_http_answer *answer) {
    cam_status st = CAM_OK;
    int failures = 0;
    for (;;) {
        int tries = CAM_HTTP_TRIES_NONE;
        long long before = file ? file->size : 0;
        cam_http_answer_release(answer);
        *answer = (cam_http_answer){.length = -1, .range_begin = -1, .retry_after_s = -1};
        st = send_once(http, method, path, file, answer, &tries);
        if (st == CAM_OK)
            st = check_length(file, answer, &tries);
        if (st == CAM_OK && is_temporary_status(answer->status))
            tries = CAM_HTTP_TRIES;
        else if (st == CAM_OK)
            return st;
        failures = file && file->size - before >= progress_bytes ? 1 : failures + 1;
        double pause_s = pause_of(http, answer, failures);
        if (failures >= tries || pause_s > LONGEST_PAUSE_S)
            return st;
        if (st != CAM_OK)
            cam_log_verbose("%s; trying again", cam_status_message());
        else
            cam_log_verbose("the Hub answers %ld; trying again in %.0f s", answer->status, pause_s);
        CAM_TRY(cam_http_pause(http, pause_s));
    }
out:
    return st;
}
