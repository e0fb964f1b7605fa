/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies of soft in one process: the one linked in, and the library (NTFENCE_D3DKMT). They meet only as two
 * processes would, by NT handles and names, in both directions.
 */
#include "rig.h"

#include "kmt/soft/soft.h"

#include <string.h>

static struct ntf_kmt_thunks copies[2];
static D3DKMT_HANDLE devices[2];

/* The rig's helpers act on one copy at a time. */
static void use(int copy)
{
    kmt = copies[copy];
}

static D3DKMT_HANDLE device_of(int copy)
{
    D3DKMT_OPENADAPTERFROMLUID open = { { 0x4E46, 0 }, 0 };
    D3DKMT_CREATEDEVICE create;

    memset(&create, 0, sizeof create);
    assert_int_equal(copies[copy].OpenAdapterFromLuid(&open), NTF_STATUS_SUCCESS);
    create.hAdapter = open.hAdapter;
    assert_int_equal(copies[copy].CreateDevice(&create), NTF_STATUS_SUCCESS);
    return create.hDevice;
}

/* *number: its global handle, if the flags ask for one. */
static struct rig_fence make_with(int copy, uint32_t flags, D3DKMT_HANDLE *number)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    memset(&create, 0, sizeof create);
    create.hDevice = devices[copy];
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.Flags = flags;
    assert_int_equal(copies[copy].CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    *number = create.Info.SharedHandle;
    return (struct rig_fence){ create.hSyncObject, create.Info.MonitoredFence.FenceValueCPUVirtualAddress };
}

static struct rig_fence make(int copy)
{
    D3DKMT_HANDLE none;

    return make_with(copy, SHARED, &none);
}

static struct rig_fence open_in(int copy, ntf_handle nt)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;

    memset(&open, 0, sizeof open);
    open.hNtHandle = nt;
    open.hDevice = devices[copy];
    assert_int_equal(copies[copy].OpenSyncObjectFromNtHandle2(&open), NTF_STATUS_SUCCESS);
    return (struct rig_fence){ open.hSyncObject, open.MonitoredFence.FenceValueCPUVirtualAddress };
}

static ntf_status signal_in(int copy, D3DKMT_HANDLE handle, uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = { devices[copy], 1, &handle, &value, 0 };

    return copies[copy].SignalSynchronizationObjectFromCpu(&signal);
}

static ntf_status wait_in(int copy, D3DKMT_HANDLE handle, uint64_t value, ntf_handle event)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = { devices[copy], 1, &handle, &value, event, 0 };

    return copies[copy].WaitForSynchronizationObjectFromCpu(&wait);
}

static void destroy_in(int copy, D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { handle };

    assert_int_equal(copies[copy].DestroySynchronizationObject(&destroy), NTF_STATUS_SUCCESS);
}

struct sleeper {
    struct ntf_thread *thread;
    int copy;
    D3DKMT_HANDLE handle;
    uint64_t value;
    ntf_status status;
};

static void run(void *context)
{
    struct sleeper *sleeper = context;

    sleeper->status = wait_in(sleeper->copy, sleeper->handle, sleeper->value, NULL);
}

static int setup(void **state)
{
    (void)state;
    copies[0] = *ntf_soft_thunks();
    rig_load();
    copies[1] = kmt;
    assert_true(copies[0].CreateDevice != copies[1].CreateDevice);
    devices[0] = device_of(0);
    devices[1] = device_of(1);
    return 0;
}

/* Made in one, opened in the other: another mapping of the same memory; both wait and wake. */
static void by_handle(void **state)
{
    (void)state;
    for (int a = 0; a < 2; a++) {
        const int b = 1 - a;
        const struct rig_fence here = make(a);
        const ntf_handle event = rig_event_new();
        struct sleeper sleeper = { NULL, b, 0, 1, NTF_STATUS_PENDING };
        struct rig_fence there;
        ntf_handle nt = NULL;
        assert_int_equal(copies[a].ShareObjects(1, &here.handle, NULL, 0x1F0003, &nt), NTF_STATUS_SUCCESS);
        there = open_in(b, nt);
        assert_ptr_not_equal(here.value, there.value);
        sleeper.handle = there.handle;
        assert_int_equal(ntf_thread_start(&sleeper.thread, "sleeper", run, &sleeper), NTF_OK);
        rig_until_armed(&here, 1);
        assert_int_equal(signal_in(a, here.handle, 1), NTF_STATUS_SUCCESS);
        ntf_thread_join(sleeper.thread);
        assert_int_equal(sleeper.status, NTF_STATUS_SUCCESS);
        assert_int_equal(wait_in(a, here.handle, 2, event), NTF_STATUS_SUCCESS);
        assert_int_equal(signal_in(b, there.handle, 2), NTF_STATUS_SUCCESS);
        rig_event_take(event);
        destroy_in(a, here.handle);
        assert_int_equal(rig_value(&there), 2);
        destroy_in(b, there.handle);
        rig_handle_close(nt);
        rig_handle_close(event);
    }
}

/* Named in one, found by the other, which keeps its own hands off the name. */
static void by_name(void **state)
{
    (void)state;
    for (int a = 0; a < 2; a++) {
        const char *name = rig_unique("NtfTest-Copies");
        const struct rig_fence here = make(a), other = make(1 - a);
        struct rig_fence there;
        ntf_handle nt, found;
        use(a);
        assert_int_equal(rig_share_as(here.handle, name, &nt), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
        use(1 - a);
        assert_int_equal(rig_share_as(other.handle, name, &nt), NTF_STATUS_OBJECT_NAME_COLLISION);
        assert_int_equal(rig_lookup(name, 1, &found), NTF_STATUS_SUCCESS);
        there = open_in(1 - a, found);
        rig_handle_close(found);
        destroy_in(a, here.handle);
        assert_int_equal(rig_lookup(name, 1, &found), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
        destroy_in(1 - a, there.handle);
        destroy_in(1 - a, other.handle);
    }
}

/* By number, too; whichever copy goes first. */
static void by_global_handle(void **state)
{
    (void)state;
    for (int a = 0; a < 2; a++) {
        D3DKMT_HANDLE number;
        struct rig_fence here, there, refused;
        here = make_with(a, NTF_SYNC_SHARED, &number);
        use(1 - a);
        assert_int_equal(rig_open_global(number, &there), NTF_STATUS_SUCCESS);
        assert_ptr_not_equal(here.value, there.value);
        assert_int_equal(signal_in(1 - a, there.handle, 2), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&here), 2);
        destroy_in(a, here.handle);
        use(a);
        assert_int_equal(rig_open_global(number, &here), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&here), 2);
        destroy_in(1 - a, there.handle);
        destroy_in(a, here.handle);
        assert_int_equal(rig_open_global(number, &refused), NTF_STATUS_INVALID_PARAMETER);
    }
}

/* D3DKMT handles are a copy's own. */
static void handles_are_private(void **state)
{
    const struct rig_fence here = make(0);
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { here.handle };

    (void)state;
    assert_int_equal(signal_in(1, here.handle, 1), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(wait_in(1, here.handle, 0, NULL), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(copies[1].DestroySynchronizationObject(&destroy), NTF_STATUS_INVALID_PARAMETER);
    destroy_in(0, here.handle);
}

/* All slots held by the threads of one copy: they are alive to the other, which takes none of them. */
static void neither_is_dead_to_the_other(void **state)
{
    static struct sleeper sleepers[64];
    const struct rig_fence here = make(0);
    struct sleeper last = { NULL, 1, 0, 100, NTF_STATUS_PENDING };
    const ntf_au32 *overflow = (const ntf_au32 *)(const void *)(here.value + 9); /* at 136 */
    const ntf_au64 *target = here.value + 16;
    struct rig_fence there;
    ntf_handle nt = NULL;

    (void)state;
    assert_int_equal(copies[0].ShareObjects(1, &here.handle, NULL, 0x1F0003, &nt), NTF_STATUS_SUCCESS);
    there = open_in(1, nt);
    for (int i = 0; i < 64; i++) {
        sleepers[i] = (struct sleeper){ NULL, 0, here.handle, 50, NTF_STATUS_PENDING };
        assert_int_equal(ntf_thread_start(&sleepers[i].thread, "sleeper", run, &sleepers[i]), NTF_OK);
    }
    rig_until_armed(&here, 64);
    last.handle = there.handle;
    assert_int_equal(ntf_thread_start(&last.thread, "last", run, &last), NTF_OK);
    while (!(ntf_load((ntf_au32 *)(uintptr_t)overflow, NTF_ACQUIRE) & 1))
        rig_yield();
    for (int i = 0; i < 64; i++)
        assert_int_equal(ntf_load((ntf_au64 *)(uintptr_t)&target[4 * i], NTF_ACQUIRE), 50);
    assert_int_equal(signal_in(1, there.handle, 100), NTF_STATUS_SUCCESS);
    for (int i = 0; i < 64; i++)
        ntf_thread_join(sleepers[i].thread);
    ntf_thread_join(last.thread);
    assert_int_equal(last.status, NTF_STATUS_SUCCESS);
    destroy_in(0, here.handle);
    destroy_in(1, there.handle);
    rig_handle_close(nt);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_handle),
        cmocka_unit_test(by_name),
        cmocka_unit_test(by_global_handle),
        cmocka_unit_test(handles_are_private),
        cmocka_unit_test(neither_is_dead_to_the_other),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-copies", tests, NTF_COUNT(tests), setup, NULL);
}
