/* tokenizer_files_internal.h: the files of a tokenizer as they were when it was opened. All that is known of the tokenizer
 * comes from these bytes, and a save writes them: what happens to the folder meanwhile changes nothing. */
#ifndef CAM_TOKENIZER_FILES_INTERNAL_H
#define CAM_TOKENIZER_FILES_INTERNAL_H

#include "strbuf.h"
#include <jansson.h>

/* X(enumerator, name, most bytes) */
#define CAM_TOKENIZER_FILES(X)                                                                                         \
    X(JSON, "tokenizer.json", 256 << 20)                                                                               \
    X(PROTO, "sentencepiece.bpe.model", 256 << 20)                                                                     \
    X(CONFIG, "tokenizer_config.json", 16 << 20)                                                                       \
    X(ADDED, "added_tokens.json", 16 << 20)                                                                            \
    X(SPECIAL, "special_tokens_map.json", 16 << 20)

typedef enum cam_tokenizer_file {
#define CAM_TOKENIZER_FILE_ENUM(code, ...) CAM_TOKENIZER_##code,
    CAM_TOKENIZER_FILES(CAM_TOKENIZER_FILE_ENUM)
#undef CAM_TOKENIZER_FILE_ENUM
        CAM_TOKENIZER_FILE_COUNT
} cam_tokenizer_file;

typedef struct cam_tokenizer_files {
    char *path[CAM_TOKENIZER_FILE_COUNT]; /* in the folder that was opened */
    cam_strbuf bytes[CAM_TOKENIZER_FILE_COUNT];
    int present[CAM_TOKENIZER_FILE_COUNT];
} cam_tokenizer_files;

extern const char *const cam_tokenizer_file_names[CAM_TOKENIZER_FILE_COUNT];

/* Reads those that the folder has. CAM_E_MODEL; release in both cases. */
CAM_MUST_CHECK cam_status cam_tokenizer_files_read(cam_tokenizer_files *files, const char *folder);
void cam_tokenizer_files_release(cam_tokenizer_files *files);
/* Parses a file; *root is NULL where it is not present. As cam_json_file_read. */
CAM_MUST_CHECK cam_status cam_tokenizer_files_parse(const cam_tokenizer_files *files, cam_tokenizer_file file,
                                                    json_t **root);

#endif
