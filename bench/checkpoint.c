/* checkpoint.c: times a checkpoint as a training writes it: the copy of the state, which the training waits for, and the
 * writing behind it.
 *
 *     bench_checkpoint FOLDER [MEGABYTES]
 *
 * The state is MEGABYTES (256 by default, 10^6 bytes) in FILES files. Beside the checkpoint: its two halves alone (hash,
 * write), cp of the same bytes, and the verification that a start from the checkpoint does. Files are synced in all of
 * them. Prints one JSON object a line.
 */
#include "checkpoint_reader.h"
#include "checkpoint_writer.h"
#include "clock.h"
#include "files.h"
#include "log.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 4 };

static const char *const names[FILES] = {"weights.bin", "moments-1.bin", "moments-2.bin", "rest.bin"};

typedef struct state {
    const char *folder;
    char *live, *copy; /* what is trained, and its copy at the time of the checkpoint */
    size_t bytes;
} state;

/* Of the wall, and of all processors together, without other processes: the second says something on a busy machine, too. */
typedef struct moment {
    double wall_s, processor_s;
} moment;

static moment now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (moment){cam_now_s(), (double)t.tv_sec + 1e-9 * (double)t.tv_nsec};
}

static void print(const state *s, const char *what, moment begin) {
    moment end = now();
    double seconds = end.wall_s - begin.wall_s;
    printf(
        "{\"bench\":\"checkpoint\",\"what\":\"%s\",\"mb\":%.0f,\"ms\":%.0f,\"processor_ms\":%.0f,\"gb_per_s\":%.2f}\n",
        what, (double)s->bytes * 1e-6, 1e3 * seconds, 1e3 * (end.processor_s - begin.processor_s),
        (double)s->bytes * 1e-9 / seconds);
    fflush(stdout);
}

static size_t begin_of(const state *s, int file) {
    return s->bytes / FILES * (size_t)file;
}

static size_t count_of(const state *s, int file) {
    return (file == FILES - 1 ? s->bytes : begin_of(s, file + 1)) - begin_of(s, file);
}

static cam_status measure_writer(const state *s, int64_t step) {
    cam_status st = CAM_OK;
    cam_checkpoint_writer *writer = NULL;
    cam_checkpoint_file files[FILES];
    for (int i = 0; i < FILES; i++)
        files[i] = (cam_checkpoint_file){.name = names[i], .bytes = s->copy + begin_of(s, i), .count = count_of(s, i)};
    cam_checkpoint checkpoint = {.folder = s->folder,
                                 .run_id = "bench",
                                 .step = step,
                                 .token = "bench-1",
                                 .files = files,
                                 .count = FILES,
                                 .best_step = -1};
    CAM_TRY(cam_checkpoint_writer_open(&writer));
    moment begin = now();
    memcpy(s->copy, s->live, s->bytes);
    print(s, "snapshot", begin);
    begin = now();
    cam_checkpoint_writer_start(writer, &checkpoint);
    CAM_TRY(cam_checkpoint_writer_wait(writer, NULL));
    print(s, "checkpoint", begin);
out:
    cam_checkpoint_writer_close(writer);
    return st;
}

static cam_status measure_halves(const state *s, const char *path) {
    cam_status st = CAM_OK;
    unsigned char digest[EVP_MAX_MD_SIZE];
    moment begin = now();
    if (!EVP_Digest(s->copy, s->bytes, digest, NULL, EVP_sha256(), NULL))
        CAM_FAIL(CAM_E_INTERNAL, "OpenSSL computes no SHA-256 here");
    print(s, "hash alone", begin);
    begin = now();
    CAM_TRY(cam_file_write(path, s->copy, s->bytes));
    print(s, "write alone", begin);
out:
    return st;
}

static cam_status measure_cp(const state *s, const char *path) {
    cam_strbuf command = CAM_STRBUF_INIT;
    cam_strbuf_printf(&command, "cp '%s' '%s.cp' && sync '%s.cp' && rm '%s.cp'", path, path, path, path);
    moment begin = now();
    int failed = system(command.text); /* NOLINT(cert-env33-c): cp is what is measured */
    print(s, "cp and sync", begin);
    cam_strbuf_release(&command);
    return failed ? cam_fail(CAM_E_STORAGE, "cp failed") : CAM_OK;
}

static cam_status measure_verify(const state *s, int64_t step) {
    cam_status st = CAM_OK;
    cam_checkpoint_reader reader = {0};
    char *path = cam_checkpoint_path(s->folder, step);
    moment begin = now();
    CAM_TRY(cam_checkpoint_open(&reader, path));
    CAM_TRY(cam_checkpoint_verify(&reader));
    print(s, "verify", begin);
out:
    cam_checkpoint_close(&reader);
    free(path);
    return st;
}

static cam_status run(const state *s) {
    cam_status st = CAM_OK;
    char *path = cam_path_join(s->folder, "whole.bin");
    memset(s->copy, 1, s->bytes); /* its pages are there before the first snapshot, as in a training */
    CAM_TRY(measure_writer(s, 1));
    CAM_TRY(measure_writer(s, 2));
    CAM_TRY(measure_verify(s, 2));
    CAM_TRY(measure_halves(s, path));
    CAM_TRY(measure_cp(s, path));
out:
    unlink(path);
    free(path);
    return st == CAM_OK ? cam_checkpoint_remove_run(s->folder, "bench") : st;
}

int main(int argc, char **argv) {
    cam_status st = CAM_OK;
    state s = {0};
    uint32_t random = 7;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: bench_checkpoint FOLDER [MEGABYTES]\n");
        return 2;
    }
    s.folder = argv[1];
    s.bytes = (argc > 2 ? strtoull(argv[2], NULL, 10) : 256) * 1000000u;
    s.live = malloc(s.bytes + sizeof random);
    s.copy = malloc(s.bytes + sizeof random);
    if (!s.live || !s.copy)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a state of %zu bytes", s.bytes);
    for (size_t i = 0; i < s.bytes; i += sizeof random) {
        random = random * 1664525u + 1013904223u;
        memcpy(s.live + i, &random, sizeof random);
    }
    CAM_TRY(run(&s));
out:
    if (st != CAM_OK)
        cam_log_error("%s", cam_status_message());
    free(s.copy);
    free(s.live);
    return cam_status_exit_code(st);
}
