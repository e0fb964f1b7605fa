// SPDX-License-Identifier: Apache-2.0
// A library with the exports of WSL's libdxcore.so and, of its driver, what layer/kmt/wsl.h says of it: descriptors for
// NT handles and eventfds for events, objects that processes share, stubs, translated errnos, one owner of the device.
// What time does to the real one a test does by command.
#ifndef NTF_TEST_WSL_DXCORE_H
#define NTF_TEST_WSL_DXCORE_H

#include "base/atomic.h"
#include "kmt/d3dkmt.h"

enum dxcore_break {
    DXCORE_WHOLE,
    DXCORE_BROKEN_BEFORE, // a signal handler breaks a call off before it takes effect
    DXCORE_BROKEN_AFTER,  // ... and after
};

struct dxcore_control {
    // What it does; all zero: a WSL of one adapter. Written while nothing runs.
    uint32_t adapters; // 0 means 1; adapter i has LUID { i + 1, 0x57 }
    bool no_device;    // there was no /dev/dxg when it was loaded
    bool host_pending; // the host answers PENDING to an asynchronous wait
    bool no_handle;    // ShareObjects succeeds and writes none
    bool plain_host;   // one of before Windows 11 24H2: flag bit 10 is not known
    ntf_au32 breaks;   // so many of the following signals are broken off
    enum dxcore_break how;
    ntf_au64 now_ns; // the time that registrations are stamped with

    // What it saw.
    ntf_au32 calls_of_strangers; // from a process that is not the device's owner
    ntf_au32 signals, waits, shares, opens, names;
    uint32_t last_access;
    bool attributes_given; // to ShareObjects: a name, or a flag

    // What time does. From any thread.
    uint32_t (*pending)(void); // registrations
    // Every registration that was made before then fails; its event is set, or nobody is told.
    void (*cut)(uint64_t before_ns, bool set);
    // How old the youngest is, by now_ns; UINT64_MAX: there is none.
    uint64_t (*youngest_ns)(void);
    uint32_t (*objects)(void); // local handles
};

typedef struct dxcore_control *(*dxcore_control_fn)(void);

#endif
