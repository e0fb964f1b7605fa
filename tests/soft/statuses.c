/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who answers what, as Windows does, as far as soft has it. A row that differs is named,
 * and the test goes on to the next. Out-parameters are poisoned: a refusal must leave them alone.
 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

static unsigned wrong;

static void row(const char *what, ntf_status expected, ntf_status got)
{
    if (got == expected)
        return;
    wrong++;
    fprintf(stderr, "row \"%s\": expected 0x%08X (%s), got 0x%08X (%s)\n", what, (unsigned)expected,
            ntf_status_name(expected), (unsigned)got, ntf_status_name(got));
}

#define ROW(what, expected, call) row((what), NTF_STATUS_##expected, (call))
#define ROWS_END assert_int_equal(wrong, 0)

static int fresh(void **state)
{
    (void)state;
    wrong = 0;
    (void)rig_device();
    return 0;
}

/* ---- adapters and devices ---- */

static ntf_status close_adapter(D3DKMT_HANDLE handle)
{
    const D3DKMT_CLOSEADAPTER close = { handle };

    return kmt.CloseAdapter(&close);
}

static ntf_status destroy_device(D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYDEVICE destroy = { handle };

    return kmt.DestroyDevice(&destroy);
}

static ntf_status destroy(D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy_it = { handle };

    return kmt.DestroySynchronizationObject(&destroy_it);
}

static void adapters(void **state)
{
    D3DKMT_OPENADAPTERFROMLUID open = { { 0x4E46, 1 }, POISON };
    D3DKMT_ADAPTERINFO list[3];
    D3DKMT_ENUMADAPTERS2 all = { 0, NULL };
    D3DKMT_CREATEDEVICE create;

    (void)state;
    ROW("OpenAdapterFromLuid NULL", INVALID_PARAMETER, kmt.OpenAdapterFromLuid(NULL));
    ROW("OpenAdapterFromLuid of no adapter", INVALID_PARAMETER, kmt.OpenAdapterFromLuid(&open));
    assert_int_equal(open.hAdapter, POISON);
    ROW("CloseAdapter NULL", INVALID_PARAMETER, kmt.CloseAdapter(NULL));
    ROW("CloseAdapter 0", INVALID_PARAMETER, close_adapter(0));
    ROW("CreateDevice NULL", INVALID_PARAMETER, kmt.CreateDevice(NULL));
    memset(&create, 0, sizeof create);
    create.hDevice = POISON;
    ROW("CreateDevice without adapter", INVALID_PARAMETER, kmt.CreateDevice(&create));
    create.hAdapter = rig_device();
    ROW("CreateDevice on a device", INVALID_PARAMETER, kmt.CreateDevice(&create));
    assert_int_equal(create.hDevice, POISON);
    ROW("DestroyDevice NULL", INVALID_PARAMETER, kmt.DestroyDevice(NULL));
    ROW("DestroyDevice 0", INVALID_PARAMETER, destroy_device(0));
    ROW("DestroyDevice of an adapter", INVALID_PARAMETER, destroy_device(rig_adapter()));
    ROW("EnumAdapters2 NULL", INVALID_PARAMETER, kmt.EnumAdapters2(NULL));
    ROW("EnumAdapters2 without array", SUCCESS, kmt.EnumAdapters2(&all));
    assert_int_equal(all.NumAdapters, 34);
    all.NumAdapters = 0;
    all.pAdapters = list;
    ROW("EnumAdapters2 without room", BUFFER_TOO_SMALL, kmt.EnumAdapters2(&all));
    all.NumAdapters = 3;
    ROW("EnumAdapters2", SUCCESS, kmt.EnumAdapters2(&all));
    assert_int_equal(all.NumAdapters, 1);
    assert_int_equal(list[0].AdapterLuid.LowPart, 0x4E46);
    assert_int_equal(list[0].AdapterLuid.HighPart, 0);
    ROW("CloseAdapter", SUCCESS, close_adapter(list[0].hAdapter));
    ROW("CloseAdapter twice", INVALID_PARAMETER, close_adapter(list[0].hAdapter));
    ROWS_END;
}

static void capabilities(void **state)
{
    uint32_t value = 0;
    D3DKMT_QUERYADAPTERINFO query = { rig_adapter(), KMTQAITYPE_WDDM_3_1_CAPS, &value, sizeof value };
    D3DKMT_ISFEATUREENABLED feature = { 0, DXGK_FEATURE_NATIVE_FENCE, { 7, 7 } };

    (void)state;
    ROW("QueryAdapterInfo NULL", INVALID_PARAMETER, kmt.QueryAdapterInfo(NULL));
    ROW("QueryAdapterInfo 3.1 caps", SUCCESS, kmt.QueryAdapterInfo(&query));
    assert_int_equal(value & NTF_WDDM_3_1_CAPS_NATIVE_FENCE, NTF_WDDM_3_1_CAPS_NATIVE_FENCE);
    query.PrivateDriverDataSize--;
    ROW("QueryAdapterInfo short", INVALID_PARAMETER, kmt.QueryAdapterInfo(&query));
    query.PrivateDriverDataSize++;
    query.pPrivateDriverData = NULL;
    ROW("QueryAdapterInfo without buffer", INVALID_PARAMETER, kmt.QueryAdapterInfo(&query));
    query.pPrivateDriverData = &value;
    query.Type = 13;
    ROW("QueryAdapterInfo driver version", SUCCESS, kmt.QueryAdapterInfo(&query));
    assert_in_range(value, KMT_DRIVERVERSION_WDDM_3_1, 9999);
    query.hAdapter = 0;
    ROW("QueryAdapterInfo without adapter", INVALID_PARAMETER, kmt.QueryAdapterInfo(&query));
    ROW("IsFeatureEnabled NULL", INVALID_PARAMETER, kmt.IsFeatureEnabled(NULL));
    ROW("IsFeatureEnabled of no adapter's", SUCCESS, kmt.IsFeatureEnabled(&feature));
    assert_int_equal(feature.Result.Value & NTF_FEATURE_ENABLED, 0);
    feature.hAdapter = rig_device();
    ROW("IsFeatureEnabled of a device", INVALID_PARAMETER, kmt.IsFeatureEnabled(&feature));
    feature.hAdapter = rig_adapter();
    ROW("IsFeatureEnabled 37", SUCCESS, kmt.IsFeatureEnabled(&feature));
    assert_int_equal(feature.Result.Value & NTF_FEATURE_ENABLED, NTF_FEATURE_ENABLED);
    feature.FeatureId = 36;
    ROW("IsFeatureEnabled of another", SUCCESS, kmt.IsFeatureEnabled(&feature));
    assert_int_equal(feature.Result.Value, 0);
    ROWS_END;
}

/* ---- creating ---- */

static ntf_status create_v1(D3DKMT_HANDLE device, uint32_t type)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = device;
    create.Info.Type = type;
    create.hSyncObject = POISON;
    status = kmt.CreateSynchronizationObject(&create);
    if (status == NTF_STATUS_SUCCESS)
        row("destroy what was made", NTF_STATUS_SUCCESS, destroy(create.hSyncObject));
    else
        assert_int_equal(create.hSyncObject, POISON);
    return status;
}

/* *out is the handle, for the caller to destroy; NULL destroys it. */
static ntf_status create_v2(D3DKMT_HANDLE device, uint32_t type, uint32_t flags, ntf_handle event, D3DKMT_HANDLE *out)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = device;
    create.Info.Type = type;
    create.Info.Flags = flags;
    create.Info.SharedHandle = POISON;
    create.hSyncObject = POISON;
    if (type == D3DDDI_CPU_NOTIFICATION)
        create.Info.CPUNotification.Event = event;
    status = kmt.CreateSynchronizationObject2(&create);
    if (status != NTF_STATUS_SUCCESS || (flags & SHARED) != NTF_SYNC_SHARED)
        assert_true(create.Info.SharedHandle == POISON || create.Info.SharedHandle == 0);
    else
        assert_int_equal(create.Info.SharedHandle & NTF_KMT_HANDLE_KIND_MASK, NTF_KMT_HANDLE_KIND_GLOBAL);
    if (status != NTF_STATUS_SUCCESS) {
        assert_int_equal(create.hSyncObject, POISON);
        assert_null(create.Info.MonitoredFence.FenceValueCPUVirtualAddress);
        return status;
    }
    assert_int_not_equal(create.hSyncObject & NTF_KMT_HANDLE_TAG_MASK, 0);
    assert_int_equal(create.hSyncObject & NTF_KMT_HANDLE_KIND_MASK, NTF_KMT_HANDLE_KIND_LOCAL);
    if (out)
        *out = create.hSyncObject;
    else
        row("destroy what was made", NTF_STATUS_SUCCESS, destroy(create.hSyncObject));
    return status;
}

static void creating_v1(void **state)
{
    (void)state;
    ROW("Create NULL", INVALID_PARAMETER, kmt.CreateSynchronizationObject(NULL));
    ROW("Create without device", INVALID_PARAMETER, create_v1(0, 0));
    ROW("Create mutex without device", INVALID_PARAMETER, create_v1(0, D3DDDI_SYNCHRONIZATION_MUTEX));
    ROW("Create type 0", INVALID_PARAMETER, create_v1(rig_device(), 0));
    ROW("Create mutex", SUCCESS, create_v1(rig_device(), D3DDDI_SYNCHRONIZATION_MUTEX));
    ROW("Create semaphore", SUCCESS, create_v1(rig_device(), D3DDDI_SEMAPHORE));
    ROW("Create fence", INVALID_PARAMETER, create_v1(rig_device(), D3DDDI_FENCE));
    ROWS_END;
}

static void creating_v2(void **state)
{
    static const struct {
        const char *what;
        uint32_t type, flags;
        ntf_status expected;
    } rows[] = {
        { "type 0", 0, 0, NTF_STATUS_INVALID_PARAMETER },
        { "mutex", 1, 0, NTF_STATUS_SUCCESS },
        { "semaphore", 2, 0, NTF_STATUS_SUCCESS },
        { "fence", 3, 0, NTF_STATUS_SUCCESS },
        { "CPU notification without event", 4, 0, NTF_STATUS_INVALID_HANDLE },
        { "monitored fence", 5, 0, NTF_STATUS_SUCCESS },
        { "periodic monitored fence (deviation)", 6, 0, NTF_STATUS_INVALID_PARAMETER },
        { "native fence by this call", 7, 0, NTF_STATUS_INVALID_PARAMETER },
        { "mutex NtSecuritySharing alone", 1, 2, NTF_STATUS_INVALID_PARAMETER },
        { "monitored NtSecuritySharing alone", 5, 2, NTF_STATUS_INVALID_PARAMETER },
        { "mutex Shared alone", 1, 1, NTF_STATUS_SUCCESS },
        { "CPU notification Shared alone, without event", 4, 1, NTF_STATUS_INVALID_HANDLE },
        { "monitored Shared alone (deviation 1)", 5, 1, NTF_STATUS_SUCCESS },
        { "mutex shared", 1, SHARED, NTF_STATUS_SUCCESS },
        { "semaphore shared", 2, SHARED, NTF_STATUS_SUCCESS },
        { "fence shared", 3, SHARED, NTF_STATUS_SUCCESS },
        { "monitored shared", 5, SHARED, NTF_STATUS_SUCCESS },
        { "monitored as runtimes do", 5, 0x483, NTF_STATUS_SUCCESS },
        { "NoSignal with NoWait", 5, 0x30, NTF_STATUS_INVALID_PARAMETER },
        { "NoSignal", 5, 0x10, NTF_STATUS_SUCCESS },
        { "NoWait", 5, 0x20, NTF_STATUS_SUCCESS },
        { "SignalByKmd on a monitored fence", 5, 0x100, NTF_STATUS_INVALID_PARAMETER },
        { "TopOfPipeline on a mutex", 1, 0x8, NTF_STATUS_INVALID_PARAMETER },
        { "TopOfPipeline", 5, 0x8, NTF_STATUS_SUCCESS },
        { "reserved bit 31", 5, 0x80000000u, NTF_STATUS_INVALID_PARAMETER },
    };
    const ntf_handle event = rig_event_new();

    (void)state;
    ROW("Create2 NULL", INVALID_PARAMETER, kmt.CreateSynchronizationObject2(NULL));
    ROW("Create2 without device", INVALID_PARAMETER, create_v2(0, 5, 0, NULL, NULL));
    ROW("Create2 on an adapter", INVALID_PARAMETER, create_v2(rig_adapter(), 5, 0, NULL, NULL));
    for (unsigned i = 0; i < NTF_COUNT(rows); i++)
        row(rows[i].what, rows[i].expected, create_v2(rig_device(), rows[i].type, rows[i].flags, NULL, NULL));
    ROW("CPU notification with event", SUCCESS, create_v2(rig_device(), 4, 0, event, NULL));
    rig_handle_close(event);
    ROWS_END;
}

static void creating_native(void **state)
{
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u, before;
    struct rig_fence fence;

    (void)state;
    memset(&u, 0, sizeof u);
    u.create.hSyncObject = POISON;
    ROW("CreateNativeFence NULL", INVALID_PARAMETER, kmt.CreateNativeFence(NULL));
    before = u;
    ROW("CreateNativeFence without device", INVALID_PARAMETER, kmt.CreateNativeFence(&u.create));
    u.create.hDevice = rig_device();
    u.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_INTRA_GPU;
    before = u;
    ROW("CreateNativeFence intra-GPU", INVALID_PARAMETER, kmt.CreateNativeFence(&u.create));
    u.create.Info.Type = before.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    u.create.Info.Flags = before.create.Info.Flags = NTF_SYNC_SHARED;
    ROW("CreateNativeFence Shared alone (deviation 30)", INVALID_PARAMETER, kmt.CreateNativeFence(&u.create));
    u.create.Info.Flags = before.create.Info.Flags = NTF_SYNC_NT_SECURITY_SHARING;
    ROW("CreateNativeFence NtSecuritySharing alone", INVALID_PARAMETER, kmt.CreateNativeFence(&u.create));
    assert_memory_equal(&u, &before, sizeof u);
    fence = rig_native(SHARED | NTF_SYNC_NO_GPU_ACCESS, UINT64_C(0x4E46000000000000));
    assert_true(rig_value(&fence) == UINT64_C(0x4E46000000000000));
    rig_destroy(fence.handle);
    ROWS_END;
}

static void destroying(void **state)
{
    const D3DKMT_HANDLE device = rig_new_device();
    const struct rig_fence shared = rig_monitored(SHARED, 0);
    const ntf_handle nt = rig_share(shared.handle);
    D3DKMT_HANDLE mutex, of_device;

    (void)state;
    ROW("Create2 mutex", SUCCESS, create_v2(rig_device(), 1, 0, NULL, &mutex));
    ROW("Create2 on another device", SUCCESS, create_v2(device, 5, 0, NULL, &of_device));
    ROW("Destroy NULL", INVALID_PARAMETER, kmt.DestroySynchronizationObject(NULL));
    ROW("Destroy", SUCCESS, destroy(mutex));
    ROW("Destroy twice", INVALID_PARAMETER, destroy(mutex));
    ROW("Destroy a device", INVALID_PARAMETER, destroy(device));
    ROW("Destroy an NT handle's value", INVALID_PARAMETER, destroy((D3DKMT_HANDLE)(uintptr_t)nt));
    ROW("DestroyDevice", SUCCESS, destroy_device(device));
    ROW("DestroyDevice twice", INVALID_PARAMETER, destroy_device(device));
    ROW("Destroy an object of that device", INVALID_PARAMETER, destroy(of_device));
    rig_handle_close(nt);
    rig_destroy(shared.handle);
    ROWS_END;
}

/* ---- waiting and signalling ---- */

static ntf_status wait_raw(D3DKMT_HANDLE device, uint32_t count, const D3DKMT_HANDLE *handles, const uint64_t *values,
                           uint32_t flags)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = { device, count, handles, values, NULL, flags };

    return kmt.WaitForSynchronizationObjectFromCpu(&wait);
}

static ntf_status signal_raw(D3DKMT_HANDLE device, uint32_t count, const D3DKMT_HANDLE *handles,
                             const uint64_t *values, uint32_t flags)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = { device, count, handles, values, flags };

    return kmt.SignalSynchronizationObjectFromCpu(&signal);
}

static void waiting_and_signalling(void **state)
{
    const struct rig_fence a = rig_monitored(0, 5), b = rig_monitored(SHARED, 5);
    const D3DKMT_HANDLE device = rig_device(), both[2] = { a.handle, b.handle }, bad[2] = { a.handle, 0x40 };
    const uint64_t five[2] = { 5, 5 }, mixed[2] = { 6, 4 }, eight[2] = { 8, 8 };
    const uint64_t *none = NULL;

    (void)state;
    ROW("Wait NULL", INVALID_PARAMETER, kmt.WaitForSynchronizationObjectFromCpu(NULL));
    ROW("Signal NULL", INVALID_PARAMETER, kmt.SignalSynchronizationObjectFromCpu(NULL));
    ROW("Wait without device", INVALID_PARAMETER, wait_raw(0, 2, both, five, 0));
    ROW("Signal without device", INVALID_PARAMETER, signal_raw(0, 2, both, five, 0));
    ROW("Wait for nothing", INVALID_PARAMETER, wait_raw(device, 0, both, five, 0));
    ROW("Signal nothing", INVALID_PARAMETER, signal_raw(device, 0, both, five, 0));
    ROW("Wait without handles", INVALID_PARAMETER, wait_raw(device, 2, NULL, five, 0));
    ROW("Wait without values", INVALID_PARAMETER, wait_raw(device, 2, both, none, 0));
    ROW("Signal without values", INVALID_PARAMETER, signal_raw(device, 2, both, none, 0));
    ROW("Wait with a bad handle", INVALID_PARAMETER, wait_raw(device, 2, bad, five, 0));
    ROW("Wait with an unknown flag", INVALID_PARAMETER, wait_raw(device, 2, both, five, 2));
    ROW("Wait all, both reached", SUCCESS, wait_raw(device, 2, both, five, 0));
    ROW("Wait any, one reached", SUCCESS, wait_raw(device, 2, both, mixed, NTF_WAIT_FROM_CPU_ANY));
    ROW("Signal, the second backwards", INVALID_PARAMETER, signal_raw(device, 2, both, mixed, 0));
    assert_int_equal(rig_value(&a), 5); /* judged before anything is done */
    ROW("Signal with a bad handle", INVALID_PARAMETER, signal_raw(device, 2, bad, eight, 0));
    assert_int_equal(rig_value(&a), 5);
    ROW("Signal both", SUCCESS, signal_raw(device, 2, both, eight, 0));
    assert_int_equal(rig_value(&a) + rig_value(&b), 16);
    ROW("Wait with a closed event", INVALID_HANDLE, rig_wait_async(a.handle, 8, (ntf_handle)(uintptr_t)0x3FFFFFF4));
    rig_destroy(a.handle);
    ROW("Wait on a destroyed object", INVALID_PARAMETER, rig_wait(a.handle, 1));
    ROW("Signal a destroyed object", INVALID_PARAMETER, rig_signal(a.handle, 9));
    rig_destroy(b.handle);
    ROWS_END;
}

/* Types without a value refuse both. */
static void legacy_types(void **state)
{
    const ntf_handle event = rig_event_new();
    D3DKMT_HANDLE handle;

    (void)state;
    for (uint32_t type = 1; type <= 4; type++) {
        ROW("Create2", SUCCESS, create_v2(rig_device(), type, 0, event, &handle));
        ROW("Wait on it", INVALID_PARAMETER, rig_wait(handle, 0));
        ROW("Signal it", INVALID_PARAMETER, rig_signal(handle, 1));
        rig_destroy(handle);
    }
    rig_handle_close(event);
    ROWS_END;
}

/* NoSignal and NoWait count for the handle that was opened with them, for no other of the object. */
static void rights_per_handle(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 1);
    const ntf_handle nt = rig_share(fence.handle);
    struct rig_fence no_signal, no_wait, both = { POISON, NULL };

    (void)state;
    ROW("Open2 NoSignal", SUCCESS, rig_open(nt, NTF_SYNC_NO_SIGNAL, &no_signal));
    ROW("Open2 NoWait", SUCCESS, rig_open(nt, NTF_SYNC_NO_WAIT, &no_wait));
    ROW("Open2 both", INVALID_PARAMETER, rig_open(nt, NTF_SYNC_NO_WAIT | NTF_SYNC_NO_SIGNAL, &both));
    ROW("Signal with NoSignal", ACCESS_DENIED, rig_signal(no_signal.handle, 2));
    ROW("Wait with NoSignal", SUCCESS, rig_wait(no_signal.handle, 1));
    ROW("Wait with NoWait", ACCESS_DENIED, rig_wait(no_wait.handle, 1));
    ROW("Signal with NoWait", SUCCESS, rig_signal(no_wait.handle, 2));
    ROW("Signal by the creator", SUCCESS, rig_signal(fence.handle, 3));
    assert_int_equal(rig_value(&no_signal), 3);
    assert_int_equal(both.handle, POISON);
    rig_destroy(no_signal.handle);
    rig_destroy(no_wait.handle);
    rig_destroy(fence.handle);
    rig_handle_close(nt);
    ROWS_END;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    static const struct CMUnitTest tests[] = {
        TEST(adapters),        TEST(capabilities), TEST(creating_v1),           TEST(creating_v2),
        TEST(creating_native), TEST(destroying),   TEST(waiting_and_signalling), TEST(legacy_types),
        TEST(rights_per_handle),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-statuses", tests, NTF_COUNT(tests), NULL, NULL);
}
