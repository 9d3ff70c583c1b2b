/* hub_cache.h: finds the folder of a model by its name. Nothing here opens a socket or writes a file.
 *
 * A name is, in this order:
 *   a path    it begins with '.', '/' or '~' ("~" becomes the home folder), or names an existing folder, or a
 *             file in a model folder, which stands for that folder;
 *   a Hub id  "name" or "organisation/name" of letters, digits, '.', '_' and '-', looked up in the Hugging Face cache:
 *             HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else
 *             ~/.cache/huggingface/hub. "camembert-base", "almanach/camembert-base" and "camembert/camembert-base" are the
 *             same model, and so are other camembert models: the given name is looked up first.
 * A snapshot is used only where it holds config.json, a tokenizer, and model.safetensors or its index with all its files.
 *
 * Source: huggingface/huggingface_hub, the layout of the cache. */
#ifndef CAM_HUB_CACHE_H
#define CAM_HUB_CACHE_H

#include "cam/status.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cam_model_needs {
    CAM_MODEL_WEIGHTS,    /* config.json and weights */
    CAM_MODEL_CONFIG_ONLY /* config.json: the weights will be initialised */
} cam_model_needs;

/* Sets *folder to the model's folder, to be freed; NULL after a failure. `revision` is a branch, a tag or a full commit
 * hash (NULL = "main"); a path ignores it.
 * Errors: CAM_E_USAGE for an invalid name or revision; CAM_E_MODEL for a path that is not a folder or lacks a file;
 * CAM_E_NETWORK for a model that is not in the cache, with the command that downloads it. */
CAM_MUST_CHECK cam_status cam_model_locate(const char *name, const char *revision, cam_model_needs needs,
                                           char **folder);

/* An environment variable; NULL where it is unset or empty. */
const char *cam_hub_environment(const char *name);
/* True for the full hash of a commit; `text` may be NULL. */
int cam_hub_is_commit(const char *text);

/* True for a name that is a path: it begins like one, or there is such a folder or file. */
int cam_model_is_path(const char *name);

/* XDG_CACHE_HOME, else ~/.cache, to be freed. It may not exist. */
char *cam_user_cache_folder(void);
/* HF_HOME, else "huggingface" in the folder above, to be freed. It may not exist. */
char *cam_hub_home_folder(void);
/* The folder of the Hugging Face cache, to be freed. It may not exist. */
char *cam_hub_cache_folder(void);
/* The name of a model's folder in that cache, "models--almanach--camembert-base", to be freed. */
char *cam_hub_folder_name(const char *id);
/* Appends the command that downloads a model: "hf download ID --revision R". */
void cam_hub_command_put(cam_strbuf *out, const char *id, const char *revision);

#ifdef __cplusplus
}
#endif
#endif
