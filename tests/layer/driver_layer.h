// SPDX-License-Identifier: Apache-2.0
// What the layer that stands for a driver answers (driver_layer.c).
#ifndef NTF_TEST_LAYER_DRIVER_LAYER_H
#define NTF_TEST_LAYER_DRIVER_LAYER_H

#include "ntfence.h"

#define DRIVER_LAYER_NAME "VK_LAYER_NTFENCE_test_driver"
#define DRIVER_IMPORT VK_ERROR_FORMAT_NOT_SUPPORTED
#define DRIVER_GET VK_ERROR_FRAGMENTED_POOL
#define DRIVER_FEATURES 3u

#endif
