/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native fences, and which calls there are. The structures have three generations and carry no size, so a block that is
 * larger than all of them goes in, zeroed, with a guard behind it: how far the kernel wrote tells the generation. Never
 * asked of a kernel without the feature, which would read them in another layout.
 */
#include <stdio.h>
#include <string.h>

#include "info/os/os.h"
#include "info/probe.h"
#include "info/words.h"
#include "kmt/os/system.h"

enum { GUARD_BYTES = 64, GUARD = 0xA5 };

union block {
    D3DKMT_CREATENATIVEFENCE create;
    D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
    _Alignas(8) uint8_t bytes[NTF_NATIVE_FENCE_BLOCK_SIZE + GUARD_BYTES];
};

static void prepare(union block *block)
{
    memset(block->bytes, 0, NTF_NATIVE_FENCE_BLOCK_SIZE);
    memset(block->bytes + NTF_NATIVE_FENCE_BLOCK_SIZE, GUARD, GUARD_BYTES);
}

/* Behind the last byte that is not zero. */
static unsigned extent(const union block *block)
{
    for (unsigned i = GUARD_BYTES; i > 0; i--)
        if (block->bytes[NTF_NATIVE_FENCE_BLOCK_SIZE + i - 1] != GUARD)
            return NTF_NATIVE_FENCE_BLOCK_SIZE + i;
    for (unsigned i = NTF_NATIVE_FENCE_BLOCK_SIZE; i > 0; i--)
        if (block->bytes[i - 1] != 0)
            return i;
    return 0;
}

void probe_open_native(struct probe *probe, ntf_handle handle, uint32_t flags, const char *what)
{
    union block block;
    ntf_status status;

    prepare(&block);
    block.open.hNtHandle = handle;
    block.open.hDevice = probe->device;
    block.open.EngineAffinity = 1;
    block.open.Flags = flags;
    status = probe->calls->thunks.OpenNativeFenceFromNtHandle(&block.open);
    if (status != NTF_STATUS_SUCCESS) {
        probe_answer(probe, status, "open %s as native, flags 0x%x", what, flags);
        return;
    }
    probe_answer(probe, status, "open %s as native, flags 0x%x|%s, block filled up to byte %u", what, flags,
                 probe_address(block.open.NativeFenceMapping.CurrentValueCpuVa).text, extent(&block));
    probe_destroy(probe, block.open.hSyncObject);
}

static void ask_create(struct probe *probe, uint32_t flags)
{
    union block block;
    ntf_handle handle;
    ntf_status status;

    prepare(&block);
    block.create.hDevice = probe->device;
    block.create.Info.InitialFenceValue = 5;
    block.create.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    block.create.Info.Flags = flags;
    status = probe->calls->thunks.CreateNativeFence(&block.create);
    if (status != NTF_STATUS_SUCCESS) {
        probe_answer(probe, status, "make one, flags 0x%x", flags);
        return;
    }
    probe_answer(probe, status, "make one, flags 0x%x|%s, block filled up to byte %u", flags,
                 probe_address(block.create.Info.NativeFenceMapping.CurrentValueCpuVa).text, extent(&block));
    status = probe_share(probe, block.create.hSyncObject, NULL, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &handle);
    probe_answer(probe, status, "share it");
    if (status == NTF_STATUS_SUCCESS) {
        probe_open_native(probe, handle, flags, "it");
        probe_open(probe, "open it as monitored", handle, flags, NULL);
        ntf_system_close_handle(handle);
    }
    probe_destroy(probe, block.create.hSyncObject);
}

static bool askable(struct probe *probe)
{
    const struct ntf_kmt_thunks *thunks = &probe->calls->thunks;

    if (!thunks->CreateNativeFence || !thunks->OpenNativeFenceFromNtHandle)
        probe_not_asked(probe, "the calls are not exported");
    else if (!probe->native)
        probe_not_asked(probe, "native fences (feature 37) are off: %s", info_status_words(probe->native_status).text);
    else
        return true;
    return false;
}

static void ask_exports(struct probe *probe)
{
    static const char *const names[] = {
        "D3DKMTCreateNativeFence", "D3DKMTOpenNativeFenceFromNtHandle", "D3DKMTIsFeatureEnabled",
        "D3DKMTEnumAdapters2", "D3DKMTEnumAdapters3", "D3DKMTCreateSynchronizationObject2",
        "D3DKMTOpenSyncObjectFromNtHandle2", "D3DKMTOpenSyncObjectNtHandleFromName", "D3DKMTOpenSynchronizationObject",
        "D3DKMTShareObjects", "D3DKMTWaitForSynchronizationObjectFromCpu",
        "D3DKMTSignalSynchronizationObjectFromCpu", "D3DKMTOpenResourceFromNtHandle",
        "D3DKMTQueryResourceInfoFromNtHandle", "D3DKMTOpenKeyedMutexFromNtHandle", "D3DKMTAcquireKeyedMutex2",
        "D3DKMTReleaseKeyedMutex2", "D3DKMTGetDeviceState",
    };
    char missing[512];
    size_t n = 0;

    missing[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names && n < sizeof missing; i++)
        if (!info_calls_symbol(probe->calls, names[i]))
            n += (size_t)snprintf(missing + n, sizeof missing - n, "%s%s", n ? ", " : "", names[i] + strlen("D3DKMT"));
    probe_answer(probe, n ? NTF_STATUS_NOT_IMPLEMENTED : NTF_STATUS_SUCCESS, "all of %u calls|%s%s",
                 (unsigned)(sizeof names / sizeof *names), n ? "missing: " : "", missing);
}

void probe_native(struct probe *probe)
{
    static const uint32_t flags[] = {
        0, NTF_SYNC_NO_GPU_ACCESS, NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING,
        NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_GPU_ACCESS
    };

    probe_question(probe, 4, "Can native fences be made and opened without the driver's private data, and with which "
                             "flags shared?");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!askable(probe))
            break;
        ask_create(probe, flags[i]);
    }
    probe_question(probe, 13, "Which calls does the system export?");
    if (probe->calls->library)
        ask_exports(probe);
    else
        probe_not_asked(probe, "it is linked in");
}
