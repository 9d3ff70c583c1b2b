/* nccl_host.h: how tests control the stand-ins for NCCL. `call` is a function's full name. */
#ifndef SIMT_NCCL_HOST_H
#define SIMT_NCCL_HOST_H

#include "nccl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The next such call returns `result`; `text` becomes NCCL's last error. */
void simt_nccl_fail(const char *call, ncclResult_t result, const char *text);
/* The background work of the next such call ends with `result`; ncclInProgress: it never ends. */
void simt_nccl_end(const char *call, ncclResult_t result, const char *text);
/* Sets the library's version. */
void simt_nccl_set_version(int version);
/* The number of such calls; the number of communicators neither destroyed nor aborted. */
long simt_nccl_calls_of(const char *call);
int simt_nccl_live(void);
/* An environment variable's value at the first NCCL call; "" if it was not set. */
const char *simt_nccl_environment(const char *variable);

#ifdef __cplusplus
}
#endif
#endif
