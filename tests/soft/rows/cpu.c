/* SPDX-License-Identifier: Apache-2.0 */
/* 6.3, CPU wait and signal, and what of 2.1 and 1.6 is about them. The fence starts at 1, as there.
 */
#include "rows.h"

#include <string.h>

#define REWIND NTF_SIGNAL_ALLOW_REWIND
#define QUIET_MS 100

/* By the numbers of the types; both are fences with a value. */
static struct rig_fence fence_of(uint32_t type, uint32_t flags)
{
    return type == NATIVE ? rig_native(flags, 1) : rig_monitored(flags, 1);
}

/* a: the type; b: 0 waits, 1 signals. */
static ntf_status legacy(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, 0);
    const ntf_handle event = rig_event_new();
    const ntf_status status = b ? rig_signal(handle, 1) : rig_wait_async(handle, 0, event);

    ROW_CHECK(!rig_event_is_set(event));
    rig_handle_close(event);
    rig_destroy(handle);
    return status;
}

/* a: the type; b: the value. */
static ntf_status wait_reached(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, 0);
    const ntf_handle event = rig_event_new();
    const ntf_status status = rig_wait_async(fence.handle, b, event);

    ROW_CHECK(rig_event_is_set(event));
    rig_handle_close(event);
    rig_destroy(fence.handle);
    return status;
}

static ntf_status wait_pends(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, b);
    const ntf_handle event = rig_event_new();
    const ntf_status status = rig_wait_async(fence.handle, 2, event);

    row_sleep_ms(QUIET_MS);
    ROW_CHECK(!rig_event_is_set(event));
    rig_handle_close(event);
    rig_destroy(fence.handle);
    return status;
}

/* Wait for 2, signal 2. */
static ntf_status signal_ends_wait(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, b);
    const ntf_handle event = rig_event_new();
    ntf_status status;

    ROW_CHECK(rig_wait_async(fence.handle, 2, event) == NTF_STATUS_SUCCESS);
    status = rig_signal(fence.handle, 2);
    ROW_CHECK(row_event_comes(event));
    ROW_CHECK(rig_value(&fence) == 2);
    rig_handle_close(event);
    rig_destroy(fence.handle);
    return status;
}

/* Signal 2, then 1 with the flags b. */
static ntf_status signal_back(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, 0);
    ntf_status status;

    ROW_CHECK(rig_signal(fence.handle, 2) == NTF_STATUS_SUCCESS);
    status = rig_signal_flags(fence.handle, 1, b);
    ROW_CHECK(rig_value(&fence) == (b ? 1u : 2u));
    rig_destroy(fence.handle);
    return status;
}

/* After 2 and back to 1, a wait for 2 pends until 2 is signalled again. */
static ntf_status wait_after_rewind(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, b);
    const ntf_handle event = rig_event_new();
    ntf_status status;

    ROW_CHECK(rig_signal(fence.handle, 2) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_signal_flags(fence.handle, 1, REWIND) == NTF_STATUS_SUCCESS);
    status = rig_wait_async(fence.handle, 2, event);
    row_sleep_ms(QUIET_MS);
    ROW_CHECK(!rig_event_is_set(event));
    ROW_CHECK(rig_signal(fence.handle, 2) == NTF_STATUS_SUCCESS);
    ROW_CHECK(row_event_comes(event));
    rig_handle_close(event);
    rig_destroy(fence.handle);
    return status;
}

/* ---- 2.1 ---- */

static ntf_status addresses(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = a;
    create.Info.Flags = b;
    create.Info.MonitoredFence.FenceValueGPUVirtualAddress = POISON;
    status = kmt.CreateSynchronizationObject2(&create);
    ROW_CHECK(create.Info.MonitoredFence.FenceValueCPUVirtualAddress != NULL);
    ROW_CHECK((uintptr_t)create.Info.MonitoredFence.FenceValueCPUVirtualAddress % 8 == 0);
    ROW_CHECK(create.Info.MonitoredFence.FenceValueGPUVirtualAddress == 0);
    rig_destroy(create.hSyncObject);
    return status;
}

/* A wait with NULL for an event is still there when nothing has happened, and ends by a signal. */
static ntf_status blocks(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, b);
    struct rig_waiter waiter;
    ntf_status status;

    rig_waiter_start(&waiter, fence.handle, 2);
    rig_until_armed(&fence, 1);
    row_sleep_ms(QUIET_MS);
    ROW_CHECK(ntf_load(&waiter.done, NTF_ACQUIRE) == 0);
    ROW_CHECK(rig_signal(fence.handle, 3) == NTF_STATUS_SUCCESS);
    status = rig_waiter_join(&waiter);
    rig_destroy(fence.handle);
    return status;
}

/* Two fences, of which the second is signalled. a: the flags of the wait; b: whether that ends it.
 */
static ntf_status any_or_all(uint32_t a, uint32_t b)
{
    const struct rig_fence first = rig_monitored(0, 1), second = rig_native(SHARED, 1);
    const D3DKMT_HANDLE handles[2] = {first.handle, second.handle};
    const uint64_t values[2] = {2, 2};
    const ntf_handle event = rig_event_new();
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {rig_device(), 2,     handles,
                                                             values,       event, a};
    const ntf_status status = kmt.WaitForSynchronizationObjectFromCpu(&wait);

    ROW_CHECK(!rig_event_is_set(event));
    ROW_CHECK(rig_signal(second.handle, 2) == NTF_STATUS_SUCCESS);
    if (!b) {
        row_sleep_ms(QUIET_MS);
        ROW_CHECK(!rig_event_is_set(event));
        ROW_CHECK(rig_signal(first.handle, 2) == NTF_STATUS_SUCCESS);
    }
    ROW_CHECK(row_event_comes(event));
    rig_handle_close(event);
    rig_destroy(first.handle);
    rig_destroy(second.handle);
    return status;
}

/* All ones is a value as any other: a later signal goes back to 1. */
static ntf_status max_and_back(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = fence_of(a, b);
    ntf_status status;

    ROW_CHECK(rig_signal(fence.handle, UINT64_MAX) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_value(&fence) == UINT64_MAX);
    status = rig_signal_flags(fence.handle, 1, REWIND);
    ROW_CHECK(rig_value(&fence) == 1);
    rig_destroy(fence.handle);
    return status;
}

/* An asynchronous wait through one of two handles of an object; the other (b), or that very one, is
 * destroyed. SUCCESS when the wait has ended by that, PENDING when it has not. a: the flags of the
 * opening. */
static ntf_status destroy_releases(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = rig_monitored(SHARED, 1);
    const ntf_handle event = rig_event_new(), nt = rig_share(fence.handle);
    D3DKMT_HANDLE second;
    bool released;

    assert_int_equal(row_open(rig_device(), nt, a, &second), NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_wait_async(second, 5, event) == NTF_STATUS_SUCCESS);
    rig_destroy(b ? fence.handle : second);
    if (b)
        row_sleep_ms(QUIET_MS);
    released = b ? rig_event_is_set(event) : row_event_comes(event);
    rig_destroy(b ? second : fence.handle);
    if (b)
        ROW_CHECK(row_event_comes(event));
    rig_handle_close(nt);
    rig_handle_close(event);
    return released ? NTF_STATUS_SUCCESS : NTF_STATUS_PENDING;
}

const struct row rows_cpu[] = {
    ROW("1.6.11", "Signal below the current value", signal_back, MONITORED, 0, INVALID_PARAMETER),
    ROW("1.6.11", "the same of a native fence", signal_back, NATIVE, 0, INVALID_PARAMETER),
    ROW("1.6.12", "Wait on a mutex", legacy, MUTEX, 0, INVALID_PARAMETER),
    ROW("1.6.12", "Wait on a semaphore", legacy, SEMAPHORE, 0, INVALID_PARAMETER),
    ROW("1.6.12", "Wait on a legacy fence", legacy, LEGACY_FENCE, 0, INVALID_PARAMETER),
    ROW("1.6.12", "Signal a mutex", legacy, MUTEX, 1, INVALID_PARAMETER),
    ROW("1.6.12", "Signal a semaphore", legacy, SEMAPHORE, 1, INVALID_PARAMETER),
    ROW("1.6.12", "Signal a legacy fence", legacy, LEGACY_FENCE, 1, INVALID_PARAMETER),

    ROW("2.1.8", "Create2 with NoGPUAccess", addresses, MONITORED, NTF_SYNC_NO_GPU_ACCESS, SUCCESS),
    ROW("2.1.8", "the same, shared", addresses, MONITORED, SHARED | NTF_SYNC_NO_GPU_ACCESS,
        SUCCESS),
    ROW("2.1.9", "Signal is seen, and ends a wait", signal_ends_wait, MONITORED, SHARED, SUCCESS),
    ROW("2.1.9", "the same of a native fence", signal_ends_wait, NATIVE, SHARED, SUCCESS),
    ROW("2.1.10", "Wait without event blocks", blocks, MONITORED, 0, SUCCESS),
    ROW("2.1.10", "the same, shared", blocks, MONITORED, SHARED, SUCCESS),
    ROW("2.1.10", "the same of a native fence", blocks, NATIVE, SHARED, SUCCESS),
    ROW("2.1.10", "Wait for any of two", any_or_all, NTF_WAIT_FROM_CPU_ANY, 1, SUCCESS),
    ROW("2.1.10", "Wait for all of two", any_or_all, 0, 0, SUCCESS),
    ROW("2.1.11", "Wait for 0 of a native fence", wait_reached, NATIVE, 0, SUCCESS),
    ROW("2.1.11", "Wait for the current value of one", wait_reached, NATIVE, 1, SUCCESS),
    ROW("2.1.11", "Wait for 0", wait_reached, MONITORED, 0, SUCCESS),
    ROW("2.1.11", "Wait for the current value", wait_reached, MONITORED, 1, SUCCESS),
    ROW("2.1.12", "Signal backwards", signal_back, MONITORED, 0, INVALID_PARAMETER),
    ROW("2.1.12", "Signal backwards with AllowFenceRewind", signal_back, MONITORED, REWIND,
        SUCCESS),
    ROW("2.1.12", "Wait after a rewind", wait_after_rewind, MONITORED, SHARED, SUCCESS),
    ROW("2.1.12", "the same of a native fence", wait_after_rewind, NATIVE, SHARED, SUCCESS),
    ROW("2.1.17", "Signal all ones, then 1", max_and_back, MONITORED, SHARED, SUCCESS),
    ROW("2.1.17", "the same of a native fence", max_and_back, NATIVE, SHARED, SUCCESS),
    ROW("2.1.18", "the handle of a wait is destroyed", destroy_releases, 0, 0, SUCCESS),
    ROW_DEVIATES("2.1.18", "another local handle of the object is destroyed", destroy_releases, 0,
                 1, SUCCESS, 13, PENDING),
    ROW("2.1.18", "the same with bit 10: the wait stays", destroy_releases,
        NTF_SYNC_UNWAIT_ON_DESTROY, 1, PENDING),

    ROW("6.3.cpu.1", "Wait on a mutex", legacy, MUTEX, 0, INVALID_PARAMETER),
    ROW("6.3.cpu.1", "Wait on a semaphore", legacy, SEMAPHORE, 0, INVALID_PARAMETER),
    ROW("6.3.cpu.1", "Wait on a legacy fence", legacy, LEGACY_FENCE, 0, INVALID_PARAMETER),
    ROW("6.3.cpu.1", "Signal a mutex", legacy, MUTEX, 1, INVALID_PARAMETER),
    ROW("6.3.cpu.1", "Signal a semaphore", legacy, SEMAPHORE, 1, INVALID_PARAMETER),
    ROW("6.3.cpu.1", "Signal a legacy fence", legacy, LEGACY_FENCE, 1, INVALID_PARAMETER),
    ROW("6.3.cpu.2", "Wait 0", wait_reached, MONITORED, 0, SUCCESS),
    ROW("6.3.cpu.2", "Wait 1", wait_reached, MONITORED, 1, SUCCESS),
    ROW("6.3.cpu.3", "Wait 2", wait_pends, MONITORED, 0, SUCCESS),
    ROW("6.3.cpu.3", "Wait 2, shared", wait_pends, MONITORED, SHARED, SUCCESS),
    ROW("6.3.cpu.3", "Wait 2 of a native fence", wait_pends, NATIVE, SHARED, SUCCESS),
    ROW("6.3.cpu.4", "Signal 2", signal_ends_wait, MONITORED, 0, SUCCESS),
    ROW("6.3.cpu.5", "Signal 1 afterwards", signal_back, MONITORED, 0, INVALID_PARAMETER),
    ROW("6.3.cpu.6", "Signal 1 with AllowFenceRewind", signal_back, MONITORED, REWIND, SUCCESS),
    ROW("6.3.cpu.6", "the same of a native fence", signal_back, NATIVE, REWIND, SUCCESS),
    ROW("6.3.cpu.7", "Wait 2 after the rewind", wait_after_rewind, MONITORED, 0, SUCCESS),
};
const size_t rows_cpu_count = NTF_COUNT(rows_cpu);
