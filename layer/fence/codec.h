/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary code: how one 64-bit number that only rises carries a fence's signalled / unsignalled state between
 * processes.
 *
 *     63       48 47                                     1   0
 *    +-----------+-----------------------------------------+---+
 *    |  0x4E46   |                 epoch                   | s |
 *    +-----------+-----------------------------------------+---+
 *
 * The magic is given as the initial value and stays, since the epoch would need 2^47 resets to run over into it; it
 * tells an importer on any provider that the object is ours. s is the state: odd is signalled. To signal is to go to
 * the next odd number, to reset to the next even one; at it already means nothing to do. Each is one read and at most
 * one upward signal: two who signal at once meet at the same number, and of a signal and a reset at once one comes
 * first. Nobody keeps a state of his own, so no two handles can disagree.
 *
 * A wait waits for the next odd number at or above the one read when it began: that the state was reset again before
 * the waiter ran does not matter, the number stays above.
 *
 * All ones is odd, so it reads as signalled; nothing lies above it.
 */
#ifndef NTF_FENCE_CODEC_H
#define NTF_FENCE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#define NTF_CODE_MAGIC (UINT64_C(0x4E46) << 48)

/* Whether an object whose value is this was made with the binary code. */
static inline bool ntf_code_is_ours(uint64_t value)
{
    return value >> 48 == NTF_CODE_MAGIC >> 48;
}

static inline uint64_t ntf_code_initial(bool signalled)
{
    return NTF_CODE_MAGIC | (signalled ? 1u : 0u);
}

static inline bool ntf_code_signalled(uint64_t value)
{
    return (value & 1u) != 0;
}

/* Where a signal takes it; also what a wait that begins now waits for. */
static inline uint64_t ntf_code_after_signal(uint64_t value)
{
    return value | 1u;
}

/* Where a reset takes it. */
static inline uint64_t ntf_code_after_reset(uint64_t value)
{
    return ntf_code_signalled(value) && value != UINT64_MAX ? value + 1 : value;
}

#endif /* NTF_FENCE_CODEC_H */
