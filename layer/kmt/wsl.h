/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to kmt/: what is different where the D3DKMT calls are those of WSL 2, libdxcore.so over /dev/dxg. Each rule's
 * source is the library (github.com/microsoft/libdxg, src/d3dkmt-wsl.cpp) or the driver (WSL2-Linux-Kernel,
 * drivers/hv/dxgkrnl), if no other is named.
 *
 *   handles   An NT handle is a descriptor, the lowest that is free, closed by exec; the call writes it as 64 bits
 *             whatever the width of a pointer. So 0 is one, and says nothing about success.
 *   sharing   ShareObjects takes one object and ignores attributes and access. A name would be lost without a word;
 *             inheritance is up to us; who has the descriptor has all rights. Security descriptors go unheeded, as in
 *             soft on Linux: a descriptor has no list of users.
 *   events    An event is an eventfd; none (0) blocks the caller.
 *   waits     One that is not reached after ten seconds fails, and has to be asked for again (microsoft/
 *             tensorflow-directml, pull request 174). Newer drivers have no such limit, but which one this is cannot be
 *             asked.
 *   answers   An error is an errno, translated; one without a translation is UNSUCCESSFUL. That is what a call gives
 *             that a signal handler has broken off, and everything in a process that has come by fork, which may
 *             only exec. What is positive is an NTSTATUS of the host's, and success: PENDING among others.
 *   lacking   Names and keyed mutexes are NOT_SUPPORTED, native fences not exported, opening by global handle an empty
 *             slot of the driver; a fence shared by global handle cannot be made.
 *   adapters  The number of adapters, not a capacity, answers a list without room; a list that is too short is
 *             SUCCESS, with the number of all, and nothing in it.
 *
 * All but handles, sharing, waits and answers is dealt with where it comes up: by the self-test, by calls that may be
 * absent, by refusals that are passed on.
 */
#ifndef NTF_KMT_WSL_H
#define NTF_KMT_WSL_H

#include "kmt/provider.h"

/* Whether the calls of this library are WSL's. Told by an export that it alone has, so it holds for whatever path the
 * library was opened by. */
bool ntf_wsl_serves(struct ntf_library *library);

/* How long a registration is relied on: when it is armed again after more than that, it is made once more. At most one
 * safety period passes between two times of arming, so a new one is there before the ten seconds of the old are over.
 * On a driver without that limit each stays until the value gets there: one more in eight seconds. */
#define NTF_WSL_TRUST_NS 8000000000ull

/* ShareObjects for one object. As there, but: a name gives NOT_SUPPORTED; access 0 ACCESS_DENIED, as on Windows; the
 * descriptor is none of the standard streams, and inherited exactly if the attributes (NULL: none) say so. */
ntf_status ntf_wsl_share(const struct ntf_kmt *kmt, D3DKMT_HANDLE local, const ntf_object_attributes *attributes,
                         uint32_t access, ntf_handle *out);

/* SignalSynchronizationObjectFromCpu, asked again when it was broken off, which it may have been before or after it
 * took effect: a value only rises, so once more does no harm. */
ntf_status ntf_wsl_signal(const struct ntf_kmt *kmt, const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *signal);

#endif /* NTF_KMT_WSL_H */
