/* SPDX-License-Identifier: Apache-2.0 */
/* Systems that the stand-alone library plays (kmt/soft/play.h), one for each run: NTFENCE_PLAY says which. */
#include "rig_bundle.h"

#include "kmt/soft/soft.h"

#include <stdio.h>
#include <string.h>

#define POISON_POINTER ((void *)(uintptr_t)POISON)

static char word[64]; /* of NTFENCE_PLAY; empty: none */

static bool played(const char *which)
{
    return strcmp(word, which) == 0;
}

/* ---- what is said of native fences ---- */

static ntf_status caps(uint32_t *value)
{
    D3DKMT_QUERYADAPTERINFO info = { rig_adapter(), KMTQAITYPE_WDDM_3_1_CAPS, value, sizeof *value };

    *value = POISON;
    return kmt.QueryAdapterInfo(&info);
}

static ntf_status feature(uint16_t *value)
{
    D3DKMT_ISFEATUREENABLED query = { rig_adapter(), DXGK_FEATURE_NATIVE_FENCE, { 0, 0 } };
    const ntf_status status = kmt.IsFeatureEnabled(&query);

    *value = query.Result.Value;
    return status;
}

static void what_is_said(void **state)
{
    const bool wine = played("wine10") || played("wine11");
    uint32_t bits;
    uint16_t flags;

    (void)state;
    assert_int_equal(caps(&bits), wine ? NTF_STATUS_NOT_IMPLEMENTED : NTF_STATUS_SUCCESS);
    if (!wine)
        assert_int_equal(bits, played("nonative") ? 0 : NTF_WDDM_3_1_CAPS_NATIVE_FENCE);
    assert_int_equal(feature(&flags), wine              ? NTF_STATUS_NOT_IMPLEMENTED
                                      : played("22621") ? NTF_STATUS_INVALID_PARAMETER
                                                        : NTF_STATUS_SUCCESS);
    if (!wine && !played("22621"))
        assert_int_equal(flags & NTF_FEATURE_ENABLED, played("nonative") ? 0 : NTF_FEATURE_ENABLED);
}

/* ---- native fences, and how much of a block is touched ---- */

union block {
    uint8_t bytes[NTF_NATIVE_FENCE_BLOCK_SIZE];
    D3DKMT_CREATENATIVEFENCE_22621 create_22621;
    D3DKMT_CREATENATIVEFENCE create;
    D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621 open_22621;
    D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
};

static void expect_untouched(const union block *block, size_t from)
{
    for (size_t i = from; i < sizeof block->bytes; i++)
        assert_int_equal(block->bytes[i], 0xA5);
}

static D3DKMT_HANDLE make_native(void)
{
    union block block;

    memset(&block, 0xA5, sizeof block);
    if (played("22621")) {
        memset(&block, 0, sizeof block.create_22621);
        block.create_22621.hDevice = rig_device();
        block.create_22621.Info.InitialFenceValue = 5;
        block.create_22621.Info.Flags = SHARED;
        assert_int_equal(kmt.CreateNativeFence(&block.create), NTF_STATUS_SUCCESS);
        expect_untouched(&block, sizeof block.create_22621);
        assert_int_equal(*(const uint64_t *)block.create_22621.Info.NativeFenceMapping.CurrentValueCpuVa, 5);
        return block.create_22621.Info.hSyncObject;
    }
    memset(&block, 0, sizeof block.create);
    block.create.hDevice = rig_device();
    block.create.Info.InitialFenceValue = 5;
    block.create.Info.Flags = SHARED;
    assert_int_equal(kmt.CreateNativeFence(&block.create), NTF_STATUS_SUCCESS);
    expect_untouched(&block, sizeof block.create);
    return block.create.hSyncObject;
}

static void native_fences(void **state)
{
    const bool wine = played("wine10") || played("wine11"), old = played("22621");
    const size_t size = old ? 48 : played("24h2") ? 112 : 176;
    union block block;
    D3DKMT_HANDLE handle;
    ntf_handle nt;

    (void)state;
    memset(&block, 0, sizeof block);
    block.create.hDevice = rig_device();
    if (wine || played("nonative")) {
        const ntf_status refusal = wine ? NTF_STATUS_NOT_IMPLEMENTED : NTF_STATUS_INVALID_PARAMETER;
        assert_int_equal(kmt.CreateNativeFence(&block.create), refusal);
        assert_int_equal(kmt.OpenNativeFenceFromNtHandle(&block.open), refusal);
        return;
    }
    handle = make_native();
    nt = rig_share(handle);
    memset(&block, 0xA5, sizeof block);
    memset(&block, 0, size);
    block.open.hNtHandle = nt;
    block.open.hDevice = rig_device();
    block.open.Flags = SHARED;
    assert_int_equal(kmt.OpenNativeFenceFromNtHandle(&block.open), NTF_STATUS_SUCCESS);
    expect_untouched(&block, size);
    assert_int_equal(*(const uint64_t *)(old ? block.open_22621.NativeFenceMapping.CurrentValueCpuVa
                                             : block.open.NativeFenceMapping.CurrentValueCpuVa), 5);
    rig_destroy(old ? block.open_22621.hSyncObject : block.open.hSyncObject);
    rig_handle_close(nt);
    rig_destroy(handle);
}

/* ---- monitored fences ---- */

static void without_addresses(void)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    struct rig_fence opened;
    ntf_handle nt;
    D3DKMT_OPENADAPTERFROMLUID adapter = { { 77, 7 }, 0 };

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = SHARED;
    create.Info.MonitoredFence.FenceValueCPUVirtualAddress = POISON_POINTER;
    assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    assert_ptr_equal(create.Info.MonitoredFence.FenceValueCPUVirtualAddress, POISON_POINTER);
    nt = rig_share(create.hSyncObject);
    assert_int_equal(rig_open(nt, 0, &opened), NTF_STATUS_SUCCESS);
    assert_null(opened.value);
    assert_int_equal(rig_signal(opened.handle, 1), NTF_STATUS_NOT_IMPLEMENTED);
    assert_int_equal(rig_wait(opened.handle, 0), NTF_STATUS_NOT_IMPLEMENTED);
    rig_destroy(opened.handle);
    rig_handle_close(nt);
    rig_destroy(create.hSyncObject);
    assert_int_equal(kmt.OpenAdapterFromLuid(&adapter), NTF_STATUS_SUCCESS);
}

static void not_implemented(void)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    D3DKMT_CREATEKEYEDMUTEX mutex = { 0, POISON, POISON };
    const D3DKMT_HANDLE none = 0;
    ntf_handle nt;

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_NOT_IMPLEMENTED);
    assert_int_equal(kmt.CreateKeyedMutex(&mutex), NTF_STATUS_NOT_IMPLEMENTED);
    assert_int_equal(kmt.ShareObjects(1, &none, NULL, 1, &nt), NTF_STATUS_NOT_IMPLEMENTED);
    assert_int_equal(rig_signal(0, 1), NTF_STATUS_NOT_IMPLEMENTED);
    assert_int_equal(rig_wait(0, 1), NTF_STATUS_NOT_IMPLEMENTED);
}

static void values(uint32_t flags, bool low32)
{
    const struct rig_fence fence = rig_monitored(flags, UINT64_C(0x100000003));
    const uint64_t ones = low32 ? UINT32_MAX : UINT64_MAX;

    assert_true(rig_value(&fence) == (low32 ? 3 : UINT64_C(0x100000003)));
    assert_int_equal(rig_signal(fence.handle, UINT64_C(0x100000007)), NTF_STATUS_SUCCESS);
    assert_true(rig_value(&fence) == (low32 ? 7 : UINT64_C(0x100000007)));
    assert_int_equal(rig_wait(fence.handle, UINT64_C(0x100000007)), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_signal(fence.handle, UINT64_MAX), NTF_STATUS_SUCCESS);
    assert_true(rig_value(&fence) == ones);
    assert_int_equal(rig_signal(fence.handle, 1),
                     played("unsticky") ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER);
    assert_true(rig_value(&fence) == (played("unsticky") ? 1 : ones));
    rig_destroy(fence.handle);
}

static void monitored_fences(void **state)
{
    (void)state;
    if (played("wine10")) {
        not_implemented();
    } else if (played("wine11")) {
        without_addresses();
    } else {
        values(0, played("fence32"));
        values(NTF_SYNC_NO_GPU_ACCESS, false);
    }
}

/* Who waits through one handle when another one of the same object is destroyed. */
static void destroyed_handles(void **state)
{
    const bool lets_go = played("release");
    struct rig_fence fence, other;
    ntf_handle nt, event, patient;

    (void)state;
    if (played("wine10") || played("wine11"))
        skip();
    fence = rig_monitored(SHARED, 0);
    nt = rig_share(fence.handle);
    event = rig_event_new();
    patient = rig_event_new();
    for (int with_flag = 0; with_flag < 2; with_flag++) {
        struct rig_fence waiting;
        assert_int_equal(rig_open(nt, with_flag ? NTF_SYNC_UNWAIT_ON_DESTROY : 0, &waiting), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_wait_async(waiting.handle, 1, with_flag ? patient : event), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_open(nt, 0, &other), NTF_STATUS_SUCCESS);
        rig_destroy(other.handle);
        if (lets_go && !with_flag)
            rig_event_take(event);
        if (!lets_go)
            assert_false(rig_event_is_set(event));
    }
    assert_false(rig_event_is_set(patient));
    assert_int_equal(rig_signal(fence.handle, 1), NTF_STATUS_SUCCESS);
    rig_event_take(patient);
    if (!lets_go)
        rig_event_take(event);
    assert_int_equal(rig_wait(fence.handle, 1), NTF_STATUS_SUCCESS);
    rig_handle_close(event);
    rig_handle_close(patient);
    rig_handle_close(nt);
    rig_destroy(fence.handle);
}

/* What is linked into a program plays nothing. */
static void linked_in_soft(void **state)
{
    const struct ntf_kmt_thunks library = kmt;
    D3DKMT_CREATEDEVICE device = { .Flags = 0 };
    D3DKMT_OPENADAPTERFROMLUID adapter = { { 0x4E46, 0 }, 0 };
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    (void)state;
    kmt = *ntf_soft_thunks();
    assert_int_equal(kmt.OpenAdapterFromLuid(&adapter), NTF_STATUS_SUCCESS);
    device.hAdapter = adapter.hAdapter;
    assert_int_equal(kmt.CreateDevice(&device), NTF_STATUS_SUCCESS);
    memset(&create, 0, sizeof create);
    create.hDevice = device.hDevice;
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.MonitoredFence.InitialFenceValue = UINT64_C(0x100000003);
    assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    assert_true(*(const uint64_t *)create.Info.MonitoredFence.FenceValueCPUVirtualAddress == UINT64_C(0x100000003));
    rig_destroy(create.hSyncObject);
    kmt = library;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said),
        cmocka_unit_test(native_fences),
        cmocka_unit_test(monitored_fences),
        cmocka_unit_test(destroyed_handles),
        cmocka_unit_test(linked_in_soft),
    };

    (void)argc;
    (void)argv;
    rig_load();
    if (ntf_os_getenv("NTFENCE_PLAY", word, sizeof word) < 0)
        word[0] = '\0';
    return ntf_test_run("soft-play", tests, NTF_COUNT(tests), NULL, NULL);
}
