/* SPDX-License-Identifier: Apache-2.0 */
/* Global handles in one process, seen through the D3DKMT calls alone: what has one, what is none, and when it ends. */
#include "rig.h"

#include <string.h>

/* deviation 1: a fence with a global handle, and the address of its value where it is opened. */
static void fences(void **state)
{
    D3DKMT_HANDLE number, other_number;
    const struct rig_fence made = rig_global(UINT64_C(0x4E46000000000000), &number);
    const struct rig_fence other = rig_global(0, &other_number);
    struct rig_fence fence, again;
    ntf_handle nt = NULL;

    (void)state;
    assert_int_not_equal(number, other_number);
    assert_int_not_equal(number, made.handle);
    fence = rig_opened(number);
    again = rig_opened(number);
    assert_true(rig_value(&fence) == UINT64_C(0x4E46000000000000));
    assert_int_not_equal(fence.handle, made.handle);
    assert_int_not_equal(fence.handle, again.handle);
    assert_ptr_equal(fence.value, made.value); /* one mapping of a copy */
    assert_int_equal(rig_signal(fence.handle, UINT64_C(0x4E46000000000001)), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_wait(made.handle, UINT64_C(0x4E46000000000001)), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&other), 0);
    /* By NT handle neither is shared, and the number is no local handle. */
    assert_int_equal(kmt.ShareObjects(1, &made.handle, NULL, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &nt),
                     NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.ShareObjects(1, &fence.handle, NULL, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &nt),
                     NTF_STATUS_INVALID_PARAMETER);
    assert_null(nt);
    assert_int_equal(rig_signal(number, UINT64_C(0x4E46000000000002)), NTF_STATUS_INVALID_PARAMETER);
    /* It goes with the last, and not with the first. */
    rig_destroy(made.handle);
    rig_destroy(again.handle);
    again = rig_opened(number);
    rig_destroy(fence.handle);
    rig_destroy(again.handle);
    rig_expect_dead(number);
    rig_destroy(rig_opened(other_number).handle);
    rig_destroy(other.handle);
    rig_expect_dead(other_number);
}

/* Numbers of other kinds, and none at all. */
static void no_numbers(void **state)
{
    const struct rig_fence shared = rig_monitored(SHARED, 0);
    const ntf_handle nt = rig_share(shared.handle);
    D3DKMT_HANDLE number;
    const struct rig_fence made = rig_global(0, &number);
    const D3DKMT_HANDLE numbers[] = {
        0,
        1,
        POISON,
        0xFFFFFFFFu,
        shared.handle,
        made.handle,
        rig_device(),
        rig_adapter(),
        (D3DKMT_HANDLE)(uintptr_t)nt,
        shared.handle | NTF_KMT_HANDLE_KIND_GLOBAL,
        number ^ 0x80000000u,
        number + 1,
        number & ~NTF_KMT_HANDLE_TAG_MASK,
    };

    (void)state;
    assert_int_equal(kmt.OpenSynchronizationObject(NULL), NTF_STATUS_INVALID_PARAMETER);
    for (size_t i = 0; i < NTF_COUNT(numbers); i++)
        rig_expect_dead(numbers[i]);
    rig_destroy(rig_opened(number).handle);
    rig_destroy(made.handle);
    rig_destroy(shared.handle);
    rig_handle_close(nt);
}

/* Types without a value have numbers as well. */
static void legacy_objects(void **state)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open;
    D3DKMT_HANDLE number;

    (void)state;
    for (uint32_t type = D3DDDI_SYNCHRONIZATION_MUTEX; type <= D3DDDI_FENCE; type++) {
        memset(&create, 0, sizeof create);
        create.hDevice = rig_device();
        create.Info.Type = type;
        create.Info.Flags = NTF_SYNC_SHARED;
        assert_int_equal(kmt.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
        number = create.Info.SharedHandle;
        memset(&open, 0, sizeof open);
        open.hSharedHandle = number;
        assert_int_equal(kmt.OpenSynchronizationObject(&open), NTF_STATUS_SUCCESS);
        assert_int_equal(open.Reserved[0], 0);
        assert_int_equal(open.Reserved[7], 0);
        assert_int_equal(rig_signal(open.hSyncObject, 1), NTF_STATUS_INVALID_PARAMETER);
        rig_destroy(create.hSyncObject);
        rig_destroy(open.hSyncObject);
        rig_expect_dead(number);
    }
}

/* Numbers made and opened, made and refused: nothing piles up. */
static void nothing_is_left(void **state)
{
    D3DKMT_HANDLE number = 0;
    size_t handles = 0, running = 0;

    (void)state;
    for (unsigned i = 0; i <= rig_cycles; i++) {
        const struct rig_fence fence = rig_global(i, &number);
        if (i % 4 == 0)
            rig_destroy(rig_opened(number).handle);
        rig_destroy(fence.handle);
        if (i % 4 == 1)
            rig_expect_dead(number);
        if (i == 0) {
            handles = ntf_test_open_handles();
            running = ntf_test_threads();
        }
    }
    ntf_test_until_handles(handles);
    assert_in_range(ntf_test_threads(), 0, running);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fences),
        cmocka_unit_test(no_numbers),
        cmocka_unit_test(legacy_objects),
        cmocka_unit_test(nothing_is_left),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-globals", tests, NTF_COUNT(tests), NULL, NULL);
}
