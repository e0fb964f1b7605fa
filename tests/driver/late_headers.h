// SPDX-License-Identifier: Apache-2.0
// What Vulkan has that headers of 1.3.239 do not know yet.
#ifndef NTF_FAKE_LATE_HEADERS_H
#define NTF_FAKE_LATE_HEADERS_H

#define LATE_QUEUE_INTERNALLY_SYNCHRONIZED_BIT 0x4u // of VkDeviceQueueCreateFlags
#define LATE_INTERNALLY_SYNCHRONIZED_QUEUES_FEATURES 1000504000 // one feature
#define LATE_MAINTENANCE_5_FEATURES 1000470000                  // one feature

#endif
