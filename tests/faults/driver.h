// SPDX-License-Identifier: Apache-2.0
// The layer below ours that stands for a driver short of memory.
#ifndef NTF_TEST_FAULTS_DRIVER_H
#define NTF_TEST_FAULTS_DRIVER_H

#include <stdbool.h>

#define DRIVER_SET_STEP "ntf_driver_set_step"
// Asked before each command that may answer VK_ERROR_OUT_OF_HOST_MEMORY; true: it does.
typedef bool (*driver_step)(const char *command);
typedef void (*driver_set_step)(driver_step step);

#endif
