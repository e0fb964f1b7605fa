/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graphics kernel as the layer meets it: which providers there are and what became of each, their adapters, and
 * what each rung of the ladder says to a fence that was made and shared for the purpose.
 */
#include <stdio.h>
#include <string.h>

#include "info/calls.h"
#include "info/parts.h"
#include "info/words.h"
#include "kmt/os/system.h"
#include "kmt/soft/soft.h"

static struct ntf_kmt_config config_of(const struct ntf_settings *settings)
{
    const struct ntf_kmt_config config = {
        .provider = settings->provider, .d3dkmt = settings->d3dkmt, .rungs = settings->rungs
    };

    return config;
}

/* ---- providers ---- */

/* What a step that is not required lacked. */
static const char *note_of(const struct ntf_verdict *verdict, int proof)
{
    return verdict->notes[proof];
}

/* The steps that were reached, with their answers; in the text, those that refused something. */
static void add_steps(struct info_node *entry, const struct ntf_verdict *verdict)
{
    struct info_node *steps = info_list(entry, "steps", NULL);
    const int end = verdict->usable ? NTF_PROOF_COUNT : verdict->refused + 1;

    for (int i = 0; i < end && i < NTF_PROOF_COUNT; i++) {
        const char *name = ntf_proof_name((enum ntf_proof)i);
        const struct info_words words = info_status_words(verdict->status[i]);
        struct info_node *step = info_object(steps, NULL, NULL);

        info_text(step, "step", NULL, "%s", name);
        info_text(step, "status", NULL, "%s", words.text);
        info_text(step, "detail", NULL, "%s", note_of(verdict, i));
        if (verdict->usable && (verdict->status[i] != NTF_STATUS_SUCCESS || note_of(verdict, i)[0]))
            info_note(entry, "without %s: %s%s%s", name, words.text, note_of(verdict, i)[0] ? ", " : "",
                      note_of(verdict, i));
    }
}

static void add_verdict(struct info_node *list, enum ntf_provider provider, const struct ntf_verdict *verdict,
                        bool in_use, const char *not_asked)
{
    const char *title = info_provider_title(provider);
    struct info_node *entry;

    if (!verdict->tried)
        entry = info_entry(list, "%s: not asked, %s", title, not_asked);
    else if (verdict->usable)
        entry = info_entry(list, "%s: usable%s", title, in_use ? ", and in use" : "");
    else
        entry = info_entry(list, "%s: refused at \"%s\", %s%s%s", title, ntf_proof_name(verdict->refused),
                           info_status_words(verdict->refused < NTF_PROOF_COUNT ? verdict->status[verdict->refused]
                                                                                : NTF_STATUS_UNSUCCESSFUL).text,
                           verdict->detail[0] ? ": " : "", verdict->detail);
    info_text(entry, "provider", NULL, "%s", ntf_provider_name(provider));
    info_text(entry, "library", NULL, "%s", title);
    info_flag(entry, "asked", NULL, verdict->tried);
    info_flag(entry, "usable", NULL, verdict->usable);
    info_flag(entry, "in_use", NULL, in_use);
    info_text(entry, "refused_at", NULL, "%s",
              verdict->tried && !verdict->usable ? ntf_proof_name(verdict->refused) : "");
    info_text(entry, "detail", NULL, "%s", verdict->detail);
    if (verdict->tried)
        add_steps(entry, verdict);
}

/* What a provider says that the settings, or the success of an earlier one, left out. */
static void ask_alone(const struct ntf_settings *settings, enum ntf_provider provider, struct ntf_verdict *verdict)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt_config config = config_of(settings);
    struct ntf_kmt *kmt;

    if (provider == NTF_PROVIDER_LIBRARY && !settings->d3dkmt[0])
        return;
    config.provider = ntf_provider_name(provider);
    if (provider != NTF_PROVIDER_LIBRARY)
        config.d3dkmt = "";
    info_doing("the self-test of the provider %s", ntf_provider_name(provider));
    if (ntf_kmt_open(&config, &kmt, verdicts) == NTF_OK)
        ntf_kmt_close(kmt);
    *verdict = verdicts[provider];
}

static void add_providers(struct info_node *part, const struct ntf_settings *settings)
{
    struct ntf_kmt_config config = config_of(settings);
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct info_node *list;
    struct ntf_kmt *kmt = NULL;
    const char *why = "";
    bool shares;

    memset(verdicts, 0, sizeof verdicts);
    info_doing("the self-tests of the D3DKMT providers");
    if (ntf_kmt_open(&config, &kmt, verdicts) != NTF_OK)
        kmt = NULL;
    if (kmt) {
        struct ntf_text text;

        ntf_text_init(&text);
        ntf_kmt_describe(kmt, &text);
        info_text(part, "in_use", "in use", "%s", text.bytes);
    } else {
        info_text(part, "in_use", "in use", "none: imports and exports will be refused");
        info_problem("no D3DKMT provider is usable with these settings");
    }
    shares = ntf_soft_can_share(&why) == NTF_OK;
    info_text(part, "soft_shares", "built-in soft can share", "%s%s%s", shares ? "yes" : "no", shares ? "" : ": ", why);
    list = info_list(part, "providers", "Providers, in the order in which they are tried");
    for (int i = 0; i < NTF_PROVIDER_COUNT; i++) {
        const bool in_use = kmt && (int)ntf_kmt_provider(kmt) == i;

        if (!verdicts[i].tried)
            ask_alone(settings, (enum ntf_provider)i, &verdicts[i]);
        add_verdict(list, (enum ntf_provider)i, &verdicts[i], in_use, "the setting d3dkmt names no library");
    }
    if (kmt)
        ntf_kmt_close(kmt);
}

/* ---- adapters ---- */

static void add_adapters_of(struct info_node *list, const struct info_calls *calls)
{
    D3DKMT_ADAPTERINFO adapters[INFO_ADAPTERS_MAX];
    const char *title = info_provider_title(calls->provider);
    uint32_t count;
    ntf_status status;

    info_doing("the adapters of %s", title);
    status = info_calls_adapters(calls, adapters, &count);
    if (status != NTF_STATUS_SUCCESS) {
        struct info_node *entry = info_entry(list, "%s", title);

        info_text(entry, "provider", NULL, "%s", ntf_provider_name(calls->provider));
        info_text(entry, "refused", "not told", "%s", info_status_words(status).text);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct info_node *entry = info_entry(list, "%08x:%08x, of %s", (unsigned)adapters[i].AdapterLuid.HighPart,
                                             (unsigned)adapters[i].AdapterLuid.LowPart, title);

        info_text(entry, "provider", NULL, "%s", ntf_provider_name(calls->provider));
        info_calls_describe_adapter(calls, &adapters[i], entry);
        info_calls_close_adapter(calls, adapters[i].hAdapter);
    }
}

static void add_adapters(struct info_node *part, const struct ntf_settings *settings)
{
    struct info_node *list = info_list(part, "adapters", "Adapters, by their LUIDs");

    for (int i = 0; i < NTF_PROVIDER_COUNT; i++) {
        struct info_calls calls;

        if (!info_calls_open(&calls, (enum ntf_provider)i, settings))
            continue;
        add_adapters_of(list, &calls);
        info_calls_close(&calls);
    }
}

/* ---- rungs ---- */

static void add_trace(struct info_node *entry, const struct ntf_trace *trace)
{
    struct info_node *steps = info_list(entry, "steps", NULL);

    for (uint32_t i = 0; i < trace->count; i++) {
        struct info_node *step = info_object(steps, NULL, NULL);

        info_text(step, "step", NULL, "%s", trace->steps[i].step);
        info_text(step, "status", NULL, "%s", info_status_words(trace->steps[i].status).text);
        info_text(step, "detail", NULL, "%s", trace->steps[i].detail);
    }
}

/* Makes a fence, shares it, and opens the handle by this rung alone. */
static enum ntf_result climb(struct ntf_kmt *kmt, struct ntf_trace *trace)
{
    struct ntf_object *made, *opened;
    ntf_status status = NTF_STATUS_SUCCESS;
    ntf_handle handle = NULL;
    enum ntf_result result = ntf_kmt_create(kmt, 0, &made, trace);

    if (result != NTF_OK)
        return result;
    result = made->ops->share(made, NULL, NTF_ACCESS_ALL, &handle, &status);
    trace->count = 0;
    if (result == NTF_OK) {
        result = ntf_kmt_open_handle(kmt, handle, &opened, trace);
        if (result == NTF_OK)
            opened->ops->close(opened);
        ntf_system_close_handle(handle);
    } else {
        ntf_trace_add(trace, "share", status, "");
    }
    made->ops->close(made);
    return result;
}

/* What became of it, in words: "rungs" is the step of a ladder that has none for this provider. */
static void put_title(struct ntf_text *title, enum ntf_result result, const struct ntf_trace *trace)
{
    const char *last = trace->count ? trace->steps[trace->count - 1].step : "";

    if (result == NTF_OK)
        ntf_text_add(title, "opens it; ");
    else if (strcmp(last, "rungs") == 0)
        ntf_text_add(title, "not used with this provider");
    else if (strcmp(last, "handle") == 0)
        ntf_text_add(title, "does not open it: there is no such way here");
    else
        ntf_text_add(title, "does not open it; ");
    if (title->bytes[title->length - 2] == ';')
        ntf_trace_describe(trace, title);
}

static void add_rung(struct info_node *list, enum ntf_rung rung, const struct ntf_settings *settings)
{
    struct ntf_kmt_config config = config_of(settings);
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    enum ntf_result result;
    struct info_node *entry;
    struct ntf_trace trace = { .count = 0 };
    struct ntf_text text;
    struct ntf_kmt *kmt;

    config.rungs = ntf_rung_name(rung);
    info_doing("opening a handle by the rung %s", ntf_rung_name(rung));
    if (ntf_kmt_open(&config, &kmt, verdicts) != NTF_OK)
        return;
    result = climb(kmt, &trace);
    ntf_text_init(&text);
    put_title(&text, result, &trace);
    entry = info_entry(list, "%s: %s", ntf_rung_name(rung), text.bytes);
    info_text(entry, "rung", NULL, "%s", ntf_rung_name(rung));
    info_flag(entry, "opens", NULL, result == NTF_OK);
    info_text(entry, "result", NULL, "%s", ntf_result_name(result));
    add_trace(entry, &trace);
    ntf_kmt_close(kmt);
}

void info_kernel_part(const struct ntf_settings *settings)
{
    struct info_node *part = info_object(info_report(), "kernel", "Graphics kernel (D3DKMT)"), *list;

    add_providers(part, settings);
    add_adapters(part, settings);
    list = info_list(part, "rungs", "Ways of opening a handle (rungs), each offered a fence of the provider in use");
    for (int i = 0; i < NTF_RUNG_COUNT; i++)
        add_rung(list, (enum ntf_rung)i, settings);
}
