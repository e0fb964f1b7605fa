/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graphics kernel as the floors above see it: one provider of the D3DKMT calls, chosen and proven; one adapter
 * and one kernel device of it; and the ladder that turns an NT handle or a name into an object.
 *
 * Provider. A library whose symbols resolve is no promise: some systems answer NOT_IMPLEMENTED, or succeed and give
 * no address. A provider is used only after a self-test (create, map, signal, read, wait) has passed
 * on the adapter; every step's NTSTATUS is kept for the log. soft, linked in, always passes or says why not.
 *
 * Ladder. Rungs are tried in order; each leaves a line in the trace: what was tried and what was answered.
 * 0xC000000D means "next rung"; a handle that is no handle stops the climb.
 *
 * Thread rules: open and close of a struct ntf_kmt are serialised by the caller; everything else may be called from
 * any thread. An object may be used until it is closed; the struct ntf_kmt must outlive its objects.
 */
#ifndef NTF_KMT_KMT_H
#define NTF_KMT_KMT_H

#include "base/log.h"
#include "kmt/mutex.h"

enum ntf_provider {
    NTF_PROVIDER_LIBRARY, /* the file that the setting d3dkmt names */
    NTF_PROVIDER_SYSTEM,  /* gdi32.dll of the system folder; libdxcore.so */
    NTF_PROVIDER_SOFT,    /* built in */
    NTF_PROVIDER_COUNT
};
const char *ntf_provider_name(enum ntf_provider provider);

/* The steps of the self-test, in order. */
enum ntf_proof {
    NTF_PROOF_LIBRARY, /* the library opens */
    NTF_PROOF_SYMBOLS, /* every required name resolves */
    NTF_PROOF_ADAPTER,
    NTF_PROOF_DEVICE,
    NTF_PROOF_CREATE, /* a monitored fence */
    NTF_PROOF_MAP,    /* its CPU address is there, aligned, and reads the initial value */
    NTF_PROOF_SIGNAL, /* from the CPU; the address then reads the new value */
    NTF_PROOF_WAIT,   /* an asynchronous CPU wait sets its event */
    /* Not required, from here on. */
    NTF_PROOF_NATIVE, /* feature 37 and caps of type 80 say so, and a native fence can be made and mapped */
    NTF_PROOF_GLOBAL, /* a fence with a global handle shows the same value opened by it */
    NTF_PROOF_WIDTH,  /* a fence made without NoGPUAccess shows 64 bits at its CPU address */
    NTF_PROOF_MUTEX,  /* a keyed mutex excludes, times out, is released by another thread, and opens once more */
    NTF_PROOF_BUNDLE, /* one that was shared in a resource comes out of it again, with its fence */
    NTF_PROOF_COUNT
};
const char *ntf_proof_name(enum ntf_proof proof);

struct ntf_verdict {
    bool tried;
    bool usable;
    bool native, global, wide;              /* NTF_PROOF_NATIVE, _GLOBAL, _WIDTH passed */
    bool mutexes, bundles;                  /* NTF_PROOF_MUTEX, _BUNDLE passed */
    enum ntf_proof refused;                 /* the first required step that failed, NTF_PROOF_COUNT: none */
    ntf_status status[NTF_PROOF_COUNT];     /* of each step reached */
    char detail[128];                       /* the symbol that is missing, and the like */
    char notes[NTF_PROOF_COUNT][72];        /* what of a step that is not required was refused; empty: nothing */
};

struct ntf_kmt_config {
    const char *provider; /* setting "provider": auto, system, soft */
    const char *d3dkmt;   /* setting "d3dkmt": path of a library, "" for none */
    const char *rungs;    /* setting "rungs": names in the order in which they are tried; "" or "auto": by the verdict.
                           * A rung that is named is tried though the self-test has not proven it */
    bool luid_valid;      /* of the Vulkan device */
    struct ntf_luid luid;
};

struct ntf_kmt;
/* Chooses and proves a provider. On success *verdicts (NTF_PROVIDER_COUNT of them) says what became of each.
 * NTF_E_UNSUPPORTED: no provider is usable; NTF_E_NO_MEMORY. */
enum ntf_result ntf_kmt_open(const struct ntf_kmt_config *config, struct ntf_kmt **out,
                             struct ntf_verdict verdicts[NTF_PROVIDER_COUNT]);
void ntf_kmt_close(struct ntf_kmt *kmt);
enum ntf_provider ntf_kmt_provider(const struct ntf_kmt *kmt);
/* One line for people: provider, adapter LUID, native or monitored. */
void ntf_kmt_describe(const struct ntf_kmt *kmt, struct ntf_text *text);
/* "gdi32.dll: refused at create (0xC0000002 NOT_IMPLEMENTED)" and the like, for each provider that was tried. */
void ntf_kmt_describe_verdicts(const struct ntf_verdict verdicts[NTF_PROVIDER_COUNT], struct ntf_text *text);

#define NTF_TRACE_STEPS 24 /* every rung asked, by a name that two services had to be asked for */
struct ntf_trace {
    uint32_t count;
    struct {
        const char *step; /* static text: "soft: class", "native open", "monitored open 0x483", "name lookup" */
        ntf_status status;
        char detail[96]; /* what was found instead; may be empty */
    } steps[NTF_TRACE_STEPS];
};
void ntf_trace_add(struct ntf_trace *trace, const char *step, ntf_status status, const char *detail);
void ntf_trace_describe(const struct ntf_trace *trace, struct ntf_text *text);

/* Opens the object behind an NT handle (a descriptor number on Linux). The handle stays the caller's, whatever
 * happens. On failure *out is not written; trace says why at every step. Never blocks beyond two seconds.
 * NTF_E_BAD_HANDLE, NTF_E_WRONG_OBJECT, NTF_E_ACCESS_DENIED, NTF_E_UNSUPPORTED, NTF_E_NO_MEMORY, NTF_E_FAILED. */
enum ntf_result ntf_kmt_open_handle(struct ntf_kmt *kmt, ntf_handle handle, struct ntf_object **out,
                                    struct ntf_trace *trace);
/* What an import may turn out to be: exactly one is not NULL. */
struct ntf_opened {
    struct ntf_object *object;
    struct ntf_mutex *mutex;
};
/* What the caller has said that it is, by the structure that it chained: a bundle may hold both. */
enum ntf_wanted {
    NTF_WANT_ANY,   /* of a bundle with both: the mutex */
    NTF_WANT_FENCE, /* what is a mutex alone: NTF_E_WRONG_OBJECT */
    NTF_WANT_MUTEX, /* what is a fence alone: NTF_E_WRONG_OBJECT; of a bundle with both, the fence is the companion */
};
/* As ntf_kmt_open_handle, ntf_kmt_open_name and ntf_kmt_open_global, which want a fence. */
enum ntf_result ntf_kmt_open_any_handle(struct ntf_kmt *kmt, ntf_handle handle, enum ntf_wanted wanted,
                                        struct ntf_opened *out, struct ntf_trace *trace);
enum ntf_result ntf_kmt_open_any_name(struct ntf_kmt *kmt, const char16_t *name, enum ntf_wanted wanted,
                                      struct ntf_opened *out, struct ntf_trace *trace);
enum ntf_result ntf_kmt_open_any_global(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted,
                                        struct ntf_opened *out, struct ntf_trace *trace);
/* Opens by name: UTF-16, terminated; bare, "Local\x" or "Global\x"; at most 260 code units; no other backslash.
 * NTF_E_NOT_FOUND, NTF_E_BAD_NAME, or as above. A server that does not answer counts as NTF_E_NOT_FOUND within 2 s. */
enum ntf_result ntf_kmt_open_name(struct ntf_kmt *kmt, const char16_t *name, struct ntf_object **out,
                                  struct ntf_trace *trace);

/* Makes an object that can be shared by NT handle, with this value: a monitored fence, always 64 bits wide
 * (NoGPUAccess), which a GPU reset leaves alone (NoSignalMaxValueOnTdr). On failure *out is not written, and trace
 * says why. NTF_E_UNSUPPORTED, NTF_E_NO_MEMORY, NTF_E_LOST, NTF_E_FAILED. */
enum ntf_result ntf_kmt_create(struct ntf_kmt *kmt, uint64_t initial, struct ntf_object **out,
                               struct ntf_trace *trace);

/* Global handles ("KMT handles"): a number that names an object in every process of the session. It holds nothing
 * alive: it is given with the object, to whoever asks and as often as he asks, and ends with the last object that
 * anybody has of it, its maker's or another's. Nobody closes it. */

/* Whether ntf_kmt_create_global and ntf_kmt_open_global serve fences here: soft does; a kernel, if its self-test has
 * shown it (the verdict's `global`) and the setting rungs leaves the one that opens them. */
bool ntf_kmt_serves_global(const struct ntf_kmt *kmt);
/* As ntf_kmt_create, with a global handle, in (*out)->global, and without the right to be shared by NT handle. */
enum ntf_result ntf_kmt_create_global(struct ntf_kmt *kmt, uint64_t initial, struct ntf_object **out,
                                      struct ntf_trace *trace);
/* Opens by global handle. NTF_E_BAD_HANDLE: the number is none; NTF_E_NOT_FOUND: nothing has it any more, or who has
 * it does not answer for two seconds; NTF_E_WRONG_OBJECT: what has it is no fence; NTF_E_UNSUPPORTED: one without a
 * readable value, or the setting rungs leaves nobody to ask; NTF_E_NO_MEMORY, NTF_E_LOST, NTF_E_FAILED. */
enum ntf_result ntf_kmt_open_global(struct ntf_kmt *kmt, D3DKMT_HANDLE number, struct ntf_object **out,
                                    struct ntf_trace *trace);

#define NTF_ACCESS_ALL D3DDDI_SYNC_OBJECT_ALL_ACCESS

#endif /* NTF_KMT_KMT_H */
