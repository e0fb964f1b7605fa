/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel calls we use, listed once. The list makes the table of function pointers below; the
 * resolver walks it to fill a table from a provider's library (exported as D3DKMT<Name>), and the
 * stand-alone software library walks it to export functions of those very names:
 *
 *     #define EXPORT(Name, params, args, need) \
 *         ntf_status NTF_APIENTRY D3DKMT##Name params { return the_table->Name args; }
 *     NTF_KMT_THUNKS(EXPORT)
 *
 * Required: a library without it is no provider. Optional: the pointer may be NULL and the caller
 * tests it; these are newer than Windows 10, legacy, or no use on WSL. That a name resolves is no
 * promise that the call works: see the provider self-test. (The needs are spelt out as enumerators
 * because windows.h defines OPTIONAL as an empty macro.)
 */
#ifndef NTF_KMT_THUNKS_H
#define NTF_KMT_THUNKS_H

#include "base/os/abi.h"
#include "kmt/d3dkmt.h"
#include "kmt/ntstatus.h"

enum ntf_thunk_need { NTF_THUNK_OPTIONAL = 0, NTF_THUNK_REQUIRED = 1 };

/* X(Name, parameters, arguments, enum ntf_thunk_need), both lists in parentheses. */
#define NTF_KMT_THUNKS(X)                                                                          \
    /* adapters and devices */                                                                     \
    X(OpenAdapterFromLuid, (D3DKMT_OPENADAPTERFROMLUID *p), (p), NTF_THUNK_REQUIRED)               \
    X(EnumAdapters2, (D3DKMT_ENUMADAPTERS2 *p), (p), NTF_THUNK_REQUIRED)                           \
    X(CloseAdapter, (const D3DKMT_CLOSEADAPTER *p), (p), NTF_THUNK_REQUIRED)                       \
    X(CreateDevice, (D3DKMT_CREATEDEVICE *p), (p), NTF_THUNK_REQUIRED)                             \
    X(DestroyDevice, (const D3DKMT_DESTROYDEVICE *p), (p), NTF_THUNK_REQUIRED)                     \
    X(QueryAdapterInfo, (const D3DKMT_QUERYADAPTERINFO *p), (p), NTF_THUNK_REQUIRED)               \
    X(IsFeatureEnabled, (D3DKMT_ISFEATUREENABLED *p), (p), NTF_THUNK_OPTIONAL)                     \
    /* making and opening */                                                                       \
    X(CreateSynchronizationObject, (D3DKMT_CREATESYNCHRONIZATIONOBJECT *p), (p),                   \
      NTF_THUNK_OPTIONAL)                                                                          \
    X(CreateSynchronizationObject2, (D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *p), (p),                 \
      NTF_THUNK_REQUIRED)                                                                          \
    X(DestroySynchronizationObject, (const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *p), (p),           \
      NTF_THUNK_REQUIRED)                                                                          \
    X(CreateNativeFence, (D3DKMT_CREATENATIVEFENCE *p), (p), NTF_THUNK_OPTIONAL)                   \
    X(OpenNativeFenceFromNtHandle, (D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p), (p),                   \
      NTF_THUNK_OPTIONAL)                                                                          \
    X(OpenSynchronizationObject, (D3DKMT_OPENSYNCHRONIZATIONOBJECT *p), (p), NTF_THUNK_OPTIONAL)   \
    X(OpenSyncObjectFromNtHandle, (D3DKMT_OPENSYNCOBJECTFROMNTHANDLE *p), (p), NTF_THUNK_OPTIONAL) \
    X(OpenSyncObjectFromNtHandle2, (D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *p), (p),                   \
      NTF_THUNK_REQUIRED)                                                                          \
    X(OpenSyncObjectNtHandleFromName, (D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME *p), (p),             \
      NTF_THUNK_OPTIONAL)                                                                          \
    /* sharing: an NT handle for one object, or for a {resource, mutex, sync} bundle */            \
    X(ShareObjects,                                                                                \
      (uint32_t cObjects, const D3DKMT_HANDLE *hObjects, ntf_object_attributes *pObjectAttributes, \
       uint32_t dwDesiredAccess, ntf_handle *phSharedNtHandle),                                    \
      (cObjects, hObjects, pObjectAttributes, dwDesiredAccess, phSharedNtHandle),                  \
      NTF_THUNK_REQUIRED)                                                                          \
    /* the CPU's side */                                                                           \
    X(WaitForSynchronizationObjectFromCpu, (const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *p),  \
      (p), NTF_THUNK_REQUIRED)                                                                     \
    X(SignalSynchronizationObjectFromCpu, (const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *p),    \
      (p), NTF_THUNK_REQUIRED)                                                                     \
    /* keyed mutexes; of WSL none works */                                                         \
    X(CreateKeyedMutex, (D3DKMT_CREATEKEYEDMUTEX *p), (p), NTF_THUNK_OPTIONAL)                     \
    X(CreateKeyedMutex2, (D3DKMT_CREATEKEYEDMUTEX2 *p), (p), NTF_THUNK_OPTIONAL)                   \
    X(OpenKeyedMutex, (D3DKMT_OPENKEYEDMUTEX *p), (p), NTF_THUNK_OPTIONAL)                         \
    X(OpenKeyedMutex2, (D3DKMT_OPENKEYEDMUTEX2 *p), (p), NTF_THUNK_OPTIONAL)                       \
    X(OpenKeyedMutexFromNtHandle, (D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE *p), (p), NTF_THUNK_OPTIONAL) \
    X(AcquireKeyedMutex, (D3DKMT_ACQUIREKEYEDMUTEX *p), (p), NTF_THUNK_OPTIONAL)                   \
    X(AcquireKeyedMutex2, (D3DKMT_ACQUIREKEYEDMUTEX2 *p), (p), NTF_THUNK_OPTIONAL)                 \
    X(ReleaseKeyedMutex, (D3DKMT_RELEASEKEYEDMUTEX *p), (p), NTF_THUNK_OPTIONAL)                   \
    X(ReleaseKeyedMutex2, (D3DKMT_RELEASEKEYEDMUTEX2 *p), (p), NTF_THUNK_OPTIONAL)                 \
    X(DestroyKeyedMutex, (const D3DKMT_DESTROYKEYEDMUTEX *p), (p), NTF_THUNK_OPTIONAL)             \
    /* resources: what a keyed mutex is shared in */                                               \
    X(CreateAllocation, (D3DKMT_CREATEALLOCATION *p), (p), NTF_THUNK_OPTIONAL)                     \
    X(CreateAllocation2, (D3DKMT_CREATEALLOCATION *p), (p), NTF_THUNK_OPTIONAL)                    \
    X(DestroyAllocation, (const D3DKMT_DESTROYALLOCATION *p), (p), NTF_THUNK_OPTIONAL)             \
    X(DestroyAllocation2, (const D3DKMT_DESTROYALLOCATION2 *p), (p), NTF_THUNK_OPTIONAL)           \
    X(QueryResourceInfo, (D3DKMT_QUERYRESOURCEINFO *p), (p), NTF_THUNK_OPTIONAL)                   \
    X(QueryResourceInfoFromNtHandle, (D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE *p), (p),               \
      NTF_THUNK_OPTIONAL)                                                                          \
    X(OpenResource, (D3DKMT_OPENRESOURCE *p), (p), NTF_THUNK_OPTIONAL)                             \
    X(OpenResource2, (D3DKMT_OPENRESOURCE *p), (p), NTF_THUNK_OPTIONAL)                            \
    X(OpenResourceFromNtHandle, (D3DKMT_OPENRESOURCEFROMNTHANDLE *p), (p), NTF_THUNK_OPTIONAL)     \
    X(OpenNtHandleFromName, (D3DKMT_OPENNTHANDLEFROMNAME *p), (p), NTF_THUNK_OPTIONAL)

/* One pointer per call, under the call's name. Immutable once a provider is chosen. */
struct ntf_kmt_thunks {
#define NTF_KMT_THUNK_MEMBER(Name, params, args, need) ntf_status(NTF_APIENTRY *Name) params;
    NTF_KMT_THUNKS(NTF_KMT_THUNK_MEMBER)
#undef NTF_KMT_THUNK_MEMBER
};

#endif
