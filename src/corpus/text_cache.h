/* text_cache.h: the texts of pretraining as token ids, in a file that is mapped.
 *
 * The file is written once, by all threads a block of texts at a time: its memory does not depend on the size of the
 * corpus, but for 16 bytes a row. It is complete or absent. A later run takes it where its identity is that of the
 * texts, the tokenizer and all settings of which the ids depend.
 *
 * A text is one row, <s> and </s> included. A longer one than max_seq_length is cut into several rows between pieces:
 * nothing is lost. Texts without a piece are left out.
 *
 * The file, in the byte order of the machine: a header with the identity; ids i32[tokens]; zeros up to a multiple of 8;
 * offsets i64[rows + 1]; a hash of each row's text u64[rows]; the counts. */
#ifndef CAM_TEXT_CACHE_H
#define CAM_TEXT_CACHE_H

#include "cancel.h"
#include "files.h"
#include "text_files.h"
#include "token_ids.h"
#include "tokenizer.h"

#define CAM_TEXT_CACHE_FILE "corpus.tokens"

typedef struct cam_text_counts {
    int64_t rows, train_rows; /* those of train_file come first */
    int64_t tokens;           /* <s> and </s> included */
    int64_t texts;            /* that gave rows */
    int64_t empty;            /* that gave none */
    int64_t cut;              /* that gave several */
    int64_t unknown;          /* tokens that are <unk> */
    int64_t bad;              /* rows of tables left out under on_bad_row=skip */
} cam_text_counts;

/* A zeroed struct is closed. */
typedef struct cam_text_cache {
    char *path;
    cam_mapping map;
    cam_token_rows tokens;   /* within the map: not to be released */
    const uint64_t *of_text; /* [rows] a hash of the row's text: rows of one text have the same */
    uint64_t ids_hash;       /* of all ids */
    cam_text_counts counts;
    int is_new; /* it was written by this call */
} cam_text_cache;

/* What the cache is made of. */
typedef struct cam_text_source {
    const cam_config *config;
    const cam_text_files *files;
    const cam_tokenizer *tokenizer;
    int32_t max_length;
    const cam_cancel *cancel; /* may be NULL */
} cam_text_source;

/* Takes the cache in cache_dir (else in output_dir), or makes it. CAM_E_DATA, also where the texts have no word;
 * CAM_E_USAGE where a file of this name is no cache; CAM_E_STORAGE, CAM_E_STOPPED, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_text_cache_open(cam_text_cache *cache, const cam_text_source *source);
void cam_text_cache_close(cam_text_cache *cache);

#endif
