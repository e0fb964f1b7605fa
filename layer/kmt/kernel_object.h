/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kmt/: an object that a provider's kernel serves. */
#ifndef NTF_KMT_KERNEL_OBJECT_H
#define NTF_KMT_KERNEL_OBJECT_H

#include "kmt/provider.h"

/* Makes an object of the local handle, whose CurrentValue is at address (not NULL, 8-aligned). On
 * success the handle belongs to the object, which destroys it when it is closed; else it stays the
 * caller's. The kmt outlives the object. NTF_E_NO_MEMORY. */
enum ntf_result ntf_kernel_object_make(const struct ntf_kmt *kmt, D3DKMT_HANDLE local,
                                       const void *address, enum ntf_rung rung,
                                       struct ntf_object **out);

#endif /* NTF_KMT_KERNEL_OBJECT_H */
