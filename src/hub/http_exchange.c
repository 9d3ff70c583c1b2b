/* http_exchange.c: see http_exchange_internal.h. */
#include "http_exchange_internal.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 32 << 20, CONNECT_S = 15, SLOWEST_BYTES_S = 1000 };

typedef struct exchange {
    cam_http *http;
    cam_http_file *file;
    cam_http_answer *answer;
    cam_http_head head;
    int began;       /* the first bytes of the body came */
    int to_file;     /* the body is the file's */
    int is_overrun;  /* the server sends more than the file has */
    int wrong_range; /* the server sends another part */
    int error;       /* errno of a failed write */
} exchange;

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    exchange *x = context;
    if (cam_http_head_take(&x->head, bytes, size * count))
        x->began = x->to_file = 0;
    return size * count;
}

/* --- the body ---------------------------------------------------------------------------------------------------- */

/* Prepares the file for the first bytes of its answer. A server that ignores the range sends it from the beginning. */
static int begin_body(exchange *x) {
    long status = 0;
    curl_easy_getinfo(x->http->curl, CURLINFO_RESPONSE_CODE, &status);
    x->began = 1;
    x->to_file = x->file && (status == 200 || status == 206);
    if (!x->to_file)
        return 1;
    if (status == 200 && x->file->size > 0) {
        x->file->size = 0;
        if (ftruncate(x->file->fd, 0) != 0) {
            x->error = errno;
            return 0;
        }
    }
    x->wrong_range = status == 206 && x->answer->range_begin != x->file->size;
    return !x->wrong_range;
}

static int write_to_file(exchange *x, const char *bytes, size_t length) {
    cam_http_file *file = x->file;
    if (file->size + (long long)length > file->expected) {
        x->is_overrun = 1;
        return 0;
    }
    while (length > 0) {
        ssize_t wrote = pwrite(file->fd, bytes, length, file->size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0) {
            x->error = errno;
            return 0;
        }
        bytes += wrote;
        length -= (size_t)wrote;
        file->size += wrote;
    }
    return 1;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    exchange *x = context;
    size_t length = size * count;
    if (!x->began && !begin_body(x))
        return 0;
    if (x->to_file)
        return write_to_file(x, bytes, length) ? length : 0;
    if (x->answer->body.length + length > BODY_MAX)
        return 0;
    cam_strbuf_append(&x->answer->body, bytes, length);
    return length;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now) {
    const exchange *x = context;
    (void)total, (void)now, (void)up_total, (void)up_now;
    if (x->file && x->http->progress)
        x->http->progress(x->http->progress_context, x->file->size);
    return cam_cancel_requested(x->http->cancel);
}

/* --- the request ------------------------------------------------------------------------------------------------- */

static void set_options(exchange *x, cam_http_method method, const char *url, struct curl_slist *headers,
                        char *error_text) {
    CURL *curl = x->http->curl;
    const cam_hub_settings *settings = x->http->settings;
    char range[32];
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOBODY, method == CAM_HTTP_HEAD ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "cam-train/" CAM_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST_BYTES_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, settings->stall_s);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (settings->certificates)
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings->certificates);
    if (x->file && x->file->size > 0) {
        snprintf(range, sizeof range, "%lld-", x->file->size);
        curl_easy_setopt(curl, CURLOPT_RANGE, range);
    }
}

/* How often a request is worth trying after libcurl's failure: a wrong name or certificate stays wrong, and where no
 * connection comes about there is mostly no network. */
static int tries_after(CURL *curl, CURLcode code) {
    curl_off_t connect_us = 0;
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return CAM_HTTP_TRIES_NO_CONNECTION;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connect_us);
        return connect_us > 0 ? CAM_HTTP_TRIES : CAM_HTTP_TRIES_NO_CONNECTION;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_SSL_CONNECT_ERROR:
        return CAM_HTTP_TRIES;
    default:
        return CAM_HTTP_TRIES_NONE;
    }
}

static const char *advice_for(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "; see the environment variable https_proxy";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "; where a proxy has a certificate of its own, REQUESTS_CA_BUNDLE names its file";
    case CURLE_SSL_CACERT_BADFILE:
        return "; the package ca-certificates has the authorities, or REQUESTS_CA_BUNDLE names a file of them";
    default:
        return "";
    }
}

/* The server sends something else than the file: what was received is no part of it. */
static cam_status refuse_bytes(exchange *x, const char *public_url) {
    x->file->size = 0;
    if (ftruncate(x->file->fd, 0) != 0)
        return cam_fail(CAM_E_STORAGE, "cannot write \"%s\": %s", x->file->path, strerror(errno));
    return cam_fail(CAM_E_NETWORK, "\"%s\" sends %s", public_url,
                    x->is_overrun ? "more bytes than the file has" : "another part of the file than was asked for");
}

static cam_status fail_exchange(exchange *x, CURLcode code, const char *url, const char *error_text, int *tries) {
    char *public_url = cam_http_public_url(url);
    cam_status st;
    int is_wrong = x->is_overrun || x->wrong_range;
    if (cam_cancel_requested(x->http->cancel))
        st = cam_fail(CAM_E_STOPPED, "stopped by a signal during a download; run the same command again to go on");
    else if (x->error)
        st = cam_fail(CAM_E_STORAGE, "cannot write \"%s\": %s", x->file->path, strerror(x->error));
    else if (is_wrong)
        st = refuse_bytes(x, public_url);
    else
        st = cam_fail(CAM_E_NETWORK, "cannot get \"%s\": %s%s", public_url,
                      error_text[0] ? error_text : curl_easy_strerror(code), advice_for(code));
    x->http->unreachable = st == CAM_E_NETWORK && !is_wrong && !advice_for(code)[0];
    *tries = st != CAM_E_NETWORK ? CAM_HTTP_TRIES_NONE : is_wrong ? CAM_HTTP_TRIES : tries_after(x->http->curl, code);
    free(public_url);
    return st;
}

cam_status cam_http_exchange(cam_http *http, cam_http_method method, const char *url, int with_token,
                             cam_http_file *file, cam_http_answer *answer, int *tries) {
    cam_status st = CAM_OK;
    exchange x = {.http = http, .file = file, .answer = answer, .head = {.answer = answer}};
    char error_text[CURL_ERROR_SIZE] = "";
    cam_strbuf authorization = CAM_STRBUF_INIT;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: identity");
    *tries = http->unreachable = 0;
    cam_http_head_begin(&x.head);
    if (with_token && http->settings->token) {
        cam_strbuf_put_all(&authorization, "Authorization: Bearer ", http->settings->token, NULL);
        headers = curl_slist_append(headers, cam_strbuf_text(&authorization));
        explicit_bzero(authorization.text, authorization.length);
    }
    set_options(&x, method, url, headers, error_text);
    CURLcode code = curl_easy_perform(http->curl);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    cam_http_head_end(&x.head);
    if (code != CURLE_OK)
        st = fail_exchange(&x, code, url, error_text, tries);
    curl_slist_free_all(headers);
    cam_strbuf_release(&authorization);
    return st;
}

char *cam_http_public_url(const char *url) {
    CURLU *parts = curl_url();
    char *text = NULL, *copy;
    static const CURLUPart secret[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT};
    int is_url = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK;
    for (size_t i = 0; i < sizeof secret / sizeof secret[0] && is_url; i++)
        curl_url_set(parts, secret[i], NULL, 0);
    if (is_url)
        curl_url_get(parts, CURLUPART_URL, &text, 0);
    copy = strdup(text ? text : "the Hub");
    curl_free(text);
    curl_url_cleanup(parts);
    return copy;
}
