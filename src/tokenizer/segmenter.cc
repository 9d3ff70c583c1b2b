/* segmenter.cc: see segmenter_internal.h. The only C++ file: SentencePiece's interface is C++. */
#include "segmenter_internal.h"
#include <memory>
#include <new>
#include <sentencepiece_processor.h>
#include <vector>

struct cam_segmenter {
    sentencepiece::SentencePieceProcessor processor;
};

extern "C" cam_status cam_segmenter_open(const char *proto, size_t bytes, cam_segmenter **segmenter) try {
    *segmenter = nullptr;
    auto opened = std::make_unique<cam_segmenter>();
    const auto status = opened->processor.LoadFromSerializedProto({proto, bytes});
    if (!status.ok())
        return cam_fail(CAM_E_MODEL, "SentencePiece refuses the model: %s", status.ToString().c_str());
    *segmenter = opened.release();
    return CAM_OK;
} catch (const std::bad_alloc &) {
    return cam_fail(CAM_E_MEMORY, "no memory for the SentencePiece model");
} catch (...) {
    return cam_fail(CAM_E_MODEL, "SentencePiece failed on the model");
}

extern "C" void cam_segmenter_close(cam_segmenter *segmenter) {
    delete segmenter;
}

extern "C" cam_status cam_segmenter_encode(const cam_segmenter *segmenter, const char *text, size_t length,
                                           cam_ids *out) try {
    std::vector<int> pieces;
    const auto status = segmenter->processor.Encode({text, length}, &pieces);
    if (!status.ok())
        return cam_fail(CAM_E_INTERNAL, "SentencePiece failed on a text: %s", status.ToString().c_str());
    const cam_status reserved = cam_ids_reserve(out, pieces.size());
    if (reserved != CAM_OK)
        return reserved;
    for (const int piece : pieces)
        out->ids[out->count++] = piece;
    return CAM_OK;
} catch (const std::bad_alloc &) {
    return cam_fail(CAM_E_MEMORY, "no memory to segment a text of %zu bytes", length);
} catch (...) {
    return cam_fail(CAM_E_INTERNAL, "SentencePiece failed on a text of %zu bytes", length);
}
