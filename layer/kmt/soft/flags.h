/* SPDX-License-Identifier: Apache-2.0 */
/* The flag words of creation and opening, judged in one place. */
#ifndef NTF_KMT_SOFT_FLAGS_H
#define NTF_KMT_SOFT_FLAGS_H

#include "kmt/d3dkmt.h"
#include "kmt/ntstatus.h"

#include <stdbool.h>

/* Every bit that has a meaning; 0x200 is "unused, zero". */
#define SOFT_KNOWN_FLAGS 0x5FFu

static inline ntf_status soft_check_open_flags(uint32_t flags)
{
    const uint32_t neither = NTF_SYNC_NO_SIGNAL | NTF_SYNC_NO_WAIT;

    if ((flags & ~SOFT_KNOWN_FLAGS) || (flags & neither) == neither)
        return NTF_STATUS_INVALID_PARAMETER;
    return NTF_STATUS_SUCCESS;
}

static inline ntf_status soft_check_create_flags(uint32_t flags)
{
    const uint32_t sharing = flags & (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING);

    if (soft_check_open_flags(flags) != NTF_STATUS_SUCCESS || sharing == NTF_SYNC_NT_SECURITY_SHARING)
        return NTF_STATUS_INVALID_PARAMETER;
    /* Shared alone asks for a global handle: not yet. */
    return sharing == NTF_SYNC_SHARED ? NTF_STATUS_NOT_SUPPORTED : NTF_STATUS_SUCCESS;
}

/* An object made without GPU access is opened without it, and no other is (seen on Windows: a Direct3D fence
 * opens with that flag only). */
static inline bool soft_flags_match(uint32_t created, uint32_t opened)
{
    return ((created ^ opened) & NTF_SYNC_NO_GPU_ACCESS) == 0;
}

#endif /* NTF_KMT_SOFT_FLAGS_H */
