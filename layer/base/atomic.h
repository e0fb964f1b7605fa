/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The atomics that every lock-free file of ntfence is written in.
 *
 * The operations are the common part of C11 and C++11, so that the same source files compile as C11 in the layer
 * and as C++ under a model checker (NTF_ATOMIC_RELACY: Relacy's rl::atomic stands behind the same macros).
 * Rules that make this work:
 *   - an atomic is one of the ntf_a* types, never a plain variable with _Atomic;
 *   - it gets its first value from ntf_init(), never from an initialiser;
 *   - every operation names its memory order.
 *
 * This header is one of the few places where the compiler may be asked for (the others are os/ and ntfence.h).
 */
#ifndef NTF_BASE_ATOMIC_H
#define NTF_BASE_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(NTF_ATOMIC_RELACY)
#include "ntf_relacy.h" /* found in tests/, on the include path of a model only */
#else

#include <stdatomic.h>

typedef _Atomic uint32_t ntf_au32;
typedef _Atomic uint64_t ntf_au64;
typedef _Atomic uintptr_t ntf_aptr;

#define NTF_RELAXED memory_order_relaxed
#define NTF_ACQUIRE memory_order_acquire
#define NTF_RELEASE memory_order_release
#define NTF_ACQ_REL memory_order_acq_rel
#define NTF_SEQ_CST memory_order_seq_cst

#define ntf_init(p, v) atomic_init((p), (v))
#define ntf_load(p, order) atomic_load_explicit((p), (order))
#define ntf_store(p, v, order) atomic_store_explicit((p), (v), (order))
#define ntf_exchange(p, v, order) atomic_exchange_explicit((p), (v), (order))
#define ntf_fetch_add(p, v, order) atomic_fetch_add_explicit((p), (v), (order))
#define ntf_fetch_sub(p, v, order) atomic_fetch_sub_explicit((p), (v), (order))
#define ntf_fetch_or(p, v, order) atomic_fetch_or_explicit((p), (v), (order))
#define ntf_fetch_and(p, v, order) atomic_fetch_and_explicit((p), (v), (order))
/* On failure *expected holds the value found, read with relaxed order. */
#define ntf_cas(p, expected, desired, order)                                                       \
    atomic_compare_exchange_strong_explicit((p), (expected), (desired), (order), memory_order_relaxed)
#define ntf_fence(order) atomic_thread_fence(order)

#endif /* NTF_ATOMIC_RELACY */

/* Values that live in memory shared with other processes need operations without a hidden lock, and the same
 * layout in 32- and 64-bit builds. */
#if !defined(NTF_ATOMIC_RELACY)
_Static_assert(sizeof(ntf_au64) == 8 && sizeof(ntf_au32) == 4, "atomics have the size of their value");
struct ntf_au64_in_struct {
    char before;
    ntf_au64 value;
};
_Static_assert(offsetof(struct ntf_au64_in_struct, value) == 8, "64-bit atomics are aligned on 32-bit systems too");
/* 1, "sometimes", is what clang says for 32-bit x86, since a plain 64-bit number is aligned to 4 there. The type
 * above is aligned to 8, hence lock-free; tests/base looks for calls of libatomic in the objects. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE >= 1, "atomics are lock-free");
#endif

#endif /* NTF_BASE_ATOMIC_H */
