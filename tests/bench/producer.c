// SPDX-License-Identifier: Apache-2.0
#include "producer.h"

#include <stdio.h>
#include <string.h>

#include "../demo/os.h"
#include "../demo/report.h"

struct ntf_kmt_thunks producer_calls;
D3DKMT_HANDLE producer_device;

static void must(ntf_status status, const char *call)
{
    if (status != NTF_STATUS_SUCCESS)
        die("%s: 0x%08X", call, (unsigned)status);
}

void producer_open(void)
{
    char path[4096];
    D3DKMT_ADAPTERINFO infos[8] = {{0}};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 8, .pAdapters = infos};

    if (producer_device)
        return;
    if (!os_getenv("NTFENCE_D3DKMT", path, sizeof path))
        die("NTFENCE_D3DKMT does not name a library");
    struct os_library *library = os_library_open(path);
    if (!library)
        die("%s cannot be loaded", path);
#define RESOLVE(Name, params, args, need)                                                                              \
    {                                                                                                                  \
        void (*symbol)(void) = os_library_symbol(library, "D3DKMT" #Name);                                             \
        memcpy(&producer_calls.Name, &symbol, sizeof symbol);                                                          \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    must(producer_calls.EnumAdapters2(&list), "D3DKMTEnumAdapters2");
    D3DKMT_CREATEDEVICE create = {.hAdapter = infos[0].hAdapter};
    must(producer_calls.CreateDevice(&create), "D3DKMTCreateDevice");
    producer_device = create.hDevice;
}

static void share(struct producer_fence *fence, const char *name)
{
    char path[160];
    char16_t units[160];
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    ntf_unicode_string string = {.Buffer = units};

    if (name) {
        if (os_session())
            snprintf(path, sizeof path, "\\Sessions\\%u\\BaseNamedObjects\\%s", (unsigned)os_session(), name);
        else
            snprintf(path, sizeof path, "\\BaseNamedObjects\\%s", name);
        for (size_t i = 0; i <= strlen(path); i++)
            units[i] = (char16_t)(unsigned char)path[i];
        for (size_t i = 0; i <= strlen(name) && i < 63; i++)
            fence->name[i] = (char16_t)(unsigned char)name[i];
        string.Length = (uint16_t)(2 * strlen(path));
        string.MaximumLength = (uint16_t)(string.Length + 2);
        attributes.ObjectName = &string;
        attributes.Attributes = NTF_OBJ_CASE_INSENSITIVE;
    }
    must(producer_calls.ShareObjects(1, &fence->object, &attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &fence->handle),
         "D3DKMTShareObjects");
}

void producer_make(struct producer_fence *fence, bool shared, const char *name)
{
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;

    producer_open();
    memset(fence, 0, sizeof *fence);
    memset(&u, 0, sizeof u);
    u.create.hDevice = producer_device;
    u.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    u.create.Info.Flags = shared ? NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING : 0;
    must(producer_calls.CreateNativeFence(&u.create), "D3DKMTCreateNativeFence");
    fence->object = u.create.hSyncObject;
    memcpy(&fence->value, &u.create.Info.NativeFenceMapping.CurrentValueCpuVa, sizeof fence->value);
    if (shared)
        share(fence, name);
}

void producer_destroy(struct producer_fence *fence)
{
    if (fence->handle)
        os_handle_close((uint64_t)(uintptr_t)fence->handle);
    producer_calls.DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){fence->object});
}
