// SPDX-License-Identifier: Apache-2.0
#define COBJMACROS
#define INITGUID
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <initguid.h>
#include <d3d12.h>
#include <dxgi1_4.h>

#include "double.h"
#include "kmt/ntstatus.h"
#include "kmt/thunks.h"
#include "translation.h"

enum { EVENTS = 64 };

static struct double_control control;
static LONG generation; // of devices; raised when those that are there are removed

#define EXPORT __declspec(dllexport)
EXPORT struct double_control *double_control(void);
EXPORT void double_remove(void);

struct double_control *double_control(void)
{
    return &control;
}

// ---- The kernel's calls

static struct {
    D3DKMT_HANDLE device;
    ntf_status(NTF_APIENTRY *create)(D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *);
    ntf_status(NTF_APIENTRY *open)(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *);
    ntf_status(NTF_APIENTRY *wait)(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *);
    ntf_status(NTF_APIENTRY *signal)(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *);
    ntf_status(NTF_APIENTRY *share)(uint32_t, const D3DKMT_HANDLE *, ntf_object_attributes *, uint32_t, ntf_handle *);
    ntf_status(NTF_APIENTRY *destroy)(const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *);
} kernel;

static bool find(HMODULE library, const char *name, void *function)
{
    const FARPROC address = GetProcAddress(library, name);

    memcpy(function, &address, sizeof address);
    return address != NULL;
}

// Once, and for as long as the process lasts.
static bool have_kernel(void)
{
    ntf_status(NTF_APIENTRY *enumerate)(D3DKMT_ENUMADAPTERS2 *);
    ntf_status(NTF_APIENTRY *create)(D3DKMT_CREATEDEVICE *);
    D3DKMT_ADAPTERINFO adapters[4] = {{0}};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 4, .pAdapters = adapters};
    D3DKMT_CREATEDEVICE device = {.hAdapter = 0};
    wchar_t path[MAX_PATH];

    if (kernel.device)
        return true;
    const DWORD length = GetEnvironmentVariableW(L"NTFENCE_D3DKMT", path, MAX_PATH);
    const HMODULE library = length > 0 && length < MAX_PATH ? LoadLibraryW(path) : NULL;
    if (!library || !find(library, "D3DKMTEnumAdapters2", &enumerate) ||
        !find(library, "D3DKMTCreateDevice", &create) ||
        !find(library, "D3DKMTCreateSynchronizationObject2", &kernel.create) ||
        !find(library, "D3DKMTOpenSyncObjectFromNtHandle2", &kernel.open) ||
        !find(library, "D3DKMTWaitForSynchronizationObjectFromCpu", &kernel.wait) ||
        !find(library, "D3DKMTSignalSynchronizationObjectFromCpu", &kernel.signal) ||
        !find(library, "D3DKMTShareObjects", &kernel.share) ||
        !find(library, "D3DKMTDestroySynchronizationObject", &kernel.destroy))
        return false;
    if (enumerate(&list) != NTF_STATUS_SUCCESS)
        return false;
    device.hAdapter = adapters[0].hAdapter;
    if (create(&device) != NTF_STATUS_SUCCESS)
        return false;
    kernel.device = device.hDevice;
    return true;
}

// ---- Fences

struct fence {
    ID3D12Fence base;
    LONG refs, generation;
    D3DKMT_HANDLE local;
    const volatile uint64_t *value;
    CRITICAL_SECTION lock;
    HANDLE events[EVENTS]; // asked to be set, ever
    unsigned count;
    struct fence *next; // of all
};

static struct fence *all;
static SRWLOCK all_lock = SRWLOCK_INIT;

static ULONG STDMETHODCALLTYPE fence_add_ref(ID3D12Fence *base)
{
    return (ULONG)InterlockedIncrement(&((struct fence *)base)->refs);
}

static ULONG STDMETHODCALLTYPE fence_release(ID3D12Fence *base)
{
    struct fence *fence = (struct fence *)base;
    const LONG left = InterlockedDecrement(&fence->refs);

    if (left > 0)
        return (ULONG)left;
    AcquireSRWLockExclusive(&all_lock);
    for (struct fence **at = &all; *at; at = &(*at)->next) {
        if (*at == fence) {
            *at = fence->next;
            break;
        }
    }
    ReleaseSRWLockExclusive(&all_lock);
    kernel.destroy(&(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT){fence->local});
    DeleteCriticalSection(&fence->lock);
    free(fence);
    InterlockedDecrement(&control.fences);
    return 0;
}

static bool removed(const struct fence *fence)
{
    return fence->generation != generation;
}

static UINT64 STDMETHODCALLTYPE fence_value(ID3D12Fence *base)
{
    const struct fence *fence = (const struct fence *)base;

    return removed(fence) ? UINT64_MAX : *fence->value;
}

static HRESULT STDMETHODCALLTYPE fence_notify(ID3D12Fence *base, UINT64 value, HANDLE event)
{
    struct fence *fence = (struct fence *)base;
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {.hDevice = kernel.device,
                                                             .ObjectCount = 1,
                                                             .ObjectHandleArray = &fence->local,
                                                             .FenceValueArray = &value,
                                                             .hAsyncEvent = event};
    ntf_status status;

    InterlockedIncrement(&control.notified);
    if (control.notify || control.dead_notify)
        return control.notify;
    EnterCriticalSection(&fence->lock);
    fence->events[fence->count++ % EVENTS] = event;
    LeaveCriticalSection(&fence->lock);
    status = kernel.wait(&wait);
    if (removed(fence))
        SetEvent(event);
    return status == NTF_STATUS_SUCCESS || status == NTF_STATUS_PENDING ? S_OK : E_FAIL;
}

static HRESULT STDMETHODCALLTYPE fence_signal(ID3D12Fence *base, UINT64 value)
{
    struct fence *fence = (struct fence *)base;
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = {.hDevice = kernel.device,
                                                              .ObjectCount = 1,
                                                              .ObjectHandleArray = &fence->local,
                                                              .FenceValueArray = &value};

    InterlockedIncrement(&control.signalled);
    if (control.signal)
        return control.signal;
    return kernel.signal(&signal) == NTF_STATUS_SUCCESS ? S_OK : E_INVALIDARG;
}

static ID3D12FenceVtbl fence_vtbl = {.AddRef = fence_add_ref,
                                     .Release = fence_release,
                                     .GetCompletedValue = fence_value,
                                     .SetEventOnCompletion = fence_notify,
                                     .Signal = fence_signal};

void double_remove(void)
{
    InterlockedIncrement(&generation);
    AcquireSRWLockExclusive(&all_lock);
    for (struct fence *fence = all; fence; fence = fence->next) {
        EnterCriticalSection(&fence->lock);
        for (unsigned i = 0; i < fence->count && i < EVENTS; i++)
            SetEvent(fence->events[i]);
        LeaveCriticalSection(&fence->lock);
    }
    ReleaseSRWLockExclusive(&all_lock);
}

// ---- Devices

struct device {
    ID3D12Device base;
    LONG refs, generation;
};

static ULONG STDMETHODCALLTYPE device_release(ID3D12Device *base)
{
    struct device *device = (struct device *)base;
    const LONG left = InterlockedDecrement(&device->refs);

    if (left > 0)
        return (ULONG)left;
    free(device);
    InterlockedDecrement(&control.devices);
    return 0;
}

// Of a kernel's object, which it takes over.
static HRESULT make_fence(ID3D12Device *base, D3DKMT_HANDLE local, const void *value, void **out)
{
    struct fence *fence = calloc(1, sizeof *fence);

    if (!fence)
        return E_OUTOFMEMORY;
    fence->base.lpVtbl = &fence_vtbl;
    fence->refs = 1;
    fence->generation = ((struct device *)base)->generation;
    fence->local = local;
    fence->value = value;
    InitializeCriticalSection(&fence->lock);
    AcquireSRWLockExclusive(&all_lock);
    fence->next = all;
    all = fence;
    ReleaseSRWLockExclusive(&all_lock);
    InterlockedIncrement(&control.fences);
    *out = fence;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE device_create(ID3D12Device *base, UINT64 initial, D3D12_FENCE_FLAGS flags, REFIID iid,
                                               void **out)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    *out = NULL;
    if (flags != D3D12_FENCE_FLAG_SHARED || !IsEqualGUID(iid, &IID_ID3D12Fence))
        return E_INVALIDARG;
    memset(&create, 0, sizeof create);
    create.hDevice = kernel.device;
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    create.Info.MonitoredFence.InitialFenceValue = initial;
    if (kernel.create(&create) != NTF_STATUS_SUCCESS)
        return E_FAIL;
    return make_fence(base, create.hSyncObject, create.Info.MonitoredFence.FenceValueCPUVirtualAddress, out);
}

static HRESULT STDMETHODCALLTYPE device_open(ID3D12Device *base, HANDLE handle, REFIID iid, void **out)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;

    *out = NULL;
    InterlockedIncrement(&control.opened);
    if (control.opening)
        control.opening(control.context);
    translate(handle);
    if (control.open || control.no_object)
        return control.open;
    memset(&open, 0, sizeof open);
    open.hNtHandle = handle;
    open.hDevice = kernel.device;
    open.Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    if (!IsEqualGUID(iid, &IID_ID3D12Fence))
        return E_NOINTERFACE;
    if (kernel.open(&open) != NTF_STATUS_SUCCESS)
        return E_INVALIDARG;
    return make_fence(base, open.hSyncObject, open.MonitoredFence.FenceValueCPUVirtualAddress, out);
}

static HRESULT STDMETHODCALLTYPE device_share(ID3D12Device *base, ID3D12DeviceChild *child,
                                              const SECURITY_ATTRIBUTES *security, DWORD access, const WCHAR *name,
                                              HANDLE *out)
{
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    ntf_unicode_string path;
    wchar_t units[MAX_PATH];
    DWORD session = 0;

    (void)base;
    if (control.share)
        return control.share;
    if (access != GENERIC_ALL)
        return E_INVALIDARG;
    if (name) { // in the session's directory
        ProcessIdToSessionId(GetCurrentProcessId(), &session);
        if (session == 0)
            swprintf(units, MAX_PATH, L"\\BaseNamedObjects\\%ls", name);
        else
            swprintf(units, MAX_PATH, L"\\Sessions\\%lu\\BaseNamedObjects\\%ls", session, name);
        path.Buffer = (void *)units;
        path.Length = (uint16_t)(2 * wcslen(units));
        path.MaximumLength = (uint16_t)(path.Length + 2);
        attributes.ObjectName = &path;
    }
    attributes.Attributes = security && security->bInheritHandle ? NTF_OBJ_INHERIT : 0;
    return kernel.share(1, &((struct fence *)child)->local, &attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, out) ==
                   NTF_STATUS_SUCCESS
               ? S_OK
               : E_FAIL;
}

static HRESULT STDMETHODCALLTYPE device_removed(ID3D12Device *base)
{
    return ((struct device *)base)->generation == generation ? S_OK : (HRESULT)0x887A0005;
}

static ID3D12DeviceVtbl device_vtbl = {.Release = device_release,
                                       .CreateFence = device_create,
                                       .OpenSharedHandle = device_open,
                                       .CreateSharedHandle = device_share,
                                       .GetDeviceRemovedReason = device_removed};

EXPORT HRESULT WINAPI D3D12CreateDevice(IUnknown *adapter, D3D_FEATURE_LEVEL level, REFIID iid, void **out)
{
    const HRESULT answer = adapter ? control.create_on_adapter : control.create_first;
    struct device *device;

    *out = NULL;
    if (level != D3D_FEATURE_LEVEL_11_0 || !IsEqualGUID(iid, &IID_ID3D12Device))
        return E_INVALIDARG;
    if (answer)
        return answer;
    device = have_kernel() ? calloc(1, sizeof *device) : NULL;
    if (!device)
        return E_OUTOFMEMORY;
    device->base.lpVtbl = &device_vtbl;
    device->refs = 1;
    device->generation = generation;
    InterlockedIncrement(&control.devices);
    InterlockedIncrement(&control.made);
    *out = device;
    return S_OK;
}

// ---- Adapters

struct counted {
    void *vtbl;
    LONG refs;
    long *held;
};

static ULONG STDMETHODCALLTYPE counted_release(void *base)
{
    struct counted *counted = base;
    const LONG left = InterlockedDecrement(&counted->refs);

    if (left > 0)
        return (ULONG)left;
    InterlockedDecrement(counted->held);
    free(counted);
    return 0;
}

static HRESULT give(HRESULT answer, void *vtbl, long *held, void **out)
{
    struct counted *counted = answer ? NULL : calloc(1, sizeof *counted);

    *out = counted;
    if (!counted)
        return answer;
    *counted = (struct counted){vtbl, 1, held};
    InterlockedIncrement(held);
    return S_OK;
}

static IDXGIAdapterVtbl adapter_vtbl = {.Release = (ULONG(STDMETHODCALLTYPE *)(IDXGIAdapter *))counted_release};

static HRESULT STDMETHODCALLTYPE by_luid(IDXGIFactory4 *factory, LUID luid, REFIID iid, void **out)
{
    (void)factory;
    (void)iid;
    control.luid = luid;
    return give(control.by_luid, &adapter_vtbl, &control.adapters, out);
}

static HRESULT STDMETHODCALLTYPE software(IDXGIFactory4 *factory, REFIID iid, void **out)
{
    (void)factory;
    (void)iid;
    return give(control.software, &adapter_vtbl, &control.adapters, out);
}

static IDXGIFactory4Vtbl factory_vtbl = {.Release = (ULONG(STDMETHODCALLTYPE *)(IDXGIFactory4 *))counted_release,
                                         .EnumAdapterByLuid = by_luid,
                                         .EnumWarpAdapter = software};

EXPORT HRESULT WINAPI CreateDXGIFactory1(REFIID iid, void **out)
{
    if (!IsEqualGUID(iid, &IID_IDXGIFactory4))
        return E_NOINTERFACE;
    return give(control.factory, &factory_vtbl, &control.factories, out);
}
