// SPDX-License-Identifier: Apache-2.0
#define COBJMACROS
#define INITGUID
#include <windows.h>
#include <initguid.h>
#include <d3d11_4.h>
#include <d3d12.h>
#include <dxgi1_4.h>

#include "report.h"
#include "runtime.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef HRESULT(WINAPI *make_factory)(REFIID, void **);
typedef HRESULT(WINAPI *make_device12)(IUnknown *, D3D_FEATURE_LEVEL, REFIID, void **);
typedef HRESULT(WINAPI *make_device11)(IDXGIAdapter *, D3D_DRIVER_TYPE, HMODULE, UINT, const D3D_FEATURE_LEVEL *, UINT,
                                       UINT, ID3D11Device **, D3D_FEATURE_LEVEL *, ID3D11DeviceContext **);

// One of the two.
struct runtime {
    enum runtime_kind kind;
    ID3D12Device *device12;
    ID3D11Device5 *device11;
    ID3D11DeviceContext4 *context;
};

static bool refused(const char *step, HRESULT answer)
{
    if (SUCCEEDED(answer))
        return false;
    say("%s: 0x%08" PRIX32 "%s", step, (uint32_t)answer, answer == E_NOTIMPL ? ", not implemented here" : "");
    return true;
}

// A function of a library of the system; the library stays.
static void (*find(const wchar_t *library, const char *symbol))(void)
{
    const HMODULE module = LoadLibraryExW(library, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    const FARPROC address = module ? GetProcAddress(module, symbol) : NULL;
    void (*function)(void);

    if (!address)
        say("%s: %s", symbol, module ? "not exported" : "the library is not there");
    memcpy(&function, &address, sizeof function);
    return function;
}

static IDXGIAdapter *software_adapter(void)
{
    const make_factory make = (make_factory)find(L"dxgi.dll", "CreateDXGIFactory1");
    IDXGIFactory4 *factory = NULL;
    IDXGIAdapter *adapter = NULL;

    if (!make || refused("CreateDXGIFactory1", make(&IID_IDXGIFactory4, (void **)&factory)))
        return NULL;
    if (refused("IDXGIFactory4::EnumWarpAdapter",
                IDXGIFactory4_EnumWarpAdapter(factory, &IID_IDXGIAdapter, (void **)&adapter)))
        adapter = NULL;
    IDXGIFactory4_Release(factory);
    return adapter;
}

static bool open12(struct runtime *runtime)
{
    const make_device12 make = (make_device12)find(L"d3d12.dll", "D3D12CreateDevice");
    HRESULT answer;

    if (!make)
        return false;
    answer = make(NULL, D3D_FEATURE_LEVEL_11_0, &IID_ID3D12Device, (void **)&runtime->device12);
    if (!refused("D3D12CreateDevice, first adapter", answer))
        return true;
    IDXGIAdapter *software = software_adapter();
    if (!software)
        return false;
    answer = make((IUnknown *)software, D3D_FEATURE_LEVEL_11_0, &IID_ID3D12Device, (void **)&runtime->device12);
    IDXGIAdapter_Release(software);
    return !refused("D3D12CreateDevice, software adapter", answer);
}

static bool take_interfaces11(struct runtime *runtime, ID3D11Device *device, ID3D11DeviceContext *context)
{
    return !refused("ID3D11Device5, which makes fences",
                    ID3D11Device_QueryInterface(device, &IID_ID3D11Device5, (void **)&runtime->device11)) &&
           !refused("ID3D11DeviceContext4, which signals them",
                    ID3D11DeviceContext_QueryInterface(context, &IID_ID3D11DeviceContext4,
                                                       (void **)&runtime->context));
}

static bool open11(struct runtime *runtime)
{
    static const D3D_DRIVER_TYPE types[] = {D3D_DRIVER_TYPE_HARDWARE, D3D_DRIVER_TYPE_WARP};
    const make_device11 make = (make_device11)find(L"d3d11.dll", "D3D11CreateDevice");
    bool ok = false;

    for (size_t i = 0; make && !ok && i < sizeof types / sizeof *types; i++) {
        ID3D11Device *device = NULL;
        ID3D11DeviceContext *context = NULL;
        if (refused(i == 0 ? "D3D11CreateDevice" : "D3D11CreateDevice, software",
                    make(NULL, types[i], NULL, 0, NULL, 0, D3D11_SDK_VERSION, &device, NULL, &context)))
            continue;
        ok = take_interfaces11(runtime, device, context);
        ID3D11DeviceContext_Release(context);
        ID3D11Device_Release(device);
        break;
    }
    return ok;
}

struct runtime *runtime_open(enum runtime_kind kind)
{
    struct runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime)
        return NULL;
    runtime->kind = kind;
    if (kind == RUNTIME_D3D12 ? open12(runtime) : open11(runtime)) {
        say("fences of Direct3D %s", kind == RUNTIME_D3D12 ? "12" : "11");
        return runtime;
    }
    runtime_close(runtime);
    return NULL;
}

void runtime_close(struct runtime *runtime)
{
    if (runtime->context)
        ID3D11DeviceContext4_Release(runtime->context);
    if (runtime->device11)
        ID3D11Device5_Release(runtime->device11);
    if (runtime->device12)
        ID3D12Device_Release(runtime->device12);
    free(runtime);
}

static bool make12(struct runtime *runtime, const wchar_t *name, struct runtime_fence *fence, HANDLE *handle)
{
    return !refused("ID3D12Device::CreateFence, shared",
                    ID3D12Device_CreateFence(runtime->device12, 0, D3D12_FENCE_FLAG_SHARED, &IID_ID3D12Fence,
                                             &fence->fence)) &&
           !refused("ID3D12Device::CreateSharedHandle",
                    ID3D12Device_CreateSharedHandle(runtime->device12, (ID3D12DeviceChild *)fence->fence, NULL,
                                                    GENERIC_ALL, name, handle));
}

static bool make11(struct runtime *runtime, const wchar_t *name, struct runtime_fence *fence, HANDLE *handle)
{
    return !refused("ID3D11Device5::CreateFence, shared",
                    ID3D11Device5_CreateFence(runtime->device11, 0, D3D11_FENCE_FLAG_SHARED, &IID_ID3D11Fence,
                                              &fence->fence)) &&
           !refused("ID3D11Fence::CreateSharedHandle",
                    ID3D11Fence_CreateSharedHandle((ID3D11Fence *)fence->fence, NULL, GENERIC_ALL, name, handle));
}

bool runtime_fence_make(struct runtime *runtime, const char *name, struct runtime_fence *fence)
{
    wchar_t wide[64];
    HANDLE handle = NULL;

    *fence = (struct runtime_fence){.event = CreateEventW(NULL, FALSE, FALSE, NULL)};
    const bool ok = fence->event && MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, 64) > 0 &&
                    (runtime->kind == RUNTIME_D3D12 ? make12(runtime, wide, fence, &handle)
                                                    : make11(runtime, wide, fence, &handle));
    fence->handle = (uint64_t)(uintptr_t)handle;
    if (ok && handle) {
        say("fence '%s': shared", name);
        return true;
    }
    runtime_fence_destroy(runtime, fence);
    return false;
}

void runtime_fence_destroy(struct runtime *runtime, struct runtime_fence *fence)
{
    (void)runtime;
    if (fence->fence)
        IUnknown_Release((IUnknown *)fence->fence);
    if (fence->handle)
        CloseHandle((HANDLE)(uintptr_t)fence->handle);
    if (fence->event)
        CloseHandle(fence->event);
    *fence = (struct runtime_fence){0};
}

int32_t runtime_signal(struct runtime *runtime, struct runtime_fence *fence, uint64_t value)
{
    if (runtime->kind == RUNTIME_D3D12)
        return ID3D12Fence_Signal((ID3D12Fence *)fence->fence, value);
    const HRESULT answer = ID3D11DeviceContext4_Signal(runtime->context, (ID3D11Fence *)fence->fence, value);
    ID3D11DeviceContext4_Flush(runtime->context);
    return answer;
}

int32_t runtime_wait(struct runtime *runtime, struct runtime_fence *fence, uint64_t value)
{
    HRESULT answer;

    if (runtime->kind == RUNTIME_D3D12)
        answer = ID3D12Fence_SetEventOnCompletion((ID3D12Fence *)fence->fence, value, fence->event);
    else
        answer = ID3D11Fence_SetEventOnCompletion((ID3D11Fence *)fence->fence, value, fence->event);
    if (FAILED(answer))
        return answer;
    return WaitForSingleObject(fence->event, INFINITE) == WAIT_OBJECT_0 ? S_OK : E_FAIL;
}
