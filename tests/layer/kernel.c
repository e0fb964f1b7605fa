// SPDX-License-Identifier: Apache-2.0
#include "kernel.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "kmt/thunks.h"
#include "ntf_test.h"
#include "os.h"

enum { SHARED = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING };

static struct {
    struct ntf_library *library;
    struct ntf_kmt_thunks calls;
    D3DKMT_HANDLE adapter, device;
    unsigned names;
} kernel;

static void must(ntf_status status, const char *call)
{
    if (status != NTF_STATUS_SUCCESS)
        fail_msg("%s: 0x%08X (%s)", call, (unsigned)status, ntf_status_name(status));
}

static void open_library(void)
{
    char path[1024];
    if (ntf_os_getenv("NTFENCE_D3DKMT", path, sizeof path) > 0)
        kernel.library = ntf_library_open_path(path);
    else
        kernel.library = ntf_library_open_system("gdi32.dll");
    if (!kernel.library)
        fail_msg("no library with the D3DKMT calls");
#define RESOLVE(Name, params, args, need)                                                          \
    {                                                                                              \
        void (*symbol)(void) = ntf_library_symbol(kernel.library, "D3DKMT" #Name);                 \
        memcpy(&kernel.calls.Name, &symbol, sizeof symbol);                                        \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
}

void kernel_open(void)
{
    D3DKMT_ADAPTERINFO infos[16];
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = NTF_COUNT(infos), .pAdapters = infos};
    if (kernel.library)
        return;
    open_library();
    memset(infos, 0, sizeof infos);
    must(kernel.calls.EnumAdapters2(&list), "EnumAdapters2");
    assert_in_range(list.NumAdapters, 1, NTF_COUNT(infos));
    kernel.adapter = infos[0].hAdapter;
    for (uint32_t i = 1; i < list.NumAdapters; i++)
        kernel.calls.CloseAdapter(&(D3DKMT_CLOSEADAPTER){infos[i].hAdapter});
    D3DKMT_CREATEDEVICE create = {.hAdapter = kernel.adapter};
    must(kernel.calls.CreateDevice(&create), "CreateDevice");
    kernel.device = create.hDevice;
}

void kernel_close(void)
{
    kernel.calls.DestroyDevice(&(D3DKMT_DESTROYDEVICE){kernel.device});
    kernel.calls.CloseAdapter(&(D3DKMT_CLOSEADAPTER){kernel.adapter});
    ntf_library_close(kernel.library);
    memset(&kernel, 0, sizeof kernel);
}

static void make_native(struct kernel_fence *fence, uint64_t initial)
{
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;
    memset(&u, 0, sizeof u);
    u.create.hDevice = kernel.device;
    u.create.Info.InitialFenceValue = initial;
    u.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    u.create.Info.Flags = SHARED;
    must(kernel.calls.CreateNativeFence(&u.create), "CreateNativeFence");
    fence->object = u.create.hSyncObject;
    fence->value = u.create.Info.NativeFenceMapping.CurrentValueCpuVa;
}

static void make_monitored(struct kernel_fence *fence, uint64_t initial)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = kernel.device,
        .Info = {.Type = D3DDDI_MONITORED_FENCE, .Flags = SHARED},
    };
    create.Info.MonitoredFence.InitialFenceValue = initial;
    must(kernel.calls.CreateSynchronizationObject2(&create), "CreateSynchronizationObject2");
    fence->object = create.hSyncObject;
    fence->value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
}

static size_t widen(const char *text, char16_t *units, size_t room)
{
    size_t length = strlen(text);
    assert_in_range(length, 1, room - 1);
    for (size_t i = 0; i <= length; i++)
        units[i] = (char16_t)(unsigned char)text[i];
    return length;
}

// An application's name is a path in the object directory to the kernel.
static void share(struct kernel_fence *fence, const char *name)
{
    char path[160];
    char16_t units[160];
    ntf_unicode_string string = {0};
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    if (name) {
        if (os_session())
            snprintf(path, sizeof path, "\\Sessions\\%u\\BaseNamedObjects\\%s",
                     (unsigned)os_session(), name);
        else
            snprintf(path, sizeof path, "\\BaseNamedObjects\\%s", name);
        string.Length = (uint16_t)(2 * widen(path, units, NTF_COUNT(units)));
        string.MaximumLength = (uint16_t)(string.Length + 2);
        string.Buffer = units;
        attributes.ObjectName = &string;
        attributes.Attributes = NTF_OBJ_CASE_INSENSITIVE;
        widen(name, fence->name_units, NTF_COUNT(fence->name_units));
        fence->name = fence->name_units;
    }
    must(kernel.calls.ShareObjects(1, &fence->object, &attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS,
                                   &fence->handle),
         "ShareObjects");
}

void kernel_make(struct kernel_fence *fence, bool native, bool named, uint64_t initial)
{
    static uint64_t run;
    char name[64];
    memset(fence, 0, sizeof *fence);
    if (native)
        make_native(fence, initial);
    else
        make_monitored(fence, initial);
    if (!run)
        assert_true(ntf_os_random(&run, sizeof run));
    snprintf(name, sizeof name, "ntfence-test-%016llx-%u", (unsigned long long)run, kernel.names++);
    share(fence, named ? name : NULL);
}

void kernel_signal(const struct kernel_fence *fence, uint64_t value)
{
    must(kernel.calls.SignalSynchronizationObjectFromCpu(
             &(D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU){.hDevice = kernel.device,
                                                          .ObjectCount = 1,
                                                          .ObjectHandleArray = &fence->object,
                                                          .FenceValueArray = &value}),
         "SignalSynchronizationObjectFromCpu");
}

uint64_t kernel_value(const struct kernel_fence *fence)
{
    return ntf_load((ntf_au64 *)(uintptr_t)fence->value, NTF_ACQUIRE);
}

void kernel_wait(const struct kernel_fence *fence, uint64_t value)
{
    must(kernel.calls.WaitForSynchronizationObjectFromCpu(
             &(D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU){.hDevice = kernel.device,
                                                           .ObjectCount = 1,
                                                           .ObjectHandleArray = &fence->object,
                                                           .FenceValueArray = &value}),
         "WaitForSynchronizationObjectFromCpu");
}

void kernel_close_handle(struct kernel_fence *fence)
{
    os_handle_close(fence->handle);
    fence->handle = NULL;
}

void kernel_destroy(struct kernel_fence *fence)
{
    if (fence->handle)
        kernel_close_handle(fence);
    must(kernel.calls.DestroySynchronizationObject(
             &(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){fence->object}),
         "DestroySynchronizationObject");
}
