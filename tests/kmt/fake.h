/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library with the D3DKMT exports that does what the test says: refuses, lies, forgets to wake, and counts. It is
 * loaded like any provider, by the setting d3dkmt; the test finds its controls by the symbol fake_control.
 *
 * Every handle that is opened leads to one shared value. Fields are the test's to write while nothing runs.
 */
#ifndef NTF_TEST_FAKE_H
#define NTF_TEST_FAKE_H

#include "base/atomic.h"
#include "kmt/thunks.h"

enum { FAKE_OPENS = 4, FAKE_CALLS_MAX = 32 };
/* The only global handles: of a fence, of a keyed mutex, of a resource. */
#define FAKE_GLOBAL          0x40FAFA02u
#define FAKE_GLOBAL_MUTEX    0x40FAFB02u
#define FAKE_GLOBAL_RESOURCE 0x40FAFC02u

/* What every NT handle but `bundle` stands for. */
enum fake_kind { FAKE_FENCE, FAKE_BUNDLE, FAKE_MUTEX };

/* Which generation of the native fences' structures the kernel reads and writes. */
enum fake_generation { FAKE_CURRENT, FAKE_24H2, FAKE_22621 };

struct fake_sizes {
    uint32_t allocations, runtime, driver, total;
};

/* An answer to opening: the status, and what is odd about a success. */
struct fake_answer {
    ntf_status status;
    bool no_address, misaligned, no_object;
};

struct fake_control {
    /* What the library does. All zero: everything works, without native fences, with one adapter. */
    uint32_t adapter_count; /* 0 means 1; adapter i has LUID { i + 1, 7 } */
    uint32_t software;      /* index + 1 of the software adapter, 0: none */
    bool knows_any_luid;    /* as Wine does */
    ntf_status enum_status, device_status;
    struct fake_answer create;       /* whatever the flags */
    struct fake_answer create_plain; /* with flags 0, if create_differs */
    bool create_differs;
    bool wrong_initial;    /* the address does not show the initial value */
    bool keeps_events;     /* a reference of its own to each, as a kernel does: else their numbers */
    uint64_t rise_in_wait; /* if not 0: the value is written while a wait for it is registered */
    bool slow_signal;      /* the value changes a little after the call has returned */
    bool dead_signal;      /* success, and the value stays */
    bool dead_wait;        /* success, and the event is never set */
    uint32_t refuse_signal;   /* the n-th, counted from 1 */
    ntf_status signal_status, wait_status;
    uint16_t feature_value; /* of feature 37 */
    ntf_status feature_status;
    ntf_status caps_status; /* of the caps of type 80 */
    bool no_caps;           /* they say no */
    enum fake_generation generation;
    bool narrow;            /* of fences made without NoGPUAccess only the low 32 bits are behind the address */
    bool unwait_on_destroy; /* destroying a local handle releases all waiters */
    struct fake_answer native_create, native_open;
    struct fake_answer open[FAKE_OPENS]; /* with the flags 0x483, 0x80, 0x3, 0 */
    bool global;                     /* creation with Shared alone gives a global handle; else it succeeds without */
    struct fake_answer global_create; /* with that flag, then */
    struct fake_answer global_open;
    bool no_mark;        /* the address is there, and nothing says that it is one */
    bool other_value;    /* what is opened by it is not what was made */

    /* Keyed mutexes: all openings lead to one. */
    struct fake_answer mutex_create, mutex_open;
    ntf_status mutex_by_handle;                 /* of the call that opens one by NT handle */
    uint32_t mutex_data;                        /* bytes that a runtime has stored with it */
    ntf_status acquire_status, release_status;  /* if not SUCCESS, whatever the mutex is in */
    uint32_t acquire_from;                      /* the first acquisition that it is so for, counted from 1 */
    bool thread_owns;                           /* only the thread that has acquired it may release */
    bool forgets_value;                         /* the one left by a release */
    /* Resources. */
    enum fake_kind kind;
    struct {
        bool set;
        struct fake_sizes is;
    } sizes;
    ntf_status allocation_status, share_status, query_status;
    struct fake_answer resource_open;
    bool without_mutex, without_sync;
    struct fake_answer bundle_sync; /* to opening its fence by the handle of the bundle */
    bool legacy_sync;               /* its fence is one that the CPU cannot wait for */
    uint32_t head[10];              /* what a runtime has left with the one that has a global handle */
    ntf_status resource_name_status; /* SUCCESS means not found, PENDING found */

    ntf_status name_status;
    void *name_handle; /* what a name leads to: handed out as it is, closed by the caller */

    /* What it saw. */
    uint32_t adapters_open, devices_open, objects_open, mutexes_open, resources_open;
    ntf_handle bundle;   /* the last that was shared */
    ntf_au64 *companion; /* the value of the fence in it; else that of the only bundle there is, which begins at 5 */
    uint32_t acquires, resource_names;
    int64_t last_timeout; /* 1: none */
    D3DKMT_HANDLE device_adapter; /* of the last device */
    uint32_t dirty;               /* parameter blocks whose out or reserved bytes were not zero */
    D3DKMT_HANDLE last_global;    /* that was asked for */
    /* Calls that open, by letter: 'n' native, the index of the flags '0' to '3', 'q' and 'r' resource, 'm' mutex; by
     * global handle 'g' fence, 'M' mutex, 'Q' and 'R' resource. */
    uint32_t opens;
    char order[FAKE_CALLS_MAX + 1];
    uint32_t waits, waits_pending, signals, names;
    char16_t last_name[320];
    uint32_t last_name_units, last_name_access, last_name_attributes;
    ntf_handle last_event;

    /* What the test can do to it. */
    ntf_au64 *value;             /* the shared value, for reading */
    void (*write)(uint64_t value); /* as a GPU does: unconditionally, then wakes whom it reaches */
    void (*write_companion)(uint64_t value);
    void (*unwait)(void);          /* wakes everybody and forgets them, as when a peer closes its handle */
    bool (*waited_for)(void);      /* somebody's registration is pending; from any thread */
};

typedef struct fake_control *(*fake_control_fn)(void);

#endif
