/* split_ranks.c: cam_split_rank_texts of split.h. A rank is a hash of the seed and of the text, so that neither the row's
 * place in the file nor the other rows matter. */
#include "hash.h"
#include "split.h"
#include "text_fold.h"

void cam_split_rank_texts(const cam_dataset *dataset, uint32_t seed, uint64_t *rank) {
    cam_strbuf key = CAM_STRBUF_INIT;
    uint64_t start = cam_hash_bytes(CAM_HASH_START, &seed, sizeof seed);
    for (size_t i = 0; i < dataset->count; i++) {
        cam_text_fold(dataset->rows[i].text, dataset->rows[i].text_length, CAM_FOLD_TEXT, &key);
        rank[i] = cam_hash_mix(cam_hash_bytes(start, cam_strbuf_text(&key), key.length));
    }
    cam_strbuf_release(&key);
}
