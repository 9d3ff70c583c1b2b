/* text_cache.c: takes a cache that is there, or has it made; see text_cache.h. */
#include "hash.h"
#include "log.h"
#include "text_cache_internal.h"
#include <stdlib.h>
#include <string.h>

uint64_t cam_text_cache_hash(uint64_t hash, const int32_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ (uint32_t)ids[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* Of all on which the ids depend. */
static uint64_t identity_of(const cam_text_source *source) {
    static const cam_config_key keys[] = {CAM_KEY_format,      CAM_KEY_encoding,        CAM_KEY_delimiter,
                                          CAM_KEY_columns,     CAM_KEY_on_bad_row,      CAM_KEY_max_train_samples,
                                          CAM_KEY_text_column, CAM_KEY_max_eval_samples};
    uint64_t hash = source->files->identity, tokenizer = cam_tokenizer_identity(source->tokenizer);
    cam_strbuf values = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        cam_config_put_value(source->config, keys[i], &values);
        cam_strbuf_putc(&values, '\n');
    }
    hash = cam_hash_bytes(hash, cam_strbuf_text(&values), values.length);
    hash = cam_hash_bytes(hash, &tokenizer, sizeof tokenizer);
    hash = cam_hash_bytes(hash, &source->max_length, sizeof source->max_length);
    int32_t rows = cam_tokenizer_vocab_size(source->tokenizer); /* those that the model has */
    hash = cam_hash_bytes(hash, &rows, sizeof rows);
    cam_strbuf_release(&values);
    return cam_hash_mix(hash);
}

/* --- taking ------------------------------------------------------------------------------------------------------- */

typedef enum state { ABSENT, OTHER_FILE, OUTDATED, DAMAGED, GOOD } state;

static int offsets_are_good(const cam_token_rows *tokens, int64_t count, int32_t max_length) {
    const int64_t *offsets = tokens->offsets;
    if (offsets[0] != 0 || offsets[tokens->rows] != count)
        return 0;
    for (int64_t r = 0; r < tokens->rows; r++)
        if (offsets[r + 1] <= offsets[r] || offsets[r + 1] - offsets[r] > max_length)
            return 0;
    return 1;
}

static int ids_are_good(const cam_token_rows *tokens, int64_t count, int32_t vocabulary) {
    for (int64_t t = 0; t < count; t++)
        if (tokens->ids[t] < 0 || tokens->ids[t] >= vocabulary)
            return 0;
    return 1;
}

int cam_text_cache_find_parts(cam_text_cache *cache, int32_t max_length, int32_t vocabulary, uint64_t identity) {
    cam_text_cache_end end;
    const unsigned char *bytes = cache->map.bytes;
    size_t size = cache->map.size, ids_at = sizeof(cam_text_cache_header);
    if (size < ids_at + sizeof end)
        return 0;
    memcpy(&end, bytes + size - sizeof end, sizeof end);
    const cam_text_counts *c = &end.counts;
    if (end.identity != identity || c->rows < 1 || c->tokens < 1 || c->train_rows < 0 || c->train_rows > c->rows ||
        c->rows > INT32_MAX || c->tokens > (int64_t)(size / sizeof(int32_t)))
        return 0;
    size_t offsets_at = ids_at + cam_text_cache_id_bytes(c->tokens);
    size_t of_text_at = offsets_at + ((size_t)c->rows + 1) * sizeof(int64_t);
    if (of_text_at + (size_t)c->rows * sizeof(uint64_t) + sizeof end != size)
        return 0;
    cache->tokens = (cam_token_rows){.ids = (int32_t *)(uintptr_t)(bytes + ids_at),
                                     .offsets = (int64_t *)(uintptr_t)(bytes + offsets_at),
                                     .rows = c->rows};
    cache->of_text = (const uint64_t *)(const void *)(bytes + of_text_at);
    cache->counts = *c;
    cache->ids_hash = end.ids_hash;
    if (!offsets_are_good(&cache->tokens, c->tokens, max_length) ||
        !ids_are_good(&cache->tokens, c->tokens, vocabulary) ||
        cam_text_cache_hash(CAM_HASH_START, cache->tokens.ids, (size_t)c->tokens) != end.ids_hash)
        return 0;
    return 1;
}

static cam_status take(cam_text_cache *cache, const cam_text_source *source, uint64_t identity, state *found) {
    cam_status st = CAM_OK;
    cam_text_cache_header header;
    *found = ABSENT;
    if (!cam_file_exists(cache->path))
        return CAM_OK;
    CAM_TRY(cam_file_map(cache->path, CAM_E_STORAGE, &cache->map));
    *found = OTHER_FILE;
    if (cache->map.size < sizeof header)
        goto out;
    memcpy(&header, cache->map.bytes, sizeof header);
    if (memcmp(header.magic, CAM_TEXT_CACHE_MAGIC, sizeof header.magic) != 0)
        goto out;
    *found = OUTDATED;
    if (header.version != CAM_TEXT_CACHE_VERSION || header.one != 1 || header.identity != identity)
        goto out;
    int32_t vocabulary = cam_tokenizer_vocab_size(source->tokenizer);
    *found = cam_text_cache_find_parts(cache, source->max_length, vocabulary, identity) ? GOOD : DAMAGED;
out:
    if (*found != GOOD)
        cam_file_unmap(&cache->map);
    return st;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static cam_status make(cam_text_cache *cache, const cam_text_source *source, uint64_t identity, state found) {
    cam_status st = CAM_OK;
    char *folder = cam_path_parent(cache->path);
    if (found == OTHER_FILE)
        CAM_FAIL(CAM_E_USAGE,
                 "\"%s\" is no cache of texts, and the run would write one there; move that file away, or "
                 "set cache_dir to another folder",
                 cache->path);
    if (found == OUTDATED)
        cam_log("texts    \"%s\" is of other texts or settings: it is made anew", cache->path);
    if (found == DAMAGED)
        cam_log_warn("\"%s\" is damaged: it is made anew", cache->path);
    CAM_TRY(cam_directory_make(folder));
    CAM_TRY(cam_text_cache_write(cache->path, source, identity));
    CAM_TRY(take(cache, source, identity, &found));
    if (found != GOOD)
        CAM_FAIL(CAM_E_STORAGE, "\"%s\" was changed while it was written", cache->path);
    cache->is_new = 1;
out:
    free(folder);
    return st;
}

cam_status cam_text_cache_open(cam_text_cache *cache, const cam_text_source *source) {
    cam_status st = CAM_OK;
    const cam_config *config = source->config;
    uint64_t identity = identity_of(source);
    state found;
    *cache = (cam_text_cache){
        .path = cam_path_join(config->cache_dir ? config->cache_dir : config->output_dir, CAM_TEXT_CACHE_FILE)};
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(take(cache, source, identity, &found));
    if (found != GOOD)
        CAM_TRY(make(cache, source, identity, found));
out:
    if (st != CAM_OK)
        cam_text_cache_close(cache);
    return st;
}

void cam_text_cache_close(cam_text_cache *cache) {
    cam_file_unmap(&cache->map);
    free(cache->path);
    *cache = (cam_text_cache){0};
}
