/* transfer_progress_internal.h: shows how far a download is: a redrawn line on a terminal, plain lines elsewhere. */
#ifndef CAM_TRANSFER_PROGRESS_INTERNAL_H
#define CAM_TRANSFER_PROGRESS_INTERNAL_H

typedef struct cam_transfer {
    const char *file;
    long long total;      /* bytes of all files that are to be downloaded */
    long long done;       /* bytes of the files before this one */
    long long file_begin; /* bytes of this file that were there before; -1: not known yet */
    double begin_s, next_s;
    int is_bar, is_shown;
} cam_transfer;

void cam_transfer_begin(cam_transfer *transfer, long long total, int no_bars);
void cam_transfer_file(cam_transfer *transfer, const char *file);
/* For cam_http.progress, with the cam_transfer as context: `bytes` of the file are there. */
void cam_transfer_show(void *context, long long bytes);
void cam_transfer_file_end(cam_transfer *transfer, long long received);
void cam_transfer_end(cam_transfer *transfer);

/* "1.2 MB", "443 MB", "300 bytes" in `text`. */
const char *cam_transfer_size(long long bytes, char text[static 24]);

#endif
