// SPDX-License-Identifier: Apache-2.0
// What the layer that stands for a driver answers (driver_layer.c). While the variable DRIVER_LOST is set, a
// submission answers that the device is lost.
#ifndef NTF_TEST_LAYER_DRIVER_LAYER_H
#define NTF_TEST_LAYER_DRIVER_LAYER_H

#include "ntfence.h"

#define DRIVER_LAYER_NAME "VK_LAYER_NTFENCE_test_driver"
#define DRIVER_IMPORT VK_ERROR_FORMAT_NOT_SUPPORTED
#define DRIVER_GET VK_ERROR_FRAGMENTED_POOL
#define DRIVER_FEATURES 3u
#define DRIVER_LOST "NTF_TEST_DRIVER_LOST"

#endif
