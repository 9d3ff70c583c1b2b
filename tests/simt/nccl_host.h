/* nccl_host.h: what tests ask of the stand-ins for NCCL. Calls go by their full names. */
#ifndef SIMT_NCCL_HOST_H
#define SIMT_NCCL_HOST_H

#include "nccl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The next call of that name returns `result`, with these words as the last error. */
void simt_nccl_fail(const char *call, ncclResult_t result, const char *words);
/* What the next call of that name does in the background ends with `result`; ncclInProgress: never. */
void simt_nccl_end(const char *call, ncclResult_t result, const char *words);
/* The version that the library tells. */
void simt_nccl_set_version(int version);
/* How often a call of that name was made; communicators neither destroyed nor aborted. */
long simt_nccl_calls_of(const char *call);
int simt_nccl_live(void);
/* An environment variable as it was when NCCL was called first; "" where it was not set. */
const char *simt_nccl_saw(const char *variable);

#ifdef __cplusplus
}
#endif
#endif
