/* SPDX-License-Identifier: Apache-2.0 */
/* FAKE_WITHOUT: the library lacks CreateSynchronizationObject2, as gdi32 of Wine 8 does. */
#include <stdlib.h>
#include <string.h>

#include "base/os/compiler.h"
#include "base/os/os.h"
#include "fake.h"
#include "kmt/soft/soft.h"
#include "rig.h"

enum { OBJECTS = 64, WAITS = 20000 };

struct object {
    bool used;
    ntf_au64 own;
    ntf_au64 *value; /* own, or the shared one */
};

static struct fake_control control;
static struct ntf_lock lock; /* protects all that follows, and the counters */
static struct object objects[OBJECTS];
static ntf_au64 shared;
static struct {
    ntf_au64 *value;
    uint64_t target;
    ntf_handle event;
} waits[WAITS]; /* the first control.waits_pending */

#define EXPORT(Name, params, args, need) NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name params;
NTF_KMT_THUNKS(EXPORT)
#undef EXPORT
NTF_EXPORT struct fake_control *fake_control(void);

/* ---- Waiting -------------------------------------------------------------------------------- */

static void wake_reached(bool all)
{
    for (uint32_t i = 0; i < control.waits_pending;) {
        if (all || ntf_load(waits[i].value, NTF_ACQUIRE) >= waits[i].target) {
            rig_event_set(waits[i].event);
            waits[i] = waits[--control.waits_pending];
        } else {
            i++;
        }
    }
}

static void fake_write(uint64_t value)
{
    ntf_lock_take(&lock);
    ntf_store(&shared, value, NTF_RELEASE);
    wake_reached(false);
    ntf_lock_drop(&lock);
}

static void fake_unwait(void)
{
    ntf_lock_take(&lock);
    wake_reached(true);
    ntf_lock_drop(&lock);
}

static bool fake_waited_for(void)
{
    bool pending;

    ntf_lock_take(&lock);
    pending = control.waits_pending > 0;
    ntf_lock_drop(&lock);
    return pending;
}

struct fake_control *fake_control(void)
{
    control.value = &shared;
    control.write = fake_write;
    control.unwait = fake_unwait;
    control.waited_for = fake_waited_for;
    return &control;
}

static struct object *find(D3DKMT_HANDLE handle)
{
    const uint32_t index = ((handle & 0x3FFFFFFFu) >> 6) - 1;

    return index < OBJECTS && objects[index].used ? &objects[index] : NULL;
}

ntf_status NTF_APIENTRY
D3DKMTWaitForSynchronizationObjectFromCpu(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    const struct object *object = find(p->ObjectHandleArray[0]);
    ntf_status status = control.wait_status;

    ntf_lock_take(&lock);
    control.waits++;
    control.last_event = p->hAsyncEvent;
    if (!object || p->ObjectCount != 1 || !p->hAsyncEvent || control.waits_pending == WAITS)
        status = NTF_STATUS_INVALID_PARAMETER;
    if (status == NTF_STATUS_SUCCESS && !control.dead_wait) {
        waits[control.waits_pending].value = object->value;
        waits[control.waits_pending].target = p->FenceValueArray[0];
        waits[control.waits_pending++].event = p->hAsyncEvent;
        wake_reached(false);
    }
    ntf_lock_drop(&lock);
    return status;
}

struct late {
    ntf_au64 *value;
    uint64_t to;
};

static void signal_late(void *argument)
{
    struct late *late = argument;
    ntf_au32 nobody;

    ntf_init(&nobody, 0u);
    (void)ntf_os_park(&nobody, 0, ntf_os_now_ns() + 20000000u);
    ntf_store(late->value, late->to, NTF_RELEASE);
    free(late);
}

static ntf_status raise(ntf_au64 *value, uint64_t to)
{
    if (to < ntf_load(value, NTF_ACQUIRE))
        return NTF_STATUS_INVALID_PARAMETER;
    if (control.slow_signal) {
        struct late *late = malloc(sizeof *late);
        struct ntf_thread *thread;

        control.slow_signal = false; /* the first only */
        late->value = value;
        late->to = to;
        if (ntf_thread_start(&thread, "late", signal_late, late) == NTF_OK)
            ntf_thread_detach(thread);
    } else if (!control.dead_signal) {
        ntf_store(value, to, NTF_RELEASE);
        wake_reached(false);
    }
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY
D3DKMTSignalSynchronizationObjectFromCpu(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    const struct object *object = find(p->ObjectHandleArray[0]);
    ntf_status status = control.signal_status;

    ntf_lock_take(&lock);
    control.signals++;
    if (control.refuse_signal && control.signals == control.refuse_signal)
        status = NTF_STATUS_ACCESS_DENIED;
    if (!object || p->ObjectCount != 1 || p->Flags)
        status = NTF_STATUS_INVALID_PARAMETER;
    if (status == NTF_STATUS_SUCCESS)
        status = raise(object->value, p->FenceValueArray[0]);
    ntf_lock_drop(&lock);
    return status;
}

/* ---- Objects -------------------------------------------------------------------------------- */

/* A new local handle, and the address to give out, as the answer says. */
static ntf_status make(const struct fake_answer *answer, ntf_au64 *value, uint64_t initial,
                       D3DKMT_HANDLE *handle, void **address)
{
    static _Alignas(8) uint64_t askew[2];
    uint32_t i = 0;

    if (answer->status != NTF_STATUS_SUCCESS)
        return answer->status;
    while (i < OBJECTS && objects[i].used)
        i++;
    if (i == OBJECTS)
        return NTF_STATUS_NO_MEMORY;
    if (!answer->no_object) {
        objects[i].used = true;
        objects[i].value = value ? value : &objects[i].own;
        ntf_init(&objects[i].own, initial + (control.wrong_initial ? 1 : 0));
        *handle = 0x40000000u | (i + 1) << 6;
        control.objects_open++;
    }
    *address = answer->no_address ? NULL
               : answer->misaligned ? (void *)((char *)askew + 4)
               : value              ? (void *)value
                                    : (void *)&objects[i].own;
    return NTF_STATUS_SUCCESS;
}

#ifndef FAKE_WITHOUT
ntf_status NTF_APIENTRY
D3DKMTCreateSynchronizationObject2(D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *p)
{
    const bool global = control.global && (p->Info.Flags & 3) == NTF_SYNC_SHARED;
    const struct fake_answer *answer = global ? &control.global_create
                                       : control.create_differs && p->Info.Flags == 0 ? &control.create_plain
                                                                                      : &control.create;
    ntf_status status;

    if (p->hSyncObject || p->Info.SharedHandle || p->Info.MonitoredFence.FenceValueCPUVirtualAddress)
        control.dirty++;
    if (p->Info.Type != D3DDDI_MONITORED_FENCE || !p->hDevice)
        return NTF_STATUS_INVALID_PARAMETER;
    if (global) /* its value is the shared one */
        ntf_store(&shared, p->Info.MonitoredFence.InitialFenceValue, NTF_RELEASE);
    status = make(answer, global ? &shared : NULL, p->Info.MonitoredFence.InitialFenceValue, &p->hSyncObject,
                  &p->Info.MonitoredFence.FenceValueCPUVirtualAddress);
    if (status == NTF_STATUS_SUCCESS && global)
        p->Info.SharedHandle = FAKE_GLOBAL;
    return status;
}
#endif

ntf_status NTF_APIENTRY
D3DKMTDestroySynchronizationObject(const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *p)
{
    struct object *object = find(p->hSyncObject);

    if (!object)
        return NTF_STATUS_INVALID_PARAMETER;
    object->used = false;
    control.objects_open--;
    return NTF_STATUS_SUCCESS;
}

static bool all_zero(const void *bytes, size_t count)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < count; i++) {
        if (byte[i])
            return false;
    }
    return true;
}

/* The caller must have given a whole block, zero but for what it sets. */
ntf_status NTF_APIENTRY D3DKMTCreateNativeFence(D3DKMT_CREATENATIVEFENCE *p)
{
    const size_t head = offsetof(D3DKMT_CREATENATIVEFENCE, Info.NativeFenceMapping);

    if (p->hSyncObject || !all_zero(p->PrivateDriverData, sizeof p->PrivateDriverData) ||
        !all_zero((char *)p + head, NTF_NATIVE_FENCE_BLOCK_SIZE - head))
        control.dirty++;
    return make(&control.native_create, NULL, p->Info.InitialFenceValue, &p->hSyncObject,
                &p->Info.NativeFenceMapping.CurrentValueCpuVa);
}

static void opened(char which)
{
    if (control.opens < FAKE_CALLS_MAX)
        control.order[control.opens++] = which;
}

ntf_status NTF_APIENTRY
D3DKMTOpenNativeFenceFromNtHandle(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p)
{
    const size_t out = offsetof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE, hSyncObject);

    opened('n');
    if (!all_zero((char *)p + out, NTF_NATIVE_FENCE_BLOCK_SIZE - out) || p->EngineAffinity != 1 ||
        p->Flags != 0x3 || !p->hDevice || !p->hNtHandle)
        control.dirty++;
    memset((char *)p + out, 0xA5, NTF_NATIVE_FENCE_BLOCK_SIZE - out); /* to see it re-zeroed */
    p->hSyncObject = 0;
    return make(&control.native_open, &shared, 0, &p->hSyncObject,
                &p->NativeFenceMapping.CurrentValueCpuVa);
}

ntf_status NTF_APIENTRY
D3DKMTOpenSyncObjectFromNtHandle2(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *p)
{
    static const uint32_t flags[FAKE_OPENS] = { 0x483, 0x80, 0x3, 0 };
    const size_t out = offsetof(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2, hSyncObject);
    uint32_t i = 0;

    while (i < FAKE_OPENS && flags[i] != p->Flags)
        i++;
    if (i == FAKE_OPENS)
        return NTF_STATUS_NOT_SUPPORTED;
    opened((char)('0' + i));
    if (!all_zero((char *)p + out, sizeof *p - out) || !p->hDevice || !p->hNtHandle)
        control.dirty++;
    memset((char *)p + out, 0xA5, sizeof *p - out);
    p->hSyncObject = 0;
    return make(&control.open[i], &shared, 0, &p->hSyncObject,
                &p->MonitoredFence.FenceValueCPUVirtualAddress);
}

ntf_status NTF_APIENTRY
D3DKMTOpenSyncObjectNtHandleFromName(D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME *p)
{
    const ntf_unicode_string *name = p->pObjAttrib->ObjectName;

    control.names++;
    control.last_name_access = p->dwDesiredAccess;
    control.last_name_attributes = p->pObjAttrib->Attributes;
    control.last_name_units = name->Length / 2;
    memcpy(control.last_name, name->Buffer, name->Length);
    if (control.name_status == NTF_STATUS_SUCCESS)
        p->hNtHandle = control.name_handle;
    return control.name_status;
}

/* ---- Adapters ------------------------------------------------------------------------------- */

static uint32_t adapter_count(void)
{
    return control.adapter_count ? control.adapter_count : 1;
}

ntf_status NTF_APIENTRY D3DKMTOpenAdapterFromLuid(D3DKMT_OPENADAPTERFROMLUID *p)
{
    const uint32_t number = p->AdapterLuid.LowPart;
    const bool known =
        p->AdapterLuid.HighPart == 7 && number >= 1 && number <= adapter_count();

    if (!known && !control.knows_any_luid)
        return NTF_STATUS_INVALID_PARAMETER;
    control.adapters_open++;
    p->hAdapter = known ? number << 6 | 0x80000000u : 0x80000040u;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTEnumAdapters2(D3DKMT_ENUMADAPTERS2 *p)
{
    if (control.enum_status != NTF_STATUS_SUCCESS)
        return control.enum_status;
    if (!p->pAdapters || p->NumAdapters < adapter_count())
        return NTF_STATUS_BUFFER_TOO_SMALL;
    for (uint32_t i = 0; i < adapter_count(); i++) {
        p->pAdapters[i].hAdapter = (i + 1) << 6 | 0x80000000u;
        p->pAdapters[i].AdapterLuid = (ntf_luid){ i + 1, 7 };
        control.adapters_open++;
    }
    p->NumAdapters = adapter_count();
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTCloseAdapter(const D3DKMT_CLOSEADAPTER *p)
{
    if (!(p->hAdapter & 0x80000000u))
        return NTF_STATUS_INVALID_PARAMETER;
    control.adapters_open--;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTQueryAdapterInfo(const D3DKMT_QUERYADAPTERINFO *p)
{
    if (p->Type != 15 || p->PrivateDriverDataSize != 4)
        return NTF_STATUS_INVALID_PARAMETER;
    *(uint32_t *)p->pPrivateDriverData =
        control.software && p->hAdapter == (control.software << 6 | 0x80000000u) ? 0x5u : 0x1u;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTCreateDevice(D3DKMT_CREATEDEVICE *p)
{
    if (control.device_status != NTF_STATUS_SUCCESS)
        return control.device_status;
    control.devices_open++;
    control.device_adapter = p->hAdapter;
    p->hDevice = 0x40001000u;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTDestroyDevice(const D3DKMT_DESTROYDEVICE *p)
{
    if (p->hDevice != 0x40001000u)
        return NTF_STATUS_INVALID_PARAMETER;
    control.devices_open--;
    return NTF_STATUS_SUCCESS;
}

ntf_status NTF_APIENTRY D3DKMTIsFeatureEnabled(D3DKMT_ISFEATUREENABLED *p)
{
    if (p->FeatureId == 37)
        p->Result.Value = control.feature_value;
    return control.feature_status;
}

ntf_status NTF_APIENTRY D3DKMTShareObjects(uint32_t count, const D3DKMT_HANDLE *handles,
                                           ntf_object_attributes *attributes, uint32_t access,
                                           ntf_handle *out)
{
    (void)count;
    (void)handles;
    (void)attributes;
    (void)access;
    (void)out;
    return NTF_STATUS_NOT_SUPPORTED;
}

ntf_status NTF_APIENTRY D3DKMTCreateSynchronizationObject(D3DKMT_CREATESYNCHRONIZATIONOBJECT *p)
{
    (void)p;
    return NTF_STATUS_NOT_SUPPORTED;
}

ntf_status NTF_APIENTRY D3DKMTOpenSynchronizationObject(D3DKMT_OPENSYNCHRONIZATIONOBJECT *p)
{
    ntf_status status;
    void *address = NULL;

    control.last_global = p->hSharedHandle;
    if (p->hSyncObject || !all_zero(p->Reserved, sizeof p->Reserved))
        control.dirty++;
    if (!control.global)
        return NTF_STATUS_NOT_SUPPORTED;
    if (p->hSharedHandle != FAKE_GLOBAL)
        return NTF_STATUS_INVALID_PARAMETER;
    status = make(&control.global_open, control.other_value ? NULL : &shared, 5, &p->hSyncObject, &address);
    if (status == NTF_STATUS_SUCCESS && address) {
        p->Reserved[0] = (uintptr_t)address;
        p->Reserved[7] = control.no_mark ? 0 : NTF_SOFT_OPEN_MAPPED;
    }
    return status;
}

ntf_status NTF_APIENTRY D3DKMTOpenSyncObjectFromNtHandle(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE *p)
{
    (void)p;
    return NTF_STATUS_NOT_SUPPORTED;
}
