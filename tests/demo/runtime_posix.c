// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"

#include "report.h"

#include <stddef.h>

struct runtime *runtime_open(enum runtime_kind kind)
{
    say("Direct3D %s is not on this system", kind == RUNTIME_D3D12 ? "12" : "11");
    return NULL;
}

void runtime_close(struct runtime *runtime)
{
    (void)runtime;
}

bool runtime_fence_make(struct runtime *runtime, const char *name, struct runtime_fence *fence)
{
    (void)runtime;
    (void)name;
    (void)fence;
    return false;
}

void runtime_fence_destroy(struct runtime *runtime, struct runtime_fence *fence)
{
    (void)runtime;
    (void)fence;
}

int32_t runtime_signal(struct runtime *runtime, struct runtime_fence *fence, uint64_t value)
{
    (void)runtime;
    (void)fence;
    (void)value;
    return -1;
}

int32_t runtime_wait(struct runtime *runtime, struct runtime_fence *fence, uint64_t value)
{
    (void)runtime;
    (void)fence;
    (void)value;
    return -1;
}
