/* SPDX-License-Identifier: Apache-2.0 */
/* The flag words of creation and opening, judged in one place; and the form of global handles. */
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
    return NTF_STATUS_SUCCESS;
}

/* Shared alone: by a global handle, and by nothing else. */
static inline bool soft_flags_global(uint32_t flags)
{
    return (flags & (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING)) == NTF_SYNC_SHARED;
}

/* Global handles have the tag and the kind of the system's; the bits between are the number's own. */
static inline D3DKMT_HANDLE soft_global_number(uint32_t bits)
{
    return 0x40000000u | (bits & 0x00FFFFFFu) << 6 | NTF_KMT_HANDLE_KIND_GLOBAL;
}

static inline bool soft_is_global_number(D3DKMT_HANDLE handle)
{
    return (handle & NTF_KMT_HANDLE_TAG_MASK) != 0 &&
           (handle & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_GLOBAL;
}

/* An object made without GPU access is opened without it, and no other is (seen on Windows: a Direct3D fence
 * opens with that flag only). */
static inline bool soft_flags_match(uint32_t created, uint32_t opened)
{
    return ((created ^ opened) & NTF_SYNC_NO_GPU_ACCESS) == 0;
}

#endif /* NTF_KMT_SOFT_FLAGS_H */
