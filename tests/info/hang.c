// SPDX-License-Identifier: Apache-2.0
// A library with the names of D3DKMT, none of which ever answers: for the watchdog of ntfence-info.
#include "base/deadline.h"
#include "base/os/compiler.h"
#include "base/os/os.h"
#include "kmt/thunks.h"

// Parameters of all kinds, in the parentheses in which the list has them.
static ntf_status hang(const void *first, ...)
{
    ntf_au32 nobody;

    (void)first;
    ntf_init(&nobody, (uint32_t)0);
    for (;;)
        (void)ntf_os_park(&nobody, 0, NTF_FOREVER);
    return NTF_STATUS_UNSUCCESSFUL; // never
}
#define HANG(...) hang((const void *)0, __VA_ARGS__)

#define EXPORT(Name, params, args, need)                                                                               \
    NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name params;                                                            \
    NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name params                                                             \
    {                                                                                                                  \
        return HANG args;                                                                                              \
    }
NTF_KMT_THUNKS(EXPORT)
