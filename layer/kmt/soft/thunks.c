/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/calls.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/soft.h"

static const struct ntf_kmt_thunks thunks = {
    .OpenAdapterFromLuid = soft_OpenAdapterFromLuid,
    .EnumAdapters2 = soft_EnumAdapters2,
    .CloseAdapter = soft_CloseAdapter,
    .CreateDevice = soft_CreateDevice,
    .DestroyDevice = soft_DestroyDevice,
    .QueryAdapterInfo = soft_QueryAdapterInfo,
    .IsFeatureEnabled = soft_IsFeatureEnabled,
    .CreateSynchronizationObject = soft_CreateSynchronizationObject,
    .CreateSynchronizationObject2 = soft_CreateSynchronizationObject2,
    .DestroySynchronizationObject = soft_DestroySynchronizationObject,
    .CreateNativeFence = soft_CreateNativeFence,
    .OpenNativeFenceFromNtHandle = soft_OpenNativeFenceFromNtHandle,
    .OpenSynchronizationObject = soft_OpenSynchronizationObject,
    .OpenSyncObjectFromNtHandle = soft_OpenSyncObjectFromNtHandle,
    .OpenSyncObjectFromNtHandle2 = soft_OpenSyncObjectFromNtHandle2,
    .OpenSyncObjectNtHandleFromName = soft_OpenSyncObjectNtHandleFromName,
    .ShareObjects = soft_ShareObjects,
    .WaitForSynchronizationObjectFromCpu = soft_WaitForSynchronizationObjectFromCpu,
    .SignalSynchronizationObjectFromCpu = soft_SignalSynchronizationObjectFromCpu,
};

const struct ntf_kmt_thunks *ntf_soft_thunks(void)
{
    return &thunks;
}

enum ntf_result ntf_soft_can_share(const char **why)
{
    return soft_can_share(why);
}

void ntf_soft_close_nt_handle(ntf_handle handle)
{
    soft_nt_handle_close(handle);
}
