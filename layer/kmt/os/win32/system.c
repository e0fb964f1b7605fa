/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <windows.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/ntstatus.h"
#include "kmt/os/system.h"

const char *ntf_system_library(void)
{
    return "gdi32.dll";
}

struct ntf_library *ntf_system_open_library(const char **why)
{
    struct ntf_library *library = ntf_library_open_system(ntf_system_library());

    *why = library ? NULL : "the library cannot be opened";
    return library;
}

uint32_t ntf_system_session(void)
{
    DWORD session = 0;

    return ProcessIdToSessionId(GetCurrentProcessId(), &session) ? (uint32_t)session : 0;
}

ntf_handle ntf_system_duplicate_handle(ntf_handle handle, bool inherit)
{
    HANDLE copy = NULL;

    if (!DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, inherit,
                         DUPLICATE_SAME_ACCESS))
        return NULL;
    return copy;
}

void ntf_system_close_handle(ntf_handle handle)
{
    (void)CloseHandle(handle);
}

/* The two kinds of answer of NtQueryObject that we ask for, as winternl.h has them. */
enum { OBJECT_BASIC_INFORMATION_CLASS = 0, OBJECT_TYPE_INFORMATION_CLASS = 2 };
#define OBJECT_BASIC_INFORMATION_BYTES 56u

typedef LONG(WINAPI *nt_query_object)(HANDLE handle, int kind, void *buffer, ULONG bytes,
                                      ULONG *needed);

static nt_query_object query_object(void)
{
    const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll ? (nt_query_object)(void (*)(void))GetProcAddress(ntdll, "NtQueryObject") : NULL;
}

/* The answer begins with a UNICODE_STRING, whose text lies behind it in the same buffer. */
static void copy_type_name(const ntf_unicode_string *name, char kind[NTF_HANDLE_KIND_BYTES])
{
    const size_t units = name->Buffer ? name->Length / sizeof(char16_t) : 0;
    size_t i;

    for (i = 0; i < units && i + 1 < NTF_HANDLE_KIND_BYTES; i++) {
        const char16_t unit = name->Buffer[i];
        kind[i] = unit > 0x20 && unit < 0x7F ? (char)unit : '?';
    }
    kind[i] = '\0';
}

enum ntf_result ntf_system_handle_kind(ntf_handle handle, char kind[NTF_HANDLE_KIND_BYTES])
{
    union {
        ntf_unicode_string name;
        _Alignas(8) uint8_t bytes[1024];
    } answer;
    const intptr_t number = (intptr_t)handle;
    const nt_query_object query = query_object();
    ULONG needed = 0;
    LONG status;

    kind[0] = '\0';
    if (number == 0 || number == -1 || number == -2)
        return NTF_E_BAD_HANDLE;
    if (!query)
        return NTF_OK; /* nobody to ask: the next call that takes the handle will say */
    status = query(handle, OBJECT_BASIC_INFORMATION_CLASS, answer.bytes,
                   OBJECT_BASIC_INFORMATION_BYTES, &needed);
    if (status == NTF_STATUS_INVALID_HANDLE)
        return NTF_E_BAD_HANDLE;
    memset(&answer, 0, sizeof answer);
    status = query(handle, OBJECT_TYPE_INFORMATION_CLASS, &answer, sizeof answer, &needed);
    if (status >= 0)
        copy_type_name(&answer.name, kind);
    return NTF_OK;
}

ntf_handle ntf_system_event_make(void)
{
    return CreateEventW(NULL, FALSE, FALSE, NULL);
}

enum ntf_result ntf_system_event_take(ntf_handle event, uint64_t deadline_ns)
{
    for (;;) {
        const uint64_t left_ns = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
        const uint64_t left_ms = left_ns / 1000000u + (left_ns % 1000000u != 0);
        const DWORD wait_ms = left_ns == NTF_FOREVER ? INFINITE
                              : left_ms >= INFINITE  ? INFINITE - 1
                                                     : (DWORD)left_ms;
        const DWORD found = WaitForSingleObject(event, wait_ms);

        if (found == WAIT_OBJECT_0)
            return NTF_OK;
        if (found != WAIT_TIMEOUT || ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
            return NTF_TIMEOUT;
    }
}
