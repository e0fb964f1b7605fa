// SPDX-License-Identifier: Apache-2.0
/*
 * Methods of waiting for fences: imported ones through vkWaitForFences of the loaded layer, signalled by
 * D3DKMTSignalSynchronizationObjectFromCpu in another thread or process; and the driver's own.
 */
#ifndef BENCH_FENCES_H
#define BENCH_FENCES_H

#include "rounds.h"
#include "world.h"

enum { FENCES_MAX = 128 };

/* What a method of this file waits for. In the other process a set has producers only. */
struct fence_set {
    struct world *world;
    unsigned count; // of imported fences
    struct producer_fence from[FENCES_MAX];
    VkFence fences[FENCES_MAX + 1]; // the imported ones; one of the driver's behind them, in a mixed set
    VkFence plain;
    bool all, driver_signals;
    VkSemaphore gate; // holds up a submission with the plain fence, in a mixed set
    uint64_t gate_value;
};

/* Wait-any over count imported fences, each of an object of its own; one is signalled, in turns. remote: the other
 * process makes and signals them. */
struct fence_set *fences_imported(struct rounds *rounds, struct world *world, const char *series, double low_us,
                                  double high_us, unsigned count, bool remote);
/* The same signal, and a thread that looks at the object's mapped value itself: what the signaller's call costs, that
 * no waiter can do anything about. */
void fences_value(struct rounds *rounds, const char *series, double low_us, double high_us);
/* One imported fence and one of the driver's. Any: the imported one is signalled, while a submission with the other is
 * held up; or a submission signals the driver's. All: both are, the named one last. */
enum fences_mixed { MIXED_ANY_IMPORTED, MIXED_ANY_DRIVER, MIXED_ALL_IMPORTED_LAST, MIXED_ALL_DRIVER_LAST };
struct fence_set *fences_mixed(struct rounds *rounds, struct world *world, const char *series, double low_us,
                               double high_us, enum fences_mixed how, bool remote);

/* The driver's own fences: wait-any over count, one of which an empty submission signals, in turns. */
void fences_driver(struct rounds *rounds, struct world *world, const char *series, double low_us, double high_us,
                   unsigned count);
/* vkWaitSemaphores, vkSignalSemaphore. */
void fences_timeline(struct rounds *rounds, struct world *world, const char *series, double low_us, double high_us);

#endif
