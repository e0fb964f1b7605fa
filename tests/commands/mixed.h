// SPDX-License-Identifier: Apache-2.0
/*
 * What the suites about wait-any over imported and plain fences share. The first such wait that blocks is served in the
 * driver by the thread that waits; from then on whatever signals a plain fence that is created or reset gets another
 * fence in its place (a stand-in), for which a thread of the layer can wait. The application's handle is in the driver
 * with no thread but its own.
 */
#ifndef NTF_TEST_COMMANDS_MIXED_H
#define NTF_TEST_COMMANDS_MIXED_H

#include "rig.h"

extern struct kernel_fence object;
extern VkFence import;  // of object, for the value `target`
extern uint64_t target;

// A device on which no such wait has blocked; one on which one has.
int mixed_first_setup(void **state);
int mixed_setup(void **state);
int mixed_teardown(void **state);
#define FIRST_TEST(f) cmocka_unit_test_setup_teardown(f, mixed_first_setup, mixed_teardown)
#define MIXED_TEST(f) cmocka_unit_test_setup_teardown(f, mixed_setup, mixed_teardown)

void make_mixed(void);
// A peer signals what is imported; then it is reset.
void raise_import(void);
void lower_import(void);
// A submission for which another fence goes down.
void stand_in_submit(VkFence fence);

#endif
