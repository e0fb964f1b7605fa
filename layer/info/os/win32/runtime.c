/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles that the Direct3D runtimes have made, on the first adapter of DXGI. Not under Wine: there these are
 * translations, and DXVK's are known to end the process when a fence is shared (a call through a null pointer).
 */
#define COBJMACROS
#define INITGUID
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <initguid.h>
#include <d3d11_4.h>
#include <d3d12.h>
#include <dxgi1_4.h>

#include "info/os/os.h"

typedef HRESULT(WINAPI *make_factory)(REFIID, void **);
typedef HRESULT(WINAPI *make_device12)(IUnknown *, D3D_FEATURE_LEVEL, REFIID, void **);
typedef HRESULT(WINAPI *make_device11)(IDXGIAdapter *, D3D_DRIVER_TYPE, HMODULE, UINT, const D3D_FEATURE_LEVEL *, UINT,
                                       UINT, ID3D11Device **, D3D_FEATURE_LEVEL *, ID3D11DeviceContext **);

/* Notes a call; true: it has succeeded. */
static bool step(struct info_runtime_object *out, const char *name, HRESULT result)
{
    (void)snprintf(out->step, sizeof out->step, "%s", name);
    out->result = (int32_t)result;
    return SUCCEEDED(result);
}

/* A library of the system, which stays, and a function of it. */
static void (*find(struct info_runtime_object *out, const char *library, const char *symbol))(void)
{
    struct ntf_library *module = ntf_library_open_system(library);
    void (*function)(void) = module ? ntf_library_symbol(module, symbol) : NULL;

    if (!function)
        (void)step(out, symbol, HRESULT_FROM_WIN32(ERROR_PROC_NOT_FOUND));
    return function;
}

static IDXGIAdapter1 *first_adapter(struct info_runtime_object *out)
{
    const make_factory make = (make_factory)find(out, "dxgi.dll", "CreateDXGIFactory1");
    IDXGIFactory1 *factory = NULL;
    IDXGIAdapter1 *adapter = NULL;
    DXGI_ADAPTER_DESC1 description;

    if (!make || !step(out, "CreateDXGIFactory1", make(&IID_IDXGIFactory1, (void **)&factory)))
        return NULL;
    if (step(out, "IDXGIFactory1::EnumAdapters1", IDXGIFactory1_EnumAdapters1(factory, 0, &adapter)) &&
        SUCCEEDED(IDXGIAdapter1_GetDesc1(adapter, &description))) {
        out->luid.LowPart = description.AdapterLuid.LowPart;
        out->luid.HighPart = description.AdapterLuid.HighPart;
    }
    (void)IDXGIFactory1_Release(factory);
    return adapter;
}

static void make_d3d12(IDXGIAdapter1 *adapter, struct info_runtime_object *out)
{
    const make_device12 make = (make_device12)find(out, "d3d12.dll", "D3D12CreateDevice");
    ID3D12Device *device = NULL;
    ID3D12Fence *fence = NULL;

    if (!make || !step(out, "D3D12CreateDevice",
                       make((IUnknown *)adapter, D3D_FEATURE_LEVEL_11_0, &IID_ID3D12Device, (void **)&device)))
        return;
    out->device = device;
    if (!step(out, "ID3D12Device::CreateFence",
              ID3D12Device_CreateFence(device, 0, D3D12_FENCE_FLAG_SHARED, &IID_ID3D12Fence, (void **)&fence)))
        return;
    out->object = fence;
    (void)step(out, "ID3D12Device::CreateSharedHandle",
               ID3D12Device_CreateSharedHandle(device, (ID3D12DeviceChild *)fence, NULL, GENERIC_ALL, NULL,
                                               (HANDLE *)&out->handle));
}

static bool make_device_of_11(IDXGIAdapter1 *adapter, struct info_runtime_object *out, ID3D11DeviceContext **context)
{
    const make_device11 make = (make_device11)find(out, "d3d11.dll", "D3D11CreateDevice");
    ID3D11Device *device = NULL;

    if (!make || !step(out, "D3D11CreateDevice",
                       make((IDXGIAdapter *)adapter, D3D_DRIVER_TYPE_UNKNOWN, NULL, 0, NULL, 0, D3D11_SDK_VERSION,
                            &device, NULL, context)))
        return false;
    out->device = device;
    return true;
}

static void make_fence_of_11(ID3D11Device *device, struct info_runtime_object *out)
{
    ID3D11Device5 *newer = NULL;
    ID3D11Fence *fence = NULL;

    if (!step(out, "ID3D11Device::QueryInterface(ID3D11Device5)",
              ID3D11Device_QueryInterface(device, &IID_ID3D11Device5, (void **)&newer)))
        return;
    if (step(out, "ID3D11Device5::CreateFence",
             ID3D11Device5_CreateFence(newer, 0, D3D11_FENCE_FLAG_SHARED, &IID_ID3D11Fence, (void **)&fence))) {
        out->object = fence;
        (void)step(out, "ID3D11Fence::CreateSharedHandle",
                   ID3D11Fence_CreateSharedHandle(fence, NULL, GENERIC_ALL, NULL, (HANDLE *)&out->handle));
    }
    (void)ID3D11Device5_Release(newer);
}

static void make_bundle_of_11(ID3D11Device *device, struct info_runtime_object *out)
{
    const D3D11_TEXTURE2D_DESC description = {
        .Width = 16, .Height = 16, .MipLevels = 1, .ArraySize = 1, .Format = DXGI_FORMAT_R8G8B8A8_UNORM,
        .SampleDesc = { 1, 0 }, .Usage = D3D11_USAGE_DEFAULT,
        .BindFlags = D3D11_BIND_RENDER_TARGET | D3D11_BIND_SHADER_RESOURCE,
        .MiscFlags = D3D11_RESOURCE_MISC_SHARED_NTHANDLE | D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX,
    };
    ID3D11Texture2D *texture = NULL;
    IDXGIResource1 *resource = NULL;

    if (!step(out, "ID3D11Device::CreateTexture2D",
              ID3D11Device_CreateTexture2D(device, &description, NULL, &texture)))
        return;
    out->object = texture;
    if (!step(out, "ID3D11Texture2D::QueryInterface(IDXGIResource1)",
              ID3D11Texture2D_QueryInterface(texture, &IID_IDXGIResource1, (void **)&resource)))
        return;
    (void)step(out, "IDXGIResource1::CreateSharedHandle",
               IDXGIResource1_CreateSharedHandle(resource, NULL,
                                                 DXGI_SHARED_RESOURCE_READ | DXGI_SHARED_RESOURCE_WRITE, NULL,
                                                 (HANDLE *)&out->handle));
    (void)IDXGIResource1_Release(resource);
}

static bool is_wine(void)
{
    struct info_system system;

    info_os_system(&system);
    return system.variety[0] != '\0';
}

bool info_os_runtime_make(enum info_made which, struct info_runtime_object *out)
{
    IDXGIAdapter1 *adapter;

    memset(out, 0, sizeof *out);
    if (is_wine()) {
        (void)step(out, "not asked under Wine", E_NOTIMPL);
        return false;
    }
    adapter = first_adapter(out);
    if (!adapter)
        return false;
    if (which == INFO_MADE_D3D12)
        make_d3d12(adapter, out);
    else if (make_device_of_11(adapter, out, (ID3D11DeviceContext **)&out->more) && which == INFO_MADE_D3D11)
        make_fence_of_11(out->device, out);
    else if (out->device)
        make_bundle_of_11(out->device, out);
    (void)IDXGIAdapter1_Release(adapter);
    return out->handle != NULL;
}

/* Of Direct3D 11 a context does it, in its queue. */
int32_t info_os_runtime_signal(enum info_made which, struct info_runtime_object *object, uint64_t value)
{
    ID3D11DeviceContext4 *context = NULL;
    HRESULT result = E_NOTIMPL;

    if (which == INFO_MADE_D3D12)
        return (int32_t)ID3D12Fence_Signal((ID3D12Fence *)object->object, value);
    if (which != INFO_MADE_D3D11 || !object->more)
        return (int32_t)result;
    result = ID3D11DeviceContext_QueryInterface((ID3D11DeviceContext *)object->more, &IID_ID3D11DeviceContext4,
                                                (void **)&context);
    if (FAILED(result))
        return (int32_t)result;
    result = ID3D11DeviceContext4_Signal(context, (ID3D11Fence *)object->object, value);
    ID3D11DeviceContext4_Flush(context);
    (void)ID3D11DeviceContext4_Release(context);
    return (int32_t)result;
}

void info_os_runtime_end(struct info_runtime_object *object)
{
    if (object->handle)
        (void)CloseHandle(object->handle);
    if (object->object)
        (void)IUnknown_Release((IUnknown *)object->object);
    if (object->more)
        (void)IUnknown_Release((IUnknown *)object->more);
    if (object->device)
        (void)IUnknown_Release((IUnknown *)object->device);
    memset(object, 0, sizeof *object);
}
