// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *world_library(void)
{
    static char path[1024];

    if (!GetEnvironmentVariableA("NTFENCE_D3DKMT", path, sizeof path))
        abort();
    return path;
}

// ---- The doubles

static const wchar_t *const names[2] = {L"d3d12.dll", L"dxgi.dll"};
static HMODULE kept[2];

void world_keep(bool keep)
{
    for (int i = 0; i < 2; i++) {
        if (keep && !kept[i])
            kept[i] = LoadLibraryExW(names[i], NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
        if (keep)
            assert_non_null(kept[i]);
        if (!keep && kept[i]) {
            FreeLibrary(kept[i]);
            kept[i] = NULL;
        }
    }
}

static void (*found(int which, const char *symbol))(void)
{
    void (*function)(void);
    FARPROC address;

    world_keep(true);
    address = GetProcAddress(kept[which], symbol);
    assert_non_null(address); // the system folder has the double, and nothing else was loaded
    memcpy(&function, &address, sizeof function);
    return function;
}

static struct double_control *controls(int which)
{
    return ((double_control_function)found(which, "double_control"))();
}

struct double_control *world_dxgi(void)
{
    return controls(1);
}

void world_quiet(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(controls(i)->factories, 0);
        assert_int_equal(controls(i)->adapters, 0);
        assert_int_equal(controls(i)->devices, 0);
        assert_int_equal(controls(i)->fences, 0);
    }
}

struct double_control *world_fresh(void)
{
    world_quiet();
    for (int i = 0; i < 2; i++)
        memset(controls(i), 0, sizeof(struct double_control));
    return controls(0);
}

void world_remove(void)
{
    ((double_remove_function)found(0, "double_remove"))();
}

// ---- Kernel and fences

struct ntf_kmt *world_kmt(const char *rungs)
{
    const struct ntf_kmt_config config = {.provider = "system", .d3dkmt = world_library(), .rungs = rungs};
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_LIBRARY);
    return kmt;
}

void world_fence(struct producer *producer, uint64_t initial)
{
    producer_begin(producer, world_library());
    producer_make(producer, false, 0, initial);
    producer_share(producer, NULL);
}

const char *world_text(const struct ntf_trace *trace)
{
    static char text[2048];
    size_t at = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < trace->count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %08X%s%s", i ? " | " : "", trace->steps[i].step,
                               (unsigned)trace->steps[i].status, trace->steps[i].detail[0] ? " " : "",
                               trace->steps[i].detail);
    return text;
}

struct ntf_object *world_open(struct ntf_kmt *kmt, ntf_handle handle, struct ntf_trace *trace)
{
    struct ntf_object *object = NULL;
    struct ntf_trace own;
    const enum ntf_result result = ntf_kmt_open_handle(kmt, handle, &object, trace ? trace : &own);

    if (result != NTF_OK)
        fail_msg("%s: %s", ntf_result_name(result), world_text(trace ? trace : &own));
    assert_int_equal(object->rung, NTF_RUNG_D3D12);
    return object;
}

// ---- The peer: lines "signal N", "later N", "value", "await N"

struct ntf_child *world_peer(const struct producer *producer)
{
    struct ntf_child *peer = ntf_child_start("peer", NULL);

    ntf_child_send(peer, "%" PRIu64, ntf_child_give_handle(peer, (uint64_t)(uintptr_t)producer->nt));
    ntf_child_expect(peer, "opened");
    return peer;
}

void world_peer_signal_later(struct ntf_child *peer, uint64_t value)
{
    ntf_child_send(peer, "later %" PRIu64, value);
}

void world_peer_signal(struct ntf_child *peer, uint64_t value)
{
    ntf_child_send(peer, "signal %" PRIu64, value);
    ntf_child_expect(peer, "done");
}

int world_peer_main(void)
{
    char line[NTF_LINE_MAX];
    struct producer producer;
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
    const volatile uint64_t *shown;

    producer_begin(&producer, world_library());
    memset(&open, 0, sizeof open);
    if (!ntf_parent_receive(line))
        return 1;
    open.hNtHandle = (ntf_handle)(uintptr_t)strtoull(line, NULL, 10);
    open.hDevice = producer.device;
    open.Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    if (producer.kernel.OpenSyncObjectFromNtHandle2(&open) != NTF_STATUS_SUCCESS)
        return 2;
    producer.fence = open.hSyncObject;
    shown = open.MonitoredFence.FenceValueCPUVirtualAddress;
    ntf_parent_send("opened");
    while (ntf_parent_receive(line)) {
        const char *number = strchr(line, ' ');
        const uint64_t value = number ? strtoull(number, NULL, 10) : 0;
        const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {.hDevice = producer.device,
                                                                 .ObjectCount = 1,
                                                                 .ObjectHandleArray = &producer.fence,
                                                                 .FenceValueArray = &value};

        switch (line[0]) {
        case 'l':
            Sleep(50);
            if (producer_signal(&producer, value) != NTF_STATUS_SUCCESS)
                return 3;
            break;
        case 's':
            if (producer_signal(&producer, value) != NTF_STATUS_SUCCESS)
                return 3;
            ntf_parent_send("done");
            break;
        case 'v':
            ntf_parent_send("value %" PRIu64, *shown);
            break;
        case 'a':
            if (producer.kernel.WaitForSynchronizationObjectFromCpu(&wait) != NTF_STATUS_SUCCESS)
                return 4;
            ntf_parent_send("there");
            break;
        default:
            return 5;
        }
    }
    producer_end(&producer);
    return 0;
}
