/* crc32c_internal.h: the CRC of Castagnoli, as TensorFlow's record files have it. */
#ifndef CAM_CRC32C_INTERNAL_H
#define CAM_CRC32C_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C (RFC 3720, appendix B.4; polynomial 0x1EDC6F41, here with its bits reversed), four bits at a time. */
static inline uint32_t cam_crc32c(const char *bytes, size_t length) {
    static const uint32_t table[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3,
                                       0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
                                       0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* The mask of tensorflow/core/lib/hash/crc32c.h, with which a CRC is stored beside the bytes that it covers. */
static inline uint32_t cam_crc32c_masked(const char *bytes, size_t length) {
    uint32_t crc = cam_crc32c(bytes, length);
    return (crc >> 15 | crc << 17) + 0xA282EAD8;
}

#endif
