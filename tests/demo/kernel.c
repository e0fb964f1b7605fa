// SPDX-License-Identifier: Apache-2.0
#include "kernel.h"

#include "os.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ADAPTERS_MAX = 16,
    PATH_SIZE = 4096,
    SHARED = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING
};

static bool optional(const char *name)
{
    return strcmp(name, "D3DKMTIsFeatureEnabled") == 0 ||
           strcmp(name, "D3DKMTCreateNativeFence") == 0;
}

// The name alone: the number is printed for every status, listed or not.
static const char *status_word(ntf_status status)
{
    const char *name = ntf_status_name(status);
    return strncmp(name, "0x", 2) == 0 ? strchr(name, ' ') + 1 : name;
}

// One entry; the pointer is written as its bytes, as every one has another type.
static bool resolve_one(struct kernel *kernel, const char *from, const char *name, void *pointer)
{
    void (*function)(void) = os_library_symbol(kernel->library, name);
    memcpy(pointer, &function, sizeof function);
    if (function || optional(name))
        return true;
    say("%s: not used, it has no %s", from, name);
    return false;
}

static bool resolve(struct kernel *kernel, const char *from)
{
#define RESOLVE(Name, params)                                                                      \
    if (!resolve_one(kernel, from, "D3DKMT" #Name, &kernel->Name))                                 \
        return false;
    KERNEL_CALLS(RESOLVE)
#undef RESOLVE
    return true;
}

static bool refused(const char *from, const char *step, ntf_status status)
{
    if (status == NTF_STATUS_SUCCESS)
        return false;
    say("%s: not used, %s: 0x%08" PRIX32 " %s", from, step, (uint32_t)status, status_word(status));
    return true;
}

static bool open_adapter(struct kernel *kernel, const char *from)
{
    D3DKMT_ADAPTERINFO infos[ADAPTERS_MAX] = {{0}};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = ADAPTERS_MAX, .pAdapters = infos};
    if (refused(from, "D3DKMTEnumAdapters2", kernel->EnumAdapters2(&list)))
        return false;
    if (list.NumAdapters == 0) {
        say("%s: not used, no adapter", from);
        return false;
    }
    kernel->adapter = infos[0].hAdapter;
    kernel->luid = infos[0].AdapterLuid;
    for (uint32_t i = 1; i < list.NumAdapters; i++)
        kernel->CloseAdapter(&(D3DKMT_CLOSEADAPTER){infos[i].hAdapter});
    D3DKMT_CREATEDEVICE create = {.hAdapter = kernel->adapter};
    if (refused(from, "D3DKMTCreateDevice", kernel->CreateDevice(&create)))
        return false;
    kernel->device = create.hDevice;
    return true;
}

static ntf_status create_native(struct kernel *kernel, D3DKMT_HANDLE *object)
{
    D3DKMT_ISFEATUREENABLED feature = {.hAdapter = kernel->adapter,
                                       .FeatureId = DXGK_FEATURE_NATIVE_FENCE};
    if (kernel->monitored_only || !kernel->IsFeatureEnabled || !kernel->CreateNativeFence)
        return NTF_STATUS_NOT_SUPPORTED;
    ntf_status status = kernel->IsFeatureEnabled(&feature);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    if (!(feature.Result.Value & NTF_FEATURE_ENABLED))
        return NTF_STATUS_NOT_SUPPORTED;
    // The kernel copies as much as it knows, which may be more than this structure.
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;
    memset(&u, 0, sizeof u);
    u.create.hDevice = kernel->device;
    u.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    u.create.Info.Flags = SHARED;
    status = kernel->CreateNativeFence(&u.create);
    *object = u.create.hSyncObject;
    return status;
}

static ntf_status create_monitored(struct kernel *kernel, D3DKMT_HANDLE *object)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = kernel->device,
        .Info = {.Type = D3DDDI_MONITORED_FENCE, .Flags = SHARED},
    };
    ntf_status status = kernel->CreateSynchronizationObject2(&create);
    *object = create.hSyncObject;
    return status;
}

static ntf_status create_fence(struct kernel *kernel, D3DKMT_HANDLE *object, bool *native,
                               ntf_status *native_status)
{
    *native_status = create_native(kernel, object);
    *native = *native_status == NTF_STATUS_SUCCESS;
    return *native ? NTF_STATUS_SUCCESS : create_monitored(kernel, object);
}

static void destroy_object(struct kernel *kernel, D3DKMT_HANDLE object)
{
    kernel->DestroySynchronizationObject(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){object});
}

void kernel_close(struct kernel *kernel)
{
    if (kernel->device)
        kernel->DestroyDevice(&(D3DKMT_DESTROYDEVICE){kernel->device});
    if (kernel->adapter)
        kernel->CloseAdapter(&(D3DKMT_CLOSEADAPTER){kernel->adapter});
    os_library_close(kernel->library);
    *kernel = (struct kernel){0};
}

// A symbol that resolves is no promise (Wine's answer NOT_IMPLEMENTED): a fence has to be made.
static bool try_library(struct kernel *kernel, struct os_library *library, const char *from)
{
    *kernel = (struct kernel){.library = library};
    if (!library) {
        say("%s: not used, it can't be loaded", from);
        return false;
    }
    D3DKMT_HANDLE object = 0;
    bool native;
    ntf_status native_status;
    if (!resolve(kernel, from) || !open_adapter(kernel, from) ||
        refused(from, "no fence can be made",
                create_fence(kernel, &object, &native, &native_status))) {
        kernel_close(kernel);
        return false;
    }
    destroy_object(kernel, object);
    say("D3DKMT from %s, adapter %08" PRIX32 ":%08" PRIX32, from, (uint32_t)kernel->luid.HighPart,
        kernel->luid.LowPart);
    return true;
}

void kernel_open(struct kernel *kernel)
{
    char path[PATH_SIZE];
    if (os_getenv("NTFENCE_D3DKMT", path, sizeof path)) {
        if (!try_library(kernel, os_library_open(path), path))
            die("no D3DKMT in the library that NTFENCE_D3DKMT names");
        return;
    }
    struct os_library *gdi32 = os_library_open_gdi32();
    if (gdi32 && try_library(kernel, gdi32, "gdi32.dll"))
        return;
    struct os_library *beside = os_library_open_beside("ntfence-d3dkmt");
    if (!try_library(kernel, beside, "the stand-alone library ntfence-d3dkmt beside this program"))
        die("no D3DKMT anywhere");
}

/* x -> \BaseNamedObjects\x in session 0, \Sessions\n\BaseNamedObjects\x in session n. */
static void object_path(const char *name, char16_t *units, ntf_unicode_string *string)
{
    char path[160];
    uint32_t session = os_session();
    if (session == 0)
        snprintf(path, sizeof path, "\\BaseNamedObjects\\%s", name);
    else
        snprintf(path, sizeof path, "\\Sessions\\%" PRIu32 "\\BaseNamedObjects\\%s", session, name);
    size_t length = strlen(path);
    for (size_t i = 0; i <= length; i++)
        units[i] = (char16_t)(unsigned char)path[i];
    *string = (ntf_unicode_string){.Length = (uint16_t)(2 * length),
                                   .MaximumLength = (uint16_t)(2 * length + 2),
                                   .Buffer = units};
}

void kernel_fence_make(struct kernel *kernel, const char *name, struct kernel_fence *fence)
{
    *fence = (struct kernel_fence){0};
    snprintf(fence->name, sizeof fence->name, "%s", name);
    ntf_status native_status;
    ntf_status status = create_fence(kernel, &fence->object, &fence->native, &native_status);
    if (status != NTF_STATUS_SUCCESS)
        die("no fence: 0x%08" PRIX32 " %s", (uint32_t)status, status_word(status));
    char16_t units[160];
    ntf_unicode_string path;
    object_path(name, units, &path);
    ntf_object_attributes attributes = {
        .Length = sizeof attributes, .ObjectName = &path, .Attributes = NTF_OBJ_CASE_INSENSITIVE};
    status = kernel->ShareObjects(1, &fence->object, &attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS,
                                  &fence->handle);
    if (status != NTF_STATUS_SUCCESS)
        die("'%s' can't be shared: 0x%08" PRIX32 " %s", name, (uint32_t)status,
            status_word(status));
    if (fence->native || kernel->monitored_only)
        say("fence '%s': a %s fence, shared", name, fence->native ? "native" : "monitored");
    else
        say("fence '%s': a monitored fence, shared (a native one: 0x%08" PRIX32 " %s)", name,
            (uint32_t)native_status, status_word(native_status));
}

void kernel_fence_destroy(struct kernel *kernel, struct kernel_fence *fence)
{
    destroy_object(kernel, fence->object);
    os_handle_close((uint64_t)(uintptr_t)fence->handle);
    fence->object = 0;
}

ntf_status kernel_signal(struct kernel *kernel, const struct kernel_fence *fence, uint64_t value)
{
    return kernel->SignalSynchronizationObjectFromCpu(&(D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU){
        .hDevice = kernel->device,
        .ObjectCount = 1,
        .ObjectHandleArray = &fence->object,
        .FenceValueArray = &value,
    });
}

ntf_status kernel_wait(struct kernel *kernel, const struct kernel_fence *fence, uint64_t value)
{
    return kernel->WaitForSynchronizationObjectFromCpu(
        &(D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU){
            .hDevice = kernel->device,
            .ObjectCount = 1,
            .ObjectHandleArray = &fence->object,
            .FenceValueArray = &value,
        });
}
