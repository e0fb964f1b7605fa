/* SPDX-License-Identifier: Apache-2.0 */
#include "info/calls.h"

#include <stdio.h>
#include <string.h>

#include "info/words.h"
#include "kmt/os/system.h"
#include "kmt/soft/soft.h"

/* Types of D3DKMTQueryAdapterInfo, and the bits of D3DKMT_ADAPTERTYPE, that only this program asks for. */
#define KMTQAITYPE_ADAPTERREGISTRYINFO 8u
#define KMTQAITYPE_DRIVERVERSION 13u
#define KMTQAITYPE_ADAPTERTYPE 15u
#define REGISTRY_UNITS 260 /* of each of the four texts of D3DKMT_ADAPTERREGISTRYINFO */

const char *info_provider_title(enum ntf_provider provider)
{
    switch (provider) {
    case NTF_PROVIDER_LIBRARY: return "the library of the setting d3dkmt";
    case NTF_PROVIDER_SYSTEM: return ntf_system_library();
    default: return ntf_provider_name(provider);
    }
}

/* ---- the calls ---- */

bool info_calls_open(struct info_calls *calls, enum ntf_provider provider, const struct ntf_settings *settings)
{
    const char *why = "";

    memset(calls, 0, sizeof *calls);
    calls->provider = provider;
    if (provider == NTF_PROVIDER_SOFT) {
        calls->thunks = *ntf_soft_thunks();
        return true;
    }
    if (provider == NTF_PROVIDER_LIBRARY)
        calls->library = settings->d3dkmt[0] ? ntf_library_open_path(settings->d3dkmt) : NULL;
    else
        calls->library = ntf_system_open_library(&why);
    (void)why; /* the verdict says it */
    if (!calls->library)
        return false;
#define FIND(Name, params, args, need)                                                                                 \
    calls->thunks.Name = (ntf_status(NTF_APIENTRY *) params)ntf_library_symbol(calls->library, "D3DKMT" #Name);
    NTF_KMT_THUNKS(FIND)
#undef FIND
    return true;
}

void info_calls_close(struct info_calls *calls)
{
    if (calls->library)
        ntf_library_close(calls->library);
    memset(calls, 0, sizeof *calls);
}

void (*info_calls_symbol(const struct info_calls *calls, const char *symbol))(void)
{
    return calls->library ? ntf_library_symbol(calls->library, symbol) : NULL;
}

/* ---- adapters ---- */

ntf_status info_calls_adapters(const struct info_calls *calls, D3DKMT_ADAPTERINFO list[INFO_ADAPTERS_MAX],
                               uint32_t *count)
{
    D3DKMT_ENUMADAPTERS2 enumerate = { .NumAdapters = INFO_ADAPTERS_MAX, .pAdapters = list };
    ntf_status status = NTF_STATUS_NOT_IMPLEMENTED;

    *count = 0;
    memset(list, 0, INFO_ADAPTERS_MAX * sizeof *list);
    if (calls->thunks.EnumAdapters2)
        status = calls->thunks.EnumAdapters2(&enumerate);
    if (status == NTF_STATUS_SUCCESS)
        *count = enumerate.NumAdapters < INFO_ADAPTERS_MAX ? enumerate.NumAdapters : INFO_ADAPTERS_MAX;
    return status;
}

void info_calls_close_adapter(const struct info_calls *calls, D3DKMT_HANDLE adapter)
{
    const D3DKMT_CLOSEADAPTER close = { .hAdapter = adapter };

    if (adapter && calls->thunks.CloseAdapter)
        (void)calls->thunks.CloseAdapter(&close);
}

static ntf_status query(const struct info_calls *calls, D3DKMT_HANDLE adapter, uint32_t type, void *data, size_t size)
{
    const D3DKMT_QUERYADAPTERINFO info = {
        .hAdapter = adapter, .Type = type, .pPrivateDriverData = data, .PrivateDriverDataSize = (uint32_t)size
    };

    return calls->thunks.QueryAdapterInfo ? calls->thunks.QueryAdapterInfo(&info) : NTF_STATUS_NOT_IMPLEMENTED;
}

static void add_refusal(struct info_node *entry, const char *key, const char *title, ntf_status status)
{
    info_text(entry, key, title, "not told (%s)", info_status_words(status).text);
}

static void add_name(const struct info_calls *calls, D3DKMT_HANDLE adapter, struct info_node *entry)
{
    static uint16_t texts[4][REGISTRY_UNITS];
    ntf_status status;
    struct ntf_text name;

    memset(texts, 0, sizeof texts);
    status = query(calls, adapter, KMTQAITYPE_ADAPTERREGISTRYINFO, texts, sizeof texts);
    if (status != NTF_STATUS_SUCCESS) {
        add_refusal(entry, "name", "name", status);
        return;
    }
    ntf_text_init(&name);
    ntf_text_add_utf16(&name, texts[0], REGISTRY_UNITS - 1);
    info_text(entry, "name", "name", "%s", name.bytes);
}

static void add_kind(const struct info_calls *calls, D3DKMT_HANDLE adapter, struct info_node *entry)
{
    static const struct {
        uint32_t bit;
        const char *word;
    } kinds[] = { { 0x1, "renders" }, { 0x2, "displays" }, { 0x4, "software" }, { 0x10, "discrete" },
                  { 0x20, "integrated" }, { 0x80, "paravirtualised" }, { 0x800, "compute only" } };
    uint32_t type = 0;
    const ntf_status status = query(calls, adapter, KMTQAITYPE_ADAPTERTYPE, &type, sizeof type);
    char words[128];
    size_t n = 0;

    if (status != NTF_STATUS_SUCCESS) {
        add_refusal(entry, "type", "type", status);
        return;
    }
    words[0] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (type & kinds[i].bit)
            n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "", kinds[i].word);
    info_text(entry, "type", "type", "%s", n ? words : "none of those known");
}

static void add_model(const struct info_calls *calls, D3DKMT_HANDLE adapter, struct info_node *entry)
{
    uint32_t version = 0;
    const ntf_status status = query(calls, adapter, KMTQAITYPE_DRIVERVERSION, &version, sizeof version);

    if (status == NTF_STATUS_SUCCESS)
        info_text(entry, "driver_model", "driver model", "WDDM %u.%u", version / 1000, version / 100 % 10);
    else
        add_refusal(entry, "driver_model", "driver model", status);
}

bool info_calls_native(const struct info_calls *calls, D3DKMT_HANDLE adapter, ntf_status *status)
{
    D3DKMT_ISFEATUREENABLED feature = { .hAdapter = adapter, .FeatureId = DXGK_FEATURE_NATIVE_FENCE };

    *status = NTF_STATUS_NOT_IMPLEMENTED;
    if (calls->thunks.IsFeatureEnabled)
        *status = calls->thunks.IsFeatureEnabled(&feature);
    return *status == NTF_STATUS_SUCCESS && (feature.Result.Value & NTF_FEATURE_ENABLED);
}

void info_calls_describe_adapter(const struct info_calls *calls, const D3DKMT_ADAPTERINFO *adapter,
                                 struct info_node *entry)
{
    D3DKMT_WDDM_3_1_CAPS caps = { 0 };
    ntf_status status;
    bool native;

    info_text(entry, "luid", NULL, "%08x:%08x", (unsigned)adapter->AdapterLuid.HighPart,
              (unsigned)adapter->AdapterLuid.LowPart);
    add_name(calls, adapter->hAdapter, entry);
    add_kind(calls, adapter->hAdapter, entry);
    add_model(calls, adapter->hAdapter, entry);
    native = info_calls_native(calls, adapter->hAdapter, &status);
    info_text(entry, "native_fences", "native fences (feature 37)", "%s (%s)", native ? "on" : "off",
              info_status_words(status).text);
    status = query(calls, adapter->hAdapter, KMTQAITYPE_WDDM_3_1_CAPS, &caps, sizeof caps);
    info_text(entry, "native_fences_caps", "native fences (WDDM 3.1 caps)", "%s (%s)",
              status == NTF_STATUS_SUCCESS && (caps.Value & NTF_WDDM_3_1_CAPS_NATIVE_FENCE) ? "yes" : "no",
              info_status_words(status).text);
}
