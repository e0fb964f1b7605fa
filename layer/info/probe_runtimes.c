/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "info/os/os.h"
#include "info/probe.h"

/* ---- handles of the Direct3D runtimes ---- */

static const char *const made_by[INFO_MADE_COUNT] = { "a fence of Direct3D 12", "a fence of Direct3D 11",
                                                      "a texture of Direct3D 11 with a keyed mutex" };

/* Opened with each set of flags; then the runtime signals, and what the addresses show is told. */
static void ask_runtime_fence(struct probe *probe, enum info_made which, struct info_runtime_object *object)
{
    static const uint32_t flags[] = { 0x80, 0x83, 0x483, 0x3, 0 };
    enum { WAYS = sizeof flags / sizeof *flags };
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 opened[WAYS];
    int32_t result;

    memset(opened, 0, sizeof opened);
    for (size_t i = 0; i < WAYS; i++)
        probe_open(probe, made_by[which], object->handle, flags[i], &opened[i]);
    result = info_os_runtime_signal(which, object, 7);
    for (size_t i = 0; i < WAYS; i++) {
        if (opened[i].hSyncObject)
            probe_answer(probe, NTF_STATUS_SUCCESS, "after its runtime signalled 7 (HRESULT 0x%08X), flags 0x%x|%s",
                         (unsigned)result, flags[i],
                         probe_address(opened[i].MonitoredFence.FenceValueCPUVirtualAddress).text);
        probe_destroy(probe, opened[i].hSyncObject);
    }
    if (probe->native && probe->calls->thunks.OpenNativeFenceFromNtHandle)
        probe_open_native(probe, object->handle, NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, made_by[which]);
}

static void ask_runtime(struct probe *probe, enum info_made which)
{
    struct info_runtime_object object;

    if (probe->calls->provider != NTF_PROVIDER_SYSTEM) {
        probe_not_asked(probe, "only the system's own kernel knows the handles of the runtimes");
        return;
    }
    if (!info_os_runtime_make(which, &object)) {
        probe_not_asked(probe, "%s: %s, HRESULT 0x%08X", made_by[which], object.step, (unsigned)object.result);
    } else if (memcmp(&object.luid, &probe->luid, sizeof object.luid) != 0) {
        probe_not_asked(probe, "%s belongs to adapter %08x:%08x", made_by[which], (unsigned)object.luid.HighPart,
                        (unsigned)object.luid.LowPart);
    } else if (which == INFO_MADE_BUNDLE) {
        probe_open(probe, made_by[which], object.handle, NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, NULL);
        probe_open(probe, made_by[which], object.handle, 0, NULL);
    } else {
        ask_runtime_fence(probe, which, &object);
    }
    info_os_runtime_end(&object);
}

void probe_runtimes(struct probe *probe)
{
    probe_question(probe, 1, "With which flags does D3DKMT open a fence of Direct3D, and can its value then be read?");
    ask_runtime(probe, INFO_MADE_D3D12);
    ask_runtime(probe, INFO_MADE_D3D11);
    probe_question(probe, 14, "Does D3DKMT open the handle of a resource bundle as a fence?");
    ask_runtime(probe, INFO_MADE_BUNDLE);
}
