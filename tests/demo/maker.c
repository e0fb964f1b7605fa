// SPDX-License-Identifier: Apache-2.0
#include "maker.h"

#include "report.h"

#include <stdio.h>
#include <string.h>

bool maker_open(struct maker *maker, const char *kind)
{
    const bool d3d12 = strcmp(kind, "d3d12") == 0;

    *maker = (struct maker){0};
    if (d3d12 || strcmp(kind, "d3d11") == 0) {
        maker->runtime = runtime_open(d3d12 ? RUNTIME_D3D12 : RUNTIME_D3D11);
        return maker->runtime;
    }
    const bool monitored = strcmp(kind, "monitored") == 0;
    if (!monitored && strcmp(kind, "auto") != 0)
        die("no such kind of fences: %s", kind);
    kernel_open(&maker->kernel);
    maker->kernel.monitored_only = monitored;
    return true;
}

void maker_close(struct maker *maker)
{
    if (maker->runtime)
        runtime_close(maker->runtime);
    else
        kernel_close(&maker->kernel);
    *maker = (struct maker){0};
}

bool maker_make(struct maker *maker, const char *name, struct made_fence *fence)
{
    *fence = (struct made_fence){0};
    snprintf(fence->name, sizeof fence->name, "%s", name);
    if (maker->runtime) {
        if (!runtime_fence_make(maker->runtime, name, &fence->runtime))
            return false;
        fence->handle = fence->runtime.handle;
        return true;
    }
    kernel_fence_make(&maker->kernel, name, &fence->kernel);
    fence->handle = (uint64_t)(uintptr_t)fence->kernel.handle;
    return true;
}

void maker_destroy(struct maker *maker, struct made_fence *fence)
{
    if (maker->runtime)
        runtime_fence_destroy(maker->runtime, &fence->runtime);
    else
        kernel_fence_destroy(&maker->kernel, &fence->kernel);
}

int32_t maker_signal(struct maker *maker, struct made_fence *fence, uint64_t value)
{
    return maker->runtime ? runtime_signal(maker->runtime, &fence->runtime, value)
                          : kernel_signal(&maker->kernel, &fence->kernel, value);
}

int32_t maker_wait(struct maker *maker, struct made_fence *fence, uint64_t value)
{
    return maker->runtime ? runtime_wait(maker->runtime, &fence->runtime, value)
                          : kernel_wait(&maker->kernel, &fence->kernel, value);
}
