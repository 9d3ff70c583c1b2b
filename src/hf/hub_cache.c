/* hub_cache.c: see hub_cache.h. */
#include "hub_cache.h"
#include "files.h"
#include "json_size.h"
#include "remedy.h"
#include "weights.h"
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { HUB_ID_MAX = 96, REVISION_MAX = 255, COMMIT_HEX = 40, INDEX_MAX = 16 << 20 };

/* --- folders ----------------------------------------------------------------------------------------------------- */

const char *cam_hub_environment(const char *name) {
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

static char *copy_text(const char *text, size_t length) {
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_append(&buf, text, length);
    return cam_strbuf_detach(&buf);
}

/* A folder that the environment names, to be freed. One that cannot be expanded stays as it is. */
static char *expand_home(const char *path) {
    char *expanded;
    if (cam_path_expand(path, CAM_E_USAGE, &expanded) != CAM_OK)
        return copy_text(path, strlen(path));
    return expanded;
}

char *cam_user_cache_folder(void) {
    const char *xdg = cam_hub_environment("XDG_CACHE_HOME");
    return expand_home(xdg ? xdg : "~/.cache");
}

char *cam_hub_home_folder(void) {
    const char *home = cam_hub_environment("HF_HOME");
    if (home)
        return expand_home(home);
    char *outer = cam_user_cache_folder(), *folder = cam_path_join(outer, "huggingface");
    free(outer);
    return folder;
}

char *cam_hub_cache_folder(void) {
    const char *cache = cam_hub_environment("HF_HUB_CACHE");
    if (!cache)
        cache = cam_hub_environment("HUGGINGFACE_HUB_CACHE");
    if (cache)
        return expand_home(cache);
    char *base = cam_hub_home_folder(), *folder = cam_path_join(base, "hub");
    free(base);
    return folder;
}

/* --- files of a model folder ------------------------------------------------------------------------------------- */

/* The name of the file that a model folder lacks; NULL where it lacks none. */
static const char *missing_from(const char *folder, cam_model_needs needs) {
    if (!cam_file_exists_in(folder, "config.json"))
        return "config.json";
    if (needs == CAM_MODEL_WEIGHTS && !cam_file_exists_in(folder, "model.safetensors") &&
        !cam_file_exists_in(folder, "model.safetensors.index.json") && !cam_file_exists_in(folder, "pytorch_model.bin"))
        return "weights (model.safetensors)";
    return NULL;
}

/* True where a shard that the index names is not there, or the index cannot be read. */
static int lacks_shard(const char *folder, const char *index_name) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, index_name);
    const char *key;
    json_t *index = NULL, *name;
    int lacks =
        cam_file_read(path, INDEX_MAX, CAM_E_NETWORK, &text) != CAM_OK ||
        cam_json_check_size(cam_strbuf_text(&text), text.length, CAM_SAFETENSORS_VALUES, CAM_JSON_LEVELS) != CAM_OK ||
        !(index = json_loadb(cam_strbuf_text(&text), text.length, 0, NULL));
    json_object_foreach(json_object_get(index, "weight_map"), key, name) {
        lacks |= !json_is_string(name) || !cam_file_exists_in(folder, json_string_value(name));
    }
    json_decref(index);
    cam_strbuf_release(&text);
    free(path);
    return lacks;
}

/* The name of what a snapshot of the cache lacks, which a download may have left half-filled; NULL for nothing. Weights
 * that are not read do not count: the Hub may have others. */
static const char *missing_from_snapshot(const char *folder, cam_model_needs needs) {
    static const char index_name[] = "model.safetensors.index.json";
    if (!cam_file_exists_in(folder, "config.json"))
        return "config.json";
    if (needs == CAM_MODEL_WEIGHTS && !cam_file_exists_in(folder, "model.safetensors")) {
        if (!cam_file_exists_in(folder, index_name))
            return "weights (model.safetensors)";
        if (lacks_shard(folder, index_name))
            return "complete weights (all files of model.safetensors.index.json)";
    }
    if (!cam_file_exists_in(folder, "tokenizer.json") && !cam_file_exists_in(folder, "sentencepiece.bpe.model") &&
        !cam_file_exists_in(folder, "vocab.txt"))
        return "tokenizer (tokenizer.json or sentencepiece.bpe.model)";
    return NULL;
}

/* Replaces the path of a file in a model folder by that of the folder. */
static void cut_to_folder(char **path) {
    char *slash = strrchr(*path, '/');
    char *folder = slash ? copy_text(*path, slash == *path ? 1 : (size_t)(slash - *path)) : copy_text(".", 1);
    free(*path);
    *path = folder;
}

/* A run's folder is a model once it has saved the first one. */
static cam_status fail_unfinished(const char *path, const char *full, const char *missing) {
    cam_strbuf file = CAM_STRBUF_INIT;
    char *run = cam_path_join(path, "run.yaml");
    cam_shell_word_put(&file, run);
    cam_status st = cam_fail(CAM_E_MODEL,
                             "the folder \"%s\" has no %s: its run goes on and has not saved a model yet, or was ended "
                             "before it did; wait for it, or let it go on: cam-train --config %s",
                             full, missing, cam_strbuf_text(&file));
    cam_strbuf_release(&file);
    free(run);
    return st;
}

static cam_status locate_path(const char *name, cam_model_needs needs, char **folder) {
    cam_status st = CAM_OK;
    char *path = NULL, *full = NULL;
    CAM_TRY(cam_path_expand(name, CAM_E_USAGE, &path));
    full = cam_path_absolute(path);
    if (cam_file_exists(path)) {
        cut_to_folder(&path);
        if (!cam_file_exists_in(path, "config.json"))
            CAM_FAIL(CAM_E_MODEL, "\"%s\" is a file, and no config.json lies beside it; name a model's folder", full);
    }
    if (!cam_directory_exists(path))
        CAM_FAIL(CAM_E_MODEL, "no model folder \"%s\"%s", full, cam_path_hint(path, ENOENT));
    const char *missing = missing_from(path, needs), *description = NULL;
    const char *instead = missing ? cam_weights_instead(path, &description) : NULL;
    if (instead)
        CAM_FAIL(CAM_E_MODEL, "the model folder \"%s\" has no %s, only \"%s\": %s", full, missing, instead,
                 description);
    if (missing && cam_file_exists_in(path, "run.yaml"))
        CAM_TRY(fail_unfinished(path, full, missing));
    if (missing)
        CAM_FAIL(CAM_E_MODEL, "the model folder \"%s\" has no %s", full, missing);
    *folder = path;
    path = NULL;
out:
    free(path);
    free(full);
    return st;
}

/* --- Hub ids ----------------------------------------------------------------------------------------------------- */

/* True for a part of an id that the Hub allows: it becomes part of a folder's name. */
static int is_id_part(const char *part, size_t length) {
    if (length == 0 || part[0] == '.' || part[0] == '-' || part[length - 1] == '.' || part[length - 1] == '-')
        return 0;
    for (size_t i = 0; i < length; i++) {
        int pair = i + 1 < length && part[i] == part[i + 1] && (part[i] == '.' || part[i] == '-');
        if (pair || !(isalnum((unsigned char)part[i]) || part[i] == '.' || part[i] == '_' || part[i] == '-') ||
            (unsigned char)part[i] > 127)
            return 0;
    }
    return 1;
}

static int is_hub_id(const char *name) {
    const char *slash = name ? strchr(name, '/') : NULL;
    size_t length = name ? strlen(name) : 0;
    if (length == 0 || length > HUB_ID_MAX)
        return 0;
    if (!slash)
        return is_id_part(name, length);
    return is_id_part(name, (size_t)(slash - name)) && is_id_part(slash + 1, strlen(slash + 1));
}

/* True for a branch, tag or commit. It may hold slashes ("refs/pr/1") but not leave its folder. */
static int is_revision(const char *revision) {
    size_t length = strlen(revision);
    if (length == 0 || length > REVISION_MAX || revision[0] == '/' || revision[0] == '-' || strstr(revision, ".."))
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)revision[i]) && !strchr("._-/", revision[i]))
            return 0;
    }
    return 1;
}

int cam_hub_is_commit(const char *text) {
    return text && strlen(text) == COMMIT_HEX && strspn(text, "0123456789abcdef") == COMMIT_HEX;
}

char *cam_hub_folder_name(const char *id) {
    cam_strbuf name = CAM_STRBUF_INIT;
    cam_strbuf_puts(&name, "models--");
    for (; *id; id++) {
        if (*id == '/')
            cam_strbuf_puts(&name, "--");
        else
            cam_strbuf_putc(&name, *id);
    }
    return cam_strbuf_detach(&name);
}

void cam_hub_command_put(cam_strbuf *out, const char *id, const char *revision) {
    cam_strbuf_printf(out, "hf download %s", id);
    if (strcmp(revision, "main") != 0)
        cam_strbuf_printf(out, " --revision %s", revision);
}

/* The commit of a revision in a repository's folder of the cache, to be freed; NULL where it is unknown. */
static char *commit_of(const char *repository, const char *revision) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char *refs = cam_path_join(repository, "refs"), *ref = cam_path_join(refs, revision), *commit = NULL;
    if (cam_file_exists(ref) && cam_file_read(ref, 4096, CAM_E_NETWORK, &text) == CAM_OK) {
        commit = copy_text(cam_strbuf_text(&text), strcspn(cam_strbuf_text(&text), " \r\n"));
        if (!cam_hub_is_commit(commit)) {
            free(commit);
            commit = NULL;
        }
    }
    if (!commit && cam_hub_is_commit(revision))
        commit = copy_text(revision, COMMIT_HEX);
    cam_strbuf_release(&text);
    free(refs);
    free(ref);
    return commit;
}

/* The snapshot of `id` in the cache where it is complete, to be freed; otherwise NULL, with *missing naming what an
 * incomplete snapshot lacks. */
static char *find_snapshot(const char *cache, const char *id, const char *revision, cam_model_needs needs,
                           const char **missing) {
    char *name = cam_hub_folder_name(id), *repository = cam_path_join(cache, name), *found = NULL;
    char *commit = commit_of(repository, revision);
    if (commit) {
        char *snapshots = cam_path_join(repository, "snapshots");
        found = cam_path_join(snapshots, commit);
        free(snapshots);
    }
    if (found && (!cam_directory_exists(found) || (*missing = missing_from_snapshot(found, needs)) != NULL)) {
        free(found);
        found = NULL;
    }
    free(commit);
    free(repository);
    free(name);
    return found;
}

/* The snapshot of `id`, else that of the same CamemBERT model under another organisation's name, or none. */
static char *find_any_name(const char *cache, const char *id, const char *revision, cam_model_needs needs,
                           const char **missing) {
    static const char *const organisations[] = {"", "almanach/", "camembert/"};
    enum { COUNT = sizeof organisations / sizeof organisations[0] };
    const char *name = id;
    for (size_t i = 0; i < COUNT; i++)
        if (strncmp(id, organisations[i], strlen(organisations[i])) == 0)
            name = id + strlen(organisations[i]);
    char *found = find_snapshot(cache, id, revision, needs, missing);
    for (size_t i = 0; !found && i < COUNT && strncmp(name, "camembert", strlen("camembert")) == 0; i++) {
        cam_strbuf other = CAM_STRBUF_INIT;
        cam_strbuf_put_all(&other, organisations[i], name, NULL);
        found = find_snapshot(cache, cam_strbuf_text(&other), revision, needs, missing);
        cam_strbuf_release(&other);
    }
    return found;
}

/* The id in an address of the Hub, "https://huggingface.co/almanach/camembert-base/tree/main", to be freed; NULL for any
 * other name. */
static char *id_of_address(const char *name) {
    static const char host[] = "https://huggingface.co/";
    if (strncmp(name, host, sizeof host - 1) != 0)
        return NULL;
    const char *id = name + sizeof host - 1;
    size_t length = strcspn(id, "/?#");
    if (id[length] == '/' && strncmp(id + length, "/tree/", 6) != 0 && strncmp(id + length, "/blob/", 6) != 0)
        length += 1 + strcspn(id + length + 1, "/?#");
    char *copy = copy_text(id, length);
    if (!is_hub_id(copy)) {
        free(copy);
        return NULL;
    }
    return copy;
}

/* Says why a name is neither a path nor an id, and which name was probably meant. */
static cam_status refuse_name(const char *name) {
    cam_strbuf meant = CAM_STRBUF_INIT;
    char *id = id_of_address(name);
    size_t length = strlen(name);
    while (!id && length > 1 && name[length - 1] == '/')
        length--;
    char *shorter = copy_text(name, length);
    if (id || (length < strlen(name) && is_hub_id(shorter))) {
        cam_strbuf_puts(&meant, "; the model's name is ");
        cam_shell_word_put(&meant, id ? id : shorter);
    } else {
        cam_strbuf_puts(&meant, "; a path may begin with \"./\"");
    }
    cam_status st =
        cam_fail(CAM_E_USAGE, "\"%s\" is neither a folder nor a model of the Hub (\"name\" or \"organisation/name\")%s",
                 name, cam_strbuf_text(&meant));
    cam_strbuf_release(&meant);
    free(shorter);
    free(id);
    return st;
}

static cam_status locate_cached(const char *id, const char *revision, cam_model_needs needs, char **folder) {
    cam_status st = CAM_OK;
    char *cache = cam_hub_cache_folder();
    const char *missing = NULL;
    cam_strbuf command = CAM_STRBUF_INIT;
    *folder = find_any_name(cache, id, revision, needs, &missing);
    if (*folder)
        goto out;
    cam_hub_command_put(&command, id, revision);
    if (missing)
        CAM_FAIL(CAM_E_NETWORK, "the model \"%s\" in the Hugging Face cache \"%s\" has no %s; run \"%s\"", id, cache,
                 missing, cam_strbuf_text(&command));
    CAM_FAIL(CAM_E_NETWORK,
             "no model \"%s\" (revision \"%s\") in the Hugging Face cache \"%s\", and no folder of that name; "
             "run \"%s\", or name a folder",
             id, revision, cache, cam_strbuf_text(&command));
out:
    cam_strbuf_release(&command);
    free(cache);
    return st;
}

int cam_model_is_path(const char *name) {
    return name[0] != '\0' &&
           (strchr("./~", name[0]) || cam_directory_exists(name) || (strpbrk(name, "/.") && cam_file_exists(name)));
}

cam_status cam_model_locate(const char *name, const char *revision, cam_model_needs needs, char **folder) {
    *folder = NULL;
    if (!revision)
        revision = "main";
    if (name[0] == '\0')
        return cam_fail(CAM_E_USAGE, "the model's name is empty");
    if (cam_model_is_path(name))
        return locate_path(name, needs, folder);
    if (!is_hub_id(name))
        return refuse_name(name);
    if (!is_revision(revision))
        return cam_fail(CAM_E_USAGE, "\"%s\" cannot be a revision: a branch, a tag or a commit", revision);
    return locate_cached(name, revision, needs, folder);
}
