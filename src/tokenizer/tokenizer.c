/* tokenizer.c: opens the tokenizer of a folder; its properties; encodes one text. */
#include "files.h"
#include "log.h"
#include "tokenizer_internal.h"
#include <stdlib.h>
#include <string.h>

static const size_t file_bytes_max = (size_t)256 << 20;

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* Refuses files that are often found in place of a model file. */
static cam_status check_not_pointer(const cam_strbuf *file) {
    const char *text = cam_strbuf_text(file);
    if (strncmp(text, "version https://git-lfs", 23) == 0)
        return cam_fail(CAM_E_MODEL,
                        "it is a Git LFS pointer, not the file itself; run \"git lfs pull\" where it came from");
    if (strncmp(text, "<!", 2) == 0 || strncasecmp(text, "<html", 5) == 0)
        return cam_fail(CAM_E_MODEL, "it is a web page, not the file itself; download it again");
    return CAM_OK;
}

/* Adds the path to the message of a failure in the file. */
static cam_status fail_in(const char *path, cam_status st) {
    char *full = cam_path_absolute(path);
    if (st == CAM_E_MODEL)
        st = cam_fail(st, "cannot use \"%s\": %s", full, cam_status_message());
    free(full);
    return st;
}

/* Reads vocab_size from the folder's config.json; 0 where that cannot be read, which the reader of the model reports.
 */
static cam_status vocab_limit_of(const char *folder, int64_t *limit) {
    cam_status st = CAM_OK;
    cam_strbuf config = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "config.json");
    *limit = 0;
    if (!cam_file_exists(path))
        goto out;
    st = cam_file_read(path, file_bytes_max, CAM_E_MODEL, &config);
    if (st == CAM_OK)
        st = cam_tokenizer_vocab_limit(cam_strbuf_text(&config), config.length, limit);
    else if (st == CAM_E_MODEL)
        st = CAM_OK;
out:
    cam_strbuf_release(&config);
    free(path);
    return st;
}

/* Reads tokenizer.json, or with json == 0 a SentencePiece model. */
static cam_status read_vocabulary(const char *path, int json, int64_t vocab_limit, cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    cam_strbuf file = CAM_STRBUF_INIT;
    st = cam_file_read(path, file_bytes_max, CAM_E_MODEL, &file);
    if (st != CAM_OK)
        return st;
    st = check_not_pointer(&file);
    if (st == CAM_OK && json)
        st = cam_vocabulary_from_json(vocabulary, cam_strbuf_text(&file), file.length, vocab_limit);
    else if (st == CAM_OK)
        st = cam_vocabulary_from_proto(vocabulary, cam_strbuf_text(&file), file.length);
    cam_strbuf_release(&file);
    return st == CAM_OK ? CAM_OK : fail_in(path, st);
}

static int pieces_agree(const cam_vocabulary *a, const cam_vocabulary *b, size_t i) {
    return strcmp(a->pieces[i].text, b->pieces[i].text) == 0 ||
           (i < CAM_TOKENIZER_FRONT && a->tokenizer_class->front[i].renamed);
}

/* Warns where the vocabulary of tokenizer.json is another one. */
static cam_status compare_with_json(const char *folder, const char *json_path, const cam_vocabulary *vocabulary) {
    cam_vocabulary other = {.tokenizer_class = vocabulary->tokenizer_class};
    cam_status st = read_vocabulary(json_path, 1, 0, &other);
    if (st == CAM_E_MEMORY)
        goto out;
    if (st != CAM_OK) {
        cam_log_warn("%s; \"sentencepiece.bpe.model\" beside it is used", cam_status_message());
        st = CAM_OK;
        goto out;
    }
    size_t i = 0, shorter = other.count < vocabulary->count ? other.count : vocabulary->count;
    while (i < shorter && pieces_agree(vocabulary, &other, i))
        i++;
    if (i < shorter)
        cam_log_warn("the two tokenizer files of \"%s\" differ, first at id %zu: \"%s\" in sentencepiece.bpe.model, "
                     "\"%s\" in tokenizer.json; the first file is used",
                     folder, i, vocabulary->pieces[i].text, other.pieces[i].text);
    else if (other.count != vocabulary->count)
        cam_log_warn("the two tokenizer files of \"%s\" differ: %zu pieces in sentencepiece.bpe.model, %zu in "
                     "tokenizer.json; the first file is used",
                     folder, vocabulary->count, other.count);
out:
    cam_vocabulary_release(&other);
    return st;
}

static cam_status fail_without_file(const char *folder, int has_proto) {
    char *full = cam_path_absolute(folder);
    cam_status st =
        has_proto
            ? cam_fail(CAM_E_MODEL,
                       "no tokenizer in \"%s\": it needs tokenizer.json; the ids of sentencepiece.bpe.model "
                       "depend on the model family, and for this one they are not known",
                       full)
            : cam_fail(CAM_E_MODEL, "no tokenizer in \"%s\": it needs sentencepiece.bpe.model or tokenizer.json", full);
    free(full);
    return st;
}

cam_status cam_tokenizer_open(const char *folder, const cam_tokenizer_class *tokenizer_class,
                              cam_tokenizer **tokenizer) {
    cam_status st = CAM_OK;
    char *proto_path = cam_path_join(folder, "sentencepiece.bpe.model");
    char *json_path = cam_path_join(folder, "tokenizer.json");
    int has_proto = cam_file_exists(proto_path), has_json = cam_file_exists(json_path);
    int use_proto = has_proto && tokenizer_class->front[0].text;
    const char *path = use_proto ? proto_path : json_path;
    int64_t vocab_limit = 0;
    cam_tokenizer *opened = calloc(1, sizeof *opened);
    *tokenizer = NULL;
    if (!opened || !(opened->folder = strdup(folder)))
        CAM_FAIL(CAM_E_MEMORY, "no memory for a tokenizer");
    opened->pipeline.vocabulary.tokenizer_class = tokenizer_class;
    if (!use_proto && !has_json)
        CAM_TRY(fail_without_file(folder, has_proto));
    if (!use_proto)
        CAM_TRY(vocab_limit_of(folder, &vocab_limit));
    CAM_TRY(read_vocabulary(path, !use_proto, vocab_limit, &opened->pipeline.vocabulary));
    st = cam_pipeline_prepare(&opened->pipeline);
    if (st != CAM_OK)
        CAM_TRY(fail_in(path, st));
    if (use_proto && has_json)
        CAM_TRY(compare_with_json(folder, json_path, &opened->pipeline.vocabulary));
    *tokenizer = opened;
    opened = NULL;
out:
    cam_tokenizer_close(opened);
    free(proto_path);
    free(json_path);
    return st;
}

void cam_tokenizer_close(cam_tokenizer *tokenizer) {
    if (!tokenizer)
        return;
    cam_pipeline_release(&tokenizer->pipeline);
    free(tokenizer->folder);
    free(tokenizer);
}

/* --- properties, one text ---------------------------------------------------------------------------------------- */

cam_special_ids cam_tokenizer_special_ids(const cam_tokenizer *tokenizer) {
    return tokenizer->pipeline.vocabulary.special;
}

int32_t cam_tokenizer_vocab_size(const cam_tokenizer *tokenizer) {
    return tokenizer->pipeline.vocabulary.vocab_size;
}

const char *cam_tokenizer_piece(const cam_tokenizer *tokenizer, int32_t id) {
    const cam_vocabulary *vocabulary = &tokenizer->pipeline.vocabulary;
    if (id >= 0 && (size_t)id < vocabulary->count)
        return vocabulary->pieces[id].text;
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        if (vocabulary->added[i].id == id)
            return vocabulary->added[i].text;
    }
    return NULL;
}

cam_status cam_tokenizer_encode(const cam_tokenizer *tokenizer, cam_text text, int32_t max_length, cam_ids *out,
                                int *truncated) {
    cam_encoder encoder;
    cam_encoder_init(&encoder, &tokenizer->pipeline, 0);
    out->count = 0;
    cam_status st = cam_encoder_encode(&encoder, text, max_length, out, truncated);
    cam_encoder_release(&encoder);
    return st;
}
