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
    bool wsl;             /* the calls are those of WSL 2 (kmt/wsl.h) */
    bool native, global, wide; /* the verdict's */
    bool mutexes, bundles;     /* the verdict's, or the setting has named their rungs */
    bool asks_d3d12;      /* the setting names that rung: the runtime is asked whatever the handle's type */
    uint32_t session;     /* for names */
    uint32_t rung_count;
    enum ntf_rung rungs[NTF_RUNG_COUNT]; /* in the order in which they are tried */
};

/* Fills in provider, thunks, adapter, device and what the verdict says from the first provider that proves itself.
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

/* The same for keyed mutexes, and for the bundles that they are shared in. */
void ntf_prove_mutexes(struct ntf_kmt *kmt, struct ntf_verdict *verdict);
void ntf_prove_bundles(struct ntf_kmt *kmt, struct ntf_verdict *verdict);

/* The value that samples begin with: not one that 32 bits can show. */
#define NTF_PROOF_INITIAL UINT64_C(0x100000005)
/* Whether the kernel has native fences, and whether those made without NoGPUAccess have 64 bits. */
bool ntf_prove_native(const struct ntf_kmt *kmt, struct ntf_verdict *verdict);
bool ntf_prove_width(const struct ntf_kmt *kmt, struct ntf_verdict *verdict);

/* Why this address cannot be polled, or does not show what it should; NULL: it can. */
const char *ntf_prove_unreadable(const void *address, uint64_t expected);

/* Takes down why a step that is not required has failed. Returns false. */
bool ntf_prove_refuse(struct ntf_verdict *verdict, enum ntf_proof proof, ntf_status status, const char *what);

/* Decides which rungs are tried, from the setting and the verdict. */
void ntf_ladder_plan(struct ntf_kmt *kmt, const char *setting);

/* By its bits alone: those of a KMT handle, and of a global one. */
bool ntf_is_global_handle(D3DKMT_HANDLE number);

/* Whether the setting leaves this rung in; NTF_RUNG_COUNT: whether it leaves all of them in, as it names none. */
bool ntf_ladder_may_use(const char *setting, enum ntf_rung rung);

bool ntf_has_rung(const struct ntf_kmt *kmt, enum ntf_rung rung);

/* What two refusals of a name or number say together: something that exists but may not be opened beats one that does
 * not exist, and a service that cannot look says nothing. */
enum ntf_result ntf_refused_twice(enum ntf_result first, enum ntf_result second);

/* Whether an asynchronous wait has been taken on: PENDING is a success, too, but TIMEOUT is none. */
static inline bool ntf_status_registered(ntf_status status)
{
    return status == NTF_STATUS_SUCCESS || status == NTF_STATUS_PENDING;
}

/* What a refusal of the kernel means to the floors above. */
enum ntf_result ntf_status_result(ntf_status status);

#endif /* NTF_KMT_PROVIDER_H */
