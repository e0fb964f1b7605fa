/* SPDX-License-Identifier: Apache-2.0 */
/* FAKE_WITHOUT: the library lacks CreateSynchronizationObject2, as gdi32 of Wine 8 does. */
#include <stdlib.h>
#include <string.h>

#include "fake_parts.h"
#include "kmt/soft/soft.h"
#include "rig.h"

enum { OBJECTS = 64, WAITS = 20000 };

struct object {
    bool used;
    ntf_au64 own;
    ntf_au64 *value; /* own, or the shared one */
};

struct fake_control control;
struct ntf_lock lock; /* protects all that follows, and the counters */
static struct object objects[OBJECTS];
ntf_au64 shared;
static struct {
    ntf_au64 *value;
    uint64_t target;
    ntf_handle event;
    bool kept;
} waits[WAITS]; /* the first control.waits_pending */

NTF_EXPORT struct fake_control *fake_control(void);

ntf_au64 *fake_companion(void)
{
    static ntf_au64 own;

    return control.companion ? control.companion : &own;
}

/* ---- Waiting -------------------------------------------------------------------------------- */

static void wake_reached(bool all)
{
    for (uint32_t i = 0; i < control.waits_pending;) {
        if (all || ntf_load(waits[i].value, NTF_ACQUIRE) >= waits[i].target) {
            rig_event_set(waits[i].event);
            if (waits[i].kept)
                rig_handle_close(waits[i].event);
            waits[i] = waits[--control.waits_pending];
        } else {
            i++;
        }
    }
}

static void write_to(ntf_au64 *to, uint64_t value)
{
    ntf_lock_take(&lock);
    ntf_store(to, value, NTF_RELEASE);
    wake_reached(false);
    ntf_lock_drop(&lock);
}

static void fake_write(uint64_t value)
{
    write_to(&shared, value);
}

static void fake_write_companion(uint64_t value)
{
    write_to(fake_companion(), value);
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
    control.write_companion = fake_write_companion;
    control.unwait = fake_unwait;
    control.waited_for = fake_waited_for;
    return &control;
}

ntf_au64 *fake_value_of(D3DKMT_HANDLE handle)
{
    const uint32_t index = ((handle & 0x3FFFFFFFu) >> 6) - 1;

    return index < OBJECTS && objects[index].used ? objects[index].value : NULL;
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
    if (!object || p->ObjectCount != 1 || !p->hAsyncEvent || control.waits_pending == WAITS ||
        (control.legacy_sync && object->value == fake_companion()))
        status = NTF_STATUS_INVALID_PARAMETER;
    if (status == NTF_STATUS_SUCCESS && !control.dead_wait) {
        waits[control.waits_pending].value = object->value;
        waits[control.waits_pending].target = p->FenceValueArray[0];
        waits[control.waits_pending].kept = control.keeps_events;
        waits[control.waits_pending++].event =
            control.keeps_events ? rig_handle_copy(p->hAsyncEvent) : p->hAsyncEvent;
        if (control.rise_in_wait)
            ntf_store(object->value, control.rise_in_wait, NTF_RELEASE);
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

ntf_status fake_make(const struct fake_answer *answer, ntf_au64 *value, uint64_t initial, D3DKMT_HANDLE *handle,
                     void **address)
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
    uint64_t initial;

    if (p->hSyncObject || p->Info.SharedHandle || p->Info.MonitoredFence.FenceValueCPUVirtualAddress)
        control.dirty++;
    if (p->Info.Type != D3DDDI_MONITORED_FENCE || !p->hDevice)
        return NTF_STATUS_INVALID_PARAMETER;
    if (global) /* its value is the shared one */
        ntf_store(&shared, p->Info.MonitoredFence.InitialFenceValue, NTF_RELEASE);
    initial = p->Info.MonitoredFence.InitialFenceValue;
    if (control.narrow && !(p->Info.Flags & NTF_SYNC_NO_GPU_ACCESS))
        initial = (uint32_t)initial;
    status = fake_make(answer, global ? &shared : NULL, initial, &p->hSyncObject,
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
    if (control.unwait_on_destroy)
        fake_unwait();
    return NTF_STATUS_SUCCESS;
}

bool fake_all_zero(const void *bytes, size_t count)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < count; i++) {
        if (byte[i])
            return false;
    }
    return true;
}

void fake_opened(char which)
{
    if (control.opens < FAKE_CALLS_MAX)
        control.order[control.opens++] = which;
}

/* The caller must have given a whole block, zero but for what it sets. A kernel of the first generation would read
 * something else there: it must not be asked. */
ntf_status NTF_APIENTRY D3DKMTCreateNativeFence(D3DKMT_CREATENATIVEFENCE *p)
{
    const size_t head = offsetof(D3DKMT_CREATENATIVEFENCE, Info.NativeFenceMapping);

    if (p->hSyncObject || !fake_all_zero(p->PrivateDriverData, sizeof p->PrivateDriverData) ||
        !fake_all_zero((char *)p + head, NTF_NATIVE_FENCE_BLOCK_SIZE - head) || control.generation == FAKE_22621)
        control.dirty++;
    return fake_make(&control.native_create, NULL, p->Info.InitialFenceValue, &p->hSyncObject,
                     &p->Info.NativeFenceMapping.CurrentValueCpuVa);
}

/* Each kernel writes as much as it knows. */
ntf_status NTF_APIENTRY
D3DKMTOpenNativeFenceFromNtHandle(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p)
{
    static const size_t sizes[] = { sizeof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE),
                                    sizeof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2),
                                    sizeof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621) };
    const size_t out = offsetof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE, hSyncObject);

    fake_opened('n');
    if (!fake_all_zero((char *)p + out, NTF_NATIVE_FENCE_BLOCK_SIZE - out) || p->EngineAffinity != 1 ||
        p->Flags != 0x3 || !p->hDevice || !p->hNtHandle)
        control.dirty++;
    memset((char *)p + out, 0xA5, sizes[control.generation] - out); /* to see it re-zeroed */
    p->hSyncObject = 0;
    if (fake_kind_of(p->hNtHandle) != FAKE_FENCE)
        return NTF_STATUS_OBJECT_TYPE_MISMATCH;
    return fake_make(&control.native_open, &shared, 0, &p->hSyncObject,
                     &p->NativeFenceMapping.CurrentValueCpuVa);
}

enum fake_kind fake_kind_of(ntf_handle handle)
{
    return control.bundle && handle == control.bundle ? FAKE_BUNDLE : control.kind;
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
    fake_opened((char)('0' + i));
    if (!fake_all_zero((char *)p + out, sizeof *p - out) || !p->hDevice || !p->hNtHandle)
        control.dirty++;
    memset((char *)p + out, 0xA5, sizeof *p - out);
    p->hSyncObject = 0;
    if (fake_kind_of(p->hNtHandle) == FAKE_MUTEX)
        return NTF_STATUS_OBJECT_TYPE_MISMATCH;
    if (fake_kind_of(p->hNtHandle) == FAKE_BUNDLE)
        return fake_make(&control.bundle_sync, fake_companion(), 0, &p->hSyncObject,
                         &p->MonitoredFence.FenceValueCPUVirtualAddress);
    return fake_make(&control.open[i], &shared, 0, &p->hSyncObject,
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
    if ((p->Type != 15 && p->Type != 80) || p->PrivateDriverDataSize != 4)
        return NTF_STATUS_INVALID_PARAMETER;
    if (p->Type == 80) {
        *(uint32_t *)p->pPrivateDriverData = control.no_caps ? 0xFFFFFFFEu : 1;
        return control.caps_status;
    }
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

ntf_status NTF_APIENTRY D3DKMTCreateSynchronizationObject(D3DKMT_CREATESYNCHRONIZATIONOBJECT *p)
{
    (void)p;
    return NTF_STATUS_NOT_SUPPORTED;
}

ntf_status NTF_APIENTRY D3DKMTOpenSynchronizationObject(D3DKMT_OPENSYNCHRONIZATIONOBJECT *p)
{
    ntf_status status;
    void *address = NULL;

    fake_opened('g');
    control.last_global = p->hSharedHandle;
    if (p->hSyncObject || !fake_all_zero(p->Reserved, sizeof p->Reserved))
        control.dirty++;
    if (!control.global)
        return NTF_STATUS_NOT_SUPPORTED;
    if (p->hSharedHandle != FAKE_GLOBAL)
        return NTF_STATUS_INVALID_PARAMETER;
    status = fake_make(&control.global_open, control.other_value ? NULL : &shared, 5, &p->hSyncObject, &address);
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
