// SPDX-License-Identifier: Apache-2.0
#ifndef NTF_TEST_FAULTS_WRAPPERS_H
#define NTF_TEST_FAULTS_WRAPPERS_H

#include "imports.h"

// What stands for the function of that name; NULL: nothing does.
void *wrapper_of(const char *name);
// Whether it neither fails nor allocates, whatever the state of the system.
bool wrapper_known_harmless(const char *name);

#endif
