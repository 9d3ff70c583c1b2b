/* run_folder.c: the opened output folder; see run_folder.h. */
#include "run_folder.h"
#include "checkpoint.h"
#include "event_file.h"
#include "files.h"
#include "log.h"
#include "pages.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* run.json and config.json come first: see cam_run_folder_clear. The tokenizer's files are all that any model's tokenizer has: one that
 * the new model does not have would be read beside those that it has. */
const char *const cam_run_folder_files[] = {CAM_RUN_RECORD_FILE,
                                            "config.json",
                                            "run.yaml",
                                            "log.jsonl",
                                            "metrics.json",
                                            "split.tsv",
                                            "model.safetensors",
                                            "mistakes.csv",
                                            CAM_PAGE_FILE,
                                            CAM_EVENT_FILE,
                                            "tokenizer.json",
                                            "sentencepiece.bpe.model",
                                            "tokenizer_config.json",
                                            "special_tokens_map.json",
                                            "added_tokens.json",
                                            NULL};

/* --- opening ------------------------------------------------------------------------------------------------------- */

/* Locks the folder itself, so there is no lock file. The kernel releases the lock when the process ends. */
static cam_status take_lock(const char *path, int *fd) {
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return cam_file_fail(CAM_E_STORAGE, "open the output folder", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return CAM_OK;
    if (errno == EWOULDBLOCK)
        return cam_fail(CAM_E_USAGE,
                        "output_dir \"%s\": another run is writing there; wait for it, or choose another folder", path);
    cam_log_warn("output_dir \"%s\" cannot be locked (%s): make sure that no other run writes there", path,
                 strerror(errno));
    return CAM_OK;
}

/* A path through the descriptor, which a new name of the folder does not change; where there is no /proc, the path as it
 * was given. */
static char *path_of(int fd, const char *given) {
    char path[40];
    struct stat opened, found;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int leads_there = fstat(fd, &opened) == 0 && stat(path, &found) == 0 && opened.st_dev == found.st_dev &&
                      opened.st_ino == found.st_ino;
    return cam_path_join("", leads_there ? path : given);
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

static cam_status remove_file(const cam_run_folder *folder, const char *name) {
    char *path = cam_run_folder_path(folder, name);
    cam_file_remove_leftovers(path);
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK && unlink(path) != 0 && errno != ENOENT)
        st = cam_file_fail(CAM_E_STORAGE, "remove the earlier run's", path);
    free(path);
    return st;
}

/* Without run.json the folder is no run's; without config.json there is no model in it, for us and for transformers. So
 * these go first, on the disk as well: at no time do files of two runs make one model. The checkpoints go before them,
 * while it is known whose they are. */
cam_status cam_run_folder_clear(const cam_run_folder *folder, const char *run_id) {
    enum { FIRST_FILES = 2 };
    cam_status st = CAM_OK;
    char *card = cam_run_folder_path(folder, "README.md");
    CAM_TRY(cam_checkpoint_remove_leftovers(folder->path));
    if (run_id[0])
        CAM_TRY(cam_checkpoint_remove_run(folder->path, run_id));
    for (size_t i = 0; cam_run_folder_files[i]; i++) {
        CAM_TRY(remove_file(folder, cam_run_folder_files[i]));
        if (i + 1 == FIRST_FILES)
            CAM_TRY(cam_directory_sync(folder->path));
    }
    if (is_card(card))
        CAM_TRY(remove_file(folder, "README.md"));
out:
    free(card);
    return st;
}

cam_status cam_run_folder_remove_leftovers(const cam_run_folder *folder) {
    for (size_t i = 0; cam_run_folder_files[i]; i++) {
        char *path = cam_run_folder_path(folder, cam_run_folder_files[i]);
        cam_file_remove_leftovers(path);
        free(path);
    }
    return cam_checkpoint_remove_leftovers(folder->path);
}

cam_status cam_run_folder_open(const cam_config *config, cam_run_folder *folder) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_directory_make(config->output_dir));
    CAM_TRY(take_lock(config->output_dir, &folder->fd));
    folder->path = path_of(folder->fd, config->output_dir);
    CAM_TRY(cam_memory_check(CAM_OK));
out:
    return st;
}

cam_status cam_run_folder_put_plan(const cam_run_folder *folder, const cam_config *config, const cam_corpus *corpus) {
    cam_status st = CAM_OK;
    cam_strbuf yaml = CAM_STRBUF_INIT;
    cam_config_show(config, CAM_COMMENTS_NONE, &yaml);
    CAM_TRY(cam_run_folder_put(folder, "run.yaml", &yaml));
    if (config->task == CAM_CONFIG_TASK_CLASSIFY)
        CAM_TRY(cam_run_folder_put_split(folder, corpus));
out:
    cam_strbuf_release(&yaml);
    return st;
}

void cam_run_folder_close(cam_run_folder *folder) {
    if (folder->fd >= 0)
        close(folder->fd);
    free(folder->path);
    *folder = (cam_run_folder)CAM_RUN_FOLDER_CLOSED;
}

/* --- its files ----------------------------------------------------------------------------------------------------- */

char *cam_run_folder_path(const cam_run_folder *folder, const char *name) {
    return cam_path_join(folder->path, name);
}

cam_status cam_run_folder_put(const cam_run_folder *folder, const char *name, const cam_strbuf *text) {
    char *path = cam_run_folder_path(folder, name);
    cam_status st = cam_file_write(path, cam_strbuf_text(text), text->length);
    free(path);
    return st;
}

cam_status cam_run_folder_put_config(const cam_run_folder *folder, const cam_model_config *model) {
    char *path = cam_run_folder_path(folder, "config.json");
    cam_status st = cam_model_config_write(model, path);
    free(path);
    return st;
}

cam_status cam_run_folder_put_card(const cam_run_folder *folder, const cam_strbuf *card) {
    char *path = cam_run_folder_path(folder, "README.md");
    cam_status st = CAM_OK;
    if (cam_file_exists(path) && !is_card(path)) {
        char *full = cam_path_absolute(path);
        cam_log_warn("\"%s\" is not a model card of cam-train and stays as it is; there is no new card", full);
        free(full);
    } else {
        st = cam_run_folder_put(folder, "README.md", card);
    }
    free(path);
    return st;
}

void cam_run_folder_warn_of_move(const cam_run_folder *folder, const char *output_dir) {
    if (cam_file_is_same(folder->path, output_dir))
        return;
    char *now = cam_path_absolute(folder->path);
    cam_log_warn("the output folder \"%s\" was renamed; the files of this run are in \"%s\"", output_dir, now);
    free(now);
}
