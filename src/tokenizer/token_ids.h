/* token_ids.h: texts and token ids, as the tokenizer takes and gives them. */
#ifndef CAM_TOKEN_IDS_H
#define CAM_TOKEN_IDS_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_text {
    const char *bytes; /* not NUL-terminated; may hold NUL */
    size_t length;
} cam_text;

/* A growing row of ids; a zeroed struct is empty. */
typedef struct cam_ids {
    int32_t *ids;
    size_t count, capacity;
} cam_ids;
void cam_ids_release(cam_ids *ids);
/* Makes room for `more` further ids. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_ids_reserve(cam_ids *ids, size_t more);

/* A whole data set: row r is ids[offsets[r]] .. ids[offsets[r + 1] - 1]. A zeroed struct is empty. */
typedef struct cam_token_rows {
    int32_t *ids;
    int64_t *offsets; /* rows + 1 of them */
    int64_t rows;
    int64_t truncated; /* rows that were cut to max_length */
} cam_token_rows;
void cam_token_rows_release(cam_token_rows *rows);

#ifdef __cplusplus
}
#endif
#endif
