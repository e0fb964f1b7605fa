// SPDX-License-Identifier: Apache-2.0
// The files that struct fake is filled from share this: control.c has the table.
#ifndef NTF_FAKE_CONTROL_H
#define NTF_FAKE_CONTROL_H

#include "driver.h"

// A live device that a test names; NULL for NULL. With the lock.
struct device *control_device(VkDevice handle);

// control_hold.c
void control_queue_hold(VkQueue queue);
void control_queue_release(VkQueue queue);
void control_queue_step(VkQueue queue, unsigned count);
unsigned control_queue_pending(VkQueue queue);
void control_acquire_hold(VkSwapchainKHR swapchain);
void control_acquire_release(VkSwapchainKHR swapchain);
void control_present_hold(VkSwapchainKHR swapchain);
void control_present_release(VkSwapchainKHR swapchain);
void control_acquire_starve(VkSwapchainKHR swapchain);
void control_events_fire(VkDevice device);

#endif
