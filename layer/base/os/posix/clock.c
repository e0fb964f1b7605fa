/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "base/os/os.h"

uint64_t ntf_os_now_ns(void)
{
    struct timespec now = { 0, 0 };
    uint64_t ns;

    /* The clock of futex deadlines, so that park.c needs no conversion. It can't fail. */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    return ns ? ns : 1;
}
