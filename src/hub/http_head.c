/* http_head.c: see http_head_internal.h. */
#include "http_head_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void take_text(char **text, const char *value) {
    free(*text);
    *text = strdup(value);
}

/* W/"abc" and "abc" are abc. */
static void take_etag(char **etag, const char *value) {
    size_t length = strlen(value);
    if (length >= 2 && strncmp(value, "W/", 2) == 0)
        value += 2, length -= 2;
    if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
        value++, length -= 2;
    free(*etag);
    *etag = strndup(value, length);
}

/* The number at the beginning of a text; -1 where there is none. */
static long long number_of(const char *value) {
    errno = 0;
    long long number = value[0] >= '0' && value[0] <= '9' ? strtoll(value, NULL, 10) : -1;
    return errno ? -1 : number;
}

void cam_http_head_begin(cam_http_head *head) {
    cam_http_answer *a = head->answer;
    free(a->location);
    free(a->error_code);
    free(a->error_text);
    free(head->etag);
    free(head->linked_etag);
    a->location = a->error_code = a->error_text = head->etag = head->linked_etag = NULL;
    a->range_begin = a->retry_after_s = -1;
    head->length = head->linked_length = -1;
    cam_strbuf_clear(&a->body);
}

static void take_header(cam_http_head *head, const char *name, const char *value) {
    cam_http_answer *a = head->answer;
    if (strcasecmp(name, "Location") == 0)
        take_text(&a->location, value);
    else if (strcasecmp(name, "X-Repo-Commit") == 0)
        take_text(&a->commit, value);
    else if (strcasecmp(name, "X-Error-Code") == 0)
        take_text(&a->error_code, value);
    else if (strcasecmp(name, "X-Error-Message") == 0)
        take_text(&a->error_text, value);
    else if (strcasecmp(name, "X-Linked-ETag") == 0)
        take_etag(&head->linked_etag, value);
    else if (strcasecmp(name, "ETag") == 0)
        take_etag(&head->etag, value);
    else if (strcasecmp(name, "X-Linked-Size") == 0)
        head->linked_length = number_of(value);
    else if (strcasecmp(name, "Content-Length") == 0)
        head->length = number_of(value);
    else if (strcasecmp(name, "Retry-After") == 0)
        a->retry_after_s = (long)number_of(value);
    else if (strcasecmp(name, "Content-Range") == 0 && strncasecmp(value, "bytes ", 6) == 0)
        a->range_begin = number_of(value + 6);
}

int cam_http_head_take(cam_http_head *head, const char *line, size_t length) {
    const char *colon = memchr(line, ':', length);
    if (length >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        cam_http_head_begin(head);
        return 1;
    }
    if (colon) {
        const char *value = colon + 1, *end = line + length;
        while (value < end && (*value == ' ' || *value == '\t'))
            value++;
        while (end > value && strchr(" \t\r\n", end[-1]))
            end--;
        char *name = strndup(line, (size_t)(colon - line)), *copy = strndup(value, (size_t)(end - value));
        if (name && copy)
            take_header(head, name, copy);
        free(name);
        free(copy);
    }
    return 0;
}

void cam_http_head_end(cam_http_head *head) {
    cam_http_answer *a = head->answer;
    int is_good = a->status >= 200 && a->status < 300;
    if (head->linked_etag) {
        take_text(&a->etag, head->linked_etag);
        a->is_linked = 1;
        if (head->linked_length >= 0)
            a->length = head->linked_length;
    } else if (is_good && !a->is_linked) {
        if (head->etag)
            take_text(&a->etag, head->etag);
        a->length = head->length;
    }
    free(head->etag);
    free(head->linked_etag);
    head->etag = head->linked_etag = NULL;
}
