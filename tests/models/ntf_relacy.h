/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/atomic.h under Relacy: the same operations over atomics that a model checker schedules and whose memory it
 * simulates. An order carries the place in the source with it, hence the comma in its macro.
 */
#ifndef NTF_RELACY_H
#define NTF_RELACY_H

#include <relacy/relacy.hpp>

typedef rl::atomic<uint32_t> ntf_au32;
typedef rl::atomic<uint64_t> ntf_au64;
typedef rl::atomic<uintptr_t> ntf_aptr;

#define NTF_RELAXED rl::mo_relaxed, RL_INFO
#define NTF_ACQUIRE rl::mo_acquire, RL_INFO
#define NTF_RELEASE rl::mo_release, RL_INFO
#define NTF_ACQ_REL rl::mo_acq_rel, RL_INFO
#define NTF_SEQ_CST rl::mo_seq_cst, RL_INFO

#define ntf_init(p, v) (p)->store((v), rl::mo_relaxed, RL_INFO)
#define ntf_load(p, ...) (p)->load(__VA_ARGS__)
#define ntf_store(p, v, ...) (p)->store((v), __VA_ARGS__)
#define ntf_exchange(p, v, ...) (p)->exchange((v), __VA_ARGS__)
#define ntf_fetch_add(p, v, ...) (p)->fetch_add((v), __VA_ARGS__)
#define ntf_fetch_sub(p, v, ...) (p)->fetch_sub((v), __VA_ARGS__)
#define ntf_fetch_or(p, v, ...) (p)->fetch_or((v), __VA_ARGS__)
#define ntf_fetch_and(p, v, ...) (p)->fetch_and((v), __VA_ARGS__)
#define ntf_cas(p, expected, desired, ...) (p)->compare_exchange_strong(*(expected), (desired), __VA_ARGS__)
#define ntf_fence(...) rl::atomic_thread_fence(__VA_ARGS__)

#endif
