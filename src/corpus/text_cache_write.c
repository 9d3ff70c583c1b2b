/* text_cache_write.c: tokenises texts into a cache; see text_cache.h. Texts are read and encoded a block at a time. */
#include "clock.h"
#include "corpus.h"
#include "hash.h"
#include "log.h"
#include "plain.h"
#include "text_cache_internal.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20, BLOCK_TEXTS = 1 << 15 };
static const double TOLD_EVERY_S = 15;

/* The texts that were read and are not encoded yet; their bytes lie one after another. */
typedef struct block {
    cam_strbuf bytes;
    size_t *lengths; /* [BLOCK_TEXTS] */
    cam_text *texts; /* [BLOCK_TEXTS] */
    size_t count;
} block;

typedef struct writing {
    const cam_text_source *source;
    cam_file_writer file;
    block block;
    cam_ids out; /* the rows of a block */
    int64_t *offsets;
    uint64_t *of_text;
    size_t capacity; /* rows for which the two have room */
    int32_t before, behind, unk;
    uint64_t ids_hash;
    cam_text_counts counts;
    double told_s;
} writing;

/* --- rows --------------------------------------------------------------------------------------------------------- */

static cam_status reserve_row(writing *w) {
    size_t rows = (size_t)w->counts.rows;
    if (w->counts.rows >= INT32_MAX)
        return cam_fail(CAM_E_DATA, "the texts have more than %d rows, which is the most of a run", INT32_MAX);
    if (rows < w->capacity)
        return CAM_OK;
    size_t capacity = w->capacity ? 2 * w->capacity : 1 << 12;
    int64_t *offsets = realloc(w->offsets, (capacity + 1) * sizeof *offsets);
    if (offsets)
        w->offsets = offsets;
    uint64_t *of_text = offsets ? realloc(w->of_text, capacity * sizeof *of_text) : NULL;
    if (!of_text)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu rows", capacity);
    w->of_text = of_text;
    w->capacity = capacity;
    return CAM_OK;
}

/* Appends a row of `count` ids between what stands before and behind each text. */
static cam_status put_row(writing *w, const int32_t *first, const int32_t *last, const int32_t *ids, size_t count,
                          uint64_t hash) {
    cam_status st = CAM_OK;
    size_t before = (size_t)w->before, behind = (size_t)w->behind;
    CAM_TRY(reserve_row(w));
    CAM_TRY(cam_ids_reserve(&w->out, before + count + behind));
    int32_t *to = w->out.ids + w->out.count;
    memcpy(to, first, before * sizeof *to);
    memcpy(to + before, ids, count * sizeof *to);
    memcpy(to + before + count, last, behind * sizeof *to);
    for (size_t i = 0; i < count; i++)
        w->counts.unknown += ids[i] == w->unk;
    if (w->counts.tokens > INT32_MAX - w->source->max_length)
        CAM_FAIL(CAM_E_DATA,
                 "the texts have more than %d tokens, which is the most of a run; set max_train_samples, or "
                 "train on one part of them after another",
                 INT32_MAX);
    w->out.count += before + count + behind;
    w->counts.tokens += (int64_t)(before + count + behind);
    w->of_text[w->counts.rows++] = hash;
    w->offsets[w->counts.rows] = w->counts.tokens;
out:
    return st;
}

/* Cuts a text into rows. */
static cam_status put_text(writing *w, cam_text text, const int32_t *ids, size_t count) {
    cam_status st = CAM_OK;
    size_t around = (size_t)w->before + (size_t)w->behind, most = (size_t)w->source->max_length - around;
    size_t length = count - around;
    uint64_t hash = cam_hash_mix(cam_hash_bytes(CAM_HASH_START, text.bytes, text.length));
    w->counts.empty += length == 0;
    w->counts.texts += length > 0;
    w->counts.cut += length > most;
    for (size_t begin = 0, part; begin < length; begin += part) {
        part = length - begin < most ? length - begin : most;
        CAM_TRY(put_row(w, ids, ids + count - w->behind, ids + w->before + begin, part, hash));
    }
out:
    return st;
}

static void tell(writing *w) {
    cam_strbuf line = CAM_STRBUF_INIT;
    if (cam_now_s() < w->told_s + TOLD_EVERY_S)
        return;
    w->told_s = cam_now_s();
    cam_plain_put_counted(&line, w->counts.texts, "text", "texts");
    cam_strbuf_puts(&line, ", ");
    cam_plain_put_counted(&line, w->counts.tokens, "token", "tokens");
    cam_log("texts    tokenised so far: %s", cam_strbuf_text(&line));
    cam_strbuf_release(&line);
}

/* Encodes the texts of the block and writes their ids. */
static cam_status flush(writing *w) {
    cam_status st = CAM_OK;
    block *b = &w->block;
    cam_token_rows rows = {0};
    const char *at = cam_strbuf_text(&b->bytes);
    for (size_t i = 0; i < b->count; i++) {
        b->texts[i] = (cam_text){at, b->lengths[i]};
        at += b->lengths[i];
    }
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_tokenizer_encode_all(w->source->tokenizer, b->texts, (int64_t)b->count, 0, w->source->cancel, &rows));
    w->out.count = 0;
    for (size_t i = 0; i < b->count; i++)
        CAM_TRY(put_text(w, b->texts[i], rows.ids + rows.offsets[i], (size_t)(rows.offsets[i + 1] - rows.offsets[i])));
    w->ids_hash = cam_text_cache_hash(w->ids_hash, w->out.ids, w->out.count);
    CAM_TRY(cam_file_writer_write(&w->file, w->out.ids, w->out.count * sizeof *w->out.ids));
    cam_strbuf_clear(&b->bytes);
    b->count = 0;
    tell(w);
out:
    cam_token_rows_release(&rows);
    return st;
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* A file whose ending names no table is read line by line. */
static cam_read_options read_options(const cam_config *config, const char *path, int64_t max_rows) {
    cam_read_options options = cam_corpus_read_options(config, path);
    options.label_required = 0;
    options.max_rows = max_rows;
    if (options.format == CAM_FORMAT_AUTO && cam_format_of_path(path) == CAM_FORMAT_AUTO)
        options.format = CAM_FORMAT_LINES;
    return options;
}

/* Reads a file. *left counts down the texts that max_train_samples or max_eval_samples leaves; 0 at first: all. */
static cam_status read_file(writing *w, const char *path, int64_t limit, int64_t *left) {
    cam_status st = CAM_OK;
    cam_record_reader *reader = NULL;
    cam_record record;
    cam_read_options options = read_options(w->source->config, path, 0);
    int got = 1;
    CAM_TRY(cam_record_reader_open(&options, &reader));
    while (limit == 0 || *left > 0) {
        CAM_TRY(cam_record_reader_next(reader, &record, &got));
        if (!got)
            break;
        *left -= limit > 0;
        block *b = &w->block;
        cam_strbuf_append(&b->bytes, record.text, record.text_length);
        b->lengths[b->count++] = record.text_length;
        if (b->count == BLOCK_TEXTS || b->bytes.length >= BLOCK_BYTES)
            CAM_TRY(flush(w));
    }
    const cam_read_counts *counts = cam_record_reader_counts(reader);
    w->counts.bad += counts->bad_skipped;
    w->counts.empty += counts->blank_skipped;
out:
    cam_record_reader_close(reader);
    return st;
}

static cam_status read_files(writing *w, size_t first, size_t end, int64_t limit) {
    cam_status st = CAM_OK;
    int64_t left = limit;
    for (size_t i = first; i < end; i++)
        CAM_TRY(read_file(w, w->source->files->paths[i], limit, &left));
    if (w->block.count > 0)
        CAM_TRY(flush(w));
out:
    return st;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static cam_status open_writing(writing *w, const char *path, uint64_t identity) {
    cam_status st = CAM_OK;
    cam_text_cache_header header = {
        .magic = CAM_TEXT_CACHE_MAGIC, .version = CAM_TEXT_CACHE_VERSION, .one = 1, .identity = identity};
    cam_tokenizer_around(w->source->tokenizer, &w->before, &w->behind);
    w->unk = cam_tokenizer_special_ids(w->source->tokenizer).unk;
    if (w->source->max_length <= w->before + w->behind)
        CAM_FAIL(CAM_E_USAGE, "max_seq_length is %d, and %d of them are special tokens; set max_seq_length=128",
                 w->source->max_length, w->before + w->behind);
    w->block.lengths = malloc(BLOCK_TEXTS * sizeof *w->block.lengths);
    w->block.texts = malloc(BLOCK_TEXTS * sizeof *w->block.texts);
    if (!w->block.lengths || !w->block.texts)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %d texts", BLOCK_TEXTS);
    CAM_TRY(reserve_row(w));
    w->offsets[0] = 0;
    CAM_TRY(cam_file_writer_open(&w->file, path));
    CAM_TRY(cam_file_writer_write(&w->file, &header, sizeof header));
out:
    return st;
}

static cam_status write_end(writing *w, uint64_t identity) {
    static const char zeros[8];
    cam_status st = CAM_OK;
    cam_text_cache_end end = {.counts = w->counts, .identity = identity, .ids_hash = w->ids_hash};
    size_t rows = (size_t)w->counts.rows, id_bytes = (size_t)w->counts.tokens * sizeof(int32_t);
    CAM_TRY(cam_file_writer_write(&w->file, zeros, cam_text_cache_id_bytes(w->counts.tokens) - id_bytes));
    CAM_TRY(cam_file_writer_write(&w->file, w->offsets, (rows + 1) * sizeof *w->offsets));
    CAM_TRY(cam_file_writer_write(&w->file, w->of_text, rows * sizeof *w->of_text));
    CAM_TRY(cam_file_writer_write(&w->file, &end, sizeof end));
    CAM_TRY(cam_file_writer_commit(&w->file));
out:
    return st;
}

cam_status cam_text_cache_write(const char *path, const cam_text_source *source, uint64_t identity) {
    cam_status st = CAM_OK;
    const cam_text_files *files = source->files;
    const cam_config *config = source->config;
    writing w = {.source = source, .file = CAM_FILE_WRITER_CLOSED, .ids_hash = CAM_HASH_START, .told_s = cam_now_s()};
    CAM_TRY(open_writing(&w, path, identity));
    CAM_TRY(read_files(&w, 0, files->train_count, config->max_train_samples));
    w.counts.train_rows = w.counts.rows;
    CAM_TRY(read_files(&w, files->train_count, files->count, config->max_eval_samples));
    if (w.counts.train_rows == 0)
        CAM_FAIL(CAM_E_DATA, "%s: the texts have no word: nothing can be learned from them", files->paths[0]);
    CAM_TRY(cam_text_files_check(files));
    CAM_TRY(write_end(&w, identity));
out:
    cam_file_writer_abandon(&w.file);
    cam_strbuf_release(&w.block.bytes);
    cam_ids_release(&w.out);
    free(w.block.lengths);
    free(w.block.texts);
    free(w.offsets);
    free(w.of_text);
    return st;
}
