/* assert_ok.h: a call that must succeed; otherwise its test fails with the message of the status. */
#ifndef ASSERT_OK_H
#define ASSERT_OK_H

#include "cam/status.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if ((call) != CAM_OK)                                                                                          \
            fail_msg("%s", cam_status_message());                                                                      \
    } while (0)

#endif
