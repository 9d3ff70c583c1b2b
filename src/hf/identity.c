/* identity.c: see identity_internal.h. */
#include "identity_internal.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes that are read and hashed at a time: a second-level cache holds them. */
enum { BLOCK = 256 << 10, MAX_THREADS = 4 };

typedef struct piece {
    const cam_file_reader *file;
    uint64_t begin;
    size_t bytes;
    cam_status st;
    unsigned char digest[CAM_IDENTITY_BYTES];
} piece;

static uint64_t pieces_of(const cam_file_reader *file) {
    return (file->bytes + CAM_IDENTITY_PIECE - 1) / CAM_IDENTITY_PIECE;
}

static cam_status begin_hash(EVP_MD_CTX *hash) {
    if (!hash)
        return cam_fail(CAM_E_MEMORY, "no memory for a hash");
    return EVP_DigestInit_ex(hash, EVP_sha256(), NULL) ? CAM_OK
                                                       : cam_fail(CAM_E_INTERNAL, "OpenSSL computes no SHA-256 here");
}

static cam_status hash_piece(EVP_MD_CTX *hash, unsigned char *block, piece *p) {
    cam_status st = CAM_OK;
    CAM_TRY(begin_hash(hash));
    for (size_t done = 0, n; done < p->bytes; done += n) {
        n = p->bytes - done < BLOCK ? p->bytes - done : BLOCK;
        CAM_TRY(cam_file_reader_read(p->file, p->begin + done, n, block));
        EVP_DigestUpdate(hash, block, n);
    }
    EVP_DigestFinal_ex(hash, p->digest, NULL);
out:
    return st;
}

/* Messages belong to threads: the calling thread hashes the first piece that failed again, for its message. */
static cam_status hash_pieces(piece *pieces, size_t count) {
    cam_status st = CAM_OK;
    EVP_MD_CTX *hashes[MAX_THREADS] = {NULL};
    int threads = count < 1 ? 1 : count < MAX_THREADS ? (int)count : MAX_THREADS;
    unsigned char *blocks = malloc(MAX_THREADS * (size_t)BLOCK);
    if (!blocks)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a hash");
    for (int t = 0; t < threads; t++)
        hashes[t] = EVP_MD_CTX_new();
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        for (size_t i = (size_t)t; i < count; i += (size_t)threads)
            pieces[i].st = hash_piece(hashes[t], blocks + (size_t)t * BLOCK, &pieces[i]);
    for (size_t i = 0; i < count; i++)
        if (pieces[i].st != CAM_OK)
            CAM_TRY(hash_piece(hashes[i % (size_t)threads], blocks, &pieces[i]));
out:
    for (int t = 0; t < MAX_THREADS; t++)
        EVP_MD_CTX_free(hashes[t]);
    free(blocks);
    return st;
}

static void add_size(EVP_MD_CTX *hash, uint64_t size) {
    unsigned char bytes[sizeof size];
    for (size_t i = 0; i < sizeof size; i++)
        bytes[i] = (unsigned char)(size >> 8 * i);
    EVP_DigestUpdate(hash, bytes, sizeof bytes);
}

static cam_status hash_hashes(const cam_file_reader *const *files, size_t count, const piece *pieces, char *hex) {
    cam_status st = CAM_OK;
    unsigned char digest[CAM_IDENTITY_BYTES];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    CAM_TRY(begin_hash(hash));
    for (size_t f = 0; f < count; f++) {
        add_size(hash, files[f]->bytes);
        for (uint64_t left = pieces_of(files[f]); left > 0; left--)
            EVP_DigestUpdate(hash, (pieces++)->digest, CAM_IDENTITY_BYTES);
    }
    EVP_DigestFinal_ex(hash, digest, NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
out:
    EVP_MD_CTX_free(hash);
    return st;
}

cam_status cam_identity_of_files(const cam_file_reader *const *files, size_t count, char *hex) {
    cam_status st = CAM_OK;
    size_t total = 0, next = 0;
    for (size_t f = 0; f < count; f++)
        total += (size_t)pieces_of(files[f]);
    piece *pieces = calloc(total + 1, sizeof *pieces);
    if (!pieces)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a hash");
    for (size_t f = 0; f < count; f++)
        for (uint64_t begin = 0; begin < files[f]->bytes; begin += CAM_IDENTITY_PIECE) {
            uint64_t left = files[f]->bytes - begin;
            pieces[next++] = (piece){.file = files[f],
                                     .begin = begin,
                                     .bytes = left < CAM_IDENTITY_PIECE ? (size_t)left : (size_t)CAM_IDENTITY_PIECE};
        }
    CAM_TRY(hash_pieces(pieces, total));
    for (size_t f = 0; f < count; f++)
        CAM_TRY(cam_file_reader_check(files[f]));
    CAM_TRY(hash_hashes(files, count, pieces, hex));
out:
    free(pieces);
    return st;
}
