/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/play.h"

#include "base/os/os.h"
#include "kmt/soft/soft.h"
#include "kmt/soft/wait.h"

#include <string.h>

static struct {
    struct ntf_lock lock; /* protects the reading */
    ntf_aptr chosen;      /* const struct ntf_kmt_thunks *; 0: not yet */
    bool played, low32, unsticky; /* immutable once chosen, as is all below */
    struct ntf_kmt_thunks thunks;
} play;

#define SOFT (ntf_soft_thunks())

/* ---- what is not implemented ---- */

#define MISSING(Name, params, args, need)                                                          \
    static ntf_status NTF_APIENTRY missing_##Name params                                           \
    {                                                                                              \
        return 0 ? SOFT->Name args : NTF_STATUS_NOT_IMPLEMENTED; /* so that no parameter is unused */ \
    }
NTF_KMT_THUNKS(MISSING)
#undef MISSING

/* ---- native fences in other layouts ---- */

static ntf_status NTF_APIENTRY open_22621(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p)
{
    D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621 *old = (D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621 *)(void *)p;
    D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    memset(&open, 0, sizeof open);
    open.hNtHandle = old->hNtHandle;
    open.hDevice = old->hDevice;
    open.EngineAffinity = old->EngineAffinity;
    open.Flags = old->Flags;
    status = SOFT->OpenNativeFenceFromNtHandle(&open);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    old->hSyncObject = open.hSyncObject;
    old->NativeFenceMapping.CurrentValueCpuVa = open.NativeFenceMapping.CurrentValueCpuVa;
    old->NativeFenceMapping.CurrentValueGpuVa = 0;
    old->NativeFenceMapping.MonitoredValueGpuVa = 0;
    return status;
}

static ntf_status NTF_APIENTRY create_22621(D3DKMT_CREATENATIVEFENCE *p)
{
    D3DKMT_CREATENATIVEFENCE_22621 *old = (D3DKMT_CREATENATIVEFENCE_22621 *)(void *)p;
    D3DKMT_CREATENATIVEFENCE create;
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    memset(&create, 0, sizeof create);
    create.hDevice = old->hDevice;
    create.Info.InitialFenceValue = old->Info.InitialFenceValue;
    create.Info.EngineAffinity = old->Info.EngineAffinity;
    create.Info.Flags = old->Info.Flags;
    status = SOFT->CreateNativeFence(&create);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    old->Info.hSyncObject = create.hSyncObject;
    old->Info.NativeFenceMapping.CurrentValueCpuVa = create.Info.NativeFenceMapping.CurrentValueCpuVa;
    old->Info.NativeFenceMapping.CurrentValueGpuVa = 0;
    old->Info.NativeFenceMapping.MonitoredValueGpuVa = 0;
    return status;
}

/* Reads and writes 112 bytes. */
static ntf_status NTF_APIENTRY open_24h2(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p)
{
    D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    memset(&open, 0, sizeof open);
    memcpy(&open, p, sizeof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2));
    status = SOFT->OpenNativeFenceFromNtHandle(&open);
    memcpy(p, &open, sizeof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2));
    return status;
}

static ntf_status NTF_APIENTRY create_refused(D3DKMT_CREATENATIVEFENCE *p)
{
    (void)p;
    return NTF_STATUS_INVALID_PARAMETER;
}

static ntf_status NTF_APIENTRY open_refused(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE *p)
{
    (void)p;
    return NTF_STATUS_INVALID_PARAMETER;
}

/* ---- what is said of native fences ---- */

static ntf_status NTF_APIENTRY feature_unknown(D3DKMT_ISFEATUREENABLED *p)
{
    (void)p;
    return NTF_STATUS_INVALID_PARAMETER;
}

static ntf_status NTF_APIENTRY feature_off(D3DKMT_ISFEATUREENABLED *p)
{
    const ntf_status status = SOFT->IsFeatureEnabled(p);

    if (status == NTF_STATUS_SUCCESS)
        p->Result.Value &= (uint16_t)~NTF_FEATURE_ENABLED;
    return status;
}

static ntf_status NTF_APIENTRY caps_say_no(const D3DKMT_QUERYADAPTERINFO *p)
{
    const ntf_status status = SOFT->QueryAdapterInfo(p);

    if (status == NTF_STATUS_SUCCESS && p->Type == KMTQAITYPE_WDDM_3_1_CAPS)
        memset(p->pPrivateDriverData, 0, sizeof(D3DKMT_WDDM_3_1_CAPS));
    return status;
}

static ntf_status NTF_APIENTRY no_caps(const D3DKMT_QUERYADAPTERINFO *p)
{
    return p && p->Type == KMTQAITYPE_WDDM_3_1_CAPS ? NTF_STATUS_NOT_IMPLEMENTED : SOFT->QueryAdapterInfo(p);
}

/* ---- Wine 11 ---- */

static ntf_status NTF_APIENTRY any_adapter(D3DKMT_OPENADAPTERFROMLUID *p)
{
    D3DKMT_OPENADAPTERFROMLUID open = { { 0x4E46, 0 }, 0 };
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    status = SOFT->OpenAdapterFromLuid(&open);
    if (status == NTF_STATUS_SUCCESS)
        p->hAdapter = open.hAdapter;
    return status;
}

static ntf_status NTF_APIENTRY create_without_address(D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *p)
{
    void *const before = p ? p->Info.MonitoredFence.FenceValueCPUVirtualAddress : NULL;
    const ntf_status status = SOFT->CreateSynchronizationObject2(p);

    if (status == NTF_STATUS_SUCCESS && p->Info.Type == D3DDDI_MONITORED_FENCE)
        p->Info.MonitoredFence.FenceValueCPUVirtualAddress = before;
    return status;
}

static ntf_status NTF_APIENTRY open_without_address(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *p)
{
    const ntf_status status = SOFT->OpenSyncObjectFromNtHandle2(p);

    if (status == NTF_STATUS_SUCCESS)
        p->MonitoredFence.FenceValueCPUVirtualAddress = NULL;
    return status;
}

static ntf_status NTF_APIENTRY open_global_without_address(D3DKMT_OPENSYNCHRONIZATIONOBJECT *p)
{
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open;
    ntf_status status;

    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    open = *p;
    status = SOFT->OpenSynchronizationObject(&open);
    if (status == NTF_STATUS_SUCCESS)
        p->hSyncObject = open.hSyncObject;
    return status;
}

/* ---- values ---- */

static bool is_short(const struct soft_object *object)
{
    return play.low32 && object->header.kind == D3DDDI_MONITORED_FENCE &&
           !(object->header.flags & NTF_SYNC_NO_GPU_ACCESS);
}

static uint64_t cut(D3DKMT_HANDLE handle, uint64_t value)
{
    struct soft_sync *sync = soft_sync_get(handle);

    if (sync && is_short(sync->object))
        value &= UINT32_MAX;
    if (sync)
        soft_sync_put(sync);
    return value;
}

static bool is_all_ones(D3DKMT_HANDLE handle)
{
    struct soft_sync *sync = soft_sync_get(handle);
    const bool is = sync && soft_object_is_fence(sync->object) &&
                    ntf_object_value(&sync->object->base) == (is_short(sync->object) ? UINT32_MAX : UINT64_MAX);

    if (sync)
        soft_sync_put(sync);
    return is;
}

static ntf_status NTF_APIENTRY create_cut(D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *p)
{
    if (p && p->Info.Type == D3DDDI_MONITORED_FENCE && !(p->Info.Flags & NTF_SYNC_NO_GPU_ACCESS))
        p->Info.MonitoredFence.InitialFenceValue &= UINT32_MAX;
    return SOFT->CreateSynchronizationObject2(p);
}

/* One by one: what is refused leaves those before it signalled. */
static ntf_status NTF_APIENTRY signal_played(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    ntf_status status = NTF_STATUS_SUCCESS;
    uint32_t i;

    if (!p || !p->ObjectHandleArray || !p->FenceValueArray || p->ObjectCount == 0)
        return SOFT->SignalSynchronizationObjectFromCpu(p);
    for (i = 0; i < p->ObjectCount && status == NTF_STATUS_SUCCESS; i++) {
        const uint64_t value = cut(p->ObjectHandleArray[i], p->FenceValueArray[i]);
        D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU one = *p;
        one.ObjectCount = 1;
        one.ObjectHandleArray = &p->ObjectHandleArray[i];
        one.FenceValueArray = &value;
        if (play.unsticky && is_all_ones(p->ObjectHandleArray[i]))
            one.Flags |= NTF_SIGNAL_ALLOW_REWIND;
        status = SOFT->SignalSynchronizationObjectFromCpu(&one);
    }
    return status;
}

static ntf_status NTF_APIENTRY wait_cut(const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *p)
{
    D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait;
    uint64_t values[D3DDDI_MAX_OBJECT_WAITED_ON];
    uint32_t i;

    if (!p || !p->ObjectHandleArray || !p->FenceValueArray)
        return SOFT->WaitForSynchronizationObjectFromCpu(p);
    if (p->ObjectCount > D3DDDI_MAX_OBJECT_WAITED_ON)
        return NTF_STATUS_INVALID_PARAMETER;
    for (i = 0; i < p->ObjectCount; i++)
        values[i] = cut(p->ObjectHandleArray[i], p->FenceValueArray[i]);
    wait = *p;
    wait.FenceValueArray = values;
    return SOFT->WaitForSynchronizationObjectFromCpu(&wait);
}

static ntf_status NTF_APIENTRY destroy_and_release(const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *p)
{
    struct soft_sync *sync = p ? soft_sync_get(p->hSyncObject) : NULL;
    const ntf_status status = SOFT->DestroySynchronizationObject(p);

    if (!sync)
        return status;
    if (status == NTF_STATUS_SUCCESS) {
        (void)ntf_fetch_add(&sync->object->releases, 1u, NTF_ACQ_REL);
        soft_waits_look_again();
    }
    soft_sync_put(sync);
    return status;
}

/* ---- the words ---- */

/* Everything but adapters and devices. */
static void miss_all(struct ntf_kmt_thunks *thunks)
{
    const struct ntf_kmt_thunks kept = *thunks;

#define MISS(Name, params, args, need) thunks->Name = missing_##Name;
    NTF_KMT_THUNKS(MISS)
#undef MISS
    thunks->OpenAdapterFromLuid = any_adapter;
    thunks->EnumAdapters2 = kept.EnumAdapters2;
    thunks->CloseAdapter = kept.CloseAdapter;
    thunks->CreateDevice = kept.CreateDevice;
    thunks->DestroyDevice = kept.DestroyDevice;
    thunks->QueryAdapterInfo = no_caps;
}

static void play_wine11(struct ntf_kmt_thunks *thunks)
{
    thunks->OpenAdapterFromLuid = any_adapter;
    thunks->QueryAdapterInfo = no_caps;
    thunks->IsFeatureEnabled = missing_IsFeatureEnabled;
    thunks->CreateNativeFence = missing_CreateNativeFence;
    thunks->OpenNativeFenceFromNtHandle = missing_OpenNativeFenceFromNtHandle;
    thunks->CreateSynchronizationObject2 = create_without_address;
    thunks->OpenSyncObjectFromNtHandle2 = open_without_address;
    thunks->OpenSynchronizationObject = open_global_without_address;
    thunks->WaitForSynchronizationObjectFromCpu = missing_WaitForSynchronizationObjectFromCpu;
    thunks->SignalSynchronizationObjectFromCpu = missing_SignalSynchronizationObjectFromCpu;
}

static void play_word(const char *word, struct ntf_kmt_thunks *thunks)
{
    if (strcmp(word, "22621") == 0) {
        thunks->CreateNativeFence = create_22621;
        thunks->OpenNativeFenceFromNtHandle = open_22621;
        thunks->IsFeatureEnabled = feature_unknown;
    } else if (strcmp(word, "24h2") == 0) {
        thunks->OpenNativeFenceFromNtHandle = open_24h2;
    } else if (strcmp(word, "nonative") == 0) {
        thunks->CreateNativeFence = create_refused;
        thunks->OpenNativeFenceFromNtHandle = open_refused;
        thunks->IsFeatureEnabled = feature_off;
        thunks->QueryAdapterInfo = caps_say_no;
    } else if (strcmp(word, "wine10") == 0) {
        miss_all(thunks);
    } else if (strcmp(word, "wine11") == 0) {
        play_wine11(thunks);
    } else if (strcmp(word, "fence32") == 0) {
        play.low32 = true;
        thunks->CreateSynchronizationObject2 = create_cut;
        thunks->SignalSynchronizationObjectFromCpu = signal_played;
        thunks->WaitForSynchronizationObjectFromCpu = wait_cut;
    } else if (strcmp(word, "release") == 0) {
        thunks->DestroySynchronizationObject = destroy_and_release;
    } else if (strcmp(word, "unsticky") == 0) {
        play.unsticky = true;
        thunks->SignalSynchronizationObjectFromCpu = signal_played;
    }
}

static void read_words(void)
{
    char words[256];
    char *word = words;
    const int length = ntf_os_elevated() ? -1 : ntf_os_getenv("NTFENCE_PLAY", words, sizeof words);

    play.thunks = *SOFT;
    play.played = length > 0 && length < (int)sizeof words;
    while (play.played && word) {
        char *comma = strchr(word, ',');
        if (comma)
            *comma = '\0';
        play_word(word, &play.thunks);
        word = comma ? comma + 1 : NULL;
    }
}

const struct ntf_kmt_thunks *ntf_play_thunks(void)
{
    uintptr_t thunks = ntf_load(&play.chosen, NTF_ACQUIRE);

    if (thunks == 0) {
        ntf_lock_take(&play.lock);
        if (ntf_load(&play.chosen, NTF_RELAXED) == 0)
            read_words();
        thunks = (uintptr_t)(play.played ? &play.thunks : SOFT);
        ntf_store(&play.chosen, thunks, NTF_RELEASE);
        ntf_lock_drop(&play.lock);
    }
    return (const struct ntf_kmt_thunks *)thunks;
}
