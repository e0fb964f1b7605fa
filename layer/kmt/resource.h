/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to kmt/: what a shared resource of the kernel brings along. Allocations, driver's data and the resource
 * itself are of no use here; but the kernel gives out the keyed mutex and the synchronization object of a bundle only
 * to who opens all of it, with buffers of exactly the sizes that it has said before.
 */
#ifndef NTF_KMT_RESOURCE_H
#define NTF_KMT_RESOURCE_H

#include "kmt/kernel_mutex.h"

/* Local handles; 0: there is none. */
struct ntf_resource_parts {
    D3DKMT_HANDLE mutex, sync;
};

/* Opens the resource behind an NT handle, closes it and its allocations again, and leaves the two. *step is the call
 * that has answered with *status; *why, if not empty, says what was odd about a success. Results as of
 * ntf_status_result; NTF_E_UNSUPPORTED for odd successes and sizes beyond reason. */
enum ntf_result ntf_resource_open(const struct ntf_kmt *kmt, ntf_handle handle, struct ntf_resource_parts *parts,
                                  const char **step, ntf_status *status, const char **why);

/* The global handles that a Direct3D runtime has left in the private data of a resource with a global handle: those of
 * its keyed mutex and of the synchronization object beside it. 0: it says of none. Otherwise as above. */
enum ntf_result ntf_resource_read(const struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_resource_parts *parts,
                                  const char **step, ntf_status *status, const char **why);

/* Why these are not what was wanted; NULL: they are. */
const char *ntf_resource_unwanted(const struct ntf_resource_parts *parts, enum ntf_wanted wanted);

/* Whether the calls for the one, and for the other, are there. */
bool ntf_resource_opens(const struct ntf_kmt *kmt);
bool ntf_resource_reads(const struct ntf_kmt *kmt);

/* 0 is none. A resource goes with all that it has. */
void ntf_resource_close(const struct ntf_kmt *kmt, D3DKMT_HANDLE resource);
void ntf_resource_close_sync(const struct ntf_kmt *kmt, D3DKMT_HANDLE sync);
void ntf_resource_close_mutex(const struct ntf_kmt *kmt, D3DKMT_HANDLE mutex);

#endif /* NTF_KMT_RESOURCE_H */
