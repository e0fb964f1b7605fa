/* SPDX-License-Identifier: Apache-2.0 */
/* One adapter, that of soft, and devices, which are no more than the owners of their objects. */
#include "kmt/soft/calls.h"
#include "kmt/soft/handles.h"

#include <string.h>

#define MOST_ADAPTERS 34u            /* what Windows 11 answers when asked how many there may be */
#define KMTQAITYPE_DRIVERVERSION 13u /* not in kmt/d3dkmt.h: nothing of ours relies on it */

static const ntf_luid soft_luid = { 0x4E46, 0 };

ntf_status NTF_APIENTRY soft_OpenAdapterFromLuid(D3DKMT_OPENADAPTERFROMLUID *p)
{
    D3DKMT_HANDLE handle;

    if (!p || p->AdapterLuid.LowPart != soft_luid.LowPart || p->AdapterLuid.HighPart != soft_luid.HighPart)
        return NTF_STATUS_INVALID_PARAMETER;
    handle = soft_handle_new(SOFT_ADAPTER);
    if (handle == 0)
        return NTF_STATUS_NO_MEMORY;
    p->hAdapter = handle;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY soft_EnumAdapters2(D3DKMT_ENUMADAPTERS2 *p)
{
    D3DKMT_HANDLE handle;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    if (!p->pAdapters) {
        p->NumAdapters = MOST_ADAPTERS;
        return NTF_STATUS_SUCCESS;
    }
    if (p->NumAdapters < 1)
        return NTF_STATUS_BUFFER_TOO_SMALL;
    handle = soft_handle_new(SOFT_ADAPTER);
    if (handle == 0)
        return NTF_STATUS_NO_MEMORY;
    memset(&p->pAdapters[0], 0, sizeof p->pAdapters[0]);
    p->pAdapters[0].hAdapter = handle;
    p->pAdapters[0].AdapterLuid = soft_luid;
    p->NumAdapters = 1;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY soft_CloseAdapter(const D3DKMT_CLOSEADAPTER *p)
{
    return p && soft_handle_end(p->hAdapter, SOFT_ADAPTER) ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_CreateDevice(D3DKMT_CREATEDEVICE *p)
{
    D3DKMT_HANDLE handle;

    if (!p || !soft_handle_is(p->hAdapter, SOFT_ADAPTER))
        return NTF_STATUS_INVALID_PARAMETER;
    handle = soft_handle_new(SOFT_DEVICE);
    if (handle == 0)
        return NTF_STATUS_NO_MEMORY;
    p->hDevice = handle;
    p->pCommandBuffer = NULL; /* there is no GPU to command */
    p->CommandBufferSize = 0;
    p->pAllocationList = NULL;
    p->AllocationListSize = 0;
    p->pPatchLocationList = NULL;
    p->PatchLocationListSize = 0;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY soft_DestroyDevice(const D3DKMT_DESTROYDEVICE *p)
{
    return p && soft_handle_end(p->hDevice, SOFT_DEVICE) ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status NTF_APIENTRY soft_QueryAdapterInfo(const D3DKMT_QUERYADAPTERINFO *p)
{
    uint32_t answer;

    if (!p || !soft_handle_is(p->hAdapter, SOFT_ADAPTER) || !p->pPrivateDriverData)
        return NTF_STATUS_INVALID_PARAMETER;
    switch (p->Type) {
    case KMTQAITYPE_WDDM_3_1_CAPS:
        answer = NTF_WDDM_3_1_CAPS_NATIVE_FENCE;
        break;
    case KMTQAITYPE_DRIVERVERSION:
        answer = KMT_DRIVERVERSION_WDDM_3_1;
        break;
    default:
        return NTF_STATUS_INVALID_PARAMETER;
    }
    if (p->PrivateDriverDataSize < sizeof answer)
        return NTF_STATUS_INVALID_PARAMETER;
    memcpy(p->pPrivateDriverData, &answer, sizeof answer);
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY soft_IsFeatureEnabled(D3DKMT_ISFEATUREENABLED *p)
{
    if (!p || (p->hAdapter != 0 && !soft_handle_is(p->hAdapter, SOFT_ADAPTER)))
        return NTF_STATUS_INVALID_PARAMETER;
    p->Result.Version = 0;
    p->Result.Value = 0;
    if (p->hAdapter != 0 && p->FeatureId == DXGK_FEATURE_NATIVE_FENCE) {
        p->Result.Version = 1;
        p->Result.Value = NTF_FEATURE_ENABLED | NTF_FEATURE_KNOWN | NTF_FEATURE_SUPPORTED_BY_DRIVER |
                          NTF_FEATURE_SUPPORTED_ON_CONFIG;
    }
    return NTF_STATUS_SUCCESS;
}
