/* blob_hash.c: the hashes by which the Hub names its blobs. */
#include "blob_internal.h"
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHA1_DIGITS = 40, SHA256_DIGITS = 64, BLOCK_BYTES = 1 << 20 };

int cam_hub_is_hash(const char *etag) {
    size_t digits = etag ? strspn(etag, "0123456789abcdef") : 0;
    return (digits == SHA1_DIGITS || digits == SHA256_DIGITS) && etag[digits] == '\0';
}

/* Feeds the whole file; git puts "blob SIZE" and a zero byte before it. */
static cam_status feed(EVP_MD_CTX *hash, int fd, const char *path, int is_git, const cam_cancel *cancel) {
    cam_status st = CAM_OK;
    struct stat about;
    char head[40];
    unsigned char *block = malloc(BLOCK_BYTES);
    if (!block)
        CAM_FAIL(CAM_E_MEMORY, "no memory to check \"%s\"", path);
    if (fstat(fd, &about) != 0)
        CAM_FAIL(CAM_E_STORAGE, "cannot read \"%s\": %s", path, strerror(errno));
    if (is_git)
        EVP_DigestUpdate(hash, head, (size_t)snprintf(head, sizeof head, "blob %lld", (long long)about.st_size) + 1);
    for (ssize_t got = 1; got != 0;) {
        if (cam_cancel_requested(cancel))
            CAM_FAIL(CAM_E_STOPPED, "stopped by a signal during a download; run the same command again to go on");
        got = read(fd, block, BLOCK_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            CAM_FAIL(CAM_E_STORAGE, "cannot read \"%s\": %s", path, strerror(errno));
        EVP_DigestUpdate(hash, block, (size_t)got);
    }
out:
    free(block);
    return st;
}

cam_status cam_hub_hash_check(const char *path, const char *etag, const cam_cancel *cancel, int *is_right) {
    cam_status st = CAM_OK;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned int bytes = 0;
    int is_git = strlen(etag) == SHA1_DIGITS, fd = open(path, O_RDONLY | O_CLOEXEC);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    *is_right = 0;
    if (fd < 0)
        CAM_FAIL(CAM_E_STORAGE, "cannot open \"%s\": %s", path, strerror(errno));
    if (!hash || !EVP_DigestInit_ex(hash, is_git ? EVP_sha1() : EVP_sha256(), NULL))
        CAM_FAIL(CAM_E_INTERNAL, "OpenSSL computes no %s here", is_git ? "SHA-1" : "SHA-256");
    CAM_TRY(feed(hash, fd, path, is_git, cancel));
    EVP_DigestFinal_ex(hash, digest, &bytes);
    for (unsigned int i = 0; i < bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    *is_right = strcmp(hex, etag) == 0;
out:
    EVP_MD_CTX_free(hash);
    if (fd >= 0)
        close(fd);
    return st;
}
