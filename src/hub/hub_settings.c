/* hub_settings.c: see hub_settings_internal.h. */
#include "files.h"
#include "hub_cache.h"
#include "hub_settings_internal.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STALL_S = 30, TOKEN_MAX = 4096 };

/* As huggingface_hub reads a switch. */
static int is_on(const char *name) {
    const char *value = cam_hub_environment(name);
    return value && (strcmp(value, "1") == 0 || strcasecmp(value, "on") == 0 || strcasecmp(value, "yes") == 0 ||
                     strcasecmp(value, "true") == 0);
}

const char *cam_hub_offline(void) {
    return is_on("HF_HUB_OFFLINE") ? "HF_HUB_OFFLINE" : is_on("TRANSFORMERS_OFFLINE") ? "TRANSFORMERS_OFFLINE" : NULL;
}

/* The system's file of authorities: a program that was built on another distribution looks for it elsewhere. */
static const char *system_certificates(void) {
    static const char *const paths[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (cam_file_exists(paths[i]))
            return paths[i];
    return NULL;
}

static cam_status read_endpoint(cam_hub_settings *settings) {
    const char *value = cam_hub_environment("HF_ENDPOINT");
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_puts(&buf, value ? value : "https://huggingface.co");
    while (buf.length > 0 && buf.text[buf.length - 1] == '/')
        cam_strbuf_resize(&buf, buf.length - 1);
    settings->endpoint = cam_strbuf_detach(&buf);
    if (!settings->endpoint)
        return cam_fail(CAM_E_MEMORY, "no memory for the address of the Hub");
    if (strncmp(settings->endpoint, "https://", 8) != 0 && strncmp(settings->endpoint, "http://", 7) != 0)
        return cam_fail(CAM_E_USAGE, "HF_ENDPOINT must begin with https://, for example https://huggingface.co");
    return CAM_OK;
}

/* The path of the file of the token, to be freed. */
static char *token_path(void) {
    const char *given = cam_hub_environment("HF_TOKEN_PATH");
    char *path = NULL;
    if (given && cam_path_expand(given, CAM_E_USAGE, &path) == CAM_OK)
        return path;
    char *home = cam_hub_home_folder();
    path = cam_path_join(home, "token");
    free(home);
    return path;
}

/* Takes the token without the space around it. A token becomes part of a header line, so it holds no other space. */
static cam_status take_token(cam_hub_settings *settings, const char *text, const char *origin) {
    static const char space[] = " \t\r\n";
    text += strspn(text, space);
    size_t length = strlen(text);
    while (length > 0 && strchr(space, text[length - 1]))
        length--;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] > '~')
            return cam_fail(CAM_E_USAGE, "the token of \"%s\" holds a character that no token has; log in again",
                            origin);
    if (length > 0)
        settings->token = strndup(text, length);
    return length > 0 && !settings->token ? cam_fail(CAM_E_MEMORY, "no memory for a token") : CAM_OK;
}

static cam_status read_token(cam_hub_settings *settings) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = token_path();
    const char *name = cam_hub_environment("HF_TOKEN") ? "HF_TOKEN" : "HUGGING_FACE_HUB_TOKEN",
               *value = cam_hub_environment(name);
    if (is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
        goto out;
    if (value) {
        CAM_TRY(take_token(settings, value, name));
    } else if (cam_file_exists(path)) {
        CAM_TRY(cam_file_read(path, TOKEN_MAX, CAM_E_USAGE, &text));
        CAM_TRY(take_token(settings, cam_strbuf_text(&text), path));
    }
out:
    cam_strbuf_release(&text);
    free(path);
    return st;
}

cam_status cam_hub_settings_read(cam_hub_settings *settings) {
    cam_status st = CAM_OK;
    const char *stall = cam_hub_environment("HF_HUB_DOWNLOAD_TIMEOUT");
    *settings = (cam_hub_settings){.offline_because = cam_hub_offline(),
                                   .stall_s = stall ? strtol(stall, NULL, 10) : STALL_S,
                                   .no_bars = is_on("HF_HUB_DISABLE_PROGRESS_BARS"),
                                   .no_links = is_on("HF_HUB_DISABLE_SYMLINKS"),
                                   .certificates = cam_hub_environment("REQUESTS_CA_BUNDLE")};
    if (settings->stall_s <= 0)
        settings->stall_s = STALL_S;
    if (!settings->certificates)
        settings->certificates = cam_hub_environment("CURL_CA_BUNDLE");
    if (!settings->certificates)
        settings->certificates = cam_hub_environment("SSL_CERT_FILE");
    if (!settings->certificates)
        settings->certificates = system_certificates();
    CAM_TRY(read_endpoint(settings));
    CAM_TRY(read_token(settings));
out:
    return st;
}

void cam_hub_settings_release(cam_hub_settings *settings) {
    free(settings->endpoint);
    if (settings->token)
        explicit_bzero(settings->token, strlen(settings->token));
    free(settings->token);
    *settings = (cam_hub_settings){0};
}
