/* hub.h: gets models from the Hugging Face Hub into the Hugging Face cache.
 *
 * The cache is laid out and locked as huggingface_hub does it, so that both use what the other has begun:
 *   models--ORG--NAME/blobs/ETAG              a file; ETAG is its SHA-256, or its SHA-1 as a git object
 *   models--ORG--NAME/blobs/ETAG.incomplete   the part that was received; a later download goes on from there
 *   models--ORG--NAME/snapshots/COMMIT/FILE   a relative symbolic link to the blob
 *   models--ORG--NAME/refs/REVISION           the commit; written last, so an interrupted download hides no older model
 *   .locks/models--ORG--NAME/ETAG.lock        held by flock() while a blob is written
 * A file becomes a blob only after its length and its hash were found right.
 *
 * Environment: HF_ENDPOINT; HF_TOKEN, else the file HF_TOKEN_PATH, else HF_HOME/token (HF_HUB_DISABLE_IMPLICIT_TOKEN
 * sends none); HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE open no connection; HF_HUB_DOWNLOAD_TIMEOUT is how many seconds a
 * transfer may stand still; HF_HUB_DISABLE_PROGRESS_BARS; the folders of hub_cache.h; https_proxy, no_proxy and the
 * others that libcurl reads; REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE. The token is sent to the host of
 * HF_ENDPOINT only. */
#ifndef CAM_HUB_H
#define CAM_HUB_H

#include "cancel.h"
#include "hub_cache.h"

typedef struct cam_hub_options {
    const cam_cancel *cancel; /* polled while it waits and downloads */
    double first_pause_s;     /* before the second try of a request, doubled for each later one; 0 = 1 s */
} cam_hub_options;

/* cam_model_locate, and where the cache lacks the model, a download. A folder and a model that the cache holds open no
 * connection: the Hub is not asked for a newer commit.
 * Errors: those of cam_model_locate; CAM_E_NETWORK; CAM_E_MODEL where the Hub's model has no file that can be read;
 * CAM_E_STORAGE; CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_hub_get(const char *name, const char *revision, cam_model_needs needs,
                                      const cam_hub_options *options, char **folder);

/* Asks the Hub for the newest commit of the revision and downloads what the cache lacks of it. Blobs that are there are
 * read again; damaged ones are replaced. Offline: what the cache holds. CAM_E_USAGE for a path. */
CAM_MUST_CHECK cam_status cam_hub_fetch(const char *id, const char *revision, const cam_hub_options *options,
                                        char **folder);

#endif
