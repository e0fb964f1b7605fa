/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --probe: questions about D3DKMT that no public page answers, asked of every provider and adapter here. Harmless: what
 * is made belongs to this process and is gone with it, names are random, no call is made that could wait without an
 * event, and the watchdog ends the whole.
 */
#include "info/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "info/parts.h"
#include "info/words.h"
#include "kmt/os/system.h"

enum { ADAPTERS_ASKED = 4 };

/* ---- taking down ---- */

void probe_question(struct probe *probe, unsigned number, const char *question)
{
    struct info_node *node = info_entry(probe->questions, "%u. %s", number, question);

    info_doing("question %u on %s: %s", number, info_provider_title(probe->calls->provider), question);
    info_number(node, "number", NULL, number);
    info_text(node, "question", NULL, "%s", question);
    probe->answers = info_list(node, "answers", "");
}

static void answer(struct probe *probe, const char *asked, const char *status, const char *detail)
{
    struct info_node *node = info_entry(probe->answers, "%s: %s%s%s", asked, status, detail[0] ? "; " : "", detail);

    info_text(node, "asked", NULL, "%s", asked);
    info_text(node, "status", NULL, "%s", status);
    info_text(node, "detail", NULL, "%s", detail);
}

/* The format gives what was asked, and after a '|' what else there is to say. */
void probe_answer(struct probe *probe, ntf_status status, const char *format, ...)
{
    char text[768], *bar;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bar = strchr(text, '|');
    if (bar)
        *bar++ = '\0';
    answer(probe, text, info_status_words(status).text, bar ? bar : "");
}

void probe_not_asked(struct probe *probe, const char *format, ...)
{
    struct info_node *node;
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    node = info_entry(probe->answers, "not asked: %s", text);
    info_text(node, "not_asked", NULL, "%s", text);
}

/* ---- calls ---- */

ntf_status probe_make(struct probe *probe, uint32_t flags, D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *out)
{
    memset(out, 0, sizeof *out);
    out->hDevice = probe->device;
    out->Info.Type = D3DDDI_MONITORED_FENCE;
    out->Info.Flags = flags;
    if (!probe->calls->thunks.CreateSynchronizationObject2)
        return NTF_STATUS_NOT_IMPLEMENTED;
    return probe->calls->thunks.CreateSynchronizationObject2(out);
}

void probe_destroy(struct probe *probe, D3DKMT_HANDLE object)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = object };

    if (object && probe->calls->thunks.DestroySynchronizationObject)
        (void)probe->calls->thunks.DestroySynchronizationObject(&destroy);
}

ntf_status probe_share(struct probe *probe, D3DKMT_HANDLE object, ntf_object_attributes *attributes, uint32_t access,
                       ntf_handle *out)
{
    ntf_object_attributes none = { .Length = sizeof none };

    *out = NULL;
    if (!probe->calls->thunks.ShareObjects)
        return NTF_STATUS_NOT_IMPLEMENTED;
    return probe->calls->thunks.ShareObjects(1, &object, attributes ? attributes : &none, access, out);
}

ntf_status probe_signal(struct probe *probe, const D3DKMT_HANDLE *objects, const uint64_t *values, uint32_t count)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = {
        .hDevice = probe->device, .ObjectCount = count, .ObjectHandleArray = objects, .FenceValueArray = values
    };

    if (!probe->calls->thunks.SignalSynchronizationObjectFromCpu)
        return NTF_STATUS_NOT_IMPLEMENTED;
    return probe->calls->thunks.SignalSynchronizationObjectFromCpu(&signal);
}

ntf_status probe_wait(struct probe *probe, const D3DKMT_HANDLE *objects, const uint64_t *values, uint32_t count,
                      ntf_handle event)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {
        .hDevice = probe->device, .ObjectCount = count, .ObjectHandleArray = objects, .FenceValueArray = values,
        .hAsyncEvent = event
    };

    if (!event)
        return NTF_STATUS_NO_MEMORY;
    if (!probe->calls->thunks.WaitForSynchronizationObjectFromCpu)
        return NTF_STATUS_NOT_IMPLEMENTED;
    return probe->calls->thunks.WaitForSynchronizationObjectFromCpu(&wait);
}

struct probe_text probe_address(const void *address)
{
    struct probe_text words;

    if (!address)
        (void)snprintf(words.text, sizeof words.text, "CPU address: none");
    else if ((uintptr_t)address % sizeof(uint64_t) != 0)
        (void)snprintf(words.text, sizeof words.text, "CPU address: not aligned");
    else
        (void)snprintf(words.text, sizeof words.text, "CPU address: reads 0x%llx",
                       (unsigned long long)ntf_load((ntf_au64 *)(uintptr_t)address, NTF_ACQUIRE));
    return words;
}

void probe_open(struct probe *probe, const char *what, ntf_handle handle, uint32_t flags,
                D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *keep)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
    ntf_status status;

    memset(&open, 0, sizeof open);
    open.hNtHandle = handle;
    open.hDevice = probe->device;
    open.Flags = flags;
    if (!probe->calls->thunks.OpenSyncObjectFromNtHandle2) {
        probe_not_asked(probe, "D3DKMTOpenSyncObjectFromNtHandle2 is not exported");
        return;
    }
    status = probe->calls->thunks.OpenSyncObjectFromNtHandle2(&open);
    if (status == NTF_STATUS_SUCCESS)
        probe_answer(probe, status, "%s, flags 0x%x|%s, GPU address: %s", what, flags,
                     probe_address(open.MonitoredFence.FenceValueCPUVirtualAddress).text,
                     open.MonitoredFence.FenceValueGPUVirtualAddress ? "there" : "none");
    else
        probe_answer(probe, status, "%s, flags 0x%x", what, flags);
    if (keep)
        *keep = open;
    else if (status == NTF_STATUS_SUCCESS)
        probe_destroy(probe, open.hSyncObject);
}

/* ---- all of it ---- */

static void ask_adapter(struct info_node *list, const struct info_calls *calls, const D3DKMT_ADAPTERINFO *adapter)
{
    struct probe probe = { .calls = calls, .adapter = adapter->hAdapter, .luid = adapter->AdapterLuid };
    struct info_node *entry = info_entry(list, "Asked of %s, adapter %08x:%08x", info_provider_title(calls->provider),
                                         (unsigned)probe.luid.HighPart, (unsigned)probe.luid.LowPart);
    D3DKMT_CREATEDEVICE create;
    ntf_status status = NTF_STATUS_NOT_IMPLEMENTED;

    memset(&create, 0, sizeof create);
    create.hAdapter = probe.adapter;
    if (calls->thunks.CreateDevice && calls->thunks.DestroyDevice)
        status = calls->thunks.CreateDevice(&create);
    info_text(entry, "provider", NULL, "%s", ntf_provider_name(calls->provider));
    info_text(entry, "luid", NULL, "%08x:%08x", (unsigned)probe.luid.HighPart, (unsigned)probe.luid.LowPart);
    info_text(entry, "device", "a device can be made", "%s", info_status_words(status).text);
    probe.questions = info_list(entry, "questions", "");
    probe.native = info_calls_native(calls, probe.adapter, &probe.native_status);
    if (status == NTF_STATUS_SUCCESS && create.hDevice) {
        const D3DKMT_DESTROYDEVICE destroy = { .hDevice = create.hDevice };

        probe.device = create.hDevice;
        probe_runtimes(&probe);
        probe_native(&probe);
        probe_waits(&probe);
        probe_objects(&probe);
        probe_names(&probe);
        (void)calls->thunks.DestroyDevice(&destroy);
    } else {
        info_note(entry, "Nothing was asked: each question needs a device.");
    }
}

static unsigned ask_provider(struct info_node *list, const struct info_calls *calls)
{
    D3DKMT_ADAPTERINFO adapters[INFO_ADAPTERS_MAX];
    uint32_t count;
    const ntf_status status = info_calls_adapters(calls, adapters, &count);

    if (count == 0) {
        struct info_node *entry = info_entry(list, "Not asked of %s: no adapter, %s",
                                             info_provider_title(calls->provider), info_status_words(status).text);

        info_text(entry, "provider", NULL, "%s", ntf_provider_name(calls->provider));
        info_text(entry, "not_asked", NULL, "no adapter: %s", info_status_words(status).text);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i < ADAPTERS_ASKED)
            ask_adapter(list, calls, &adapters[i]);
        info_calls_close_adapter(calls, adapters[i].hAdapter);
    }
    return count;
}

void info_probe_part(const struct ntf_settings *settings)
{
    struct info_node *part = info_object(info_report(), "probe", "Questions");
    struct info_node *list = info_list(part, "asked_of", "");
    unsigned adapters = 0;

    for (int i = 0; i < NTF_PROVIDER_COUNT; i++) {
        struct info_calls calls;

        if (info_calls_open(&calls, (enum ntf_provider)i, settings)) {
            adapters += ask_provider(list, &calls);
            info_calls_close(&calls);
        } else if (i != NTF_PROVIDER_LIBRARY || settings->d3dkmt[0]) {
            struct info_node *entry = info_entry(list, "Not asked of %s: it cannot be opened",
                                                 info_provider_title((enum ntf_provider)i));

            info_text(entry, "provider", NULL, "%s", ntf_provider_name((enum ntf_provider)i));
            info_text(entry, "not_asked", NULL, "the library cannot be opened");
        }
    }
    if (adapters == 0)
        info_problem("no provider of D3DKMT has an adapter: nothing could be asked");
}
