/* SPDX-License-Identifier: Apache-2.0 */
#include <windows.h>

#include "base/deadline.h"
#include "base/os/os.h"

#define NS_PER_MS UINT64_C(1000000)

/* Milliseconds, rounded up: a wait that ends early would turn the rest into a spin. */
static DWORD milliseconds_of(uint64_t ns)
{
    const uint64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);

    return ms >= INFINITE ? INFINITE - 1 : (DWORD)ms;
}

enum ntf_result ntf_os_park(ntf_au32 *word, uint32_t expected, uint64_t deadline_ns)
{
    while (ntf_load(word, NTF_ACQUIRE) == expected) {
        DWORD ms = INFINITE;

        if (deadline_ns != NTF_FOREVER) {
            const uint64_t left_ns = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
            if (left_ns == 0)
                return NTF_TIMEOUT;
            ms = milliseconds_of(left_ns);
        }
        if (WaitOnAddress((volatile void *)word, &expected, sizeof expected, ms))
            return NTF_OK;
        /* Its timer is coarser than our clock and may be ahead of it: only the clock says that the deadline came. */
        if (GetLastError() != ERROR_TIMEOUT)
            return NTF_OK;
    }
    return NTF_OK;
}

void ntf_os_unpark_all(ntf_au32 *word)
{
    WakeByAddressAll((void *)word);
}
