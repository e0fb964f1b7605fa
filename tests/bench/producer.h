// SPDX-License-Identifier: Apache-2.0
/*
 * Who signals: knows D3DKMT alone, from the library that NTFENCE_D3DKMT names. Every failure ends the program.
 */
#ifndef BENCH_PRODUCER_H
#define BENCH_PRODUCER_H

#include <stdbool.h>

#include "kmt/thunks.h"

struct producer_fence {
    D3DKMT_HANDLE object;
    ntf_handle handle; // NT handle; NULL: private to the process
    uint64_t *value;   // CurrentValue, as a GPU would see it
    char16_t name[64]; // empty: none
};

void producer_open(void); // idempotent
extern struct ntf_kmt_thunks producer_calls;
extern D3DKMT_HANDLE producer_device;

/* A native fence. shared with name NULL: only by its handle. The value begins at 0. */
void producer_make(struct producer_fence *fence, bool shared, const char *name);
void producer_destroy(struct producer_fence *fence);

static inline void producer_signal(const struct producer_fence *fence, uint64_t value)
{
    (void)producer_calls.SignalSynchronizationObjectFromCpu(&(D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU){
        .hDevice = producer_device, .ObjectCount = 1, .ObjectHandleArray = &fence->object, .FenceValueArray = &value});
}

static inline void producer_wait(const struct producer_fence *fence, uint64_t value)
{
    (void)producer_calls.WaitForSynchronizationObjectFromCpu(&(D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU){
        .hDevice = producer_device, .ObjectCount = 1, .ObjectHandleArray = &fence->object, .FenceValueArray = &value});
}

#endif
