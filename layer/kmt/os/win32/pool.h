/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of bells as only Windows has it; see bells.c for how a bell works. kmt/os/bells.h is what the common
 * files know of it.
 */
#ifndef NTF_KMT_OS_WIN32_POOL_H
#define NTF_KMT_OS_WIN32_POOL_H

#include "kmt/os/bells.h"

#include <wchar.h>

/* Sleeps until the bell is rung or the deadline; every return may be spurious. The borrower's thread only. */
void ntf_bell_sleep(uint32_t index, uint64_t deadline_ns);
/* From here on the bell sleeps on its public event as well, which other processes open by its name. False if the
 * system refuses the name. The borrower's thread only. */
bool ntf_bell_open_to_peers(uint32_t index);

/* Names that processes find each other by, in the directory that all sessions share. */
#define NTF_EVENT_NAME_UNITS 48
/* "Global\ntfence-bell-<owner as 16 hex digits>". */
void ntf_bell_name(uint64_t owner, wchar_t name[NTF_EVENT_NAME_UNITS]);
/* "Global\ntfence-live-<the copy's 48 bits as 12 hex digits>". */
void ntf_life_name(uint64_t owner, wchar_t name[NTF_EVENT_NAME_UNITS]);
/* Makes (or opens: the names are random, so it is ours) an auto-reset event that everybody may open with the rights
 * given, and do nothing else with. NULL if the system refuses the name. */
ntf_handle ntf_event_make_public(const wchar_t *name, uint32_t rights);

#endif /* NTF_KMT_OS_WIN32_POOL_H */
