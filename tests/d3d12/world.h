// SPDX-License-Identifier: Apache-2.0
// What the scenes share: the doubles' controls, a kernel with the rung alone, a fence of the library's, and a peer.
#ifndef NTF_TEST_D3D12_WORLD_H
#define NTF_TEST_D3D12_WORLD_H

#include "../kmt/producer.h"
#include "double.h"
#include "kmt/kmt.h"
#include "ntf_test.h"

// The path of the D3DKMT library.
const char *world_library(void);

// Controls as at first, nothing held. world_quiet fails the test if anything is held.
struct double_control *world_fresh(void);
struct double_control *world_dxgi(void);
void world_remove(void);
void world_quiet(void);
// Keeps the doubles loaded or not.
void world_keep(bool keep);

struct ntf_kmt *world_kmt(const char *rungs);

// A fence of the library's with this value, and its NT handle in ->nt.
void world_fence(struct producer *producer, uint64_t initial);

// Opens by the rung; a failure fails the test.
struct ntf_object *world_open(struct ntf_kmt *kmt, ntf_handle handle, struct ntf_trace *trace);

// "step status-in-hex[ detail]" of each step, separated by " | ".
const char *world_text(const struct ntf_trace *trace);

// Another process that has the fence opened by the library itself.
struct ntf_child *world_peer(const struct producer *producer);
int world_peer_main(void);
// It does it after a while, in which we sleep or not; it answers at once otherwise.
void world_peer_signal_later(struct ntf_child *peer, uint64_t value);
void world_peer_signal(struct ntf_child *peer, uint64_t value);

#endif
