// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <string.h>

#include "base/atomic.h"
#include "imports.h"

static struct {
    // A thread of the layer may be in the midst of a step when the next plan begins.
    ntf_au32 on, calls, n, threads, all_from_there;
    ntf_aptr me;
    ntf_au32 fired; // 0, 1 while what follows is written, 2
    enum fault_kind kind;
    bool want;
    char name[48];
} plan;

void faults_begin(unsigned n, unsigned threads, bool all_from_there)
{
    ntf_store(&plan.n, n, NTF_RELAXED);
    ntf_store(&plan.threads, threads, NTF_RELAXED);
    ntf_store(&plan.all_from_there, all_from_there, NTF_RELAXED);
    ntf_store(&plan.me, (uintptr_t)pthread_self(), NTF_RELAXED);
    ntf_store(&plan.calls, 0u, NTF_RELAXED);
    ntf_store(&plan.fired, 0u, NTF_RELAXED);
    ntf_store(&plan.on, 1u, NTF_SEQ_CST);
}

void faults_end(void)
{
    ntf_store(&plan.on, 0u, NTF_SEQ_CST);
}

const char *faults_fired(void)
{
    return ntf_load(&plan.fired, NTF_ACQUIRE) == 2 ? plan.name : NULL;
}

enum fault_kind faults_fired_kind(void)
{
    return plan.kind;
}

bool faults_fired_is_want(void)
{
    return plan.want;
}

bool faults_step(enum fault_kind kind, const char *name, bool want)
{
    const bool me = ntf_load(&plan.me, NTF_RELAXED) == (uintptr_t)pthread_self();
    unsigned call, n;
    uint32_t nobody = 0;
    if (!ntf_load(&plan.on, NTF_SEQ_CST))
        return false;
    if (!(ntf_load(&plan.threads, NTF_RELAXED) & (me ? FAULT_ME : FAULT_OTHERS)))
        return false;
    call = ntf_fetch_add(&plan.calls, 1, NTF_RELAXED) + 1;
    n = ntf_load(&plan.n, NTF_RELAXED);
    if (n == 0 || (ntf_load(&plan.all_from_there, NTF_RELAXED) ? call < n : call != n))
        return false;
    if (ntf_cas(&plan.fired, &nobody, 1u, NTF_ACQUIRE)) {
        plan.kind = kind;
        plan.want = want;
        strncpy(plan.name, name, sizeof plan.name - 1);
        ntf_store(&plan.fired, 2u, NTF_RELEASE);
    }
    return true;
}
