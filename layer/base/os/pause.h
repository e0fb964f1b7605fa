/* SPDX-License-Identifier: Apache-2.0 */
/* Between two looks of a loop that waits for another CPU: leaves the core to its other thread, and saves power. */
#ifndef NTF_BASE_OS_PAUSE_H
#define NTF_BASE_OS_PAUSE_H

#if defined(NTF_ATOMIC_RELACY)
#define ntf_pause() rl::yield(1, RL_INFO) /* a model's scheduler has to be told that nothing happens by waiting */
#elif defined(__x86_64__) || defined(__i386__) || defined(_M_X64) || defined(_M_IX86)
#include <immintrin.h>
#define ntf_pause() _mm_pause()
#elif defined(__aarch64__) || defined(__arm__)
#define ntf_pause() __asm__ volatile("yield")
#else
#define ntf_pause() ((void)0)
#endif

#endif /* NTF_BASE_OS_PAUSE_H */
