/* hub_cache.c: see hub_cache.h. */
#include "hub_cache.h"
#include "files.h"
#include "weights.h"
#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HUB_ID_MAX = 96, REVISION_MAX = 255, COMMIT_HEX = 40 };

/* --- folders ----------------------------------------------------------------------------------------------------- */

/* An environment variable; NULL where it is unset or empty. */
static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

static char *copy_text(const char *text, size_t length) {
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_append(&buf, text, length);
    return cam_strbuf_detach(&buf);
}

/* Replaces "~" or "~user" at the beginning of a path by the home folder. To be freed. */
static char *expand_home(const char *path) {
    if (path[0] != '~')
        return copy_text(path, strlen(path));
    size_t name_length = strcspn(path, "/") - 1;
    const char *home = name_length == 0 ? environment("HOME") : NULL;
    if (!home) {
        char *name = copy_text(path + 1, name_length);
        const struct passwd *user = name_length == 0 ? getpwuid(getuid()) : getpwnam(name);
        home = user ? user->pw_dir : NULL;
        free(name);
    }
    if (!home)
        return copy_text(path, strlen(path));
    const char *rest = path + 1 + name_length;
    while (*rest == '/')
        rest++;
    return *rest == '\0' ? copy_text(home, strlen(home)) : cam_path_join(home, rest);
}

char *cam_user_cache_folder(void) {
    const char *xdg = environment("XDG_CACHE_HOME");
    return expand_home(xdg ? xdg : "~/.cache");
}

char *cam_hub_cache_folder(void) {
    const char *cache = environment("HF_HUB_CACHE"), *home = environment("HF_HOME");
    if (!cache)
        cache = environment("HUGGINGFACE_HUB_CACHE");
    if (cache)
        return expand_home(cache);
    char *base;
    if (home) {
        base = expand_home(home);
    } else {
        char *outer = cam_user_cache_folder();
        base = cam_path_join(outer, "huggingface");
        free(outer);
    }
    char *folder = cam_path_join(base, "hub");
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

static cam_status locate_path(const char *name, cam_model_needs needs, char **folder) {
    cam_status st = CAM_OK;
    char *path = expand_home(name), *full = cam_path_absolute(path);
    if (!cam_directory_exists(path))
        CAM_FAIL(CAM_E_MODEL, "no model folder \"%s\"", full);
    const char *missing = missing_from(path, needs), *description = NULL;
    const char *instead = missing ? cam_weights_instead(path, &description) : NULL;
    if (instead)
        CAM_FAIL(CAM_E_MODEL, "the model folder \"%s\" has no %s, only \"%s\": %s", full, missing, instead,
                 description);
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
    const char *slash = strchr(name, '/');
    size_t length = strlen(name);
    if (length > HUB_ID_MAX)
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

static int is_commit(const char *text) {
    return strlen(text) == COMMIT_HEX && strspn(text, "0123456789abcdef") == COMMIT_HEX;
}

/* The commit of a revision in a repository's folder of the cache, to be freed; NULL where it is unknown. */
static char *commit_of(const char *repository, const char *revision) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char *refs = cam_path_join(repository, "refs"), *ref = cam_path_join(refs, revision), *commit = NULL;
    if (cam_file_exists(ref) && cam_file_read(ref, 4096, CAM_E_NETWORK, &text) == CAM_OK) {
        commit = copy_text(cam_strbuf_text(&text), strcspn(cam_strbuf_text(&text), " \r\n"));
        if (!is_commit(commit)) {
            free(commit);
            commit = NULL;
        }
    }
    if (!commit && is_commit(revision))
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
    cam_strbuf name = CAM_STRBUF_INIT;
    cam_strbuf_puts(&name, "models--");
    for (const char *at = id; *at; at++) {
        if (*at == '/')
            cam_strbuf_puts(&name, "--");
        else
            cam_strbuf_putc(&name, *at);
    }
    char *repository = cam_path_join(cache, cam_strbuf_text(&name)), *found = NULL;
    char *commit = commit_of(repository, revision);
    if (commit) {
        char *snapshots = cam_path_join(repository, "snapshots");
        found = cam_path_join(snapshots, commit);
        free(snapshots);
    }
    if (found && (!cam_directory_exists(found) || (*missing = missing_from(found, needs)) != NULL)) {
        free(found);
        found = NULL;
    }
    free(commit);
    free(repository);
    cam_strbuf_release(&name);
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
        cam_strbuf_printf(&other, "%s%s", organisations[i], name);
        found = find_snapshot(cache, cam_strbuf_text(&other), revision, needs, missing);
        cam_strbuf_release(&other);
    }
    return found;
}

static cam_status locate_cached(const char *id, const char *revision, cam_model_needs needs, char **folder) {
    cam_status st = CAM_OK;
    char *cache = cam_hub_cache_folder();
    const char *missing = NULL;
    cam_strbuf command = CAM_STRBUF_INIT;
    *folder = find_any_name(cache, id, revision, needs, &missing);
    if (*folder)
        goto out;
    cam_strbuf_printf(&command, "huggingface-cli download %s", id);
    if (strcmp(revision, "main") != 0)
        cam_strbuf_printf(&command, " --revision %s", revision);
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

cam_status cam_model_locate(const char *name, const char *revision, cam_model_needs needs, char **folder) {
    *folder = NULL;
    if (!revision)
        revision = "main";
    if (name[0] == '\0')
        return cam_fail(CAM_E_USAGE, "the model's name is empty");
    if (strchr("./~", name[0]) || cam_directory_exists(name))
        return locate_path(name, needs, folder);
    if (!is_hub_id(name))
        return cam_fail(CAM_E_USAGE,
                        "\"%s\" is neither a folder nor a model of the Hub (\"name\" or \"organisation/name\"); "
                        "a path may begin with \"./\"",
                        name);
    if (!is_revision(revision))
        return cam_fail(CAM_E_USAGE, "\"%s\" cannot be a revision: a branch, a tag or a commit", revision);
    return locate_cached(name, revision, needs, folder);
}
