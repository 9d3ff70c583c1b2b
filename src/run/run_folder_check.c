/* run_folder_check.c: what is checked of the output folder before any work is done; see run_folder.h. */
#include "files.h"
#include "pages.h"
#include "plain.h"
#include "remedy.h"
#include "run_folder.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* --- the user's own files ------------------------------------------------------------------------------------------ */

/* The name under which a run would remove or replace `path`, or NULL. */
static const char *lost_as(const cam_config *config, const char *path) {
    const char *lost = NULL;
    for (size_t i = 0; path && cam_run_folder_files[i] && !lost; i++) {
        char *ours = cam_path_join(config->output_dir, cam_run_folder_files[i]);
        if (cam_file_is_same(ours, path))
            lost = cam_run_folder_files[i];
        free(ours);
    }
    return lost;
}

/* True where the file holds all that a run would write for its settings, so that a run that replaces it loses nothing:
 * it is an earlier run's, and nobody has added a comment. */
static int is_run_yaml(const char *path) {
    cam_config config;
    cam_problems problems = CAM_PROBLEMS_INIT;
    cam_strbuf shown = CAM_STRBUF_INIT, text = CAM_STRBUF_INIT;
    int is = cam_config_load(&config, &path, 1, NULL, 0, &problems) == CAM_OK &&
             cam_file_read(path, 1 << 20, CAM_E_USAGE, &text) == CAM_OK;
    if (is) {
        cam_config_show(&config, CAM_COMMENTS_NONE, &shown);
        is = strcmp(cam_strbuf_text(&shown), cam_strbuf_text(&text)) == 0;
    }
    cam_config_release(&config);
    cam_problems_release(&problems);
    cam_strbuf_release(&shown);
    cam_strbuf_release(&text);
    return is;
}

static cam_status refuse_input(const char *what, const char *path) {
    cam_strbuf name = CAM_STRBUF_INIT;
    cam_shell_word_put(&name, path);
    cam_status st = cam_fail(CAM_E_USAGE,
                             "%s \"%s\" has the name and the place of a file that the run writes; choose another "
                             "output_dir, or move the file: mv %s .",
                             what, path, cam_strbuf_text(&name));
    cam_strbuf_release(&name);
    return st;
}

/* No file that the run reads is removed or replaced by it. */
static cam_status check_inputs(const cam_config *config, const char *model_folder) {
    cam_status st = CAM_OK;
    const struct {
        const char *key, *path;
    } data[] = {{"train_file", config->train_file},
                {"validation_file", config->validation_file},
                {"test_file", config->test_file}};
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        if (lost_as(config, data[i].path))
            CAM_TRY(refuse_input(data[i].key, data[i].path));
    for (size_t i = 0; i < config->files.count; i++) {
        const char *path = config->files.items[i], *lost = lost_as(config, path);
        if (lost && !(strcmp(lost, "run.yaml") == 0 && is_run_yaml(path)))
            CAM_TRY(refuse_input("the configuration", path));
    }
    for (size_t i = 0; model_folder && cam_run_folder_files[i]; i++) {
        char *path = cam_path_join(model_folder, cam_run_folder_files[i]);
        if (lost_as(config, path))
            st = refuse_input("the model's file", path);
        free(path);
        CAM_TRY(st);
    }
out:
    return st;
}

/* --- the folder ---------------------------------------------------------------------------------------------------- */

/* A page is made from other files: alone it is no run. */
static int is_page_of_ours(const char *folder, const char *name) {
    if (strcmp(name, CAM_PAGE_FILE) != 0)
        return 0;
    char *path = cam_path_join(folder, name);
    int is = cam_page_is_ours(path);
    free(path);
    return is;
}

const char *cam_run_folder_occupied(const cam_config *config) {
    for (size_t i = 0; cam_run_folder_files[i]; i++)
        if (cam_file_exists_in(config->output_dir, cam_run_folder_files[i]) &&
            !is_page_of_ours(config->output_dir, cam_run_folder_files[i]))
            return cam_run_folder_files[i];
    return NULL;
}

/* The folder, or the nearest one above it that is there; to be freed. */
static cam_status find_existing(const char *folder, char **existing) {
    cam_status st = CAM_OK;
    char *path = cam_path_absolute(folder), *full = cam_path_absolute(folder);
    struct stat about;
    *existing = NULL;
    CAM_TRY(cam_memory_check(CAM_OK));
    while (stat(path, &about) != 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || !slash)
            CAM_FAIL(CAM_E_STORAGE, "cannot make the output folder \"%s\": %s", full, strerror(errno));
        slash[slash == path] = '\0';
    }
    if (!S_ISDIR(about.st_mode))
        CAM_FAIL(CAM_E_STORAGE, "cannot make the output folder \"%s\": \"%s\" is no folder", full, path);
    *existing = path;
    path = NULL;
out:
    free(path);
    free(full);
    return st;
}

/* Checks that the nearest existing ancestor is a writable folder, by making a temporary folder in it. access() would
 * not do: for root it succeeds everywhere, also in /proc or on a full disk. */
static cam_status check_writable(const char *folder) {
    cam_status st = CAM_OK;
    char *full = cam_path_absolute(folder), *existing = NULL, *attempt = NULL;
    CAM_TRY(find_existing(folder, &existing));
    attempt = cam_path_join(existing, ".cam-train-XXXXXX");
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!mkdtemp(attempt))
        CAM_FAIL(CAM_E_STORAGE, "cannot write the output folder \"%s\": \"%s\": %s", full, existing, strerror(errno));
    rmdir(attempt);
out:
    free(attempt);
    free(existing);
    free(full);
    return st;
}

cam_status cam_run_folder_check(const cam_config *config, const char *model_folder) {
    cam_status st = CAM_OK;
    if (model_folder && cam_file_is_same(config->output_dir, model_folder))
        return cam_fail(CAM_E_USAGE, "output_dir \"%s\" is the model's own folder; choose another", config->output_dir);
    CAM_TRY(check_inputs(config, model_folder));
    CAM_TRY(check_writable(config->output_dir));
out:
    return st;
}

/* --- room ---------------------------------------------------------------------------------------------------------- */

/* The bytes of a file that has no other name. */
static double bytes_of(const char *folder, const char *name) {
    struct stat about;
    char *path = cam_path_join(folder, name);
    int counts = lstat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 1;
    free(path);
    return counts ? 512 * (double)about.st_blocks : 0;
}

/* The bytes of the files in a checkpoint's folder; 0 for any other name in output_dir. */
static double bytes_of_checkpoint(const char *output_dir, const char *name) {
    double bytes = 0;
    if (strncmp(name, "checkpoint-", strlen("checkpoint-")) != 0)
        return 0;
    char *path = cam_path_join(output_dir, name);
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        bytes += bytes_of(path, entry->d_name);
    if (folder)
        closedir(folder);
    free(path);
    return bytes;
}

/* The bytes that overwriting gives back. */
static double bytes_given_back(const cam_config *config) {
    double bytes = 0;
    for (size_t i = 0; config->overwrite_output_dir && cam_run_folder_files[i]; i++)
        bytes += bytes_of(config->output_dir, cam_run_folder_files[i]);
    DIR *folder = config->overwrite_output_dir ? opendir(config->output_dir) : NULL;
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        bytes += bytes_of_checkpoint(config->output_dir, entry->d_name);
    if (folder)
        closedir(folder);
    return bytes;
}

cam_status cam_run_folder_check_room(const cam_config *config, const cam_run_folder_need *need, cam_strbuf *warnings) {
    cam_status st = CAM_OK;
    char *existing = NULL, *full = cam_path_absolute(config->output_dir);
    cam_strbuf numbers = CAM_STRBUF_INIT;
    struct statvfs room;
    if (find_existing(config->output_dir, &existing) != CAM_OK) /* cam_run_folder_check tells */
        goto out;
    if (statvfs(existing, &room) != 0 || room.f_blocks == 0) /* a file system that does not tell */
        goto out;
    double available = (double)room.f_bavail * (double)room.f_frsize + bytes_given_back(config);
    double needed = available < need->first_bytes ? need->first_bytes : need->most_bytes;
    if (available >= needed)
        goto out;
    cam_plain_put_bytes(&numbers, needed);
    cam_strbuf_puts(&numbers, ", and ");
    cam_plain_put_bytes(&numbers, available);
    cam_strbuf_puts(&numbers, " are free there");
    if (available < need->first_bytes)
        CAM_FAIL(CAM_E_STORAGE,
                 "output_dir \"%s\" has no room for the run: it needs %s; make room, or set output_dir to a folder "
                 "on another disk",
                 full, cam_strbuf_text(&numbers));
    cam_strbuf_printf(
        warnings,
        "output_dir \"%s\" has room for one save, but the next one is written beside it before an old one is removed: "
        "that needs %s\n",
        full, cam_strbuf_text(&numbers));
out:
    cam_strbuf_release(&numbers);
    free(existing);
    free(full);
    return st;
}
