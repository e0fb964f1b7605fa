/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kmt/: a keyed mutex that a provider's kernel serves. */
#ifndef NTF_KMT_KERNEL_MUTEX_H
#define NTF_KMT_KERNEL_MUTEX_H

#include "kmt/companion.h"

/* The data that a runtime has stored with a keyed mutex is asked for with a buffer that is at least as large, or the
 * call is refused (D3DKMTOpenKeyedMutex2); a larger one is no mistake. */
#define NTF_MUTEX_RUNTIME_BYTES 4096

/* Whether the provider exports what a keyed mutex is waited for and released with. */
bool ntf_kernel_has_mutexes(const struct ntf_kmt *kmt);

/* Makes a struct ntf_mutex of the local handle (not 0). On success the handle belongs to it; else it stays the
 * caller's. order 0: there is no better one than its address. The kmt outlives it. NTF_E_NO_MEMORY. */
enum ntf_result ntf_kernel_mutex_make(const struct ntf_kmt *kmt, D3DKMT_HANDLE local, enum ntf_rung rung,
                                      uint64_t order, struct ntf_mutex **out);
/* From now on, the mutex's to end: nobody gets the mutex before it has reached the value left by the last release. The
 * `companion` of struct ntf_mutex stays NULL: there is nothing to look at. */
void ntf_kernel_mutex_follow(struct ntf_mutex *mutex, struct ntf_companion *companion);

#endif /* NTF_KMT_KERNEL_MUTEX_H */
