// SPDX-License-Identifier: Apache-2.0
// NT handles and their owners: os_posix.c, os_win32.c. On Linux an NT handle is a descriptor.
#ifndef NTF_TEST_CONFORMANCE_OS_H
#define NTF_TEST_CONFORMANCE_OS_H

#include <stdbool.h>
#include <stdint.h>

#include "ntf_test.h"

uint32_t own_pid(void);

// From a child to its parent. (The other way is ntf_child_give_handle.) The child is told the door as a word.
const char *carry_door(void);
// The child's side: hands over a handle of its own, which stays open.
void carry_out(const char *door, uint64_t handle);
// The parent's side, after the child has told the number: the handle that it is here, the caller's to close.
uint64_t carry_in(const struct ntf_child *child, uint64_t handle);

// A copy of a handle, as the system makes one, and whether two handles are of one object.
uint64_t handle_duplicate(uint64_t handle);
enum same { SAME, NOT_SAME, SAME_UNKNOWN };
enum same handle_same(uint64_t a, uint64_t b);

// A security descriptor for SECURITY_ATTRIBUTES, valid until the end; NULL where the system has none.
void *descriptor_for_everybody(void); // everything is allowed to everybody
void *descriptor_for_nobody(void);    // an empty list

// Runs this program as a child with a role and one argument, and every handle that is inheritable. Its exit status.
int run_heir(const char *role, const char *argument);

#endif
