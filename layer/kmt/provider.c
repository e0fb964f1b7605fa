/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing a provider and proving it. The steps of enum ntf_proof are taken in order, on the adapter
 * that will be used; the first required one that fails refuses the provider, and the next is tried.
 *
 * The sample fence of the test is made with the flags of every kernel object of ours, or without any
 * if that gives no readable value. Waiting for what the test has set off ends after PROOF_NS: a
 * kernel that answers SUCCESS and does nothing is the case that this file is for.
 */
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "kmt/os/bells.h"
#include "kmt/os/system.h"
#include "kmt/provider.h"
#include "kmt/soft/soft.h"
#include "kmt/wsl.h"

#define PROOF_NS 3000000000ull /* on a machine kept busy a thread may be without a processor for more than one second */

static bool refuse(struct ntf_verdict *verdict, enum ntf_proof proof, ntf_status status,
                   const char *detail)
{
    verdict->status[proof] = status;
    verdict->refused = proof;
    (void)snprintf(verdict->detail, sizeof verdict->detail, "%s", detail);
    return false;
}

/* ---- Library and symbols -------------------------------------------------------------------- */

static bool open_library(const struct ntf_kmt_config *config, struct ntf_kmt *kmt,
                         struct ntf_verdict *verdict)
{
    const char *why = "";

    switch (kmt->provider) {
    case NTF_PROVIDER_LIBRARY:
        kmt->library = ntf_library_open_path(config->d3dkmt);
        why = "the library cannot be opened";
        break;
    case NTF_PROVIDER_SYSTEM:
        kmt->library = ntf_system_open_library(&why);
        break;
    default:
        if (ntf_soft_can_share(&why) == NTF_OK)
            return true;
        return refuse(verdict, NTF_PROOF_LIBRARY, NTF_STATUS_NOT_SUPPORTED, why);
    }
    if (kmt->library) {
        kmt->wsl = ntf_wsl_serves(kmt->library);
        return true;
    }
    return refuse(verdict, NTF_PROOF_LIBRARY, NTF_STATUS_OBJECT_NAME_NOT_FOUND, why);
}

static void (*resolve(const struct ntf_kmt *kmt, const char *symbol))(void)
{
    return kmt->library ? ntf_library_symbol(kmt->library, symbol) : NULL;
}

static bool missing(struct ntf_verdict *verdict, const char *symbol)
{
    char detail[96];

    (void)snprintf(detail, sizeof detail, "%s is not exported", symbol);
    return refuse(verdict, NTF_PROOF_SYMBOLS, NTF_STATUS_NOT_IMPLEMENTED, detail);
}

static bool find_symbols(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    if (!kmt->library)
        kmt->thunks = *ntf_soft_thunks();
#define FIND(Name, params, args, need)                                                             \
    if (kmt->library)                                                                              \
        kmt->thunks.Name = (ntf_status(NTF_APIENTRY *) params)resolve(kmt, "D3DKMT" #Name);         \
    if ((need) == NTF_THUNK_REQUIRED && !kmt->thunks.Name)                                         \
        return missing(verdict, "D3DKMT" #Name);
    NTF_KMT_THUNKS(FIND)
#undef FIND
    return true;
}

/* ---- Adapter and device --------------------------------------------------------------------- */

static bool find_adapter(const struct ntf_kmt_config *config, struct ntf_kmt *kmt,
                         struct ntf_verdict *verdict)
{
    const ntf_status status = ntf_adapter_open(config, kmt);

    return status == NTF_STATUS_SUCCESS || refuse(verdict, NTF_PROOF_ADAPTER, status, "");
}

static bool make_device(struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    D3DKMT_CREATEDEVICE create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hAdapter = kmt->adapter;
    status = kmt->thunks.CreateDevice(&create);
    if (status == NTF_STATUS_SUCCESS && create.hDevice) {
        kmt->device = create.hDevice;
        return true;
    }
    return refuse(verdict, NTF_PROOF_DEVICE, status, status ? "" : "success without a device");
}

/* ---- The sample fence ----------------------------------------------------------------------- */

struct sample {
    D3DKMT_HANDLE handle;
    ntf_au64 *value;
};

static void destroy(const struct ntf_kmt *kmt, D3DKMT_HANDLE handle)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = { .hSyncObject = handle };

    if (handle)
        (void)kmt->thunks.DestroySynchronizationObject(&destroy);
}

static bool make_sample(const struct ntf_kmt *kmt, struct sample *sample,
                        struct ntf_verdict *verdict)
{
    static const uint32_t flags[] = { NTF_SYNC_NO_SIGNAL_MAX_ON_TDR | NTF_SYNC_NO_GPU_ACCESS, 0 };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
        const char *why;
        ntf_status status;

        memset(&create, 0, sizeof create);
        create.hDevice = kmt->device;
        create.Info.Type = D3DDDI_MONITORED_FENCE;
        create.Info.Flags = flags[i];
        create.Info.MonitoredFence.InitialFenceValue = NTF_PROOF_INITIAL;
        status = kmt->thunks.CreateSynchronizationObject2(&create);
        if (status != NTF_STATUS_SUCCESS || !create.hSyncObject) {
            if (verdict->refused != NTF_PROOF_MAP) /* which is further on, and so says more */
                (void)refuse(verdict, NTF_PROOF_CREATE, status,
                             status ? "" : "success without an object");
            continue;
        }
        verdict->status[NTF_PROOF_CREATE] = status;
        why = ntf_prove_unreadable(create.Info.MonitoredFence.FenceValueCPUVirtualAddress, NTF_PROOF_INITIAL);
        if (!why) {
            sample->handle = create.hSyncObject;
            sample->value = create.Info.MonitoredFence.FenceValueCPUVirtualAddress;
            verdict->status[NTF_PROOF_MAP] = NTF_STATUS_SUCCESS;
            verdict->refused = NTF_PROOF_COUNT;
            verdict->detail[0] = '\0';
            return true;
        }
        destroy(kmt, create.hSyncObject);
        (void)refuse(verdict, NTF_PROOF_MAP, NTF_STATUS_UNSUCCESSFUL, why);
    }
    return false;
}

static ntf_status signal_sample(const struct ntf_kmt *kmt, const struct sample *sample,
                                uint64_t value)
{
    const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU signal = {
        .hDevice = kmt->device,
        .ObjectCount = 1,
        .ObjectHandleArray = &sample->handle,
        .FenceValueArray = &value,
    };

    return kmt->thunks.SignalSynchronizationObjectFromCpu(&signal);
}

/* The call may return before the value is there (D3DKMTSignalSynchronizationObjectFromCpu, remarks). */
static bool prove_signal(const struct ntf_kmt *kmt, const struct sample *sample,
                         struct ntf_verdict *verdict)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), PROOF_NS);
    const ntf_status status = signal_sample(kmt, sample, NTF_PROOF_INITIAL + 1);
    ntf_au32 nobody;

    if (status != NTF_STATUS_SUCCESS)
        return refuse(verdict, NTF_PROOF_SIGNAL, status, "");
    ntf_init(&nobody, 0u);
    while (ntf_load(sample->value, NTF_ACQUIRE) != NTF_PROOF_INITIAL + 1) {
        const uint64_t now_ns = ntf_os_now_ns();

        if (ntf_deadline_passed(deadline_ns, now_ns))
            return refuse(verdict, NTF_PROOF_SIGNAL, NTF_STATUS_UNSUCCESSFUL,
                          "the CPU address does not show the signal");
        (void)ntf_os_park(&nobody, 0, ntf_deadline_min(deadline_ns, now_ns + 1000000u));
    }
    return true;
}

/* An event that the kernel may still hold does not go back to the pool: this kernel has just shown
 * that what it does with events cannot be relied on. It is lost, once per refusal. */
static bool prove_wait(const struct ntf_kmt *kmt, const struct sample *sample,
                       struct ntf_verdict *verdict)
{
    const uint64_t target = NTF_PROOF_INITIAL + 2;
    D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {
        .hDevice = kmt->device,
        .ObjectCount = 1,
        .ObjectHandleArray = &sample->handle,
        .FenceValueArray = &target,
    };
    uint32_t bell;
    ntf_status status;

    if (!ntf_bell_borrow(&bell))
        return refuse(verdict, NTF_PROOF_WAIT, NTF_STATUS_NO_MEMORY, "no event");
    wait.hAsyncEvent = ntf_bell_event(bell);
    if (!wait.hAsyncEvent) {
        ntf_bell_return(bell);
        return refuse(verdict, NTF_PROOF_WAIT, NTF_STATUS_NO_MEMORY, "no event");
    }
    (void)ntf_system_event_take(wait.hAsyncEvent, ntf_os_now_ns()); /* of an earlier borrower */
    status = kmt->thunks.WaitForSynchronizationObjectFromCpu(&wait);
    if (!ntf_status_registered(status)) {
        ntf_bell_return(bell); /* not registered */
        return refuse(verdict, NTF_PROOF_WAIT, status, "");
    }
    status = signal_sample(kmt, sample, target);
    if (status != NTF_STATUS_SUCCESS)
        return refuse(verdict, NTF_PROOF_SIGNAL, status, "with a waiter");
    if (ntf_system_event_take(wait.hAsyncEvent, ntf_deadline_after(ntf_os_now_ns(), PROOF_NS)))
        return refuse(verdict, NTF_PROOF_WAIT, NTF_STATUS_TIMEOUT, "the event is never set");
    ntf_bell_return(bell);
    return true;
}

static bool prove_fence(const struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    struct sample sample = { 0 };
    bool proven;

    if (!make_sample(kmt, &sample, verdict))
        return false;
    proven = prove_signal(kmt, &sample, verdict);
    /* Nobody waits for soft by event: its values are watched where they are (kmt/watch.h), and a thread less runs. */
    if (proven && kmt->provider != NTF_PROVIDER_SOFT)
        proven = prove_wait(kmt, &sample, verdict);
    destroy(kmt, sample.handle);
    return proven;
}

/* ---- Choosing ------------------------------------------------------------------------------- */

/* What nobody is going to ask for is not asked of the kernel. */
static void leave_out(struct ntf_verdict *verdict, enum ntf_proof proof)
{
    (void)ntf_prove_refuse(verdict, proof, NTF_STATUS_NOT_SUPPORTED, "left out by the setting rungs");
}

static bool prove(const struct ntf_kmt_config *config, struct ntf_kmt *kmt,
                  struct ntf_verdict *verdict)
{
    verdict->tried = true;
    verdict->refused = NTF_PROOF_COUNT;
    if (!open_library(config, kmt, verdict) || !find_symbols(kmt, verdict) ||
        !find_adapter(config, kmt, verdict) || !make_device(kmt, verdict) ||
        !prove_fence(kmt, verdict))
        return false;
    verdict->usable = true;
    verdict->native = kmt->native = ntf_prove_native(kmt, verdict);
    ntf_prove_global(kmt, verdict);
    verdict->wide = kmt->wide = kmt->provider == NTF_PROVIDER_SOFT || ntf_prove_width(kmt, verdict);
    if (ntf_ladder_may_use(config->rungs, NTF_RUNG_MUTEX) || ntf_ladder_may_use(config->rungs, NTF_RUNG_BUNDLE)) {
        ntf_prove_mutexes(kmt, verdict);
        ntf_prove_bundles(kmt, verdict);
    } else {
        leave_out(verdict, NTF_PROOF_MUTEX);
        leave_out(verdict, NTF_PROOF_BUNDLE);
    }
    return true;
}

static bool wanted(const struct ntf_kmt_config *config, enum ntf_provider provider)
{
    const char *setting = config->provider ? config->provider : "";

    if (provider == NTF_PROVIDER_LIBRARY && (!config->d3dkmt || !config->d3dkmt[0]))
        return false;
    if (strcmp(setting, "system") == 0)
        return provider != NTF_PROVIDER_SOFT;
    if (strcmp(setting, "soft") == 0)
        return provider == NTF_PROVIDER_SOFT;
    return true;
}

enum ntf_result ntf_provider_choose(const struct ntf_kmt_config *config, struct ntf_kmt *kmt,
                                    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT])
{
    enum ntf_result result = NTF_E_UNSUPPORTED;

    memset(verdicts, 0, NTF_PROVIDER_COUNT * sizeof *verdicts);
    for (int i = 0; i < NTF_PROVIDER_COUNT; i++) {
        kmt->provider = (enum ntf_provider)i;
        if (!wanted(config, kmt->provider))
            continue;
        if (prove(config, kmt, &verdicts[i]))
            return NTF_OK;
        ntf_provider_release(kmt);
        /* Of soft that is this process's own want, and passes; a kernel may say so for ever. */
        if (i == NTF_PROVIDER_SOFT && verdicts[i].status[verdicts[i].refused] == NTF_STATUS_NO_MEMORY)
            result = NTF_E_NO_MEMORY;
    }
    return result;
}

void ntf_provider_release(struct ntf_kmt *kmt)
{
    const D3DKMT_DESTROYDEVICE destroy_device = { .hDevice = kmt->device };

    if (kmt->device)
        (void)kmt->thunks.DestroyDevice(&destroy_device);
    ntf_adapter_close(kmt);
    if (kmt->library)
        ntf_library_close(kmt->library);
    kmt->device = 0;
    kmt->library = NULL;
    kmt->wsl = false;
    memset(&kmt->thunks, 0, sizeof kmt->thunks);
}
