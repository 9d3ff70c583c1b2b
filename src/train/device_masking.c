/* device_masking.c: see device_masking.h. */
#include "device_masking.h"
#include <stdlib.h>

static uint64_t of_all(double share) {
    return (uint64_t)(share * 0x1p32 + 0.5);
}

static cam_status check(const cam_masking *options, int32_t vocab_size) {
    double sum = options->share_mask + options->share_random;
    if (!(options->probability >= 0 && options->probability <= 1))
        return cam_fail(CAM_E_USAGE, "the probability that a word is masked is %g, it must be from 0 to 1",
                        options->probability);
    if (!(options->share_mask >= 0 && options->share_random >= 0 && sum <= 1 + 1e-9))
        return cam_fail(CAM_E_USAGE, "%g of the chosen tokens become <mask> and %g a random piece: more than all",
                        options->share_mask, options->share_random);
    if (options->mask_id < 0 || options->mask_id >= vocab_size)
        return cam_fail(CAM_E_USAGE, "the id %d of <mask> is not in a vocabulary of %d", options->mask_id, vocab_size);
    return CAM_OK;
}

static cam_status upload_kinds(cam_device_masking *masking, const unsigned char *kind, int64_t count) {
    cam_status st = CAM_OK;
    void *memory = NULL;
    int32_t *wide = malloc((size_t)count * sizeof *wide);
    if (!wide)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a vocabulary of %lld pieces", (long long)count);
    for (int64_t i = 0; i < count; i++)
        wide[i] = kind[i];
    CAM_TRY(cam_backend_allocate(masking->backend, (size_t)count * sizeof *wide, &memory));
    masking->piece_kind = cam_tensor_1d(memory, CAM_I32, count);
    CAM_TRY(cam_backend_copy(masking->backend, memory, wide, (size_t)count * sizeof *wide, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(masking->backend));
out:
    free(wide);
    return st;
}

cam_status cam_device_masking_open(cam_device_masking *masking, cam_backend *backend, const cam_masking *options,
                                   int32_t vocab_size, uint64_t seed) {
    cam_status st = CAM_OK;
    *masking = (cam_device_masking){.backend = backend, .seed = seed, .host_kind = options->piece_kind};
    CAM_TRY(check(options, vocab_size));
    masking->map = (cam_masking_map){.mask_below = of_all(options->share_mask),
                                     .random_below = of_all(options->share_mask + options->share_random),
                                     .threshold = (uint32_t)(options->probability * 65536.0 + 0.5),
                                     .mask_id = options->mask_id,
                                     .vocab_size = vocab_size,
                                     .whole_words = options->whole_words,
                                     .choice = options->probability > 0 ? CAM_CHOOSE_DRAWN : CAM_CHOOSE_ALL};
    CAM_TRY(upload_kinds(masking, options->piece_kind, vocab_size));
out:
    if (st != CAM_OK)
        cam_device_masking_close(masking);
    return st;
}

void cam_device_masking_close(cam_device_masking *masking) {
    if (masking->backend)
        cam_backend_release(masking->backend, masking->piece_kind.data);
    *masking = (cam_device_masking){0};
}

static int64_t count_mask_ids(const cam_device_masking *masking, const int32_t *ids, int64_t length) {
    int64_t count = 0;
    for (int64_t j = 0; j < length; j++)
        count += ids[j] == masking->map.mask_id;
    return count;
}

int64_t cam_masking_count(const cam_device_masking *masking, const cam_token_rows *tokens, int32_t row,
                          uint32_t epoch) {
    const cam_masking_map *map = &masking->map;
    const int32_t *ids = tokens->ids + tokens->offsets[row];
    int64_t length = tokens->offsets[row + 1] - tokens->offsets[row], count = 0;
    int before = CAM_PIECE_SPECIAL, chosen = 0;
    cam_philox_words words = {{0}};
    if (map->choice != CAM_CHOOSE_DRAWN)
        return map->choice == CAM_CHOOSE_ALL ? length : count_mask_ids(masking, ids, length);
    for (int64_t j = 0; j < length; j++) {
        int kind = masking->host_kind[ids[j]];
        if (j % 8 == 0) /* one call decides for eight tokens */
            words = cam_philox(masking->seed, epoch, CAM_SITE_MASKING, (uint32_t)row, (uint32_t)j / 8);
        if (!map->whole_words || !(kind & CAM_PIECE_CONTINUES) || (before & CAM_PIECE_SPECIAL))
            chosen = cam_philox_lane(words, (uint32_t)j % 8) < map->threshold;
        count += chosen && !(kind & CAM_PIECE_SPECIAL);
        before = kind;
    }
    return count;
}
