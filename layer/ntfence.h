/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ntfence: the public header.
 *
 * The layer VK_LAYER_NTFENCE_external_fence_win32 lists two device extensions on every physical device:
 *
 *   VK_KHR_external_fence_win32   where the driver lacks it: the commands and structures of the specification.
 *   VK_NTFENCE_fence_import       everywhere: the opt-in for what goes beyond it. The structures below are valid
 *                                 only on a device that has it enabled; it also makes vkImportFenceWin32HandleKHR
 *                                 available.
 *
 * An application imports with vkImportFenceWin32HandleKHR and VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
 * whatever made the object: the layer finds out what the handle is. Where there is no windows.h, this header brings
 * the Win32 types that the Vulkan structures need; there an NT handle is a file descriptor, its number carried in a
 * HANDLE, and names are UTF-16 as everywhere (char16_t).
 *
 * Define NTFENCE_NO_WIN32_TYPES before including it if something else declares HANDLE, DWORD, LPCWSTR and
 * SECURITY_ATTRIBUTES already.
 */
#ifndef NTFENCE_H
#define NTFENCE_H

#if defined(_WIN32)
#include <windows.h>
#elif !defined(NTFENCE_NO_WIN32_TYPES)
#include <stdint.h>
#include <uchar.h>
typedef void *HANDLE;
typedef uint32_t DWORD;
typedef const char16_t *LPCWSTR;
typedef void *HINSTANCE;
typedef void *HWND;
typedef void *HMONITOR;
/* On Windows the structure of the same name; elsewhere the layer looks at bInheritHandle alone. */
typedef struct SECURITY_ATTRIBUTES {
    DWORD nLength;
    void *lpSecurityDescriptor;
    int32_t bInheritHandle;
} SECURITY_ATTRIBUTES;
#endif

#include <vulkan/vulkan_core.h>
#include <vulkan/vulkan_win32.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NTFENCE_LAYER_NAME "VK_LAYER_NTFENCE_external_fence_win32"

#define VK_NTFENCE_fence_import 1
#define VK_NTFENCE_FENCE_IMPORT_SPEC_VERSION 1
#define VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME "VK_NTFENCE_fence_import"

/*
 * Structure types. PROVISIONAL: the block is not registered with Khronos; it is that of extension number 999, which
 * nobody has been given. A program should use the names, never the numbers.
 */
#define NTFENCE_STRUCTURE_TYPE_PROVISIONAL_BASE 1000998000
#define NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO ((VkStructureType)(NTFENCE_STRUCTURE_TYPE_PROVISIONAL_BASE + 0))
#define NTFENCE_STRUCTURE_TYPE_IMPORT_KEYED_MUTEX_INFO ((VkStructureType)(NTFENCE_STRUCTURE_TYPE_PROVISIONAL_BASE + 1))

/*
 * Chained to VkImportFenceWin32HandleInfoKHR: the value that the fence waits for, when the object behind the handle
 * counts (a D3D11 or D3D12 fence, any D3DKMT native or monitored fence). The VkFence is signalled while the object's
 * value is at or above waitValue; vkResetFences moves that on to one above the largest value that a wait or a status
 * of this import has told the application of. Without this structure waitValue is 1.
 *
 * flags must be 0. waitValue: any, but 2^64-1 also reads as "the device may be lost". With an object whose payload is
 * a plain signalled / unsignalled state of ntfence's own the structure is refused.
 */
typedef struct NtfenceImportValueInfo {
    VkStructureType sType; /* NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO */
    const void *pNext;
    uint32_t flags;
    uint64_t waitValue;
} NtfenceImportValueInfo;

/*
 * Chained to VkImportFenceWin32HandleInfoKHR: the object behind the handle is, or was shared together with, a keyed
 * mutex (IDXGIKeyedMutex, D3DKMTCreateKeyedMutex). It is imported temporarily only, and stands in for one wait:
 * vkWaitForFences takes it when it was released at acquireKey (and the work that it was released for is done), and the
 * VkFence is signalled while it is owned; vkGetFenceStatus never takes it. It is released at releaseKey by
 * vkResetFences, which restores the fence's permanent payload, by vkDestroyFence, and by an import in its place.
 *
 * A wait for any takes the first in the array that can be had, and none when another fence ends the wait. A wait for
 * all takes all of them when everything else is signalled, or none. No queue operation can signal such a fence. A wait
 * for a mutex whose owner has ended without releasing it returns VK_ERROR_UNKNOWN.
 *
 * flags must be 0. Without this structure both keys are 0. Not together with NtfenceImportValueInfo, which says that of
 * an object that has both, a fence and a keyed mutex, the fence is meant.
 */
typedef struct NtfenceImportKeyedMutexInfo {
    VkStructureType sType; /* NTFENCE_STRUCTURE_TYPE_IMPORT_KEYED_MUTEX_INFO */
    const void *pNext;
    uint32_t flags;
    uint64_t acquireKey;
    uint64_t releaseKey;
} NtfenceImportKeyedMutexInfo;

/*
 * Reason codes. Every refusal writes one line that starts with one of these; they are stable and never reused. The
 * line goes to the instance's debug-utils and debug-report messengers, else to the debugger or stderr, and to the
 * file that the setting "log" names.
 */
#define NTFENCE_REASONS(X)                                                                                       \
    X(IMPORT_HANDLE, "NTF-IMPORT-001", "the handle is -1, -2 or closed: it is no open NT handle")               \
    X(IMPORT_OBJECT, "NTF-IMPORT-002", "the handle is of an object that is no fence, or not one that can be opened") \
    X(IMPORT_NAME, "NTF-IMPORT-003", "no object has that name, or its server did not answer within 2 s")         \
    X(IMPORT_BAD_NAME, "NTF-IMPORT-004", "the name is malformed or too long")                                    \
    X(IMPORT_BOTH, "NTF-IMPORT-005", "both a handle and a name were given, or neither (a handle of 0 is none)")   \
    X(IMPORT_TYPE, "NTF-IMPORT-006", "the handle type is not supported for import")                              \
    X(IMPORT_CHAIN, "NTF-IMPORT-007", "a structure in the pNext chain is unknown, repeated, or not enabled")     \
    X(IMPORT_FLAGS, "NTF-IMPORT-008", "a flags member has bits that mean nothing")                               \
    X(IMPORT_ACCESS, "NTF-IMPORT-009", "the handle or the caller has too few rights")                            \
    X(IMPORT_MEMORY, "NTF-IMPORT-010", "out of memory, descriptors or another quota")                            \
    X(IMPORT_SYSTEM, "NTF-IMPORT-011", "no D3DKMT provider is usable in this process")                           \
    X(IMPORT_FENCE, "NTF-IMPORT-012", "no fence was given to import into")                                       \
    X(IMPORT_VALUE, "NTF-IMPORT-013", "a waitValue is given for a fence of ntfence's own, which has no values")  \
    X(IMPORT_PERMANENT, "NTF-IMPORT-014", "the object is a keyed mutex, which can be imported temporarily only")   \
    X(IMPORT_STRUCTURES, "NTF-IMPORT-015", "structures in the pNext chain that exclude each other")              \
    X(FENCE_COMMAND, "NTF-FENCE-001", "the command cannot serve a payload that is not the driver's own")         \
    X(FENCE_EXPORT, "NTF-FENCE-002", "the fence was not made exportable, or its payload cannot be exported")     \
    X(FENCE_SIGNAL, "NTF-FENCE-003", "a submission completed, but the imported object refused the signal")       \
    X(FENCE_ABANDONED, "NTF-FENCE-004", "the device was destroyed with a submission that had not completed")     \
    X(FENCE_CREATE, "NTF-FENCE-005", "an exportable fence cannot be made: its name, descriptor or object is refused") \
    X(FENCE_RESET, "NTF-FENCE-006", "the object behind a fence refused to be reset")                             \
    X(FENCE_LOST, "NTF-FENCE-007", "the device is lost: what was pending has been signalled, so that nobody hangs") \
    X(KEYED_ABANDONED, "NTF-FENCE-008", "the owner of a keyed mutex ended without having released it")           \
    X(KEYED_REFUSED, "NTF-FENCE-009", "a keyed mutex could not be taken or released")                            \
    X(KEYED_SIGNAL, "NTF-FENCE-010", "a queue operation cannot signal a fence behind which a keyed mutex stands") \
    X(SETTING_BAD, "NTF-SETTING-001", "a setting has a value that does not fit and was ignored")                 \
    X(INFO_DEVICE, "NTF-INFO-001", "a device is served: how the layer came in, by which provider")               \
    X(INFO_IMPORT, "NTF-INFO-002", "an import succeeded: what it is, which rung opened it")                      \
    X(INFO_PROVIDER, "NTF-INFO-003", "what became of each D3DKMT provider")                                      \
    X(INFO_ROUTE, "NTF-INFO-004", "how queue signals of imported values go, of a device or of an import, and why")

#ifdef __cplusplus
}
#endif

#endif /* NTFENCE_H */
