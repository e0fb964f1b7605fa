/* SPDX-License-Identifier: Apache-2.0 */
#include <windows.h>

#include "base/os/os.h"

/* Fixed at boot; two threads that ask at once get the same answer. */
static uint64_t frequency(void)
{
    static ntf_au64 cached;
    uint64_t hz = ntf_load(&cached, NTF_RELAXED);

    if (hz == 0) {
        LARGE_INTEGER asked;
        (void)QueryPerformanceFrequency(&asked); /* can't fail since Windows XP, nor be 0 */
        hz = (uint64_t)asked.QuadPart;
        ntf_store(&cached, hz, NTF_RELAXED);
    }
    return hz;
}

uint64_t ntf_os_now_ns(void)
{
    const uint64_t hz = frequency();
    LARGE_INTEGER count;
    uint64_t ticks, ns;

    (void)QueryPerformanceCounter(&count);
    ticks = (uint64_t)count.QuadPart;
    /* Whole seconds apart from the rest: the rest is below hz, so its product with 10^9 fits up to 18 GHz, and the
     * sum for 584 years of uptime. */
    ns = ticks / hz * UINT64_C(1000000000) + ticks % hz * UINT64_C(1000000000) / hz;
    return ns ? ns : 1;
}
