/* tokenizer.c: opens the tokenizer of a folder; its properties; encodes one text. */
#include "files.h"
#include "log.h"
#include "tokenizer_internal.h"
#include <stdlib.h>
#include <string.h>

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

/* Reads the vocabulary of tokenizer.json, or of the SentencePiece model. */
static cam_status read_vocabulary(const cam_tokenizer_files *files, cam_tokenizer_file which,
                                  cam_vocabulary *vocabulary) {
    const cam_strbuf *file = &files->bytes[which];
    cam_status st = check_not_pointer(file);
    if (st == CAM_OK && which == CAM_TOKENIZER_JSON)
        st = cam_vocabulary_from_json(vocabulary, cam_strbuf_text(file), file->length);
    else if (st == CAM_OK)
        st = cam_vocabulary_from_proto(vocabulary, cam_strbuf_text(file), file->length);
    return st == CAM_OK ? CAM_OK : fail_in(files->path[which], st);
}

static int pieces_agree(const cam_vocabulary *proto, const cam_vocabulary *json, size_t i) {
    return strcmp(proto->pieces[i].text, json->pieces[i].text) == 0 ||
           (i < CAM_TOKENIZER_FRONT && proto->tokenizer_class->front[i].renamed);
}

/* Warns where sentencepiece.bpe.model beside tokenizer.json has another vocabulary. */
static cam_status compare_with_proto(const char *folder, const cam_tokenizer_files *files, const cam_vocabulary *json) {
    cam_vocabulary proto = {.tokenizer_class = json->tokenizer_class};
    cam_status st = read_vocabulary(files, CAM_TOKENIZER_PROTO, &proto);
    if (st == CAM_E_MEMORY)
        goto out;
    if (st != CAM_OK) {
        cam_log_warn("%s; \"tokenizer.json\" beside it is used", cam_status_message());
        st = CAM_OK;
        goto out;
    }
    size_t i = 0, shorter = proto.count < json->count ? proto.count : json->count;
    while (i < shorter && pieces_agree(&proto, json, i))
        i++;
    if (i < shorter)
        cam_log_warn("the two tokenizer files of \"%s\" differ, first at id %zu: \"%s\" in tokenizer.json, \"%s\" in "
                     "sentencepiece.bpe.model; tokenizer.json is used",
                     folder, i, json->pieces[i].text, proto.pieces[i].text);
    else if (proto.count != json->count)
        cam_log_warn("the two tokenizer files of \"%s\" differ: %zu pieces in tokenizer.json, %zu in "
                     "sentencepiece.bpe.model; tokenizer.json is used",
                     folder, json->count, proto.count);
out:
    cam_vocabulary_release(&proto);
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
            : cam_fail(CAM_E_MODEL, "no tokenizer in \"%s\": it needs tokenizer.json or sentencepiece.bpe.model", full);
    free(full);
    return st;
}

/* Every id that a text can get must be below vocab_size. */
static cam_status check_around(const cam_vocabulary *vocabulary) {
    const cam_around *const sides[] = {&vocabulary->before, &vocabulary->behind};
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < sides[side]->count; i++)
            if (sides[side]->ids[i] >= vocabulary->vocab_size)
                return cam_fail(CAM_E_MODEL, "its post-processor adds the token %d, which is not in the vocabulary",
                                sides[side]->ids[i]);
    return CAM_OK;
}

/* `rows` as in cam_tokenizer_open_for; 0 = not known. */
static cam_status open_tokenizer(const char *folder, const cam_tokenizer_class *tokenizer_class, int32_t rows,
                                 cam_tokenizer **tokenizer) {
    cam_status st = CAM_OK;
    int is_ours = tokenizer_class->front[0].text != NULL; /* the ids of the model's pieces are known */
    cam_tokenizer *opened = calloc(1, sizeof *opened);
    *tokenizer = NULL;
    if (!opened || !(opened->folder = strdup(folder)))
        CAM_FAIL(CAM_E_MEMORY, "no memory for a tokenizer");
    const cam_tokenizer_files *files = &opened->files;
    cam_vocabulary *vocabulary = &opened->pipeline.vocabulary;
    vocabulary->tokenizer_class = tokenizer_class;
    vocabulary->most_pieces = rows;
    CAM_TRY(cam_tokenizer_files_read(&opened->files, folder));
    int has_json = files->present[CAM_TOKENIZER_JSON], has_proto = files->present[CAM_TOKENIZER_PROTO];
    cam_tokenizer_file which = has_json ? CAM_TOKENIZER_JSON : CAM_TOKENIZER_PROTO;
    opened->is_json = has_json;
    if (!has_json && (!has_proto || !is_ours))
        CAM_TRY(fail_without_file(folder, has_proto));
    CAM_TRY(read_vocabulary(files, which, vocabulary));
    CAM_TRY(cam_vocabulary_configure(vocabulary, files, &opened->model_max_length));
    st = check_around(vocabulary);
    if (st == CAM_OK)
        st = cam_pipeline_prepare(&opened->pipeline);
    if (st != CAM_OK)
        CAM_TRY(fail_in(files->path[which], st));
    if (has_json && has_proto && is_ours && vocabulary->kind == CAM_VOCABULARY_UNIGRAM)
        CAM_TRY(compare_with_proto(folder, files, vocabulary));
    if (rows > 0)
        CAM_TRY(cam_tokenizer_check_rows(opened, rows));
    *tokenizer = opened;
    opened = NULL;
out:
    cam_tokenizer_close(opened);
    return st;
}

cam_status cam_tokenizer_open(const char *folder, const cam_tokenizer_class *tokenizer_class,
                              cam_tokenizer **tokenizer) {
    return open_tokenizer(folder, tokenizer_class, 0, tokenizer);
}

cam_status cam_tokenizer_open_for(const char *folder, const cam_tokenizer_class *tokenizer_class, int32_t rows,
                                  cam_tokenizer **tokenizer) {
    return open_tokenizer(folder, tokenizer_class, rows, tokenizer);
}

/* --- the rows of the model --------------------------------------------------------------------------------------- */

/* Special tokens without a row are forgotten: transformers adds unused ones, and no text holds them. */
static cam_status check_added_rows(cam_vocabulary *vocabulary, int32_t rows) {
    size_t kept = 0;
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        const cam_added_token *token = &vocabulary->added[i];
        if (token->id >= rows && !token->special)
            return cam_fail(CAM_E_MODEL,
                            "the added token \"%s\" has the id %d, but the model has %d rows of embeddings: they were "
                            "not resized (resize_token_embeddings)",
                            token->text, token->id, rows);
    }
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        if (vocabulary->added[i].id >= rows)
            free(vocabulary->added[i].text);
        else
            vocabulary->added[kept++] = vocabulary->added[i];
    }
    vocabulary->added_count = kept;
    if (vocabulary->vocab_size > rows)
        vocabulary->vocab_size = rows;
    return CAM_OK;
}

/* The number of ids that a text can get. */
static int64_t count_ids(const cam_vocabulary *vocabulary) {
    int64_t count = (int64_t)vocabulary->count;
    for (size_t i = 0; i < vocabulary->added_count; i++)
        count += vocabulary->added[i].id >= (int32_t)vocabulary->count;
    return count;
}

cam_status cam_tokenizer_check_rows(cam_tokenizer *tokenizer, int32_t rows) {
    cam_status st = CAM_OK;
    cam_vocabulary *vocabulary = &tokenizer->pipeline.vocabulary;
    if (vocabulary->count > (size_t)rows)
        CAM_FAIL(CAM_E_MODEL,
                 "the tokenizer of \"%s\" has %zu pieces, the model only %d rows of embeddings: is it this model's own "
                 "tokenizer?",
                 tokenizer->folder, vocabulary->count, rows);
    CAM_TRY(check_added_rows(vocabulary, rows));
    CAM_TRY(cam_pipeline_order_tokens(&tokenizer->pipeline));
    int64_t ids = count_ids(vocabulary);
    if (ids < rows / 2)
        CAM_FAIL(
            CAM_E_MODEL,
            "the tokenizer of \"%s\" has %lld pieces, the model %d rows of embeddings: the tokenizer is damaged, or "
            "another model's; take the tokenizer files of the model again",
            tokenizer->folder, (long long)ids, rows);
    if (ids < rows - rows / 10)
        cam_log_warn("the tokenizer of \"%s\" has %lld pieces, the model %d rows of embeddings: is it this model's own "
                     "tokenizer?",
                     tokenizer->folder, (long long)ids, rows);
out:
    return st;
}

void cam_tokenizer_close(cam_tokenizer *tokenizer) {
    if (!tokenizer)
        return;
    cam_pipeline_release(&tokenizer->pipeline);
    cam_tokenizer_files_release(&tokenizer->files);
    free(tokenizer->folder);
    free(tokenizer);
}

/* --- properties, one text ---------------------------------------------------------------------------------------- */

cam_special_ids cam_tokenizer_special_ids(const cam_tokenizer *tokenizer) {
    return tokenizer->pipeline.vocabulary.special;
}

int32_t cam_tokenizer_model_max_length(const cam_tokenizer *tokenizer) {
    double given = tokenizer->model_max_length;
    return given >= 1 && given < INT32_MAX ? (int32_t)given : INT32_MAX;
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
