/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <windows.h>

#include "base/os/os.h"

enum { RUNNING = 0, ENDED = 1, DETACHED = 2 };

struct ntf_thread {
    HANDLE handle; /* written before anybody else knows the thread; the thread itself does not read it */
    void (*body)(void *);
    void *context;
    wchar_t name[16];
    ntf_au32 state; /* who comes second, the end or the detach, frees it */
};

/* SetThreadDescription came with Windows 10 1607: looked up, so that its absence costs the name only. */
static void name_this_thread(const wchar_t *name)
{
    typedef HRESULT(WINAPI * set_description)(HANDLE, PCWSTR);
    const HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    set_description set =
        kernel ? (set_description)(void (*)(void))GetProcAddress(kernel, "SetThreadDescription") : NULL;

    if (set)
        (void)set(GetCurrentThread(), name);
}

static DWORD WINAPI enter(void *argument)
{
    struct ntf_thread *thread = (struct ntf_thread *)argument;

    name_this_thread(thread->name);
    thread->body(thread->context);
    if (ntf_exchange(&thread->state, (uint32_t)ENDED, NTF_ACQ_REL) == DETACHED)
        free(thread);
    return 0;
}

enum ntf_result ntf_thread_start(struct ntf_thread **out, const char *name, void (*body)(void *), void *context)
{
    struct ntf_thread *thread = (struct ntf_thread *)calloc(1, sizeof *thread);

    if (!thread)
        return NTF_E_NO_MEMORY;
    thread->body = body;
    thread->context = context;
    for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof thread->name / sizeof *thread->name; i++)
        thread->name[i] = (wchar_t)(unsigned char)name[i];
    ntf_init(&thread->state, (uint32_t)RUNNING);

    if (ntf_os_pin_module())
        thread->handle = CreateThread(NULL, 0, enter, thread, 0, NULL);
    if (!thread->handle) {
        free(thread);
        return NTF_E_NO_MEMORY;
    }
    *out = thread;
    return NTF_OK;
}

void ntf_thread_join(struct ntf_thread *thread)
{
    (void)WaitForSingleObject(thread->handle, INFINITE);
    (void)CloseHandle(thread->handle);
    free(thread);
}

void ntf_thread_detach(struct ntf_thread *thread)
{
    (void)CloseHandle(thread->handle);
    if (ntf_exchange(&thread->state, (uint32_t)DETACHED, NTF_ACQ_REL) == ENDED)
        free(thread);
}
