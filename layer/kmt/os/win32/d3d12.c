/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Direct3D 12 runtime.
 *
 * d3d12.dll comes from the system folder, when an import first gets here, and goes with the last device. Devices are
 * kept by the LUID that was asked for, and live as long as a fence that was opened with them; one that the runtime has
 * removed is not opened with any more.
 *
 * The runtime may be a translation to Vulkan, which imports the same handle with a layer's help, in this thread or in
 * one of its own, while it is asked. Such an import must not come here again, so one at a time may: the thread that is
 * inside is turned away at once, any other when it has waited for a second, since it may be just another import.
 */
#define COBJMACROS
#define INITGUID
#include <windows.h>
#include <initguid.h>
#include <d3d12.h>
#include <dxgi1_4.h>

#include <stdlib.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/os/d3d12.h"

typedef HRESULT(WINAPI *make_factory)(REFIID, void **);
typedef HRESULT(WINAPI *make_device)(IUnknown *, D3D_FEATURE_LEVEL, REFIID, void **);

struct device {
    struct device *next; /* in the list */
    struct ntf_library *library; /* that has made it */
    ID3D12Device *device;
    ntf_luid luid;  /* that was asked for */
    uint32_t users; /* protected by the list's lock */
};

struct ntf_d3d12_fence {
    struct device *device;
    ID3D12Fence *fence;
};

static struct {
    struct ntf_lock lock;
    struct device *first;
} devices;

/* ---- One import at a time --------------------------------------------------------------------- */

#define PATIENCE_NS 1000000000u

static struct {
    ntf_au32 taken;
    ntf_au32 thread; /* that is inside, 0: none */
} inside;

static const char *enter(void)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), PATIENCE_NS);
    const uint32_t self = GetCurrentThreadId();
    uint32_t none = 0;

    if (ntf_load(&inside.thread, NTF_RELAXED) == self)
        return "passed over: it is the runtime that imports";
    while (!ntf_cas(&inside.taken, &none, 1u, NTF_ACQ_REL)) {
        if (ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
            return "passed over: another import has been here for a second";
        (void)ntf_os_park(&inside.taken, 1, deadline_ns);
        none = 0;
    }
    ntf_store(&inside.thread, self, NTF_RELAXED);
    return NULL;
}

static void leave(void)
{
    ntf_store(&inside.thread, 0u, NTF_RELAXED);
    ntf_store(&inside.taken, 0u, NTF_RELEASE);
    ntf_os_unpark_all(&inside.taken);
}

/* ---- Making a device -------------------------------------------------------------------------- */

/* Notes what a call has answered; returns whether it has succeeded and given what it should. */
static bool answered(struct ntf_trace *trace, const char *step, HRESULT answer, const void *given)
{
    const bool nothing = SUCCEEDED(answer) && !given;

    ntf_trace_add(trace, step, (ntf_status)answer, nothing ? "success without an object" : "");
    return SUCCEEDED(answer) && given;
}

static void (*symbol_of(struct ntf_library *library, struct ntf_trace *trace, const char *step,
                        const char *symbol))(void)
{
    void (*function)(void) = library ? ntf_library_symbol(library, symbol) : NULL;

    if (!function)
        ntf_trace_add(trace, step, NTF_STATUS_NOT_IMPLEMENTED, library ? "not exported" : "no such library");
    return function;
}

/* The adapter that has the LUID, or the software one; NULL: the runtime may choose. */
static IDXGIAdapter *find_adapter(IDXGIFactory4 *factory, const ntf_luid *luid, struct ntf_trace *trace)
{
    LUID system_luid;
    IDXGIAdapter *adapter = NULL;
    HRESULT answer;

    if (!luid) {
        answer = IDXGIFactory4_EnumWarpAdapter(factory, &IID_IDXGIAdapter, (void **)&adapter);
        return answered(trace, "IDXGIFactory4::EnumWarpAdapter", answer, adapter) ? adapter : NULL;
    }
    system_luid.LowPart = luid->LowPart;
    system_luid.HighPart = luid->HighPart;
    answer = IDXGIFactory4_EnumAdapterByLuid(factory, system_luid, &IID_IDXGIAdapter, (void **)&adapter);
    return answered(trace, "IDXGIFactory4::EnumAdapterByLuid", answer, adapter) ? adapter : NULL;
}

static ID3D12Device *make_on(make_device make, IDXGIAdapter *adapter, const char *step, struct ntf_trace *trace)
{
    ID3D12Device *device = NULL;
    const HRESULT answer = make((IUnknown *)adapter, D3D_FEATURE_LEVEL_11_0, &IID_ID3D12Device, (void **)&device);

    if (adapter)
        (void)IDXGIAdapter_Release(adapter);
    return answered(trace, step, answer, device) ? device : NULL;
}

/* On the adapter of that LUID; else on the runtime's first; else on the software one. */
static ID3D12Device *make_somewhere(make_device make, IDXGIFactory4 *factory, const ntf_luid *luid,
                                    struct ntf_trace *trace)
{
    IDXGIAdapter *adapter = factory ? find_adapter(factory, luid, trace) : NULL;
    ID3D12Device *device = adapter ? make_on(make, adapter, "D3D12CreateDevice", trace) : NULL;

    if (!device)
        device = make_on(make, NULL, "D3D12CreateDevice, first adapter", trace);
    adapter = factory && !device ? find_adapter(factory, NULL, trace) : NULL;
    return adapter ? make_on(make, adapter, "D3D12CreateDevice, software adapter", trace) : device;
}

static ID3D12Device *make_with(struct ntf_library *d3d12, const ntf_luid *luid, struct ntf_trace *trace)
{
    const make_device make = (make_device)symbol_of(d3d12, trace, "d3d12.dll: D3D12CreateDevice", "D3D12CreateDevice");
    struct ntf_library *dxgi = make ? ntf_library_open_system("dxgi.dll") : NULL;
    IDXGIFactory4 *factory = NULL;
    ID3D12Device *device = NULL;
    make_factory make_list;

    if (!make)
        return NULL;
    make_list = (make_factory)symbol_of(dxgi, trace, "dxgi.dll: CreateDXGIFactory1", "CreateDXGIFactory1");
    if (make_list) {
        const HRESULT answer = make_list(&IID_IDXGIFactory4, (void **)&factory);

        if (!answered(trace, "CreateDXGIFactory1", answer, factory))
            factory = NULL;
    }
    device = make_somewhere(make, factory, luid, trace);
    if (factory)
        (void)IDXGIFactory4_Release(factory);
    if (dxgi)
        ntf_library_close(dxgi);
    return device;
}

/* ---- The devices ----------------------------------------------------------------------------- */

static bool same_luid(const ntf_luid *a, const ntf_luid *b)
{
    return a->LowPart == b->LowPart && a->HighPart == b->HighPart;
}

static void free_device(struct device *device)
{
    if (device->device)
        (void)ID3D12Device_Release(device->device);
    if (device->library)
        ntf_library_close(device->library);
    free(device);
}

static void unlist_locked(struct device *device)
{
    for (struct device **at = &devices.first; *at; at = &(*at)->next) {
        if (*at == device) {
            *at = device->next;
            return;
        }
    }
}

static void drop_device(struct device *device)
{
    bool last;

    ntf_lock_take(&devices.lock);
    last = --device->users == 0;
    if (last)
        unlist_locked(device);
    ntf_lock_drop(&devices.lock);
    if (last)
        free_device(device);
}

/* One that is there for the LUID, with a user more. The runtime is not called under the lock. */
static struct device *take_device(const ntf_luid *luid)
{
    struct device *device;

    ntf_lock_take(&devices.lock);
    for (device = devices.first; device && !same_luid(&device->luid, luid);)
        device = device->next;
    if (device)
        device->users++;
    ntf_lock_drop(&devices.lock);
    return device;
}

/* Its fences keep it; nobody finds it any more. */
static void hide_device(struct device *device)
{
    ntf_lock_take(&devices.lock);
    unlist_locked(device);
    ntf_lock_drop(&devices.lock);
}

static struct device *make_one(const ntf_luid *luid, struct ntf_trace *trace)
{
    struct device *device = calloc(1, sizeof *device);

    if (!device) {
        ntf_trace_add(trace, "d3d12", NTF_STATUS_NO_MEMORY, "");
        return NULL;
    }
    device->luid = *luid;
    device->users = 1;
    device->library = ntf_library_open_system("d3d12.dll");
    device->device = make_with(device->library, luid, trace);
    if (!device->device) {
        free_device(device);
        return NULL;
    }
    ntf_lock_take(&devices.lock);
    device->next = devices.first;
    devices.first = device;
    ntf_lock_drop(&devices.lock);
    return device;
}

/* Inside. */
static struct device *obtain_device(const ntf_luid *luid, struct ntf_trace *trace)
{
    struct device *device = take_device(luid);
    HRESULT removed;

    if (!device)
        return make_one(luid, trace);
    removed = ID3D12Device_GetDeviceRemovedReason(device->device);
    if (SUCCEEDED(removed))
        return device;
    ntf_trace_add(trace, "ID3D12Device::GetDeviceRemovedReason", (ntf_status)removed, "another device is made");
    hide_device(device);
    drop_device(device);
    return make_one(luid, trace);
}

/* ---- Fences ---------------------------------------------------------------------------------- */

/* Takes the device over. */
static struct ntf_d3d12_fence *open_with(struct device *device, ntf_handle handle, struct ntf_trace *trace,
                                         int32_t *result)
{
    struct ntf_d3d12_fence *fence = malloc(sizeof *fence);
    ID3D12Fence *opened = NULL;
    HRESULT answer = E_OUTOFMEMORY;

    if (fence)
        answer = ID3D12Device_OpenSharedHandle(device->device, handle, &IID_ID3D12Fence, (void **)&opened);
    if (answered(trace, "ID3D12Device::OpenSharedHandle", answer, opened)) {
        *fence = (struct ntf_d3d12_fence){ device, opened };
        return fence;
    }
    *result = FAILED(answer) ? answer : E_NOINTERFACE;
    free(fence);
    drop_device(device);
    return NULL;
}

struct ntf_d3d12_fence *ntf_d3d12_fence_open(ntf_handle handle, ntf_luid luid, struct ntf_trace *trace,
                                             int32_t *answer)
{
    const char *why = enter();
    struct ntf_d3d12_fence *fence = NULL;
    struct device *device;

    *answer = 0;
    if (why) {
        ntf_trace_add(trace, "d3d12", NTF_STATUS_NOT_SUPPORTED, why);
        return NULL;
    }
    device = obtain_device(&luid, trace);
    if (device)
        fence = open_with(device, handle, trace, answer);
    leave();
    return fence;
}

void ntf_d3d12_fence_close(struct ntf_d3d12_fence *fence)
{
    (void)ID3D12Fence_Release(fence->fence);
    drop_device(fence->device);
    free(fence);
}

uint64_t ntf_d3d12_fence_value(struct ntf_d3d12_fence *fence)
{
    return ID3D12Fence_GetCompletedValue(fence->fence);
}

int32_t ntf_d3d12_fence_signal(struct ntf_d3d12_fence *fence, uint64_t value)
{
    return ID3D12Fence_Signal(fence->fence, value);
}

int32_t ntf_d3d12_fence_notify(struct ntf_d3d12_fence *fence, uint64_t value, ntf_handle event)
{
    return ID3D12Fence_SetEventOnCompletion(fence->fence, value, event);
}

int32_t ntf_d3d12_fence_share(struct ntf_d3d12_fence *fence, const ntf_object_attributes *attributes, ntf_handle *out)
{
    SECURITY_ATTRIBUTES security = { sizeof security, NULL, FALSE };

    if (attributes) {
        security.lpSecurityDescriptor = attributes->SecurityDescriptor;
        security.bInheritHandle = (attributes->Attributes & NTF_OBJ_INHERIT) != 0;
    }
    return ID3D12Device_CreateSharedHandle(fence->device->device, (ID3D12DeviceChild *)fence->fence, &security,
                                           GENERIC_ALL, NULL, out);
}
