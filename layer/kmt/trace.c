/* SPDX-License-Identifier: Apache-2.0 */
/* Words for people: what was tried and what was answered. */
#include <stdio.h>

#include "kmt/kmt.h"
#include "kmt/ntstatus.h"
#include "kmt/os/system.h"

const char *ntf_provider_name(enum ntf_provider provider)
{
    static const char *const names[] = { "library", "system", "soft" };

    return provider < NTF_PROVIDER_COUNT ? names[provider] : "none";
}

const char *ntf_proof_name(enum ntf_proof proof)
{
    static const char *const names[] = { "library", "symbols", "adapter", "device", "create", "map",   "signal",
                                         "wait",    "native",  "global",  "width",  "mutex",  "bundle" };

    return proof < NTF_PROOF_COUNT ? names[proof] : "none";
}

const char *ntf_rung_name(enum ntf_rung rung)
{
    static const char *const names[] = { "soft", "native", "monitored", "bundle", "mutex", "d3d12" };

    return rung < NTF_RUNG_COUNT ? names[rung] : "none";
}

/* The name of a listed status begins with its number; others have only that. */
static void add_status(struct ntf_text *text, ntf_status status, const char *detail)
{
    const char *name = ntf_status_name(status);
    const char *colon = detail[0] ? ": " : "";

    if (name[0] == '0')
        ntf_text_add(text, "(%s%s%s)", name, colon, detail);
    else
        ntf_text_add(text, "(0x%08X%s%s)", (unsigned)status, colon, detail);
}

static void add_optional(struct ntf_text *text, const struct ntf_verdict *verdict)
{
    static const char *const names[] = { "native fences", "global handles", "64-bit values without NoGPUAccess",
                                         "keyed mutexes", "bundles" };

    ntf_text_add(text, "usable");
    for (int i = NTF_PROOF_NATIVE; i < NTF_PROOF_COUNT; i++) {
        ntf_text_add(text, ", %s ", names[i - NTF_PROOF_NATIVE]);
        add_status(text, verdict->status[i], verdict->notes[i]);
    }
}

void ntf_kmt_describe_verdicts(const struct ntf_verdict verdicts[NTF_PROVIDER_COUNT],
                               struct ntf_text *text)
{
    const char *between = "";

    for (int i = 0; i < NTF_PROVIDER_COUNT; i++) {
        const struct ntf_verdict *verdict = &verdicts[i];

        if (!verdict->tried)
            continue;
        ntf_text_add(text, "%s%s: ", between,
                     i == NTF_PROVIDER_SYSTEM ? ntf_system_library()
                                              : ntf_provider_name((enum ntf_provider)i));
        between = "; ";
        if (verdict->usable) {
            add_optional(text, verdict);
        } else {
            ntf_text_add(text, "refused at %s ", ntf_proof_name(verdict->refused));
            add_status(text, verdict->refused < NTF_PROOF_COUNT ? verdict->status[verdict->refused]
                                                                : NTF_STATUS_SUCCESS,
                       verdict->detail);
        }
    }
}

void ntf_trace_add(struct ntf_trace *trace, const char *step, ntf_status status, const char *detail)
{
    const uint32_t i = trace->count;

    if (i >= NTF_TRACE_STEPS)
        return;
    trace->steps[i].step = step;
    trace->steps[i].status = status;
    (void)snprintf(trace->steps[i].detail, sizeof trace->steps[i].detail, "%s",
                   detail ? detail : "");
    trace->count = i + 1;
}

void ntf_trace_describe(const struct ntf_trace *trace, struct ntf_text *text)
{
    for (uint32_t i = 0; i < trace->count && i < NTF_TRACE_STEPS; i++) {
        ntf_text_add(text, "%s%s ", i ? "; " : "", trace->steps[i].step);
        add_status(text, trace->steps[i].status, trace->steps[i].detail);
    }
}
