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
    .CreateKeyedMutex = soft_CreateKeyedMutex,
    .CreateKeyedMutex2 = soft_CreateKeyedMutex2,
    .OpenKeyedMutex = soft_OpenKeyedMutex,
    .OpenKeyedMutex2 = soft_OpenKeyedMutex2,
    .OpenKeyedMutexFromNtHandle = soft_OpenKeyedMutexFromNtHandle,
    .AcquireKeyedMutex = soft_AcquireKeyedMutex,
    .AcquireKeyedMutex2 = soft_AcquireKeyedMutex2,
    .ReleaseKeyedMutex = soft_ReleaseKeyedMutex,
    .ReleaseKeyedMutex2 = soft_ReleaseKeyedMutex2,
    .DestroyKeyedMutex = soft_DestroyKeyedMutex,
    .CreateAllocation = soft_CreateAllocation,
    .CreateAllocation2 = soft_CreateAllocation2,
    .DestroyAllocation = soft_DestroyAllocation,
    .DestroyAllocation2 = soft_DestroyAllocation2,
    .QueryResourceInfo = soft_QueryResourceInfo,
    .QueryResourceInfoFromNtHandle = soft_QueryResourceInfoFromNtHandle,
    .OpenResource = soft_OpenResource,
    .OpenResource2 = soft_OpenResource2,
    .OpenResourceFromNtHandle = soft_OpenResourceFromNtHandle,
    .OpenNtHandleFromName = soft_OpenNtHandleFromName,
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
