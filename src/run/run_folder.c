/* run_folder.c: see run_folder.h. */
#include "run_folder.h"
#include "files.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with one of these files holds a run or a model. */
static const char *const run_files[] = {"run.yaml",    "log.jsonl",         "metrics.json", "split.tsv",
                                        "config.json", "model.safetensors", "mistakes.csv"};
/* Figures of an earlier run, which are removed so that they are not mistaken for this run's. */
static const char *const stale_files[] = {"log.jsonl", "metrics.json", "split.tsv", "mistakes.csv"};

char *cam_run_folder_path(const cam_config *config, const char *name) {
    return cam_path_join(config->output_dir, name);
}

/* The first file of an earlier run in the folder, or NULL. */
static const char *occupied_by(const cam_config *config) {
    for (size_t i = 0; i < sizeof run_files / sizeof run_files[0]; i++)
        if (cam_file_exists_in(config->output_dir, run_files[i]))
            return run_files[i];
    return NULL;
}

/* Checks that the nearest existing ancestor is a writable folder, by making a temporary folder in it. access() would
 * not do: for root it succeeds everywhere, also in /proc or on a full disk. */
static cam_status check_writable(const char *folder) {
    cam_status st = CAM_OK;
    char *path = cam_path_absolute(folder), *full = cam_path_absolute(folder), *attempt = NULL;
    struct stat about;
    while (stat(path, &about) != 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || !slash)
            CAM_FAIL(CAM_E_STORAGE, "cannot make the output folder \"%s\": %s", full, strerror(errno));
        slash[slash == path] = '\0';
    }
    if (!S_ISDIR(about.st_mode))
        CAM_FAIL(CAM_E_STORAGE, "cannot make the output folder \"%s\": \"%s\" is no folder", full, path);
    attempt = cam_path_join(path, ".cam-train-XXXXXX");
    if (!mkdtemp(attempt))
        CAM_FAIL(CAM_E_STORAGE, "cannot write the output folder \"%s\": \"%s\": %s", full, path, strerror(errno));
    rmdir(attempt);
out:
    free(attempt);
    free(path);
    free(full);
    return st;
}

cam_status cam_run_folder_check(const cam_config *config, const char *model_folder) {
    if (model_folder && cam_file_is_same(config->output_dir, model_folder))
        return cam_fail(CAM_E_USAGE, "output_dir \"%s\" is the model's own folder; choose another", config->output_dir);
    const char *found = config->overwrite_output_dir ? NULL : occupied_by(config);
    if (found)
        return cam_fail(CAM_E_USAGE,
                        "output_dir \"%s\" already holds a run (%s); choose another folder, or set "
                        "overwrite_output_dir=true",
                        config->output_dir, found);
    return check_writable(config->output_dir);
}

cam_status cam_run_folder_put(const cam_config *config, const char *name, const cam_strbuf *text) {
    char *path = cam_run_folder_path(config, name);
    cam_status st = cam_file_write(path, cam_strbuf_text(text), text->length);
    free(path);
    return st;
}

/* Whether a file ends in the mark of a model card. An unreadable one does not. */
static int is_card(const char *path) {
    cam_strbuf text = CAM_STRBUF_INIT;
    size_t mark = sizeof CAM_CARD_MARK - 1;
    int is = cam_file_read(path, 1 << 20, CAM_E_STORAGE, &text) == CAM_OK && text.length >= mark &&
             strcmp(text.text + text.length - mark, CAM_CARD_MARK) == 0;
    cam_strbuf_release(&text);
    return is;
}

/* Removes what an earlier run says about its model, which this run replaces. */
static void remove_stale_files(const cam_config *config) {
    char *card = cam_run_folder_path(config, "README.md");
    for (size_t i = 0; i < sizeof stale_files / sizeof stale_files[0]; i++) {
        char *path = cam_run_folder_path(config, stale_files[i]);
        unlink(path);
        free(path);
    }
    if (is_card(card))
        unlink(card);
    free(card);
}

/* Locks the folder itself, so there is no lock file. The kernel releases the lock when the process ends. */
static cam_status take_lock(const char *folder, int *lock) {
    *lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0)
        return cam_fail(CAM_E_STORAGE, "cannot open the output folder \"%s\": %s", folder, strerror(errno));
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) /* some file systems know no locks */
        return CAM_OK;
    return cam_fail(CAM_E_USAGE,
                    "output_dir \"%s\": another run is writing there; wait for it, or choose another folder", folder);
}

cam_status cam_run_folder_begin(const cam_config *config, const cam_corpus *corpus, int *lock) {
    cam_status st = CAM_OK;
    cam_strbuf yaml = CAM_STRBUF_INIT;
    CAM_TRY(cam_directory_make(config->output_dir));
    CAM_TRY(take_lock(config->output_dir, lock));
    remove_stale_files(config);
    cam_config_show(config, CAM_COMMENTS_NONE, &yaml);
    CAM_TRY(cam_run_folder_put(config, "run.yaml", &yaml));
    CAM_TRY(cam_run_folder_put_split(config, corpus));
out:
    cam_strbuf_release(&yaml);
    return st;
}

cam_status cam_run_folder_put_model_files(const cam_config *config, const cam_model_config *model,
                                          const cam_tokenizer *tokenizer) {
    cam_status st = CAM_OK;
    char *path = cam_run_folder_path(config, "config.json");
    CAM_TRY(cam_model_config_write(model, path));
    CAM_TRY(cam_tokenizer_save(tokenizer, cam_model_config_max_tokens(model), config->output_dir));
out:
    free(path);
    return st;
}

cam_status cam_run_folder_put_card(const cam_config *config, const cam_strbuf *card) {
    char *path = cam_run_folder_path(config, "README.md");
    cam_status st = CAM_OK;
    if (cam_file_exists(path) && !is_card(path))
        cam_log_warn("\"%s\" is not a model card of cam-train and stays as it is; there is no new card", path);
    else
        st = cam_run_folder_put(config, "README.md", card);
    free(path);
    return st;
}
