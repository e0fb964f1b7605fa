/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kmt/: what an opened kernel consists of. Everything is immutable after ntf_kmt_open. */
#ifndef NTF_KMT_PROVIDER_H
#define NTF_KMT_PROVIDER_H

#include "base/os/os.h"
#include "kmt/kmt.h"
#include "kmt/thunks.h"

struct ntf_kmt {
    enum ntf_provider provider;
    struct ntf_library *library; /* that the thunks come from; NULL: soft, linked in */
    struct ntf_kmt_thunks thunks;
    D3DKMT_HANDLE adapter, device;
    struct ntf_luid luid; /* of the adapter */
    bool native;          /* the verdict's */
    bool global;          /* the verdict's */
    uint32_t session;     /* for names */
    uint32_t rung_count;
    enum ntf_rung rungs[NTF_RUNG_COUNT]; /* in the order in which they are tried */
};

/* Fills in provider, thunks, adapter, device and native from the first provider that proves itself.
 * NTF_E_UNSUPPORTED: none does; NTF_E_NO_MEMORY: none does, and soft for want of memory. Then nothing is held. */
enum ntf_result ntf_provider_choose(const struct ntf_kmt_config *config, struct ntf_kmt *kmt,
                                    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT]);
/* Gives back device, adapter and library, as far as they are held. */
void ntf_provider_release(struct ntf_kmt *kmt);

/* Opens the adapter: the Vulkan device's own, else the first software adapter, else the first. */
ntf_status ntf_adapter_open(const struct ntf_kmt_config *config, struct ntf_kmt *kmt);
void ntf_adapter_close(struct ntf_kmt *kmt);

/* Shows whether fences can be made with a global handle and opened by it. It is kept in the verdict and the kmt; no
 * provider is refused for want of it. Once all but the rungs is there. */
void ntf_prove_global(struct ntf_kmt *kmt, struct ntf_verdict *verdict);

/* Decides which rungs are tried, from the setting and the verdict. */
void ntf_ladder_plan(struct ntf_kmt *kmt, const char *setting);

bool ntf_has_rung(const struct ntf_kmt *kmt, enum ntf_rung rung);

/* What two refusals of a name or number say together: something that exists but may not be opened beats one that does
 * not exist, and a service that cannot look says nothing. */
enum ntf_result ntf_refused_twice(enum ntf_result first, enum ntf_result second);

/* What a refusal of the kernel means to the floors above. */
enum ntf_result ntf_status_result(ntf_status status);

#endif /* NTF_KMT_PROVIDER_H */
