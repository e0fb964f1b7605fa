/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soft: a D3DKMT in user mode, for machines whose kernel has none. It behaves as Windows does, status by status,
 * except for the deviations listed in kmt/soft/DEVIATIONS.md, each with a reason and a test.
 *
 * It is linked into the layer (this interface) and built as a library of its own that exports the D3DKMT names
 * (libntfence-d3dkmt.so, ntfence-d3dkmt.dll). Two copies in one process meet only as two processes would: each has
 * its own handle table, mappings, identity and threads; NT handles, names and global numbers are all that passes
 * between them.
 *
 * Thread rules: every call from any thread. After fork the child may only exec.
 */
#ifndef NTF_KMT_SOFT_SOFT_H
#define NTF_KMT_SOFT_SOFT_H

#include "kmt/mutex.h"
#include "kmt/object.h"
#include "kmt/thunks.h"

/* The D3DKMT calls of this copy. */
const struct ntf_kmt_thunks *ntf_soft_thunks(void);

/* Whether this system can share objects between processes at all (futex_waitv, /proc): NTF_OK, or
 * NTF_E_UNSUPPORTED with a static sentence in *why. */
enum ntf_result ntf_soft_can_share(const char **why);

/* Opens an NT handle as an object of soft, of whichever process and copy, without a local D3DKMT handle.
 * NTF_E_WRONG_OBJECT: it is something else; *why (static text) and *status say what. The handle stays the caller's. */
enum ntf_result ntf_soft_open_handle(ntf_handle handle, struct ntf_object **out, ntf_status *status, const char **why);

/* Makes a monitored fence of soft with these flags (NTF_SYNC_*; SHARED alone: with a global handle), without a local
 * D3DKMT handle. */
enum ntf_result ntf_soft_create(uint32_t flags, uint64_t initial, struct ntf_object **out);

/* The same by global handle. NTF_E_BAD_HANDLE: the number is not of that form; NTF_E_NOT_FOUND: nothing has it. */
enum ntf_result ntf_soft_open_global(D3DKMT_HANDLE number, struct ntf_object **out, ntf_status *status,
                                     const char **why);

/* Opens an NT handle of a resource that was shared together with a keyed mutex and a synchronization object. Either
 * pointer may be NULL: not wanted. *mutex is the keyed mutex, with its `companion` inside if the synchronization object
 * has a value; *object is that fence once more, an opening of its own. What is wanted and not in the bundle is NULL
 * (the fence is a legacy object); all that was wanted is NULL: NTF_E_WRONG_OBJECT, as for a resource that was shared
 * alone, and for what is no resource of soft; *status and *why (static text) say which. Nothing is written then. The
 * handle stays the caller's, and can be opened any number of times. */
enum ntf_result ntf_soft_open_bundle(ntf_handle handle, struct ntf_object **object, struct ntf_mutex **mutex,
                                     ntf_status *status, const char **why);
/* A keyed mutex by its own global handle; it has no companion. NTF_E_BAD_HANDLE: the number is not of that form;
 * NTF_E_NOT_FOUND: nothing has it; NTF_E_WRONG_OBJECT: something that is no keyed mutex. */
enum ntf_result ntf_soft_open_mutex_global(D3DKMT_HANDLE number, struct ntf_mutex **out, ntf_status *status,
                                           const char **why);
/* An opening of the object behind a local D3DKMT handle of this copy (ntf_soft_thunks()), for a floor that has reached
 * it by those calls. NTF_E_BAD_HANDLE: no keyed mutex's. */
enum ntf_result ntf_soft_open_mutex_local(D3DKMT_HANDLE local, struct ntf_mutex **out);

/* D3DKMTOpenSynchronizationObject has no field for the address of the value: on Windows fences are not opened by
 * global handle. soft, where they are, writes it to Reserved[0], and this to Reserved[7] to say so. */
#define NTF_SOFT_OPEN_MAPPED UINT64_C(0x6465707061704E54)

/* Closes an NT handle that soft gave out: CloseHandle, close. */
void ntf_soft_close_nt_handle(ntf_handle handle);

#endif /* NTF_KMT_SOFT_SOFT_H */
