/* refusal.c: what the Hub's refusals mean. */
#include "nearest.h"
#include "repository_internal.h"
#include <string.h>

/* Models whose names are often misspelt. */
static const char *const known[] = {
    "camembert-base",
    "almanach/camembert-base",
    "almanach/camembert-large",
    "almanach/camembert-base-ccnet",
    "almanach/camembertv2-base",
    "almanach/camembert-bio-base",
    "cmarkea/distilcamembert-base",
    "dangvantuan/sentence-camembert-base",
    "dangvantuan/sentence-camembert-large",
    "xlm-roberta-base",
    "xlm-roberta-large",
    "FacebookAI/xlm-roberta-base",
    "FacebookAI/xlm-roberta-large",
    "intfloat/multilingual-e5-small",
    "intfloat/multilingual-e5-base",
    "intfloat/multilingual-e5-large",
    "BAAI/bge-m3",
};
enum { KNOWN = sizeof known / sizeof known[0] };

/* The known model that was probably meant: the same name of another organisation, or a similar name; NULL for none. */
static const char *meant(const char *id) {
    const char *slash = strchr(id, '/'), *near = cam_nearest_word(id, known, KNOWN);
    for (size_t i = 0; i < KNOWN && !near; i++) {
        const char *last = strrchr(known[i], '/');
        if (strcmp(last ? last + 1 : known[i], slash ? slash + 1 : id) == 0)
            near = known[i];
    }
    return near && strcmp(near, id) != 0 ? near : NULL;
}

static void put_unknown_model(const cam_http *http, const cam_hub_repository *repository, int is_denied,
                              cam_strbuf *out) {
    const char *near = meant(repository->id);
    cam_strbuf_printf(out, "the Hub has no model \"%s\"%s", repository->id, is_denied ? " that it shows" : "");
    if (near)
        cam_strbuf_printf(out, "; did you mean \"%s\"?", near);
    cam_strbuf_printf(out, "%s a folder is written \"./%s\"", near ? "" : ";", repository->id);
    if (is_denied && http->settings->token)
        cam_strbuf_puts(out, "; the token that was sent does not open a private one");
    else if (is_denied)
        cam_strbuf_puts(out, "; a private one needs a token: set HF_TOKEN, or run \"hf auth login\"");
}

static void put_gated(const cam_http *http, const cam_hub_repository *repository, cam_strbuf *out) {
    cam_strbuf_printf(out, "the owner of \"%s\" must admit you: ask on %s/%s", repository->id, http->settings->endpoint,
                      repository->id);
    cam_strbuf_puts(out, http->settings->token ? " with the account whose token is used here"
                                               : ", then set HF_TOKEN or run \"hf auth login\"");
}

static void put_status(const cam_http *http, const cam_hub_repository *repository, const char *name,
                       const cam_http_answer *answer, cam_strbuf *out) {
    if (answer->status == 429) {
        cam_strbuf_puts(out, "the Hub takes no more requests from here for now (429)");
        if (answer->retry_after_s > 0)
            cam_strbuf_printf(out, "; try again in %ld s", answer->retry_after_s);
        if (!http->settings->token)
            cam_strbuf_puts(out, "; it takes more from users with a token (HF_TOKEN)");
    } else if (answer->status >= 500) {
        cam_strbuf_printf(out, "\"%s\" is out of order (%ld); try again later", http->settings->endpoint,
                          answer->status);
    } else if (answer->status == 407) {
        cam_strbuf_puts(out, "the proxy wants a user's name and password (407): https_proxy=http://USER:PASSWORD@HOST");
    } else if (name && answer->status == 404) {
        cam_strbuf_printf(out, "the model \"%s\" has no file \"%s\" on the Hub", repository->id, name);
    } else {
        cam_strbuf_printf(out, "the Hub refuses \"%s\" (%ld", repository->id, answer->status);
        cam_strbuf_printf(out, answer->error_text ? ": %s)" : ")", answer->error_text);
    }
}

cam_status cam_hub_refuse(const cam_http *http, const cam_hub_repository *repository, const char *name,
                          const cam_http_answer *answer) {
    cam_strbuf out = CAM_STRBUF_INIT;
    const char *code = answer->error_code ? answer->error_code : "";
    int is_denied = answer->status == 401 || answer->status == 403;
    if (strcmp(code, "GatedRepo") == 0)
        put_gated(http, repository, &out);
    else if (strcmp(code, "RevisionNotFound") == 0)
        cam_strbuf_printf(&out, "the model \"%s\" has no revision \"%s\" on the Hub", repository->id,
                          repository->revision);
    else if (strcmp(code, "RepoNotFound") == 0 || answer->status == 401 || (answer->status == 404 && !name))
        put_unknown_model(http, repository, is_denied, &out);
    else
        put_status(http, repository, name, answer, &out);
    cam_status st = cam_fail(CAM_E_NETWORK, "%s", cam_strbuf_text(&out));
    cam_strbuf_release(&out);
    return st;
}
