/* output.c: see output.h. */
#include "output.h"
#include "group.h"
#include "run_folder.h"
#include "signals.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cam_status fail_to_write(const cam_output *output) {
    if (output->path)
        return cam_file_fail(CAM_E_STORAGE, "write", output->path);
    return cam_fail(CAM_E_STORAGE, "cannot write standard output: %s", strerror(errno));
}

/* --- the files that are read --------------------------------------------------------------------------------------- */

static int is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* True where both are one regular file. */
static int is_input(const struct stat *about, const char *input) {
    struct stat source;
    int failed = strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &source) : stat(input, &source);
    return failed == 0 && S_ISREG(source.st_mode) && is_same(&source, about);
}

static int ends_in(const char *name, const char *ending) {
    size_t length = strlen(name), wanted = strlen(ending);
    return length >= wanted && strcmp(name + length - wanted, ending) == 0;
}

/* True for the name of a file that a model or its run is made of. */
static int is_model_name(const char *name) {
    static const char *const others[] = {"model.safetensors.index.json", "pytorch_model.bin", "vocab.txt"};
    int is = ends_in(name, ".safetensors");
    for (size_t i = 0; cam_run_folder_files[i]; i++)
        is |= strcmp(name, cam_run_folder_files[i]) == 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        is |= strcmp(name, others[i]) == 0;
    return is;
}

/* True where the output is a file of the model, under this or another name, or would become one. */
static int is_of_model(const char *path, const char *folder) {
    struct stat about;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int exists = stat(path, &about) == 0;
    char *parent = cam_path_parent(path);
    int is = is_model_name(name) && cam_file_is_same(parent, folder);
    free(parent);
    DIR *entries = exists ? opendir(folder) : NULL;
    for (struct dirent *entry; !is && entries && (entry = readdir(entries)) != NULL;) {
        char *file = cam_path_join(folder, entry->d_name);
        is = file && is_model_name(entry->d_name) && is_input(&about, file);
        free(file);
    }
    if (entries)
        closedir(entries);
    return is;
}

cam_status cam_output_check(const char *path, const cam_output_inputs *inputs) {
    struct stat about;
    for (size_t i = 0; i < inputs->count; i++)
        if (inputs->files[i] && stat(path, &about) == 0 && is_input(&about, inputs->files[i]))
            return cam_fail(CAM_E_USAGE, "the output is the input file, \"%s\"; name another with --output",
                            inputs->files[i]);
    if (inputs->model_folder && is_of_model(path, inputs->model_folder))
        return cam_fail(CAM_E_USAGE, "the output is a file of the model in \"%s\", \"%s\"; name another with --output",
                        inputs->model_folder, path);
    return CAM_OK;
}

cam_status cam_output_check_standard(const char *input) {
    struct stat about;
    if (!input || fstat(STDOUT_FILENO, &about) != 0 || !is_input(&about, input))
        return CAM_OK;
    return cam_fail(CAM_E_USAGE, "standard output is the input file, \"%s\"; send it to another file%s", input,
                    about.st_size == 0 ? " (the shell has emptied this one before cam-train began)" : "");
}

/* --- opening and writing ------------------------------------------------------------------------------------------- */

static cam_status open_file(cam_output *output) {
    cam_status st = CAM_OK;
    char *target = realpath(output->path, NULL); /* a symbolic link stays one */
    CAM_TRY(cam_file_writer_open(&output->file, target ? target : output->path));
    output->unfinished = strdup(output->file.temporary);
    cam_signals_set_unfinished(output->unfinished);
out:
    free(target);
    return st;
}

cam_status cam_output_open(cam_output *output, const char *path, const cam_output_inputs *inputs, int force) {
    cam_status st = CAM_OK;
    struct stat about = {0}, standard = {0};
    *output = CAM_OUTPUT_CLOSED;
    if (path && strcmp(path, "-") != 0)
        output->path = path;
    int has_standard = fstat(STDOUT_FILENO, &standard) == 0;
    int exists = output->path && stat(output->path, &about) == 0;
    if (output->path)
        CAM_TRY(cam_output_check(output->path, inputs));
    if (exists && has_standard && is_same(&about, &standard)) /* /dev/stdout */
        output->path = NULL;
    if (!output->path) {
        for (size_t i = 0; i < inputs->count; i++)
            CAM_TRY(cam_output_check_standard(inputs->files[i]));
        output->fd = STDOUT_FILENO;
        goto out;
    }
    if (exists && !S_ISREG(about.st_mode)) {
        output->fd = open(output->path, O_WRONLY | O_CLOEXEC);
        if (output->fd < 0)
            CAM_TRY(fail_to_write(output));
        goto out;
    }
    if (exists && !force)
        CAM_FAIL(CAM_E_USAGE, "\"%s\" exists; name another file with --output, or write over it with --force",
                 output->path);
    CAM_TRY(open_file(output));
out:
    output->is_terminal = output->fd >= 0 && cam_output_is_shown(output->fd);
    return st;
}

int cam_output_is_shown(int fd) {
    return isatty(fd) && !cam_group_is_launched();
}

void cam_output_put_for_terminal(const char *bytes, size_t count, cam_strbuf *out) {
    for (size_t length; count > 0; bytes += length, count -= length) {
        const char *end = memchr(bytes, '\n', count);
        length = end ? (size_t)(end - bytes) + 1 : count;
        size_t line = length - (end != NULL);
        line -= end && line > 0 && bytes[line - 1] == '\r';
        for (size_t at = 0; at < line;) {
            const char *tab = memchr(bytes + at, '\t', line - at);
            size_t cell = tab ? (size_t)(tab - bytes) - at : line - at;
            cam_strbuf_put_visible(out, bytes + at, cell);
            if (tab)
                cam_strbuf_putc(out, '\t');
            at += cell + (tab != NULL);
        }
        if (end)
            cam_strbuf_putc(out, '\n');
    }
}

static cam_status write_bytes(cam_output *output, const char *bytes, size_t count) {
    while (count > 0 && !output->closed) {
        ssize_t wrote = write(output->fd, bytes, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        output->closed = wrote < 0 && errno == EPIPE;
        if (wrote < 0 && !output->closed)
            return fail_to_write(output);
        bytes += wrote > 0 ? wrote : 0;
        count -= wrote > 0 ? (size_t)wrote : 0;
    }
    return CAM_OK;
}

cam_status cam_output_write(cam_output *output, const char *bytes, size_t count) {
    cam_status lack = cam_memory_check(CAM_OK); /* a text of the lines may be missing */
    if (lack != CAM_OK)
        return lack;
    if (output->file.path)
        return cam_file_writer_write(&output->file, bytes, count);
    if (!output->is_terminal)
        return write_bytes(output, bytes, count);
    cam_strbuf shown = CAM_STRBUF_INIT;
    cam_output_put_for_terminal(bytes, count, &shown);
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = write_bytes(output, cam_strbuf_text(&shown), shown.length);
    cam_strbuf_release(&shown);
    return st;
}

cam_status cam_output_commit(cam_output *output) {
    if (!output->file.path)
        return CAM_OK;
    cam_status st = cam_file_writer_commit(&output->file);
    cam_signals_set_unfinished(NULL);
    return st;
}

void cam_output_close(cam_output *output) {
    cam_signals_set_unfinished(NULL);
    if (output->file.path)
        cam_file_writer_abandon(&output->file);
    if (output->fd > STDOUT_FILENO)
        close(output->fd);
    free(output->unfinished);
    *output = CAM_OUTPUT_CLOSED;
}
