// SPDX-License-Identifier: Apache-2.0
/*
 * Fences that are private to the process, which no handle leads to: waited for as the layer's floors wait (kmt/watch.h,
 * over objects of soft), without Vulkan.
 */
#ifndef BENCH_PRIVATE_H
#define BENCH_PRIVATE_H

#include "rounds.h"

void private_any(struct rounds *rounds, const char *series, double low_us, double high_us, unsigned count);

#endif
