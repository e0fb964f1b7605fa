/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to kmt/: the companion of a keyed mutex, where the kernel gives it out without an address of its value. All
 * that can be asked is to have an event set when a value is reached.
 *
 * That an event is set proves little. Before Windows 11 24H2 the kernel sets it, too, when a local handle of the object
 * is destroyed anywhere (D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS, UnwaitCpuWaitersOnlyOnDestroy). So what has been set is
 * asked for once more: a value that is reached sets the event before the call returns. Each target has an event of its
 * own, so that no older registration, which nobody can call off, speaks for it. An event is closed with registrations
 * pending: the kernel took a reference of its own when it was asked.
 *
 * Thread rules: only who holds the mutex asks.
 */
#ifndef NTF_KMT_COMPANION_H
#define NTF_KMT_COMPANION_H

#include "kmt/provider.h"

struct ntf_companion;

/* On success the local handle belongs to it; else it stays the caller's. NTF_E_UNSUPPORTED: the CPU cannot wait for
 * this object; NTF_E_NO_MEMORY. */
enum ntf_result ntf_companion_begin(const struct ntf_kmt *kmt, D3DKMT_HANDLE local, struct ntf_companion **out);
/* Waits until the value is reached, or for the deadline. What has been reached once is not asked for again. */
bool ntf_companion_reached(struct ntf_companion *companion, uint64_t value, uint64_t deadline_ns);
/* NULL is none. */
void ntf_companion_end(struct ntf_companion *companion);

#endif /* NTF_KMT_COMPANION_H */
