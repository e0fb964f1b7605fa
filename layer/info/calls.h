/* SPDX-License-Identifier: Apache-2.0 */
/* The D3DKMT calls of a provider as they are, proven or not, for questions that the layer itself does not ask. */
#ifndef NTF_INFO_CALLS_H
#define NTF_INFO_CALLS_H

#include "base/os/os.h"
#include "base/settings.h"
#include "info/report.h"
#include "kmt/kmt.h"
#include "kmt/thunks.h"

struct info_calls {
    enum ntf_provider provider;
    struct ntf_library *library; /* NULL: those of soft, linked in */
    struct ntf_kmt_thunks thunks; /* NULL members: not exported */
};
/* "gdi32.dll", "libdxcore.so", "the library of the setting d3dkmt", "soft": never a path. */
const char *info_provider_title(enum ntf_provider provider);
/* False: no such library. */
bool info_calls_open(struct info_calls *calls, enum ntf_provider provider, const struct ntf_settings *settings);
void info_calls_close(struct info_calls *calls);
/* A function that is not in the table, NULL: not exported. soft has none but those. */
void (*info_calls_symbol(const struct info_calls *calls, const char *symbol))(void);

#define INFO_ADAPTERS_MAX 64
/* The adapters, each the caller's to close. NOT_IMPLEMENTED: nobody can be asked. */
ntf_status info_calls_adapters(const struct info_calls *calls, D3DKMT_ADAPTERINFO list[INFO_ADAPTERS_MAX],
                               uint32_t *count);
void info_calls_close_adapter(const struct info_calls *calls, D3DKMT_HANDLE adapter);
/* What it says of itself, in the entry. */
void info_calls_describe_adapter(const struct info_calls *calls, const D3DKMT_ADAPTERINFO *adapter,
                                 struct info_node *entry);
/* Feature 37 of an adapter; *status gets the answer. */
bool info_calls_native(const struct info_calls *calls, D3DKMT_HANDLE adapter, ntf_status *status);

#endif /* NTF_INFO_CALLS_H */
