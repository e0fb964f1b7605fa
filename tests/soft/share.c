/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing in one process: NT handles, names, sameness, and what is left when all is closed. */
#include "rig.h"

#include <string.h>

static ntf_status open_raw(D3DKMT_HANDLE device, ntf_handle nt, uint32_t flags)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
    ntf_status status;

    memset(&open, 0xA5, sizeof open);
    open.hNtHandle = nt;
    open.hDevice = device;
    open.Flags = flags;
    status = kmt.OpenSyncObjectFromNtHandle2(&open);
    if (status == NTF_STATUS_SUCCESS)
        rig_destroy(open.hSyncObject);
    else
        assert_true(open.hSyncObject == POISON && (open.Reserved[0] & 0xFFFFFFFFu) == POISON);
    return status;
}

static ntf_status open_v1(ntf_handle nt, D3DKMT_HANDLE *out)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE open = { nt, POISON };
    const ntf_status status = kmt.OpenSyncObjectFromNtHandle(&open);

    if (status != NTF_STATUS_SUCCESS)
        assert_int_equal(open.hSyncObject, POISON);
    *out = open.hSyncObject;
    return status;
}

static ntf_status open_native(D3DKMT_HANDLE device, ntf_handle nt, uint32_t flags, struct rig_fence *out)
{
    union {
        D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u, before;
    ntf_status status;

    memset(&u, 0, sizeof u);
    u.open.hNtHandle = nt;
    u.open.hDevice = device;
    u.open.Flags = flags;
    u.open.EngineAffinity = 1;
    u.open.hSyncObject = POISON;
    before = u;
    status = kmt.OpenNativeFenceFromNtHandle(&u.open);
    if (status != NTF_STATUS_SUCCESS)
        assert_memory_equal(&u, &before, sizeof u);
    out->handle = u.open.hSyncObject;
    out->value = u.open.NativeFenceMapping.CurrentValueCpuVa;
    return status;
}

/* Facts 1.6: the device is looked at before the handle; what is no handle, and what is another's. */
static void refusals_of_handles(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    const ntf_handle nt = rig_share(fence.handle), closed = rig_share(fence.handle), event = rig_event_new();
    struct rig_fence native;
    D3DKMT_HANDLE v1;

    (void)state;
    rig_handle_close(closed);
    assert_int_equal(kmt.OpenSyncObjectFromNtHandle2(NULL), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.OpenSyncObjectFromNtHandle(NULL), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.OpenNativeFenceFromNtHandle(NULL), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(open_raw(0, NULL, 0), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(open_raw(0, nt, 0), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(open_raw(rig_adapter(), closed, 0), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(open_native(0, nt, SHARED, &native), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(open_raw(rig_device(), nt, 0x80000000u), NTF_STATUS_INVALID_PARAMETER);
    for (intptr_t bad = -2; bad <= 0; bad++) {
        assert_int_equal(open_raw(rig_device(), (ntf_handle)bad, 0), NTF_STATUS_INVALID_HANDLE);
        assert_int_equal(open_native(rig_device(), (ntf_handle)bad, SHARED, &native), NTF_STATUS_INVALID_HANDLE);
        assert_int_equal(open_v1((ntf_handle)bad, &v1), NTF_STATUS_INVALID_HANDLE);
    }
    assert_int_equal(open_raw(rig_device(), closed, 0), NTF_STATUS_INVALID_HANDLE);
    assert_int_equal(open_v1(closed, &v1), NTF_STATUS_INVALID_HANDLE);
    assert_int_equal(open_native(rig_device(), closed, SHARED, &native), NTF_STATUS_INVALID_HANDLE);
    assert_int_equal(open_raw(rig_device(), event, 0), NTF_STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(open_v1(event, &v1), NTF_STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(open_native(rig_device(), event, SHARED, &native), NTF_STATUS_OBJECT_TYPE_MISMATCH);
    rig_handle_close(event);
    rig_handle_close(nt);
    rig_destroy(fence.handle);
}

/* Facts 3.2: a fence without GPU access opens as such only, any other without that flag only; Shared and
 * NtSecuritySharing do not matter at opening. */
static void flags_match(void **state)
{
    static const struct {
        uint32_t made, opened;
        ntf_status expected;
    } rows[] = {
        { SHARED, 0, NTF_STATUS_SUCCESS },
        { SHARED, SHARED, NTF_STATUS_SUCCESS },
        { SHARED, 0x80, NTF_STATUS_INVALID_PARAMETER },
        { SHARED | 0x80, 0x80, NTF_STATUS_SUCCESS },
        { SHARED | 0x80, 0x83, NTF_STATUS_SUCCESS },
        { SHARED | 0x80, 0x483, NTF_STATUS_SUCCESS },
        { SHARED | 0x80, 0, NTF_STATUS_INVALID_PARAMETER },
        { SHARED | 0x80, SHARED, NTF_STATUS_INVALID_PARAMETER },
    };

    (void)state;
    for (unsigned i = 0; i < NTF_COUNT(rows); i++) {
        const struct rig_fence fence = rig_monitored(rows[i].made, 0);
        const ntf_handle nt = rig_share(fence.handle);
        D3DKMT_HANDLE v1;
        assert_int_equal(open_raw(rig_device(), nt, rows[i].opened), rows[i].expected);
        assert_int_equal(open_v1(nt, &v1), rows[i].made & 0x80 ? NTF_STATUS_INVALID_PARAMETER : NTF_STATUS_SUCCESS);
        if (!(rows[i].made & 0x80))
            rig_destroy(v1);
        rig_handle_close(nt);
        rig_destroy(fence.handle);
    }
}

/* However it is opened here, and on whichever device, an object has one address; values are shared. */
static void one_mapping(void **state)
{
    const struct rig_fence fence = rig_native(SHARED, 3);
    const ntf_handle nt = rig_share(fence.handle), again = rig_share(fence.handle);
    const D3DKMT_HANDLE device = rig_new_device();
    const D3DKMT_DESTROYDEVICE destroy = { device };
    struct rig_fence monitored, native, other;
    size_t handles;
    D3DKMT_HANDLE v1;

    (void)state;
    handles = ntf_test_open_handles();
    assert_int_equal(rig_open(nt, 0, &monitored), NTF_STATUS_SUCCESS);
    assert_int_equal(open_native(rig_device(), again, SHARED, &native), NTF_STATUS_SUCCESS);
    assert_int_equal(open_native(device, nt, SHARED, &other), NTF_STATUS_SUCCESS);
    assert_int_equal(open_v1(nt, &v1), NTF_STATUS_SUCCESS);
    assert_ptr_equal(monitored.value, fence.value);
    assert_ptr_equal(native.value, fence.value);
    assert_ptr_equal(other.value, fence.value);
    assert_int_equal(ntf_test_open_handles(), handles);
    assert_int_not_equal(monitored.handle, native.handle);
    rig_destroy(fence.handle);
    assert_int_equal(rig_signal(v1, 4), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&native), 4);
    assert_int_equal(kmt.DestroyDevice(&destroy), NTF_STATUS_SUCCESS);
    rig_destroy(v1);
    rig_destroy(monitored.handle);
    assert_int_equal(rig_wait(native.handle, 4), NTF_STATUS_SUCCESS);
    rig_destroy(native.handle);
    /* Only the NT handle is left of it, and it is enough. */
    assert_int_equal(rig_open(nt, 0, &monitored), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&monitored), 4);
    rig_destroy(monitored.handle);
    rig_handle_close(nt);
    rig_handle_close(again);
}

/* Facts 6.3, sharing rows. */
static void share_objects(void **state)
{
    const struct rig_fence private = rig_monitored(0, 0), shared = rig_monitored(SHARED, 0);
    const D3DKMT_HANDLE two[2] = { shared.handle, shared.handle };
    const D3DKMT_HANDLE five[5] = { shared.handle, shared.handle, shared.handle, shared.handle, shared.handle };
    const uint32_t write = 0x00020000u;
    ntf_handle nt = (ntf_handle)(uintptr_t)POISON, reshared;
    struct rig_fence opened;

    (void)state;
    assert_int_equal(kmt.ShareObjects(1, NULL, NULL, write, &nt), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.ShareObjects(1, two, NULL, write, NULL), NTF_STATUS_INVALID_PARAMETER);
    for (uint32_t count = 0; count <= 5; count++)
        if (count != 1)
            assert_int_equal(kmt.ShareObjects(count, five, NULL, write, &nt), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.ShareObjects(1, &private.handle, NULL, write, &nt), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.ShareObjects(1, two, NULL, 0, &nt), NTF_STATUS_ACCESS_DENIED);
    assert_true(nt == (ntf_handle)(uintptr_t)POISON);
    assert_int_equal(kmt.ShareObjects(1, two, NULL, write, &nt), NTF_STATUS_SUCCESS);
    assert_int_equal((uintptr_t)nt & NTF_KMT_HANDLE_TAG_MASK, 0);
    /* What was opened with flags 0 can be shared again. */
    assert_int_equal(rig_open(nt, 0, &opened), NTF_STATUS_SUCCESS);
    reshared = rig_share(opened.handle);
    rig_handle_close(reshared);
    rig_destroy(opened.handle);
    rig_handle_close(nt);
    rig_destroy(private.handle);
    rig_destroy(shared.handle);
    nt = NULL;
    assert_int_equal(kmt.ShareObjects(1, two, NULL, write, &nt), NTF_STATUS_INVALID_PARAMETER);
    assert_null(nt);
}

/* Objects without a value are shared and opened like others, but give no address, and are no native fence. */
static void legacy_objects(void **state)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    struct rig_fence opened = { 0, (const ntf_au64 *)&create };
    ntf_handle nt;

    (void)state;
    for (uint32_t type = 1; type <= 3; type++) {
        memset(&create, 0, sizeof create);
        create.hDevice = rig_device();
        create.Info.Type = type;
        create.Info.Flags = SHARED;
        assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
        nt = rig_share(create.hSyncObject);
        assert_int_equal(rig_open(nt, 0, &opened), NTF_STATUS_SUCCESS);
        assert_null(opened.value);
        assert_int_equal(rig_signal(opened.handle, 1), NTF_STATUS_INVALID_PARAMETER);
        rig_destroy(opened.handle);
        assert_int_equal(open_native(rig_device(), nt, SHARED, &opened), NTF_STATUS_INVALID_PARAMETER);
        rig_handle_close(nt);
        rig_destroy(create.hSyncObject);
    }
}

/* A handle that the caller made inheritable says so. */
static void inheritance(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct rig_name name;
    ntf_handle nt;

    (void)state;
    rig_raw_name(&name, "");
    name.attributes.ObjectName = NULL;
    name.attributes.Attributes = NTF_OBJ_INHERIT;
    assert_int_equal(kmt.ShareObjects(1, &fence.handle, &name.attributes, 0x1F0003, &nt), NTF_STATUS_SUCCESS);
    assert_int_equal(open_raw(rig_device(), nt, 0), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    rig_destroy(fence.handle);
}

/* Nothing is left: handles, mappings, threads, after many objects and many openings of one. */
static void nothing_is_left(void **state)
{
    size_t handles;

    (void)state;
    {
        const struct rig_fence warm_up = rig_monitored(SHARED, 0);
        rig_destroy(warm_up.handle);
    }
    handles = ntf_test_open_handles();
    for (int round = 0; round < 200; round++) {
        const struct rig_fence fence = rig_monitored(SHARED, 0);
        const ntf_handle nt = rig_share(fence.handle);
        struct rig_fence opened[20];
        for (unsigned i = 0; i < NTF_COUNT(opened); i++)
            assert_int_equal(rig_open(nt, 0, &opened[i]), NTF_STATUS_SUCCESS);
        assert_in_range(ntf_test_open_handles(), handles, handles + 4);
        for (unsigned i = 0; i < NTF_COUNT(opened); i++)
            rig_destroy(opened[i].handle);
        rig_handle_close(nt);
        rig_destroy(fence.handle);
    }
    assert_int_equal(ntf_test_open_handles(), handles);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_of_handles), cmocka_unit_test(flags_match),    cmocka_unit_test(one_mapping),
        cmocka_unit_test(share_objects),       cmocka_unit_test(legacy_objects), cmocka_unit_test(inheritance),
        cmocka_unit_test(nothing_is_left),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-share", tests, NTF_COUNT(tests), NULL, NULL);
}
