// SPDX-License-Identifier: Apache-2.0
/*
 * A double of d3d12.dll, and of dxgi.dll under that name: one file that exports what we ask of both. Its fences are
 * real and shared with other processes: they are those of the D3DKMT library that NTFENCE_D3DKMT names. It refuses what
 * the test says, and counts what is held. The test finds the controls by the symbol double_control; they last while it
 * keeps the library loaded.
 */
#ifndef NTF_TEST_D3D12_DOUBLE_H
#define NTF_TEST_D3D12_DOUBLE_H

#include <stdbool.h>
#include <stdint.h>

#include <windows.h>

struct double_control {
    // What is answered; 0: it works.
    HRESULT factory, by_luid, software;                 // of dxgi
    HRESULT create_on_adapter, create_first, open, notify, signal, share;
    bool no_object;                                     // success without an object, of what would have worked
    bool dead_notify;                                   // success, and the event is never set
    void (*opening)(void *context);                     // called while OpenSharedHandle is
    void *context;

    // What is held.
    long factories, adapters, devices, fences;
    // What was asked, ever.
    long made, opened, notified, signalled;
    LUID luid;
};

typedef struct double_control *(*double_control_function)(void);
// The devices that are there are removed: their fences show all ones, and who waits for one is woken.
typedef void (*double_remove_function)(void);

#endif
