/* masking.h: dynamic masking for masked language modelling: which tokens of a row are chosen, and what becomes of them.
 *
 * A function of the seed, the epoch, the data row id, the token's index in its row, and the row's pieces. It does not
 * depend on packing, threads or ranks. The counter of cam/philox.h has the epoch as its step, and the data row id:
 *   choice       site CAM_SITE_MASKING: a word is chosen if the decision at the index of its first token is below the
 *                threshold: block index / 8, lane index % 8. Without whole_words every token is a word of its own.
 *   replacement  site CAM_SITE_REPLACEMENT, block index: word 0 below mask_below: <mask>; below random_below: a random
 *                piece; otherwise the token stays. Words 1, 2 and 3 are three draws, (word * vocab_size) >> 32; the
 *                first one that is no special piece is taken, <mask> where all three are special.
 * Source: Devlin et al. 2019, section 3.1; Liu et al. 2019 for masks that change with the epoch.
 */
#ifndef CAM_MASKING_H
#define CAM_MASKING_H

#include "cam/philox.h"

/* Bits of a piece's kind. */
enum {
    CAM_PIECE_CONTINUES = 1, /* continues the word of the piece before it in the row, unless that one is special */
    CAM_PIECE_SPECIAL = 2    /* is never chosen and never drawn */
};

/* The epoch of the masks for evaluation: the same masks each time. */
#define CAM_EVAL_EPOCH UINT32_MAX

/* Which tokens are chosen. Where nothing is drawn no token is replaced. */
typedef enum cam_masking_choice {
    CAM_CHOOSE_DRAWN,    /* by the map above */
    CAM_CHOOSE_MASK_IDS, /* the tokens that are mask_id already; nothing is drawn */
    CAM_CHOOSE_ALL       /* all tokens, special ones too; nothing is drawn */
} cam_masking_choice;

typedef struct cam_masking_map {
    uint64_t mask_below, random_below; /* of 2^32 */
    uint32_t threshold;                /* of 65,536 */
    int32_t mask_id, vocab_size;
    int32_t whole_words;
    int32_t choice; /* cam_masking_choice */
} cam_masking_map;

/* Whether the word whose first token has this index is chosen. */
static inline CAM_HOST_DEVICE int cam_masking_chooses(const cam_masking_map *map, uint64_t seed, uint32_t epoch,
                                                      uint32_t row, uint32_t index) {
    return cam_philox_lane(cam_philox(seed, epoch, CAM_SITE_MASKING, row, index / 8), index % 8) < map->threshold;
}

/* The index of the first token of the word of token `index`, whose row begins at ids[0]. `kind` is [vocab_size]. */
static inline CAM_HOST_DEVICE int32_t cam_masking_word(const cam_masking_map *map, const int32_t *ids,
                                                       const int32_t *kind, int32_t index) {
    if (!map->whole_words)
        return index;
    while (index > 0 && (kind[ids[index]] & CAM_PIECE_CONTINUES) && !(kind[ids[index - 1]] & CAM_PIECE_SPECIAL))
        index--;
    return index;
}

/* What becomes of a chosen token. */
static inline CAM_HOST_DEVICE int32_t cam_masking_replacement(const cam_masking_map *map, const int32_t *kind,
                                                              uint64_t seed, uint32_t epoch, uint32_t row,
                                                              uint32_t index, int32_t id) {
    cam_philox_words r = cam_philox(seed, epoch, CAM_SITE_REPLACEMENT, row, index);
    if (r.w[0] < map->mask_below)
        return map->mask_id;
    if (r.w[0] >= map->random_below)
        return id;
    for (int draw = 1; draw < 4; draw++) {
        int32_t drawn = (int32_t)(((uint64_t)r.w[draw] * (uint32_t)map->vocab_size) >> 32);
        if (!(kind[drawn] & CAM_PIECE_SPECIAL))
            return drawn;
    }
    return map->mask_id;
}

#endif
