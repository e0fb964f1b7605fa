/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies of soft in one process, in both directions (tests/soft/copies.c has values, waits and
 * names): what is made in one is opened in the other by every call and type, and what one refuses,
 * the other refuses as well.
 */
#include "../rig.h"

#include "kmt/soft/soft.h"

#include <string.h>

enum { MUTEX = 1, LEGACY_FENCE = 3, MONITORED = 5, NATIVE = 7 };

static struct ntf_kmt_thunks copies[2];
static D3DKMT_HANDLE adapters[2], devices[2];

static int setup(void **state)
{
    (void)state;
    copies[0] = *ntf_soft_thunks();
    rig_load();
    copies[1] = kmt;
    assert_true(copies[0].CreateDevice != copies[1].CreateDevice);
    for (int i = 0; i < 2; i++) {
        D3DKMT_OPENADAPTERFROMLUID open = {{0x4E46, 0}, 0};
        D3DKMT_CREATEDEVICE create;
        assert_int_equal(copies[i].OpenAdapterFromLuid(&open), NTF_STATUS_SUCCESS);
        adapters[i] = open.hAdapter;
        memset(&create, 0, sizeof create);
        create.hAdapter = open.hAdapter;
        assert_int_equal(copies[i].CreateDevice(&create), NTF_STATUS_SUCCESS);
        devices[i] = create.hDevice;
    }
    return 0;
}

/* ---- one copy's calls ---- */

static D3DKMT_HANDLE make_native(int copy, uint32_t flags)
{
    union {
        D3DKMT_CREATENATIVEFENCE create;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;

    memset(&u, 0, sizeof u);
    u.create.hDevice = devices[copy];
    u.create.Info.Flags = flags;
    u.create.Info.InitialFenceValue = 1;
    assert_int_equal(copies[copy].CreateNativeFence(&u.create), NTF_STATUS_SUCCESS);
    return u.create.hSyncObject;
}

static D3DKMT_HANDLE make(int copy, uint32_t type, uint32_t flags)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    if (type == NATIVE)
        return make_native(copy, flags);
    memset(&create, 0, sizeof create);
    create.hDevice = devices[copy];
    create.Info.Type = type;
    create.Info.Flags = flags;
    if (type == MONITORED)
        create.Info.MonitoredFence.InitialFenceValue = 1;
    assert_int_equal(copies[copy].CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    return create.hSyncObject;
}

static ntf_status destroy(int copy, D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT parameters = {handle};

    return copies[copy].DestroySynchronizationObject(&parameters);
}

static ntf_status share(int copy, D3DKMT_HANDLE handle, ntf_handle *nt)
{
    return copies[copy].ShareObjects(1, &handle, NULL, D3DDDI_SYNC_OBJECT_ALL_ACCESS, nt);
}

static ntf_status open_v1(int copy, ntf_handle nt, D3DKMT_HANDLE *out)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE open = {nt, POISON};
    const ntf_status status = copies[copy].OpenSyncObjectFromNtHandle(&open);

    *out = open.hSyncObject;
    return status;
}

static ntf_status open_on(int copy, D3DKMT_HANDLE device, ntf_handle nt, uint32_t flags,
                          struct rig_fence *out)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
    ntf_status status;

    memset(&open, 0, sizeof open);
    open.hNtHandle = nt;
    open.hDevice = device;
    open.Flags = flags;
    open.hSyncObject = POISON;
    status = copies[copy].OpenSyncObjectFromNtHandle2(&open);
    out->handle = open.hSyncObject;
    out->value = (const ntf_au64 *)open.MonitoredFence.FenceValueCPUVirtualAddress;
    return status;
}

static ntf_status open_v2(int copy, ntf_handle nt, uint32_t flags, struct rig_fence *out)
{
    return open_on(copy, devices[copy], nt, flags, out);
}

static ntf_status open_native(int copy, ntf_handle nt, uint32_t flags, struct rig_fence *out)
{
    union {
        D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;
    ntf_status status;

    memset(&u, 0, sizeof u);
    u.open.hNtHandle = nt;
    u.open.hDevice = devices[copy];
    u.open.Flags = flags;
    u.open.hSyncObject = POISON;
    status = copies[copy].OpenNativeFenceFromNtHandle(&u.open);
    out->handle = u.open.hSyncObject;
    out->value = (const ntf_au64 *)u.open.NativeFenceMapping.CurrentValueCpuVa;
    return status;
}

static ntf_status signal(int copy, D3DKMT_HANDLE handle, uint64_t value, uint32_t flags)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU parameters = {devices[copy], 1, &handle, &value,
                                                                  flags};

    return copies[copy].SignalSynchronizationObjectFromCpu(&parameters);
}

static ntf_status wait(int copy, D3DKMT_HANDLE handle, uint64_t value)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU parameters = {devices[copy], 1,    &handle,
                                                                   &value,        NULL, 0};

    return copies[copy].WaitForSynchronizationObjectFromCpu(&parameters);
}

/* ---- both directions ---- */

/* Values, refusals and rewinds of a fence that this copy has imported. */
static void use_imported(int maker, D3DKMT_HANDLE made, int importer, const struct rig_fence *fence)
{
    assert_int_equal(rig_value(fence), 1);
    assert_int_equal(wait(importer, fence->handle, 1), NTF_STATUS_SUCCESS);
    assert_int_equal(signal(importer, fence->handle, 5, 0), NTF_STATUS_SUCCESS);
    assert_int_equal(wait(maker, made, 5), NTF_STATUS_SUCCESS);
    assert_int_equal(signal(maker, made, 4, 0), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(signal(importer, fence->handle, 4, 0), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(signal(maker, made, 1, NTF_SIGNAL_ALLOW_REWIND), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(fence), 1);
}

static void fences_by_every_call(void **state)
{
    static const uint32_t types[] = {MONITORED, NATIVE};

    (void)state;
    for (int run = 0; run < 4; run++) {
        const int a = run % 2, b = 1 - a;
        const D3DKMT_HANDLE made = make(a, types[run / 2], SHARED);
        struct rig_fence there;
        ntf_handle nt;
        assert_int_equal(share(a, made, &nt), NTF_STATUS_SUCCESS);
        assert_int_equal(open_v2(b, nt, 0, &there), NTF_STATUS_SUCCESS);
        use_imported(a, made, b, &there);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(open_native(b, nt, SHARED, &there), NTF_STATUS_SUCCESS);
        use_imported(a, made, b, &there);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(open_v1(b, nt, &there.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(signal(b, there.handle, 7, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(wait(a, made, 7), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(destroy(a, made), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
    }
}

/* Made in one, imported and shared again by the other, opened by the first: still the same object.
 */
static void there_and_back(void **state)
{
    (void)state;
    for (int a = 0; a < 2; a++) {
        const int b = 1 - a;
        const D3DKMT_HANDLE made = make(a, MONITORED, SHARED);
        struct rig_fence there, back;
        ntf_handle nt, again;
        assert_int_equal(share(a, made, &nt), NTF_STATUS_SUCCESS);
        assert_int_equal(open_v2(b, nt, 0, &there), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
        assert_int_equal(share(b, there.handle, &again), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(open_v2(a, again, 0, &back), NTF_STATUS_SUCCESS);
        rig_handle_close(again);
        assert_int_equal(signal(a, made, 9, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&back), 9);
        assert_int_equal(destroy(a, made), NTF_STATUS_SUCCESS);
        assert_int_equal(signal(a, back.handle, 10, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&back), 10);
        assert_int_equal(destroy(a, back.handle), NTF_STATUS_SUCCESS);
    }
}

/* Objects without a value are imported too, and refuse the same. */
static void legacy_types(void **state)
{
    static const uint32_t types[] = {MUTEX, LEGACY_FENCE};

    (void)state;
    for (int run = 0; run < 4; run++) {
        const int a = run % 2, b = 1 - a;
        const D3DKMT_HANDLE made = make(a, types[run / 2], SHARED);
        struct rig_fence there;
        ntf_handle nt, again;
        assert_int_equal(share(a, made, &nt), NTF_STATUS_SUCCESS);
        assert_int_equal(open_native(b, nt, 0, &there), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(there.handle, POISON);
        assert_int_equal(open_v2(b, nt, 0, &there), NTF_STATUS_SUCCESS);
        assert_null(there.value);
        assert_int_equal(wait(b, there.handle, 0), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(signal(b, there.handle, 1, 0), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(share(b, there.handle, &again), NTF_STATUS_SUCCESS);
        rig_handle_close(again);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(a, made), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
    }
}

/* What an import is refused with: the other copy's device or adapter, flags that do not match, a
 * handle closed. */
static void refusals(void **state)
{
    (void)state;
    for (int a = 0; a < 2; a++) {
        const int b = 1 - a;
        const D3DKMT_HANDLE made = make(a, MONITORED, SHARED | NTF_SYNC_NO_GPU_ACCESS);
        struct rig_fence there;
        D3DKMT_HANDLE v1;
        ntf_handle nt;
        assert_int_equal(share(b, made, &nt), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(share(a, made, &nt), NTF_STATUS_SUCCESS);
        assert_int_equal(open_on(b, devices[a], nt, NTF_SYNC_NO_GPU_ACCESS, &there),
                         NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(open_on(b, adapters[b], nt, NTF_SYNC_NO_GPU_ACCESS, &there),
                         NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(open_v2(b, nt, 0, &there), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(open_native(b, nt, SHARED, &there), NTF_STATUS_INVALID_PARAMETER);
        assert_int_equal(open_v1(b, nt, &v1), NTF_STATUS_INVALID_PARAMETER);
        assert_true(there.handle == POISON && v1 == POISON);
        assert_int_equal(open_v2(b, nt, NTF_SYNC_NO_GPU_ACCESS, &there), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(b, there.handle), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
        assert_int_equal(open_v2(b, nt, NTF_SYNC_NO_GPU_ACCESS, &there), NTF_STATUS_INVALID_HANDLE);
        assert_int_equal(open_v1(b, nt, &v1), NTF_STATUS_INVALID_HANDLE);
        assert_int_equal(destroy(a, made), NTF_STATUS_SUCCESS);
    }
}

/* NoSignal and NoWait are of the import that asked for them, not of the maker's handle. */
static void rights_of_an_import(void **state)
{
    (void)state;
    for (int a = 0; a < 2; a++) {
        const int b = 1 - a;
        const D3DKMT_HANDLE made = make(a, MONITORED, SHARED);
        struct rig_fence no_signal, no_wait;
        ntf_handle nt;
        assert_int_equal(share(a, made, &nt), NTF_STATUS_SUCCESS);
        assert_int_equal(open_v2(b, nt, NTF_SYNC_NO_SIGNAL, &no_signal), NTF_STATUS_SUCCESS);
        assert_int_equal(open_v2(b, nt, NTF_SYNC_NO_WAIT, &no_wait), NTF_STATUS_SUCCESS);
        assert_int_equal(signal(b, no_signal.handle, 2, 0), NTF_STATUS_ACCESS_DENIED);
        assert_int_equal(wait(b, no_wait.handle, 1), NTF_STATUS_ACCESS_DENIED);
        assert_int_equal(signal(b, no_wait.handle, 2, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(wait(b, no_signal.handle, 2), NTF_STATUS_SUCCESS);
        assert_int_equal(signal(a, made, 3, 0), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(b, no_signal.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(b, no_wait.handle), NTF_STATUS_SUCCESS);
        assert_int_equal(destroy(a, made), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fences_by_every_call), cmocka_unit_test(there_and_back),
        cmocka_unit_test(legacy_types),         cmocka_unit_test(refusals),
        cmocka_unit_test(rights_of_an_import),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-copies-statuses", tests, NTF_COUNT(tests), setup, NULL);
}
