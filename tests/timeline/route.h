// SPDX-License-Identifier: Apache-2.0
// What the suites of this folder share: a device over a driver that imports Direct3D 12 fences as timelines.
#ifndef NTF_TEST_TIMELINE_ROUTE_H
#define NTF_TEST_TIMELINE_ROUTE_H

#include "rig.h"

#define SEMAPHORE_WIN32 VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME
#define ROUTE_MESSAGE "NTF-INFO-004"

extern struct kernel_fence object; // of a test, at 0

// Of a group: rig_open, with a messenger for what is no warning either. Of a test: a device, and the object.
int route_open(void **state);
int route_close(void **state);
int route_setup(void **state);
int route_teardown(void **state);
#define ROUTE_TEST(f) cmocka_unit_test_setup_teardown(f, route_setup, route_teardown)
// An instance of the test's own, with the messenger of the group.
void route_instance(void);
void route_instance_close(void);
bool route_is_timeline(void); // by what the last device has told

enum shape { SUBMIT, SUBMIT2, SUBMIT2_KHR, SPARSE, SHAPES };
extern const char *const shape_commands[SHAPES];
// Empty batches with that chain.
VkResult submit_chain(enum shape shape, VkQueue queue, uint32_t count, const void *chain, VkFence fence);
VkResult submit(enum shape shape, VkFence fence);
// Who will signal the fence of the last call of the command, which had so many batches of the application's.
bool by_gpu(enum shape shape, uint32_t count);
// A submission to the queue that succeeds; whether it goes by the GPU.
bool submits_by_gpu(VkQueue queue, VkFence fence);

unsigned semaphores_live(void); // of those made since the test began

#endif
