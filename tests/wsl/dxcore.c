// SPDX-License-Identifier: Apache-2.0
// The exports. (The names and the errnos are libdxg's; what the slots do is the driver's.)
#include "dxcore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/os/abi.h"
#include "base/os/compiler.h"
#include "host.h"
#include "kmt/ntstatus.h"

#define DEVICE 0x40000040u
enum { ADAPTERTYPE = 15, RENDERS = 1 };

static int device_fd = -1; // stands for /dev/dxg
static pid_t owner;

// Declared here: not all of them are in the table of the calls that the layer uses.
#define CALL(Name, Type) NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name(Type *p)
#define DECLARE(Name, Type) CALL(Name, Type);
#define ALL(X)                                                                                                         \
    X(OpenAdapterFromLuid, D3DKMT_OPENADAPTERFROMLUID)                                                                 \
    X(EnumAdapters2, D3DKMT_ENUMADAPTERS2)                                                                             \
    X(CloseAdapter, const D3DKMT_CLOSEADAPTER)                                                                         \
    X(CreateDevice, D3DKMT_CREATEDEVICE)                                                                               \
    X(DestroyDevice, const D3DKMT_DESTROYDEVICE)                                                                       \
    X(QueryAdapterInfo, const D3DKMT_QUERYADAPTERINFO)                                                                 \
    X(CreateSynchronizationObject, D3DKMT_CREATESYNCHRONIZATIONOBJECT)                                                 \
    X(CreateSynchronizationObject2, D3DKMT_CREATESYNCHRONIZATIONOBJECT2)                                               \
    X(DestroySynchronizationObject, const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT)                                         \
    X(OpenSynchronizationObject, D3DKMT_OPENSYNCHRONIZATIONOBJECT)                                                     \
    X(OpenSyncObjectFromNtHandle2, D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2)                                                 \
    X(WaitForSynchronizationObjectFromCpu, const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU)                           \
    X(SignalSynchronizationObjectFromCpu, const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU)                             \
    X(QueryResourceInfoFromNtHandle, D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE)                                             \
    X(OpenResourceFromNtHandle, D3DKMT_OPENRESOURCEFROMNTHANDLE)                                                       \
    X(ShareObjectWithHost, void)                                                                                       \
    X(CreateSyncFile, void)
#define STUBS(X)                                                                                                       \
    X(OpenNtHandleFromName, D3DKMT_OPENNTHANDLEFROMNAME)                                                               \
    X(CreateKeyedMutex2, D3DKMT_CREATEKEYEDMUTEX2)                                                                     \
    X(OpenKeyedMutex2, D3DKMT_OPENKEYEDMUTEX2)                                                                         \
    X(DestroyKeyedMutex, const D3DKMT_DESTROYKEYEDMUTEX)                                                               \
    X(AcquireKeyedMutex2, D3DKMT_ACQUIREKEYEDMUTEX2)                                                                   \
    X(ReleaseKeyedMutex2, D3DKMT_RELEASEKEYEDMUTEX2)
ALL(DECLARE)
STUBS(DECLARE)
DECLARE(OpenSyncObjectNtHandleFromName, D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME)
NTF_EXPORT ntf_status NTF_APIENTRY D3DKMTShareObjects(uint32_t count, const D3DKMT_HANDLE *handles,
                                                      ntf_object_attributes *attributes, uint32_t access,
                                                      ntf_handle *out);
NTF_EXPORT struct dxcore_control *dxcore_control(void);

#define STUB(Name, Type)                                                                                               \
    CALL(Name, Type)                                                                                                   \
    {                                                                                                                  \
        (void)p;                                                                                                       \
        return NTF_STATUS_NOT_SUPPORTED;                                                                               \
    }
STUBS(STUB)

CALL(OpenSyncObjectNtHandleFromName, D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME)
{
    (void)p;
    (void)ntf_fetch_add(&control.names, 1u, NTF_RELAXED);
    return NTF_STATUS_NOT_SUPPORTED;
}

static void __attribute__((constructor)) load(void)
{
    device_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    owner = getpid();
    host_fill_control();
}

static void __attribute__((destructor)) unload(void)
{
    (void)close(device_fd);
}

struct dxcore_control *dxcore_control(void)
{
    return &control;
}

static ntf_status status_of(int error)
{
    switch (error) {
    case 0:
        return NTF_STATUS_SUCCESS;
    case ENOMEM:
        return NTF_STATUS_NO_MEMORY;
    case EINVAL:
        return NTF_STATUS_INVALID_PARAMETER;
    case EACCES:
        return NTF_STATUS_ACCESS_DENIED;
    case EBADF:
        return NTF_STATUS_INVALID_HANDLE;
    default:
        return NTF_STATUS_UNSUCCESSFUL; // EINTR, ENOTTY, ENOTRECOVERABLE among others
    }
}

// The driver serves the process that opened the device.
static bool refused(void)
{
    if (control.no_device || device_fd < 0)
        return true;
    if (getpid() == owner)
        return false;
    (void)ntf_fetch_add(&control.calls_of_strangers, 1u, NTF_RELAXED);
    return true;
}

// The calls that come first open it anew.
static bool refused_at_first(void)
{
    if (refused() && !control.no_device) {
        (void)close(device_fd);
        device_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        owner = getpid();
        host_forget();
    }
    return refused();
}

// ---- Adapters and devices ----

static uint32_t adapter_count(void)
{
    return control.adapters ? control.adapters : 1;
}

CALL(OpenAdapterFromLuid, D3DKMT_OPENADAPTERFROMLUID)
{
    if (refused_at_first())
        return NTF_STATUS_UNSUCCESSFUL;
    if (p->AdapterLuid.HighPart != 0x57 || p->AdapterLuid.LowPart - 1 >= adapter_count())
        return status_of(EINVAL);
    p->hAdapter = 0x40000000u | p->AdapterLuid.LowPart << 6;
    return NTF_STATUS_SUCCESS;
}

CALL(EnumAdapters2, D3DKMT_ENUMADAPTERS2)
{
    if (refused_at_first())
        return NTF_STATUS_UNSUCCESSFUL;
    for (uint32_t i = 0; p->pAdapters && p->NumAdapters >= adapter_count() && i < adapter_count(); i++)
        p->pAdapters[i] = (D3DKMT_ADAPTERINFO){.hAdapter = 0x40000000u | (i + 1) << 6, .AdapterLuid = {i + 1, 0x57}};
    p->NumAdapters = adapter_count();
    return NTF_STATUS_SUCCESS;
}

CALL(CloseAdapter, const D3DKMT_CLOSEADAPTER)
{
    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    return status_of((p->hAdapter & 0x40000000u) ? 0 : EINVAL);
}

CALL(QueryAdapterInfo, const D3DKMT_QUERYADAPTERINFO)
{
    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    if (p->Type != ADAPTERTYPE || p->PrivateDriverDataSize != sizeof(uint32_t))
        return status_of(EINVAL);
    *(uint32_t *)p->pPrivateDriverData = RENDERS;
    return NTF_STATUS_SUCCESS;
}

CALL(CreateDevice, D3DKMT_CREATEDEVICE)
{
    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    if (!(p->hAdapter & 0x40000000u))
        return status_of(EINVAL);
    p->hDevice = DEVICE;
    return NTF_STATUS_SUCCESS;
}

CALL(DestroyDevice, const D3DKMT_DESTROYDEVICE)
{
    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    return status_of(p->hDevice == DEVICE ? 0 : EINVAL);
}

// ---- Objects ----

CALL(CreateSynchronizationObject, D3DKMT_CREATESYNCHRONIZATIONOBJECT)
{
    (void)p;
    return refused() ? NTF_STATUS_UNSUCCESSFUL : status_of(EINVAL);
}

CALL(CreateSynchronizationObject2, D3DKMT_CREATESYNCHRONIZATIONOBJECT2)
{
    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    if (p->hDevice != DEVICE || p->Info.Type != D3DDDI_MONITORED_FENCE)
        return status_of(EINVAL);
    return status_of(host_create(p->Info.Flags, p->Info.MonitoredFence.InitialFenceValue, &p->hSyncObject,
                                 &p->Info.MonitoredFence.FenceValueCPUVirtualAddress));
}

CALL(DestroySynchronizationObject, const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT)
{
    return refused() ? NTF_STATUS_UNSUCCESSFUL : status_of(host_destroy(p->hSyncObject));
}

// An empty slot.
CALL(OpenSynchronizationObject, D3DKMT_OPENSYNCHRONIZATIONOBJECT)
{
    (void)p;
    return status_of(ENOTTY);
}

CALL(OpenSyncObjectFromNtHandle2, D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2)
{
    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    (void)ntf_fetch_add(&control.opens, 1u, NTF_RELAXED);
    if (p->hDevice != DEVICE)
        return status_of(EINVAL);
    return status_of(host_open((int)(intptr_t)p->hNtHandle, p->Flags, &p->hSyncObject,
                               &p->MonitoredFence.FenceValueCPUVirtualAddress));
}

ntf_status NTF_APIENTRY D3DKMTShareObjects(uint32_t count, const D3DKMT_HANDLE *handles,
                                           ntf_object_attributes *attributes, uint32_t access, ntf_handle *out)
{
    int64_t written;
    int error, fd = -1;

    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    (void)ntf_fetch_add(&control.shares, 1u, NTF_RELAXED);
    control.last_access = access;
    control.attributes_given = attributes && (attributes->ObjectName || attributes->Attributes);
    error = count == 1 ? host_share(handles[0], &fd) : EINVAL;
    if (error)
        return status_of(error);
    if (control.no_handle) {
        (void)close(fd);
        return NTF_STATUS_SUCCESS;
    }
    written = fd;
    memcpy((void *)out, &written, sizeof written); // 64 bits, whatever a pointer has
    return NTF_STATUS_SUCCESS;
}

CALL(QueryResourceInfoFromNtHandle, D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE)
{
    (void)p;
    return refused() ? NTF_STATUS_UNSUCCESSFUL : status_of(EINVAL);
}

CALL(OpenResourceFromNtHandle, D3DKMT_OPENRESOURCEFROMNTHANDLE)
{
    (void)p;
    return refused() ? NTF_STATUS_UNSUCCESSFUL : status_of(EINVAL);
}

CALL(ShareObjectWithHost, void)
{
    (void)p;
    return NTF_STATUS_UNSUCCESSFUL;
}

CALL(CreateSyncFile, void)
{
    (void)p;
    return NTF_STATUS_UNSUCCESSFUL;
}

// ---- Waiting and signalling ----

CALL(WaitForSynchronizationObjectFromCpu, const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU)
{
    const struct host_wait wait = {
        .handles = p->ObjectHandleArray,
        .targets = p->FenceValueArray,
        .count = p->ObjectCount,
        .any = (p->Flags & NTF_WAIT_FROM_CPU_ANY) != 0,
        .event = (int)(intptr_t)p->hAsyncEvent,
    };
    int error;

    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    (void)ntf_fetch_add(&control.waits, 1u, NTF_RELAXED);
    error = p->hDevice == DEVICE ? host_wait(&wait) : EINVAL;
    if (!error && wait.event && control.host_pending)
        return NTF_STATUS_PENDING;
    return status_of(error);
}

// Whether this one is to be broken off.
static bool breaks(void)
{
    uint32_t left = ntf_load(&control.breaks, NTF_RELAXED);

    while (left) {
        if (ntf_cas(&control.breaks, &left, left - 1, NTF_RELAXED))
            return true;
    }
    return false;
}

CALL(SignalSynchronizationObjectFromCpu, const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU)
{
    const bool broken = breaks();
    int error = EINTR;

    if (refused())
        return NTF_STATUS_UNSUCCESSFUL;
    (void)ntf_fetch_add(&control.signals, 1u, NTF_RELAXED);
    if (p->hDevice != DEVICE)
        return status_of(EINVAL);
    if (!broken || control.how == DXCORE_BROKEN_AFTER)
        error = host_signal(p);
    return status_of(broken ? EINTR : error);
}
