/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "kmt/os/system.h"
#include "kmt/provider.h"

/* ---- The adapter ----------------------------------------------------------------------------- */

/* D3DKMT_ADAPTERTYPE: what QueryAdapterInfo answers to this type, and its bit SoftwareDevice. */
#define KMTQAITYPE_ADAPTERTYPE 15u
#define ADAPTER_IS_SOFTWARE 0x4u
enum { ADAPTERS_MAX = 64 };

static bool is_software(const struct ntf_kmt *kmt, D3DKMT_HANDLE adapter)
{
    uint32_t type = 0;
    D3DKMT_QUERYADAPTERINFO query = {
        .hAdapter = adapter,
        .Type = KMTQAITYPE_ADAPTERTYPE,
        .pPrivateDriverData = &type,
        .PrivateDriverDataSize = sizeof type,
    };

    return kmt->thunks.QueryAdapterInfo(&query) == NTF_STATUS_SUCCESS &&
           (type & ADAPTER_IS_SOFTWARE) != 0;
}

static void close_one(const struct ntf_kmt *kmt, D3DKMT_HANDLE adapter)
{
    const D3DKMT_CLOSEADAPTER close = { .hAdapter = adapter };

    if (adapter)
        (void)kmt->thunks.CloseAdapter(&close);
}

/* Every adapter in the list is the caller's to close; all but the chosen one are. */
static ntf_status open_from_list(struct ntf_kmt *kmt)
{
    D3DKMT_ADAPTERINFO list[ADAPTERS_MAX];
    D3DKMT_ENUMADAPTERS2 enumerate = { .NumAdapters = ADAPTERS_MAX, .pAdapters = list };
    uint32_t count, chosen = 0;
    ntf_status status;

    memset(list, 0, sizeof list);
    status = kmt->thunks.EnumAdapters2(&enumerate);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    count = enumerate.NumAdapters < ADAPTERS_MAX ? enumerate.NumAdapters : ADAPTERS_MAX;
    if (count == 0)
        return NTF_STATUS_OBJECT_NAME_NOT_FOUND;
    for (uint32_t i = 0; i < count; i++) {
        if (is_software(kmt, list[i].hAdapter)) {
            chosen = i;
            break;
        }
    }
    kmt->adapter = list[chosen].hAdapter;
    kmt->luid = list[chosen].AdapterLuid;
    for (uint32_t i = 0; i < count; i++) {
        if (i != chosen)
            close_one(kmt, list[i].hAdapter);
    }
    return kmt->adapter ? NTF_STATUS_SUCCESS : NTF_STATUS_UNSUCCESSFUL;
}

ntf_status ntf_adapter_open(const struct ntf_kmt_config *config, struct ntf_kmt *kmt)
{
    D3DKMT_OPENADAPTERFROMLUID open = { .AdapterLuid = config->luid };

    /* A provider may not know the device's adapter: soft knows one, its own. */
    if (config->luid_valid && kmt->thunks.OpenAdapterFromLuid(&open) == NTF_STATUS_SUCCESS &&
        open.hAdapter) {
        kmt->adapter = open.hAdapter;
        kmt->luid = config->luid;
        return NTF_STATUS_SUCCESS;
    }
    return open_from_list(kmt);
}

void ntf_adapter_close(struct ntf_kmt *kmt)
{
    close_one(kmt, kmt->adapter);
    kmt->adapter = 0;
}

/* ---- Open, close, describe ------------------------------------------------------------------- */

enum ntf_result ntf_kmt_open(const struct ntf_kmt_config *config, struct ntf_kmt **out,
                             struct ntf_verdict verdicts[NTF_PROVIDER_COUNT])
{
    struct ntf_kmt *kmt = calloc(1, sizeof *kmt);
    enum ntf_result result;

    if (!kmt)
        return NTF_E_NO_MEMORY;
    result = ntf_provider_choose(config, kmt, verdicts);
    if (result != NTF_OK) {
        free(kmt);
        return result;
    }
    kmt->session = ntf_system_session();
    ntf_ladder_plan(kmt, config->rungs);
    *out = kmt;
    return NTF_OK;
}

void ntf_kmt_close(struct ntf_kmt *kmt)
{
    ntf_provider_release(kmt);
    free(kmt);
}

enum ntf_provider ntf_kmt_provider(const struct ntf_kmt *kmt)
{
    return kmt->provider;
}

void ntf_kmt_describe(const struct ntf_kmt *kmt, struct ntf_text *text)
{
    ntf_text_add(text, "provider %s", ntf_provider_name(kmt->provider));
    if (kmt->provider == NTF_PROVIDER_SYSTEM)
        ntf_text_add(text, " (%s)", ntf_system_library());
    ntf_text_add(text, ", adapter %08x:%08x, %s fences%s%s", (unsigned)kmt->luid.HighPart,
                 (unsigned)kmt->luid.LowPart, kmt->native ? "native and monitored" : "monitored",
                 kmt->mutexes ? ", keyed mutexes" : "", kmt->bundles ? ", bundles" : "");
}
