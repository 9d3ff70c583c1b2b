/* fuzz.h: what the fuzz targets share. A target is one file, which defines fuzz_one(): it gives the bytes to a parser,
 * and aborts by FUZZ_CHECK where what comes out breaks the parser's contract. The sanitizers find the rest.
 *
 * With clang's libFuzzer the program fuzz_NAME searches for inputs (make fuzz). In every other build replay.c makes it
 * run the files of corpus/NAME and regressions/NAME (make test). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_one(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A folder in memory, made at the first call and removed with its files at the end. */
const char *fuzz_folder(void);
/* The path of a file there, to be freed. */
char *fuzz_path(const char *name);
/* Writes a file there, without waiting for a disk. */
void fuzz_write(const char *name, const void *bytes, size_t size);
void fuzz_remove(const char *name);

/* Takes the bytes up to the next 0xFF, which no text has, off the input, or all that are left. The copy ends with a NUL
 * and is to be freed. */
char *fuzz_take(const uint8_t **data, size_t *size, size_t *length);
/* Takes a byte; 0 at the end. */
uint8_t fuzz_byte(const uint8_t **data, size_t *size);

#endif
