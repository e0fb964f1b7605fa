/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result type of the graphics kernel's calls, and the values that we meet or return.
 *
 * `ntf_status` is Windows' NTSTATUS under a name that no system header defines, so this file may
 * stand beside windows.h. Negative is failure. TIMEOUT, ABANDONED and PENDING are *positive*: the
 * result of a call that may give them is compared with NTF_STATUS_SUCCESS, not tested by its sign.
 */
#ifndef NTF_KMT_NTSTATUS_H
#define NTF_KMT_NTSTATUS_H

#include <stdint.h>

typedef int32_t ntf_status;

#define NTF_STATUS_SUCCESS               ((ntf_status)0x00000000)
#define NTF_STATUS_ABANDONED             ((ntf_status)0x00000080)
#define NTF_STATUS_TIMEOUT               ((ntf_status)0x00000102)
#define NTF_STATUS_PENDING               ((ntf_status)0x00000103)
#define NTF_STATUS_UNSUCCESSFUL          ((ntf_status)0xC0000001) /* WSL's answer to an odd errno */
#define NTF_STATUS_NOT_IMPLEMENTED       ((ntf_status)0xC0000002)
#define NTF_STATUS_INVALID_HANDLE        ((ntf_status)0xC0000008)
#define NTF_STATUS_INVALID_PARAMETER     ((ntf_status)0xC000000D)
#define NTF_STATUS_NO_MEMORY             ((ntf_status)0xC0000017)
#define NTF_STATUS_ACCESS_DENIED         ((ntf_status)0xC0000022)
#define NTF_STATUS_BUFFER_TOO_SMALL      ((ntf_status)0xC0000023)
#define NTF_STATUS_OBJECT_TYPE_MISMATCH  ((ntf_status)0xC0000024)
#define NTF_STATUS_OBJECT_NAME_INVALID   ((ntf_status)0xC0000033)
#define NTF_STATUS_OBJECT_NAME_NOT_FOUND ((ntf_status)0xC0000034)
#define NTF_STATUS_OBJECT_NAME_COLLISION ((ntf_status)0xC0000035)
#define NTF_STATUS_NOT_SUPPORTED         ((ntf_status)0xC00000BB)
#define NTF_STATUS_DEVICE_REMOVED        ((ntf_status)0xC00002B6)

/* X(name, value): the same once more, for printing; the assertions keep the two in step. */
#define NTF_STATUS_LIST(X)               \
    X(SUCCESS, 0x00000000)               \
    X(ABANDONED, 0x00000080)             \
    X(TIMEOUT, 0x00000102)               \
    X(PENDING, 0x00000103)               \
    X(UNSUCCESSFUL, 0xC0000001)          \
    X(NOT_IMPLEMENTED, 0xC0000002)       \
    X(INVALID_HANDLE, 0xC0000008)        \
    X(INVALID_PARAMETER, 0xC000000D)     \
    X(NO_MEMORY, 0xC0000017)             \
    X(ACCESS_DENIED, 0xC0000022)         \
    X(BUFFER_TOO_SMALL, 0xC0000023)      \
    X(OBJECT_TYPE_MISMATCH, 0xC0000024)  \
    X(OBJECT_NAME_INVALID, 0xC0000033)   \
    X(OBJECT_NAME_NOT_FOUND, 0xC0000034) \
    X(OBJECT_NAME_COLLISION, 0xC0000035) \
    X(NOT_SUPPORTED, 0xC00000BB)         \
    X(DEVICE_REMOVED, 0xC00002B6)

#define NTF_STATUS_CHECK(name, value) \
    _Static_assert(NTF_STATUS_##name == (ntf_status)value, #name);
NTF_STATUS_LIST(NTF_STATUS_CHECK)
#undef NTF_STATUS_CHECK

/* "0xC000000D INVALID_PARAMETER", or "unlisted status": then print the number beside it. */
static inline const char *ntf_status_name(ntf_status status)
{
#define NTF_STATUS_CASE(name, value) \
    case NTF_STATUS_##name:          \
        return #value " " #name;
    switch (status) {
        NTF_STATUS_LIST(NTF_STATUS_CASE)
    default:
        return "unlisted status";
    }
#undef NTF_STATUS_CASE
}

#endif
