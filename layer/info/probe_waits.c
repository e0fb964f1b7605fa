/* SPDX-License-Identifier: Apache-2.0 */
/* Values at their ends, arrays at their longest, waits that lose their object. */
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "info/os/os.h"
#include "info/probe.h"
#include "info/words.h"
#include "kmt/os/system.h"

#define BRIEFLY_NS UINT64_C(200000000)
enum { MOST = 129 };

/* An event that a kernel may still hold is not closed: it ends with the process. */
static const char *is_set(ntf_handle event)
{
    return ntf_system_event_take(event, ntf_deadline_after(ntf_os_now_ns(), BRIEFLY_NS)) == NTF_OK ? "event set"
                                                                                                  : "event not set";
}

static bool make(struct probe *probe, uint32_t flags, D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *fence)
{
    const ntf_status status = probe_make(probe, flags, fence);

    if (status == NTF_STATUS_SUCCESS && fence->hSyncObject)
        return true;
    probe_not_asked(probe, "a monitored fence with flags 0x%x cannot be made: %s", flags,
                    info_status_words(status).text);
    return false;
}

static void signal_to(struct probe *probe, const D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *fence, uint64_t value,
                      const char *what)
{
    const ntf_status status = probe_signal(probe, &fence->hSyncObject, &value, 1);

    probe_answer(probe, status, "%s|%s", what,
                 probe_address(fence->Info.MonitoredFence.FenceValueCPUVirtualAddress).text);
}

static void ask_equal(struct probe *probe)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 fence;

    probe_question(probe, 6, "Is a CPU signal of the current value refused? And of a lower one?");
    if (!make(probe, NTF_SYNC_NO_GPU_ACCESS, &fence))
        return;
    signal_to(probe, &fence, 5, "at 0, signal 5");
    signal_to(probe, &fence, 5, "at 5, signal 5");
    signal_to(probe, &fence, 4, "at 5, signal 4");
    probe_destroy(probe, fence.hSyncObject);
}

static void ask_largest(struct probe *probe)
{
    const uint64_t largest = UINT64_MAX;
    const ntf_handle event = info_os_event();
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 fence;
    ntf_status status;

    probe_question(probe, 7, "May one wait for 2^64-1, and signal it from the CPU? Does it stay?");
    if (!make(probe, NTF_SYNC_NO_GPU_ACCESS, &fence))
        return;
    status = probe_wait(probe, &fence.hSyncObject, &largest, 1, event);
    probe_answer(probe, status, "wait for 2^64-1 with an event");
    signal_to(probe, &fence, largest, "signal 2^64-1");
    if (status == NTF_STATUS_SUCCESS)
        probe_answer(probe, status, "that wait, after it|%s", is_set(event));
    signal_to(probe, &fence, 7, "at 2^64-1, signal 7");
    probe_destroy(probe, fence.hSyncObject);
}

static void ask_count(struct probe *probe, const D3DKMT_HANDLE *objects, uint32_t count, uint64_t value)
{
    uint64_t values[MOST];
    const ntf_handle event = info_os_event();
    ntf_status status;

    for (uint32_t i = 0; i < count; i++)
        values[i] = value;
    status = probe_wait(probe, objects, values, count, event);
    probe_answer(probe, status, "wait for %u objects", count);
    if (status == NTF_STATUS_SUCCESS) {
        status = probe_signal(probe, objects, values, count);
        probe_answer(probe, status, "signal these %u objects|%s", count, is_set(event));
    } else {
        probe_answer(probe, probe_signal(probe, objects, values, count), "signal %u objects", count);
    }
}

static void ask_twice(struct probe *probe, D3DKMT_HANDLE object, uint64_t value)
{
    const D3DKMT_HANDLE twice[2] = { object, object };
    const uint64_t equal[2] = { value, value }, rising[2] = { value + 1, value + 2 };
    const ntf_handle event = info_os_event();
    const ntf_status waits = probe_wait(probe, twice, equal, 2, event);
    ntf_status status;

    probe_answer(probe, waits, "wait for one object twice");
    status = probe_signal(probe, twice, equal, 2);
    probe_answer(probe, status, "signal one object twice, the same value|%s",
                 waits == NTF_STATUS_SUCCESS ? is_set(event) : "");
    status = probe_signal(probe, twice, rising, 2);
    probe_answer(probe, status, "signal one object twice, rising values");
}

static void ask_arrays(struct probe *probe)
{
    static const uint32_t counts[] = { 1, 31, 32, 33, 64, 65, 128, 129 };
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 fence;
    D3DKMT_HANDLE objects[MOST];
    uint32_t made = 0;
    uint64_t value = 0;

    probe_question(probe, 11, "How many objects may a CPU wait and a CPU signal name? The same one twice?");
    while (made < MOST && probe_make(probe, NTF_SYNC_NO_GPU_ACCESS, &fence) == NTF_STATUS_SUCCESS && fence.hSyncObject)
        objects[made++] = fence.hSyncObject;
    if (made < MOST)
        probe_not_asked(probe, "beyond %u objects: no more could be made", made);
    for (size_t i = 0; i < sizeof counts / sizeof *counts && counts[i] <= made; i++)
        ask_count(probe, objects, counts[i], ++value);
    if (made > 0)
        ask_twice(probe, objects[0], ++value);
    while (made > 0)
        probe_destroy(probe, objects[--made]);
}

static void ask_destroyed(struct probe *probe, uint32_t flags)
{
    const uint64_t value = 9;
    const ntf_handle event = info_os_event();
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 fence;
    ntf_status status;

    if (!make(probe, flags, &fence))
        return;
    status = probe_wait(probe, &fence.hSyncObject, &value, 1, event);
    probe_destroy(probe, fence.hSyncObject);
    probe_answer(probe, status, "made with flags 0x%x, waited for, destroyed|%s", flags,
                 status == NTF_STATUS_SUCCESS ? is_set(event) : "no wait");
}

void probe_waits(struct probe *probe)
{
    ask_equal(probe);
    ask_largest(probe);
    ask_arrays(probe);
    probe_question(probe, 12, "Does destroying an object set the event of a wait for it?");
    ask_destroyed(probe, NTF_SYNC_NO_GPU_ACCESS);
    ask_destroyed(probe, NTF_SYNC_NO_GPU_ACCESS | NTF_SYNC_UNWAIT_ON_DESTROY);
}
